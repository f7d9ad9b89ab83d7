"""The first page: the answer, four numbers, one chart."""

from __future__ import annotations

from collections.abc import Collection

import streamlit as st

from finmodel.report.captions import gap as captions
from finmodel.report.charts.grid import SELECTION, province_grid
from finmodel.report.views import region_view
from finmodel.report.wording import Wording
from finmodel.ui import say, unknown
from finmodel.ui.downloads import downloads
from finmodel.ui.home import home
from finmodel.ui.parts import choose, foot, named, of_result, show_chart
from finmodel.ui.results import Stored, stored_results
from finmodel.ui.state import View, told

COMMAND = "finmodel run scenarios/yrd_baseline.toml"


def page(view: View) -> None:
    """Draw the page."""
    stored = choose(stored_results("runs", home(), "gap_total"), view, COMMAND)
    if stored is None:
        return
    view = of_result(view, stored)
    words = named(view, stored)
    total = stored.table("gap_total")
    say.header(stored.title(view.language))
    say.markdown(f"### {captions.answer(total, words)}")
    _numbers(stored, words)
    say.caption(words.text("overview", "range_note"))
    table = stored.table("gap_region")
    selected = _selected(set(table["region"].astype(str)))
    caption = captions.by_region(table, words, selected)
    show_chart(
        province_grid(table, words, caption),
        caption,
        region_view(table, words),
        view,
        key="gap_by_province",
        selects=True,
        is_wide=False,
    )
    say.caption(words.text("grid", "note"))
    downloads(stored, view)
    foot(stored, view)


def _selected(regions: Collection[str]) -> str:
    """Return the ISO code of the tile that was clicked, else of the address, or nothing."""
    state = st.session_state.get("chart_gap_by_province")
    picked = state["selection"].get(SELECTION) if state else None
    clicked = str(picked[0]["iso"]) if picked else ""
    if clicked:
        told("region", clicked, "")
    asked = clicked or st.query_params.get("region", "")
    if asked and asked not in regions and not clicked:
        unknown.refuse("region", asked, "")
        return ""
    return asked


def _numbers(stored: Stored, words: Wording) -> None:
    """Draw the four numbers, each with its range."""
    columns = st.columns(4)
    numbers = captions.four_numbers(stored.table("gap_total"), words)
    for column, number in zip(columns, numbers, strict=True):
        column.metric(number.label, number.value, border=True)
        column.caption(number.range)
