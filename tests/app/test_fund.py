"""The page of a fund: published, own, missing and broken results; a record uploaded."""

import pytest
from streamlit.testing.v1 import AppTest

from finmodel import store
from finmodel.datasets.root import published_root
from finmodel.scenario.fund_plan import load_fund_plan
from finmodel.study.fund_plan import find_or_run_plan
from finmodel.ui.fund_upload import Refused, plan_of, stand
from finmodel.ui.home import HOME_VARIABLE
from finmodel.ui.results import stored_results
from tests.conftest import ROOT

PLAN = ROOT / "scenarios" / "funds" / "fund_hard_tech.toml"
RECORD = PLAN.with_name("fund_hard_tech_positions.csv")
PAGE = """
from finmodel.ui.pages import fund
from finmodel.ui.state import controls
from finmodel.errors import FinmodelError
import streamlit as st

try:
    fund.page(controls())
except FinmodelError as error:
    st.error(str(error))
"""


def page(**query):
    test = AppTest.from_string(PAGE, default_timeout=60)
    for name, value in query.items():
        test.query_params[name] = value
    return test.run()


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv(HOME_VARIABLE, str(tmp_path))
    return tmp_path


def published(table):
    return next(
        item
        for item in stored_results("funds", published_root() / "none", "fund")
        if item.has(table)
    )


@pytest.mark.parametrize("mode", ["reader", "manager"])
@pytest.mark.parametrize(("lang", "word"), [("en", "return less than was paid in"), ("zh", "少于")])
def test_it_answers_from_the_published_plan(home, mode, lang, word):
    shown = page(lang=lang, mode=mode)
    assert not shown.exception
    assert not shown.error
    assert word in shown.markdown[0].value
    assert len(shown.metric) == 4
    assert ("record_as_of" in {item.key for item in shown.text_input}) == (mode == "manager")


@pytest.mark.parametrize("table", ["fund_of_funds", "actuals"])
@pytest.mark.parametrize("lang", ["en", "zh"])
def test_a_fund_of_funds_and_a_record_are_shown(home, table, lang):
    stored = published(table)
    shown = page(plan=stored.key, lang=lang, mode="manager", whose="sub_fund", dpi_year="5")
    assert not shown.exception
    assert not shown.error
    assert shown.selectbox[0].value == stored.key
    assert shown.select_slider[0].value == "5"


@pytest.mark.parametrize("query", [{"plan": "../x"}, {"whose": "me"}, {"dpi_year": "99"}])
def test_an_address_that_names_nothing_gives_the_default(home, query):
    assert not page(**query).exception


def test_a_plan_of_one_s_own_can_be_shown_and_a_broken_one_is_told(home):
    plan = load_fund_plan(PLAN)
    made = find_or_run_plan(plan, PLAN, paths=30, seed=9, root=home / "funds")
    assert not page(plan=made.folder.name).exception
    broken = find_or_run_plan(plan, PLAN, paths=30, seed=10, root=home / "funds")
    (broken.folder / "years.parquet").write_bytes(b"no parquet")
    shown = page(plan=broken.folder.name)
    assert not shown.exception
    assert "years" in shown.error[0].value


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
    plan = plan_of(published("actuals"))
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
