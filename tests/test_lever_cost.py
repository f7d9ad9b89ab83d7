"""What levers cost the treasury: reliefs by what firms spent, others as stated, or unknown."""

import numpy as np
import pytest

from finmodel.market import path as steps
from finmodel.market.columns import COSTS, OK
from finmodel.market.run import first_room, simulate
from finmodel.measure.lever_cost import lever_cost_by_path, relief_by_path, unpriced_levers
from finmodel.scenario import load_scenario
from finmodel.scenario.lever_strength import is_at_work, strengths_of
from finmodel.study.compare import compare, comparison_tables
from finmodel.units import discount_factor
from tests.conftest import YRD, small_world
from tests.test_scenario_errors import refused

RELIEF = "levers.incentives.coordinated_tax_relief=0.1"
DEPTH = "levers.incentives.exit_depth=0.2"
STATED = "levers.cost_mcny_pa.incentives=500"


def run(*changes):
    return simulate(small_world(*changes), paths=3, seed=4)


def test_what_firms_spent_is_what_the_ledger_says():
    world = small_world("run.warm_up_years=0")
    status, _, _, books = steps.run_path(world.arrays, np.uint64(4), 0, first_room(world), 1)
    assert status == OK
    spent = simulate(world, paths=1, seed=4).spools["spent"].whole()[0]
    np.testing.assert_allclose(spent.sum(axis=0), books.ledger[COSTS])
    assert (spent > 0).all()


def test_spending_of_the_warm_up_is_left_out():
    world = small_world()
    status, _, _, books = steps.run_path(world.arrays, np.uint64(4), 0, first_room(world), 1)
    assert status == OK
    spent = simulate(world, paths=1, seed=4).spools["spent"].whole()[0]
    assert books.spent[-1].min() > 0
    np.testing.assert_allclose(spent.sum(axis=0) + books.spent[-1], books.ledger[COSTS])


def test_a_tenth_off_costs_a_ninth_of_what_firms_still_spend():
    found, without = run(RELIEF), run()
    spent = found.spools["spent"].whole().sum(axis=2)
    np.testing.assert_allclose(relief_by_path(found), spent / 9.0)
    np.testing.assert_allclose(lever_cost_by_path(found, without), spent / 9.0)
    assert not relief_by_path(without).any()


def test_reliefs_of_one_region_cost_there_alone_and_compound():
    one = "levers.incentives.tax_relief.ZJ=0.2"
    found = run(RELIEF, one)
    spent = found.spools["spent"].whole()
    price = np.where(np.array(found.world.regions) == "ZJ", 1 / 0.72 - 1, 1 / 0.9 - 1)
    np.testing.assert_allclose(relief_by_path(found), spent @ price)


def test_a_lever_without_a_stated_cost_makes_the_total_unknown():
    base = run()
    assert np.isnan(lever_cost_by_path(run(RELIEF, DEPTH), base)).all()
    known = lever_cost_by_path(run(RELIEF, DEPTH, STATED), base)
    plain = relief_by_path(run(RELIEF, DEPTH))
    scale = base.world.scenario.run.scale
    np.testing.assert_allclose(known, plain + 500.0 * scale)
    # What the baseline has too is no extra cost.
    both = (DEPTH, STATED)
    np.testing.assert_allclose(lever_cost_by_path(run(*both), run(*both)), 0.0, atol=1e-12)
    assert not unpriced_levers(load_scenario(YRD, (DEPTH,)), load_scenario(YRD, (DEPTH,)))


SILENT = {
    "barriers": ("levers.barriers.border_relief=0.5",),
    "clusters": ("levers.clusters.complementarity=0.1",),
    "corridor": ("levers.corridor.members.ZJ=1", "levers.corridor.friction_relief=0.2"),
    "incentives": (DEPTH,),
    "intermediaries": ("intermediaries.presence.ZJ=0.5",),
    "university": ("levers.actors.university.presence.ZJ=1",),
    "industry": ("levers.actors.industry.presence.ZJ=1",),
    "research": ("levers.actors.research.presence.ZJ=1",),
    "finance": ("levers.actors.finance.presence.ZJ=1",),
    "intermediary": ("levers.actors.intermediary.presence.ZJ=1",),
    "market": ("levers.actors.market.presence.ZJ=1",),
}


@pytest.mark.parametrize("name", SILENT)
def test_each_lever_is_known_by_name_when_it_is_at_work(name):
    base = load_scenario(YRD)
    assert unpriced_levers(load_scenario(YRD, SILENT[name]), base) == [name]
    assert not unpriced_levers(base, base)
    assert not any(is_at_work(strength) for strength in strengths_of(base).values())


CHANGED = {
    "moved": ("levers.actors.university.presence.ZJ=1", "levers.actors.university.presence.SH=1"),
    "removed": ("levers.actors.university.presence.ZJ=1", "levers.actors.university.presence={}"),
}


@pytest.mark.parametrize("name", CHANGED)
def test_a_lever_moved_or_taken_away_is_at_an_unknown_cost_too(name):
    base, policy = (load_scenario(YRD, (change,)) for change in CHANGED[name])
    assert unpriced_levers(policy, base) == ["university"]


def test_chains_and_stages_of_intermediaries_count():
    chains = load_scenario(YRD, ("clusters.strength={'SH/biomedicine'=1.0}",))
    assert unpriced_levers(chains, load_scenario(YRD)) == ["clusters"]
    source = ("levers.intermediaries.source_presence.ZJ=1", "levers.intermediaries.source_gain=0.1")
    other = (*source, 'levers.intermediaries.source_stages=["A"]')
    assert unpriced_levers(load_scenario(YRD, other), load_scenario(YRD, source)) == [
        "intermediaries"
    ]


def test_a_stated_cost_of_a_lever_that_does_nothing_is_refused():
    assert "this lever does nothing" in refused(YRD, "levers.cost_mcny_pa.university=300")
    assert load_scenario(YRD, (RELIEF, STATED))  # administering a relief costs too


def test_government_alone_costs_its_relief():
    presence = "levers.actors.government.presence.ZJ=1"
    base = load_scenario(YRD)
    assert not unpriced_levers(load_scenario(YRD, (presence,)), base)
    assert (lever_cost_by_path(run(presence), run()) > 0).all()


def test_costs_enter_the_public_table():
    base = small_world()
    found = compare(
        base, {"relief": small_world(RELIEF), "deep": small_world(DEPTH)}, paths=12, seed=4
    )
    table = comparison_tables(found)["public"].set_index(["policy", "measure"])["value"]
    cost = lever_cost_by_path(found.arms["relief"], found.base)
    assert table["relief", "relief_mcny"] == pytest.approx(cost.sum(axis=1).mean())
    assert table["relief", "public_cost_mcny"] == pytest.approx(cost.sum(axis=1).mean())
    rate = base.scenario.viability.social_rate_pa.centre
    worth = sum(
        cost[:, year].mean() * discount_factor(rate, year + 0.5) for year in range(cost.shape[1])
    )
    assert table["relief", "net_present_value_mcny"] == pytest.approx(-worth)
    assert table["relief", "cost_per_survivor_mcny"] > 0
    for name in ("lever_cost_mcny", "public_cost_mcny", "net_present_value_mcny"):
        assert np.isnan(table["deep", name])
    assert np.isnan(table["deep", "cost_per_survivor_mcny"])


def test_a_cost_of_no_lever_is_refused_in_words():
    text = refused(YRD, "levers.cost_mcny_pa.barrier=5", "levers.barriers.border_relief=0.1")
    assert "levers.cost_mcny_pa" in text
    assert "did you mean 'barriers'" in text
    assert "[0, 1e+08] mcny/year" in refused(YRD, "levers.cost_mcny_pa.barriers=-5")
