"""Keeping a policy: saved by name, as a link, as the command that repeats it."""

from __future__ import annotations

import streamlit as st

from finmodel.errors import InputError
from finmodel.report.problem_words import problem_words
from finmodel.report.wording import Wording
from finmodel.ui import saved, say
from finmodel.ui.draft import set_draft
from finmodel.ui.guidance_run import JOB, run_of
from finmodel.ui.home import home
from finmodel.ui.packed import pack
from finmodel.ui.policy import PLAN, Policy
from finmodel.ui.refused import refused_texts
from finmodel.ui.state import View, link


def keep(policy: Policy, view: View) -> None:
    """Draw where a policy is saved, opened, shared and repeated."""
    words = view.wording
    with st.expander(f"{words.text('lab', 'save')} · {words.text('app', 'share')}", key="lab_keep"):
        left, right = st.columns(2)
        with left, st.form("lab_save", border=False):
            name = st.text_input(words.text("lab", "save_name"))
            may_replace = st.checkbox(words.text("lab", "may_replace"))
            if st.form_submit_button(words.text("lab", "save")):
                _save(policy, name, view, may_replace=may_replace)
        names = saved.names(home())
        if names:
            chosen = right.selectbox(words.text("lab", "open"), names, index=None, key="lab_open")
            right.button(
                words.text("lab", "open"),
                key="lab_open_now",
                disabled=chosen is None,
                on_click=_open,
                args=[chosen, view.wording],
            )
            right.button(
                words.text("lab", "remove"),
                key="lab_remove",
                disabled=chosen is None,
                on_click=_remove,
                args=[chosen],
            )
        failed = st.session_state.pop("lab_open_failed", "")
        if failed:
            with right:
                say.error(failed)
        say.caption(words.text("lab", "share_link"))
        query = f"lang={words.language}&unit={words.unit}&{PLAN}={pack(policy)}"
        key = run_of(policy)
        own = f"&job_{JOB}={key}" if key else ""
        st.code(link("guidance", f"mode=manager&{query}{own}"), language=None)
        if key:
            say.caption(words.text("lab", "reader_link"))
            st.code(link("guidance", f"{query}{own}"), language=None)
        else:
            say.caption(words.text("lab", "no_reader_link"))
        say.caption(words.text("lab", "repeat"))
        st.code(policy.command(), language="bash")


def _save(policy: Policy, name: str, view: View, *, may_replace: bool) -> None:
    if not name.strip():
        say.error(view.wording.text("lab", "no_name"))
        return
    try:
        saved.save(policy, name, home(), may_replace=may_replace)
    except InputError as error:
        problem = problem_words(error.problems[0], view.language)
        say.error(view.wording.text("lab", "wrong", given=problem.given, allowed=problem.allowed))
    else:
        say.success(view.wording.text("lab", "saved", name=name.strip()))


def _remove(name: str) -> None:
    saved.remove(name, home())
    st.session_state["lab_open"] = None


def _open(name: str, words: Wording) -> None:
    try:
        set_draft(saved.load(name, home()))
    except InputError as error:
        st.session_state["lab_open_failed"] = refused_texts(error.problems, words)
