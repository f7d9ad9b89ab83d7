"""Measures of a draw, and the tables of many: what each layer of uncertainty does to a cell."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from finmodel.market import columns as col
from finmodel.market.result import RunResult
from finmodel.market.resume import Array
from finmodel.measure import grouped
from finmodel.measure.activity import ACTIVITY
from finmodel.measure.gap import TEST_COLUMNS, viable_by_path
from finmodel.measure.uncertainty import (
    DrawValues,
    Shared,
    joined,
    layers,
    mean_values,
    ratio_values,
)
from finmodel.world import World
from finmodel.world.arrays import FloatArray

TABLES: dict[str, tuple[str, ...]] = {
    "gap_total": (),
    "gap_region": ("region",),
    "gap_stage": ("stage",),
    "gap_region_stage": ("region", "stage"),
    "activity_total": (),
}
"""Tables of which every cell gets its layers; as in a run, of hard technology but the last."""

HEADLINES = (
    ("gap_total", "gap_rate_mcny"),
    ("gap_total", "gap_rate_n"),
    ("gap_total", "gap_mcny"),
    ("gap_total", "gap_n"),
    ("gap_total", "viable_ask_mcny"),
    ("gap_total", "viable_ask_n"),
    ("activity_total", "deals_n"),
    ("activity_total", "deals_mcny"),
)
"""Measures that stand beside the drawn numbers of each draw."""

_SIDES = ("n", "mcny")
_MEANS = tuple(f"{name}_{side}" for side in _SIDES for name in ("ask", "viable_ask", "gap"))
_RATES = tuple(
    f"gap_rate_{side}" if test == "market" else f"gap_rate_{side}_{test}"
    for side in _SIDES
    for test in TEST_COLUMNS
)
_AXES = ("region", "stage")


def layout(world: World) -> pd.DataFrame:
    """Return what each of the M measures of a draw is.

    Returns
    -------
    DataFrame
        One row a measure: `table`, `region`, `stage` (``all`` if not split) and `measure`.
    """
    labels = {"region": list(world.regions), "stage": list(world.stages)}
    rows = []
    for table, by in TABLES.items():
        names = tuple(ACTIVITY) if table == "activity_total" else (*_MEANS, *_RATES)
        cells = [labels[axis] if axis in by else ["all"] for axis in _AXES]
        rows += [
            (table, region, stage, name)
            for name in names
            for region in cells[0]
            for stage in cells[1]
        ]
    return pd.DataFrame(rows, columns=["table", "region", "stage", "measure"])


def draw_values(run: RunResult) -> DrawValues:
    """Return the measures of a draw in the order of :func:`layout`; at least two paths."""
    values, _ = grouped(run, _AXES, "hard_tech")
    shape = (run.n_paths, len(run.world.regions), len(run.world.stages), values.shape[-1])
    cells = values.reshape(shape)
    parts = []
    for table, by in TABLES.items():
        if table == "activity_total":
            activity, _ = grouped(run, (), "all")
            parts.append(mean_values(activity[:, 0, list(ACTIVITY.values())]))
            continue
        dropped = tuple(1 + axis for axis, name in enumerate(_AXES) if name not in by)
        kept = cells.sum(axis=dropped).reshape(run.n_paths, -1, shape[-1])
        parts += _gap_values(kept)
    return joined(parts)


def _gap_values(cells: FloatArray) -> list[DrawValues]:
    """Return the measures of the gap of cells, shape (P, cells, columns): means, then rates."""
    means, rates = [], []
    for side in range(len(_SIDES)):
        viable, gap = viable_by_path(cells, side)
        ask = cells[..., col.ASK_M if side else col.ASK_N]
        means += [mean_values(x) for x in (ask, viable, gap)]
        for test in TEST_COLUMNS.values():
            viable, gap = viable_by_path(cells, side, test)
            rates.append(ratio_values(gap, viable))
    return means + rates


def layer_frames(
    world: World, values: FloatArray, errors: FloatArray, shared: Shared
) -> dict[str, pd.DataFrame]:
    """Return the layers of every cell, a table each, named `uncertainty_` and the run's table.

    Parameters
    ----------
    world : World
    values, errors, shared
        As in :func:`finmodel.measure.uncertainty.layers`.

    Returns
    -------
    dict of DataFrame
        One row a cell and measure: its dimensions, `measure`, and the columns of `layers`.
    """
    frame = layout(world)
    found = pd.concat([frame, pd.DataFrame(layers(values, errors, shared))], axis=1)
    return {f"uncertainty_{table}": _of_table(found, table, by) for table, by in TABLES.items()}


def _of_table(found: pd.DataFrame, table: str, by: Sequence[str]) -> pd.DataFrame:
    dropped = ["table", *(axis for axis in _AXES if axis not in by)]
    mine = found[found["table"] == table].drop(columns=dropped)
    rank = {name: i for i, name in enumerate(dict.fromkeys(mine["measure"]))}
    order = mine["measure"].map(rank).to_numpy()
    # Cell by cell, measures within; the cells keep the order of the scenario.
    n_measures = len(rank)
    place = np.arange(len(mine)) % (len(mine) // n_measures) * n_measures + order
    return mine.iloc[np.argsort(place)].reset_index(drop=True)


def draw_table(
    world: World,
    *,
    numbers: Sequence[str],
    drawn: FloatArray,
    n_redrawn: FloatArray,
    values: FloatArray,
    errors: FloatArray,
) -> pd.DataFrame:
    """Return one row a draw: every number that was drawn, and the headline results.

    Parameters
    ----------
    world : World
    numbers : sequence of str
        Dotted names of the N numbers.
    drawn : ndarray of shape (K, N)
    n_redrawn : ndarray of shape (K,)
    values, errors : ndarray of shape (K, M)

    Returns
    -------
    DataFrame
        `draw`, `n_redrawn`, a column a number by its dotted name, and the `HEADLINES` with
        their standard errors over paths, `_se`.
    """
    frame = layout(world)
    columns: dict[str, Array] = {
        "draw": np.arange(len(values)),
        "n_redrawn": n_redrawn.astype(np.int64),
        **{name: drawn[:, i] for i, name in enumerate(numbers)},
    }
    for table, measure in HEADLINES:
        is_it = (frame["table"] == table) & (frame["measure"] == measure)
        (place,) = np.flatnonzero(is_it)
        columns[measure], columns[f"{measure}_se"] = values[:, place], errors[:, place]
    return pd.DataFrame(columns)


def draw_cell_table(world: World, values: FloatArray, errors: FloatArray) -> pd.DataFrame:
    """Return every measure of every draw: `draw`, the columns of `layout`, `value`, `se`."""
    frame = layout(world)
    n_draws = len(values)
    long = pd.concat([frame] * n_draws, ignore_index=True)
    long.insert(0, "draw", np.repeat(np.arange(n_draws), len(frame)))
    return long.assign(value=values.reshape(-1), se=errors.reshape(-1))
