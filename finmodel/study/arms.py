"""What the arms of a comparison leave on a path, and the keeping of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from finmodel.market.collect import PathRecord
from finmodel.market.result import Keeper, RunResult
from finmodel.market.resume import Array, Part
from finmodel.world import World
from finmodel.world.arrays import FloatArray


class Effects(NamedTuple):
    """Effects of a policy on one path: chain and memo by cell, and the chain by sector."""

    chain: FloatArray
    memo: FloatArray
    by_sector: FloatArray


Arm = tuple[PathRecord, Effects | None]


class ArmsKeeper:
    """Takes the arms of paths in their order.

    Parameters
    ----------
    worlds : mapping of World
        By name; the first is the baseline.
    seed, n_requested : int
    """

    def __init__(self, worlds: Mapping[str, World], seed: int, n_requested: int) -> None:
        self._keepers = {name: Keeper(world, seed, n_requested) for name, world in worlds.items()}
        self._effects: dict[str, list[Effects]] = {name: [] for name in list(worlds)[1:]}
        self.n = 0

    def add(self, arms: Sequence[Arm]) -> None:
        """Keep the next path."""
        for name, (record, effects) in zip(self._keepers, arms, strict=True):
            self._keepers[name].add(record, None)
            if effects is not None:
                self._effects[name].append(effects)
        self.n += 1

    def since(self, first: int) -> dict[str, Array]:
        """Return what paths from `first` on left; arrays begin with the number of their arm."""
        arrays: dict[str, Array] = {}
        for number, (name, keeper) in enumerate(self._keepers.items()):
            found = keeper.since(first)
            effects = self._effects.get(name, [])[first:]
            for field, blocks in zip(Effects._fields, zip(*effects, strict=True), strict=False):
                found[field] = np.stack(blocks)
            arrays |= {f"{number}/{field}": array for field, array in found.items()}
        return arrays

    def restore(self, part: Part) -> None:
        """Take the paths of a part as if one by one."""
        for number, (name, keeper) in enumerate(self._keepers.items()):
            start = f"{number}/"
            arrays = {
                field.removeprefix(start): array
                for field, array in part.arrays.items()
                if field.startswith(start)
            }
            keeper.restore(part._replace(arrays=arrays))
            if name in self._effects:
                blocks = zip(*(arrays[field] for field in Effects._fields), strict=True)
                self._effects[name] += [Effects(*block) for block in blocks]
        self.n = part.last

    def request(self, n: int) -> None:
        """Take `n` paths for all that were asked for."""
        for keeper in self._keepers.values():
            keeper.n_requested = n

    def results(self, seconds: float) -> dict[str, RunResult]:
        """Return what each arm left; at least one path must have been kept."""
        return {name: keeper.result(seconds) for name, keeper in self._keepers.items()}

    def effects(self, field: str) -> dict[str, FloatArray]:
        """Return a field of `Effects` of every policy, stacked over paths."""
        return {
            name: np.stack([getattr(item, field) for item in kept])
            for name, kept in self._effects.items()
        }
