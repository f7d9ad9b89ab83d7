"""Moments a fit is made to: figures of targets with what each path adds to their error."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from finmodel.datasets.targets import read_targets
from finmodel.errors import InputError, Problem, nearest_name
from finmodel.market.result import RunResult
from finmodel.measure.target_panels import PANEL_TARGETS
from finmodel.measure.targets import years_of
from finmodel.world.arrays import FloatArray


def target_moments(run: RunResult, names: Sequence[str]) -> tuple[FloatArray, FloatArray]:
    """Return moments of a run by the names of their targets.

    Parameters
    ----------
    run : RunResult
    names : sequence of str

    Returns
    -------
    figures : ndarray of shape (n,)
        In the unit of the target, at the size of the whole market whatever the run's scale.
        NaN where the run cannot say.
    covariance : ndarray of shape (n, n)
        Of their Monte Carlo error: the covariance of influences over the number of paths.

    Raises
    ------
    InputError
        If there is no such target, or its figure is one of single paths.
    """
    table = read_targets()
    years = dict(zip(table["target"], table["years"], strict=True))
    known = [name for name in PANEL_TARGETS if name in years]
    missing = [name for name in names if name not in known]
    if missing:
        allowed = "a target whose figure is a mean over paths"
        problems = [
            Problem("target", repr(name), allowed, nearest_name(name, known)) for name in missing
        ]
        raise InputError("moments", problems)
    readings = [PANEL_TARGETS[name](run, len(years_of(years[name]))) for name in names]
    figures = np.array([reading.value for reading in readings])
    n_paths = run.n_paths
    columns = [
        reading.influence if len(reading.influence) == n_paths else np.full(n_paths, np.nan)
        for reading in readings
    ]
    covariance = np.atleast_2d(np.cov(np.column_stack(columns).T)) / n_paths
    return figures, covariance
