"""What this is, what it cannot say, how to cite it, how to repeat it, whose data it uses."""

from __future__ import annotations

import shlex

import streamlit as st

import finmodel
from finmodel.report.pdf import has_chinese_font, missing_for_pdf, missing_text
from finmodel.ui import say
from finmodel.ui.home import home
from finmodel.ui.parts import choose
from finmodel.ui.results import stored_results
from finmodel.ui.state import View

COMMAND = "finmodel run scenarios/yrd_baseline.toml"
LIMITS = ("limit_size", "limit_miss", "limit_private", "limit_flows", "limit_names")
LICENCES = ("licence_code", "licence_deals", "licence_places", "licence_sources")


def page(view: View) -> None:
    """Draw the page."""
    words = view.wording

    def text(key: str, **values: object) -> str:
        return words.text("about", key, **values)

    say.header(words.text("app", "about"))
    say.markdown(f"### {text('what')}")
    say.markdown(text("advice"))
    say.subheader(text("limits"))
    for key in LIMITS:
        say.markdown(f"- {text(key)}")
    say.subheader(text("cite"))
    stored = choose(stored_results("runs", home(), "gap_total"), view, COMMAND)
    if stored is not None:
        about = stored.manifest
        plain = text(
            "cite_plain",
            version=about.get("version", finmodel.__version__),
            digest=stored.key,
            seed=about.get("seed", "–"),
            paths=about.get("paths", "–"),
        )
        st.code(plain, language=None, wrap_lines=True)
        say.caption(text("cite_note"))
        say.subheader(text("repeat"))
        command = about.get("command")
        if isinstance(command, list) and command:
            st.code(shlex.join(map(str, command)), language="bash", wrap_lines=True)
        else:
            say.markdown(text("no_command"))
        say.caption(text("repeat_note"))
    say.subheader(text("licences"))
    for key in LICENCES:
        say.markdown(f"- {text(key)}", has_addresses=True)
    say.subheader(text("machine"))
    missing = missing_for_pdf(view.language)
    say.markdown(f"- {missing_text(missing, view.language) if missing else text('pdf_yes')}")
    say.markdown(f"- {text('font_yes' if has_chinese_font() else 'font_no')}")
    say.markdown(f"- {text('home')}")
