"""One scenario, one run: computed, or found again."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from functools import cache
from hashlib import sha256
from pathlib import Path

import pandas as pd

import finmodel
from finmodel import datasets, store
from finmodel.errors import Problem, ScenarioError
from finmodel.market.result import RunResult
from finmodel.market.resume import Checkpoint, Progress
from finmodel.market.run import simulate
from finmodel.measure import (
    activity_table,
    cell_table,
    exit_table,
    flow_table,
    fund_flow_table,
    fund_group_table,
    fund_metric_table,
    fund_quarter_table,
    fund_table,
    fund_year_table,
    gap_table,
    graduation_table,
    history_table,
    integration_table,
    layer_tables,
    ownership_table,
    static_gap_table,
    survival_table,
    value_table,
)
from finmodel.measure.convergence import convergence_table, convergence_verdicts, exit_verdicts
from finmodel.measure.series import (
    HEADLINES,
    Cell,
    Estimate,
    estimate,
    run_catalogue,
    run_series,
)
from finmodel.scenario import Scenario, assumptions, digest, quantities
from finmodel.study.goals import Goal, checked_goal
from finmodel.study.stopping import FIRST_LOOK, StoppingRule, look_counts
from finmodel.study.stored import (
    Parts,
    Place,
    Search,
    StoredRun,
    find_or_make,
    find_or_search,
    provenance,
    search_digest,
)
from finmodel.world import build_world

_PACKAGE = Path(finmodel.__file__).resolve().parent
_MODEL_ROOMS = ("datasets", "numeric", "scenario", "world", "market", "measure", "study")

GAP_TABLES: dict[str, tuple[str, ...]] = {
    "gap_total": (),
    "gap_region": ("region",),
    "gap_stage": ("stage",),
    "gap_sector": ("sector",),
    "gap_year": ("year",),
    "gap_region_stage": ("region", "stage"),
}
"""Stored gap tables and their groups; hard-tech sectors, but `gap_sector` has all."""


def run_tables(run: RunResult) -> dict[str, pd.DataFrame]:
    """Return every table stored of a run, but that of its assumptions: a run knows no beliefs."""
    tables = {name: gap_table(run, by) for name, by in GAP_TABLES.items()}
    tables["gap_cells"] = cell_table(run)
    tables["activity_total"] = activity_table(run)
    tables["activity_hard_tech"] = activity_table(run, group="hard_tech")
    for dimension in ("region", "stage", "sector", "year"):
        tables[f"activity_{dimension}"] = activity_table(run, (dimension,))
    tables["graduation"] = graduation_table(run)
    tables["flows"] = flow_table(run)
    tables["funds_type"] = fund_flow_table(run)
    tables["funds_type_year"] = fund_flow_table(run, ("year", "fund_type"))
    tables["funds_type_region"] = fund_flow_table(run, ("region", "fund_type"))
    tables["ownership"] = ownership_table(run)
    tables["exits"] = exit_table(run)
    tables["survival"] = survival_table(run)
    tables["values"] = value_table(run.world)
    tables["static_gap"] = static_gap_table(run)
    tables["integration_index"] = integration_table(run)
    tables |= layer_tables({run.world.scenario.meta.name: run})
    headlines = {name: run_series(run, name) for name in HEADLINES}
    tables["convergence"] = convergence_table(headlines)
    verdicts = [convergence_verdicts(headlines), exit_verdicts(tables["exits"])]
    tables["convergence_verdicts"] = pd.concat(verdicts, ignore_index=True)
    if run.details:
        tables["fund_list"] = fund_table(run)
        tables["fund_years"] = fund_year_table(run)
        tables["fund_quarters"] = fund_quarter_table(run)
        tables["fund_metrics"] = fund_metric_table(run)
        for by, name in (("vintage", "fund_metrics_vintage"), ("fund_type", "fund_metrics_type")):
            tables[name] = fund_group_table(run, tables["fund_metrics"], by)
        tables["histories"] = history_table(run)
    return tables


@cache
def model_digest(*more: str) -> str:
    """Return the SHA-256 over every source file that can change a number of a run.

    Parameters
    ----------
    more : str
        Further rooms of the package, of a study that rests on them.
    """
    hasher = sha256()
    rooms = (*_MODEL_ROOMS, *more)
    files = [path for room in rooms for path in (_PACKAGE / room).rglob("*.py")]
    for path in sorted([*files, _PACKAGE / "units.py"]):
        hasher.update(path.relative_to(_PACKAGE).as_posix().encode())
        hasher.update(path.read_bytes())
    return hasher.hexdigest()


def digest_of(scenario: Scenario, paths: int, seed: int, detailed: int = 0) -> str:
    """Return the digest that names the run of a scenario."""
    return store.run_digest(
        scenario_digest=digest(scenario),
        data_checksums=datasets.checksums(),
        paths=paths,
        seed=seed,
        source_digest=f"{model_digest()}/{detailed}",
    )


def run_scenario(
    scenario: Scenario,
    *,
    paths: int,
    seed: int,
    root: Path,
    threads: int | None = None,
    progress: Progress | None = None,
    cancel: threading.Event | None = None,
    command: Sequence[str] = (),
    detailed: int = 0,
    watch: store.Watch | None = None,
    goal: Goal | None = None,
) -> tuple[RunResult | None, StoredRun | None]:
    """Run a scenario and store it, or find it among earlier runs.

    Of the first `detailed` paths every fund and the history of every firm are stored too. Paths
    that an interrupted run kept in `root` are not run again. With a goal, `paths` is the most that
    are run, and the run is stored as one of the paths it took.

    Returns
    -------
    run : RunResult or None
        None if the run was found on disk.
    stored : StoredRun or None
        None if the run was interrupted: a part of a run is never stored as a run.

    Raises
    ------
    ScenarioError, InvariantError, StoreError, Interrupted
    """
    rule = None if goal is None else StoppingRule(goal, look_counts(FIRST_LOOK, paths), _ask)

    def make(checkpoint: Checkpoint) -> RunResult:
        return simulate(
            build_world(scenario),
            paths=paths,
            seed=seed,
            threads=threads,
            progress=progress,
            cancel=cancel,
            detailed=detailed,
            checkpoint=checkpoint,
            stop=rule,
        )

    def digest_at(n: int) -> str:
        return digest_of(scenario, n, seed, min(detailed, n))

    about: Parts[RunResult] = (
        make,
        lambda run: run.is_complete,
        lambda run: {**run_tables(run), "assumptions": assumptions(scenario)},
        lambda run: _manifest(scenario, run, command),
    )
    if rule is None:
        return find_or_make(Place(root, digest_at(paths), watch), *about)
    place = Place(root, search_digest(digest_of(scenario, paths, seed, detailed), rule), watch)
    return find_or_search(place, Search(rule, digest_at, lambda run: run.n_paths), *about)


def goal_of(text: str, scenario: Scenario) -> Goal:
    """Return the goal of a run of a scenario from its text.

    Raises
    ------
    ScenarioError
        If it cannot be read or names what the run has not.
    """
    world = build_world(scenario)
    catalogue = run_catalogue(
        regions=world.regions, stages=world.stages, sectors=world.sectors, years=world.years
    )
    return checked_goal(text, catalogue)


def _ask(run: RunResult, measure: str, cell: Cell) -> dict[str, Estimate]:
    return {"": estimate(run_series(run, measure, cell))}


def grade_counts(scenario: Scenario) -> dict[str, int]:
    """Return how many numbers of a scenario have each grade."""
    counts = {"official": 0, "academic": 0, "commercial": 0, "assumed": 0}
    for _, quantity in quantities(scenario):
        counts[quantity.grade] += 1
    return counts


def check_paths_and_seed(paths: int, seed: int) -> None:
    """Raise ScenarioError if the number of paths or the seed is out of range."""
    problems = []
    if not 1 <= paths <= 1_000_000:
        problems.append(Problem("--paths", str(paths), "a whole number in [1, 1000000]"))
    if not 0 <= seed < 2**63:
        problems.append(Problem("--seed", str(seed), "a whole number in [0, 2**63)"))
    if problems:
        raise ScenarioError("run options", problems)


def _manifest(scenario: Scenario, run: RunResult, command: Sequence[str]) -> store.Manifest:
    asked = provenance(
        scenario.meta,
        paths=run.n_paths,
        seed=run.seed,
        source_digest=model_digest(),
        command=command,
    )
    return {
        **asked,
        "scenario": scenario.model_dump(mode="json"),
        "scenario_digest": digest(scenario),
        "detailed": len(run.details),
        "fund_types": list(run.world.fund_types),
        "years": list(run.world.years),
        "regions": list(run.world.regions),
        "stages": list(run.world.stages),
        "sectors": list(run.world.sectors),
        "grades": grade_counts(scenario),
        "firm_quarters": run.firm_quarters,
        "seconds": round(run.seconds, 3),
    }
