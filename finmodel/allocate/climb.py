"""The highest point of fitted responses within the limits, from one start."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from finmodel.allocate.goal import Criterion, Goal
from finmodel.allocate.splits import SplitSet
from finmodel.allocate.surrogate import Surrogate

FloatArray = NDArray[np.float64]
Slope = tuple[FloatArray, FloatArray]


@dataclass(frozen=True)
class Climb:
    """What is climbed.

    Attributes
    ----------
    allowed : SplitSet
    goal : Goal
    criterion : str
    objective : list of Surrogate
        By scenario.
    risks : list of list of Surrogate
    best : ndarray of shape (S,)
    bold : float
        Standard errors added to means.
    margin : ndarray of shape (S, C)
        By which risks should stay below their limits.
    """

    allowed: SplitSet
    goal: Goal
    criterion: Criterion
    objective: list[Surrogate]
    risks: list[list[Surrogate]]
    best: FloatArray
    bold: float
    margin: FloatArray

    def heights(self, split: FloatArray) -> Slope:
        """Return what each scenario gives, shape (S,), and its slopes, shape (S, D)."""
        values, slopes = [], []
        for item in self.objective:
            value, slope = item.mean_and_slope(split)
            if self.bold > 0.0:
                error, rise = _sd_and_slope(item, split)
                value, slope = value + self.bold * error, slope + self.bold * rise
            values.append(value)
            slopes.append(slope)
        return np.array(values), np.array(slopes)


def climb(task: Climb, start: FloatArray) -> FloatArray:
    """Return the split reached from `start` by sequential quadratic programming (Kraft 1988).

    The worst of several scenarios has kinks; it is climbed as a level that all of them must reach.
    """
    allowed, n = task.allowed, task.allowed.n_cells
    unit = task.objective[0].scale
    is_worst = task.criterion != "expected" and len(task.objective) > 1
    offset = task.best if task.criterion == "regret" else np.zeros(len(task.objective))
    weights = task.goal.scenario_weights
    matrix, limits = allowed.above
    extra = 1 if is_worst else 0
    pad = np.zeros((len(matrix), extra))
    wide = np.concatenate([matrix, pad], axis=1)[2 * n :]  # single cells are bounds
    ones = np.append(np.ones(n), np.zeros(extra))
    constraints = [{"type": "eq", "fun": lambda x: x[:n].sum() - 1.0, "jac": lambda _: ones}]
    if len(wide):
        room = limits[2 * n :]
        constraints.append(
            {"type": "ineq", "fun": lambda x: room - wide @ x, "jac": lambda _: -wide}
        )
    if is_worst:
        constraints.append(
            {
                "type": "ineq",
                "fun": lambda x: (task.heights(x[:n])[0] - offset) / unit - x[n],
                "jac": lambda x: np.concatenate(
                    [task.heights(x[:n])[1] / unit, -np.ones((len(offset), 1))], axis=1
                ),
            }
        )
    for row, margins in zip(task.risks, task.margin, strict=True):
        for limit, response, margin in zip(task.goal.limits, row, margins, strict=True):
            constraints.append(_risk_limit(response, limit.most - margin, n, extra))
    first = start
    bounds = list(zip(allowed.low, allowed.high, strict=True))
    if is_worst:
        level = float(((task.heights(start)[0] - offset) / unit).min())
        first, bounds = np.append(start, level), [*bounds, (None, None)]

        def cost(x: FloatArray) -> tuple[float, FloatArray]:
            return -float(x[n]), np.append(np.zeros(n), -1.0)
    else:

        def cost(x: FloatArray) -> tuple[float, FloatArray]:
            values, slopes = task.heights(x)
            return -float(weights @ values) / unit, -(weights @ slopes) / unit

    with warnings.catch_warnings():
        # A step may leave the box by rounding; it is put back.
        warnings.simplefilter("ignore", RuntimeWarning)
        found = minimize(
            cost,
            first,
            jac=True,
            method="SLSQP",
            bounds=bounds,
            constraints=constraints,
            options={"maxiter": 80, "ftol": 1e-8},
        )
    end = found.x[:n] if np.isfinite(found.x).all() else start
    return allowed.inside(np.clip(end, allowed.low, allowed.high))


def _risk_limit(response: Surrogate, most: float, n: int, extra: int) -> dict[str, object]:
    unit = response.scale

    def room(x: FloatArray) -> float:
        return (most - response.mean_and_slope(x[:n])[0]) / unit

    def slope(x: FloatArray) -> FloatArray:
        return np.append(-response.mean_and_slope(x[:n])[1] / unit, np.zeros(extra))

    fun: Callable[[FloatArray], float] = room
    return {"type": "ineq", "fun": fun, "jac": slope}


def _sd_and_slope(response: Surrogate, split: FloatArray) -> tuple[float, FloatArray]:
    """Return the standard error at a split and its slopes, by differences."""
    step = 1e-5
    points = np.concatenate([split[None, :], split[None, :] + step * np.eye(len(split))])
    values = response.sd(points)
    return float(values[0]), (values[1:] - values[0]) / step
