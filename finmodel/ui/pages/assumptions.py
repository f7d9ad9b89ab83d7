"""Every number behind a result: value, range, unit, source, grade, and its dotted name."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from finmodel.report.captions import trust as captions
from finmodel.report.exports import csv_bytes
from finmodel.report.mark import file_name, marked
from finmodel.report.note_words import note_words
from finmodel.report.number_names import number_names, unit_name
from finmodel.report.result import grade_tally
from finmodel.report.views_trust import (
    in_words,
    inputs_view,
    matching,
    plain,
    range_text,
    source_lines,
    sources_view,
)
from finmodel.report.wording import Wording
from finmodel.ui import say
from finmodel.ui.home import home
from finmodel.ui.parts import choose, foot, named
from finmodel.ui.results import result_of, stored_results
from finmodel.ui.state import View, kept, told

COMMAND = "finmodel run scenarios/yrd_baseline.toml"
GRADES = ("all", "A", "B", "C")
LONGEST_SEARCH = 100


def page(view: View) -> None:
    """Draw the page."""
    words = view.wording
    say.header(words.text("app", "assumptions"))
    stored = choose(stored_results("runs", home(), "assumptions"), view, COMMAND)
    if stored is None:
        return
    inputs = stored.table("assumptions")
    say.markdown(f"### {captions.inputs_lead(inputs, words)}")
    _grades(inputs, words)
    say.markdown(words.text("assumptions_page", "so_what"))
    words = named(view, stored)
    found = matching(inputs, _search(words), _grade(words), words)
    say.caption(words.text("assumptions_page", "found", found=len(found), n=len(inputs)))
    if found.empty:
        say.info(words.text("assumptions_page", "nothing"))
    else:
        table = inputs_view(found, words)
        say.table(table)
        say.caption(words.text("assumptions_page", "notes_note"))
        st.download_button(
            words.text("assumptions_page", "csv"),
            lambda: csv_bytes(marked(table, result_of(stored), words)),
            file_name=file_name("assumptions", result_of(stored), view.language, "csv"),
            mime="text/csv",
            key="csv_assumptions",
            on_click="ignore",
        )
        _one(found, words)
    with st.expander(words.text("assumptions_page", "sources")):
        say.table(sources_view(inputs, words))
    foot(stored, view)


def _grades(inputs: pd.DataFrame, words: Wording) -> None:
    """Draw what each grade means and how many numbers have it."""
    tally = grade_tally(inputs)
    keys = {"A": "official", "B": "research", "C": "assumed"}
    for column, (letter, key) in zip(st.columns(3), keys.items(), strict=True):
        label = f"{letter} · {words.text('assumptions_page', key)}"
        column.metric(label, f"{tally[letter]:,}", border=True)
        column.caption(words.text("assumptions_page", f"{key}_note"))


def _search(words: Wording) -> str:
    """Return what is looked for, kept in the address."""
    if "search" not in st.session_state:
        st.session_state["search"] = st.query_params.get("search", "")[:LONGEST_SEARCH]
    text = st.text_input(
        words.text("assumptions_page", "search"), key="search", max_chars=LONGEST_SEARCH
    )
    told("search", text, "")
    return text


def _grade(words: Wording) -> str:
    kept("grade", GRADES, "all")
    chosen = st.segmented_control(
        words.text("assumptions_page", "grade"),
        GRADES,
        format_func=lambda name: words.text("assumptions_page", name),
        required=True,
        key="grade",
    )
    told("grade", chosen or "all", "all")
    return chosen or "all"


def _one(found: pd.DataFrame, words: Wording) -> None:
    """Draw one number in full: how it is written, its note, the texts of its sources."""
    names = list(found["name"])
    kept("number", names, names[0])
    called = number_names(names, words)
    name = st.selectbox(
        words.text("assumptions_page", "one"), names, format_func=called.__getitem__, key="number"
    )
    told("number", name, names[0])
    own = found[found["name"] == name]
    row = own.iloc[0]
    value, unit = plain(float(row["value"])), unit_name(str(row["unit"]), words)
    span = range_text(float(row["low"]), float(row["high"]), words)
    say.caption(name)
    say.markdown(
        f"**{in_words(float(row['value']))}** {unit}" + ("" if span == "–" else f" ({span})")
    )
    st.text(note_words(row["note"], words.language))
    left, right = st.columns(2)
    left.caption(words.text("assumptions_page", "in_toml"))
    left.code(f"{name}.value = {value}", language="toml")
    right.caption(words.text("assumptions_page", "in_command"))
    right.code(f"--set '{name}={value}'", language="bash")
    say.caption(words.text("assumptions_page", "its_sources"))
    for line in source_lines(own, words) or [words.text("assumptions_page", "no_source")]:
        st.text(line)
