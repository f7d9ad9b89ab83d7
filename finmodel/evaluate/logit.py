"""Log odds of support from what is observed before it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from finmodel.numeric.logit import fit_logit
from finmodel.world.arrays import FloatArray


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
    ones = outcome.astype(np.float64)
    coefficients, is_converged = fit_logit(design, ones, 1.0 - ones)
    found: FloatArray = design @ coefficients
    return found if is_converged else None
