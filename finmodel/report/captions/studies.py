"""Sentences on studies: what a batch, a sensitivity study or an allocation shows, how sure."""

from __future__ import annotations

import numpy as np
import pandas as pd

from finmodel.report.charts.studies import Z95
from finmodel.report.wording import SURE, Wording

BY_CHANCE = 1.0 - SURE
"""Part of intervals that leave out zero though there is nothing."""


def batch(rows: pd.DataFrame, wording: Wording, unit: str) -> str:
    """Return how many plans of a batch differ from the baseline, and the largest change.

    Parameters
    ----------
    rows : DataFrame
        Of :func:`finmodel.report.views_studies.batch_rows`.
    wording : Wording
    unit : str
        Of the measure, as the chart has it.
    """
    if rows.empty:
        return wording.text("studies_batch", "none")
    if not bool(rows["is_change"].iloc[0]):
        ends = wording.number(rows["value"].min()), wording.number(rows["value"].max())
        text = {"least": ends[0], "most": ends[1]}
        return wording.text("studies_batch", "caption_values", all=len(rows), unit=unit, **text)
    is_told = rows["is_told"].astype(bool)
    told = int(is_told.sum())
    shown = rows[is_told] if told else rows
    largest = shown.iloc[int(shown["value"].abs().to_numpy().argmax())]
    error, by_chance = float(largest["se"]), BY_CHANCE * len(rows)
    return wording.text(
        "studies_batch",
        "caption" if told else "untold",
        n=told,
        all=len(rows),
        unit=unit,
        expected=wording.number(by_chance, 0.1 if by_chance >= 0.1 else 0.01),
        most=wording.number(largest["value"], error),
        low=wording.number(largest["low"], error),
        high=wording.number(largest["high"], error),
        name=largest["name"],
        open=_near(rows, largest, wording) if told else "",
    )


def _near(rows: pd.DataFrame, largest: pd.Series[float], wording: Wording) -> str:
    """Return how many plans may change as much: their sizes are not told from the largest."""
    others = rows[rows.index != largest.name]
    half, own = (others["high"] - others["low"]) / 2.0, (largest["high"] - largest["low"]) / 2.0
    apart = abs(float(largest["value"])) - others["value"].abs()
    is_near = ~(apart > np.hypot(half, float(own))) | others["se"].isna()
    n = int(is_near.sum())
    return wording.text("studies_batch", "open", n=n) if n else ""


def tornado(rows: pd.DataFrame, wording: Wording, unit: str) -> str:
    """Return the largest swing and how many are told from luck; rows of `views_studies`."""
    if rows.empty:
        return wording.text("studies_sensitivity", "none")
    told = rows[rows["is_told"]]
    row = told.iloc[0] if len(told) else rows.iloc[0]
    error = float(row["swing_se"])
    return wording.text(
        "studies_sensitivity",
        "swing" if len(told) else "swing_none",
        name=row["name"],
        low=row["low_text"],
        high=row["high_text"],
        at_low=wording.number(row["at_low"], error),
        at_high=wording.number(row["at_high"], error),
        swing=wording.number(row["swing"], error),
        error=wording.number(Z95 * error, error),
        n=len(told),
        all=len(rows),
        unit=unit,
    )


def indices(rows: pd.DataFrame, wording: Wording) -> str:
    """Return the factor with the largest share that is told; rows of `views_studies`."""
    totals = rows[rows["kind"] == "total"] if len(rows) else rows
    if totals.empty:
        return wording.text("studies_sensitivity", "none")
    luck = wording.share(float(totals["luck_share"].iloc[0]), 0.01)
    told = totals[totals["is_told"]]
    if told.empty:
        return wording.text("studies_sensitivity", "index_none", luck=luck)
    row = told.iloc[0]
    return wording.text(
        "studies_sensitivity",
        "index",
        name=row["factor"],
        share=wording.share(row["value"] / 100.0, 0.01),
        low=wording.share(row["low"] / 100.0, 0.01),
        high=wording.share(row["high"] / 100.0, 0.01),
        n=len(told),
        all=len(totals),
        luck=luck,
    )


def verdict(leads: pd.DataFrame, wording: Wording) -> str:
    """Return whether a winner differs from rules of thumb; rows of `views_studies.lead_rows`."""
    comma = wording.text("my_fund_actual", "comma")
    said = []
    for word in ("better", "worse"):
        names = list(leads[leads["verdict"] == word]["name"])
        if names:
            said.append(wording.text("studies_allocation", word, names=comma.join(names)))
    if not said:
        return wording.text("studies_allocation", "noise")
    return (" " if wording.language == "en" else "").join(said)


def splits(rows: pd.DataFrame, winner: str, leads: pd.DataFrame, wording: Wording) -> str:
    """Return where a winner's money goes, and whether to believe in it."""
    own = rows[rows["key"] == winner]
    most = own.iloc[int(own["percent"].to_numpy().argmax())]
    return wording.text(
        "studies_allocation",
        "split_caption",
        winner=most["split"],
        cell=most["cell"],
        share=f"{most['percent']:.0f}%",
        verdict=verdict(leads, wording),
    )


def leads(rows: pd.DataFrame, wording: Wording) -> str:
    """Return what the bars of a winner's leads are, and the verdict."""
    return wording.text(
        "studies_allocation", "lead_caption", n=len(rows), verdict=verdict(rows, wording)
    )


def frontier(rows: pd.DataFrame, wording: Wording) -> str:
    """Return how many splits stand on a frontier and what their order is worth."""
    if rows.empty:
        return wording.text("studies_allocation", "frontier_none")
    n_behind = int(rows["is_behind"].sum())
    return wording.text("studies_allocation", "frontier_caption", n=len(rows), behind=n_behind)
