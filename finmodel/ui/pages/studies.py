"""Studies: batches, sensitivity, allocations, each from its folder."""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

import streamlit as st

from finmodel.ui import say
from finmodel.ui.home import home
from finmodel.ui.parts import choose, foot, of_result
from finmodel.ui.results import Kind, Stored, stored_results
from finmodel.ui.state import View, kept, told
from finmodel.ui.study_parts import allocation_part, batch_part, sensitivity_part

Part = Callable[[Stored, View], None]
KINDS: dict[str, tuple[str, str, Part]] = {
    "batches": (
        "units",
        "finmodel batch scenarios/batches/programme_sizes.toml",
        batch_part,
    ),
    "sensitivities": (
        "answer",
        "finmodel sensitivity scenarios/studies/sensitivity_yrd.toml",
        sensitivity_part,
    ),
    "allocations": (
        "worth",
        "finmodel allocate scenarios/goals/yrd_provinces.toml",
        allocation_part,
    ),
}
"""Sorts of study: a table that each has, the command that makes one, what is drawn."""


def page(view: View) -> None:
    """Draw the page."""
    words = view.wording
    options = list(KINDS)
    kept("study", options, options[0])
    chosen = st.segmented_control(
        words.text("studies", "kind"),
        options,
        format_func=lambda name: words.text("studies", name),
        required=True,
        key="study",
    )
    kind = str(chosen or options[0])
    told("study", kind, options[0])
    needs, command, part = KINDS[kind]
    found = stored_results(cast(Kind, kind), home(), needs)
    stored = choose(found, view, command, key=f"result_{kind}")
    if stored is None:
        return
    say.header(stored.title(view.language))
    part(stored, of_result(view, stored))
    foot(stored, view)
