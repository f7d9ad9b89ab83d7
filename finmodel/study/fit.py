"""A plan of a fit, worked out: the market is moved to its targets and the numbers are written."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import numpy as np
import pandas as pd

from finmodel import datasets, store
from finmodel.calibrate.diary import diary_simulator
from finmodel.calibrate.fit import (
    FittedNumbers,
    bounds,
    evidence_covariance,
    fitted_numbers,
    plan_simulator,
)
from finmodel.calibrate.fit_text import fitted_text, number_rows
from finmodel.calibrate.identification import directions_table, pins_table
from finmodel.calibrate.moment_search import Simulated
from finmodel.calibrate.smm import Moment, MomentFit, fit_moments
from finmodel.market.resume import Checkpoint, Progress
from finmodel.market.run import simulate
from finmodel.measure.target_moments import target_moments
from finmodel.scenario import Scenario, digest
from finmodel.scenario.fit_plan import base_file, load_fit_plan
from finmodel.scenario.fit_schema import FitPlan
from finmodel.scenario.walk import with_values
from finmodel.store import Watch
from finmodel.study.single import model_digest
from finmodel.study.stored import Place, StoredRun, find_or_make, provenance
from finmodel.world import build_world


@dataclass(frozen=True)
class FitOutcome:
    """A fit with what it says.

    Attributes
    ----------
    plan : FitPlan
    base : Scenario
    fit : MomentFit
    numbers : FittedNumbers
    check : Simulated
        Moments at the rounded numbers, on draws that the fit has not seen.
    targets : DataFrame
        Rows of the table of targets, in the order of the fit's moments.
    """

    plan: FitPlan
    base: Scenario
    fit: MomentFit
    numbers: FittedNumbers
    check: Simulated
    targets: pd.DataFrame


def load_plan(path: str | Path, overrides: Sequence[str] = ()) -> tuple[FitPlan, Scenario]:
    """Read the plan of a fit and its scenario.

    Raises
    ------
    ScenarioError, DataError
    """
    return load_fit_plan(path, overrides, targets=tuple(datasets.read_targets()["target"]))


def moments_of(plan: FitPlan) -> tuple[pd.DataFrame, tuple[Moment, ...]]:
    """Return the rows of the table of targets that a plan holds the model to, and its moments."""
    table = datasets.read_targets().set_index("target", drop=False).loc[list(plan.targets)]
    moments = tuple(
        Moment(str(row["target"]), float(row["value"]), float(row["standard_error"]))
        for _, row in table.iterrows()
    )
    return table.reset_index(drop=True), moments


def work_out(
    plan: FitPlan,
    base: Scenario,
    checkpoint: Checkpoint,
    *,
    is_moving: bool = True,
    threads: int | None = None,
    progress: Progress | None = None,
    cancel: threading.Event | None = None,
) -> FitOutcome:
    """Fit a scenario to its targets, going on from the evaluations kept at a checkpoint.

    Parameters
    ----------
    plan : FitPlan
    base : Scenario
    checkpoint : Checkpoint
    is_moving : bool, optional
        False keeps the numbers of the base and finds their errors.
    threads, progress, cancel
        Progress counts evaluations of the market; how many there will be is a guess.

    Raises
    ------
    CalibrationError, InvariantError
    Interrupted
        If cancelled; what was done is kept.
    """
    table, moments = moments_of(plan)
    run, guess = plan.run, guessed_evaluations(plan, is_moving=is_moving)

    def measure(scenario: Scenario) -> Simulated:
        return simulated_moments(
            scenario, plan.targets, scale=run.scale, paths=run.paths, seed=run.seed, threads=threads
        )

    def told(done: int) -> None:
        if progress:
            progress(min(done, guess), guess)

    low, high = bounds(plan.parameters)
    fit = fit_moments(
        diary_simulator(plan_simulator(base, plan, measure), checkpoint, cancel=cancel, told=told),
        moments,
        names=tuple(plan.parameters),
        start=np.zeros(len(plan.parameters)),
        low=low,
        high=high,
        evidence=evidence_covariance(plan, moments),
        is_moving=is_moving,
    )
    numbers = fitted_numbers(base, plan, fit)
    check = simulated_moments(
        with_values(base, dict(zip(numbers.keys, numbers.medians.tolist(), strict=True))),
        plan.targets,
        scale=run.check_scale,
        paths=run.check_paths,
        seed=run.check_seed,
        threads=threads,
    )
    return FitOutcome(plan, base, fit, numbers, check, table)


def guessed_evaluations(plan: FitPlan, *, is_moving: bool = True) -> int:
    """Return about how many evaluations a fit takes: a few Jacobians, the last one central."""
    if not is_moving:
        return 2 * len(plan.parameters) + 1
    return 7 * len(plan.parameters) + 10


def find_or_fit(
    plan: FitPlan,
    base: Scenario,
    file: str | Path,
    *,
    root: Path,
    is_moving: bool = True,
    threads: int | None = None,
    progress: Progress | None = None,
    cancel: threading.Event | None = None,
    watch: Watch | None = None,
    command: Sequence[str] = (),
) -> StoredRun:
    """Fit a plan and store its tables and the scenario's text, or find them among earlier ones.

    Raises
    ------
    CalibrationError, InvariantError, Interrupted, StoreError
    """
    text = base_file(plan, file).read_text(encoding="utf-8")
    sources = model_digest("calibrate")
    name = store.run_digest(
        scenario_digest=f"{digest(plan)}/{sha256(text.encode()).hexdigest()}/{digest(base)}",
        data_checksums=datasets.checksums(),
        paths=plan.run.paths,
        seed=plan.run.seed,
        source_digest=f"{sources}/{'fit' if is_moving else 'errors of a fit'}",
    )

    def make(checkpoint: Checkpoint) -> FitOutcome:
        return work_out(
            plan,
            base,
            checkpoint,
            is_moving=is_moving,
            threads=threads,
            progress=progress,
            cancel=cancel,
        )

    def manifest(outcome: FitOutcome) -> store.Manifest:
        run, fit = plan.run, outcome.fit
        asked = provenance(
            plan.meta, paths=run.paths, seed=run.seed, source_digest=sources, command=command
        )
        new = fitted_text(
            text, base, plan, fit=fit, numbers=outcome.numbers, targets=outcome.targets
        )
        return {
            **asked,
            "plan": plan.model_dump(mode="json"),
            "scenario_text": new,
            "j": fit.j if fit.degrees else None,
            "p_value": fit.p_value if fit.degrees else None,
            "degrees": fit.degrees,
            "is_converged": fit.is_converged,
            "at_bound": list(fit.at_bound),
            "unpinned": list(fit.unpinned),
            "evaluations": fit.evaluations,
        }

    _, stored = find_or_make(Place(root, name, watch), make, lambda _: True, fit_tables, manifest)
    assert stored is not None  # an interrupted fit raises
    return stored


def simulated_moments(
    scenario: Scenario,
    targets: Sequence[str],
    *,
    scale: float,
    paths: int,
    seed: int,
    threads: int | None = None,
) -> Simulated:
    """Return the moments of a scenario with the covariance of their simulation error."""
    scaled = scenario.model_copy(update={"run": scenario.run.model_copy(update={"scale": scale})})
    world = build_world(scaled)
    result = simulate(world, paths=paths, seed=seed, threads=threads)
    return Simulated(*target_moments(result, targets))


def fit_tables(outcome: FitOutcome) -> dict[str, pd.DataFrame]:
    """Return the tables of a fit: parameters, moments, pins, directions, numbers."""
    fit, plan = outcome.fit, outcome.plan
    error = fit.standard_error
    has_error = [name not in fit.without_error for name in fit.names]
    parameters = pd.DataFrame(
        {
            "parameter": list(fit.names),
            "factor": np.exp(fit.point),
            "log_se": np.where(has_error, error, np.nan),
            "is_at_bound": [name in fit.at_bound for name in fit.names],
            "is_unpinned": [name in fit.unpinned for name in fit.names],
            "keys": [", ".join(plan.parameters[name].keys) for name in fit.names],
            "note": [plan.parameters[name].note for name in fit.names],
        }
    )
    targets = outcome.targets
    evidence = targets["value"].to_numpy()
    moments = pd.DataFrame(
        {
            "target": targets["target"],
            "label_en": targets["label_en"],
            "label_zh": targets["label_zh"],
            "unit": targets["unit"],
            "evidence": evidence,
            "evidence_se": targets["standard_error"].to_numpy(),
            "fitted": fit.simulated.figures,
            "fitted_se": np.sqrt(np.diag(fit.simulated.covariance)),
            "checked": outcome.check.figures,
            "checked_se": np.sqrt(np.diag(outcome.check.covariance)),
            "miss": (outcome.check.figures - evidence) / targets["standard_error"].to_numpy(),
            "relative_miss": outcome.check.figures / evidence - 1.0,
        }
    )
    return {
        "fit_parameters": parameters,
        "fit_moments": moments,
        "fit_pins": pins_table(fit),
        "fit_directions": directions_table(fit),
        "fit_numbers": pd.DataFrame(number_rows(outcome.numbers, outcome.base)),
        "fit_correlations": _correlation_table(fit),
    }


def _correlation_table(fit: MomentFit) -> pd.DataFrame:
    """Return the correlation of each pair of estimates on the working scale."""
    error = np.where(fit.standard_error > 0.0, fit.standard_error, np.nan)
    matrix = fit.covariance / np.outer(error, error)
    first, second = np.triu_indices(len(fit.names), 1)
    names = np.array(fit.names)
    return pd.DataFrame({"a": names[first], "b": names[second], "rho": matrix[first, second]})
