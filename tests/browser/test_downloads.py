"""What is taken away: memo as a page and as PDF, and a workbook, in the language of the view."""

import re

import pytest
from playwright.sync_api import TimeoutError

from finmodel.report.pdf import missing_for_pdf

FILES = [("备忘录（HTML）", ".html", b"<!doctype html>"), ("工作簿（Excel）", ".xlsx", b"PK")]


@pytest.mark.parametrize(("button", "ending", "start"), FILES)
def test_a_file_is_given_in_chinese(visit, button, ending, start, tmp_path):
    tab = visit()
    tab.open("/?lang=zh", button)
    with tab.page.expect_download() as given:
        tab.page.get_by_text(button).click()
    assert given.value.suggested_filename.endswith(f"_zh{ending}")
    given.value.save_as(tmp_path / "file")
    assert (tmp_path / "file").read_bytes().startswith(start)
    tab.check()


@pytest.mark.skipif(missing_for_pdf("zh") is not None, reason="no WeasyPrint, Pango or font here")
def test_a_chinese_pdf_is_given(visit, tmp_path):
    tab = visit()
    tab.open("/?lang=zh", "备忘录（PDF）")
    with tab.page.expect_download() as given:
        tab.page.get_by_text("备忘录（PDF）").click()
    given.value.save_as(tmp_path / "file")
    assert (tmp_path / "file").read_bytes().startswith(b"%PDF")
    tab.check()


@pytest.mark.parametrize(
    ("button", "ending", "start"),
    [("图片（PNG）", "png", b"\x89PNG"), ("数据（CSV）", "csv", b"\xef\xbb\xbf")],
)
def test_a_chart_and_its_data_say_which_result_they_are_of(visit, button, ending, start, tmp_path):
    tab = visit(height=2000)
    tab.open("/?lang=zh", "数据表")
    opened(tab.page.get_by_text("数据表").first, tab.page.get_by_text(button).first)
    with tab.page.expect_download() as given:
        tab.page.get_by_text(button).first.click()
    name = given.value.suggested_filename
    assert re.fullmatch(rf"finmodel_gap_by_province_baseline_[0-9a-f]{{16}}_zh\.{ending}", name)
    given.value.save_as(tmp_path / "file")
    content = (tmp_path / "file").read_bytes()
    assert content.startswith(start)
    if ending == "csv":
        assert "模型结果，非投资建议" in content.decode("utf-8-sig")
    tab.check()


def test_numbers_that_are_taken_away_say_which_result_they_are_behind(visit, tmp_path):
    tab = visit(height=2000)
    tab.open("/assumptions?lang=zh", "CSV")
    with tab.page.expect_download() as given:
        tab.page.get_by_text("CSV").first.click()
    name = given.value.suggested_filename
    assert re.fullmatch(r"finmodel_assumptions_baseline_[0-9a-f]{16}_zh\.csv", name)
    given.value.save_as(tmp_path / "file")
    assert "模型结果，非投资建议" in (tmp_path / "file").read_text(encoding="utf-8-sig")
    tab.check()


@pytest.mark.parametrize(
    ("address", "text"),
    [
        ("/assumptions?grade=B&search=births", "4 of 373 numbers"),
        ("/validation?part=fit", "Used for fitting: no test"),
        ("/about?lang=zh", "模型不能回答的问题"),
    ],
)
def test_a_link_restores_a_page(visit, address, text):
    tab = visit()
    tab.open(address, text)
    tab.check()


def opened(expander, inside):
    """Open an expander: a page that is being drawn again may close it under the click."""
    for _ in range(5):
        expander.click()
        try:
            inside.wait_for(state="visible", timeout=5_000)
        except TimeoutError:
            continue
        return
    inside.wait_for(state="visible", timeout=5_000)
