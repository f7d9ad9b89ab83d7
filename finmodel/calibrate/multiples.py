"""Exit multiples as a likelihood takes them: told, floored, in an interval, not told."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from finmodel.world.arrays import FloatArray, IntArray


@dataclass(frozen=True)
class Multiples:
    """Exits as the likelihood takes them; all in logs.

    Attributes
    ----------
    x : ndarray of shape (N,)
        Log multiples told exactly and above the floor.
    route : ndarray of int, shape (N,)
    size : ndarray of shape (N,)
        Log of what the multiple is over, less `centre`.
    floored_route, floored_size : ndarray of shape (F,)
        Exits told at the floor or below: of them only that is used.
    low, high : ndarray of shape (I,)
        Interval observations, of `interval_route` and `interval_size`.
    hidden_route, hidden_size : ndarray of shape (U,)
        Exits whose price was not told. Empty: then prices are taken to be told at random.
    n_routes : int
    floor : float
        Log multiple; -inf for none.
    """

    x: FloatArray
    route: IntArray
    size: FloatArray
    floored_route: IntArray
    floored_size: FloatArray
    low: FloatArray
    high: FloatArray
    interval_route: IntArray
    interval_size: FloatArray
    hidden_route: IntArray
    hidden_size: FloatArray
    n_routes: int
    floor: float = -np.inf

    @property
    def has_hidden(self) -> bool:
        """Whether telling is part of the likelihood."""
        return len(self.hidden_size) > 0

    @property
    def n_told(self) -> int:
        """Exits with a price, exact, floored or in an interval."""
        return len(self.x) + len(self.floored_size) + len(self.low)


def exact_multiples(x: FloatArray) -> Multiples:
    """Return exits of one route, all told exactly; `x` are log multiples."""
    none, nowhere = np.empty(0), np.empty(0, np.int64)
    n = len(x)
    return Multiples(
        x=np.asarray(x, dtype=np.float64),
        route=np.zeros(n, np.int64),
        size=np.zeros(n),
        floored_route=nowhere,
        floored_size=none,
        low=none,
        high=none,
        interval_route=nowhere,
        interval_size=none,
        hidden_route=nowhere,
        hidden_size=none,
        n_routes=1,
    )


def binned(data: Multiples, bins: int) -> tuple[IntArray, FloatArray, FloatArray]:
    """Return route, size and count of the hidden exits, binned by size if they are many."""
    route, size = data.hidden_route, data.hidden_size
    if len(size) <= bins:
        return route, size, np.ones(len(size))
    edges = np.linspace(size.min(), size.max(), bins + 1)
    place = np.clip(np.searchsorted(edges, size, side="right") - 1, 0, bins - 1)
    key, inverse, count = np.unique(route * bins + place, return_inverse=True, return_counts=True)
    mean = np.bincount(inverse, weights=size) / count
    return key // bins, mean, count.astype(np.float64)
