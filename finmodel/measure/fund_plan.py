"""Tables of a fund's plan: the fund, its LPs, its years and its deals, each over all paths.

Standard errors are over paths: luck of the simulation. Quantiles are chance: what one fund may come
to. What is not known about the plan's numbers is in neither. A measure that a path does not have,
as a rate of return of a total loss, is left out and `defined_share` says how often it is there.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from finmodel.fund import desk as col
from finmodel.fund.irr import Rates, Status, irr_batch
from finmodel.fund.metrics import exposure, loss_ratio, quotient
from finmodel.fund.outcome import PlanOutcome, management_fees
from finmodel.fund.pme import direct_alpha, ks_pme
from finmodel.fund.risk import Estimate, loss_probability, tail_risk
from finmodel.fund.timing import j_curve, time_to_dpi
from finmodel.measure.monte_carlo import mean_by_market, quantile_columns
from finmodel.units import QUARTERS_PER_YEAR
from finmodel.world.arrays import FloatArray, IntArray

LEVELS = (0.05, 0.25, 0.5, 0.75, 0.95)
TAIL_LEVEL = 0.95
"""Of value at risk and expected shortfall."""

BUCKETS = ((0.0, 1.0), (1.0, 5.0), (5.0, 10.0), (10.0, 20.0), (20.0, np.inf))
"""Multiples of cost, as published for US financings (S_CORR_2014_AL)."""


def ranked_irr(flows: FloatArray, times: FloatArray) -> FloatArray:
    """Return rates of return in which every path has its place, shape (...).

    Of several rates the one that :mod:`finmodel.fund.irr` states. Without any, -1 if the path lost
    money: no rate is so low that it would be paid; NaN if it did not.
    """
    rates = irr_batch(flows, times)
    is_rate = (rates.status == Status.OK) | (rates.status == Status.SEVERAL)
    without = np.where(flows.sum(axis=-1) < 0.0, -1.0, np.nan)
    return np.where(is_rate, rates.rate, without)


def rate_shares(
    flows: FloatArray, times: FloatArray, market: IntArray | None = None
) -> list[dict[str, object]]:
    """Return the parts of paths whose flows have several rates of return, and none."""
    status = irr_batch(flows, times).status
    is_several = status == Status.SEVERAL
    is_none = ~is_several & (status != Status.OK)
    rows = []
    for name, has_it in (("irr_several_share", is_several), ("irr_none_share", is_none)):
        found = measure_row(name, has_it.astype(np.float64), market)
        rows.append(single_row(name, Estimate(np.array(found["value"]), np.array(found["se"]))))
    return rows


def plan_summary(outcome: PlanOutcome) -> pd.DataFrame:
    """Return what the fund comes to.

    Returns
    -------
    DataFrame
        One row a measure: `value` (mean over paths that have it), `se`, `defined_share`, and the
        quantiles `q05` to `q95`. Ratios of the whole, as the rate of return of the mean flows
        (`pooled_net_irr_pa`), chances and tails have no quantiles.
    """
    market = outcome.market
    rows = [measure_row(name, values, market) for name, values in paths_of(outcome).items()]
    got, called, times = outcome.lp_got, outcome.lp_calls, outcome.times
    pooled = ranked_irr((got - called).mean(axis=0), times)
    rows.append(single_row("pooled_net_irr_pa", Estimate(pooled, np.array(np.nan))))
    rows += rate_shares(got - called, times, market)
    rows += risk_rows(quotient(got.sum(axis=1), called.sum(axis=1)), market)
    return pd.DataFrame(rows)


def paths_of(outcome: PlanOutcome) -> dict[str, FloatArray]:
    """Return every measure of the fund by path, each of shape (P,)."""
    flows, plan, times = outcome.run.flows, outcome.plan, outcome.times
    commitment = plan.fund.commitment_mcny.centre
    total = flows.sum(axis=1)
    invested = total[:, col.INVESTED] + total[:, col.FOLLOWED]
    deals = outcome.run.deals
    made = deals[..., col.DEAL_COST] > 0.0
    lost = loss_ratio(deals[..., col.DEAL_COST], deals[..., col.DEAL_PROCEEDS], 0.0)
    gross = flows[..., col.PROCEEDS] - flows[..., col.INVESTED] - flows[..., col.FOLLOWED]
    called, got = outcome.lp_calls, outcome.lp_got
    index = (1.0 + plan.benchmark.index_return_pa.centre) ** times
    nothing = np.zeros(len(flows))
    curve = j_curve(called, got, times=times, commitment=commitment)
    alpha = direct_alpha(called, got, nothing, index=index, times=times)
    wanted = (deals[..., col.DEAL_MISSED]).sum(axis=1) + total[:, col.FOLLOWED]
    return {
        "paid_in_share": outcome.line.calls.sum(axis=1) / commitment,
        "invested_mcny": invested,
        "followed_mcny": total[:, col.FOLLOWED],
        "fees_mcny": total[:, col.FEES],
        "line_interest_mcny": outcome.line.interest.sum(axis=1),
        "recycled_mcny": total[:, col.KEPT],
        "deals_n": made.sum(axis=1).astype(float),
        "deals_left_n": (~made).sum(axis=1).astype(float),
        "follow_missed_share": quotient(deals[..., col.DEAL_MISSED].sum(axis=1), wanted),
        "gross_moic": quotient(total[:, col.PROCEEDS], invested),
        "gross_irr_pa": ranked_irr(gross, times),
        "loss_in_losing_deals_share": lost.in_losing_deals,
        "loss_share": lost.lost,
        "carry_mcny": outcome.payout.carry.sum(axis=1) - outcome.payout.clawback.sum(axis=1),
        "clawback_mcny": outcome.payout.clawback.sum(axis=1),
        "net_tvpi": quotient(got.sum(axis=1), called.sum(axis=1)),
        "net_irr_pa": ranked_irr(got - called, times),
        "ks_pme": ks_pme(called, got, nothing, index=index),
        "direct_alpha_pa": _ranked(alpha, ks_pme(called, got, nothing, index=index)),
        "years_to_dpi_1": time_to_dpi(called, got, times=times, level=1.0),
        "exposure_peak_share": exposure_of(outcome).max(axis=1),
        "j_depth_share": curve.depth,
        "j_depth_year": curve.depth_time,
        "breakeven_year": curve.breakeven_time,
    }


def exposure_of(outcome: PlanOutcome) -> FloatArray:
    """Return NAV at marks and what may still be called, of the LPs' commitment, shape (P, Q)."""
    share = 1.0 - outcome.plan.fund.gp_commitment_share.centre
    commitment = share * outcome.plan.fund.commitment_mcny.centre
    paid = outcome.lp_calls.cumsum(axis=1)
    found = exposure(commitment, paid, share * outcome.run.flows[..., col.NAV]) / commitment
    found[:, -1] = 0.0  # the fund has ended
    return found


def class_table(outcome: PlanOutcome) -> pd.DataFrame:
    """Return what each class of LPs, and the manager, pays and gets.

    Returns
    -------
    DataFrame
        One row a party: `paid_mcny` and `got_mcny` with standard errors; `tvpi` (mean of paths)
        with its error and quantiles; `pooled_irr_pa` of the mean flows; and chance of a loss,
        value at risk and expected shortfall of principal. The manager's row has its own
        commitment as paid, and fees, carry and gains given as got.
    """
    plan, flows = outcome.plan, outcome.run.flows
    parties: dict[str, tuple[FloatArray, FloatArray]] = {}
    for place, name in enumerate(plan.lps):
        bought = outcome.classes.bought[:, place]
        paid = outcome.classes.calls[:, place] + np.maximum(0.0, -bought)
        got = outcome.classes.received[:, place] + np.maximum(0.0, bought)
        parties[name] = (paid, got)
    earned = management_fees(plan, flows) + outcome.payout.carry + outcome.classes.to_manager
    manager = (outcome.gp_calls + outcome.payout.clawback, outcome.gp_got + earned)
    parties["manager"] = manager
    market = outcome.market
    rows = [party_row(name, *both, outcome.times, market) for name, both in parties.items()]
    return pd.DataFrame(rows)


def party_row(
    name: str, paid: FloatArray, got: FloatArray, times: FloatArray, market: IntArray | None = None
) -> dict[str, object]:
    """Return what one party pays and gets, as a row of :func:`class_table`.

    Parameters
    ----------
    name : str
    paid, got : ndarray of shape (P, T), million CNY
    times : ndarray of shape (T,)
        Years.
    market : ndarray of int, shape (P,), optional
        The simulated market of each path, whose luck its paths share.
    """
    row: dict[str, object] = {"party": name}
    for label, values in (("paid_mcny", paid), ("got_mcny", got)):
        total = measure_row(label, values.sum(axis=1), market)
        row |= {label: total["value"], f"{label}_se": total["se"]}
    multiple = quotient(got.sum(axis=1), paid.sum(axis=1))
    named = {"value": "tvpi", "se": "tvpi_se"}
    found = measure_row("tvpi", multiple, market)
    row |= {named.get(key, key): item for key, item in found.items() if key != "measure"}
    row["pooled_irr_pa"] = float(ranked_irr((got - paid).mean(axis=0), times))
    for risk in risk_rows(multiple, market):
        row[str(risk["measure"])] = risk["value"]
    return row


def year_table(outcome: PlanOutcome) -> pd.DataFrame:
    """Return the fund year by year, for all LPs.

    Returns
    -------
    DataFrame
        One row a year of the fund's life and measure, at the year's end: `called`, `got`, `net`
        (cumulative, of the LPs' commitment), `nav` (gross, of the commitment), `dpi`, `rvpi` and
        `tvpi` (NAV at marks, before carry still to come): mean, `se`, quantiles.
    """
    plan = outcome.plan
    share = 1.0 - plan.fund.gp_commitment_share.centre
    commitment = plan.fund.commitment_mcny.centre * share
    ends = np.arange(QUARTERS_PER_YEAR - 1, len(outcome.times), QUARTERS_PER_YEAR)
    called = outcome.lp_calls.cumsum(axis=1)[:, ends]
    got = outcome.lp_got.cumsum(axis=1)[:, ends]
    nav = share * outcome.run.flows[:, ends, col.NAV]
    measures = {
        "called": called / commitment,
        "got": got / commitment,
        "net": (got - called) / commitment,
        "nav": nav / commitment,
        "exposure": exposure_of(outcome)[:, ends],
        "dpi": quotient(got, called),
        "rvpi": quotient(nav, called),
        "tvpi": quotient(got + nav, called),
    }
    rows = []
    for place in range(len(ends)):
        for name, values in measures.items():
            year = {"year": place + 1, "calendar_year": plan.fund.vintage_year + place}
            rows.append({**year, **measure_row(name, values[:, place], outcome.market)})
    return pd.DataFrame(rows)


def deal_table(outcome: PlanOutcome) -> pd.DataFrame:
    """Return deals by stage of the first cheque, `all` first.

    Returns
    -------
    DataFrame
        A fund's mean number of deals, mean first cheque and cost, share bought and at the end,
        multiple of cost (of sums, and mean of deals), and the part of deals by multiple.
    """
    deals = outcome.run.deals
    made = deals[..., col.DEAL_COST] > 0.0
    stage = deals[..., col.DEAL_STAGE]
    rows = []
    for name, chosen in [("all", made)] + [
        (name, made & (stage == k)) for k, name in enumerate(outcome.stages)
    ]:
        if not chosen.any():
            continue
        picked = deals[chosen]
        cost, got = picked[:, col.DEAL_COST], picked[:, col.DEAL_PROCEEDS]
        multiple = got / cost
        row: dict[str, object] = {
            "stage": name,
            "deals_n": chosen.sum() / len(deals),
            "first_cheque_mcny": picked[:, col.DEAL_FIRST].mean(),
            "cost_mcny": cost.mean(),
            "entry_share": picked[:, col.DEAL_SHARE].mean(),
            "last_share": picked[:, col.DEAL_LAST_SHARE].mean(),
            "moic": got.sum() / cost.sum(),
            "mean_multiple": multiple.mean(),
        }
        for low, high in BUCKETS:
            row[f"from_{low:g}x_share"] = ((multiple >= low) & (multiple < high)).mean()
        rows.append(row)
    return pd.DataFrame(rows)


def measure_row(name: str, values: FloatArray, market: IntArray | None = None) -> dict[str, object]:
    """Return mean, error, how many paths have it and quantiles of a measure by path (P,).

    Paths on the same simulated `market` share its luck, and the error is that of so many markets.
    """
    known = values[~np.isnan(values)]
    row: dict[str, object] = {"measure": name, "value": np.nan, "se": np.nan}
    row["defined_share"] = len(known) / len(values)
    quantiles: Sequence[float] = [np.nan] * len(LEVELS)
    if len(known):
        row["value"], row["se"] = mean_by_market(values, market)
        quantiles = [float(q) for q in quantile_columns(known, LEVELS)]
    row |= {f"q{round(100 * level):02d}": q for level, q in zip(LEVELS, quantiles, strict=True)}
    return row


def single_row(name: str, estimate: Estimate) -> dict[str, object]:
    """Return a measure of all paths together, without quantiles."""
    return {"measure": name, "value": float(estimate.value), "se": float(estimate.error)}


def risk_rows(multiples: FloatArray, market: IntArray | None = None) -> list[dict[str, object]]:
    """Return chance of loss, value at risk and expected shortfall of a yuan paid in.

    Errors count markets, if there are any, as in :func:`measure_row`.
    """
    values, weights = multiples, None
    if market is not None:
        counts = np.bincount(market)
        order = np.argsort(market, kind="stable")
        place = np.arange(len(order)) - np.repeat(np.cumsum(counts) - counts, counts)
        values = np.full((len(counts), int(counts.max())), np.nan)
        values[market[order], place] = multiples[order]
        weights = (~np.isnan(values)).astype(np.float64)
    tail = tail_risk(values, TAIL_LEVEL, weights=weights)
    return [
        single_row("p_loss", loss_probability(values, weights=weights)),
        single_row("value_at_risk_share", tail.value_at_risk),
        single_row("expected_shortfall_share", tail.shortfall),
    ]


def _ranked(rates: Rates, pme: FloatArray) -> FloatArray:
    """Return rates over an index as :func:`ranked_irr` does; a PME below 1 lost against it."""
    is_rate = (rates.status == Status.OK) | (rates.status == Status.SEVERAL)
    without = np.where(pme < 1.0, -1.0, np.nan)
    return np.where(is_rate, rates.rate, without)
