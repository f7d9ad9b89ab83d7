"""Steps of a quarter one by one: who is met, what is offered, how a round is priced."""

import numpy as np
import pytest

from finmodel.market import columns as col
from finmodel.market import path as steps
from finmodel.market.captable import held_by
from finmodel.market.matching import Offers
from finmodel.market.meetings import Place, build_reach, doors_for, find_funds
from finmodel.market.offers import expected_quality, look_up, lowest_accepted, offered_price
from finmodel.market.run import first_room, simulate
from finmodel.market.stability import blocking_pairs, invalid_entries
from finmodel.market.state import FIRM_ROW, N_FUNDS, N_HOLDINGS, Now
from finmodel.measure import history_table
from finmodel.world.arrays import SCORE_LOW, SCORE_POINTS, SCORE_STEP
from tests.conftest import small_world

SEED = np.uint64(12)


class Market:
    """A market played quarter by quarter, stopped before rounds close in the last."""

    def __init__(self, world, n_quarters):
        self.world = arrays = world.arrays
        room = first_room(world)
        self.books, self.pool = steps.new_books(arrays, room), steps.new_pool(arrays, room)
        self.queue = steps.new_queue(arrays, room.firms, room.funds)
        self.reach, self.talks = steps.new_reach(arrays, room.funds), steps.new_talks()
        self.firms, self.weather = np.zeros(room.firms, FIRM_ROW), steps.new_weather(10)
        self.n = 0
        for quarter in range(n_quarters):
            self.now = Now(SEED, 0, quarter, steps.year_of(arrays.calendar, quarter))
            self.until_matched()
            if quarter < n_quarters - 1:
                self.after()

    def until_matched(self):
        world, pool, books, queue = self.world, self.pool, self.books, self.queue
        rules, now = world.rules[0], self.now
        steps.move_environment(rules, world.stress, world.sector_key, self.weather, now)
        self.n = steps.bear_firms(world, self.firms, self.n, pool, books, now)
        steps.raise_funds(world, pool, books, self.weather, now)
        steps.raise_capital(world, pool, books, float(self.weather.factor[0]), now)
        self.n, self.n_queued = steps.live(
            world, self.firms, self.n, pool, books, self.weather, now, queue.firm
        )
        steps.build_reach(world, pool, self.reach, now.quarter)
        steps.open_needs(world, self.firms, self.n_queued, pool, queue, books, now)
        self.n_seekers = steps.gather(
            world, self.firms, self.n_queued, pool, self.reach, queue, self.talks, self.weather, now
        )
        n_accounts = steps.number_budgets(pool.budget, queue, self.n_seekers, now.quarter)
        self.n_accounts = n_accounts
        steps.match(world, queue, self.n_seekers, n_accounts)

    def after(self):
        world, pool, books, now = self.world, self.pool, self.books, self.now
        steps.close_rounds(world, self.firms, pool, self.queue, self.n_seekers, books, now)
        steps.remember_success(0.2, pool)
        self.n = steps.close_unfunded(
            world, self.firms, self.n, self.queue, self.n_queued, pool, books, now
        )
        steps.distribute(world, pool, books, now)

    def offers(self):
        queue, n = self.queue, self.n_seekers
        n_edges = queue.start[n]
        return Offers(
            ask=queue.ask[:n],
            start=queue.start[: n + 1],
            fund=queue.account[:n_edges],
            seeker=queue.owner[:n_edges],
            score=queue.score[:n_edges],
            ticket=queue.ticket[:n_edges],
            budget=queue.budget[: self.n_accounts],
            tie=queue.tie[:n],
            min_close_share=float(self.world.rules[0]["min_close_share"]),
        ), queue.amount[:n_edges]


@pytest.fixture(scope="module")
def market():
    return Market(small_world("run.scale=0.3", "run.warm_up_years=4"), 14)


@pytest.mark.parametrize(
    "changes", [(), ("capital.total_mcny_pa=150000",), ("market.min_close_share=0.9",)]
)
def test_what_the_market_allocates_is_valid_and_stable(changes):
    market = Market(small_world("run.scale=0.3", "run.warm_up_years=4", *changes), 14)
    offers, amount = market.offers()
    assert len(offers.ask) > 80
    assert amount.sum() > 0
    assert invalid_entries(offers, amount) == []
    assert blocking_pairs(offers, amount) == []


def test_seekers_list_the_offers_they_like_best_first(market):
    queue, n = market.queue, market.n_seekers
    for q in range(n):
        node = queue.node[queue.start[q] : queue.start[q + 1]] % len(market.pool.funds)
        fund, home = market.pool.funds[node], market.firms["region"][queue.seeker[q]]
        terms = market.world.types[fund["kind"]]
        liking = terms["support"] - terms["strings"]
        liking -= market.world.rules["distance_dislike"][0] * (fund["region"] != home)
        assert (np.diff(liking) <= 1e-12).all()


def met_by(market, place, words):
    """Return the funds met by meetings with these words, with the doors they came by."""
    reach = market.reach
    doors = doors_for(market.world, reach, place, market.now.quarter)
    door, row = np.zeros(len(words), np.uint64), np.zeros(len(words), np.uint64)
    find_funds(reach, place.sector, doors, words, door, row, len(words))
    return reach.listed["fund"][row], door.astype(int), reach.doors["total"][doors]


def test_meetings_follow_mandate_nearness_focus_and_budget(market):
    """Frequencies over many words equal the weights of the specification."""
    world, pool, reach = market.world, market.pool, market.reach
    n = pool.counts[N_FUNDS]
    funds, budget = pool.funds[:n], pool.budget[:n]
    words = np.random.default_rng(5).integers(0, 2**32, 200_000).astype(np.uint64)
    for region, sector, stage in ((0, 2, 2), (3, 9, 4), (1, 5, 0)):
        place = Place(region, sector, stage)
        is_fit = (funds["focus"] == -1) | (funds["focus"] == sector)
        taste = world.types["hard_tech_weight"] if world.is_hard_tech[sector] else np.ones(5)
        weight = budget * is_fit * world.mandate[funds["kind"], stage] * taste[funds["kind"]]
        weight *= world.nearness[funds["region"], region, funds["kind"]]
        met, door, total = met_by(market, place, words)
        assert total == pytest.approx(weight.sum())
        found, expected = np.bincount(met, minlength=n) / len(words), weight / weight.sum()
        sd = np.sqrt(expected / len(words))
        assert (np.abs(found - expected) < 4.5 * sd + 4 / len(words)).all()
        assert (expected[found > 0] > 0).all()
        np.testing.assert_array_equal(funds["region"][met], reach.door_source[door])
        np.testing.assert_array_equal(funds["kind"][met], reach.door_type[door])


@pytest.mark.parametrize("change", [0.0, 2.0, 40.0])
def test_a_changed_budget_leaves_most_meetings_with_others_as_they_were(change):
    """Of meetings that need not change, only a few do."""
    market = Market(small_world("run.scale=0.3", "run.warm_up_years=4"), 14)
    world, pool, quarter, place = market.world, market.pool, market.now.quarter, Place(0, 2, 2)
    words = np.random.default_rng(1).integers(0, 2**32, 20_000).astype(np.uint64)

    def met():
        market.reach.opened[:] = -1
        build_reach(world, pool, market.reach, quarter)
        return met_by(market, place, words)[0]

    before, kept = met(), pool.budget.copy()
    counts = np.bincount(before)
    one = np.argsort(counts)[-counts.size // 40]  # not the largest: one among many
    pool.budget[one] *= change
    after = met()
    pool.budget[:] = kept
    needed = abs((before == one).sum() - (after == one).sum())
    assert needed > 5
    assert (before != after).sum() < 8 * needed


def test_a_word_at_either_end_still_finds_a_fund_with_money(market):
    words = np.array([0, 1, 2**31, 2**32 - 2, 2**32 - 1], np.uint64)
    met, _, _ = met_by(market, Place(2, 3, 3), words)
    assert (market.pool.budget[met] > 0).all()


def test_expectations_are_the_best_forecast():
    """The regression of quality on what a fund expects has slope one, and errors the spread."""
    world = small_world("firms.quality_mean=0.3").arrays
    rules, rng = world.rules[0], np.random.default_rng(0)
    noise, weight = world.sight[0, 1, 1, 0]
    sd = float(rules["quality_sd"])
    assert weight == pytest.approx(sd**2 / (sd**2 + noise**2))
    theta, common, own = 0.3 + sd * rng.normal(size=40_000), *rng.normal(size=(2, 40_000))
    found = np.array(
        [
            expected_quality(rules, *row)
            for row in zip(theta, [noise] * 40_000, [weight] * 40_000, common, own, strict=True)
        ]
    )
    slope = np.cov(theta, found)[0, 1] / found.var()
    assert slope == pytest.approx(1.0, abs=0.02)
    assert found.mean() == pytest.approx(0.3, abs=0.02)
    assert (theta - found).std() == pytest.approx(sd * np.sqrt(1 - weight), abs=0.01)
    assert expected_quality(rules, 1.234567, 0.0, 1.0, 3.0, -3.0) == 1.234567


def test_sight_is_sharper_at_home_for_insiders_and_with_intermediaries():
    plain = small_world().arrays.sight
    helped = small_world(
        "intermediaries.presence={SH=1.0}", "intermediaries.precision_gain=0.5"
    ).arrays.sight
    assert (plain[:, :, 1, 0, 0] > plain[:, :, 0, 0, 0]).all()
    assert (plain[:, :, 0, 1, 0] < plain[:, :, 0, 0, 0]).all()
    np.testing.assert_allclose(helped[0, ..., 0], 0.5 * plain[0, ..., 0])
    np.testing.assert_array_equal(helped[1:], plain[1:])


def test_founders_turn_down_just_what_dilutes_them_too_much():
    rules = small_world().arrays.rules.copy()[0]
    for base, need in ((100.0, 20.0), (37.0, 61.0), (5.0, 400.0)):
        least = lowest_accepted(rules, np.log(base), np.log(need))
        for expected, is_fine in ((least + 1e-9, True), (least - 1e-9, False)):
            pre_money = offered_price(rules, np.log(base), expected)
            assert (need / (pre_money + need) <= rules["max_dilution"] * (1 + 1e-12)) == is_fine
    rules["signal_loading"] = 0.0
    assert lowest_accepted(rules, np.log(100.0), 0.0) == -np.inf
    assert lowest_accepted(rules, 0.0, np.log(100.0)) == np.inf
    unbound = small_world("terms.max_dilution=1").arrays.rules[0]
    assert lowest_accepted(unbound, 0.0, np.log(100.0)) == -np.inf


def test_scores_are_read_between_points_and_flat_outside():
    arrays = small_world().arrays
    score = arrays.score
    grid = SCORE_LOW + SCORE_STEP * np.arange(SCORE_POINTS)
    for k in (0, 5, 80, 159):
        assert look_up(score, 0, 2, 3, grid[k]) == pytest.approx(score[0, 2, 3, k])
        middle = look_up(score, 0, 2, 3, grid[k] + SCORE_STEP / 2)
        assert middle == pytest.approx(score[0, 2, 3, k : k + 2].mean())
    assert look_up(score, 0, 2, 3, -99.0) == score[0, 2, 3, 0]
    assert look_up(score, 0, 2, 3, 99.0) == pytest.approx(score[0, 2, 3, -1])
    # Offers are made above the hurdles only, and there better firms score higher.
    is_above = grid[:-1] >= arrays.stages["hurdle_market"][0][..., None]
    assert (np.diff(score[0], axis=-1)[is_above] > 0).all()


def test_a_round_sells_raised_over_post_money_and_marks_earlier_holdings(market):
    """The buyers' share after the round, the price of all shares, and the sum of holdings."""
    market.after()
    firms, holdings, n = market.firms[: market.n], market.pool.holdings, 0
    for firm in firms:
        row, shares, newest = firm["head"], 1.0, 0.0
        while row >= 0:
            shares += holdings[row]["shares"]
            if holdings[row]["quarter"] == market.now.quarter:
                newest += holdings[row]["shares"]
            row = holdings[row]["next"]
        assert firm["shares"] == pytest.approx(shares)
        if newest > 0:
            n += 1
            raised = newest * firm["price"]
            assert newest / shares == pytest.approx(raised / firm["post_money"])
            assert firm["price"] * firm["shares"] == pytest.approx(firm["post_money"])
    assert n > 50


def test_a_chain_of_holdings_adds_up_by_fund(market):
    holdings, total = market.pool.holdings, 0.0
    for firm in market.firms[: market.n]:
        funds, row = set(), firm["head"]
        while row >= 0:
            funds.add(int(holdings[row]["fund"]))
            row = holdings[row]["next"]
        total += sum(held_by(holdings, firm["head"], f)[1] for f in funds)
    raised = market.firms["raised"][: market.n].sum()
    assert total == pytest.approx(raised)
    assert market.pool.counts[N_HOLDINGS] > 100


def test_down_rounds_in_histories_are_the_down_rounds_of_the_books():
    run = simulate(
        small_world("run.scale=0.05", "run.warm_up_years=0", "run.years=8"),
        paths=1,
        seed=5,
        detailed=1,
    )
    events = history_table(run)
    rounds = events[events["event"] == "round"].copy()
    pre = rounds["post_money_mcny"] - rounds["amount_mcny"]
    earlier = rounds.groupby("firm")["post_money_mcny"].shift()
    known = earlier.notna()
    assert run.panel[..., col.PRICED_N].sum() == known.sum() > 30
    is_down = known & (pre < earlier * (1 - 1e-9))
    assert run.panel[..., col.DOWN_N].sum() == is_down.sum() > 5
