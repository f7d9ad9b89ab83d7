"""Graded priors: medians stay, ranges hold, switches and decisions are left, errors in words."""

import tomllib
from fnmatch import fnmatchcase

import numpy as np
import pytest
import tomli_w

from finmodel.errors import ScenarioError
from finmodel.scenario import Scenario, load_scenario, parameters, quantities
from finmodel.scenario.priors import (
    KIND_OF_UNIT,
    beliefs_table,
    kind_of,
    lay_priors,
    load_priors,
    priors_folder,
)
from finmodel.scenario.walk import declared
from finmodel.study.parameter_draws import Beliefs, belief_uniform
from tests.conftest import ROOT, small

GRADED = load_priors("graded")
FILES = sorted((ROOT / "scenarios").glob("*.toml"))
TREE = tomllib.loads((priors_folder() / "graded.toml").read_text(encoding="utf-8"))


def written(tmp_path, **changes):
    file = tmp_path / "mine.toml"
    file.write_text(tomli_w.dumps({**TREE, **changes}), encoding="utf-8")
    return file


@pytest.mark.parametrize("file", FILES, ids=lambda path: path.stem)
def test_every_scenario_keeps_its_medians_and_stays_valid(file):
    scenario = load_scenario(file)
    laid = lay_priors(scenario, GRADED)
    assert len(laid.names) > 300
    stated = dict(quantities(scenario))
    for name, quantity in quantities(laid.scenario):
        assert quantity.centre == pytest.approx(stated[name].centre, rel=1e-12)
    again = Scenario.model_validate(laid.scenario.model_dump())
    assert again == laid.scenario


@pytest.mark.parametrize("file", FILES[:1] + FILES[-1:], ids=lambda path: path.stem)
def test_every_draw_lies_in_its_range_and_keeps_its_sign(file):
    for name, quantity, spec in declared(lay_priors(load_scenario(file), GRADED).scenario):
        if quantity.is_uncertain:
            low, high = (quantity.at(p) for p in (1e-15, 1 - 1e-15))
            assert spec.low <= low < quantity.centre < high <= spec.high, name
            assert not (spec.is_low_open and low == spec.low), name
            assert low * high > 0.0, name


def test_switches_are_left_and_say_why():
    scenario = small(
        "levers.corridor.members={SH=0.5}", 'market.meetings_pp={dist="uniform", low=3, high=5}'
    )
    left = lay_priors(scenario, GRADED).left
    for name, reason in {
        "terms.participating": "a whole number",
        "firms.quality_mean": "zero: off",
        "funds.independent_vc.catch_up_share": "at an end of its range",
        "viability.margin": "a definition",
        "viability.social_rate_pa": "a choice",
        "firms.quality_sd": "a unit",
        "levers.corridor.members.SH": "a lever",
    }.items():
        assert left[name].startswith(reason), name
    assert "market.meetings_pp" not in left
    table = beliefs_table(lay_priors(scenario, GRADED), scenario).set_index("name")
    assert table.loc["market.meetings_pp", "origin"] == "stated"
    assert table.loc["births.total_pa", "origin"] == "prior"
    assert table.loc["terms.participating", "origin"] == ""
    assert (table["reason"] != "").equals(table["origin"] == "")


def test_a_stated_belief_stays_as_it_is():
    scenario = small('market.meetings_pp={dist="uniform", low=3, high=5}')
    laid = lay_priors(scenario, GRADED)
    assert "market.meetings_pp" not in laid.names
    assert laid.scenario.market.meetings_pp == scenario.market.meetings_pp


def test_the_last_part_of_a_stated_whole_gets_no_width_of_its_own():
    """A fit states shares against the last one: a width on that would be added to all of them."""
    scenario = load_scenario(ROOT / "scenarios" / "yrd_baseline.toml")
    laid = lay_priors(scenario, GRADED)
    assert laid.left["births.region_index.ZJ"] == "what the stated parts of its table leave"
    assert "capital.region_index.ZJ" in laid.names  # no part of this whole is stated
    assert "sectors.new_energy.birth_share" in laid.names  # seven parts are not stated
    ratios = []
    for at in (scenario, laid.scenario):
        numbers = [Beliefs(at).at(levels(at, k))[1] for k in range(200)]
        logs = [np.log(drawn["births.region_index.SH"]) for drawn in numbers]
        ratios.append(np.std(logs))
    assert ratios[1] == pytest.approx(ratios[0], rel=1e-9)


def levels(scenario, number):
    """Return the uniforms of a draw."""
    names = [name for name, quantity in quantities(scenario) if quantity.is_uncertain]
    return {name: belief_uniform(1, number, name) for name in names}


def test_decisions_of_a_programme_are_not_drawn_and_its_effects_are():
    names = lay_priors(load_scenario(ROOT / "scenarios/policy_three_levels.toml"), GRADED).names
    mine = {name.rpartition(".")[2] for name in names if name.startswith("programmes.")}
    assert "new_private_share" in mine
    assert "accept_state_share" in mine
    assert not mine & {"budget_mcny_pa", "state_share", "term_years", "SH", "A", "profit_give_up"}


def test_each_name_left_by_the_file_is_a_number_of_the_schema():
    known = [name.replace("*", "x") for name in parameters()["name"]]
    for item in GRADED.left:
        for pattern in item.names:
            assert any(fnmatchcase(name, pattern) for name in known), pattern


def test_every_unit_has_a_kind_on_purpose():
    """A unit the list does not know is an effect: each of those is named here."""
    effects = set(parameters()["unit"]) - set(KIND_OF_UNIT)
    assert {unit for unit in effects if not unit.startswith(("ln per", "log odds", "per sd"))} == {
        "points",
        "managers",
        "yes or no",
    }
    assert set(KIND_OF_UNIT) <= set(parameters()["unit"])


def test_a_better_grade_gets_no_wider_belief():
    for kind in type(GRADED.widths.assumed).model_fields:
        grades = ("official", "academic", "assumed")
        widths = [getattr(getattr(GRADED.widths, grade), kind).centre for grade in grades]
        assert widths == sorted(widths), kind
        assert getattr(GRADED.widths.commercial, kind).centre <= widths[-1]


def test_the_width_is_that_of_the_kind_and_the_grade():
    scenario = small()
    laid = lay_priors(scenario, GRADED).scenario
    assert laid.stages["A"].ask_median_mcny.value.log_sd == (GRADED.widths.commercial.money.centre)
    assert laid.births.total_pa.value.log_sd == GRADED.widths.commercial.amount.centre
    assert laid.market.meetings_pp.value.log_sd == GRADED.widths.assumed.amount.centre
    assert laid.market.discouragement.value.logit_sd == GRADED.widths.assumed.share.centre
    assert laid.capital.region_index["SH"].value.log_sd == GRADED.widths.assumed.parts.centre
    low = laid.environment.regime_low.value
    assert low.sd == pytest.approx(GRADED.widths.assumed.spread.centre * -low.mean)
    kinds = {name: kind_of(name, spec) for name, _, spec in declared(scenario)}
    assert kinds["intermediaries.meeting_gain"] == "effect"
    assert kinds["intermediaries.precision_gain"] == "share"


def test_a_width_of_zero_lays_no_belief(tmp_path):
    widths = {grade: {**kinds} for grade, kinds in TREE["widths"].items()}
    widths["assumed"]["amount"] = {**widths["assumed"]["amount"], "value": 0.0}
    laid = lay_priors(small(), load_priors(written(tmp_path, widths=widths)))
    assert laid.left["market.meetings_pp"] == "its width is zero"


WRONG = {
    "unknown key": ({"widht": 1}, ["widht", "did you mean 'widths'"]),
    "negative width": (
        {"widths": {**TREE["widths"], "assumed": {**TREE["widths"]["assumed"], "rate": -0.1}}},
        ["widths.assumed.rate", "-0.1", "[0, 3] ln"],
    ),
    "missing kind": (
        {"widths": {**TREE["widths"], "official": {}}},
        ["official.share", "required"],
    ),
    "no reason": ({"left": [{"names": ["viability.margin"]}]}, ["left.0.reason", "required"]),
    "unknown source": (
        {"reach": {**TREE["reach"], "source": "S9999"}},
        ["reach.source", "'S9999'"],
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_bad_file_is_refused_in_words(case, tmp_path):
    changes, parts = WRONG[case]
    with pytest.raises(ScenarioError) as error:
        load_priors(written(tmp_path, **changes))
    assert all(part in str(error.value) for part in ["mine.toml", *parts]), str(error.value)


def test_an_unknown_name_is_refused_with_the_nearest(tmp_path):
    with pytest.raises(ScenarioError, match="did you mean 'graded'"):
        load_priors("grades")
    with pytest.raises(ScenarioError, match="no such file"):
        load_priors(tmp_path / "none.toml")
