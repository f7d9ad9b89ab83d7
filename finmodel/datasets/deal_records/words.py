"""Words of deal lists: rounds, exits and statuses, read from `data/deals`."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from typing import NamedTuple, TypeVar

import pandas as pd

from finmodel.datasets.tables import read_table
from finmodel.datasets.user_csv import spelling

T = TypeVar("T")

_ROUND_ENDING = re.compile(r"_?(轮融资|轮|輪融資|輪|_round|round|融资|融資|_financing)$")


class RoundWord(NamedTuple):
    """What a round word says: a financing of a stage and kind, or an exit by a route."""

    stage: str
    kind: str
    route: str


@cache
def _round_words() -> dict[str, RoundWord]:
    table = read_table("deals/round_words")
    columns = (table["stage"], table["kind"], table["route"])
    found = map(RoundWord._make, zip(*columns, strict=True))
    return dict(zip(table["word"], found, strict=True))


@cache
def _status_words() -> dict[str, str]:
    table = read_table("deals/status_words")
    return dict(zip(table["word"].map(spelling), table["status"], strict=True))


@cache
def header_words() -> dict[str, str]:
    """Return the template's columns by the spelling of every header accepted."""
    table = read_table("deals/header_words")
    return dict(zip(table["word"].map(spelling), table["column"], strict=True))


def round_word(text: str) -> RoundWord | None:
    """Return what a word for a round means, None if it is unknown."""
    words, key = _round_words(), spelling(text)
    return words.get(key) or words.get(_ROUND_ENDING.sub("", key))


def status_word(text: str) -> str | None:
    """Return operating, closed, acquired or ipo, ``""`` for an empty text, None if unknown."""
    return _status_words().get(spelling(text)) if text.strip() else ""


@cache
def reading_rule(name: str) -> float:
    """Return a number of `deals/reading_rules`."""
    table = read_table("deals/reading_rules").set_index("rule")
    return float(table["value"][name])


def by_distinct(cells: pd.Series[str], meaning: Callable[[str], T]) -> list[T]:
    """Return the meaning of each cell, found once for each distinct text."""
    codes, distinct = pd.factorize(cells)
    found = [meaning(str(text)) for text in distinct]
    return [found[code] for code in codes]


def looked_up(keys: pd.Series[str], texts: pd.Series[str]) -> pd.Series[str]:
    """Return the text of each key, ``""`` where there is none."""
    found = texts.astype("str").reindex(keys)
    return found.fillna("").set_axis(keys.index)
