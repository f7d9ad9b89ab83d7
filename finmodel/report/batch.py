"""A batch in words and tables for the terminal."""

from __future__ import annotations

import pandas as pd
from rich.table import Table

from finmodel.report.terminal import span, with_error
from finmodel.units import MCNY_PER_BN
from finmodel.variables import Language, labels

SHOWN = ("gap_rate_mcny", "gap_mcny", "funded_viable_n", "private_invested_mcny")
"""Measures that stand in the summary on the screen; the stored one has all."""


def words_of(language: Language) -> dict[str, str]:
    """Return the words of a batch in a language."""
    return {key: texts[language] for key, texts in labels()["batch"].items()}


def batch_sentence(units: pd.DataFrame, language: Language) -> str:
    """Return how many units there are, of what, and how many failed."""
    words = words_of(language)
    text = words["units"].format(
        n=f"{len(units):,}",
        scenarios=units["scenario"].nunique(),
        paths=span_of(units["paths"]),
        scale=span_of(units["scale"]),
    )
    failed = units[units["status"] == "failed"]
    if len(failed):
        first = failed.iloc[0]
        text += " " + words["failed"].format(
            n=len(failed), unit=int(first["unit"]), error=str(first["error"])[:300]
        )
    return text


def span_of(values: pd.Series) -> str:
    """Return one number, or the lowest and highest."""
    low, high = float(values.min()), float(values.max())
    return f"{low:g}" if low == high else f"{low:g}-{high:g}"


def summary_view(summary: pd.DataFrame, language: Language) -> list[Table]:
    """Return the summary for the terminal: a table a measure, values first, then changes."""
    words, measures = words_of(language), labels()["headline"]
    views = []
    for compared, kind in enumerate(("values", "changes")):
        for measure in SHOWN:
            is_mine = (summary["compared"] == compared) & (summary["measure"] == measure)
            rows = summary[is_mine]
            if rows.empty:
                continue
            scale, unit = _scale(measure, words)
            title = f"{words[kind]}: {measures[measure][language]}, {unit}"
            views.append(_view(rows, title, scale, words))
    return views


def _view(rows: pd.DataFrame, title: str, scale: float, words: dict[str, str]) -> Table:
    view = Table(title=title, title_justify="left", header_style="bold", padding=(0, 0))
    view.add_column(words["scenario"], overflow="fold")
    for key in ("mean", "between", "chance", "lowest", "highest"):
        view.add_column(words[key], justify="right", no_wrap=True)
    for row in rows.to_dict("records"):
        view.add_row(
            str(row["scenario"]),
            with_error(row["mean"], row["se"], scale=scale),
            f"{row['sd_between'] * scale:.2g}" if pd.notna(row["sd_between"]) else "-",
            span(row["q05"], row["q95"], scale=scale),
            f"{row['low'] * scale:.3g} #{row['low_unit']}",
            f"{row['high'] * scale:.3g} #{row['high_unit']}",
        )
    return view


def _scale(measure: str, words: dict[str, str]) -> tuple[float, str]:
    if measure.startswith("gap_rate"):
        return 100.0, "%"
    if measure.endswith("_mcny"):
        return 1.0 / MCNY_PER_BN, words["bn"]
    return 1.0, words["needs"] if measure.endswith("_n") else "x"
