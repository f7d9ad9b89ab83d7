"""Money from investors' provinces to firms' provinces: a heat map, and the largest as a Sankey."""

from __future__ import annotations

from typing import Any

import altair as alt
import pandas as pd

from finmodel.report.charts.theme import (
    BLUE,
    FONT,
    GREY,
    INK,
    LIGHT_TEXT_SHARE,
    SEQUENCE,
    AnyChart,
    finish,
    text_colour,
)
from finmodel.report.flow_rows import largest_flows
from finmodel.report.wording import Wording

CELL = 64
MOST_WITH_WORDS = 12
"""Provinces a side up to which each tile has its value; beyond, tiles are too small."""
ARROW = "→ "
"""Before the name of a firm's province: a Sankey needs other names on its other side."""


def flow_heat_map(rows: pd.DataFrame, wording: Wording, title: str, alt_text: str) -> AnyChart:
    """Return investors' provinces by firms' provinces, shaded by the log of money.

    Parameters
    ----------
    rows : DataFrame
        From :func:`finmodel.report.flow_rows.flow_rows`.
    wording : Wording
    title, alt_text : str
    """
    paid = rows[rows["value"] > 0.0]
    count = max(rows["from_name"].nunique(), rows["to_name"].nunique(), 1)
    shown = rows.assign(
        words=[
            wording.number(value, error)
            for value, error in zip(rows["value"], rows["value_se"], strict=True)
        ],
        is_dark=rows["value"] > _light_text_from(paid["value"]),
    )
    size = CELL if count <= MOST_WITH_WORDS else max(16, CELL * MOST_WITH_WORDS // count)
    place = {
        "x": alt.X(
            "to_name:N",
            sort=None,
            title=wording.text("term", "firm_region"),
            axis=alt.Axis(
                orient="top", labelAngle=0 if count <= MOST_WITH_WORDS else -90, grid=False
            ),
        ),
        "y": alt.Y(
            "from_name:N",
            sort=None,
            title=wording.text("term", "fund_region"),
            axis=alt.Axis(grid=False),
        ),
    }
    tips = [
        alt.Tooltip("from_name:N", title=wording.text("term", "fund_region")),
        alt.Tooltip("to_name:N", title=wording.text("term", "firm_region")),
        alt.Tooltip("words:N", title=wording.money_unit),
        alt.Tooltip("share:Q", format=".1%", title=wording.text("flows_page", "share_of_from")),
    ]
    scale = alt.Scale(type="log", range=list(SEQUENCE))
    base = alt.Chart(shown)
    layers = [
        base.mark_rect(color="#f7f7f7", stroke="#9aa4ab", strokeDash=[3, 2]).encode(
            **place, tooltip=tips
        ),
        alt.Chart(shown[shown["value"] > 0.0])
        .mark_rect(stroke="white", strokeWidth=2)
        .encode(
            **place,
            color=alt.Color(
                "value:Q",
                scale=scale,
                legend=alt.Legend(
                    title=wording.text("flows_page", "legend", unit=wording.money_unit),
                    orient="bottom",
                    gradientLength=220,
                    titleLimit=300,
                    tickCount=4,
                ),
            ),
            tooltip=tips,
        ),
    ]
    if count <= MOST_WITH_WORDS:
        colour = text_colour("datum.is_dark")
        layers.append(
            base.mark_text(fontSize=13).encode(**place, text="words:N", color=colour, tooltip=tips)
        )
    chart = alt.layer(*layers).properties(
        width={"step": size}, height={"step": min(size, 44)}, title=title
    )
    return finish(chart, alt_text)


def flow_sankey(rows: pd.DataFrame, wording: Wording) -> dict[str, Any]:
    """Return the largest flows as an ECharts Sankey; those that cross a border in blue.

    Parameters
    ----------
    rows : DataFrame
        From :func:`finmodel.report.flow_rows.flow_rows`.
    wording : Wording
    """
    largest = largest_flows(rows)
    left = list(dict.fromkeys(largest["from_name"]))
    right = [f"{ARROW}{name}" for name in dict.fromkeys(largest["to_name"])]
    links = [
        {
            "source": row["from_name"],
            "target": f"{ARROW}{row['to_name']}",
            "value": float(f"{row['value']:.3g}"),
            "lineStyle": {
                "color": BLUE if row["crosses"] else GREY,
                "opacity": 0.5 if row["crosses"] else 0.3,
            },
        }
        for row in largest.to_dict("records")
    ]
    colour = {"itemStyle": {"color": INK}}
    return {
        "textStyle": {"fontFamily": FONT, "color": INK},
        "tooltip": {"trigger": "item"},
        "toolbox": {
            "feature": {"saveAsImage": {"title": wording.text("app", "download_png")}},
            "right": 0,
        },
        "series": [
            {
                "type": "sankey",
                "left": 8,
                "right": 120,
                "top": 30,
                "draggable": False,
                "emphasis": {"focus": "adjacency"},
                "label": {"color": INK, "fontSize": 12},
                "data": [
                    *({"name": name, "depth": 0, **colour} for name in left),
                    *({"name": name, "depth": 1, **colour} for name in right),
                ],
                "links": links,
            }
        ],
    }


def _light_text_from(values: pd.Series[float]) -> float:
    """Return the value from which tiles are so dark that white reads better than black."""
    if values.empty:
        return float("inf")
    low, high = float(values.min()), float(values.max())
    return float(low * (high / low) ** LIGHT_TEXT_SHARE)
