"""How graduations of single cohorts differ, and what that does to the curve of several.

A cohort's hazards of graduation are those of all times ``exp(u)``, with ``u`` of variance ``tau^2``
between cohorts. The log cumulative hazard of a curve of several cohorts then varies by
``tau^2 sum_c p_c(t)^2``, with ``p_c`` the part of the graduations expected by ``t`` that cohort c
has: a third of ``tau^2`` for three cohorts alike, all of it where one alone is followed so far.
Expected are the Nelson-Aalen hazards of all cohorts over the time that a cohort's firms were seen.

`tau` is told from few cohorts, so its variance is widened until 1.96 of its roots are as far as
the Student law goes, of one degree of freedom less than cohorts: those of several stages do not
count, since what is odd of a cohort may be so at each of them.

References
----------
Higgins, J. P. T., Thompson, S. G. and Spiegelhalter, D. J. (2009), A re-evaluation of
random-effects meta-analysis, JRSS A 172 (prediction for a new unit).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from finmodel.calibrate.estimates import Z_95
from finmodel.calibrate.spells import GRADUATED, Spells
from finmodel.calibrate.survival import MONTHS_PER_QUARTER, Curve
from finmodel.world.arrays import FloatArray


@dataclass(frozen=True)
class CohortCounts:
    """Graduations of each cohort.

    Attributes
    ----------
    table : DataFrame
        One row a stage and cohort: `stage`, `cohort`, `observed`, `expected`, in the mean over
        imputations.
    concentration : dict of ndarray of shape (m,)
        ``sum_c p_c^2`` by stage, at the months of the curves; 1 before the first graduation.
    """

    table: pd.DataFrame
    concentration: dict[str, FloatArray]


def cohort_counts(completed: Sequence[Spells], curves: Mapping[str, Curve]) -> CohortCounts:
    """Return what each cohort did against what all of them together would make it do.

    Parameters
    ----------
    completed : sequence of Spells
        Of several cohorts by their firms' `first_year`, one an imputation.
    curves : Mapping of Curve
        Stages that are looked at, and the months.

    Spells that came under observation after their start are left out, as they are of the curves.
    """
    rows, concentration = [], {}
    for stage, curve in curves.items():
        at = curve.months / MONTHS_PER_QUARTER
        found = [_of_stage(spells, stage, at) for spells in completed]
        years = sorted(set().union(*(own.index for own, _ in found)))
        means = pd.concat([own for own, _ in found]).groupby(level=0).sum() / len(found)
        rows += [{"stage": stage, "cohort": year, **means.loc[year].to_dict()} for year in years]
        with np.errstate(invalid="ignore"):
            parts = np.sum([part.reindex(years, fill_value=0.0) for _, part in found], axis=0)
            share = parts / parts.sum(axis=0)
        concentration[stage] = np.nan_to_num((share**2).sum(axis=0), nan=1.0)
    columns = ["stage", "cohort", "observed", "expected"]
    return CohortCounts(pd.DataFrame(rows, columns=columns), concentration)


def _of_stage(spells: Spells, stage: str, at: FloatArray) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return events and expected events by cohort, and expected ones by each time."""
    is_own = (spells.stage == spells.stages.index(stage)) & (spells.entry <= 0.0)
    own = spells.where(is_own)
    is_graduated = own.event == GRADUATED
    end = np.where(is_graduated, own.end, own.horizon)
    times, deaths = np.unique(end[is_graduated], return_counts=True)
    risk = len(end) - np.searchsorted(np.sort(end), times, side="left")
    hazard = np.append(0.0, np.cumsum(deaths / risk))
    year = own.firms["first_year"].to_numpy()[own.firm]
    expected = hazard[np.searchsorted(times, end, side="right")]
    until = [hazard[np.searchsorted(times, np.minimum(end, t), side="right")] for t in at]
    counts = pd.DataFrame({"observed": is_graduated * 1.0, "expected": expected})
    return counts.groupby(year).sum(), pd.DataFrame(np.array(until).T).groupby(year).sum()


def spread_variance(tau: float, cohorts: int, concentration: FloatArray) -> FloatArray:
    """Return the variance of the log cumulative hazard of a curve that cohorts' spread makes.

    Parameters
    ----------
    tau : float
        Between cohorts, of the log hazard.
    cohorts : int
        That `tau` is told from; of one nothing is known, which gives NaN.
    concentration : ndarray of shape (m,)
    """
    from scipy.stats import t

    if cohorts < 2:
        return np.full_like(concentration, np.nan)
    widening = float(t.ppf(0.975, cohorts - 1)) / Z_95
    return np.asarray((widening * tau) ** 2 * concentration)


def log_hazard_slope(share: FloatArray) -> FloatArray:
    """Return ``dF / d ln H`` of shares ``F = 1 - exp(-H)``: ``-(1 - F) ln(1 - F)``, 0 at ends."""
    left = 1.0 - np.asarray(share, dtype=np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        slope = -left * np.log(left)
    return np.where((left > 0.0) & (left < 1.0), slope, 0.0)


def between_cohorts(share: FloatArray, variance: FloatArray) -> FloatArray:
    """Return the covariance that cohorts' spread gives the points of a curve, shape (m, m).

    Parameters
    ----------
    share : ndarray of shape (m,)
    variance : ndarray of shape (m,)
        Of the log cumulative hazard, from :func:`spread_variance`. One effect moves all points.
    """
    move = log_hazard_slope(share) * np.sqrt(variance)
    return np.outer(move, move)
