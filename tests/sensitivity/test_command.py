"""A small study from the plan to the page."""

import json
import re
import threading

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from finmodel.cli.main import app
from finmodel.errors import Interrupted
from finmodel.measure.headlines import column
from finmodel.study.sensitivity import find_or_run_sensitivity, load_study
from finmodel.study.sensitivity_arms import make_arms
from finmodel.study.sensitivity_units import Conclusion, Player
from tests.conftest import ROOT

TEXT = f"""
schema_version = 1
scenario = "{ROOT}/scenarios/yrd_baseline.toml"
priors = "graded"
numbers = ["capital.total_mcny_pa", "births.total_pa", "programmes.*.new_private_share"]
outcomes = ["gap_rate_n", "deals_n", "net_private_invested_mcny"]
changes = ["run.years=1", "run.warm_up_years=2"]

[meta]
name = "small"
title_en = "A small study"
title_zh = "小型研究"
question = "What matters?"

[run]
paths = 4
scale = 0.01
seed = 7

[policies]
fund = "{ROOT}/scenarios/policy_pro_rata.toml"

[screening]
trajectories = 4
pool = 0

[indices]
rows = 16
top = 1

[tornado]
tail = 0.05

[draws]
number = 64

[goals.many_deals]
goal = "deals_n >= 2600"

[information]
options = ["none", "fund"]
objective = {{ private_invested_mcny = 1.0 }}
unit_en = "million CNY"
unit_zh = "百万元"
note = "A test."
"""
TABLES = {
    *("numbers", "screening", "indices", "tornado", "outcomes", "draws", "answer"),
    *("goals", "boxes", "options", "choice", "information", "failures"),
}


@pytest.fixture(scope="module")
def plan(tmp_path_factory):
    file = tmp_path_factory.mktemp("plan") / "small.toml"
    file.write_text(TEXT, encoding="utf-8")
    return file


@pytest.fixture(scope="module")
def stored(plan, tmp_path_factory):
    """A study that was stopped on the way, and then went on."""
    root = tmp_path_factory.mktemp("out")
    inputs, cancel = load_study(plan), threading.Event()

    def stop(done, _):
        if done >= 60:
            cancel.set()

    with pytest.raises(Interrupted):
        find_or_run_sensitivity(inputs, plan, root=root, progress=stop, cancel=cancel)
    seen = []
    found = find_or_run_sensitivity(
        inputs, plan, root=root, progress=lambda done, total: seen.append((done, total))
    )
    assert not found.is_reused
    assert seen[-1][0] == seen[-1][1]
    return found.folder


def run_cli(*args):
    return CliRunner().invoke(app, ["sensitivity", *map(str, args)], env={"COLUMNS": "120"})


def test_every_table_is_stored_and_found_again(stored, plan):
    assert {path.stem for path in stored.glob("*.parquet")} >= TABLES
    again = find_or_run_sensitivity(load_study(plan), plan, root=stored.parent)
    assert again.is_reused
    assert again.folder == stored
    assert not len(pd.read_parquet(stored / "failures.parquet"))


def test_tables_are_of_every_conclusion_and_factor(stored):
    indices = pd.read_parquet(stored / "indices.parquet")
    assert indices.groupby(["policy", "outcome"]).size().tolist() == [2, 2, 2]
    assert "others" in set(indices["factor"])
    draws = pd.read_parquet(stored / "draws.parquet")
    assert len(draws) == 64
    assert {"capital.total_mcny_pa", "deals_n", "fund:net_private_invested_mcny"} <= set(draws)
    swing = pd.read_parquet(stored / "tornado.parquet")
    own = swing[(swing["outcome"] == "deals_n") & (swing["name"] == "capital.total_mcny_pa")]
    assert own["low"].item() < 674300 < own["high"].item()
    # A number of the programme moves nothing where there is none.
    still = swing[(swing["policy"] == "") & swing["name"].str.startswith("programmes")]
    assert (still["swing"] == 0.0).all()


def test_outcomes_are_paired_and_in_the_size_of_the_market(plan, tmp_path):
    inputs = load_study(plan)
    arms = make_arms(inputs, str(plan))
    player = Player(arms, paths=4, seed=7, scale=0.01, root=tmp_path, total=2)
    played = player.play(np.full((1, len(arms.axes.names)), 0.5))
    base, fund = (column(played.by_path[arm], "private_invested_mcny") for arm in ("", "fund"))
    found = played.outcomes(Conclusion("fund", "net_private_invested_mcny"))
    assert found.value[0] == pytest.approx((fund - base).mean() / 0.01)
    error = (fund - base).std(ddof=1) / 2.0 / 0.01
    assert np.sqrt(found.squared_error()[0]) == pytest.approx(error)
    rate = played.outcomes(Conclusion("", "gap_rate_n")).value[0]
    gap, ask = (column(played.by_path[""], name).sum() for name in ("gap_n", "viable_ask_n"))
    assert rate == pytest.approx(gap / ask)
    benefit = played.benefit("fund", {"private_invested_mcny": 2.0, "deals_n": 0.0})
    assert benefit.value[0] == pytest.approx(2.0 * found.value[0])


def test_a_unit_that_fails_is_left_out_and_told(plan, tmp_path):
    inputs = load_study(plan)
    arms = make_arms(inputs, str(plan))
    points = np.full((2, len(arms.axes.names)), 0.5)
    whole = arms.at

    def broken(point):
        scenarios, numbers = whole(point)
        limit = scenarios[""].funds["independent_vc"].ticket_share
        bad = limit.model_copy(update={"value": 0.99})
        funds = dict(scenarios[""].funds)
        funds["independent_vc"] = funds["independent_vc"].model_copy(update={"ticket_share": bad})
        if point[0] > 0.7:
            scenarios[""] = scenarios[""].model_copy(update={"funds": funds})
        return scenarios, numbers

    points[1, 0] = 0.8
    object.__setattr__(arms, "at", broken)
    player = Player(arms, paths=4, seed=7, scale=0.01, root=tmp_path, total=4)
    played = player.play(points)
    assert len(played.errors) == 1
    assert "ticket_share" in played.errors[0]
    value = played.outcomes(Conclusion("fund", "net_private_invested_mcny")).value
    assert np.isfinite(value).tolist() == [True, False]


@pytest.mark.parametrize(("lang", "words"), [("en", "not known"), ("zh", "无法判断")])
def test_the_command_prints_the_answer_and_writes_the_page(stored, plan, tmp_path, lang, words):
    page = tmp_path / "page.html"
    result = run_cli(plan, "--out", stored.parent, "--page", page, "--lang", lang)
    assert result.exit_code == 0, result.output
    assert words in result.output
    assert str(stored) in result.output.replace("\n", "")
    text = page.read_text(encoding="utf-8")
    assert f'<html lang="{lang}">' in text
    assert "<svg" in text
    assert not re.search(r"(src|href)=", text)
    assert re.findall(r"https?://(?!www.w3.org)", text) == []


def test_json_is_whole(stored, plan):
    result = run_cli(plan, "--out", stored.parent, "--json")
    found = json.loads(result.stdout)
    assert {row["option"] for row in found["options"]} == {"none", "fund"}
    assert found["goals"][0]["text"] == "deals_n >= 2600"
    assert len(found["answer"]) == 6


def test_bad_input_ends_with_code_2(plan, tmp_path):
    for args in (
        [plan, "--set", "indices.rows=20"],
        [plan, "--lang", "fr"],
        [plan, "--page", tmp_path / "no" / "page.html"],
        [plan, "--workers", "2"],
        [tmp_path / "none.toml"],
    ):
        result = run_cli(*args, "--out", tmp_path)
        assert result.exit_code == 2, result.output
