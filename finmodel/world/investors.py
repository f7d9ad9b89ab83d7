"""Investors as arrays: fund types, their LPs, stress, and friction between regions."""

from __future__ import annotations

import numpy as np

from finmodel import datasets
from finmodel.scenario import Scenario
from finmodel.scenario.market_consistency import in_quarters, lifetime_fee_share
from finmodel.units import QUARTERS_PER_YEAR, discount_per_quarter
from finmodel.world.arrays import LP_ROW, STRESS_ROW, TYPE_ROW, Calendar, FloatArray, Table
from finmodel.world.levers import away_noise, by_region
from finmodel.world.rules import log_mean

SAME_NAME = (
    "size_log_sd",
    "fee_pa",
    "reserve_share",
    "ticket_share",
    "concentration_share",
    "follow_multiple",
    "carry_share",
    "catch_up_share",
    "clawback_share",
    "away_noise_multiple",
    "support",
    "strings",
    "hard_tech_weight",
    "specialist_share",
)


def type_table(scenario: Scenario) -> Table:
    """Return the fund types of a scenario, shape (T,)."""
    table = np.zeros(len(scenario.funds), TYPE_ROW)
    for row, fund in zip(table, scenario.funds.values(), strict=True):
        row["size"] = fund.size_mcny.centre
        row["investment_quarters"] = in_quarters(fund.investment_years)
        row["term_quarters"] = in_quarters(fund.term_years)
        row["fee_after_pa"] = fund.fee_pa.centre * fund.fee_after_share.centre
        row["hurdle_growth"] = 1.0 / discount_per_quarter(fund.hurdle_pa.centre)
        row["fee_life"] = lifetime_fee_share(fund)
        for name in SAME_NAME:
            row[name] = getattr(fund, name).centre
    return table


def fund_rates(scenario: Scenario, region_share: FloatArray) -> FloatArray:
    """Return funds raised a quarter, shape (R, T): commitments over the mean size."""
    total = scenario.capital.total_mcny_pa.centre * scenario.run.scale / QUARTERS_PER_YEAR
    per_fund = [
        fund.capital_share.centre / fund.size_mcny.centre for fund in scenario.funds.values()
    ]
    result: FloatArray = total * region_share[:, None] * np.array(per_fund)[None, :]
    return result


def mandates(scenario: Scenario) -> FloatArray:
    """Return the weight each fund type gives each stage, shape (T, K), summing to one."""
    rows = [
        [
            fund.mandate[name].centre if name in fund.mandate else 0.0
            for name in scenario.stage_names
        ]
        for fund in scenario.funds.values()
    ]
    weights = np.array(rows)
    result: FloatArray = weights / weights.sum(axis=1, keepdims=True)
    return result


def lp_tables(scenario: Scenario, calendar: Calendar) -> tuple[Table, FloatArray, FloatArray]:
    """Return LP classes, their part in each fund type, and stress on their supply.

    Returns
    -------
    lps : ndarray of LP_ROW, shape (L,)
    lp_mix : ndarray of shape (T, L)
    lp_stress : ndarray of shape (n_quarters, L)
    """
    names = list(scenario.lps)
    lps = np.zeros(len(names), LP_ROW)
    for row, lp in zip(lps, scenario.lps.values(), strict=True):
        row["cycle_loading"] = lp.cycle_loading.centre
        row["cycle_norm"] = log_mean(scenario, lp.cycle_loading.centre)
        row["return_response"] = lp.return_response.centre
    mix = np.zeros((len(scenario.funds), len(names)))
    for t, fund in enumerate(scenario.funds.values()):
        for name, share in fund.lp_mix.items():
            mix[t, names.index(name)] = share.centre
    mix /= mix.sum(axis=1, keepdims=True)
    stress = np.ones((calendar.n_quarters, len(names)))
    for shock in scenario.environment.stress.values():
        first, last = _span(calendar, shock.start_quarter.centre, shock.quarters.centre)
        for name, multiple in shock.lp_multiple.items():
            stress[first:last, names.index(name)] *= multiple.centre
    return lps, mix, stress


def stress_table(scenario: Scenario, calendar: Calendar) -> Table:
    """Return the shocks of each quarter, shape (n_quarters,); overlapping shocks add up."""
    table = np.zeros(calendar.n_quarters, STRESS_ROW)
    factors = ("ipo_multiple", "sale_multiple", "pace_multiple")
    for name in factors:
        table[name] = 1.0
    for shock in scenario.environment.stress.values():
        first, last = _span(calendar, shock.start_quarter.centre, shock.quarters.centre)
        table["market_shift"][first:last] += shock.market_shift.centre
        for name in factors:
            table[name][first:last] *= getattr(shock, name).centre
    return table


def _span(calendar: Calendar, start: float, length: float) -> tuple[int, int]:
    first = calendar.first_reported + int(start)
    return max(0, first), max(0, first + int(length))


def nearness(scenario: Scenario) -> FloatArray:
    """Return the weight of a meeting, shape (fund region, firm region, fund type).

    At home it is one. Across a border it is the type's `away_weight` times
    ``(distance / reference) ** -elasticity`` times the factor of the pair, if one is given.
    """
    regions = scenario.geography.regions
    away = np.array([fund.away_weight.centre for fund in scenario.funds.values()])
    distance = datasets.distance_km(regions)
    np.fill_diagonal(distance, scenario.friction.reference_km.centre)
    by_distance = (distance / scenario.friction.reference_km.centre) ** (
        -scenario.friction.distance_elasticity.centre
    )
    result: FloatArray = (by_distance * pair_factor(scenario))[:, :, None] * away[None, None, :]
    for r in range(len(regions)):
        result[r, r] = 1.0
    return result


def pair_factor(scenario: Scenario) -> FloatArray:
    """Return the factor of each pair, shape (fund region, firm region); 1 where not given."""
    regions = scenario.geography.regions
    place = {region: r for r, region in enumerate(regions)}
    matrix = np.ones((len(regions), len(regions)))
    for pair, factor in scenario.friction.pairs.items():
        source, _, target = pair.partition(">")
        if source in place and target in place:
            matrix[place[source], place[target]] = factor.centre
    return matrix


def intermediary_factors(scenario: Scenario) -> tuple[FloatArray, FloatArray]:
    """Return the factors on meetings and on noise of each region, each of shape (R,)."""
    section = scenario.intermediaries
    presence = by_region(scenario, section.presence)
    meetings: FloatArray = 1.0 + section.meeting_gain.centre * presence
    noise: FloatArray = 1.0 - section.precision_gain.centre * presence
    return meetings, noise


def sight_table(scenario: Scenario, noise_factor: FloatArray) -> FloatArray:
    """Return how well funds see firms, shape (R, T, 2, 2, 2).

    Axes: the firm's region, the fund's type, whether they are in different regions, whether
    the fund holds shares; then the noise and the weight of the signal in the best forecast,
    ``quality_sd**2 / (quality_sd**2 + noise**2)``.
    """
    usual = scenario.market.signal_noise_sd.centre * noise_factor
    insider = np.array([1.0, scenario.market.insider_noise_multiple.centre])
    away = away_noise(scenario)
    place = np.stack([np.ones_like(away), away], axis=1)
    noise = usual[:, None, None, None] * place[None, :, :, None] * insider[None, None, None, :]
    variance = scenario.firms.quality_sd.centre**2
    total = variance + noise**2
    weight = np.divide(variance, total, out=np.ones_like(total), where=total > 0.0)
    return np.ascontiguousarray(np.stack([noise, weight], axis=-1))
