"""Forecasts of a back-test: the firms each is about, what they did, and draws of the fit."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from finmodel.calibrate.round_table import DAYS_PER_QUARTER
from finmodel.calibrate.spells import GRADUATED, Spells
from finmodel.evaluate.backtest import draw_events, effects, incidence, interval
from finmodel.study.backtest_fit import BacktestPlan, Fitted, log_hazard, start_year
from finmodel.world.arrays import FloatArray

MONTHS_PER_QUARTER = 3
NEW, LATER = "new", "later life"


class Cell(NamedTuple):
    """Firms that a forecast is about."""

    kind: str
    stage: str
    cohort: int
    months: int
    sector: str
    groups: Counter[tuple[str, int]]
    observed: float


def cells_of(
    spells: Spells, sector: NDArray[np.object_], plan: BacktestPlan, stages: Collection[str]
) -> list[Cell]:
    """Return what happened, of one completed book, at stages with a hazard."""
    cutoff = int(np.datetime64(plan.cutoff, "D").astype(np.int64))
    year, own = start_year(spells), sector[spells.firm]
    age = np.maximum(0.0, (cutoff - spells.start) / DAYS_PER_QUARTER)
    is_new = np.isin(year, plan.new_cohorts)
    is_old = np.isin(year, plan.old_cohorts) & (spells.end > age)
    cells = []
    for months in plan.months:
        width = months / MONTHS_PER_QUARTER
        for kind, member in ((NEW, is_new), (LATER, is_old)):
            since = np.zeros(len(spells)) if kind == NEW else age
            seen = member & (spells.horizon >= since + width)
            done = (spells.event == GRADUATED) & (spells.end <= since + width)
            start = np.floor(since).astype(np.int64)
            for code, stage in enumerate(spells.stages):
                if stage not in stages:
                    continue
                for cohort in plan.new_cohorts if kind == NEW else plan.old_cohorts:
                    chosen = seen & (spells.stage == code) & (year == cohort)
                    for name in ("all", *np.unique(own[chosen])):
                        rows = chosen if name == "all" else chosen & (own == name)
                        if rows.any():
                            groups = Counter(zip(own[rows], start[rows].tolist(), strict=True))
                            head = (kind, stage, cohort, months, str(name))
                            cells.append(Cell(*head, groups, float(done[rows].mean())))
    return cells


class Forecaster:
    """Draws of what a fit says of a cell.

    Parameters
    ----------
    fitted : Fitted
    plan : BacktestPlan
    rng : Generator
    """

    def __init__(self, fitted: Fitted, plan: BacktestPlan, rng: np.random.Generator) -> None:
        self._fitted, self._plan, self._rng = fitted, plan, rng
        n = plan.draws
        grow, leave = fitted.graduate, fitted.leave
        self._grow = rng.multivariate_normal(grow.params, grow.covariance, n, method="eigh")
        self._leave = (
            None
            if leave is None
            else rng.multivariate_normal(leave.params, leave.covariance, n, method="eigh")
        )
        self._effect: dict[tuple[str, str, int], FloatArray] = {}

    def row(self, cells: Sequence[Cell]) -> dict[str, object]:
        """Return the forecast of a cell beside what happened, the mean over completed books."""
        first = cells[0]
        key = (first.kind, first.stage, first.cohort)
        if key not in self._effect:
            self._effect[key] = effects(self._fitted.spread, self._plan.draws, self._rng)
        with_, without = (
            np.concatenate([self._shares(cell, effect) for cell in cells])
            for effect in (self._effect[key], np.zeros(self._plan.draws))
        )
        middle, low, high = interval(with_)
        _, low_without, high_without = interval(without)
        observed = np.array([cell.observed for cell in cells])
        firms = np.mean([sum(cell.groups.values()) for cell in cells])
        return {
            "kind": first.kind,
            "stage": first.stage,
            "cohort": first.cohort,
            "horizon": first.months,
            "sector": first.sector,
            "firms": float(firms),
            "observed": float(observed.mean()),
            "forecast": middle,
            "low": low,
            "high": high,
            "low_without": low_without,
            "high_without": high_without,
            "is_inside": float(((observed >= low) & (observed <= high)).mean()),
            "is_inside_without": float(
                ((observed >= low_without) & (observed <= high_without)).mean()
            ),
            "error": float(observed.mean() - middle),
        }

    def _shares(self, cell: Cell, effect: FloatArray) -> FloatArray:
        """Return draws of the share of firms of a cell with an event, shape (D,)."""
        groups = list(cell.groups.items())
        n = np.array([count for _, count in groups], np.int64)
        width = cell.months // MONTHS_PER_QUARTER
        chance = np.empty((self._plan.draws, len(groups)))
        for place, ((sector, start), _) in enumerate(groups):
            chance[:, place] = self._chance(cell.stage, sector, start, width, effect)
        return np.asarray(draw_events(chance, n, self._rng) / n.sum(), np.float64)

    def _chance(
        self, stage: str, sector: str, start: int, width: int, effect: FloatArray
    ) -> FloatArray:
        last = start + width
        grow = log_hazard(self._fitted.graduate, self._grow, stage, sector, last)
        hazard = np.exp(grow[:, start:] + effect[:, None])
        gone = np.zeros_like(hazard)
        if self._fitted.leave is not None and self._leave is not None:
            eta = log_hazard(self._fitted.leave, self._leave, stage, sector, last)
            gone = np.exp(eta[:, start:])
        return incidence(hazard, gone)[:, -1]
