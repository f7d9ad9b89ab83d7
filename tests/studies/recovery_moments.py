"""Recovery of moment parameters: data from a market with known numbers, the fit, its intervals.

    python -m tests.studies.recovery_moments [SETS] [FILE] [own]

All parameters, targets, errors and correlations of the shipped plan, in a small market. A data set
is the moments of the market at known parameters, on draws of its own, with errors of evidence
drawn from the plan's covariance laid on. The fit starts elsewhere, on other draws, and its 95 %
intervals should cover what is known in 95 of 100. Derivatives come from one longer run at what is
known, and with `own` from the draws of each fit, as in the command. Sets are kept in FILE, one a
line, as they are done: the same command goes on after a stop.
"""

import json
import sys
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd

from finmodel.calibrate.fit import bounds, evidence_covariance, plan_simulator
from finmodel.calibrate.moment_search import Book, Simulated
from finmodel.calibrate.smm import Moment, fit_moments
from finmodel.market.run import simulate
from finmodel.measure.target_moments import target_moments
from finmodel.study.fit import load_plan, moments_of
from finmodel.world import build_world
from tests.conftest import ROOT, small

PLAN = ROOT / "scenarios" / "fits" / "yrd_baseline.toml"
CHANGES = ("run.scale=0.02", "run.years=4", "run.warm_up_years=2")
PATHS = 96
LONG_PATHS = 480
"""Of the runs at the truth that give the size of errors of evidence, and derivatives."""
LONG_SEED = 999_999
STEP = 0.15
"""Wider than in a large market, whose counts move in finer steps."""
TRUTH = {
    "births": 0.15,
    "births_SH": 0.1,
    "births_JS": -0.1,
    "births_AH": 0.1,
    "births_general": -0.15,
    "capital": -0.1,
    "friction_into_SH": 0.15,
    "friction_among_others": -0.15,
    "milestone_angel": 0.1,
    "milestone_A": 0.2,
    "milestone_B": -0.15,
    "milestone_C": 0.1,
}
NORMAL_95 = 1.959964


@cache
def plan():
    """The shipped plan."""
    return load_plan(PLAN)[0]


def measured(scenario, seed, paths=PATHS):
    """Moments of a scenario, with the covariance of their error."""
    result = simulate(build_world(scenario), paths=paths, seed=seed, threads=1)
    return Simulated(*target_moments(result, plan().targets))


def simulator(seed, paths=PATHS):
    """From a point of the working scale to the moments of the small market there."""
    return plan_simulator(small(*CHANGES), plan(), lambda item: measured(item, seed, paths))


def truth():
    return np.array([TRUTH[name] for name in plan().parameters])


@cache
def evidence():
    """Covariance of the errors of evidence: those of the plan, in parts of what is true here."""
    _, moments = moments_of(plan())
    level = simulator(LONG_SEED, LONG_PATHS)(truth()).figures
    here = level / np.array([item.target for item in moments])
    return evidence_covariance(plan(), moments) * np.outer(here, here)


@cache
def slopes():
    """Derivatives at the truth, in errors of evidence."""
    low, high = bounds(plan().parameters)
    error = np.sqrt(np.diag(evidence()))
    at = simulator(LONG_SEED, LONG_PATHS)
    book = Book(at, np.zeros_like(error), error, plan().targets, low, high, STEP)
    return book.jacobian(truth(), is_central=True)


def one_set(number, *, is_own=False):
    """Return the fit of one data set, by the derivatives of a longer run or by its own."""
    seed = 1_000_000 + 2 * number
    data = simulator(seed)(truth())
    luck = np.random.default_rng([20221129, number]).multivariate_normal(
        np.zeros(len(data.figures)), evidence(), method="eigh"
    )
    low, high = bounds(plan().parameters)
    given = {
        "moments": tuple(
            Moment(name, float(value), float(error))
            for name, value, error in zip(
                plan().targets, data.figures + luck, np.sqrt(np.diag(evidence())), strict=True
            )
        ),
        "names": tuple(plan().parameters),
        "low": low,
        "high": high,
        "step": STEP,
        "evidence": evidence() + data.covariance,
    }
    fit = fit_moments(simulator(seed + 1), start=np.zeros(len(low)), slopes=slopes(), **given)
    if is_own:
        fit = fit_moments(simulator(seed + 1), start=fit.point, is_moving=False, **given)
    return fit


def kept_set(number, file=None, *, is_own=False):
    """Return what is kept of a data set; a set that is not kept yet is fitted and kept."""
    lines = file.read_text(encoding="utf-8").splitlines() if file and file.exists() else []
    found = {(row["number"], row["is_own"]): row for row in map(json.loads, lines)}
    if (number, is_own) in found:
        return found[number, is_own]
    fit = one_set(number, is_own=is_own)
    row = {
        "number": number,
        "is_own": is_own,
        "point": fit.point.tolist(),
        "error": fit.standard_error.tolist(),
        "p": fit.p_value,
        "evaluations": fit.evaluations,
        "is_converged": fit.is_converged,
    }
    if file:
        with file.open("a", encoding="utf-8") as stream:
            stream.write(json.dumps(row) + "\n")
    return row


def study(n_sets, file=None, *, is_own=False):
    """Return a row a parameter, and how often J refuses at 5 % and the search ends elsewhere.

    A parameter without an error covers nothing: it counts as a miss.
    """
    rows = [kept_set(number, file, is_own=is_own) for number in range(n_sets)]
    points, errors = (np.array([row[name] for row in rows]) for name in ("point", "error"))
    inside = np.abs(points - truth()) <= NORMAL_95 * errors
    table = pd.DataFrame(
        {
            "parameter": list(plan().parameters),
            "truth": truth(),
            "mean": points.mean(axis=0),
            "sd": points.std(axis=0, ddof=1),
            "mean_se": errors.mean(axis=0),
            "no_error": (errors == 0.0).sum(axis=0),
            "coverage": inside.mean(axis=0),
        }
    )
    refused = float(np.mean([row["p"] < 0.05 for row in rows]))
    return table, refused, float(np.mean([not row["is_converged"] for row in rows]))


if __name__ == "__main__":
    table, refused, elsewhere = study(
        int(sys.argv[1]) if len(sys.argv) > 1 else 200,
        Path(sys.argv[2]) if len(sys.argv) > 2 else None,
        is_own="own" in sys.argv[3:],
    )
    print(table.round(3).to_string(index=False))
    print(f"J refuses at 5 %: {refused:.1%}; not at a minimum: {elsewhere:.1%}")
