"""The fitted market against cohorts that were not fitted to."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from finmodel.calibrate.cohorts import log_hazard_slope
from finmodel.calibrate.estimates import Z_95
from finmodel.calibrate.survival import Curve
from finmodel.study.cohort_spread import CohortSpread
from finmodel.world.arrays import FloatArray


def hold_out_table(
    fitted: Mapping[str, Curve],
    held_out: Mapping[str, Curve],
    simulated: Mapping[str, Curve],
    spread: CohortSpread,
    others: CohortSpread,
) -> pd.DataFrame:
    """Return the market's curves beside those of held-out cohorts, with their 95 % bands.

    Parameters
    ----------
    fitted, held_out : Mapping of Curve
        Of the records, by stage, at the same months.
    simulated : Mapping of Curve
        Of the fitted market.
    spread, others : CohortSpread
        Of the fitted cohorts, and of those held out, of which only the concentration is used.

    Returns
    -------
    DataFrame
        One row a stage and month: `stage`, `months`, `fitted` (records that were fitted to),
        `held_out`, `low_95`, `high_95` (its pointwise band), `at_risk`, `simulated`,
        `simulated_se`, `is_inside` (simulated within the band), `is_fitted_inside` (the fitted
        cohorts' own curve within it: what cohorts differ by, whatever the model),
        `predicted_low_95`, `predicted_high_95` (interval for the curve of cohorts not fitted to),
        `is_predicted` (that of the held-out ones within it). With one cohort fitted to there is no
        interval: NaN, and False. Months to which no held-out cohort is
        followed are left out.

    Notes
    -----
    The interval is of the log cumulative hazard, around the market's: the rates carry the sampling
    of the cohorts fitted to, the curve held out has its own, the market has its luck, and both
    groups have whole cohorts' effects, whose spread is told by the fitted ones alone.
    """
    frames = []
    for stage, curve in held_out.items():
        if stage not in simulated or stage not in fitted:
            continue
        low, high = curve.band
        own = simulated[stage].share
        effects = spread.variance(spread.concentration[stage] + others.concentration[stage])
        chance = sum(log_variance(item) for item in (curve, fitted[stage], simulated[stage]))
        reach = Z_95 * np.sqrt(effects + chance)
        lowest = 1.0 - (1.0 - own) ** np.exp(-reach)
        highest = 1.0 - (1.0 - own) ** np.exp(reach)
        frame = pd.DataFrame(
            {
                "stage": stage,
                "months": curve.months,
                "fitted": fitted[stage].share,
                "held_out": curve.share,
                "low_95": low,
                "high_95": high,
                "at_risk": curve.at_risk,
                "simulated": own,
                "simulated_se": simulated[stage].standard_error,
                "is_inside": (own >= low) & (own <= high),
                "is_fitted_inside": (fitted[stage].share >= low) & (fitted[stage].share <= high),
                "predicted_low_95": lowest,
                "predicted_high_95": highest,
                "is_predicted": (curve.share >= lowest) & (curve.share <= highest),
            }
        )
        frames.append(frame[np.isfinite(curve.share)])
    return pd.concat(frames, ignore_index=True) if frames else pd.DataFrame()


def log_variance(curve: Curve) -> FloatArray:
    """Return the sampling variance of the log cumulative hazard; 0 where the share is 0 or 1."""
    slope = log_hazard_slope(curve.share)
    error = curve.standard_error
    ratio = np.divide(error, slope, out=np.zeros_like(error), where=slope > 0.0)
    return np.asarray(ratio**2)
