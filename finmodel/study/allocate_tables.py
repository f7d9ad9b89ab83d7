"""Tables of an allocation."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from finmodel.allocate.goal import CRITERIA, criterion_values, risk
from finmodel.allocate.retest import Contrast, contrast, optimism
from finmodel.allocate.search import Winner, excess
from finmodel.study.allocate import Allocation
from finmodel.study.allocate_play import MEASURES
from finmodel.study.allocate_presets import vehicles
from finmodel.world.arrays import FloatArray

_SURE = 1.645
"""Standard errors from its limit at which a risk is said to keep or break it, one in twenty."""


def allocation_tables(result: Allocation) -> dict[str, pd.DataFrame]:
    """Return every table of an allocation.

    Returns
    -------
    dict of DataFrame
        `splits`: shares, money and vehicles by split and cell, and whether a floor or a cap of
        the cell, or of cells together with it, binds. `worth`: the objective of each
        split in sample and on other luck, and its lead over the first rule, the equal split: the
        optimism of the lead is free of the market's luck, which all splits share. `measures`:
        every measure on other luck. `contrasts`: the winner of each criterion against each rule.
        `futures`: splits by future. `risks`. `marginal`. `frontier`, `answers`, `answer_levels`:
        empty if not asked. `tried`: every split of the search in order.
    """
    return {
        "splits": _splits(result),
        "worth": _worth(result),
        "measures": _measures(result),
        "contrasts": _contrasts(result),
        "futures": _futures(result),
        "risks": _risks(result),
        "marginal": _marginal(result),
        "frontier": _frontier(result),
        "answers": _answers(result),
        "answer_levels": _answer_levels(result),
        "tried": _tried(result),
    }


def _splits(result: Allocation) -> pd.DataFrame:
    budget, rows = result.found.plan.budget_mcny_pa.centre, []
    moved = {item.name: item.is_moved for item in result.presets}
    for name, split in zip(result.fresh.names, result.fresh.splits, strict=True):
        counts = vehicles(result.found, split)
        floor, cap = result.allowed.at_floor(split), result.allowed.at_cap(split)
        for d, (cell, share) in enumerate(zip(result.found.cell_names, split, strict=True)):
            rows.append(
                {
                    "split": name,
                    "is_winner": name in result.search.winners,
                    "is_moved": moved.get(name, False),
                    "cell": cell,
                    "share": share,
                    "budget_mcny_pa": share * budget,
                    "vehicles_n": counts[d],
                    "is_at_floor": floor[d],
                    "is_at_cap": cap[d],
                }
            )
    return pd.DataFrame(rows)


def _rows_in_sample(result: Allocation) -> list[int]:
    """Return the row of each split of the fresh test in the book of the search."""
    return result.search.book.ask(result.fresh.splits, 0)


def _worth(result: Allocation) -> pd.DataFrame:
    rows, goal, book = [], result.goal, result.search.book
    k = len(result.search.winners)
    plain = _rows_in_sample(result)[k]
    over = _over(result)
    for n, row in enumerate(_rows_in_sample(result)):
        name = result.fresh.names[n]
        winner: Winner | None = result.search.winners.get(name)  # type: ignore[call-overload]
        before, after = goal.pooled(book.outcomes[row]), result.fresh.by_path[n]
        found = optimism(before, after)
        lead = optimism(before - goal.pooled(book.outcomes[plain]), after - result.fresh.by_path[k])
        rows.append(
            {
                "split": name,
                "is_winner": winner is not None,
                "is_within_limits": winner.is_within_limits if winner else bool(over[row] <= 0.0),
                "in_sample": found.in_sample,
                "in_sample_se": found.in_sample_se,
                "fresh": found.fresh,
                "fresh_se": found.fresh_se,
                "optimism": found.optimism,
                "optimism_se": found.se,
                "lead_in_sample": lead.in_sample,
                "lead_in_sample_se": lead.in_sample_se,
                "lead_fresh": lead.fresh,
                "lead_fresh_se": lead.fresh_se,
                "lead_optimism": lead.optimism,
                "lead_optimism_se": lead.se,
            }
        )
    return pd.DataFrame(rows)


def _over(result: Allocation) -> FloatArray:
    """Return by how much each split of the search breaks its limits, as the winners are judged."""
    means, goal = result.search.means, result.goal
    return excess(goal, means.risks + goal.caution * means.risk_se)


def _measures(result: Allocation) -> pd.DataFrame:
    fresh = result.fresh
    return pd.DataFrame(
        [
            {
                "split": split,
                "measure": name,
                "unit": unit,
                "weight": result.goal.weights[m],
                "change": fresh.measures[n, m],
                "change_se": fresh.measure_se[n, m],
            }
            for n, split in enumerate(fresh.names)
            for m, (name, unit) in enumerate(MEASURES.items())
        ]
    )


def _contrasts(result: Allocation) -> pd.DataFrame:
    fresh, rows = result.fresh, []
    n = len(result.search.winners)
    for w, winner in enumerate(fresh.names[:n]):
        found = contrast(fresh.by_path[w], fresh.by_path[n:], seed=result.found.plan.search.seed)
        for k, other in enumerate(fresh.names[n:]):
            rows.append(
                {
                    "split": winner,
                    "against": other,
                    "difference": found.difference[k],
                    "se": found.se[k],
                    "low": found.low[k],
                    "high": found.high[k],
                    "verdict": found.verdicts[k],
                    "critical": found.critical,
                    "paths_to_tell": _paths_to_tell(found, k, fresh.by_path.shape[1]),
                }
            )
    return pd.DataFrame(rows)


def _paths_to_tell(found: Contrast, k: int, paths: int) -> float:
    """Return how many paths would tell a difference of the size seen; NaN if none is seen.

    With so many the interval would reach to 0, so that one in two such differences is told.
    """
    if found.difference[k] == 0.0:
        return float("nan")
    return float(np.ceil(paths * (found.critical * found.se[k] / found.difference[k]) ** 2))


def _futures(result: Allocation) -> pd.DataFrame:
    fresh = result.fresh
    best = fresh.by_scenario.max(axis=0)
    rows = [
        {
            "split": split,
            "future": future,
            "value": fresh.by_scenario[n, s],
            "se": fresh.by_scenario_se[n, s],
            "regret": best[s] - fresh.by_scenario[n, s],
        }
        for n, split in enumerate(fresh.names)
        for s, future in enumerate(result.futures)
    ]
    table = pd.DataFrame(rows)
    weights = result.goal.scenario_weights
    by = {name: criterion_values(fresh.by_scenario, name, weights, best) for name in CRITERIA}
    for name, values in by.items():
        table[f"criterion_{name}"] = np.repeat(values, len(result.futures))
    return table


def _risks(result: Allocation) -> pd.DataFrame:
    rows, fresh = [], result.fresh
    in_sample = _rows_in_sample(result)
    for n, split in enumerate(fresh.names):
        for c, limit in enumerate(result.goal.limits):
            before, _ = risk(limit, result.search.book.outcomes[in_sample[n]])
            for s, future in enumerate(result.futures):
                value, se = fresh.risks[n, s, c], fresh.risk_se[n, s, c]
                rows.append(
                    {
                        "split": split,
                        "limit": limit.name,
                        "future": future,
                        "most": limit.most,
                        "in_sample": before[s],
                        "value": value,
                        "se": se,
                        "verdict": _keeps(value, se, limit.most),
                    }
                )
    columns = ["split", "limit", "future", "most", "in_sample", "value", "se", "verdict"]
    return pd.DataFrame(rows, columns=columns)


def _keeps(value: float, se: float, most: float) -> str:
    if value + _SURE * se <= most:
        return "kept"
    return "broken" if value - _SURE * se > most else "unclear"


def _marginal(result: Allocation) -> pd.DataFrame:
    curves, budget = result.marginal, result.found.plan.budget_mcny_pa.centre
    rows: list[dict[str, Any]] = []
    for d, cell in enumerate(result.found.cell_names[: len(curves.levels)]):
        for n, level in enumerate(curves.levels[d]):
            to_next = n < curves.levels.shape[1] - 1
            rows.append(
                {
                    "cell": cell,
                    "budget_mcny_pa": level * budget,
                    "is_here": n == curves.here[d],
                    "value": curves.worth[d, n],
                    "value_se": curves.worth_se[d, n],
                    "per_bn_to_next": _per_bn(curves.slopes[d, n], budget) if to_next else np.nan,
                    "per_bn_to_next_se": (
                        _per_bn(curves.slope_se[d, n], budget) if to_next else np.nan
                    ),
                }
            )
    return pd.DataFrame(rows)


def _per_bn(slope: float, budget_mcny: float) -> float:
    return float(slope / budget_mcny * 1000.0)


def _shares(names: tuple[str, ...], splits: FloatArray) -> dict[str, FloatArray]:
    return {f"share_{name}": splits[:, d] for d, name in enumerate(names)}


def _frontier(result: Allocation) -> pd.DataFrame:
    edge, names = result.frontier, result.found.cell_names
    if edge is None:
        return pd.DataFrame({"value": [], "risk": []})
    return pd.DataFrame(
        {
            "value": edge.value,
            "value_se": edge.value_se,
            "risk": edge.risk,
            "risk_se": edge.risk_se,
            "is_efficient": edge.is_efficient,
            "is_clearly_behind": edge.is_clearly_behind,
            **_shares(names, edge.splits),
        }
    )


def _answers(result: Allocation) -> pd.DataFrame:
    columns = ["question", "vary", "measure", "goal", "probability", "status", "answer"]
    columns += ["answer_low", "answer_high", "is_rising", "is_monotone", "chance_most"]
    rows = []
    for name, found in result.answers.items():
        asked = result.found.plan.questions[name]
        rows.append(
            {
                "question": name,
                "vary": asked.vary,
                "measure": asked.measure,
                "goal": asked.goal,
                "probability": asked.probability,
                "status": found.status,
                "answer": found.answer,
                "answer_low": found.answer_low,
                "answer_high": found.answer_high,
                "is_rising": found.is_rising,
                "is_monotone": found.is_monotone,
                "chance_most": found.chance.max(),
            }
        )
    return pd.DataFrame(rows, columns=columns)


def _answer_levels(result: Allocation) -> pd.DataFrame:
    rows = [
        {"question": name, "level": level, "chance": chance, "low": low, "high": high}
        for name, found in result.answers.items()
        for level, chance, low, high in zip(
            found.levels, found.chance, found.low, found.high, strict=True
        )
    ]
    return pd.DataFrame(rows, columns=["question", "level", "chance", "low", "high"])


def _tried(result: Allocation) -> pd.DataFrame:
    means, weights = result.search.means, result.goal.scenario_weights
    return pd.DataFrame(
        {
            "number": np.arange(len(means.splits)),
            "paths": means.paths,
            "value": means.worth @ weights,
            "se_to_rules": np.sqrt(means.variances @ weights**2),
            **_shares(result.found.cell_names, means.splits),
        }
    )
