"""A calibration written as a scenario: it loads, carries errors, and says where from."""

from dataclasses import replace

import numpy as np
import pytest

from finmodel.calibrate.estimates import Block, Calibration, Estimate
from finmodel.calibrate.write import Evidence, Titles, calibrated_text, log_error
from finmodel.scenario import load_scenario
from finmodel.scenario.walk import quantities
from tests.conftest import ROOT, YRD

TITLES = Titles("mine", "Mine", "我的", "Why?")
EVIDENCE = Evidence("DS_US2013", "commercial", "United States, first rounds in 2007.")


def item(key, value, error, unit="per year", n=100):
    return Estimate(key, value, error, unit, n, "a method", "A note.")


def calibration():
    rates = (
        item("stages.A.milestone_rate_pa", 0.3, 0.03),
        item("stages.A.failure_rate_pa", 0.1, 0.02),
        item("stages.B.failure_rate_pa", 0.05, 0.2),
    )
    sd = np.array([0.03, 0.02, 0.2])
    rho = np.array([[1.0, 0.6, 0.03], [0.6, 1.0, 0.0], [0.03, 0.0, 1.0]])
    spread = (item("firms.size_log_sd", 1.98, 0.05, "ln"),)
    extra = (item("extra.hazard.x", -3.0, 0.1, "ln"),)
    return Calibration(
        blocks=(
            Block("rates", rates, rho * np.outer(sd, sd)),
            Block("spread", spread, np.array([[0.05**2]])),
            Block("extra", extra, np.array([[0.01]])),
        )
    )


def test_a_number_of_all_firms_does_not_say_that_it_is_of_the_cohorts(tmp_path):
    known = calibration()
    sale = replace(item("exits.mna_value_multiple", 0.7, 0.1, "x"), is_of_cohorts=False)
    both = replace(known, blocks=(*known.blocks, Block("exits", (sale,), np.array([[0.01]]))))
    evidence = replace(EVIDENCE, words_of_all="United States, firms of all cohorts.")
    out = tmp_path / "mine.toml"
    text = calibrated_text(YRD, out, load_scenario(YRD), both, evidence=evidence, titles=TITLES)
    out.write_text(text, encoding="utf-8")
    found = dict(quantities(load_scenario(out)))
    assert found["exits.mna_value_multiple"].note.endswith("firms of all cohorts.")
    assert found["stages.A.milestone_rate_pa"].note.endswith("first rounds in 2007.")


def written(tmp_path, base=YRD, evidence=EVIDENCE):
    out = tmp_path / "deep" / "mine.toml"
    out.parent.mkdir(parents=True)
    text = calibrated_text(
        base, out, load_scenario(base), calibration(), evidence=evidence, titles=TITLES
    )
    out.write_text(text, encoding="utf-8")
    return text, load_scenario(out)


def test_the_written_scenario_carries_estimates_errors_and_source(tmp_path):
    text, scenario = written(tmp_path)
    found = dict(quantities(scenario))
    rate = found["stages.A.milestone_rate_pa"]
    assert rate.centre == pytest.approx(0.3, rel=1e-9)
    assert rate.value.log_sd == pytest.approx(0.1)
    assert (rate.source, rate.grade) == ("DS_US2013", "commercial")
    assert "n = 100" in rate.note
    assert "Standard error 0.03" in rate.note
    assert text.startswith("extends = ")
    assert scenario.meta.name == "mine"
    others = dict(quantities(load_scenario(YRD)))
    changed = {name for name in others if found[name] != others[name]}
    assert changed == {
        "stages.A.milestone_rate_pa",
        "stages.A.failure_rate_pa",
        "stages.B.failure_rate_pa",
        "firms.size_log_sd",
    }


def test_a_belief_stays_within_the_allowed_range_with_its_median(tmp_path):
    _, scenario = written(tmp_path)
    belief = scenario.firms.size_log_sd
    assert belief.value.high < 2.0
    assert belief.centre == pytest.approx(1.98, rel=1e-9)


def test_what_is_not_identified_is_a_value_and_says_so(tmp_path):
    _, scenario = written(tmp_path)
    rate = scenario.stages["B"].failure_rate_pa
    assert not rate.is_uncertain
    assert "not identified" in rate.note
    assert log_error(item("x", 0.05, 0.2)) == 0.0
    assert log_error(item("x", 0.05, float("nan"))) == 0.0


def test_correlations_of_beliefs_are_written_and_small_ones_are_not(tmp_path):
    _, scenario = written(tmp_path)
    pairs = [(pair.a, pair.b, pair.rho) for pair in scenario.correlations]
    assert pairs == [("stages.A.milestone_rate_pa", "stages.A.failure_rate_pa", 0.6)]


def test_impossible_correlations_are_pulled_in(tmp_path):
    names = [f"stages.{k}.milestone_rate_pa" for k in ("angel", "A", "B")]
    rho = np.array([[1.0, 0.9, 0.04], [0.9, 1.0, 0.9], [0.04, 0.9, 1.0]])
    block = Block("rates", tuple(item(n, 0.3, 0.03) for n in names), rho * 0.03**2)
    out = tmp_path / "x.toml"
    text = calibrated_text(
        YRD,
        out,
        load_scenario(YRD),
        Calibration((block,)),
        evidence=EVIDENCE,
        titles=TITLES,
    )
    out.write_text(text, encoding="utf-8")
    assert len(load_scenario(out).correlations) >= 2


def test_a_base_that_extends_another_is_written_whole(tmp_path):
    base = ROOT / "scenarios" / "stress_ipo_halt.toml"
    text, scenario = written(tmp_path, base)
    assert "extends" not in text
    assert scenario.environment.stress
    assert scenario.stages["A"].milestone_rate_pa.centre == pytest.approx(0.3)


def test_a_user_s_records_are_graded_as_assumed(tmp_path):
    evidence = Evidence("user", "assumed", "Records x.csv (x.csv sha256 0123).")
    _, scenario = written(tmp_path, evidence=evidence)
    rate = scenario.stages["A"].milestone_rate_pa
    assert (rate.source, rate.grade) == ("user", "assumed")
    assert "sha256" in rate.note


def test_blocks_are_checked():
    with pytest.raises(ValueError, match="covariance of shape"):
        Block("x", (item("a", 1.0, 0.1),), np.zeros((2, 2)))
    with pytest.raises(ValueError, match="twice"):
        Block("x", (item("a", 1.0, 0.1), item("a", 1.0, 0.1)), np.eye(2))


def test_a_calibration_lists_its_estimates_once():
    table = calibration().table()
    assert len(table) == 5
    assert table.loc[0, "low_95"] == pytest.approx(0.3 * np.exp(-0.1959964))
    assert list(calibration().correlations(0.5)) == [
        ("stages.A.milestone_rate_pa", "stages.A.failure_rate_pa", pytest.approx(0.6))
    ]
