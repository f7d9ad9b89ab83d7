"""The gap of a choice: what needs come to, by stage, sector and year, why, and by formula."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from finmodel.report import gap_rows as rows_of
from finmodel.report import views_gap
from finmodel.report.captions import gap_parts as captions
from finmodel.report.charts import gap as charts
from finmodel.report.gap_rows import ALL
from finmodel.report.wording import Wording
from finmodel.ui import say
from finmodel.ui.pages.gap_choice import Choice, title_of
from finmodel.ui.pages.gap_why import draw_formulas, draw_why
from finmodel.ui.parts import show_chart
from finmodel.ui.results import Stored
from finmodel.ui.state import View


def draw_sections(stored: Stored, choice: Choice, words: Wording, view: View) -> None:
    """Draw every section below the grid chart."""
    say.subheader(words.text("gap_page", "where"))
    left, right = st.columns(2, gap="large")
    with left:
        _stages(stored, choice, words, view)
        _fates(stored, choice, words, view)
    with right:
        _split(stored, choice, words, view, "sector")
    _funnel(stored, choice, words, view)
    say.subheader(words.text("gap_page", "when"))
    _split(stored, choice, words, view, "year")
    say.subheader(words.text("gap_page", "why"))
    draw_why(stored, choice, words, view)
    say.subheader(words.text("gap_page", "official"))
    draw_formulas(stored, choice, words, view)


def _by_stage(stored: Stored, region: str) -> pd.DataFrame:
    if region == ALL:
        return stored.table("gap_stage")
    table = stored.table("gap_region_stage")
    return table[table["region"] == region]


def _stages(stored: Stored, choice: Choice, words: Wording, view: View) -> None:
    rows = rows_of.gap_rows(_by_stage(stored, choice.region), "stage", choice.side, words)
    caption = captions.by_dimension(rows, choice.side, words)
    title = title_of("stage", choice, words)
    chart = charts.need_bars(rows, choice.side, words, title, caption)
    data = views_gap.rows_view(rows, "stage", choice.side, words)
    show_chart(chart, caption, data, view, key="gap_by_stage")


def _split(stored: Stored, choice: Choice, words: Wording, view: View, by: str) -> None:
    """Draw sectors as bars, or years as a fan; of one province without ranges."""
    table = stored.table(f"gap_{by}")
    names = list(dict.fromkeys(stored.table("gap_sector")["sector"].astype(str)))
    sectors = rows_of.hard_sectors(stored.manifest, names)
    if choice.region != ALL:
        rows = rows_of.cell_rows(
            stored.table("gap_cells"),
            choice.region,
            "year" if by == "year" else "sector",
            choice.side,
            sectors,
            words,
        )
    else:
        if by == "sector":
            table = table[table["sector"].isin(sectors)]
        rows = rows_of.gap_rows(table, by, choice.side, words)
    said = captions.over_years if by == "year" else captions.by_dimension
    draw = charts.gap_fan if by == "year" else charts.need_bars
    caption = said(rows, choice.side, words)
    chart = draw(rows, choice.side, words, title_of(by, choice, words), caption)
    data = views_gap.rows_view(rows, by, choice.side, words)
    show_chart(chart, caption, data, view, key=f"gap_by_{by}")


def _fates(stored: Stored, choice: Choice, words: Wording, view: View) -> None:
    table = stored.table("gap_total" if choice.region == ALL else "gap_region")
    rows = rows_of.fate_rows(table, choice.region, choice.side, words)
    own = table if choice.region == ALL else table[table["region"] == choice.region]
    quarters, error = (float(own.iloc[0][f"late_quarters{end}"]) for end in ("", "_se"))
    caption = captions.fates(rows, quarters, error, choice.side, words)
    chart = charts.fate_bars(rows, choice.side, words, title_of("fate", choice, words), caption)
    show_chart(chart, caption, views_gap.fates_view(rows, choice.side, words), view, key="fates")


def _funnel(stored: Stored, choice: Choice, words: Wording, view: View) -> None:
    rows = rows_of.funnel_rows(_by_stage(stored, choice.region), words)
    caption = captions.funnel(rows, words)
    chart = charts.stage_funnel(rows, words, title_of("funnel", choice, words), caption)
    show_chart(chart, caption, views_gap.funnel_view(rows, words), view, key="stage_funnel")
