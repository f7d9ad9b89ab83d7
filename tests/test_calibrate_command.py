"""`finmodel calibrate` from a user's CSV to a scenario that runs, and what it refuses."""

import json
import re
import threading
from dataclasses import replace

import pandas as pd
import pytest
from typer.testing import CliRunner

from finmodel.cli.calibrate_command import years_of
from finmodel.cli.main import app
from finmodel.datasets.deal_records import read_deals
from finmodel.errors import Interrupted
from finmodel.report.calibration import quiet_end, words_of
from finmodel.scenario import load_scenario
from finmodel.study import calibrate as study
from finmodel.study.calibrate import CalibrationPlan, calibrate_deals
from tests.conftest import YRD
from tests.studies.generated_deals import generate

ROUTES = {"mna": "acquired", "write_off": "closed"}


def write_deals(path):
    """Write a user's list of deals in the documented form."""
    book = generate(11, 2400)
    rounds = book.rounds
    frame = pd.DataFrame(
        {
            "firm": rounds["firm"],
            "date": rounds["date"].dt.strftime("%Y-%m-%d"),
            "round": rounds["stage"].replace({"": "venture"}),
            "amount": rounds["amount_mcny"].map(lambda x: "" if x != x else f"{x * 1e6:.0f}"),
            "currency": "CNY",
            "region": "SH",
            "sector": rounds["firm"].map(book.firms.set_index("firm")["sector"]),
            "investors": "",
            "status": "",
        }
    )
    frame.to_csv(path, index=False)
    return path


@pytest.fixture(scope="module")
def deals(tmp_path_factory):
    return write_deals(tmp_path_factory.mktemp("deals") / "my_deals.csv")


@pytest.fixture
def quick(monkeypatch):
    """A calibration of small markets and few trials: what is tested is not its precision."""
    monkeypatch.setattr(study, "SIMULATED_PATHS", 4)
    monkeypatch.setattr(study, "SIMULATED_SCALE", 0.05)
    monkeypatch.setattr("finmodel.calibrate.match.MAX_TRIALS", 2)


def call(*arguments):
    return CliRunner().invoke(app, ["calibrate", *map(str, arguments)])


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_records_that_fall_silent_before_their_last_day_are_said(deals, lang):
    book = read_deals(deals, price_year=2022)
    assert quiet_end(book, words_of(lang)) == []
    late = replace(book, as_of=book.as_of + pd.Timedelta(days=400))
    (sentence,) = quiet_end(late, words_of(lang))
    assert "400" in sentence
    assert f"{book.as_of:%Y-%m-%d}" in sentence


def test_a_user_s_file_gives_a_scenario_that_runs(deals, quick, tmp_path):
    out = tmp_path / "mine.toml"
    done = call(deals, "--out", out, "--imputations", 3, "--as-of", "2013-10-01", "--json")
    assert done.exit_code == 0, done.output
    found = json.loads(done.stdout)
    assert found["cohorts"] == [2007, 2009, 2011]
    assert found["held_out"] == [2008, 2010, 2012]
    assert not set(found["cohorts"]) & set(found["held_out"])
    scenario = load_scenario(out)
    rate = scenario.stages["A"].milestone_rate_pa
    assert rate.source == "user"
    assert "my_deals.csv sha256" in rate.note
    keys = {row["key"] for row in found["estimates"]}
    assert {"stages.angel.failure_rate_pa", "firms.size_log_sd"} <= keys
    why = {row["what"]: row["reason"] for row in found["refused"]}
    assert "no such stage" in why["stages.lab.milestone_rate_pa"]
    page = (tmp_path / "mine_calibration" / "report_en.html").read_text(encoding="utf-8")
    assert page.count("<svg") >= 3
    assert "src=" not in page
    assert re.findall(r'href="(http[^"]*)"', page) == []
    chinese = (tmp_path / "mine_calibration" / "report_zh.html").read_text(encoding="utf-8")
    assert "基于交易记录的校准" in chinese
    kept = sorted(item.name for item in tmp_path.iterdir())
    assert kept == ["mine.toml", "mine_calibration"]
    again = call(deals, "--out", out)
    assert again.exit_code == 2
    assert "--force" in again.output


def test_what_is_printed_names_cohorts_and_refusals(deals, quick, tmp_path):
    out = tmp_path / "mine.toml"
    options = ("--imputations", 2, "--cohorts", "2007-2009", "--hold-out", "none", "--lang", "zh")
    done = call(deals, "--out", out, "--as-of", "2013-10-01", *options)
    assert done.exit_code == 0, done.output
    assert "2007, 2008, 2009" in done.output
    assert "没有留出队列" in done.output
    assert "stages.lab.milestone_rate_pa" in done.output


def test_every_bad_option_is_named_at_once(deals, tmp_path):
    options = ("--cohorts", "20x7", "--hold-out", "2009-2007", "--as-of", "soon")
    done = call(deals, "--out", tmp_path / "x.toml", *options)
    assert done.exit_code == 2
    for place in ("--cohorts", "--hold-out", "--as-of"):
        assert place in done.output
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["x.txt", "nowhere/x.toml"])
def test_a_place_that_cannot_be_written_is_refused_before_any_work(deals, tmp_path, name):
    done = call(deals, "--out", tmp_path / name)
    assert done.exit_code == 2
    assert "--out" in done.output


def test_all_cohorts_held_out_is_refused(deals, tmp_path):
    options = ("--cohorts", "2008", "--hold-out", "2008", "--as-of", "2013-10-01")
    done = call(deals, "--out", tmp_path / "x.toml", *options)
    assert done.exit_code == 3
    assert "nothing is left to fit to" in done.output


def test_records_too_few_to_estimate_say_so(tmp_path):
    path = tmp_path / "few.csv"
    rows = ["firm,date,round,amount,currency"]
    rows += [f"f{i},2008-0{1 + i % 9}-01,A,1000000,CNY" for i in range(60)]
    path.write_text("\n".join(rows) + "\n", encoding="utf-8")
    done = call(path, "--out", tmp_path / "x.toml", "--cohorts", "2008")
    assert done.exit_code == 3
    assert "no stage can be estimated" in done.output
    assert not (tmp_path / "x.toml").exists()


def test_interrupted_it_leaves_nothing(deals):
    cancel = threading.Event()
    plan = CalibrationPlan(deals, YRD, (2007, 2008), (), None, None, 1, 2)

    def stop(done, _total):
        if done >= 3:
            cancel.set()

    with pytest.raises(Interrupted, match="nothing is written"):
        calibrate_deals(plan, progress=stop, cancel=cancel)


def test_years_are_read_from_text():
    problems = []
    assert years_of("--cohorts", "2007-2009, 2011,2008", problems) == (2007, 2008, 2009, 2011)
    assert years_of("--cohorts", "", problems) == ()
    assert problems == []
    years_of("--cohorts", "1907,2009-2008,x", problems)
    assert len(problems) == 3
