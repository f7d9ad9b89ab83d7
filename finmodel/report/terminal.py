"""Tables for the terminal, with no more digits than the Monte Carlo error supports."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import pandas as pd
from rich.table import Table

from finmodel.units import MCNY_PER_BN
from finmodel.variables import Language, labels

Names = Mapping[str, str]


def words_of(section: str, language: Language) -> dict[str, str]:
    """Return the texts of a section of the catalogue in one language."""
    return {key: texts[language] for key, texts in labels()[section].items()}


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


def span(low: float, high: float, *, scale: float = 1.0, language: Language = "en") -> str:
    """Return ``low-high`` with three significant digits, ``low to high`` below zero."""
    if math.isnan(low) or math.isnan(high):
        return "-"
    between = words_of("terminal_gap", language)["to"] if low < 0.0 else "-"
    return f"{low * scale:.3g}{between}{high * scale:.3g}"


def gap_view(
    frame: pd.DataFrame, by: Sequence[str], title: str, names: Names, language: Language = "en"
) -> Table:
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
    language : {'en', 'zh'}
    """
    words = words_of("terminal_gap", language)
    view = Table(title=title, title_justify="left", header_style="bold", padding=(0, 0))
    for dimension in by:
        view.add_column(names.get(dimension, dimension), no_wrap=True)
    for key in ("viable", "gap_m", "rate_m", "bounds", "futures", "gap_n", "rate_n"):
        view.add_column(words[key], justify="right", no_wrap=True)
    for row in frame.to_dict("records"):
        cells = [names.get(str(row[dimension]), str(row[dimension])) for dimension in by]
        bounds = sorted((row["gap_rate_mcny_strict"], row["gap_rate_mcny_loose"]))
        view.add_row(
            *cells,
            f"{row['viable_ask_mcny'] / MCNY_PER_BN:,.1f}",
            with_error(row["gap_mcny"], row["gap_mcny_se"], scale=1 / MCNY_PER_BN),
            with_error(row["gap_rate_mcny"], row["gap_rate_mcny_se"], scale=100),
            span(bounds[0], bounds[1], scale=100, language=language),
            span(row["gap_rate_mcny_q05"], row["gap_rate_mcny_q95"], scale=100, language=language),
            with_error(row["gap_n"], row["gap_n_se"]),
            with_error(row["gap_rate_n"], row["gap_rate_n_se"], scale=100),
        )
    return view


def headline(frame: pd.DataFrame, language: Language = "en") -> str:
    """Return the answer in one sentence, from the one-row total of a run."""
    row, words = frame.iloc[0], words_of("terminal_gap", language)
    if math.isnan(row["gap_rate_mcny"]):
        return words["no_need"]
    bounds = sorted((row["gap_rate_mcny_strict"], row["gap_rate_mcny_loose"]))
    return words["headline"].format(
        ask=f"{row['viable_ask_mcny'] / MCNY_PER_BN:,.4g}",
        gap=f"{row['gap_mcny'] / MCNY_PER_BN:,.3g}",
        rate=f"{row['gap_rate_mcny']:.1%}",
        low=f"{bounds[0]:.1%}",
        high=f"{bounds[1]:.1%}",
        needs=f"{row['gap_rate_n']:.1%}",
    )


COUNTS = ("births_n", "ipo_n", "mna_n", "transfer_n", "buyback_n", "failures_n", "closures_n")
FLOWS = (
    "commitments_mcny",
    "called_mcny",
    "invested_mcny",
    "fees_mcny",
    "to_lps_mcny",
    "carry_mcny",
    "nav_mcny",
)


def activity_view(
    frame: pd.DataFrame, graduation: pd.DataFrame, names: Names, language: Language = "en"
) -> Table:
    """Return the market in a year: deals, money, exits, and graduation by stage."""
    row, words = frame.iloc[0], words_of("terminal_gap", language)
    view = Table(title=words["market"], title_justify="left", header_style="bold")
    view.add_column(words["what"])
    view.add_column(words["value"], justify="right")
    view.add_row(words["deals"], with_error(row["deals_n"], row["deals_n_se"]))
    money = with_error(row["deals_mcny"], row["deals_mcny_se"], scale=1 / MCNY_PER_BN)
    view.add_row(words["money"], money)
    for column in COUNTS:
        view.add_row(words[column], with_error(row[column], row[f"{column}_se"]))
    for item in graduation[graduation["months"] == 24].to_dict("records"):
        stage = names.get(item["stage"], item["stage"])
        share = with_error(item["share"], item["share_se"], scale=100, unit="%")
        view.add_row(words["graduation"].format(stage=stage), share)
    return view


def fund_view(frame: pd.DataFrame, names: Names, language: Language = "en") -> Table:
    """Return cash flows of funds, a column a type, all vintages together, in bn CNY a year.

    Parameters
    ----------
    frame : DataFrame
        From :func:`finmodel.measure.fund_flow_table` by type.
    names : mapping of str
        Display names of the types.
    language : {'en', 'zh'}
    """
    words = words_of("terminal_gap", language)
    view = Table(title=words["funds"], title_justify="left", header_style="bold", padding=(0, 0))
    view.add_column("", no_wrap=True)
    rows = frame.to_dict("records")
    for row in rows:
        heading = names.get(str(row["fund_type"]), str(row["fund_type"]))
        # Too wide a number goes on in the next line: cut off, it would be another number.
        view.add_column(heading, justify="right", overflow="fold")
    for name in FLOWS:
        cells = [with_error(row[name], row[f"{name}_se"], scale=1 / MCNY_PER_BN) for row in rows]
        view.add_row(words[name], *cells)
    return view


def tail_sentence(frame: pd.DataFrame, language: Language = "en") -> str:
    """Return in a sentence or two what investors get back, and how far that can be trusted."""
    words = words_of("terminal_gap", language)
    multiples = frame[frame["measure"] == "multiple"].set_index("route")
    rows = multiples.to_dict("index")
    row, ends = rows["all"], rows["with_write_offs"]
    verdict = labels()["verdict"][row["verdict"]][language]
    if math.isnan(row["mean"]):
        return words["exits_none"].format(verdict=verdict)
    text = words["exits"].format(mean=row["mean"])
    if not math.isnan(row["se"]):
        text += words["exits_se"].format(se=row["se"])
    if not math.isnan(ends["mean"]):
        text += words["exits_ends"].format(mean=ends["mean"])
    text += words["exits_mean"]
    if not math.isnan(row["top1_share"]):
        text += words["exits_top"].format(share=row["top1_share"])
    if not math.isnan(row["hill"]):
        text += words["exits_hill"].format(hill=row["hill"])
    return words["exits_end"].format(text=text, verdict=verdict)
