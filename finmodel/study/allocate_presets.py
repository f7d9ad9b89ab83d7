"""Splits that a search starts from and is compared with, and the limits they must keep to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from finmodel import datasets
from finmodel.allocate.splits import Group, SplitSet
from finmodel.errors import DataError
from finmodel.measure.headlines import CELLS
from finmodel.scenario.allocation_plan import UNSPENT, ReadAllocation
from finmodel.study.units import UnitResult
from finmodel.units import QUARTERS_PER_YEAR
from finmodel.world.arrays import FloatArray
from finmodel.world.sector_mandates import sector_pulls

GDP = "gdp"


@dataclass(frozen=True)
class Preset:
    """A split of a rule of thumb.

    Attributes
    ----------
    name : str
        ``equal``, ``gdp``, ``gap_weighted`` or ``current``.
    split : ndarray of shape (D,)
        The nearest allowed one.
    is_moved : bool
        Whether the rule itself breaks a limit.
    """

    name: str
    split: FloatArray
    is_moved: bool


def allowed_splits(found: ReadAllocation) -> SplitSet:
    """Return the splits within the limits of a plan.

    Raises
    ------
    InputError
        If there is none.
    """
    n = len(found.cell_names)
    low, high, groups = np.zeros(n), np.ones(n), []
    if found.has_unspent:
        high[-1] = 1.0 - found.plan.least_spent.centre
    for name, limit in found.plan.limits.items():
        members = np.array(found.members(limit))
        if limit.each:
            low = np.where(members, np.maximum(low, limit.low.centre), low)
            high = np.where(members, np.minimum(high, limit.high.centre), high)
        else:
            groups.append(Group(name, members, limit.low.centre, limit.high.centre))
    return SplitSet(found.cell_names, low, high, tuple(groups))


def presets(
    found: ReadAllocation,
    allowed: SplitSet,
    baseline: Sequence[UnitResult],
    by_sector: FloatArray | None = None,
) -> list[Preset]:
    """Return the rules of thumb that the data allow, each moved to the nearest allowed split.

    Parameters
    ----------
    found : ReadAllocation
    allowed : SplitSet
    baseline : sequence of UnitResult
        Without programmes.
    by_sector : ndarray of shape (R, K, S), optional
        Gap of the baseline in money, million CNY a year; needed if :func:`has_sectors`.
    """
    rules = {"equal": np.ones(len(found.cells))}
    gdp = _gdp(found)
    if gdp is not None:
        rules[GDP] = gdp
    rules["gap_weighted"] = _gap(found, baseline, by_sector)
    if found.plan.current:
        rules["current"] = _current(found)
    made = []
    for name, weights in rules.items():
        if weights.sum() <= 0.0:
            continue
        plain = weights / weights.sum()
        split = np.append(plain, 0.0) if found.has_unspent else plain
        is_kept = bool(allowed.contains(split))
        made.append(Preset(name, split if is_kept else allowed.nearest(split), not is_kept))
    return made


def vehicles(found: ReadAllocation, split: FloatArray) -> FloatArray:
    """Return how many vehicles each cell's money is enough for, in the market of the run.

    Money over all quarters by the mean public part of a vehicle; NaN for grants and guarantees,
    which have none. Below a few, whether there is one at all decides what the cell does.
    """
    scale, counts = found.plan.run.scale, []
    for cell, share in zip(found.cells, split, strict=False):
        programme = found.programmes[cell.programme]
        years = programme.quarters.centre / QUARTERS_PER_YEAR
        money = share * found.plan.budget_mcny_pa.centre * years * scale
        each = programme.state_share.centre * programme.fund_size_mcny.centre
        has_vehicles = programme.vehicle not in ("grant", "guarantee")
        counts.append(money / each if has_vehicles else np.nan)
    return np.array([*counts, np.nan] if found.cell_names[-1] == UNSPENT else counts)


def _gdp(found: ReadAllocation) -> FloatArray | None:
    """Return GDP of the year before the first reported one; None if unknown.

    Slots and sectors of a region have as much each.
    """
    year = found.base.run.start_year - 1
    codes = {str(iso): code for code, iso in datasets.provinces()["iso"].items()}
    try:
        values = datasets.province_indicator(GDP, year).to_dict()
        by_region = {region: float(values[codes[region]]) for region in found.plan.regions}
    except (DataError, KeyError):
        return None
    return np.array([by_region[cell.region] for cell in found.cells])


def has_sectors(found: ReadAllocation) -> bool:
    """Return whether some programme of a plan has a mandate over sectors."""
    return any(item.sector_mandate for item in found.programmes.values())


def _gap(
    found: ReadAllocation, baseline: Sequence[UnitResult], by_sector: FloatArray | None
) -> FloatArray:
    """Return the baseline's gap in money, of what several programmes look for a part each."""
    looks = _looks(found)
    if by_sector is None:
        cells = np.mean([item.cells[:, :, CELLS.index("gap_mcny")] for item in baseline], axis=0)
    else:
        cells = by_sector.reshape(len(by_sector), -1)
        looks = (looks[:, :, None] * _open_sectors(found)[:, None, :]).reshape(len(looks), -1)
    total = looks.sum(axis=0)
    part = np.divide(looks, total, out=np.zeros_like(looks), where=total > 0.0)
    regions = found.base.geography.regions
    place = {name: n for n, name in enumerate(found.programmes)}
    return np.array(
        [cells[regions.index(cell.region)] @ part[place[cell.programme]] for cell in found.cells]
    )


def _looks(found: ReadAllocation) -> FloatArray:
    """Return the weight of each stage in the programmes' mandates, shape (G, K), sum one."""
    stages = found.base.stage_names
    looks = np.array(
        [
            [item.mandate[k].centre if k in item.mandate else 0.0 for k in stages]
            for item in found.programmes.values()
        ]
    )
    return np.asarray(looks / looks.sum(axis=1, keepdims=True))


def _open_sectors(found: ReadAllocation) -> FloatArray:
    """Return the weight of each sector in the programmes' targets, shape (G, S).

    Hard technology, of the sectors of the mandate if there is one; general ones if it names no
    other.
    """
    pulls = sector_pulls(found.whole)
    is_hard = np.array([item.is_hard_tech for item in found.base.sectors.values()])
    has_hard = np.any(pulls[:, is_hard] > 0.0, axis=1, keepdims=True)
    return np.where(has_hard & ~is_hard, 0.0, pulls)


def _current(found: ReadAllocation) -> FloatArray:
    """Return today's split: a share of a region or a sector is spread evenly over its cells."""
    given, weights = found.plan.current, []
    for name, cell in zip(found.cell_names, found.cells, strict=False):
        own = given[name].centre if name in given else 0.0
        for axis, key in (("region", cell.region), ("sector", cell.sector)):
            if key in given and key != name:
                n = sum(getattr(other, axis) == key for other in found.cells)
                own += given[key].centre / n
        weights.append(own)
    return np.array(weights)
