"""A programme of commitments for the terminal: how much a year, what is held, is there cash."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any

import pandas as pd
from rich.table import Table

from finmodel.report.fund_plan import bare_table, measures_view, ratio_text, rows_by
from finmodel.report.terminal import span
from finmodel.variables import labels

SHOWN = (
    "committed_mcny",
    "mean_commitment_mcny",
    "deepest_net_mcny",
    "over_commitment_most_x",
    "reserve_enough_mcny",
    "reserve_safe_mcny",
    "p_shortfall_ever",
    "shortfall_total_mcny",
    "reserve_at_end_mcny",
    "nav_at_end_mcny",
    "fit_miss_share",
)


def programme_headline(summary: pd.DataFrame, years: pd.DataFrame, title: str) -> str:
    """Return what to commit and whether the cash is there, in two sentences."""
    rows = rows_by(summary, "measure")
    commitments = years["commitment_mcny"]
    return (
        f"{title}: commit between {commitments.min():,.0f} and {commitments.max():,.0f} million "
        f"a year, {commitments.mean():,.0f} in the mean. The chance that a call cannot be paid in "
        f"some year is {rows['p_shortfall_ever']['value']:.0%}; a reserve of "
        f"{rows['reserve_safe_mcny']['value']:,.0f} million at the beginning would do in 19 of 20 "
        f"futures, {rows['reserve_enough_mcny']['value']:,.0f} by the parameters alone."
    )


def programme_view(summary: pd.DataFrame) -> Table:
    """Return the measures of a programme with error and range."""
    return measures_view(summary, "The programme, mcny", SHOWN, "programme")


def plan_view(years: pd.DataFrame) -> Table:
    """Return commitments, the ladder and cash by year, by the parameters."""
    heads = ("target", "held", "commit", "calls", "got", "NAV", "un-\nfunded", "over-\ncommit.")
    view = bare_table("Year by year by the parameters, mcny, at the year's end", heads)
    for row in years.to_dict("records"):
        keys = ("target", "held", "commitment", "contributions", "distributions", "nav", "unfunded")
        cells = [f"{row[f'{key}_mcny']:,.0f}" for key in keys]
        view.add_row(_year(row), *cells, ratio_text(row["over_commitment_x"]))
    return view


def cash_view(years: pd.DataFrame, paths: pd.DataFrame) -> Table:
    """Return net flows and reserve by the parameters and on paths, and chances of a shortfall."""
    heads = (
        "net",
        "net of\npaths",
        "9 in 10\nfutures",
        "reserve",
        "reserve,\nmiddle",
        "chance of\na shortfall",
        "NAV of\npaths",
    )
    view = bare_table("Cash: by the parameters, and on simulated funds, mcny", heads)
    by_year = {year: rows_by(group, "measure") for year, group in paths.groupby("year")}
    for row in years.to_dict("records"):
        found = by_year[row["year"]]
        net = found["net_mcny"]
        view.add_row(
            _year(row),
            f"{row['net_mcny']:,.0f}",
            f"{net['value']:,.0f}",
            span(net["q05"], net["q95"]),
            f"{row['reserve_mcny']:,.0f}",
            f"{found['reserve_mcny']['q50']:,.0f}",
            f"{row['p_shortfall']:.1%}",
            f"{found['nav_mcny']['value']:,.0f}",
        )
    return view


def sets_view(sets: pd.DataFrame) -> Table:
    """Return what other parameters would have committed."""
    heads = (
        "growth",
        "life",
        "called\nin 4 y",
        "bow",
        "steady\nx",
        "mean\ncommitment",
        "worst\nmiss",
    )
    view = bare_table("The same target by other parameters", heads)
    words = labels()["parameters"]
    for name, row in rows_by(sets, "parameters").items():
        text = words[name]["en"] if name in words else name
        view.add_row(
            f"{text} (used)" if row["is_used"] else text,
            f"{row['growth_pa']:.1%}",
            f"{row['life_years']:.0f}",
            f"{row['called_4y_share']:.0%}",
            f"{row['bow']:.2f}",
            f"{row['steady_x']:.2f}",
            f"{row['mean_mcny']:,.0f}",
            f"{row['worst_miss_share']:.1%}",
        )
    return view


def _year(row: Mapping[Hashable, Any]) -> str:
    return f"{row['year']} ({row['calendar_year']})"
