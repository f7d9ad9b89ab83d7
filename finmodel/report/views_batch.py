"""Rows of batches as charts and readers want them: plans by name, changes, the summary."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from finmodel.measure.headlines import units as measure_units
from finmodel.report.number_names import number_names, number_text, short_names, unit_of
from finmodel.report.wording import Wording, reach

Tables = Mapping[str, pd.DataFrame]
NOT_NUMBERS = ("unit", "scenario", "seed", "paths", "scale", "point", "digest", "status", "error")
BATCH_MEASURES = (
    "gap_mcny",
    "gap_rate_mcny",
    "funded_viable_n",
    "private_invested_mcny",
    "public_npv_mcny",
)


def batch_unit(measure: str, wording: Wording, *, is_change: bool) -> tuple[float, str]:
    """Return by what a measure is multiplied to be shown, and the name of its unit."""
    kind = measure_units()[measure]
    if kind == "mcny":
        return 1.0 / wording.mcny_per_unit, wording.money_unit_of(measure)
    if kind == "share":
        return 100.0, wording.text("studies_batch", "points" if is_change else "percent")
    return 1.0, wording.text("studies_batch", "needs" if kind == "n" else "times")


def batch_rows(tables: Tables, scenario: str, measure: str, wording: Wording) -> pd.DataFrame:
    """Return the units of a scenario: its change against the baseline, else its value.

    Sums and counts are brought to the size of the whole market; errors with them.

    Returns
    -------
    DataFrame
        `name` (of what the plan sets, in plain words), `set` (as `--set` takes it), `value`, `low`,
        `high` (99 % of simulation error), `is_told` (the interval leaves zero out), `unit` and
        `is_change`. Without rows of NaN.
    """
    effects = tables.get("effects")
    units = tables["units"].set_index("unit", drop=False)
    own = units.index[units["scenario"] == scenario]
    is_change = effects is not None and bool(effects["unit"].isin(own).any())
    source = effects if effects is not None and is_change else tables["results"]
    rows = source[(source["measure"] == measure) & source["unit"].isin(own)]
    rows = rows[rows["value"].notna()]
    scale, _ = batch_unit(measure, wording, is_change=is_change)
    sizes = units.loc[rows["unit"], "scale"].to_numpy(float)
    factor = scale / sizes if measure_units()[measure] in ("mcny", "n") else scale + 0.0 * sizes
    value, error = rows["value"].to_numpy(float) * factor, rows["se"].to_numpy(float) * factor
    half = np.array([reach(int(n)) for n in units.loc[rows["unit"], "paths"]]) * error
    half = np.where(np.isfinite(half), half, 0.0)
    plans = [units.loc[[unit]].iloc[0] for unit in rows["unit"]]
    names = short_names(set_by(units.loc[own]), wording)
    frame = pd.DataFrame(
        {
            "name": _unique(
                [plan_name(plan, names, wording) for plan in plans], list(rows["unit"])
            ),
            "set": [plan_set(plan, list(names)) for plan in plans],
            "value": value,
            "low": value - half,
            "high": value + half,
            "unit": rows["unit"].to_numpy(),
        }
    )
    frame["se"] = error
    frame["is_told"] = (half > 0.0) & ((frame["low"] > 0.0) | (frame["high"] < 0.0))
    frame["is_change"] = is_change
    return frame


def _unique(names: list[str], units: list[int]) -> list[str]:
    """Return names, with the number of the unit where one is not alone: rows must not merge."""
    return [
        f"{name} #{unit}" if names.count(name) > 1 else name
        for name, unit in zip(names, units, strict=True)
    ]


def set_by(units: pd.DataFrame) -> list[str]:
    """Return the dotted names of the numbers that a plan sets in units."""
    return [
        str(name) for name in units if name not in NOT_NUMBERS and bool(units[name].notna().any())
    ]


def plan_name(plan: pd.Series[Any], names: Mapping[str, str], wording: Wording) -> str:
    """Return what the plan sets in a unit, in plain words with values.

    Parameters
    ----------
    plan : Series
        A row of table `units`.
    names : mapping of str
        Plain name by dotted name.
    wording : Wording
    """
    parts = []
    for dotted, name in names.items():
        value = plan[dotted]
        if pd.isna(value):
            continue
        is_number = isinstance(value, int | float)
        shown = number_text(float(value), unit_of(dotted), wording) if is_number else str(value)
        parts.append(wording.text("number_word", "owner", owner=name, part=shown))
    return " · ".join(parts) or wording.text("studies_batch", "as_is")


def plan_set(plan: pd.Series[Any], dotted: Sequence[str]) -> str:
    """Return what the plan sets in a unit, as `--set` takes it."""
    shown = {name: plan[name] for name in dotted if not pd.isna(plan[name])}
    return "; ".join(
        f"{name}={value:g}" if isinstance(value, float) and abs(value) < 1e6 else f"{name}={value}"
        for name, value in shown.items()
    )


def axes_text(units: pd.DataFrame, scenario: str, wording: Wording) -> str:
    """Return which numbers the plans of a scenario set, plain and dotted; empty if none."""
    names = number_names(set_by(units[units["scenario"] == scenario]), wording)
    comma = wording.text("my_fund_actual", "comma")
    said = [
        wording.text("number_word", "apart", name=name, dotted=dotted) if name != dotted else name
        for dotted, name in names.items()
    ]
    return wording.text("number_word", "axes", names=comma.join(said)) if said else ""


def batch_view(rows: pd.DataFrame, what: str, wording: Wording) -> pd.DataFrame:
    """Return rows of :func:`batch_rows`, or of others with intervals, with headings.

    Parameters
    ----------
    rows : DataFrame
    what : str
        What the values are, with the unit.
    wording : Wording
    """
    heads = {"name": wording.text("studies_batch", "name"), "value": what}
    for key in ("low", "high"):
        end = wording.text("studies_batch", key)
        heads[key] = wording.text("studies_batch", "of", what=what, head=end)
    if "dotted" in rows:
        heads["name"] = wording.text("number_word", "name")
    for key in ("set", "dotted"):
        if key in rows:
            heads[key] = wording.text("number_word", key)
    return rows[list(heads)].round(4).rename(columns=heads)


def summary_rows(
    tables: Tables, measure: str, titles: Mapping[str, str], wording: Wording
) -> pd.DataFrame:
    """Return the summary of a batch for a measure, at the size of the whole market.

    Sums of a scenario whose units are of several sizes have none, and are NaN.
    """
    summary, sizes = tables["summary"], tables["units"].groupby("scenario")["scale"]
    rows = summary[summary["measure"] == measure]
    size = rows["scenario"].map(sizes.first().where(sizes.min() == sizes.max())).astype(float)
    is_sum = measure_units()[measure] in ("mcny", "n")
    changes = rows["compared"].astype(bool)
    plain, unit = batch_unit(measure, wording, is_change=False)
    scale = plain / size if is_sum else plain

    def head(key: str) -> str:
        return wording.text("studies_batch", key, unit=unit)

    kinds = [head("kind_change" if is_change else "kind_value") for is_change in changes]
    return pd.DataFrame(
        {
            wording.text("studies", "scenario"): [titles.get(s, s) for s in rows["scenario"]],
            head("kind"): kinds,
            head("units"): rows["n_units"].to_numpy(),
            head("mean"): _digits(rows["mean"] * scale, rows["se"] * scale),
            head("error"): _digits(rows["se"] * scale, rows["se"] * scale),
            head("between"): _digits(rows["sd_between"] * scale, rows["se"] * scale),
        }
    )


def _digits(values: pd.Series[float], errors: pd.Series[float]) -> list[float]:
    """Return numbers to the second digit of their errors; as they are where there is none."""
    shown = []
    for value, error in zip(values, errors, strict=True):
        known = math.isfinite(value) and math.isfinite(error) and error > 0.0
        shown.append(round(value, 1 - math.floor(math.log10(error))) if known else float(value))
    return shown
