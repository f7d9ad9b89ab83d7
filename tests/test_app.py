"""The page: without runs, with a run, in both languages, with a broken run."""

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from finmodel.study.single import run_scenario
from finmodel.study.stored_draws import draw_and_store
from tests.conftest import small


def page(root):
    script = (
        f"from pathlib import Path\nfrom finmodel.ui.home import main\nmain(Path({str(root)!r}))\n"
    )
    return AppTest.from_string(script, default_timeout=60).run()


def test_without_runs_it_says_what_to_do(tmp_path):
    app = page(tmp_path)
    assert not app.exception
    assert "finmodel run" in app.info[0].value


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    root = tmp_path_factory.mktemp("runs")
    run_scenario(small(), paths=3, seed=1, root=root)
    return root


def test_it_answers_first_and_shows_every_number(runs):
    app = page(runs)
    assert not app.exception
    assert "go unfunded" in app.markdown[0].value
    assert isinstance(app.dataframe[0].value, pd.DataFrame)
    assert len(app.dataframe[0].value) == 4
    assert len(app.dataframe[1].value) > 150
    app.radio[0].set_value("stage").run()
    assert not app.exception
    assert len(app.dataframe[0].value) == 6


def test_it_speaks_chinese(runs):
    app = page(runs)
    app.segmented_control[0].set_value("中文").run()
    assert not app.exception
    assert app.title[0].value == "长三角基准情景"
    assert "缺口率" in " ".join(app.dataframe[0].value.columns)


def test_a_broken_run_is_a_message(runs, tmp_path):
    import shutil

    shutil.copytree(runs, tmp_path / "runs")
    next((tmp_path / "runs").glob("*/gap_total.parquet")).write_bytes(b"x")
    app = page(tmp_path / "runs")
    assert not app.exception
    assert "cannot be read" in app.error[0].value


def test_draws_in_the_same_folder_are_not_offered_as_a_run(tmp_path):
    scenario = small('births.total_pa={dist="uniform", low=1000, high=3000}')
    draw_and_store(scenario, draws=2, paths=2, seed=1, root=tmp_path)
    app = page(tmp_path)
    assert not app.exception
    assert "finmodel run" in app.info[0].value
