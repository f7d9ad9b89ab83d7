"""What pages are made of: a chart with its caption and downloads, a choice of results, the foot."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import pandas as pd
import streamlit as st

from finmodel.report.changes import changes_of, from_root, preview_warning
from finmodel.report.charts import png_of
from finmodel.report.charts.theme import AnyChart, with_line
from finmodel.report.exports import csv_bytes
from finmodel.report.grades import grade_sentences
from finmodel.report.mark import file_name, mark_line, mark_lines, marked, plain_name
from finmodel.report.pdf import has_chinese_font
from finmodel.report.result import Result, kind_of
from finmodel.report.wording import Wording, names_of, paths_of
from finmodel.ui import say
from finmodel.ui.results import Stored, is_present, result_of, sensitivity_studies
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
        Of the result shown: pictures and tables that are taken away say which it is.
    key : str
        Names the downloaded files and the widgets; unique on a page.
    selects : bool
        Whether a click counts.
    is_wide : bool
        Whether it takes the width of the page.
    """
    words, result = view.wording, view.result
    state = st.altair_chart(
        with_line(chart, mark_line(result, words, stopped=view.stopped)),
        theme=None,
        width="stretch" if is_wide else "content",
        key=f"chart_{key}",
        on_select="rerun" if selects else "ignore",
    )
    say.caption(caption)
    with st.expander(view.wording.text("app", "table")):
        place = _data(data, view, key)
        place.download_button(
            words.text("app", "download_png"),
            lambda: png_of(chart, mark_lines(result, words, view.subject, view.stopped)),
            file_name=file_name(key, result, view.language, "png", view.stopped),
            mime="image/png",
            key=f"png_{key}",
            on_click="ignore",
        )
        if view.language == "zh" and not has_chinese_font():
            place.caption(words.text("app", "png_no_font"))
    return state


def show_data(data: pd.DataFrame, view: View, *, key: str) -> None:
    """Draw the data of a picture that is no chart of ours, and their download."""
    with st.expander(view.wording.text("app", "table")):
        _data(data, view, key)


def _data(data: pd.DataFrame, view: View, key: str) -> Any:
    """Draw a table and its download; return the place beside the button."""
    say.table(data)
    left, right = st.columns(2)
    left.download_button(
        view.wording.text("app", "download_csv"),
        lambda: csv_bytes(marked(data, view.result, view.wording, view.subject, view.stopped)),
        file_name=file_name(key, view.result, view.language, "csv", view.stopped),
        mime="text/csv",
        key=f"csv_{key}",
        on_click="ignore",
    )
    return right


def choose(found: Sequence[Stored], view: View, command: str, *, key: str = "run") -> Stored | None:
    """Let the visitor choose a result, or say how to make one; the choice is in the address."""
    words = view.wording
    of_key = {stored.key: stored for stored in found}
    _tell_missing(key, of_key, words)
    if not found:
        say.info(words.text("app", "empty"))
        st.code(command, language="bash")
        return None
    kept(key, list(of_key), found[0].key)
    chosen = st.selectbox(
        words.text("app", "result"),
        list(of_key),
        format_func=lambda name: result_name(of_key[name], words),
        key=key,
    )
    told(key, chosen, found[0].key)
    st.session_state[f"{key}_opened"] = chosen
    if chosen != found[0].key:
        st.session_state.pop(f"{key}_missing", None)  # the visitor has chosen another
    assumed(of_key[chosen], view)
    return of_key[chosen]


def _tell_missing(key: str, of_key: Mapping[str, Stored], words: Wording) -> None:
    """Say that the result of the address, or the one that was open, is not to be had, and why."""
    opened = st.session_state.get(f"{key}_opened")
    asked = st.session_state.get(key) or st.query_params.get(key) or opened
    if asked and asked not in of_key:
        st.session_state[f"{key}_missing"] = (asked, asked == opened)
        st.session_state.pop(key, None)  # another is shown, and it is said here that it is another
        st.query_params.pop(key, None)
    missing, was_open = st.session_state.get(f"{key}_missing", ("", False))
    if not missing or missing in of_key:
        st.session_state.pop(f"{key}_missing", None)
        return
    why = "lacking" if is_present(missing) else "gone" if was_open else "missing"
    digest = plain_name(missing)
    if of_key and why == "missing":
        say.warning(words.text("app", "missing", digest=digest))
    else:
        say.warning(words.text("unknown_link", why if of_key else f"{why}_alone", digest=digest))


def assumed(stored: Stored, view: View) -> None:
    """Say how many numbers behind a result are assumptions, which matter, and where all stand."""
    grades(result_of(stored), view)


def grades(result: Result, view: View) -> None:
    """Say the same of a result that may not be stored."""
    words = view.wording
    said = grade_sentences(result, sensitivity_studies(), words)
    query = f"grade=C&lang={words.language}&unit={words.unit}"
    link = (words.text("grades", "link"), f"assumptions?{query}")
    say.caption(" ".join(said), icon="rule", link=link)
    # Pages of comparisons say it beside the verdict.
    preview = preview_warning(result.manifest, words) if kind_of(result.tables) == "run" else ""
    if preview:
        say.warning(preview)


def result_name(stored: Stored, words: Wording) -> str:
    """Return what a result is called in a list: with what was changed, if anything was."""
    title, n = stored.title(words.language), len(changes_of(stored.manifest))
    title = words.text("memo", "changed", title=title, n=n) if n else title
    return f"{title} · {words.text('app', stored.origin)} · {stored.key[:8]}"


def of_result(view: View, stored: Stored) -> View:
    """Return the view of a result: what is taken away from a page says so."""
    return replace(view, result=result_of(stored))


def named(view: View, stored: Stored) -> Wording:
    """Return the view's wording with the names of a result."""
    words = view.wording
    names = names_of(stored.manifest, words.language)
    return replace(words, names=names, paths=paths_of(stored.manifest))


def foot(stored: Stored, view: View) -> None:
    """Say what was shown, and the command that repeats it."""
    words, about = view.wording, stored.manifest
    st.divider()
    say.caption(
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
            own = from_root([str(part) for part in command])
            st.code(shlex.join(own), language="bash")
