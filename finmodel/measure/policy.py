"""Tables of a comparison: the chain of effects, outcomes with and without, and the public side.

Every standard error is that of a paired difference over paths. `chance` columns are the spread
over paths: what one future may bring. What is not known about the inputs is in neither.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from finmodel.market import columns as col
from finmodel.market.result import RunResult
from finmodel.measure.effects import COMPONENTS, MEMO
from finmodel.measure.gap import viable_by_path
from finmodel.measure.monte_carlo import mean_se, ratio_se
from finmodel.measure.public_flows import lp_multiples, public_irr
from finmodel.units import discount_factor
from finmodel.world import World
from finmodel.world.arrays import FloatArray

GROUPS = ("all", "viable_hard_tech")
OUTCOMES = {
    "deals_n": col.DEAL_N,
    "deals_mcny": col.DEAL_M,
    "first_rounds_n": col.FIRST_N,
    "milestones_n": col.MILESTONE_N,
    "graduated_n": col.GRADUATED_8Q_N,
    "ipo_n": col.IPO_N,
    "mna_n": col.MNA_N,
    "failures_n": col.FAILURE_N,
    "closures_n": col.CLOSURE_N,
    "exit_value_mcny": col.EXIT_M,
}
"""Outcomes of hard-tech firms, a year."""


def effect_table(
    chains: Mapping[str, FloatArray], world: World, by: Sequence[str] = ()
) -> pd.DataFrame:
    """Return the chain of effects of each policy.

    Parameters
    ----------
    chains : mapping of ndarray, each of shape (P, R, K, H, 2, components, 2)
        From a comparison.
    world : World
        The baseline's.
    by : sequence of str
        Any of `region` and `stage`.

    Returns
    -------
    DataFrame
        One row a policy, group (`all` needs, or `viable_hard_tech`), cell and component:
        `effect_n`, `effect_mcny` a reported year with standard errors `_se`.
    """
    axes = {"region": list(world.regions), "stage": list(world.stages)}
    kept = [name for name in axes if name in by]
    index = pd.MultiIndex.from_product(
        [*(axes[name] for name in kept), COMPONENTS], names=[*kept, "component"]
    )
    frames = []
    for policy, chain in chains.items():
        dropped = tuple(1 + place for place, name in enumerate(axes) if name not in by)
        for group in GROUPS:
            part = chain[:, :, :, 1, 1] if group == GROUPS[1] else chain.sum(axis=(3, 4))
            mean, error = mean_se(part.sum(axis=dropped) / len(world.years))
            frame = index.to_frame(index=False)
            frame.insert(0, "group", group)
            frame.insert(0, "policy", policy)
            for side, suffix in enumerate(("n", "mcny")):
                frame[f"effect_{suffix}"] = mean[..., side].reshape(-1)
                frame[f"effect_{suffix}_se"] = error[..., side].reshape(-1)
            frames.append(frame)
    return pd.concat(frames, ignore_index=True)


def sector_effect_table(panels: Mapping[str, FloatArray], world: World) -> pd.DataFrame:
    """Return the chain of effects by sector, all needs; `panels` of shape (P, S, 2, C, 2)."""
    index = pd.MultiIndex.from_product([world.sectors, COMPONENTS], names=["sector", "component"])
    frames = []
    for policy, panel in panels.items():
        mean, error = mean_se(panel.sum(axis=2) / len(world.years))
        frame = index.to_frame(index=False)
        frame.insert(0, "policy", policy)
        for side, suffix in enumerate(("n", "mcny")):
            frame[f"effect_{suffix}"] = mean[..., side].reshape(-1)
            frame[f"effect_{suffix}_se"] = error[..., side].reshape(-1)
        frames.append(frame)
    return pd.concat(frames, ignore_index=True)


def outcomes_by_path(run: RunResult, region: int | None = None) -> dict[str, FloatArray]:
    """Return outcomes of hard-tech firms a reported year, by path, each of shape (P,)."""
    where = slice(None) if region is None else slice(region, region + 1)
    panel = run.spools["panel"].collect(
        lambda block: block[:, :, where, :, 1].sum(axis=(2, 3)).mean(axis=1)
    )
    found = {name: panel[:, column] for name, column in OUTCOMES.items()}
    for side, suffix in enumerate(("n", "mcny")):
        ask, gap = viable_by_path(panel, side)
        found[f"funded_viable_{suffix}"] = ask - gap
        found[f"gap_{suffix}"] = gap
    active = run.spools["panel"].collect(
        lambda block: block[:, -1, where, :, 1, col.ACTIVE_N].sum(axis=(1, 2))
    )
    return {**found, "survivors_n": active}


def outcome_table(base: RunResult, arms: Mapping[str, RunResult]) -> pd.DataFrame:
    """Return outcomes with and without each policy, in all regions and in each.

    Returns
    -------
    DataFrame
        One row a policy, region (`all` first) and outcome: `base`, `policy_mean`, `change`,
        `change_se` of the paired difference, `unpaired_se` of independent runs of as many
        paths, `variance_ratio` (unpaired over paired variance; NaN if nothing changes),
        and `chance_q05`, `chance_q95`, the spread of the change over paths.
    """
    rows = []
    for place, region in enumerate(("all", *base.world.regions)):
        where = None if region == "all" else place - 1
        without = outcomes_by_path(base, where)
        for policy, run in arms.items():
            for name, values in outcomes_by_path(run, where).items():
                change, error = mean_se(values - without[name])
                unpaired = np.hypot(mean_se(values)[1], mean_se(without[name])[1])
                low, high = np.quantile(values - without[name], (0.05, 0.95))
                rows.append(
                    {
                        "policy": policy,
                        "region": region,
                        "outcome": name,
                        "base": without[name].mean(),
                        "policy_mean": values.mean(),
                        "change": float(change),
                        "change_se": float(error),
                        "unpaired_se": float(unpaired),
                        "variance_ratio": float(unpaired / error) ** 2 if error > 0 else np.nan,
                        "chance_q05": low,
                        "chance_q95": high,
                    }
                )
    return pd.DataFrame(rows)


def public_table(
    base: RunResult,
    arms: Mapping[str, RunResult],
    chains: Mapping[str, FloatArray],
    memos: Mapping[str, FloatArray],
) -> pd.DataFrame:
    """Return what each policy's programmes cost and bring, and official ratios apart.

    Money of the programmes' public LPs over the reported years. `nav` is what the state would
    keep if every vehicle were settled at the last year's end at its marks: carry, gains given up,
    buy-outs and cover for private losses are off it. Present values are at the social rate from
    the middle of each year. `p_loss` is the chance that returns and `nav` fall short of the outlay,
    `loss` the mean of that shortfall. A guarantee's outlay is what it paid; its `public` money is
    what stood at risk. Levers without a programme cost nothing here: their cost is not in the
    model. `leverage_eu` is all money of rounds that vehicles joined over the public money called,
    in the manner of Art. 223 of the EU's rules of application; `leverage_private` is the part not
    public over the public part.

    Returns
    -------
    DataFrame
        One row a policy and measure: `value`, `se`, and over paths `q05`, `q50`, `q95`.
        Ratios without a denominator are NaN, as is an outlay per outcome that does not rise.
    """
    rows: list[dict[str, object]] = []
    for policy, run in arms.items():
        paths = _public_paths(run)
        change = chains[policy][..., COMPONENTS.index("change"), :].sum(axis=(1, 2, 3, 4))
        viable = chains[policy][:, :, :, 1, 1, COMPONENTS.index("change")].sum(axis=(1, 2))
        memo = dict(
            zip(MEMO, np.moveaxis(memos[policy].sum(axis=(1, 2, 3, 4)), -1, 0), strict=True)
        )
        outcome, without = outcomes_by_path(run), outcomes_by_path(base)
        n_years = len(run.world.years)
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
        private = _private_invested(run) - _private_invested(base)
        ratios = {
            "placed_share": (paths["public_raised_mcny"], paths["budget_mcny"]),
            "home_multiple": (_home_money(run), outlay),
            "dpi": (paths["returned_mcny"], outlay),
            "tvpi": (held, outlay),
            "change_per_public_yuan": (change[:, 1], memo["public"]),
            "private_change_per_public_yuan": (private, memo["public"]),
            "leverage_eu": (memo["joined"], outlay),
            "leverage_private": (memo["joined"] - memo["public"], memo["public"]),
            "amplification": (paths["raised_mcny"], paths["public_raised_mcny"]),
            "outlay_per_financing_mcny": (outlay, viable[:, 0]),
            "quarters_earlier": (memo["earlier"], _anyway(chains[policy])),
        }
        for name, key in (
            ("graduation", "graduated_n"),
            ("ipo", "ipo_n"),
            ("survivor", "survivors_n"),
        ):
            years = 1 if key == "survivors_n" else n_years
            extra = years * (outcome[key] - without[key])
            ratios[f"outlay_per_{name}_mcny"] = (outlay, extra)
        pooled, by_path = public_irr(run)
        some = by_path[~np.isnan(by_path)]
        row = _row(
            policy, "irr_pa", np.array(pooled), np.array(np.nan), some if len(some) else None
        )
        rows.append(row)
        with_, before = lp_multiples(run), lp_multiples(base)["ordinary_tvpi"]
        ratios["private_tvpi"] = with_["private_tvpi"]
        got, paid = with_["ordinary_tvpi"]
        change_tvpi, error = mean_se(got / paid - before[0] / before[1])
        rows.append(_row(policy, "ordinary_tvpi_change", change_tvpi, error, None))
        for name, (top, bottom) in ratios.items():
            value, error = ratio_se(top, bottom)
            if name.startswith("outlay_per_") and not bottom.mean() > 0.0:
                # There is no further outcome for the money to be divided by.
                value, error = np.full_like(value, np.nan), np.full_like(error, np.nan)
            rows.append(_row(policy, name, value, error, None))
    return pd.DataFrame(rows)


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
    """Return what vehicles put into firms of their own region, by path, million CNY."""
    first = len(run.world.fund_types) - len(run.world.programmes)
    return run.spools["flow"].collect(
        lambda block: np.trace(block[:, 1, :, first:].sum(axis=(1, 2)), axis1=1, axis2=2)
    )


def _public_paths(run: RunResult) -> dict[str, FloatArray]:
    """Return flows of public money by path, million CNY."""
    world = run.world
    first = len(world.fund_types) - len(world.programmes)
    flows = run.spools["fund_flow"].collect(lambda block: block[:, :, :, first:].sum(axis=(2, 3)))
    called, back = flows[..., col.PUBLIC_CALLED_M], flows[..., col.PUBLIC_BACK_M]
    nav = flows[:, -1, col.PUBLIC_NAV_S]
    rate = world.scenario.viability.social_rate_pa.centre
    middle = np.array([discount_factor(rate, year + 0.5) for year in range(flows.shape[1])])
    end = discount_factor(rate, float(flows.shape[1]))
    value = ((back - called) * middle).sum(axis=1) + nav * end
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
        "returned_mcny": back.sum(axis=1),
        "nav_mcny": nav,
        "net_present_value_mcny": value,
    }
