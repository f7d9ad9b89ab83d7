"""The model against the evidence: the rule, what counts as a test, the page, the command."""

import json
import re

import numpy as np
import pandas as pd
import pytest
from markupsafe import escape
from typer.testing import CliRunner

from finmodel.cli.main import app
from finmodel.datasets import read_targets
from finmodel.errors import ScenarioError
from finmodel.evaluate.validation import (
    CONTEXT,
    ELSEWHERE,
    FITTED,
    TEST,
    fitted_also,
    judge,
    tally,
)
from finmodel.report.validation import validation_page, verdict_sentences
from finmodel.scenario import load_scenario
from finmodel.study.validate import policy_worlds, size_of, validation_tables
from tests.conftest import ROOT, YRD, small

runner = CliRunner()


def figures(**values):
    """Model values of some targets, known exactly and without chance."""
    rows = [
        {"target": name, "value": value, "se": 0.0, "chance_sd": 0.0, "q05": value, "q95": value}
        for name, value in values.items()
    ]
    return pd.DataFrame(rows)


def verdicts(values):
    return judge(read_targets(), values).set_index("target")


def test_inside_is_within_nine_of_ten_of_what_would_be():
    error = 179.05
    for distance, verdict in ((1.64, "inside"), (1.65, "outside"), (-1.64, "inside")):
        found = verdicts(figures(deals_all=3581.0 + distance * error))
        assert found.loc["deals_all", "verdict"] == verdict
        assert found.loc["deals_all", "distance"] == pytest.approx(abs(distance), rel=1e-6)


def test_errors_of_the_run_and_of_chance_count():
    values = figures(deals_all=3581.0 + 600.0)
    assert verdicts(values).loc["deals_all", "verdict"] == "outside"
    for name in ("se", "chance_sd"):
        wide = verdicts(values.assign(**{name: 400.0}))
        assert wide.loc["deals_all", "verdict"] == "inside"
        assert wide.loc["deals_all", "distance"] == pytest.approx(600 / np.hypot(179.05, 400))


def test_signs_are_right_wrong_or_unclear():
    for value, verdict in ((-1.0, "inside"), (1.0, "outside"), (0.0, "unclear")):
        found = verdicts(figures(neighbour_deals=value))
        assert found.loc["neighbour_deals", "verdict"] == verdict
        assert np.isnan(found.loc["neighbour_deals", "distance"])


def test_what_counts_as_a_test():
    parts = verdicts(figures(deals_all=1.0))["part"]
    assert parts["deals_all"] == FITTED
    assert parts["graduation_24m_A_2012"] == TEST
    assert parts["us_graduation_24m_A"] == ELSEWHERE
    assert parts["graduation_36m_A"] == CONTEXT
    assert parts["state_lp_share"] == CONTEXT


def test_what_a_scenario_was_fitted_to_is_no_test_of_it_nor_are_the_same_years():
    targets = fitted_also(read_targets(), ["first_round_share", "graduation_36m_A", "deals_all"])
    parts = judge(targets, figures(deals_all=1.0)).set_index("target")["part"]
    assert parts["first_round_share"] == FITTED
    assert parts["graduation_36m_A"] == FITTED  # cohorts of 2005 to 2013
    assert parts["graduation_24m_A_2012"] == CONTEXT
    assert parts["graduation_24m_angel_2010"] == CONTEXT  # the same file and years
    assert parts["new_fund_size"] == TEST
    shipped = load_scenario(ROOT / "scenarios/policy_pro_rata.toml").fitted_to
    assert "deals_all" in shipped  # a scenario that extends another is fitted to what that was
    assert fitted_also(read_targets(), shipped).equals(read_targets())
    with pytest.raises(ScenarioError, match="did you mean 'deals_all'"):
        fitted_also(read_targets(), ["deals_al"])


def test_misses_come_first_and_the_farthest_at_the_top():
    values = figures(deals_all=3581.0, split_SH=0.9, split_JS=0.6, split_ZJ=0.25)
    fitted = (read_targets()["use"] == "fit").sum()
    found = judge(read_targets(), values)
    assert found["target"].tolist()[:2] == ["split_SH", "split_JS"]
    assert found["verdict"].tolist()[:5] == [
        "outside",
        "outside",
        "inside",
        "inside",
        "not measured",
    ]
    counts = tally(found).set_index(["part", "group"])
    assert counts.loc[(FITTED, "all"), ["inside", "outside"]].tolist() == [2, 2]
    assert counts.loc[(FITTED, "all"), "targets"] == fitted
    assert counts.loc[(TEST, "all"), "not_measured"] == counts.loc[(TEST, "all"), "targets"]


@pytest.fixture(scope="module")
def tables():
    return validation_tables(small("run.years=8"), size_of(4, 5, 4), threads=2)


def test_a_validation_measures_what_the_delta_can_show(tables):
    found = tables["targets"].set_index("target")
    unmeasured = set(found.index[found["verdict"] == "not measured"])
    assert unmeasured == {"deals_china", "money_china", "top_five_provinces"}
    assert tables["left_out"].empty
    assert set(tables["tally"]["part"]) == {TEST, ELSEWHERE, FITTED, CONTEXT}


def test_a_wrong_scenario_is_flagged(tables):
    """With a sixth of the commitments and three times the firms money is outside."""
    wrong = small("run.years=8", "capital.total_mcny_pa=100000", "births.total_pa=6000")
    found = validation_tables(wrong, size_of(4, 5, 0), threads=2)["targets"].set_index("target")
    assert found.loc["money_all", "verdict"] == "outside"
    right = tables["targets"].set_index("target")
    assert right.loc["money_all", "verdict"] == "inside"


def test_what_cannot_be_compared_is_said():
    worlds, reason = policy_worlds(load_scenario(ROOT / "scenarios/china31_baseline.toml"))
    assert not worlds
    assert "other regions" in reason
    few = validation_tables(small("run.years=4"), size_of(4, 5, 0), threads=2)
    assert few["left_out"]["reason"].tolist() == ["no paths of policies were asked for"]


def test_options_that_would_change_nothing_are_refused(tmp_path):
    words = ["validate", str(YRD), "--backtest", "--seed", "3", "--set", "run.scale=1"]
    result = runner.invoke(app, [*words, "--out", str(tmp_path)])
    assert result.exit_code == 2
    for name in ("SCENARIO", "--seed", "--set", "3 problem(s)"):
        assert name in result.output
    words = ["validate", "--deals", "x.csv", "--cutoff", "2009-12-31", "--out", str(tmp_path)]
    result = runner.invoke(app, words)
    assert result.exit_code == 2
    assert "2 problem(s)" in result.output


def test_too_few_paths_are_refused():
    with pytest.raises(ScenarioError) as error:
        size_of(3, 1, 2)
    assert len(error.value.problems) == 2


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_the_page_stands_alone_and_hides_nothing(tables, lang):
    manifest = {"scale": 0.02, "title_en": "<b>Delta</b>", "title_zh": "<b>长三角</b>"}
    manifest |= {"paths": 4, "seed": 5, "policy_paths": 4, "version": "0"}
    text = validation_page(tables, manifest, lang)
    assert "<b>" not in text
    addresses = set(re.findall(r"https?://[^\"'< ]+", text))
    assert addresses <= {"http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"}
    assert not re.search(r"<(script|link|img|iframe)", text)
    body = re.sub(r"<svg.*?</svg>", "", text, flags=re.DOTALL)
    for label in tables["targets"][f"label_{lang}"]:
        assert str(escape(label)) in body
    assert text.count("<svg") == 4
    assert "0.02" in body
    for sentence in verdict_sentences(tables["tally"], lang):
        assert sentence in body


def test_the_command_prints_stores_and_finds_again(tmp_path):
    arguments = [
        "validate",
        str(YRD),
        "--paths",
        "4",
        "--policy-paths",
        "0",
        "--out",
        str(tmp_path),
    ]
    arguments += ["--set", "run.scale=0.02", "--set", "run.years=4", "--set", "run.warm_up_years=4"]
    first = runner.invoke(app, [*arguments, "--lang", "zh"])
    assert first.exit_code == 0, first.output
    assert "模型与证据对照" in first.output
    again = runner.invoke(app, [*arguments, "--json"])
    assert again.exit_code == 0
    found = json.loads(again.stdout)
    assert found["policy_paths"] == 0
    assert len(found["targets"]) == len(read_targets())
    folders = [path for path in tmp_path.iterdir() if path.is_dir()]
    assert len(folders) == 1
    assert {path.name for path in folders[0].glob("*.html")} == {
        "validation_en.html",
        "validation_zh.html",
    }


def test_a_wrong_language_is_refused(tmp_path):
    result = runner.invoke(app, ["validate", str(YRD), "--lang", "fr", "--out", str(tmp_path)])
    assert result.exit_code == 2
    assert "en or zh" in result.output
    assert not list(tmp_path.iterdir())
