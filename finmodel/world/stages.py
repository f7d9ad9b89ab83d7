"""Stages by region and sector: amounts, hazards, values, hurdles, and scores by quality."""

from __future__ import annotations

import numpy as np

from finmodel.scenario import Scenario
from finmodel.units import rate_per_quarter
from finmodel.world.arrays import (
    ROUTES,
    SCORE_LOW,
    SCORE_POINTS,
    SCORE_STEP,
    STAGE_ROW,
    TESTS,
    FloatArray,
    IntArray,
    Record,
    Table,
)
from finmodel.world.levers import adjusted_stages, cluster_strength, stage_factors
from finmodel.world.viability import hurdles, stage_values

LEAST, MOST = 1e-20, 1e20
"""Bounds of value over capital, so that its log is finite."""


def stage_tables(scenario: Scenario, rules: Record) -> tuple[Table, FloatArray, IntArray]:
    """Return stages with hurdles, the score table, and each region's group in it.

    Regions with the same clusters and levers share one group of scores. Values and hurdles see
    the levers: a firm that is helped is worth more, one whose costs fall needs less capital.

    Returns
    -------
    stages : ndarray of STAGE_ROW, shape (R, K, S)
    score : ndarray of shape (G, K, S, Q)
        Log of expected discounted exit value over capital still needed, at the market
        rate, by quality from `SCORE_LOW` in steps of `SCORE_STEP`.
    group : ndarray of shape (R,)
    """
    neutral = _neutral_stages(scenario)
    factors = stage_factors(scenario)
    milestone = cluster_factor(scenario)[:, None, :] * factors.milestone
    money = np.column_stack([factors.spending, factors.exits])
    kinds = np.column_stack([milestone.reshape(len(money), -1), money])
    distinct, group = np.unique(kinds, axis=0, return_inverse=True)
    tests = scenario.viability
    quality: FloatArray = SCORE_LOW + SCORE_STEP * np.arange(SCORE_POINTS, dtype=np.float64)
    tables, scores = [], []
    for factor in distinct:
        table = adjusted_stages(neutral, spending=factor[-2], exits=factor[-1])
        table["milestone_pp"] *= factor[:-2].reshape(neutral.shape)
        found = hurdles(
            table,
            rules,
            market_rate_pa=tests.market_rate_pa.centre,
            social_rate_pa=tests.social_rate_pa.centre,
            margin=tests.margin.centre,
        )
        for test, name in enumerate(TESTS):
            table[f"hurdle_{name}"] = found[test]
        values = stage_values(table, rules, tests.market_rate_pa.centre, quality)
        value = np.maximum(values.exit_value, LEAST)
        ratio = np.clip(value / np.maximum(values.capital_needed, LEAST), LEAST, MOST)
        tables.append(table)
        scores.append(np.log(ratio).transpose(1, 2, 0))
    group = group.reshape(-1).astype(np.int64)
    stages: Table = np.stack(tables)[group]
    return np.ascontiguousarray(stages), np.ascontiguousarray(np.stack(scores)), group


def cluster_factor(scenario: Scenario) -> FloatArray:
    """Return the factor on milestone hazards of each region and sector, shape (R, S)."""
    result: FloatArray = np.exp(scenario.clusters.loading.centre * cluster_strength(scenario))
    return result


def _neutral_stages(scenario: Scenario) -> Table:
    """Return the stage table without clusters and hurdles, shape (K, S)."""
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
    table["ramp_quarters"] = by_stage("milestone_ramp_quarters")
    table["failure_pp"] = per_quarter * by_stage("failure_rate_pa") * by_sector("failure_multiple")
    table["bridge_share"] = by_stage("bridge_share")
    post_money = ask / by_stage("dilution") * by_sector("value_multiple")
    table["log_ask"] = np.log(ask)
    table["log_bridge_share"] = np.log(by_stage("bridge_share"))
    with np.errstate(divide="ignore"):
        table["log_pre_money"] = np.log(post_money * (1.0 - by_stage("dilution")))
    for route in ROUTES:
        table[f"{route}_pp"] = per_quarter * by_stage(f"{route}_rate_pa")
        multiple = getattr(scenario.exits, f"{route}_value_multiple").centre
        table[f"{route}_value"] = post_money * multiple
    return table
