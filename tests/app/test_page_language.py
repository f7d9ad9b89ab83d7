"""The language that the browser is told a page is in."""

import json

import pytest

from tests.app.opening import open_page

CHOOSE = {"en": "Choose a file", "zh": "选择文件"}


@pytest.mark.parametrize(("language", "tag"), [("en", "en"), ("zh", "zh-CN")])
def test_a_page_tells_its_language(home, language, tag):
    page = open_page("about", lang=language)
    told = [item for item in page.main.children[0].children.values() if "bidi" in item.type]
    assert len(told) == 1
    assert json.loads(told[0].proto.json) == {"lang": tag, "choose": CHOOSE[language]}


def test_it_changes_with_the_switch(home):
    page = open_page("about", lang="en")
    page.segmented_control(key="lang").set_value("zh").run()
    told = [item for item in page.main.children[0].children.values() if "bidi" in item.type]
    assert json.loads(told[0].proto.json) == {"lang": "zh-CN", "choose": CHOOSE["zh"]}
