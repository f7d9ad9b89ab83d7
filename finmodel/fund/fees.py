"""Management fees and costs of a fund by quarter.

A fee has steps: from a quarter on, a rate per annum of a base, until the next step. With
commitment ``C``, cost of unrealised investments ``V`` and value of the portfolio ``N``, both at
the start of the quarter in which a fee is billed, the fee of that bill is

    sum over the quarters it pays for of rate_pa / 4 * base.

Conventions, where funds differ:

- fees are billed in advance, `bills_pa` times a year from first closing; a bill counts each
  quarter at that quarter's own rate and ends with the fund's life, so nothing is refunded;
- fees and costs are paid out of the commitment, not on top of it;
- the invested base is cost: no write-ups, and what was sold or written off has left it;
- the value base is that of the portfolio, without cash of the fund;
- extension years are charged by the steps that begin at or after the end of the term, and
  there must be one at the end of the term: no rate carries over into an extension;
- costs run until the end of the life, quarterly in advance; the set-up cost falls due at once.

References
----------
Metrick & Yasuda (2010), The economics of private equity funds, Review of Financial Studies 23:
fees on committed and on invested capital, step-downs, lifetime fees.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import ArrayLike

from finmodel.units import QUARTERS_PER_YEAR
from finmodel.world.arrays import FloatArray, Table

CHARGE_ROW = np.dtype(
    [
        ("fee_committed", "f8"),  # fee billed this quarter, of the commitment
        ("fee_invested", "f8"),  # of the cost of unrealised investments
        ("fee_nav", "f8"),  # of the value of the portfolio
        ("cost", "f8"),  # costs due this quarter, mcny
        ("cost_share", "f8"),  # of the commitment
        ("later", "f8"),  # costs of all later quarters, mcny
        ("later_share", "f8"),  # costs and fees of all later quarters, of the commitment
    ]
)
"""What a fund owes in one quarter, per unit of what it is reckoned on."""


class FeeBase(IntEnum):
    """What a fee is reckoned on; the order is that of the columns of `CHARGE_ROW`."""

    COMMITTED = 0
    INVESTED = 1
    NAV = 2


@dataclass(frozen=True, slots=True)
class FeeStep:
    """A rate and its base from a quarter on.

    Attributes
    ----------
    from_quarter : int
        Quarters since first closing, at least 0.
    rate_pa : float
        At least 0, of the base per annum.
    base : FeeBase
    """

    from_quarter: int
    rate_pa: float
    base: FeeBase


@dataclass(frozen=True, slots=True)
class FeeTerms:
    """The management fee over the life of a fund.

    Attributes
    ----------
    steps : tuple of FeeStep
        In rising order, the first from quarter 0. Steps at or after the end of the term are
        those of the extension, and rest if there is none.
    term_quarters : int
        At least 1.
    extension_quarters : int
        At least 0. With an extension a step must begin at `term_quarters`.
    bills_pa : int
        1, 2 or 4.

    Raises
    ------
    ValueError
        If a term is out of range.
    """

    steps: tuple[FeeStep, ...]
    term_quarters: int
    extension_quarters: int
    bills_pa: int

    def __post_init__(self) -> None:
        starts = [step.from_quarter for step in self.steps]
        if not starts or starts[0] != 0 or sorted(set(starts)) != starts:
            raise ValueError(f"steps from quarter 0 on, in rising order, got starts {starts}")
        rates = [step.rate_pa for step in self.steps]
        if not all(0.0 <= rate < math.inf for rate in rates):
            raise ValueError(f"rate_pa from 0 on, finite, got {rates}")
        if self.term_quarters < 1 or self.extension_quarters < 0:
            given = f"{self.term_quarters} and {self.extension_quarters}"
            raise ValueError(f"term_quarters from 1 and extension_quarters from 0 on, got {given}")
        if self.extension_quarters > 0 and self.term_quarters not in starts:
            raise ValueError(f"a step for the extension from quarter {self.term_quarters} on")
        if self.bills_pa not in (1, 2, 4):
            raise ValueError(f"bills_pa 1, 2 or 4, got {self.bills_pa}")

    @property
    def life_quarters(self) -> int:
        """Term and extension."""
        return self.term_quarters + self.extension_quarters


@dataclass(frozen=True, slots=True)
class CostTerms:
    """Costs a fund bears besides the fee, each at least 0.

    Attributes
    ----------
    set_up_mcny : float
        Once, at first closing.
    running_mcny_pa : float
        Per annum until the end of the life.
    running_share_pa : float
        Per annum, of the commitment.

    Raises
    ------
    ValueError
        If one is below 0 or not finite.
    """

    set_up_mcny: float
    running_mcny_pa: float
    running_share_pa: float

    def __post_init__(self) -> None:
        given = (self.set_up_mcny, self.running_mcny_pa, self.running_share_pa)
        if not all(0.0 <= value < math.inf for value in given):
            raise ValueError(f"costs from 0 on, finite, got {given}")


def charge_table(fees: FeeTerms, costs: CostTerms, *, n_quarters: int) -> Table:
    """Return what a fund owes by quarter, shape (n_quarters,), for kernels and closed forms.

    Parameters
    ----------
    fees : FeeTerms
    costs : CostTerms
    n_quarters : int
        At least the life of the fund, so that no charge is lost; nothing is due after it.

    Raises
    ------
    ValueError
        If `n_quarters` is below the life.
    """
    life = fees.life_quarters
    if n_quarters < life:
        raise ValueError(f"n_quarters at least the life of {life}, got {n_quarters}")
    table = np.zeros(n_quarters, CHARGE_ROW)
    names = ("fee_committed", "fee_invested", "fee_nav")
    ends = [step.from_quarter for step in fees.steps[1:]] + [life]
    period = QUARTERS_PER_YEAR // fees.bills_pa
    for begin in range(0, life, period):
        for step, end in zip(fees.steps, ends, strict=True):
            first, last = max(begin, step.from_quarter), min(begin + period, end, life)
            paid_for = max(0, last - first)
            table[names[step.base]][begin] += step.rate_pa * paid_for / QUARTERS_PER_YEAR
    table["cost"][:life] = costs.running_mcny_pa / QUARTERS_PER_YEAR
    table["cost"][0] += costs.set_up_mcny
    table["cost_share"][:life] = costs.running_share_pa / QUARTERS_PER_YEAR
    table["later"] = _after(table["cost"])
    table["later_share"] = _after(table["cost_share"] + table["fee_committed"])
    return table


def cost_path(charges: Table, commitment: ArrayLike) -> FloatArray:
    """Return the costs by quarter, shape (..., T), of commitments of shape (...), million CNY."""
    size = np.asarray(commitment, float)[..., None]
    result: FloatArray = charges["cost"] + charges["cost_share"] * size
    return result


def _after(values: FloatArray) -> FloatArray:
    """Return the sum of all later values, shape (T,); the last is 0."""
    later = np.zeros_like(values)
    later[:-1] = np.cumsum(values[:0:-1])[::-1]
    return later
