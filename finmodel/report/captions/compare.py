"""Sentences on policies beside each other."""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations

import pandas as pd

from finmodel.report.captions.extremes import Row, furthest, is_apart
from finmodel.report.views_policy import LESS_IS_BETTER, outcome_name
from finmodel.report.wording import Wording


def against_base(
    rows: pd.DataFrame, outcome: str, wording: Wording, pairs: pd.DataFrame | None = None
) -> str:
    """Return with which policy an outcome changes most for the better, and how many are told.

    A policy is named only if its change is told from zero, with those it is not told from.

    Parameters
    ----------
    rows : DataFrame
        From :func:`finmodel.report.views_compare.base_rows`.
    outcome : str
    wording : Wording
    pairs : DataFrame, optional
        From :func:`finmodel.report.views_compare.pair_rows` of the same rows: which policies are
        told from each other. Without it their errors count as if they did not go together.
    """
    known = rows[rows["change"].notna()]
    if known.empty:
        return wording.text("compare", "nothing")
    sign = -1 if outcome in LESS_IS_BETTER else 1
    apart = is_apart if pairs is None else _apart_by(rows, pairs)
    most, key = furthest(known, sign, wording, apart), "fall" if sign < 0 else "rise"
    return wording.text(
        "compare",
        "base_told",
        outcome=outcome_name(outcome, wording),
        best=wording.text("extreme", f"{key}_with", most=most)
        if most
        else wording.text("extreme", f"no_{key}"),
        n_told=int(known["is_told"].sum()),
        n=len(known),
    )


def _apart_by(rows: pd.DataFrame, pairs: pd.DataFrame) -> Callable[[Row, Row], bool]:
    """Return what tells whether two policies differ, by the rows of their pairs."""
    names = list(combinations(rows["region"], 2))
    of = dict(zip(map(frozenset, names), pairs["is_told"], strict=True))
    return lambda first, second: bool(of[frozenset((first["region"], second["region"]))])


def between(rows: pd.DataFrame, outcome: str, wording: Wording, *, is_bound: bool = False) -> str:
    """Return the widest difference between policies that is told, and how many are.

    Parameters
    ----------
    rows : DataFrame
        From :func:`finmodel.report.views_compare.pair_rows`.
    outcome : str
    wording : Wording
    is_bound : bool
        Whether errors are bounds.
    """
    known = rows[rows["change"].notna()]
    if known.empty:
        return wording.text("compare", "nothing")
    told, n = known[known["is_told"].astype(bool)], len(known)
    if told.empty and n > 1:
        called = outcome_name(outcome, wording)
        return wording.text("compare", "between_none", outcome=called, n=n)
    shown = known if told.empty else told
    widest = shown.iloc[int(shown["change"].abs().argmax())]
    return wording.text(
        "compare",
        "between_bound" if is_bound else "between_told",
        outcome=outcome_name(outcome, wording),
        pair=widest["name"],
        difference=wording.number(widest["change"], widest["se"]),
        error=wording.number(widest["se"], widest["se"]),
        n_told=len(told),
        n=n,
    )


def futures(rows: pd.DataFrame, wording: Wording) -> str:
    """Return in how many futures the first policy of each pair returns more public money.

    Parameters
    ----------
    rows : DataFrame
        From :func:`finmodel.report.views_compare.future_rows`.
    wording : Wording
    """
    if rows.empty:
        return wording.text("compare", "futures_none")
    parts = [
        wording.text(
            "compare",
            "futures_told",
            first=row["first"],
            second=row["second"],
            x=row["n_more"],
            n=row["n"],
            difference=wording.with_error(row["change"], row["se"]),
            told=wording.text("lab", "told_yes" if row["is_told"] else "told_no"),
        )
        for row in rows.to_dict("records")
    ]
    return " ".join(parts)
