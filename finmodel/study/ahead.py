"""Paths of a baseline that were played ahead of a comparison that is not known yet.

A path depends on scenario, seed and number alone, so one that this process has played already is
the same, bit for bit, as one that is played when a comparison needs it. Each is given out once,
and nothing else keeps it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

from finmodel.market.collect import PathRecord
from finmodel.market.result import PathDetail
from finmodel.market.run import CHECK_EVERY_YEAR, simulate_path
from finmodel.scenario import digest
from finmodel.world import World

Played = tuple[PathRecord, PathDetail | None]
Key = tuple[str, int, int, int]


class Ahead:
    """Paths played ahead; safe to ask from several threads."""

    def __init__(self) -> None:
        self._paths: dict[Key, Played] = {}
        self._lock = threading.Lock()

    def play(
        self,
        world: World,
        seed: int,
        paths: int,
        *,
        check_every: int = CHECK_EVERY_YEAR,
        is_asked: Callable[[], bool] = lambda: False,
    ) -> int:
        """Play the first paths of a world, until one is asked for something else.

        Parameters
        ----------
        world : World
        seed, paths, check_every : int
            As in :func:`finmodel.study.compare.compare`.
        is_asked : callable
            Asked before each path; the rest is left if it says so.

        Returns
        -------
        int
            How many were played.
        """
        name = digest(world.scenario)
        for path in range(paths):
            if is_asked():
                return path
            played = simulate_path(world, path, seed, check_every, is_detailed=True)
            with self._lock:
                self._paths[name, seed, path, check_every] = played
        return paths

    def taker(self, world: World, seed: int, check_every: int) -> Callable[[int], Played]:
        """Return what gives a path of a world: one that was played ahead, else one played now."""
        name = digest(world.scenario) if self._paths else ""

        def take(path: int) -> Played:
            with self._lock:
                found = self._paths.pop((name, seed, path, check_every), None)
            return found or simulate_path(world, path, seed, check_every, is_detailed=True)

        return take


AHEAD = Ahead()
"""Those of this process: empty but in one that waits for a command (:mod:`finmodel.cli.ready`)."""
