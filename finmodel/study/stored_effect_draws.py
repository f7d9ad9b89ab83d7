"""Draws of a comparison on disk: computed, gone on with, or found again."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from finmodel import store
from finmodel.market.resume import Checkpoint, Progress
from finmodel.measure.effect_series import effect_catalogue
from finmodel.measure.series import Catalogue, Cell, Estimate
from finmodel.scenario import Scenario, digest
from finmodel.scenario.priors import Priors, beliefs_table
from finmodel.study.comparisons import comparison_digest
from finmodel.study.draw_convergence import draw_convergence_tables
from finmodel.study.draw_engine import Draws
from finmodel.study.draws import about_draws
from finmodel.study.effect_draw_tables import (
    effect_layer_frames,
    effect_layout,
    headline_places,
)
from finmodel.study.effect_draws import check_effect_draws, run_effect_draws
from finmodel.study.goals import Goal
from finmodel.study.single import grade_counts, model_digest
from finmodel.study.stopping import FIRST_DRAWS, StoppingRule, look_counts
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
from finmodel.study.stored_draws import laid_on
from finmodel.world import World


class Arms(NamedTuple):
    """What is compared, and how it is believed.

    Attributes
    ----------
    base : Scenario
    policies : mapping of Scenario
    priors : Priors or None
        Laid on every arm.
    """

    base: Scenario
    policies: Mapping[str, Scenario]
    priors: Priors | None = None


def draw_effects_and_store(
    arms: Arms,
    *,
    draws: int,
    paths: int,
    seed: int,
    root: Path,
    threads: int | None = None,
    progress: Progress | None = None,
    cancel: threading.Event | None = None,
    command: Sequence[str] = (),
    watch: store.Watch | None = None,
    goal: Goal | None = None,
) -> tuple[Draws | None, StoredRun | None]:
    """Run the draws of a comparison and store their tables, or find them.

    Parameters and results are those of :func:`finmodel.study.stored_draws.draw_and_store`.

    Raises
    ------
    ScenarioError, InputError, InvariantError, StoreError, Interrupted
    """
    base = laid_on(arms.base, arms.priors).scenario
    policies = {
        name: laid_on(policy, arms.priors).scenario for name, policy in arms.policies.items()
    }
    check_effect_draws(arms.base, list(arms.policies.values()))
    rule = None
    if goal is not None:
        rule = StoppingRule(goal, look_counts(FIRST_DRAWS, draws), _Asker(list(policies)))

    def make(checkpoint: Checkpoint) -> Draws:
        return run_effect_draws(
            base,
            policies,
            draws=draws,
            paths=paths,
            seed=seed,
            threads=threads,
            progress=progress,
            cancel=cancel,
            checkpoint=checkpoint,
            stop=rule,
        )

    def digest_at(n: int) -> str:
        laid = [base, *policies.values()]
        return comparison_digest(laid, paths, seed, kind=f"compare/draws/{n}")

    parts: Parts[Draws] = (
        make,
        lambda found: found.is_complete,
        lambda found: tables_of_effect_draws(found, arms),
        lambda found: _manifest(arms, base, found, command),
    )
    if rule is None:
        return find_or_make(Place(root, digest_at(draws), watch), *parts)
    place = Place(root, search_digest(digest_at(draws), rule), watch)
    return find_or_search(place, Search(rule, digest_at, lambda found: found.n_draws), *parts)


def effect_draws_catalogue(world: World, policies: Sequence[str]) -> Catalogue:
    """Return the effects of draws that can be asked for: one dimension beside the policy."""
    found = effect_catalogue(policies=policies, regions=world.regions, stages=world.stages)
    return Catalogue(found.dimensions, found.values, (frozenset({"region", "stage"}),), found.short)


class _Asker:
    """Finds an effect among the measures of a draw, of every policy or of one."""

    def __init__(self, policies: Sequence[str]) -> None:
        self._policies = tuple(policies)

    def __call__(self, found: Draws, measure: str, cell: Cell) -> dict[str, Estimate]:
        frame = effect_layout(found.world, self._policies)
        is_it = frame["measure"] == measure
        for axis in ("region", "stage"):
            is_it &= frame[axis] == cell.get(axis, "all")
        chosen = [cell["policy"]] if "policy" in cell else list(self._policies)
        return {
            policy: found.estimate(int(np.flatnonzero(is_it & (frame["policy"] == policy))[0]))
            for policy in chosen
        }


def tables_of_effect_draws(found: Draws, arms: Arms) -> dict[str, pd.DataFrame]:
    """Return every table stored of draws of a comparison."""
    policies = list(arms.policies)
    frame = effect_layout(found.world, policies)
    places = headline_places(found.world, policies)
    n = found.n_draws
    long = pd.concat([frame] * n, ignore_index=True)
    long.insert(0, "draw", np.repeat(np.arange(n), len(frame)))
    drawn = {name: found.drawn[:, i] for i, name in enumerate(found.names)}
    headlines = {}
    for name, place in places.items():
        headlines[name], headlines[f"{name}_se"] = found.cells[:, place], found.errors[:, place]
    effects = list(places)  # each is a difference between arms
    scenarios = {arms.base.meta.name: arms.base, **arms.policies}
    beliefs = [
        beliefs_table(laid_on(scenario, arms.priors), scenario).assign(scenario=name)
        for name, scenario in scenarios.items()
    ]
    convergence = draw_convergence_tables(found, places, effects)
    return {
        **effect_layer_frames(found.world, policies, found.cells, found.errors, found.shared),
        **{name: split_names(table) for name, table in convergence.items()},
        "draws": pd.DataFrame(
            {
                "draw": np.arange(n),
                "n_redrawn": found.n_redrawn.astype(np.int64),
                **drawn,
                **headlines,
            }
        ),
        "draw_cells": long.assign(value=found.cells.reshape(-1), se=found.errors.reshape(-1)),
        "beliefs": pd.concat(beliefs, ignore_index=True),
    }


def split_names(table: pd.DataFrame) -> pd.DataFrame:
    """Return a table of measures named ``policy/measure`` with a column for each."""
    parts = table["measure"].str.partition("/")
    found = table.assign(measure=parts[2])
    found.insert(0, "policy", parts[0])
    return found


def _manifest(arms: Arms, laid: Scenario, found: Draws, command: Sequence[str]) -> store.Manifest:
    asked = provenance(
        arms.base.meta,
        paths=found.n_paths,
        seed=found.seed,
        source_digest=model_digest(),
        command=command,
    )
    every = (arms.base, *arms.policies.values())
    return {
        **asked,
        **about_draws(found),
        "policies": {name: policy.meta.title_en for name, policy in arms.policies.items()},
        "policies_zh": {name: policy.meta.title_zh for name, policy in arms.policies.items()},
        "scenarios": [arm.model_dump(mode="json") for arm in every],
        "scenario_digest": digest(laid),
        "priors": arms.priors.model_dump(mode="json") if arms.priors else None,
        "grades": grade_counts(arms.base),
        "regions": list(found.world.regions),
        "stages": list(found.world.stages),
        "seconds": round(found.seconds, 3),
    }
