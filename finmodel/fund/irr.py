r"""Internal rate of return of dated flows: one fund, many on common dates, many on their own.

The rate per annum ``r > -1`` solves ``sum of flow_i (1 + r)^-(t_i - t_0) = 0`` with times in
years: days / 365 for dates, quarters / 4 in the model. There may be no such rate, or several;
each answer carries a status that says so. Rates are looked for from `LOWEST` to `HIGHEST`.

Which of several rates is given. A fund that returned more than was paid in is read at a
positive rate and one that lost at a negative one: of the roots with the sign of the total flow,
the one nearest 0 in ``|ln(1 + r)|``; if no root has that sign, the nearest of all. It is the most
cautious of the rates that do not contradict the multiple, it is the root where there is only one,
and as flows change it moves without a jump, also through 0 together with the total, but where
roots appear or vanish. A rate out of several ranks funds badly: a multiple or a public market
equivalent should stand in its place.

References
----------
Norstrom (1972), A sufficient condition for a unique nonnegative internal rate of return,
Journal of Financial and Quantitative Analysis 7.
"""

from __future__ import annotations

import math
from enum import IntEnum
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from finmodel.fund import roots as rt
from finmodel.fund.solver import all_roots, solve_common, solve_dated
from finmodel.world.arrays import FloatArray, IntArray

DAYS_PER_YEAR = 365.0
HIGHEST, LOWEST = rt.HIGHEST, rt.LOWEST


class Status(IntEnum):
    """What an internal rate of return is worth.

    Attributes
    ----------
    OK
        One root from `LOWEST` to `HIGHEST`; the rate is that root.
    NONE
        No root: the rate is NaN. All flows of one sign are such a case, among them a total loss.
    SEVERAL
        More than one root in range; the rate is the one the module states.
    ZERO
        No flow, or all are 0: every rate would do, the rate is NaN.
    OUTSIDE
        No root in range, but one below or above it, told by the sign at its end (two on one side
        would not be): the rate is NaN.
    NOT_FINITE
        A flow is NaN or infinite: the rate is NaN.
    """

    OK = rt.OK
    NONE = rt.NONE
    SEVERAL = rt.SEVERAL
    ZERO = rt.ZERO
    OUTSIDE = rt.OUTSIDE
    NOT_FINITE = rt.NOT_FINITE


class Rate(NamedTuple):
    """One rate per annum, its status and the number of roots in range."""

    rate: float
    status: Status
    n_roots: int


class Rates(NamedTuple):
    """Rates per annum, codes of :class:`Status` and numbers of roots, arrays of one shape."""

    rate: FloatArray
    status: IntArray
    n_roots: IntArray


def years_of(dates: ArrayLike) -> FloatArray:
    """Return years from the earliest of some dates, actual days over 365.

    Parameters
    ----------
    dates : array-like of datetime64, date or ISO text, any shape

    Returns
    -------
    ndarray
    """
    days = np.asarray(dates, dtype="datetime64[D]")
    if days.size == 0:
        return np.zeros(days.shape)
    whole = (days - days.min()).astype(np.int64)
    years: FloatArray = whole / DAYS_PER_YEAR
    return years


def irr(flows: ArrayLike, times: ArrayLike) -> Rate:
    """Return the internal rate of return of one fund.

    Parameters
    ----------
    flows : array-like of shape (T,)
        Net flows, any unit: below 0 is paid in, above 0 is got.
    times : array-like of shape (T,)
        Years, in any order; flows of the same date are added up.

    Returns
    -------
    Rate
        Per annum, with status and number of roots.

    Raises
    ------
    ValueError
        If the shapes differ or a time is not finite.
    """
    flow = np.atleast_1d(np.asarray(flows, float))
    rates = irr_dated(flow, times, np.array([0, flow.size]))
    return Rate(float(rates.rate[0]), Status(rates.status[0]), int(rates.n_roots[0]))


def irr_roots(flows: ArrayLike, times: ArrayLike) -> FloatArray:
    """Return every rate per annum at which the flows are worth nothing, in rising order.

    Parameters, order and errors are those of :func:`irr`; the result has shape (n_roots,).
    """
    flow, time, _ = _in_order(flows, times, np.array([0, np.size(flows)]))
    return all_roots(flow, time)


def irr_batch(flows: ArrayLike, times: ArrayLike) -> Rates:
    """Return the rates of many funds whose flows are on common times.

    Parameters
    ----------
    flows : array-like of shape (..., T)
        Net flows, any unit.
    times : array-like of shape (T,)
        Years, rising strictly. Equal steps (the quarters of a run) are several times faster.

    Returns
    -------
    Rates
        Arrays of shape (...).

    Raises
    ------
    ValueError
        If the last axis of `flows` is not as long as `times`, or these do not rise.
    """
    flow, time = np.asarray(flows, float), np.asarray(times, float)
    if time.ndim != 1 or flow.ndim < 1 or flow.shape[-1] != len(time):
        raise ValueError(f"flows (..., T) at times (T,), got {flow.shape} at {time.shape}")
    gaps = np.diff(time)
    if not (np.isfinite(time).all() and (gaps > 0.0).all()):
        raise ValueError("times must be finite and rise strictly")
    since = time - time[:1]
    step = 0.0
    if len(gaps) and np.ptp(gaps) <= 1e-12 * since[-1]:
        step = float(since[-1]) / len(gaps)
    shape = flow.shape[:-1]
    n_funds = math.prod(shape)
    rate, told = np.empty(n_funds), np.empty((n_funds, 2), np.int64)
    solve_common(np.ascontiguousarray(flow).reshape(-1), since, step, rate, told)
    return Rates(rate.reshape(shape), told[:, 0].reshape(shape), told[:, 1].reshape(shape))


def irr_dated(flows: ArrayLike, times: ArrayLike, start: ArrayLike) -> Rates:
    """Return the rates of many funds, each with flows on its own dates.

    Parameters
    ----------
    flows, times : array-like of shape (M,)
        Net flows in any unit and their times in years, fund after fund, a fund's in any order.
    start : array-like of shape (N + 1,)
        Fund i has flows ``start[i]`` to ``start[i + 1]``; it may have none.

    Returns
    -------
    Rates
        Arrays of shape (N,).

    Raises
    ------
    ValueError
        If shapes or offsets do not fit, or a time is not finite.
    """
    flow, time, offsets = _in_order(flows, times, start)
    n_funds = len(offsets) - 1
    rate, told = np.empty(n_funds), np.empty((n_funds, 2), np.int64)
    solve_dated(flow, time, offsets, rate, told)
    return Rates(rate, told[:, 0].copy(), told[:, 1].copy())


def _in_order(
    flows: ArrayLike, times: ArrayLike, start: ArrayLike
) -> tuple[FloatArray, FloatArray, IntArray]:
    flow = np.ascontiguousarray(flows, dtype=float)
    time = np.ascontiguousarray(times, dtype=float)
    offsets = np.ascontiguousarray(start, dtype=np.int64)
    if flow.ndim != 1 or flow.shape != time.shape:
        raise ValueError(f"flows and times of one shape (M,), got {flow.shape} and {time.shape}")
    if not np.isfinite(time).all():
        raise ValueError("times must be finite")
    if offsets.ndim != 1 or len(offsets) < 1 or offsets[0] != 0 or offsets[-1] != len(flow):
        raise ValueError(f"offsets from 0 to {len(flow)}, got {offsets}")
    if (np.diff(offsets) < 0).any():
        raise ValueError("offsets must not fall")
    is_late = np.diff(time) < 0.0
    inner = offsets[(offsets > 0) & (offsets < len(flow))]
    is_late[inner - 1] = False
    if is_late.any():
        fund = np.repeat(np.arange(len(offsets) - 1), np.diff(offsets))
        order = np.lexsort((time, fund))
        flow, time = flow[order], time[order]
    return flow, time, offsets
