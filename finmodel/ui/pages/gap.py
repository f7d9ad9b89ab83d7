"""Gap explorer: where viable needs go unfunded, and why; the grid chart is the control."""

from __future__ import annotations

import streamlit as st

from finmodel.report.captions import gap as captions
from finmodel.report.captions.gap_parts import by_place
from finmodel.report.charts.grid import SELECTION, province_grid
from finmodel.report.gap_rows import ALL, Side, gap_rows
from finmodel.report.views_gap import rows_view
from finmodel.report.wording import Wording
from finmodel.ui import say
from finmodel.ui.home import home
from finmodel.ui.pages.gap_choice import Choice, place_name
from finmodel.ui.pages.gap_sections import draw_sections
from finmodel.ui.parts import choose, foot, named, of_result, show_chart
from finmodel.ui.results import Stored, stored_results
from finmodel.ui.state import View, kept, told

COMMAND = "finmodel run scenarios/yrd_baseline.toml"
MAP = "gap_explorer"
SIDES: tuple[Side, ...] = ("mcny", "n")


def page(view: View) -> None:
    """Draw the page."""
    say.header(view.wording.text("gap_page", "answer_of"))
    stored = choose(stored_results("runs", home(), "gap_region_stage"), view, COMMAND)
    if stored is None:
        return
    view = of_result(view, stored)
    words = named(view, stored)
    table = stored.table("gap_region")
    regions = [ALL, *table["region"].astype(str)]
    _take_click(regions)
    kept("region", regions, ALL)
    left, right = st.columns(2, gap="large")
    with left:
        region = _region(regions, words)
    with right:
        choice = Choice(region, _side(words))
    left, right = st.columns(2, gap="large")
    with left:
        _grid(stored, choice, words, view)
    with right:
        _numbers(stored, choice, words)
        say.caption(words.text("overview", "range_note"))
    say.caption(words.text("gap_page", "how_counted"))
    draw_sections(stored, choice, words, view)
    foot(stored, view)


def _grid(stored: Stored, choice: Choice, words: Wording, view: View) -> None:
    """Draw the grid chart, with the province chosen outlined."""
    table = stored.table("gap_region")
    rows = gap_rows(table, "region", choice.side, words)
    caption = by_place(rows, choice.region, choice.side, words)
    title, shaded = "", table
    if choice.side == "n":
        title = words.text("gap_page", "title_grid_n")
        shaded = table.assign(gap_rate_mcny=table["gap_rate_n"])
    show_chart(
        province_grid(shaded, words, caption, selected=choice.region, title=title),
        caption,
        rows_view(rows, "region", choice.side, words),
        view,
        key=MAP,
        selects=True,
        is_wide=False,
    )
    say.caption(words.text("gap_page", "pick"))
    say.caption(words.text("grid", "note"))


def _numbers(stored: Stored, choice: Choice, words: Wording) -> None:
    """Draw gap, rates and needs that ended with their firm, of what is chosen."""
    table = stored.table("gap_total")
    if choice.region != ALL:
        by_region = stored.table("gap_region")
        table = by_region[by_region["region"] == choice.region]
    numbers = captions.four_numbers(table, words)
    for pair in (numbers[:2], numbers[2:]):  # in rows, so that a phone keeps their order
        for column, shown in zip(st.columns(2), pair, strict=True):
            column.metric(shown.label, shown.value, border=True)
            column.caption(shown.range)


def _take_click(regions: list[str]) -> None:
    """Make a tile that was clicked the province chosen, once."""
    state = st.session_state.get(f"chart_{MAP}")
    picked = state["selection"].get(SELECTION) if state else None
    clicked = str(picked[0]["iso"]) if picked else ""
    if clicked != st.session_state.get("region_clicked", ""):
        st.session_state["region_clicked"] = clicked
        if clicked in regions:
            st.session_state["region"] = clicked


def _region(regions: list[str], words: Wording) -> str:
    region = st.selectbox(
        words.text("gap_page", "region"),
        regions,
        format_func=lambda name: place_name(name, words),
        key="region",
    )
    told("region", region, ALL)
    return region


def _side(words: Wording) -> Side:
    kept("side", SIDES, "mcny")
    side = st.segmented_control(
        words.text("gap_page", "side"),
        SIDES,
        format_func=lambda name: words.text("gap_page", name),
        required=True,
        key="side",
    )
    value: Side = side or "mcny"
    told("side", value, "mcny")
    return value
