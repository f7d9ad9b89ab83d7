"""How far units of a scenario lie apart by what the plan varies, without simulation error."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from finmodel.measure.monte_carlo import quotient
from finmodel.world.arrays import FloatArray

Group = tuple[str, int]
"""A scenario and a seed."""


class Between:
    """Collects units, and compares those of a scenario that have the same luck.

    Units of one seed play the same paths, so that the luck they share moves all of them alike and
    is not in what differs between them: only the part of luck that differs is taken off, as in
    :mod:`finmodel.measure.uncertainty`. Seeds are told apart: what differs between them is luck.

    Parameters
    ----------
    groups : sequence of (str, int)
        Of every unit, in order.
    n_measures : int
    """

    def __init__(self, groups: Sequence[Group], n_measures: int) -> None:
        self._groups, self._n = groups, n_measures
        self._found: dict[Group, list[tuple[FloatArray, FloatArray]]] = {}
        self._shared: dict[Group, FloatArray] = {}

    def add(self, place: int, value: FloatArray, error: FloatArray, influence: FloatArray) -> None:
        """Add the values (M,) of a unit, their errors, and what each path adds, (P, M)."""
        group = self._groups[place]
        self._found.setdefault(group, []).append((value, error))
        known = np.nan_to_num(influence, nan=0.0)
        self._shared[group] = self._shared.get(group, np.zeros_like(known)) + known

    def sd(self, scenario: str) -> FloatArray:
        """Return the standard deviation between units of a scenario, shape (M,).

        Pooled over seeds; 0 where simulation error explains all. NaN with fewer than two units of
        any seed, and with one path, of which the error is not known.
        """
        squares, freedom = np.zeros(self._n), np.zeros(self._n)
        for group, found in self._found.items():
            if group[0] != scenario:
                continue
            values, errors = (np.stack(arrays) for arrays in zip(*found, strict=True))
            n = (~np.isnan(values)).sum(axis=0).astype(np.float64)
            two = n > 1
            variance = self._variance(values, errors, self._shared[group], n)
            squares[two] += (n[two] - 1.0) * variance[two]
            freedom[two] += n[two] - 1.0
        return np.sqrt(np.maximum(quotient(squares, freedom), 0.0))

    def _variance(
        self, values: FloatArray, errors: FloatArray, shared: FloatArray, n: FloatArray
    ) -> FloatArray:
        """Return the variance of K values (K, M), n of them known, less that of the error."""
        n_paths, known = len(shared), ~np.isnan(values)
        mean = quotient(np.where(known, values, 0.0).sum(axis=0), n)
        apart = np.where(known, (values - mean) ** 2, 0.0).sum(axis=0)
        within = quotient(np.where(known, errors**2, 0.0).sum(axis=0), n) * n_paths
        of_paths = np.divide(shared, n, out=np.zeros_like(shared), where=n > 0)
        both = of_paths.var(axis=0, ddof=1) if n_paths > 1 else np.full(self._n, np.nan)
        own = np.maximum(within - both, 0.0)  # of NaN it is NaN
        return quotient(apart, n - 1.0) - quotient(own * n, n - 1.0) / n_paths
