"""Stable allocation: valid, stable, independent of order, and classical on unit demands."""

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from finmodel.market.allocation import Offers, make_offers, stable_allocation
from finmodel.market.stability import blocking_pairs, invalid_entries


@st.composite
def offers(draw, *, whole=None, min_close=None):
    """A market of up to nine seekers and five funds, in whole amounts or any."""
    n_funds, n = draw(st.integers(1, 5)), draw(st.integers(0, 9))
    is_whole = draw(st.booleans()) if whole is None else whole
    money = st.integers(0, 20).map(float) if is_whole else st.floats(0, 20, allow_subnormal=False)
    asks = st.integers(1, 10).map(float) if is_whole else st.floats(0.01, 10)
    start, fund = [0], []
    for _ in range(n):
        fund += draw(st.lists(st.integers(0, n_funds - 1), max_size=n_funds, unique=True))
        start.append(len(fund))
    size = len(fund)
    return make_offers(
        draw(st.lists(asks, min_size=n, max_size=n)),
        start,
        fund,
        draw(st.lists(st.integers(-3, 3), min_size=size, max_size=size)),
        draw(st.lists(money, min_size=n_funds, max_size=n_funds)),
        ticket=draw(st.lists(money, min_size=size, max_size=size)),
        tie=draw(st.permutations(range(n))),
        min_close_share=draw(st.sampled_from([0.0, 0.3, 0.6, 1.0]))
        if min_close is None
        else min_close,
    )


def reordered(market, order):
    """The same market with its seekers listed in another order."""
    start, edges = [0], []
    for i in order:
        edges += range(market.start[i], market.start[i + 1])
        start.append(len(edges))
    return make_offers(
        market.ask[order],
        start,
        market.fund[edges],
        market.score[edges],
        market.budget,
        ticket=market.ticket[edges],
        tie=market.tie[order],
        min_close_share=market.min_close_share,
    ), np.array(edges, int)


@settings(max_examples=3000)
@given(offers())
def test_every_allocation_is_valid_and_stable(market):
    result = stable_allocation(market)
    assert invalid_entries(market, result.amount) == []
    assert blocking_pairs(market, result.amount) == []


@settings(max_examples=1000)
@given(offers(), st.randoms(use_true_random=False))
def test_the_order_of_seekers_does_not_matter(market, random):
    order = list(range(len(market.ask)))
    random.shuffle(order)
    other, edges = reordered(market, order)
    np.testing.assert_allclose(
        stable_allocation(other).amount, stable_allocation(market).amount[edges], atol=1e-9
    )


@settings(max_examples=500)
@given(offers(min_close=0.0))
def test_no_seeker_gains_from_being_last_to_be_heard(market):
    """Seeker-optimal: no seeker raises more in the allocation funds like best."""
    best = stable_allocation(market).raised
    reverse, _ = reordered(market, list(range(len(market.ask)))[::-1])
    np.testing.assert_allclose(stable_allocation(reverse).raised[::-1], best, atol=1e-9)


def unit_market(rng, n, n_funds, capacity):
    """Unit asks, whole budgets, complete strict rankings on both sides."""
    fund = np.concatenate([rng.permutation(n_funds) for _ in range(n)])
    score = np.empty((n, n_funds))
    for f in range(n_funds):
        score[:, f] = rng.permutation(n)
    seeker = np.repeat(np.arange(n), n_funds)
    return make_offers(
        np.ones(n),
        np.arange(n + 1) * n_funds,
        fund,
        score[seeker, fund],
        capacity,
        ticket=np.ones(n * n_funds),
    )


def test_on_unit_demands_it_is_the_hospital_resident_matching():
    with warnings.catch_warnings():
        from matching.games import HospitalResident

        warnings.simplefilter("ignore")
        rng = np.random.default_rng(11)
        for _ in range(500):
            n, n_funds = int(rng.integers(1, 12)), int(rng.integers(1, 6))
            capacity = rng.integers(1, 5, n_funds)
            market = unit_market(rng, n, n_funds, capacity)
            listed = market.fund.reshape(n, n_funds)
            score = np.empty((n, n_funds))
            score[market.seeker, market.fund] = market.score
            game = HospitalResident.create_from_dictionaries(
                {i: [int(f) for f in listed[i]] for i in range(n)},
                {f: [int(i) for i in np.argsort(-score[:, f])] for f in range(n_funds)},
                {f: int(capacity[f]) for f in range(n_funds)},
            )
            expected = {
                (resident.name, hospital.name)
                for hospital, residents in game.solve(optimal="resident").items()
                for resident in residents
            }
            amount = stable_allocation(market).amount
            found = {(int(market.seeker[e]), int(market.fund[e])) for e in np.flatnonzero(amount)}
            assert found == expected


def rank(market, amount):
    """Place of each seeker's fund in its list; past the end if it has none."""
    best = np.full(len(market.ask), len(market.budget))
    for e in np.flatnonzero(amount):
        best[market.seeker[e]] = e - market.start[market.seeker[e]]
    return best


def test_larger_budgets_never_hurt_a_seeker_on_unit_demands():
    rng = np.random.default_rng(5)
    for _ in range(300):
        n, n_funds = int(rng.integers(1, 12)), int(rng.integers(1, 6))
        market = unit_market(rng, n, n_funds, rng.integers(0, 4, n_funds))
        richer = Offers(**{**vars(market), "budget": market.budget + rng.integers(0, 3, n_funds)})
        before, after = stable_allocation(market).amount, stable_allocation(richer).amount

        assert (rank(market, after) <= rank(market, before)).all()


def test_plenty_gives_everyone_the_first_choice_and_nothing_gives_nothing():
    rng = np.random.default_rng(2)
    market = unit_market(rng, 30, 4, np.full(4, 1000.0))
    assert (stable_allocation(market).amount[::4] == 1).all()
    poor = Offers(**{**vars(market), "budget": np.zeros(4)})
    assert stable_allocation(poor).amount.sum() == 0


def test_a_chain_of_rejections_longer_than_any_stack():
    """Each seeker displaces the next: depth grows with the market, recursion would not do."""
    n = 20_000
    fund = np.stack([np.arange(n), np.arange(1, n + 1)], axis=1)
    fund = np.concatenate([fund.reshape(-1), [0]])
    start = np.concatenate([np.arange(n) * 2, [2 * n], [2 * n + 1]])
    score = np.concatenate([np.stack([np.zeros(n), np.ones(n)], axis=1).reshape(-1), [5.0]])
    market = make_offers(np.ones(n + 1), start, fund, score, np.ones(n + 1))
    amount = stable_allocation(market).amount
    assert amount[-1] == 1
    assert (amount[1 : 2 * n : 2] == 1).all()


def test_a_round_below_its_minimum_frees_its_money():
    """Two rounds short of their minimum: one lets go, and the other closes in full."""
    market = make_offers(
        [10, 10],
        [0, 2, 4],
        [0, 1, 0, 1],
        [2, 1, 1, 2],
        [8, 2],
        ticket=[4, 4, 4, 4],
        min_close_share=0.5,
    )
    result = stable_allocation(market)
    assert sorted(result.raised) == [0, 6]
    assert blocking_pairs(market, result.amount) == []


def test_equal_scores_go_to_the_smaller_identity_not_the_first_in_line():
    for tie, winner in (([5, 3], 1), ([3, 5], 0)):
        market = make_offers([1, 1], [0, 1, 2], [0, 0], [1, 1], [1], tie=tie)
        assert stable_allocation(market).raised[winner] == 1


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"ask": [1.0, 0.0]}, r"ask\[1\] is 0.0"),
        ({"ask": [1.0, np.nan]}, r"ask\[1\] is nan"),
        ({"budget": [-1.0]}, r"budget\[0\] is -1.0"),
        ({"fund": [0, 1]}, r"fund\[1\] is 1; it must be below 1"),
        ({"score": [1.0]}, "one entry an edge: 2"),
        ({"score": [1.0, np.nan]}, r"score\[1\]"),
        ({"start": [0, 2]}, "start must run from 0 to 2"),
        ({"start": [0, 3, 2]}, "start must not fall"),
        ({"start": [0, 2, 2], "fund": [0, 0]}, "only once"),
        ({"ticket": [1.0, -1.0]}, r"ticket\[1\]"),
        ({"min_close_share": 1.5}, "min_close_share is 1.5"),
    ],
)
def test_a_bad_market_is_refused_in_words(change, message):
    good = {
        "ask": [1.0, 1.0],
        "start": [0, 1, 2],
        "fund": [0, 0],
        "score": [1.0, 2.0],
        "budget": [1.0],
    }
    with pytest.raises(ValueError, match=message):
        make_offers(**{**good, **change})


def test_the_checkers_see_what_they_look_for():
    market = make_offers([2, 2], [0, 1, 2], [0, 0], [1, 2], [2], ticket=[2, 2], min_close_share=0.9)
    assert invalid_entries(market, np.array([0.0, 2.0])) == []
    assert blocking_pairs(market, np.array([0.0, 2.0])) == []
    assert len(invalid_entries(market, np.array([3.0, -1.0]))) == 3
    assert "less than" in invalid_entries(market, np.array([1.0, 0.0]))[0]
    loose = Offers(**{**vars(market), "min_close_share": 0.0})
    assert blocking_pairs(loose, np.array([2.0, 0.0])) == [(1, 0)]
    assert blocking_pairs(loose, np.array([0.0, 1.0])) == [(0, 0), (1, 0)]
