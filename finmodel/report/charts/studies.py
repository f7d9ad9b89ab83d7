"""Charts of studies: a batch's units, a tornado, shares of variance, a frontier, a split."""

from __future__ import annotations

import re
from typing import Any

import altair as alt
import pandas as pd

from finmodel.report.charts.theme import (
    BLUE,
    GREY,
    INK,
    LIGHT_TEXT_SHARE,
    ORANGE,
    PALE,
    SEQUENCE,
    AnyChart,
    finish,
    text_colour,
    title_lines,
)
from finmodel.report.wording import Wording

STEP, LINE = 34, 14
LINE_HEIGHT, MOST_LINES = 12.0, 8
"""Of the letters of a label, in pixels, and lines that are put in the middle."""
LABEL_WIDTH = 30
"""Letters in a line of a label: long names stand on several, so that a phone shows the chart."""
IN_LINES = "split(datum.label, '\\n')"
Z95 = 1.96
BARS_SHOWN = 10


def label_of(name: str, most: int = LABEL_WIDTH) -> str:
    """Return a name in lines; what stands between dots begins one, and what an owner has."""
    lines = []
    for part in name.split(" · "):
        fits = len(title_lines(part, most)) == 1
        for piece in [part] if fits else re.split(r"(?<=: )|(?<=：)", part):
            lines += title_lines(piece, most)
    return "\n".join(lines)


def label_axis(limit: int = 260) -> alt.Axis:
    """Return the axis of labels in lines, each in the middle of its row."""
    conditions = [
        {
            "test": f"length(split(datum.label, '\\n')) === {n}",
            "value": -0.5 * LINE_HEIGHT * (n - 1),
        }
        for n in range(2, MOST_LINES + 1)
    ]
    offset: Any = {"condition": conditions, "value": 0}
    return alt.Axis(labelLimit=limit, labelExpr=IN_LINES, labelOffset=offset)


def step_of(labels: pd.Series[str]) -> dict[str, int]:
    """Return the height of a row that holds the tallest label."""
    lines = max((label.count("\n") + 1 for label in labels), default=1)
    return {"step": max(STEP, LINE * lines + 12)}


def intervals(
    rows: pd.DataFrame, wording: Wording, title: str, axis: str, caption: str
) -> AnyChart:
    """Return values with their intervals, one line each; what is not told from zero is a diamond.

    Parameters
    ----------
    rows : DataFrame
        `name`, `value`, `low`, `high`, `is_told` in order, and `group` (a part, may be empty).
    wording : Wording
    title, axis, caption : str
    """
    told, untold = (wording.text("studies_chart", key) for key in ("told", "untold"))
    sides = [told if is_told else untold for is_told in rows["is_told"]]
    frame = rows.assign(side=sides, label=[label_of(str(name)) for name in rows["name"]])
    y = alt.Y("label:N", sort=list(frame["label"]), title=None, axis=label_axis())
    base = alt.Chart(frame).encode(y=y)
    domain, legend = [told, untold], alt.Legend(title=None, orient="top", direction="vertical")
    zero = (
        alt.Chart(pd.DataFrame({"zero": [0.0]}))
        .mark_rule(color=INK, strokeDash=[4, 3])
        .encode(x=alt.X("zero:Q", title=axis))
    )
    spans = base.mark_rule(color=GREY, strokeWidth=3).encode(
        x=alt.X("low:Q", title=axis, scale=alt.Scale(zero=True)), x2="high:Q"
    )
    points = base.mark_point(size=90, filled=True, opacity=1.0).encode(
        x=alt.X("value:Q", title=axis),
        color=alt.Color(
            "side:N", scale=alt.Scale(domain=domain, range=[BLUE, GREY]), legend=legend
        ),
        shape=alt.Shape(
            "side:N", scale=alt.Scale(domain=domain, range=["circle", "diamond"]), legend=legend
        ),
        tooltip=[
            alt.Tooltip("name:N", title=" "),
            *(alt.Tooltip(f"{key}:N", title=" ") for key in ("dotted", "set") if key in rows),
            *(alt.Tooltip(f"{key}:Q", format=",.3~g") for key in ("value", "low", "high")),
        ],
    )
    chart = alt.layer(zero, spans, points).properties(
        height=step_of(frame["label"]), width="container", title=title
    )
    return finish(chart, wording.text("studies_chart", "alt", caption=caption))


def tornado(rows: pd.DataFrame, wording: Wording, title: str, axis: str, caption: str) -> AnyChart:
    """Return swings of a conclusion, one number at a time; what is not told from luck is grey.

    Parameters
    ----------
    rows : DataFrame
        `name`, `dotted`, `centre`, `at_low`, `at_high`, `is_told`, largest first.
    wording : Wording
    title, axis, caption : str
    """
    rows = rows.assign(label=[label_of(str(name)) for name in rows["name"]])
    low, high, luck = (wording.text("studies_chart", key) for key in ("low", "high", "luck"))
    parts = []
    for end, side in (("at_low", low), ("at_high", high)):
        own = rows[["name", "label", "dotted", "centre"]].assign(
            end=rows[end], side=[side if is_told else luck for is_told in rows["is_told"]]
        )
        parts.append(own)
    frame = pd.concat(parts, ignore_index=True)
    scale = alt.Scale(domain=[low, high, luck], range=[ORANGE, BLUE, PALE])
    legend = alt.Legend(title=None, orient="top", direction="vertical")
    bars = (
        alt.Chart(frame)
        .mark_bar(height={"band": 0.7}, stroke=INK, strokeWidth=0.5)
        .encode(
            y=alt.Y("label:N", sort=list(rows["label"]), title=None, axis=label_axis()),
            x=alt.X("centre:Q", title=axis, scale=alt.Scale(zero=False)),
            x2="end:Q",
            color=alt.Color("side:N", scale=scale, legend=legend),
            tooltip=[
                alt.Tooltip("name:N", title=" "),
                alt.Tooltip("dotted:N", title=" "),
                alt.Tooltip("side:N", title=" "),
                alt.Tooltip("end:Q", title=axis, format=",.3~g"),
            ],
        )
    )
    middle = alt.Chart(frame.head(1)).mark_rule(color=INK).encode(x="centre:Q")
    chart = alt.layer(bars, middle).properties(
        height=step_of(rows["label"]), width="container", title=title
    )
    return finish(chart, wording.text("studies_chart", "alt", caption=caption))


def frontier(rows: pd.DataFrame, wording: Wording, risk: str, worth: str, caption: str) -> AnyChart:
    """Return splits by risk and worth with their Monte Carlo intervals.

    Parameters
    ----------
    rows : DataFrame
        `risk`, `risk_low`, `risk_high`, `value`, `low`, `high`, `kind` (a word).
    wording : Wording
    risk, worth : str
        Titles of the axes.
    caption : str
    """
    kinds = [wording.text("studies_chart", key) for key in ("efficient", "within", "behind")]
    across_title, up_title = title_lines(risk), title_lines(worth, LABEL_WIDTH)
    x = alt.X("risk:Q", title=across_title, scale=alt.Scale(zero=False))
    y = alt.Y("value:Q", title=up_title, scale=alt.Scale(zero=False))
    base = alt.Chart(rows)
    legend = alt.Legend(title=None, orient="top", direction="vertical")
    shade = alt.Color(
        "kind:N", scale=alt.Scale(domain=kinds, range=[BLUE, GREY, INK]), legend=legend
    )
    shape = alt.Shape(
        "kind:N",
        scale=alt.Scale(domain=kinds, range=["circle", "diamond", "square"]),
        legend=legend,
    )
    up = base.mark_rule(color=GREY).encode(
        x=x, y=alt.Y("low:Q", title=up_title, scale=alt.Scale(zero=False)), y2="high:Q"
    )
    across = base.mark_rule(color=GREY).encode(
        x=alt.X("risk_low:Q", title=across_title, scale=alt.Scale(zero=False)),
        x2="risk_high:Q",
        y=y,
    )
    points = base.mark_point(size=110, filled=True, opacity=1.0).encode(
        x=x, y=y, color=shade, shape=shape
    )
    chart = alt.layer(up, across, points).properties(
        height=300, width="container", title=wording.text("studies_chart", "frontier")
    )
    return finish(chart, wording.text("studies_chart", "alt", caption=caption))


def splits(rows: pd.DataFrame, wording: Wording, caption: str) -> AnyChart:
    """Return shares of the budget by cell, one panel a split.

    Parameters
    ----------
    rows : DataFrame
        `split`, `cell` (names, in order) and `percent`.
    wording : Wording
    caption : str
    """
    names, cells = list(dict.fromkeys(rows["split"])), list(dict.fromkeys(rows["cell"]))
    base = alt.Chart(rows).encode(
        x=alt.X("cell:N", sort=cells, title=None, axis=alt.Axis(labelAngle=0, labelLimit=120)),
        y=alt.Y("split:N", sort=names, title=None, axis=alt.Axis(labelLimit=200)),
    )
    top = max(1.0, float(rows["percent"].max()) if len(rows) else 1.0)
    colour = alt.Color(
        "percent:Q", scale=alt.Scale(domain=[0.0, top], range=list(SEQUENCE)), legend=None
    )
    tiles = base.mark_rect(stroke="white").encode(color=colour)
    shade = text_colour(f"datum.percent >= {LIGHT_TEXT_SHARE * top}")
    texts = base.mark_text().encode(text=alt.Text("percent:Q", format=".0f"), color=shade)
    chart = alt.layer(tiles, texts).properties(
        height={"step": 32}, width="container", title=wording.text("studies_chart", "splits")
    )
    return finish(chart, wording.text("studies_chart", "alt", caption=caption))
