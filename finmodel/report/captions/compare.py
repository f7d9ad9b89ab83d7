"""Sentences on policies beside each other."""

from __future__ import annotations

import pandas as pd

from finmodel.report.views_policy import LESS_IS_BETTER, outcome_name
from finmodel.report.wording import Wording


def against_base(rows: pd.DataFrame, outcome: str, wording: Wording) -> str:
    """Return with which policy an outcome changes most for the better, and how many are told.

    Parameters
    ----------
    rows : DataFrame
        From :func:`finmodel.report.views_compare.base_rows`.
    outcome : str
    wording : Wording
    """
    known = rows[rows["change"].notna()]
    if known.empty:
        return wording.text("compare", "nothing")
    is_less = outcome in LESS_IS_BETTER
    best = known.iloc[int(known["change"].argmin() if is_less else known["change"].argmax())]
    return wording.text(
        "compare",
        "base_told_less" if is_less else "base_told",
        outcome=outcome_name(outcome, wording),
        best=best["name"],
        most=wording.with_error(best["change"], best["se"]),
        n_told=int(known["is_told"].sum()),
        n=len(known),
    )


def between(rows: pd.DataFrame, outcome: str, wording: Wording, *, is_bound: bool = False) -> str:
    """Return the widest difference between policies, and how many are told.

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
    widest = known.iloc[int(known["change"].abs().argmax())]
    return wording.text(
        "compare",
        "between_bound" if is_bound else "between_told",
        outcome=outcome_name(outcome, wording),
        pair=widest["name"],
        difference=wording.number(widest["change"], widest["se"]),
        error=wording.number(widest["se"], widest["se"]),
        n_told=int(known["is_told"].sum()),
        n=len(known),
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
