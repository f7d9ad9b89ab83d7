"""Assumptions, validation, about, and the memo's buttons: with results, without, broken."""

import shutil

import pytest
from streamlit.testing.v1 import AppTest

from finmodel.datasets.root import published_root
from finmodel.report.memo import memo_page
from finmodel.report.workbook import workbook_bytes
from finmodel.ui.downloads import result_of
from finmodel.ui.results import stored_results
from tests.conftest import ROOT
from tests.evidence_cases import save_validation
from tests.stored_cases import ZH

PAGES = ("assumptions", "validation", "about")


def draw(name, **query):
    """Draw one page as the app does: the switches, then the page in its frame."""

    def script(name):
        import streamlit as st

        from finmodel.ui.main import PAGES, _shown
        from finmodel.ui.state import controls

        st.set_page_config(page_title="finmodel")
        _shown(PAGES[name], controls())()

    test = AppTest.from_function(script, default_timeout=60, kwargs={"name": name})
    for key, value in query.items():
        test.query_params[key] = value
    return test.run()


def texts(page):
    return " ".join(
        str(item.value) for kind in ("markdown", "caption", "text") for item in page.get(kind)
    )


@pytest.mark.parametrize("name", PAGES)
def test_without_any_result_pages_give_the_command(home, monkeypatch, name):
    monkeypatch.setattr("finmodel.ui.results.published_root", lambda: home / "none")
    page = draw(name)
    assert not page.exception
    assert "finmodel" in page.code[0].value


def test_numbers_are_searched_filtered_and_shown_in_full(home):
    page = draw("assumptions", search="births", grade="C", number="births.region_index.ZJ")
    assert not page.exception
    assert page.code[0].value == "births.region_index.ZJ.value = 0.2515"
    assert page.code[1].value == "--set 'births.region_index.ZJ=0.2515'"
    assert "It has no source" in texts(page)
    page.text_input(key="search").set_value("nothing like it").run()
    assert "No number matches" in page.info[0].value


@pytest.mark.parametrize("query", [{"grade": "Z", "number": "../x"}, {"search": "x" * 1000}])
def test_an_address_that_names_nothing_gives_the_default(home, query):
    assert not draw("assumptions", **query).exception


def test_evidence_shows_misses_first_by_part(home, monkeypatch):
    monkeypatch.setattr("finmodel.ui.results.published_root", lambda: home / "none")
    save_validation(home / "validations")
    page = draw("validation")
    assert not page.exception
    assert "Of 5 figures" in page.markdown[0].value
    assert page.dataframe[0].value.iloc[0, 0] == "Figure far"
    page = draw("validation", part="fit", lang="zh")
    assert page.dataframe[0].value.iloc[0, 0] == "指标fitted"
    page = draw("validation", part="context")
    assert not page.exception
    assert page.info


def test_a_broken_validation_is_told_in_words(home):
    folder = save_validation(home / "validations")
    (folder / "targets.parquet").write_bytes(b"no parquet")
    page = draw("validation", validation=folder.name)
    assert not page.exception
    assert "cannot be shown" in page.error[0].value


def test_the_back_test_names_whose_deals_they_are(home):
    page = draw("validation")
    assert "90 % intervals" in texts(page)
    assert "https://www.crunchbase.com" in texts(page)


def test_a_run_of_one_s_own_gives_memo_and_workbook(home):
    source = next(published_root().glob("runs/*/gap_total.parquet")).parent
    shutil.copytree(source, home / "runs" / source.name)
    own = next(s for s in stored_results("runs", home, "gap_total") if s.origin == "yours")
    result = result_of(own)
    assert "自有结果" in memo_page(result, ZH)
    assert workbook_bytes(result, ZH)[:2] == b"PK"


def test_a_button_that_cannot_work_says_why(home, monkeypatch):
    monkeypatch.setattr("finmodel.ui.downloads.missing_for_pdf", lambda _: "no_pango")
    page = draw("overview")
    assert not page.exception
    assert "Pango" in texts(page)


def test_the_frame_finds_every_page(home):
    page = AppTest.from_file(str(ROOT / "app.py"), default_timeout=60).run()
    assert not page.exception
