"""The gap by stage, sector and year; what viable needs come to; a funnel by stage."""

from __future__ import annotations

import altair as alt
import pandas as pd

from finmodel.report.charts.theme import (
    BLUE,
    GREEN,
    GREY,
    INK,
    PALE,
    RED,
    SKY,
    AnyChart,
    finish,
)
from finmodel.report.gap_rows import Side
from finmodel.report.wording import Wording

BAR, STEP = 22, 40
ROOM = 1.6
"""Length of an axis over its longest bar: the rest is for the words beside it."""
FATE_COLOURS = {"viable_ask": PALE, "gap": BLUE, "persistent": RED, "late": GREEN}
FUNNEL_COLOURS = {"asked": PALE, "viable": SKY, "funded": BLUE}


def unit_name(side: Side, wording: Wording) -> str:
    """Return the unit of an axis: of money a year, or needs a year."""
    unit = wording.money_unit if side == "mcny" else wording.text("gap_page", "needs")
    return wording.text("gap_page", "a_year", unit=unit)


def need_bars(
    rows: pd.DataFrame, side: Side, wording: Wording, title: str, alt_text: str
) -> AnyChart:
    """Return bars of viable need with the unfunded part within, and its range over futures.

    Parameters
    ----------
    rows : DataFrame
        From :func:`finmodel.report.gap_rows.gap_rows`; without a range no line is drawn.
    side : {'mcny', 'n'}
    wording : Wording
    title, alt_text : str
    """
    shown = rows.assign(
        words=[
            wording.text(
                "gap_page",
                "bar",
                gap=wording.number(row["gap"], row["gap_se"]),
                need=wording.number(row["need"], row["need_se"]),
                rate=wording.share(row["rate"], row["rate_se"]),
            )
            for row in rows.to_dict("records")
        ],
        end=rows[["need", "high"]].max(axis=1),
    )
    domain = [0.0, ROOM * float(shown["end"].max())] if len(shown) else [0.0, 1.0]
    y = alt.Y("name:N", sort=None, title=None)
    scale = alt.Scale(domain=domain, nice=False)
    tips = [alt.Tooltip("name:N", title=" "), alt.Tooltip("words:N", title=" ")]
    base = alt.Chart(shown)
    layers = [
        base.mark_bar(color=PALE, size=BAR).encode(
            y=y,
            x=alt.X("need:Q", title=unit_name(side, wording), scale=scale, axis=_axis()),
            tooltip=tips,
        ),
        base.mark_bar(color=BLUE, size=BAR * 0.55).encode(y=y, x="gap:Q", tooltip=tips),
        base.mark_text(align="left", dx=6, color=INK, fontSize=12).encode(
            y=y, x="end:Q", text="words:N"
        ),
    ]
    if shown["low"].notna().any():
        ranged = alt.Chart(shown[shown["low"].notna()])
        layers.insert(
            2, ranged.mark_rule(color=INK, strokeWidth=1.5).encode(y=y, x="low:Q", x2="high:Q")
        )
        for end in ("low", "high"):
            tick = ranged.mark_tick(color=INK, size=10, thickness=1.5)
            layers.insert(3, tick.encode(y=y, x=f"{end}:Q"))
    key = "bars_key" if shown["low"].notna().any() else "bars_key_plain"
    chart = alt.layer(*layers).properties(
        width="container",
        height={"step": STEP},
        title=alt.TitleParams(title, subtitle=wording.text("gap_page", key), subtitleColor=INK),
    )
    return finish(chart, alt_text)


def gap_fan(
    rows: pd.DataFrame, side: Side, wording: Wording, title: str, alt_text: str
) -> AnyChart:
    """Return the unfunded part by year with the range over futures, and the need above it.

    Parameters
    ----------
    rows : DataFrame
        From :func:`finmodel.report.gap_rows.gap_rows`, by year; without a range no band.
    side : {'mcny', 'n'}
    wording : Wording
    title, alt_text : str
    """
    unit = unit_name(side, wording)
    x = alt.X("name:O", title=None, axis=alt.Axis(labelAngle=0, labelOverlap=True))
    base = alt.Chart(rows)
    tips = [
        alt.Tooltip("name:N", title=wording.text("view", "year")),
        alt.Tooltip("gap:Q", format=",.1f", title=wording.text("gap_page", "gap")),
        alt.Tooltip("need:Q", format=",.1f", title=wording.text("gap_page", "viable_ask")),
    ]
    layers: list[alt.Chart] = []
    if rows["low"].notna().any():
        layers.append(
            base.mark_area(color=SKY, opacity=1.0, fillOpacity=0.45).encode(
                x=x, y=alt.Y("low:Q", title=unit), y2="high:Q"
            )
        )
    layers += [
        base.mark_line(color=BLUE, strokeWidth=2.5, point={"color": BLUE, "size": 45}).encode(
            x=x, y=alt.Y("gap:Q", title=unit), tooltip=tips
        ),
        base.mark_line(color=GREY, strokeDash=[5, 3], strokeWidth=2).encode(x=x, y="need:Q"),
    ]
    first = alt.Chart(rows.head(1))
    for column, key, colour, offset in (
        ("need", "viable_ask", INK, -9),
        ("gap", "gap_mean", BLUE, -12),
        ("high", "nine_in_ten", INK, -9),
    ):
        label = alt.value(wording.text("gap_page", key))
        drawn = first.mark_text(
            align="left", dx=2, dy=offset, color=colour, fontSize=12, fontWeight="bold"
        )
        if rows[column].notna().any():
            layers.append(drawn.encode(x=x, y=f"{column}:Q", text=label))
    chart = alt.layer(*layers).properties(width="container", height=280, title=title)
    return finish(chart, alt_text)


def fate_bars(
    rows: pd.DataFrame, side: Side, wording: Wording, title: str, alt_text: str
) -> AnyChart:
    """Return viable needs and what they come to, each with its number and error.

    Parameters
    ----------
    rows : DataFrame
        From :func:`finmodel.report.gap_rows.fate_rows`.
    side : {'mcny', 'n'}
    wording : Wording
    title, alt_text : str
    """
    shown = rows.assign(
        words=[
            wording.with_error(value, error)
            for value, error in zip(rows["value"], rows["value_se"], strict=True)
        ]
    )
    most = ROOM * float(shown["value"].max()) if len(shown) else 1.0
    names = list(FATE_COLOURS)
    y = alt.Y("name:N", sort=None, title=None, axis=alt.Axis(labelLimit=190))
    base = alt.Chart(shown)
    bars = base.mark_bar(size=BAR).encode(
        y=y,
        x=alt.X(
            "value:Q",
            title=unit_name(side, wording),
            scale=alt.Scale(domain=[0.0, most], nice=False),
            axis=_axis(),
        ),
        color=alt.Color(
            "fate:N",
            scale=alt.Scale(domain=names, range=[FATE_COLOURS[name] for name in names]),
            legend=None,
        ),
        tooltip=[alt.Tooltip("name:N", title=" "), alt.Tooltip("words:N", title=" ")],
    )
    words = base.mark_text(align="left", dx=6, color=INK, fontSize=12).encode(
        y=y, x="value:Q", text="words:N"
    )
    chart = alt.layer(bars, words).properties(width="container", height={"step": STEP}, title=title)
    return finish(chart, alt_text)


def stage_funnel(rows: pd.DataFrame, wording: Wording, title: str, alt_text: str) -> AnyChart:
    """Return needs by stage as centred bars: asked, of these viable, of these funded.

    Parameters
    ----------
    rows : DataFrame
        From :func:`finmodel.report.gap_rows.funnel_rows`.
    wording : Wording
    title, alt_text : str
    """
    half = float(rows["right"].max()) if len(rows) else 1.0
    texts = []
    for stage, own in rows.groupby("stage", sort=False):
        needs = dict(zip(own["step"], own["needs"], strict=True))
        told = [wording.number(needs[step], 1.0) for step in FUNNEL_COLOURS]
        texts.append((own["name"].iloc[0], half * 1.06, " › ".join(told), str(stage)))
    labels = pd.DataFrame(texts, columns=["name", "at", "words", "stage"])
    y = alt.Y("name:N", sort=None, title=None)
    scale = alt.Scale(domain=[-half * 1.02, half * 2.1], nice=False)
    names = {step: wording.text("gap_page", f"funnel_{step}") for step in FUNNEL_COLOURS}
    layers: list[alt.Chart] = []
    for number, step in enumerate(FUNNEL_COLOURS):
        layers.append(
            alt.Chart(rows[rows["step"] == step])
            .mark_bar(size=BAR + 8 - 7 * number)
            .encode(
                y=y,
                x=alt.X("left:Q", scale=scale, axis=None),
                x2="right:Q",
                color=alt.Color(
                    "step_name:N",
                    sort=None,
                    scale=alt.Scale(
                        domain=list(names.values()), range=list(FUNNEL_COLOURS.values())
                    ),
                    legend=alt.Legend(title=None, orient="top", labelLimit=260, columns=1),
                ),
                tooltip=[
                    alt.Tooltip("name:N", title=" "),
                    alt.Tooltip("step_name:N", title=" "),
                    alt.Tooltip("needs:Q", format=",.0f", title=" "),
                ],
            )
        )
    layers.append(
        alt.Chart(labels)
        .mark_text(align="left", color=INK, fontSize=12)
        .encode(y=y, x=alt.X("at:Q", scale=scale), text="words:N")
    )
    chart = alt.layer(*layers).properties(width="container", height={"step": STEP}, title=title)
    return finish(chart, alt_text)


def _axis() -> alt.Axis:
    return alt.Axis(grid=False, tickCount=5)
