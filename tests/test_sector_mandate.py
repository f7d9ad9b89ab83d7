"""A programme's mandate over sectors: all of them is none, one that is closed gets no money."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from finmodel.errors import ScenarioError
from finmodel.market import columns as col
from finmodel.market.captable import BANK
from finmodel.market.run import simulate
from finmodel.market.state import N_HOLDINGS
from finmodel.measure.effects import target_mask
from finmodel.scenario import digest, load_scenario
from finmodel.scenario.programme_consistency import sectors_of
from finmodel.study.frictions import without
from finmodel.world import build_world
from finmodel.world.sector_mandates import focus_table
from tests.conftest import YRD
from tests.test_programmes import (
    OTHERS,
    POLICY,
    SIZE,
    P,
    of_kind,
    of_vehicles,
    play,
    policy_world,
    vehicles,
)

VEHICLES = ("fund_of_funds", *OTHERS)
BIO, GENERAL = "biomedicine", "consumer_services"
SOME = {BIO: 1.0, "new_energy": 0.5, "aerospace": 0.0}
PATHS = 80


def sectors(**weights):
    """An override of the mandate over sectors."""
    entry = '{{value={},unit="share",source="user",grade="assumed",note="test"}}'
    table = ",".join(f"{key}={entry.format(value)}" for key, value in weights.items())
    return f"{P}.sector_mandate={{{table}}}"


def every(weight):
    return sectors(**dict.fromkeys(load_scenario(YRD).sectors, weight))


def world_of(vehicle, *changes):
    if vehicle == "fund_of_funds":
        return policy_world(*changes, size=SIZE)
    return of_kind(vehicle, *changes)


def by_sector(run):
    """Money of vehicles by path and sector, from the events of firms."""
    n_ordinary, paid = run.world.arrays.fund_rate_pp.shape[1], []
    for detail in run.details:
        events = detail.events
        invested = events[events["kind"] == col.INVESTMENT]
        is_vehicle = detail.funds["kind"][invested["fund"]] >= n_ordinary
        given = events[np.isin(events["kind"], (col.GRANTED, col.LENT))]
        money = np.concatenate([invested[is_vehicle], given])
        n = len(run.world.sectors)
        paid.append(np.bincount(money["sector"], money["amount"], minlength=n))
    return np.array(paid)


@pytest.mark.parametrize("weight", [1.0, 0.3])
@pytest.mark.parametrize("vehicle", VEHICLES)
def test_a_mandate_of_every_sector_alike_is_none_bit_for_bit(vehicle, weight):
    plain = simulate(world_of(vehicle), paths=2, seed=5)
    whole = simulate(world_of(vehicle, every(weight)), paths=2, seed=5)
    for name in ("panel", "sectors", "fine", "exits", "fund_flow", "flow"):
        np.testing.assert_array_equal(plain.spools[name].whole(), whole.spools[name].whole())


@pytest.mark.parametrize("mandate", [{BIO: 1.0}, SOME], ids=["one", "some"])
@pytest.mark.parametrize("vehicle", VEHICLES)
def test_no_money_reaches_a_sector_outside_the_mandate(vehicle, mandate):
    run = simulate(world_of(vehicle, sectors(**mandate)), paths=6, seed=3, detailed=6)
    money = by_sector(run)
    wanted = [mandate.get(name, 0.0) > 0.0 for name in run.world.sectors]
    assert (money.sum(axis=0)[wanted] > 0.0).all()
    assert not money[:, ~np.array(wanted)].any()
    free = by_sector(simulate(world_of(vehicle), paths=6, seed=3, detailed=6))
    assert free[:, ~np.array(wanted)].sum() > 0.0  # so that the test above could fail
    np.testing.assert_allclose(money.sum(axis=1), of_vehicles(col.INVESTED_M)(run), rtol=1e-5)


@pytest.mark.parametrize("vehicle", VEHICLES)
def test_vehicles_of_one_sector_are_its_specialists_and_money_balances(vehicle):
    world = world_of(vehicle, sectors(**{BIO: 1.0}))
    place = world.sectors.index(BIO)
    for pool, books in play(world, paths=2):
        assert abs(books.ledger.sum()) <= 1e-9 * np.abs(books.ledger).sum()
        assert (pool.purse >= -1e-9).all()
        own = vehicles(world, pool)
        assert (pool.funds["focus"][own] == place).all()
        rows = pool.holdings[: pool.counts[N_HOLDINGS]]
        assert not len(own) or np.isin(rows["fund"], own).any()
        assert (rows["fund"] == BANK).any() == (vehicle == "guarantee")


def test_a_specialist_has_a_sector_of_the_mandate():
    world = policy_world(sectors(**SOME), size=SIZE)
    n_ordinary = world.arrays.fund_rate_pp.shape[1]
    table = world.arrays.focus_cdf
    share = np.diff(table[n_ordinary], prepend=0.0)
    assert {world.sectors[s] for s in np.flatnonzero(share)} == {BIO, "new_energy"}
    births = np.diff(table[0], prepend=0.0)
    bio, energy = world.sectors.index(BIO), world.sectors.index("new_energy")
    assert share[bio] / share[energy] == pytest.approx(2.0 * births[bio] / births[energy])
    seen = set()
    for pool, _ in play(world, paths=8):
        seen |= set(pool.funds["focus"][vehicles(world, pool)].tolist())
    assert seen == {-1, bio, energy}


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(st.floats(0.0, 1.0), st.floats(0.0, 1.0)), min_size=1, max_size=12))
def test_no_draw_leads_into_a_closed_sector(pairs):
    """For any births and weights, and any luck: a specialist is of an open sector."""
    births, weights = (np.array(side) for side in zip(*pairs, strict=True))
    assume(births.sum() > 0.0)
    assume(weights.max() > 0.0)
    share = births / births.sum()
    plain, row = focus_table(share, 1, (weights / weights.max())[None, :])
    if (weights == weights.max()).all():
        assert (row == plain).all()
    else:
        assert row[np.flatnonzero(weights)[-1]] == 1.0
    for u in (2.0**-33, *np.linspace(0.001, 0.999, 50), *row, np.nextafter(1.0, 0.0)):
        if 0.0 < u < 1.0:
            sector = min(int(np.searchsorted(row, u)), len(row) - 1)
            assert weights[sector] > 0.0


def test_a_smaller_weight_draws_less():
    """At half the weight new energy gets less of the vehicles' money than at the same."""

    def part(weight):
        mandate = sectors(**{BIO: 1.0, "new_energy": weight})
        run = simulate(of_kind("direct", mandate), paths=24, seed=2, detailed=24)
        money = by_sector(run)
        return money[:, run.world.sectors.index("new_energy")] / money.sum(axis=1)

    fall = part(1.0) - part(0.3)
    assert fall.mean() > 4 * fall.std(ddof=1) / np.sqrt(len(fall))


@pytest.mark.parametrize("vehicle", VEHICLES)
def test_one_sector_alone_gets_more_of_the_vehicles_money(vehicle):
    paths = 48 if vehicle == "guarantee" else 16

    def money(*changes):
        run = simulate(world_of(vehicle, *changes), paths=paths, seed=2, detailed=paths)
        return by_sector(run)[:, run.world.sectors.index(BIO)]

    gain = money(sectors(**{BIO: 1.0})) - money()
    assert gain.mean() > 4 * gain.std(ddof=1) / np.sqrt(len(gain))


def test_loans_for_one_sector_close_its_gap_and_leave_those_of_others():
    scenario = load_scenario(YRD)
    is_bio = np.array([name == BIO for name in scenario.sectors])
    is_other = ~is_bio & np.array([item.is_hard_tech for item in scenario.sectors.values()])

    def gap(world):
        money = simulate(world, paths=PATHS, seed=2).fine[..., 3].sum(axis=(1, 2, 3))
        return np.array([money[:, group].sum(axis=1) for group in (is_bio, is_other)])

    alone = gap(of_kind("guarantee", sectors(**{BIO: 1.0})))
    closed = gap(build_world(load_scenario(YRD, SIZE))) - alone
    lost = alone - gap(of_kind("guarantee"))
    for gain in (closed[0], lost[1]):  # its own against no programme, others' against one for all
        assert gain.mean() > 4 * gain.std(ddof=1) / np.sqrt(PATHS)
    error = closed[1].std(ddof=1) / np.sqrt(PATHS)
    assert abs(closed[1].mean()) < 4 * error


def test_the_target_of_a_programme_is_in_its_sectors():
    def wanted(*changes):
        world = policy_world(*changes)
        mask = target_mask(world).any(axis=(0, 1))
        return {name for name, is_in in zip(world.sectors, mask, strict=True) if is_in}

    hard_tech = {name for name, item in load_scenario(YRD).sectors.items() if item.is_hard_tech}
    assert wanted() == wanted(every(1.0)) == hard_tech
    assert wanted(sectors(**{BIO: 1.0, GENERAL: 1.0})) == {BIO}
    assert wanted(sectors(**{GENERAL: 1.0})) == {GENERAL}


def test_without_mandates_a_programme_has_none_over_sectors():
    world = without(policy_world(sectors(**{BIO: 1.0})), ["mandates"])
    assert (world.arrays.sector_pull == 1.0).all()
    assert (world.arrays.types["specialist_share"] == 0.0).all()


def test_a_scenario_without_the_clause_keeps_its_digest_and_one_with_it_has_another():
    plain = load_scenario(POLICY)
    programme = plain.programmes["joint_fund"]
    assert programme.sector_mandate == {}
    assert sectors_of(plain, programme) == list(plain.sectors)
    bound = load_scenario(POLICY, (sectors(**{BIO: 1.0}),))
    assert sectors_of(bound, bound.programmes["joint_fund"]) == [BIO]
    assert digest(bound) != digest(plain)
    bare = programme.model_dump(exclude={"sector_mandate"})
    again = plain.model_copy(
        update={"programmes": {"joint_fund": type(programme).model_validate(bare)}}
    )
    assert digest(again) == digest(plain)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ((sectors(biomedicin=1.0),), "did you mean 'biomedicine'"),
        ((sectors(**{BIO: 0.0}),), "all weights 0"),
        ((sectors(**{BIO: 1.5}),), r"sector_mandate\.biomedicine"),
        ((sectors(**{GENERAL: 1.0}), f"{P}.hard_tech_min_share=0.5"), "hard_tech_min_share is 0.5"),
        (
            (sectors(**{GENERAL: 1.0}), f"{P}.vehicle=grant", f"{P}.state_share=1"),
            "a grant is for hard technology alone",
        ),
    ],
)
def test_a_mandate_that_cannot_be_is_refused_in_words(changes, said):
    with pytest.raises(ScenarioError, match=said):
        load_scenario(POLICY, changes)


def test_a_weight_is_set_by_name():
    world = build_world(load_scenario(POLICY, (f"{P}.sector_mandate.{BIO}=1",)))
    assert world.arrays.sector_pull.tolist() == [[float(n == BIO) for n in world.sectors]]
