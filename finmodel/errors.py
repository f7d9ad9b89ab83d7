"""Errors a caller can catch, and the `Problem` that says what is wrong with an input.

Every message names the place, the value given and what is allowed, and where a name
was misspelt the nearest valid one. Readers collect problems and raise once, so a user
mends a file in one pass.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with an input.

    Attributes
    ----------
    place : str
        Where: file with row and column, or file with dotted key.
    given : str
        The value found, as text.
    allowed : str
        What would be accepted there.
    nearest : str
        Nearest valid name, empty if none is near.
    """

    place: str
    given: str
    allowed: str
    nearest: str = ""

    def __str__(self) -> str:
        hint = f" (did you mean {self.nearest!r}?)" if self.nearest else ""
        return f"{self.place}: got {self.given}; allowed: {self.allowed}{hint}"


def nearest_name(name: str, valid: Iterable[str]) -> str:
    """Return the valid name most like `name`, or an empty string if none is close."""
    close = difflib.get_close_matches(name, list(valid), n=1, cutoff=0.6)
    return close[0] if close else ""


class FinmodelError(Exception):
    """Base of every error this package raises on purpose."""


class InputError(FinmodelError):
    """An input was refused; `problems` lists every reason found.

    Parameters
    ----------
    title : str
        One line: what was being read.
    problems : sequence of Problem
        At least one.
    """

    def __init__(self, title: str, problems: Sequence[Problem]) -> None:
        self.title = title
        self.problems = tuple(problems)
        lines = [f"{title}: {len(self.problems)} problem(s)"]
        lines += [f"  - {problem}" for problem in self.problems]
        super().__init__("\n".join(lines))


class ScenarioError(InputError):
    """A scenario, or a change to one, was refused."""


class DataError(InputError):
    """A table in `data/` or a user's file was refused."""


class StoreError(InputError):
    """A results folder could not be read or written."""


class CalibrationError(FinmodelError):
    """An estimation did not produce a usable answer."""


class InvariantError(FinmodelError):
    """The model broke one of its own identities; the run stops and nothing is stored."""


class Interrupted(FinmodelError):  # noqa: N818  (not a fault)
    """A run was asked to stop before it finished."""
