"""Policy scenarios and presets of clauses: they load, ask, cost the same and differ as they say."""

import tomllib

import numpy as np
import pytest

from finmodel import datasets
from finmodel.market import columns as col
from finmodel.market.run import simulate
from finmodel.scenario import load_scenario
from finmodel.scenario.programme_schema import Programme
from finmodel.scenario.walk import quantities
from finmodel.world import build_world
from tests.conftest import ROOT, SMALL, YRD

SCENARIOS = sorted((ROOT / "scenarios").glob("policy_*.toml"))
PRESETS = sorted((ROOT / "scenarios" / "clauses").glob("*.toml"))
SIZE = ("run.scale=0.1", "run.years=6", "run.warm_up_years=6")
BUDGET_PA = 20000.0
# What a scenario may hold besides its programmes.
BESIDE = {"policy_ipo_halt_support": "environment.stress.shock."}


@pytest.mark.parametrize("file", SCENARIOS, ids=lambda path: path.stem)
def test_a_policy_scenario_asks_a_question_and_adds_programmes_alone(file):
    scenario, baseline = load_scenario(file), load_scenario(YRD)
    assert scenario.meta.name == file.stem
    assert len(scenario.meta.question) >= 80
    assert scenario.meta.question.endswith((".", "?"))
    assert scenario.meta.title_en not in ("", baseline.meta.title_en)
    assert scenario.meta.title_zh not in ("", baseline.meta.title_zh)
    plain = dict(quantities(baseline))
    allowed = ("programmes.", BESIDE.get(file.stem, "programmes."))
    for name, item in quantities(scenario):
        if plain.get(name) != item:
            assert name.startswith(allowed), name
            assert item.note, name


@pytest.mark.parametrize("file", SCENARIOS, ids=lambda path: path.stem)
def test_a_policy_scenario_builds(file):
    world = build_world(load_scenario(file, SMALL))
    assert len(world.programmes) >= 1
    assert world.arrays.programme_budget_pp.sum() > 0


def test_policy_scenarios_have_equal_budgets():
    for file in SCENARIOS:
        programmes = load_scenario(file).programmes.values()
        total = sum(programme.budget_mcny_pa.centre for programme in programmes)
        assert total == pytest.approx(BUDGET_PA), file.stem
        assert {p.quarters.centre for p in programmes} == {20.0}, file.stem
        assert {p.start_quarter.centre for p in programmes} == {0.0}, file.stem


def test_titles_and_questions_are_each_scenario_s_own():
    metas = [load_scenario(file).meta for file in SCENARIOS]
    for field in ("title_en", "title_zh", "question"):
        assert len({getattr(meta, field) for meta in metas}) == len(SCENARIOS), field


TABLES = ("loss_tolerance_class", "sector_mandate")


@pytest.mark.parametrize("file", PRESETS, ids=lambda path: path.stem)
def test_a_preset_of_clauses_loads_with_sources(file, tmp_path):
    preset = tomllib.loads(file.read_text())
    assert set(preset) <= set(Programme.model_fields)
    known = {*datasets.sources()["source_id"], "assumption"}
    for name, item in preset.items():
        items = item.values() if name in TABLES else [item]
        for number in items if name != "early_stages" else []:
            assert number["note"], name
            assert {source.strip() for source in number["source"].split(";")} <= known, name
    (tmp_path / "clauses").symlink_to(file.parent)
    (tmp_path / "yrd_baseline.toml").write_text(YRD.read_text())
    text = (ROOT / "scenarios" / "policy_pro_rata.toml").read_text()
    mine = text.replace(
        "[programmes.joint_fund]", f'[programmes.joint_fund]\nclauses = "{file.stem}"'
    )
    (tmp_path / "mine.toml").write_text(mine)
    programme = load_scenario(tmp_path / "mine.toml").programmes["joint_fund"]
    for name, item in preset.items():
        if name in TABLES:
            limits = getattr(programme, name)
            assert {key: limit.model_dump() for key, limit in limits.items()} == item
        elif name != "early_stages":
            assert getattr(programme, name).model_dump() == item, name


def test_presets_hold_what_their_sources_say():
    rules = datasets.read_table("provinces/guidance_fund_rules")

    def rule(kind, source):
        found = rules[(rules["rule"] == kind) & rules["source_id"].eq(source)]
        return sorted({*found["value_low"].dropna(), *found["value_high"].dropna()})

    def preset(name, clause):
        value = tomllib.loads((ROOT / f"scenarios/clauses/{name}.toml").read_text())[clause][
            "value"
        ]
        return [value["low"], value["high"]] if isinstance(value, dict) else [value]

    assert preset("old_style", "reinvestment_multiple") == [2.0, 3.0]
    assert preset("regime_2022", "reinvestment_multiple")[0] in rule("reinvestment_ratio", "S030")
    assert preset("anhui_2025", "reinvestment_multiple") == rule("reinvestment_ratio", "S051")
    assert preset("anhui_2025", "state_share") == rule("government_share_of_subfund", "S050")
    assert preset("anhui_2025", "loss_tolerance_programme") == rule("loss_tolerance", "S053")
    assert preset("changsha_2025", "state_share") == rule("government_share_of_subfund", "S055")
    assert {0.4, *preset("old_style", "reinvestment_multiple")} == set(
        rule("reinvestment_ratio", "S055")
    )
    assert preset("changsha_2025", "reinvestment_multiple") == [0.4]
    assert preset("reform_2025", "reinvestment_multiple") == rule("reinvestment_ratio", "S045")
    assert preset("shenzhen_angel", "loss_cover") == rule("loss_sharing", "S035")
    classes = tomllib.loads((ROOT / "scenarios/clauses/guangzhou_2025.toml").read_text())
    tiers = [item["value"] for item in classes["loss_tolerance_class"].values()]
    assert sorted(tiers) == rule("loss_tolerance", "S056")
    assert tiers == sorted(tiers, reverse=True)
    loans = load_scenario(ROOT / "scenarios" / "policy_loan_guarantees.toml").programmes
    assert [loans["loan_guarantees"].guarantee_share.centre] == rule(
        "guarantee_share", "S_GUAR_2024"
    )


def home_share(run):
    """Part of the money of vehicles that stays in their region, by path."""
    n_plain = len(run.world.fund_types) - len(run.world.programmes)
    money = run.flow[:, 1, :, n_plain:].sum(axis=(1, 2))
    return np.trace(money, axis1=1, axis2=2) / money.sum(axis=(1, 2))


def play(name, *changes, paths=24):
    file = ROOT / "scenarios" / f"policy_{name}.toml"
    return simulate(build_world(load_scenario(file, (*SIZE, *changes))), paths=paths, seed=2)


def test_the_former_duty_keeps_more_money_at_home_than_the_reform():
    """A duty of the whole of a fund; the scenario's own is met nearly without one."""
    change = "programmes.joint_fund.reinvestment_multiple=4"
    gain = home_share(play("reinvestment_2x", change)) - home_share(play("no_reinvestment"))
    assert gain.mean() > 4 * gain.std(ddof=1) / np.sqrt(len(gain))
    mild = home_share(play("reinvestment_2x"))
    assert (mild > 0.5).all()


def test_the_reform_is_the_plain_programme():
    plain, reform = play("pro_rata", paths=2), play("no_reinvestment", paths=2)
    np.testing.assert_array_equal(plain.spools["panel"].whole(), reform.spools["panel"].whole())
    np.testing.assert_array_equal(plain.fund_flow, reform.fund_flow)


def test_a_bank_with_little_at_stake_does_not_choose():
    """With nine tenths guaranteed no firm is above a bank's limit of a tenth of the loan."""
    loans = "programmes.loan_guarantees"
    share = f"{loans}.guarantee_share=0.9"
    lax, blind, strict = (
        play("loan_guarantees", *changes, paths=2).fund_flow
        for changes in ((share,), (share, f"{loans}.bank_risk=1"), ())
    )
    np.testing.assert_array_equal(lax, blind)
    n_lent = [flow[:, :, :, -1, col.RAISED_N].sum(axis=(1, 2)) for flow in (strict, lax)]
    assert (n_lent[0] > 0).all()
    assert (n_lent[0] < n_lent[1]).all()
