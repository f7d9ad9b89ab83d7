"""Tables of a sensitivity study: numbers, screening, shares of variance, swings, outcomes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from finmodel.sensitivity.axes import Axes, FloatArray
from finmodel.sensitivity.designs import Trajectories
from finmodel.sensitivity.indices import Z95, Indices, sobol_indices
from finmodel.sensitivity.noise import Outcomes, luck_variance
from finmodel.sensitivity.screening import Screening, elementary_effects
from finmodel.sensitivity.tornado import swings
from finmodel.study.sensitivity_arms import Arms
from finmodel.study.sensitivity_units import Conclusion, Played

OTHERS = "others"
"""Factor of all numbers that are not told apart."""


def numbers_table(arms: Arms) -> pd.DataFrame:
    """Return every number that varies: `name`, `factor`, belief, `grade`, `origin`, `drawn_with`.

    `factor` names the numbers it is varied with; `drawn_with` the one whose level it takes.
    """
    place = {name: i for i, name in enumerate(arms.axes.names)}
    rows = []
    for name, quantity in arms.numbers.items():
        leader = arms.followers.get(name, name)
        rows.append(
            {
                "name": name,
                "factor": arms.label(int(arms.axes.group[place[leader]])),
                "median": quantity.centre,
                "q05": quantity.at(0.05),
                "q95": quantity.at(0.95),
                "unit": quantity.unit,
                "grade": quantity.grade,
                "source": quantity.source,
                "origin": arms.origin[name],
                "drawn_with": leader if leader != name else "",
            }
        )
    return pd.DataFrame(rows)


def _key(conclusion: Conclusion) -> dict[str, str]:
    return {"policy": conclusion.policy, "outcome": conclusion.outcome, "unit": conclusion.unit}


def screening_of(
    conclusions: Sequence[Conclusion], design: Trajectories, played: Played, seed: int
) -> dict[Conclusion, Screening]:
    """Return the elementary effects of every conclusion that has whole trajectories."""
    shape, found = design.points.shape[:2], {}
    for conclusion in conclusions:
        flat = played.outcomes(conclusion)
        grid = Outcomes(flat.value.reshape(shape), flat.influence.reshape(*shape, -1))
        if np.isfinite(grid.value).all(axis=1).sum() >= 2:
            found[conclusion] = elementary_effects(design, grid, seed=seed)
    return found


def screening_table(found: Mapping[Conclusion, Screening], labels: Sequence[str]) -> pd.DataFrame:
    """Return a row a conclusion and factor, with the fields of `Screening`."""
    fields = (
        "mu_star",
        "mu_star_low",
        "mu_star_high",
        "mu",
        "mu_error",
        "sigma",
        "floor",
        "strength",
        "is_told",
        "surety",
    )
    return _factor_rows(found, labels, fields, ("n_trajectories",))


def strongest(found: Mapping[Conclusion, Screening], top: int) -> list[int]:
    """Return the factors strongest for some conclusion, relative to the strongest there.

    A conclusion of which nothing is told from luck has no say while any other has.
    """
    told = [item for item in found.values() if item.is_told.any()] or list(found.values())
    scores = []
    for item in told:
        own = np.where(item.is_told, item.strength, 0.5 * item.strength)
        scores.append(own / max(own.max(), np.finfo(float).tiny))
    best = np.max(scores, axis=0)
    return sorted(np.argsort(-best, kind="stable")[:top].tolist())


def indices_of(
    conclusions: Sequence[Conclusion], played: Played, shape: tuple[int, int], seed: int
) -> dict[Conclusion, Indices]:
    """Return Sobol indices of every conclusion with enough whole rows; `shape` is (N, G + 2)."""
    found = {}
    for conclusion in conclusions:
        flat = played.outcomes(conclusion)
        grid = Outcomes(flat.value.reshape(shape), flat.influence.reshape(*shape, -1))
        if np.isfinite(grid.value).all(axis=1).sum() >= 4:
            found[conclusion] = sobol_indices(grid, seed=seed)
    return found


def indices_table(found: Mapping[Conclusion, Indices], labels: Sequence[str]) -> pd.DataFrame:
    """Return a row a conclusion and factor, with the fields of `Indices`."""
    fields = ("first", "first_error", "total", "total_error", "plain_first", "plain_total", "floor")
    table = _factor_rows(found, labels, (*fields, "is_told"), ("luck_share", "n_rows"))
    for name in ("first", "total"):
        table[f"{name}_low"] = table[name] - Z95 * table[f"{name}_error"]
        table[f"{name}_high"] = table[name] + Z95 * table[f"{name}_error"]
    return table


def _factor_rows(
    found: Mapping[Conclusion, object],
    labels: Sequence[str],
    fields: Sequence[str],
    common: Sequence[str],
) -> pd.DataFrame:
    parts = []
    for conclusion, item in found.items():
        part = pd.DataFrame({name: getattr(item, name) for name in fields})
        part = part.assign(**{name: getattr(item, name) for name in common})
        part.insert(0, "factor", list(labels))
        for place, (key, value) in enumerate(_key(conclusion).items()):
            part.insert(place, key, value)
        parts.append(part)
    names = ["policy", "outcome", "unit", "factor", *fields, *common]
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=names)


def tornado_table(
    conclusions: Sequence[Conclusion], played: Played, axes: Axes, values: FloatArray, arms: Arms
) -> pd.DataFrame:
    """Return a row a conclusion and number, the largest swing of each conclusion first.

    `low` and `high` are the values the number takes.
    """
    column = {name: i for i, name in enumerate(arms.numbers)}
    ends = {
        name: (values[1 + 2 * i, column[name]], values[2 + 2 * i, column[name]])
        for i, name in enumerate(axes.names)
    }
    parts = []
    for conclusion in conclusions:
        part = swings(axes.names, played.outcomes(conclusion))
        part.insert(1, "low", [ends[name][0] for name in part["name"]])
        part.insert(2, "high", [ends[name][1] for name in part["name"]])
        for place, (key, value) in enumerate(_key(conclusion).items()):
            part.insert(place, key, value)
        parts.append(part)
    return pd.concat(parts, ignore_index=True)


def outcomes_table(conclusions: Sequence[Conclusion], played: Played) -> pd.DataFrame:
    """Return what each conclusion is over draws of all numbers.

    Returns
    -------
    DataFrame
        `mean` and its standard error `mean_se` of draws and paths, `sd` over draws without luck,
        `q05`, `q95` of draws as played, `luck_share` of their variance, `n`, `n_failed`.
    """
    rows = []
    for conclusion in conclusions:
        whole = played.outcomes(conclusion)
        found = whole[np.isfinite(whole.value)]
        n = len(found.value)
        row = {**_key(conclusion), "n": n, "n_failed": len(whole.value) - n}
        if n >= 2:
            plain = float(found.value.var(ddof=1))
            luck = min(luck_variance(found), plain)
            common = Outcomes(np.zeros(()), found.influence.mean(axis=0)).squared_error()
            row |= {
                "mean": found.value.mean(),
                "mean_se": np.sqrt(plain / n + common),
                "sd": np.sqrt(plain - luck),
                "q05": np.quantile(found.value, 0.05),
                "q95": np.quantile(found.value, 0.95),
                "luck_share": luck / plain if plain > 0.0 else 0.0,
            }
        rows.append(row)
    return pd.DataFrame(rows)


def draws_table(conclusions: Sequence[Conclusion], played: Played, arms: Arms) -> pd.DataFrame:
    """Return a row a draw: every number, then every conclusion and its error over paths."""
    columns = dict(zip(arms.numbers, played.numbers.T, strict=True))
    for conclusion in conclusions:
        found = played.outcomes(conclusion)
        name = f"{conclusion.policy}:{conclusion.outcome}" if conclusion.policy else ""
        name = name or conclusion.outcome
        columns[name] = found.value
        columns[f"{name}_se"] = np.sqrt(found.squared_error())
    return pd.DataFrame(columns)
