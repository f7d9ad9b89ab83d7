"""Draws of a scenario on disk: computed, gone on with, or found again."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from finmodel import datasets, store
from finmodel.market.resume import Checkpoint, Progress
from finmodel.scenario import Scenario, digest, quantities
from finmodel.scenario.priors import Laid, Priors, beliefs_table, lay_priors
from finmodel.study.draw_convergence import (
    ask_draws,
    draw_convergence_tables,
    headline_places,
)
from finmodel.study.draw_engine import Draws
from finmodel.study.draw_tables import draw_cell_table, draw_table, layer_frames
from finmodel.study.draws import about_draws, check_draws, run_draws
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


def draw_and_store(
    scenario: Scenario,
    *,
    draws: int,
    paths: int,
    seed: int,
    root: Path,
    priors: Priors | None = None,
    threads: int | None = None,
    progress: Progress | None = None,
    cancel: threading.Event | None = None,
    command: Sequence[str] = (),
    watch: store.Watch | None = None,
    goal: Goal | None = None,
) -> tuple[Draws | None, StoredRun | None]:
    """Run the draws of a scenario and store their tables, or find them.

    Draws that an interrupted command kept in `root` are not simulated again. With a goal, `draws`
    is the most that are made, and the result is stored as one of the draws it took.

    Returns
    -------
    draws : Draws or None
        None if they were found on disk.
    stored : StoredRun or None
        None if they are not complete.

    Raises
    ------
    ScenarioError, InvariantError, StoreError, Interrupted
    """
    laid = laid_on(scenario, priors)
    check_draws(laid.scenario, draws, paths)

    rule = None if goal is None else StoppingRule(goal, look_counts(FIRST_DRAWS, draws), ask_draws)

    def make(checkpoint: Checkpoint) -> Draws:
        return run_draws(
            laid.scenario,
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
        return draws_digest(laid.scenario, n, paths, seed)

    parts: Parts[Draws] = (
        make,
        lambda found: found.is_complete,
        lambda found: tables_of_draws(found, laid, scenario),
        lambda found: _manifest(scenario, laid, priors, found, command),
    )
    if rule is None:
        return find_or_make(Place(root, digest_at(draws), watch), *parts)
    place = Place(root, search_digest(digest_at(draws), rule), watch)
    return find_or_search(place, Search(rule, digest_at, lambda found: found.n_draws), *parts)


def laid_on(scenario: Scenario, priors: Priors | None) -> Laid:
    """Return a scenario with priors laid on it, or as it is."""
    if priors is not None:
        return lay_priors(scenario, priors)
    certain = (name for name, quantity in quantities(scenario) if not quantity.is_uncertain)
    return Laid(scenario, (), dict.fromkeys(certain, "no belief is stated"))


def draws_digest(laid: Scenario, draws: int, paths: int, seed: int) -> str:
    """Return the digest that names the draws of a scenario with its beliefs."""
    return store.run_digest(
        scenario_digest=digest(laid),
        data_checksums=datasets.checksums(),
        paths=paths,
        seed=seed,
        source_digest=f"{model_digest()}/draws/{draws}",
    )


def tables_of_draws(found: Draws, laid: Laid, stated: Scenario) -> dict[str, pd.DataFrame]:
    """Return every table stored of draws."""
    world, cells, errors = found.world, found.cells, found.errors
    drawn = draw_table(
        world,
        numbers=found.names,
        drawn=found.drawn,
        n_redrawn=found.n_redrawn,
        values=cells,
        errors=errors,
    )
    return {
        **layer_frames(world, cells, errors, found.shared),
        **draw_convergence_tables(found, headline_places(world)),
        "draws": drawn,
        "draw_cells": draw_cell_table(world, cells, errors),
        "beliefs": beliefs_table(laid, stated),
    }


def _manifest(
    scenario: Scenario, laid: Laid, priors: Priors | None, found: Draws, command: Sequence[str]
) -> store.Manifest:
    asked = provenance(
        scenario.meta,
        paths=found.n_paths,
        seed=found.seed,
        source_digest=model_digest(),
        command=command,
    )
    return {
        **asked,
        **about_draws(found),
        "scenario": scenario.model_dump(mode="json"),
        "scenario_digest": digest(laid.scenario),
        "priors": priors.model_dump(mode="json") if priors else None,
        "grades": grade_counts(scenario),
        "regions": list(found.world.regions),
        "stages": list(found.world.stages),
        "seconds": round(found.seconds, 3),
    }
