"""The page of a fund: published, own, missing and broken results; a record uploaded."""

import pytest

from finmodel import store
from finmodel.datasets.root import published_root
from finmodel.scenario.fund_plan import load_fund_plan
from finmodel.study.fund_plan import find_or_run_plan
from finmodel.ui.fund_upload import Refused, readable_plan, stand
from finmodel.ui.results import stored_results
from tests.app.opening import open_page
from tests.conftest import ROOT

PLAN = ROOT / "scenarios" / "funds" / "fund_hard_tech.toml"
RECORD = PLAN.with_name("fund_hard_tech_positions.csv")


def page(**query):
    return open_page("fund", **query)


def published(table):
    return next(
        item
        for item in stored_results("funds", published_root() / "none", "fund")
        if item.has(table)
    )


@pytest.mark.parametrize(
    ("mode", "lang", "word"),
    [("reader", "en", "return less than was paid in"), ("manager", "zh", "少于")],
)
def test_it_answers_from_the_published_plan(home, mode, lang, word):
    shown = page(lang=lang, mode=mode)
    assert not shown.exception
    assert not shown.error
    assert word in shown.markdown[0].value
    assert len(shown.metric) == 4
    assert ("record_as_of" in {item.key for item in shown.text_input}) == (mode == "manager")


@pytest.mark.parametrize(("table", "lang"), [("fund_of_funds", "en"), ("actuals", "zh")])
def test_a_fund_of_funds_and_a_record_are_shown(home, table, lang):
    stored = published(table)
    shown = page(plan=stored.key, lang=lang, mode="manager", whose="sub_fund", dpi_year="5")
    assert not shown.exception
    assert not shown.error
    assert shown.selectbox[0].value == stored.key
    assert shown.select_slider[0].value == "5"


def test_an_address_that_names_nothing_gives_the_default(home):
    shown = page(plan="../x", whose="me", dpi_year="99")
    assert not shown.exception
    assert shown.select_slider[0].value != "99"


def test_a_readable_plan_one_s_own_can_be_shown_and_a_broken_one_is_told(home):
    plan = load_fund_plan(PLAN)
    made = find_or_run_plan(plan, PLAN, paths=30, seed=9, root=home / "funds")
    assert not page(plan=made.folder.name).exception
    broken = find_or_run_plan(plan, PLAN, paths=30, seed=10, root=home / "funds")
    (broken.folder / "years.parquet").write_bytes(b"no parquet")
    shown = page(plan=broken.folder.name)
    assert not shown.exception
    assert "is damaged" in shown.error[0].value


def test_a_result_of_an_earlier_version_is_shown_without_its_dots(home):
    old = published("fund_of_funds")
    tables = {name: old.table(name) for name in ("fund", "years", "parties", "assumptions")}
    store.save_run(home / "funds", "ab" * 32, tables, dict(old.manifest))
    shown = page(plan="ab" * 8)
    assert not shown.exception
    assert any("earlier version" in item.value for item in shown.info)


def test_without_any_result_it_gives_the_command(home, monkeypatch):
    monkeypatch.setattr("finmodel.ui.results.published_root", lambda: home / "none")
    shown = page()
    assert not shown.exception
    assert "finmodel fund" in shown.code[0].value


def record(text, as_of="2027-06-30"):
    plan = readable_plan(published("actuals"))
    return stand(plan, text, name="mine.csv", as_of=as_of, first_closing="", seed=1)


def test_an_uploaded_record_is_compared_as_the_command_line_does(home):
    tables = record(RECORD.read_bytes())
    deals = tables["actuals"].query("stage == 'all' and measure == 'deals_n'").iloc[0]
    stored = published("actuals").table("actuals")
    same = stored.query("stage == 'all' and measure == 'deals_n'").iloc[0]
    assert deals["actual"] == same["actual"] == 15
    assert deals["place"] == same["place"]
    assert not list(home.iterdir())


def test_a_bad_record_is_refused_row_by_row_without_a_path():
    text = RECORD.read_text(encoding="utf-8").replace(",angel,2025-02-18", ",angle,2025-02-30")
    refused = record(text.encode())
    assert isinstance(refused, Refused)
    places = [problem.place for problem in refused.problems]
    assert any("row 3" in place for place in places)
    assert all(place.startswith("mine.csv") for place in places)
    assert {problem.nearest for problem in refused.problems} >= {"angel"}


@pytest.mark.parametrize("content", [b"", b"\x00\xff\xfe", b"a,b\n1,2\n", "=1+1,".encode("utf-16")])
def test_any_bytes_are_refused_in_words(content):
    assert isinstance(record(content), Refused)


@pytest.mark.parametrize("day", ["", "yesterday", "2027-06-29", "1990-12-31"])
def test_a_bad_day_is_refused_in_words(day):
    refused = record(RECORD.read_bytes(), as_of=day)
    assert isinstance(refused, Refused)
    assert "--as-of" in {problem.place for problem in refused.problems}


def uploaded(content, day="2027-06-30"):
    shown = page(mode="manager")
    shown.file_uploader[0].set_value(("=mine.csv", content, "text/csv"))
    next(item for item in shown.text_input if item.key == "record_as_of").set_value(day)
    return shown.button[0].click().run()


def test_a_record_is_uploaded_in_the_page(home):
    shown = uploaded(RECORD.read_bytes())
    assert not shown.exception
    assert "400 futures as of 2027-06-30; not stored" in shown.success[0].value
    assert not list(home.iterdir())


def test_a_bad_or_too_large_upload_is_told_at_the_field(home):
    shown = uploaded(b"firm,stage\n=cmd,angel\n")
    assert not shown.exception
    assert "must be mended" in shown.error[0].value
    tables = [item.value for item in shown.dataframe]
    texts = [str(text) for table in tables for text in table.iloc[:, 0]]
    assert any(text.startswith("'=mine.csv") for text in texts)
    assert not any(text.startswith("=") for text in texts)
    large = uploaded(b"#" * 1_000_001)
    assert not large.exception
    assert "at most 1 MB" in large.error[0].value


def test_a_plan_that_this_version_cannot_read_is_told_in_words(home):
    old = published("actuals")
    plan = dict(old.manifest["plan"]) | {"fund": {"vintage_year": "never"}}
    tables = {name: old.table(name) for name in ("fund", "years", "parties", "assumptions")}
    store.save_run(home / "funds", "cd" * 32, tables, {**old.manifest, "plan": plan})
    shown = page(plan="cd" * 8, mode="manager")
    assert not shown.exception
    assert any("cannot be read by this version" in item.value for item in shown.info)
