"""A logit by Newton's method, on many rows and few columns, that bears dependent columns."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from finmodel.world.arrays import FloatArray

MOST_STEPS = 40
TOLERANCE = 1e-9
"""On a step in coefficients of standardised columns."""


def standardised(columns: FloatArray) -> FloatArray:
    """Return a constant and the columns with mean 0 and spread 1; constant columns become 0.

    Parameters
    ----------
    columns : ndarray of shape (N, C)

    Returns
    -------
    ndarray of shape (N, 1 + C)
    """
    centred = columns - columns.mean(axis=0)
    spread = centred.std(axis=0)
    scaled = np.divide(centred, spread, out=np.zeros_like(centred), where=spread > 0.0)
    return np.column_stack([np.ones(len(columns)), scaled])


def log_odds(design: FloatArray, outcome: NDArray[np.bool_]) -> FloatArray | None:
    """Return the fitted log odds of a logit, shape (N,); None if it does not converge.

    With separated outcomes the coefficients run off and there is no convergence. Of dependent
    columns the shortest solution is taken: the log odds are those of the maximum.

    Parameters
    ----------
    design : ndarray of shape (N, C)
        Standardised, with a constant.
    outcome : ndarray of bool, shape (N,)
    """
    coefficients = np.zeros(design.shape[1])
    for _ in range(MOST_STEPS):
        odds = np.clip(design @ coefficients, -30.0, 30.0)
        chance = 1.0 / (1.0 + np.exp(-odds))
        score = design.T @ (outcome - chance)
        information = design.T @ (design * (chance * (1.0 - chance))[:, None])
        step = np.linalg.pinv(information, hermitian=True) @ score
        coefficients += step
        if np.abs(step).max() <= TOLERANCE:
            found: FloatArray = design @ coefficients
            return found
    return None
