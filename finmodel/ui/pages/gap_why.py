"""Why there is a gap: its parts by friction, and what official formulas make of it."""

from __future__ import annotations

import streamlit as st

from finmodel.report import gap_rows as rows_of
from finmodel.report import views_gap
from finmodel.report.captions import gap_parts as captions
from finmodel.report.charts import why as why_charts
from finmodel.report.gap_rows import ALL
from finmodel.report.wording import Wording
from finmodel.ui import say
from finmodel.ui.home import home
from finmodel.ui.pages.gap_choice import Choice, title_of
from finmodel.ui.parts import of_result, show_chart
from finmodel.ui.results import Stored, stored_results
from finmodel.ui.state import View

WHY_COMMAND = "finmodel why scenarios/yrd_baseline.toml"


def draw_why(stored: Stored, choice: Choice, words: Wording, view: View) -> None:
    """Draw the parts of the gap, from a decomposition of the same scenario alone."""
    found = [
        other
        for other in stored_results("decompositions", home(), "why_region")
        if is_same_scenario(other, stored)
    ]
    found.sort(key=lambda other: not _is_same_model(other, stored))
    if not found:
        say.info(words.text("gap_page", "why_missing"))
        st.code(WHY_COMMAND, language="bash")
        return
    parts = found[0].table("why_total" if choice.region == ALL else "why_region")
    own = parts if choice.region == ALL else parts[parts["region"] == choice.region]
    paths = int(str(found[0].manifest.get("paths", 0)))
    rows = rows_of.why_rows(own, choice.side, words)
    caption = captions.why(rows, paths, choice.side, words)
    chart = why_charts.why_bars(rows, choice.side, words, title_of("why", choice, words), caption)
    own_view = of_result(view, found[0])
    data = views_gap.why_view(rows, choice.side, words)
    show_chart(chart, caption, data, own_view, key="why")
    by_stage = found[0].table("why_stage" if choice.region == ALL else "why_region_stage")
    if choice.region != ALL:
        by_stage = by_stage[by_stage["region"] == choice.region]
    shares = rows_of.why_stage_rows(by_stage, choice.side, words)
    caption = captions.why_by_stage(shares, choice.side, words)
    chart = why_charts.why_by_stage(shares, words, title_of("why_stage", choice, words), caption)
    data = views_gap.why_stage_view(shares, words)
    show_chart(chart, caption, data, own_view, key="why_by_stage")
    is_same = _is_same_model(found[0], stored)
    say.caption(words.text("gap_page", "why_other" if is_same else "why_stale", paths=paths))


def is_same_scenario(one: Stored, other: Stored) -> bool:
    """Return whether two results are of one scenario, beliefs and sources included."""
    return one.manifest.get("scenario") == other.manifest.get("scenario")


def _is_same_model(one: Stored, other: Stored) -> bool:
    """Return whether two results are of the same code of the model and the same data."""
    return all(
        one.manifest.get(key) == other.manifest.get(key) for key in ("source_digest", "data")
    )


def draw_formulas(stored: Stored, choice: Choice, words: Wording, view: View) -> None:
    """Draw the simulated gap and what official formulas give."""
    rows = rows_of.formula_rows(stored.table("static_gap"), choice.region, words)
    caption = captions.formulas(rows, words)
    if rows.empty:
        say.info(caption)
        return
    chart = why_charts.formula_bars(rows, words, title_of("official", choice, words), caption)
    data = views_gap.formulas_view(rows, words)
    show_chart(chart, caption, data, view, key="official_formulas")
