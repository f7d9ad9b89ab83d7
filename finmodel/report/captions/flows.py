"""Sentences on money between provinces."""

from __future__ import annotations

import math

import pandas as pd

from finmodel.report.captions.extremes import rivals
from finmodel.report.flow_rows import Crossing, largest_flows
from finmodel.report.wording import Wording

WHOLE_PERCENT = 0.01
"""Shares of sums whose joint error is not kept are told in whole per cent."""


def heat(rows: pd.DataFrame, wording: Wording) -> str:
    """Return how much stays and crosses, the largest crossing, and who keeps most at home.

    Parameters
    ----------
    rows : DataFrame
        From :func:`finmodel.report.flow_rows.flow_rows`.
    wording : Wording
    """
    total = float(rows["value"].sum())
    if not total > 0.0:
        return wording.text("flows_page", "none")
    said_total = _money(total, 0.01 * total, wording)
    crossing = rows[rows["crosses"] & (rows["value"] > 0.0)]
    if crossing.empty:
        return wording.text("flows_page", "heat_own", total=said_total)
    ordered = crossing.sort_values("value", ascending=False)
    first = ordered.iloc[0]
    share = float(crossing["value"].sum()) / total
    parts = [
        wording.text(
            "flows_page",
            "heat",
            own=wording.share(1.0 - share, WHOLE_PERCENT),
            cross=wording.share(share, WHOLE_PERCENT),
            total=said_total,
            a=first["from_name"],
            b=first["to_name"],
            value=_money(first["value"], first["value_se"], wording),
            told=_told(ordered, wording),
        ),
        _keeps(rows, wording),
    ]
    return (" " if wording.language == "en" else "").join(part for part in parts if part)


def _told(ordered: pd.DataFrame, wording: Wording) -> str:
    """Return whether the largest crossing is told from the second."""
    if len(ordered) < 2:
        return ""
    first, second = ordered.iloc[0], ordered.iloc[1]
    error = math.hypot(first["value_se"], second["value_se"])
    is_told = wording.is_told(first["value"] - second["value"], error)
    key = "told" if is_told else "untold"
    return wording.text("flows_page", key, c=second["from_name"], d=second["to_name"])


def _keeps(rows: pd.DataFrame, wording: Wording) -> str:
    """Return which province's investors keep most and least at home."""
    home = rows[~rows["crosses"] & rows["share"].notna()].sort_values("share")
    if len(home) < 2:
        return ""
    least, most = home.iloc[0], home.iloc[-1]
    # What a province pays in all is taken as known: its error is not kept beside the flow's.
    errors = (home["value_se"] / home["value"] * home["share"]).fillna(0.0)
    home = home.assign(share_se=errors)
    near = [rivals(home, at, "share", "from_name", wording) for at in (0, len(home) - 1)]
    return wording.text(
        "flows_page",
        "keeps",
        home=most["from_name"],
        home_share=wording.share(most["share"], WHOLE_PERCENT),
        open_home=near[1],
        open_away=near[0],
        away=least["from_name"],
        away_share=wording.share(least["share"], WHOLE_PERCENT),
    )


def moved(found: Crossing | None, wording: Wording) -> str:
    """Return whether the share that crosses borders moved; nothing if it is not known.

    Parameters
    ----------
    found : Crossing or None
        From :func:`finmodel.report.flow_rows.crossing`.
    wording : Wording
    """
    if found is None:
        return ""
    if not math.isfinite(found.change_se):
        key = "index_unknown"
    else:
        is_told = wording.is_told(found.change, found.change_se)
        key = "index_moved" if is_told else "index_unmoved"
    return wording.text(
        "flows_page",
        "index",
        first=wording.share(found.first, found.first_se),
        last=wording.share(found.last, found.last_se),
        year_first=found.first_year,
        year_last=found.last_year,
        moved=wording.text("flows_page", key),
    )


def sankey(rows: pd.DataFrame, wording: Wording) -> str:
    """Return how much the flows drawn carry, and what their colours mean.

    Parameters
    ----------
    rows : DataFrame
        From :func:`finmodel.report.flow_rows.flow_rows`.
    wording : Wording
    """
    drawn = largest_flows(rows)
    if drawn.empty:
        return wording.text("flows_page", "none")
    if len(drawn) == int((rows["value"] > 0.0).sum()):
        return wording.text("flows_page", "sankey_all", n=len(drawn))
    share = float(drawn["value"].sum() / rows["value"].sum())
    return wording.text(
        "flows_page", "sankey", n=len(drawn), share=wording.share(share, WHOLE_PERCENT)
    )


def _money(value: float, error: float, wording: Wording) -> str:
    per = wording.mcny_per_unit
    return wording.money(value * per, error * per)
