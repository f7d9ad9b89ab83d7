"""An allocation on disk: found again, or made from the units that are kept."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from finmodel import datasets, store
from finmodel.scenario import assumptions, digest
from finmodel.scenario.allocation_plan import BUDGET, ReadAllocation
from finmodel.scenario.allocation_sectors import SECTORS
from finmodel.study.allocate import Told, allocate
from finmodel.study.allocate_tables import allocation_tables
from finmodel.study.engines import Engine
from finmodel.study.single import model_digest
from finmodel.study.stored import StoredRun, find_or_store, provenance


def find_or_allocate(
    found: ReadAllocation,
    *,
    root: Path,
    engine: Engine | None = None,
    cancel: threading.Event | None = None,
    tell: Told | None = None,
    command: Sequence[str] = (),
) -> StoredRun:
    """Allocate and store the tables, or find them among earlier ones.

    Parameters
    ----------
    found : ReadAllocation
    root : Path
        Folder of allocations.
    engine, cancel, tell
        As in :func:`allocate`.
    command : sequence of str
        Stored with the result, and shown with it.

    Returns
    -------
    StoredRun
        Tables of :func:`finmodel.study.allocate_tables.allocation_tables`.

    Raises
    ------
    InputError, Interrupted, StoreError
    """
    plan, run = found.plan, found.plan.run
    whole = found.whole
    source = model_digest("allocate", "study")
    name = store.run_digest(
        scenario_digest=f"{digest(plan)}/{digest(whole)}",
        data_checksums=datasets.checksums(),
        paths=run.paths,
        seed=run.seed,
        source_digest=source,
    )

    def make() -> dict[str, pd.DataFrame]:
        result = allocate(found, root=root, engine=engine, cancel=cancel, tell=tell)
        return {**allocation_tables(result), "assumptions": _assumed(found)}

    def manifest() -> store.Manifest:
        asked = provenance(
            plan.meta, paths=run.paths, seed=run.seed, source_digest=source, command=command
        )
        return {
            **asked,
            "kind": "allocation",
            "question": plan.meta.question,
            "plan": plan.model_dump(mode="json"),
            "scenario": whole.model_dump(mode="json"),
            "budget_mcny_pa": plan.budget_mcny_pa.centre,
            "scale": run.scale,
            "fresh_paths": run.fresh_paths,
            "fresh_seed": run.fresh_seed,
        }

    return find_or_store(root, name, make, manifest)


def _assumed(found: ReadAllocation) -> pd.DataFrame:
    table = pd.concat([assumptions(found.plan), assumptions(found.whole)], ignore_index=True)
    set_by_split = rf"{BUDGET}|region_share\." + (rf"|{SECTORS}\." if found.plan.sectors else "")
    made = table["name"].str.match(rf"programmes\.\w+\.({set_by_split})")
    return table[~made].reset_index(drop=True)
