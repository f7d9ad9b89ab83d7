"""An LP's programme of commitments on simulated funds: every vintage its own draws.

Fund ``(p V + v) F + f`` of the simulated ones is fund ``f`` of vintage ``v`` on path ``p``; a
vintage's commitment is shared by its F funds in equal parts. Vintages begin at the start of their
year and are told at the ends of years.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from finmodel.fund import desk as col
from finmodel.fund.ladder import Ladder
from finmodel.fund.outcome import PlanOutcome
from finmodel.units import QUARTERS_PER_YEAR
from finmodel.world.arrays import FloatArray


class FundYears(NamedTuple):
    """Years of N simulated funds for one class of LPs, of its commitment, arrays (N, L)."""

    called: FloatArray
    got: FloatArray
    nav: FloatArray


def fund_years(outcome: PlanOutcome, lp: str) -> FundYears:
    """Return what a class of LPs paid, got and held by year of every fund's life.

    Parameters
    ----------
    outcome : PlanOutcome
    lp : str
        Name of the class. What it pays for the stake of another is a call; its NAV is its part
        of the firms' marks, before carry and clauses, and nothing after its stake is sold.
    """
    plan = outcome.plan
    place = list(plan.lps).index(lp)
    share = plan.lps[lp].commitment_share.centre * (1.0 - plan.fund.gp_commitment_share.centre)
    commitment = share * plan.fund.commitment_mcny.centre
    flows = outcome.classes
    net = flows.received[:, place] + flows.bought[:, place]
    called = flows.calls[:, place] + np.maximum(0.0, -net)
    is_there = np.cumsum(np.maximum(0.0, flows.bought[:, place]), axis=1) == 0.0
    nav = share * outcome.run.flows[..., col.NAV] * is_there
    ends = _by_year(nav)[..., -1]
    got = np.maximum(0.0, net)
    return FundYears(
        _by_year(called).sum(axis=2) / commitment,
        _by_year(got).sum(axis=2) / commitment,
        ends / commitment,
    )


def _by_year(values: FloatArray) -> FloatArray:
    """Return quarters (N, Q) by year (N, L, 4); quarters after the end are 0."""
    n_years = -(-values.shape[1] // QUARTERS_PER_YEAR)
    whole = np.zeros((len(values), n_years * QUARTERS_PER_YEAR))
    whole[:, : values.shape[1]] = values
    return whole.reshape(len(values), n_years, QUARTERS_PER_YEAR)


def simulated_ladder(
    funds: FundYears, commitments: ArrayLike, *, funds_a_year: int, years: int
) -> Ladder:
    """Return calls, distributions, NAV and unfunded commitments of all vintages on every path.

    Parameters
    ----------
    funds : FundYears
        Of P * V * F simulated funds.
    commitments : array-like of shape (V,)
        One vintage a year from year 0 on.
    funds_a_year : int
        F.
    years : int
        Years told, from year 0 on.

    Returns
    -------
    Ladder
        Shape (P, years), in the unit of the commitments. What is uncalled lapses at the end of a
        fund's life.

    Raises
    ------
    ValueError
        If the simulated funds are not whole paths.
    """
    size = np.asarray(commitments, float)
    n_funds, life = funds.called.shape
    if n_funds % (len(size) * funds_a_year):
        raise ValueError(
            f"whole paths of {len(size)} vintages of {funds_a_year} funds, got {n_funds} funds"
        )
    shape = (-1, len(size), funds_a_year, life)
    called, got, nav = (values.reshape(shape).mean(axis=2) for values in funds)
    unfunded = np.maximum(0.0, 1.0 - np.cumsum(called, axis=2))
    unfunded[..., -1] = 0.0
    total = Ladder(*(np.zeros((len(called), years)) for _ in Ladder._fields))
    for vintage, amount in enumerate(size[:years]):
        n = min(life, years - vintage)
        for held, part in zip(total, (called, got, nav, unfunded), strict=True):
            held[:, vintage : vintage + n] += amount * part[:, vintage, :n]
    return total


def reserve_needed(contributions: ArrayLike, income: ArrayLike, *, return_pa: float) -> FloatArray:
    """Return the least reserve at the beginning that never runs out.

    Parameters
    ----------
    contributions, income : array-like of shape (..., years)
        At the ends of years.
    return_pa : float
        Of the reserve, above -1.

    Returns
    -------
    ndarray of shape (...)
        At least 0: the largest present value of net payments up to any year.
    """
    net = np.asarray(contributions, float) - np.asarray(income, float)
    discount = (1.0 + return_pa) ** -np.arange(1.0, net.shape[-1] + 1.0)
    return np.asarray(np.maximum(0.0, np.cumsum(net * discount, axis=-1).max(axis=-1)))
