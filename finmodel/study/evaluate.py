"""Many histories with a programme and their twins without it, through an analyst's estimators."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from finmodel import datasets, store
from finmodel.errors import Interrupted, Problem, StoreError
from finmodel.evaluate import (
    Design,
    Evaluator,
    FirmYears,
    History,
    cell_panel,
    comparison_table,
    design_of,
    dictionary_table,
    event_table,
    firm_panel,
    firm_years,
    outcome_values,
    summary_table,
    truth_table,
)
from finmodel.market.resume import Array, Checkpoint, Part, Progress, play
from finmodel.market.run import CHECK_EVERY_YEAR, simulate_path, warm_kernel
from finmodel.scenario import Scenario, digest
from finmodel.study.single import model_digest
from finmodel.study.stored import Place, StoredRun, find_or_make, provenance
from finmodel.world import World, build_world
from finmodel.world.arrays import FloatArray

Arm = tuple[dict[str, FloatArray], FirmYears]
"""What estimators take of one arm of a history."""


@dataclass(frozen=True)
class Evaluation:
    """Histories of one design, each through every estimator.

    Attributes
    ----------
    design : Design
    events : tuple of int
        Years since adoption.
    histories : History
        Stacked: `rows` of shape (P, rows, columns), `events` (P, series, E, columns), `panels`
        (P, 2, outcomes, R, Y).
    seconds : float
        Wall time.
    """

    design: Design
    events: tuple[int, ...]
    histories: History
    seconds: float

    @property
    def n_paths(self) -> int:
        """Histories present."""
        return len(self.histories.rows)


def evaluate(
    scenario: Scenario,
    *,
    paths: int,
    seed: int,
    threads: int | None = None,
    progress: Progress | None = None,
    cancel: threading.Event | None = None,
    checkpoint: Checkpoint | None = None,
) -> Evaluation:
    """Play histories with and without the programmes of a scenario, and estimate their effect.

    Parameters
    ----------
    scenario : Scenario
        With programmes that start at least a year after the first reported one.
    paths, seed, threads, progress, cancel, checkpoint
        As in :func:`finmodel.market.run.simulate`.

    Raises
    ------
    ScenarioError
        If no estimator could tell an effect from the design.
    InvariantError, Interrupted
        As in :func:`finmodel.market.run.simulate`.
    """
    world, twin = _arms(scenario)
    evaluator = Evaluator(design_of(world))
    for arm in (world, twin):
        warm_kernel(arm)
    keeper = _HistoryKeeper()

    def take(arms: tuple[Arm, Arm]) -> None:
        # Estimated in the calling thread: the libraries set warnings, which are not a thread's own.
        (policy, seen), (base, unseen) = arms
        keeper.add(evaluator.history((policy, base), (seen, unseen)))

    seconds = play(
        lambda path: (_play(world, path, seed), _play(twin, path, seed)),
        take,
        keeper,
        units=paths,
        threads=threads,
        progress=progress,
        cancel=cancel,
        checkpoint=checkpoint,
    )
    if keeper.n == 0:
        raise Interrupted("stopped before the first history was done; nothing is kept")
    histories = History(*(np.stack(part) for part in zip(*keeper.found, strict=True)))
    return Evaluation(evaluator.design, evaluator.events, histories, seconds)


def _arms(scenario: Scenario) -> tuple[World, World]:
    """Return the world of a scenario and its twin without programmes."""
    return build_world(scenario), build_world(scenario.model_copy(update={"programmes": {}}))


def _play(world: World, path: int, seed: int) -> Arm:
    record, detail = simulate_path(world, path, seed, CHECK_EVERY_YEAR, is_detailed=True)
    assert detail is not None
    return outcome_values(record), firm_years(world, detail)


class _HistoryKeeper:
    """Takes histories in their order."""

    def __init__(self) -> None:
        self.found: list[History] = []

    @property
    def n(self) -> int:
        return len(self.found)

    def add(self, history: History) -> None:
        self.found.append(history)

    def since(self, first: int) -> dict[str, Array]:
        parts = zip(*self.found[first:], strict=True)
        return {name: np.stack(part) for name, part in zip(History._fields, parts, strict=True)}

    def restore(self, part: Part) -> None:
        blocks = zip(*(part.arrays[name] for name in History._fields), strict=True)
        self.found += [History(*block) for block in blocks]


def evaluation_tables(evaluation: Evaluation) -> dict[str, pd.DataFrame]:
    """Return every table of an evaluation."""
    design, histories = evaluation.design, evaluation.histories
    return {
        "evaluation": summary_table(histories.rows),
        "event_study": event_table(histories.events, evaluation.events),
        "truth": truth_table(histories.panels, design),
        "twfe_parts": comparison_table(histories.panels, design),
        "dictionary": dictionary_table(),
    }


def evaluate_scenario(
    scenario: Scenario,
    *,
    paths: int,
    seed: int,
    root: Path,
    threads: int | None = None,
    progress: Progress | None = None,
    cancel: threading.Event | None = None,
    command: Sequence[str] = (),
    watch: store.Watch | None = None,
) -> tuple[Evaluation | None, StoredRun | None]:
    """Evaluate an analyst's estimators on a scenario and store the tables, or find them.

    Histories that an interrupted evaluation kept in `root` are not played again.

    Returns
    -------
    evaluation : Evaluation or None
        None if it was found on disk.
    stored : StoredRun or None
        None if it was interrupted.

    Raises
    ------
    ScenarioError, InvariantError, StoreError, Interrupted
    """

    def make(checkpoint: Checkpoint) -> Evaluation:
        return evaluate(
            scenario,
            paths=paths,
            seed=seed,
            threads=threads,
            progress=progress,
            cancel=cancel,
            checkpoint=checkpoint,
        )

    def manifest(evaluation: Evaluation) -> store.Manifest:
        sources = model_digest("evaluate")
        asked = provenance(
            scenario.meta, paths=paths, seed=seed, source_digest=sources, command=command
        )
        return {
            **asked,
            "scenario": scenario.model_dump(mode="json"),
            "adoption": dict(
                zip(evaluation.design.regions, evaluation.design.adoption.tolist(), strict=True)
            ),
            "seconds": round(evaluation.seconds, 3),
        }

    return find_or_make(
        Place(root, evaluation_digest(scenario, paths, seed), watch),
        make,
        lambda evaluation: evaluation.n_paths == paths,
        evaluation_tables,
        manifest,
    )


def evaluation_digest(scenario: Scenario, paths: int, seed: int) -> str:
    """Return the digest that names an evaluation."""
    return store.run_digest(
        scenario_digest=digest(scenario),
        data_checksums=datasets.checksums(),
        paths=paths,
        seed=seed,
        source_digest=f"{model_digest('evaluate')}/evaluate",
    )


PANEL_FORMATS = (".csv", ".parquet")


def panel_files(file: Path) -> dict[str, Path]:
    """Return the files of an export: cells, firms beside them, and what the columns mean.

    Raises
    ------
    StoreError
        If the name does not end in `.csv` or `.parquet`.
    """
    if file.suffix not in PANEL_FORMATS:
        allowed = "a name that ends in " + " or ".join(PANEL_FORMATS)
        raise StoreError("panel", [Problem("--panel", str(file), allowed)])
    return {
        "cells": file,
        "firms": file.with_name(f"{file.stem}_firms{file.suffix}"),
        "dictionary": file.with_name(f"{file.stem}_columns.csv"),
    }


def export_panel(scenario: Scenario, *, path: int, seed: int, file: Path) -> dict[str, Path]:
    """Write the panels an analyst would see of one history, and a data dictionary.

    Parameters
    ----------
    scenario : Scenario
    path : int
        Which history.
    seed : int
    file : Path
        Of the cells, `.csv` or `.parquet`; firms and columns go beside it.

    Raises
    ------
    ScenarioError
        As :func:`evaluate`.
    StoreError
        If a file cannot be written.
    """
    files = panel_files(file)
    world = build_world(scenario)
    design = design_of(world)
    record, detail = simulate_path(world, path, seed, CHECK_EVERY_YEAR, is_detailed=True)
    assert detail is not None
    tables = {
        "cells": cell_panel(world, design, record),
        "firms": firm_panel(world, firm_years(world, detail)),
        "dictionary": dictionary_table(),
    }
    try:
        for name, target in files.items():
            draft = target.with_name(f".{target.name}.part")
            if target.suffix == ".parquet":
                tables[name].to_parquet(draft, compression="zstd", index=False)
            else:
                tables[name].to_csv(draft, index=False, lineterminator="\n")
            draft.replace(target)
    except OSError as error:
        problem = Problem(str(file), error.strerror or str(error), "a writable folder with room")
        raise StoreError("panel", [problem]) from error
    return files
