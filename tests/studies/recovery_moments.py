"""Recovery of moment parameters: data from a market with known numbers, the fit, its intervals.

    python -m tests.studies.recovery_moments [SETS]

Each data set is the moments of a small market at known parameters, on draws of its own. The fit
starts elsewhere, on other draws, and its 95 % intervals should cover what is known in 95 of 100.
"""

import sys

import numpy as np
import pandas as pd

from finmodel.calibrate.fit import bounds, plan_simulator
from finmodel.calibrate.smm import Moment, Simulated, fit_moments
from finmodel.market.run import simulate
from finmodel.measure.target_moments import target_moments
from finmodel.scenario.fit_schema import FitParameter
from finmodel.world import build_world
from tests.conftest import small

CHANGES = ("run.scale=0.02", "run.years=4", "run.warm_up_years=2")
PATHS = 48
STEP = 0.15
"""Wider than in a large market, whose counts move in finer steps."""
TRUTH = {"births": 0.15, "capital": -0.1, "milestone_A": 0.2, "births_SH": 0.1}
KEYS = {
    "births": "births.total_pa",
    "capital": "capital.total_mcny_pa",
    "milestone_A": "stages.A.milestone_rate_pa",
    "births_SH": "births.region_index.SH",
}
TARGETS = (
    "deals_all",
    "money_all",
    "deals_hard_tech",
    "split_SH",
    "split_JS",
    "graduation_24m_A",
    "invested_over_raised",
)


class Plan:
    """A plan of a fit without its file."""

    parameters = {  # noqa: RUF012
        name: FitParameter(keys=(key,), low=0.3, high=3.0, note="known")
        for name, key in KEYS.items()
    }


def measured(scenario, seed):
    """Moments of a scenario, with the covariance of their error."""
    result = simulate(build_world(scenario), paths=PATHS, seed=seed, threads=1)
    return Simulated(*target_moments(result, TARGETS))


def one_set(number):
    """Return estimates and standard errors of one data set, and whether J refuses at 5 %."""
    base, seed = small(*CHANGES), 1_000_000 + 2 * number
    at = plan_simulator(base, Plan, lambda scenario: measured(scenario, seed))
    data = at(np.array(list(TRUTH.values())))
    errors = np.sqrt(np.diag(data.covariance))
    moments = tuple(
        Moment(name, float(value), float(error))
        for name, value, error in zip(TARGETS, data.figures, errors, strict=True)
    )
    low, high = bounds(Plan.parameters)
    fit = fit_moments(
        plan_simulator(base, Plan, lambda scenario: measured(scenario, seed + 1)),
        moments,
        names=tuple(KEYS),
        start=np.zeros(len(KEYS)),
        low=low,
        high=high,
        step=STEP,
        evidence=data.covariance,
    )
    return fit.point, fit.standard_error, fit.p_value < 0.05


def study(n_sets):
    """Return one row a parameter: truth, mean estimate, spread, mean error, coverage."""
    points, errors, refused = zip(*(one_set(k) for k in range(n_sets)), strict=True)
    points, errors = np.array(points), np.array(errors)
    truth = np.array(list(TRUTH.values()))
    inside = np.abs(points - truth) <= 1.959964 * errors
    table = pd.DataFrame(
        {
            "parameter": list(KEYS.values()),
            "truth": truth,
            "mean": points.mean(axis=0),
            "sd": points.std(axis=0, ddof=1),
            "mean_se": errors.mean(axis=0),
            "coverage": inside.mean(axis=0),
        }
    )
    return table, float(np.mean(refused))


if __name__ == "__main__":
    table, refused = study(int(sys.argv[1]) if len(sys.argv) > 1 else 200)
    print(table.round(3).to_string(index=False))
    print(f"J refuses at 5 %: {refused:.1%}")
