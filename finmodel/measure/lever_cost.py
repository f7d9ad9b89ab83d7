"""What levers cost the treasury: reliefs by what firms spent, other levers by what is stated.

A relief takes a part ``1 - left`` off what firms spend, so for money ``b`` that firms still spend
the treasury pays ``b (1 / left - 1)``, in every sector. What laboratories, brokers and the like
cost has no mechanism: a scenario may state it in `levers.cost_mcny_pa`. A lever at work without a
stated cost makes the total unknown, not nothing.
"""

from __future__ import annotations

import numpy as np

from finmodel.market.result import RunResult
from finmodel.scenario import Scenario
from finmodel.scenario.lever_strength import RELIEF_ALONE, is_at_work, strengths_of
from finmodel.world.arrays import FloatArray
from finmodel.world.levers import spending_left


def relief_by_path(run: RunResult) -> FloatArray:
    """Return what reliefs of firms' spending cost the treasury, million CNY a reported year.

    Returns
    -------
    ndarray of shape (P, Y)
    """
    price = 1.0 / spending_left(run.world.scenario) - 1.0
    return run.spools["spent"].collect(lambda block: block @ price)


def stated_cost_pa(scenario: Scenario) -> float:
    """Return the stated cost of levers a year at the scale of the run, million CNY."""
    return scenario.run.scale * sum(item.centre for item in scenario.levers.cost_mcny_pa.values())


def unpriced_levers(scenario: Scenario, base: Scenario) -> list[str]:
    """Return the levers that differ from the baseline's and have no stated cost where at work.

    One that the baseline has and the policy lacks is among them: what it saves is not known.
    """
    mine, without = strengths_of(scenario), strengths_of(base)
    unpriced = []
    for name in mine:
        if mine[name] == without[name] or name in RELIEF_ALONE:
            continue
        sides = ((mine[name], scenario), (without[name], base))
        if any(is_at_work(found) and name not in side.levers.cost_mcny_pa for found, side in sides):
            unpriced.append(name)
    return unpriced


def lever_cost_by_path(run: RunResult, base: RunResult) -> FloatArray:
    """Return what the levers of a policy cost more than those of the baseline, a reported year.

    Returns
    -------
    ndarray of shape (P, Y), million CNY
        NaN if the cost of a lever at work is not known.
    """
    extra = relief_by_path(run) - relief_by_path(base)
    stated = stated_cost_pa(run.world.scenario) - stated_cost_pa(base.world.scenario)
    is_known = not unpriced_levers(run.world.scenario, base.world.scenario)
    result: FloatArray = extra + stated if is_known else np.full_like(extra, np.nan)
    return result
