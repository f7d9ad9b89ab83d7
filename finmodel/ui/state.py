"""What a visitor has chosen: language, unit of money, mode. Each stands in the address."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, TypeVar
from urllib.parse import urlsplit

import streamlit as st

from finmodel.report.result import Result
from finmodel.report.wording import MoneyUnit, Wording
from finmodel.ui import unknown
from finmodel.ui.page_language import tell_language
from finmodel.variables import Language

Mode = Literal["reader", "manager"]
T = TypeVar("T", bound=str)
LANGUAGES: tuple[Language, ...] = ("en", "zh")
LANGUAGE_NAMES: dict[str, str] = {"en": "English", "zh": "中文"}
UNITS: tuple[MoneyUnit, ...] = ("yi", "bn", "mcny")
UNIT_NAMES: dict[str, dict[str, str]] = {
    "en": {"yi": "亿元", "bn": "bn", "mcny": "million"},
    "zh": {"yi": "亿元", "bn": "十亿元", "mcny": "百万元"},
}
UNIT_OF: dict[str, MoneyUnit] = {"en": "bn", "zh": "yi"}
"""The unit that a language counts in."""
MODES: tuple[Mode, ...] = ("reader", "manager")


_SHOWN_IN, _BEFORE, _TOLD_IN = "shown_in", "before_", "told_in_"


@dataclass(frozen=True)
class View:
    """How everything is shown.

    Attributes
    ----------
    wording : Wording
        Without names of a result.
    mode : {'reader', 'manager'}
        A reader sees stored results; a manager edits and runs.
    result : Result or None
        What charts are of; None for what is not stored.
    subject : str
        What of it they are of: a policy, where it has several.
    stopped : int
        Futures after which a run that is not stored was stopped; 0 if none was.
    """

    wording: Wording
    mode: Mode
    result: Result | None = None
    subject: str = ""
    stopped: int = 0

    @property
    def language(self) -> Language:
        """The language of every text."""
        return self.wording.language

    @property
    def is_manager(self) -> bool:
        """Whether scenarios can be edited and run."""
        return self.mode == "manager"


def kept(name: str, options: Sequence[T], default: T) -> T:
    """Return the choice kept under a name: of the page's widget, the address, or another page.

    A value that is not among the options, as one typed into the address, gives the default; the
    page says so of one that the address asks for.

    Parameters
    ----------
    name : str
        Key of the widget and name in the address.
    options : sequence of str
    default : str
    """
    unknown.asked(name)
    if name not in st.session_state:
        before = st.session_state.get(f"{_BEFORE}{name}", default)
        st.session_state[name] = given = st.query_params.get(name, before)
        if name in st.query_params and given not in options:
            unknown.refuse(name, given, default)
    if st.session_state[name] not in options:
        st.session_state[name] = default
    chosen: T = st.session_state[name]
    told_in = (st.session_state.get("lang"), st.session_state.get("unit"))
    if st.session_state.get(f"{_TOLD_IN}{name}") != told_in:
        # A browser knows a choice by its words alone, and has those of the language before.
        st.session_state[f"{_TOLD_IN}{name}"] = told_in
        st.session_state[name] = chosen
    return chosen


def told(name: str, value: str, default: str) -> None:
    """Put a choice into the address, and keep it for other pages; a default is left out."""
    st.session_state[f"{_BEFORE}{name}"] = value
    unknown.settle(name, value)
    if value == default:
        st.query_params.pop(name, None)
    elif st.query_params.get(name) != value:
        st.query_params[name] = value


def link(page: str, query: str) -> str:
    """Return the address of a page with a query: in full where the browser says what it has open.

    Parameters
    ----------
    page : str
        Its name in addresses.
    query : str
        Without the question mark.
    """
    opened = urlsplit(st.context.url or "")
    if opened.scheme not in ("http", "https") or not opened.netloc:
        return f"/{page}?{query}"
    folder = opened.path.removesuffix("/").removesuffix(page).removesuffix("/")
    return f"{opened.scheme}://{opened.netloc}{folder}/{page}?{query}"


def controls() -> View:
    """Draw the switches of the head of every page and return what is chosen.

    The language always stands in the address: one that is left out would be the receiver's. The
    unit goes with the language until another is chosen.
    """
    unknown.begin()
    first: Language = "zh" if (st.context.locale or "").lower().startswith("zh") else "en"
    with st.container(horizontal=True, horizontal_alignment="right"):
        tell_language(kept("lang", LANGUAGES, first))  # first, where it leaves no gap
        language = _switch("lang", LANGUAGES, first, LANGUAGE_NAMES.__getitem__, "Language 语言")
        words, money = Wording(language), UNIT_OF[language]
        before = st.session_state.get(_SHOWN_IN, language)
        if before != language and st.session_state.get("unit") == UNIT_OF[before]:
            st.session_state["unit"] = money
        st.session_state[_SHOWN_IN] = language
        names = UNIT_NAMES[language]
        unit = _switch("unit", UNITS, money, names.__getitem__, words.text("app", "unit"))
        mode = _switch(
            "mode",
            MODES,
            "reader",
            lambda name: words.text("app", name),
            words.text("app", "mode"),
        )
    return View(Wording(language, unit), mode)


def _switch(
    name: str, options: Sequence[T], default: T, named: Callable[[str], str], label: str
) -> T:
    kept(name, options, default)
    chosen = st.segmented_control(
        label,
        options,
        format_func=named,
        required=True,
        key=name,
        label_visibility="collapsed",
    )
    value = default if chosen is None else chosen
    told(name, value, "" if name == "lang" else default)
    return value
