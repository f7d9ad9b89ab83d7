"""Stable allocation: valid, stable, independent of order, and classical on unit demands."""

import doctest
import os
import re
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from finmodel.market.matching import Offers, make_offers, stable_allocation
from finmodel.market.stability import blocking_pairs, invalid_entries
from tests.bench import matching as markets
from tests.conftest import ROOT


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


@settings(max_examples=1000)
@given(offers())
def test_every_allocation_is_valid_and_stable(market):
    check_stable(market)


@pytest.mark.slow
@settings(max_examples=10_000)
@given(offers())
def test_every_one_of_many_allocations_is_valid_and_stable(market):
    check_stable(market)


def check_stable(market):
    result = stable_allocation(market)
    assert invalid_entries(market, result.amount) == []
    assert blocking_pairs(market, result.amount) == []


@settings(max_examples=1000)
@given(offers(), st.randoms(use_true_random=False))
def test_the_order_of_seekers_does_not_matter(market, random):
    order = list(range(len(market.ask)))
    random.shuffle(order)
    other, edges = markets.reordered(market, order)
    np.testing.assert_allclose(
        stable_allocation(other).amount, stable_allocation(market).amount[edges], atol=1e-9
    )


def test_it_is_the_seekers_best_and_all_stable_allocations_raise_the_same():
    """Every stable allocation lies between it and the funds' best, which is found by turning
    the tables: no seeker holds less with its best funds, and each holds the same in total.
    """
    rng, n_differ = np.random.default_rng(9), 0
    for k in range(500):
        market = markets.crowd(rng, 15, 6, 6, min_close_share=0.0)
        if k % 2:
            market = markets.unit_market(rng, 10, 10, np.ones(10))
        market = Offers(**{**vars(market), "budget": np.maximum(market.budget, 1)})
        turned, edges = markets.roles_swapped(market)
        worst = np.zeros(len(edges))
        worst[edges] = stable_allocation(turned).amount
        assert blocking_pairs(market, worst) == []
        gain = np.append(0, np.cumsum(stable_allocation(market).amount - worst))
        base = gain[market.start[market.seeker]]
        assert (gain[1:] >= base).all()
        assert (gain[market.start] == 0).all()
        n_differ += (gain != 0).any()
    assert n_differ > 100


def test_on_unit_demands_it_is_the_hospital_resident_matching():
    rng = np.random.default_rng(11)
    for _ in range(600):
        n, n_funds = int(rng.integers(1, 12)), int(rng.integers(1, 6))
        market = markets.unit_market(rng, n, n_funds, rng.integers(1, 5, n_funds))
        found = markets.placed(market, stable_allocation(market).amount)
        assert found == markets.placed_by_package(markets.package_game(market))


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
        market = markets.unit_market(rng, n, n_funds, rng.integers(0, 4, n_funds))
        richer = Offers(**{**vars(market), "budget": market.budget + rng.integers(0, 3, n_funds)})
        before, after = stable_allocation(market).amount, stable_allocation(richer).amount
        assert (rank(market, after) <= rank(market, before)).all()


def test_plenty_gives_everyone_the_first_choice_and_nothing_gives_nothing():
    rng = np.random.default_rng(2)
    market = markets.unit_market(rng, 30, 4, np.full(4, 1000.0))
    assert (stable_allocation(market).amount[::4] == 1).all()
    poor = Offers(**{**vars(market), "budget": np.zeros(4)})
    assert stable_allocation(poor).amount.sum() == 0


def test_a_chain_of_rejections_longer_than_any_stack():
    """Each seeker displaces the next: depth grows with the market, recursion would not do."""
    n = 1_000_000
    amount = stable_allocation(markets.rejection_chain(n)).amount
    assert amount[-1] == 1
    assert (amount[1 : 2 * n : 2] == 1).all()


@pytest.mark.parametrize("n", [2, 3, 400])
@pytest.mark.parametrize("extra", [0.1, 1e-9])
def test_money_running_around_a_ring_takes_no_longer_in_small_steps(n, extra):
    """A newcomer's billionth part would turn the ring a billion times, one step at a time."""
    market = markets.money_ring(n, extra)
    result = stable_allocation(market)
    np.testing.assert_allclose(result.amount[1 : 2 * n : 2], [1] * (n - 1) + [1 - extra])
    np.testing.assert_allclose(result.amount[-1], extra)
    assert invalid_entries(market, result.amount) == []
    assert blocking_pairs(market, result.amount) == []


@pytest.mark.parametrize("n", [2, 3, 400])
@pytest.mark.parametrize("extra", [0.01, 1e-9])
def test_a_ring_turns_back_when_the_round_that_turned_it_fails(n, extra):
    market = markets.ring_that_turns_back(n, extra)
    result = stable_allocation(market)
    np.testing.assert_allclose(result.amount[: 2 * n], [1, 0] * n, atol=1e-9)
    assert result.raised[n] == 0
    assert blocking_pairs(market, result.amount) == []


def test_a_round_below_its_minimum_frees_its_money():
    """Two rounds short of their minimum: one lets go, and the other closes in full."""
    fund, score = [0, 1, 0, 1], [2, 1, 1, 2]
    market = make_offers(
        [10, 10], [0, 2, 4], fund, score, [8, 2], ticket=[4] * 4, min_close_share=0.5
    )
    result = stable_allocation(market)
    assert sorted(result.raised) == [0, 6]
    assert blocking_pairs(market, result.amount) == []


def test_of_rounds_equally_short_the_larger_identity_is_released():
    for tie, raised in (([5, 3], [0, 10]), ([3, 5], [10, 0])):
        fund, score = [0, 1, 1, 0], [2, 1, 2, 1]
        market = make_offers([10] * 2, [0, 2, 4], fund, score, [8, 8], tie=tie, min_close_share=0.9)
        assert stable_allocation(market).raised.tolist() == raised


def test_seekers_that_could_never_close_take_nothing_from_others():
    """The first and the last are ranked higher, and know but one fund, which has too little."""
    fund, score = [0, 0, 1, 1], [9, 5, 5, 9]
    market = make_offers([10] * 3, [0, 1, 3, 4], fund, score, [5, 5], min_close_share=0.6)
    result = stable_allocation(market)
    assert result.raised.tolist() == [0, 10, 0]
    assert result.passes == 1


def test_a_seeker_with_nothing_may_get_what_a_failed_round_lets_go():
    market = make_offers(
        [10, 4, 9], [0, 2, 3, 4], [0, 1, 0, 1], [9, 1, 5, 5], [4, 9], min_close_share=0.6
    )
    assert stable_allocation(market).raised.tolist() == [0, 4, 9]


def plain_acceptance(market, is_out):
    """Deferred acceptance in plain words: slow, for whole amounts only."""
    amount, closed = np.zeros(len(market.fund)), set()
    left, at = np.where(is_out, 0, market.ask), market.start[:-1].copy()
    ranking = np.lexsort((~market.tie[market.seeker], market.score))
    todo = list(range(len(market.ask)))
    while todo:
        i = todo.pop()
        while left[i] > 0 and at[i] < market.start[i + 1]:
            e = at[i]
            give = min(left[i], market.ticket[e] - amount[e])
            if e in closed or give == 0:
                at[i] += 1
                continue
            amount[e] += give
            left[i] -= give
            held = [k for k in ranking if market.fund[k] == market.fund[e] and amount[k] > 0]
            over = amount[held].sum() - market.budget[market.fund[e]]
            for k in held:
                back = max(0, min(over, amount[k]))
                if back > 0:
                    amount[k] -= back
                    over -= back
                    left[market.seeker[k]] += back
                    closed.add(k)
                    todo.append(market.seeker[k])
    return amount


def matched_afresh(market):
    """Amounts and passes if all that remain are matched afresh after every release."""
    n, least = len(market.ask), market.min_close_share * (1 - 1e-10) * market.ask
    most = np.bincount(market.seeker, np.minimum(market.ticket, market.budget[market.fund]), n)
    is_out, passes, ranked = most < least, 1, set()
    amount = plain_acceptance(market, is_out)
    while True:
        raised = np.bincount(market.seeker, amount, n)
        short = set(np.flatnonzero((raised > 0) & (raised < least)))
        ranked = (ranked & short) or short
        if not ranked:
            return amount, passes
        step = np.floor(raised / market.ask * 1e9 + 0.5)
        is_out[min(ranked, key=lambda i: (step[i], -int(market.tie[i])))] = True
        amount, passes = plain_acceptance(market, is_out), passes + 1


def test_vacancy_chains_close_the_same_rounds_as_matching_afresh():
    rng = np.random.default_rng(8)
    for k in range(400):
        n, n_funds, share = int(rng.integers(1, 25)), int(rng.integers(1, 8)), (k % 4) / 3
        market = markets.crowd(rng, n, n_funds, 5, top_score=1 + k % 9, min_close_share=share)
        amount, passes = matched_afresh(market)
        found = stable_allocation(market)
        np.testing.assert_array_equal(found.raised, np.bincount(market.seeker, amount, n))
        assert found.passes == passes
        if share == 0:
            np.testing.assert_array_equal(found.amount, amount)


@pytest.mark.parametrize("top_score", [1, 3, 1_000_000])
@pytest.mark.parametrize(("n_funds", "width"), [(5, 4), (60, 10), (900, 4)])
def test_larger_markets_are_valid_stable_and_the_same_in_any_order(n_funds, width, top_score):
    rng = np.random.default_rng(n_funds + top_score)
    for _ in range(10):
        market = markets.crowd(rng, 400, n_funds, width, top_score=top_score)
        result = stable_allocation(market)
        assert invalid_entries(market, result.amount) == []
        assert blocking_pairs(market, result.amount) == []
        assert 0 < (result.raised > 0).sum() < 400
        other, edges = markets.reordered(market, rng.permutation(400))
        np.testing.assert_array_equal(stable_allocation(other).amount, result.amount[edges])


@pytest.mark.parametrize("min_close_share", [0.0, 0.6])
def test_the_markets_of_the_benchmark_are_valid_and_stable(min_close_share):
    for market in (
        markets.scarce_market(3_000, 10, 60, min_close_share=min_close_share),
        markets.scarce_market(3_000, 10, 60, is_unit=True, min_close_share=min_close_share),
        markets.quarter_market(min_close_share),
    ):
        result = stable_allocation(market)
        assert invalid_entries(market, result.amount) == []
        assert blocking_pairs(market, result.amount) == []
        order = np.random.default_rng(1).permutation(len(market.ask))
        other, edges = markets.reordered(market, order)
        np.testing.assert_allclose(stable_allocation(other).amount, result.amount[edges], atol=1e-9)


def test_a_market_of_nobody_and_a_market_without_offers():
    nobody = make_offers([], [0], [], [], [1.0, 2.0], min_close_share=0.6)
    assert stable_allocation(nobody).spent.tolist() == [0, 0]
    no_funds = make_offers([1.0], [0, 0], [], [], [], min_close_share=0.6)
    assert stable_allocation(no_funds).raised.tolist() == [0]
    assert blocking_pairs(no_funds, np.zeros(0)) == []
    assert stable_allocation(make_offers([], [0], [], [], [])).passes == 1


def test_plain_python_equals_the_compiled_kernel_bit_for_bit(tmp_path):
    script = (
        "import sys, numpy as np\n"
        f"sys.path.insert(0, {str(ROOT)!r})\n"
        "from tests.bench import matching as here\n"
        "rng, amounts = np.random.default_rng(4), []\n"
        "for k in range(40):\n"
        "    share = (0.0, 0.6)[k % 2]\n"
        "    whole = here.crowd(rng, 40, 9, 5, top_score=1 + k, min_close_share=share)\n"
        "    loose = here.scarce_market(60, 5, 8, min_close_share=share, seed=k)\n"
        "    rings = [here.money_ring(5, 1e-5), here.ring_that_turns_back(5, 1e-5)]\n"
        "    for market in (whole, loose, *rings):\n"
        "        amounts.append(here.stable_allocation(market).amount)\n"
        "np.save(sys.argv[1], np.concatenate(amounts))\n"
    )
    found = []
    for mode in ("0", "1"):
        file = tmp_path / f"{mode}.npy"
        environment = {**os.environ, "NUMBA_DISABLE_JIT": mode}
        subprocess.run([sys.executable, "-c", script, str(file)], check=True, env=environment)
        found.append(np.load(file))
    np.testing.assert_array_equal(found[0], found[1])
    assert found[0].sum() > 0


def test_the_example_of_the_docs_gives_what_the_docs_say():
    page = (ROOT / "docs/matching.md").read_text(encoding="utf-8")
    blocks = "\n".join(re.findall(r"```python\n(.*?)```", page, re.DOTALL))
    runner = doctest.DocTestRunner()
    runner.run(doctest.DocTestParser().get_doctest(blocks, {}, "matching.md", None, 0))
    assert runner.tries > 8
    assert runner.failures == 0


def test_equal_scores_go_to_the_smaller_identity_not_the_first_in_line():
    for tie, winner in (([5, 3], 1), ([3, 5], 0)):
        market = make_offers([1, 1], [0, 1, 2], [0, 0], [1, 1], [1], tie=tie)
        assert stable_allocation(market).raised[winner] == 1
