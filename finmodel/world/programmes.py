"""Guidance programmes as arrays: their vehicles are fund types, their money a class of LPs."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from finmodel.scenario import Scenario
from finmodel.scenario.market_consistency import in_quarters, lifetime_fee_share
from finmodel.scenario.programme_consistency import PRIVATE_LP, stages_of_class
from finmodel.scenario.programme_schema import Programme
from finmodel.units import QUARTERS_PER_YEAR, discount_per_quarter
from finmodel.world.arrays import (
    LP_ROW,
    PROGRAMME_ROW,
    ROUTES,
    SCORE_LOW,
    SCORE_POINTS,
    SCORE_STEP,
    VEHICLES,
    Calendar,
    FloatArray,
    IntArray,
    KeyArray,
    Record,
    Table,
)
from finmodel.world.identity import pair_keys
from finmodel.world.viability import ramp_shares

PLAIN = (
    "size_log_sd",
    "state_share",
    "fill_log_sd",
    "first_close_share",
    "new_private_share",
    "reinvestment_multiple",
    "away_eligible_share",
    "hard_tech_min_share",
    "early_min_share",
    "loss_tolerance_project",
    "loss_tolerance_fund",
    "loss_tolerance_programme",
    "loss_cover",
    "profit_give_up",
    "manager_give_up",
    "skill_loading",
    "accept_skill",
    "grant_share",
    "co_share",
    "guarantee_share",
    "loan_share",
    "loan_rate_pa",
    "bank_risk",
)


NO_BUYBACK = 10.0
"""The highest rate of a buy-out, 1,000 % a year, means that there is none."""


class Vehicles(NamedTuple):
    """Fund types and LPs with those of the programmes behind the ordinary ones.

    Attributes
    ----------
    types : ndarray of TYPE_ROW, shape (T + G,)
    mandate : ndarray of shape (T + G, K)
    nearness : ndarray of shape (R, R, T + G)
    sight : ndarray of shape (R, T + G, 2, 2, 2)
    lps : ndarray of LP_ROW, shape (L + G,)
    lp_mix : ndarray of shape (T, L + G)
    lp_stress : ndarray of shape (n_quarters, L + G)
    """

    types: Table
    mandate: FloatArray
    nearness: FloatArray
    sight: FloatArray
    lps: Table
    lp_mix: FloatArray
    lp_stress: FloatArray


def add_vehicles(scenario: Scenario, plain: Vehicles) -> Vehicles:
    """Return fund types and LPs with those of the scenario's programmes added.

    A vehicle lives, charges, helps and looks as the fund type it is like, but for what its
    programme says.
    """
    programmes = list(scenario.programmes.values())
    names, n = list(scenario.funds), len(programmes)
    like = np.array([names.index(item.like) for item in programmes], np.int64)
    types = np.concatenate([plain.types, plain.types[like]])
    for row, item in zip(types[len(names) :], programmes, strict=True):
        row["ticket_share"] = item.ticket_share.centre
        row["concentration_share"] = item.concentration_share.centre
        row["hard_tech_weight"] = item.hard_tech_weight.centre
        row["term_quarters"] = in_quarters(item.term_years)
        fund = scenario.funds[item.like].model_copy(update={"term_years": item.term_years})
        row["fee_life"] = lifetime_fee_share(fund)
        row["strings"] += item.strings.centre
        if item.vehicle == "co_investment":
            row["reserve_share"] = 0.0  # it follows as it came in: beside others
    stages = scenario.stage_names
    mandate = np.array(
        [
            [item.mandate[k].centre if k in item.mandate else 0.0 for k in stages]
            for item in programmes
        ]
    ).reshape(n, len(stages))
    mandate /= mandate.sum(axis=1, keepdims=True)
    n_quarters = len(plain.lp_stress)
    return Vehicles(
        types=types,
        mandate=np.concatenate([plain.mandate, mandate]),
        nearness=np.concatenate([plain.nearness, plain.nearness[:, :, like]], axis=2),
        sight=np.concatenate([plain.sight, plain.sight[:, like]], axis=1),
        lps=np.concatenate([plain.lps, np.zeros(n, LP_ROW)]),
        lp_mix=np.concatenate([plain.lp_mix, np.zeros((len(plain.lp_mix), n))], axis=1),
        lp_stress=np.concatenate([plain.lp_stress, np.ones((n_quarters, n))], axis=1),
    )


def programme_table(scenario: Scenario, calendar: Calendar) -> tuple[Table, FloatArray, KeyArray]:
    """Return the programmes, their public money a quarter by region, and their identities.

    Returns
    -------
    programmes : ndarray of PROGRAMME_ROW, shape (G,)
    budget_pp : ndarray of shape (G, R), million CNY
    key : ndarray of uint64, shape (G, R)
    """
    regions = scenario.geography.regions
    table = np.zeros(len(scenario.programmes), PROGRAMME_ROW)
    budget = np.zeros((len(table), len(regions)))
    for g, item in enumerate(scenario.programmes.values()):
        a_quarter = item.budget_mcny_pa.centre * scenario.run.scale / QUARTERS_PER_YEAR
        for r, region in enumerate(regions):
            if region in item.region_share:
                budget[g, r] = a_quarter * item.region_share[region].centre
        _fill_row(table[g], item, scenario, calendar)
    key = pair_keys(regions, tuple(f"programme:{name}" for name in scenario.programmes))
    return table, budget, np.ascontiguousarray(key.T)


def _fill_row(row: Record, item: Programme, scenario: Scenario, calendar: Calendar) -> None:
    for name in PLAIN:
        row[name] = getattr(item, name).centre
    first = calendar.first_reported + int(item.start_quarter.centre)
    row["first_quarter"], row["last_quarter"] = first, first + int(item.quarters.centre)
    row["vehicle"] = VEHICLES.index(item.vehicle)
    row["candidates"] = int(item.candidates.centre)
    early = [k for k, name in enumerate(scenario.stage_names) if name in item.early_stages]
    row["early_mask"] = sum(1 << k for k in early)
    row["size"] = item.fund_size_mcny.centre
    sweetened = item.profit_give_up.centre + item.loss_cover.centre
    row["fill"] = item.private_fill.centre * math.exp(item.private_response.centre * sweetened)
    rate = item.buyback_rate_pa.centre
    row["buyback_growth"] = math.inf if rate >= NO_BUYBACK else 1.0 / discount_per_quarter(rate)
    row["accept_log_odds"] = item.accept_log_odds.centre
    row["dislike"] = (
        item.accept_state_share.centre * item.state_share.centre
        + item.accept_strings.centre * item.reinvestment_multiple.centre
    )


def loss_classes(scenario: Scenario) -> tuple[IntArray, FloatArray]:
    """Return the class of each stage in each programme's tolerance of losses, and its limit.

    Returns
    -------
    loss_class : ndarray of int64, shape (G, K)
        Number of the class in the order of the scenario, -1 for a stage in none.
    tolerance : ndarray of shape (G, K)
        Of that class; 1, which is no limit, for a stage in none.
    """
    place = {name: k for k, name in enumerate(scenario.stage_names)}
    shape = (len(scenario.programmes), len(place))
    loss_class, tolerance = np.full(shape, -1, np.int64), np.ones(shape)
    for g, item in enumerate(scenario.programmes.values()):
        for number, (key, limit) in enumerate(item.loss_tolerance_class.items()):
            stages = [place[name] for name in stages_of_class(key)]
            loss_class[g, stages], tolerance[g, stages] = number, limit.centre
    return loss_class, tolerance


def private_supply(scenario: Scenario, fund_rate_pp: FloatArray) -> tuple[int, FloatArray]:
    """Return the class of private LPs and its mean commitments to ordinary funds a quarter.

    Returns
    -------
    private_lp : int
        -1 if the scenario has no such class.
    supply_pp : ndarray of shape (R,), million CNY
    """
    names = list(scenario.lps)
    if PRIVATE_LP not in names:
        return -1, np.zeros(len(fund_rate_pp))
    funds = scenario.funds.values()
    size = np.array([fund.size_mcny.centre for fund in funds])
    share = np.array(
        [fund.lp_mix[PRIVATE_LP].centre if PRIVATE_LP in fund.lp_mix else 0.0 for fund in funds]
    )
    return names.index(PRIVATE_LP), fund_rate_pp @ (size * share)


def loss_chances(stages: Table, group: IntArray, rules: Record) -> FloatArray:
    """Return the chance that a firm fails before any exit, if money never runs out.

    With hazards ``m, f, x`` of milestone, failure and exit at its quality,
    ``P[k] = (f + m P[k + 1]) / (m + f + x)``, and no milestone at the last stage. Quarters of a
    ramp of the milestone hazard are walked back one by one from there.

    Parameters
    ----------
    stages : ndarray of STAGE_ROW, shape (R, K, S)
    group : ndarray of shape (R,)
        Regions of one group have the same hazards.
    rules : record of RULES_ROW

    Returns
    -------
    ndarray of shape (groups, K, S, Q)
        By quality, on the grid of the scores. One where nothing can happen.
    """
    quality = SCORE_LOW + SCORE_STEP * np.arange(SCORE_POINTS, dtype=np.float64)
    first = [int(np.argmax(group == g)) for g in range(int(group.max()) + 1)]
    table = stages[first][..., None]
    milestone = table["milestone_pp"] * np.exp(rules["milestone_loading"] * quality)
    failure = table["failure_pp"] * np.exp(-rules["failure_loading"] * quality)
    leave = sum(table[f"{route}_pp"] for route in ROUTES) * np.exp(rules["exit_loading"] * quality)
    milestone[:, -1] = 0.0
    chance = np.ones_like(failure)
    after = np.zeros_like(failure[:, 0])
    for k in range(failure.shape[1] - 1, -1, -1):
        total = milestone[:, k] + failure[:, k] + leave[:, k]
        bad = failure[:, k] + milestone[:, k] * after
        own = np.divide(bad, total, out=np.ones_like(total), where=total > 0.0)
        for share in reversed(ramp_shares(table[:, k])):
            m = share * milestone[:, k]
            total = m + failure[:, k] + leave[:, k]
            event = -np.expm1(-total)
            mean = np.divide(event, total, out=np.zeros_like(total), where=total > 0.0)
            own = mean * (failure[:, k] + m * after) + (1.0 - event) * own
        after = own
        chance[:, k] = after
    return np.ascontiguousarray(chance)
