"""A stakeholder opens a shared link, on a desk or a phone, and understands it."""

import pytest


@pytest.mark.parametrize(("width", "height"), [(1440, 1200), (390, 1800)])
def test_a_shared_link_opens_in_chinese(visit, width, height):
    tab = visit(width, height)
    tab.open("/?lang=zh", "未获资金")
    tab.page.locator(
        "[data-testid=stVegaLiteChart] canvas, [data-testid=stVegaLiteChart] svg"
    ).first.wait_for()
    assert tab.page.get_by_text("990亿元", exact=True).count() == 1
    assert tab.page.get_by_text("Unfunded").count() == 0
    assert "lang=zh" in tab.page.url
    tab.check()


def test_the_browser_s_language_is_the_first_language(visit):
    tab = visit(locale="zh-CN")
    tab.open("/", "未获资金")
    tab.check()


def test_switches_are_in_the_address_and_a_new_session_restores_them(visit):
    tab = visit()
    tab.open("/", "go unfunded")
    tab.page.get_by_role("button", name="million").or_(
        tab.page.get_by_role("radio", name="million")
    ).first.click()
    tab.page.get_by_text("million CNY").first.wait_for()
    tab.page.wait_for_url("**unit=mcny**")
    other = visit()
    other.open("/" + tab.page.url.split("/")[-1], "million CNY go unfunded")
    other.check()
    tab.check()


def test_ten_visitors_at_once_see_their_own_view(visit):
    """One process serves all: each keeps its language, unit and page, and none sees an error."""
    asked = [("/?lang=zh", "未获资金"), ("/?unit=mcny", "million CNY go unfunded")]
    tabs = [(visit(), *asked[number % 2]) for number in range(10)]
    for tab, address, _ in tabs:
        tab.page.goto(f"{tab.server}{address}", wait_until="commit")
    for tab, _, text in tabs:
        tab.page.get_by_text(text).first.wait_for()
    for tab, address, _ in tabs:
        assert address.removeprefix("/?") in tab.page.url
        tab.check()


def test_the_page_says_which_language_it_is_in(visit):
    """Screen readers choose their voice by it; it follows the switch, and asks no host."""
    tab = visit()
    tab.open("/about?lang=zh", "模型不能回答的问题")
    tab.page.locator("html[lang=zh-CN]").wait_for(state="attached")
    tab.page.get_by_text("English", exact=True).click()
    tab.page.locator("html[lang=en]").wait_for(state="attached")
    tab.page.get_by_role("link", name="Overview").click()
    tab.page.get_by_text("go unfunded").first.wait_for()
    tab.page.get_by_text("中文", exact=True).click()
    tab.page.locator("html[lang=zh-CN]").wait_for(state="attached")
    tab.check()


def test_a_file_that_is_too_large_is_refused_in_chinese_alone(visit):
    """The field's own hints are English and tell another limit."""
    tab = visit()
    page = tab.page
    tab.open("/fund?mode=manager&lang=zh", "上传本基金记录")
    page.get_by_text("上传本基金记录").click()
    page.get_by_role("button", name="选择文件", exact=True).wait_for()
    field = page.locator("[data-testid=stFileUploader]")
    assert field.inner_text().split("\n")[0] == "持仓（CSV）"
    assert not field.get_by_text("per file").is_visible()
    large = {"name": "a.csv", "mimeType": "text/csv", "buffer": b"a,b\n" * 600_000}
    field.locator("input").set_input_files(large)
    page.get_by_text("2.4MB").wait_for()
    page.get_by_role("button", name="与计划比较").click()
    page.get_by_text("文件为2.4 MB，超过1 MB的上限").wait_for()
    tab.check()
