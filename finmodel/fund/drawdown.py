"""Calls, fees, costs, investments and distributions of funds over their life, quarter by quarter.

What happens in a quarter is stated in :mod:`finmodel.fund.money`; here it is done for whole paths
of many funds at once, such as simulated ones: what a fund would invest, what its exits bring and
what its portfolio is worth are given.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from finmodel.fund.money import MONEY_ROW, step
from finmodel.fund.recycling import RecyclingTerms, recycling_table
from finmodel.numeric.jit import kernel
from finmodel.world.arrays import FloatArray, Table


class Drawdown(NamedTuple):
    """Paths of funds, arrays of shape (N, T), million CNY.

    Attributes
    ----------
    calls, fees, costs, invested, recycled, distributed : ndarray
        Flows of the quarter; fees and costs as paid.
    cash, owed : ndarray
        At its end: uninvested cash, and fees and costs due but not paid.
    """

    calls: FloatArray
    fees: FloatArray
    costs: FloatArray
    invested: FloatArray
    recycled: FloatArray
    distributed: FloatArray
    cash: FloatArray
    owed: FloatArray


@kernel
def draw_all(
    commitment: FloatArray,
    wanted: FloatArray,
    proceeds: FloatArray,
    cost_out: FloatArray,
    nav: FloatArray,
    charges: Table,
    terms: Table,
    kept_share: float,
    out: FloatArray,
) -> None:
    """Fill `out` (8, N, T), in the order of :class:`Drawdown`, from paths of shape (N, T)."""
    rows, recycling = np.zeros(1, MONEY_ROW), terms[0]
    money = rows[0]
    n_funds, n_quarters = wanted.shape
    for i in range(n_funds):
        money["committed"] = commitment[i]
        money["called"] = money["cash"] = money["invested"] = money["recycled"] = 0.0
        money["owed_costs"] = money["owed_fees"] = 0.0
        for q in range(n_quarters):
            flow = step(
                money,
                charges[q],
                recycling,
                kept_share,
                q,
                wanted[i, q],
                proceeds[i, q],
                cost_out[i, q],
                nav[i, q],
            )
            out[0, i, q], out[1, i, q], out[2, i, q] = flow.call, flow.fee, flow.cost
            out[3, i, q], out[4, i, q] = flow.invested, flow.recycled
            out[5, i, q], out[6, i, q] = flow.distributed, money["cash"]
            out[7, i, q] = money["owed_costs"] + money["owed_fees"]


def drawdown(
    commitment: ArrayLike,
    *,
    wanted: ArrayLike,
    proceeds: ArrayLike,
    cost_out: ArrayLike,
    nav: ArrayLike,
    charges: Table,
    recycling: RecyclingTerms,
    kept_share: float,
) -> Drawdown:
    """Return the paths of N funds with the same terms.

    Parameters
    ----------
    commitment : array-like of shape (N,) or ()
        Million CNY, above 0.
    wanted : array-like of shape (N, T) or (T,)
        Million CNY the fund would invest in each quarter.
    proceeds, cost_out : array-like of shape (N, T), (T,) or ()
        Million CNY at the end of the quarter: proceeds of exits, and cost of what was sold or
        written off.
    nav : array-like of shape (N, T), (T,) or ()
        Million CNY: value of the portfolio at the start of the quarter, without cash.
    charges : ndarray of CHARGE_ROW, shape (T,)
    recycling : RecyclingTerms
    kept_share : float
        In [0, 1]: part of known later charges that must be left when money is invested.

    Returns
    -------
    Drawdown

    Raises
    ------
    ValueError
        If an amount is below 0 or not finite, a commitment is 0, or shapes do not fit.
    """
    if not 0.0 <= kept_share <= 1.0:
        raise ValueError(f"kept_share in [0, 1], got {kept_share}")
    size = np.atleast_1d(np.asarray(commitment, float))
    given = [np.asarray(values, float) for values in (wanted, proceeds, cost_out, nav)]
    shape = np.broadcast_shapes(*(values.shape for values in given), (len(size), len(charges)))
    if len(shape) != 2 or shape[1] != len(charges):
        raise ValueError(f"paths of shape (N, {len(charges)}), got {shape}")
    if not all((np.isfinite(values) & (values >= 0.0)).all() for values in [*given, size]):
        raise ValueError("amounts must be finite and at least 0")
    if not (size > 0.0).all():
        raise ValueError("a commitment must be above 0")
    want, got, gone, value = (np.ascontiguousarray(np.broadcast_to(v, shape)) for v in given)
    sizes = np.ascontiguousarray(np.broadcast_to(size, shape[:1]))
    out = np.empty((len(Drawdown._fields), *shape))
    terms = recycling_table(recycling)
    draw_all(sizes, want, got, gone, value, charges, terms, kept_share, out)
    return Drawdown(*out)
