"""Running a policy from a page: preview first, exact on demand, and what it found."""

from __future__ import annotations

import streamlit as st

from finmodel.report.wording import Wording
from finmodel.ui import say
from finmodel.ui.downloads import downloads
from finmodel.ui.home import home
from finmodel.ui.job_panel import show_job, start_job
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
    paths = _futures(paths, words)
    with st.container(horizontal=True):
        for kind, n in (("preview", PREVIEW_PATHS), ("exact", paths)):
            is_main = kind == "preview"
            if st.button(
                words.text("lab", kind, n=n),
                disabled=not can_run,
                type="primary" if is_main else "secondary",
                key=f"run_{kind}",
            ):
                start_job(JOB, policy.arguments(n), view, is_quick=is_main)


def _futures(default: int, words: Wording) -> int:
    """Let the visitor choose how many futures the exact run plays."""
    chosen = st.number_input(
        words.text("lab", "futures"),
        min_value=PREVIEW_PATHS + 1,
        max_value=max(MOST_PATHS, default),
        value=max(default, PREVIEW_PATHS + 1),
        key="lab_paths",
        help=words.text("lab", "futures_note"),
    )
    return int(chosen)


def results(policy: Policy, words: Wording, view: View) -> None:
    """Draw the run and, when it is over, what it found."""
    job = show_job(JOB, view)
    if job is None or not job.is_over or job.result is None:
        return
    result, stored = of_job(job.result, job.arguments, home(), view.language)
    if list(job.arguments) != policy.arguments(asked_paths(job.arguments)):
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
