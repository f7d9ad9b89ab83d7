"""Tables of a comparison: the chain of effects, and outcomes with and without.

Every standard error is that of a paired difference over paths. `chance` columns are the spread
over paths: what one future may bring. What is not known about the inputs is in neither.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from finmodel.market import columns as col
from finmodel.market.result import RunResult
from finmodel.measure.effects import COMPONENTS
from finmodel.measure.gap import viable_by_path
from finmodel.measure.groups import QUANTILES
from finmodel.measure.monte_carlo import mean_se, quantile_columns
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
        `effect_n`, `effect_mcny` a reported year with standard errors `_se` and, of
        chance, the 5 and 95 % points over paths, `_q05` and `_q95`.
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
            by_path = part.sum(axis=dropped) / len(world.years)
            mean, error = mean_se(by_path)
            low, high = quantile_columns(by_path, (QUANTILES[0], QUANTILES[-1]))
            frame = index.to_frame(index=False)
            frame.insert(0, "group", group)
            frame.insert(0, "policy", policy)
            for side, suffix in enumerate(("n", "mcny")):
                frame[f"effect_{suffix}"] = mean[..., side].reshape(-1)
                frame[f"effect_{suffix}_se"] = error[..., side].reshape(-1)
                frame[f"effect_{suffix}_q05"] = low[..., side].reshape(-1)
                frame[f"effect_{suffix}_q95"] = high[..., side].reshape(-1)
            frames.append(frame)
    return pd.concat(frames, ignore_index=True)


def sector_effect_table(panels: Mapping[str, FloatArray], world: World) -> pd.DataFrame:
    """Return the chain of effects by sector, all needs; `panels` of shape (P, S, 2, C, 2)."""
    index = pd.MultiIndex.from_product([world.sectors, COMPONENTS], names=["sector", "component"])
    frames = []
    for policy, panel in panels.items():
        by_path = panel.sum(axis=2) / len(world.years)
        mean, error = mean_se(by_path)
        low, high = quantile_columns(by_path, (QUANTILES[0], QUANTILES[-1]))
        frame = index.to_frame(index=False)
        frame.insert(0, "policy", policy)
        for side, suffix in enumerate(("n", "mcny")):
            frame[f"effect_{suffix}"] = mean[..., side].reshape(-1)
            frame[f"effect_{suffix}_se"] = error[..., side].reshape(-1)
            frame[f"effect_{suffix}_q05"] = low[..., side].reshape(-1)
            frame[f"effect_{suffix}_q95"] = high[..., side].reshape(-1)
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
    found["exits_n"] = panel[:, [col.IPO_N, col.MNA_N, col.TRANSFER_N]].sum(axis=1)
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


def outcome_path_table(base: RunResult, arms: Mapping[str, RunResult]) -> pd.DataFrame:
    """Return what each policy changes in every future, in all regions together.

    Policies that are compared on the same paths are paired through it: the error of the difference
    of two is that of the differences of their paths.

    Returns
    -------
    DataFrame
        One row a policy and path: `policy`, `path`, and one column an outcome, with the policy less
        without, of hard-tech firms a reported year.
    """
    without = outcomes_by_path(base)
    frames = []
    for policy, run in arms.items():
        changes = {name: values - without[name] for name, values in outcomes_by_path(run).items()}
        frame = pd.DataFrame(changes)
        frame.insert(0, "path", np.arange(len(frame)))
        frame.insert(0, "policy", policy)
        frames.append(frame)
    return pd.concat(frames, ignore_index=True)
