"""Signs that a whole file is not what its header says: swapped columns, amounts in another unit."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pandas as pd

from finmodel.datasets.deal_records.amounts import amount_of
from finmodel.datasets.deal_records.dates import day_of
from finmodel.datasets.deal_records.words import by_distinct, reading_rule, round_word
from finmodel.errors import Problem

_SAMPLE = 5_000
_MOST, _HALF = 0.8, 0.5
_BARE = re.compile(r"[\d,]*\d(\.\d*)?")


def _is_day(text: str) -> bool:
    return not day_of(text).fault


def _is_round(text: str) -> bool:
    return round_word(text) is not None


def _is_amount(text: str) -> bool:
    return amount_of(text, "").fault in ("", "no_currency") and not _is_day(text)


_TESTS: dict[str, Callable[[str], bool]] = {
    "date": _is_day,
    "round": _is_round,
    "amount": _is_amount,
}
_COLUMNS = ("firm", "date", "round", "amount", "currency", "region", "sector", "investors")


def misplaced(path: Path, cells: pd.DataFrame) -> list[Problem]:
    """Return a problem for each column whose content stands under another header.

    A column is misplaced if fewer than half of its cells are of its kind while four in five of
    another column's are. Amounts are in another unit if most bare figures are too small for money.
    """
    sample = cells.head(_SAMPLE)
    problems = []
    for name, test in _TESTS.items():
        if _share(sample[name], test) >= _HALF:
            continue
        for other in _COLUMNS:
            if other != name and _share(sample[other], test) >= _MOST:
                given = f"column {other!r} holds what column {name!r} should"
                problems.append(Problem(str(path), given, "each column under its own header"))
    return problems + _unit_slip(path, sample)


def _share(cells: pd.Series[str], test: Callable[[str], bool]) -> float:
    filled = cells[cells != ""]
    return sum(by_distinct(filled, test)) / len(filled) if len(filled) else 0.0


def _unit_slip(path: Path, sample: pd.DataFrame) -> list[Problem]:
    if (sample["unit"] != "").any():
        return []
    bare = sample["amount"][[_BARE.fullmatch(text) is not None for text in sample["amount"]]]
    figures = bare.str.replace(",", "").astype(float)
    figures = figures[figures > 0.0]
    least = reading_rule("lowest_mcny") * 1e6
    if figures.empty or (figures < least).mean() <= _HALF:
        return []
    given = f"most amounts below {least:,.0f}, such as {bare[figures.index[0]]}"
    allowed = "amounts in units of the currency, or a unit in the header: amount (万元)"
    return [Problem(str(path), given, allowed)]
