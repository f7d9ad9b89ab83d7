"""What is taken away from a page: a picture that would lack its letters, a link with its host."""

from types import SimpleNamespace

import pytest

from finmodel.ui import state
from tests.app.opening import open_page


@pytest.mark.parametrize(("language", "has_font"), [("zh", False), ("zh", True), ("en", False)])
def test_a_picture_that_would_lack_chinese_says_so_where_it_is_taken(
    home, monkeypatch, language, has_font
):
    monkeypatch.setattr("finmodel.ui.parts.has_chinese_font", lambda: has_font)
    page = open_page("overview", lang=language)
    said = any("fonts-noto-cjk" in caption.value for caption in page.caption)
    assert said == (language == "zh" and not has_font)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://finmodel.example/guidance", "https://finmodel.example/guidance?a=1"),
        ("https://finmodel.example/lab/guidance?x=2", "https://finmodel.example/lab/guidance?a=1"),
        ("http://127.0.0.1:8501/", "http://127.0.0.1:8501/guidance?a=1"),
        ("javascript:alert(1)", "/guidance?a=1"),
        ("", "/guidance?a=1"),
        (None, "/guidance?a=1"),
    ],
)
def test_a_link_has_its_host_where_that_is_known(monkeypatch, url, expected):
    monkeypatch.setattr(state.st, "context", SimpleNamespace(url=url))
    assert state.link("guidance", "a=1") == expected
