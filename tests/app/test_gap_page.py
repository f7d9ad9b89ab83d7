"""The pages of the gap explorer and of flows: modes, languages, addresses, results of all sorts."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from streamlit.testing.v1 import AppTest

from finmodel.study.single import run_scenario
from finmodel.ui import results
from finmodel.ui.home import HOME_VARIABLE
from finmodel.ui.pages import gap
from tests.app.test_gap_rows import RUN
from tests.conftest import small


def _draw(name, language, mode):
    """Draw a page as the frame does, with its switches and its errors in words."""
    import importlib

    from finmodel.report.wording import Wording
    from finmodel.ui.main import _shown
    from finmodel.ui.state import View

    page = importlib.import_module(f"finmodel.ui.pages.{name}").page
    unit = "yi" if language == "zh" else "bn"
    _shown(page, View(Wording(language, unit), mode))()


def app(name, language="en", mode="reader", **query):
    test = AppTest.from_function(_draw, args=(name, language, mode), default_timeout=120)
    for key, value in query.items():
        test.query_params[key] = value
    return test.run()


def captions(page):
    return [caption.value for caption in page.caption]


def test_the_explorer_answers_where_and_why(home, monkeypatch):
    monkeypatch.setattr("finmodel.ui.pages.gap_why.is_same_scenario", lambda one, other: True)
    page = app("gap", run=RUN.name)
    assert not page.exception
    assert not page.error
    assert [shown.value for shown in page.subheader][:2] == ["Where", "When"]
    said = captions(page)
    assert any("not told from B round" in text for text in said)
    assert any("Scarcity of capital is the largest part" in text for text in said)
    assert any("Survey form gives 46.7 bn CNY" in text for text in said)
    assert any("firm" in text and "(persistent)" in text and "(delay)" in text for text in said)


def test_a_province_in_needs_in_chinese(home):
    page = app("gap", "zh", "manager", run=RUN.name, region="AH", side="n")
    assert not page.exception
    assert page.selectbox(key="region").value == "AH"
    said = captions(page)
    assert any(text.startswith("安徽：每年156.8笔中24.7笔未获资金") for text in said)
    assert any("未保存单省在此维度的区间" in text for text in said)
    assert page.metric[0].value == "60亿元"


def test_a_click_on_a_tile_is_taken_once(monkeypatch):
    def clicked(*codes):
        return {"selection": {"province": [{"iso": code} for code in codes]}}

    state = {"chart_gap_explorer": clicked("JS")}
    monkeypatch.setattr(gap.st, "session_state", state)
    regions = ["all", "JS", "ZJ"]
    gap._take_click(regions)
    assert state["region"] == "JS"
    state["region"] = "ZJ"  # then chosen in the list
    gap._take_click(regions)
    assert state["region"] == "ZJ"
    for other in (clicked("HK"), clicked()):  # not modelled, and clicked off
        state["chart_gap_explorer"] = other
        gap._take_click(regions)
        assert state["region"] == "ZJ"


def test_a_choice_goes_into_the_address(home):
    page = app("gap", run=RUN.name)
    page.selectbox(key="region").select("JS").run()
    assert not page.exception
    assert page.query_params["region"] == "JS"
    assert any(text.startswith("Jiangsu: 38 bn CNY") for text in captions(page))


@pytest.mark.parametrize(
    ("name", "query"),
    [("gap", {"region": "XX", "side": "usd"}), ("flows", {"investor": "../x"})],
)
def test_an_address_that_names_nothing_gives_the_default(home, name, query):
    page = app(name, **query)
    assert not page.exception
    assert not page.error


@pytest.mark.parametrize("name", ["gap", "flows"])
def test_without_any_result_it_gives_the_command(home, name, monkeypatch):
    monkeypatch.setattr("finmodel.ui.results.published_root", lambda: home / "none")
    page = app(name)
    assert not page.exception
    assert "finmodel run" in page.code[0].value


@pytest.fixture(scope="module")
def own(tmp_path_factory):
    """Return a folder with a run of one path, whose errors are not known."""
    root = tmp_path_factory.mktemp("home")
    run_scenario(small(), paths=1, seed=1, root=root / "runs")
    return root


@pytest.mark.parametrize(("name", "language"), [("gap", "en"), ("flows", "zh")])
def test_a_run_of_one_s_own_with_one_path_has_no_errors_to_show(own, name, language, monkeypatch):
    monkeypatch.setenv(HOME_VARIABLE, str(own))
    monkeypatch.setattr("finmodel.ui.results.published_root", lambda: own / "none")
    page = app(name, language)
    assert not page.exception
    assert not page.error
    assert not any("nan" in text for text in captions(page))
    if name == "gap":
        assert page.code[0].value == "finmodel why scenarios/yrd_baseline.toml"


@pytest.mark.parametrize(("name", "broken"), [("gap", "gap_stage"), ("flows", "flows")])
def test_a_broken_result_is_told_in_words(home, name, broken):
    _, stored = run_scenario(small(), paths=1, seed=2, root=home / "runs")
    (stored.folder / f"{broken}.parquet").write_bytes(b"no parquet")
    page = app(name, run=stored.folder.name)
    assert not page.exception
    assert "cannot be shown" in page.error[0].value


def test_a_decomposition_of_another_scenario_is_not_shown(own, monkeypatch):
    monkeypatch.setenv(HOME_VARIABLE, str(own))
    run = next(s for s in results.stored_results("runs", own) if s.origin == "yours")
    page = app("gap", run=run.key)
    assert not page.exception
    assert not any("largest part" in text for text in captions(page))
    assert any("No decomposition" in info.value for info in page.info)


def test_flows_by_investor(home):
    page = app("flows", run=RUN.name, investor="state_owned")
    assert not page.exception
    assert page.selectbox(key="investor").value == "state_owned"
    assert any("stays in the investors' own province" in text for text in captions(page))
    assert any("crossed a border in 2022" in text for text in captions(page))


@given(
    st.sampled_from(["gap_stage", "gap_region", "gap_year", "static_gap", "flows", "why_total"]),
    st.sampled_from([math.nan, 0.0, -1e6, 1e12]),
    st.integers(0, 2**32 - 1),
)
@settings(max_examples=4)
def test_results_with_holes_are_drawn(seen, value, seed):
    """Numbers of a published run may be missing, zero, negative or large: no page may break."""
    read = results._read

    def holed(folder, digest, table):
        frame = read(folder, digest, table)
        if table != seen:
            return frame
        rng = np.random.default_rng(seed)
        numbers = frame.select_dtypes("float64").columns
        rows = rng.integers(0, len(frame), 2)
        columns = rng.choice(numbers, min(len(numbers), 20), replace=False)
        changed = frame.copy()
        changed.loc[rows, columns] = value
        return changed

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(results, "_read", holed)
        page = app("flows" if seen == "flows" else "gap", run=RUN.name)
    assert not page.exception
    assert not page.error
