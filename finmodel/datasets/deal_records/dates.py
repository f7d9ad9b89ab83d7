"""Days of deals: year first, or set aside; nothing is guessed about the order of day and month."""

from __future__ import annotations

import re
import unicodedata
from datetime import date
from typing import NamedTuple

import numpy as np
import pandas as pd

from finmodel.datasets.deal_records.words import by_distinct, reading_rule

_DAY = re.compile(
    r"(\d{4})(?:-(\d{1,2})-(\d{1,2})|/(\d{1,2})/(\d{1,2})|\.(\d{1,2})\.(\d{1,2})"
    r"|年(\d{1,2})月(\d{1,2})[日号]?|(\d{2})(\d{2}))"
)
_MONTH = re.compile(r"(\d{4})(?:-(\d{1,2})|/(\d{1,2})|\.(\d{2})|年(\d{1,2})月)")
_CLOCK = re.compile(r"[T ]\d{1,2}:\d{2}(:\d{2}(\.\d+)?)?( ?(Z|UTC|[+-]\d{2}:?\d{2}))?$")
_MID_MONTH = 15

_FAULTS = (
    (re.compile(r"=.*", re.DOTALL), "formula"),
    (re.compile(r"[12]\d{3}年?"), "year_only"),
    (re.compile(r"\d{4}\.\d"), "ambiguous_date"),
    (re.compile(r"\d{5}(\.\d+)?"), "serial_date"),
    (re.compile(r"\d{1,2}([-/.])\d{1,2}\1(\d{4}|\d{1,2})"), "ambiguous_date"),
)


class Day(NamedTuple):
    """A day, or why there is none; a month without a day is its 15th and `is_month`.

    A day before the earliest year of a deal is given, with the fault ``too_early``.
    """

    day: date | None
    fault: str
    is_month: bool = False


def day_of(text: str) -> Day:
    """Return the day that a cell states.

    ``2021-03-01``, ``2021/3/1``, ``2021.3.1``, ``20210301``, ``2021年3月1日``, each also with a
    time of day; ``2021-03``, ``2021.03`` and ``2021年3月`` are a month. ``2021.1`` may be January
    or a spreadsheet's October, and ``03/04/2021`` either of two days: both are ambiguous.
    """
    plain = unicodedata.normalize("NFKC", text).strip()
    if not plain:
        return Day(None, "no_date")
    plain = _CLOCK.sub("", plain).replace(" ", "")
    for pattern, is_month in ((_DAY, False), (_MONTH, True)):
        if match := pattern.fullmatch(plain):
            year, *rest = (int(part) for part in match.groups() if part is not None)
            return _calendar(year, rest[0], _MID_MONTH if is_month else rest[1], is_month)
    faults = (reason for pattern, reason in _FAULTS if pattern.fullmatch(plain))
    return Day(None, next(faults, "no_date_form"))


def _calendar(year: int, month: int, day: int, is_month: bool) -> Day:
    try:
        found = date(year, month, day)
    except ValueError:
        return Day(None, "impossible_date")
    if year < reading_rule("earliest_year"):
        return Day(found, "too_early", is_month)
    return Day(found, "", is_month)


def days_of(cells: pd.Series[str]) -> pd.DataFrame:
    """Return `day` (NaT if there is none), `fault` and `is_month` of each cell."""
    found = by_distinct(cells, day_of)
    days = np.array([item.day for item in found], "datetime64[s]")
    return pd.DataFrame(
        {
            "day": pd.Series(days, cells.index, "datetime64[s]"),
            "fault": pd.Series([item.fault for item in found], cells.index, "str"),
            "is_month": pd.Series([item.is_month for item in found], cells.index, "bool"),
        }
    )


def day_by(keys: pd.Series, days: pd.Series) -> pd.Series:
    """Return the day of each key, NaT where there is none."""
    found = days.reindex(keys).astype("datetime64[s]")
    return found.set_axis(keys.index)
