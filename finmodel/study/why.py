"""Why there is a gap: its parts by friction, so that they add up to it.

Let ``v(S)`` be the funding gap of a market in which the frictions ``S`` are at work and the
others are switched off (:mod:`finmodel.study.frictions`). All 32 markets are simulated with
the same seed, so in each path the same firms are born with the same quality and luck. The
part of a friction is its Shapley value in the game ``v``; what is left with all of them off,
``v(none)``, is the remainder. On every path, in every region and stage,

    gap = sum of the parts + remainder.

Firms funded in one market and not in another live on, ask again and pass to later stages, so
the needs, too, differ between markets: ``v`` is the gap as it would be observed in each. The
gap rate of a market is its mean gap over its mean viable need, and has parts of its own.

A part may be below zero: then the gap would be larger, on average over the other frictions,
if this one alone went away.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass

import numpy as np

from finmodel.errors import Interrupted
from finmodel.market.collect import PathRecord, outcome_column
from finmodel.market.columns import FUNDED, MARKET, N_OUTCOMES
from finmodel.market.resume import Array, Checkpoint, Part, Progress, play
from finmodel.market.run import CHECK_EVERY_YEAR, simulate_path, warm_kernel
from finmodel.study.frictions import FRICTIONS, without
from finmodel.world import World
from finmodel.world.arrays import FloatArray

N_ARMS = 1 << len(FRICTIONS)
PATHS_OF_SCENARIO = 4
"""By default one in this many of a scenario's paths is used, as 32 markets are simulated."""

AXES = ("region", "stage")
"""Dimensions kept of every market."""


@dataclass(frozen=True)
class Arms:
    """The gap of hard technology in every market.

    Attributes
    ----------
    world : World
        With all frictions at work.
    seed : int
    needs, gaps : ndarray of shape (32, P, R, K, 2)
        Viable needs and those of them that went unmet, at the market test, hard-tech sectors,
        a year, in count and in million CNY. Friction ``i`` of `FRICTIONS` is at work in a
        market if bit ``i`` of its number is set: the last is the world itself.
    seconds : float
        Wall time.
    """

    world: World
    seed: int
    needs: FloatArray
    gaps: FloatArray
    seconds: float

    @property
    def n_paths(self) -> int:
        """Paths of every market."""
        return int(self.gaps.shape[1])


def default_paths(paths: int) -> int:
    """Return how many paths of a scenario's `paths` are used if nobody says."""
    return max(2, paths // PATHS_OF_SCENARIO)


def switched_off(arm: int) -> tuple[str, ...]:
    """Return the frictions that are off in market number `arm`."""
    return tuple(name for i, name in enumerate(FRICTIONS) if not arm >> i & 1)


def simulate_arms(
    world: World,
    *,
    paths: int,
    seed: int,
    threads: int | None = None,
    progress: Progress | None = None,
    cancel: threading.Event | None = None,
    checkpoint: Checkpoint | None = None,
) -> Arms:
    """Simulate a world with every set of its frictions switched off.

    Parameters
    ----------
    world : World
    paths : int
        Of every market, at least 1.
    seed : int
        In [0, 2**63), the same for all.
    threads : int, optional
        Results do not depend on it.
    progress : callable, optional
        Called as ``progress(done, 32 * paths)`` from the calling thread.
    cancel : threading.Event, optional
        Set it to stop.
    checkpoint : Checkpoint, optional
        Where paths are kept on the way, of this very world, seed and `paths`.

    Raises
    ------
    InvariantError
        If money or needs do not balance in some market.
    Interrupted
        If cancelled: without all markets there are no parts.
    """
    worlds = [without(world, switched_off(arm)) for arm in range(N_ARMS)]
    for arm in (0, N_ARMS - 1):
        warm_kernel(worlds[arm])
    keeper = _MarketsKeeper()

    def one(unit: int) -> FloatArray:
        arm, path = divmod(unit, paths)
        record, _ = simulate_path(worlds[arm], path, seed, CHECK_EVERY_YEAR)
        return _needs_and_gaps(record)

    seconds = play(
        one,
        keeper.add,
        keeper,
        units=N_ARMS * paths,
        threads=threads,
        progress=progress,
        cancel=cancel,
        checkpoint=checkpoint,
    )
    if keeper.n < N_ARMS * paths:
        raise Interrupted(
            f"stopped in market {keeper.n // paths + 1} of {N_ARMS}; the parts need all"
        )
    shape = (N_ARMS, paths, *keeper.found[0].shape[1:])
    needs, gaps = (
        np.stack([found[side] for found in keeper.found]).reshape(shape) for side in range(2)
    )
    return Arms(world, seed, needs, gaps, seconds)


class _MarketsKeeper:
    """Takes the needs and gaps of paths in their order, market after market."""

    def __init__(self) -> None:
        self.found: list[FloatArray] = []

    @property
    def n(self) -> int:
        return len(self.found)

    def add(self, found: FloatArray) -> None:
        self.found.append(found)

    def since(self, first: int) -> dict[str, Array]:
        return {"needs_and_gaps": np.stack(self.found[first:])}

    def restore(self, part: Part) -> None:
        self.found += list(part.arrays["needs_and_gaps"])


def _needs_and_gaps(record: PathRecord) -> FloatArray:
    """Return viable needs and the gap a year, shape (2, R, K, 2): count and million CNY."""
    values = record.panel[:, :, :, 1].mean(axis=0)
    found = np.zeros((2, *values.shape[:2], 2))
    for side in range(2):
        for outcome in range(N_OUTCOMES):
            column = values[..., outcome_column(outcome, MARKET, is_money=bool(side))]
            found[0, ..., side] += column
            if outcome != FUNDED:
                found[1, ..., side] += column
    return found
