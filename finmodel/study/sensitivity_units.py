"""Points of a design played in every arm, and what each conclusion is there."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from finmodel.measure.headlines import RATIOS, column, ratio_parts, units
from finmodel.scenario.sensitivity_plan import NET
from finmodel.sensitivity.axes import FloatArray
from finmodel.sensitivity.noise import Outcomes, exact, mean_outcomes, ratio_outcomes
from finmodel.store import Watch
from finmodel.study.engines import Engine
from finmodel.study.sensitivity_arms import Arms
from finmodel.study.units import Unit, run_units

Progress = Callable[[int, int], None]

POINTS_AT_ONCE = 256
"""Scenarios of so many points are in memory at a time."""


@dataclass(frozen=True)
class Conclusion:
    """An outcome of the baseline, or of a policy less the baseline.

    Attributes
    ----------
    policy : str
        Empty for the baseline.
    outcome : str
        With ``net_`` of a policy.
    """

    policy: str
    outcome: str

    @property
    def bare(self) -> str:
        """Name of the headline or ratio."""
        return self.outcome.removeprefix(NET)

    @property
    def unit(self) -> str:
        """Unit of the outcome: `n`, `mcny`, `share` or `x`."""
        return units()[self.bare]


def conclusions_of(outcomes: Sequence[str], policies: Sequence[str]) -> list[Conclusion]:
    """Return every conclusion: baseline outcomes first, then each policy's."""
    base = [Conclusion("", name) for name in outcomes if not name.startswith(NET)]
    nets = [name for name in outcomes if name.startswith(NET)]
    return base + [Conclusion(policy, name) for policy in policies for name in nets]


@dataclass(frozen=True)
class Played:
    """Points of a design and what came of them.

    Attributes
    ----------
    numbers : ndarray of shape (U, N)
        The N numbers at each point, in the order of the arms' numbers.
    by_path : dict of ndarray, each of shape (U, P, H)
        Headlines by arm; NaN where a unit failed.
    errors : list of str
        Why units failed, in their order.
    scale : float
        Size of the market played.
    """

    numbers: FloatArray
    by_path: dict[str, FloatArray]
    errors: list[str]
    scale: float

    def outcomes(self, conclusion: Conclusion) -> Outcomes:
        """Return a conclusion at each point, of shape (U,), in the size of the whole market."""
        if not conclusion.outcome.startswith(NET):
            return self._outcomes("", conclusion.bare)
        policy = self._outcomes(conclusion.policy, conclusion.bare)
        return policy.minus(self._outcomes("", conclusion.bare))

    def _outcomes(self, arm: str, name: str) -> Outcomes:
        by_path = self.by_path[arm]
        if name in RATIOS:
            return ratio_outcomes(*ratio_parts(by_path, name))
        return mean_outcomes(column(by_path, name) / self.scale)

    def benefit(self, arm: str, weights: dict[str, float]) -> Outcomes:
        """Return a weighted sum of outcomes of an arm less the baseline, of shape (U,)."""
        total = exact(np.zeros(len(self.numbers)))
        for name, weight in weights.items():
            total = total.plus(self.outcomes(Conclusion(arm, f"{NET}{name}")), weight)
        return total


class _Told:
    """Tells of units of one part of a study as of the whole; what is found needs no word."""

    def __init__(self, watch: Watch, done: int) -> None:
        self._watch, self._done = watch, done

    def resumed(self, _done: int) -> None:
        """Say nothing: the progress shows it, and it would be said of every part."""

    def kept(self, done: int) -> None:
        """Learn that `done` units of the part are on disk."""
        self._watch.kept(self._done + done)

    def not_kept(self, reason: str) -> None:
        """Learn that units cannot be written."""
        self._watch.not_kept(reason)


@dataclass(frozen=True)
class Player:
    """Plays points; what was played is found again.

    Attributes
    ----------
    arms : Arms
    paths, seed, scale
        Of every unit.
    root : Path
    total : int
        Units of all designs, for the progress.
    engine, progress, cancel, watch
        As in :func:`finmodel.study.units.run_units`.
    """

    arms: Arms
    paths: int
    seed: int
    scale: float
    root: Path
    total: int
    engine: Engine | None = None
    progress: Progress | None = None
    cancel: threading.Event | None = None
    watch: Watch | None = None

    def play(self, points: FloatArray, done: int = 0) -> Played:
        """Play points of shape (U, D); `done` units were played before.

        Raises
        ------
        Interrupted, StoreError
        """
        chunks = [points[i : i + POINTS_AT_ONCE] for i in range(0, len(points), POINTS_AT_ONCE)]
        values: list[list[float]] = []
        errors: list[str] = []
        by_path: dict[str, list[FloatArray]] = {arm: [] for arm in self.arms.beliefs}
        n_arms = len(by_path)
        for chunk in chunks:
            batch: list[Unit] = []
            for point in chunk:
                scenarios, numbers = self.arms.at(point)
                values.append([numbers[name] for name in self.arms.numbers])
                batch += [Unit(item, self.paths, self.seed) for item in scenarios.values()]
            results = run_units(
                batch,
                root=self.root,
                engine=self.engine,
                progress=self._told(done),
                cancel=self.cancel,
                watch=_Told(self.watch, done) if self.watch else None,
            )
            done += len(batch)
            errors += [found.error for found in results if not found.is_ok]
            empty = np.full((self.paths, results[0].by_path.shape[1]), np.nan)
            for place, arm in enumerate(by_path):
                own = results[place::n_arms]
                by_path[arm] += [found.by_path if found.is_ok else empty for found in own]
        stacked = {arm: np.stack(parts) for arm, parts in by_path.items()}
        return Played(np.array(values), stacked, errors, self.scale)

    def _told(self, done: int) -> Progress | None:
        progress = self.progress
        if progress is None:
            return None
        return lambda now, _: progress(done + now, self.total)
