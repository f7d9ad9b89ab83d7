"""Many draws of what is not known about a scenario, each on the same paths with the same luck."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from finmodel.errors import Interrupted, InvariantError, Problem, ScenarioError
from finmodel.market.resume import Array, Checkpoint, Part, Progress, play
from finmodel.market.run import simulate, warm_kernel
from finmodel.measure.uncertainty import DrawValues, Shared
from finmodel.scenario import Scenario, quantities
from finmodel.study.draw_tables import draw_values, layout
from finmodel.study.parameter_draws import MOST_DRAWS, Beliefs, Draw
from finmodel.world import World, build_world
from finmodel.world.arrays import FloatArray


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
        Of the measures of :func:`finmodel.study.draw_tables.layout`.
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


def run_draws(
    scenario: Scenario,
    *,
    draws: int,
    paths: int,
    seed: int,
    threads: int | None = None,
    progress: Progress | None = None,
    cancel: threading.Event | None = None,
    checkpoint: Checkpoint | None = None,
) -> Draws:
    """Draw the beliefs of a scenario and simulate each draw on the same paths.

    Parameters
    ----------
    scenario : Scenario
        With beliefs, stated or laid by :func:`finmodel.scenario.priors.lay_priors`.
    draws : int
        At least 1; with fewer than two nothing is known of ignorance.
    paths : int
        Of each draw, at least 2.
    seed : int
        In [0, 2**63), of the draws and of the paths.
    threads : int, optional
        A thread plays one draw at a time; results do not depend on it.
    progress : callable, optional
        Called as ``progress(done, draws)`` from the calling thread.
    cancel : threading.Event, optional
        Set it to stop; draws under way are given up, those done in order are kept.
    checkpoint : Checkpoint, optional
        Where draws are kept on the way, of this very scenario, seed, `draws` and `paths`.

    Raises
    ------
    ScenarioError
        If nothing is a belief, or draws or paths are out of range.
    InvariantError
        If money or needs do not balance in some draw, with its number.
    Interrupted
        If cancelled before the first draw was done.
    """
    check_draws(scenario, draws, paths)
    beliefs, world = Beliefs(scenario), build_world(scenario)
    warm_kernel(world)
    keeper = _DrawKeeper(paths, len(layout(world)))

    def one(number: int) -> _Unit | None:
        return _play(beliefs.draw(number, seed), paths=paths, seed=seed, cancel=cancel)

    seconds = play(
        one,
        keeper.add,
        keeper,
        units=draws,
        threads=threads,
        progress=progress,
        cancel=cancel,
        checkpoint=checkpoint,
    )
    if keeper.n == 0:
        raise Interrupted("stopped before the first draw was done; nothing is kept")
    return Draws(
        world=world,
        names=beliefs.names,
        n_requested=draws,
        n_paths=paths,
        seed=seed,
        drawn=np.stack(keeper.drawn),
        n_redrawn=np.array(keeper.n_redrawn, np.float64),
        cells=np.stack(keeper.cells),
        errors=np.stack(keeper.errors),
        shared=keeper.shared,
        seconds=seconds,
    )


class _Unit(NamedTuple):
    drawn: FloatArray
    n_redrawn: int
    found: DrawValues


def _play(draw: Draw, *, paths: int, seed: int, cancel: threading.Event | None) -> _Unit | None:
    """Simulate a draw and reduce it; None if it was stopped on the way."""
    try:
        run = simulate(build_world(draw.scenario), paths=paths, seed=seed, threads=1, cancel=cancel)
    except Interrupted:
        return None
    except InvariantError as error:
        raise InvariantError(f"draw {draw.number} of the beliefs: {error}") from error
    if not run.is_complete:
        return None
    return _Unit(np.array(list(draw.numbers.values())), draw.n_redrawn, draw_values(run))


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

    def add(self, unit: _Unit | None) -> None:
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


def check_draws(scenario: Scenario, draws: int, paths: int) -> None:
    """Raise ScenarioError if there is nothing to draw, or too few or many draws or paths."""
    problems = []
    if not 1 <= draws <= MOST_DRAWS:
        allowed = f"a whole number in [1, {MOST_DRAWS}]"
        problems.append(Problem("--draws", str(draws), allowed))
    if paths < 2:
        allowed = "at least 2 with --draws: one path cannot tell luck from ignorance"
        problems.append(Problem("--paths", str(paths), allowed))
    if not any(quantity.is_uncertain for _, quantity in quantities(scenario)):
        given = "no number that is a belief"
        allowed = "a number stated as a distribution, or --priors graded to lay one on every number"
        problems.append(Problem("--draws", given, allowed))
    if problems:
        raise ScenarioError("draws", problems)


def about_draws(found: Draws) -> dict[str, object]:
    """Return how many draws there are, of how many numbers, and how many were drawn again."""
    return {
        "draws": found.n_draws,
        "n_beliefs": len(found.names),
        "n_redrawn_draws": int((found.n_redrawn > 0).sum()),
    }
