"""From a scenario to the arrays the market runs on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from finmodel import datasets
from finmodel.scenario import Quantity, Scenario, fix_beliefs
from finmodel.units import QUARTERS_PER_YEAR
from finmodel.world.arrays import Calendar, FloatArray, WorldArrays
from finmodel.world.identity import name_key, pair_keys
from finmodel.world.investors import (
    fund_rates,
    intermediary_factors,
    lp_tables,
    mandates,
    nearness,
    sight_table,
    stress_table,
    type_table,
)
from finmodel.world.levers import better_met, more_births, nearer
from finmodel.world.programmes import (
    Vehicles,
    add_vehicles,
    loss_chances,
    loss_classes,
    private_supply,
    programme_table,
)
from finmodel.world.rules import rules_table
from finmodel.world.sector_mandates import focus_table, sector_pulls, specialise
from finmodel.world.stages import stage_tables


@dataclass(frozen=True)
class World:
    """A scenario made concrete: names of the axes and arrays in their order.

    Attributes
    ----------
    scenario : Scenario
        Without beliefs: each number is one value.
    regions, stages, sectors, fund_types, lps, programmes : tuple of str
        Names in the order of the arrays. Vehicles of programmes are fund types behind the
        ordinary ones, their public money classes of LPs.
    is_hard_tech : ndarray of bool, shape (S,)
    arrays : WorldArrays
        Read-only.
    """

    scenario: Scenario
    regions: tuple[str, ...]
    stages: tuple[str, ...]
    sectors: tuple[str, ...]
    fund_types: tuple[str, ...]
    lps: tuple[str, ...]
    programmes: tuple[str, ...]
    is_hard_tech: np.ndarray[tuple[int], np.dtype[np.bool_]]
    arrays: WorldArrays

    @property
    def years(self) -> tuple[int, ...]:
        """Reported calendar years."""
        run = self.scenario.run
        return tuple(range(run.start_year, run.start_year + run.years))


def build_world(scenario: Scenario) -> World:
    """Build the world of a scenario; beliefs are taken at their median.

    Parameters
    ----------
    scenario : Scenario

    Returns
    -------
    World

    Raises
    ------
    ScenarioError
        If two named entities share an identity.
    """
    fixed = fix_beliefs(scenario, lambda _: 0.5)
    regions, sectors, types = fixed.geography.regions, tuple(fixed.sectors), tuple(fixed.funds)
    calendar, rules = _calendar(fixed), rules_table(fixed)
    stages, score, group = stage_tables(fixed, rules[0])
    meeting_factor, noise_factor = better_met(fixed, *intermediary_factors(fixed))
    vehicles = add_vehicles(
        fixed,
        Vehicles(
            type_table(fixed),
            mandates(fixed),
            nearer(fixed, nearness(fixed)),
            sight_table(fixed, noise_factor),
            *lp_tables(fixed, calendar),
        ),
    )
    rates = fund_rates(fixed, region_shares(fixed, fixed.capital.region_index))
    programmes, programme_budget_pp, programme_key = programme_table(fixed, calendar)
    sector_pull = sector_pulls(fixed)
    specialise(vehicles.types, sector_pull)
    loss_class, class_tolerance = loss_classes(fixed)
    private_lp, private_supply_pp = private_supply(fixed, rates)
    is_hard_tech = np.array([sector.is_hard_tech for sector in fixed.sectors.values()])
    sector_share = _normalised([item.birth_share.centre for item in fixed.sectors.values()])
    entry_share = [fixed.stages[k].entry_share.centre for k in fixed.stage_names]
    arrays = WorldArrays(
        calendar=calendar,
        birth_rate_pp=more_births(fixed, _birth_rates(fixed, sector_share)),
        cell_key=pair_keys(regions, sectors),
        entry_cdf=np.cumsum(_normalised(entry_share)),
        stages=stages,
        score=score,
        score_group=group,
        is_hard_tech=is_hard_tech,
        focus_cdf=focus_table(sector_share, len(types), sector_pull),
        sector_key=np.array([name_key(f"sector:{name}") for name in sectors], np.uint64),
        fund_rate_pp=rates,
        fund_key=pair_keys(regions, tuple(f"fund:{name}" for name in types)),
        types=vehicles.types,
        mandate=vehicles.mandate,
        nearness=vehicles.nearness,
        lps=vehicles.lps,
        lp_mix=vehicles.lp_mix,
        lp_stress=vehicles.lp_stress,
        stress=stress_table(fixed, calendar),
        meeting_factor=meeting_factor,
        sight=vehicles.sight,
        rules=rules,
        programmes=programmes,
        programme_budget_pp=programme_budget_pp,
        programme_key=programme_key,
        sector_pull=sector_pull,
        loss_class=loss_class,
        class_tolerance=class_tolerance,
        private_lp=private_lp,
        private_supply_pp=private_supply_pp,
        loss_chance=loss_chances(stages, group, rules[0]),
    )
    _freeze(arrays)
    return World(
        scenario=fixed,
        regions=regions,
        stages=fixed.stage_names,
        sectors=sectors,
        fund_types=(*types, *fixed.programmes),
        lps=(*fixed.lps, *(f"programme:{name}" for name in fixed.programmes)),
        programmes=tuple(fixed.programmes),
        is_hard_tech=is_hard_tech,
        arrays=arrays,
    )


def region_shares(scenario: Scenario, index: Mapping[str, Quantity]) -> FloatArray:
    """Return the share of each region: given outright, or by weighted data indicators.

    With indicators, each is first normalised over the scenario's regions, then the
    weights of the index mix them.

    Returns
    -------
    ndarray of shape (R,), summing to 1
    """
    regions = scenario.geography.regions
    if set(regions) & set(index):
        shares = np.array([index[region].centre for region in regions])
    else:
        table = datasets.provinces()
        code_of = {iso: code for code, iso in table["iso"].items()}
        codes = [code_of[region] for region in regions]
        shares = np.zeros(len(regions))
        for key, weight in index.items():
            name, _, year = key.partition(":")
            values = datasets.province_indicator(name, int(year)).reindex(codes).to_numpy(float)
            shares += weight.centre * values / values.sum()
    result: FloatArray = shares / shares.sum()
    return result


def _normalised(values: list[float]) -> FloatArray:
    array = np.array(values, np.float64)
    result: FloatArray = array / array.sum()
    return result


def _calendar(scenario: Scenario) -> Calendar:
    run = scenario.run
    first = run.warm_up_years * QUARTERS_PER_YEAR
    return Calendar(first + run.years * QUARTERS_PER_YEAR, first, run.years)


def _birth_rates(scenario: Scenario, sector_share: FloatArray) -> FloatArray:
    total_pp = scenario.births.total_pa.centre * scenario.run.scale / QUARTERS_PER_YEAR
    shares = region_shares(scenario, scenario.births.region_index)
    return total_pp * shares[:, None] * sector_share[None, :]


def _freeze(node: object) -> None:
    """Make every array under a tuple of arrays read-only."""
    if isinstance(node, np.ndarray):
        node.setflags(write=False)
    elif isinstance(node, tuple):
        for item in node:
            _freeze(item)
