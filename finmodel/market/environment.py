"""Step 1: the capital cycle moves.

Log supply follows ``x' = rho x + shock`` with stationary standard deviation `sd`; the
supply of a quarter is its mean times ``exp(x - sd**2 / 2)``, so the cycle has mean one.
"""

from __future__ import annotations

import math

import numpy as np

from finmodel.market.jit import kernel
from finmodel.market.state import Now
from finmodel.market.streams import CYCLE, draw, normal_quantile, uniform52
from finmodel.world.arrays import Record

_NOBODY = np.uint64(0)


@kernel
def move_cycle(rules: Record, level: float, now: Now) -> float:
    """Return the log level of the capital cycle this quarter, given the previous one."""
    a, b, _, _ = draw(now.seed, now.path, CYCLE, now.quarter, _NOBODY, _NOBODY)
    shock = normal_quantile(uniform52(a, b))
    if now.quarter == 0:
        return float(rules["cycle_log_sd"] * shock)
    return float(rules["cycle_persistence"] * level + rules["cycle_shock_sd"] * shock)


@kernel
def supply_factor(rules: Record, level: float) -> float:
    """Return this quarter's capital over its mean, for a log level of the cycle."""
    return math.exp(level - 0.5 * rules["cycle_log_sd"] * rules["cycle_log_sd"])
