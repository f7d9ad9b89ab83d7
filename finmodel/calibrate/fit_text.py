"""A fit laid into the scenario it moved: beliefs with their errors, what goes together, why."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import tomlkit

from finmodel.calibrate.beliefs import lognormal_belief, stated_correlations
from finmodel.calibrate.fit import FittedNumbers
from finmodel.calibrate.rewrite import rewritten
from finmodel.calibrate.smm import MomentFit
from finmodel.datasets.table_spec import GRADES
from finmodel.scenario import Scenario
from finmodel.scenario.fit_schema import FitPlan
from finmodel.scenario.quantity import ASSUMED_SOURCE, Quantity, Spec
from finmodel.scenario.share_tables import share_table
from finmodel.scenario.walk import declared, quantities

LEAST_RHO = 0.3
"""Correlations below are left out."""

FITTED_WORDS = "# Figures that numbers were fitted to: finmodel validate takes them for no test."
TOGETHER_WORDS = "# Fitted numbers that one parameter moves are drawn as one."
CORRELATION_WORDS = "# Correlations of the fit, of 0.3 and more, between the first number of each."


def fitted_text(
    text: str,
    base: Scenario,
    plan: FitPlan,
    *,
    fit: MomentFit,
    numbers: FittedNumbers,
    targets: pd.DataFrame,
) -> str:
    """Return the text of a scenario with the numbers of a fit.

    A number that the plan moves becomes a lognormal belief with the standard error of its
    parameter. Shares that are only brought back to their sum stay values: where beliefs of a table
    are drawn, the world divides by their sum.

    Parameters
    ----------
    text : str
        Of the base scenario's file.
    base : Scenario
    plan : FitPlan
    fit : MomentFit
    numbers : FittedNumbers
    targets : DataFrame
        With `target`, `source_ids` and `grade`.

    Returns
    -------
    str
        TOML.
    """
    old = {name: (quantity, spec) for name, quantity, spec in declared(base)}
    owner = {key: name for name, item in plan.parameters.items() for key in item.keys}
    errors = dict(zip(plan.parameters, fit.standard_error, strict=True))
    laid: dict[str, dict[str, Any]] = {}
    for key, value, pins in zip(numbers.keys, numbers.medians, numbers.pinned_by, strict=True):
        parameter = owner.get(key)
        error = errors[parameter] if parameter else 0.0
        laid[key] = _number(
            *old[key],
            float(value),
            error,
            without=_why_without(parameter, fit),
            is_share=bool(share_table(key)),
            pins=pins,
            targets=targets,
        )
    document = tomlkit.parse(rewritten(text, laid))
    for name in ("correlations", "together", "fitted_to"):
        document.pop(name, None)
    bare = tomlkit.dumps(document)
    for words in (FITTED_WORDS, TOGETHER_WORDS, CORRELATION_WORDS):
        bare = bare.replace(words + "\n", "")
    earlier = [name for name in base.fitted_to if name not in plan.targets]
    return _with_tables(
        bare, together_and_correlations(plan, fit), fitted_to=[*earlier, *plan.targets]
    )


def _why_without(parameter: str | None, fit: MomentFit) -> str:
    """Return what is said of a number without an error."""
    if parameter is None:
        return "Moved with the fitted shares of its table, to a sum of one."
    if parameter in fit.unpinned:
        return "In the plan of a fit, but no target of it holds this number: assumed, as before."
    return "Fitted by simulated moments to the end of its range: it has no error."


def together_and_correlations(
    plan: FitPlan, fit: MomentFit
) -> tuple[list[tuple[str, ...]], list[tuple[str, str, float]]]:
    """Return numbers that move as one, and correlations of the logs of the first of each."""
    free = [name for name in plan.parameters if name not in fit.without_error]
    groups = [plan.parameters[name].keys for name in free if len(plan.parameters[name].keys) > 1]
    at = [list(plan.parameters).index(name) for name in free]
    error = fit.standard_error[at]
    matrix = fit.covariance[np.ix_(at, at)] / np.outer(error, error)
    stated = stated_correlations(matrix, LEAST_RHO)
    first = [plan.parameters[name].keys[0] for name in free]
    pairs = [
        (first[i], first[j], float(stated[i, j]))
        for i in range(len(free))
        for j in range(i + 1, len(free))
        if stated[i, j] != 0.0
    ]
    return groups, pairs


def _number(
    old: Quantity,
    spec: Spec,
    value: float,
    error: float,
    *,
    without: str,
    is_share: bool,
    pins: tuple[str, ...],
    targets: pd.DataFrame,
) -> dict[str, Any]:
    """Return the entry of a number: a belief if it has an error, else a value."""
    rows = targets[targets["target"].isin(pins)]
    ids = sorted({part for text in rows["source_ids"] for part in str(text).split(";") if part})
    grades = [grade for grade in GRADES if grade in set(rows["grade"])]
    entry: dict[str, Any] = {"value": value, "unit": old.unit}
    if not (error > 0.0 and ids):
        return entry | {"source": ASSUMED_SOURCE, "grade": "assumed", "note": without}
    entry["value"] = lognormal_belief(value, float(f"{error:.2g}"), spec)
    against = ", against parts of the table that are not fitted" if is_share else ""
    note = (
        f"Fitted by simulated moments, given all other numbers; pinned most by {', '.join(pins)}. "
        f"Standard error {error:.0%}{against}."
    )
    return entry | {"source": ";".join(ids), "grade": grades[-1], "note": note}


def _with_tables(
    text: str,
    tables: tuple[list[tuple[str, ...]], list[tuple[str, str, float]]],
    *,
    fitted_to: Sequence[str],
) -> str:
    """Return the text with targets, what moves as one and together laid before its sections."""
    groups, pairs = tables
    lines = [FITTED_WORDS, "fitted_to = [", *(f"  {_quoted(key)}," for key in fitted_to), "]"]
    lines += [TOGETHER_WORDS, "together = ["]
    lines += [f"  [{', '.join(_quoted(key) for key in keys)}]," for keys in groups]
    lines += ["]", CORRELATION_WORDS, "correlations = ["]
    lines += [f"  {{ a = {_quoted(a)}, b = {_quoted(b)}, rho = {rho} }}," for a, b, rho in pairs]
    lines += ["]", ""]
    place = text.index("\n[") + 1
    return text[:place].rstrip("\n") + "\n\n" + "\n".join(lines) + "\n" + text[place:]


def _quoted(key: str) -> str:
    return tomlkit.string(key, literal='"' in key).as_string()


def number_rows(numbers: FittedNumbers, base: Scenario) -> list[Mapping[str, object]]:
    """Return a row of every number that moved: before, after, standard error, what pins it."""
    old = dict(quantities(base))
    return [
        {
            "key": key,
            "before": old[key].centre,
            "value": value,
            "log_se": error,
            "unit": old[key].unit,
            "pinned_by": ", ".join(pins),
        }
        for key, value, error, pins in zip(
            numbers.keys, numbers.medians, numbers.log_sd, numbers.pinned_by, strict=True
        )
    ]
