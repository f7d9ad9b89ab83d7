"""A scenario moved to its targets: the simulator of a plan, and the numbers a fit gives."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from finmodel.calibrate.identification import pins_table
from finmodel.calibrate.moment_search import Simulated, Simulator
from finmodel.calibrate.smm import Moment, MomentFit
from finmodel.scenario import Scenario
from finmodel.scenario.correlations import correlation_matrix
from finmodel.scenario.fit_schema import FitParameter, FitPlan
from finmodel.scenario.moves import moved_values
from finmodel.scenario.share_tables import share_table
from finmodel.scenario.walk import quantities, with_values
from finmodel.world.arrays import FloatArray

DIGITS = 4
"""Significant digits of a fitted number: more would be noise."""

PINNED_BY = 0.1
"""A target is named as a source of a number if it brings this part of the variance."""


@dataclass(frozen=True)
class FittedNumbers:
    """What a fit says of the numbers of a scenario.

    Attributes
    ----------
    keys : tuple of str
        Dotted names, in the order of the scenario.
    medians : ndarray of shape (n,)
        Rounded; tables of shares sum to one.
    covariance : ndarray of shape (n, n)
        Of the logs of the numbers.
    pinned_by : tuple of tuple of str
        Targets that bring most of the variance of each.
    """

    keys: tuple[str, ...]
    medians: FloatArray
    covariance: FloatArray
    pinned_by: tuple[tuple[str, ...], ...]

    @property
    def log_sd(self) -> FloatArray:
        """Standard errors of the logs."""
        error: FloatArray = np.sqrt(np.diag(self.covariance))
        return error

    @property
    def correlation(self) -> FloatArray:
        """Correlations of the logs; 0 with a number that has no error."""
        scale = np.where(self.log_sd > 0.0, self.log_sd, 1.0)
        matrix: FloatArray = self.covariance / np.outer(scale, scale)
        return matrix


def factors_at(parameters: Mapping[str, FitParameter], point: FloatArray) -> dict[str, float]:
    """Return the factor of each number at a point of the working (log) scale."""
    return {
        key: math.exp(x)
        for x, parameter in zip(point, parameters.values(), strict=True)
        for key in parameter.keys
    }


def scenario_at(base: Scenario, plan: FitPlan, point: FloatArray) -> Scenario:
    """Return the scenario at a point of the working scale."""
    values = moved_values(base, factors_at(plan.parameters, point))
    return with_values(base, values)


def plan_simulator(
    base: Scenario, plan: FitPlan, measure: Callable[[Scenario], Simulated]
) -> Simulator:
    """Return the simulator of a plan: a point becomes a scenario, and this is measured."""
    return lambda point: measure(scenario_at(base, plan, point))


def bounds(parameters: Mapping[str, FitParameter]) -> tuple[FloatArray, FloatArray]:
    """Return the ends of the working scale."""
    low = np.log([parameter.low for parameter in parameters.values()])
    high = np.log([parameter.high for parameter in parameters.values()])
    return low, high


def evidence_covariance(plan: FitPlan, moments: Sequence[Moment]) -> FloatArray:
    """Return the covariance of the errors of the plan's targets, shape (n_moments, n_moments)."""
    error = np.array([moment.standard_error for moment in moments])
    names = [moment.name for moment in moments]
    covariance: FloatArray = correlation_matrix(plan.correlations, names) * np.outer(error, error)
    return covariance


def fitted_numbers(base: Scenario, plan: FitPlan, fit: MomentFit) -> FittedNumbers:
    """Return the numbers at the fit with the covariance of their logs.

    A table of shares moves as one: ``d ln v_k / dx_j = 1[k in j] - sum of the shares of j in
    k's table``.
    """
    order = [name for name, _ in quantities(base)]
    values = moved_values(base, factors_at(plan.parameters, fit.point))
    keys = tuple(sorted(values, key=order.index))
    names = list(plan.parameters)
    gradient = np.zeros((len(keys), len(names)))
    for j, parameter in enumerate(plan.parameters.values()):
        for key in parameter.keys:
            gradient[keys.index(key), j] = 1.0
    for members in _tables(keys):
        rows = [keys.index(name) for name in members]
        shares = np.array([values[keys[row]] for row in rows])
        gradient[rows] -= shares @ gradient[rows]
    pins = pins_table(fit)
    moved_by = {key: name for name, item in plan.parameters.items() for key in item.keys}
    return FittedNumbers(
        keys=keys,
        medians=_rounded(keys, values),
        covariance=gradient @ fit.covariance @ gradient.T,
        pinned_by=tuple(_pins(pins, moved_by.get(key)) for key in keys),
    )


def _pins(pins: pd.DataFrame, parameter: str | None) -> tuple[str, ...]:
    """Return the targets that pin a parameter, the strongest first."""
    rows = pins[(pins["parameter"] == parameter) & (pins["part"] >= PINNED_BY)]
    return tuple(rows.sort_values("part", ascending=False)["moment"])


def _tables(keys: Sequence[str]) -> list[list[str]]:
    """Return the names of each table of shares among these."""
    tables: dict[str, list[str]] = {}
    for key in keys:
        if table := share_table(key):
            tables.setdefault(table, []).append(key)
    return list(tables.values())


def _rounded(keys: tuple[str, ...], values: Mapping[str, float]) -> FloatArray:
    """Return numbers at their digits; the largest share of a table takes up the rest to one."""
    rounded = {key: float(f"{values[key]:.{DIGITS}g}") for key in keys}
    for members in _tables(keys):
        largest = max(members, key=lambda name: rounded[name])
        others = sum(rounded[name] for name in members if name != largest)
        rounded[largest] = round(1.0 - others, 8)
    return np.array([rounded[key] for key in keys])
