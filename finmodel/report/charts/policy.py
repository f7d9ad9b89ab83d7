"""Charts of policies: the net effect as a waterfall, who gains, public money by year."""

from __future__ import annotations

import altair as alt
import pandas as pd

from finmodel.report.charts.theme import BLUE, GAIN, GREY, INK, LOSS, ORANGE, PALE, AnyChart, finish
from finmodel.report.wording import Wording, reach

ROW_STEP = 34
TWO_LINES = (
    "indexof(datum.label, ' − ') < 0 ? datum.label : split(replace(datum.label, ' − ', ' −|'), '|')"
)
"""A Vega expression: the label of a difference of two policies in two lines."""


def waterfall(
    rows: pd.DataFrame, measure: str, wording: Wording, caption: str, n_paths: int
) -> AnyChart:
    """Return the chain from gross to net, a bar a part; the net with its error.

    Parameters
    ----------
    rows : DataFrame
        From :func:`finmodel.report.views_policy.chain_rows`.
    measure : {'n', 'mcny'}
    wording : Wording
    caption : str
    n_paths : int
        How wide the interval of the net is.
    """
    times = reach(n_paths) if n_paths > 1 else 0.0
    unit = wording.text("lab", "money_axis", unit=wording.money_unit)
    axis = unit if measure == "mcny" else wording.text("lab", "financings")
    drawn = rows.assign(
        kind=[
            "end" if c in ("gross", "net") else "gain" if v > 0 else "loss"
            for c, v in zip(rows["component"], rows["value"], strict=True)
        ],
        text=[wording.with_error(v, e) for v, e in zip(rows["value"], rows["se"], strict=True)],
        right=rows[["start", "end"]].max(axis=1),
        low=rows["value"] - times * rows["se"].fillna(0.0),
        high=rows["value"] + times * rows["se"].fillna(0.0),
    )
    net = drawn[drawn["component"] == "net"]
    order = list(rows["name"])
    y = alt.Y("name:N", sort=order, title=None, axis=alt.Axis(labelLimit=250, labelPadding=6))
    tips = [alt.Tooltip("name:N", title=" "), alt.Tooltip("text:N", title=axis)]
    most = float(drawn["right"].max()) if len(drawn) else 1.0
    # Only the net has its error drawn: where other parts would reach says nothing of the axis.
    ends = [0.0, *drawn["start"], *drawn["end"], *net["low"]]
    scale = alt.Scale(domain=[min(x for x in ends if x == x), 1.5 * max(most, 1e-9)])
    bars = (
        alt.Chart(drawn)
        .mark_bar(height={"band": 0.6})
        .encode(
            x=alt.X("start:Q", title=axis, scale=scale),
            x2="end:Q",
            y=y,
            color=alt.Color(
                "kind:N",
                scale=alt.Scale(domain=["end", "gain", "loss"], range=[PALE, GAIN, LOSS]),
                legend=None,
            ),
            tooltip=tips,
        )
    )
    texts = (
        alt.Chart(drawn)
        .mark_text(align="left", dx=5, color=INK)
        .encode(x=alt.X("right:Q", scale=scale), y=y, text="text:N")
    )
    errors = (
        alt.Chart(net)
        .mark_rule(color=INK, strokeWidth=2)
        .encode(x=alt.X("low:Q", scale=scale), x2="high:Q", y=y)
    )
    title = wording.text("lab", "chain_title")
    chart = alt.layer(bars, errors, texts).properties(height={"step": ROW_STEP}, title=title)
    return finish(chart, wording.text("lab", "alt", title=title, caption=caption))


def changes(
    rows: pd.DataFrame,
    axis: str,
    title: str,
    wording: Wording,
    caption: str,
    *,
    less_is_better: bool = False,
) -> AnyChart:
    """Return changes as dots: thick line the error of the mean, thin line nine in ten futures.

    Parameters
    ----------
    rows : DataFrame
        `name`, `change`, `se`, `low`, `high`, `is_told`, and `q05`, `q95` where futures are known.
    axis, title : str
    wording : Wording
    caption : str
    less_is_better : bool
        Whether a fall has the colour of a gain, as for the gap; arrows say the direction.
    """
    drawn = rows.assign(
        sign=[
            ("gain" if v > 0 else "loss") if told else "untold"
            for v, told in zip(rows["change"], rows["is_told"], strict=True)
        ],
        text=[wording.with_error(v, e) for v, e in zip(rows["change"], rows["se"], strict=True)],
    )
    # A difference of two policies stands in two lines, so that a phone shows both names.
    axis_y = alt.Axis(labelLimit=250, labelExpr=TWO_LINES)
    y = alt.Y("name:N", sort=list(rows["name"]), title=None, axis=axis_y)
    ends = (LOSS, GAIN) if less_is_better else (GAIN, LOSS)
    colour = alt.Color(
        "sign:N",
        scale=alt.Scale(domain=["gain", "loss", "untold"], range=[*ends, GREY]),
        legend=None,
    )
    shape = alt.Shape(
        "sign:N",
        scale=alt.Scale(
            domain=["gain", "loss", "untold"], range=["triangle-right", "triangle-left", "circle"]
        ),
        legend=None,
    )
    zero = alt.Chart(pd.DataFrame({"x": [0.0]})).mark_rule(color=INK, strokeDash=[4, 3])
    layers = [zero.encode(x="x:Q")]
    if {"q05", "q95"} <= set(rows.columns):
        thin = alt.Chart(drawn).mark_rule(color=GREY, strokeWidth=1)
        layers.append(thin.encode(x=alt.X("q05:Q", title=axis), x2="q95:Q", y=y))
    tips = [alt.Tooltip("name:N", title=" "), alt.Tooltip("text:N", title=axis)]
    layers.append(
        alt.Chart(drawn)
        .mark_rule(strokeWidth=5, opacity=0.8)
        .encode(x=alt.X("low:Q", title=axis), x2="high:Q", y=y, color=colour)
    )
    layers.append(
        alt.Chart(drawn)
        .mark_point(size=90, filled=True, opacity=1)
        .encode(x="change:Q", y=y, color=colour, shape=shape, tooltip=tips)
    )
    layers.append(
        alt.Chart(drawn).mark_text(dy=-12, color=INK).encode(x="change:Q", y=y, text="text:N")
    )
    chart = alt.layer(*layers).properties(height={"step": ROW_STEP + 8}, title=title)
    return finish(chart, wording.text("lab", "alt", title=title, caption=caption))


def public_money(rows: pd.DataFrame, wording: Wording, caption: str) -> AnyChart:
    """Return public money by year: called below zero, returned above, what is held as a line.

    Parameters
    ----------
    rows : DataFrame
        From :func:`finmodel.report.views_policy.year_rows`.
    wording : Wording
    caption : str
    """
    names = [wording.text("lab", flow) for flow in ("called", "returned", "nav")]
    axis = wording.money_unit
    x = alt.X("year:O", title=None, axis=alt.Axis(labelAngle=0))
    tips = [
        alt.Tooltip("year:O", title=wording.text("lab", "year")),
        alt.Tooltip("name:N", title=" "),
        alt.Tooltip("value:Q", title=axis, format=",.4~f"),
    ]
    colour = alt.Color(
        "name:N",
        scale=alt.Scale(domain=names, range=[ORANGE, BLUE, INK]),
        legend=alt.Legend(title=None, orient="bottom", symbolType="square"),
    )
    y = alt.Y("value:Q", title=axis)
    bars = (
        alt.Chart(rows[rows["flow"] != "nav"])
        .mark_bar(stroke=INK, strokeWidth=0.5)
        .encode(x=x, y=y, color=colour, tooltip=tips)
    )
    line = (
        alt.Chart(rows[rows["flow"] == "nav"])
        .mark_line(point=True, strokeDash=[5, 3])
        .encode(x=x, y=y, color=colour, tooltip=tips)
    )
    title = wording.text("lab", "money_title")
    chart = alt.layer(bars, line).properties(height=260, title=title)
    return finish(chart, wording.text("lab", "alt", title=title, caption=caption))
