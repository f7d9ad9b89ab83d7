"""Tables of a fund of funds: who gets what, the treasury's years, size, and other clauses.

Standard errors and quantiles are those of :mod:`finmodel.measure.fund_plan`. Sub-funds of a path
have luck of their own: nothing common to all of them, as a bad market, is in a law of stages. So
the spread over paths is the least that a fund of funds has to reckon with. With a simulated market
all sub-funds of a path are in one market, and share it.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from finmodel.fund.fund_of_funds import Nest, n_sub_funds, settle_nest, upper_of
from finmodel.fund.layer_paths import on_calendar
from finmodel.fund.layers import Party
from finmodel.fund.metrics import quotient
from finmodel.fund.outcome import PlanOutcome
from finmodel.fund.plan_arrays import in_quarters
from finmodel.fund.pme import ks_pme
from finmodel.fund.risk import Estimate
from finmodel.fund.timing import j_curve, time_to_dpi
from finmodel.measure.fund_plan import measure_row, party_row, ranked_irr, risk_rows, single_row
from finmodel.measure.monte_carlo import mean_by_market
from finmodel.units import QUARTERS_PER_YEAR
from finmodel.world.arrays import FloatArray

PARTIES = {
    Party.TREASURY: "treasury",
    Party.OTHER_LPS: "other_lps",
    Party.PARENT_MANAGER: "parent_manager",
    Party.PRIVATE_LPS: "private_lps",
    Party.SUB_MANAGERS: "sub_managers",
}
SIZES = (1, 2, 5, 10, 20, 50, 100, 200)
"""Numbers of sub-funds told, up to the plan's own."""


def treasury_commitment(nest: Nest) -> float:
    """Return what the treasury has committed to a fund of funds, million CNY."""
    upper = upper_of(nest.plan)
    shares = [item.commitment_share.centre for item in upper.lps.values()]
    own = (1.0 - upper.gp_commitment_share.centre) * shares[0] / sum(shares)
    return nest.commitment * own


def treasury_of(nest: Nest) -> tuple[FloatArray, FloatArray]:
    """Return what the treasury paid and got, each of shape (P, T), million CNY."""
    return nest.paths.paid[:, Party.TREASURY], nest.paths.got[:, Party.TREASURY]


def layer_table(nest: Nest) -> pd.DataFrame:
    """Return what each party of both layers pays and gets, columns of a plan's `parties`.

    A party that neither pays nor gets is left out.
    """
    paid, got = nest.paths.paid, nest.paths.got
    rows = [
        party_row(name, paid[:, party], got[:, party], nest.times, nest.market)
        for party, name in PARTIES.items()
        if paid[:, party].any() or got[:, party].any()
    ]
    return pd.DataFrame(rows)


def nest_summary(nest: Nest) -> pd.DataFrame:
    """Return what the fund of funds comes to, for the treasury; columns of a plan's `fund`."""
    paid, got = treasury_of(nest)
    market = nest.market
    rows = [measure_row(name, values, market) for name, values in nest_paths(nest).items()]
    pooled = ranked_irr((got - paid).mean(axis=0), nest.times)
    rows.append(single_row("treasury_pooled_irr_pa", Estimate(pooled, np.array(np.nan))))
    rows += risk_rows(quotient(got.sum(axis=1), paid.sum(axis=1)), market)
    return pd.DataFrame(rows)


def nest_paths(nest: Nest) -> dict[str, FloatArray]:
    """Return every measure of a fund of funds by path, each of shape (P,)."""
    plan, times, paths = nest.plan, nest.times, nest.paths
    paid, got = treasury_of(nest)
    size = treasury_commitment(nest)
    curve = j_curve(paid, got, times=times, commitment=size)
    index = (1.0 + plan.benchmark.index_return_pa.centre) ** times
    term = in_quarters(plan.fund.term_years.centre)
    upper = paths.upper
    charges = paths.got[:, Party.PARENT_MANAGER].sum(axis=1)
    below = upper.proceeds.sum(axis=1)
    carry = (upper.payout.carry - upper.payout.clawback).sum(axis=1)
    fees = charges - (upper.gp_got + upper.payout.carry).sum(axis=1)
    fees -= np.maximum(0.0, upper.flows.to_manager).sum(axis=1)
    private = paths.paid[:, Party.PRIVATE_LPS].sum(axis=1)
    whole = np.full(len(paid), nest.commitment)
    return {
        "commitment_mcny": whole,
        "treasury_commitment_mcny": np.full(len(paid), size),
        "treasury_paid_in_share": paid.sum(axis=1) / size,
        "treasury_tvpi": quotient(got.sum(axis=1), paid.sum(axis=1)),
        "treasury_dpi_at_term": quotient(got[:, :term].sum(axis=1), paid[:, :term].sum(axis=1)),
        "treasury_irr_pa": ranked_irr(got - paid, times),
        "treasury_ks_pme": ks_pme(paid, got, np.zeros(len(paid)), index=index),
        "treasury_gain_mcny": (got - paid).sum(axis=1),
        "years_to_dpi_1": time_to_dpi(paid, got, times=times, level=1.0),
        "j_depth_share": curve.depth,
        "j_depth_year": curve.depth_time,
        "breakeven_year": curve.breakeven_time,
        "sub_fund_tvpi": quotient(below, upper.contributions.sum(axis=1) - fees),
        "parent_charges_mcny": fees,
        "parent_carry_mcny": carry,
        "private_per_treasury_x": quotient(private, paid.sum(axis=1)),
    }


def nest_years(nest: Nest) -> pd.DataFrame:
    """Return the treasury's money year by year.

    Returns
    -------
    DataFrame
        One row a year and measure, at the year's end: `called`, `got`, `net` (cumulative, of the
        treasury's commitment), `nav` (its look-through part of sub-funds' marks, before carry and
        clauses; nothing of stakes that were bought out), `dpi`, `rvpi`, `tvpi`. Columns of a
        plan's `years`.
    """
    paid, got = treasury_of(nest)
    ends = np.arange(QUARTERS_PER_YEAR - 1, len(nest.times), QUARTERS_PER_YEAR)
    size = treasury_commitment(nest)
    called, back = paid.cumsum(axis=1)[:, ends], got.cumsum(axis=1)[:, ends]
    nav = _look_through(nest)[:, ends]
    measures = {
        "called": called / size,
        "got": back / size,
        "net": (back - called) / size,
        "nav": nav / size,
        "dpi": quotient(back, called),
        "rvpi": quotient(nav, called),
        "tvpi": quotient(back + nav, called),
    }
    first = nest.plan.fund.vintage_year
    return pd.DataFrame(
        [
            {
                "year": place + 1,
                "calendar_year": first + place,
                **measure_row(name, values[:, place], nest.market),
            }
            for place in range(len(ends))
            for name, values in measures.items()
        ]
    )


def _look_through(nest: Nest) -> FloatArray:
    """Return the treasury's part of sub-funds' marks, (P, T), million CNY."""
    lower, upper = nest.lower, nest.paths.upper
    share = lower.classes["commitment_share"][0, 0]
    held = (lower.flows.bought[:, 0].cumsum(axis=1) == 0.0) * nest.marks
    kept = 1.0 - nest.plan.fund.gp_commitment_share.centre
    own = treasury_commitment(nest) / nest.commitment
    is_own = upper.flows.bought[:, 0].cumsum(axis=1) == 0.0
    return np.asarray(own * share * kept * on_calendar(held, nest.starts) * is_own)


def size_table(outcome: PlanOutcome) -> pd.DataFrame:
    """Return how the treasury's multiple narrows with the number of sub-funds.

    Returns
    -------
    DataFrame
        One row a number of sub-funds, grouped from the same simulated ones: `n_funds_of_funds`,
        the multiple's `mean` with `se`, `sd`, `sd_if_independent` (of one sub-fund over the root
        of the number), quantiles, chance of a loss, value at risk and expected shortfall.
    """
    n = n_sub_funds(outcome.plan)
    rows: list[dict[str, object]] = []
    single = np.nan
    for size in sorted({k for k in SIZES if k < n} | {n}):
        if len(outcome.run.flows) < 2 * size:
            continue
        nest = settle_nest(outcome, size=size)
        paid, got = treasury_of(nest)
        multiple = quotient(got.sum(axis=1), paid.sum(axis=1))
        spread = float(np.nanstd(multiple, ddof=1))
        single = spread if size == 1 else single
        row: dict[str, object] = {"sub_funds_n": size, "n_funds_of_funds": len(multiple)}
        found = measure_row("tvpi", multiple, nest.market)
        row |= {"mean": found.pop("value"), "se": found.pop("se"), "sd": spread}
        row["sd_if_independent"] = single / np.sqrt(size)
        row |= {key: item for key, item in found.items() if key.startswith("q")}
        row |= {str(risk["measure"]): risk["value"] for risk in risk_rows(multiple, nest.market)}
        rows.append(row)
    return pd.DataFrame(rows)


def clause_table(outcome: PlanOutcome) -> pd.DataFrame:
    """Return what other terms of the sub-funds' first class change, on the same luck.

    Returns
    -------
    DataFrame
        One row a set of terms, the plan's own first: the state's `state_share` of sub-funds, the
        treasury's mean payments and `tvpi`, chance of a loss and shortfall as in `layers`, its
        `gain_mcny`, `tvpi_change` against the plan's own terms with the error of the paired
        difference, the private LPs' multiple and its `private_tvpi_change`, and private money for
        a treasury yuan.
    """
    plan = outcome.plan
    own = next(iter(plan.lps.values()))
    terms = {"plan": own, **upper_of(plan).alternatives}
    rows: list[dict[str, object]] = []
    base: dict[str, FloatArray] = {}
    for name, first in terms.items():
        nest = settle_nest(outcome, first=None if name == "plan" else first)
        paid, got = treasury_of(nest)
        private_paid = nest.paths.paid[:, Party.PRIVATE_LPS].sum(axis=1)
        private_got = nest.paths.got[:, Party.PRIVATE_LPS].sum(axis=1)
        found = {
            "tvpi": quotient(got.sum(axis=1), paid.sum(axis=1)),
            "private_tvpi": quotient(private_got, private_paid),
        }
        base = base or found
        row = party_row("treasury", paid, got, nest.times, nest.market)
        row = {"terms": name, "state_share": first.commitment_share.centre, **row}
        gain, error = mean_by_market((got - paid).sum(axis=1), nest.market)
        row |= {"gain_mcny": gain, "gain_mcny_se": error}
        for key, values in found.items():
            change, error = mean_by_market(values - base[key], nest.market)
            row |= {f"{key}_change": change, f"{key}_change_se": error}
        row["private_tvpi"] = float(found["private_tvpi"].mean())
        row["private_per_treasury_x"] = float(private_paid.sum() / paid.sum())
        rows.append(row)
    return pd.DataFrame(rows).drop(columns="party")


def nest_tables(outcome: PlanOutcome) -> dict[str, pd.DataFrame]:
    """Return every table of a plan's fund of funds."""
    nest = settle_nest(outcome)
    return {
        "fund_of_funds": nest_summary(nest),
        "layers": layer_table(nest),
        "fund_of_funds_years": nest_years(nest),
        "fund_of_funds_sizes": size_table(outcome),
        "fund_of_funds_clauses": clause_table(outcome),
    }
