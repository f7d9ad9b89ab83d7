r"""All rates at which dated flows are worth nothing, compiled.

With ``u = ln(1 + r)`` the number of roots is bounded by counting changes of sign:

- all roots: changes of sign of the flows (Descartes' rule; it holds for any real dates);
- roots ``u > 0``: changes of sign of the sums of flows from the first date on, for
  ``sum of flow_i e^(-u t_i) = u * integral of e^(-u t) (flows up to t) dt`` and that integral
  has no more positive roots than its function has changes of sign (Norstrom's rule);
- roots ``u < 0``: likewise of the sums up to the last date, by turning time around.

The signs of the value at 0 and at the ends settle whether an odd bound of one is met. So no
search is needed if the flows change sign once, or both sums at most once: the usual fund.

Otherwise the line is walked in steps. A step is settled if the slope of the log ratio cannot
vanish in it (its ends then tell whether there is a root), or if the slope cannot bring the
log ratio to 0 in it. Bounds of the slope come from durations (:mod:`finmodel.fund.discounting`);
a step that is not settled is cut to a quarter. Steps of `RESOLUTION` that remain lie where the
ratio touches 0, or nearly: neighbours are put together and hold one root if the ratio changes
sign over them or its extremum is within `TOUCH` of 0. Roots nearer to one another than about
`RESOLUTION` are hence counted once. No other root is missed, up to rounding.

References
----------
Norstrom (1972), A sufficient condition for a unique nonnegative internal rate of return,
Journal of Financial and Quantitative Analysis 7. Polya & Szego (1976), Problems and Theorems in
Analysis II, part V (sign changes of generalised Dirichlet polynomials and Laplace transforms).
"""

from __future__ import annotations

import math

from finmodel.fund.discounting import (
    Point,
    Series,
    point_at,
    profile_of,
    rounding_of,
)
from finmodel.numeric.jit import inner_kernel, lean_kernel
from finmodel.world.arrays import FloatArray

LOWEST, HIGHEST = -0.999999, 1e6
"""Rates per annum between which roots are counted."""
LOW, HIGH = math.log1p(LOWEST), math.log1p(HIGHEST)
RESOLUTION = 1e-6
"""Of log rates: roots nearer to one another are counted once."""
TOUCH = 1e-13
"""Of log ratios: what touches 0."""

OK, NONE, SEVERAL, ZERO, OUTSIDE, NOT_FINITE = 0, 1, 2, 3, 4, 5


@lean_kernel
def polish(series: Series, low: float, high: float, is_low_positive: bool, start: float) -> float:
    """Return a root by Newton's method, kept in a bracket.

    Parameters
    ----------
    series : Series
    low, high : float
        Log rates. An end not known to be past the root is tried before it is relied on.
    is_low_positive : bool
        Whether the log ratio is above 0 towards `low`; it is not towards `high`, or beyond.
    start : float
        NaN to start in the middle.

    Returns
    -------
    float
        NaN if the root is not between the ends.
    """
    u = min(max(start, low), high) if not math.isnan(start) else 0.5 * (low + high)
    is_low_open = is_high_open = True
    slope_before = step = math.nan
    for _ in range(200):
        here = point_at(series, u)
        if here.ratio == 0.0:
            return u
        if (here.ratio > 0.0) == is_low_positive:
            if u >= high:
                return math.nan
            low, is_low_open = u, False
        else:
            if u <= low:
                return math.nan
            high, is_high_open = u, False
        slope = here.paid - here.got
        target = math.nan
        if slope != 0.0:
            bend = abs((slope - slope_before) / (2.0 * slope * step))
            target = u - here.ratio / slope
            if bend * (target - u) ** 2 <= 1e-16 and low < target < high:
                return target
        if not low < target < high:
            if is_high_open and (target >= high or not is_low_open):
                target = high
            else:
                target = low if is_low_open else 0.5 * (low + high)
        if abs(target - u) <= 2.3e-16 * max(1.0, abs(u)):
            return target
        slope_before, step, u = slope, target - u, target
    return u


@inner_kernel
def is_clear(left: Point, right: Point) -> bool:
    """Return whether the slope cannot bring a log ratio of one sign to 0 between two points."""
    falls, rises = left.got - right.paid, left.paid - right.got
    if left.ratio < 0.0:
        falls, rises = rises, falls
    width = right.log_rate - left.log_rate
    return abs(left.ratio) * rises + abs(right.ratio) * falls > width * falls * rises


@lean_kernel
def touching_root(series: Series, left: Point, right: Point) -> float:
    """Return the root in an interval too narrow to split; NaN if the ratio stays off 0."""
    if (left.ratio >= 0.0) != (right.ratio >= 0.0):
        return polish(series, left.log_rate, right.log_rate, left.ratio >= 0.0, math.nan)
    low, high = left.log_rate, right.log_rate
    is_rising = left.paid > left.got
    here = left
    for _ in range(40):
        here = point_at(series, 0.5 * (low + high))
        if (here.paid > here.got) == is_rising:
            low = here.log_rate
        else:
            high = here.log_rate
    is_crossed = (here.ratio >= 0.0) != (left.ratio >= 0.0)
    return here.log_rate if is_crossed or abs(here.ratio) <= TOUCH else math.nan


@lean_kernel
def add_root(roots: FloatArray, n_roots: int, root: float) -> int:
    """Append a root unless it is NaN or the last one again; return how many there are."""
    if math.isnan(root) or n_roots >= len(roots):
        return n_roots
    if n_roots > 0 and abs(root - roots[n_roots - 1]) <= RESOLUTION:
        return n_roots
    roots[n_roots] = root
    return n_roots + 1


@lean_kernel
def scan(series: Series, low: float, high: float, roots: FloatArray, n_roots: int) -> int:
    """Append all roots between two log rates in rising order; return how many there are now."""
    left = point_at(series, low)
    doubt = left
    is_in_doubt = False
    width = (high - low) / 8.0
    while left.log_rate < high:
        right = point_at(series, min(left.log_rate + width, high))
        is_crossing = (left.ratio >= 0.0) != (right.ratio >= 0.0)
        is_steep = right.paid > left.got or left.paid < right.got
        if is_steep or (not is_crossing and is_clear(left, right)):
            if is_in_doubt:
                n_roots = add_root(roots, n_roots, touching_root(series, doubt, left))
                is_in_doubt = False
            if is_crossing:
                root = polish(series, left.log_rate, right.log_rate, left.ratio >= 0.0, math.nan)
                n_roots = add_root(roots, n_roots, root)
            left = right
            width *= 2.0
        elif width > RESOLUTION:
            width = max(0.25 * width, RESOLUTION)
        else:
            if not is_in_doubt:
                doubt, is_in_doubt = left, True
            left = right
    if is_in_doubt:
        n_roots = add_root(roots, n_roots, touching_root(series, doubt, left))
    return n_roots


@lean_kernel
def chosen(roots: FloatArray, n_roots: int, total: float) -> float:
    """Return the root nearest 0 of those with the sign of the total, or of all."""
    best = math.nan
    is_best_right = False
    for j in range(n_roots):
        is_right = roots[j] * total > 0.0
        if (
            math.isnan(best)
            or (is_right and not is_best_right)
            or (is_right == is_best_right and abs(roots[j]) <= abs(best))
        ):
            best, is_best_right = roots[j], is_right
    return best


@lean_kernel
def solve(series: Series, roots: FloatArray) -> tuple[int, float, int]:
    """Find all roots of a series.

    Parameters
    ----------
    series : Series
    roots : ndarray of shape (n,)
        Filled with log rates in rising order.

    Returns
    -------
    status, log_rate, n_roots : int, float, int
        `log_rate` is the root chosen, NaN if there is none.
    """
    profile = profile_of(series)
    if not math.isfinite(profile.total) or not math.isfinite(profile.got + profile.paid):
        return NOT_FINITE, math.nan, 0
    if profile.got + profile.paid == 0.0:
        return ZERO, math.nan, 0
    if profile.changes == 0:
        return NONE, math.nan, 0
    first_plus, last_plus = profile.first_sign > 0.0, profile.last_sign > 0.0
    if profile.changes == 1:
        root = polish(series, LOW, HIGH, last_plus, profile.start)
        roots[0] = root
        return (OUTSIDE, root, 0) if math.isnan(root) else (OK, root, 1)
    n_roots, is_outside = 0, False
    noise = rounding_of(series.n, profile.got + profile.paid)
    if abs(profile.total) <= noise:
        n_roots = scan(series, LOW, HIGH, roots, 0)
    else:
        is_plus = profile.total > 0.0
        if profile.closing_changes > 1:
            n_roots = scan(series, LOW, 0.0, roots, 0)
        elif last_plus != is_plus:
            n_roots = add_root(roots, 0, polish(series, LOW, 0.0, last_plus, profile.start))
        if profile.opening_changes > 1:
            n_roots = scan(series, 0.0, HIGH, roots, n_roots)
        elif first_plus != is_plus:
            root = polish(series, 0.0, HIGH, is_plus, profile.start)
            n_roots = add_root(roots, n_roots, root)
    if n_roots == 0:
        is_outside = (point_at(series, LOW).ratio > 0.0) != last_plus
        is_outside |= (point_at(series, HIGH).ratio > 0.0) != first_plus
        return (OUTSIDE if is_outside else NONE), math.nan, 0
    return (OK if n_roots == 1 else SEVERAL), chosen(roots, n_roots, profile.total), n_roots
