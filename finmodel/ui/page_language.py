"""What a browser is told of a page: its language, and what Streamlit cannot be told otherwise.

Streamlit's page says English whatever it shows, and has no setting for it. Its components run in
the page itself, without a frame: one of a few lines sets the attribute. It asks no host.

Hints that its fields show in English have no setting either: that of a file, which tells another
limit than ours, is hidden, its button is named anew, and hints on keys are hidden in Chinese. Where
the keyboard is, is shown by a line: Streamlit's own mark has a contrast of 2, in the menu of 1.1.
"""

from __future__ import annotations

from collections.abc import Mapping

from streamlit.components.v2 import component

from finmodel.report.wording import Wording
from finmodel.variables import Language

TAGS: Mapping[Language, str] = {"en": "en", "zh": "zh-CN"}
"""BCP 47."""
_SCRIPT = """export default function ({ data }) {
  const page = document.documentElement;
  page.setAttribute("lang", data.lang);
  page.style.setProperty("--finmodel-choose", JSON.stringify(data.choose));
}"""
_STYLE = """
:is(a, button, summary, pre):focus-visible { outline: 2px solid #111111 !important; }
[data-testid="stFileUploaderDropzoneInstructions"],
html[lang="zh-CN"] [data-testid="InputInstructions"] { display: none; }
[data-testid="stFileUploaderDropzone"] button p { display: none; }
[data-testid="stFileUploaderDropzone"] button:has(p)::after {
  content: var(--finmodel-choose);
  font-size: 0.875rem;
  margin-left: 0.25rem;
}
"""
_mark = component("finmodel_page_language", js=_SCRIPT, css=_STYLE, isolate_styles=False)


def tell_language(language: Language) -> None:
    """Tell the browser in which language the page is; it takes no room."""
    choose = Wording(language).text("my_fund_upload", "choose")
    data = {"lang": TAGS[language], "choose": choose}
    _mark(data=data, key="page_language", width="content")
