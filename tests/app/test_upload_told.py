"""What is said of an uploaded file that is not read: its size, its kind, in either language."""

import re

import pytest

from finmodel.report.wording import Wording
from finmodel.ui import fund_record
from finmodel.ui.fund_upload import MOST_BYTES, MOST_TAKEN_MB, refused_file
from tests.app.opening import open_page

EN, ZH = Wording("en"), Wording("zh")
ENGLISH = re.compile(r"[A-Za-z]{3,}(?: [A-Za-z]{2,}){2,}")


@pytest.mark.parametrize(
    ("name", "head", "english", "chinese"),
    [
        ("a.xlsx", b"PK", "a workbook", "Excel工作簿"),
        ("A.XLS", b"", "a workbook", "Excel工作簿"),
        ("a.csv", b"PK\x03\x04", "a workbook", "Excel工作簿"),
        ("a.csv", bytes.fromhex("d0cf11e0a1b11ae1"), "a workbook", "Excel工作簿"),
        ("a.zip", b"PK", "kind .zip", ".zip类文件"),
        ("a.pdf", b"%PDF", "kind .pdf", ".pdf类文件"),
        ("a.csv.gz", b"", "kind .gz", ".gz类文件"),
        ("record", b"", "tells no kind", "未标明类型"),
    ],
)
def test_a_file_of_another_kind_is_refused_in_words(name, head, english, chinese):
    assert english in refused_file(name, 10, head, EN)
    told = refused_file(name, 10, head, ZH)
    assert chinese in told
    assert not ENGLISH.search(told)


@pytest.mark.parametrize(
    ("size", "told"), [(MOST_BYTES + 1, "1.01 MB"), (2_400_000, "2.4 MB"), (2**24, "16.78 MB")]
)
def test_a_file_that_is_too_large_is_told_its_size_and_the_limit(size, told):
    for words in (EN, ZH):
        said = refused_file("a.CSV", size, b"firm", words)
        assert told in said
        assert "1 MB" in said
    assert refused_file("a.CSV", MOST_BYTES, b"firm", EN) == ""


def uploaded(file, lang):
    shown = open_page("fund", mode="manager", lang=lang)
    if file is not None:
        shown.file_uploader[0].set_value(file)
    next(item for item in shown.text_input if item.key == "record_as_of").set_value("2027-06-30")
    return shown.button[0].click().run()


@pytest.mark.parametrize(
    ("file", "lang", "told"),
    [
        (("a.csv", b"#" * 2_400_000, "text/csv"), "zh", "文件为2.4 MB，超过1 MB"),
        (("a.xlsx", b"PK\x03\x04", "application/zip"), "zh", "Excel工作簿"),
        (("a.png", b"\x89PNG", "image/png"), "en", "kind .png"),
        (None, "zh", "尚未选择文件"),
    ],
)
def test_it_is_told_at_the_field_and_nothing_is_read(file, lang, told, home, monkeypatch):
    monkeypatch.setattr(fund_record, "stand", None)
    shown = uploaded(file, lang)
    assert not shown.exception
    (error,) = [str(item.value) for item in shown.error]
    assert told in error
    assert not list(home.iterdir())


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_the_widget_takes_what_we_refuse_and_says_what_is_read(lang, home):
    """It would refuse by kind and size in English alone."""
    shown = open_page("fund", mode="manager", lang=lang)
    (widget,) = shown.file_uploader
    assert not widget.proto.type
    assert widget.proto.max_upload_size_mb == MOST_TAKEN_MB > MOST_BYTES / 1e6
    said = {"en": "A CSV file of at most 1 MB", "zh": "不超过1 MB的CSV文件"}[lang]
    assert any(said in item.value for item in shown.caption)
