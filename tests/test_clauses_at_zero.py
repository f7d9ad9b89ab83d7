"""Every clause at an odd value: no bit changes without money, and with it where it is used."""

from functools import lru_cache

import numpy as np
import pytest

from finmodel.errors import ScenarioError
from finmodel.market.run import simulate
from finmodel.scenario import load_scenario
from finmodel.scenario.programme_consistency import IGNORED
from finmodel.scenario.programme_schema import Programme
from finmodel.world import build_world
from tests.conftest import YRD
from tests.test_loss_tolerance import classes
from tests.test_programmes import OTHERS, POLICY, SIZE, P

VEHICLES = ("fund_of_funds", *OTHERS)
MONEY = "budget_mcny_pa"
NAMES = {"label_en", "label_zh", "vehicle"}
ALL_IN_ZJ = "ZJ={value=1.0,unit='share',source='assumption',grade='assumed',note='test'}"
# A value of each that no scenario has, and that a programme with money would feel.
ODD = {
    "level": "'city'",
    "like": "'angel_group'",
    "early_stages": "['C']",
    "start_quarter": 5,
    "quarters": 7,
    "region_share": f"{{{ALL_IN_ZJ}}}",
    "mandate": "{A=0.9,C=0.1}",
    "sector_mandate": "{new_energy=0.9,aerospace=0.1}",
    "hard_tech_weight": 11.0,
    "fund_size_mcny": 97.0,
    "size_log_sd": 1.7,
    "state_share": 0.63,
    "private_fill": 1.9,
    "fill_log_sd": 1.6,
    "first_close_share": 0.71,
    "new_private_share": 0.13,
    "reinvestment_multiple": 3.7,
    "away_eligible_share": 0.37,
    "hard_tech_min_share": 0.93,
    "early_min_share": 0.87,
    "ticket_share": 0.07,
    "concentration_share": 0.61,
    "term_years": 5.5,
    "loss_tolerance_project": 0.37,
    "loss_tolerance_fund": 0.31,
    "loss_tolerance_class": classes(**{"lab+A": 0.29, "pre_ipo": 0.11}).partition("=")[2],
    "loss_tolerance_programme": 0.29,
    "loss_cover": 0.77,
    "profit_give_up": 0.43,
    "manager_give_up": 0.31,
    "buyback_rate_pa": 0.03,
    "private_response": 2.3,
    "accept_log_odds": -0.7,
    "accept_state_share": 9.0,
    "accept_strings": 4.0,
    "accept_skill": 2.7,
    "skill_loading": 1.3,
    "candidates": 1,
    "grant_share": 0.41,
    "co_share": 0.83,
    "guarantee_share": 0.33,
    "loan_share": 0.57,
    "loan_rate_pa": 0.21,
    "bank_risk": 0.03,
    "strings": 3.1,
}
# What does nothing on its own, and the clause it works on.
BESIDE = {
    "early_stages": "early_min_share=0.9",
    "away_eligible_share": "reinvestment_multiple=4.0",
    "private_response": "profit_give_up=0.5",
    "accept_strings": "reinvestment_multiple=4.0",
}
# All types of fund see alike at home, where grants and guarantees are.
EVERYONE = {"start_quarter", "quarters", "region_share", "mandate", "sector_mandate"}
FUND = EVERYONE | {
    "like",
    "early_stages",
    "fund_size_mcny",
    "size_log_sd",
    "hard_tech_min_share",
    "early_min_share",
    "ticket_share",
    "concentration_share",
    "term_years",
    "loss_tolerance_project",
    "loss_tolerance_fund",
    "loss_tolerance_class",
    "loss_tolerance_programme",
    "manager_give_up",
}
LOAN = {"guarantee_share", "loan_share", "loan_rate_pa", "bank_risk"}
TOLERANCE = {"loss_tolerance_project", "loss_tolerance_class", "loss_tolerance_programme"}
USES = {
    "fund_of_funds": set(ODD) - LOAN - {"level", "grant_share", "co_share"},
    # Finds firms as any fund, with the programme's own people and no private investors.
    "direct": FUND
    | {"hard_tech_weight", "reinvestment_multiple", "away_eligible_share", "strings"},
    # Finds none itself, and is at home alone: a duty at home is met.
    "co_investment": FUND | {"co_share"},
    "grant": EVERYONE | {"grant_share"},
    "guarantee": EVERYONE | TOLERANCE | LOAN,
}
# Clauses that are refused from a vehicle that has no such thing; what is met anyway is not.
REFUSED = {name: set(IGNORED.get(name, ())) for name in VEHICLES}
REFUSED["grant"] |= {"loss_tolerance_class"}
for _vehicle in OTHERS:
    REFUSED[_vehicle] |= {"state_share"}
PAIRS = [(vehicle, clause) for vehicle in VEHICLES for clause in ODD]


def beside(vehicle, clause):
    """The clause that one works on, if the vehicle knows it."""
    found = BESIDE.get(clause)
    return () if found is None or found.partition("=")[0] in REFUSED[vehicle] else (found,)


@lru_cache
def baseline():
    return simulate(build_world(load_scenario(YRD, SIZE)), paths=2, seed=5)


@lru_cache(maxsize=16)
def played(vehicle, *changes):
    share = 0.25 if vehicle == "fund_of_funds" else 1
    own = (f"vehicle={vehicle}", f"state_share={share}", *changes)
    world = build_world(load_scenario(POLICY, (*SIZE, *(f"{P}.{change}" for change in own))))
    return simulate(world, paths=2, seed=5)


def is_same_market(run):
    """Whether a run has the bits of the baseline, and no vehicle ever a yuan."""
    base, n = baseline(), len(baseline().world.fund_types)
    same = [
        np.array_equal(base.spools[name].whole(), run.spools[name].whole())
        for name in ("panel", "sectors", "fine", "survival", "spent", "exits")
    ]
    same.append(np.array_equal(base.flow, run.flow[:, :, :, :n]))
    same.append(np.array_equal(base.fund_flow, run.fund_flow[:, :, :, :n]))
    same.append(np.array_equal(base.ownership, run.ownership[..., : n + 2]))
    return all(same) and not run.fund_flow[:, :, :, n:].any() and not run.flow[:, :, :, n:].any()


def is_same_run(one, two):
    return all(
        np.array_equal(one.spools[name].whole(), two.spools[name].whole())
        for name in ("panel", "fund_flow", "flow", "exits")
    )


def test_every_clause_has_an_odd_value():
    assert set(ODD) | {MONEY} | NAMES == set(Programme.model_fields)
    assert set(BESIDE) <= set(ODD)
    numbers = {name: value for name, value in ODD.items() if not isinstance(value, str)}
    with_text = {"level", "like", "early_stages", "region_share", "mandate", "loss_tolerance_class"}
    with_text |= {"sector_mandate"}
    assert set(numbers) == set(ODD) - with_text
    plain = load_scenario(POLICY).programmes["joint_fund"]
    for name, value in numbers.items():
        assert getattr(plain, name).centre != value, name


@pytest.mark.parametrize(("vehicle", "clause"), PAIRS)
def test_no_clause_changes_a_bit_without_money(vehicle, clause):
    changes = (f"{MONEY}=0", *beside(vehicle, clause), f"{clause}={ODD[clause]}")
    if clause in REFUSED[vehicle]:
        with pytest.raises(ScenarioError, match=clause):
            played(vehicle, *changes)
    else:
        assert is_same_market(played(vehicle, *changes))


@pytest.mark.parametrize("vehicle", VEHICLES)
def test_all_clauses_together_change_no_bit_without_money(vehicle):
    known = [f"{name}={value}" for name, value in ODD.items() if name not in REFUSED[vehicle]]
    assert is_same_market(played(vehicle, *known, f"{MONEY}=0"))
    if vehicle == "fund_of_funds":
        assert not is_same_market(played(vehicle, *known))


@pytest.mark.parametrize("vehicle", VEHICLES)
def test_money_for_no_quarter_is_no_money(vehicle):
    assert is_same_market(played(vehicle, "quarters=0"))
    assert not is_same_market(played(vehicle))


@pytest.mark.parametrize(
    ("vehicle", "clause"), [pair for pair in PAIRS if pair[1] not in REFUSED[pair[0]]]
)
def test_with_money_a_clause_changes_a_bit_where_it_is_used_and_nowhere_else(vehicle, clause):
    plain = beside(vehicle, clause)
    is_same = is_same_run(
        played(vehicle, *plain), played(vehicle, *plain, f"{clause}={ODD[clause]}")
    )
    assert is_same == (clause not in USES[vehicle])
