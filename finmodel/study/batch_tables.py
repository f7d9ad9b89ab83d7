"""Tables of a batch: units, what each led to, and what differs from the baseline."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from finmodel.measure.groups import QUANTILES
from finmodel.measure.headlines import CELLS, HEADLINES, RATIOS, ratio_parts
from finmodel.measure.headlines import units as measure_units
from finmodel.measure.monte_carlo import mean_se, quantile_columns
from finmodel.measure.uncertainty import DrawValues, mean_values, ratio_values
from finmodel.study.batch_spread import Between
from finmodel.study.batch_units import BatchUnits
from finmodel.study.units import UnitResult
from finmodel.world.arrays import FloatArray

_ENDS = ("q05", "q50", "q95")


def batch_tables(
    units: BatchUnits, results: Sequence[UnitResult], baseline: str
) -> dict[str, pd.DataFrame]:
    """Return every table of a batch.

    Parameters
    ----------
    units : BatchUnits
    results : sequence of UnitResult
        In the order of `units`.
    baseline : str
        Scenario the others are held against; empty for none.

    Returns
    -------
    dict of DataFrame
        `units`, one row each, failed ones too: its numbers, `paths`, `scale`, `digest`, `status`,
        `error`. Of units that did not fail `results`, one row a measure: `value` (a mean over paths
        or a ratio of means) with Monte Carlo standard error `se`, and `q05`, `q50`, `q95` over
        paths (chance); `cells` by region and stage with `se`; `paths`, one row a path, the
        headlines as columns. `effects`, if there is a baseline: change against it path by path,
        with the same columns as `results`; and `summary`, of :func:`summary_table`.
    """
    frame = units.table()
    frame["digest"] = [result.digest for result in results]
    frame["status"] = [result.status for result in results]
    frame["error"] = [result.error for result in results]
    groups = list(zip(frame["scenario"], frame["seed"], strict=True))
    between = tuple(Between(groups, len(measure_units())) for _ in range(2))
    tables = {
        "units": frame,
        "results": result_table(results, between[0]),
        "cells": _cell_table(units, results),
        "paths": _path_table(results),
    }
    if baseline:
        tables["effects"] = _effect_table(units, results, baseline, between[1])
    tables["summary"] = summary_table(tables, between)
    return tables


def measures(by_path: FloatArray) -> DrawValues:
    """Return headlines and ratios of a unit: value, error, influence of paths, spread over them.

    Parameters
    ----------
    by_path : ndarray of shape (P, H), P >= 2

    Returns
    -------
    DrawValues
        Of H headlines, then the ratios of `RATIOS`.
    """
    tops, bottoms = zip(*(ratio_parts(by_path, name) for name in RATIOS), strict=True)
    means = mean_values(by_path)
    ratios = ratio_values(np.stack(tops, axis=-1), np.stack(bottoms, axis=-1))
    return DrawValues(*(np.concatenate(x, axis=-1) for x in zip(means, ratios, strict=True)))


def by_path_measures(by_path: FloatArray) -> FloatArray:
    """Return headlines and each path's own ratios, shape (P, H + ratios); NaN over nothing."""
    tops, bottoms = zip(*(ratio_parts(by_path, name) for name in RATIOS), strict=True)
    top, bottom = np.stack(tops, axis=-1), np.stack(bottoms, axis=-1)
    own = np.divide(top, bottom, out=np.full_like(top, np.nan), where=bottom != 0.0)
    return np.concatenate([by_path, own], axis=-1)


def _values(by_path: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return value, error and influence of every measure; errors are NaN with one path."""
    if len(by_path) > 1:
        found = measures(by_path)
        return found.value, found.error, found.influence
    own = by_path_measures(by_path)
    return own[0], np.full(own.shape[1], np.nan), np.zeros_like(own)


def result_table(results: Sequence[UnitResult], between: Between) -> pd.DataFrame:
    """Return one row a unit and measure, and tell `between`; see :func:`batch_tables`."""
    names, rows = list(measure_units()), []
    for place, result in enumerate(results):
        if not result.is_ok:
            continue
        value, error, influence = _values(result.by_path)
        between.add(place, value, error, influence)
        rows.append(_frame(place, names, value, error, by_path_measures(result.by_path)))
    return pd.concat(rows, ignore_index=True) if rows else _no_rows()


def _frame(
    place: int, names: list[str], value: FloatArray, error: FloatArray, spread: FloatArray
) -> pd.DataFrame:
    ends = quantile_columns(spread, QUANTILES)
    return pd.DataFrame(
        {
            "unit": np.int64(place),
            "measure": names,
            "value": value,
            "se": error,
            **dict(zip(_ENDS, ends, strict=True)),
        }
    )


def _no_rows() -> pd.DataFrame:
    numbers = dict.fromkeys(("value", "se", *_ENDS), np.zeros(0))
    return pd.DataFrame({"unit": np.zeros(0, np.int64), "measure": pd.array([], "str"), **numbers})


def _cell_table(units: BatchUnits, results: Sequence[UnitResult]) -> pd.DataFrame:
    """Return one row a unit, region and stage with the measures and errors of `CELLS`."""
    frames = []
    for place, result in enumerate(results):
        if not result.is_ok:
            continue
        scenario = units.scenario_of(place)
        index = pd.MultiIndex.from_product(
            [scenario.geography.regions, scenario.stage_names], names=["region", "stage"]
        )
        frame = index.to_frame(index=False)
        frame.insert(0, "unit", np.int64(place))
        for i, name in enumerate(CELLS):
            frame[name] = result.cells[..., i].reshape(-1)
            frame[f"{name}_se"] = result.cells_se[..., i].reshape(-1)
        frames.append(frame)
    if frames:
        return pd.concat(frames, ignore_index=True)
    none = {"region": pd.array([], "str"), "stage": pd.array([], "str")}
    numbers = {f"{name}{end}": np.zeros(0) for name in CELLS for end in ("", "_se")}
    return pd.DataFrame({"unit": np.zeros(0, np.int64), **none, **numbers})


def _path_table(results: Sequence[UnitResult]) -> pd.DataFrame:
    """Return one row a unit and path with every headline."""
    done = [(place, result.by_path) for place, result in enumerate(results) if result.is_ok]
    columns: dict[str, np.ndarray] = {
        "unit": np.repeat(
            np.array([place for place, _ in done], np.int64), [len(own) for _, own in done]
        ),
        "path": np.concatenate([np.arange(len(own)) for _, own in done] or [np.zeros(0, np.int64)]),
    }
    whole = np.concatenate([own for _, own in done] or [np.zeros((0, len(HEADLINES)))])
    return pd.DataFrame(columns | {name: whole[:, i] for i, name in enumerate(HEADLINES)})


def _effect_table(
    units: BatchUnits, results: Sequence[UnitResult], baseline: str, between: Between
) -> pd.DataFrame:
    """Return the paired change of every unit of another scenario against its baseline's unit."""
    base_of = units.baseline_of(baseline)
    names = list(measure_units())
    frames = []
    for place, base in base_of.items():
        own, other = results[place], results[base]
        if not (own.is_ok and other.is_ok and len(own.by_path) == len(other.by_path)):
            continue
        change, error, influence = paired_change(own.by_path, other.by_path)
        between.add(place, change, error, influence)
        spread = by_path_measures(own.by_path) - by_path_measures(other.by_path)
        found = _frame(place, names, change, error, spread)
        found.insert(1, "baseline_unit", np.int64(base))
        frames.append(found)
    if not frames:
        return _no_rows().assign(baseline_unit=np.zeros(0, np.int64))
    return pd.concat(frames, ignore_index=True)


def paired_change(own: FloatArray, other: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return the change of every measure, its standard error and what each path adds to it.

    Parameters
    ----------
    own, other : ndarray of shape (P, H)
        Headlines on the same paths of the same seed.

    Returns
    -------
    change, standard_error : ndarray of shape (M,)
        Of headlines, then ratios of means by the delta method.
    influence : ndarray of shape (P, M)
    """
    value, _, influence = _values(own)
    before, _, influence_before = _values(other)
    _, error = mean_se(influence - influence_before)
    return value - before, error, influence - influence_before


def summary_table(tables: dict[str, pd.DataFrame], between: Sequence[Between]) -> pd.DataFrame:
    """Return what the units of each scenario say together, a row a measure.

    Parameters
    ----------
    tables : dict of DataFrame
    between : sequence of Between
        Of values and of changes.

    Returns
    -------
    DataFrame
        `scenario`, `compared` (0 for values, 1 for changes against the baseline), `measure`,
        `n_units`, `mean` over units, lowest and highest with their units, `sd_between` units
        of one seed less what Monte Carlo error explains (what the plan varies; NaN if that cannot
        be told, as with one path), the root
        mean square `se` of a unit (Monte Carlo), and mean `q05`, `q95` over paths (chance).
    """
    of_unit = tables["units"].set_index("unit")["scenario"]
    frames = []
    for compared, name in enumerate(("results", "effects")):
        if name not in tables or tables[name].empty:
            continue
        rows = tables[name].assign(scenario=tables[name]["unit"].map(of_unit))
        apart = {
            (str(scenario), measure): sd
            for scenario in rows["scenario"].unique()
            for measure, sd in zip(measure_units(), between[compared].sd(scenario), strict=True)
        }
        found = [
            _row(
                str(scenario),
                str(measure),
                compared,
                own,
                float(apart[str(scenario), str(measure)]),
            )
            for (scenario, measure), own in rows.groupby(["scenario", "measure"], sort=False)
        ]
        frames.append(pd.DataFrame(found))
    return pd.concat(frames, ignore_index=True) if frames else pd.DataFrame(columns=_COLUMNS)


_COLUMNS = (
    "scenario",
    "compared",
    "measure",
    "n_units",
    "mean",
    "low",
    "low_unit",
    "high",
    "high_unit",
    "sd_between",
    "se",
    "q05",
    "q95",
)


def _row(
    scenario: str, measure: str, compared: int, own: pd.DataFrame, apart: float
) -> dict[str, object]:
    known = own[own["value"].notna()]
    values, units = known["value"].to_numpy(np.float64), known["unit"].to_numpy()
    nan, n = float("nan"), len(known)
    noise = float(np.mean(known["se"].to_numpy(np.float64) ** 2)) if n else nan
    return {
        "scenario": scenario,
        "compared": compared,
        "measure": measure,
        "n_units": n,
        "mean": float(values.mean()) if n else nan,
        "low": float(values.min()) if n else nan,
        "low_unit": int(units[values.argmin()]) if n else -1,
        "high": float(values.max()) if n else nan,
        "high_unit": int(units[values.argmax()]) if n else -1,
        "sd_between": apart,
        "se": float(np.sqrt(noise)) if n else nan,
        "q05": float(known["q05"].mean()) if n else nan,
        "q95": float(known["q95"].mean()) if n else nan,
    }
