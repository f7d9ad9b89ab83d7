"""A table of commitments: read, refused, and carried into a scenario by `finmodel calibrate`."""

import json
import math

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from finmodel.calibrate.estimates import Block, Calibration, Estimate
from finmodel.calibrate.lp_supply import supply_block
from finmodel.calibrate.write import Evidence, Titles, calibrated_text, contradictions
from finmodel.cli.main import app
from finmodel.datasets.commitments import read_commitments, write_commitments_template
from finmodel.errors import DataError
from finmodel.scenario import load_scenario
from finmodel.scenario.walk import quantities
from tests.conftest import YRD
from tests.studies.recovery_tails import supply_table

CLASSES = ("private", "corporate", "state")
TITLES = Titles("mine", "Mine", "我的", "Why?")
EVIDENCE = Evidence("DS_US2013", "commercial", "United States, first rounds in 2007.")


def table_file(tmp_path, n_years=25):
    table = supply_table(np.random.default_rng(5), n_years)
    file = tmp_path / "commitments.csv"
    table.rename(columns={"past_return": "past_return_pa"}).to_csv(file, index=False)
    return file, table


def test_a_table_comes_back_as_it_was_written(tmp_path):
    file, table = table_file(tmp_path)
    found = read_commitments(file, CLASSES)
    columns = ["year", "lp_class", "commitments_mcny", "past_return", "market"]
    pd.testing.assert_frame_equal(found[columns], table[columns], check_dtype=False, rtol=1e-12)


def test_the_template_is_read_once_its_example_is_unmarked_and_in_chinese_too(tmp_path):
    file = write_commitments_template(tmp_path / "t.csv")
    text = file.read_text(encoding="utf-8-sig")
    example = next(line for line in text.splitlines() if "182000" in line).removeprefix("# ")
    file.write_text(text + example + "\n", encoding="utf-8")
    row = read_commitments(file, CLASSES).iloc[0]
    assert (row["year"], row["lp_class"], row["commitments_mcny"]) == (2021, "private", 182000)
    assert row["past_return"] == 0.14
    file.write_text('年份,认缴额（百万元）,过往回报\n2021,"182,000",14%\n', encoding="utf-8")
    row = read_commitments(file, CLASSES).iloc[0]
    assert (row["commitments_mcny"], row["past_return"]) == (182000, pytest.approx(0.14))
    with pytest.raises(DataError, match="free"):
        write_commitments_template(file)


def test_every_problem_is_listed_with_its_row(tmp_path):
    file = tmp_path / "bad.csv"
    lines = ["year,commitments_mcny,lp_class,past_return_pa", "2019.5,1e3,private,0.1"]
    lines += ["2020,-4,privat,0.1", "2021,many,state,12", ",5,state,", "2022,5,,"]
    file.write_text("\n".join(lines), encoding="utf-8")
    with pytest.raises(DataError) as caught:
        read_commitments(file, CLASSES)
    places = [problem.place for problem in caught.value.problems]
    ends = ["2: year", "3: commitments_mcny", "3: lp_class", "4: commitments_mcny"]
    ends += ["4: past_return_pa", "5: year"]
    assert [place.split("row ")[-1] for place in places[:-1]] == ends
    assert "lp_class" in places[-1]
    assert caught.value.problems[2].nearest == "private"


@pytest.mark.parametrize("text", ["", "a,b\n1,2\n", "year,commitments_mcny\n", "year\n2020\n"])
def test_a_file_without_the_table_is_refused(tmp_path, text):
    file = tmp_path / "bad.csv"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(DataError):
        read_commitments(file, CLASSES)


def test_slopes_become_normal_beliefs_that_name_their_table(tmp_path):
    _, table = table_file(tmp_path)
    block = supply_block(table, classes=CLASSES, rests_on="Table x.csv.")
    base = load_scenario(YRD)
    calibration = Calibration((block,))
    out = tmp_path / "mine.toml"
    text = calibrated_text(YRD, out, base, calibration, evidence=EVIDENCE, titles=TITLES)
    out.write_text(text, encoding="utf-8")
    found = dict(quantities(load_scenario(out)))
    loading = found["lps.private.cycle_loading"]
    estimate = next(e for e in block.estimates if e.key == "lps.private.cycle_loading")
    assert loading.value.dist == "normal"
    assert loading.centre == pytest.approx(estimate.value, rel=1e-5)
    assert loading.value.sd == pytest.approx(estimate.standard_error, rel=1e-3)
    assert (loading.source, loading.grade) == ("user", "assumed")
    assert "Table x.csv." in loading.note
    assert "United States" not in loading.note
    # The state does not answer returns: a belief cut at 0, not a factor of itself.
    response = found["lps.state.return_response"]
    assert response.value.low == 0.0
    assert response.value.high > 0.0
    rows = [row for row in load_scenario(out).correlations if "lps." in row.a]
    assert rows
    assert {row.source for row in rows} == {"user"}


def test_a_slope_that_contradicts_the_scenario_is_named_and_not_written(tmp_path):
    items = (
        Estimate("lps.private.return_response", -2.0, 0.5, "ln per 1/year", 9, "m", is_slope=True),
        Estimate("lps.state.return_response", -0.5, 0.5, "ln per 1/year", 9, "m", is_slope=True),
    )
    block = Block("lp_supply", items, np.diag([0.25, 0.25]))
    base = load_scenario(YRD)
    why = contradictions([block], base)
    assert list(why) == ["lps.private.return_response"]
    assert "-2" in why["lps.private.return_response"]
    out = tmp_path / "mine.toml"
    calibration = Calibration((block,))
    out.write_text(
        calibrated_text(YRD, out, base, calibration, evidence=EVIDENCE, titles=TITLES),
        encoding="utf-8",
    )
    found = dict(quantities(load_scenario(out)))
    before = dict(quantities(base))
    key = "lps.private.return_response"
    assert found[key].value == before[key].value
    assert 0.0 < found["lps.state.return_response"].centre < 1.0


def test_calibrate_writes_the_response_of_lps_from_a_table(tmp_path, monkeypatch):
    from finmodel.study import calibrate as study
    from tests.test_calibrate_command import write_deals

    monkeypatch.setattr(study, "SIMULATED_PATHS", 4)
    monkeypatch.setattr(study, "SIMULATED_SCALE", 0.05)
    monkeypatch.setattr("finmodel.calibrate.match.MAX_TRIALS", 2)
    file, table = table_file(tmp_path)
    deals = write_deals(tmp_path / "my_deals.csv")
    out = tmp_path / "mine.toml"
    options = ["--out", out, "--imputations", 2, "--as-of", "2013-10-01", "--json"]
    options += ["--hold-out", "none", "--commitments", file]
    done = CliRunner().invoke(app, ["calibrate", *map(str, [deals, *options])])
    assert done.exit_code == 0, done.output
    found = {row["key"]: row for row in json.loads(done.stdout)["estimates"]}
    block = supply_block(table, classes=CLASSES)
    for estimate in block.estimates:
        assert math.isclose(found[estimate.key]["value"], estimate.value, rel_tol=1e-9)
    written = dict(quantities(load_scenario(out)))
    assert "commitments.csv" in written["lps.private.cycle_loading"].note
