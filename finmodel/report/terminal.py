"""Tables for the terminal, with no more digits than the Monte Carlo error supports."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import pandas as pd
from rich.table import Table

from finmodel.units import MCNY_PER_BN
from finmodel.variables import labels

Names = Mapping[str, str]


def with_error(value: float, error: float, *, scale: float = 1.0, unit: str = "") -> str:
    """Return ``value±error`` with the error to one digit; ``-`` for an undefined value.

    Parameters
    ----------
    value, error : float
    scale : float
        Both are multiplied by it.
    unit : str
        Put after the numbers.
    """
    if math.isnan(value):
        return "-"
    value, error = value * scale, error * scale
    tail = f" {unit}" if unit else ""
    if math.isnan(error) or error <= 1e-9 * abs(value):
        return f"{value:,.4g}{tail}"
    digits = max(0, -math.floor(math.log10(error)))
    return f"{value:,.{digits}f}±{error:.{digits}f}{tail}"


def span(low: float, high: float, *, scale: float = 1.0) -> str:
    """Return ``low-high`` with three significant digits, ``low to high`` below zero."""
    if math.isnan(low) or math.isnan(high):
        return "-"
    between = " to " if low < 0.0 else "-"
    return f"{low * scale:.3g}{between}{high * scale:.3g}"


def gap_view(frame: pd.DataFrame, by: Sequence[str], title: str, names: Names) -> Table:
    """Return the gap by group: needs, money, gap and its rate with errors and bounds.

    Money comes first, then counts of needs. `9 in 10 futures` is the range that holds nine
    in ten simulated futures.

    Parameters
    ----------
    frame : DataFrame
        From :func:`finmodel.measure.gap_table`.
    by : sequence of str
        Its dimensions.
    title : str
    names : mapping of str
        Display names of the dimensions' values and of the headings.
    """
    view = Table(title=title, title_justify="left", header_style="bold", padding=(0, 0))
    for dimension in by:
        view.add_column(names.get(dimension, dimension), no_wrap=True)
    for heading in (
        "viable\nbn CNY",
        "gap\nbn CNY",
        "gap rate\n%, money",
        "strict to\nloose",
        "9 in 10\nfutures",
        "gap\nneeds",
        "gap rate\n%, needs",
    ):
        view.add_column(heading, justify="right", no_wrap=True)
    for row in frame.to_dict("records"):
        cells = [names.get(str(row[dimension]), str(row[dimension])) for dimension in by]
        bounds = sorted((row["gap_rate_mcny_strict"], row["gap_rate_mcny_loose"]))
        view.add_row(
            *cells,
            f"{row['viable_ask_mcny'] / MCNY_PER_BN:,.1f}",
            with_error(row["gap_mcny"], row["gap_mcny_se"], scale=1 / MCNY_PER_BN),
            with_error(row["gap_rate_mcny"], row["gap_rate_mcny_se"], scale=100),
            span(bounds[0], bounds[1], scale=100),
            span(row["gap_rate_mcny_q05"], row["gap_rate_mcny_q95"], scale=100),
            with_error(row["gap_n"], row["gap_n_se"]),
            with_error(row["gap_rate_n"], row["gap_rate_n_se"], scale=100),
        )
    return view


def headline(frame: pd.DataFrame) -> str:
    """Return the answer in one sentence, from the one-row total of a run."""
    row = frame.iloc[0]
    if math.isnan(row["gap_rate_mcny"]):
        return "No need of hard technology is viable in this scenario, so there is no gap."
    bounds = sorted((row["gap_rate_mcny_strict"], row["gap_rate_mcny_loose"]))
    return (
        f"Of {row['viable_ask_mcny'] / MCNY_PER_BN:,.4g} bn CNY a year that viable hard-technology "
        f"firms need, {row['gap_mcny'] / MCNY_PER_BN:,.3g} bn go unfunded: "
        f"{row['gap_rate_mcny']:.1%} of the money ({bounds[0]:.1%} to {bounds[1]:.1%} by the "
        f"strict and loose test), {row['gap_rate_n']:.1%} of the needs."
    )


def activity_view(frame: pd.DataFrame, graduation: pd.DataFrame, names: Names) -> Table:
    """Return the market in a year: deals, money, exits, and graduation by stage."""
    row = frame.iloc[0]
    view = Table(title="The market, per year", title_justify="left", header_style="bold")
    view.add_column("what")
    view.add_column("value", justify="right")
    view.add_row("deals", with_error(row["deals_n"], row["deals_n_se"]))
    money = with_error(row["deals_mcny"], row["deals_mcny_se"], scale=1 / MCNY_PER_BN)
    view.add_row("money invested, bn CNY", money)
    for column, text in (
        ("births_n", "new firms"),
        ("ipo_n", "IPOs"),
        ("mna_n", "sales"),
        ("transfer_n", "transfers to outsiders"),
        ("buyback_n", "buy-backs"),
        ("failures_n", "failures"),
        ("closures_n", "closures for lack of money"),
    ):
        view.add_row(text, with_error(row[column], row[f"{column}_se"]))
    for item in graduation[graduation["months"] == 24].to_dict("records"):
        stage = names.get(item["stage"], item["stage"])
        share = with_error(item["share"], item["share_se"], scale=100, unit="%")
        view.add_row(f"next stage funded in 24 months, from {stage}", share)
    return view


def fund_view(frame: pd.DataFrame, names: Names) -> Table:
    """Return cash flows of funds, a column a type, all vintages together, in bn CNY a year.

    Parameters
    ----------
    frame : DataFrame
        From :func:`finmodel.measure.fund_flow_table` by type.
    names : mapping of str
        Display names of the types.
    """
    title = "Funds by type, bn CNY a year, all vintages together"
    view = Table(title=title, title_justify="left", header_style="bold", padding=(0, 0))
    view.add_column("", no_wrap=True)
    rows = frame.to_dict("records")
    for row in rows:
        heading = names.get(str(row["fund_type"]), str(row["fund_type"]))
        # Too wide a number goes on in the next line: cut off, it would be another number.
        view.add_column(heading, justify="right", overflow="fold")
    for name, label in {
        "commitments_mcny": "raised",
        "called_mcny": "called",
        "invested_mcny": "invested",
        "fees_mcny": "fees",
        "to_lps_mcny": "to LPs",
        "carry_mcny": "carry",
        "nav_mcny": "NAV, year end",
    }.items():
        cells = [with_error(row[name], row[f"{name}_se"], scale=1 / MCNY_PER_BN) for row in rows]
        view.add_row(label, *cells)
    return view


def tail_sentence(frame: pd.DataFrame) -> str:
    """Return in a sentence or two what investors get back, and how far that can be trusted."""
    multiples = frame[frame["measure"] == "multiple"].set_index("route")
    rows = multiples.to_dict("index")
    row, ends = rows["all"], rows["with_write_offs"]
    verdict = labels()["verdict"][row["verdict"]]["en"]
    if math.isnan(row["mean"]):
        return f"Exits: {verdict}."
    text = f"Firms sold, listed or bought back pay investors {row['mean']:.2f} times their money"
    if not math.isnan(row["se"]):
        text += f" (±{row['se']:.2g})"
    if not math.isnan(ends["mean"]):
        text += f"; with those that failed or closed it is {ends['mean']:.2f}"
    text += ", an unweighted mean over firms"
    if not math.isnan(row["top1_share"]):
        text += f". The top 1 % of exits have {row['top1_share']:.0%} of the sum of multiples"
    if not math.isnan(row["hill"]):
        text += f", Hill index {row['hill']:.2g}"
    return f"{text}: {verdict}."
