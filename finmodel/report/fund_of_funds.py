"""A fund of funds for the terminal: the treasury's money, both layers, size and clauses."""

from __future__ import annotations

import math
from collections.abc import Mapping

import pandas as pd
from rich.table import Table

from finmodel.report.fund_plan import bare_table, measures_view, ratio_text, rows_by
from finmodel.report.terminal import span, with_error
from finmodel.variables import labels

SHOWN = (
    "commitment_mcny",
    "treasury_commitment_mcny",
    "treasury_paid_in_share",
    "treasury_tvpi",
    "treasury_dpi_at_term",
    "treasury_irr_pa",
    "treasury_pooled_irr_pa",
    "treasury_ks_pme",
    "treasury_gain_mcny",
    "p_loss",
    "value_at_risk_share",
    "expected_shortfall_share",
    "years_to_dpi_1",
    "j_depth_share",
    "breakeven_year",
    "sub_fund_tvpi",
    "parent_charges_mcny",
    "parent_carry_mcny",
    "private_per_treasury_x",
)
MANAGERS = ("parent_manager", "sub_managers")


NOTHING_SHARED = "sub-funds share nothing but their terms"


def nest_headline(summary: pd.DataFrame, title: str, *, is_market_shared: bool) -> str:
    """Return what the treasury may expect, in two sentences."""
    shared = "sub-funds are in one simulated market" if is_market_shared else NOTHING_SHARED
    rows = rows_by(summary, "measure")
    multiple, private = rows["treasury_tvpi"], rows["private_per_treasury_x"]
    return (
        f"{title}: half of its futures give the treasury between {multiple['q25']:.2f} and "
        f"{multiple['q75']:.2f} times what it paid in, the middle one {multiple['q50']:.2f}. The "
        f"chance to get back less than was paid is {rows['p_loss']['value']:.0%}, if {shared}; "
        f"each of its yuan stands beside {private['value']:.2f} of private LPs."
    )


def nest_view(summary: pd.DataFrame) -> Table:
    """Return the measures of a fund of funds with error and range."""
    return measures_view(summary, "The fund of funds, for the treasury", SHOWN, "fund_of_funds")


def layers_view(layers: pd.DataFrame) -> Table:
    """Return who pays and who gets what in both layers."""
    heads = (
        "paid,\nmcny",
        "got,\nmcny",
        "multiple",
        "IRR of\nmeans",
        "chance\nof loss",
        "VaR",
        "CVaR",
    )
    view = bare_table("Who gets what, both layers; VaR and CVaR 95 %, of a yuan paid", heads)
    words = labels()["party"]
    for name, row in rows_by(layers, "party").items():
        sums = [with_error(row[key], row[f"{key}_se"]) for key in ("paid_mcny", "got_mcny")]
        if name in MANAGERS:
            # What they get is mostly pay for work: over their own money it says nothing.
            view.add_row(words[name]["en"], *sums, "", "", "", "", "")
            continue
        view.add_row(
            words[name]["en"],
            *sums,
            with_error(row["tvpi"], row["tvpi_se"]),
            _percent(row["pooled_irr_pa"]),
            f"{row['p_loss']:.0%}",
            ratio_text(row["value_at_risk_share"]),
            ratio_text(row["expected_shortfall_share"]),
        )
    return view


def sizes_view(sizes: pd.DataFrame) -> Table:
    """Return how the treasury's multiple narrows with the number of sub-funds."""
    heads = ("TVPI", "sd", "sd if\nindependent", "9 in 10\nfutures", "chance\nof loss", "CVaR")
    view = bare_table("The treasury's multiple by number of sub-funds", heads)
    for row in sizes.to_dict("records"):
        view.add_row(
            f"{row['sub_funds_n']} sub-fund" + ("s" if row["sub_funds_n"] > 1 else ""),
            with_error(row["mean"], row["se"]),
            ratio_text(row["sd"]),
            ratio_text(row["sd_if_independent"]),
            span(row["q05"], row["q95"]),
            f"{row['p_loss']:.0%}",
            ratio_text(row["expected_shortfall_share"]),
        )
    return view


def clauses_view(clauses: pd.DataFrame, names: Mapping[str, str]) -> Table:
    """Return what other terms of the state in sub-funds change for the treasury."""
    heads = (
        "TVPI",
        "change",
        "IRR of\nmeans",
        "chance\nof loss",
        "CVaR",
        "others'\nTVPI",
        "others'\nyuan",
    )
    view = bare_table("The treasury under other terms in the sub-funds, on the same luck", heads)
    for name, row in rows_by(clauses, "terms").items():
        view.add_row(
            names.get(name, name),
            f"{row['tvpi']:.2f}",
            "" if name == "plan" else f"{row['tvpi_change']:+.2f}",
            _percent(row["pooled_irr_pa"]),
            f"{row['p_loss']:.0%}",
            f"{row['expected_shortfall_share']:.2f}",
            f"{row['private_tvpi']:.2f}",
            f"{row['private_per_treasury_x']:.2f}",
        )
    return view


def _percent(value: float) -> str:
    return "-" if math.isnan(value) else f"{value:.1%}"
