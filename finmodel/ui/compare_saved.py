"""Saved policies run together: a job each, on the same draws, then side by side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import streamlit as st

from finmodel.errors import InputError
from finmodel.report.mark import SHORT
from finmodel.report.result import Result
from finmodel.report.views_compare import combined
from finmodel.ui import saved, say
from finmodel.ui.compare_results import MOST, Tables, show_comparison
from finmodel.ui.home import home
from finmodel.ui.job_panel import show_job, start_job
from finmodel.ui.parts import assumed
from finmodel.ui.policy import BASELINE, BASES, Policy
from finmodel.ui.policy_results import of_job
from finmodel.ui.results import Stored, result_of
from finmodel.ui.state import View

PATHS = (20, 60, 200)
SAME = ("paths", "seed", "version", "source_digest", "data")
"""What comparisons must share to be the same futures."""
RAN = "compare_ran"


def saved_together(view: View) -> None:
    """Draw the choice of saved policies, their runs, and what they found."""
    words = view.wording
    with st.expander(words.text("compare", "run_saved")):
        names = saved.names(home())
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
            for place, policy in enumerate(policies.values()):
                start_job(f"compare_{place}", policy.arguments(paths), view)
            st.session_state[RAN] = list(policies)
        _show(st.session_state.get(RAN, []), view)


def _policies(chosen: Sequence[str], view: View) -> dict[str, Policy]:
    """Return the policies that can stand beside each other; what is wrong is told."""
    found = {}
    for name in chosen:
        try:
            policy = saved.load(name, home())
            policy.load()
        except InputError as error:
            say.error(f"{name}: {error.problems[0]}")
            continue
        if BASES.get(policy.preset, BASELINE) != BASELINE:
            say.error(view.wording.text("compare", "other_base", name=name))
            continue
        found[name] = policy
    return found


def _show(names: Sequence[str], view: View) -> None:
    """Draw the jobs and, once all are done, their policies side by side."""
    jobs = [show_job(f"compare_{place}", view) for place in range(len(names))]
    parts: list[Stored] = []
    for job in jobs:
        if job is None or job.state != "done" or job.result is None:
            return
        _, stored = of_job(job.result, home(), view.language)
        if stored is None:
            return
        parts.append(stored)
    if not parts:
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
    assumed(parts[0], view)
    together = replace(view, result=_together(parts, names))
    show_comparison(shown, view.wording, together, key="saved")


def _together(parts: Sequence[Stored], names: Sequence[str]) -> Result:
    """Return several comparisons as what pictures of them say they are of: names, every digest."""
    first, title = result_of(parts[0]), ", ".join(names)
    trees = [part.manifest.get("scenarios") for part in parts]
    listed = [tree for tree in trees if isinstance(tree, list)]
    scenarios = [*(listed[0][:1] if listed else []), *(arm for tree in listed for arm in tree[1:])]
    own = {"title_en": title, "title_zh": title, "command": [], "scenarios": scenarios}
    key = "-".join(part.key[:SHORT] for part in parts)
    return replace(first, manifest={**first.manifest, **own}, key=key)
