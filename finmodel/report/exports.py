"""Tables as files that a spreadsheet opens without harm."""

from __future__ import annotations

import pandas as pd

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
"""A cell of text that begins so may be run by a spreadsheet as a formula."""


def safe_text(value: object) -> object:
    """Return a value; text that a spreadsheet would take for a formula gets an apostrophe."""
    if isinstance(value, str) and value.startswith(FORMULA_STARTS):
        return f"'{value}"
    return value


def safe_table(frame: pd.DataFrame) -> pd.DataFrame:
    """Return a table whose texts and headings cannot be run as formulas."""
    texts = frame.select_dtypes(exclude=["number", "bool", "datetime"]).columns
    safe = frame.assign(**{str(name): frame[name].map(safe_text) for name in texts})
    return safe.rename(columns=lambda name: str(safe_text(str(name))))


def csv_bytes(frame: pd.DataFrame) -> bytes:
    """Return a table as CSV with a byte-order mark, so that spreadsheets read Chinese."""
    return safe_table(frame).to_csv(index=False).encode("utf-8-sig")
