"""The plan of a fund per yuan invested: when it is deployed, what comes back, what it is worth."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from finmodel.world.arrays import FloatArray

ROUNDING = 1e-9
"""How far sums of a plan, or of charges over a commitment, may be off."""


@dataclass(frozen=True)
class Profile:
    """A plan per yuan invested over the life, by quarter since first closing.

    Attributes
    ----------
    deployed : ndarray of shape (T,)
        Share invested at the start of the quarter; sums to 1.
    proceeds, cost_out : ndarray of shape (T,)
        At the end of the quarter: proceeds of exits, and cost of what was sold or written off.
    nav : ndarray of shape (T,)
        Value of the portfolio at the start of the quarter, before it is added to.

    Raises
    ------
    ValueError
        If shapes differ, a value is below 0 or not finite, `deployed` does not sum to 1, or more
        cost leaves than was invested.
    """

    deployed: FloatArray
    proceeds: FloatArray
    cost_out: FloatArray
    nav: FloatArray

    def __post_init__(self) -> None:
        rows = (self.deployed, self.proceeds, self.cost_out, self.nav)
        if self.deployed.ndim != 1 or any(row.shape != self.deployed.shape for row in rows):
            raise ValueError(f"rows of one shape (T,), got {[row.shape for row in rows]}")
        if not all((np.isfinite(row) & (row >= 0.0)).all() for row in rows):
            raise ValueError("a plan must be finite and at least 0")
        total = float(self.deployed.sum())
        if abs(total - 1.0) > ROUNDING:
            raise ValueError(f"deployed must sum to 1, got {total:.12g}")
        if (np.cumsum(self.cost_out - self.deployed) > ROUNDING).any():
            raise ValueError("more cost leaves the plan than was invested by then")

    @property
    def cost(self) -> FloatArray:
        """Cost of unrealised investments at the start of the quarter, shape (T,)."""
        held = np.cumsum(self.deployed - self.cost_out)
        start: FloatArray = np.concatenate([[0.0], np.maximum(held[:-1], 0.0)])
        return start


def profile_by_age(
    deployed: ArrayLike, *, proceeds: ArrayLike, cost_out: ArrayLike, nav: ArrayLike
) -> Profile:
    """Return the plan in which every yuan has the same life after it is invested.

    Parameters
    ----------
    deployed : array-like of shape (T,)
        Share invested by quarter; sums to 1.
    proceeds, cost_out : array-like of shape (A,)
        Per yuan, at the end of the quarter in which it was invested and of each one after.
    nav : array-like of shape (A,)
        Per yuan, its value at the start of each quarter after the one it was invested in.

    Returns
    -------
    Profile
        What would come after the last quarter is cut off.
    """
    share = np.asarray(deployed, float)

    def spread(by_age: ArrayLike) -> FloatArray:
        result: FloatArray = np.convolve(share, np.asarray(by_age, float))[: len(share)]
        return result

    value = spread(np.concatenate([[0.0], np.asarray(nav, float)]))
    return Profile(share, spread(proceeds), spread(cost_out), value)
