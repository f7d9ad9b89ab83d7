"""A fund with a record: beside its plan at the same age, and the rest of its life from there."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import pandas as pd

from finmodel import store
from finmodel.datasets.positions import Positions, read_positions
from finmodel.fund.clock import FundClock, fund_clock
from finmodel.fund.outcome import PlanOutcome, settle_plan
from finmodel.fund.plan_arrays import plan_arrays
from finmodel.fund.simulate import simulate_plan
from finmodel.fund.standing import Standing, standing_of
from finmodel.market.resume import Progress
from finmodel.measure.fund_actuals import actuals_table, holding_table, standings
from finmodel.measure.fund_futures import fund_futures, gains_table
from finmodel.measure.fund_plan import class_table, deal_table, plan_summary, year_table
from finmodel.scenario import assumptions
from finmodel.scenario.fund_plan import plan_stages
from finmodel.scenario.fund_plan_schema import FundPlan
from finmodel.study.fund_plan import bank_of, plan_digest, plan_manifest
from finmodel.study.stored import StoredRun, find_or_store


@dataclass(frozen=True)
class Record:
    """A fund's positions, read and dated.

    Attributes
    ----------
    positions : Positions
    clock : FundClock
    """

    positions: Positions
    clock: FundClock


@dataclass(frozen=True)
class PlanFromHere:
    """A fund with a record: the plan from the start, and from where the fund stands.

    Attributes
    ----------
    standing : Standing
    outcome : PlanOutcome
        Whole lives with the same past.
    tables : dict of DataFrame
    """

    standing: Standing
    outcome: PlanOutcome
    tables: dict[str, pd.DataFrame]


def read_record(
    plan: FundPlan, file: str | Path, path: str | Path, *, as_of: str, first_closing: str = ""
) -> Record:
    """Read the positions of a fund as of a day.

    Parameters
    ----------
    plan : FundPlan
    file : path
        Of the plan.
    path : path
        Of the positions.
    as_of, first_closing : str
        As of :func:`finmodel.fund.clock.fund_clock`.

    Raises
    ------
    DataError, ScenarioError
    """
    clock = fund_clock(plan, as_of=as_of, first_closing=first_closing)
    stages = plan_stages(plan, file)
    positions = read_positions(
        path, stages=stages, first_closing=clock.first_closing, as_of=clock.as_of
    )
    return Record(positions, clock)


def run_from_here(
    plan: FundPlan,
    file: str | Path,
    record: Record,
    *,
    paths: int,
    seed: int,
    threads: int | None = None,
    progress: Progress | None = None,
    cancel: threading.Event | None = None,
) -> PlanFromHere:
    """Simulate the rest of a fund's life, and its plan from the start for comparison.

    A firm that the fund holds goes on from its last round, given the time since; money and first
    cheques that are left are spent as the plan says. Arguments as of
    :func:`finmodel.study.fund_plan.run_plan`.

    Raises
    ------
    DataError, ScenarioError, InputError, Interrupted
    """
    stages, quarters = plan_stages(plan, file), record.clock.quarters
    bank = bank_of(plan, file, seed=seed, threads=threads, cancel=cancel)
    arrays = plan_arrays(plan, stages, bank)
    standing = standing_of(arrays, record.positions, record.clock, stages)

    def play(whole: bool) -> PlanOutcome:
        run = simulate_plan(
            standing.plan if whole else arrays,
            paths=paths,
            seed=seed,
            past=standing.past if whole else None,
            threads=threads,
            progress=progress if whole else None,
            cancel=cancel,
        )
        return settle_plan(plan, stages, run, begin=quarters if whole else 0)

    outcome, planned = play(True), play(False)
    then = simulate_plan(
        arrays, paths=paths, seed=seed, quarters=quarters, threads=threads, cancel=cancel
    )
    reserve = float(arrays.rules[0]["reserve"])
    actual = standings(outcome, standing.past.deal[None], quarters, reserve)
    tables = {
        "actuals": actuals_table(
            actual, standings(planned, then.deals, quarters, reserve), planned.market
        ),
        "holdings": holding_table(standing, outcome),
        "fund": plan_summary(outcome),
        "parties": class_table(outcome),
        "years": year_table(outcome),
        "futures": fund_futures(outcome),
        "gains": gains_table(outcome),
        "deals": deal_table(outcome),
        "plan_fund": plan_summary(planned),
        "assumptions": assumptions(plan),
    }
    return PlanFromHere(standing, outcome, tables)


def find_or_run_from_here(
    plan: FundPlan,
    file: str | Path,
    record: Record,
    *,
    paths: int,
    seed: int,
    root: Path,
    threads: int | None = None,
    progress: Progress | None = None,
    cancel: threading.Event | None = None,
    command: Sequence[str] = (),
) -> StoredRun:
    """Simulate the rest of a fund's life and store its tables, or find them among earlier ones.

    Raises
    ------
    DataError, ScenarioError, InputError, Interrupted, StoreError
    """

    def make() -> dict[str, pd.DataFrame]:
        result = run_from_here(
            plan,
            file,
            record,
            paths=paths,
            seed=seed,
            threads=threads,
            progress=progress,
            cancel=cancel,
        )
        return result.tables

    def manifest() -> store.Manifest:
        asked = plan_manifest(plan, paths=paths, seed=seed, command=command)
        return {**asked, "positions": record_parts(record)}

    below = plan_digest(plan, file, paths, seed)
    name = sha256("/".join([below, *record_parts(record).values()]).encode()).hexdigest()
    return find_or_store(root, name, make, manifest)


def record_parts(record: Record) -> dict[str, str]:
    """Return what of a record can change a number, as text."""
    clock = record.clock
    return {
        "checksum": record.positions.checksum,
        "first_closing": str(clock.first_closing),
        "as_of": str(clock.as_of),
    }
