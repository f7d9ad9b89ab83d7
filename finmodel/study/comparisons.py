"""A comparison of scenarios, stored: computed, gone on with, or found again."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from hashlib import sha256
from pathlib import Path

from finmodel import datasets, store
from finmodel.market.resume import Checkpoint, Progress
from finmodel.measure.effect_series import effect_series
from finmodel.measure.series import Cell, Estimate, estimate
from finmodel.scenario import Scenario, digest
from finmodel.study.compare import Comparison, compare, comparison_tables
from finmodel.study.goals import Goal
from finmodel.study.single import model_digest
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
    goal: Goal | None = None,
) -> tuple[Comparison | None, StoredRun | None]:
    """Compare policies with a baseline and store the tables, or find them.

    Paths that an interrupted comparison kept in `root` are not played again. With a goal, `paths`
    is the most that are played, and the comparison is stored as one of the paths it took.

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
    rule = None if goal is None else StoppingRule(goal, look_counts(FIRST_LOOK, paths), _ask)
    arms = [base, *policies.values()]

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
            stop=rule,
        )

    def manifest(comparison: Comparison) -> store.Manifest:
        asked = provenance(
            base.meta,
            paths=comparison.n_paths,
            seed=seed,
            source_digest=model_digest(),
            command=command,
        )
        return {
            **asked,
            "policies": {name: policy.meta.title_en for name, policy in policies.items()},
            "scenarios": [arm.model_dump(mode="json") for arm in arms],
            "seconds": round(comparison.seconds, 3),
        }

    def digest_at(n: int) -> str:
        return comparison_digest(arms, n, seed)

    parts: Parts[Comparison] = (
        make,
        lambda comparison: comparison.is_complete,
        comparison_tables,
        manifest,
    )
    if rule is None:
        return find_or_make(Place(root, digest_at(paths), watch), *parts)
    place = Place(root, search_digest(digest_at(paths), rule), watch)
    return find_or_search(place, Search(rule, digest_at, lambda found: found.n_paths), *parts)


def _ask(comparison: Comparison, measure: str, cell: Cell) -> dict[str, Estimate]:
    """Return what paths say of an effect, of every policy or of one."""
    chosen = [cell["policy"]] if "policy" in cell else list(comparison.arms)
    return {
        policy: estimate(effect_series(comparison.of(policy), measure, cell)) for policy in chosen
    }


def comparison_digest(
    arms: Sequence[Scenario], paths: int, seed: int, kind: str = "compare"
) -> str:
    """Return the digest that names a comparison of policies with the first scenario."""
    names = "/".join([f"{arm.meta.name}:{digest(arm)}" for arm in arms])
    return store.run_digest(
        scenario_digest=sha256(names.encode()).hexdigest(),
        data_checksums=datasets.checksums(),
        paths=paths,
        seed=seed,
        source_digest=f"{model_digest()}/{kind}",
    )
