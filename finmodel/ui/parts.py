"""What pages are made of: a chart with its caption and downloads, a choice of results, the foot."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pandas as pd
import streamlit as st

from finmodel.report.charts import png_of
from finmodel.report.charts.theme import AnyChart
from finmodel.report.exports import csv_bytes
from finmodel.report.grades import grade_sentences
from finmodel.report.pdf import has_chinese_font
from finmodel.report.wording import Wording, names_of, paths_of
from finmodel.ui.results import Stored, result_of, sensitivity_studies
from finmodel.ui.state import View, kept, told


def show_chart(
    chart: AnyChart,
    caption: str,
    data: pd.DataFrame,
    view: View,
    *,
    key: str,
    selects: bool = False,
    is_wide: bool = True,
) -> Any:
    """Draw a chart, its caption, its data and its downloads; return what is selected.

    Parameters
    ----------
    chart : Altair chart
        From :mod:`finmodel.report.charts`.
    caption : str
        From :mod:`finmodel.report.captions`; it is the text alternative too.
    data : DataFrame
        What the chart shows, with headings as a reader has them.
    view : View
    key : str
        Names the downloaded files and the widgets; unique on a page.
    selects : bool
        Whether a click counts.
    is_wide : bool
        Whether it takes the width of the page.
    """
    state = st.altair_chart(
        chart,
        theme=None,
        width="stretch" if is_wide else "content",
        key=f"chart_{key}",
        on_select="rerun" if selects else "ignore",
    )
    st.caption(caption)
    words = view.wording
    with st.expander(words.text("app", "table")):
        st.dataframe(data, hide_index=True)
        left, right = st.columns(2)
        left.download_button(
            words.text("app", "download_csv"),
            lambda: csv_bytes(data),
            file_name=f"{key}.csv",
            mime="text/csv",
            key=f"csv_{key}",
            on_click="ignore",
        )
        right.download_button(
            words.text("app", "download_png"),
            lambda: png_of(chart),
            file_name=f"{key}.png",
            mime="image/png",
            key=f"png_{key}",
            on_click="ignore",
        )
        if words.language == "zh" and not has_chinese_font():
            right.caption(words.text("app", "png_no_font"))
    return state


def choose(found: Sequence[Stored], view: View, command: str, *, key: str = "run") -> Stored | None:
    """Let the visitor choose a result, or say how to make one; the choice is in the address."""
    words = view.wording
    if not found:
        st.info(words.text("app", "empty"))
        st.code(command, language="bash")
        return None
    of_key = {stored.key: stored for stored in found}
    kept(key, list(of_key), found[0].key)
    chosen = st.selectbox(
        words.text("app", "result"),
        list(of_key),
        format_func=lambda name: result_name(of_key[name], words),
        key=key,
    )
    told(key, chosen, found[0].key)
    assumed(of_key[chosen], view)
    return of_key[chosen]


def assumed(stored: Stored, view: View) -> None:
    """Say how many numbers behind a result are assumptions, which matter, and where all stand."""
    words, result = view.wording, result_of(stored)
    said = grade_sentences(result, sensitivity_studies(), words)
    query = f"grade=C&lang={words.language}&unit={words.unit}"
    link = f"[{words.text('grades', 'link')}](assumptions?{query})"
    st.caption(" ".join([f":material/rule: {said[0]}", *said[1:], link]))


def result_name(stored: Stored, words: Wording) -> str:
    """Return what a result is called in a list."""
    return f"{stored.title(words.language)} · {words.text('app', stored.origin)} · {stored.key[:8]}"


def named(view: View, stored: Stored) -> Wording:
    """Return the view's wording with the names of a result."""
    words = view.wording
    names = names_of(stored.manifest, words.language)
    return replace(words, names=names, paths=paths_of(stored.manifest))


def foot(stored: Stored, view: View) -> None:
    """Say what was shown, and the command that repeats it."""
    words, about = view.wording, stored.manifest
    st.divider()
    st.caption(
        words.text(
            "app",
            "foot",
            origin=words.text("app", stored.origin),
            digest=stored.key,
            paths=about.get("paths", "–"),
            seed=about.get("seed", "–"),
            version=about.get("version", "–"),
        )
    )
    command = about.get("command")
    if isinstance(command, list) and command:
        with st.expander(words.text("app", "repeat")):
            st.code(shlex.join(str(part) for part in command), language="bash")
