"""One fund's plan: simulated and settled, computed or found again."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from functools import cache
from hashlib import sha256
from pathlib import Path

import pandas as pd

import finmodel
from finmodel import datasets, store
from finmodel.errors import Interrupted, Problem, ScenarioError
from finmodel.fund.bank import market_bank
from finmodel.fund.fund_of_funds import n_sub_funds, settle_nest
from finmodel.fund.life import Bank
from finmodel.fund.outcome import PlanOutcome, settle_plan
from finmodel.fund.plan_arrays import plan_arrays
from finmodel.fund.simulate import simulate_plan
from finmodel.market.resume import Progress
from finmodel.market.run import simulate
from finmodel.measure.fund_budget import budget_table, pacing_table
from finmodel.measure.fund_futures import fund_futures, gains_table, nest_futures, nest_gains
from finmodel.measure.fund_of_funds import nest_tables
from finmodel.measure.fund_plan import class_table, deal_table, plan_summary, year_table
from finmodel.scenario import assumptions, digest
from finmodel.scenario.fund_plan import ENTRY_YEARS, market_of, plan_stages
from finmodel.scenario.fund_plan_schema import FundPlan
from finmodel.study.single import model_digest
from finmodel.study.stored import StoredRun, find_or_store, provenance
from finmodel.world import build_world


def run_plan(
    plan: FundPlan,
    file: str | Path,
    *,
    paths: int,
    seed: int,
    threads: int | None = None,
    progress: Progress | None = None,
    cancel: threading.Event | None = None,
) -> PlanOutcome:
    """Simulate and settle a plan.

    Parameters
    ----------
    plan : FundPlan
    file : path
        Of the plan: the scenario of its market stands beside it.
    paths, seed : int
        With a fund of funds, paths of it: each has its own sub-funds.
    threads, progress, cancel
        As in :func:`finmodel.fund.simulate.simulate_plan`.

    Raises
    ------
    ScenarioError, InputError, Interrupted
    """
    stages = plan_stages(plan, file)
    total = simulated_funds(plan, paths)
    bank = bank_of(plan, file, seed=seed, threads=threads, progress=progress, cancel=cancel)
    arrays = plan_arrays(plan, stages, bank)
    run = simulate_plan(
        arrays, paths=total, seed=seed, threads=threads, progress=progress, cancel=cancel
    )
    return settle_plan(plan, stages, run)


MOST_FUNDS = 400_000
"""Simulated funds that one machine's memory should hold, at some kB each."""


def simulated_funds(plan: FundPlan, paths: int) -> int:
    """Return how many funds a plan simulates.

    Raises
    ------
    ScenarioError
        If they are too many for memory.
    """
    n = n_sub_funds(plan)
    if n > 1 and paths * n > MOST_FUNDS:
        given = f"{paths} paths of {n} sub-funds"
        raise ScenarioError(
            "run options", [Problem("--paths", given, f"at most {MOST_FUNDS} sub-funds in all")]
        )
    return paths * n


def bank_of(
    plan: FundPlan,
    file: str | Path,
    *,
    seed: int,
    threads: int | None = None,
    progress: Progress | None = None,
    cancel: threading.Event | None = None,
) -> Bank | None:
    """Return the lives that a plan draws from a market; None if it has a law."""
    outcomes = plan.outcomes
    if outcomes.source == "law":
        return None
    world = build_world(market_of(plan, file))
    n = outcomes.market_paths
    run = simulate(
        world,
        paths=n,
        seed=seed,
        threads=threads,
        progress=progress,
        cancel=cancel,
        detailed=n,
        has_fund_money=False,
    )
    if not run.is_complete:
        raise Interrupted("stopped; a plan is short, so nothing is kept")
    bank = market_bank(
        world,
        run.details,
        entry_years=ENTRY_YEARS,
        regions=outcomes.regions,
        is_hard_tech_only=outcomes.is_hard_tech_only,
        stages=tuple(plan.portfolio.stage_mix),
    )
    together = 1 if plan.fund_of_funds is None else n_sub_funds(plan)
    return bank._replace(n_together=together)


def plan_tables(outcome: PlanOutcome) -> dict[str, pd.DataFrame]:
    """Return every table of a plan."""
    upper: dict[str, pd.DataFrame] = {}
    if outcome.plan.fund_of_funds is not None:
        nest = settle_nest(outcome)
        upper = {
            **nest_tables(outcome),
            "fund_of_funds_futures": nest_futures(nest),
            "fund_of_funds_gains": nest_gains(nest),
        }
    return {
        **upper,
        "fund": plan_summary(outcome),
        "parties": class_table(outcome),
        "years": year_table(outcome),
        "futures": fund_futures(outcome),
        "gains": gains_table(outcome),
        "deals": deal_table(outcome),
        "budget": budget_table(outcome),
        "pacing": pacing_table(outcome),
        "assumptions": assumptions(outcome.plan),
    }


@cache
def fund_digest() -> str:
    """Return the SHA-256 over every source file that can change a number of a plan."""
    hasher = sha256(model_digest().encode())
    for file in sorted((Path(finmodel.__file__).resolve().parent / "fund").rglob("*.py")):
        hasher.update(file.name.encode())
        hasher.update(file.read_bytes())
    return hasher.hexdigest()


def plan_digest(plan: FundPlan, file: str | Path, paths: int, seed: int) -> str:
    """Return the digest that names the tables of a plan."""
    parts = [digest(plan)]
    if plan.outcomes.source == "market":
        parts.append(digest(market_of(plan, file)))
    return store.run_digest(
        scenario_digest="/".join(parts),
        data_checksums=datasets.checksums(),
        paths=paths,
        seed=seed,
        source_digest=f"{fund_digest()}/fund",
    )


def find_or_run_plan(
    plan: FundPlan,
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
    """Run a plan and store its tables, or find them among earlier ones.

    Raises
    ------
    ScenarioError, InputError, Interrupted, StoreError
    """

    def make() -> dict[str, pd.DataFrame]:
        outcome = run_plan(
            plan, file, paths=paths, seed=seed, threads=threads, progress=progress, cancel=cancel
        )
        return plan_tables(outcome)

    def manifest() -> store.Manifest:
        return plan_manifest(plan, paths=paths, seed=seed, command=command)

    return find_or_store(root, plan_digest(plan, file, paths, seed), make, manifest)


def plan_manifest(
    plan: FundPlan, *, paths: int, seed: int, command: Sequence[str]
) -> store.Manifest:
    """Return what a plan's stored tables say of themselves."""
    asked = provenance(
        plan.meta, paths=paths, seed=seed, source_digest=fund_digest(), command=command
    )
    return {**asked, "plan": plan.model_dump(mode="json")}
