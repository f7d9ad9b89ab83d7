"""Goals that fail and choices that could be better: what draws of all numbers say of both."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from finmodel.scenario.sensitivity_plan import NET, goal_test
from finmodel.scenario.sensitivity_schema import NONE, Goal, Information
from finmodel.sensitivity.axes import FloatArray
from finmodel.sensitivity.information import choice, partial_information
from finmodel.sensitivity.noise import Outcomes, exact
from finmodel.sensitivity.peeling import Box, Discovery, discover
from finmodel.sensitivity.tree import grow_tree
from finmodel.study.sensitivity_arms import Arms
from finmodel.study.sensitivity_units import Conclusion, Played

Tables = dict[str, pd.DataFrame]
LEAST_EVENTS = 10
"""Draws that meet a goal, and that miss it, without which no box is looked for."""


def goal_tables(goals: Mapping[str, Goal], played: Played, arms: Arms, *, seed: int) -> Tables:
    """Return under which unknowns each goal fails.

    Returns
    -------
    dict of DataFrame
        `goals`: a row a goal with `n` draws, `fails` (their share that misses it), `unsure` (share
        within two standard errors of the threshold), `event` looked for (`fails`, or `meets` if
        that is rarer), what the box says of it, and the tree. `boxes`: limits by goal, method
        and number. `peeling`: the boxes on the way.
    """
    rows, limits, ways = [], [], []
    names, x_all = _numbers(arms, played)
    for key, goal in goals.items():
        test = goal_test(goal.goal)
        assert test is not None, "the plan was checked"
        policy = goal.policy if test.outcome.startswith(NET) else ""
        whole = played.outcomes(Conclusion(policy, test.outcome))
        known = np.isfinite(whole.value)
        found, x = whole[known], x_all[known]
        meets = _meets(found.value, test.sign, test.threshold)
        near = np.abs(found.value - test.threshold) < 2.0 * np.sqrt(found.squared_error())
        event = "fails" if (~meets).mean() <= 0.5 else "meets"
        happens = ~meets if event == "fails" else meets
        row: dict[str, object] = {
            "goal": key,
            "policy": policy,
            "text": goal.goal,
            "n": len(x),
            "fails": float((~meets).mean()),
            "unsure": float(near.mean()),
            "event": event,
            "n_events": int(happens.sum()),
            "is_searched": len(x) >= 40 and happens.sum() >= LEAST_EVENTS,
            "is_found": False,
        }
        if row["is_searched"]:
            box = discover(x, happens, seed=seed)
            row |= _about(box)
            limits += _limits(key, "prim", names, box.box, box)
            ways.append(box.trajectory.assign(goal=key))
            tree = grow_tree(x, happens, seed=seed)
            row |= {
                "tree_density": tree.density,
                "tree_coverage": tree.coverage,
                "tree_auc": tree.auc,
                "tree_auc_se": tree.auc_error,
            }
            limits += _limits(key, "cart", names, tree.box, None)
        rows.append(row)
    columns = ["goal", "method", "name", "low", "high", "quasi_p", "reproduced"]
    tables = {"goals": pd.DataFrame(rows), "boxes": pd.DataFrame(limits, columns=columns)}
    return tables | ({"peeling": pd.concat(ways, ignore_index=True)} if ways else {})


def _meets(value: FloatArray, sign: str, threshold: float) -> NDArray[np.bool_]:
    tests = {
        ">=": value >= threshold,
        "<=": value <= threshold,
        ">": value > threshold,
        "<": value < threshold,
    }
    return tests[sign]


def _about(found: Discovery) -> dict[str, object]:
    fields = (
        "is_found",
        "base_rate",
        "coverage",
        "density",
        "mass",
        "p_chance",
        "density_held_out",
        "coverage_held_out",
        "p_held_out",
    )
    return {name: getattr(found, name) for name in fields}


def _limits(
    key: str, method: str, names: list[str], box: Box, found: Discovery | None
) -> list[dict[str, object]]:
    rows = []
    for j in np.flatnonzero(box.limited):
        rows.append(
            {
                "goal": key,
                "method": method,
                "name": names[j],
                "low": box.low[j],
                "high": box.high[j],
                "quasi_p": found.quasi_p[j] if found else np.nan,
                "reproduced": found.reproduced[j] if found else np.nan,
            }
        )
    return rows


def _numbers(arms: Arms, played: Played) -> tuple[list[str], FloatArray]:
    """Return the numbers that vary by themselves, and their values."""
    kept = [i for i, name in enumerate(arms.numbers) if name not in arms.followers]
    return [list(arms.numbers)[i] for i in kept], played.numbers[:, kept]


def information_tables(asked: Information, played: Played, arms: Arms, *, seed: int) -> Tables:
    """Return what it is worth to know before choosing.

    Returns
    -------
    dict of DataFrame
        `options`: `mean`, `mean_se`, `is_best` (share of draws); `choice`, one row: the option
        `best` on average, its `lead` over the second with `lead_se`, `worth_low`, `worth_high` of
        knowing everything, `n`; `information`: a row a number, the worthiest first.
    """
    benefits = [
        exact(np.zeros(len(played.numbers)))
        if name == NONE
        else played.benefit(name, {key: float(value) for key, value in asked.objective.items()})
        for name in asked.options
    ]
    known = np.isfinite(np.stack([item.value for item in benefits])).all(axis=0)
    benefits = [item[known] for item in benefits]
    chosen = choice(benefits)
    options = pd.DataFrame(
        {
            "option": list(asked.options),
            "mean": chosen.mean,
            "mean_se": chosen.error,
            "is_best": chosen.is_best,
        }
    )
    one = {
        "best": asked.options[chosen.best],
        "lead": chosen.lead,
        "lead_se": chosen.lead_error,
        "worth_low": chosen.worth_low,
        "worth_high": chosen.worth_high,
        "n": int(known.sum()),
    }
    names, x = _numbers(arms, played)
    table = _information_rows(names, x[known], benefits, seed)
    return {"options": options, "choice": pd.DataFrame([one]), "information": table}


def _information_rows(
    names: list[str], x: FloatArray, benefits: list[Outcomes], seed: int
) -> pd.DataFrame:
    value = np.stack([item.value for item in benefits], axis=1)
    parts = partial_information(x, value, seed=seed, without=_without_blocks(benefits))
    rows = []
    for name, found in zip(names, parts, strict=True):
        rows.append(
            {
                "name": name,
                "value": found.value,
                "value_se": found.error,
                "bias": found.bias,
                "by_chance": found.by_chance,
                "by_chance_q95": found.by_chance_q95,
                "is_told": found.is_told,
                "freedom": found.freedom,
            }
        )
    table = pd.DataFrame(rows)
    return table.sort_values("value", ascending=False, kind="stable").reset_index(drop=True)


def _without_blocks(benefits: list[Outcomes]) -> list[FloatArray]:
    """Return the benefits without each block of paths; an exact one is the same without any."""
    played = [list(item.without_blocks()) for item in benefits]
    n_blocks = max(len(parts) for parts in played)
    return [
        np.stack(
            [
                parts[block].value if parts else item.value
                for item, parts in zip(benefits, played, strict=True)
            ],
            axis=1,
        )
        for block in range(n_blocks)
    ]
