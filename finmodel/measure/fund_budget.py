"""A fund's money before any luck: what it can invest, what follow-ons need, how it is paced."""

from __future__ import annotations

import numpy as np
import pandas as pd

from finmodel.fund import desk as col
from finmodel.fund.capital import Investable, investable_capital
from finmodel.fund.outcome import PlanOutcome
from finmodel.fund.pacing import fund_cash_flows, pacing_sets
from finmodel.fund.plan_arrays import charges_of, recycling_of
from finmodel.fund.profile import Profile
from finmodel.fund.reserves import pro_rata_need, reserve_check
from finmodel.measure.monte_carlo import mean_by_market
from finmodel.units import QUARTERS_PER_YEAR
from finmodel.world.arrays import FloatArray


def mean_profile(flows: FloatArray) -> Profile:
    """Return the mean plan per yuan invested, from the flows of all paths."""
    mean = flows.mean(axis=0)
    invested = mean[:, col.INVESTED] + mean[:, col.FOLLOWED]
    total = invested.sum()
    out = mean[:, col.REALISED] + mean[:, col.WRITTEN_OFF]
    nav = np.concatenate([[0.0], mean[:-1, col.NAV]])
    return Profile(
        deployed=invested / total,
        proceeds=mean[:, col.PROCEEDS] / total,
        cost_out=out / total,
        nav=np.maximum(nav, 0.0) / total,
    )


def planned_capital(outcome: PlanOutcome) -> Investable:
    """Return what the fund can invest by the closed form, on the mean life of its deals."""
    plan = outcome.plan
    return investable_capital(
        plan.fund.commitment_mcny.centre,
        mean_profile(outcome.run.flows),
        charges=charges_of(plan),
        recycling=recycling_of(plan),
        kept_share=1.0,
        held_back_mcny=0.0,
    )


def budget_table(outcome: PlanOutcome) -> pd.DataFrame:
    """Return the fund's budget by the closed form, with the mean of the paths beside it.

    Returns
    -------
    DataFrame
        One row an item: `planned` (if every yuan had the mean life of the plan's deals), and
        `simulated` with `se`; million CNY, or a share for names that end in `_share`. Paths invest
        less where deals are left or limits bind. `reserve_needed_share` is the part of investable
        capital that pro-rata rights are expected to ask for, by the law of stages.
    """
    plan, flows = outcome.plan, outcome.run.flows
    commitment = plan.fund.commitment_mcny.centre
    total = flows.sum(axis=1)
    invested = total[:, col.INVESTED] + total[:, col.FOLLOWED]
    planned = planned_capital(outcome) if invested.any() else None
    rows: list[tuple[str, float, FloatArray | None]] = [
        ("commitment_mcny", commitment, np.full(len(flows), commitment)),
    ]
    if planned is not None:
        charges = float(planned.fees + planned.costs)
        rows += [
            ("investable_mcny", float(planned.capital), invested),
            ("investable_share", float(planned.share), invested / commitment),
            ("charges_mcny", charges, total[:, col.FEES]),
            ("charges_share", charges / commitment, None),
            ("recycled_mcny", float(planned.recycled), total[:, col.KEPT]),
            ("unused_mcny", float(planned.unused), commitment - total[:, col.CALL]),
            *_reserve_rows(outcome, float(planned.capital)),
        ]
    frame = []
    for name, value, values in rows:
        nothing = (np.nan, np.nan)
        mean, error = nothing if values is None else mean_by_market(values, outcome.market)
        frame.append({"item": name, "planned": value, "simulated": mean, "se": error})
    return pd.DataFrame(frame)


def _reserve_rows(
    outcome: PlanOutcome, capital: float
) -> list[tuple[str, float, FloatArray | None]]:
    """Return what the reserve is, and what pro-rata rights are expected to need."""
    plan, flows = outcome.plan, outcome.run.flows
    total = flows.sum(axis=1)
    invested = total[:, col.INVESTED] + total[:, col.FOLLOWED]
    followed = np.divide(
        total[:, col.FOLLOWED], invested, out=np.zeros(len(flows)), where=invested > 0.0
    )
    rows: list[tuple[str, float, FloatArray | None]] = [
        ("reserve_share", plan.portfolio.reserve_share.centre, followed)
    ]
    if plan.outcomes.source != "law":
        return rows
    law = list(plan.outcomes.stages.values())
    post = np.array([item.post_money_mcny.centre for item in law])
    sold = np.array([item.dilution_share.centre for item in law])
    pool = np.array([item.pool_share.centre for item in law])
    entry, mix = np.full(len(law), np.nan), np.zeros(len(law))
    for k, name in enumerate(outcome.stages):
        portfolio = plan.portfolio
        if name in portfolio.ownership_target:
            entry[k] = portfolio.ownership_target[name].centre
        elif name in portfolio.ticket_mcny:
            entry[k] = portfolio.ticket_mcny[name].centre / post[k]
        if name in portfolio.stage_mix:
            mix[k] = portfolio.stage_mix[name].centre * min(entry[k], sold[k]) * post[k]
    entry = np.minimum(np.where(np.isnan(entry), 0.5 * sold, entry), sold)
    follow = min(1.0, plan.portfolio.follow_share.centre)
    need = pro_rata_need(
        graduation=[item.advance_share.centre for item in law[:-1]],
        round_mcny=sold * post,
        post_money_mcny=post,
        dilution=sold + pool,
        entry_ownership=entry,
        target_ownership=follow * entry,
    )
    check = reserve_check(
        capital,
        reserve_share=plan.portfolio.reserve_share.centre,
        initial_mix=mix / mix.sum(),
        need=need.need,
    )
    rows.append(("reserve_needed_share", float(check.needed_share), None))
    rows.append(("reserve_coverage_x", float(check.coverage), None))
    return rows


def pacing_table(outcome: PlanOutcome) -> pd.DataFrame:
    """Return the fund's pacing beside published parameter sets of Takahashi and Alexander.

    Returns
    -------
    DataFrame
        One row a model and year: `called`, `got` in the year and `nav` at its end, of the
        commitment. `simulated` is the mean of the paths for all LPs, with errors `_se`; sets are
        named as in the table of evidence.
    """
    share = 1.0 - outcome.plan.fund.gp_commitment_share.centre
    commitment = outcome.plan.fund.commitment_mcny.centre * share
    n_years = len(outcome.times) // QUARTERS_PER_YEAR
    shape = (len(outcome.run.flows), n_years, QUARTERS_PER_YEAR)
    whole = n_years * QUARTERS_PER_YEAR
    nav = outcome.run.flows[:, QUARTERS_PER_YEAR - 1 : whole : QUARTERS_PER_YEAR, col.NAV]
    simulated = {
        "called": outcome.lp_calls[:, :whole].reshape(shape).sum(axis=2) / commitment,
        "got": outcome.lp_got[:, :whole].reshape(shape).sum(axis=2) / commitment,
        "nav": share * nav / commitment,
    }
    frame = pd.DataFrame({"model": "simulated", "year": np.arange(1, n_years + 1)})
    for name, values in simulated.items():
        by_year = [mean_by_market(values[:, i], outcome.market) for i in range(n_years)]
        frame[[name, f"{name}_se"]] = by_year
    frames = [frame]
    for name, pacing in pacing_sets().items():
        if not name.startswith("venture"):
            continue
        flows = fund_cash_flows(pacing, 1.0)
        frames.append(
            pd.DataFrame(
                {
                    "model": name,
                    "year": np.arange(1, pacing.life_years + 1),
                    "called": flows.contributions,
                    "got": flows.distributions,
                    "nav": flows.nav,
                }
            )
        )
    return pd.concat(frames, ignore_index=True)
