"""An LP's programme of commitments: worked out and stored, or found again."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from finmodel import datasets, store
from finmodel.errors import Problem, ScenarioError
from finmodel.fund.pacing import pacing_sets
from finmodel.fund.programme_plan import ProgrammeOutcome, n_vintages, work_out
from finmodel.market.resume import Progress
from finmodel.measure.pacing import programme_tables
from finmodel.scenario import assumptions, digest
from finmodel.scenario.fund_plan_schema import FundPlan
from finmodel.scenario.pacing_plan import fund_file, load_pacing_plan
from finmodel.scenario.pacing_schema import PacingPlan
from finmodel.study.fund_plan import MOST_FUNDS, fund_digest, plan_digest, run_plan
from finmodel.study.stored import StoredRun, find_or_store, provenance


def load_programme(file: str | Path, changes: Sequence[str] = ()) -> tuple[PacingPlan, FundPlan]:
    """Read a plan of commitments with the published parameter sets at hand.

    Raises
    ------
    ScenarioError, DataError
    """
    return load_pacing_plan(file, changes, parameter_sets=list(pacing_sets()))


def funds_of(plan: PacingPlan, paths: int) -> int:
    """Return how many funds a plan of commitments simulates.

    Raises
    ------
    ScenarioError
        If they are too many for memory.
    """
    vintages, funds = n_vintages(plan), int(plan.programme.funds_a_year.centre)
    total = paths * vintages * funds
    if total > MOST_FUNDS:
        given = f"{paths} paths of {vintages} vintages of {funds} funds"
        raise ScenarioError(
            "run options", [Problem("--paths", given, f"at most {MOST_FUNDS} funds in all")]
        )
    return total


def run_programme(
    plan: PacingPlan,
    fund: FundPlan,
    file: str | Path,
    *,
    paths: int,
    seed: int,
    threads: int | None = None,
    progress: Progress | None = None,
    cancel: threading.Event | None = None,
) -> ProgrammeOutcome:
    """Simulate the fund of a plan of commitments and work the plan out.

    Parameters
    ----------
    plan : PacingPlan
    fund : FundPlan
        Whose commitments they are.
    file : path
        Of the plan of commitments.
    paths, seed : int
    threads, progress, cancel
        As in :func:`finmodel.fund.simulate.simulate_plan`.

    Raises
    ------
    ScenarioError, InputError, CalibrationError, Interrupted
    """
    outcome = run_plan(
        fund,
        fund_file(plan, file),
        paths=funds_of(plan, paths),
        seed=seed,
        threads=threads,
        progress=progress,
        cancel=cancel,
    )
    return work_out(plan, outcome)


def find_or_run_programme(
    plan: PacingPlan,
    fund: FundPlan,
    file: str | Path,
    *,
    paths: int,
    seed: int,
    root: Path,
    threads: int | None = None,
    progress: Progress | None = None,
    cancel: threading.Event | None = None,
    command: Sequence[str] = (),
) -> StoredRun:
    """Run a plan of commitments and store its tables, or find them among earlier ones.

    Raises
    ------
    ScenarioError, InputError, CalibrationError, Interrupted, StoreError
    """
    below = plan_digest(fund, fund_file(plan, file), paths, seed)
    name = store.run_digest(
        scenario_digest=f"{digest(plan)}/{below}",
        data_checksums=datasets.checksums(),
        paths=paths,
        seed=seed,
        source_digest=f"{fund_digest()}/pacing",
    )

    def make() -> dict[str, pd.DataFrame]:
        outcome = run_programme(
            plan,
            fund,
            file,
            paths=paths,
            seed=seed,
            threads=threads,
            progress=progress,
            cancel=cancel,
        )
        both = pd.concat([assumptions(plan), assumptions(fund)], ignore_index=True)
        return {**programme_tables(outcome), "assumptions": both}

    def manifest() -> store.Manifest:
        asked = provenance(
            plan.meta, paths=paths, seed=seed, source_digest=fund_digest(), command=command
        )
        plans = {"plan": plan.model_dump(mode="json"), "fund": fund.model_dump(mode="json")}
        return {**asked, **plans}

    return find_or_store(root, name, make, manifest)
