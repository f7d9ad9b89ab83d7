"""Tolerance of losses by project, vehicle, class and programme: none binds by default, all bind."""

import numpy as np
import pytest

from finmodel.errors import ScenarioError
from finmodel.market import columns as col
from finmodel.market.run import simulate
from finmodel.market.state import (
    N_FUNDS,
    PUBLIC_CALLED,
    PUBLIC_RECEIVED,
    PUBLIC_TO_MANAGER,
    PUBLIC_TO_PRIVATE,
)
from finmodel.scenario import load_scenario
from tests.conftest import small_world
from tests.test_programmes import (
    POLICY,
    SIZE,
    P,
    effect_of,
    of_kind,
    of_vehicles,
    play,
    policy_world,
    vehicles,
)


def classes(**limits):
    """An override of the classes of a programme."""
    entry = '{{value={},unit="share",source="user",grade="assumed",note="test"}}'
    table = ",".join(f'"{key}"={entry.format(value)}' for key, value in limits.items())
    return f"{P}.loss_tolerance_class={{{table}}}"


EARLY_TIGHT = classes(**{"lab+angel": 0.3})
WIDE = {"class": EARLY_TIGHT, "programme": f"{P}.loss_tolerance_programme=0.3"}


@pytest.mark.parametrize("changes", WIDE.values(), ids=WIDE)
def test_tolerance_of_a_programme_without_money_changes_no_bit(changes):
    base = simulate(small_world(), paths=2, seed=5)
    none = simulate(policy_world(f"{P}.budget_mcny_pa=0", changes), paths=2, seed=5)
    for name in ("panel", "sectors", "fine", "exits"):
        np.testing.assert_array_equal(base.spools[name].whole(), none.spools[name].whole())


def test_tolerance_of_everything_is_no_limit():
    """Classes and programmes that may lose all differ in no bit from none."""
    free = simulate(policy_world(size=SIZE), paths=2, seed=5)
    wide = simulate(
        policy_world(
            classes(**{"lab+angel": 1.0, "A": 1.0}), f"{P}.loss_tolerance_programme=1", size=SIZE
        ),
        paths=2,
        seed=5,
    )
    for name in ("panel", "fund_flow", "exits"):
        np.testing.assert_array_equal(free.spools[name].whole(), wide.spools[name].whole())


@pytest.mark.parametrize("vehicle", ["fund_of_funds", "co_investment"])
@pytest.mark.parametrize("changes", WIDE.values(), ids=WIDE)
def test_expected_losses_stay_within_what_class_and_programme_bear(vehicle, changes):
    kind = () if vehicle == "fund_of_funds" else (f"{P}.vehicle={vehicle}", f"{P}.state_share=1")
    world = policy_world(*kind, changes, size=SIZE)
    spent = 0.0
    for pool, books in play(world, paths=2):
        assert (pool.wide_risk[..., 0] >= -1e-9).all()
        assert abs(books.ledger.sum()) <= 1e-9 * np.abs(books.ledger).sum()
        n = pool.counts[N_FUNDS]
        spent += pool.funds["spent_new"][:n][pool.funds["kind"][:n] >= 5].sum()
    assert spent > 0


def of_stages(run, stages):
    """Money of vehicles in firms of some stages, by path."""
    found, first = [], run.world.arrays.fund_rate_pp.shape[1]
    for detail in run.details:
        events = detail.events[detail.events["kind"] == col.INVESTMENT]
        is_vehicle = detail.funds["kind"][events["fund"]] >= first
        chosen = is_vehicle & np.isin(events["stage"], stages)
        found.append(events["amount"][chosen].sum())
    return np.array(found)


@pytest.mark.parametrize(
    ("name", "stages", "limit"), [("lab+angel", (0, 1), 0.3), ("A", (2,), 0.3)]
)
def test_a_tight_class_takes_money_from_its_own_stages(name, stages, limit):
    """Early firms fail most: a class that may lose little leaves them, whatever others do."""
    before, after = (
        of_stages(
            simulate(policy_world(*changes, size=SIZE), paths=24, seed=2, detailed=24), stages
        )
        for changes in ((), (classes(**{name: limit}),))
    )
    change = after - before
    assert -change.mean() > 4 * change.std(ddof=1) / np.sqrt(len(change))


def test_a_programme_that_may_lose_little_invests_less():
    mean, error = effect_of(of_vehicles(col.INVESTED_M), (), (f"{P}.loss_tolerance_programme=0.3",))
    assert mean < -4 * error


def test_one_budget_of_losses_for_all_vehicles_is_looser_than_one_for_each():
    """Safe deals of one vehicle pay for risky ones of another."""
    mean, error = effect_of(
        of_vehicles(col.INVESTED_M),
        (f"{P}.loss_tolerance_fund=0.35",),
        (f"{P}.loss_tolerance_programme=0.35",),
    )
    assert mean > 4 * error


def test_classes_are_checked():
    wrong = classes(**{"lab+angle": 0.5, "lab": 0.4})
    with pytest.raises(ScenarioError) as error:
        load_scenario(POLICY, (wrong,))
    for text in ("angle", "angel", "lab twice"):
        assert text in str(error.value)
    with pytest.raises(ScenarioError, match=r"loss_tolerance_class\.lab"):
        load_scenario(POLICY, (classes(lab=1.5),))


def test_gains_given_up_are_those_of_the_whole_life():
    """What later calls and losses have eaten up of a gain comes back at the end of a vehicle."""
    world = policy_world(
        f"{P}.term_years=5", f"{P}.manager_give_up=0.3", f"{P}.profit_give_up=0.5", size=SIZE
    )
    ended = 0
    for pool, _ in play(world, paths=3):
        f = vehicles(world, pool)
        f = f[pool.funds["is_over"][f] == 1]
        public = pool.public[f]
        gain = np.maximum(0.0, public[:, PUBLIC_RECEIVED] - public[:, PUBLIC_CALLED])
        np.testing.assert_allclose(public[:, PUBLIC_TO_MANAGER], 0.3 * gain, atol=1e-9)
        np.testing.assert_allclose(public[:, PUBLIC_TO_PRIVATE], 0.5 * gain, atol=1e-9)
        ended += len(f)
    assert ended > 10


def test_what_a_guarantee_has_at_risk_is_its_part_of_the_loans_owed():
    world = of_kind("guarantee")
    for pool, books in play(world, paths=2):
        at_risk = books.fund_flow[-2, :, -1, col.UNCALLED_S]
        paid_in = books.fund_flow[..., -1, col.PUBLIC_RAISED_M].sum()
        claims = books.fund_flow[..., -1, col.PUBLIC_CALLED_M].sum()
        assert 0 < at_risk.sum() < paid_in - claims
        budget = world.arrays.programme_budget_pp.sum() * 20
        assert at_risk.sum() + pool.purse.sum() + claims == pytest.approx(budget)


@pytest.mark.parametrize("change", ["loss_tolerance_project=0.1", "loss_tolerance_programme=0.1"])
def test_a_guarantee_that_may_lose_little_stands_behind_less(change):
    before, after = (
        simulate(of_kind("guarantee", *changes), paths=12, seed=2).fund_flow[
            ..., -1, col.PUBLIC_RAISED_M
        ]
        for changes in ((), (f"{P}.{change}",))
    )
    difference = (after - before).sum(axis=(1, 2))
    assert -difference.mean() > 4 * difference.std(ddof=1) / np.sqrt(len(difference))


@pytest.mark.parametrize(
    ("vehicle", "clause"),
    [
        ("grant", "loss_tolerance_project=0.5"),
        ("grant", "reinvestment_multiple=1"),
        ("guarantee", "early_min_share=0.5"),
        ("guarantee", "profit_give_up=0.5"),
        ("direct", "loss_cover=0.4"),
        ("co_investment", "buyback_rate_pa=0.05"),
    ],
)
def test_a_clause_that_would_do_nothing_is_refused(vehicle, clause):
    changes = (f"{P}.vehicle={vehicle}", f"{P}.state_share=1", f"{P}.{clause}")
    with pytest.raises(ScenarioError, match=f"a {vehicle} knows no such clause"):
        load_scenario(POLICY, changes)
