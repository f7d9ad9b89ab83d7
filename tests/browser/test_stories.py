"""The stories end to end: a manager tests a programme, an analyst opens a batch."""

from contextlib import suppress

from playwright.sync_api import TimeoutError, expect

from tests.browser.conftest import WAIT_MS

RUN_MS = 180_000
"""A preview starts a process, which compiles where nothing is compiled yet."""


ROW = 35
"""Height of a row of a table, in pixels; the heading is one."""


SHARE, MONEY = 1, 2
"""The two columns to edit, after that of names."""
AT = {SHARE: 0.28, MONEY: 0.6}
"""Where they lie, as parts of the width of a table."""


def type_into(page, table, row, text, column=SHARE):
    """Type a number into a cell, as a mouse and a keyboard do, until the table has it.

    A page that is being drawn anew under the mouse may take the cell away while it is typed into.
    """
    grid = page.locator("[data-testid=stDataFrame]").nth(table)
    field = page.locator("#portal input, #portal textarea").first
    for _ in range(20):
        box = grid.bounding_box()
        x, y = box["x"] + AT[column] * box["width"], box["y"] + ROW * (row + 1.5)
        page.mouse.click(x, y)
        page.wait_for_timeout(300)
        page.mouse.dblclick(x, y)
        page.wait_for_timeout(300)
        if not field.is_visible():
            continue
        with suppress(TimeoutError, AssertionError):
            field.fill(text, timeout=5_000)
            page.keyboard.press("Enter")
            cells = grid.locator("table tr").nth(row + 1).locator("td, th")
            expect(cells.nth(column)).to_have_text(text, timeout=5_000)
            return
    raise AssertionError(f"the table does not take {text!r} in row {row}")


def expect_rows(page, table, first, rows):
    """Wait for rows of a table, from a first one on, as a screen reader has them."""
    lines = page.locator("[data-testid=stDataFrame]").nth(table).locator("table tr")
    for number, cells in enumerate(rows, first + 1):
        expect(lines.nth(number).locator("td, th")).to_have_text(cells, timeout=WAIT_MS)


def set_number(page, label, value):
    field = page.get_by_role("spinbutton", name=label)
    field.fill(value)
    field.press("Enter")


def test_a_manager_edits_money_and_a_clause_runs_and_takes_the_memo(visit, tmp_path):
    tab = visit(height=2600)
    page = tab.page
    tab.open("/guidance?mode=manager", "Money by province and stage a year")
    type_into(page, 0, 0, "23.2")
    page.get_by_text("10% is missing: 2.00 bn CNY a year goes nowhere.").wait_for()
    page.get_by_text("cannot be run yet").wait_for()
    page.get_by_role("button", name="Preview", disabled=True).wait_for()
    # The other sum is typed as money: its share follows, and so does the money of the first.
    type_into(page, 0, 3, "3.3", MONEY)
    page.get_by_text("cannot be run yet").wait_for(state="detached")
    rows = [
        ["Shanghai", "23.2", "4.64", "33.2"],
        ["Jiangsu", "34.8", "6.96", "34.8"],
        ["Zhejiang", "25.5", "5.1", "25.5"],
        ["Anhui", "16.5", "3.3", "6.5"],
    ]
    expect_rows(page, 0, 0, rows)
    # A row typed as money and then as a share shows what was typed last.
    type_into(page, 0, 3, "16", SHARE)
    page.get_by_text("0.5% is missing").wait_for()
    expect_rows(page, 0, 3, [["Anhui", "16", "3.2", "6.5"]])
    type_into(page, 0, 3, "16.5", SHARE)
    page.get_by_text("is missing").wait_for(state="detached")
    type_into(page, 1, 0, "14")
    page.get_by_text("10% too much: 2.00 bn CNY a year. A run takes each weight").wait_for()
    set_number(page, "Reinvestment, money to invest at home per public yuan", "1.5")
    page.get_by_text("4 changes from").wait_for()
    page.get_by_role("button", name="Preview").click(timeout=RUN_MS)
    page.get_by_text("Preview of 6 futures").first.wait_for(timeout=RUN_MS)
    set_number(page, "Futures of the exact run", "8")
    page.get_by_role("button", name="Exact (8 futures").click(timeout=RUN_MS)
    page.get_by_text("Preview of 6 futures").first.wait_for(state="detached", timeout=RUN_MS)
    page.get_by_text("8 futures, seed").wait_for(timeout=RUN_MS)
    # The waterfall ends in the net effect, which its caption says in words.
    chains = page.locator("[data-testid=stVegaLiteChart]")
    assert chains.count() == 4
    page.get_by_text("would have closed within a year of it anyway. Net:").first.wait_for()
    with page.expect_download() as given:
        page.get_by_role("button", name="Memo (HTML)").click(timeout=RUN_MS)
    given.value.save_as(tmp_path / "memo.html")
    memo = visit()
    memo.page.goto((tmp_path / "memo.html").as_uri())
    text = memo.page.locator("body").inner_text()
    for money in ("Shanghai 4.64 bn CNY (23.2%)", "Anhui 3.30 bn CNY (16.5%)", "Lab 14%"):
        assert money in text
    for option in ("region_share.SH=0.232", "reinvestment_multiple=1.5", "--paths 8"):
        assert option in text
    assert "not investment advice" in text
    assert memo.page.locator("svg").count() > 0
    # A stakeholder opens the link on a phone, in Chinese, and sees this run and no other.
    page.get_by_text("Save · Link to this view").click()
    links = page.locator("[data-testid=stCode]", has_text="/guidance?")
    (link,) = [text for text in links.all_inner_texts() if "mode=manager" not in text]
    guest = visit(width=390, height=1800, locale="zh-CN")
    guest.page.goto(link.replace("lang=en", "lang=zh"))
    guest.page.get_by_text("8个模拟未来的预览").first.wait_for()
    for change in ("上海", "23.2%", "1.5倍"):
        guest.page.get_by_text(change).first.wait_for()
    assert guest.page.get_by_role("spinbutton").count() == 0
    guest.check()
    tab.check()


def test_an_analyst_opens_a_batch(visit):
    tab = visit(height=2000)
    tab.open("/studies", "How much a joint fund adds, by its size")
    tab.page.locator("[data-testid=stVegaLiteChart]").first.wait_for()
    tab.check()
