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
        members = np.array(found.members(limit.regions, limit.slots))
        if limit.each:
            low = np.where(members, np.maximum(low, limit.low.centre), low)
            high = np.where(members, np.minimum(high, limit.high.centre), high)
        else:
            groups.append(Group(name, members, limit.low.centre, limit.high.centre))
    return SplitSet(found.cell_names, low, high, tuple(groups))


def presets(
    found: ReadAllocation, allowed: SplitSet, baseline: Sequence[UnitResult]
) -> list[Preset]:
    """Return the rules of thumb that the data allow, each moved to the nearest allowed split."""
    rules = {"equal": np.ones(len(found.cells))}
    gdp = _gdp(found)
    if gdp is not None:
        rules[GDP] = gdp
    rules["gap_weighted"] = _gap(found, baseline)
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
    for (slot, _), share in zip(found.cells, split, strict=False):
        programme = found.slots[slot]
        years = programme.quarters.centre / QUARTERS_PER_YEAR
        money = share * found.plan.budget_mcny_pa.centre * years * scale
        each = programme.state_share.centre * programme.fund_size_mcny.centre
        has_vehicles = programme.vehicle not in ("grant", "guarantee")
        counts.append(money / each if has_vehicles else np.nan)
    return np.array([*counts, np.nan] if found.cell_names[-1] == UNSPENT else counts)


def _gdp(found: ReadAllocation) -> FloatArray | None:
    """Return GDP of the year before the first reported one, equal over slots; None if unknown."""
    year = found.base.run.start_year - 1
    codes = {str(iso): code for code, iso in datasets.provinces()["iso"].items()}
    try:
        values = datasets.province_indicator(GDP, year).to_dict()
        by_region = {region: float(values[codes[region]]) for region in found.plan.regions}
    except (DataError, KeyError):
        return None
    return np.array([by_region[region] for _, region in found.cells])


def _gap(found: ReadAllocation, baseline: Sequence[UnitResult]) -> FloatArray:
    """Return the baseline's gap in money, of each stage in proportion to slots' mandates."""
    cells = np.mean([item.cells[:, :, CELLS.index("gap_mcny")] for item in baseline], axis=0)
    stages = found.base.stage_names
    looks = np.array(
        [
            [slot.mandate[k].centre if k in slot.mandate else 0.0 for k in stages]
            for slot in found.slots.values()
        ]
    )
    looks = looks / looks.sum(axis=1, keepdims=True)
    total = looks.sum(axis=0)
    part = np.divide(looks, total, out=np.zeros_like(looks), where=total > 0.0)
    regions = found.base.geography.regions
    place = {slot: n for n, slot in enumerate(found.slots)}
    return np.array(
        [cells[regions.index(region)] @ part[place[slot]] for slot, region in found.cells]
    )


def _current(found: ReadAllocation) -> FloatArray:
    given, n_slots = found.plan.current, len(found.slots)
    weights = []
    for name, (_, region) in zip(found.cell_names, found.cells, strict=False):
        own = given[name].centre if name in given else 0.0
        shared = given[region].centre / n_slots if region in given and region != name else 0.0
        weights.append(own + shared)
    return np.array(weights)
