"""The language that a browser is told a page is in, for screen readers, fonts and translators.

Streamlit's page says English whatever it shows, and has no setting for it. Its components run in
the page itself, without a frame: one of a single line sets the attribute. It asks no host.
"""

from __future__ import annotations

from collections.abc import Mapping

from streamlit.components.v2 import component

from finmodel.variables import Language

TAGS: Mapping[Language, str] = {"en": "en", "zh": "zh-CN"}
"""BCP 47."""
_SCRIPT = """export default function ({ data }) {
  document.documentElement.setAttribute("lang", data.lang);
}"""
_mark = component("finmodel_page_language", js=_SCRIPT)


def tell_language(language: Language) -> None:
    """Tell the browser in which language the page is; it takes no room."""
    _mark(data={"lang": TAGS[language]}, key="page_language", width="content")
