"""The model against the evidence: inside or outside, how far, and what counts as a test.

A published figure ``v`` is one history of one market, known with an error ``s_e``. The model's is
``m``, known with a Monte Carlo error ``s_m``, and its futures spread by ``s_c`` over as many years
as the figure covers. Had the model made the history, the difference would have the standard error

    s = sqrt(s_e^2 + s_m^2 + s_c^2)

and the figure is *inside* if ``|m - v| <= 1.645 s`` (nine of ten would be), else *outside*. How far
is ``|m - v| / s``. A sign is inside if the model's effect is clear and has it, *unclear* if the
effect is not clear. A figure is *not measured* if the run cannot give it.

Only figures about the delta or China that were not used in fitting are tests. Figures of other
countries are held against the model by the same rule and counted apart: to miss one may mean that
the markets differ. A figure of `context` was set by hand, or shares years with those of the fit.
The table of targets says what the shipped baseline was fitted to, a scenario what else it was.
"""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from finmodel.datasets.targets import NORMAL_90
from finmodel.errors import Problem, ScenarioError, nearest_name
from finmodel.measure.targets import years_of
from finmodel.world.arrays import FloatArray

INSIDE, OUTSIDE, UNCLEAR, UNMEASURED = "inside", "outside", "unclear", "not measured"
TEST, ELSEWHERE, FITTED, CONTEXT = "test", "elsewhere", "fit", "context"
PARTS = (TEST, ELSEWHERE, FITTED, CONTEXT)
"""What a comparison is: a test; a test of another market; a figure of the fit; neither."""
HOME = ("delta", "china")
SIGN = "sign"

SHOWN = (
    "target",
    "group",
    "label_en",
    "label_zh",
    "unit",
    "population",
    "scope",
    "use",
    "error_basis",
    "source_ids",
    "grade",
    "note",
)


def judge(targets: pd.DataFrame, values: pd.DataFrame) -> pd.DataFrame:
    """Return each target beside the model's figure, the worst miss first.

    Parameters
    ----------
    targets : DataFrame
        From :func:`finmodel.datasets.targets.read_targets`.
    values : DataFrame
        From :func:`finmodel.measure.targets.model_values` and `policy_values`, joined.

    Returns
    -------
    DataFrame
        One row a target: the columns of `SHOWN`; `evidence`, `evidence_se`, `evidence_low`,
        `evidence_high` (90 %); `value`, `se`, `chance_sd`, `q05`, `q95` of the model; `part` (of
        `PARTS`), `verdict`, `distance` (in standard errors of the difference, without sign; NaN of
        signs and of what is not measured) and `ratio` (model over evidence). Misses come first,
        the farthest at the top; then what is unclear, inside, not measured.
    """
    renamed = {name: f"evidence_{name}" for name in ("low", "high")}
    renamed |= {"value": "evidence", "standard_error": "evidence_se"}
    table = targets.rename(columns=renamed)
    table = table[[*SHOWN, "evidence", "evidence_se", "evidence_low", "evidence_high"]]
    table = table.merge(values, on="target", how="left", validate="one_to_one")
    table["part"] = part_of(table)
    value, evidence = table["value"].to_numpy(), table["evidence"].to_numpy()
    error = np.sqrt(
        sum(np.square(table[name].fillna(0.0)) for name in ("evidence_se", "se", "chance_sd"))
    ).to_numpy()
    is_sign = (table["unit"] == SIGN).to_numpy()
    distance = np.divide(
        np.abs(value - evidence), error, out=np.full(len(table), np.nan), where=(error > 0)
    )
    distance[is_sign] = np.nan
    table["distance"] = distance
    table["ratio"] = np.divide(
        value, evidence, out=np.full(len(table), np.nan), where=(evidence != 0) & ~is_sign
    )
    table["verdict"] = _verdicts(value, evidence, distance, is_sign)
    rank = {OUTSIDE: 0, UNCLEAR: 1, INSIDE: 2, UNMEASURED: 3}
    order = pd.DataFrame(
        {
            "rank": table["verdict"].map(rank),
            "near": -table["distance"].fillna(np.inf),
            "place": np.arange(len(table)),
        }
    ).sort_values(["rank", "near", "place"])
    return table.loc[order.index].reset_index(drop=True)


def fitted_also(targets: pd.DataFrame, fitted_to: Collection[str]) -> pd.DataFrame:
    """Return targets with those that a scenario was fitted to as fitted ones.

    A test of the same population that shares a year with one of these becomes context: never the
    same years in both.

    Raises
    ------
    ScenarioError
        If there is no such target.
    """
    known = targets["target"].tolist()
    problems = [
        Problem("fitted_to", repr(name), "a target of data/evidence", nearest_name(name, known))
        for name in fitted_to
        if name not in known
    ]
    if problems:
        raise ScenarioError("validation", problems)
    table = targets.copy()
    is_new = table["target"].isin(list(fitted_to)) & (table["use"] != "fit")
    for _, row in table[is_new].iterrows():
        years = set(years_of(str(row["years"])))
        is_near = (table["population"] == row["population"]) & (table["use"] == "test")
        shares = np.array([bool(years & set(years_of(str(t)))) for t in table["years"]])
        table.loc[is_near & shares, "use"] = "context"
    table.loc[is_new, "use"] = "fit"
    return table


def part_of(table: pd.DataFrame) -> list[str]:
    """Return what each row of targets is: one of `PARTS`."""
    is_home = table["scope"].isin(HOME)
    parts = np.where(is_home, TEST, ELSEWHERE)
    parts = np.where(table["use"] == "fit", FITTED, parts)
    return [str(part) for part in np.where(table["use"] == "context", CONTEXT, parts)]


def _verdicts(
    value: FloatArray, evidence: FloatArray, distance: FloatArray, is_sign: NDArray[np.bool_]
) -> list[str]:
    found = np.where(distance <= NORMAL_90, INSIDE, OUTSIDE).astype(object)
    signs = np.where(value == evidence, INSIDE, np.where(value == 0.0, UNCLEAR, OUTSIDE))
    found = np.where(is_sign, signs, found)
    is_void = np.isnan(value) | (np.isnan(distance) & ~is_sign)
    return [str(word) for word in np.where(is_void, UNMEASURED, found)]


def tally(table: pd.DataFrame) -> pd.DataFrame:
    """Return how many targets of each part are inside, outside, unclear and not measured.

    Returns
    -------
    DataFrame
        One row a part and group, `all` groups first: `part`, `group`, `targets`, `inside`,
        `outside`, `unclear`, `not_measured`.
    """
    rows = []
    for part in PARTS:
        own = table[table["part"] == part]
        groups = [("all", own), *own.groupby("group", sort=False)]
        for group, frame in groups:
            count = frame["verdict"].value_counts()
            rows.append(
                {
                    "part": part,
                    "group": str(group),
                    "targets": len(frame),
                    "inside": int(count.get(INSIDE, 0)),
                    "outside": int(count.get(OUTSIDE, 0)),
                    "unclear": int(count.get(UNCLEAR, 0)),
                    "not_measured": int(count.get(UNMEASURED, 0)),
                }
            )
    return pd.DataFrame(rows)
