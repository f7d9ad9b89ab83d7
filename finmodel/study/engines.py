"""Where independent units are computed: threads of this process, or workers of a cluster.

An engine maps a function over items and yields what is done as it is done, whatever the order; who
asks puts it in order. Results do not depend on the engine: a unit is computed by one function of
its arguments alone. Threads suit a machine, since the kernels let go of the interpreter's lock;
`DaskEngine` takes any scheduler of dask.distributed, on this machine or elsewhere.
"""

from __future__ import annotations

import logging
import os
import pickle
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager, suppress
from types import TracebackType
from typing import Any, Protocol, TypeVar

from finmodel.errors import InputError, Interrupted, Problem

T = TypeVar("T")
R = TypeVar("R")

WAIT_SECONDS = 0.2
"""How often a wait for results looks whether to stop."""


class Engine(Protocol):
    """Computes items somewhere."""

    @property
    def n_workers(self) -> int:
        """How many items are computed at once."""

    def map(
        self,
        one: Callable[[T, threading.Event | None, int], R],
        items: Sequence[T],
        cancel: threading.Event | None,
        lost: Callable[[BaseException], R],
    ) -> Iterator[tuple[int, R]]:
        """Yield the place of each item and what `one` makes of it, as they are done.

        Parameters
        ----------
        one : callable
            Called as ``one(item, cancel, threads)``; a function of a module, since a cluster
            must find it by name. `cancel` is None where an event cannot reach.
        items : sequence
        cancel : threading.Event, optional
            Set it to stop; what is done is not lost.
        lost : callable
            Makes a result of what cannot be computed, as when an item kills its workers.
        """

    def close(self) -> None:
        """Let go of threads or workers."""


class ThreadEngine:
    """Threads of this process.

    Parameters
    ----------
    threads : int, optional
        By default one a core.
    """

    def __init__(self, threads: int | None = None) -> None:
        self.n_workers = max(1, threads or os.cpu_count() or 1)

    def map(
        self,
        one: Callable[[T, threading.Event | None, int], R],
        items: Sequence[T],
        cancel: threading.Event | None,
        lost: Callable[[BaseException], R],
    ) -> Iterator[tuple[int, R]]:
        """Yield each item's place and result; see :class:`Engine`."""
        if not items:
            return
        # Few large units: each gets several threads.
        share = max(1, self.n_workers // len(items))
        pool = ThreadPoolExecutor(self.n_workers, thread_name_prefix="finmodel-unit")
        waiting: dict[Future[R], int] = {}
        rest = iter(enumerate(items))
        try:
            while True:
                while len(waiting) < self.n_workers + 1:
                    place, item = next(rest, (-1, None))
                    if item is None:
                        break
                    waiting[pool.submit(one, item, cancel, share)] = place
                if not waiting:
                    return
                done, _ = wait(waiting, WAIT_SECONDS, FIRST_COMPLETED)
                for future in done:
                    yield waiting.pop(future), _result_of(future, lost)
                if cancel is not None and cancel.is_set():
                    yield from _ended(waiting, lost)
                    return
        finally:
            pool.shutdown(wait=True, cancel_futures=True)

    def close(self) -> None:
        """Do nothing: threads end with each map."""


def _ended(
    waiting: dict[Future[R], int], lost: Callable[[BaseException], R]
) -> Iterator[tuple[int, R]]:
    """Yield what is under way and ends by itself once it is asked to stop."""
    for future in waiting:
        future.cancel()
    for future, place in waiting.items():
        if not future.cancelled():
            yield place, _result_of(future, lost)


def _result_of(future: Future[R], lost: Callable[[BaseException], R]) -> R:
    error = future.exception()
    return future.result() if error is None else lost(error)


class DaskEngine:
    """Workers of dask.distributed.

    Parameters
    ----------
    scheduler : str
        Address as ``tcp://host:8786``; empty for a cluster of processes on this machine.
    workers : int, optional
        Processes of that cluster; by default one a core.

    Raises
    ------
    InputError
        If dask is not installed or the scheduler cannot be reached.
    """

    def __init__(self, scheduler: str = "", workers: int | None = None) -> None:
        distributed = _distributed()
        self._cluster: Any = None
        try:
            if scheduler:
                self._client = distributed.Client(scheduler, timeout="10s", set_as_default=False)
            else:
                self._cluster = _own_cluster(distributed, workers or os.cpu_count() or 1)
                self._client = distributed.Client(self._cluster, set_as_default=False)
        except (OSError, ValueError, TimeoutError) as error:
            reason = str(error).splitlines()[0] if str(error) else type(error).__name__
            allowed = "the address of a running scheduler, as tcp://127.0.0.1:8786"
            problem = Problem("--scheduler", f"{scheduler!r} ({reason})", allowed)
            raise InputError("cluster", [problem]) from None

    @property
    def n_workers(self) -> int:
        """Threads of all workers there are now; at least 1."""
        info = self._client.scheduler_info(n_workers=-1)
        return max(1, int(sum(worker["nthreads"] for worker in info["workers"].values())))

    def map(
        self,
        one: Callable[[T, threading.Event | None, int], R],
        items: Sequence[T],
        cancel: threading.Event | None,
        lost: Callable[[BaseException], R],
    ) -> Iterator[tuple[int, R]]:
        """Yield each item's place and result; see :class:`Engine`.

        The scheduler gives the units of a lost worker to another. Units sent ahead are few, so
        that the memory of the scheduler does not grow with the study.

        Raises
        ------
        Interrupted
            If the scheduler is lost; what was yielded before is not.
        """
        place_of: dict[Any, int] = {}
        rest = iter(enumerate(items))
        try:
            while True:
                with self._scheduler_lost():
                    n_ahead = 2 * self.n_workers + 2
                while len(place_of) < n_ahead:
                    place, item = next(rest, (-1, None))
                    if item is None:
                        break
                    with self._scheduler_lost():
                        # Packed once here: the cluster would pack the parts of an item one by one.
                        packed = pickle.dumps(item)
                        future = self._client.submit(_unpacked, one, packed, pure=False, retries=2)
                    place_of[future] = place
                if not place_of:
                    return
                with self._scheduler_lost():
                    done = self._some(place_of, lost)
                yield from done
                if cancel is not None and cancel.is_set():
                    return
        finally:
            with suppress(OSError, TimeoutError, _distributed().client.CancelledError):
                self._client.cancel(list(place_of), force=True)

    @contextmanager
    def _scheduler_lost(self) -> Iterator[None]:
        """Say so if the scheduler is no longer there."""
        try:
            yield
        except (OSError, _distributed().client.CancelledError) as error:
            raise Interrupted("the scheduler of the cluster was lost") from error

    def _some(
        self, place_of: dict[Any, int], lost: Callable[[BaseException], Any]
    ) -> list[tuple[int, Any]]:
        """Return results that are there within a moment."""
        distributed = _distributed()
        with suppress(TimeoutError), self._client.as_current():
            distributed.wait(list(place_of), timeout=WAIT_SECONDS, return_when="FIRST_COMPLETED")
        ended = [future for future in place_of if future.done()]
        sound, done = [future for future in ended if not future.cancelled()], []
        if ended and not sound:
            raise distributed.client.FuturesCancelledError([])
        for future in sound:
            error = future.exception()
            result = future.result() if error is None else lost(error)
            done.append((place_of.pop(future), result))
            future.release()
        return done

    def close(self) -> None:
        """Leave the scheduler, and end the cluster if it is one's own."""
        self._client.close()
        if self._cluster is not None:
            self._cluster.close()

    def __enter__(self) -> DaskEngine:
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        self.close()


def _unpacked(one: Callable[[Any, threading.Event | None, int], R], packed: bytes) -> R:
    """Compute a packed item in a worker, on one thread."""
    return one(pickle.loads(packed), None, 1)


def _own_cluster(distributed: Any, workers: int) -> Any:
    """Return a cluster of single-threaded processes on this machine."""
    from dask import config

    environment = "distributed.nanny.pre-spawn-environ"
    # Workers are told to hand freed memory back at once; a unit, which asks for the same memory
    # path after path, would take 1.3 times as long.
    kept = {
        name: value
        for name, value in config.get(environment).items()
        if name != "MALLOC_TRIM_THRESHOLD_"
    }
    with config.set({environment: kept}):
        return distributed.LocalCluster(
            n_workers=workers,
            threads_per_worker=1,
            processes=True,
            dashboard_address=None,
            host="127.0.0.1",
            silence_logs=logging.ERROR,  # it warns of every unit that is given up
        )


def _distributed() -> Any:
    """Return dask.distributed, or say how to get it."""
    try:
        import distributed
    except ModuleNotFoundError:
        allowed = "threads, or dask once it is installed: pip install 'finmodel[cluster]'"
        raise InputError("cluster", [Problem("--engine", "dask", allowed)]) from None
    return distributed
