"""Directions of the published evidence on guidance funds, as measured; see docs/directions.md."""

from itertools import pairwise

import numpy as np
import pytest

from finmodel.market.run import simulate
from finmodel.scenario import load_scenario
from finmodel.study import directions as by
from finmodel.study.compare import compare
from finmodel.world import build_world
from tests.conftest import ROOT, SMALL

SIZE = ("run.scale=0.1",)
P = "programmes.joint_fund"
SEED = 11
EARLY = ("lab", "angel", "A")
YRD = ("SH", "JS", "ZJ", "AH")
ASSUMED = "unit = 'share', source = 'assumption', grade = 'assumed', note = 'Of a test.'"


def clauses(**values):
    return tuple(f"{P}.{name}={value}" for name, value in values.items())


def in_one(region):
    return (f"{P}.region_share={{{region} = {{value = 1.0, {ASSUMED}}}}}",)


def world(*changes, size=SIZE, policy=True):
    name = "policy_pro_rata" if policy else "yrd_baseline"
    return build_world(load_scenario(ROOT / "scenarios" / f"{name}.toml", (*size, *changes)))


def play(arms, paths, size=SIZE, market=()):
    policies = {name: world(*market, *changes, size=size) for name, changes in arms.items()}
    return compare(world(*market, size=size, policy=False), policies, paths=paths, seed=SEED)


def is_clear(found, sign):
    return sign * found.value > 4 * found.error > 0


@pytest.mark.parametrize("clause", ["loss_tolerance_project", "loss_tolerance_fund"])
def test_tight_loss_tolerance_moves_deals_later(clause):
    """Each step of tolerance, not only the ends."""
    steps = ("1.0", "0.6", "0.4", "0.2")
    found = play({step: clauses(**{clause: step}) for step in steps}, paths=16)
    for loose, tight in pairwise(steps):
        later = by.difference(by.mean_stage(found, tight), by.mean_stage(found, loose))
        assert is_clear(later, 1), tight
    early = [by.early_share(found, step, EARLY) for step in ("1.0", "0.4")]
    assert is_clear(by.difference(early[1], early[0]), -1)


def test_a_tolerant_programme_is_no_other_programme():
    """At 1 the tolerance is no limit: the difference to itself is exactly zero."""
    found = play({"a": (), "b": clauses(loss_tolerance_fund=1.0)}, paths=3, size=SMALL)
    assert by.difference(by.mean_stage(found, "a"), by.mean_stage(found, "b")) == (0.0, 0.0)


def test_high_state_share_is_refused_most_by_the_best_managers():
    skill = np.linspace(-2.0, 2.0, 9)
    worlds = [world(f"{P}.state_share={share}") for share in (0.2, 0.4, 0.7)]
    chance = np.array([by.acceptance(one, skill) for one in worlds])
    cares = skill > -1.0
    assert (np.diff(chance[:, cares], axis=1) < 0).all()  # the better, the rarer
    assert (np.diff(chance[:, cares], axis=0) < 0).all()  # the higher the share, the rarer
    assert (np.diff((chance[2] / chance[0])[cares]) < 0).all()  # and the best most of all
    # Who is worse than the mean by a sd or more takes any share.
    assert (np.ptp(chance[:, ~cares], axis=0) == 0).all()


def test_managers_of_vehicles_are_those_who_accept():
    """The first of a row to accept is distributed as skill, weighed by the chance to accept."""
    tried = world(f"{P}.state_share=0.7")
    skill = np.linspace(-6.0, 6.0, 2401)
    weight = np.exp(-0.5 * skill**2) * by.acceptance(tried, skill)
    found = by.estimate(by.manager_skill(tried, paths=16, seed=SEED))
    assert abs(found.value - np.average(skill, weights=weight)) < 4 * found.error


def test_managers_of_vehicles_are_worse_at_a_high_state_share():
    skill = {
        share: by.manager_skill(world(f"{P}.state_share={share}"), paths=16, seed=SEED)
        for share in (0.2, 0.4, 0.7)
    }
    assert is_clear(by.difference(skill[0.4], skill[0.2]), -1)
    assert is_clear(by.difference(skill[0.7], skill[0.4]), -1)
    alike = by.manager_skill(world(*clauses(state_share=0.7, accept_skill=0)), paths=16, seed=SEED)
    found = by.estimate(alike)
    assert abs(found.value) < 4 * found.error


def test_a_duty_at_home_keeps_money_at_home():
    found = play(
        {n: (*in_one("AH"), *clauses(reinvestment_multiple=n)) for n in ("0", "2", "3")}, paths=80
    )
    share = {n: by.money_in(found, n, ["AH"]) for n in ("0", "2", "3")}
    assert is_clear(by.difference(share["2"], share["0"]), 1)
    assert is_clear(by.difference(share["3"], share["2"]), 1)


def test_the_published_multiplier_lies_among_commitments():
    """Private money committed for a public yuan: new part times what it stands beside."""
    arms = {
        "low": clauses(state_share=0.7, new_private_share=0.5),
        "high": clauses(state_share=0.17, new_private_share=0.5),
        "moved": clauses(new_private_share=0.0),
        "new": clauses(new_private_share=1.0),
    }
    found = play(arms, paths=16)
    ratio = {name: by.estimate(by.private_raised_per_public_yuan(found, name)) for name in arms}
    assert ratio["low"].value + 4 * ratio["low"].error < 0.88
    assert ratio["high"].value - 4 * ratio["high"].error > 0.93
    assert ratio["moved"].value + 4 * ratio["moved"].error < 0.88
    assert ratio["new"].value == pytest.approx(3.0, rel=0.05)


def test_effects_are_larger_where_capital_is_thin():
    """The same budget in the same market with half and with twice the private money."""
    found = {
        total: play({"fund": ()}, paths=40, market=(f"capital.total_mcny_pa={total}",))
        for total in (315_000, 1_260_000)
    }
    thin, thick = found.values()
    for measure in (
        by.private_per_public_yuan,
        by.other_per_public_yuan,
        lambda c, p: by.funded_per_public_bcny(c, p, YRD),
    ):
        assert is_clear(by.difference(measure(thin, "fund"), measure(thick, "fund")), 1)


def test_more_viable_needs_go_unfunded_where_capital_is_thin():
    unfunded = [
        by.unfunded_share(simulate(world(change, policy=False), paths=24, seed=SEED))
        for change in (f"capital.total_mcny_pa={total}" for total in (315_000, 630_000, 1_260_000))
    ]
    assert is_clear(by.difference(unfunded[0], unfunded[1]), 1)
    assert is_clear(by.difference(unfunded[1], unfunded[2]), 1)


def test_changes_by_stage_add_up():
    found = play({"fund": in_one("JS")}, paths=2, size=SMALL)
    stages = found.base.world.stages
    parts = [by.funded_a_year(found, "fund", YRD, stages=[k], in_money=True).top for k in stages]
    whole = by.funded_a_year(found, "fund", YRD, in_money=True).top
    np.testing.assert_allclose(sum(parts), whole, atol=1e-9 * np.abs(parts).max())
    assert whole.any()


@pytest.mark.slow
def test_small_vehicles_leave_late_rounds_at_home_to_others():
    """Against large ones of the same programme, which can pay them."""
    arms = {n: (*in_one("JS"), *clauses(fund_size_mcny=n)) for n in ("400", "2000")}
    found = play(arms, paths=120, size=("run.scale=0.15",))
    late = {
        n: by.funded_a_year(found, n, ("JS",), stages=("pre_ipo",), in_money=True) for n in arms
    }
    assert is_clear(by.difference(late["2000"], late["400"]), 1)
    assert is_clear(by.estimate(late["2000"]), 1)


@pytest.mark.slow
def test_a_province_s_fund_helps_its_neighbours():
    """Against the published sign: other funds, crowded out at home, find firms elsewhere."""
    arms = {"fund": (*in_one("JS"), *clauses(budget_mcny_pa=40_000))}
    found = play(arms, paths=150, size=("run.scale=0.15",))
    assert is_clear(by.estimate(by.funded_a_year(found, "fund", ("SH", "ZJ", "AH"))), 1)
    assert is_clear(by.estimate(by.funded_a_year(found, "fund", ("JS",))), 1)


@pytest.mark.slow
def test_a_duty_helps_a_thin_province_and_takes_from_its_neighbours():
    """What the vehicles would have put elsewhere; against no fund, neighbours still gain."""
    others = ("SH", "JS", "ZJ")
    arms = {n: (*in_one("AH"), *clauses(reinvestment_multiple=n)) for n in ("0", "4")}
    found = play(arms, paths=1200, size=("run.scale=0.15",))
    home = {n: by.funded_a_year(found, n, ("AH",)) for n in arms}
    away = {n: by.funded_a_year(found, n, others) for n in arms}
    assert is_clear(by.difference(home["4"], home["0"]), 1)
    assert is_clear(by.difference(away["4"], away["0"]), -1)
    assert is_clear(by.estimate(away["4"]), 1)


def test_private_money_follows_the_yuan_and_all_other_money_does_not():
    """Private LPs' money per public yuan rises with what of it is new; all other money falls."""
    arms = {n: clauses(new_private_share=n) for n in ("0", "0.5", "1")}
    found = play(arms, paths=80)
    for measure in (by.private_per_public_yuan, by.other_per_public_yuan):
        ratio = {n: measure(found, n) for n in arms}
        assert is_clear(by.difference(ratio["0.5"], ratio["0"]), 1)
        assert is_clear(by.difference(ratio["1"], ratio["0.5"]), 1)
    assert is_clear(by.estimate(by.private_per_public_yuan(found, "0")), -1)
    assert is_clear(by.estimate(by.private_per_public_yuan(found, "0.5")), 1)
    assert is_clear(by.estimate(by.other_per_public_yuan(found, "0.5")), -1)
