"""Provinces as tiles of a grid: a chart that is a control, without borders."""

from __future__ import annotations

import altair as alt
import pandas as pd

from finmodel.datasets import provinces
from finmodel.report.charts.theme import (
    GREY,
    INK,
    LIGHT_TEXT_SHARE,
    SEQUENCE,
    AnyChart,
    finish,
    text_colour,
)
from finmodel.report.wording import Wording

TILE = 52
MOST_PERCENT = 60.0
"""End of the colour scale: fixed, so that scenarios are seen on one scale."""
LIGHT_TEXT_FROM = LIGHT_TEXT_SHARE * MOST_PERCENT
"""White on the middle of the scale would have a contrast of less than 3:1."""
SELECTION = "province"


def grid_rows(by_region: pd.DataFrame, wording: Wording) -> pd.DataFrame:
    """Return a row a province: place, name, gap in per cent of need; NaN if it is not modelled.

    Parameters
    ----------
    by_region : DataFrame
        `region` (ISO code) and `gap_rate_mcny`, as table `gap_region` of a run.
    """
    tiles = provinces().reset_index()[["iso", "grid_row", "grid_col", f"name_{wording.language}"]]
    tiles = tiles.rename(columns={f"name_{wording.language}": "name"})
    rates = by_region.set_index("region")["gap_rate_mcny"] * 100.0
    tiles["percent"] = tiles["iso"].map(rates)
    none = wording.text("grid", "not_modelled")
    tiles["shown"] = [
        none if pd.isna(percent) else f"{percent:.0f}%" for percent in tiles["percent"]
    ]
    return tiles


def province_grid(
    by_region: pd.DataFrame,
    wording: Wording,
    caption: str,
    *,
    selected: str | None = None,
    title: str = "",
) -> AnyChart:
    """Return the grid chart of the gap; a click on a tile is the selection `province`.

    Parameters
    ----------
    by_region : DataFrame
        As for :func:`grid_rows`.
    wording : Wording
    caption : str
        The text alternative.
    selected : str, optional
        ISO code of the one tile that is outlined, clicked or not, as one chosen in a list;
        a code of no tile outlines none. By default a click outlines.
    title : str
        In place of the usual one.
    """
    rows = grid_rows(by_region, wording)
    pick = alt.selection_point(name=SELECTION, fields=["iso"], on="click", empty=selected is None)
    place = {
        "x": alt.X("grid_col:O", axis=None, scale=alt.Scale(paddingInner=0.06)),
        "y": alt.Y("grid_row:O", axis=None, scale=alt.Scale(paddingInner=0.06)),
    }
    known, unknown = rows[rows["percent"].notna()], rows[rows["percent"].isna()]
    colour = alt.Color(
        "percent:Q",
        scale=alt.Scale(domain=[0.0, MOST_PERCENT], range=list(SEQUENCE), clamp=True),
        legend=alt.Legend(
            title=wording.text("grid", "legend"), orient="bottom", gradientLength=220
        ),
    )
    tips = [alt.Tooltip("name:N", title=" "), alt.Tooltip("shown:N", title="%")]
    shade = text_colour(f"datum.percent >= {LIGHT_TEXT_FROM}")
    layers = [
        alt.Chart(unknown)
        .mark_rect(color="#f7f7f7", stroke="#9aa4ab", strokeDash=[3, 2])
        .encode(**place, tooltip=tips),
        alt.Chart(unknown)
        .mark_text(color=GREY, fontSize=11)
        .encode(**place, text="iso:N", tooltip=tips),
        alt.Chart(known)
        .mark_rect(stroke=INK)
        .encode(
            **place,
            color=colour,
            tooltip=tips,
            strokeWidth=alt.condition(pick, alt.value(2), alt.value(0))
            if selected is None
            else alt.value(0),
        )
        .add_params(pick),
        alt.Chart(known)
        .mark_text(fontSize=13, fontWeight="bold", dy=-7)
        .encode(**place, text="iso:N", color=shade),
        alt.Chart(known).mark_text(fontSize=12, dy=9).encode(**place, text="shown:N", color=shade),
    ]
    if selected in set(known["iso"]):
        outlined = alt.Chart(known[known["iso"] == selected])
        layers.append(outlined.mark_rect(filled=False, stroke=INK, strokeWidth=3).encode(**place))
    chart = alt.layer(*layers).properties(
        width={"step": TILE}, height={"step": TILE}, title=title or wording.text("grid", "title")
    )
    return finish(chart, wording.text("grid", "alt", caption=caption))
