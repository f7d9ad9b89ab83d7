"""The one page of a sensitivity study, in HTML that asks for nothing else."""

from __future__ import annotations

from typing import Any

import altair as alt
import pandas as pd
import vl_convert as vlc
from markupsafe import Markup

from finmodel.report.charts.studies import LINE, label_axis, label_of
from finmodel.report.note_words import note_words
from finmodel.report.number_names import number_names
from finmodel.report.pages import render
from finmodel.report.sensitivity import (
    OTHERS,
    Manifest,
    Tables,
    cell,
    conclusion_sentences,
    factor_name,
    figure,
    intro,
    matrix,
    outcome_name,
    policy_name,
    sections,
    verdict_of,
    words_of,
)
from finmodel.report.sensitivity_choices import (
    benefit_unit,
    goal_sentences,
    information_sentences,
)
from finmodel.report.views_studies import numbers_view
from finmodel.report.wording import Wording, swings_told
from finmodel.sensitivity.indices import Z95
from finmodel.units import MCNY_PER_BN
from finmodel.variables import Language

BLUE, ORANGE, GREY = "#0072B2", "#D55E00", "#9aa5b1"
WIDTH, BAR, PAGE_LABEL = 280, 17, 48
BARS_SHOWN = 8


def sensitivity_page(manifest: Manifest, tables: Tables, lang: Language) -> str:
    """Return the page of a study.

    Parameters
    ----------
    manifest : mapping
    tables : mapping of DataFrame
        As stored.
    lang : {'en', 'zh'}
    """
    words, wording = words_of(lang), Wording(lang)
    return render(
        "sensitivity.html",
        lang=lang,
        words=words,
        title=manifest[f"title_{lang}"],
        question=note_words(manifest["plan"]["meta"]["question"], lang),
        made=intro(manifest, lang),
        matrices=[_matrix(manifest, name, part, lang) for name, part in sections(tables["answer"])],
        conclusions=conclusion_sentences(manifest, tables, lang, wording)
        if len(tables["answer"])
        else [],
        goals=goal_sentences(manifest, tables, lang, wording),
        choices=information_sentences(manifest, tables, lang, wording),
        unit=benefit_unit(manifest, lang, wording)[1] if "options" in tables else "",
        options=_options(manifest, tables, lang),
        worth=_worth(manifest, tables, lang),
        swings=_swings(manifest, tables, lang),
        unknowns=_unknowns(tables, wording),
        unknowns_head=wording.text("number_word", "numbers"),
    )


def _unknowns(tables: Tables, wording: Wording) -> list[list[str]]:
    """Return the head and the rows of the list of what was varied, each with both of its names."""
    numbers = tables.get("numbers", pd.DataFrame())
    if not {"name", "unit", "q05", "q95", "grade"} <= set(numbers):
        return []
    view = numbers_view(numbers, wording)
    return [[str(head) for head in view], *view.astype(str).to_numpy().tolist()]


def _matrix(manifest: Manifest, policy: str, part: pd.DataFrame, lang: Language) -> dict[str, Any]:
    wording = Wording(lang)
    words, (heads, rows) = words_of(lang), matrix(part, lang, wording)
    title = words["without"]
    if policy:
        title = words["adds"].format(policy=policy_name(manifest, policy, lang))
    return {
        "title": title,
        "heads": heads,
        "rows": [
            {
                "name": factor_name(row[0]["factor"], lang, wording),
                "dotted": "" if row[0]["factor"] == OTHERS else row[0]["factor"],
                "cells": [{"text": cell(item, words), "verdict": verdict_of(item)} for item in row],
            }
            for row in rows
        ],
    }


def _options(manifest: Manifest, tables: Tables, lang: Language) -> list[tuple[str, str, str]]:
    if "options" not in tables:
        return []
    scale, _ = benefit_unit(manifest, lang, Wording(lang))
    return [
        (
            policy_name(manifest, row["option"], lang),
            f"{figure(scale * row['mean'])}±{figure(scale * Z95 * row['mean_se'])}",
            f"{100 * row['is_best']:.0f}",
        )
        for row in tables["options"].to_dict("records")
    ]


def _worth(manifest: Manifest, tables: Tables, lang: Language) -> Markup:
    """Return the worth of knowing each number as bars, with what chance would make of it."""
    if "information" not in tables:
        return Markup("")
    words, (scale, unit) = words_of(lang), benefit_unit(manifest, lang, Wording(lang))
    frame = _labelled(tables["information"].head(BARS_SHOWN), lang).assign(
        value=lambda t: scale * t["value"],
        by_chance_q95=lambda t: scale * t["by_chance_q95"],
        low=lambda t: (t["value"] - scale * Z95 * t["value_se"]).clip(lower=0.0),
        high=lambda t: t["value"] + scale * Z95 * t["value_se"],
    )
    y = _rows_of(frame)
    base = alt.Chart(frame).encode(y=y)
    bars = base.mark_bar(color=BLUE, opacity=0.75).encode(
        x=alt.X("value:Q", title=f"{words['worth_of']}, {unit}")
    )
    spans = base.mark_rule(color="#222222").encode(x="low:Q", x2="high:Q")
    chance = base.mark_tick(color=ORANGE, thickness=2).encode(x="by_chance_q95:Q")
    layers = alt.layer(bars, spans, chance).properties(width=WIDTH, height=_height(frame))
    return _svg(layers)


def _labelled(frame: pd.DataFrame, lang: Language) -> pd.DataFrame:
    """Return rows of numbers with their plain names in lines."""
    names = number_names(frame["name"], Wording(lang))
    return frame.assign(label=[label_of(names[str(name)], PAGE_LABEL) for name in frame["name"]])


def _rows_of(frame: pd.DataFrame) -> alt.Y:
    return alt.Y("label:N", sort=list(frame["label"]), title="", axis=label_axis(320))


def _height(frame: pd.DataFrame) -> int:
    lines = max((str(label).count("\n") for label in frame["label"]), default=0)
    return len(frame) * (BAR + LINE * lines)


def _swings(manifest: Manifest, tables: Tables, lang: Language) -> list[dict[str, Any]]:
    """Return a tornado a conclusion; what is not told from luck is grey."""
    if "tornado" not in tables:
        return []
    charts = []
    for (policy, outcome), own in tables["tornado"].groupby(["policy", "outcome"], sort=False):
        rows = own[own["swing"].abs() > 0.0].head(BARS_SHOWN)
        if rows.empty:
            continue
        scale = MCNY_PER_BN if rows["unit"].iloc[0] == "mcny" else 1.0
        told = rows[["name"]].assign(is_told=swings_told(rows, manifest))
        frame = _labelled(told, lang).assign(
            low=rows["at_low"] / scale, high=rows["at_high"] / scale
        )
        what = outcome_name(str(outcome), lang)
        if policy:
            what = f"{policy_name(manifest, str(policy), lang)}: {what}"
        centre = float(rows["centre"].iloc[0]) / scale
        charts.append({"title": what, "chart": _tornado(frame, centre, rows["unit"].iloc[0])})
    return charts


def _tornado(frame: pd.DataFrame, centre: float, unit: str) -> Markup:
    y = _rows_of(frame)
    axis = alt.Axis(format="~%") if unit == "share" else alt.Axis()
    parts: list[alt.Chart | alt.LayerChart] = []
    for side, colour in (("low", ORANGE), ("high", BLUE)):
        rows = frame.assign(centre=centre, end=frame[side])
        shade = alt.condition("datum.is_told", alt.value(colour), alt.value(GREY))
        x = alt.X("centre:Q", title="", axis=axis, scale=alt.Scale(zero=False))
        parts.append(
            alt.Chart(rows).mark_bar(opacity=0.7).encode(y=y, x=x, x2="end:Q", color=shade)
        )
    return _svg(alt.layer(*parts).properties(width=WIDTH, height=_height(frame)))


def _svg(chart: alt.LayerChart | alt.FacetChart) -> Markup:
    """Return a chart as SVG, drawn by us from escaped data."""
    return Markup(vlc.vegalite_to_svg(chart.to_dict()))
