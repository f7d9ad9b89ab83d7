"""Which of several changes is named as the extreme: only one that is told, and from whom."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pandas as pd

from finmodel.report.wording import Wording

MOST_NAMED = 2
"""Rivals that are named; of more, their number is told."""
Row = dict[str, Any]


def is_apart(first: Row, second: Row) -> bool:
    """Return whether two changes are told from each other, by the one rule of all pages.

    Both errors count as if the two did not go together; an error that is not known tells nothing.

    Parameters
    ----------
    first, second : dict
        `change`, `se`, `low`, `high`: a change, its error, and its interval by
        :func:`finmodel.report.wording.reach`.
    """
    errors = (first["se"], second["se"])
    if not all(math.isfinite(error) for error in errors):
        return False
    # Both intervals reach as many errors, so their halves add as the errors do.
    halves = [(row["high"] - row["low"]) / 2.0 for row in (first, second)]
    return bool(abs(first["change"] - second["change"]) > math.hypot(*halves))


def furthest(
    rows: pd.DataFrame,
    sign: int,
    wording: Wording,
    apart: Callable[[Row, Row], bool] = is_apart,
) -> str:
    """Return the name and the size of the largest change of a sign, and what it is not told from.

    Parameters
    ----------
    rows : DataFrame
        `name`, `change`, `se`, `low`, `high`, `is_told`, a row a region or a policy.
    sign : {1, -1}
        The largest rise or the largest fall.
    wording : Wording
    apart : callable, optional
        Whether two rows are told from each other.

    Returns
    -------
    str
        Empty if no change of that sign is told from zero: then none is the largest.
    """
    known = rows[rows["change"].notna()]
    is_candidate = known["is_told"].astype(bool) & (sign * known["change"] > 0.0)
    if not is_candidate.any():
        return ""
    ordered = known.assign(_size=sign * known["change"], _told=is_candidate).sort_values(
        ["_told", "_size"], ascending=False
    )
    named, *others = (
        {str(key): value for key, value in row.items()} for row in ordered.to_dict("records")
    )
    rivals = [str(other["name"]) for other in others if not apart(named, other)]
    return wording.text(
        "extreme",
        "sure" if not rivals else "open",
        name=named["name"],
        size=wording.with_error(named["change"], named["se"]),
        rivals=listed(rivals, wording),
    )


def rivals(ordered: pd.DataFrame, place: int, column: str, dimension: str, wording: Wording) -> str:
    """Return from which others a row is not told, as an addition to a text; empty if from all are.

    Parameters
    ----------
    ordered : DataFrame
        `column` and its error ``column_se``, by the size of the column.
    place : int
        Of the row among them; the nearest others come first.
    column, dimension : str
        What is compared, and the column of names.
    wording : Wording
    """
    value, error = ordered[column].to_numpy(float), ordered[f"{column}_se"].to_numpy(float)
    by_nearness = sorted(range(len(ordered)), key=lambda other: abs(other - place))
    names = [
        wording.name(ordered[dimension].iloc[other])
        for other in by_nearness
        if other != place
        and not wording.is_told(value[place] - value[other], math.hypot(error[place], error[other]))
    ]
    return wording.text("extreme", "near", rivals=listed(names, wording)) if names else ""


def listed(names: list[str], wording: Wording) -> str:
    """Return the first names in a list, and how many more there are."""
    comma = wording.text("extreme", "comma")
    shown, more = names[:MOST_NAMED], len(names) - MOST_NAMED
    if more <= 0:
        return comma.join(shown)
    return comma.join([*shown, wording.text("extreme", "more", n=more)])
