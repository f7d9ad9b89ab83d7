"""Grouping of a run's columns by region, stage, sector and year."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import pandas as pd

from finmodel.errors import InputError, Problem, nearest_name
from finmodel.market.result import RunResult
from finmodel.world.arrays import FloatArray

Group = Literal["all", "hard_tech", "general"]

DIMENSIONS = ("region", "stage", "sector", "year")
QUANTILES = (0.05, 0.5, 0.95)


def grouped(run: RunResult, by: Sequence[str], group: Group) -> tuple[FloatArray, pd.DataFrame]:
    """Return the columns of a run by group.

    Parameters
    ----------
    run : RunResult
    by : sequence of str
        Dimensions kept; years not kept are averaged, the rest is summed.
    group : {'hard_tech', 'general', 'all'}
        Sectors counted; ignored when `sector` is kept.

    Returns
    -------
    values : ndarray of shape (P, groups, N_COLUMNS)
    names : DataFrame
        One row a group.

    Raises
    ------
    InputError
        If a dimension is unknown, or `sector` is combined with region or stage.
    """
    _check_dimensions(by)
    world = run.world
    labels: dict[str, list[str] | list[int]] = {
        "year": list(world.years),
        "region": list(world.regions),
        "stage": list(world.stages),
        "sector": list(world.sectors),
    }
    name = "sectors" if "sector" in by else "panel"
    axes = ["year", "sector"] if "sector" in by else ["year", "region", "stage"]

    def reduce(block: FloatArray) -> FloatArray:
        data = block
        if name == "panel":
            # A view, not a copy, of one group: the panel is the largest array of a run.
            whole = group == "all"
            data = block.sum(axis=4) if whole else block[..., int(group == "hard_tech"), :]
        for axis in reversed(range(len(axes))):
            if axes[axis] not in by:
                # Over years a mean, over everything else a sum.
                is_year = axes[axis] == "year"
                data = data.mean(axis=axis + 1) if is_year else data.sum(axis=axis + 1)
        return data

    data = run.spools[name].collect(reduce)
    kept = [axis for axis in axes if axis in by]
    if not kept:
        return data[:, None, :], pd.DataFrame(index=range(1))
    index = pd.MultiIndex.from_product([labels[axis] for axis in kept], names=kept)
    frame = index.to_frame(index=False)
    return data.reshape(len(data), len(frame), data.shape[-1]), frame


def _check_dimensions(by: Sequence[str]) -> None:
    problems = [
        Problem("by", repr(name), f"one of {', '.join(DIMENSIONS)}", nearest_name(name, DIMENSIONS))
        for name in by
        if name not in DIMENSIONS
    ]
    if not problems and "sector" in by and {"region", "stage"} & set(by):
        problems = [Problem("by", ", ".join(by), "sector alone or with year")]
    if problems:
        raise InputError("table", problems)
