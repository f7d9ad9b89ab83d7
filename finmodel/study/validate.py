"""A scenario held against the evidence, stored: run, compared with programmes, judged."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from pathlib import Path

import pandas as pd

import finmodel
from finmodel import datasets, store
from finmodel.errors import InputError, Interrupted, Problem, ScenarioError
from finmodel.evaluate.validation import fitted_also, judge, tally
from finmodel.market.resume import Progress
from finmodel.market.run import simulate
from finmodel.measure.effects import MEMO
from finmodel.measure.target_policy import POLICY_TARGETS, Pair
from finmodel.measure.targets import model_values, policy_values
from finmodel.scenario import Scenario, digest, load_scenario
from finmodel.study.compare import Comparison, compare
from finmodel.study.single import model_digest
from finmodel.study.stored import StoredRun, find_or_store, provenance
from finmodel.world import World, build_world

DETAILED = 16
"""Most paths whose firms and funds are kept: their figures need no more."""
LEAST_PATHS = 4
PUBLIC = MEMO.index("public")


@dataclass(frozen=True)
class Size:
    """How much is simulated: paths of the run, of each policy, and the seed of both."""

    paths: int
    policy_paths: int
    seed: int


def size_of(paths: int, seed: int, policy_paths: int | None = None) -> Size:
    """Return the size of a validation; by default policies get a quarter of the paths.

    Raises
    ------
    ScenarioError
        If there are too few paths for an error to be told.
    """
    few = max(LEAST_PATHS, paths // 4) if policy_paths is None else policy_paths
    allowed = f"a whole number of at least {LEAST_PATHS}"
    problems = [Problem("--paths", str(paths), allowed)] if paths < LEAST_PATHS else []
    if few != 0 and few < LEAST_PATHS:
        problems.append(Problem("--policy-paths", str(few), f"0 for none, or {allowed}"))
    if problems:
        raise ScenarioError("validation", problems)
    return Size(paths, few, seed)


def validate_scenario(
    scenario: Scenario,
    size: Size,
    *,
    root: Path,
    threads: int | None = None,
    progress: Progress | None = None,
    cancel: threading.Event | None = None,
    command: Sequence[str] = (),
) -> StoredRun:
    """Hold a scenario against every target and store what is found, or find it.

    Returns
    -------
    StoredRun
        With tables `targets` (see :func:`finmodel.evaluate.validation.judge`), `tally`, and
        `left_out`: parts that were not run, with the reason.

    Raises
    ------
    ScenarioError, DataError, InvariantError, StoreError, Interrupted
    """

    def make() -> dict[str, pd.DataFrame]:
        return validation_tables(scenario, size, threads=threads, progress=progress, cancel=cancel)

    def manifest() -> store.Manifest:
        asked = provenance(
            scenario.meta,
            paths=size.paths,
            seed=size.seed,
            source_digest=evaluation_digest(),
            command=command,
        )
        return {
            **asked,
            "scenario": scenario.model_dump(mode="json"),
            "scenario_digest": digest(scenario),
            "policy_paths": size.policy_paths,
            "scale": scenario.run.scale,
        }

    return find_or_store(root, validation_digest(scenario, size), make, manifest)


def validation_digest(scenario: Scenario, size: Size) -> str:
    """Return the digest that names a validation."""
    return store.run_digest(
        scenario_digest=f"{digest(scenario)}/{'/'.join(scenario.fitted_to)}",
        data_checksums=datasets.checksums(),
        paths=size.paths,
        seed=size.seed,
        source_digest=f"{evaluation_digest()}/validate/{size.policy_paths}",
    )


@cache
def evaluation_digest() -> str:
    """Return the SHA-256 over every source file that can change a number of an evaluation."""
    hasher = sha256(model_digest().encode())
    for room in ("calibrate", "evaluate"):
        for path in sorted((Path(finmodel.__file__).parent / room).rglob("*.py")):
            hasher.update(f"{room}/{path.name}".encode())
            hasher.update(path.read_bytes())
    return hasher.hexdigest()


def validation_tables(
    scenario: Scenario,
    size: Size,
    *,
    threads: int | None = None,
    progress: Progress | None = None,
    cancel: threading.Event | None = None,
) -> dict[str, pd.DataFrame]:
    """Return the tables of a validation.

    Raises
    ------
    InvariantError, Interrupted
    """
    targets = fitted_also(datasets.read_targets(), scenario.fitted_to)
    world = build_world(scenario)
    total = units_of(size)
    run = simulate(
        world,
        paths=size.paths,
        seed=size.seed,
        threads=threads,
        progress=_counted(progress, 0, total),
        cancel=cancel,
        detailed=min(size.paths, DETAILED),
    )
    if not run.is_complete:
        raise Interrupted("stopped before all paths were done; nothing is stored")
    values, left_out = model_values(run), []
    policies, reason = policy_worlds(scenario)
    if size.policy_paths == 0:
        reason = "no paths of policies were asked for"
    if reason:
        left_out.append({"what": "guidance", "reason": reason})
    else:
        comparison = compare(
            world,
            policies,
            paths=size.policy_paths,
            seed=size.seed,
            threads=threads,
            progress=_counted(progress, size.paths, total),
            cancel=cancel,
        )
        if comparison.n_paths < size.policy_paths:
            raise Interrupted("stopped before all paths were done; nothing is stored")
        values = pd.concat([values, policy_values(_pairs(comparison))], ignore_index=True)
    table = judge(targets, values)
    gaps = pd.DataFrame(left_out, columns=["what", "reason"])
    return {"targets": table, "tally": tally(table), "left_out": gaps}


def units_of(size: Size) -> int:
    """Return how many paths a validation plays, those with policies counted once."""
    return size.paths + size.policy_paths


def _counted(progress: Progress | None, done_before: int, total: int) -> Progress | None:
    if progress is None:
        return None
    tell = progress
    return lambda done, _total: tell(done_before + done, total)


def _pairs(comparison: Comparison) -> dict[str, Pair]:
    return {
        name: Pair(comparison.base, run, comparison.memo[name][..., PUBLIC].sum(axis=(1, 2, 3, 4)))
        for name, run in comparison.arms.items()
    }


def policy_worlds(scenario: Scenario) -> tuple[dict[str, World], str]:
    """Return the scenario with the programmes of each shipped policy that a target needs.

    Returns
    -------
    worlds : dict of World
    reason : str
        Why there are none; empty if there are.
    """
    if scenario.programmes:
        return {}, "the scenario has programmes of its own: an effect needs a baseline without"
    folder = datasets.data_root().parent / "scenarios"
    worlds = {}
    for name in sorted({policy for policy, _ in POLICY_TARGETS.values()}):
        shipped = load_scenario(folder / f"{name}.toml")
        if shipped.geography != scenario.geography or list(shipped.stages) != list(scenario.stages):
            return {}, f"{name} is for other regions or stages"
        meta = shipped.meta.model_copy(update={"price_year": scenario.meta.price_year})
        update = {"programmes": shipped.programmes, "meta": meta}
        try:
            worlds[name] = build_world(scenario.model_copy(update=update))
        except InputError as error:
            return {}, f"{name} does not fit the scenario: {error}"
    return worlds, ""
