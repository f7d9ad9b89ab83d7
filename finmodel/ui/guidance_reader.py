"""The guidance lab for a reader: the run that a link names, or else stored comparisons."""

from __future__ import annotations

import streamlit as st

from finmodel.errors import InputError
from finmodel.report.wording import Wording, names_of
from finmodel.ui import say
from finmodel.ui.allotment_words import change_words
from finmodel.ui.downloads import downloads
from finmodel.ui.guidance_run import JOB, results
from finmodel.ui.home import home
from finmodel.ui.job_panel import clear_job, job_of
from finmodel.ui.packed import unpack
from finmodel.ui.parts import choose, foot, named, of_result
from finmodel.ui.policy import BASELINE, PLAN, Policy, ran, scenario_of
from finmodel.ui.policy_results import of_stored, show_result
from finmodel.ui.results import stored_results
from finmodel.ui.state import View, kept, told

COMMAND = f"finmodel compare scenarios/{BASELINE}.toml scenarios/policy_pro_rata.toml"


def read(view: View) -> None:
    """Draw what a reader sees of programmes.

    A link of a manager names a programme and its run: that run is shown, and no other in its place.
    A programme without a run is told of, above what is stored.
    """
    policy, job = _shared(), job_of(JOB)
    words = view.wording
    if policy is not None and job is not None:
        words = Wording(words.language, words.unit, names_for(policy.preset, words))
        say.caption(words.text("lab", "shared_run"))
        _changes(policy, words)
        st.button(words.text("lab", "to_published"), key="to_published", on_click=_leave)
        results(policy, words, view)
        return
    if PLAN in st.query_params or job is not None:
        say.warning(words.text("lab", "shared_plan"))
        st.button(words.text("lab", "to_published"), key="to_published", on_click=_leave)
    _stored(view)


def names_for(preset: str, words: Wording) -> dict[str, str]:
    """Return what provinces, stages and programmes of a preset are called."""
    return names_of({"scenario": scenario_of(preset).model_dump(mode="json")}, words.language)


def title_of(preset: str, words: Wording) -> str:
    """Return the title of a preset."""
    meta = scenario_of(preset).meta
    return meta.title_zh if words.language == "zh" else meta.title_en


def _shared() -> Policy | None:
    """Return the programme that the run of the address played, else that of the address itself."""
    job = job_of(JOB)
    try:
        if job is not None and (found := ran(job.arguments)) is not None:
            return found[1]
        word = st.query_params.get(PLAN)
        return unpack(word) if word else None
    except InputError:
        return None


def _changes(policy: Policy, words: Wording) -> None:
    """Say which programme it is, and what is changed of it."""
    title = title_of(policy.preset, words)
    say.markdown(f"**{title}**")
    if not policy.changes:
        return
    say.caption(words.text("lab", "changes", n=len(policy.changes), title=title))
    changed = [change_words(name, value, words) for name, value in policy.changes.items()]
    say.markdown("\n".join(f"- {change}" for change in changed))


def _leave() -> None:
    """Leave the shared programme for what is stored."""
    clear_job(JOB)
    st.query_params.pop(PLAN, None)


def _stored(view: View) -> None:
    """Show a stored comparison."""
    say.caption(view.wording.text("lab", "reader_note"))
    found = stored_results("comparisons", home(), "outcomes")
    stored = choose(found, view, COMMAND, key="comparison")
    if stored is None:
        return
    view = of_result(view, stored)
    words, result = named(view, stored), of_stored(stored, view.language)
    names = list(result.titles)
    kept("policy", names, names[0])
    policy = st.selectbox(
        words.text("lab", "policy"), names, format_func=result.titles.__getitem__, key="policy"
    )
    told("policy", policy, names[0])
    show_result(result, policy, words, view, key="lab")
    downloads(stored, view)
    foot(stored, view)
