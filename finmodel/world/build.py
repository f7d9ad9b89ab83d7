"""From a scenario to the arrays the market runs on."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from finmodel import datasets
from finmodel.scenario import Quantity, Scenario, fix_beliefs
from finmodel.units import QUARTERS_PER_YEAR, rate_per_quarter
from finmodel.world.arrays import (
    ROUTES,
    RULES_ROW,
    STAGE_ROW,
    TESTS,
    Calendar,
    FloatArray,
    Table,
    WorldArrays,
)
from finmodel.world.funds import fund_table
from finmodel.world.identity import cell_keys
from finmodel.world.viability import hurdles


@dataclass(frozen=True)
class World:
    """A scenario made concrete: names of the axes and arrays in their order.

    Attributes
    ----------
    scenario : Scenario
        Without beliefs: each number is one value.
    regions, stages, sectors, fund_types : tuple of str
        Names in the order of the arrays.
    is_hard_tech : ndarray of bool, shape (S,)
    arrays : WorldArrays
        Read-only.
    """

    scenario: Scenario
    regions: tuple[str, ...]
    stages: tuple[str, ...]
    sectors: tuple[str, ...]
    fund_types: tuple[str, ...]
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
        If two region-sector pairs share an identity.
    """
    fixed = fix_beliefs(scenario, lambda _: 0.5)
    rules = _rules(fixed)
    stages = _stage_table(fixed)
    tests = fixed.viability
    hurdle = hurdles(
        stages,
        rules[0],
        market_rate_pa=tests.market_rate_pa.centre,
        social_rate_pa=tests.social_rate_pa.centre,
        margin=tests.margin.centre,
    )
    for test, name in enumerate(TESTS):
        stages[f"hurdle_{name}"] = hurdle[test]
    funds, reach, guide = fund_table(fixed, region_shares(fixed, fixed.capital.region_index))
    arrays = WorldArrays(
        calendar=_calendar(fixed),
        birth_rate_pp=_birth_rates(fixed),
        cell_key=cell_keys(fixed.geography.regions, tuple(fixed.sectors)),
        entry_cdf=np.cumsum(
            _normalised([fixed.stages[k].entry_share.centre for k in fixed.stage_names])
        ),
        stages=stages,
        funds=funds,
        reach=reach,
        guide=guide,
        rules=rules,
    )
    _freeze(arrays)
    return World(
        scenario=fixed,
        regions=fixed.geography.regions,
        stages=fixed.stage_names,
        sectors=tuple(fixed.sectors),
        fund_types=tuple(fixed.funds),
        is_hard_tech=np.array([sector.is_hard_tech for sector in fixed.sectors.values()]),
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


def _birth_rates(scenario: Scenario) -> FloatArray:
    sector_share = _normalised([item.birth_share.centre for item in scenario.sectors.values()])
    total_pp = scenario.births.total_pa.centre * scenario.run.scale / QUARTERS_PER_YEAR
    shares = region_shares(scenario, scenario.births.region_index)
    return total_pp * shares[:, None] * sector_share[None, :]


def _stage_table(scenario: Scenario) -> Table:
    """Return the stage table without its hurdles."""
    stages = [scenario.stages[name] for name in scenario.stage_names]
    sectors = list(scenario.sectors.values())

    def by_stage(field: str) -> FloatArray:
        return np.array([[getattr(stage, field).centre] for stage in stages])

    def by_sector(field: str) -> FloatArray:
        return np.array([getattr(sector, field).centre for sector in sectors])

    table = np.zeros((len(stages), len(sectors)), STAGE_ROW)
    ask = by_stage("ask_median_mcny") * by_sector("ask_multiple")
    table["ask"] = ask
    table["burn_pp"] = ask / by_stage("runway_quarters")
    per_quarter = rate_per_quarter(1.0)
    milestone = by_stage("milestone_rate_pa") * by_sector("milestone_multiple")
    table["milestone_pp"] = per_quarter * milestone
    table["failure_pp"] = per_quarter * by_stage("failure_rate_pa") * by_sector("failure_multiple")
    table["dilution"] = by_stage("dilution")
    table["bridge_share"] = by_stage("bridge_share")
    table["refusal_u"] = [[_accepted_share(scenario, stage.dilution.centre)] for stage in stages]
    post_money = ask / by_stage("dilution") * by_sector("value_multiple")
    for route in ROUTES:
        table[f"{route}_pp"] = per_quarter * by_stage(f"{route}_rate_pa")
        multiple = getattr(scenario.exits, f"{route}_value_multiple").centre
        table[f"{route}_value"] = post_money * multiple
    return table


def _accepted_share(scenario: Scenario, dilution: float) -> float:
    """Return the chance that founders accept the price of a quarter.

    The dilution offered is lognormal around the stage's; above the largest that founders
    bear they refuse.
    """
    spread = scenario.firms.dilution_log_sd.centre
    room = math.log(scenario.firms.max_dilution.centre / dilution)
    if spread <= 0.0:
        return 1.0 if room >= 0.0 else 0.0
    return NormalDist().cdf(room / spread)


def _rules(scenario: Scenario) -> Table:
    """Return the scalars of behaviour as a table of one row."""
    firms, market, capital = scenario.firms, scenario.market, scenario.capital
    noise, spread = market.signal_noise_sd.centre, firms.quality_sd.centre
    persistence, cycle_sd = capital.cycle_persistence_pp.centre, capital.cycle_log_sd.centre
    total_variance = spread**2 + noise**2
    row = {
        **{name: getattr(firms, name).centre for name in type(firms).model_fields},
        **{name: getattr(market, name).centre for name in type(market).model_fields},
        "closure_pp": 1.0 / firms.patience_quarters.centre,
        "exit_log_sd": scenario.exits.value_log_sd.centre,
        "n_meetings": round(market.meetings_pp.centre),
        "signal_weight": spread**2 / total_variance if total_variance > 0 else 1.0,
        "success_memory": -math.expm1(-market.success_memory_pa.centre / QUARTERS_PER_YEAR),
        "cycle_persistence": persistence,
        "cycle_shock_sd": cycle_sd * math.sqrt(1.0 - persistence**2),
        "cycle_log_sd": cycle_sd,
        "carry_quarters": capital.carry_quarters.centre,
    }
    table = np.zeros(1, RULES_ROW)
    for name in RULES_ROW.names or ():
        table[name] = row[name]
    return table


def _freeze(node: object) -> None:
    """Make every array under a tuple of arrays read-only."""
    if isinstance(node, np.ndarray):
        node.setflags(write=False)
    elif isinstance(node, tuple):
        for item in node:
            _freeze(item)
