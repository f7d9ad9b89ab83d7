"""A fund's record beside its plan, and its positions, for the terminal."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import pandas as pd
from rich.table import Table

from finmodel.report.fund_plan import bare_table, ratio_text, rows_by
from finmodel.report.terminal import span, with_error
from finmodel.variables import labels

STAGE_MEASURES = ("deals_n", "invested_mcny", "followed_mcny", "moic", "loss_share")
"""Measures shown by stage."""


def actuals_headline(actuals: pd.DataFrame) -> str:
    """Return how a fund stands by its plan, in two sentences."""
    rows = rows_by(actuals[actuals["stage"] == "all"], "measure")
    words = labels()["fund_actuals"]
    out = [
        words[name]["en"].split(":")[0].split(",")[0].lower()
        for name, row in rows.items()
        if str(row["place"]).endswith("nine_in_ten")
    ]
    text = (
        f"{rows['deals_n']['actual']:.0f} deals for CNY {rows['invested_mcny']['actual']:,.0f} "
        f"million, worth {ratio_text(rows['moic']['actual'])} times that in proceeds and at marks "
        f"({_place(rows['moic']['place'])} of the plan's futures at this age)."
    )
    if out:
        return f"{text} Outside nine in ten of them: {', '.join(out)}."
    return f"{text} Nothing is outside nine in ten of them."


def actuals_view(actuals: pd.DataFrame) -> Table:
    """Return the record of the whole fund beside the plan's futures at the same age."""
    heads = ("actual", "plan,\nmean", "9 in 10\nfutures", "below\nactual", "")
    view = bare_table("Plan against actuals", heads)
    words = labels()["fund_actuals"]
    for name, row in rows_by(actuals[actuals["stage"] == "all"], "measure").items():
        view.add_row(words[name]["en"], *_cells(row))
    return view


def actuals_stage_view(actuals: pd.DataFrame) -> Table:
    """Return some measures by stage of the first cheque."""
    heads = ("actual", "plan,\nmean", "9 in 10\nfutures", "below\nactual", "")
    view = bare_table("By stage of the first cheque", heads)
    words = labels()["fund_actuals"]
    for stage, group in actuals[actuals["stage"] != "all"].groupby("stage", sort=False):
        rows = rows_by(group, "measure")
        for name in STAGE_MEASURES:
            text = words[name]["en"].removeprefix("of it ")
            view.add_row(f"{stage}: {text}", *_cells(rows[name]))
    return view


def holdings_view(holdings: pd.DataFrame) -> Table:
    """Return each position, and what it may come to."""
    heads = ("last\nround", "cost", "so\nfar", "at\nmarks", "held", "multiple\nin the end", "loss")
    view = bare_table("Positions, mcny", heads)
    for row in rows_by(holdings, "firm").values():
        view.add_row(
            str(row["firm"]),
            "over" if row["is_over"] else str(row["last_stage"]),
            f"{row['cost_mcny']:,.1f}",
            f"{row['proceeds_mcny']:,.1f}",
            f"{row['nav_mcny']:,.1f}",
            f"{row['held_share']:.1%}",
            with_error(row["multiple"], row["se"]),
            f"{row['p_loss']:.0%}",
        )
    return view


def _cells(row: Mapping[str, Any]) -> tuple[str, ...]:
    return (
        ratio_text(row["actual"]),
        with_error(row["mean"], row["se"]),
        "-" if math.isnan(row["q05"]) else span(row["q05"], row["q95"]),
        "-" if math.isnan(row["percentile"]) else f"{row['percentile']:.0%}",
        _place(row["place"]) if row["place"] else "",
    )


def _place(place: str) -> str:
    return labels()["fund_place"][place]["en"] if place else "without a place in those"
