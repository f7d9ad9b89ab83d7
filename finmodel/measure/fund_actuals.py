"""A fund's record beside its plan: the same measures at the same age, and where among the paths.

The percentile of the record is the part of the plan's paths below it, those equal counted half.
Paths are what one fund of this plan may look like at that age: a record in the middle half of them
is nothing to wonder at, one outside nine in ten asks for a reason.
"""

from __future__ import annotations

import math

import numpy as np
import pandas as pd

from finmodel.fund import desk as col
from finmodel.fund.holdings import Holding
from finmodel.fund.metrics import quotient
from finmodel.fund.outcome import PlanOutcome
from finmodel.fund.standing import Standing
from finmodel.measure.monte_carlo import mean_by_market, mean_se, quantile_columns
from finmodel.world.arrays import FloatArray, IntArray

LEVELS = (0.05, 0.25, 0.5, 0.75, 0.95)
QUANTILES = tuple(f"q{round(100 * level):02d}" for level in LEVELS)

HOLDING_COLUMNS = (
    "firm",
    "stage",
    "last_stage",
    "cost_mcny",
    "proceeds_mcny",
    "nav_mcny",
    "held_share",
    "is_over",
    "multiple",
    "se",
    *QUANTILES,
    "p_loss",
)

Standings = dict[tuple[str, str], FloatArray]


def place_of(actual: float, quantiles: FloatArray) -> str:
    """Return where a number lies by the quantiles at `LEVELS`; empty if one of them is NaN."""
    if math.isnan(actual) or np.isnan(quantiles).any():
        return ""
    low, lower, _, upper, high = quantiles
    if actual < lower:
        return "below_nine_in_ten" if actual < low else "below_middle_half"
    if actual > upper:
        return "above_nine_in_ten" if actual > high else "above_middle_half"
    return "within_middle_half"


def percentile_of(actual: float, values: FloatArray) -> float:
    """Return the part of values below a number, those equal counted half; NaN without either."""
    known = values[~np.isnan(values)]
    if math.isnan(actual) or len(known) == 0:
        return math.nan
    return float(((known < actual).sum() + 0.5 * (known == actual).sum()) / len(known))


def standings(
    outcome: PlanOutcome, deals: FloatArray, quarters: int, reserve_mcny: float
) -> Standings:
    """Return every measure of every path at an age, by stage and name.

    Parameters
    ----------
    outcome : PlanOutcome
        Of whole lives.
    deals : ndarray of shape (P, D, N_DEAL)
        As they stand at that age.
    quarters : int
        The age.
    reserve_mcny : float
        Kept for follow-ons by the plan.
    """
    paid = outcome.lp_calls[:, :quarters].sum(axis=1)
    got = outcome.lp_got[:, :quarters].sum(axis=1)
    flows = outcome.run.flows[:, :quarters]
    followed = flows[..., col.FOLLOWED].sum(axis=1)
    found: Standings = {
        ("all", "paid_in_mcny"): outcome.line.calls[:, :quarters].sum(axis=1),
        ("all", "fees_mcny"): flows[..., col.FEES].sum(axis=1),
        ("all", "distributed_mcny"): flows[..., col.PAID_OUT].sum(axis=1),
        ("all", "reserve_used_share"): quotient(followed, np.full(len(flows), reserve_mcny)),
        ("all", "dpi"): quotient(got, paid),
    }
    stage = deals[..., col.DEAL_STAGE]
    for name, chosen in [("all", np.ones_like(stage, bool))] + [
        (name, stage == k) for k, name in enumerate(outcome.stages)
    ]:
        for measure, values in _of_deals(deals, chosen).items():
            found[name, measure] = values
    return found


def _of_deals(deals: FloatArray, chosen: np.ndarray) -> dict[str, FloatArray]:
    """Return the measures of chosen deals by path."""
    picked = np.where(chosen[..., None], deals, 0.0)
    cost, sold = picked[..., col.DEAL_COST], picked[..., col.DEAL_SOLD]
    invested, held = cost.sum(axis=1), (cost - sold).sum(axis=1)
    got, nav = picked[..., col.DEAL_PROCEEDS].sum(axis=1), picked[..., col.DEAL_NAV].sum(axis=1)
    lost = np.maximum(0.0, cost - picked[..., col.DEAL_PROCEEDS])
    is_over = picked[..., col.DEAL_ENDED] > 0.0
    return {
        "deals_n": (cost > 0.0).sum(axis=1).astype(float),
        "invested_mcny": invested,
        "followed_mcny": (cost - picked[..., col.DEAL_FIRST]).sum(axis=1),
        "proceeds_mcny": got,
        "held_cost_mcny": held,
        "nav_mcny": nav,
        "moic": quotient(got + nav, invested),
        "loss_share": quotient(np.where(is_over, lost, 0.0).sum(axis=1), invested),
    }


def actuals_table(
    actual: Standings, planned: Standings, market: IntArray | None = None
) -> pd.DataFrame:
    """Return the record beside the plan.

    Parameters
    ----------
    actual : Standings
        Of paths that all have the same past: the first is read.
    planned : Standings
        Of the plan's own paths.
    market : ndarray of int, shape (P,), optional
        Simulated market of each of these, whose luck they share.

    Returns
    -------
    DataFrame
        One row a stage of first cheques (`all` first) and measure: `actual`; of the plan `mean`,
        `se`, `defined_share` (part of the paths that have the measure) and quantiles `q05` to
        `q95`; `percentile` of the record among the paths; and `place`, as `place_of`. A stage that
        neither the record nor a path has is left out.
    """
    rows = []
    for (stage, measure), values in planned.items():
        is_met = planned[stage, "deals_n"].any() or actual[stage, "deals_n"].any()
        if stage != "all" and not is_met:
            continue
        known = values[~np.isnan(values)]
        given = float(actual[stage, measure][0])
        mean, error = mean_by_market(values, market)
        levels = quantile_columns(known, LEVELS) if len(known) else [math.nan] * len(LEVELS)
        quantiles = np.array([float(q) for q in levels])
        row: dict[str, object] = {"stage": stage, "measure": measure, "actual": given}
        row |= {"mean": mean, "se": error, "defined_share": len(known) / len(values)}
        row |= dict(zip(QUANTILES, quantiles.tolist(), strict=True))
        row |= {"percentile": percentile_of(given, values), "place": place_of(given, quantiles)}
        rows.append(row)
    return pd.DataFrame(rows)


def holding_table(standing: Standing, outcome: PlanOutcome) -> pd.DataFrame:
    """Return each position: as it stands, and what it comes to by the fund's end.

    Returns
    -------
    DataFrame
        One row a firm: stages of the first cheque and of the last round, cost, proceeds and value
        so far, share held, whether it is over; `multiple` of cost in the end (mean of paths), its
        `se` and quantiles, and `p_loss`, the chance to end below cost.
    """
    rows = []
    for i, holding in enumerate(standing.holdings):
        deals = outcome.run.deals[:, i]
        multiple = deals[:, col.DEAL_PROCEEDS] / deals[:, col.DEAL_COST]
        mean, error = mean_se(multiple)
        row = _holding_row(holding, outcome.stages)
        row |= {"multiple": float(mean), "se": float(error)}
        for name, value in zip(QUANTILES, quantile_columns(multiple, LEVELS), strict=True):
            row[name] = float(value)
        row["p_loss"] = float((multiple < 1.0).mean())
        rows.append(row)
    return pd.DataFrame(rows, columns=list(HOLDING_COLUMNS))


def _holding_row(holding: Holding, stages: tuple[str, ...]) -> dict[str, object]:
    deal = holding.deal
    return {
        "firm": holding.firm,
        "stage": stages[int(deal[col.DEAL_STAGE])],
        "last_stage": stages[holding.rounds[-1].stage],
        "cost_mcny": float(deal[col.DEAL_COST]),
        "proceeds_mcny": float(deal[col.DEAL_PROCEEDS]),
        "nav_mcny": float(deal[col.DEAL_NAV]),
        "held_share": 0.0 if holding.is_over else float(deal[col.DEAL_LAST_SHARE]),
        "is_over": holding.is_over,
    }
