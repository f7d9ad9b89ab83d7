"""A comparison of scenarios, stored: computed, gone on with, or found again."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from hashlib import sha256
from pathlib import Path

from finmodel import datasets, store
from finmodel.market.resume import Checkpoint, Progress
from finmodel.scenario import Scenario, digest
from finmodel.study.compare import Comparison, compare, comparison_tables
from finmodel.study.single import model_digest
from finmodel.study.stored import Place, StoredRun, find_or_make, provenance
from finmodel.world import build_world


def compare_scenarios(
    base: Scenario,
    policies: Mapping[str, Scenario],
    *,
    paths: int,
    seed: int,
    root: Path,
    threads: int | None = None,
    progress: Progress | None = None,
    cancel: threading.Event | None = None,
    command: Sequence[str] = (),
    watch: store.Watch | None = None,
) -> tuple[Comparison | None, StoredRun | None]:
    """Compare policies with a baseline and store the tables, or find them.

    Paths that an interrupted comparison kept in `root` are not played again.

    Returns
    -------
    comparison : Comparison or None
        None if it was found on disk.
    stored : StoredRun or None
        None if it was interrupted.

    Raises
    ------
    ScenarioError, InputError, InvariantError, StoreError, Interrupted
    """

    def make(checkpoint: Checkpoint) -> Comparison:
        return compare(
            build_world(base),
            {name: build_world(policy) for name, policy in policies.items()},
            paths=paths,
            seed=seed,
            threads=threads,
            progress=progress,
            cancel=cancel,
            checkpoint=checkpoint,
        )

    def manifest(comparison: Comparison) -> store.Manifest:
        asked = provenance(
            base.meta, paths=paths, seed=seed, source_digest=model_digest(), command=command
        )
        return {
            **asked,
            "policies": {name: policy.meta.title_en for name, policy in policies.items()},
            "scenarios": [arm.model_dump(mode="json") for arm in (base, *policies.values())],
            "seconds": round(comparison.seconds, 3),
        }

    return find_or_make(
        Place(root, comparison_digest([base, *policies.values()], paths, seed), watch),
        make,
        lambda comparison: comparison.n_paths == paths,
        comparison_tables,
        manifest,
    )


def comparison_digest(arms: Sequence[Scenario], paths: int, seed: int) -> str:
    """Return the digest that names a comparison of policies with the first scenario."""
    names = "/".join([f"{arm.meta.name}:{digest(arm)}" for arm in arms])
    return store.run_digest(
        scenario_digest=sha256(names.encode()).hexdigest(),
        data_checksums=datasets.checksums(),
        paths=paths,
        seed=seed,
        source_digest=f"{model_digest()}/compare",
    )
