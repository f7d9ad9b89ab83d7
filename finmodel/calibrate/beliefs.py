"""From an estimate and its error to what a scenario states: a belief, and what goes together."""

from __future__ import annotations

import math
from statistics import NormalDist
from typing import Any

import numpy as np

from finmodel.scenario.correlations import nearest_correlation
from finmodel.scenario.quantity import Spec
from finmodel.world.arrays import FloatArray

CUT_SD = 3.0
"""A belief is cut at so many standard errors, on both sides alike: the median stays."""
LEAST_MASS = 0.025
"""Share of a slope's belief that must be inside what its field allows."""


def lognormal_belief(median: float, log_sd: float, spec: Spec) -> dict[str, Any]:
    """Return the table of a lognormal belief whose median is the estimate.

    Parameters
    ----------
    median : float
        Positive, inside what the field allows.
    log_sd : float
        Standard error of the log; positive.
    spec : Spec
        What the field allows: the belief is cut before that, on both sides alike.
    """
    reach = CUT_SD * log_sd
    for end in (spec.low, spec.high):
        if 0.0 < end < math.inf and end != median:
            reach = min(reach, abs(math.log(end / median)) * 0.999)
    low = float(f"{median * math.exp(-reach):.6g}")
    return {
        "dist": "lognormal",
        "median": median,
        "log_sd": float(f"{log_sd:.4g}"),
        "low": low,
        # As far above as the low end is below: else the cut belief has another median.
        "high": min(median / low * median, spec.high),
    }


def normal_belief(mean: float, sd: float, spec: Spec) -> dict[str, Any] | None:
    """Return the table of a normal belief about a slope, cut at what the field allows.

    Parameters
    ----------
    mean : float
        The estimate; may be 0 or negative.
    sd : float
        Its standard error; positive.
    spec : Spec
        What the field allows. Where that cuts one side only, the median is not the estimate.

    Returns
    -------
    dict or None
        None if less than 2.5 % of the normal is inside: estimate and field contradict each other.
    """
    law = NormalDist(mean, sd)
    if law.cdf(spec.high) - law.cdf(spec.low) < LEAST_MASS:
        return None
    low, high = max(spec.low, mean - CUT_SD * sd), min(spec.high, mean + CUT_SD * sd)
    ends = {"low": float(f"{low:.6g}"), "high": float(f"{high:.6g}")}
    return {"dist": "normal", "mean": mean, "sd": float(f"{sd:.4g}"), **ends}


def stated_correlations(matrix: FloatArray, least: float) -> FloatArray:
    """Return a correlation matrix at two digits, without small elements, that some law can have.

    Small correlations left out, and two digits, may leave a matrix that no law can have: then the
    nearest is taken, and all are pulled in until one can.

    Parameters
    ----------
    matrix : ndarray of shape (n, n)
        NaN counts as 0.
    least : float
        Elements smaller in size are left out.
    """
    matrix = np.nan_to_num(matrix)
    kept = np.where(np.abs(matrix) >= least, matrix, 0.0)
    np.fill_diagonal(kept, 1.0)
    near = nearest_correlation(kept)
    # What was left out stays so where it can.
    near = np.where((kept == 0.0) & (np.abs(near) < least), 0.0, near)
    for shrink in np.linspace(0.0, 1.0, 101):
        shown = np.clip(np.round(near * (1.0 - shrink), 2), -0.99, 0.99)
        np.fill_diagonal(shown, 1.0)
        if np.linalg.eigvalsh(shown)[0] >= 0.0:
            break
    return np.asarray(shown)
