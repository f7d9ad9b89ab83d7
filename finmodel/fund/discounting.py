r"""What dated flows are worth at a rate, compiled: the log ratio and its two durations.

Flows are split into what was got (above 0) and what was paid (below 0). At the log rate
``u = ln(1 + r)`` each side has a present value and a duration, its mean time of payment:

    G(u) = sum of got_i e^(-u t_i)         D_G(u) = sum of t_i got_i e^(-u t_i) / G(u)

and the same of paid, ``P`` and ``D_P``. The flows are worth nothing where the *log ratio*

    phi(u) = ln G(u) - ln P(u)

is 0. It has the same roots as the net present value, and is better to search: it does not
depend on the unit of money, it is a straight line if there is one payment a side, its slope
is ``D_P - D_G``, and as both durations fall as the rate rises (their derivatives are minus
variances), the durations at the ends of an interval bound the slope all over it.

Each side is discounted to its own first date at rates above 0 and to its last below, so that
nothing overflows and no side vanishes.

References
----------
Macaulay (1938), Some Theoretical Problems Suggested by the Movements of Interest Rates, Bond
Yields and Stock Prices in the United States since 1856 (duration).
"""

from __future__ import annotations

import math
from typing import NamedTuple

from finmodel.numeric.jit import inner_kernel, lean_kernel
from finmodel.world.arrays import FloatArray

_TINY = 1e-280


class Series(NamedTuple):
    """The flows of one fund, as a part of longer arrays.

    Attributes
    ----------
    flow : ndarray of shape (M,)
        Any unit of money; above 0 is got, below 0 is paid.
    time : ndarray of shape (K,)
        Years, rising strictly over the part.
    first, first_time : int
        Where the part begins in `flow` and in `time`.
    n : int
        How many flows it has.
    step : float
        Years from a flow to the next; 0 if that is not always the same.
    """

    flow: FloatArray
    time: FloatArray
    first: int
    first_time: int
    n: int
    step: float


class Point(NamedTuple):
    """The flows at one rate: `log_rate`, `ratio` (phi), `got` and `paid` (durations, years)."""

    log_rate: float
    ratio: float
    got: float
    paid: float


class Profile(NamedTuple):
    """The flows at rate 0.

    Attributes
    ----------
    got, paid : float
        Sums, both positive.
    total : float
        What was got less what was paid.
    start : float
        First guess of the log rate, NaN if there is none.
    first_sign, last_sign : float
        Flows of the first and the last date that is not 0; 0 if all are.
    changes, opening_changes, closing_changes : int
        Changes of sign of the flows, of their sums from the first date on, and of their sums
        up to the last date.
    """

    got: float
    paid: float
    total: float
    start: float
    first_sign: float
    last_sign: float
    changes: int
    opening_changes: int
    closing_changes: int


@lean_kernel
def halley_start(ratio: float, slope: float, bend: float) -> float:
    """Return a Halley step from 0 down a function with this value, slope and curvature."""
    newton = -ratio / slope
    damping = 1.0 + 0.5 * newton * bend / slope
    return newton / damping if damping > 0.5 else newton


@lean_kernel
def rounding_of(n: int, gross: float) -> float:
    """Return below what a sum of `n` flows that are `gross` without signs is called 0."""
    return 2.3e-16 * n * gross


@inner_kernel
def is_opposite(a: float, b: float) -> bool:
    """Return whether two numbers have different signs and neither is 0."""
    return (min(a, b) < 0.0) & (max(a, b) > 0.0)


@lean_kernel
def profile_of(series: Series) -> Profile:
    """Return sums, signs and a first guess, in one pass.

    A sum that is 0 but for rounding may count as a change: counts bound the roots from above.
    """
    got = got_1 = got_2 = paid = paid_1 = paid_2 = opening = closing = 0.0
    before = opening_before = closing_before = first_sign = 0.0
    changes = opening_changes = closing_changes = 0
    last = series.first + series.n - 1
    for k in range(series.n):
        flow = series.flow[series.first + k]
        time = series.time[series.first_time + k]
        plus, minus = max(flow, 0.0), max(-flow, 0.0)
        got += plus
        got_1 += plus * time
        got_2 += plus * time * time
        paid += minus
        paid_1 += minus * time
        paid_2 += minus * time * time
        changes += is_opposite(flow, before)
        before = flow if flow != 0.0 else before
        first_sign = first_sign if first_sign != 0.0 else flow
        opening += flow
        opening_changes += is_opposite(opening, opening_before)
        opening_before = opening if opening != 0.0 else opening_before
        closing += series.flow[last - k]
        closing_changes += is_opposite(closing, closing_before)
        closing_before = closing if closing != 0.0 else closing_before
    start = math.nan
    if got > 0.0 and paid > 0.0:
        late, soon = got_1 / got, paid_1 / paid
        bend = (got_2 / got - late * late) - (paid_2 / paid - soon * soon)
        start = halley_start(math.log(got / paid), soon - late, bend)
    return Profile(
        got, paid, opening, start, first_sign, before, changes, opening_changes, closing_changes
    )


@lean_kernel
def grid_point(series: Series, log_rate: float) -> Point:
    """Return the point of flows at equal steps, by Horner's rule on odd and even steps apart.

    The two halves do not wait for one another. The ratio is NaN if a side is lost: its
    payments are too far from the end to which all are discounted.
    """
    x = math.exp(-abs(log_rate) * series.step)
    y = x * x
    way = 1 if log_rate < 0.0 else -1
    at = series.first if log_rate < 0.0 else series.first + series.n - 1
    even = even_1 = even_paid = even_paid_1 = 0.0
    odd = odd_1 = odd_paid = odd_paid_1 = 0.0
    if series.n % 2 == 1:
        even, even_paid = max(series.flow[at], 0.0), max(-series.flow[at], 0.0)
        at += way
    for _ in range(series.n // 2):
        flow, nearer = series.flow[at], series.flow[at + way]
        at += 2 * way
        odd_1 = odd_1 * y + odd
        odd_paid_1 = odd_paid_1 * y + odd_paid
        odd = odd * y + max(flow, 0.0)
        odd_paid = odd_paid * y + max(-flow, 0.0)
        even_1 = even_1 * y + even
        even_paid_1 = even_paid_1 * y + even_paid
        even = even * y + max(nearer, 0.0)
        even_paid = even_paid * y + max(-nearer, 0.0)
    got, paid = even + x * odd, even_paid + x * odd_paid
    if not (got > _TINY and paid > _TINY):
        return Point(log_rate, math.nan, math.nan, math.nan)
    late = (2.0 * y * (even_1 + x * odd_1) + x * odd) / got * series.step
    soon = (2.0 * y * (even_paid_1 + x * odd_paid_1) + x * odd_paid) / paid * series.step
    if log_rate < 0.0:
        span = series.step * (series.n - 1)
        late, soon = span - late, span - soon
    return Point(log_rate, math.log(got / paid), late, soon)


@inner_kernel
def anchor(series: Series, sign: float, is_last: bool) -> float:
    """Return the first or the last date at which a flow has this sign, years."""
    for k in range(series.n):
        j = series.n - 1 - k if is_last else k
        if series.flow[series.first + j] * sign > 0.0:
            return float(series.time[series.first_time + j])
    return math.nan


@lean_kernel
def dated_point(series: Series, log_rate: float) -> Point:
    """Return the point of flows at any dates, one exponential each."""
    is_last = log_rate < 0.0
    got_from = anchor(series, 1.0, is_last)
    paid_from = anchor(series, -1.0, is_last)
    got = got_1 = paid = paid_1 = 0.0
    for k in range(series.n):
        flow, time = series.flow[series.first + k], series.time[series.first_time + k]
        if flow > 0.0:
            part = flow * math.exp(-log_rate * (time - got_from))
            got += part
            got_1 += part * time
        elif flow < 0.0:
            part = -flow * math.exp(-log_rate * (time - paid_from))
            paid += part
            paid_1 += part * time
    ratio = math.log(got / paid) - log_rate * (got_from - paid_from)
    return Point(log_rate, ratio, got_1 / got, paid_1 / paid)


@lean_kernel
def point_at(series: Series, log_rate: float) -> Point:
    """Return log ratio and durations at a log rate; the series has flows of both signs."""
    if series.step > 0.0:
        point = grid_point(series, log_rate)
        if not math.isnan(point.ratio):
            return point
    return dated_point(series, log_rate)
