"""Draws that are played one by one, kept in parts, and reduced to sums over their paths."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from finmodel.errors import Interrupted
from finmodel.market.resume import Array, Checkpoint, Part, Progress, Stop, play
from finmodel.measure.series import Estimate, relative_error_of_se
from finmodel.measure.uncertainty import DrawValues, Shared, layers
from finmodel.world import World
from finmodel.world.arrays import FloatArray


class Unit(NamedTuple):
    """What one draw left: its numbers, times they were drawn again, its measures."""

    drawn: FloatArray
    n_redrawn: int
    found: DrawValues


@dataclass(frozen=True)
class Draws:
    """Draws of a scenario and what each led to.

    Attributes
    ----------
    world : World
        Of the medians.
    names : tuple of str
        Of the N drawn numbers, dotted.
    n_requested : int
        Draws asked for; fewer are present if the study was interrupted.
    n_paths, seed : int
        The same for every draw.
    drawn : ndarray of shape (K, N)
    n_redrawn : ndarray of shape (K,)
    cells, errors : ndarray of shape (K, M)
        Of the measures of :func:`finmodel.study.draw_tables.layout`, or of effects, of
        :func:`finmodel.study.effect_draw_tables.effect_layout`.
    shared : Shared
    seconds : float
    """

    world: World
    names: tuple[str, ...]
    n_requested: int
    n_paths: int
    seed: int
    drawn: FloatArray
    n_redrawn: FloatArray
    cells: FloatArray
    errors: FloatArray
    shared: Shared
    seconds: float

    @property
    def n_draws(self) -> int:
        """Draws present."""
        return len(self.cells)

    @property
    def is_complete(self) -> bool:
        """Whether every draw asked for is present."""
        return self.n_draws == self.n_requested

    def estimate(self, place: int) -> Estimate:
        """Return what the draws say of the mean of a measure, by its place among the M.

        Its standard error is `mean_se` of :func:`finmodel.measure.uncertainty.layers`; what more
        draws do not shrink is the luck that all draws share.
        """
        values, errors = self.cells[:, [place]], self.errors[:, [place]]
        shared = self.shared.some([place])
        found = {name: float(column[0]) for name, column in layers(values, errors, shared).items()}
        n = max(found["n_draws"], 1.0)
        of_paths = shared.influence[:, 0] / n
        known = values[~np.isnan(values)]
        parts = [
            (found["mean_se_paths"], relative_error_of_se(of_paths)),
            (found["mean_se_draws"], relative_error_of_se(known - known.mean()))
            if len(known)
            else (np.nan, np.nan),
        ]
        total = found["mean_se"] ** 2
        # Of squares: twice the relative error of a part, in its share of the sum.
        error = np.sqrt(sum((2.0 * relative * se**2) ** 2 for se, relative in parts))
        within = float((errors[~np.isnan(values)] ** 2).mean()) if len(known) else np.nan
        played_out = max(within - found["mean_se_paths"] ** 2, 0.0) / max(n - 1.0, 1.0)
        fixed = max(found["mean_se_paths"] ** 2 - played_out, 0.0)
        return Estimate(
            value=found["mean"],
            se=found["mean_se"],
            se_error=float(0.5 * error / total) if total > 0.0 else total,
            n=min(int(n), self.n_paths),
            se_fixed=float(np.sqrt(fixed)),
        )


@dataclass(frozen=True)
class Setting:
    """What draws are of.

    Attributes
    ----------
    world : World
    names : tuple of str
    paths, seed, n_measures : int
    """

    world: World
    names: tuple[str, ...]
    paths: int
    seed: int
    n_measures: int


def play_draws(
    one: Callable[[int], Unit | None],
    setting: Setting,
    *,
    draws: int,
    threads: int | None = None,
    progress: Progress | None = None,
    cancel: threading.Event | None = None,
    checkpoint: Checkpoint | None = None,
    stop: Stop[Draws] | None = None,
) -> Draws:
    """Play draws in their order; see :func:`finmodel.study.draws.run_draws`.

    Parameters
    ----------
    one : callable
        Plays the draw of a number, in a worker thread; None if it was stopped on the way.
    setting : Setting
    draws : int
        At most.
    threads, progress, cancel, checkpoint
        As in :func:`finmodel.market.resume.play`.
    stop : Stop, optional
        A rule that ends it sooner.

    Raises
    ------
    Interrupted
        If cancelled before the first draw was done.
    """
    keeper = _DrawKeeper(setting.paths, setting.n_measures)
    wanted = draws

    def found(seconds: float) -> Draws:
        return Draws(
            world=setting.world,
            names=setting.names,
            n_requested=wanted,
            n_paths=setting.paths,
            seed=setting.seed,
            drawn=np.stack(keeper.drawn),
            n_redrawn=np.array(keeper.n_redrawn, np.float64),
            cells=np.stack(keeper.cells),
            errors=np.stack(keeper.errors),
            shared=keeper.shared,
            seconds=seconds,
        )

    def is_enough(n: int) -> bool:
        nonlocal wanted
        is_end = stop is not None and stop.is_look(n) and stop.is_enough(n, found(0.0))
        if is_end:
            wanted = n
        return is_end

    seconds = play(
        one,
        keeper.add,
        keeper,
        units=draws,
        threads=threads,
        progress=progress,
        cancel=cancel,
        checkpoint=checkpoint,
        is_enough=is_enough,
    )
    if keeper.n == 0:
        raise Interrupted("stopped before the first draw was done; nothing is kept")
    return found(seconds)


class _DrawKeeper:
    """Takes draws in their order; of their paths it keeps sums alone."""

    _SUMS = ("influence", "spread", "n_spread")
    _LISTS = ("drawn", "n_redrawn", "cells", "errors")

    def __init__(self, n_paths: int, n_measures: int) -> None:
        self.drawn: list[FloatArray] = []
        self.n_redrawn: list[int] = []
        self.cells: list[FloatArray] = []
        self.errors: list[FloatArray] = []
        self.shared = Shared(n_paths, n_measures)

    @property
    def n(self) -> int:
        return len(self.cells)

    def add(self, unit: Unit | None) -> None:
        """Keep the next draw; None was stopped, and none that is whole comes after it."""
        if unit is None:
            return
        self.drawn.append(unit.drawn)
        self.n_redrawn.append(unit.n_redrawn)
        self.cells.append(unit.found.value)
        self.errors.append(unit.found.error)
        self.shared.add(unit.found)

    def since(self, first: int) -> dict[str, Array]:
        """Return what draws from `first` on left, and the sums over all."""
        lists = {name: np.stack(getattr(self, name)[first:]) for name in self._LISTS}
        return lists | {name: getattr(self.shared, name) for name in self._SUMS}

    def restore(self, part: Part) -> None:
        """Take the draws of a part as if one by one."""
        for name in self._LISTS:
            kept = getattr(self, name)
            kept += list(part.arrays[name])
        for name in self._SUMS:
            setattr(self.shared, name, part.arrays[name].copy())
