"""The matching's public side: bad markets refused in words, and checkers that see faults."""

import numpy as np
import pytest

from finmodel.market.matching import Offers, make_offers, stable_allocation
from finmodel.market.stability import blocking_pairs, invalid_entries
from tests.bench import matching as markets


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"ask": [1.0, 0.0]}, r"ask\[1\] is 0;"),
        ({"ask": [1.0, np.nan]}, r"ask\[1\] is nan"),
        ({"budget": [-1.0]}, r"budget\[0\] is -1;"),
        ({"fund": [0, 1]}, r"fund\[1\] is 1; it must be below 1"),
        ({"score": [1.0]}, r"score must have the shape \(2,\), got \(1,\)"),
        ({"score": [1.0, np.nan]}, r"score\[1\]"),
        ({"start": [0, 2]}, r"start must have the shape \(3,\)"),
        ({"start": [0, 3, 2]}, "start must not fall"),
        ({"start": [0, 2, 2], "fund": [0, 0]}, r"fund\[1\] is 0; a seeker may list .* only once"),
        ({"tie": [4, 4]}, "tie must have no two entries alike"),
        ({"ticket": [1.0, -1.0]}, r"ticket\[1\]"),
        ({"fund": [0.7, 0]}, r"fund\[0\] is 0.7"),
        ({"start": [0, 1.5, 2]}, r"start\[1\] is 1.5"),
        ({"start": [1, 1, 2]}, "start must run from 0 to 2"),
        ({"tie": [1, 2, 3]}, r"tie must have the shape \(2,\)"),
        ({"tie": [-1, 2]}, "tie must be whole numbers"),
        ({"ask": ["a", 1.0]}, "ask must be numbers"),
        ({"ask": [0.0, 1.0], "budget": [-1.0]}, r"ask\[0\] is 0; .*budget\[0\] is -1;"),
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


def plain_blocking_pairs(offers, amount, tolerance=1e-9):
    """The definition, edge by edge."""
    raised = np.bincount(offers.seeker, amount, minlength=len(offers.ask))
    spent = np.bincount(offers.fund, amount, minlength=len(offers.budget))
    small, found = tolerance * offers.ask, []
    for e in range(len(offers.fund)):
        i, f = int(offers.seeker[e]), int(offers.fund[e])
        worse = amount[e + 1 : offers.start[i + 1]]
        is_short = raised[i] < offers.ask[i] - small[i]
        has_money = spent[f] < offers.budget[f] * (1 - tolerance) - tolerance
        lower = [
            k
            for k in np.flatnonzero((offers.fund == f) & (amount > small[offers.seeker]))
            if (offers.score[k], -int(offers.tie[offers.seeker[k]]))
            < (offers.score[e], -int(offers.tie[i]))
        ]
        if (
            not (offers.min_close_share > 0 and raised[i] <= 0)
            and amount[e] < min(offers.ticket[e], offers.ask[i]) - small[i]
            and (is_short or (worse > small[i]).any())
            and (has_money or lower)
        ):
            found.append((i, f))
    return found


def test_the_checker_of_stability_finds_what_the_definition_finds():
    rng, n_found = np.random.default_rng(6), 0
    for k in range(600):
        market = markets.crowd(rng, 12, 4, 4, top_score=4, min_close_share=[0.0, 0.6][k % 2])
        amount = stable_allocation(market).amount * rng.choice([0.5, 1, 1, 1], len(market.fund))
        pairs = blocking_pairs(market, amount)
        assert pairs == plain_blocking_pairs(market, amount)
        n_found += len(pairs)
    assert n_found > 600


def test_the_checkers_know_no_unit_of_money():
    for unit in (1e-10, 1.0, 1e10):
        market = make_offers([unit, unit], [0, 1, 2], [0, 0], [1, 2], [unit])
        assert "fund 0" in invalid_entries(market, np.array([unit, unit]))[0]
        assert blocking_pairs(market, np.zeros(2)) == [(0, 0), (1, 0)]
        assert blocking_pairs(market, stable_allocation(market).amount) == []
