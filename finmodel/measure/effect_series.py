"""Effects of a policy by path: paired differences of outcomes, the chain, and public money.

The names are those of the tables of a comparison: an outcome (its change), a part of the chain
with its side (``net_mcny``; ``net_viable_n`` of viable needs of hard technology), a measure of
public money. Costs per further outcome are left out: where the outcome hardly changes they are a
division by nearly nothing, whose mean over paths or draws says nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from finmodel.market.result import RunResult
from finmodel.measure.effects import COMPONENTS
from finmodel.measure.policy import OUTCOMES, outcomes_by_path
from finmodel.measure.public_table import public_paths, public_ratios
from finmodel.measure.series import SIDES, Catalogue, Cell, Series, texts
from finmodel.world.arrays import FloatArray

OUTCOME_NAMES = (
    *OUTCOMES,
    *(f"{name}_{side}" for side in SIDES for name in ("funded_viable", "gap")),
    "exits_n",
    "survivors_n",
)
CHAIN_NAMES = tuple(
    f"{name}{group}_{side}" for name in COMPONENTS for group in ("", "_viable") for side in SIDES
)
PUBLIC_MONEY = (
    "raised_mcny",
    "public_raised_mcny",
    "outlay_mcny",
    "public_cost_mcny",
    "returned_mcny",
    "nav_mcny",
    "net_present_value_mcny",
)
PUBLIC_RATIOS = (
    "placed_share",
    "home_multiple",
    "dpi",
    "tvpi",
    "tvpi_if_sold",
    "change_per_public_yuan",
    "private_change_per_public_yuan",
    "leverage_eu",
    "leverage_private",
    "amplification",
    "quarters_earlier",
    "away_share",
    "private_tvpi",
)
PUBLIC_CHANCES = ("p_loss", "loss_mcny")
PUBLIC_NAMES = (*PUBLIC_MONEY, *PUBLIC_CHANCES, *PUBLIC_RATIOS)

EFFECT_HEADLINES = (
    "gap_mcny",
    "gap_n",
    "net_mcny",
    "net_viable_n",
    "net_viable_mcny",
    "change_per_public_yuan",
    "private_change_per_public_yuan",
    "net_present_value_mcny",
)
"""Measures of a comparison whose convergence is stored."""

SHORT_NAMES = {
    "gap": "gap_mcny",
    "net": "net_mcny",
    "net_viable": "net_viable_n",
    "change": "change_mcny",
    "deals": "deals_n",
    "npv": "net_present_value_mcny",
}


class PolicyPaths(NamedTuple):
    """A policy and its baseline, path by path.

    Attributes
    ----------
    base, run : RunResult
    chain, memo : ndarray
        As in :class:`finmodel.study.compare.Comparison`.
    """

    base: RunResult
    run: RunResult
    chain: FloatArray
    memo: FloatArray


def effect_catalogue(
    *, policies: Iterable[str], regions: Iterable[str], stages: Iterable[str]
) -> Catalogue:
    """Return the effects that can be asked for; without `policy` they are those of every one."""
    values = {"policy": texts(policies), "region": texts(regions), "stage": texts(stages)}
    dimensions = {
        **dict.fromkeys(PUBLIC_NAMES, ("policy",)),
        **dict.fromkeys(CHAIN_NAMES, ("policy", "region", "stage")),
        **dict.fromkeys(OUTCOME_NAMES, ("policy", "region")),
    }
    return Catalogue(dimensions, values, (), SHORT_NAMES)


def effect_series(paths: PolicyPaths, measure: str, cell: Cell | None = None) -> Series:
    """Return an effect of one policy by path.

    Parameters
    ----------
    paths : PolicyPaths
    measure : str
        A name of :func:`effect_catalogue`.
    cell : mapping of str, optional
        `region`, and of the chain `stage`.
    """
    given, world = cell or {}, paths.base.world
    region = given.get("region")
    place = None if region is None else world.regions.index(region)
    if measure in OUTCOME_NAMES:
        return outcome_series(paths, place)[measure]
    if measure in CHAIN_NAMES:
        stage = given.get("stage")
        at = (place, None if stage is None else world.stages.index(stage))
        return chain_series(paths.chain, len(world.years), *at)[measure]
    return public_series(paths)[measure]


def outcome_series(paths: PolicyPaths, region: int | None = None) -> dict[str, Series]:
    """Return changes of outcomes of hard-tech firms, a year, by path."""
    with_, without = (outcomes_by_path(run, region) for run in (paths.run, paths.base))
    return {name: Series(with_[name] - without[name], is_effect=True) for name in OUTCOME_NAMES}


def chain_series(
    chain: FloatArray, n_years: int, region: int | None = None, stage: int | None = None
) -> dict[str, Series]:
    """Return the chain of effects by path, a year.

    Parameters
    ----------
    chain : ndarray of shape (P, R, K, H, 2, components, 2)
    n_years : int
    region, stage : int, optional
        Places; all if left out.
    """
    regions = slice(None) if region is None else slice(region, region + 1)
    stages = slice(None) if stage is None else slice(stage, stage + 1)
    some = chain[:, regions, stages].sum(axis=(1, 2)) / n_years
    groups = {"": some.sum(axis=(1, 2)), "_viable": some[:, 1, 1]}
    return {
        f"{name}{group}_{side}": Series(values[:, i, j], is_effect=True)
        for i, name in enumerate(COMPONENTS)
        for group, values in groups.items()
        for j, side in enumerate(SIDES)
    }


def public_series(paths: PolicyPaths) -> dict[str, Series]:
    """Return public money of a policy and its ratios by path, over all reported years.

    Without an outlay the chance of a loss is NaN, and so is what has no denominator.
    """
    money = public_paths(paths.run, paths.base)
    loss = money["outlay_mcny"] - money["returned_mcny"] - money["nav_mcny"]
    is_void = not money["outlay_mcny"].any()
    chances = {
        "p_loss": np.where(is_void, np.nan, (loss > 0.0).astype(np.float64)),
        "loss_mcny": np.maximum(0.0, loss),
    }
    ratios = public_ratios(paths.run, paths.base, money, paths.chain, paths.memo)
    effects = ("change_per_public_yuan", "private_change_per_public_yuan", "net_present_value_mcny")
    found = {name: Series(money[name], is_effect=name in effects) for name in PUBLIC_MONEY}
    found |= {name: Series(chances[name]) for name in PUBLIC_CHANCES}
    return found | {name: Series(*ratios[name], is_effect=name in effects) for name in ratios}
