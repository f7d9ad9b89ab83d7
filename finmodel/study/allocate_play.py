"""Splits of a budget played in the market: outcomes against the baseline, on the same luck."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from finmodel.errors import InputError, Interrupted, Problem
from finmodel.market.collect import FINE
from finmodel.market.run import simulate
from finmodel.measure.headlines import HEADLINES, column
from finmodel.scenario import Scenario
from finmodel.scenario.allocation_plan import ReadAllocation, in_future
from finmodel.study.engines import Engine
from finmodel.study.parameter_draws import Beliefs
from finmodel.study.units import Unit, UnitResult, run_units
from finmodel.world import build_world
from finmodel.world.arrays import FloatArray

CLOSED = {"gap_closed_n": "gap_n", "gap_closed_mcny": "gap_mcny"}
"""Measures that are the fall of a headline."""
MEASURES: dict[str, str] = {**{name: HEADLINES[own] for name, own in CLOSED.items()}, **HEADLINES}
"""Names and units of what an objective may hold."""
BASE = "base"
Done = Callable[[int], None]
"""Called with how many units are done."""


def futures_of(found: ReadAllocation) -> dict[str, Scenario]:
    """Return the scenarios of what is not known, the plain one first.

    Raises
    ------
    ScenarioError
        If beliefs break the rules between fields too often.
    """
    asked = found.plan.futures
    futures = {BASE: found.base}
    for name, future in asked.named.items():
        futures[name] = in_future(found.base, future.changes)
    if asked.draws:
        beliefs = Beliefs(found.base)
        for number in range(asked.draws):
            futures[f"draw_{number + 1}"] = beliefs.draw(number, asked.seed).scenario
    return futures


@dataclass(frozen=True)
class Player:
    """Plays splits in blocks of paths, each block with a seed of its own.

    Path `p` is path ``p mod block`` of seed ``seed + p // block``, so that more paths of a split
    add to those that are kept.

    Attributes
    ----------
    found : ReadAllocation
    futures : dict of Scenario
    root : Path
        Folder in which units are kept.
    seed, block : int
    engine, cancel, done
        Of :func:`finmodel.study.units.run_units`.
    """

    found: ReadAllocation
    futures: Mapping[str, Scenario]
    root: Path
    seed: int
    block: int
    engine: Engine | None = None
    cancel: threading.Event | None = None
    done: Done | None = None

    def __call__(self, splits: FloatArray, paths: range) -> FloatArray:
        """Return changes against the baseline at full size, shape (N, S, P, M)."""
        return self.changes([(split, {}) for split in splits], paths)

    def changes(
        self, asked: Sequence[tuple[FloatArray, Mapping[str, float]]], paths: range
    ) -> FloatArray:
        """Return changes against the baseline of splits under changed clauses, (N, S, P, M)."""
        rows = [
            [self.found.scenario_of(split, base=base, changes=clauses) for split, clauses in asked]
            for base in self.futures.values()
        ]
        scenarios = [[base, *row] for base, row in zip(self.futures.values(), rows, strict=True)]
        flat = [scenario for row in scenarios for scenario in row]
        by_path = self._play(flat, paths).reshape(len(rows), 1 + len(asked), len(paths), -1)
        change = (by_path[:, 1:] - by_path[:, :1]) / self.found.plan.run.scale
        return np.ascontiguousarray(np.swapaxes(change, 0, 1))

    def baseline(self, paths: range) -> list[UnitResult]:
        """Return the results of the plain future without programmes, a block each."""
        return self._run([Unit(self.found.base, self.block, seed) for seed in self._seeds(paths)])

    def baseline_gaps(self, paths: range) -> FloatArray:
        """Return the gap of the plain future without programmes, shape (R, K, S), mcny a year.

        Means over paths. Units keep no sectors, so it is played here, on the luck of
        :meth:`baseline`.

        Raises
        ------
        Interrupted
        """
        world, means = build_world(self.found.base), []
        for seed in self._seeds(paths):
            run = simulate(
                world, paths=self.block, seed=seed, cancel=self.cancel, has_fund_money=False
            )
            if run.n_paths < self.block:
                raise Interrupted("stopped before the baseline was played")
            gaps = run.fine[..., FINE.index("gap_m")]
            means.append(gaps.mean(axis=(0, 1), dtype=np.float64))
        return np.asarray(np.mean(means, axis=0))

    def _seeds(self, paths: range) -> list[int]:
        assert paths.start % self.block == 0, "paths come in whole blocks"
        assert paths.stop % self.block == 0, "paths come in whole blocks"
        return [self.seed + b for b in range(paths.start // self.block, paths.stop // self.block)]

    def _play(self, scenarios: Sequence[Scenario], paths: range) -> FloatArray:
        """Return measures by scenario and path, shape (n, P, M)."""
        seeds = self._seeds(paths)
        units = [Unit(item, self.block, seed) for item in scenarios for seed in seeds]
        results = self._run(units)
        by_path = np.stack([measures_of(item.by_path) for item in results])
        return by_path.reshape(len(scenarios), len(paths), len(MEASURES))

    def _run(self, units: Sequence[Unit]) -> list[UnitResult]:
        results = run_units(units, root=self.root, engine=self.engine, cancel=self.cancel)
        failed = next((item for item in results if not item.is_ok), None)
        if failed is not None:
            allowed = "programmes that can be played at every split"
            raise InputError("allocation", [Problem("a split", failed.error, allowed)])
        if self.done is not None:
            self.done(len(units))
        return results


def measures_of(by_path: FloatArray) -> FloatArray:
    """Return the measures of paths, shape (P, M), from their headlines, shape (P, H)."""
    closed = [-column(by_path, own) for own in CLOSED.values()]
    return np.column_stack([*closed, by_path])
