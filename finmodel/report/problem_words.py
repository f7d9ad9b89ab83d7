"""What is wrong with a file, in the reader's language."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache

from finmodel.errors import Problem
from finmodel.variables import Language, labels

PARTS = ("place", "given", "allowed")
_HOLE = re.compile(r"{(\w+)}")


def problem_words(problem: Problem, language: Language) -> Problem:
    """Return a problem in a language: what the readers of records say, by the catalogue.

    Names of columns, kinds and files stay as they are. What the catalogue does not have stays in
    English.
    """
    if language == "en":
        return problem
    place, given, allowed = (
        _said(part, text, language)
        for part, text in zip(PARTS, (problem.place, problem.given, problem.allowed), strict=True)
    )
    return Problem(place, given, allowed, problem.nearest)


def is_known(part: str, text: str) -> bool:
    """Return whether the catalogue has a text of a part of a problem."""
    return any(pattern.fullmatch(text) for pattern, _ in _patterns(part))


def _said(part: str, text: str, language: Language) -> str:
    for pattern, texts in _patterns(part):
        found = pattern.fullmatch(text)
        if found is None:
            continue
        holes = found.groupdict()
        if part in holes:  # a longer text around one that is said by itself
            holes[part] = _said(part, holes[part], language)
        return texts[language].format(**holes)
    return text


@cache
def _patterns(part: str) -> tuple[tuple[re.Pattern[str], dict[str, str]], ...]:
    """Return the texts of a part as patterns, in the order of the catalogue."""
    return tuple(
        (re.compile(_pattern(_HOLE.split(texts["en"])), re.DOTALL), texts)
        for texts in labels()[f"problem_{part}"].values()
    )


def _pattern(pieces: Iterable[str]) -> str:
    """Return the pattern of a text in pieces: in turn what stands and what varies."""
    return "".join(
        f"(?P<{piece}>.+)" if number % 2 else re.escape(piece)
        for number, piece in enumerate(pieces)
    )
