"""Whether draws suffice for their means, and goals for their errors.

Draws are independent given the paths, which they share; so the error that more draws shrink is
judged as that of paths is, and the part that only more paths shrink stands beside it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from finmodel.measure.convergence import convergence_table, convergence_verdicts
from finmodel.measure.series import SHORT_NAMES, Catalogue, Cell, Estimate, Series
from finmodel.study.draw_engine import Draws
from finmodel.study.draw_tables import HEADLINES, TABLES, layout
from finmodel.world import World

LEAST_DRAWS = 20
"""With fewer the ends of ignorance lie inside the true ones, and no error is known well."""

_AXES = ("region", "stage")


def draws_catalogue(world: World) -> Catalogue:
    """Return the measures of draws that can be asked for."""
    frame = layout(world)
    dimensions: dict[str, tuple[str, ...]] = {}
    for table, by in TABLES.items():
        for name in frame.loc[frame["table"] == table, "measure"].unique():
            dimensions[str(name)] = tuple(dict.fromkeys((*dimensions.get(str(name), ()), *by)))
    values = {"region": world.regions, "stage": world.stages}
    return Catalogue(dimensions, values, (), SHORT_NAMES)


def ask_draws(found: Draws, measure: str, cell: Cell) -> dict[str, Estimate]:
    """Return what draws say of a measure at a cell."""
    frame = layout(found.world)
    is_it = frame["measure"] == measure
    for axis in _AXES:
        is_it &= frame[axis] == cell.get(axis, "all")
    (place,) = np.flatnonzero(is_it)
    return {"": found.estimate(int(place))}


def headline_places(world: World) -> dict[str, int]:
    """Return the places of the headlines among the measures of a draw."""
    frame = layout(world)
    return {
        measure: int(np.flatnonzero((frame["table"] == table) & (frame["measure"] == measure))[0])
        for table, measure in HEADLINES
    }


def draw_convergence_tables(
    found: Draws, places: Mapping[str, int], effects: Sequence[str] = ()
) -> dict[str, pd.DataFrame]:
    """Return `convergence` and `convergence_verdicts` of draws.

    Parameters
    ----------
    found : Draws
    places : mapping of int
        Of the measures, by the name they get.
    effects : sequence of str
        Those that are differences between arms.

    Returns
    -------
    dict of DataFrame
        Columns as for paths, with draws in place of them: `n_draws`, `draws_half`,
        `draws_needed`; errors are those that more draws shrink, and `se_paths` is that of the
        number of paths. Draws in which a measure is undefined are left out.
    """
    series = {}
    for name, place in places.items():
        values = found.cells[:, place]
        series[name] = Series(values[~np.isnan(values)], is_effect=name in effects)
    series = {name: item for name, item in series.items() if len(item.top)}
    verdicts = convergence_verdicts(series, LEAST_DRAWS)
    verdicts["se_paths"] = [
        float(np.sqrt(max(found.estimate(places[name]).se ** 2 - se**2, 0.0)))
        for name, se in zip(verdicts["measure"], verdicts["se"], strict=True)
    ]
    names = {"n_paths": "n_draws", "paths_half": "draws_half", "paths_needed": "draws_needed"}
    return {
        "convergence": convergence_table(series).rename(columns=names),
        "convergence_verdicts": verdicts.rename(columns=names),
    }
