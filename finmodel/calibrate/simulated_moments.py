"""What records of a simulated market show: the statistics that a file is held against.

The same estimators as on a file, on the same luck at every call, so that a change of a number
moves them smoothly.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from finmodel.calibrate.round_table import round_table
from finmodel.calibrate.simulated_deals import simulated_book
from finmodel.calibrate.spells import make_spells
from finmodel.calibrate.survival import Curve, graduation_curve
from finmodel.errors import Interrupted
from finmodel.market.run import simulate
from finmodel.scenario import load_scenario
from finmodel.units import QUARTERS_PER_YEAR
from finmodel.world import build_world
from finmodel.world.arrays import FloatArray, IntArray

MIN_SPELLS = 30
"""Simulated spells a stage needs for a curve."""


@dataclass(frozen=True)
class Setting:
    """How a market is simulated for matching.

    Attributes
    ----------
    base : Path
        Scenario file whose numbers are changed.
    paths : int
    scale : float
        `run.scale`: births and capital together, a part of the market with the same curves.
    seed : int
    burn_in_years : float
        Years at the start whose first rounds are left out, as the market starts empty.
    """

    base: Path
    paths: int
    scale: float
    seed: int
    burn_in_years: float


@dataclass(frozen=True)
class SimulatedMoments:
    """Statistics of one simulated market.

    Attributes
    ----------
    curves : dict of Curve
        Graduation by stage.
    mean_log_size : dict of float
        Of first rounds at a stage, ln mcny.
    log_size_sd : float
        Spread within stages and sectors.
    """

    curves: dict[str, Curve]
    mean_log_size: dict[str, float]
    log_size_sd: float


def simulated_moments(
    setting: Setting,
    overrides: Sequence[str],
    months: Sequence[float],
    *,
    cancel: threading.Event | None = None,
) -> SimulatedMoments:
    """Simulate the base with changed numbers and return its statistics.

    Raises
    ------
    Interrupted
        If cancelled.
    """
    changes = [*overrides, f"run.scale={setting.scale!r}"]
    world = build_world(load_scenario(setting.base, changes))
    run = simulate(
        world,
        paths=setting.paths,
        seed=setting.seed,
        cancel=cancel,
        detailed=setting.paths,
        has_fund_money=False,
    )
    if cancel is not None and cancel.is_set():
        raise Interrupted("calibration stopped; nothing is written")
    book = simulated_book(run, first_quarter=round(setting.burn_in_years * QUARTERS_PER_YEAR))
    table = round_table(book, world.stages)
    spells = make_spells(table, table.stage, book.exits)
    curves, sizes = {}, {}
    is_start = (table.order == 0) | (table.stage > np.roll(table.stage, 1))
    for code, name in enumerate(world.stages):
        own = spells.where(spells.stage == code)
        if len(own) >= MIN_SPELLS:
            curves[name] = graduation_curve(own, months)
        amounts = table.log_amount[is_start & (table.stage == code)]
        if len(amounts):
            sizes[name] = float(amounts.mean())
    sectors = pd.factorize(table.firms["sector"])[0][table.firm]
    spread = _spread(table.log_amount[is_start], table.stage[is_start], sectors[is_start])
    return SimulatedMoments(curves, sizes, spread)


def _spread(amount: FloatArray, stage: IntArray, sector: IntArray) -> float:
    """Return the standard deviation within cells of stage and sector, both by number."""
    cell = stage * (int(sector.max(initial=0)) + 1) + sector
    count = np.maximum(1.0, np.bincount(cell))
    mean = np.bincount(cell, weights=amount) / count
    return float((amount - mean[cell]).std())
