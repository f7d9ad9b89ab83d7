"""What a match knows of its rates: errors, what pins what, and how near it comes.

The search ends where ``A (s - d) = 0``: ``A = J_f' W`` are the slopes of the formula times the
weights, ``s`` the simulated curves, ``d`` those of the records. So with slopes ``J`` of the market
and covariance ``V`` of the curves, the covariance of the logs is

    (A J)^-1 A V A' (A J)^-T

where ``V`` adds the sampling error of the simulated curves to that of the records, and what whole
cohorts differ by where that is told. ``A`` has no
noise and ``J`` comes once, so that noise of slopes is not squared and taken for information. It
holds if the model can fit. Where a curve is missed by more than chance, errors of the stage's rates
are widened by the root of the misfit per point left over. A number at an end of its range, or that
moves no share, as a ramp shorter than half a quarter, has no error: the records do not pin it.
Neither has one along a direction whose response the luck of the market could make, or one of a
stage of which another lies at the upper end: given that end its error would be small, and wrong.
Intervals are of logs.

References
----------
Gourieroux, C., Monfort, A. and Renault, E. (1993), Indirect inference, J. Applied Econometrics 8.
Hansen, L. P. (1982), Large sample properties of generalized method of moments estimators,
Econometrica 50.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from finmodel.calibrate.cohorts import between_cohorts
from finmodel.calibrate.estimates import MOST_LOG_SD, Block, Estimate
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
    " The market is within {z:g} standard errors of the curve at every point, but what is left is "
    "more than chance; its error is widened {factor:.2f} times for it."
)
CANNOT_FOLLOW = (
    " The model cannot follow the curve; its error is widened {factor:.1f} times for that."
)
MISSED_Z = 2.0
"""Standard errors at which a point of a curve counts as missed."""
AT_EDGE = " At an end of what was searched, or without effect there: the records do not pin it."

FLAT = (
    " Not identified: along a direction in which this number and others of its stage move together "
    "the curve changes no more than luck does."
)
BESIDE_END = (
    " Not identified: another number of its stage lies at the upper end of what was searched, and "
    "the best value of this one moves with it."
)
RIDGE = (
    " Not identified alone: its log and that of {other} go together ({rho:+.2f}), and the curve "
    "tells what they make between them."
)


OF_COHORTS = " Its error holds that cohorts differ by more than the chance of their firms."


@dataclass(frozen=True)
class Target:
    """The graduation curve of a stage in the records, at `MATCHED_MONTHS`.

    Attributes
    ----------
    stage : str
    curve : Curve
    of_cohorts : ndarray of shape (m,) or None
        Variance of the log cumulative hazard by what whole cohorts differ by; None for no more
        than the chance of their firms.
    """

    stage: str
    curve: Curve
    of_cohorts: FloatArray | None = None


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
    formula: FloatArray,
    is_fixed: np.ndarray,
    lost: Sequence[str],
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
    formula : ndarray of shape (n, p)
        The same of the formula that the search follows.
    is_fixed : ndarray of bool, shape (p,)
        Numbers without effect, taken as fixed where they lie.
    lost : sequence of str
        Why a number has no error, one a number; empty for those that have. One that is not fixed
        still counts in the errors of others: these would be too small without.
    """
    n_points, parameters = len(MATCHED_MONTHS), parameters_of(targets)
    error = np.concatenate([target.curve.standard_error for target in targets])
    chance = np.zeros((len(error), len(error)))
    total = np.zeros_like(chance)
    for i, target in enumerate(targets):
        rows = slice(i * n_points, (i + 1) * n_points)
        chance[rows, rows] = target.curve.covariance + moments.curves[target.stage].covariance
        if target.of_cohorts is not None:
            total[rows, rows] = between_cohorts(target.curve.share, target.of_cohorts)
    total += chance
    free = np.flatnonzero(~is_fixed)
    weighted = (formula[:, free] / error[:, None] ** 2).T
    gain = np.linalg.pinv(weighted @ jacobian[:, free]) @ weighted
    factors = {}
    for i, target in enumerate(targets):
        rows = slice(i * n_points, (i + 1) * n_points)
        own = free[free // len(FIELDS) == i]
        gap = moments.curves[target.stage].share - target.curve.share
        factors[target.stage] = misfit_factor(gap, chance[rows, rows], jacobian[rows, own])
    widening = np.array([factors[parameter.stage] for parameter in parameters])
    value = np.exp(x)
    of_logs = np.full((len(x), len(x)), np.nan)
    of_logs[np.ix_(free, free)] = gain @ total @ gain.T * np.outer(widening[free], widening[free])
    is_lost = np.array([bool(why) for why in lost])
    of_logs[is_lost] = of_logs[:, is_lost] = np.nan
    covariance = of_logs * np.outer(value, value)
    n = {target.stage: target.curve.n for target in targets}
    estimates = []
    for i, parameter in enumerate(parameters):
        note = lost[i] or _ridge(parameters, of_logs, i)
        target = targets[i // len(FIELDS)]
        if not lost[i]:
            note += _widened(parameter.stage, widening[i], targets, moments)
            note += "" if target.of_cohorts is None else OF_COHORTS
        estimates.append(
            Estimate(
                key=parameter.key,
                value=float(value[i]),
                standard_error=float(np.sqrt(covariance[i, i])),
                unit=parameter.unit,
                n=n[parameter.stage],
                method=METHOD,
                note=SET_SO + note,
            )
        )
    pins = identification(targets, parameters, jacobian / error[:, None])
    return Block("rates", tuple(estimates), covariance, pins)


def why_lost(
    has_no_effect: np.ndarray, is_at_upper_end: np.ndarray, is_flat: np.ndarray
) -> list[str]:
    """Return for each number why it has no error; empty if it has one.

    At an upper end the ridge goes on: the errors of the stage's other numbers would hold for that
    end alone. At a lower end a number has lost its effect, and the others stand.

    Parameters
    ----------
    has_no_effect, is_at_upper_end, is_flat : ndarray of bool, shape (p,)
    """
    stages = is_at_upper_end.reshape(-1, len(FIELDS)).any(axis=1)
    is_beside = np.repeat(stages, len(FIELDS))
    reasons = ((has_no_effect | is_at_upper_end, AT_EDGE), (is_beside, BESIDE_END), (is_flat, FLAT))
    return [next((text for is_so, text in reasons if is_so[i]), "") for i in range(len(is_flat))]


def _ridge(parameters: Sequence[Parameter], of_logs: FloatArray, i: int) -> str:
    """Return with what a number of large error goes together; empty if its error is useful."""
    sd = np.sqrt(np.diagonal(of_logs))
    if not sd[i] > MOST_LOG_SD:
        return ""
    rho = of_logs[i] / (sd * sd[i])
    rho[i] = np.nan
    if np.isnan(rho).all():
        return ""
    top = int(np.nanargmax(np.abs(rho)))
    return RIDGE.format(other=parameters[top].key, rho=rho[top])


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


def misfit_factor(gap: FloatArray, covariance: FloatArray, jacobian: FloatArray) -> float:
    """Return by how much errors of a stage's rates are widened for what the model cannot follow.

    Combinations ``B`` of the points that no rate moves, ``B J = 0``, are off by chance alone if the
    model can follow: ``Q = (B gap)' (B V B')^-1 (B gap)`` is then chi-squared with as many degrees
    of freedom as there are combinations (Hansen's test). Above its 95 % point the factor is
    ``sqrt(Q / dof)``, else 1: widening for what chance does would make intervals too wide.

    Parameters
    ----------
    gap : ndarray of shape (m,)
        The simulated curve less that of the records.
    covariance : ndarray of shape (m, m)
        Of `gap` at the true rates.
    jacobian : ndarray of shape (m, q)
        Of the simulated curve, in the numbers that were searched.
    """
    from scipy.linalg import null_space
    from scipy.stats import chi2

    combinations = null_space(jacobian.T).T
    if len(combinations) == 0:
        return 1.0
    off = combinations @ gap
    spread = combinations @ covariance @ combinations.T
    statistic = float(off @ np.linalg.pinv(spread, hermitian=True) @ off)
    dof = len(combinations)
    return float(np.sqrt(statistic / dof)) if statistic > chi2.ppf(0.95, dof) else 1.0


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
