"""The first page: without results, with them, in both languages, with a broken address."""

import shutil

import pytest
from streamlit.testing.v1 import AppTest

from finmodel.datasets.root import published_root
from finmodel.study.single import run_scenario
from tests.conftest import ROOT, small


def app(**query):
    test = AppTest.from_file(str(ROOT / "app.py"), default_timeout=60)
    for name, value in query.items():
        test.query_params[name] = value
    return test.run()


def test_it_answers_at_once_from_the_published_run(home):
    page = app()
    assert not page.exception
    assert "27.3% of the money" in page.markdown[0].value
    assert [metric.value for metric in page.metric][:3] == ["99 bn CNY", "27.3%", "16.9%"]


def test_it_answers_in_chinese_and_in_yi(home):
    page = app(lang="zh")
    assert not page.exception
    assert "990亿元未获资金" in page.markdown[0].value
    assert page.metric[0].value == "990亿元"


@pytest.mark.parametrize("query", [{"lang": "xx", "unit": "usd", "mode": "root"}, {"run": "../x"}])
def test_an_address_that_names_nothing_gives_the_default(home, query):
    page = app(**query)
    assert not page.exception
    assert "27.3%" in page.markdown[0].value


def test_a_link_to_a_result_that_is_not_here_says_so(home):
    page = app(run="f" * 64)
    assert "f" * 64 in page.warning[0].value
    assert "27.3%" in page.markdown[0].value
    assert not app().warning
    assert "<" not in app(run="<b>x").warning[0].value


def test_the_language_stands_in_the_address_and_the_unit_goes_with_it(home):
    page = app()
    assert page.query_params["lang"] in ("en", ["en"])
    page.session_state["lang"] = "zh"
    page.run()
    assert page.query_params["lang"] in ("zh", ["zh"])
    assert page.metric[0].value == "990亿元"
    chosen = app(lang="en", unit="mcny")
    chosen.session_state["lang"] = "zh"
    chosen.run()
    assert chosen.metric[0].value.endswith("百万元")


def test_a_run_of_one_s_own_can_be_chosen_and_is_called_so(home):
    _, stored = run_scenario(small(), paths=3, seed=1, root=home / "runs")
    page = app(run=stored.folder.name)
    assert not page.exception
    assert page.selectbox[0].value == stored.folder.name
    assert any("Your own" in caption.value for caption in page.caption)


def test_a_broken_result_is_told_in_words(home):
    _, stored = run_scenario(small(), paths=3, seed=1, root=home / "runs")
    (stored.folder / "gap_total.parquet").write_bytes(b"no parquet")
    page = app(run=stored.folder.name)
    assert not page.exception
    assert "cannot be shown" in page.error[0].value


def test_without_any_result_it_gives_the_command(home, monkeypatch):
    monkeypatch.setattr("finmodel.ui.results.published_root", lambda: home / "none")
    page = app()
    assert not page.exception
    assert "finmodel run" in page.code[0].value


def test_a_published_result_without_its_files_is_not_offered(home, monkeypatch):
    shutil.copytree(published_root(), home / "published")
    for path in (home / "published" / "runs").rglob("gap_total.parquet"):
        path.unlink()
    monkeypatch.setattr("finmodel.ui.results.published_root", lambda: home / "published")
    assert app().code
