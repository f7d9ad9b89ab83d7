"""A weighted binary logit, small and fast: the building stone of the model of round stages.

Written here because it is fitted hundreds of times inside an EM loop with fractional weights.
"""

from __future__ import annotations

import numpy as np

from finmodel.world.arrays import FloatArray

PRIOR_PRECISION = 1e-3
"""Of a normal prior on every coefficient, so that a separated sample has finite estimates."""


def fit_logit(
    x: FloatArray, ones: FloatArray, zeros: FloatArray, start: FloatArray | None = None
) -> FloatArray:
    """Return coefficients of ``P(1 | x) = 1 / (1 + exp(-x b))`` by Newton's method.

    Parameters
    ----------
    x : ndarray of shape (n, p)
    ones, zeros : ndarray of shape (n,)
        Weight of either outcome in each row; not negative.
    start : ndarray of shape (p,), optional

    Returns
    -------
    ndarray of shape (p,)
        Zeros if no row has weight.
    """
    n, p = x.shape
    beta = np.zeros(p) if start is None else start.copy()
    trials = ones + zeros
    if n == 0 or trials.sum() <= 0.0:
        return beta
    prior = PRIOR_PRECISION * np.eye(p)
    for _ in range(40):
        share = logistic(x @ beta)
        gradient = x.T @ (ones - trials * share) - PRIOR_PRECISION * beta
        weight = trials * share * (1.0 - share)
        step = np.linalg.solve((x * weight[:, None]).T @ x + prior, gradient)
        step *= min(1.0, 4.0 / max(1e-12, float(np.abs(step).max())))
        beta += step
        if float(np.abs(step).max()) < 1e-8:
            break
    return beta


def logistic(z: FloatArray) -> FloatArray:
    """Return the logistic function, safe far out."""
    return np.asarray(1.0 / (1.0 + np.exp(-np.clip(z, -35.0, 35.0))))
