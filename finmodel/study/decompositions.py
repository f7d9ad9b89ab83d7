"""The parts of a scenario's gap, stored: computed, gone on with, or found again."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from finmodel import datasets, store
from finmodel.market.resume import Checkpoint, Progress
from finmodel.scenario import Scenario, digest
from finmodel.study.parts import arm_table, why_table
from finmodel.study.single import model_digest
from finmodel.study.stored import Place, StoredRun, find_or_make, provenance
from finmodel.study.why import Arms, simulate_arms
from finmodel.world import build_world


def decompose_scenario(
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
) -> tuple[Arms | None, StoredRun]:
    """Split the gap of a scenario and store the tables, or find them.

    Paths that an interrupted command kept in `root` are not simulated again.

    Returns
    -------
    arms : Arms or None
        None if the parts were found on disk.
    stored : StoredRun

    Raises
    ------
    ScenarioError, InvariantError, StoreError
    Interrupted
        Without all markets there are no parts.
    """

    def make(checkpoint: Checkpoint) -> Arms:
        return simulate_arms(
            build_world(scenario),
            paths=paths,
            seed=seed,
            threads=threads,
            progress=progress,
            cancel=cancel,
            checkpoint=checkpoint,
        )

    def is_complete(arms: Arms) -> bool:
        return arms.n_paths == paths

    def manifest(arms: Arms) -> store.Manifest:
        asked = provenance(
            scenario.meta, paths=paths, seed=seed, source_digest=model_digest(), command=command
        )
        return {
            **asked,
            "scenario": scenario.model_dump(mode="json"),
            "seconds": round(arms.seconds, 3),
        }

    name = decomposition_digest(scenario, paths, seed)
    found = find_or_make(
        Place(root, name, watch), make, is_complete, decomposition_tables, manifest
    )
    arms, stored = found
    assert stored is not None
    return arms, stored


def decomposition_tables(arms: Arms) -> dict[str, pd.DataFrame]:
    """Return every table stored of a decomposition."""
    return {
        "why_total": why_table(arms),
        "why_region": why_table(arms, ("region",)),
        "why_stage": why_table(arms, ("stage",)),
        "why_region_stage": why_table(arms, ("region", "stage")),
        "arms": arm_table(arms),
    }


def decomposition_digest(scenario: Scenario, paths: int, seed: int) -> str:
    """Return the digest that names the parts of a scenario's gap."""
    return store.run_digest(
        scenario_digest=digest(scenario),
        data_checksums=datasets.checksums(),
        paths=paths,
        seed=seed,
        source_digest=f"{model_digest()}/why",
    )
