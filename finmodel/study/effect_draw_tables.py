"""Effects of a draw, and the tables of many: what each layer of uncertainty does to an effect."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from finmodel.measure.effect_series import (
    CHAIN_NAMES,
    EFFECT_HEADLINES,
    OUTCOME_NAMES,
    PUBLIC_NAMES,
    PolicyPaths,
    chain_series,
    outcome_series,
    public_series,
)
from finmodel.measure.series import Series
from finmodel.measure.uncertainty import (
    DrawValues,
    Shared,
    joined,
    layers,
    mean_values,
    ratio_values,
    share_above_zero,
)
from finmodel.study.compare import Comparison
from finmodel.world import World
from finmodel.world.arrays import FloatArray

ALL = "all"
TABLES: dict[str, tuple[str, ...]] = {
    "outcomes": ("region",),
    "effects": (),
    "effects_region": ("region",),
    "effects_stage": ("stage",),
    "public": (),
}
"""Tables of which every cell gets its layers, and their dimensions beside the policy."""

_NAMES = {
    "outcomes": OUTCOME_NAMES,
    "effects": CHAIN_NAMES,
    "effects_region": CHAIN_NAMES,
    "effects_stage": CHAIN_NAMES,
    "public": PUBLIC_NAMES,
}


def effect_layout(world: World, policies: Sequence[str]) -> pd.DataFrame:
    """Return what each of the M measures of a draw is.

    Returns
    -------
    DataFrame
        One row a measure: `table`, `policy`, `region`, `stage` (``all`` if not split), `measure`.
    """
    rows = [
        (table, policy, *cell, name)
        for policy in policies
        for table in TABLES
        for cell in _cells(world, table)
        for name in _NAMES[table]
    ]
    return pd.DataFrame(rows, columns=["table", "policy", "region", "stage", "measure"])


def effect_values(comparison: Comparison) -> DrawValues:
    """Return the effects of a draw in the order of :func:`effect_layout`; at least two paths."""
    world = comparison.base.world
    parts = []
    for policy in comparison.arms:
        paths = comparison.of(policy)
        for table in TABLES:
            for cell in _cells(world, table):
                found = _series(paths, table, *cell)
                parts += [_values(found[name]) for name in _NAMES[table]]
    return joined(parts)


def _cells(world: World, table: str) -> list[tuple[str, str]]:
    """Return region and stage of each cell of a table."""
    if table == "outcomes":
        return [(region, ALL) for region in (ALL, *world.regions)]
    if table == "effects_region":
        return [(region, ALL) for region in world.regions]
    if table == "effects_stage":
        return [(ALL, stage) for stage in world.stages]
    return [(ALL, ALL)]


def _series(paths: PolicyPaths, table: str, region: str, stage: str) -> dict[str, Series]:
    world = paths.base.world
    r = None if region == ALL else world.regions.index(region)
    k = None if stage == ALL else world.stages.index(stage)
    if table == "outcomes":
        return outcome_series(paths, r)
    if table == "public":
        return public_series(paths)
    return chain_series(paths.chain, len(world.years), r, k)


def _values(series: Series) -> DrawValues:
    top = series.top[:, None]
    return mean_values(top) if series.bottom is None else ratio_values(top, series.bottom[:, None])


def effect_layer_frames(
    world: World, policies: Sequence[str], values: FloatArray, errors: FloatArray, shared: Shared
) -> dict[str, pd.DataFrame]:
    """Return the layers of every effect, a table each, `uncertainty_` and the table's name.

    Parameters
    ----------
    world : World
    policies : sequence of str
    values, errors, shared
        As in :func:`finmodel.measure.uncertainty.layers`.

    Returns
    -------
    dict of DataFrame
        One row a policy, cell and measure: the columns of `layers`, and `share_above_zero`, the
        part of draws, without Monte Carlo noise, in which the mean effect is above zero.
    """
    frame = effect_layout(world, policies)
    columns = layers(values, errors, shared)
    columns["share_above_zero"] = share_above_zero(values, columns)
    found = pd.concat([frame, pd.DataFrame(columns)], axis=1)
    tables = {}
    for table, by in TABLES.items():
        dropped = ["table", *(axis for axis in ("region", "stage") if axis not in by)]
        mine = found[found["table"] == table].drop(columns=dropped)
        tables[f"uncertainty_{table}"] = mine.reset_index(drop=True)
    return tables


def headline_places(world: World, policies: Sequence[str]) -> dict[str, int]:
    """Return the places of the headlines, named ``policy/measure``."""
    frame = effect_layout(world, policies)
    is_whole = (frame["region"] == ALL) & (frame["stage"] == ALL)
    return {
        f"{policy}/{name}": int(
            np.flatnonzero(is_whole & (frame["policy"] == policy) & (frame["measure"] == name))[0]
        )
        for policy in policies
        for name in EFFECT_HEADLINES
    }
