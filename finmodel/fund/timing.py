r"""How long the money was away: the J-curve and the time to a DPI.

Contributions and distributions are both positive, of shape (..., T) on common dates. Cumulative
flows are read between dates as if each flow ran evenly from the date before it, so a level is
reached at the linear interpolation of the cumulative flow. NAV does not count: this is money.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from finmodel.fund.metrics import quotient
from finmodel.world.arrays import FloatArray, IntArray


class JCurve(NamedTuple):
    """The lowest point of the cumulative net flow and the return to 0.

    Attributes
    ----------
    depth : ndarray of shape (...)
        Lowest cumulative net flow as a share of the commitment, at most 0.
    depth_time : ndarray of shape (...)
        Its date, the first if several, years.
    breakeven_time : ndarray of shape (...)
        From when on the cumulative net flow is never again below 0, years; NaN if it ends there.
    """

    depth: FloatArray
    depth_time: FloatArray
    breakeven_time: FloatArray


def time_to_dpi(
    contributions: ArrayLike, distributions: ArrayLike, *, times: ArrayLike, level: float
) -> FloatArray:
    """Return when DPI first reached a level.

    Parameters
    ----------
    contributions, distributions : array-like of shape (..., T)
    times : array-like of shape (T,)
        Years, rising.
    level : float
        Above 0; 1 for the return of what was paid in by then.

    Returns
    -------
    ndarray of shape (...)
        Years from the first contribution, interpolated linearly in ``cumulative D - level *
        cumulative C``; NaN if never.
    """
    paid = np.cumsum(np.asarray(contributions, float), axis=-1)
    ahead = np.cumsum(np.asarray(distributions, float), axis=-1) - level * paid
    time = np.asarray(times, float)
    begin = time[np.argmax(paid > 0.0, axis=-1)]
    is_there = (ahead >= 0.0) & (paid > 0.0)
    reached = _crossing(ahead, time, np.argmax(is_there, axis=-1))
    is_lost = np.isnan(ahead).any(axis=-1) | ~is_there.any(axis=-1)
    return np.where(is_lost, np.nan, np.maximum(reached - begin, 0.0))


def j_curve(
    contributions: ArrayLike,
    distributions: ArrayLike,
    *,
    times: ArrayLike,
    commitment: ArrayLike,
) -> JCurve:
    """Return depth, date of the depth and breakeven of the cumulative net flow.

    Parameters
    ----------
    contributions, distributions : array-like of shape (..., T)
    times : array-like of shape (T,)
        Years, rising.
    commitment : array-like of shape (...)

    Returns
    -------
    JCurve
        The depth is NaN if the commitment is 0, dates are NaN if there was no contribution.
        NAV does not count: this is money.
    """
    paid, got = np.asarray(contributions, float), np.asarray(distributions, float)
    time, net = np.asarray(times, float), np.cumsum(got - paid, axis=-1)
    lowest = np.minimum(net.min(axis=-1), 0.0)
    is_void = np.isnan(net).any(axis=-1) | ~(paid > 0.0).any(axis=-1)
    is_short = net < 0.0
    n_dates = net.shape[-1]
    last_short = n_dates - 1 - np.argmax(is_short[..., ::-1], axis=-1)
    back = np.where(is_short.any(axis=-1), last_short + 1, 0)
    breakeven = _crossing(net, time, np.minimum(back, n_dates - 1))
    is_never = is_void | (back >= n_dates)
    return JCurve(
        quotient(lowest, commitment),
        np.where(is_void, np.nan, time[np.argmin(net, axis=-1)]),
        np.where(is_never, np.nan, breakeven),
    )


def _crossing(level: FloatArray, time: FloatArray, at: IntArray) -> FloatArray:
    """Return when `level` came to 0 on its way to entry `at`; the date itself if it was there."""
    before = np.maximum(at - 1, 0)
    low = np.take_along_axis(level, before[..., None], axis=-1)[..., 0]
    high = np.take_along_axis(level, at[..., None], axis=-1)[..., 0]
    share = np.where(low < 0.0, quotient(-low, high - low), 1.0)
    result: FloatArray = time[before] + share * (time[at] - time[before])
    return result
