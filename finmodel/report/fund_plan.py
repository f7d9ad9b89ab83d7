"""A fund's plan for the terminal: what LPs may expect, how bad it can get, who gets what."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
from rich.table import Table

from finmodel.report.terminal import span, with_error
from finmodel.variables import labels

SHOWN = (
    "net_tvpi",
    "net_irr_pa",
    "pooled_net_irr_pa",
    "ks_pme",
    "direct_alpha_pa",
    "p_loss",
    "value_at_risk_share",
    "expected_shortfall_share",
    "gross_moic",
    "gross_irr_pa",
    "loss_in_losing_deals_share",
    "paid_in_share",
    "invested_mcny",
    "fees_mcny",
    "recycled_mcny",
    "carry_mcny",
    "clawback_mcny",
    "deals_n",
    "follow_missed_share",
    "irr_several_share",
    "irr_none_share",
    "years_to_dpi_1",
    "exposure_peak_share",
    "j_depth_share",
    "breakeven_year",
)
"""Measures shown, in order; one whose every path is nothing is left out."""


def plan_headline(fund: pd.DataFrame, title: str) -> str:
    """Return what the LPs of a fund may expect, in two sentences."""
    rows = rows_by(fund, "measure")
    multiple, loss, dpi = rows["net_tvpi"], rows["p_loss"], rows["years_to_dpi_1"]
    half = f"Half of its futures give LPs between {multiple['q25']:.2f} and {multiple['q75']:.2f}"
    back = f"{dpi['defined_share']:.0%} of futures return the money"
    if dpi["defined_share"] > 0.0:
        back += f", the middle one of these after {dpi['q50']:.1f} years"
    return (
        f"{title}: {half} times what they paid in, the middle one {multiple['q50']:.2f}. "
        f"The chance to get back less than was paid is {loss['value']:.0%}; {back}."
    )


def fund_view(fund: pd.DataFrame, title: str) -> Table:
    """Return the measures of a fund with error and range."""
    return measures_view(fund, title, SHOWN, "fund")


def measures_view(frame: pd.DataFrame, title: str, shown: Sequence[str], section: str) -> Table:
    """Return some measures with error and range, labelled by a section of the catalogue."""
    view = bare_table(title, ("mean", "middle", "9 in 10\nfutures"))
    words = labels()[section]
    rows = rows_by(frame, "measure")
    for name in shown:
        row = rows[name]
        if row["value"] == 0.0 and row["se"] == 0.0:
            continue
        text = words[name]["en"]
        if not math.isnan(row.get("defined_share", math.nan)) and row["defined_share"] < 0.995:
            text += f" ({row['defined_share']:.0%} of futures have one)"
        is_told = not math.isnan(row["q50"]) and row["q05"] < row["q95"]
        middle = f"{row['q50']:,.3g}" if is_told else ""
        spread = span(row["q05"], row["q95"]) if is_told else ""
        view.add_row(text, with_error(row["value"], row["se"]), middle, spread)
    return view


def parties_view(parties: pd.DataFrame, names: Mapping[str, str]) -> Table:
    """Return who pays and who gets what."""
    heads = ("paid in,\nmcny", "got,\nmcny", "multiple", "IRR of\nmeans", "chance\nof loss")
    view = bare_table("Who gets what", heads)
    for row in rows_by(parties, "party").values():
        name = names.get(str(row["party"]), str(row["party"]))
        sums = [with_error(row[key], row[f"{key}_se"]) for key in ("paid_mcny", "got_mcny")]
        if row["party"] == "manager":
            # What it gets is mostly pay for work: over its own money it says nothing.
            view.add_row("Manager: own commitment, fees, carry", *sums, "", "", "")
            continue
        view.add_row(
            name,
            *sums,
            with_error(row["tvpi"], row["tvpi_se"]),
            "-" if math.isnan(row["pooled_irr_pa"]) else f"{row['pooled_irr_pa']:.1%}",
            f"{row['p_loss']:.0%}",
        )
    return view


def years_view(
    years: pd.DataFrame, title: str = "Year by year, of the commitment, at the year's end"
) -> Table:
    """Return the fund year by year: calls, distributions, NAV and ratios, means of paths."""
    heads = ("called", "got", "net", "9 in 10\nfutures", "NAV", "DPI", "TVPI")
    view = bare_table(title, heads)
    for year, group in years.groupby("year", sort=True):
        rows = rows_by(group, "measure")
        cells = [f"{rows[name]['value']:.2f}" for name in ("called", "got", "net")]
        cells.append(span(rows["net"]["q05"], rows["net"]["q95"]))
        cells += [ratio_text(rows[name]["value"]) for name in ("nav", "dpi", "tvpi")]
        view.add_row(f"{year} ({int(group['calendar_year'].iloc[0])})", *cells)
    return view


def deals_view(deals: pd.DataFrame, names: Mapping[str, str]) -> Table:
    """Return deals by stage of the first cheque."""
    heads = ("deals", "first\ncheque", "cost", "bought", "held at\nthe end", "MOIC", "below\ncost")
    view = bare_table("Deals by stage of the first cheque, mcny", heads)
    for row in rows_by(deals, "stage").values():
        name = "All" if row["stage"] == "all" else names.get(str(row["stage"]), str(row["stage"]))
        view.add_row(
            name,
            f"{row['deals_n']:.1f}",
            f"{row['first_cheque_mcny']:.1f}",
            f"{row['cost_mcny']:.1f}",
            f"{row['entry_share']:.1%}",
            f"{row['last_share']:.1%}",
            f"{row['moic']:.2f}",
            f"{row['from_0x_share']:.0%}",
        )
    return view


def budget_view(budget: pd.DataFrame) -> Table:
    """Return the budget of the closed form beside the paths."""
    view = bare_table("The budget: closed form, and mean of the paths", ("planned", "simulated"))
    words = labels()["fund_budget"]
    for row in rows_by(budget, "item").values():
        view.add_row(
            words[str(row["item"])]["en"],
            ratio_text(row["planned"]),
            with_error(row["simulated"], row["se"]) if not math.isnan(row["simulated"]) else "",
        )
    return view


def bare_table(title: str, heads: tuple[str, ...]) -> Table:
    """Return an empty table with a column of names and some of numbers."""
    view = Table(title=title, title_justify="left", header_style="bold", padding=(0, 0))
    view.add_column("", overflow="fold")
    for heading in heads:
        view.add_column(heading, justify="right", no_wrap=True)
    return view


def ratio_text(value: float) -> str:
    """Return a number with three significant digits; ``-`` for one that is not there."""
    return "-" if math.isnan(value) else f"{value:,.3g}"


def rows_by(frame: pd.DataFrame, index: str) -> dict[str, dict[str, Any]]:
    """Return the rows of a table by the value of one of its columns."""
    return {
        str(row[index]): {str(key): item for key, item in row.items()}
        for row in frame.to_dict("records")
    }
