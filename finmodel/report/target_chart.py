"""A chart of the model against the evidence: dots and intervals, each figure over its evidence."""

from __future__ import annotations

from typing import Literal

import altair as alt
import pandas as pd

from finmodel.evaluate.validation import INSIDE
from finmodel.report.charts.studies import label_axis, step_of
from finmodel.report.charts.theme import AnyChart, finish, svg_of, title_lines
from finmodel.variables import Language, labels

NARROWEST, WIDEST = 0.1, 10.0
"""Ratios beyond are drawn at the edge."""
TICKS = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0)
GOOD, BAD, GREY = "#1e6b43", "#a4262c", "#cfd6de"
WIDTH, ROW_HEIGHT = 520, 20
NARROW_LABEL, NARROW_LETTERS = 190, 32
"""What labels may take of a page that may be a phone's, in pixels and in letters of a line."""


def chart_rows(table: pd.DataFrame, lang: Language) -> pd.DataFrame:
    """Return ratios to the evidence, of targets that have one: model, its futures, the evidence."""
    has_ratio = table["ratio"].notna() & (table["evidence"] > 0) & (table["ratio"] > 0)
    own = table[has_ratio]
    frame = pd.DataFrame({"label": own[f"label_{lang}"], "is_inside": own["verdict"] == INSIDE})
    pairs = {"evidence_low": "low", "evidence_high": "high", "q05": "q05", "q95": "q95"}
    for column, name in {**pairs, "value": "dot"}.items():
        frame[name] = (own[column] / own["evidence"]).clip(NARROWEST, WIDEST)
    for name in ("q05", "q95"):
        frame[name] = frame[name].fillna(frame["dot"])
    return frame.reset_index(drop=True)


def ratio_chart(
    table: pd.DataFrame,
    lang: Language,
    alt_text: str = "",
    width: int | Literal["container"] = WIDTH,
    heading: str = "",
) -> AnyChart | None:
    """Return the chart of some targets; None if none has a ratio.

    A figure that is inside is a filled dot, another a hollow diamond: colour only repeats it.

    Parameters
    ----------
    table : DataFrame
        From :func:`finmodel.evaluate.validation.judge`; rows keep their order.
    lang : {'en', 'zh'}
    alt_text : str
    width : int or 'container'
        Of the part with the dots, in pixels; `container` takes what a page gives, and labels stand
        in as many lines as they need.
    heading : str
        Over it; a browser draws no line under a title that is not there.
    """
    frame = chart_rows(table, lang)
    if frame.empty:
        return None
    title = labels()["validation"]["axis"][lang]
    scale = alt.Scale(type="log", domain=[NARROWEST, WIDEST])
    axis = alt.Axis(values=list(TICKS), format="~g")
    names: alt.Axis = alt.Axis(labelLimit=360)
    height: int | dict[str, int] = ROW_HEIGHT * frame["label"].nunique()
    if width == "container":
        frame["label"] = ["\n".join(title_lines(name, NARROW_LETTERS)) for name in frame["label"]]
        names, height = label_axis(NARROW_LABEL), step_of(frame["label"])
    row = alt.Y("label:N", sort=None, title=None, axis=names)
    sides = [True, False]
    colour = alt.Color("is_inside:N", scale=alt.Scale(domain=sides, range=[GOOD, BAD]), legend=None)
    shapes = alt.Scale(domain=sides, range=["circle", "diamond"])
    fills = alt.Scale(domain=sides, range=[GOOD, "white"])

    def along(name: str) -> alt.X:
        return alt.X(f"{name}:Q", scale=scale, title=title, axis=axis)

    base = alt.Chart(frame)
    layers = [
        base.mark_rule(strokeWidth=9, color=GREY).encode(y=row, x=along("low"), x2="high:Q"),
        base.mark_rule(strokeWidth=2).encode(y=row, x=along("q05"), x2="q95:Q", color=colour),
        base.mark_point(size=55, opacity=1, strokeWidth=2).encode(
            y=row,
            x=along("dot"),
            color=colour,
            shape=alt.Shape("is_inside:N", scale=shapes, legend=None),
            fill=alt.Fill("is_inside:N", scale=fills, legend=None),
        ),
        alt.Chart(pd.DataFrame({"one": [1.0]})).mark_rule(strokeDash=[3, 3]).encode(x="one:Q"),
    ]
    chart = alt.layer(*layers).properties(width=width, height=height)
    return finish(chart.properties(title=heading) if heading else chart, alt_text)


def ratio_svg(table: pd.DataFrame, lang: Language) -> str:
    """Return the chart of some targets as SVG; empty if none has a ratio."""
    chart = ratio_chart(table, lang, labels()["validation"]["axis"][lang])
    return "" if chart is None else svg_of(chart)
