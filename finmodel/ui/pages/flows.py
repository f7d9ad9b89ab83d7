"""Flows: whose money goes to firms of which province."""

from __future__ import annotations

import streamlit as st

from finmodel.report.captions import flows as captions
from finmodel.report.charts.flows import flow_heat_map, flow_sankey
from finmodel.report.flow_rows import crossing, flow_rows
from finmodel.report.views_gap import flows_view
from finmodel.report.wording import Wording
from finmodel.ui import say
from finmodel.ui.home import home
from finmodel.ui.parts import choose, foot, named, of_result, show_chart, show_data
from finmodel.ui.results import Stored, stored_results
from finmodel.ui.state import View, kept, told

COMMAND = "finmodel run scenarios/yrd_baseline.toml"
ALL = "all"


def page(view: View) -> None:
    """Draw the page."""
    say.header(view.wording.text("flows_page", "question"))
    stored = choose(stored_results("runs", home(), "flows"), view, COMMAND)
    if stored is None:
        return
    view = of_result(view, stored)
    words = named(view, stored)
    investor = _investor(stored, words)
    rows = flow_rows(stored.table("flows"), investor, words)
    caption = captions.heat(rows, words)
    if not rows["value"].sum() > 0.0:
        say.info(caption)
        foot(stored, view)
        return
    title = words.text(
        "flows_page",
        "heat_title",
        unit=words.money_unit,
        name=_name(investor, words),
    )
    data = flows_view(rows, words)
    chart = flow_heat_map(rows, words, title, caption)
    show_chart(chart, caption, data, view, key="flows", is_wide=False)
    if stored.has("integration_index"):
        say.caption(captions.moved(crossing(stored.table("integration_index")), words))
    say.caption(words.text("flows_page", "note"))
    say.subheader(words.text("flows_page", "sankey_title"))
    story = captions.sankey(rows, words)
    st.echarts_chart(flow_sankey(rows, words), theme=None, height=420, key="sankey", alt=story)
    say.caption(story)
    show_data(data, view, key="flows_sankey")
    foot(stored, view)


def _name(investor: str, words: Wording) -> str:
    return words.text("flows_page", ALL) if investor == ALL else words.name(investor)


def _investor(stored: Stored, words: Wording) -> str:
    """Let the visitor choose a type of investor; the choice is in the address."""
    types = [str(name) for name in dict.fromkeys(stored.table("flows")["fund_type"])]
    options = [ALL, *(name for name in types if name != ALL)]
    kept("investor", options, ALL)
    chosen = st.selectbox(
        words.text("flows_page", "investor"),
        options,
        format_func=lambda name: _name(name, words),
        key="investor",
    )
    told("investor", chosen, ALL)
    return chosen
