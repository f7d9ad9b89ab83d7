r"""Outcomes of units on the same paths, with what each path adds.

An outcome is a mean over P paths, or a ratio of means, with its influence on each path. The
covariance of two outcomes that is luck is ``sum_p a_p b_p / (P (P - 1))``.

References
----------
Serfling (1980), Approximation Theorems of Mathematical Statistics, chapter 5 (U-statistics).
Searle, Casella & McCulloch (1992), Variance Components, chapter 4 (crossed random effects).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from finmodel.sensitivity.axes import FloatArray

MOST_BLOCKS = 20
"""Blocks of paths left out in turn by the jackknife."""


@dataclass(frozen=True)
class Outcomes:
    """One outcome of many units.

    Attributes
    ----------
    value : ndarray of shape (U,) or (N, C)
        NaN where a unit failed or a ratio is undefined.
    influence : ndarray of shape (U, P) or (N, C, P)
        What each path adds, of mean zero; P = 0 if outcomes are exact.
    """

    value: FloatArray
    influence: FloatArray

    @property
    def n_paths(self) -> int:
        """Paths of each unit."""
        return int(self.influence.shape[-1])

    def __getitem__(self, index: Any) -> Outcomes:
        """Return some of the units."""
        return Outcomes(self.value[index], self.influence[index])

    def minus(self, other: Outcomes) -> Outcomes:
        """Return the difference, path by path; what is exact has no luck on any path."""
        if other.n_paths == 0:
            return Outcomes(self.value - other.value, self.influence)
        if self.n_paths == 0:
            return Outcomes(self.value - other.value, -other.influence)
        return Outcomes(self.value - other.value, self.influence - other.influence)

    def plus(self, other: Outcomes, weight: float = 1.0) -> Outcomes:
        """Return the sum with `weight` times another, path by path."""
        return self.minus(Outcomes(-weight * other.value, -weight * other.influence))

    def squared_error(self) -> FloatArray:
        """Return the squared standard error over paths of each value; 0 if exact."""
        return shared(self.influence, self.influence)

    def without_blocks(self) -> Iterator[Outcomes]:
        """Yield the outcomes without each block of paths, for a jackknife."""
        n, blocks = self.n_paths, min(self.n_paths, MOST_BLOCKS)
        for block in range(blocks if n > 2 else 0):
            stays = np.arange(n) % blocks != block
            kept = self.influence[..., stays]
            shift = kept.mean(axis=-1)
            yield Outcomes(self.value + shift, kept - shift[..., None])


def shared(a: FloatArray, b: FloatArray) -> FloatArray:
    """Return the covariance by luck of means with the influences given, over the last axis."""
    n = a.shape[-1]
    if n < 2:
        return np.zeros(np.broadcast_shapes(a.shape, b.shape)[:-1])
    total: FloatArray = np.einsum("...p,...p->...", a, b) / (n * (n - 1.0))
    return total


def exact(value: FloatArray) -> Outcomes:
    """Return outcomes without luck."""
    return Outcomes(value, np.zeros((*value.shape, 0)))


def mean_outcomes(by_path: FloatArray) -> Outcomes:
    """Return means over paths, shape (U, P); P of at least 2."""
    value = by_path.mean(axis=-1)
    return Outcomes(value, by_path - value[..., None])


def ratio_outcomes(top: FloatArray, bottom: FloatArray) -> Outcomes:
    """Return ratios of means over paths, shape (U, P), by the delta method; NaN over zero."""
    below = bottom.mean(axis=-1)
    safe = np.where(below != 0.0, below, np.nan)
    value = top.mean(axis=-1) / safe
    return Outcomes(value, (top - value[..., None] * bottom) / safe[..., None])


def luck_variance(found: Outcomes) -> float:
    """Return what luck adds to the variance over units, shape (U,): the interaction over P.

    What all units share of a path moves them alike and adds nothing.
    """
    n = len(found.value)
    within = float(found.squared_error().mean())
    common = float(shared(found.influence.mean(axis=0), found.influence.mean(axis=0)))
    return max(within - common, 0.0) * n / (n - 1.0)


def jackknife_error(replicates: FloatArray) -> FloatArray:
    """Return the standard error of a statistic from its values without each block.

    Parameters
    ----------
    replicates : ndarray of shape (B, ...)
        Of B equal blocks; none gives 0.
    """
    if len(replicates) < 2:
        return np.zeros(replicates.shape[1:])
    n = len(replicates)
    error: FloatArray = np.sqrt(
        (n - 1.0) / n * ((replicates - replicates.mean(axis=0)) ** 2).sum(0)
    )
    return error
