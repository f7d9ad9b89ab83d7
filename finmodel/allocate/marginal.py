"""What a little more money in a cell is worth: finite moves, paired path by path.

At a best split money is worth the same in every cell that holds some and is at no limit; cells
that hold none are worth no more. The table shows how near that is, and where a limit costs most.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from finmodel.allocate.goal import Evaluate, Goal

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class MarginalCurves:
    """Worth of money in each cell, others held where they are, so that the budget changes.

    Attributes
    ----------
    levels : ndarray of shape (D, L)
        Money in the cell, shares of the budget.
    worth, worth_se : ndarray of shape (D, L)
        Objective less that with no money in the cell, with its paired standard error; the first
        level is none, and 0.
    slopes, slope_se : ndarray of shape (D, L - 1)
        Per whole budget, between levels.
    here : ndarray of int, shape (D,)
        Level at which the split itself stands.
    """

    levels: FloatArray
    worth: FloatArray
    worth_se: FloatArray
    slopes: FloatArray
    slope_se: FloatArray
    here: NDArray[np.int64]


def marginal_curves(
    evaluate: Evaluate, goal: Goal, split: FloatArray, paths: range, *, step: float
) -> MarginalCurves:
    """Measure the worth of money in each cell around a split.

    Parameters
    ----------
    evaluate : callable
        Must take splits of more or less than the whole budget.
    goal : Goal
    split : ndarray of shape (D,)
    paths : range
        At least two; fresh ones, or the split's luck is in its slopes.
    step : float
        Share of the budget that is added or taken. A small one is noisy: deals jump.

    Returns
    -------
    MarginalCurves
        Levels of a cell that holds `w`: none, `w` less a step (half of it if it holds less than
        two), `w`, `w` and one step.
    """
    n_cells, n_levels = len(split), 4
    levels, here = np.empty((n_cells, n_levels)), np.full(n_cells, 2)
    for d, held in enumerate(split):
        below = held - step if held >= 2.0 * step else 0.5 * held
        levels[d] = [0.0, below, held, held + step]
    asked = np.repeat(split[None, None, :], n_cells, axis=0).repeat(n_levels, axis=1)
    for d in range(n_cells):
        asked[d, :, d] = levels[d]
    flat, back = np.unique(asked.reshape(-1, n_cells), axis=0, return_inverse=True)
    by_path = goal.pooled(np.asarray(evaluate(flat, paths)))[np.ravel(back)]
    by_path = by_path.reshape(n_cells, n_levels, -1)
    value, value_se = _mean_se(by_path - by_path[:, :1])
    width = np.diff(levels, axis=1)
    rise, rise_se = _mean_se(np.diff(by_path, axis=1))
    safe = np.where(width > 0.0, width, np.nan)
    return MarginalCurves(levels, value, value_se, rise / safe, rise_se / safe, here)


def _mean_se(values: FloatArray) -> tuple[FloatArray, FloatArray]:
    n = values.shape[-1]
    return values.mean(axis=-1), values.std(axis=-1, ddof=1) / np.sqrt(n)
