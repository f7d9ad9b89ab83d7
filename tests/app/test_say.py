"""Texts of others on a page: they are shown, and do nothing."""

import re

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from finmodel.ui import say
from finmodel.ui.packed import pack
from finmodel.ui.policy import Policy
from tests.app.opening import open_page
from tests.conftest import ROOT

EVIL = "![](http://evil.example/a.png)"


@pytest.mark.parametrize(
    "text",
    [
        EVIL,
        "[a](http://b)",
        "<img src=x>",
        "`code`",
        "$x$",
        ":material/delete:",
        ":red[a]",
        "\\[a]",
    ],
)
def test_what_markdown_would_run_is_text(text):
    plain = say.harmless(text)
    assert not re.search(r"(?<!\\)[\[\]<>`$]", plain)
    assert not re.search(r"(?<!\\):(red|material)", plain)
    assert re.sub(r"\\(.)", r"\1", plain).replace(say.NO_BREAK, "") == text


@given(st.text(max_size=40))
def test_nothing_is_lost_and_nothing_is_left(text):
    plain = say.harmless(text)
    assert re.sub(r"\\([\[\]<>`$\\:])", r"\1", plain).replace(say.NO_BREAK, "") == text.replace(
        say.NO_BREAK, ""
    )
    assert not re.search(r"(?<!\\)(?:\\\\)*[\[\]<>`$]", plain)


@pytest.mark.parametrize(
    "text", ["a http://e.example/b", "HTTPS://e.example", "www.e.example", "a@e.example", "x:a@b.c"]
)
def test_bare_addresses_are_no_links_but_in_texts_of_ours(text):
    """Markdown makes links of them after all marks are read, so no mark can stop it."""
    plain = say.harmless(text)
    assert not re.search(r"https?://|www\.|@\w", plain, re.IGNORECASE)
    assert plain.replace(say.NO_BREAK, "") == text
    assert say.harmless(text, has_addresses=True) == text


def test_emphasis_and_headings_stay():
    assert say.harmless("### **27.3 %** of 5 - 6: a") == "### **27.3 %** of 5 - 6: a"


def test_pages_show_texts_and_tables_in_no_other_way():
    """A page that calls streamlit itself would show a name of others as Markdown."""
    direct = re.compile(
        r"\b(?:st|sidebar)\.(?:header|subheader|title|markdown|caption|info|success|warning|error"
        r"|write|dataframe|table|html|toast)\("
    )
    for path in sorted((ROOT / "finmodel" / "ui").rglob("*.py")):
        if path.name != "say.py":
            assert not direct.search(path.read_text(encoding="utf-8")), path


def test_a_link_s_names_are_shown_and_fetch_nothing(home):
    page = open_page("guidance", mode="manager", plan=pack(Policy("policy_pro_rata", {EVIL: 1.0})))
    shown = [item.value for kind in ("warning", "error") for item in getattr(page, kind)]
    assert any("evil.example" in text for text in shown)
    assert not any("](" in text.replace("\\]", "") for text in shown)


def test_tables_hold_no_formula_to_be_saved():
    def draw():
        import pandas as pd

        from finmodel.ui import say

        say.table(pd.DataFrame({"=a": ["=cmd|calc!A0", "plain"], "n": [-1.0, 2.0]}))

    from streamlit.testing.v1 import AppTest

    shown = AppTest.from_function(draw).run().dataframe[0].value
    expected = pd.DataFrame({"'=a": ["'=cmd|calc!A0", "plain"], "n": [-1.0, 2.0]})
    pd.testing.assert_frame_equal(shown, expected, check_dtype=False)
