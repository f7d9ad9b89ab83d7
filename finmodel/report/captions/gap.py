"""Sentences on the gap of a run."""

from __future__ import annotations

import math
from typing import NamedTuple

import pandas as pd

from finmodel.report.captions.extremes import rivals
from finmodel.report.wording import Wording


def answer(total: pd.DataFrame, wording: Wording) -> str:
    """Return the answer of a run in a sentence.

    Parameters
    ----------
    total : DataFrame
        Table `gap_total`.
    wording : Wording
    """
    row = total.iloc[0]
    if math.isnan(row["gap_rate_mcny"]):
        return wording.text("overview", "none")
    return wording.text(
        "overview",
        "answer",
        need=wording.money(row["viable_ask_mcny"], row["viable_ask_mcny_se"]),
        gap=wording.money(row["gap_mcny"], row["gap_mcny_se"]),
        rate=wording.share(row["gap_rate_mcny"], row["gap_rate_mcny_se"]),
    )


def by_region(table: pd.DataFrame, wording: Wording, selected: str = "") -> str:
    """Return what the gap by province shows: of one province, or the extremes.

    Parameters
    ----------
    table : DataFrame
        Table `gap_region`.
    wording : Wording
    selected : str
        ISO code of a province; extremes are told if it is empty or not in the table.
    """
    known = table[table["gap_rate_mcny"].notna()]
    own = known[known["region"] == selected]
    if len(own) == 1 or len(known) == 1:
        row = own.iloc[0] if len(own) else known.iloc[0]
        return _one(row, "region", wording)
    if known.empty:
        return wording.text("overview", "none")
    ordered = known.sort_values("gap_rate_mcny")
    best, worst = ordered.iloc[0], ordered.iloc[-1]
    difference = worst["gap_rate_mcny"] - best["gap_rate_mcny"]
    error = math.hypot(worst["gap_rate_mcny_se"], best["gap_rate_mcny_se"])
    near = ["", ""]
    if wording.is_told(difference, error):
        told = wording.text(
            "overview", "told", difference=wording.number(100 * difference, 100 * error)
        )
        last = len(ordered) - 1
        near = [rivals(ordered, at, "gap_rate_mcny", "region", wording) for at in (0, last)]
    else:
        told = wording.text("overview", "untold")
    return wording.text(
        "overview",
        "caption",
        best=wording.name(best["region"]),
        worst=wording.name(worst["region"]),
        rate_best=wording.share(best["gap_rate_mcny"], best["gap_rate_mcny_se"]),
        rate_worst=wording.share(worst["gap_rate_mcny"], worst["gap_rate_mcny_se"]),
        open_best=near[0],
        open_worst=near[1],
        told=told,
    )


def _one(row: pd.Series[float], dimension: str, wording: Wording) -> str:
    return wording.text(
        "overview",
        "one",
        name=wording.name(row[dimension]),
        gap=wording.money(row["gap_mcny"], row["gap_mcny_se"]),
        need=wording.money(row["viable_ask_mcny"], row["viable_ask_mcny_se"]),
        rate=wording.share(row["gap_rate_mcny"], row["gap_rate_mcny_se"]),
        span=wording.share_span(row["gap_rate_mcny_q05"], row["gap_rate_mcny_q95"]),
    )


class Number(NamedTuple):
    """A number with its name and how far it ranges.

    Attributes
    ----------
    label, value, range : str
    """

    label: str
    value: str
    range: str


def four_numbers(total: pd.DataFrame, wording: Wording) -> tuple[Number, Number, Number, Number]:
    """Return gap, gap rate in money and in needs, and needs that ended with their firm.

    Parameters
    ----------
    total : DataFrame
        Table `gap_total`.
    wording : Wording
    """
    row = total.iloc[0]

    def ranged(span: str) -> str:
        return wording.text("overview", "range", span=span)

    return (
        Number(
            wording.text("overview", "gap"),
            wording.money(row["gap_mcny"], row["gap_mcny_se"]),
            ranged(wording.money_span(row["gap_mcny_q05"], row["gap_mcny_q95"])),
        ),
        Number(
            wording.text("overview", "rate"),
            wording.share(row["gap_rate_mcny"], row["gap_rate_mcny_se"]),
            ranged(wording.share_span(row["gap_rate_mcny_q05"], row["gap_rate_mcny_q95"])),
        ),
        Number(
            wording.text("overview", "needs"),
            wording.share(row["gap_rate_n"], row["gap_rate_n_se"]),
            ranged(wording.share_span(row["gap_rate_n_q05"], row["gap_rate_n_q95"])),
        ),
        Number(
            wording.text("overview", "never"),
            wording.number(row["persistent_n"], row["persistent_n_se"]),
            wording.text(
                "overview",
                "never_note",
                error=wording.number(row["persistent_n_se"], row["persistent_n_se"]),
                late=wording.number(row["late_n"], row["late_n_se"]),
            ),
        ),
    )
