"""What a match knows of its rates: errors, what pins what, and how near it comes.

Standard errors follow by the delta method: with Jacobian ``J`` of the simulated curves in the logs
of the rates, weights ``W`` and covariance ``V`` of the curves, ``(J'WJ)^-1 J'W V W J (J'WJ)^-1``,
where ``V`` adds the sampling error of the simulated curves to that of the records. They hold if the
model can fit. Where it cannot, errors of the stage's rates are widened by the root of the misfit
per point left over. A number at an end of its range, or that moves no share, as a ramp shorter
than half a quarter, has no error: the records do not pin it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from finmodel.calibrate.estimates import Block, Estimate
from finmodel.calibrate.simulated_moments import SimulatedMoments
from finmodel.calibrate.survival import Curve
from finmodel.world.arrays import FloatArray

MATCHED_MONTHS = (6.0, 12.0, 24.0, 36.0, 60.0)
FIELDS = {
    "milestone_rate_pa": ("per year", 0.005, 6.0),
    "failure_rate_pa": ("per year", 0.005, 6.0),
    "milestone_ramp_quarters": ("quarters", 0.3, 15.0),
}
"""Numbers of a stage that its curve is matched by: unit and range of the search."""
METHOD = "indirect inference on graduation curves"
SET_SO = "Set so that the simulated market shows the curve of the records."
WIDENED = (
    " The market is within {z:g} standard errors of the curve at every point; its error is widened "
    "{factor:.2f} times for what is left."
)
CANNOT_FOLLOW = (
    " The model cannot follow the curve; its error is widened {factor:.1f} times for that."
)
MISSED_Z = 2.0
"""Standard errors at which a point of a curve counts as missed."""
AT_EDGE = " At an end of what was searched, or without effect there: the records do not pin it."


@dataclass(frozen=True)
class Target:
    """The graduation curve of a stage in the records, at `MATCHED_MONTHS`."""

    stage: str
    curve: Curve


@dataclass(frozen=True)
class Parameter:
    """A number that is searched, with its range."""

    key: str
    unit: str
    stage: str
    low: float
    high: float


def parameters_of(targets: Sequence[Target]) -> list[Parameter]:
    """Return what is searched: the numbers of `FIELDS` of each stage."""
    return [
        Parameter(f"stages.{target.stage}.{name}", unit, target.stage, low, high)
        for target in targets
        for name, (unit, low, high) in FIELDS.items()
    ]


def rate_block(
    targets: Sequence[Target],
    x: FloatArray,
    jacobian: FloatArray,
    moments: SimulatedMoments,
    *,
    is_at_edge: np.ndarray,
) -> Block:
    """Return the estimates with their joint covariance.

    Parameters
    ----------
    targets : sequence of Target
    x : ndarray of shape (p,)
        Logs, in the order of :func:`parameters_of`.
    jacobian : ndarray of shape (n, p)
        Of the simulated shares, target by target.
    moments : SimulatedMoments
        At `x`.
    is_at_edge : ndarray of bool, shape (p,)
    """
    n_points, parameters = len(MATCHED_MONTHS), parameters_of(targets)
    error = np.concatenate([target.curve.standard_error for target in targets])
    total = np.zeros((len(error), len(error)))
    for i, target in enumerate(targets):
        rows = slice(i * n_points, (i + 1) * n_points)
        total[rows, rows] = target.curve.covariance + moments.curves[target.stage].covariance
    # What lies at an end of its range is taken as fixed there.
    free = np.flatnonzero(~is_at_edge)
    weighted = jacobian[:, free] / error[:, None] ** 2
    gain = np.linalg.pinv(weighted.T @ jacobian[:, free]) @ weighted.T
    factors = {target.stage: misfit_factor(target, moments) for target in targets}
    widening = np.array([factors[parameter.stage] for parameter in parameters])
    value = np.exp(x)
    covariance = np.full((len(x), len(x)), np.nan)
    scale = (widening * value)[free]
    covariance[np.ix_(free, free)] = gain @ total @ gain.T * np.outer(scale, scale)
    n = {target.stage: target.curve.n for target in targets}
    estimates = []
    for i, parameter in enumerate(parameters):
        widened = _widened(parameter.stage, widening[i], targets, moments)
        estimates.append(
            Estimate(
                key=parameter.key,
                value=float(value[i]),
                standard_error=float(np.sqrt(covariance[i, i])),
                unit=parameter.unit,
                n=n[parameter.stage],
                method=METHOD,
                note=SET_SO + (AT_EDGE if is_at_edge[i] else widened),
            )
        )
    pins = identification(targets, parameters, jacobian / error[:, None])
    return Block("rates", tuple(estimates), covariance, pins)


def _widened(
    stage: str, factor: float, targets: Sequence[Target], moments: SimulatedMoments
) -> str:
    """Return why errors of a stage are widened; a miss is said only where there is one."""
    if factor <= 1.0:
        return ""
    target = next(item for item in targets if item.stage == stage)
    is_missed = np.abs(_distance(target, moments)) > MISSED_Z
    return (CANNOT_FOLLOW if is_missed.any() else WIDENED).format(factor=factor, z=MISSED_Z)


def _distance(target: Target, moments: SimulatedMoments) -> FloatArray:
    """Return the simulated curve less that of the records, in the latter's standard errors."""
    gap = moments.curves[target.stage].share - target.curve.share
    return np.asarray(gap / target.curve.standard_error)


def misfit_factor(target: Target, moments: SimulatedMoments) -> float:
    """Return by how much errors of a stage's rates are widened for what the model cannot follow.

    The root of the mean squared distance, in standard errors, per point left over;
    at least 1.
    """
    z = _distance(target, moments)
    left_over = max(1, len(z) - len(FIELDS))
    return max(1.0, float(np.sqrt((z**2).sum() / left_over)))


def identification(
    targets: Sequence[Target], parameters: Sequence[Parameter], scaled: FloatArray
) -> pd.DataFrame:
    """Return which point of which curve each number moves most, in standard errors a log unit."""
    labels = [(target.stage, month) for target in targets for month in MATCHED_MONTHS]
    rows = []
    for i, parameter in enumerate(parameters):
        top = int(np.abs(scaled[:, i]).argmax())
        rows.append(
            {
                "key": parameter.key,
                "moment_stage": labels[top][0],
                "moment_months": labels[top][1],
                "z_per_log": float(scaled[top, i]),
            }
        )
    return pd.DataFrame(rows)


def fit_table(targets: Sequence[Target], moments: SimulatedMoments) -> pd.DataFrame:
    """Return the simulated curves beside those of the records, at `MATCHED_MONTHS`."""
    frames = []
    for target in targets:
        found = moments.curves[target.stage]
        low, high = target.curve.band
        frames.append(
            pd.DataFrame(
                {
                    "stage": target.stage,
                    "months": target.curve.months,
                    "records": target.curve.share,
                    "standard_error": target.curve.standard_error,
                    "low_95": low,
                    "high_95": high,
                    "simulated": found.share,
                    "simulated_se": found.standard_error,
                    "z": (found.share - target.curve.share) / target.curve.standard_error,
                }
            )
        )
    return pd.concat(frames, ignore_index=True)
