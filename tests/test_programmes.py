"""Guidance programmes: neutral without money, clauses that bind, money that balances."""

import numpy as np
import pytest

from finmodel.errors import ScenarioError
from finmodel.market import columns as col
from finmodel.market import path as steps
from finmodel.market.captable import BANK
from finmodel.market.columns import OK
from finmodel.market.run import first_room, simulate
from finmodel.market.state import LOCAL, N_FUNDS, N_HOLDINGS
from finmodel.scenario import load_scenario
from finmodel.world import build_world
from tests.conftest import ROOT, SMALL, small_world

POLICY = ROOT / "scenarios" / "policy_pro_rata.toml"
P = "programmes.joint_fund"
SIZE = ("run.scale=0.1", "run.years=6", "run.warm_up_years=6")
CLAUSES = {
    "reinvestment_multiple": 2.0,
    "away_eligible_share": 0.5,
    "hard_tech_min_share": 0.9,
    "early_min_share": 0.8,
    "loss_tolerance_project": 0.5,
    "loss_tolerance_fund": 0.5,
    "loss_cover": 0.4,
    "profit_give_up": 0.5,
    "manager_give_up": 0.2,
    "buyback_rate_pa": 0.04,
    "state_share": 0.7,
    "new_private_share": 0.0,
    "accept_log_odds": 0.0,
    "skill_loading": 1.0,
}


def policy_world(*changes, size=SMALL):
    return build_world(load_scenario(POLICY, (*size, *changes)))


def play(world, paths=1, seed=3, check_every=1):
    """The pools and books at the end of some paths, each quarter balanced."""
    room = first_room(world)
    for path in range(paths):
        status, _, pool, books = steps.run_path(
            world.arrays, np.uint64(seed), path, room, check_every
        )
        assert status == OK
        yield pool, books


def vehicles(world, pool):
    n = pool.counts[N_FUNDS]
    return np.flatnonzero(pool.funds["kind"][:n] >= world.arrays.fund_rate_pp.shape[1])


@pytest.mark.parametrize("clause", [None, *CLAUSES])
def test_a_programme_without_money_changes_no_bit(clause):
    changes = [f"{P}.{clause}={CLAUSES[clause]}"] if clause else []
    base = simulate(small_world(), paths=2, seed=5)
    none = simulate(policy_world(f"{P}.budget_mcny_pa=0", *changes), paths=2, seed=5)
    for name in ("panel", "sectors", "fine", "exits"):
        np.testing.assert_array_equal(
            base.spools[name].whole(), none.spools[name].whole(), err_msg=name
        )
    n = len(base.world.fund_types)
    np.testing.assert_array_equal(base.flow, none.flow[:, :, :, :n])
    np.testing.assert_array_equal(base.fund_flow, none.fund_flow[:, :, :, :n])
    assert not none.fund_flow[:, :, :, n:].any()


OTHERS = ("direct", "co_investment", "grant", "guarantee")


def of_kind(vehicle, *changes, size=SIZE):
    kind = (f"{P}.vehicle={vehicle}", f"{P}.state_share=1")
    return policy_world(*kind, *changes, size=size)


@pytest.mark.parametrize("vehicle", OTHERS)
def test_vehicles_without_money_change_no_bit(vehicle):
    base = simulate(small_world(), paths=2, seed=5)
    none = simulate(of_kind(vehicle, f"{P}.budget_mcny_pa=0", size=SMALL), paths=2, seed=5)
    for name in ("panel", "sectors", "fine", "exits"):
        np.testing.assert_array_equal(base.spools[name].whole(), none.spools[name].whole())


@pytest.mark.parametrize("vehicle", OTHERS)
def test_vehicles_balance_each_quarter_and_keep_to_their_budget(vehicle):
    world = of_kind(vehicle)
    budget, all_paid = world.arrays.programme_budget_pp.sum(axis=1) * 20, 0.0
    for pool, books in play(world, paths=4):
        assert abs(books.ledger.sum()) <= 1e-9 * np.abs(books.ledger).sum()
        assert (pool.purse >= -1e-9).all()
        paid = books.fund_flow[..., -1, col.PUBLIC_CALLED_M].sum()
        assert 0 <= paid <= budget * (1 + 1e-9)
        all_paid += paid
        f = vehicles(world, pool)
        funds = pool.funds[f]
        spent = funds["spent_new"] + funds["spent_follow"]
        assert (spent <= funds["investable"] * (1 + 1e-9)).all()
        if vehicle == "grant":
            assert paid == pytest.approx(pool.granted.sum())
            assert paid + pool.purse.sum() == pytest.approx(budget.sum())
        if vehicle == "guarantee":
            lent = books.fund_flow[..., -1, col.INVESTED_M].sum()
            assert paid == pytest.approx(pool.granted.sum())
            assert paid < 0.8 * lent
            # The purse is short by what it paid and by its part of the loans still owed.
            rows = pool.holdings[: pool.counts[N_HOLDINGS]]
            owed = rows["cost"][rows["fund"] == BANK].sum()
            assert owed > 0
            assert pool.purse.sum() + paid + 0.8 * owed == pytest.approx(budget.sum())
    assert all_paid > 0


@pytest.mark.parametrize("vehicle", ["grant", "guarantee"])
def test_nothing_new_is_given_once_a_programme_has_ended(vehicle):
    world = of_kind(vehicle, f"{P}.quarters=8")
    for _, books in play(world, paths=1):
        given = books.fund_flow[:-1, :, -1, col.RAISED_M].sum(axis=1)
        assert (given[:2] > 0).all()
        assert not given[2:].any()


def test_co_investors_join_with_their_share_and_never_alone():
    world = of_kind("co_investment", f"{P}.ticket_share=1", f"{P}.concentration_share=1")
    detail = simulate(world, paths=1, seed=4, detailed=1).details[0]
    events = detail.events
    invested = events[events["kind"] == col.INVESTMENT]
    co = detail.funds["kind"][invested["fund"]] == world.arrays.fund_rate_pp.shape[1]
    assert co.sum() > 10
    rounds = {}
    for event, is_co in zip(invested, co, strict=True):
        key = (int(event["key"]), int(event["serial"]), int(event["quarter"]))
        rounds.setdefault(key, [0.0, 0.0])[int(is_co)] += float(event["amount"])
    joined = np.array([money for money in rounds.values() if money[1] > 0])
    assert (joined[:, 0] > 0).all()
    share = joined[:, 1] / joined.sum(axis=1)
    assert (share <= 0.4 * (1 + 1e-9)).all()
    assert share.max() == pytest.approx(0.4)


def test_a_grant_meets_needs_and_a_part_of_one_leaves_the_rest():
    for share in (1.0, 0.3):
        run = simulate(of_kind("grant", f"{P}.grant_share={share}"), paths=2, seed=3, detailed=2)
        events = run.details[0].events
        grants = events[events["kind"] == col.GRANTED]
        assert len(grants) > 20
        asked = {}
        for event in events[events["kind"] == col.ASKED]:
            asked[(int(event["key"]), int(event["serial"]), int(event["quarter"]))] = event[
                "amount"
            ]
        for grant in grants:
            ask = asked[(int(grant["key"]), int(grant["serial"]), int(grant["quarter"]))]
            assert grant["amount"] == pytest.approx(share * ask)


@pytest.mark.parametrize("clause", [None, *CLAUSES])
def test_money_balances_each_quarter_under_every_clause(clause):
    changes = [f"{P}.{clause}={CLAUSES[clause]}"] if clause else []
    world = policy_world(*changes, size=SIZE)
    seen = 0
    for pool, books in play(world, paths=2):
        f = vehicles(world, pool)
        seen += len(f)
        assert abs(books.ledger.sum()) <= 1e-9 * np.abs(books.ledger).sum()
        np.testing.assert_allclose(pool.lp_share[f].sum(axis=1), 1.0)
        placed = (pool.funds["commitment"][f] * pool.lp_share[f, -1]).sum()
        budget = world.arrays.programme_budget_pp.sum() * 20
        assert placed + pool.purse.sum() == pytest.approx(budget)
        assert (pool.moved >= 0).all()
        share = world.scenario.programmes["joint_fund"].state_share.centre
        assert (pool.lp_share[f, -1] <= share * (1 + 1e-12)).all()
    assert seen > 3


def test_duties_are_never_broken():
    changes = [f"{P}.reinvestment_multiple=2", f"{P}.hard_tech_min_share=0.9"]
    world = policy_world(*changes, f"{P}.early_min_share=0.5", size=SIZE)
    checked = 0
    for pool, _ in play(world, paths=3):
        f = vehicles(world, pool)
        assert (pool.outside[f] >= -1e-9).all()
        spent = pool.funds["spent_new"][f] + pool.funds["spent_follow"][f]
        public = pool.funds["commitment"][f] * pool.lp_share[f, -1]
        investable = pool.funds["investable"][f]
        away = investable - 2 * public - pool.outside[f, LOCAL]
        assert (away <= investable - 2 * public + 1e-9).all()
        checked += (spent > 0).sum()
    assert checked > 5


def test_private_money_that_moved_is_missing_elsewhere_and_no_more():
    """Ordinary funds lose exactly what moved, but for what is still to be worked off."""
    lost = []
    for share in (0.0, 1.0):
        world = policy_world(f"{P}.new_private_share={share}", size=SIZE)
        ordinary = world.arrays.fund_rate_pp.shape[1]
        for pool, _ in play(world, paths=1):
            n = pool.counts[N_FUNDS]
            kinds, commitment = pool.funds["kind"][:n], pool.funds["commitment"][:n]
            private = (commitment * (1 - pool.lp_share[:n, -1]))[kinds >= ordinary].sum()
            lost.append((commitment[kinds < ordinary].sum(), private, pool.moved.sum()))
    moved = lost[0][1] - lost[0][2]
    # Returns, and so supply, differ a little between the two.
    assert lost[1][0] - lost[0][0] == pytest.approx(moved, rel=0.1)
    assert lost[1][2] == 0


def effect_of(measure, before, after, paths=24):
    """Mean and standard error of a measure under changed clauses less without, paired."""
    found = [
        measure(simulate(policy_world(*changes, size=SIZE), paths=paths, seed=2))
        for changes in (before, after)
    ]
    difference = found[1] - found[0]
    return difference.mean(), difference.std(ddof=1) / np.sqrt(paths)


def of_vehicles(column):
    return lambda run: run.fund_flow[:, :, :, -1, column].sum(axis=(1, 2))


def home_share(run):
    money = run.flow[:, 1, :, -1].sum(axis=1)
    return np.trace(money, axis1=1, axis2=2) / money.sum(axis=(1, 2))


def all_money(run):
    return run.panel[..., col.DEAL_M].sum(axis=(1, 2, 3, 4))


# Measure, sign, clauses before, clauses after.
SIGNS = {
    "a duty at home sends money home": (home_share, 1, (), ("reinvestment_multiple=4",)),
    "plants elsewhere loosen a duty": (
        home_share,
        -1,
        ("reinvestment_multiple=4",),
        ("reinvestment_multiple=4", "away_eligible_share=1"),
    ),
    "what must be early and is not found stays idle": (
        of_vehicles(col.INVESTED_M),
        -1,
        (),
        ("early_min_share=1",),
    ),
    "managers who dislike money refuse it: fewer vehicles, later": (
        of_vehicles(col.RAISED_N),
        -1,
        (),
        ("accept_log_odds=-1",),
    ),
    "a dislike of the state's share does the same": (
        of_vehicles(col.RAISED_N),
        -1,
        (),
        ("accept_state_share=30",),
    ),
    "asking more managers finds one": (
        of_vehicles(col.RAISED_N),
        1,
        ("accept_log_odds=-1", "candidates=1"),
        ("accept_log_odds=-1", "candidates=12"),
    ),
    "private investors who fill less make smaller funds, or none": (
        of_vehicles(col.RAISED_M),
        -1,
        (),
        ("private_fill=0.4",),
    ),
    "gains given up draw private money": (of_vehicles(col.RAISED_M), 1, (), ("profit_give_up=1",)),
    "cover of losses draws private money": (of_vehicles(col.RAISED_M), 1, (), ("loss_cover=1",)),
    "a larger state share needs less private money": (
        of_vehicles(col.RAISED_M),
        -1,
        (),
        ("state_share=0.6",),
    ),
    "a high bar for closing closes fewer funds": (
        of_vehicles(col.RAISED_N),
        -1,
        (),
        ("first_close_share=0.9",),
    ),
    "private money that is new adds to the market": (
        all_money,
        1,
        ("new_private_share=0",),
        ("new_private_share=1",),
    ),
    "a vehicle that may risk no project invests less": (
        of_vehicles(col.INVESTED_M),
        -1,
        (),
        ("loss_tolerance_project=0.3",),
    ),
    "one that may lose little in all invests less": (
        of_vehicles(col.INVESTED_M),
        -1,
        (),
        ("loss_tolerance_fund=0.3",),
    ),
    "what managers get of gains the state does not": (
        of_vehicles(col.PUBLIC_BACK_M),
        -1,
        ("term_years=5",),
        ("term_years=5", "manager_give_up=1"),
    ),
    "a buy-out at cost caps the state": (
        of_vehicles(col.PUBLIC_BACK_M),
        -1,
        ("term_years=5",),
        ("term_years=5", "buyback_rate_pa=0"),
    ),
    "strings are disliked: fewer of its offers are taken": (
        of_vehicles(col.INVESTED_M),
        -1,
        (),
        ("strings=5",),
    ),
}


@pytest.mark.parametrize("name", SIGNS)
def test_clauses_have_their_sign(name):
    measure, sign, *sides = SIGNS[name]
    before, after = ([f"{P}.{change}" for change in side] for side in sides)
    mean, error = effect_of(measure, before, after)
    assert sign * mean > 4 * error


def test_a_minimum_of_hard_technology_and_of_early_firms_is_kept():
    """With a minimum of one there is nothing else; at 0.8 there is less than without."""

    def outside(clause, *changes):
        world = policy_world(*(f"{P}.{change}" for change in changes), size=SIZE)
        run = simulate(world, paths=6, seed=2, detailed=6)
        other, whole = 0.0, 0.0
        for detail in run.details:
            events = detail.events[detail.events["kind"] == col.INVESTMENT]
            kind = detail.funds["kind"][events["fund"]]
            events = events[kind >= world.arrays.fund_rate_pp.shape[1]]
            is_fit = world.is_hard_tech[events["sector"]] if clause else events["stage"] <= 2
            other += events["amount"][~is_fit].sum()
            whole += events["amount"].sum()
        return other / whole

    for clause, name in ((True, "hard_tech_min_share"), (False, "early_min_share")):
        free, some, none = (
            outside(clause, *changes) for changes in ((), (f"{name}=0.8",), (f"{name}=1",))
        )
        assert free > some > 0
        assert none == 0


def test_programmes_are_checked_with_every_problem():
    wrong = (
        f"{P}.like='guided_subfnd'",
        f"{P}.region_share={{SH=0.5, JX=0.5}}",
        f"{P}.mandate={{A=1.0, D=0.2}}",
        f"{P}.state_share=0",
        f"{P}.vehicle='fond_of_funds'",
    )
    with pytest.raises(ScenarioError) as error:
        load_scenario(POLICY, wrong)
    assert "fund_of_funds" in str(error.value)
    assert "state_share" in str(error.value)
    with pytest.raises(ScenarioError) as error:
        load_scenario(POLICY, wrong[:3])
    for text in ("guided_subfund", "JX", "region_share", "'D'"):
        assert text in str(error.value)


def test_clauses_that_are_not_there_are_named(tmp_path):
    text = POLICY.read_text().replace(
        'like = "guided_subfund"', 'like = "guided_subfund"\nclauses = "neutrall"'
    )
    (tmp_path / "clauses").mkdir()
    for name in ("yrd_baseline.toml", "clauses/neutral.toml"):
        (tmp_path / name).write_text((ROOT / "scenarios" / name).read_text())
    (tmp_path / "mine.toml").write_text(text)
    with pytest.raises(ScenarioError, match="neutral"):
        load_scenario(tmp_path / "mine.toml")
