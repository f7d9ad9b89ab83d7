"""Buttons that give a stored result away: memo as HTML and PDF, workbook."""

from __future__ import annotations

import streamlit as st

from finmodel.report.mark import file_name
from finmodel.report.memo import memo_page
from finmodel.report.pdf import missing_for_pdf, missing_text, pdf_of
from finmodel.report.result import kind_of
from finmodel.report.workbook import workbook_bytes
from finmodel.ui import say
from finmodel.ui.results import Stored, result_of, sensitivity_studies
from finmodel.ui.state import View

EXCEL = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def downloads(stored: Stored, view: View) -> None:
    """Draw the buttons for a stored run or comparison; nothing for another sort of result.

    The files are made when a button is pressed, in the language and the unit of the view.

    Parameters
    ----------
    stored : Stored
    view : View
    """
    result, words = result_of(stored), view.wording
    if kind_of(result.tables) is None:
        return
    language = view.language

    def name(what: str, ending: str) -> str:
        return file_name(what, result, language, ending)

    missing = missing_for_pdf(language)
    say.markdown(f"**{words.text('download', 'head')}**")
    with st.container(horizontal=True):
        st.download_button(
            words.text("download", "html"),
            lambda: memo_page(result, words, sensitivity_studies()),
            file_name=name("memo", "html"),
            mime="text/html",
            key=f"memo_html_{stored.key}",
            on_click="ignore",
        )
        st.download_button(
            words.text("download", "pdf"),
            lambda: pdf_of(memo_page(result, words, sensitivity_studies()), language),
            file_name=name("memo", "pdf"),
            mime="application/pdf",
            key=f"memo_pdf_{stored.key}",
            on_click="ignore",
            disabled=missing is not None,
        )
        st.download_button(
            words.text("download", "xlsx"),
            lambda: workbook_bytes(result, words),
            file_name=name("workbook", "xlsx"),
            mime=EXCEL,
            key=f"workbook_{stored.key}",
            on_click="ignore",
        )
    if missing is not None:
        say.caption(missing_text(missing, language))
