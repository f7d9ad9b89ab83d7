"""Work path by path that can be stopped, kept in parts, and taken up again.

A unit of work is a path, or what a study plays of one. Units are done by threads and taken in
their order, so whatever is done is the first `n` units and nothing else. A part holds what some
consecutive units left and the sums over all units up to its end; the parts from unit 0 on put
back the very bits of the work that wrote them. Where parts are kept is not known here.
"""

from __future__ import annotations

import os
import threading
import time
from collections import deque
from collections.abc import Callable, Generator, Iterable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from typing import Any, NamedTuple, Protocol, TypeVar

from numpy.typing import NDArray

Array = NDArray[Any]
Progress = Callable[[int, int], None]
T = TypeVar("T")
R = TypeVar("R", contravariant=True)


class Part(NamedTuple):
    """What consecutive units left.

    Attributes
    ----------
    first, last : int
        Units `first` to `last` (exclusive).
    seconds : float
        Wall time of all units up to `last`.
    arrays : mapping of ndarray
        By name, without objects in them.
    """

    first: int
    last: int
    seconds: float
    arrays: Mapping[str, Array]


class Work(Protocol):
    """Something that takes units in their order."""

    @property
    def n(self) -> int:
        """Units taken."""

    def since(self, first: int) -> dict[str, Array]:
        """Return the arrays of a part from unit `first` to the last taken."""

    def restore(self, part: Part) -> None:
        """Take the units of a part, the next ones, as if one by one."""


class Stop(Protocol[R]):
    """A rule that ends work before all units are done.

    It must depend on the units alone, so that the same work ends at the same unit however often
    it was taken up again.
    """

    def is_look(self, n: int) -> bool:
        """Whether the rule is to be asked when `n` units are done."""

    def is_enough(self, n: int, result: R) -> bool:
        """Whether the result of the first `n` units is good enough."""


class Checkpoint(Protocol):
    """A place where parts are kept."""

    def parts(self) -> Iterable[Part]:
        """Return the parts kept, each from where the one before ends, the first from unit 0."""

    def keep(self, work: Work, seconds: float, *, is_last: bool = False) -> None:
        """Keep what was taken since the last part, if it is time or `is_last`.

        It must not raise if nothing can be written: the work goes on.
        """


def play(
    one: Callable[[int], T],
    take: Callable[[T], None],
    work: Work,
    *,
    units: int,
    threads: int | None = None,
    progress: Progress | None = None,
    cancel: threading.Event | None = None,
    checkpoint: Checkpoint | None = None,
    is_enough: Callable[[int], bool] | None = None,
) -> float:
    """Do every unit that is not yet done, or as many as there are before `cancel` is set.

    Parameters
    ----------
    one : callable
        Makes a unit from its number, in a worker thread.
    take : callable
        Called with every unit in order, in the calling thread; `work` has it then.
    work : Work
        Empty; it gets the units kept at `checkpoint` first.
    units : int
        How many there are.
    threads : int, optional
        By default one a core.
    progress : callable, optional
        Called as ``progress(done, units)``, first with what was kept.
    cancel : threading.Event, optional
    checkpoint : Checkpoint, optional
    is_enough : callable, optional
        Asked with the number done after every unit, and first after what was kept; the work ends
        when it says so.

    Returns
    -------
    float
        Wall time, with that of the units kept.
    """
    earlier = 0.0
    for part in checkpoint.parts() if checkpoint else ():
        work.restore(part)
        earlier = part.seconds
    if progress and work.n:
        progress(work.n, units)
    started = time.perf_counter()
    n_threads = max(1, min(units - work.n, threads or os.cpu_count() or 1))

    def keep(*, is_last: bool) -> None:
        if checkpoint:
            checkpoint.keep(work, earlier + time.perf_counter() - started, is_last=is_last)

    # Asked before anything is done: what was kept may have been all there was to do.
    if work.n == 0 or is_enough is None or not is_enough(work.n):
        with closing(_in_order(one, range(work.n, units), n_threads, cancel)) as results:
            for unit in results:
                take(unit)
                if progress:
                    progress(work.n, units)
                if is_enough is not None and is_enough(work.n):
                    break
                keep(is_last=False)
    if work.n < units:
        keep(is_last=True)
    return earlier + time.perf_counter() - started


def _in_order(
    one: Callable[[int], T], units: range, n_threads: int, cancel: threading.Event | None
) -> Generator[T]:
    """Yield what `one` makes of each unit in turn while a few more are under way.

    One thread is the calling one: a worker of a cluster that is given a core must not use two.
    """
    if n_threads == 1:
        for number in units:
            if cancel is not None and cancel.is_set():
                return
            yield one(number)
        return
    pool = ThreadPoolExecutor(n_threads, thread_name_prefix="finmodel-path")
    waiting: deque[Future[T]] = deque()
    rest = iter(units)
    try:
        while True:
            if cancel is not None and cancel.is_set():
                return
            while len(waiting) < 2 * n_threads and (unit := next(rest, None)) is not None:
                waiting.append(pool.submit(one, unit))
            if not waiting:
                return
            yield waiting.popleft().result()
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
