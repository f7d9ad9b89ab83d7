"""Search for the numbers of a simulated market by the shape of a plain formula.

A market is dear and its shares move in jumps, so differences of simulated shares are poor slopes:
along a ridge, as of a milestone rate and its ramp, a search by them stops where their noise says.
A formula ``s(x)`` of firms that never wait for money has the shape without the noise. Each step
takes what the market is off from the formula as fixed and solves

    min over y of | s(y) + (market(x) - s(x)) - wanted |^2 / error^2

so that one market a step is enough. It ends where the misfit is orthogonal to the slopes of the
formula: an estimator of indirect inference with these as its weights. Later steps are shortened
as 1, 1/2, 1/3, ..., which averages over the jumps (Robbins and Monro).

References
----------
Robbins, H. and Monro, S. (1951), A stochastic approximation method, Ann. Math. Statist. 22.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from finmodel.world.arrays import FloatArray

Curve = Callable[[FloatArray], FloatArray]
FULL_STEPS = 6
"""Steps of full length."""


def nearest(
    market: Curve,
    formula: Curve,
    wanted: FloatArray,
    error: FloatArray,
    start: FloatArray,
    *,
    low: FloatArray,
    high: FloatArray,
    n_steps: int,
) -> FloatArray:
    """Return the point at which the market is nearest to what is wanted.

    Parameters
    ----------
    market : callable
        From a point of shape (p,) to shares of shape (n,); called once a step.
    formula : callable
        The same without noise; need not be right, but must move as the market does.
    wanted, error : ndarray of shape (n,)
    start, low, high : ndarray of shape (p,)
    n_steps : int
    """
    from scipy.optimize import least_squares

    x = start
    for step in range(n_steps):
        off = market(x) - formula(x) - wanted

        def miss(point: FloatArray, off: FloatArray = off) -> FloatArray:
            return np.asarray((formula(point) + off) / error)

        inner = np.clip(x, low + 1e-9, high - 1e-9)
        found = least_squares(miss, inner, bounds=(low, high))
        gain = 1.0 / max(1, step - FULL_STEPS + 2)
        x = x + gain * (np.asarray(found.x) - x)
    return x
