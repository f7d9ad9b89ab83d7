"""The stories end to end: a manager tests a programme, an analyst opens a batch."""

RUN_MS = 180_000
"""A preview starts a process, which compiles where nothing is compiled yet."""


def test_a_manager_tests_a_programme_and_takes_the_memo(visit, tmp_path):
    tab = visit(height=2400)
    tab.open("/guidance?mode=manager", "Guidance lab")
    tab.page.get_by_role("button", name="Preview").click(timeout=RUN_MS)
    tab.page.get_by_text("Preview of 6 futures").first.wait_for(timeout=RUN_MS)
    button = tab.page.get_by_role("button", name="Memo (HTML)")
    button.wait_for(timeout=RUN_MS)
    with tab.page.expect_download() as given:
        button.click()
    given.value.save_as(tmp_path / "memo.html")
    memo = (tmp_path / "memo.html").read_text(encoding="utf-8")
    assert "not investment advice" in memo
    assert "finmodel compare" in memo
    tab.check()


def test_an_analyst_opens_a_batch(visit):
    tab = visit(height=2000)
    tab.open("/studies", "How much a joint fund adds, by its size")
    tab.page.locator("[data-testid=stVegaLiteChart]").first.wait_for()
    tab.check()
