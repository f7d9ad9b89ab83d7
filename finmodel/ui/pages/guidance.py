"""Guidance lab: edit a programme, run it, see its net effect, who gains, what money risks."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from finmodel.errors import InputError, Problem
from finmodel.report.wording import Wording
from finmodel.ui import say
from finmodel.ui.allotment_words import change_words
from finmodel.ui.draft import DRAFT, draft, set_draft
from finmodel.ui.guidance_editor import edit, is_drawn
from finmodel.ui.guidance_keep import keep
from finmodel.ui.guidance_reader import names_for, read, title_of
from finmodel.ui.guidance_run import results, run
from finmodel.ui.job_panel import queue
from finmodel.ui.packed import pack, unpack
from finmodel.ui.policy import PLAN, Policy, editable, presets, scenario_of
from finmodel.ui.refused import refused_text, refused_texts
from finmodel.ui.say import harmless
from finmodel.ui.state import View, told


def page(view: View) -> None:
    """Draw the page."""
    say.header(view.wording.text("app", "guidance"))
    say.caption(view.wording.text("lab", "intro"))
    if view.is_manager:
        _manager(view)
    else:
        read(view)


def _manager(view: View) -> None:
    """Edit a programme and run it."""
    words = view.wording
    _from_address(words)
    _choose_preset(words)
    policy = draft()
    told(PLAN, pack(policy), pack(Policy(presets()[0])))
    problems: tuple[Problem, ...] = ()
    try:
        scenario = policy.load()
    except InputError as error:
        scenario, problems = scenario_of(policy.preset), error.problems
    named_words = Wording(words.language, words.unit, names_for(policy.preset, words))
    _changes(policy, named_words)
    with st.expander(words.text("lab", "edit"), expanded=True):
        edit(named_words, problems)
    keep(policy, view)
    if problems:
        say.error(words.text("lab", "fix", n=len(problems)))
        _of_no_field(problems, policy.preset, named_words)
    run(policy, scenario.run.paths, view, can_run=not problems)
    results(policy, named_words, view)
    queue().be_ready()


def _from_address(words: Wording) -> None:
    """Take the programme of the address once; a link that cannot be read is told."""
    word = st.query_params.get(PLAN)
    if DRAFT in st.session_state:
        return
    st.session_state[DRAFT] = Policy(presets()[0])
    if word:
        try:
            set_draft(unpack(word))
        except InputError as error:
            why = refused_texts(error.problems, words)
            say.warning(words.text("job", "at", place=words.text("lab", "bad_link"), said=why))


def _choose_preset(words: Wording) -> None:
    options, policy = list(presets()), draft()
    chosen = st.selectbox(
        words.text("lab", "preset"),
        options,
        index=options.index(policy.preset),
        format_func=lambda name: title_of(name, words),
    )
    if chosen != policy.preset:
        set_draft(Policy(chosen))
        st.rerun()


def _changes(policy: Policy, words: Wording) -> None:
    """Draw what is changed, each with its undo."""
    if not policy.changes:
        say.caption(words.text("lab", "no_changes"))
        return
    title = title_of(policy.preset, words)
    say.caption(words.text("lab", "changes", n=len(policy.changes), title=title))
    with st.container(horizontal=True):
        st.button(words.text("lab", "reset"), on_click=set_draft, args=[Policy(policy.preset)])
        for name, value in policy.changes.items():
            rest = {key: item for key, item in policy.changes.items() if key != name}
            label = change_words(name, value, words)
            st.button(
                words.text("lab", "undo", name=label),
                key=f"undo_{name}",
                help=harmless(name),
                on_click=set_draft,
                args=[Policy(policy.preset, rest)],
            )


def _of_no_field(problems: Sequence[Problem], preset: str, words: Wording) -> None:
    """Say what is wrong with numbers that the editor has no field for, as a link may change."""
    for problem in problems:
        if not is_drawn(problem, scenario_of(preset)):
            _, spec = editable(preset).get(problem.place.rpartition(" ")[2], (None, None))
            say.error(refused_text(problem, words, spec))
