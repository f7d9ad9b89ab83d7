"""A run on a page: its place in the queue, how far it is, Cancel, and how it ended."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import streamlit as st

from finmodel.datasets.root import scenarios_root
from finmodel.errors import InputError
from finmodel.report.captions import jobs as captions
from finmodel.report.wording import Wording
from finmodel.ui import say, unknown
from finmodel.ui.home import home
from finmodel.ui.jobs import Job, JobQueue
from finmodel.ui.policy import BASELINE, typed
from finmodel.ui.refused import refused_lines
from finmodel.ui.state import View

POLL_SECONDS = 0.25


@st.cache_resource(max_entries=4)
def _queue_of(folder: str) -> JobQueue:
    baseline = scenarios_root() / f"{BASELINE}.toml"
    return JobQueue(Path(folder) / "jobs", Path(folder), baseline=baseline)


def queue() -> JobQueue:
    """Return the queue that all visitors of this server share."""
    return _queue_of(str(home().resolve()))


def start_job(
    name: str,
    arguments: Sequence[str],
    view: View,
    *,
    is_quick: bool = False,
    files: Mapping[str, str] | None = None,
) -> None:
    """Queue a command for a place on a page; a full queue is told in words.

    Parameters
    ----------
    name : str
        Of the place; one job each, and what was there is stopped.
    arguments : sequence of str
        After `finmodel`, with ``--json``.
    view : View
    is_quick : bool
        Whether it takes seconds and need not wait for long runs.
    files : mapping of str, optional
        Texts that its folder keeps, by plain file name.
    """
    stop_job(name)
    try:
        job = queue().start(arguments, files, is_quick=is_quick)
    except InputError as error:
        _forget(name)
        say.error(view.wording.text("job", "full", given=error.problems[0].given))
        return
    st.session_state[_key(name)] = job.key
    st.query_params[_key(name)] = job.key


def stop_job(name: str) -> None:
    """Stop the job of a place, if there is one."""
    job = job_of(name)
    if job is not None:
        queue().stop(job.key)


def clear_job(name: str) -> None:
    """Stop the job of a place, if there is one, and leave the place empty."""
    stop_job(name)
    _forget(name)


def _forget(name: str) -> None:
    st.session_state.pop(_key(name), None)
    st.query_params.pop(_key(name), None)


def job_of(name: str) -> Job | None:
    """Return the job of a place, its state brought up to date.

    The address names it too, so that a page that is loaded anew finds its run.
    """
    key = st.session_state.get(_key(name)) or st.query_params.get(_key(name))
    job = queue().find(key) if key else None
    unknown.asked(_key(name))
    if job is not None:
        st.session_state[_key(name)] = job.key
        unknown.settle(_key(name), job.key)
    elif key:
        _forget(name)
        unknown.refuse(_key(name), key, "")
    return job


def show_job(name: str, view: View) -> Job | None:
    """Draw the job of a place and return it; draws itself anew until it is over.

    Parameters
    ----------
    name : str
    view : View
    """
    job = job_of(name)
    if job is None:
        return None
    if st.query_params.get(_key(name)) != job.key:
        st.query_params[_key(name)] = job.key  # another page was open in between
    if not job.is_over:
        _watch(name, view.wording)
        return job
    words = view.wording
    done, total = job.progress
    if job.state == "stopped":
        has_result = job.result is not None
        say.warning(
            captions.stopped(done, total, words, began=job.started > 0, has_result=has_result)
        )
    elif job.state == "failed":
        said = refused_lines(_without_places(job), words)
        say.error(captions.failed(said, words, is_input=job.is_refused))
        st.code(typed(job.arguments), language="bash")
    elif job.result is None:
        say.error(words.text("job", "unreadable"))
    return job


def _without_places(job: Job) -> str:
    """Return what a job said without the folders of the server."""
    said = job.said
    for root in (job.folder, home().resolve(), scenarios_root().resolve().parent):
        said = said.replace(f"{root}/", "")
    return said


@st.fragment(run_every=POLL_SECONDS)
def _watch(name: str, words: Wording) -> None:
    """Draw how far a job is; the whole page follows when it is over."""
    job = job_of(name)
    if job is None or job.is_over:
        st.rerun()
    assert job is not None
    if job.asked_to_stop:
        say.info(words.text("job", "stopping"))
        return
    if job.state == "waiting":
        say.info(captions.waiting(queue().before(job), words))
    else:
        done, total = job.progress
        share = min(done / total, 1.0) if total else 0.0
        st.progress(share, captions.running(done, total, job.seconds_left, words))
    st.button(
        words.text("job", "cancel"), key=f"cancel_{name}", on_click=queue().stop, args=[job.key]
    )


def _key(name: str) -> str:
    return f"job_{name}"
