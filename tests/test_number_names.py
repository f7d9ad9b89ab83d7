"""Plain names of numbers: all of the schema, both languages, none twice, none made up."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from finmodel.datasets.root import scenarios_root
from finmodel.report.number_names import (
    number_name,
    number_names,
    number_part,
    number_text,
    short_names,
    unit_name,
    unit_of,
)
from finmodel.report.wording import Wording, names_of
from finmodel.scenario import load_scenario, parameters, quantities
from finmodel.variables import labels

EN, ZH = Wording("en", "bn"), Wording("zh", "yi")
SCENARIOS = sorted(scenarios_root().glob("*.toml"))


@pytest.fixture(scope="module")
def shipped():
    return {path.stem: load_scenario(path) for path in SCENARIOS}


def test_the_catalogue_holds_every_number_of_the_schema_and_no_other():
    clauses = {f"programmes.*.{name}" for name in labels()["clause"]}
    assert not clauses & set(labels()["number"])  # one number has one name
    assert set(labels()["number"]) | clauses == set(parameters()["name"])
    assert set(parameters()["unit"]) <= set(labels()["number_unit"])


def test_a_clause_is_called_what_the_guidance_lab_calls_it():
    for name, text in labels()["clause"].items():
        assert number_part(f"programmes.x.{name}", ZH) == text["zh"]
        assert number_part(f"programmes.x.{name}", EN).lower() == text["en"].lower()


def has_words(name, language):
    is_chinese = any("一" <= letter <= "鿿" for letter in name)
    return "_" not in name and "{" not in name and (is_chinese or language == "en")


@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_number_of_every_shipped_scenario_has_a_name_of_its_own(shipped, language):
    for stem, scenario in shipped.items():
        own = names_of({"scenario": scenario.model_dump(mode="json")}, language)
        for words in (Wording(language, "bn", own), Wording(language)):
            dotted = [name for name, _ in quantities(scenario)]
            names = [number_name(name, words) for name in dotted]
            assert len(set(names)) == len(names), stem
            assert [n for n in names if not has_words(n, language)] == []


def test_the_names_of_shipped_scenarios_are_theirs(shipped):
    found = {}
    for scenario in shipped.values():
        for section in ("stages", "sectors", "funds", "lps", "programmes"):
            for key, item in getattr(scenario, section).items():
                found.setdefault(key, set()).add((item.label_en, item.label_zh))
    known = labels()["number_owner"]
    assert set(known) == set(found)
    assert [
        key for key, texts in known.items() if (texts["en"], texts["zh"]) not in found[key]
    ] == []


@pytest.mark.parametrize(
    ("dotted", "en", "zh"),
    [
        ("stages.A.milestone_rate_pa", "A round: milestones a year", "A轮：每年里程碑"),
        (
            "programmes.joint_fund.new_private_share",
            "Joint fund of funds: private money that other funds would not have had",
            "联合母基金：新增社会资本比例",
        ),
        ("friction.pairs.JS>SH", "Chance to meet, funds to firms: Jiangsu → Shanghai", "上海"),
        ("clusters.strength.SH/integrated_circuits", "Shanghai, Integrated circuits", "集成电路"),
        ("programmes.city_fund.loss_tolerance_class.A+B", "over A round + B round", "A轮 + B轮"),
        ("programmes.x.region_share.AH", "x: part of the money for Anhui", "x：安徽资金占比"),
        ("funds.state_owned.lp_mix.private", "part of the money that is of Private", "民间"),
    ],
)
def test_names_are_plain(dotted, en, zh):
    assert en in number_name(dotted, EN)
    assert zh in number_name(dotted, ZH)


@pytest.mark.parametrize("dotted", ["", "x", "a.b", "stages.A", "stages.A.x.y", "policy:a.b", "p:"])
def test_a_name_that_is_not_known_stays_as_it_is(dotted):
    assert number_name(dotted, EN) == number_name(dotted, ZH) == dotted
    assert number_part(dotted, EN) == dotted


@given(st.one_of(st.text(max_size=30), st.from_regex(r"[a-z_]{1,9}(\.[a-zA-Z>/+:{}]{0,9}){0,3}")))
def test_any_text_has_some_name(dotted):
    for words in (EN, ZH):
        assert isinstance(number_name(dotted, words), str)
        assert isinstance(number_part(dotted, words), str)
        assert unit_of(dotted) == "" or number_name(dotted, words) != dotted


@pytest.mark.parametrize("path", SCENARIOS[:1] + SCENARIOS[-1:], ids=lambda p: p.stem)
def test_units_are_those_of_the_scenario(shipped, path):
    for name, quantity in quantities(shipped[path.stem]):
        assert unit_of(name) == quantity.unit
    assert unit_of("a.b") == unit_of("") == ""


def test_the_scenario_s_own_labels_come_first():
    own = Wording("en", "bn", {"joint_fund": "Our fund", "lps.state": "The treasury"})
    assert number_name("programmes.joint_fund.quarters", own).startswith("Our fund: quarters")
    assert number_name("lps.state.cycle_loading", own).startswith("The treasury: effect")
    assert number_name("pro_rata:programmes.joint_fund.quarters", EN).startswith("pro_rata: Joint")


def test_names_that_are_equal_are_told_apart():
    twins = Wording("en", "bn", {"a": "Fund", "b": "Fund"})
    two = ["programmes.a.quarters", "programmes.b.quarters"]
    names = number_names(two, twins)
    assert len(set(names.values())) == 2
    assert names[two[0]].endswith("(programmes.a.quarters)")
    assert short_names(two, twins) == names
    assert short_names(two[:1], EN) == {two[0]: "quarters in which money is on offer"}
    assert number_part("new_private_share", ZH) == "新增社会资本比例"


@pytest.mark.parametrize(
    ("value", "unit", "en", "zh"),
    [
        (674300.0, "mcny/year", "674 bn CNY a year", "6,740亿元/年"),
        (0.125, "share", "12.5%", "12.5%"),
        (0.2, "per year", "0.2 per year", "每年0.2"),
        (5.0, "", "5", "5"),
        (float("inf"), "x", "- times", "-倍"),
    ],
)
def test_a_number_is_said_in_the_chosen_unit(value, unit, en, zh):
    assert number_text(value, unit, EN) == en
    assert number_text(value, unit, ZH) == zh


def test_a_unit_that_is_not_known_stays_as_it_is():
    assert unit_name("mcny", ZH) == "百万元"
    assert unit_name("furlong", ZH) == "furlong"
