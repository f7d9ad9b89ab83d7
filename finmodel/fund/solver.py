"""Loops over funds, compiled: from flows to rates, status codes and numbers of roots.

Scratch is laid out once a call: no fund allocates. Results do not depend on the order of funds
or on what else is in the batch.
"""

from __future__ import annotations

import math

import numpy as np

from finmodel.fund import roots as rt
from finmodel.fund.discounting import Series, rounding_of
from finmodel.numeric.jit import kernel
from finmodel.world.arrays import FloatArray, IntArray


@kernel
def solve_common(
    flow: FloatArray, time: FloatArray, step: float, rate: FloatArray, told: IntArray
) -> None:
    """Fill `rate` (N,) and `told` (N, 2) from flows (N * T,) at common times (T,)."""
    n = len(time)
    roots = np.empty(max(n, 1))
    for i in range(len(rate)):
        series = Series(flow, time, i * n, 0, n, step)
        status, log_rate, n_roots = rt.solve(series, roots)
        rate[i] = math.expm1(log_rate)
        told[i, 0], told[i, 1] = status, n_roots


@kernel
def net_by_date(
    flow: FloatArray, time: FloatArray, begin: int, end: int, net: FloatArray, date: FloatArray
) -> int:
    """Add up flows of the same date; return the number of dates, times from the first on.

    A sum that is 0 but for rounding is 0.
    """
    n = 0
    gross = 0.0
    for k in range(begin, end):
        if n > 0 and time[k] - time[begin] == date[n - 1]:
            gross += abs(flow[k])
            net[n - 1] += flow[k]
            if abs(net[n - 1]) <= rounding_of(2, gross):
                net[n - 1] = 0.0
        else:
            net[n], date[n] = flow[k], time[k] - time[begin]
            gross = abs(flow[k])
            n += 1
    return n


@kernel
def solve_dated(
    flow: FloatArray, time: FloatArray, start: IntArray, rate: FloatArray, told: IntArray
) -> None:
    """Fill `rate` (N,) and `told` (N, 2) from flows and times (M,) of funds in a row."""
    longest = 1
    for i in range(len(rate)):
        longest = max(longest, start[i + 1] - start[i])
    net, date, roots = np.empty(longest), np.empty(longest), np.empty(longest)
    for i in range(len(rate)):
        n = net_by_date(flow, time, start[i], start[i + 1], net, date)
        status, log_rate, n_roots = rt.solve(Series(net, date, 0, 0, n, 0.0), roots)
        rate[i] = math.expm1(log_rate)
        told[i, 0], told[i, 1] = status, n_roots


@kernel
def all_roots(flow: FloatArray, time: FloatArray) -> FloatArray:
    """Return every root of one fund as rates per annum, in rising order."""
    longest = max(len(flow), 1)
    net, date, roots = np.empty(longest), np.empty(longest), np.empty(longest)
    n = net_by_date(flow, time, 0, len(flow), net, date)
    _, _, n_roots = rt.solve(Series(net, date, 0, 0, n, 0.0), roots)
    return np.expm1(roots[:n_roots])
