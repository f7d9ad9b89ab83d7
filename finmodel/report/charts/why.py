"""Why there is a gap, and what official formulas make of it: bars with intervals."""

from __future__ import annotations

import altair as alt
import pandas as pd

from finmodel.report.charts.gap import BAR, STEP, unit_name
from finmodel.report.charts.theme import (
    BLUE,
    GREY,
    INK,
    LIGHT_TEXT_SHARE,
    RED,
    SEQUENCE,
    AnyChart,
    finish,
    text_colour,
)
from finmodel.report.gap_rows import Side
from finmodel.report.wording import Wording

ROOM = 0.7
"""Of the span of the bars, beside them for words."""


def why_bars(
    rows: pd.DataFrame, side: Side, wording: Wording, title: str, alt_text: str
) -> AnyChart:
    """Return the parts of the gap with intervals; parts that hold it down go left of zero.

    Parameters
    ----------
    rows : DataFrame
        From :func:`finmodel.report.gap_rows.why_rows`.
    side : {'mcny', 'n'}
    wording : Wording
    title, alt_text : str
    """
    words = [
        wording.text(
            "gap_page",
            "part",
            value=wording.with_error(row["value"], row["value_se"]),
            share=wording.share(row["share"], row["share_se"]),
        )
        if row["part"] != "gap"
        else wording.with_error(row["value"], row["value_se"])
        for row in rows.to_dict("records")
    ]
    kind = [
        "whole" if part == "gap" else "down" if value < 0 else "up"
        for part, value in zip(rows["part"], rows["value"], strict=True)
    ]
    shown = rows.assign(words=words, kind=kind)
    key = wording.text("gap_page", "why_key")
    colours = alt.Scale(domain=["up", "down", "whole"], range=[BLUE, RED, GREY])
    return _bars(shown, colours, unit_name(side, wording), title, key, alt_text)


def why_by_stage(rows: pd.DataFrame, wording: Wording, title: str, alt_text: str) -> AnyChart:
    """Return stages by frictions, shaded by the share of the stage's gap.

    Parameters
    ----------
    rows : DataFrame
        From :func:`finmodel.report.gap_rows.why_stage_rows`.
    wording : Wording
    title, alt_text : str
    """
    shown = rows.assign(percent=100.0 * rows["share"])
    place = {
        "x": alt.X(
            "part_name:N",
            sort=None,
            title=None,
            axis=alt.Axis(orient="top", labelAngle=-35, grid=False),
        ),
        "y": alt.Y("name:N", sort=None, title=None, axis=alt.Axis(grid=False)),
    }
    tips = [
        alt.Tooltip("name:N", title=" "),
        alt.Tooltip("part_name:N", title=" "),
        alt.Tooltip("words:N", title="%"),
    ]
    scale = alt.Scale(domain=[0.0, 100.0], range=list(SEQUENCE), clamp=True)
    colour = text_colour(f"datum.percent >= {100.0 * LIGHT_TEXT_SHARE}")
    base = alt.Chart(shown)
    chart = alt.layer(
        base.mark_rect(stroke="white", strokeWidth=2).encode(
            **place, color=alt.Color("percent:Q", scale=scale, legend=None), tooltip=tips
        ),
        base.mark_text(fontSize=12).encode(**place, text="words:N", color=colour),
    ).properties(
        width="container",
        height={"step": 34},
        title=alt.TitleParams(
            title, subtitle=wording.text("gap_page", "why_stage_key"), subtitleColor=INK
        ),
    )
    return finish(chart, alt_text)


def formula_bars(rows: pd.DataFrame, wording: Wording, title: str, alt_text: str) -> AnyChart:
    """Return the simulated gap and the formulas that give an amount.

    Parameters
    ----------
    rows : DataFrame
        From :func:`finmodel.report.gap_rows.formula_rows`; those without an amount are left
        to the table.
    wording : Wording
    title, alt_text : str
    """
    known = rows[rows["value"].notna()]
    words = [
        wording.with_error(value, error)
        for value, error in zip(known["value"], known["value_se"], strict=True)
    ]
    kind = ["whole" if code == "simulated" else "up" for code in known["formula"]]
    colours = alt.Scale(domain=["up", "whole"], range=[GREY, BLUE])
    shown = known.assign(words=words, kind=kind)
    subtitle = wording.text("gap_page", "formula_key")
    return _bars(shown, colours, unit_name("mcny", wording), title, subtitle, alt_text)


def _bars(
    shown: pd.DataFrame,
    colours: alt.Scale,
    unit: str,
    title: str,
    subtitle: str,
    alt_text: str,
) -> AnyChart:
    low = min(0.0, float(shown[["value", "low"]].min().min())) if len(shown) else 0.0
    high = max(0.0, float(shown[["value", "high"]].max().max())) if len(shown) else 1.0
    high = high if high > low else low + 1.0
    shown = shown.assign(end=shown[["value", "high"]].max(axis=1).clip(lower=0.0))
    y = alt.Y("name:N", sort=None, title=None)
    left = low - 0.03 * (high - low) if low < 0.0 else 0.0
    scale = alt.Scale(domain=[left, high + ROOM * (high - low)], nice=False)
    axis = alt.Axis(grid=False, tickCount=5)
    base = alt.Chart(shown)
    ranged = alt.Chart(shown[shown["low"].notna() & shown["high"].notna()])
    layers = [
        base.mark_bar(size=BAR * 0.8).encode(
            y=y,
            x=alt.X("value:Q", title=unit, scale=scale, axis=axis),
            color=alt.Color("kind:N", scale=colours, legend=None),
            tooltip=[alt.Tooltip("name:N", title=" "), alt.Tooltip("words:N", title=" ")],
        ),
        alt.Chart(pd.DataFrame({"zero": [0.0]})).mark_rule(color=INK).encode(x="zero:Q"),
        ranged.mark_rule(color=INK, strokeWidth=1.5).encode(y=y, x="low:Q", x2="high:Q"),
        *(
            ranged.mark_tick(color=INK, size=10, thickness=1.5).encode(y=y, x=f"{end}:Q")
            for end in ("low", "high")
        ),
        base.mark_text(align="left", dx=7, color=INK, fontSize=12).encode(
            y=y, x="end:Q", text="words:N"
        ),
    ]
    heading = alt.TitleParams(title, subtitle=subtitle, subtitleColor=INK) if subtitle else title
    chart = alt.layer(*layers).properties(width="container", height={"step": STEP}, title=heading)
    return finish(chart, alt_text)
