"""Units of studies: one scenario on paths of a seed, computed once and kept for ever.

Studies of many scenarios (batches, sensitivity, allocation) are lists of units. A unit's digest
covers all that can change its result, so that equal units of any study are computed once, an
interrupted study goes on, and a repeated one costs nothing. Path number and seed fix the luck:
differences between units are taken path by path.
"""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Protocol, overload

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
    is_final : bool
        Whether it would fail again; a unit that only its surroundings stopped is tried again by
        the next study.
    """

    digest: str
    status: store.Status
    error: str
    by_path: FloatArray
    cells: FloatArray
    cells_se: FloatArray
    is_final: bool = True

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


@cache
def maker_digest() -> str:
    """Return the digest of all that makes numbers here: sources, data files, Python, libraries."""
    return sha256(
        json.dumps([model_digest(), dict(datasets.checksums()), store.made_by()]).encode()
    ).hexdigest()


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
    digests: Sequence[str] | None = None,
) -> list[UnitResult]:
    """Compute units, or find them, and return what each led to.

    Parameters
    ----------
    units : sequence of Unit
        Equal ones are computed once. It may make its items when asked, again and again.
    root : Path
        Results folder that finished units are kept in.
    engine : Engine, optional
        By default a thread a core.
    progress : callable, optional
        Called as ``progress(done, units)`` from the calling thread.
    cancel : threading.Event, optional
        Set it to stop; units under way are given up, those done are kept.
    watch : UnitWatch, optional
    digests : sequence of str, optional
        From :func:`unit_digests`, if they are known already.

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
    digests = unit_digests(units) if digests is None else digests
    kept = store.UnitStore(root)
    found: dict[str, store.StoredUnit] = {}
    for name in dict.fromkeys(digests):
        unit = kept.find(name)
        if unit is not None:
            found[name] = unit
    if found and watch is not None:
        watch.resumed(sum(name in found for name in digests))
        watch.kept(sum(name in found for name in digests))
    first = {name: place for place, name in reversed(list(enumerate(digests)))}
    todo = [first[name] for name in dict.fromkeys(digests) if name not in found]
    work = _Work(digests, found, kept, watch, progress)
    work.do(_Items(units, todo), engine or ThreadEngine(), cancel)
    if any(name not in found for name in digests):
        raise Interrupted("stopped before all units were done")
    return [_result(name, found[name]) for name in digests]


Item = tuple[Unit, str]


class _Items(Sequence[Item]):
    """Units to do, each made when it is sent: a study may have more than memory holds."""

    def __init__(self, units: Sequence[Unit], places: Sequence[int]) -> None:
        self._units, self.places, self._sources = units, places, maker_digest()

    def __len__(self) -> int:
        return len(self.places)

    @overload
    def __getitem__(self, place: int) -> Item: ...

    @overload
    def __getitem__(self, place: slice) -> list[Item]: ...

    def __getitem__(self, place: int | slice) -> Item | list[Item]:
        if isinstance(place, slice):
            return [self[i] for i in range(*place.indices(len(self)))]
        return self._units[self.places[place]], self._sources


@dataclass
class _Work:
    """Takes units as they are done, in any order."""

    digests: Sequence[str]
    found: dict[str, store.StoredUnit]
    kept: store.UnitStore
    watch: UnitWatch | None
    progress: Progress | None
    is_told: bool = False

    def do(self, items: _Items, engine: Engine, cancel: threading.Event | None) -> None:
        """Compute items and keep each as soon as it is done."""
        times = Counter(self.digests)
        n_done = n_kept = sum(name in self.found for name in self.digests)
        for place, unit in engine.map(play_unit, items, cancel, _lost):
            if unit is None:  # given up
                continue
            name = self.digests[items.places[place]]
            self.found[name] = unit
            n_done += times[name]
            if self._keep(name, unit):
                n_kept += times[name]
                if self.watch is not None:
                    self.watch.kept(n_kept)
            if self.progress is not None:
                self.progress(n_done, len(self.digests))

    def _keep(self, name: str, unit: store.StoredUnit) -> bool:
        """Write a unit that is final; say once if that cannot be done."""
        if not unit.is_final:
            return False
        try:
            self.kept.keep(name, unit)
        except OSError as error:
            if self.watch is not None and not self.is_told:
                self.watch.not_kept(error.strerror or str(error))
            self.is_told = True
            return False
        return True


def play_unit(
    item: Item, cancel: threading.Event | None = None, threads: int = 1
) -> store.StoredUnit | None:
    """Compute a unit; None if it was stopped on the way.

    Parameters
    ----------
    item : (Unit, str)
        With the digest of what it must be computed with: a worker elsewhere may have other
        sources, data or libraries. That it has is no fault of the unit, which is tried again.
    cancel : threading.Event, optional
    threads : int

    Returns
    -------
    StoredUnit or None
    """
    unit, expected = item
    if maker_digest() != expected:
        error = "the worker has other sources, data or libraries than the one who asks"
        return store.StoredUnit("failed", error, {}, is_final=False)
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
        is_final=unit.is_final,
    )
