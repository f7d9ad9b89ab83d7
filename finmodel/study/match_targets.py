"""What the simulated market of a calibration is to show: curves and sizes of rounds."""

from __future__ import annotations

import numpy as np

from finmodel.calibrate.match import SizeTarget
from finmodel.calibrate.match_errors import FIELDS, MATCHED_MONTHS, Target
from finmodel.calibrate.records import CURVE_MONTHS, RecordEstimates
from finmodel.calibrate.survival import Curve
from finmodel.scenario import Scenario
from finmodel.study.cohort_spread import CohortSpread


def targets_of(
    records: RecordEstimates,
    base: Scenario,
    refused: dict[str, str],
    spread: CohortSpread | None = None,
) -> list[Target]:
    """Return curves that the market can be matched to; note the others in `refused`."""
    at = [CURVE_MONTHS.index(month) for month in MATCHED_MONTHS]
    targets = []
    for stage in base.stage_names[:-1]:
        curve = records.curves.get(stage)
        why = records.refused.get(f"graduation of {stage}", "the records have no such stage")
        if curve is not None:
            share = curve.share[at]
            if np.all(np.isfinite(share)) and np.all(curve.standard_error[at] > 0.0):
                own = curve.covariance[np.ix_(at, at)]
                months = np.asarray(MATCHED_MONTHS)
                chosen = Curve(months, share, own, curve.at_risk[at], curve.n, curve.n_events)
                of_cohorts = None
                if spread is not None and spread.is_told:
                    of_cohorts = spread.variance(spread.concentration[stage][at])
                targets.append(Target(stage, chosen, of_cohorts))
                continue
            why = f"the cohorts are not followed for {MATCHED_MONTHS[-1]:.0f} months"
        for name in FIELDS:
            refused[f"stages.{stage}.{name}"] = why
    return targets


def start_of(base: Scenario) -> dict[str, float]:
    """Return the base's asks and spread of sizes."""
    asks = {
        f"stages.{name}.ask_median_mcny": base.stages[name].ask_median_mcny.centre
        for name in base.stage_names
    }
    return {**asks, "firms.size_log_sd": base.firms.size_log_sd.centre}


def size_target(
    records: RecordEstimates, base: Scenario, refused: dict[str, str]
) -> SizeTarget | None:
    """Return what sizes of rounds the market is to have; None without any, noted in `refused`."""
    if "stages" not in records.sizes:
        refused["firms.size_log_sd"] = records.refused.get("round sizes", "no round sizes")
        return None
    law, common = records.sizes["stages"], records.sizes["common"]
    means = {
        name.removeprefix("mu:"): float(law.params[i])
        for i, name in enumerate(law.names)
        if name.startswith("mu:") and name.removeprefix("mu:") in base.stage_names
    }
    return SizeTarget(means, float(np.exp(common.at("ln sd")[0])))
