"""Vehicles that look for more private money than there is: the figures, and that it is said."""

import pytest

from finmodel.report.private_money import private_money, private_warning, warnings_of
from finmodel.report.wording import Wording, names_of
from finmodel.scenario import load_scenario
from finmodel.world import build_world
from finmodel.world.arrays import CO_INVESTMENT, DIRECT, FUND_OF_FUNDS, GRANT, GUARANTEE
from tests.conftest import ROOT, small

SCENARIOS = ROOT / "scenarios"


def of(name, *changes):
    return load_scenario(SCENARIOS / f"{name}.toml", list(changes))


def by_region(scenario):
    return {item.region: item for item in private_money(scenario)}


def test_a_state_share_leaves_the_rest_of_a_vehicle_to_private_investors():
    """CNY 20 bn a year, a third in Shanghai, with three private yuan beside each."""
    found = by_region(of("policy_pro_rata"))
    assert found["SH"].sought == pytest.approx(20_000 * 0.332 * 3)
    assert found["AH"].sought == pytest.approx(20_000 * 0.065 * 3)
    halved = by_region(of("policy_pro_rata", "programmes.joint_fund.state_share=0.5"))
    assert halved["SH"].sought == pytest.approx(20_000 * 0.332)


def test_what_private_investors_give_is_what_funds_raise_from_them():
    """Commitments are funds a year times their mean size times the part of private LPs."""
    scenario = of("policy_pro_rata")
    arrays = build_world(scenario).arrays
    given = sum(
        4.0 * arrays.fund_rate_pp[:, kind] * fund.size_mcny.centre * fund.lp_mix["private"].centre
        for kind, fund in enumerate(scenario.funds.values())
        if "private" in fund.lp_mix
    )
    assert [item.usual for item in private_money(scenario)] == pytest.approx(given.tolist())


@pytest.mark.parametrize("name", ["policy_lab_grants", "policy_loan_guarantees", "policy_direct"])
def test_who_raises_nothing_looks_for_nothing(name):
    assert all(item.sought == 0.0 for item in private_money(of(name)))


def test_every_vehicle_is_either_raising_or_not():
    assert {FUND_OF_FUNDS, DIRECT, CO_INVESTMENT, GRANT, GUARANTEE} == set(range(5))


def test_programmes_one_after_another_do_not_add_up():
    """Three levels at once seek the sum; the second started when the first has ended, the most."""
    base = of("policy_three_levels")
    both = by_region(base)["AH"].sought
    first, second = (20_000 * 0.6 * 0.065 * 3, 6_000 * 0.3 / 0.7)
    assert both == pytest.approx(first + second)
    later = "programmes.anhui_fund.start_quarter=20"
    ended = "programmes.national_fund.quarters=20"
    assert by_region(of("policy_three_levels", later, ended))["AH"].sought == pytest.approx(
        max(first, second)
    )


def test_it_is_said_where_there_is_less_and_only_there():
    scenario = of("policy_joint_delta_fund")
    for language, name, other in (("en", "Anhui", "Shanghai"), ("zh", "安徽", "上海")):
        words = Wording(language, names=names_of({}, language))
        text = private_warning(private_money(scenario), words)
        assert name in text
        assert other not in text
        assert "11.6" in text
        assert "5.78" in text
        assert private_warning(private_money(of("policy_pro_rata")), words) == ""
        assert private_warning((), words) == ""


def test_a_market_without_programmes_has_none():
    assert private_money(small()) == ()


def test_the_numbers_are_of_the_scale_of_the_run():
    """As all money of a run is."""
    whole, tenth = (private_money(of("policy_pro_rata", f"run.scale={s}")) for s in (1.0, 0.1))
    for a, b in zip(whole, tenth, strict=True):
        assert (b.sought, b.usual) == pytest.approx((0.1 * a.sought, 0.1 * a.usual), rel=1e-6)


def test_scenarios_that_cannot_be_read_have_no_warning():
    words = Wording("en")
    assert warnings_of({"scenarios": [{"meta": {"name": "x"}}, None, 3]}, words) == {}
    assert warnings_of({"scenarios": "none"}, words) == {}
    assert warnings_of({}, words) == {}
    tree = of("policy_joint_delta_fund").model_dump(mode="json")
    assert list(warnings_of({"scenarios": [tree]}, words)) == ["policy_joint_delta_fund"]
