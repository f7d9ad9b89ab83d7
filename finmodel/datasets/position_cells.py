"""Cells of a position: names, dates, amounts and shares, each with what would be allowed."""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Mapping
from datetime import date

from finmodel.datasets.user_csv import spelling
from finmodel.errors import Problem, nearest_name
from finmodel.variables import labels

MAX_MCNY = 1e7
"""As in the plan of a fund: more is a slip of the unit."""

_PLAIN = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
_THOUSANDS = re.compile(r"[+-]?\d{1,3}(,\d{3})+(\.\d*)?")
_ISO = re.compile(r"\d{4}-\d{2}-\d{2}")
_OTHER_DATE = re.compile(r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?")
_FORMULA = ("=", "+", "-", "@")
_ROUND = re.compile(r"(轮|_round|_融资)$")


def header_names() -> dict[str, str]:
    """Return columns by the spelling of every header accepted, English and Chinese."""
    return _by_spelling(labels()["position_column"])


def kind_names() -> dict[str, str]:
    """Return kinds of events by every spelling accepted, English and Chinese."""
    return _by_spelling(labels()["position_kind"])


def stage_names(stages: tuple[str, ...]) -> dict[str, str]:
    """Return the plan's stages by every spelling accepted: its own, and rounds in Chinese."""
    words = labels()["round"]
    found = {_round_spelling(name): name for name in stages}
    for name in stages:
        if name in words:
            found |= {_round_spelling(text): name for text in words[name].values()}
    return found


def _by_spelling(section: Mapping[str, Mapping[str, str]]) -> dict[str, str]:
    found = {spelling(name): name for name in section}
    for name, words in section.items():
        found |= {spelling(text): name for text in words.values()}
    return found


def _round_spelling(text: str) -> str:
    return _ROUND.sub("", spelling(text))


class Cells:
    """The cells of one row; every problem found is kept.

    Parameters
    ----------
    place : str
        File and row.
    cells : mapping of str to str
    """

    def __init__(self, place: str, cells: Mapping[str, str]) -> None:
        self.place = place
        self.cells = cells
        self.problems: list[Problem] = []

    def blame(self, column: str, allowed: str, nearest: str = "") -> None:
        """Note that a cell is not what is allowed."""
        cell = self.cells.get(column, "")
        given = repr(cell) if cell else "nothing"
        self.problems.append(Problem(f"{self.place}, column {column}", given, allowed, nearest))

    def has(self, column: str) -> bool:
        """Return whether a cell has something in it."""
        return bool(self.cells.get(column, ""))

    def text(self, column: str) -> str:
        """Return a text that is no formula, blanks in it made single."""
        cell = self.cells.get(column, "")
        if cell.startswith(_FORMULA):
            self.blame(column, "a text; a formula is not read, save its value")
            return ""
        return " ".join(unicodedata.normalize("NFKC", cell).split())

    def name(self, column: str, names: Mapping[str, str], valid: tuple[str, ...]) -> str:
        """Return the valid name that a cell means, empty if none."""
        cell = self.text(column)
        if not cell and self.has(column):
            return ""  # a formula: already noted
        key = _round_spelling(cell) if column == "stage" else spelling(cell)
        if key not in names:
            near = names.get(nearest_name(key, names), "") if cell else ""
            self.blame(column, f"one of {', '.join(valid)}", near)
        return names.get(key, "")

    def day(self, column: str) -> date | None:
        """Return a date, written YYYY-MM-DD."""
        cell = unicodedata.normalize("NFKC", self.cells.get(column, ""))
        try:
            if _ISO.fullmatch(cell):
                return date.fromisoformat(cell)
        except ValueError:
            self.blame(column, "a day of the calendar, YYYY-MM-DD")
            return None
        near = ""
        if match := _OTHER_DATE.fullmatch(cell):
            year, month, day = match.groups()
            near = f"{year}-{int(month):02d}-{int(day):02d}"
        self.blame(column, "a date YYYY-MM-DD", near)
        return None

    def number(self, column: str, low: float, high: float, allowed: str) -> float:
        """Return a number in [low, high], NaN if there is none; low itself if `low` is 0 is not."""
        cell = unicodedata.normalize("NFKC", self.cells.get(column, "")).replace(" ", "")
        is_percent = column == "share" and cell.endswith("%")
        bare = cell[:-1] if is_percent else cell
        if bare.startswith(("=", "@")):
            self.blame(column, f"{allowed}; a formula is not read, save its value")
            return math.nan
        if _THOUSANDS.fullmatch(bare):
            bare = bare.replace(",", "")
        if not _PLAIN.fullmatch(bare):
            self.blame(column, f"{allowed}, such as 1,234.5 or 1234.5")
            return math.nan
        value = float(bare) / 100.0 if is_percent else float(bare)
        if not low <= value <= high:
            self.blame(column, allowed)
            return math.nan
        return value

    def nothing(self, column: str, why: str) -> None:
        """Note a cell that must be empty."""
        if self.has(column):
            self.blame(column, f"nothing for {why}")
