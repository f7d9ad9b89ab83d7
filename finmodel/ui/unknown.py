"""What a link asks for that is not here: remembered, and told until the visitor chooses anew."""

from __future__ import annotations

import streamlit as st

from finmodel.report.wording import Wording
from finmodel.variables import labels

_REFUSED, _ASKED = "unknown_refused", "unknown_asked"
JOB = "job_"
SHOWN_LETTERS = 60


def begin() -> None:
    """Begin a page: what other pages asked for is not told on it."""
    st.session_state[_ASKED] = []


def asked(name: str) -> None:
    """Note that the page looks at a name of the address."""
    st.session_state.setdefault(_ASKED, []).append(name)


def refuse(name: str, given: str, shown: str) -> None:
    """Note that the address asks for what is not here.

    Parameters
    ----------
    name : str
        In the address.
    given : str
        What it asks for.
    shown : str
        What is shown in its place.
    """
    asked(name)
    st.session_state.setdefault(_REFUSED, {})[name] = (given, shown)


def settle(name: str, value: str) -> None:
    """Forget what was refused once something else is chosen than what was shown in its place."""
    refused = st.session_state.get(_REFUSED, {})
    if name in refused and refused[name][1] != value:
        del refused[name]


def notes(words: Wording) -> list[str]:
    """Return what the page's address asks for that is not here, a sentence each."""
    refused, seen = st.session_state.get(_REFUSED, {}), set(st.session_state.get(_ASKED, []))
    return [
        words.text("unknown_link", "note", what=_what(name, words), given=_plain(given))
        for name, (given, _) in refused.items()
        if name in seen
    ]


def _what(name: str, words: Wording) -> str:
    known = labels()["unknown_what"]
    key = "run" if name.startswith(JOB) else name
    own = key if key in known else key.rpartition("_")[2]
    return words.text("unknown_what", own if own in known else "other")


def _plain(given: str) -> str:
    """Return the letters, digits and plainest signs of a text: a link may hold anything."""
    kept = "".join(sign for sign in given if sign.isalnum() or sign in " _-,|")
    return kept[:SHOWN_LETTERS]
