r"""Cash flows of one commitment by Takahashi and Alexander: calls, distributions, NAV by year.

With commitment ``CC``, called so far ``PIC``, rate of contribution ``RC_t`` of what is uncalled,
growth ``G``, life ``L``, bow ``B`` and yield ``Y``, at the end of year ``t`` of the fund

    contribution  C_t = RC_t (CC - PIC_t)
    distribution  D_t = max(Y, (t / L)^B) NAV_{t-1} (1 + G)         all of it at t = L
    value         NAV_t = NAV_{t-1} (1 + G) + C_t - D_t

Money called at the end of a year begins to grow in the next; hence the internal rate of return
of the flows with the last NAV is G, whatever the other parameters. What is called at the very
end of the life is still there as the last NAV, as in the paper.

Growth may differ by year and path, for simulated markets: then G is no longer the return.

References
----------
Takahashi & Alexander (2002), Illiquid alternative asset fund modeling, Journal of Portfolio
Management 28; parameters from the working paper of 2001, rows `TA_` of the table
``evidence/cashflow_pacing_fees``.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from finmodel.datasets import read_table
from finmodel.errors import DataError, Problem, nearest_name
from finmodel.world.arrays import FloatArray

TABLE = "evidence/cashflow_pacing_fees"
_METRICS = {
    "growth_pa": "TA_growth_G",
    "life_years": "TA_life_L",
    "first": "TA_RC_year1",
    "second": "TA_RC_year2",
    "later": "TA_RC_later",
    "bow": "TA_bow_B",
    "yield_share": "TA_yield_Y",
}


@dataclass(frozen=True, slots=True)
class Pacing:
    """Parameters of a fund's cash flows.

    Attributes
    ----------
    growth_pa : float
        Growth of NAV per annum, above -1.
    life_years : int
        Years until all is distributed, at least 1.
    call_rates : tuple of float
        Share of the uncalled commitment called in year 1, 2, ...; the last holds from then on.
    bow : float
        Exponent of the rate of distribution, above 0: the higher, the later.
    yield_share : float
        Least share of NAV distributed in a year, in [0, 1].

    Raises
    ------
    ValueError
        If a parameter is out of range.
    """

    growth_pa: float
    life_years: int
    call_rates: tuple[float, ...]
    bow: float
    yield_share: float

    def __post_init__(self) -> None:
        if not self.growth_pa > -1.0:
            raise ValueError(f"growth_pa above -1, got {self.growth_pa}")
        if self.life_years < 1 or self.life_years != int(self.life_years):
            raise ValueError(f"life_years a whole number from 1 on, got {self.life_years}")
        if not self.call_rates or not all(0.0 <= rate <= 1.0 for rate in self.call_rates):
            raise ValueError(f"call_rates in [0, 1], at least one, got {self.call_rates}")
        if not self.bow > 0.0:
            raise ValueError(f"bow above 0, got {self.bow}")
        if not 0.0 <= self.yield_share <= 1.0:
            raise ValueError(f"yield_share in [0, 1], got {self.yield_share}")

    @property
    def calls(self) -> FloatArray:
        """Shares of the commitment called by year of the fund, shape (L,)."""
        padded = self.call_rates + self.call_rates[-1:] * self.life_years
        rates = np.array(padded[: self.life_years])
        left = np.concatenate([[1.0], np.cumprod(1.0 - rates)[:-1]])
        shares: FloatArray = rates * left
        return shares

    @property
    def payout_rates(self) -> FloatArray:
        """Shares of grown NAV distributed by year of the fund, shape (L,); the last is 1."""
        age = np.arange(1, self.life_years + 1) / self.life_years
        rates: FloatArray = np.maximum(self.yield_share, age**self.bow)
        return rates


class CashFlows(NamedTuple):
    """Contributions, distributions and NAV at the ends of years, arrays of shape (..., years)."""

    contributions: FloatArray
    distributions: FloatArray
    nav: FloatArray


def fund_cash_flows(
    pacing: Pacing, commitment: ArrayLike, *, growth_pa: ArrayLike | None = None
) -> CashFlows:
    """Return the cash flows of a commitment over the fund's life.

    Parameters
    ----------
    pacing : Pacing
    commitment : array-like of shape (...)
        Any unit of money.
    growth_pa : array-like of shape (..., L), optional
        Growth by year of the fund in place of the constant one, above -1.

    Returns
    -------
    CashFlows
        In the unit of the commitment, shape (..., L). A NaN commitment or growth stays NaN.

    Raises
    ------
    ValueError
        If `growth_pa` has not one value a year of the life.
    """
    size = np.asarray(commitment, float)
    years = pacing.life_years
    growth = np.asarray(pacing.growth_pa if growth_pa is None else growth_pa, float)
    if growth_pa is not None and (growth.ndim < 1 or growth.shape[-1] != years):
        raise ValueError(f"growth by year (..., {years}), got {growth.shape}")
    growth = np.broadcast_to(growth, (*growth.shape[:-1], years))
    shape = np.broadcast_shapes(size.shape, growth.shape[:-1])
    called = np.broadcast_to(size[..., None] * pacing.calls, (*shape, years))
    given, nav = np.empty((*shape, years)), np.empty((*shape, years))
    value = np.zeros(shape)
    for t, rate in enumerate(pacing.payout_rates):
        grown = value * (1.0 + growth[..., t])
        given[..., t] = rate * grown
        value = grown + called[..., t] - given[..., t]
        nav[..., t] = value
    return CashFlows(called.copy(), given, nav)


@cache
def _sets() -> dict[str, Pacing]:
    table = read_table(TABLE)
    rows = table[table["metric"].isin(list(_METRICS.values()))]
    sets = {}
    for name, group in rows.groupby("stage", sort=False):
        value = dict(zip(group["metric"], group["value"], strict=True))
        given = {key: value[metric] for key, metric in _METRICS.items() if metric in value}
        missing = [key for key in _METRICS if key not in given and key != "second"]
        if missing:
            place = f"{TABLE} {name}"
            raise DataError("pacing", [Problem(place, f"no {', '.join(missing)}", "every metric")])
        later = given["later"]
        sets[str(name)] = Pacing(
            growth_pa=given["growth_pa"],
            life_years=int(given["life_years"]),
            call_rates=(given["first"], given.get("second", later), later),
            bow=given["bow"],
            yield_share=given["yield_share"],
        )
    return sets


def pacing_sets() -> dict[str, Pacing]:
    """Return the published parameter sets by name, such as ``venture`` or ``buyout``.

    A set without a rate for the second year calls at the later rate from then on.

    Raises
    ------
    DataError
        If the table is broken or a set lacks a parameter.
    """
    return dict(_sets())


def pacing_set(name: str) -> Pacing:
    """Return one published parameter set.

    Raises
    ------
    DataError
        If there is none of this name.
    """
    sets = _sets()
    if name not in sets:
        near = nearest_name(name, sets)
        raise DataError("pacing", [Problem(TABLE, repr(name), f"one of {', '.join(sets)}", near)])
    return sets[name]
