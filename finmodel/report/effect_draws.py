"""Three layers of an effect for the terminal: simulation error, luck, inputs not known."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
from rich.table import Table

from finmodel.report.draws import at_most, between
from finmodel.report.terminal import Names, with_error
from finmodel.units import MCNY_PER_BN
from finmodel.variables import Language, labels

Row = Mapping[Any, Any]

SHOWN = (
    ("uncertainty_outcomes", "gap_mcny"),
    ("uncertainty_outcomes", "gap_n"),
    ("uncertainty_effects", "gross_mcny"),
    ("uncertainty_effects", "net_mcny"),
    ("uncertainty_effects", "net_viable_n"),
    ("uncertainty_effects", "net_viable_mcny"),
    ("uncertainty_outcomes", "survivors_n"),
    ("uncertainty_public", "outlay_mcny"),
    ("uncertainty_public", "net_present_value_mcny"),
    ("uncertainty_public", "change_per_public_yuan"),
    ("uncertainty_public", "private_change_per_public_yuan"),
)
"""Table and measure of each row of the view."""


def effect_headline(
    policy: str, tables: Mapping[str, pd.DataFrame], names: Names, language: Language = "en"
) -> str:
    """Return what a policy adds to financings of viable needs, with its layers, in a sentence.

    Parameters
    ----------
    policy : str
    tables : mapping of DataFrame
        Of draws of a comparison.
    names : mapping of str
        Titles of policies.
    language : {'en', 'zh'}
    """
    words = _words(language)
    row = _rows(tables["uncertainty_effects"], policy)["net_viable_n"]
    comma, end = ("; ", ".") if language == "en" else ("；", "。")
    title = names.get(policy, policy)
    mean = with_error(row["mean"], row["mean_se"])
    parts = [words["headline"].format(policy=title, mean=mean)]
    if not math.isnan(row["chance_q05"]):
        span = between(row["chance_q05"], row["chance_q95"], language)
        parts.append(words["by_luck"].format(span=span))
    if math.isnan(row["ignorance_variance"]):
        parts.append(words["by_one_draw"])
    elif row["is_floored"]:
        parts.append(words["floored"].format(most=f"{at_most(row):.2g}"))
    else:
        span = between(row["ignorance_q05"], row["ignorance_q95"], language)
        parts.append(words["by_inputs"].format(span=span))
    if not abs(row["mean"]) >= 2.0 * row["mean_se"]:
        parts.append(words["not_told"])
    elif not (row["is_floored"] or math.isnan(row["ignorance_variance"])):
        parts.append(words["above"].format(share=f"{100 * row['share_above_zero']:.0f}"))
    return comma.join(parts) + end


def effect_view(
    policy: str, tables: Mapping[str, pd.DataFrame], names: Names, language: Language = "en"
) -> Table:
    """Return the layers of the main effects of a policy, a row a measure."""
    words = _words(language)
    title = words["view_title"].format(policy=names.get(policy, policy))
    view = Table(title=title, title_justify="left", header_style="bold", padding=(0, 0))
    view.add_column(words["view_what"], overflow="fold")
    for key in ("view_mean", "view_luck", "view_inputs", "view_above"):
        view.add_column(words[key], justify="right", overflow="fold")
    for table, measure in SHOWN:
        row = _rows(tables[table], policy)[measure]
        if not math.isnan(row["mean"]):
            _add(view, words[measure], row, measure, words=words, language=language)
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
    scale = 1 / MCNY_PER_BN if measure.endswith("_mcny") else 1.0
    inputs, above = "-", "-"
    if not math.isnan(row["ignorance_variance"]):
        low, high = row["ignorance_q05"] * scale, row["ignorance_q95"] * scale
        inputs = between(low, high, language)
        if row["is_floored"]:
            inputs = words["at_most"].format(most=f"{at_most(row) * scale:.2g}")
        above = "-" if row["is_floored"] else f"{100 * row['share_above_zero']:.0f}"
    if not abs(row["mean"]) >= 2.0 * row["mean_se"]:
        above = "?"
    view.add_row(
        label,
        with_error(row["mean"], row["mean_se"], scale=scale),
        between(row["chance_q05"] * scale, row["chance_q95"] * scale, language),
        inputs,
        above,
    )


def _rows(frame: pd.DataFrame, policy: str) -> dict[str, Row]:
    mine = frame[frame["policy"] == policy]
    if "region" in mine:
        mine = mine[mine["region"] == "all"]
    records: Sequence[Row] = mine.to_dict("records")
    return {str(row["measure"]): row for row in records}


def _words(language: Language) -> dict[str, str]:
    return {key: item[language] for key, item in labels()["effect_draws"].items()}
