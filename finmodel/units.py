"""Unit conversions, stated once.

Money is in million CNY at constant prices; the period is one quarter; rates are per
annum unless a name says otherwise.
"""

from __future__ import annotations

import math

QUARTERS_PER_YEAR = 4
MCNY_PER_BN = 1_000.0
MCNY_PER_YI = 100.0
"""Million CNY in one yi (100 million)."""


def rate_per_quarter(rate_pa: float) -> float:
    """Return the constant-hazard rate of one quarter for a rate per annum."""
    return rate_pa / QUARTERS_PER_YEAR


def discount_factor(rate_pa: float, years: float) -> float:
    """Return the value now of one yuan in `years` at an annual rate: ``(1 + r) ** -years``."""
    return math.pow(1.0 + rate_pa, -years)


def discount_per_quarter(rate_pa: float) -> float:
    """Return the one-quarter discount factor ``(1 + r) ** (-1/4)`` of an annual rate `r`."""
    return math.pow(1.0 + rate_pa, -1.0 / QUARTERS_PER_YEAR)
