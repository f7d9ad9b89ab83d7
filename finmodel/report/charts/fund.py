"""Charts of one fund: J-curve fan, fifty futures as dots, who keeps what, record in its place."""

from __future__ import annotations

import altair as alt
import numpy as np
import pandas as pd

from finmodel.report.charts.theme import BLUE, GAIN, GREY, INK, LOSS, PALE, SKY, AnyChart, finish
from finmodel.report.wording import Wording

HEIGHT = 280
BINS = 25
"""Columns of dots between nothing and the end of the axis."""
LEAST_END, MOST_END = 2.0, 8.0
"""Where the axis of multiples may end; futures beyond stand in the last column."""
EDGES = ("q05", "q95")


def fan_rows(years: pd.DataFrame) -> pd.DataFrame:
    """Return cumulative net cash by year in per cent of the commitment, from nothing at first.

    Parameters
    ----------
    years : DataFrame
        Table `years`: the rows of measure `net`.
    """
    levels = ["q05", "q25", "q50", "q75", "q95"]
    net = years[years["measure"] == "net"].sort_values("year")[["year", *levels]]
    rows = pd.concat([pd.DataFrame([{"year": 0, **dict.fromkeys(levels, 0.0)}]), net])
    rows[levels] = 100.0 * rows[levels].astype(float)
    return rows.reset_index(drop=True)


def j_curve_fan(years: pd.DataFrame, wording: Wording, caption: str) -> AnyChart:
    """Return the fan of cumulative net cash of the LPs: middle future, half, nine in ten."""
    rows = fan_rows(years)
    names = [wording.text("my_fund_curve", key) for key in ("ninety", "half", "middle")]
    x = alt.X(
        "year:Q",
        title=wording.text("my_fund_curve", "year"),
        axis=alt.Axis(tickMinStep=1, format="d", grid=False),
    )
    base = alt.Chart(rows).encode(x=x)
    y_title = wording.text("my_fund_curve", "axis")

    def shade(name: str, colours: list[str]) -> alt.Color:
        legend = alt.Legend(title=None, orient="top", direction="horizontal", columns=2)
        return alt.Color(name, scale=alt.Scale(domain=names, range=colours), legend=legend)

    colours = [PALE, SKY, BLUE]
    layers: list[alt.Chart | alt.LayerChart] = [
        base.transform_calculate(band=f"'{name}'")
        .mark_area(opacity=1.0 if low == "q05" else 0.8)
        .encode(y=alt.Y(f"{low}:Q", title=y_title), y2=f"{high}:Q", color=shade("band:N", colours))
        for low, high, name in (("q05", "q95", names[0]), ("q25", "q75", names[1]))
    ]
    tips = [
        alt.Tooltip("year:Q", title=wording.text("my_fund_curve", "year")),
        alt.Tooltip("q50:Q", title=f"{names[2]} %", format=".0f"),
        *(alt.Tooltip(f"{edge}:Q", title=edge, format=".0f") for edge in EDGES),
    ]
    layers.append(
        base.transform_calculate(band=f"'{names[2]}'")
        .mark_line(strokeWidth=2.5, point=alt.OverlayMarkDef(size=40))
        .encode(y="q50:Q", color=shade("band:N", colours), tooltip=tips)
    )
    zero = pd.DataFrame({"y": [0.0], "text": [wording.text("my_fund_curve", "zero")]})
    layers.append(alt.Chart(zero).mark_rule(color=INK, strokeDash=[4, 3]).encode(y="y:Q"))
    layers.append(
        alt.Chart(zero)
        .mark_text(align="left", dx=24, dy=-7, color=INK)
        .encode(y="y:Q", x=alt.value(0), text="text:N")
    )
    chart = alt.layer(*layers).properties(
        height=HEIGHT, title=wording.text("my_fund_curve", "title"), width="container"
    )
    return finish(chart, wording.text("my_fund_curve", "alt", caption=caption))


def dot_rows(dpi: pd.Series[float]) -> pd.DataFrame:
    """Return a row a future: its multiple, column and height of its dot, and which side of 1.

    Parameters
    ----------
    dpi : Series of shape (F,)
        Without NaN. A column never holds futures of both sides of 1.

    Returns
    -------
    DataFrame
        `dpi`, `column` (middle of it), `height` from 1, `is_below`, `is_over` (in the last column
        because it is beyond the axis).
    """
    values = np.sort(dpi.to_numpy(np.float64))
    end = float(np.clip(np.ceil(np.quantile(values, 0.96)) if len(values) else 0, 0, MOST_END))
    end = max(end, LEAST_END)
    per_one = max(2, round(BINS / end))  # whole columns between 0 and 1, so that 1 is an edge
    width = 1.0 / per_one
    column = np.minimum(np.floor(values / width + 1e-9), round(end / width))
    rows = pd.DataFrame(
        {
            "dpi": values,
            "column": (column + 0.5) * width,
            "is_below": values < 1.0,
            "is_over": values >= end + width,
        }
    )
    # What is hardly below 1 may not be rounded over the edge.
    rows.loc[rows["is_below"], "column"] = rows["column"].clip(upper=1.0 - 0.5 * width)
    rows["height"] = rows.groupby("column").cumcount() + 1.0
    return rows


def quantile_dots(dpi: pd.Series[float], wording: Wording, title: str, caption: str) -> AnyChart:
    """Return fifty futures as dots, those below what was paid in hollow.

    Parameters
    ----------
    dpi : Series
        Of futures; NaN is left out.
    wording : Wording
    title, caption : str
    """
    rows = dot_rows(dpi.dropna())
    below, above = (wording.text("my_fund_dots", key) for key in ("below", "above"))
    rows["side"] = np.where(rows["is_below"], below, above)
    end = float(rows["column"].max()) if len(rows) else LEAST_END
    top = 2.0 + (float(rows["height"].max()) if len(rows) else 1.0)  # room for what is written
    scale = alt.Scale(domain=[0.0, max(LEAST_END, np.ceil(end * 2) / 2)])
    sides = [below, above]
    legend = alt.Legend(title=None, orient="top", direction="horizontal")
    dots = (
        alt.Chart(rows)
        .mark_point(size=70, filled=True, opacity=1.0)
        .encode(
            x=alt.X(
                "column:Q",
                scale=scale,
                title=wording.text("my_fund_dots", "axis"),
                axis=alt.Axis(grid=False),
            ),
            y=alt.Y("height:Q", axis=None, scale=alt.Scale(domain=[0.0, top])),
            color=alt.Color(
                "side:N", scale=alt.Scale(domain=sides, range=[LOSS, GAIN]), legend=legend
            ),
            shape=alt.Shape(
                "side:N",
                scale=alt.Scale(domain=sides, range=["diamond", "circle"]),
                legend=legend,
            ),
            tooltip=[alt.Tooltip("dpi:Q", title=wording.text("my_fund_dots", "dpi"), format=".2f")],
        )
    )
    one = pd.DataFrame({"x": [1.0], "text": [wording.text("my_fund_dots", "line")]})
    rule = alt.Chart(one).mark_rule(color=INK, strokeDash=[4, 3]).encode(x="x:Q")
    name = alt.Chart(one).mark_text(dy=-6, color=INK).encode(x="x:Q", y=alt.value(0), text="text:N")
    parts: list[alt.Chart] = [dots, rule, name]
    beyond = rows[rows["is_over"]]
    if len(beyond):
        most = wording.number(float(beyond["dpi"].min()), 0.1)
        note = pd.DataFrame(
            {
                "x": [float(beyond["column"].max())],
                "y": [float(beyond["height"].max()) + 1.0],
                "text": [wording.text("my_fund_dots", "over", most=most)],
            }
        )
        parts.append(
            alt.Chart(note)
            .mark_text(color=INK, align="right", dx=8)
            .encode(x="x:Q", y="y:Q", text="text:N")
        )
    chart = alt.layer(*parts).properties(height=200, width="container", title=title)
    return finish(chart, wording.text("my_fund_dots", "alt", caption=caption))


def waterfall_rows(gains: pd.DataFrame, wording: Wording) -> pd.DataFrame:
    """Return bars from the gains of deals down to those of LPs: `part`, `start`, `end`, `value`.

    Parameters
    ----------
    gains : DataFrame
        Table `gains`, or `fund_of_funds_gains`: `deals` first, in million CNY.
    wording : Wording
        With the paths behind the errors.

    Returns
    -------
    DataFrame
        With `kind`: `whole`, `manager` or `lp`; and `low`, `high`: the end of the bar at the 99 %
        Monte Carlo interval of its own value, NaN where its error is not known.
    """
    value = gains.set_index("measure")["value"]
    error = gains.set_index("measure")["se"]
    rows, at = [], float(value["deals"])
    for part in value.index:
        own = float(value[part])
        start, end = (0.0, own) if part == "deals" else (at, at - own)
        kind = "whole" if part == "deals" else "lp" if is_lp(str(part)) else "manager"
        half = float(wording.half_width(float(error[part])))
        rows.append((part, kind, start, end, own, end - half, end + half))
        at = own if part == "deals" else end
    names = ["part", "kind", "start", "end", "value", "low", "high"]
    return pd.DataFrame(rows, columns=names)


def is_lp(part: str) -> bool:
    """Return whether a part of the gains is of LPs."""
    return part.startswith("lp:") or part in ("treasury", "other_lps", "private_lps")


def gains_waterfall(
    gains: pd.DataFrame, names: list[str], wording: Wording, caption: str
) -> AnyChart:
    """Return the waterfall of gains; the ends of bars carry their Monte Carlo interval.

    Parameters
    ----------
    gains : DataFrame
        As for :func:`waterfall_rows`.
    names : list of str
        Of its rows.
    wording : Wording
    caption : str
    """
    rows = waterfall_rows(gains, wording).assign(name=names)
    per = wording.mcny_per_unit
    rows[["start", "end", "low", "high"]] /= per
    rows["shown"] = [
        wording.number(value / per, max(error, abs(value) / 200.0) / per)
        for value, error in zip(gains["value"], gains["se"], strict=True)
    ]
    rows["place"] = rows[["start", "end", "high"]].max(axis=1)
    y = alt.Y("name:N", sort=names, title=None, axis=alt.Axis(labelLimit=200))
    base = alt.Chart(rows)
    ends = rows[["start", "end", "low", "high"]].fillna(0.0).to_numpy(np.float64)
    low, high = min(0.0, float(ends.min())), max(0.0, float(ends.max()))
    room = 0.3 * (high - low)  # for the numbers beside the bars
    scale = alt.Scale(domain=[low, high + room], nice=False)
    x = alt.X("start:Q", title=wording.money_unit, scale=scale)
    shade = alt.Color(
        "kind:N",
        scale=alt.Scale(domain=["whole", "manager", "lp"], range=[INK, GREY, BLUE]),
        legend=None,
    )
    bars = base.mark_bar(height={"band": 0.7}).encode(y=y, x=x, x2="end:Q", color=shade)
    spans = base.mark_rule(color=LOSS, strokeWidth=1.5).encode(y=y, x="low:Q", x2="high:Q")
    texts = base.mark_text(align="left", dx=6, color=INK).encode(y=y, x="place:Q", text="shown:N")
    title = wording.text("my_fund_gains", "title", unit=wording.money_unit)
    chart = alt.layer(bars, spans, texts).properties(
        height={"step": 30}, width="container", title=title
    )
    return finish(chart, wording.text("my_fund_gains", "alt", caption=caption))


def actuals_strip(rows: pd.DataFrame, wording: Wording, caption: str) -> AnyChart:
    """Return where each figure of a record lies among the plan's futures.

    Parameters
    ----------
    rows : DataFrame
        `name`, `short`, `percent` (of futures below), `is_out` and `shown` (the figure), in order.
    wording : Wording
    caption : str
    """
    names = list(rows["short"])
    inside, outside = (wording.text("my_fund_actual", key) for key in ("inside", "outside"))
    frame = rows.assign(
        side=np.where(rows["is_out"], outside, inside), a=5.0, b=95.0, c=25.0, d=75.0
    )
    y = alt.Y("short:N", sort=names, title=None, axis=alt.Axis(labelLimit=170))
    scale, title = alt.Scale(domain=[0, 100]), wording.text("my_fund_actual", "axis")
    base = alt.Chart(frame).encode(y=y)
    axis = alt.Axis(values=[5, 25, 50, 75, 95], labelExpr="datum.value + '%'")
    wide = base.mark_bar(color=PALE, height={"band": 0.45}).encode(
        x=alt.X("a:Q", axis=axis, scale=scale, title=title), x2="b:Q"
    )
    half = base.mark_bar(color=SKY, height={"band": 0.45}).encode(
        x=alt.X("c:Q", scale=scale, title=title), x2="d:Q"
    )
    legend = alt.Legend(title=None, orient="top", direction="vertical")
    sides = [inside, outside]
    points = base.mark_point(size=110, filled=True, opacity=1.0).encode(
        x=alt.X("percent:Q", scale=scale, title=title),
        color=alt.Color("side:N", scale=alt.Scale(domain=sides, range=[INK, LOSS]), legend=legend),
        shape=alt.Shape(
            "side:N", scale=alt.Scale(domain=sides, range=["circle", "diamond"]), legend=legend
        ),
        tooltip=[alt.Tooltip("name:N", title=" "), alt.Tooltip("shown:N", title=" ")],
    )
    chart = alt.layer(wide, half, points).properties(
        height={"step": 28}, width="container", title=wording.text("my_fund_actual", "title")
    )
    return finish(chart, wording.text("my_fund_actual", "alt", caption=caption))
