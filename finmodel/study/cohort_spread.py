"""What cohorts of a calibration differ by, beyond the chance of their firms."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from finmodel.calibrate.cohorts import cohort_counts, spread_variance
from finmodel.calibrate.records import Prepared
from finmodel.calibrate.survival import Curve
from finmodel.evaluate.backtest import Spread, spread_of
from finmodel.world.arrays import FloatArray

TOLD_BELOW = 0.05
"""Chance that cohorts alike differ so much, below which errors of rates hold their spread."""


@dataclass(frozen=True)
class CohortSpread:
    """Spread between the cohorts of some records.

    Attributes
    ----------
    spread : Spread
    chance : float
        That cohorts alike differ by as much (chi-squared of the heterogeneity); NaN of one cohort.
    concentration : dict of ndarray of shape (m,)
        By stage, at the months of its curve; see :mod:`finmodel.calibrate.cohorts`.
    """

    spread: Spread
    chance: float
    concentration: dict[str, FloatArray]

    @property
    def is_told(self) -> bool:
        """Whether cohorts differ by more than chance."""
        return self.chance < TOLD_BELOW

    def variance(self, concentration: FloatArray) -> FloatArray:
        """Return what the spread adds to the variance of a curve's log cumulative hazard.

        NaN of one cohort, which tells nothing of a spread.
        """
        return spread_variance(self.spread.tau, self.spread.cohorts, concentration)


def cohort_spread(prepared: Prepared, curves: Mapping[str, Curve]) -> CohortSpread:
    """Return by how much the cohorts of records differ.

    Parameters
    ----------
    prepared : Prepared
    curves : Mapping of Curve
        Stages that are looked at.
    """
    from scipy.stats import chi2

    counts = cohort_counts(prepared.spells, curves)
    spread = spread_of(counts.table)
    chance = float(chi2.sf(spread.q, spread.degrees)) if spread.degrees else float("nan")
    return CohortSpread(spread, chance, counts.concentration)
