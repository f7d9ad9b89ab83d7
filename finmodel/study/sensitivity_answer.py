"""Which unknown matters for which conclusion: one verdict a pair."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

DECIDES, MATTERS = 0.5, 0.1
"""Shares of variance from which a factor decides a conclusion, or matters for it."""
SURE = 3.0
"""Standard errors from which a direction is told: there are some hundred of them in a study."""


def answer_table(tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Return the verdict on every conclusion and factor.

    With shares of variance a factor `decides` (total share told from luck and at least a half),
    `matters` (a tenth), is `small` (told and less, or its interval ends below a tenth), `none` if
    it moves nothing at all, not even luck, or `unknown`. With screening alone the squared strength
    relative to the strongest factor's stands for the share, as variances would relate. `direction`
    is 1 or -1 if the outcome rises or falls with the number, by the swing or the mean effect if
    either is beyond three standard errors, else 0. What has a direction moves the outcome even if
    its share is not known.

    Returns
    -------
    DataFrame
        `policy`, `outcome`, `factor`, `method`, `share`, `share_low`, `share_high`, `verdict`,
        `direction`.
    """
    parts = []
    if "indices" in tables:
        parts.append(_by_indices(tables["indices"]))
    elif "screening" in tables:
        parts.append(_by_screening(tables["screening"]))
    if not parts:
        names = ["policy", "outcome", "factor", "method", "share", "share_low", "share_high"]
        return pd.DataFrame(columns=[*names, "verdict", "direction"])
    table = pd.concat(parts, ignore_index=True)
    return table.assign(direction=_directions(table, tables))


def _by_indices(indices: pd.DataFrame) -> pd.DataFrame:
    share, told = indices["total"], indices["is_told"].astype(bool)
    verdict = np.select(
        [
            indices["plain_total"] == 0.0,
            told & (share >= DECIDES),
            told & (share >= MATTERS),
            told | (indices["total_high"] < MATTERS),
        ],
        ["none", "decides", "matters", "small"],
        "unknown",
    )
    return pd.DataFrame(
        {
            "policy": indices["policy"],
            "outcome": indices["outcome"],
            "factor": indices["factor"],
            "method": "indices",
            "share": share,
            "share_low": indices["total_low"],
            "share_high": indices["total_high"],
            "verdict": verdict,
        }
    )


def _by_screening(screening: pd.DataFrame) -> pd.DataFrame:
    largest = screening.groupby(["policy", "outcome"], sort=False)["strength"].transform("max")
    share = (screening["strength"] / largest.where(largest > 0.0)) ** 2
    told = screening["is_told"].astype(bool)
    verdict = np.select(
        [
            screening["mu_star"] == 0.0,
            told & (share >= DECIDES),
            told & (share >= MATTERS),
            told,
        ],
        ["none", "decides", "matters", "small"],
        "unknown",
    )
    return pd.DataFrame(
        {
            "policy": screening["policy"],
            "outcome": screening["outcome"],
            "factor": screening["factor"],
            "method": "screening",
            "share": share,
            "share_low": np.nan,
            "share_high": np.nan,
            "verdict": verdict,
        }
    )


def _directions(table: pd.DataFrame, tables: Mapping[str, pd.DataFrame]) -> list[int]:
    """Return the signs by the one-at-a-time swing, else by the mean elementary effect."""
    signs: dict[tuple[str, str, str], int] = {}
    if "screening" in tables:
        rows = tables["screening"]
        sure = rows[rows["surety"].abs() > SURE]
        for row in sure.to_dict("records"):
            signs[row["policy"], row["outcome"], row["factor"]] = int(np.sign(row["mu"]))
    if "tornado" in tables:
        rows = tables["tornado"]
        sure = rows[rows["swing"].abs() > SURE * rows["swing_se"]]
        for row in sure.to_dict("records"):
            signs[row["policy"], row["outcome"], row["name"]] = int(np.sign(row["swing"]))
    keys = zip(table["policy"], table["outcome"], table["factor"], strict=True)
    return [signs.get(key, 0) for key in keys]
