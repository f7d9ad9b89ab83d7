"""What estimators are worth, for the terminal: tables, and a sentence for each."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any

import pandas as pd
from rich.table import Table

from finmodel.report.terminal import with_error
from finmodel.variables import Language, labels

HEADLINE = (("deals_n", "log"), ("survived", "level"))
"""Outcome and form that sentences speak of: of provinces, of firms."""
LOG_POINTS = 100.0
_PER_100 = ("rounds_n", "later_rounds_n", "survived", "exited")
_PARTS = ("truth", "estimate", "bias", "luck", "spillover", "weighting")
_RATES = ("coverage", "power", "size")


def words(language: Language) -> dict[str, str]:
    """Return the words of this view in a language."""
    return {key: text[language] for key, text in labels()["evaluation_word"].items()}


def evaluation_view(frame: pd.DataFrame, which: str, language: Language = "en") -> Table:
    """Return estimates, their errors and what these are made of.

    Parameters
    ----------
    frame : DataFrame
        Table `evaluation` of an evaluation.
    which : {'level', 'log', 'firms'}
        Panels of provinces in level or log, or matching. Logs, shares and rounds times 100.
    language : {'en', 'zh'}
    """
    word, names = words(language), labels()
    is_firm = frame["estimator"].str.startswith("matching")
    part = frame[is_firm if which == "firms" else ~is_firm & (frame["form"] == which)]
    title = word["firm_title"]
    if which != "firms":
        title = word["panel_title"].format(form=names["evaluated"][which][language])
    view = Table(title=title, title_justify="left", header_style="bold", padding=(0, 0))
    view.add_column("", width=12)
    for key in (*_PARTS, *_RATES):
        view.add_column(word[key], justify="right", overflow="fold")  # never cut a number
    for outcome, rows in part.groupby("outcome", sort=False):
        view.add_section()
        heading = names["evaluated"][str(outcome)][language]
        tail = " x 100" if str(outcome) in _PER_100 else ""
        view.add_row(f"[bold]{heading}{tail}[/bold]")
        for row in rows.to_dict("records"):
            scale = _scale(str(outcome), which)
            cells = [with_error(row[key], row[f"{key}_se"], scale=scale) for key in _PARTS]
            cells[1] = cells[1].partition("±")[0]  # its error is nearly that of the bias
            rates = [_rate(row[key]) for key in _RATES]
            view.add_row(f" {names['estimator_short'][row['estimator']][language]}", *cells, *rates)
    return view


def evaluation_sentences(frame: pd.DataFrame, language: Language = "en") -> list[str]:
    """Return a plain sentence for each estimator, and one on what spills over."""
    word, names = words(language), labels()
    found = []
    for outcome, form in HEADLINE:
        rows = frame[(frame["outcome"] == outcome) & (frame["form"] == form)]
        shown = names["evaluated"][outcome][language]
        for row in rows.to_dict("records"):
            found.append(
                word["sentence"].format(
                    estimator=names["estimator"][row["estimator"]][language],
                    estimate=_amount(row, "estimate", outcome, form),
                    truth=_amount(row, "truth", outcome, form),
                    outcome=shown,
                    **{key: _rate(row[key]) for key in _RATES},
                )
            )
        panel = rows[~rows["estimator"].str.startswith("matching")].to_dict("records")
        if panel:
            first = panel[0]
            found.append(
                word["spill_sentence"].format(
                    comparison=_amount(first, "comparison", outcome, form),
                    truth=_amount(first, "truth", outcome, form),
                    outcome=shown,
                )
            )
    return found


def _scale(outcome: str, form: str) -> float:
    return LOG_POINTS if form == "log" or outcome in _PER_100 else 1.0


def _amount(row: Mapping[Hashable, Any], key: str, outcome: str, form: str) -> str:
    """Return a signed number with its error; logs and shares in per cent."""
    scale = _scale(outcome, form)
    text = with_error(row[key], row[f"{key}_se"], scale=scale)
    sign = "+" if row[key] > 0.0 else ""
    return f"{sign}{text}" + (" %" if scale > 1.0 else "")


def _rate(value: float) -> str:
    return "-" if pd.isna(value) else f"{100.0 * value:.0f}"
