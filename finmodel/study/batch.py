"""A batch: many units, stored together as one tidy set, computed once whatever stops it."""

from __future__ import annotations

import json
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from finmodel import store
from finmodel.scenario import digest
from finmodel.scenario.batch_plan import ReadBatch
from finmodel.study.batch_tables import batch_tables
from finmodel.study.batch_units import BatchUnits
from finmodel.study.engines import Engine
from finmodel.study.single import model_digest
from finmodel.study.stored import StoredRun, provenance
from finmodel.study.units import Progress, UnitResult, UnitWatch, run_units, unit_digests


@dataclass(frozen=True)
class BatchSize:
    """How large a batch is.

    Attributes
    ----------
    n_units, n_scenarios, n_seeds : int
    n_cells : int
        Of the grid.
    n_points : int
        Of the design; 1 without one.
    """

    n_units: int
    n_scenarios: int
    n_seeds: int
    n_cells: int
    n_points: int


def run_batch(
    found: ReadBatch,
    *,
    root: Path,
    engine: Engine | None = None,
    progress: Progress | None = None,
    cancel: threading.Event | None = None,
    command: Sequence[str] = (),
    watch: UnitWatch | None = None,
) -> StoredRun:
    """Compute every unit of a batch and store its tables, or find them.

    Finished units are kept in `root` one by one, so that the same batch goes on after any stop,
    and another batch with some of the same units finds them.

    Parameters
    ----------
    found : ReadBatch
    root : Path
        Folder of batches.
    engine, progress, cancel, watch
        As in :func:`finmodel.study.units.run_units`.
    command : sequence of str
        Stored with the result.

    Returns
    -------
    StoredRun
        Tables of :func:`finmodel.study.batch_tables.batch_tables`. Units that failed are in it,
        flagged.

    Raises
    ------
    Interrupted
        If cancelled; what is done is kept.
    StoreError
        If the tables cannot be written; units stay.
    """
    units = BatchUnits(found)
    digests = unit_digests(units)
    name = batch_digest(found, digests)
    folder = store.find_run(root, name)
    if folder is not None and not _is_to_be_tried_again(folder):
        return StoredRun(folder, is_reused=True)
    results = run_units(
        units,
        root=root,
        engine=engine,
        progress=progress,
        cancel=cancel,
        watch=watch,
        digests=digests,
    )
    tables = batch_tables(units, results, found.plan.baseline)
    manifest = _manifest(found, units, results, command)
    # If there is one, some unit of it had failed by no fault of its own.
    saved = store.save_run(root, name, tables, manifest, replaces=folder is not None)
    return StoredRun(saved, is_reused=False)


def batch_digest(found: ReadBatch, digests: Sequence[str]) -> str:
    """Return the digest that names a batch: its units in order, and its plan.

    Plans of the same units may lay them out by other axes; their files may lie anywhere.
    """
    plan = found.plan.model_dump(mode="json", exclude={"scenarios"})
    names = [scenario.meta.name for scenario in found.scenarios]
    parts = [*digests, json.dumps(plan), *found.belief_names, *names, model_digest()]
    return sha256("\n".join(parts).encode()).hexdigest()


def size_of(found: ReadBatch) -> BatchSize:
    """Return how large a batch is."""
    units = BatchUnits(found)
    cells = {(row.scenario, row.cell) for row in units.rows}
    return BatchSize(
        n_units=len(units),
        n_scenarios=len(found.scenarios),
        n_seeds=len(found.plan.run.seeds),
        n_cells=max(sum(1 for s, _ in cells if s == n) for n in range(len(found.scenarios))),
        n_points=max(units.n_points, 1),
    )


def _is_to_be_tried_again(folder: Path) -> bool:
    return bool(store.read_manifest(folder).get("n_stopped", 0))


def _manifest(
    found: ReadBatch, units: BatchUnits, results: Sequence[UnitResult], command: Sequence[str]
) -> store.Manifest:
    asked = provenance(
        found.plan.meta,
        paths=found.plan.run.paths or max(s.run.paths for s in found.scenarios),
        seed=found.plan.run.seeds[0],
        source_digest=model_digest(),
        command=command,
    )
    failed = [result for result in results if not result.is_ok]
    return {
        **asked,
        "kind": "batch",
        "question": found.plan.meta.question,
        "plan": found.plan.model_dump(mode="json"),
        "n_units": len(units),
        "n_failed": len(failed),
        "n_stopped": sum(not result.is_final for result in failed),
        "baseline": found.plan.baseline,
        "scenarios": {s.meta.name: s.model_dump(mode="json") for s in found.scenarios},
        "scenario_digests": {s.meta.name: digest(s) for s in found.scenarios},
    }
