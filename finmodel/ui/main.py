"""The frame of the app: switches at the head, pages at the side, errors in plain words."""

from __future__ import annotations

import logging
from collections.abc import Callable

import streamlit as st

from finmodel.errors import FinmodelError
from finmodel.ui import say, unknown
from finmodel.ui.pages import (
    about,
    assumptions,
    compare,
    flows,
    fund,
    gap,
    guidance,
    overview,
    studies,
    validation,
)
from finmodel.ui.state import View, controls
from finmodel.ui.unshown import UnshownError, unshown_text

LOG = logging.getLogger(__name__)
Page = Callable[[View], None]
PAGES: dict[str, Page] = {
    "overview": overview.page,
    "gap": gap.page,
    "guidance": guidance.page,
    "fund": fund.page,
    "compare": compare.page,
    "flows": flows.page,
    "studies": studies.page,
    "assumptions": assumptions.page,
    "validation": validation.page,
    "about": about.page,
}
"""Pages by address, in the order of the menu; the first answers at the root."""


def main() -> None:
    """Draw the app."""
    st.set_page_config(page_title="finmodel", layout="wide")
    view = controls()
    pages = [
        st.Page(
            _guarded(_shown(page, view), view),
            title=view.wording.text("app", name),
            url_path=name,
            default=number == 0,
        )
        for number, (name, page) in enumerate(PAGES.items())
    ]
    st.navigation(pages).run()


def _shown(page: Page, view: View) -> Callable[[], None]:
    """Return a page that says in words what is wrong with a result or with its address."""

    def show() -> None:
        words, top = view.wording, st.container()
        try:
            page(view)
        except UnshownError as error:
            between = "：" if words.language == "zh" else ": "
            say.error(f"{words.text('app', 'error')}{between}{unshown_text(error, words)}")
        except FinmodelError:  # its words are English and may name folders: the log has them
            LOG.exception("a page was refused its input")
            say.error(words.text("app", "fault"))
        with top:
            for note in unknown.notes(words):
                say.warning(note)

    return show


def _guarded(show: Callable[[], None], view: View) -> Callable[[], None]:
    """Return a page that says in words that it is at fault; the log has what happened.

    A result of another version may lack what a page of this one looks for.
    """

    def guarded() -> None:
        try:
            show()
        except Exception:  # what the frame raises to draw anew or to stop is none
            LOG.exception("a page failed")
            say.error(view.wording.text("app", "fault"))

    return guarded
