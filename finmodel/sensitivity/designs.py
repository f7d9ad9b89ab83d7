"""Points of the unit cube: trajectories of Morris, rows of Saltelli, one number at a time.

References
----------
Campolongo, Cariboni & Saltelli (2007), An effective screening design for sensitivity analysis of
large models, Environmental Modelling & Software 22 (groups, optimised trajectories).
Ruano, Ribes, Ferreiro-Cobo & Ferreiro (2012), An improved sampling strategy based on trajectory
design, Environmental Modelling & Software 37 (their choice in steps).
Saltelli, Annoni, Azzini, Campolongo, Ratto & Tarantola (2010), Variance based sensitivity analysis
of model output, Computer Physics Communications 181 (rows A, A with B's columns, B).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr, ndtri

from finmodel.sensitivity.axes import LEAST, Axes, FloatArray, IntArray

MORRIS_LEVELS = 4
"""Grid of a trajectory; a step is two thirds of the range."""


@dataclass(frozen=True)
class Trajectories:
    """Trajectories that move one factor at a time.

    Attributes
    ----------
    points : ndarray of shape (T, G + 1, D)
    moved : ndarray of shape (T, G)
        Factor moved from each point to the next.
    sign : ndarray of shape (T, G)
        1 up, -1 down; 0 for a factor of several axes, which move each its own way.
    step : float
        As a share of the range.
    """

    points: FloatArray
    moved: IntArray
    sign: IntArray
    step: float


def morris_design(
    axes: Axes, *, trajectories: int, seed: int, tail: float = 0.05, pool: int = 0
) -> Trajectories:
    """Return trajectories of Morris over the middle of the beliefs.

    Parameters
    ----------
    axes : Axes
        With at least two factors.
    trajectories : int
        At least 2.
    seed : int
    tail : float
        The range is from this level to one minus it.
    pool : int
        Trajectories are the most spread of so many; 0 takes them as they come.
    """
    from SALib.sample import morris

    chosen = trajectories if pool > trajectories else None
    flat = morris.sample(
        _problem(axes),
        max(pool, trajectories),
        num_levels=MORRIS_LEVELS,
        optimal_trajectories=chosen,
        local_optimization=True,
        seed=seed,
    )
    units = np.asarray(flat, np.float64).reshape(trajectories, axes.n_groups + 1, len(axes.names))
    change = np.diff(units, axis=1)
    axis = np.abs(change).argmax(axis=2)
    moved = axes.group[axis]
    ups = np.sign(np.take_along_axis(change, axis[:, :, None], 2)[:, :, 0]).astype(np.int64)
    is_single = np.bincount(axes.group)[moved] == 1
    step = MORRIS_LEVELS / (2.0 * (MORRIS_LEVELS - 1))
    points = tail + (1.0 - 2.0 * tail) * units
    return Trajectories(_inside(points), moved, np.where(is_single, ups, 0), step)


def sobol_design(axes: Axes, *, rows: int, seed: int) -> FloatArray:
    """Return rows of Saltelli on a scrambled Sobol sequence, shape (N, G + 2, D).

    In each row first a point A, then A with B's axes of each factor, then B.

    Parameters
    ----------
    axes : Axes
    rows : int
        A power of two.
    seed : int
    """
    from SALib.sample import sobol

    flat = sobol.sample(_problem(axes), rows, calc_second_order=False, seed=seed)
    shape = (rows, axes.n_groups + 2, len(axes.names))
    return _inside(np.asarray(flat, np.float64).reshape(shape))


def one_at_a_time(axes: Axes, *, tail: float = 0.05) -> FloatArray:
    """Return the centre, then each number low and high, shape (1 + 2 D, D).

    A number of a correlated set moves to its own quantile; the others of the set move to their
    medians given that. With normal scores ``z = L e`` these are ``e = L' e_j z_j``.
    """
    n = len(axes.names)
    ends = ndtri(np.array([tail, 1.0 - tail]))
    scores = axes.factor[:, None, :] * ends[None, :, None]
    points = np.concatenate([np.zeros((1, n)), scores.reshape(2 * n, n)])
    return _inside(np.asarray(ndtr(points), np.float64))


def _problem(axes: Axes) -> dict[str, object]:
    n = len(axes.names)
    names = [f"axis{i:04d}" for i in range(n)]
    groups = [f"factor{group:04d}" for group in axes.group]
    return {"num_vars": n, "names": names, "groups": groups, "bounds": [[0.0, 1.0]] * n}


def _inside(points: FloatArray) -> FloatArray:
    return np.clip(points, LEAST, 1.0 - LEAST)
