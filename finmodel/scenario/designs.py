"""Designs: points of the unit cube, and what they mean for numbers of a scenario.

References
----------
McKay, Beckman & Conover (1979), A comparison of three methods for selecting values of input
variables, Technometrics 21 (Latin hypercubes). Sobol' (1967), On the distribution of points in a
cube, USSR Computational Mathematics and Mathematical Physics 7; Owen (1998), Scrambling Sobol' and
Niederreiter-Xing points, Journal of Complexity 14.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from finmodel.scenario.batch_schema import BatchDesign, BatchRange

FloatArray = NDArray[np.float64]
LEAST = 2.0**-40
"""Points of scrambled designs stay this far from 0 and 1, where some beliefs are infinite."""


def design_points(design: BatchDesign, n_axes: int) -> FloatArray:
    """Return the points of a design over the unit cube.

    Parameters
    ----------
    design : BatchDesign
    n_axes : int
        At least 1.

    Returns
    -------
    ndarray of shape (points, n_axes)
        In (0, 1); of a full factorial in [0, 1], ends included, the last axis fastest. The same
        for the same seed; the first points of a longer Sobol design are those of a shorter one.
    """
    if design.kind == "full_factorial":
        assert design.levels is not None
        steps = np.linspace(0.0, 1.0, design.levels)
        cube = np.meshgrid(*[steps] * n_axes, indexing="ij")
        return np.stack([axis.reshape(-1) for axis in cube], axis=1)
    from scipy.stats import qmc

    assert design.points is not None
    rng = np.random.default_rng(design.seed)
    if design.kind == "sobol":
        points = qmc.Sobol(n_axes, scramble=True, rng=rng).random(design.points)
    else:
        points = qmc.LatinHypercube(n_axes, rng=rng).random(design.points)
    return np.asarray(np.clip(points, LEAST, 1.0 - LEAST))


def value_at(belief: BatchRange, level: float) -> float:
    """Return the value at a level in [0, 1] of a range."""
    if belief.scale == "log":
        low, high = math.log(belief.low), math.log(belief.high)
        return min(max(math.exp(low + level * (high - low)), belief.low), belief.high)
    return belief.low + level * (belief.high - belief.low)


def belief_level(level: float, design: BatchDesign) -> float:
    """Return the quantile a belief takes: the middle of its slice in a full factorial."""
    if design.kind != "full_factorial":
        return level
    assert design.levels is not None
    return (round(level * (design.levels - 1)) + 0.5) / design.levels
