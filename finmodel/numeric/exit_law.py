"""The law of exit values: a lognormal body with a capped Pareto tail.

Luck multiplies the median exit value of a firm's route, stage and quality. With
``s = log_sd``, tail share ``q``, tail index ``a``, cap ``H``, normal cdf ``N`` and
``z_q = N^-1(1 - q)``, the tail starts at ``L = min(exp(s z_q), H)`` and

    X(u) = min(exp(s N^-1(u)), L)               if 1 - u >= q         (body)
    X(u) = L (v + (1 - v) (L/H)^a) ^ (-1/a)     with v = (1 - u) / q  (tail)

so that above the threshold ``P(X > x) = q ((L/x)^a - (L/H)^a) / (1 - (L/H)^a)``. The
median is 1 while ``q < 1/2`` and ``H >= 1``. `X` never falls in `u`, has no jump (the tail
begins where the body ends), and ends at `H` exactly. Its density does jump at the
threshold: share and index are chosen apart, as the data on exits come.

A cap below the threshold leaves the tail no room: it collapses to a point at the cap, and
the body is cut there too, so that no exit is ever above the cap. Without a tail
(``q = 0``) the body is used as it is and the cap is not.

These are kernels and check nothing. What they take: ``log_sd >= 0``, ``tail_share`` in
[0, 1), ``tail_index > 0``, ``cap > 0`` (may be infinite), nothing NaN.

References
----------
Arnold (2015), Pareto Distributions, 2nd ed. Scollnik (2007), On composite lognormal-Pareto
models, Scandinavian Actuarial Journal 1. Korteweg & Sorensen (2010), Risk and return
characteristics of venture capital-backed entrepreneurial companies, Review of Financial
Studies 23 (lognormal deal returns).
"""

from __future__ import annotations

import math

from finmodel.numeric.jit import lean_kernel
from finmodel.numeric.quantiles import normal_quantile

_ROOT_HALF = 0.7071067811865476


@lean_kernel
def normal_cdf(z: float) -> float:
    """Return the standard normal distribution function at `z`."""
    return 0.5 * math.erfc(-z * _ROOT_HALF)


@lean_kernel
def tail_start(log_sd: float, tail_share: float, cap: float) -> float:
    """Return the threshold ``L`` between body and tail, a multiple of the median.

    Parameters
    ----------
    log_sd : float
    tail_share : float
        In (0, 1).
    cap : float
        A multiple of the median.
    """
    # The upper quantile by symmetry: 1 - tail_share would lose the digits of a small share.
    return min(math.exp(-log_sd * normal_quantile(tail_share)), cap)


@lean_kernel
def luck_quantile(
    u: float, log_sd: float, tail_share: float, tail_index: float, cap: float
) -> float:
    """Return exit-value luck at the uniform `u`, a multiple of the median.

    Parameters
    ----------
    u : float
        In (0, 1). From one 32-bit word the largest is ``1 - 1.2e-10``, so an uncapped tail
        is in fact cut where its survival is ``1.2e-10``.
    log_sd : float
        Standard deviation of the logarithm of the body.
    tail_share : float
        Share of exits in the tail, in [0, 1).
    tail_index : float
        Pareto index, above 0.
    cap : float
        Largest luck, a multiple of the median; not used if `tail_share` is 0.
    """
    if tail_share <= 0.0:
        return math.exp(log_sd * normal_quantile(u))
    start = tail_start(log_sd, tail_share, cap)
    above = 1.0 - u
    if above >= tail_share:
        return min(math.exp(log_sd * normal_quantile(u)), start)
    v = above / tail_share
    at_cap = math.pow(start / cap, tail_index)
    return min(start * math.pow(v + (1.0 - v) * at_cap, -1.0 / tail_index), cap)


@lean_kernel
def mean_tail(start: float, tail_index: float, cap: float) -> float:
    """Return the mean of a Pareto of index `tail_index` cut to [`start`, `cap`].

    With ``w = ln(cap / start)`` it is ``a start int_0^w exp((1 - a) y) dy / (1 - exp(-a w))``,
    which stays accurate at and around ``a = 1`` and for a cap next to the start. Infinite
    if there is no cap and ``a <= 1``.
    """
    if cap <= start:
        return cap
    width = math.log(cap / start)
    tilt = tail_index - 1.0
    if math.isinf(width):
        return start * tail_index / tilt if tilt > 0.0 else math.inf
    growth = -math.expm1(-tilt * width) / tilt if tilt != 0.0 else width
    return tail_index * start * growth / -math.expm1(-tail_index * width)


@lean_kernel
def mean_luck(log_sd: float, tail_share: float, tail_index: float, cap: float) -> float:
    """Return the mean of exit-value luck, a multiple of the median, in closed form.

    With ``k = ln(L) / s`` it is ``exp(s^2/2) N(k - s) + (1 - q - N(k)) L + q E[tail]``;
    the middle term is the body cut off by a cap below the threshold, else 0.

    Parameters
    ----------
    log_sd, tail_share, tail_index, cap : float
        As in :func:`luck_quantile`.

    Returns
    -------
    float
        Infinite if `cap` is, `tail_share` is above 0 and ``tail_index <= 1``.
    """
    if tail_share <= 0.0:
        return math.exp(0.5 * log_sd * log_sd)
    start = tail_start(log_sd, tail_share, cap)
    tail = tail_share * mean_tail(start, tail_index, cap)
    if log_sd <= 0.0:
        return (1.0 - tail_share) * start + tail
    cut = math.log(start) / log_sd
    body = math.exp(0.5 * log_sd * log_sd) * normal_cdf(cut - log_sd)
    lost = max(0.0, 1.0 - tail_share - normal_cdf(cut))
    return body + lost * start + tail
