"""Funds as entities, and the table of whom they meet."""

from __future__ import annotations

from statistics import NormalDist

import numpy as np

from finmodel.scenario import Scenario
from finmodel.units import QUARTERS_PER_YEAR
from finmodel.world.arrays import (
    FUND_ROW,
    GUIDE_BITS,
    GUIDE_SIZE,
    FloatArray,
    SmallArray,
    Table,
    WordArray,
)

LARGEST_WORD = 2**32 - 1


def fund_table(scenario: Scenario, region_share: FloatArray) -> tuple[Table, WordArray, SmallArray]:
    """Return all funds of a scenario with their reach.

    Each region and type gets as many funds as its yearly capital holds mean
    deployments, at least one where there is capital. Sizes are the mid-quantiles of the
    type's lognormal law, scaled to the capital, so no luck enters the structure.

    Parameters
    ----------
    scenario : Scenario
        Without beliefs.
    region_share : ndarray of shape (R,)
        Share of the capital at home in each region.

    Returns
    -------
    funds : ndarray of FUND_ROW, shape (F,)
    reach : ndarray of uint32, shape (R, K, F)
    guide : ndarray of int32, shape (R, K, GUIDE_SIZE + 1)
    """
    total = scenario.capital.total_mcny_pa.centre * scenario.run.scale
    types = list(scenario.funds.values())
    regions: list[int] = []
    kinds: list[int] = []
    budgets: list[float] = []
    tickets: list[float] = []
    for region, share in enumerate(region_share):
        for kind, fund_type in enumerate(types):
            capital = total * share * fund_type.capital_share.centre
            for budget in _sizes(
                capital, fund_type.deployment_mcny_pa.centre, fund_type.size_log_sd.centre
            ):
                regions.append(region)
                kinds.append(kind)
                budgets.append(budget / QUARTERS_PER_YEAR)
                tickets.append(budget * fund_type.ticket_share.centre)
    table = np.zeros(len(regions), FUND_ROW)
    table["region"], table["kind"] = regions, kinds
    table["budget_pp"], table["ticket"] = budgets, tickets
    reach = _reach(scenario, table, len(region_share))
    return table, reach, _guide(reach)


def _sizes(capital: float, mean_deployment: float, log_sd: float) -> list[float]:
    if capital <= 0.0:
        return []
    n_funds = max(1, round(capital / mean_deployment))
    normal = NormalDist()
    weights = np.exp([log_sd * normal.inv_cdf((j + 0.5) / n_funds) for j in range(n_funds)])
    return list(capital * weights / weights.sum())


def _reach(scenario: Scenario, funds: Table, n_regions: int) -> WordArray:
    """Return the cumulative chance, shape (R, K, F), that a meeting is with each fund."""
    stages = scenario.stage_names
    types = list(scenario.funds.values())
    mandate = np.zeros((len(types), len(stages)))
    for kind, fund_type in enumerate(types):
        for stage, name in enumerate(stages):
            mandate[kind, stage] = (
                fund_type.mandate[name].centre if name in fund_type.mandate else 0
            )
        mandate[kind] /= mandate[kind].sum()
    away = np.array([fund_type.away_weight.centre for fund_type in types])
    is_home = funds["region"][None, :] == np.arange(n_regions)[:, None]
    nearness = np.where(is_home, 1.0, away[funds["kind"]][None, :])
    weight = (
        nearness[:, None, :] * mandate[funds["kind"]].T[None] * funds["budget_pp"][None, None, :]
    )
    cumulative = np.cumsum(weight, axis=2)
    if cumulative.shape[2] == 0:
        return cumulative.astype(np.uint32)
    total = cumulative[:, :, -1:]
    share = np.divide(cumulative, total, out=np.zeros_like(cumulative), where=total > 0)
    words: WordArray = np.rint(share * LARGEST_WORD).astype(np.uint32)
    return words


def _guide(reach: WordArray) -> SmallArray:
    """Return the first fund whose cumulative reach exceeds the start of each slice.

    The answer for a word in slice j lies between entries j and j + 1; the last entry is
    the last fund that can be met. Rows in which nobody can be met hold -1.
    """
    n_regions, n_stages, n_funds = reach.shape
    starts = np.arange(GUIDE_SIZE, dtype=np.uint64) << np.uint64(32 - GUIDE_BITS)
    guide = np.full((n_regions, n_stages, GUIDE_SIZE + 1), -1, np.int32)
    if n_funds == 0:
        return guide
    for region in range(n_regions):
        for stage in range(n_stages):
            row = reach[region, stage].astype(np.uint64)
            if row[-1] > 0:
                guide[region, stage, :-1] = np.searchsorted(row, starts, side="right")
                guide[region, stage, -1] = np.searchsorted(row, row[-1], side="left")
    return guide
