"""The gap of a choice: what needs come to, by stage, sector and year, why, and by formula."""

from __future__ import annotations

from typing import NamedTuple

import pandas as pd
import streamlit as st

from finmodel.report import gap_rows as rows_of
from finmodel.report import views_gap
from finmodel.report.captions import gap_parts as captions
from finmodel.report.charts import gap as charts
from finmodel.report.charts import why as why_charts
from finmodel.report.gap_rows import ALL, Side
from finmodel.report.wording import Wording
from finmodel.ui.home import home
from finmodel.ui.parts import show_chart
from finmodel.ui.results import Stored, stored_results
from finmodel.ui.state import View

WHY_COMMAND = "finmodel why scenarios/yrd_baseline.toml"


class Choice(NamedTuple):
    """What is looked at.

    Attributes
    ----------
    region : str
        A code, or `all`.
    side : {'mcny', 'n'}
        Money or needs.
    """

    region: str
    side: Side


def draw_sections(stored: Stored, choice: Choice, words: Wording, view: View) -> None:
    """Draw every section below the grid chart."""
    st.subheader(words.text("gap_page", "where"))
    left, right = st.columns(2, gap="large")
    with left:
        _stages(stored, choice, words, view)
        _fates(stored, choice, words, view)
    with right:
        _split(stored, choice, words, view, "sector")
    _funnel(stored, choice, words, view)
    st.subheader(words.text("gap_page", "when"))
    _split(stored, choice, words, view, "year")
    st.subheader(words.text("gap_page", "why"))
    _why(stored, choice, words, view)
    st.subheader(words.text("gap_page", "official"))
    _formulas(stored, choice, words, view)


def place_name(region: str, words: Wording) -> str:
    """Return the name of a province, or of all together."""
    return words.text("gap_page", "all") if region == ALL else words.name(region)


def _title(name: str, choice: Choice, words: Wording) -> str:
    place = place_name(choice.region, words)
    return words.text("gap_page", f"title_{name}", name=place)


def _by_stage(stored: Stored, region: str) -> pd.DataFrame:
    if region == ALL:
        return stored.table("gap_stage")
    table = stored.table("gap_region_stage")
    return table[table["region"] == region]


def _stages(stored: Stored, choice: Choice, words: Wording, view: View) -> None:
    rows = rows_of.gap_rows(_by_stage(stored, choice.region), "stage", choice.side, words)
    caption = captions.by_dimension(rows, choice.side, words)
    title = _title("stage", choice, words)
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
    chart = draw(rows, choice.side, words, _title(by, choice, words), caption)
    data = views_gap.rows_view(rows, by, choice.side, words)
    show_chart(chart, caption, data, view, key=f"gap_by_{by}")


def _fates(stored: Stored, choice: Choice, words: Wording, view: View) -> None:
    table = stored.table("gap_total" if choice.region == ALL else "gap_region")
    rows = rows_of.fate_rows(table, choice.region, choice.side, words)
    own = table if choice.region == ALL else table[table["region"] == choice.region]
    quarters, error = (float(own.iloc[0][f"late_quarters{end}"]) for end in ("", "_se"))
    caption = captions.fates(rows, quarters, error, choice.side, words)
    chart = charts.fate_bars(rows, choice.side, words, _title("fate", choice, words), caption)
    show_chart(chart, caption, views_gap.fates_view(rows, choice.side, words), view, key="fates")


def _funnel(stored: Stored, choice: Choice, words: Wording, view: View) -> None:
    rows = rows_of.funnel_rows(_by_stage(stored, choice.region), words)
    caption = captions.funnel(rows, words)
    chart = charts.stage_funnel(rows, words, _title("funnel", choice, words), caption)
    show_chart(chart, caption, views_gap.funnel_view(rows, words), view, key="stage_funnel")


def _why(stored: Stored, choice: Choice, words: Wording, view: View) -> None:
    """Draw the parts of the gap, from a decomposition of the same scenario alone."""
    wanted = stored.manifest.get("scenario_digest")
    found = [
        other
        for other in stored_results("decompositions", home(), "why_region")
        if wanted and other.manifest.get("scenario_digest") == wanted
    ]
    if not found:
        st.info(words.text("gap_page", "why_missing"))
        st.code(WHY_COMMAND, language="bash")
        return
    parts = found[0].table("why_total" if choice.region == ALL else "why_region")
    own = parts if choice.region == ALL else parts[parts["region"] == choice.region]
    paths = int(str(found[0].manifest.get("paths", 0)))
    rows = rows_of.why_rows(own, choice.side, words)
    caption = captions.why(rows, paths, choice.side, words)
    chart = why_charts.why_bars(rows, choice.side, words, _title("why", choice, words), caption)
    show_chart(chart, caption, views_gap.why_view(rows, choice.side, words), view, key="why")
    st.caption(words.text("gap_page", "why_other", paths=paths))


def _formulas(stored: Stored, choice: Choice, words: Wording, view: View) -> None:
    rows = rows_of.formula_rows(stored.table("static_gap"), choice.region, words)
    caption = captions.formulas(rows, words)
    if rows.empty:
        st.info(caption)
        return
    chart = why_charts.formula_bars(rows, words, _title("official", choice, words), caption)
    data = views_gap.formulas_view(rows, words)
    show_chart(chart, caption, data, view, key="official_formulas")
