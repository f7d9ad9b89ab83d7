"""The units of a batch: every scenario at every seed, cell of the grid and point of the design."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import overload

import numpy as np
import pandas as pd

from finmodel.scenario import Scenario, quantities
from finmodel.scenario.batch_plan import ReadBatch, set_by_plan
from finmodel.scenario.designs import belief_level, design_points, value_at
from finmodel.scenario.walk import with_values
from finmodel.study.parameter_draws import Beliefs
from finmodel.study.units import Unit
from finmodel.world.arrays import FloatArray

MIDDLE = 0.5
CELLS_HELD = 8
"""Cells of the grid whose beliefs are kept ready."""


@dataclass(frozen=True)
class Row:
    """Which unit: numbers of scenario, seed, cell and point; None where it has no such axis."""

    scenario: int
    seed: int
    cell: tuple[float | int, ...]
    point: int | None


class BatchUnits(Sequence[Unit]):
    """The units of a batch in order; each is made when asked for.

    Scenarios come first, then seeds, cells of the grid (the last key fastest) and points. A key
    or belief that a scenario does not have is no axis of it.

    Parameters
    ----------
    found : ReadBatch

    Attributes
    ----------
    rows : list of Row
    """

    def __init__(self, found: ReadBatch) -> None:
        self._found = found
        design = found.plan.design
        self._ranges = list(design.ranges) if design else []
        self._axes = [*self._ranges, *found.belief_names]
        self._points: FloatArray = design_points(design, len(self._axes)) if design else _NO_POINTS
        self._own = [_Own(found, scenario, self._axes) for scenario in found.scenarios]
        self.rows = [
            Row(number, seed, cell, point)
            for number, own in enumerate(self._own)
            for seed in found.plan.run.seeds
            for cell in itertools.product(*(found.plan.grid[key] for key in own.keys))
            for point in (range(len(self._points)) if own.axes else (None,))
        ]
        self._ready = lru_cache(CELLS_HELD)(self._make_ready)
        self._numbers: dict[int, tuple[float, ...]] = {}

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def n_points(self) -> int:
        """Points of the design; 0 without one."""
        return len(self._points)

    @overload
    def __getitem__(self, place: int) -> Unit: ...

    @overload
    def __getitem__(self, place: slice) -> list[Unit]: ...

    def __getitem__(self, place: int | slice) -> Unit | list[Unit]:
        if isinstance(place, slice):
            return [self[i] for i in range(*place.indices(len(self)))]
        row = self.rows[place]
        scenario, beliefs = self._ready(row.scenario, row.cell)
        if row.point is not None:
            scenario = self._at_point(place, scenario, beliefs)
        return Unit(scenario, self._paths_of(row), row.seed)

    def _paths_of(self, row: Row) -> int:
        return self._found.plan.run.paths or self._found.scenarios[row.scenario].run.paths

    def scenario_of(self, place: int) -> Scenario:
        """Return the scenario of a unit as its file has it: regions and stages are the same."""
        return self._found.scenarios[self.rows[place].scenario]

    def baseline_of(self, name: str) -> dict[int, int]:
        """Return the baseline's unit of each unit of another scenario, where there is one.

        Seed, point and every number of the grid that the baseline has must be the same; a
        baseline without the axes of the design has one unit for all points.
        """
        base = [s.meta.name for s in self._found.scenarios].index(name)
        own = self._own[base]

        def key(row: Row) -> tuple[object, ...]:
            cell = dict(zip(self._own[row.scenario].keys, row.cell, strict=True))
            point = row.point if own.axes else None
            return row.seed, point, *(cell.get(axis) for axis in own.keys)

        place = {key(row): i for i, row in enumerate(self.rows) if row.scenario == base}
        found = {i: place.get(key(row)) for i, row in enumerate(self.rows) if row.scenario != base}
        return {i: at for i, at in found.items() if at is not None}

    def _make_ready(
        self, number: int, cell: tuple[float | int, ...]
    ) -> tuple[Scenario, Beliefs | None]:
        """Return a scenario in a cell of the grid, and its beliefs if the design moves any."""
        scenario, own = self._found.scenarios[number], self._own[number]
        numbers = dict(quantities(scenario))
        ranged = {axis: numbers[axis].centre for axis in own.axes if axis in self._ranges}
        made = set_by_plan(scenario, ranged | dict(zip(own.keys, cell, strict=True)))
        has_beliefs = any(axis not in self._ranges for axis in own.axes)
        return made, Beliefs(made) if has_beliefs else None

    def _at_point(self, place: int, scenario: Scenario, beliefs: Beliefs | None) -> Scenario:
        row = self.rows[place]
        values = self.values(row)
        ranged = {key: values[key] for key in self._ranges if key in values}
        if beliefs is not None:
            levels = dict.fromkeys(beliefs.names, MIDDLE)
            scenario, numbers = beliefs.at(levels | self._levels(row))
            nan = float("nan")
            own = tuple(numbers.get(name, nan) for name in self._found.belief_names)
            self._numbers[place] = own
        return with_values(scenario, ranged) if ranged else scenario

    def _levels(self, row: Row) -> dict[str, float]:
        """Return the levels in (0, 1) of the beliefs that the design moves."""
        design, own = self._found.plan.design, self._own[row.scenario]
        assert design is not None
        assert row.point is not None
        return {
            axis: belief_level(float(self._points[row.point, i]), design)
            for i, axis in enumerate(self._axes)
            if axis in own.axes and axis not in self._ranges
        }

    def values(self, row: Row) -> dict[str, float]:
        """Return the numbers of the grid and of ranges of a unit, and the levels of its beliefs."""
        own, design = self._own[row.scenario], self._found.plan.design
        values: dict[str, float] = dict(zip(own.keys, row.cell, strict=True))
        if row.point is None or design is None:
            return values
        for i, axis in enumerate(self._axes):
            if axis in own.axes and axis in self._ranges:
                level = float(self._points[row.point, i])
                values[axis] = value_at(design.ranges[axis], level)
        return values | self._levels(row)

    def table(self) -> pd.DataFrame:
        """Return one row a unit: what it is, and where it stands on every axis.

        Returns
        -------
        DataFrame
            `unit`, `scenario`, `seed`, `paths`, `scale` of the market, `point` of the design, and
            a column a key of the grid, a range and a belief by its dotted name; of a belief the
            number the unit has, not its level. NaN where a scenario has no such axis.
        """
        frame = pd.DataFrame(
            {
                "unit": np.arange(len(self)),
                "scenario": [self._found.scenarios[row.scenario].meta.name for row in self.rows],
                "seed": [row.seed for row in self.rows],
                "paths": [self._paths_of(row) for row in self.rows],
                "scale": [self._found.scenarios[row.scenario].run.scale for row in self.rows],
                "point": pd.array([row.point for row in self.rows], dtype="Int64"),
            }
        )
        numbers = [*self._found.plan.grid, *self._ranges]
        shown = [self.values(row) for row in self.rows]
        for name in numbers:
            frame[name] = [float(values.get(name, np.nan)) for values in shown]
        for name, column in self._drawn().items():
            frame[name] = column
        return frame

    def _drawn(self) -> dict[str, list[float]]:
        """Return the numbers that units have of the beliefs the design moves."""
        names = self._found.belief_names
        columns: dict[str, list[float]] = {name: [] for name in names}
        for place, row in enumerate(self.rows if names else ()):
            has = set(self._own[row.scenario].axes)
            if has and place not in self._numbers:
                _ = self[place]
            numbers = self._numbers.get(place, (float("nan"),) * len(names))
            for name, value in zip(names, numbers, strict=True):
                columns[name].append(value if name in has else float("nan"))
        return columns


_NO_POINTS: FloatArray = np.zeros((0, 0))


class _Own:
    """The axes a scenario has."""

    def __init__(self, found: ReadBatch, scenario: Scenario, axes: Sequence[str]) -> None:
        numbers = dict(quantities(scenario))
        ranges = found.plan.design.ranges if found.plan.design else {}
        self.keys = [key for key in found.plan.grid if key in numbers]
        self.axes = [
            axis
            for axis in axes
            if axis in numbers and (axis in ranges or numbers[axis].is_uncertain)
        ]
