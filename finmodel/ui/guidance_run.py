"""Running a policy from a page: preview first, exact on demand, and what it found."""

from __future__ import annotations

import streamlit as st

from finmodel.report.changes import FEW_FUTURES
from finmodel.report.wording import Wording
from finmodel.ui import say
from finmodel.ui.downloads import downloads
from finmodel.ui.home import home
from finmodel.ui.job_panel import job_of, show_job, start_job
from finmodel.ui.parts import assumed, foot, grades, of_result
from finmodel.ui.policy import Policy, asked_paths
from finmodel.ui.policy_results import of_job, show_result, unsaved
from finmodel.ui.state import View

JOB = "lab"
PREVIEW_PATHS = 6
"""Futures that two free cores play within about two seconds."""
MOST_PATHS = 2000
"""One queue serves all visitors: a longer run belongs on the command line."""


def run(policy: Policy, paths: int, view: View, *, can_run: bool) -> None:
    """Draw the buttons that run a policy."""
    words = view.wording
    paths, is_number = _futures(paths, words)
    with st.container(horizontal=True):
        for kind, n in (("preview", PREVIEW_PATHS), ("exact", paths)):
            is_main = kind == "preview"
            if st.button(
                words.text("lab", kind, n=n),
                disabled=not can_run or (kind == "exact" and not is_number),
                type="primary" if is_main else "secondary",
                key=f"run_{kind}",
            ):
                start_job(JOB, policy.arguments(n), view, is_quick=is_main)


def _futures(default: int, words: Wording) -> tuple[int, bool]:
    """Let the visitor choose how many futures the exact run plays; say whether so many may be.

    A page that is loaded anew has those of its run.
    """
    job = job_of(JOB)
    asked = asked_paths(job.arguments) if job is not None else 0
    most = max(MOST_PATHS, default)
    if "lab_paths" not in st.session_state:
        st.session_state["lab_paths"] = asked if asked > PREVIEW_PATHS else default
    entered = st.number_input(
        words.text("lab", "futures"),
        value=None,  # no limits here: the widget tells them in English alone
        key="lab_paths",
        step=1,
        help=words.text("lab", "futures_note", few=FEW_FUTURES),
    )
    chosen = default if entered is None else int(entered)
    is_number = entered is not None and PREVIEW_PATHS < chosen <= most
    if not is_number:
        allowed = words.text("lab", "ask", low=PREVIEW_PATHS + 1, high=f"{most:,}")
        given = words.text("lab", "nothing") if entered is None else f"{chosen:,}"
        say.error(words.text("lab", "wrong", given=given.replace("-", "−"), allowed=allowed))
    return chosen, is_number


def run_of(policy: Policy) -> str:
    """Return the key of the run that the page shows, if it is of a policy; else nothing."""
    job = job_of(JOB)
    if job is None or list(job.arguments) != policy.arguments(asked_paths(job.arguments)):
        return ""
    return job.key


def results(policy: Policy, words: Wording, view: View) -> None:
    """Draw the run and, when it is over, what it found."""
    job = show_job(JOB, view)
    if job is None or not job.is_over or job.result is None:
        return
    result, stored = of_job(job.result, job.arguments, home(), view.language)
    if not run_of(policy):
        say.warning(words.text("lab", "stale"))
    say.caption(words.text("lab", "is_sandbox"))
    if stored is None:
        grades(unsaved(result), view)
    else:
        view = of_result(view, stored)
        assumed(stored, view)
    names = list(result.titles)
    show_result(result, names[0], words, view, key="lab")
    if stored is not None:
        downloads(stored, view)
        foot(stored, view)
