"""Classes of LPs of many funds at once: calls, receipts and stakes bought, by quarter.

A thin layer over the kernels of :mod:`finmodel.fund.classes`: it checks what it is given and lays
out results.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from finmodel.fund.classes import N_STATE, run_classes
from finmodel.fund.clauses import NO_BUYBACK, LpClass, class_table
from finmodel.fund.lifetime import checked_money
from finmodel.numeric.jit import kernel
from finmodel.world.arrays import FloatArray, Table


class ClassFlows(NamedTuple):
    """What classes paid and got.

    In every quarter `calls` sums to the contributions, `received` and `to_manager` to what the LPs
    get, and `bought` to 0.

    Attributes
    ----------
    calls : ndarray of shape (..., C, T), million CNY
    received : ndarray of shape (..., C, T), million CNY
        From the fund, after clauses. Negative only in the last quarter, by gains that come back.
    bought : ndarray of shape (..., C, T), million CNY
        From other classes for a stake; negative if paid.
    to_manager : ndarray of shape (..., T), million CNY
        Gains given to the manager.
    """

    calls: FloatArray
    received: FloatArray
    bought: FloatArray
    to_manager: FloatArray


@kernel
def class_batch(
    contributions: FloatArray,
    to_lps: FloatArray,
    nav: FloatArray,
    classes: Table,
    settles: bool,
    calls: FloatArray,
    received: FloatArray,
    bought: FloatArray,
    to_manager: FloatArray,
) -> None:
    """Fill the flows of the classes of funds; `classes` has a row for each fund, or one for all."""
    state = np.empty((classes.shape[1], N_STATE))
    for i in range(len(to_lps)):
        run_classes(
            contributions[i],
            to_lps[i],
            nav[i],
            classes[min(i, len(classes) - 1)],
            settles,
            state,
            calls[i],
            received[i],
            bought[i],
            to_manager[i],
        )


def share_among_classes(
    contributions: ArrayLike,
    to_lps: ArrayLike,
    classes: Sequence[LpClass] | Table,
    *,
    nav: ArrayLike | None = None,
    settles: bool = False,
) -> ClassFlows:
    """Divide the flows of all LPs among their classes.

    Parameters
    ----------
    contributions, to_lps : array-like of shape (T,) or (N, T), million CNY
        Of all classes together, at least 0. The last quarter ends the fund.
    classes : sequence of LpClass, or rows from :func:`class_table`
        Of all funds, or with a row for each.
    nav : array-like of the same shape, million CNY, optional
        What the LPs would get if the fund were settled at its marks after the quarter's payments.
        Needed, and read, in the quarters of a buy-back only.
    settles : bool
        Whether the last column is no quarter but a settlement at the end of the one before: no
        interest accrues and nothing is called.

    Returns
    -------
    ClassFlows
        Shapes (C, T) or (N, C, T).

    Raises
    ------
    ValueError
        If shapes differ, money is negative, infinite or NaN, a class is out of range, or a stake
        is on offer without a NAV.
    """
    called, paid = checked_money("contributions", contributions), checked_money("to_lps", to_lps)
    if called.shape != paid.shape or called.ndim not in (1, 2) or called.shape[-1] == 0:
        raise ValueError(
            f"contributions and to_lps of one shape (T,) or (N, T), T from 1 on, got "
            f"{called.shape} and {paid.shape}"
        )
    rows = classes if isinstance(classes, np.ndarray) else class_table([classes])
    flat = (called.size // called.shape[-1], called.shape[-1])
    if len(rows) not in (1, flat[0]):
        raise ValueError(f"classes of 1 or {flat[0]} funds, got {len(rows)}")
    if nav is None and np.any(rows["buyback_quarter"] != NO_BUYBACK):
        raise ValueError("a stake is on offer: the buy-back needs the NAV")
    worth = np.zeros((flat[0], 0)) if nav is None else checked_money("nav", nav).reshape(flat)
    by_class = (flat[0], rows.shape[1], flat[1])
    flows = ClassFlows(np.empty(by_class), np.empty(by_class), np.empty(by_class), np.empty(flat))
    class_batch(called.reshape(flat), paid.reshape(flat), worth, rows, settles, *flows)
    return flows if called.ndim > 1 else ClassFlows(*(array[0] for array in flows))
