"""The public side of a comparison: what policies cost and bring, and official ratios apart."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from finmodel.market import columns as col
from finmodel.market.result import RunResult
from finmodel.measure.effects import COMPONENTS, MEMO
from finmodel.measure.lever_cost import lever_cost_by_path, relief_by_path
from finmodel.measure.monte_carlo import mean_se, ratio_se
from finmodel.measure.policy import outcomes_by_path
from finmodel.measure.public_flows import lp_multiples, public_irr
from finmodel.units import discount_factor
from finmodel.world.arrays import GRANT, GUARANTEE, FloatArray


def public_table(
    base: RunResult,
    arms: Mapping[str, RunResult],
    chains: Mapping[str, FloatArray],
    memos: Mapping[str, FloatArray],
) -> pd.DataFrame:
    """Return what each policy's programmes cost and bring, and official ratios apart.

    Money of the programmes' public LPs over the reported years. `nav` is what the state would
    keep if every vehicle were settled at the last year's end at its marks: carry, gains given up,
    buy-outs and cover for private losses are off it; `tvpi_if_sold` takes off the discount of a
    sale at the end of a term (`terms.term_sale_discount`) too. `relief` is what reliefs of firms'
    spending cost the treasury more than in the baseline, `lever_cost` that and the stated cost of
    other levers (NaN if one at work has none), `public_cost` that and the outlay. Present values
    are at the social rate from the middle of each year, levers included. `p_loss` is the chance
    that returns and `nav` fall short of the outlay, `loss` the mean of that shortfall, of
    programmes alone. A guarantee's outlay is what it paid in the reported years, not what it will
    pay on loans still owed; its `public` money is what stood at risk. That is put up again as
    loans end, so `placed_share` may be above one. What is `at_risk` at the end is in no sum; some
    will be paid. `leverage_eu` is all money of rounds that vehicles joined over the public money
    called, in the manner of Art. 223 of the EU's rules of application; `leverage_private` is the
    part not public over the public part. `away_share` is the location effect: the part of
    supported financings that went to firms of another region than the vehicle's, which stay where
    they are.

    Costs per outcome are of the gross public cost; `net_cost_per_financing` is of the loss in
    present value, so that money that comes back can be compared with money that does not. A
    financing is one of a viable need, a funded firm one with its first round, an exit an IPO, a
    sale or a transfer.

    Returns
    -------
    DataFrame
        One row a policy and measure: `value`, `se`, and over paths `q05`, `q50`, `q95`.
        Ratios without a denominator are NaN, as is a cost per outcome that does not rise.
    """
    rows: list[dict[str, object]] = []
    for policy, run in arms.items():
        paths = public_paths(run, base)
        for name, values in paths.items():
            mean, error = mean_se(values)
            rows.append(_row(policy, name, mean, error, values))
        held = paths["returned_mcny"] + paths["nav_mcny"]
        outlay = paths["outlay_mcny"]
        loss = np.maximum(0.0, outlay - held)
        is_void = not outlay.any()
        rows.append(_row(policy, "p_loss", *_share(loss > 0.0, is_void=is_void), None))
        short = paths["net_present_value_mcny"] < 0.0
        rows.append(_row(policy, "p_below_social_rate", *_share(short, is_void=is_void), None))
        rows.append(_row(policy, "loss_mcny", *mean_se(loss), loss))
        ratios = public_ratios(run, base, paths, chains[policy], memos[policy])
        ratios |= _costs(run, base, paths, chains[policy])
        pooled, by_path = public_irr(run)
        some = by_path[~np.isnan(by_path)]
        row = _row(
            policy, "irr_pa", np.array(pooled), np.array(np.nan), some if len(some) else None
        )
        rows.append(row)
        (got, paid), before = (lp_multiples(arm)["ordinary_tvpi"] for arm in (run, base))
        change_tvpi, error = mean_se(got / paid - before[0] / before[1])
        rows.append(_row(policy, "ordinary_tvpi_change", change_tvpi, error, None))
        for name, (top, bottom) in ratios.items():
            value, error = ratio_se(top, bottom)
            is_cost = name.startswith(("cost_per_", "net_cost_per_"))
            if is_cost and not (bottom.mean() > 0.0 and top.mean() > 0.0):
                # There is no cost, or no further outcome for it to be divided by.
                value, error = np.full_like(value, np.nan), np.full_like(error, np.nan)
            rows.append(_row(policy, name, value, error, None))
    return pd.DataFrame(rows)


def public_ratios(
    run: RunResult,
    base: RunResult,
    paths: Mapping[str, FloatArray],
    chain: FloatArray,
    memo: FloatArray,
) -> dict[str, tuple[FloatArray, FloatArray]]:
    """Return tops and bottoms by path, each (P,), of the ratios of a policy that are no costs.

    Parameters
    ----------
    run, base : RunResult
    paths : mapping of ndarray
        From :func:`public_paths`.
    chain, memo : ndarray
        Of the policy, as in a comparison.
    """
    change = chain[..., COMPONENTS.index("change"), :].sum(axis=(1, 2, 3, 4))
    of = dict(zip(MEMO, np.moveaxis(memo.sum(axis=(1, 2, 3, 4)), -1, 0), strict=True))
    outlay, held = paths["outlay_mcny"], paths["returned_mcny"] + paths["nav_mcny"]
    private = _private_invested(run) - _private_invested(base)
    return {
        "placed_share": (paths["public_raised_mcny"], paths["budget_mcny"]),
        "home_multiple": (_home_money(run), outlay),
        "dpi": (paths["returned_mcny"], outlay),
        "tvpi": (held, outlay),
        "tvpi_if_sold": (paths["returned_mcny"] + _sold(run), outlay),
        "change_per_public_yuan": (change[:, 1], of["public"]),
        "private_change_per_public_yuan": (private, of["public"]),
        "leverage_eu": (of["joined"], outlay),
        "leverage_private": (of["joined"] - of["public"], of["public"]),
        "amplification": (paths["raised_mcny"], paths["public_raised_mcny"]),
        "quarters_earlier": (of["earlier"], _anyway(chain)),
        "away_share": (of["away"], _supported(chain)),
        "private_tvpi": lp_multiples(run)["private_tvpi"],
    }


def _costs(
    run: RunResult, base: RunResult, paths: Mapping[str, FloatArray], chain: FloatArray
) -> dict[str, tuple[FloatArray, FloatArray]]:
    """Return public costs and what there is more of, by path."""
    viable = chain[:, :, :, 1, 1, COMPONENTS.index("change"), 0].sum(axis=(1, 2))
    cost, outcome = paths["public_cost_mcny"], outcomes_by_path(run)
    without = outcomes_by_path(base)
    found = {
        "cost_per_financing_mcny": (cost, viable),
        "net_cost_per_financing_mcny": (-paths["net_present_value_mcny"], viable),
    }
    for name, key in (
        ("funded_firm", "first_rounds_n"),
        ("graduation", "graduated_n"),
        ("exit", "exits_n"),
        ("ipo", "ipo_n"),
        ("survivor", "survivors_n"),
    ):
        years = 1 if key == "survivors_n" else len(run.world.years)
        found[f"cost_per_{name}_mcny"] = (cost, years * (outcome[key] - without[key]))
    return found


def _row(
    policy: str, name: str, value: FloatArray, error: FloatArray, values: FloatArray | None
) -> dict[str, object]:
    low, middle, high = (np.nan,) * 3 if values is None else np.quantile(values, (0.05, 0.5, 0.95))
    spread = {"q05": float(low), "q50": float(middle), "q95": float(high)}
    return {"policy": policy, "measure": name, "value": float(value), "se": float(error), **spread}


def _share(flags: NDArray[np.bool_], *, is_void: bool) -> tuple[FloatArray, FloatArray]:
    """Return the share of paths and its error; NaN if there is nothing to have a share in."""
    mean, error = mean_se(flags.astype(np.float64))
    return (np.full_like(mean, np.nan), np.full_like(error, np.nan)) if is_void else (mean, error)


def _supported(chain: FloatArray) -> FloatArray:
    """Return supported financings, by path."""
    result: FloatArray = chain[..., COMPONENTS.index("gross"), 0].sum(axis=(1, 2, 3, 4))
    return result


def _anyway(chain: FloatArray) -> FloatArray:
    """Return supported financings that close anyway, by path."""
    places = [COMPONENTS.index(name) for name in ("deadweight", "substitution", "timing")]
    result: FloatArray = chain[..., places, 0].sum(axis=(1, 2, 3, 4, 5))
    return result


def _private_invested(run: RunResult) -> FloatArray:
    """Return private LPs' money invested through all funds, by path, million CNY."""
    return run.spools["fund_flow"].collect(
        lambda block: block[..., col.PRIVATE_INVESTED_M].sum(axis=(1, 2, 3))
    )


def _home_money(run: RunResult) -> FloatArray:
    """Return what programmes put into firms of their own region, by path, million CNY.

    Grants and guaranteed loans go to no others.
    """
    first = len(run.world.fund_types) - len(run.world.programmes)
    given = np.isin(run.world.arrays.programmes["vehicle"], (GRANT, GUARANTEE))
    kinds = first + np.flatnonzero(given)
    invested: FloatArray = run.spools["flow"].collect(
        lambda block: np.trace(block[:, 1, :, first:].sum(axis=(1, 2)), axis1=1, axis2=2)
    )
    return invested + run.spools["fund_flow"].collect(
        lambda block: block[:, :, :, kinds, col.INVESTED_M].sum(axis=(1, 2, 3))
    )


def _sold(run: RunResult) -> FloatArray:
    """Return what the state would get if all holdings were sold at the end, by path."""
    return run.spools["fund_flow"].collect(
        lambda block: block[:, -1, :, :, col.PUBLIC_SOLD_S].sum(axis=(1, 2))
    )


_ROUNDING = 1e-9
"""Part of the money given below which a difference of it is rounding."""


def at_risk_by_path(run: RunResult) -> FloatArray:
    """Return guaranteed money that stands behind loans still owed at the end, by path.

    It is what programmes got less what is left and what was paid: what is below the rounding of
    that sum is nothing.
    """
    first = len(run.world.fund_types) - len(run.world.programmes)
    is_guarantee = run.world.arrays.programmes["vehicle"] == GUARANTEE
    kinds = first + np.flatnonzero(is_guarantee)
    found = run.spools["fund_flow"].collect(
        lambda block: block[:, -1, :, kinds, col.UNCALLED_S].sum(axis=(0, 2))
    )
    programmes = run.world.arrays.programmes[is_guarantee]
    quarters = programmes["last_quarter"] - programmes["first_quarter"]
    got = quarters @ run.world.arrays.programme_budget_pp[is_guarantee].sum(axis=1)
    return np.where(found <= _ROUNDING * got, 0.0, found)


def public_paths(run: RunResult, base: RunResult) -> dict[str, FloatArray]:
    """Return flows of public money by path, each (P,), million CNY."""
    world = run.world
    first = len(world.fund_types) - len(world.programmes)
    flows = run.spools["fund_flow"].collect(lambda block: block[:, :, :, first:].sum(axis=(2, 3)))
    called, back = flows[..., col.PUBLIC_CALLED_M], flows[..., col.PUBLIC_BACK_M]
    nav = flows[:, -1, col.PUBLIC_NAV_S]
    rate = world.scenario.viability.social_rate_pa.centre
    middle = np.array([discount_factor(rate, year + 0.5) for year in range(flows.shape[1])])
    end = discount_factor(rate, float(flows.shape[1]))
    levers = lever_cost_by_path(run, base)
    value = ((back - called - levers) * middle).sum(axis=1) + nav * end
    arrays = world.arrays
    quarters = arrays.calendar.n_quarters - arrays.programmes["first_quarter"]
    length = arrays.programmes["last_quarter"] - arrays.programmes["first_quarter"]
    running = np.clip(np.minimum(quarters, length), 0, None)
    budget = float((arrays.programme_budget_pp.sum(axis=1) * running).sum())
    return {
        "budget_mcny": np.full(len(flows), budget),
        "raised_mcny": flows[..., col.RAISED_M].sum(axis=1),
        "public_raised_mcny": flows[..., col.PUBLIC_RAISED_M].sum(axis=1),
        "outlay_mcny": called.sum(axis=1),
        "vehicle_fees_mcny": flows[..., col.FEES_M].sum(axis=1),
        "relief_mcny": (relief_by_path(run) - relief_by_path(base)).sum(axis=1),
        "lever_cost_mcny": levers.sum(axis=1),
        "public_cost_mcny": called.sum(axis=1) + levers.sum(axis=1),
        "at_risk_mcny": at_risk_by_path(run),
        "returned_mcny": back.sum(axis=1),
        "nav_mcny": nav,
        "net_present_value_mcny": value,
    }
