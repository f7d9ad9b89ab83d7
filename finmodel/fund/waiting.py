"""Waiting times between a firm's rounds, given that it has waited for a while already.

After a round one of three things comes next: a further round, an exit or a failure, with chance
``p_b`` and a lognormal time with median ``m_b`` and log deviation ``s``. Of a firm that waited
``t`` and saw none of them,

    P(b | T > t) = p_b S_b(t) / sum p_c S_c(t),   S_b(t) = Phi(-ln(t / m_b) / s),
    T = m_b exp(s z),   z = -Phi^-1((1 - u) S_b(t)),   u uniform in (0, 1).

Times are whole quarters, at least one, and rounded: an event that did not come in the `waited`
quarters after the round's own has an unrounded time above ``waited - 1/2``.
"""

from __future__ import annotations

import math

from finmodel.numeric.jit import inner_kernel
from finmodel.numeric.quantiles import normal_quantile
from finmodel.world.arrays import Record

LEAST_CHANCE = 1e-280
"""Of lasting as long as a firm has: below it the next event comes at once."""

ROOT_HALF = 0.7071067811865476


@inner_kernel
def quarters_until(median_years: float, log_sd: float, z: float) -> int:
    """Return a lognormal waiting time in whole quarters, at least one."""
    return max(1, round(4.0 * median_years * math.exp(log_sd * z)))


@inner_kernel
def chance_to_last(median_years: float, log_sd: float, waited: int) -> float:
    """Return the chance that a time rounded to quarters is at least `waited`, from 2 on."""
    bound, median = waited - 0.5, 4.0 * median_years
    if log_sd <= 0.0:
        return 1.0 if median >= bound else 0.0
    return 0.5 * math.erfc(ROOT_HALF * math.log(bound / median) / log_sd)


@inner_kernel
def quarters_given(median_years: float, log_sd: float, u: float, waited: int) -> int:
    """Return a waiting time in quarters from a uniform, at least `waited`."""
    if waited <= 1:
        return quarters_until(median_years, log_sd, normal_quantile(u))
    chance = max(LEAST_CHANCE, chance_to_last(median_years, log_sd, waited))
    z = -normal_quantile((1.0 - u) * chance)
    return max(waited, quarters_until(median_years, log_sd, z))


@inner_kernel
def branches_given(row: Record, waited: int) -> tuple[float, float]:
    """Return the chances of a next round and of an exit of a firm that waited so long."""
    advance, sale = row["advance"], row["sale"]
    if waited <= 1:
        return advance, sale
    log_sd = row["years_log_sd"]
    up = advance * chance_to_last(row["years_to_advance"], log_sd, waited)
    out = sale * chance_to_last(row["years_to_sale"], log_sd, waited)
    down = max(0.0, 1.0 - advance - sale)
    down *= chance_to_last(row["years_to_failure"], log_sd, waited)
    total = up + out + down
    if total <= 0.0:
        return advance, sale
    return up / total, out / total
