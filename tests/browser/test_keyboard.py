"""The keyboard alone: what is reached, what it does, that one sees where it is."""

import re

HERE = """() => {
  const at = document.activeElement, look = getComputedStyle(at);
  const plain = ["MAIN", "BODY"].includes(at.tagName);
  const line = look.outlineStyle === "solid" && parseFloat(look.outlineWidth) >= 2;
  return {
    name: plain ? "" : (at.getAttribute("aria-label") || at.innerText || ""),
    lined: line && look.outlineColor === "rgb(17, 17, 17)",
    field: at.tagName === "INPUT",
    canvas: at.tagName === "CANVAS" || plain || at.tagName === "DIV",
  };
}"""
MOST_TABS = 140


def reach(page, name):
    """Press Tab until something of a name has the focus; all before it show that they have it."""
    for _ in range(MOST_TABS):
        page.keyboard.press("Tab")
        here = page.evaluate(HERE)
        assert here["lined"] or here["field"] or here["canvas"], here
        if name in here["name"]:
            return
    raise AssertionError(f"the keyboard does not reach {name}")


def test_the_gap_page_is_used_by_keyboard(visit):
    tab = visit()
    page, keys = tab.page, tab.page.keyboard
    tab.open("/gap?lang=en", "Gap by province")
    reach(page, "English")
    keys.press("ArrowRight")
    keys.press("Space")
    page.get_by_text("缺口在哪里").wait_for()
    province = page.get_by_role("combobox", name="省份")
    page.wait_for_function("box => box.value === '全部省份'", arg=province.element_handle())
    reach(page, "省份")
    keys.press("ArrowDown")
    page.get_by_role("option", name="江苏").wait_for()
    keys.press("ArrowDown")
    keys.press("Enter")
    page.wait_for_url(re.compile("region=[A-Z]{2}"))
    reach(page, "数据表")
    keys.press("Enter")
    page.get_by_role("button", name="数据（CSV）").first.wait_for()
    reach(page, "数据（CSV）")
    with page.expect_download() as given:
        keys.press("Enter")
    assert given.value.suggested_filename.endswith("_zh.csv")
    reach(page, "图片（PNG）")
    assert page.locator("[data-testid=stAlert]").count() == 0
    tab.check()


def test_the_lab_is_used_by_keyboard_and_what_is_open_stays_open(visit):
    tab = visit(height=2600)
    page = tab.page
    tab.open("/guidance?mode=manager&lang=en", "Save · Link")
    page.get_by_text("Save · Link").click()
    name = page.get_by_role("textbox", name="Name to save under")
    name.wait_for()
    share = page.get_by_role("spinbutton", name="Largest sum in one firm, of the fund")
    share.fill("0.25")
    share.press("Enter")
    page.get_by_text("1 changes from").wait_for()
    page.get_by_text("your own assumption").wait_for()
    assert name.is_visible()
    reach(page, "Preview")
    tab.check()
