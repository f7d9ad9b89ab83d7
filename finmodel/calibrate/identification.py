"""Which parameter each moment pins, and which directions no moment pins."""

from __future__ import annotations

import numpy as np
import pandas as pd

from finmodel.calibrate.smm import MomentFit

FLAT = 0.5
"""A direction is flat if its standard error on the working (log) scale is above this: the
evidence cannot tell a parameter from one two thirds larger."""


def pins_table(fit: MomentFit) -> pd.DataFrame:
    """Return how much of each estimate's variance comes from each moment.

    The estimate moves by ``A[i, j]`` when target `j` moves by one evidence error, so with the
    correlation `C` of these errors the part of its evidence variance that moment `j` brings is
    ``A[i, j] (C A')[j, i] / (A C A')[i, i]``: what it brings with all it goes together with. Two
    targets that err together and move the estimate apart bring little. The elasticity is that of
    the moment in the parameter, in evidence errors by unit of log.

    Returns
    -------
    DataFrame
        One row a parameter and moment: `parameter`, `moment`, `part` (of the variance, sums
        to one over moments, below 0 where a moment takes off what others bring; NaN for a
        parameter at its bound), `shift` (of the log parameter
        when the target rises by one evidence error), `response` (of the moment, in evidence
        errors, by unit of log parameter).
    """
    brought = fit.influence * (fit.influence @ fit.evidence)
    total = brought.sum(axis=1, keepdims=True)
    with np.errstate(invalid="ignore", divide="ignore"):
        part = np.where(total > 0.0, brought / total, np.nan)
    rows = [
        {
            "parameter": name,
            "moment": moment.name,
            "part": part[i, j],
            "shift": fit.influence[i, j],
            "response": fit.jacobian[j, i],
        }
        for i, name in enumerate(fit.names)
        for j, moment in enumerate(fit.moments)
    ]
    return pd.DataFrame(rows)


def directions_table(fit: MomentFit) -> pd.DataFrame:
    """Return the directions of the parameters from the best to the worst pinned.

    Right singular vectors of the Jacobian in evidence errors: along a direction with singular
    value `s` a unit step on the working scale moves the moments by `s` evidence errors in
    all. With the left vector `u` and the correlation `C` of the targets' errors the standard error
    along it is ``sqrt(u' C u) / s``: `1 / s` if they are independent.

    Returns
    -------
    DataFrame
        One row a direction: `direction` (from 1), `singular_value`, `standard_error`
        (inf if no moment moves), `is_flat`, `mix` (the parameters in it with loadings of at
        least 0.3, largest first).
    """
    left, values, vectors = np.linalg.svd(fit.jacobian, full_matrices=False)
    rows = []
    spread = np.sqrt(np.einsum("mk,mn,nk->k", left, fit.evidence, left))
    for k, (value, vector) in enumerate(zip(values, vectors, strict=True), start=1):
        order = np.argsort(-np.abs(vector))
        sign = 1.0 if vector[order[0]] >= 0 else -1.0
        mix = [f"{sign * vector[i]:+.2f} {fit.names[i]}" for i in order if abs(vector[i]) >= 0.3]
        error = float(spread[k - 1] / value) if value > 1e-12 else float("inf")
        rows.append(
            {
                "direction": k,
                "singular_value": value,
                "standard_error": error,
                "is_flat": error > FLAT,
                "mix": ", ".join(mix),
            }
        )
    return pd.DataFrame(rows)
