"""The fitted market against cohorts that were not fitted to."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from finmodel.calibrate.survival import Curve


def hold_out_table(
    fitted: Mapping[str, Curve], held_out: Mapping[str, Curve], simulated: Mapping[str, Curve]
) -> pd.DataFrame:
    """Return the market's curves beside those of held-out cohorts, with their 95 % bands.

    Parameters
    ----------
    fitted, held_out : Mapping of Curve
        Of the records, by stage, at the same months.
    simulated : Mapping of Curve
        Of the fitted market.

    Returns
    -------
    DataFrame
        One row a stage and month: `stage`, `months`, `fitted` (records that were fitted to),
        `held_out`, `low_95`, `high_95` (its pointwise band), `at_risk`, `simulated`,
        `simulated_se`, `is_inside` (simulated within the band), `is_fitted_inside` (the fitted
        cohorts' own curve within it: what cohorts differ by, whatever the model). Months to which
        no held-out cohort is followed are left out.
    """
    frames = []
    for stage, curve in held_out.items():
        if stage not in simulated or stage not in fitted:
            continue
        low, high = curve.band
        own = simulated[stage].share
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
            }
        )
        frames.append(frame[np.isfinite(curve.share)])
    return pd.concat(frames, ignore_index=True) if frames else pd.DataFrame()
