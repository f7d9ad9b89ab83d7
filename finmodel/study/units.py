"""Units of studies: one scenario on paths of a seed, computed once and kept for ever.

Studies of many scenarios (batches, sensitivity, allocation) are lists of units. A unit's digest
covers all that can change its result, so that equal units of any study are computed once, an
interrupted study goes on, and a repeated one costs nothing. Path number and seed fix the luck:
differences between units are taken path by path.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np

from finmodel import datasets, store
from finmodel.errors import FinmodelError, Interrupted
from finmodel.market.run import simulate
from finmodel.measure.headlines import HEADLINES, cells_of, headlines_by_path
from finmodel.scenario import Scenario, digest
from finmodel.scenario.consistency import check_consistency
from finmodel.study.engines import Engine, ThreadEngine
from finmodel.study.single import model_digest
from finmodel.world import build_world
from finmodel.world.arrays import FloatArray

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Unit:
    """One scenario on paths 0 to `paths` - 1 of a seed.

    Attributes
    ----------
    scenario : Scenario
        Beliefs stand at their medians.
    paths : int
        At least 1.
    seed : int
        In [0, 2**63).
    """

    scenario: Scenario
    paths: int
    seed: int


@dataclass(frozen=True)
class UnitResult:
    """What a unit led to.

    Attributes
    ----------
    digest : str
    status : {'ok', 'failed'}
    error : str
        Why it failed; empty if it did not.
    by_path : ndarray of shape (P, H)
        Headlines of :func:`finmodel.measure.headlines.headlines_by_path`; of shape (0, H) if it
        failed.
    cells, cells_se : ndarray of shape (R, K, 4)
        Of :func:`finmodel.measure.headlines.cells_of`; of shape (0, 0, 4) if it failed.
    """

    digest: str
    status: store.Status
    error: str
    by_path: FloatArray
    cells: FloatArray
    cells_se: FloatArray

    @property
    def is_ok(self) -> bool:
        """Whether there is a result."""
        return self.status == "ok"


class UnitWatch(Protocol):
    """Whoever is told what becomes of units; :class:`finmodel.store.Watch` is one."""

    def resumed(self, done: int) -> None:
        """Learn that `done` units were found."""

    def kept(self, done: int) -> None:
        """Learn that `done` units are on disk."""

    def not_kept(self, reason: str) -> None:
        """Learn, once, that units cannot be written."""


def unit_digests(units: Sequence[Unit]) -> list[str]:
    """Return the digests that name the units."""
    data, source = datasets.checksums(), f"{model_digest()}/unit"
    return [
        store.run_digest(
            scenario_digest=digest(unit.scenario),
            data_checksums=data,
            paths=unit.paths,
            seed=unit.seed,
            source_digest=source,
        )
        for unit in units
    ]


def run_units(
    units: Sequence[Unit],
    *,
    root: Path,
    engine: Engine | None = None,
    progress: Progress | None = None,
    cancel: threading.Event | None = None,
    watch: UnitWatch | None = None,
    is_retrying: bool = False,
) -> list[UnitResult]:
    """Compute units, or find them, and return what each led to.

    Parameters
    ----------
    units : sequence of Unit
        Equal ones are computed once.
    root : Path
        Results folder that finished units are kept in.
    engine : Engine, optional
        By default a thread a core.
    progress : callable, optional
        Called as ``progress(done, units)`` from the calling thread.
    cancel : threading.Event, optional
        Set it to stop; units under way are given up, those done are kept.
    watch : UnitWatch, optional
    is_retrying : bool
        Whether units that failed before are tried again.

    Returns
    -------
    list of UnitResult
        In the order of `units`. A unit whose scenario breaks a rule, or whose money does not
        balance, is `failed` and says why; the others are not touched by it.

    Raises
    ------
    Interrupted
        If cancelled before all units were done.
    """
    digests = unit_digests(units)
    kept = store.UnitStore(root)
    found: dict[str, store.StoredUnit] = {}
    for name in dict.fromkeys(digests):
        unit = kept.find(name)
        if unit is not None and not (is_retrying and unit.status == "failed"):
            found[name] = unit
    if found and watch is not None:
        watch.resumed(sum(name in found for name in digests))
        watch.kept(sum(name in found for name in digests))
    todo = {n: unit for n, unit in zip(digests, units, strict=True) if n not in found}
    _compute(todo, digests, found, kept, engine or ThreadEngine(), progress, cancel, watch)
    if any(name not in found for name in digests):
        raise Interrupted("stopped before all units were done")
    return [_result(name, found[name]) for name in digests]


def _compute(
    todo: dict[str, Unit],
    digests: Sequence[str],
    found: dict[str, store.StoredUnit],
    kept: store.UnitStore,
    engine: Engine,
    progress: Progress | None,
    cancel: threading.Event | None,
    watch: UnitWatch | None,
) -> None:
    """Compute what is to be done, keeping each unit as soon as it is done."""
    times = Counter(digests)
    n_done = sum(name in found for name in digests)
    n_kept, is_told = n_done, False
    names, expected = list(todo), model_digest()
    items = [(unit, expected) for unit in todo.values()]
    for place, unit in engine.map(play_unit, items, cancel, _lost):
        if unit is None:  # given up
            continue
        name = names[place]
        found[name] = unit
        n_done += times[name]
        try:
            if unit.is_final:
                kept.keep(name, unit)
                n_kept += times[name]
        except OSError as error:
            if watch is not None and not is_told:
                watch.not_kept(error.strerror or str(error))
            is_told = True
        else:
            if watch is not None:
                watch.kept(n_kept)
        if progress is not None:
            progress(n_done, len(digests))


def play_unit(
    item: tuple[Unit, str], cancel: threading.Event | None = None, threads: int = 1
) -> store.StoredUnit | None:
    """Compute a unit; None if it was stopped on the way.

    Parameters
    ----------
    item : (Unit, str)
        With the digest of the sources it must be computed with: a worker elsewhere may have
        others.
    cancel : threading.Event, optional
    threads : int

    Returns
    -------
    StoredUnit or None
    """
    unit, expected = item
    if model_digest() != expected:
        return _failed("the worker has other sources of finmodel than the one who asks")
    problems = check_consistency(unit.scenario, unit.scenario.meta.name)
    if problems:
        return _failed("; ".join(str(problem) for problem in problems))
    try:
        run = simulate(
            build_world(unit.scenario),
            paths=unit.paths,
            seed=unit.seed,
            threads=threads,
            cancel=cancel,
        )
    except Interrupted:
        return None
    except FinmodelError as error:
        return _failed(f"{type(error).__name__}: {error}")
    if not run.is_complete:
        return None
    cells, errors = cells_of(run)
    arrays = {"by_path": headlines_by_path(run), "cells": cells, "cells_se": errors}
    return store.StoredUnit("ok", "", arrays)


def _failed(error: str) -> store.StoredUnit:
    return store.StoredUnit("failed", error, {})


def _lost(error: BaseException) -> store.StoredUnit:
    """Return the failure of a unit that something else than its scenario stopped."""
    return store.StoredUnit("failed", f"{type(error).__name__}: {error}", {}, is_final=False)


def _result(name: str, unit: store.StoredUnit) -> UnitResult:
    none, arrays = np.zeros((0, 0, 4)), unit.arrays
    return UnitResult(
        digest=name,
        status=unit.status,
        error=unit.error,
        by_path=arrays.get("by_path", np.zeros((0, len(HEADLINES)))),
        cells=arrays.get("cells", none),
        cells_se=arrays.get("cells_se", none),
    )
