"""The evaluations of a search, kept so that an interrupted fit goes on where it was."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import numpy as np

from finmodel.calibrate.moment_search import Simulated, Simulator
from finmodel.errors import Interrupted
from finmodel.market.resume import Array, Checkpoint, Part
from finmodel.world.arrays import FloatArray


class Diary:
    """Points and moments in the order of a search; a :class:`finmodel.market.resume.Work`.

    A search is deterministic, so its first evaluations are those kept, point by point.
    """

    def __init__(self) -> None:
        self.points: list[FloatArray] = []
        self.found: list[Simulated] = []

    @property
    def n(self) -> int:
        """Evaluations made."""
        return len(self.found)

    def since(self, first: int) -> dict[str, Array]:
        """Return the arrays of a part from evaluation `first` to the last."""
        return {
            "points": np.stack(self.points[first:]),
            "values": np.stack([item.figures for item in self.found[first:]]),
            "covariances": np.stack([item.covariance for item in self.found[first:]]),
        }

    def restore(self, part: Part) -> None:
        """Take the evaluations of a part."""
        arrays = part.arrays
        self.points += list(arrays["points"])
        self.found += [
            Simulated(values, covariance)
            for values, covariance in zip(arrays["values"], arrays["covariances"], strict=True)
        ]


def diary_simulator(
    simulate: Simulator,
    checkpoint: Checkpoint,
    *,
    cancel: threading.Event | None = None,
    told: Callable[[int], None] | None = None,
) -> Simulator:
    """Return a simulator that keeps what it finds at a checkpoint, and finds again what is kept.

    Parameters
    ----------
    simulate : callable
    checkpoint : Checkpoint
    cancel : threading.Event, optional
        Set it to stop before the next evaluation.
    told : callable, optional
        Called with the number of evaluations after each.

    Returns
    -------
    callable
        Raises Interrupted if cancelled; all evaluations are kept then.
    """
    diary, earlier = Diary(), 0.0
    for part in checkpoint.parts():
        diary.restore(part)
        earlier = part.seconds
    started, asked = time.perf_counter(), 0

    def evaluate(point: FloatArray) -> Simulated:
        nonlocal asked
        asked += 1
        is_kept = asked <= diary.n and np.array_equal(diary.points[asked - 1], point)
        if is_kept:
            found = diary.found[asked - 1]
        else:
            _stop_if_asked(cancel, diary, checkpoint, earlier + time.perf_counter() - started)
            found = simulate(point)
            _stop_if_asked(cancel, diary, checkpoint, earlier + time.perf_counter() - started)
            diary.points.append(point.copy())
            diary.found.append(found)
            checkpoint.keep(diary, earlier + time.perf_counter() - started)
        if told:
            told(asked)
        return found

    return evaluate


def _stop_if_asked(
    cancel: threading.Event | None, diary: Diary, checkpoint: Checkpoint, seconds: float
) -> None:
    """Keep everything and raise Interrupted if the event is set."""
    if cancel is not None and cancel.is_set():
        checkpoint.keep(diary, seconds, is_last=True)
        raise Interrupted("the fit was stopped; its evaluations are kept")
