"""Many paths: threads around the kernel, progress, interruption, one result."""

from __future__ import annotations

import os
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from finmodel.errors import Interrupted, InvariantError
from finmodel.market.collect import Moments, PathRecord, record_path
from finmodel.market.path import run_path
from finmodel.market.state import FIRM_ROW, OK, OVERFLOW
from finmodel.world import World
from finmodel.world.arrays import FloatArray

ACCOUNTS = ("called capital", "invested capital", "exit proceeds")
CHECK_EVERY_YEAR = 4

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class RunResult:
    """All paths of one world.

    Attributes
    ----------
    world : World
    seed : int
    n_requested : int
        Paths asked for; fewer are present if the run was interrupted.
    panel : ndarray of shape (P, Y, R, K, 2, N_COLUMNS)
    sectors : ndarray of shape (P, Y, S, N_COLUMNS)
    fine : ndarray of float32, shape (P, Y, R, K, S, 4)
    flow : ndarray of shape (P, 2, Y, R, R)
        Rounds joined, and million CNY, from fund region to firm region.
    cell_mean, cell_se : ndarray of shape (Y, R, K, S, N_COLUMNS)
    firm_quarters : int
    seconds : float
        Wall time of the simulation, compilation excluded.
    """

    world: World
    seed: int
    n_requested: int
    panel: FloatArray
    sectors: FloatArray
    fine: NDArray[np.float32]
    flow: FloatArray
    cell_mean: FloatArray
    cell_se: FloatArray
    firm_quarters: int
    seconds: float

    @property
    def n_paths(self) -> int:
        """Paths present."""
        return len(self.panel)

    @property
    def is_complete(self) -> bool:
        """Whether every path asked for is present."""
        return self.n_paths == self.n_requested


def simulate(
    world: World,
    *,
    paths: int,
    seed: int,
    threads: int | None = None,
    progress: Progress | None = None,
    cancel: threading.Event | None = None,
    check_every: int = CHECK_EVERY_YEAR,
) -> RunResult:
    """Run `paths` paths of a world.

    Parameters
    ----------
    world : World
    paths : int
        At least 1.
    seed : int
        In [0, 2**63).
    threads : int, optional
        Worker threads; by default one a core. Results do not depend on it.
    progress : callable, optional
        Called as ``progress(done, paths)`` from the calling thread.
    cancel : threading.Event, optional
        Set it to stop after the paths under way; those done in order are kept.
    check_every : int, optional
        Quarters between ledger checks.

    Returns
    -------
    RunResult

    Raises
    ------
    InvariantError
        If money or needs do not balance, naming path, quarter, account and amounts.
    Interrupted
        If cancelled before the first path was done.
    """
    if paths < 1:
        raise ValueError(f"paths must be at least 1, got {paths}")
    warm_kernel(world)
    started = time.perf_counter()
    n_threads = min(paths, threads or os.cpu_count() or 1)
    kept: _Kept | None = None
    for record in _in_order(world, paths, seed, n_threads, cancel, check_every):
        kept = kept or _Kept(record, paths)
        kept.add(record)
        if progress:
            progress(kept.n, paths)
    if kept is None:
        raise Interrupted("stopped before the first path was done; nothing is kept")
    return kept.result(world, seed, time.perf_counter() - started)


class _Kept:
    """Room for all paths, allocated once; the finest cells are kept as moments only."""

    FIELDS = ("panel", "sectors", "fine", "flow")

    def __init__(self, first: PathRecord, paths: int) -> None:
        self.n = 0
        self._paths = paths
        self._firm_quarters = 0
        self._moments = Moments(first.cells.shape)
        self._arrays = {
            name: np.empty((paths, *getattr(first, name).shape), getattr(first, name).dtype)
            for name in self.FIELDS
        }

    def add(self, record: PathRecord) -> None:
        """Keep the next path."""
        self._moments.add(record.cells)
        self._firm_quarters += record.firm_quarters
        for name, array in self._arrays.items():
            array[self.n] = getattr(record, name)
        self.n += 1

    def result(self, world: World, seed: int, seconds: float) -> RunResult:
        """Return what was kept."""
        return RunResult(
            world=world,
            seed=seed,
            n_requested=self._paths,
            cell_mean=self._moments.mean,
            cell_se=self._moments.standard_error,
            firm_quarters=self._firm_quarters,
            seconds=seconds,
            **{name: array[: self.n] for name, array in self._arrays.items()},
        )


def warm_kernel(world: World) -> None:
    """Compile the kernels, or load them, by a path of no quarters."""
    arrays = world.arrays._replace(calendar=world.arrays.calendar._replace(n_quarters=0))
    _, _, books = run_path(arrays, np.uint64(0), 0, np.zeros(1, FIRM_ROW), CHECK_EVERY_YEAR)
    record = record_path(world, books, 0, 0)
    Moments(record.cells.shape).add(record.cells)


def first_capacity(world: World) -> int:
    """Return a first guess of the firms alive at once; a path that needs more repeats."""
    births_pa = float(world.arrays.birth_rate_pp.sum()) * 4.0
    years = world.arrays.calendar.n_quarters / 4.0
    return int(births_pa * min(years, 6.0) * 1.2) + 256


def simulate_path(world: World, path: int, seed: int, check_every: int) -> PathRecord:
    """Run one path, with as much room as it needs, and reduce its books."""
    capacity = first_capacity(world)
    while True:
        status, firm_quarters, books = run_path(
            world.arrays, np.uint64(seed), path, np.zeros(capacity, FIRM_ROW), check_every
        )
        if status != OVERFLOW:
            break
        capacity *= 2
    if status != OK:
        quarter, account, expected, found = (float(x) for x in books.breach)
        raise InvariantError(
            f"money is not conserved: path {path}, quarter {int(quarter)}, "
            f"{ACCOUNTS[int(account)]}: expected {expected!r}, found {found!r} million CNY "
            f"(difference {found - expected:.6g})"
        )
    return record_path(world, books, path, firm_quarters)


def _in_order(
    world: World,
    paths: int,
    seed: int,
    n_threads: int,
    cancel: threading.Event | None,
    check_every: int,
) -> Iterator[PathRecord]:
    """Yield the records of paths 0, 1, 2, ... while a few more are under way."""
    pool = ThreadPoolExecutor(n_threads, thread_name_prefix="finmodel-path")
    waiting: deque[Future[PathRecord]] = deque()
    started = 0
    try:
        while started < paths or waiting:
            is_stopped = cancel is not None and cancel.is_set()
            while not is_stopped and started < paths and len(waiting) < 2 * n_threads:
                waiting.append(pool.submit(simulate_path, world, started, seed, check_every))
                started += 1
            if is_stopped:
                return
            yield waiting.popleft().result()
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
