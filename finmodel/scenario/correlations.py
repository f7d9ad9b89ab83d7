"""Correlations of beliefs: what is known of one number says something of another.

A pair states the correlation of the normal scores of two beliefs (a Gaussian copula), so each
belief keeps its own law whatever it goes with. The rank correlation of the draws is
``6 / pi * asin(rho / 2)``: a little less. Pairs that are not stated are independent.

References
----------
Higham (2002), Computing the nearest correlation matrix, IMA Journal of Numerical Analysis 22.
Kruskal (1958), Ordinal measures of association, Journal of the American Statistical Association 53.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Annotated

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, StrictFloat, StrictInt

from finmodel.errors import Problem, nearest_name
from finmodel.scenario.quantity import USER_SOURCE, Grade, Quantity
from finmodel.scenario.section import Section

FloatMatrix = NDArray[np.float64]

TOLERANCE = 1e-9
"""Least eigenvalue below zero that is taken for rounding."""


class Correlation(Section):
    """How two beliefs go together.

    Attributes
    ----------
    a, b : str
        Dotted names of numbers whose value is a distribution.
    rho : float
        Correlation of their normal scores, in (-1, 1).
    source, grade, note : str
        As of a number.
    """

    a: str = Field(min_length=1)
    b: str = Field(min_length=1)
    rho: Annotated[StrictFloat | StrictInt, Field(gt=-1.0, lt=1.0)]
    source: str = Field(default=USER_SOURCE, min_length=1)
    grade: Grade = "assumed"
    note: str = ""


def check_correlations(
    pairs: Sequence[Correlation], numbers: Mapping[str, Quantity], file: str
) -> list[Problem]:
    """Return every problem of the correlations of a scenario.

    Parameters
    ----------
    pairs : sequence of Correlation
    numbers : mapping of Quantity
        Every number of the scenario by its dotted name.
    file : str
        Named in each place.
    """
    beliefs = [name for name, quantity in numbers.items() if quantity.is_uncertain]
    return check_pairs(pairs, file, lambda place, name: _check_end(place, name, numbers, beliefs))


def check_pairs(
    pairs: Sequence[Correlation], file: str, check_end: Callable[[str, str], list[Problem]]
) -> list[Problem]:
    """Return every problem of pairs: names, pairs said twice, pairs that cannot hold together.

    Parameters
    ----------
    pairs : sequence of Correlation
    file : str
        Named in each place.
    check_end : callable
        From a place and the name there to its problems.
    """
    problems: list[Problem] = []
    first_at: dict[frozenset[str], int] = {}
    for i, pair in enumerate(pairs):
        place = f"{file}: correlations.{i}"
        for end in ("a", "b"):
            problems += check_end(f"{place}.{end}", getattr(pair, end))
        if pair.a == pair.b:
            problems.append(Problem(f"{place}.b", repr(pair.b), "another name than a"))
            continue
        before = first_at.setdefault(frozenset((pair.a, pair.b)), i)
        if before != i:
            given = f"{pair.a} and {pair.b}, as in correlations.{before}"
            problems.append(Problem(place, given, "each pair once"))
    if problems:
        return problems
    return _check_joint(pairs, f"{file}: correlations")


def _check_end(
    place: str, name: str, numbers: Mapping[str, Quantity], beliefs: Sequence[str]
) -> list[Problem]:
    if name not in numbers:
        near = nearest_name(name, beliefs) or nearest_name(name, numbers)
        return [Problem(place, repr(name), "the dotted name of a belief", near)]
    if not numbers[name].is_uncertain:
        given = f"{name}, which is {numbers[name].centre:g}"
        allowed = "a belief (a distribution); leave the pair out if the number is certain"
        return [Problem(place, given, allowed)]
    return []


def check_together(
    groups: Sequence[Sequence[str]],
    pairs: Sequence[Correlation],
    numbers: Mapping[str, Quantity],
    file: str,
) -> list[Problem]:
    """Return every problem of the groups of beliefs that are drawn as one.

    The first of a group stands for it: only it may be correlated with others.
    """
    beliefs = [name for name, quantity in numbers.items() if quantity.is_uncertain]
    problems: list[Problem] = []
    seen: dict[str, int] = {}
    paired = {name for pair in pairs for name in (pair.a, pair.b)}
    for i, group in enumerate(groups):
        place = f"{file}: together.{i}"
        if len(group) < 2:
            problems.append(Problem(place, f"{len(group)} names", "at least two beliefs"))
        for name in group:
            problems += _check_end(place, name, numbers, beliefs)
            if name in seen:
                problems.append(Problem(place, f"{name} again", "each belief in one group, once"))
            seen[name] = i
        problems += [
            Problem(f"{file}: correlations", name, f"the first of its group: {group[0]}")
            for name in group[1:]
            if name in paired
        ]
    return problems


def kept_links(
    pairs: Sequence[Correlation],
    groups: Sequence[Sequence[str]],
    numbers: Mapping[str, Quantity],
    *,
    is_own: bool,
) -> tuple[tuple[Correlation, ...], tuple[tuple[str, ...], ...]]:
    """Return the links of beliefs: one with a number that is certain says nothing.

    Parameters
    ----------
    pairs, groups
        As the scenario states or inherits them.
    numbers : mapping of Quantity
    is_own : bool
        Whether the file states the links itself. Then a name that is not there is a mistake and
        its link is kept to be told; else a child or a change has taken it away.
    """

    def holds(name: str) -> bool:
        return numbers[name].is_uncertain if name in numbers else is_own

    left = tuple(tuple(name for name in group if holds(name)) for group in groups)
    # The first that is left of a group now stands for it.
    heir = {
        whole[0]: group[0]
        for group, whole in zip(left, groups, strict=True)
        if group and group[0] != whole[0]
    }
    moved = [
        pair.model_copy(update={"a": heir.get(pair.a, pair.a), "b": heir.get(pair.b, pair.b)})
        for pair in pairs
    ]
    return (
        tuple(pair for pair in moved if holds(pair.a) and holds(pair.b)),
        tuple(
            group
            for group, whole in zip(left, groups, strict=True)
            if len(group) > 1 or len(group) == len(whole)
        ),
    )


def correlated_names(pairs: Sequence[Correlation]) -> list[str]:
    """Return the names in the order in which the pairs first say them."""
    return list(dict.fromkeys(name for pair in pairs for name in (pair.a, pair.b)))


def correlation_matrix(
    pairs: Sequence[Correlation], names: Sequence[str] | None = None
) -> FloatMatrix:
    """Return the joint matrix of these names, or `correlated_names`; pairs not stated are 0."""
    names = correlated_names(pairs) if names is None else names
    place = {name: i for i, name in enumerate(names)}
    matrix = np.eye(len(names))
    for pair in pairs:
        i, j = place[pair.a], place[pair.b]
        matrix[i, j] = matrix[j, i] = pair.rho
    return matrix


def _check_joint(pairs: Sequence[Correlation], place: str) -> list[Problem]:
    """Refuse pairs that cannot hold together, a group of linked names at a time."""
    names, matrix = correlated_names(pairs), correlation_matrix(pairs)
    problems = []
    for group in _groups(matrix):
        block = matrix[np.ix_(group, group)]
        if np.linalg.eigvalsh(block)[0] >= -TOLERANCE:
            continue
        clash = _smallest_clash(block)
        linked = [names[group[i]] for i in clash]
        given = f"together impossible: {_in_words(linked, block[np.ix_(clash, clash)])}"
        whole = [names[i] for i in group]
        near = _in_words(whole, _possible(block))
        allowed = f"a positive semi-definite matrix; the nearest is {near}"
        problems.append(Problem(place, given, allowed))
    return problems


def _groups(matrix: FloatMatrix) -> list[list[int]]:
    """Return the names linked by pairs, directly or through others, in their order."""
    group_of = np.arange(len(matrix))
    for i, j in np.argwhere(np.triu(matrix, 1)):
        old, new = sorted((group_of[i], group_of[j]), reverse=True)
        group_of[group_of == old] = new
    return [list(np.flatnonzero(group_of == g)) for g in np.unique(group_of)]


def _smallest_clash(block: FloatMatrix) -> list[int]:
    """Return names that clash and of which none can be left out."""
    kept = list(range(len(block)))
    for i in range(len(block)):
        rest = [j for j in kept if j != i]
        if np.linalg.eigvalsh(block[np.ix_(rest, rest)])[0] < -TOLERANCE:
            kept = rest
    return kept


def nearest_correlation(matrix: FloatMatrix, steps: int = 200) -> FloatMatrix:
    """Return the correlation matrix nearest in the Frobenius norm (Higham 2002, algorithm 3.3)."""
    near: FloatMatrix = matrix.copy()
    correction = np.zeros_like(matrix)
    for _ in range(steps):
        shifted = near - correction
        levels, vectors = np.linalg.eigh(shifted)
        positive: FloatMatrix = (vectors * np.maximum(levels, 0.0)) @ vectors.T
        correction = positive - shifted
        before, near = near, positive.copy()
        np.fill_diagonal(near, 1.0)
        if np.abs(near - before).max() < 1e-10:
            break
    return near


def _possible(block: FloatMatrix) -> FloatMatrix:
    """Return the nearest matrix to three digits, pulled in until it holds as printed."""
    near = nearest_correlation(block)
    for shrink in np.linspace(0.0, 1.0, 1001):
        shown: FloatMatrix = np.clip(np.round(near * (1.0 - shrink), 3), -0.999, 0.999)
        np.fill_diagonal(shown, 1.0)
        if np.linalg.eigvalsh(shown)[0] >= -TOLERANCE:
            break
    return shown


def _in_words(names: Sequence[str], matrix: FloatMatrix) -> str:
    pairs = [
        f"{names[i]} ~ {names[j]} {matrix[i, j]:g}"
        for i in range(len(names))
        for j in range(i + 1, len(names))
    ]
    return ", ".join(pairs)
