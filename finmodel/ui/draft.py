"""The programme that a visitor edits: kept for the session, and drawn anew when it changes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import streamlit as st

from finmodel.ui.policy import Policy, shipped_value, without_idle

DRAFT, VERSION = "lab_draft", "lab_version"


def draft() -> Policy:
    """Return the policy as edited so far."""
    found = st.session_state.get(DRAFT)
    return found if isinstance(found, Policy) else Policy("policy_pro_rata")


def set_draft(policy: Policy) -> None:
    """Replace the policy, and every widget that shows it."""
    st.session_state[DRAFT] = without_idle(policy)
    st.session_state[VERSION] = version() + 1


def version() -> int:
    """Return how often the widgets were replaced: a part of their keys."""
    return int(st.session_state.get(VERSION, 0))


def change(changes: Mapping[str, float]) -> None:
    """Put changes that widgets hold already into the draft, and draw the page from it."""
    policy = draft()
    st.session_state[DRAFT] = without_idle(Policy(policy.preset, {**policy.changes, **changes}))
    st.rerun()


def take(table: str, shares: Mapping[str, float]) -> None:
    """Put a whole table of shares into the draft, and replace the widgets."""
    policy = draft()
    changes = {f"{table}.{name}": share for name, share in shares.items()}
    set_draft(Policy(policy.preset, {**policy.changes, **changes}))


def shares_of(policy: Policy, table: str, names: Sequence[str]) -> dict[str, float]:
    """Return the shares of a table of a policy; 0 for a name that has none."""
    return {
        name: policy.changes.get(f"{table}.{name}", shipped_value(policy.preset, f"{table}.{name}"))
        for name in names
    }
