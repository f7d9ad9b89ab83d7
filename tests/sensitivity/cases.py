"""Functions of the unit cube with known indices, and outcomes with luck."""

import numpy as np

from finmodel.sensitivity.axes import Axes, make_axes
from finmodel.sensitivity.noise import mean_outcomes


def plain_axes(n: int) -> Axes:
    return make_axes([f"x{i}" for i in range(n)], [], np.eye(n))


def ishigami(u, a=7.0, b=0.1):
    x = np.pi * (2.0 * u - 1.0)
    return np.sin(x[..., 0]) + a * np.sin(x[..., 1]) ** 2 + b * x[..., 2] ** 4 * np.sin(x[..., 0])


def ishigami_indices(a=7.0, b=0.1):
    """Ishigami & Homma (1990)."""
    v1, v2 = 0.5 * (1 + b * np.pi**4 / 5) ** 2, a**2 / 8
    v13 = b**2 * np.pi**8 * (1 / 18 - 1 / 50)
    total = v1 + v2 + v13
    return np.array([v1, v2, 0.0]) / total, np.array([v1 + v13, v2, v13]) / total


G_WEIGHTS = np.array([0.0, 1.0, 4.5, 9.0, 99.0, 99.0])


def g_function(u, a=G_WEIGHTS):
    return ((np.abs(4.0 * u - 2.0) + a) / (1.0 + a)).prod(axis=-1)


def g_indices(a=G_WEIGHTS):
    """Saltelli & Sobol (1995)."""
    v = 1.0 / (3.0 * (1.0 + a) ** 2)
    whole = (1.0 + v).prod() - 1.0
    total = np.array([v[i] * np.delete(1.0 + v, i).prod() for i in range(len(a))])
    return v / whole, total / whole


def with_luck(value, *, paths, noise, seed, common=0.0):
    """Return outcomes whose paths have luck of their own in every unit, and luck they share."""
    rng = np.random.default_rng(seed)
    own = noise * rng.standard_normal((*value.shape, paths))
    own += common * rng.standard_normal(paths)
    return mean_outcomes(value[..., None] + own)
