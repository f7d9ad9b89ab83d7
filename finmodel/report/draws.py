"""Three layers of uncertainty for the terminal: simulation error, luck, inputs not known."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
from rich.table import Table

from finmodel.report.terminal import Names, with_error
from finmodel.units import MCNY_PER_BN
from finmodel.variables import Language, labels

Row = Mapping[Any, Any]

LEAST_PATHS = 20
"""With fewer in a draw the 5 and 95 % points over paths lie inside the true ones."""

HALF_RANGE = 1.6448536269514722
"""Standard deviations from the middle to an end of nine in ten, normal."""

SHOWN = (
    "viable_ask_mcny",
    "gap_mcny",
    "gap_rate_mcny",
    "gap_rate_n",
    "deals_mcny",
    "deals_n",
)
"""Measures of the view of totals; the last two are of all sectors."""


def draws_headline(frame: pd.DataFrame, language: Language = "en") -> str:
    """Return the gap rate with the width of luck and of the inputs, in a sentence.

    Parameters
    ----------
    frame : DataFrame
        The table `uncertainty_gap_total`.
    language : {'en', 'zh'}
    """
    words = {key: item[language] for key, item in labels()["uncertainty"].items()}
    rows = _rows(frame)
    row, comma, end = rows["gap_rate_mcny"], *(("; ", ".") if language == "en" else ("；", "。"))
    rate = "-" if math.isnan(row["mean"]) else f"{row['mean']:.1%}"
    ask = f"{rows['viable_ask_mcny']['mean'] / MCNY_PER_BN:,.4g}"
    parts = [words["headline"].format(ask=ask, rate=rate)]
    if not math.isnan(row["chance_q05"]):
        low, high = _percent(row["chance_q05"], row["chance_q95"])
        parts.append(words["by_luck"].format(low=low, high=high))
    if math.isnan(row["ignorance_variance"]):
        parts.append(words["by_one_draw"])
    elif row["is_floored"]:
        parts.append(words["floored"].format(most=f"{100 * at_most(row):.2g}"))
    else:
        low, high = _percent(row["ignorance_q05"], row["ignorance_q95"])
        parts.append(words["by_inputs"].format(low=low, high=high))
    return comma.join(parts) + end


def at_most(row: Row) -> float:
    """Return half of the widest nine in ten that ignorance may have where it reads zero."""
    return HALF_RANGE * float(row["ignorance_sd_upper"])


def _percent(low: float, high: float) -> tuple[str, str]:
    """Return two shares in per cent, with a digit more where they would look the same."""
    digits = 0 if round(100 * low) != round(100 * high) else 1
    return f"{100 * low:.{digits}f}", f"{100 * high:.{digits}f}"


def total_view(tables: Mapping[str, pd.DataFrame], language: Language = "en") -> Table:
    """Return the layers of the main totals, a row a measure."""
    words = {key: item[language] for key, item in labels()["uncertainty"].items()}
    rows = {**_rows(tables["uncertainty_activity_total"]), **_rows(tables["uncertainty_gap_total"])}
    view = _view(words["view_total"], words)
    for name in SHOWN:
        _add(view, words[name], rows[name], name, words=words, language=language)
    return view


def rate_view(
    frame: pd.DataFrame, dimension: str, names: Names, language: Language = "en"
) -> Table:
    """Return the layers of the gap rate by region or stage.

    Parameters
    ----------
    frame : DataFrame
        The table `uncertainty_gap_region` or `uncertainty_gap_stage`.
    dimension : str
        `region` or `stage`.
    names : mapping of str
        Display names of its values.
    language : {'en', 'zh'}
    """
    words = {key: item[language] for key, item in labels()["uncertainty"].items()}
    view = _view(words["view_by"].format(what=words[dimension]), words)
    for row in frame[frame["measure"] == "gap_rate_mcny"].to_dict("records"):
        value = str(row[dimension])
        name = names.get(value, value)
        _add(view, name, row, "gap_rate_mcny", words=words, language=language)
    return view


def _view(title: str, words: Mapping[str, str]) -> Table:
    view = Table(title=title, title_justify="left", header_style="bold", padding=(0, 0))
    view.add_column(words["view_what"], overflow="fold")
    for key in ("view_mean", "view_luck", "view_inputs", "view_shares"):
        view.add_column(words[key], justify="right", overflow="fold")  # never cut a number
    return view


def _add(
    view: Table,
    label: str,
    row: Row,
    measure: str,
    *,
    words: Mapping[str, str],
    language: Language,
) -> None:
    scale = 1.0
    if measure.endswith("_mcny"):
        scale = 1 / MCNY_PER_BN
    if measure.startswith("gap_rate"):
        scale = 100.0
    inputs = "-"
    if not math.isnan(row["ignorance_variance"]):
        ends = [
            with_error(row[f"ignorance_{q}"], row[f"ignorance_{q}_se"], scale=scale)
            for q in ("q05", "q95")
        ]
        inputs = words["range"].format(low=ends[0], high=ends[1])
        if row["is_floored"]:
            inputs = words["at_most"].format(most=f"{at_most(row) * scale:.2g}")
    shares = [row[f"{layer}_share"] for layer in ("chance", "ignorance")]
    view.add_row(
        label,
        with_error(row["mean"], row["mean_se"], scale=scale),
        between(row["chance_q05"] * scale, row["chance_q95"] * scale, language),
        inputs,
        ", ".join("-" if math.isnan(share) else f"{100 * share:.0f}" for share in shares),
    )


def between(low: float, high: float, language: Language = "en") -> str:
    """Return a range with three digits each, written out."""
    if math.isnan(low) or math.isnan(high):
        return "-"
    texts = []
    for value in (low, high):
        size = math.floor(math.log10(abs(value))) if value else 0
        texts.append(f"{round(value, 2 - size):,.{max(0, 2 - size)}f}")
    return (" to " if language == "en" else "至").join(texts)


def _rows(frame: pd.DataFrame) -> dict[str, Row]:
    records: Sequence[Row] = frame.to_dict("records")
    return {str(row["measure"]): row for row in records}
