"""Saved policies run together: a job each, on the same draws, then side by side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import streamlit as st

from finmodel.errors import InputError
from finmodel.report.changes import preview_warning
from finmodel.report.mark import SHORT
from finmodel.report.private_money import warnings_of
from finmodel.report.result import Result
from finmodel.report.views_compare import combined
from finmodel.ui import saved, say
from finmodel.ui.compare_results import MOST, Tables, show_comparison
from finmodel.ui.home import home
from finmodel.ui.job_panel import clear_job, job_of, show_job, start_job
from finmodel.ui.jobs import Job
from finmodel.ui.parts import grades, named
from finmodel.ui.policy import BASELINE, BASES, Policy
from finmodel.ui.policy_results import of_job
from finmodel.ui.refused import refused_texts
from finmodel.ui.results import Stored, result_of
from finmodel.ui.state import View

PATHS = (20, 60, 200)
PLACES = tuple(f"compare_{place}" for place in range(MOST))
"""Of the runs, in the order of their policies."""
SAME = ("paths", "seed", "version", "source_digest", "data")
"""What comparisons must share to be the same futures."""
NAME = "name.txt"
"""File of a job's folder with the name of its policy: a page that is loaded anew reads it there."""


def saved_together(view: View) -> None:
    """Draw the choice of saved policies, their runs, and what they found.

    The address names the runs, and so a page that is loaded anew shows them.
    """
    has_runs = any(job_of(place) is not None for place in PLACES)
    with st.expander(view.wording.text("compare", "run_saved"), expanded=has_runs):
        _start(view)
        _show(view)


def _start(view: View) -> None:
    """Draw the choice of saved policies, and the button that runs them."""
    words, names = view.wording, saved.names(home())
    if len(names) < 2:
        say.info(words.text("compare", "none_saved"))
        return
    chosen = st.multiselect(
        words.text("compare", "saved"), names, max_selections=MOST, key="compare_saved"
    )
    paths = st.selectbox(words.text("compare", "paths"), PATHS, key="compare_paths")
    policies = _policies(chosen, view)
    can_run = 2 <= len(policies) <= MOST and len(policies) == len(chosen)
    if st.button(words.text("compare", "run"), key="compare_run", disabled=not can_run):
        for place in PLACES:
            clear_job(place)
        for place, (name, policy) in zip(PLACES, policies.items(), strict=False):
            start_job(place, policy.arguments(paths), view, files={NAME: name})


def _policies(chosen: Sequence[str], view: View) -> dict[str, Policy]:
    """Return the policies that can stand beside each other; what is wrong is told."""
    found = {}
    for name in chosen:
        try:
            policy = saved.load(name, home())
            policy.load()
        except InputError as error:
            said = refused_texts(error.problems, view.wording)
            say.error(view.wording.text("job", "at", place=name, said=said))
            continue
        if BASES.get(policy.preset, BASELINE) != BASELINE:
            say.error(view.wording.text("compare", "other_base", name=name))
            continue
        found[name] = policy
    return found


def _show(view: View) -> None:
    """Draw the jobs and, once all are done, their policies side by side."""
    waiting = {place: job for place in PLACES if (job := job_of(place)) is not None}
    names = _names(list(waiting.values()))
    jobs = []
    for (place, job), name in zip(waiting.items(), names, strict=True):
        if not job.is_over or job.state != "done":
            say.markdown(f"**{name}**")
        jobs.append(show_job(place, view) or job)
    parts: list[Stored] = []
    for job in jobs:
        if job.state != "done" or job.result is None:
            return
        _, stored = of_job(job.result, job.arguments, home(), view.language)
        if stored is None:
            return
        parts.append(stored)
    if len(parts) < 2:
        return
    if any(part.manifest.get(key) != parts[0].manifest.get(key) for part in parts for key in SAME):
        say.error(view.wording.text("compare", "unequal"))
        return
    wanted = ["outcomes", "programme_layers_path", "outcome_paths"]
    read = [
        (name, {table: part.table(table) for table in wanted})
        for name, part in zip(names, parts, strict=True)
    ]
    tables = combined(read, wanted)
    shown = Tables(
        tables["outcomes"],
        tables["programme_layers_path"],
        tables["outcome_paths"],
        {name: name for name in names},
        int(str(parts[0].manifest["paths"])),
    )
    say.caption(view.wording.text("lab", "is_sandbox"))
    for told in _warnings(parts, names, view):
        say.warning(told)
    together = _together(parts, names)
    grades(together, view)
    show_comparison(shown, view.wording, replace(view, result=together), key="saved")


def _names(jobs: Sequence[Job]) -> list[str]:
    """Return what the policies of jobs were saved as when they ran; no two alike."""
    found: list[str] = []
    for place, job in enumerate(jobs):
        try:
            name = (job.folder / NAME).read_text(encoding="utf-8")
        except OSError:
            name = str(place + 1)
        found.append(f"{name} ({place + 1})" if name in found else name)
    return found


def _warnings(parts: Sequence[Stored], names: Sequence[str], view: View) -> list[str]:
    """Return what must be known of the results: private money that is assumed, few futures."""
    found = []
    for name, part in zip(names, parts, strict=True):
        words = named(view, part)
        for text in warnings_of(part.manifest, words).values():
            found.append(words.text("memo", "caution", policy=name, text=text))
    preview = preview_warning(parts[0].manifest, view.wording)
    return [*found, preview] if preview else found


def _together(parts: Sequence[Stored], names: Sequence[str]) -> Result:
    """Return several comparisons as what pictures of them say they are of: names, every digest."""
    first, title = result_of(parts[0]), ", ".join(names)
    trees = [part.manifest.get("scenarios") for part in parts]
    listed = [tree for tree in trees if isinstance(tree, list)]
    scenarios = [*(listed[0][:1] if listed else []), *(arm for tree in listed for arm in tree[1:])]
    own = {"title_en": title, "title_zh": title, "command": [], "scenarios": scenarios}
    key = "-".join(part.key[:SHORT] for part in parts)
    return replace(first, manifest={**first.manifest, **own}, key=key)
