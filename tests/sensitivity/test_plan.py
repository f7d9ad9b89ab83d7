"""Plans of sensitivity studies: what is refused, and what varies together."""

import numpy as np
import pytest

from finmodel.errors import ScenarioError
from finmodel.scenario.sensitivity_plan import goal_test
from finmodel.study.sensitivity import designs_of, load_study, study_digest
from finmodel.study.sensitivity_arms import make_arms
from tests.conftest import ROOT

PLAN = ROOT / "scenarios" / "studies" / "sensitivity_yrd.toml"


@pytest.fixture(scope="module")
def inputs():
    return load_study(PLAN)


def test_the_shipped_plan_is_valid_and_its_policies_are_of_one_size(inputs):
    budgets = {
        scenario.programmes["joint_fund"].budget_mcny_pa.centre
        for arm, scenario in inputs.scenarios.items()
        if arm
    }
    assert budgets == {20000.0}
    assert {s.run.scale for s in inputs.scenarios.values()} == {inputs.plan.run.scale}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ('outcomes=["gap_rate"]', ["outcomes", "'gap_rate'", "did you mean 'gap_rate_"]),
        ('outcomes=["net_gap"]', ["did you mean 'net_gap_"]),
        ('numbers=["birth.*"]', ["numbers", "'birth.*'", "a pattern of dotted names"]),
        ('numbers=["run.paths"]', ["numbers"]),
        ('numbers=["viability.social_rate_pa"]', ["which is certain", "graded"]),
        ('numbers=["capital.total_mcny_pa"]', ["1 factor", "at least two"]),
        ("indices.rows=30", ["indices.rows", "got 30", "a power of two, as 32"]),
        ("indices.rowz=32", ["did you mean 'rows'"]),
        ("draws.number=100", ["a power of two, as 128"]),
        ('goals.crowds_in.goal="net_gap_n = 4"', ["goals.crowds_in.goal", ">="]),
        ('goals.crowds_in.policy="prorata"', ["goals.crowds_in.policy", "'pro_rata'"]),
        ('goals.crowds_in.goal="gap_n < 4"', ["goals.crowds_in.policy", "net_ before the outcome"]),
        ('information.options=["none","pro_rat"]', ["information.options", "'pro_rata'"]),
        ('information.options=["none","none"]', ["each once"]),
        ('scenario="nowhere.toml"', ["nowhere.toml", "no such file"]),
        ('priors="gradet"', ["did you mean 'graded'"]),
        ("run.scale=2", ["run.scale"]),
    ],
)
def test_a_wrong_plan_says_what_is_wrong(change, words):
    with pytest.raises(ScenarioError) as caught:
        make_arms(load_study(PLAN, [change]), str(PLAN))
    for word in words:
        assert word in str(caught.value)


def test_every_problem_is_told_at_once():
    changes = ["indices.rows=30", 'information.options=["none","pro_rat"]', 'priors="gradet"']
    with pytest.raises(ScenarioError) as caught:
        load_study(PLAN, changes)
    assert len(caught.value.problems) == 3


def test_a_plan_without_policies_has_no_differences(tmp_path):
    text = PLAN.read_text()
    start, end = text.index("[policies]"), text.index("[screening]")
    plan = tmp_path / "plan.toml"
    plan.write_text((text[:start] + text[end:]).replace('"../', f'"{ROOT}/scenarios/'))
    with pytest.raises(ScenarioError) as caught:
        load_study(plan)
    assert "the plan has no policies" in str(caught.value)
    assert "goals.crowds_in.policy" in str(caught.value)


def test_numbers_that_are_linked_come_along_and_are_one_factor():
    """Births in general sectors: three shares drawn as one, linked to splits and to friction."""
    share = "sectors.consumer_services.birth_share"
    asked = [f'numbers=["births.total_pa", "{share}"]']
    arms = make_arms(load_study(PLAN, asked), str(PLAN))
    assert arms.axes.members(0) == ("births.total_pa",)
    own = arms.axes.members(1)
    assert {share, "births.region_index.SH", "friction.pairs.JS>SH"} <= set(own)
    followers = {n for n in arms.numbers if n in arms.followers}
    assert followers >= {
        "sectors.business_services.birth_share",
        "sectors.traditional_industry.birth_share",
    }
    assert arms.label(1) == f"{own[0]} +{len(own) - 1 + len(followers)}"
    assert set(np.bincount(arms.axes.group)[1:]) == {len(own)}


def test_the_centre_is_the_median_of_every_arm_and_levels_are_shared(inputs):
    arms = make_arms(inputs, str(PLAN))
    middle, numbers = arms.at(np.full(len(arms.axes.names), 0.5))
    for name, quantity in arms.numbers.items():
        assert numbers[name] == pytest.approx(quantity.centre), name
    assert set(middle) == {"", "pro_rata", "early_tilt"}
    other, _ = arms.at(np.full(len(arms.axes.names), 0.9))
    share = {
        arm: item.programmes["joint_fund"].new_private_share.centre
        for arm, item in other.items()
        if arm
    }
    assert share["pro_rata"] == share["early_tilt"]
    assert not any(item.correlations or item.together for item in other.values())
    assert other[""].capital == other["pro_rata"].capital != middle[""].capital


def test_arms_that_state_other_correlations_are_refused(inputs):
    changed = dict(inputs.scenarios)
    changed["pro_rata"] = changed["pro_rata"].model_copy(update={"correlations": ()})
    broken = type(inputs)(inputs.plan, changed, inputs.priors)
    with pytest.raises(ScenarioError, match="not the baseline's"):
        make_arms(broken, str(PLAN))


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("net_gap_n >= 5", ("net_gap_n", ">=", 5.0)),
        ("gap_rate_mcny<0.25", ("gap_rate_mcny", "<", 0.25)),
        ("gap_n >= -1e3", ("gap_n", ">=", -1000.0)),
    ],
)
def test_goals_are_read(text, parts):
    test = goal_test(text)
    assert (test.outcome, test.sign, test.threshold) == parts


@pytest.mark.parametrize("text", ["gap_n", "gap_n = 5", "gap_n >= e", "gap_n >= 5 or 6", ">= 5"])
def test_what_is_no_goal_is_not_read(text):
    assert goal_test(text) is None


def test_units_are_counted_and_the_digest_holds_the_plan(inputs):
    arms = make_arms(inputs, str(PLAN))
    designs = designs_of(inputs.plan, arms)
    screening = 10 * (arms.axes.n_groups + 1)
    tornado = 1 + 2 * len(arms.axes.names)
    assert designs.n_units == 3 * (screening + tornado + 64 * 8 + 256 - 128)
    other = load_study(PLAN, ["indices.rows=128"])
    assert study_digest(inputs, "x") != study_digest(other, "x")
    assert study_digest(inputs, "x") == study_digest(load_study(PLAN), "x")
