"""Axes of the unit cube, and which of them go together."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

IntArray = NDArray[np.int64]
FloatArray = NDArray[np.float64]

LEAST = 2.0**-40
"""Nearest a level comes to 0 and 1: quantiles there may be infinite."""


@dataclass(frozen=True)
class Axes:
    """Independent uniforms, and the factors they make up.

    Attributes
    ----------
    names : tuple of str
        Of D axes.
    group : ndarray of shape (D,)
        Factor of each axis, 0 to G - 1 in the order of the first axis of each.
    factor : ndarray of shape (D, D)
        Lower factor of the correlations of normal scores; the identity without any.
    """

    names: tuple[str, ...]
    group: IntArray
    factor: FloatArray

    @property
    def n_groups(self) -> int:
        """Number of factors."""
        return int(self.group.max()) + 1

    def members(self, group: int) -> tuple[str, ...]:
        """Return the names of the axes of a factor."""
        return tuple(self.names[i] for i in np.flatnonzero(self.group == group))

    def merged(self, kept: Sequence[int]) -> Axes:
        """Return axes whose factors outside `kept` are one, which varies but is not told apart."""
        is_kept = np.isin(self.group, kept)
        return Axes(self.names, first_seen(np.where(is_kept, self.group, -1)), self.factor)

    def levels(self, point: FloatArray) -> dict[str, float]:
        """Return a point of the cube by name."""
        return dict(zip(self.names, point.tolist(), strict=True))


def make_axes(names: Sequence[str], links: Iterable[tuple[str, str]], factor: FloatArray) -> Axes:
    """Return axes in the order of `names`.

    Parameters
    ----------
    names : sequence of str
        Of D axes.
    links : iterable of (str, str)
        Pairs of axes of the same factor.
    factor : ndarray of shape (D, D)
    """
    place = {name: i for i, name in enumerate(names)}
    group = np.arange(len(names))
    for a, b in links:
        old, new = group[place[a]], group[place[b]]
        group[group == old] = new
    return Axes(tuple(names), first_seen(group), factor)


def first_seen(codes: IntArray) -> IntArray:
    """Return codes renumbered from 0 in the order in which they first appear."""
    order = {int(code): i for i, code in enumerate(dict.fromkeys(codes.tolist()))}
    return np.array([order[int(code)] for code in codes], np.int64)
