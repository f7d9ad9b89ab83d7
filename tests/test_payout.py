"""Who gets what of a firm's value: worked cases, and what no split may do."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from finmodel.market.payout import (
    conversion_price,
    pay_claims,
    split_preferences,
    split_pro_rata,
    split_redemption,
)

amounts = st.one_of(st.just(0.0), st.floats(0.01, 1e4))
values = st.one_of(st.just(0.0), st.floats(0.01, 1e6))
covers = st.one_of(st.just(0.0), st.floats(0.01, 4.0))
multiples = st.sampled_from([0.0, 0.5, 1.0, 1.5, 2.0])


@st.composite
def cap_tables(draw, most=6, common=amounts):
    """Common shares, and shares and cost of each holding; ties in price are common."""
    m = draw(st.integers(0, most))
    shares = draw(st.lists(amounts, min_size=m, max_size=m))
    prices = st.one_of(st.sampled_from([0.5, 1.0, 2.0]), st.floats(0.01, 100.0))
    cost = [n * draw(prices) for n in shares]
    return draw(common), np.array(shares), np.array(cost)


def sale(value, table, multiple=1.0, *, participating=False):
    """Payments to (common, holding 0, holding 1, ...)."""
    common, shares, cost = table
    paid = np.full(len(shares), np.nan)
    rest = split_preferences(
        float(value), float(common), shares, cost, multiple, participating, paid
    )
    return np.array([rest, *paid])


def table(common, *holdings):
    shares, cost = np.array(holdings, dtype=float).reshape(-1, 2).T.copy()
    return float(common), shares, cost


# One series: 25 of 100 shares for 10, so a preference of 0.4 a share; converts above 40.
ONE = table(75, (25, 10))
# A: 20 shares for 4 (0.2 a share). B: 20 for 20 (1.0). C: 20 for 40 (2.0). Common 40.
# A converts above 64 + 0.2 * (40 + 20) - 4 = 72, B above 40 + 80 = 120, C above 200.
THREE = table(40, (20, 4), (20, 20), (20, 40))


@pytest.mark.parametrize(
    ("cap_table", "value", "multiple", "participating", "expected"),
    [
        (ONE, 0, 1, False, [0, 0]),
        (ONE, 6, 1, False, [0, 6]),
        (ONE, 10, 1, False, [0, 10]),
        (ONE, 30, 1, False, [20, 10]),
        (ONE, 40, 1, False, [30, 10]),
        (ONE, 60, 1, False, [45, 15]),
        # 2x: 20 first, conversion above 80.
        (ONE, 15, 2, False, [0, 15]),
        (ONE, 60, 2, False, [40, 20]),
        (ONE, 100, 2, False, [75, 25]),
        # Participating: 10 first, then a quarter of the rest.
        (ONE, 6, 1, True, [0, 6]),
        (ONE, 30, 1, True, [15, 15]),
        (ONE, 30, 2, True, [7.5, 22.5]),
        # Plain common stock, either way.
        (ONE, 8, 0, False, [6, 2]),
        (ONE, 8, 0, True, [6, 2]),
        # Several series: short, none, one, two, all convert.
        (THREE, 32, 1, False, [0, 2, 10, 20]),
        (THREE, 64, 1, False, [0, 4, 20, 40]),
        (THREE, 70, 1, False, [6, 4, 20, 40]),
        (THREE, 72, 1, False, [8, 4, 20, 40]),
        (THREE, 90, 1, False, [20, 10, 20, 40]),
        (THREE, 160, 1, False, [60, 30, 30, 40]),
        (THREE, 300, 1, False, [120, 60, 60, 60]),
        (THREE, 164, 1, True, [40, 24, 40, 60]),
        # B (1.55 a share) would convert at 1.6 if C (2.0) did, and stands since C does.
        (table(40, (20, 4), (20, 31), (20, 40)), 160, 1, False, [178 / 3, 89 / 3, 31, 40]),
        (table(10), 7, 1, False, [7]),
        (table(10), 7, 1, True, [7]),
        # No common: what preferences leave goes to those who convert.
        (table(0, (10, 5), (10, 20)), 40, 1, False, [0, 20, 20]),
        (table(0, (10, 5), (10, 20)), 30, 1, False, [0, 10, 20]),
    ],
)
def test_worked_cases(cap_table, value, multiple, participating, expected):
    found = sale(value, cap_table, float(multiple), participating=participating)
    np.testing.assert_allclose(found, expected, rtol=1e-13, atol=1e-13)


def test_value_that_no_share_claims_goes_to_the_common():
    for participating in (False, True):
        found = sale(10, table(0, (0, 4)), participating=participating)
        np.testing.assert_allclose(found, [6, 4])


@given(values, cap_tables(), multiples, st.booleans())
def test_parts_sum_to_the_value_and_none_is_negative(value, cap_table, multiple, participating):
    found = sale(value, cap_table, multiple, participating=participating)
    assert (found >= 0).all()
    assert abs(found.sum() - value) <= 1e-12 * value


@given(values, values, cap_tables(), multiples, st.booleans())
def test_more_value_hurts_nobody(one, other, cap_table, multiple, participating):
    low, high = sorted((one, other))
    less = sale(low, cap_table, multiple, participating=participating)
    more = sale(high, cap_table, multiple, participating=participating)
    assert (more >= less - 1e-11 * high).all()


@given(values, cap_tables(), multiples, st.booleans(), st.randoms(use_true_random=False))
def test_order_does_not_matter(value, cap_table, multiple, participating, random):
    common, shares, cost = cap_table
    order = list(range(len(shares)))
    random.shuffle(order)
    found = sale(value, cap_table, multiple, participating=participating)
    moved = sale(value, (common, shares[order], cost[order]), multiple, participating=participating)
    np.testing.assert_allclose(moved[1:], found[1:][order], rtol=0, atol=1e-12 * value)


@given(values, cap_tables(common=st.floats(0.01, 1e4)), multiples, st.booleans())
def test_equal_terms_get_equal_parts_a_share(value, cap_table, multiple, participating):
    """Also when a holding is cut in two, and at the very price where it converts."""
    common, shares, cost = cap_table
    if not len(shares):
        return
    whole = sale(value, cap_table, multiple, participating=participating)
    cut = (
        common,
        np.array([shares[0] * 0.25, *shares[1:], shares[0] * 0.75]),
        np.array([cost[0] * 0.25, *cost[1:], cost[0] * 0.75]),
    )
    parts = sale(value, cut, multiple, participating=participating)
    assert parts[1] == pytest.approx(whole[1] * 0.25, abs=1e-11 * value)
    assert parts[-1] == pytest.approx(whole[1] * 0.75, abs=1e-11 * value)


@given(values, cap_tables(), multiples, st.booleans(), st.floats(1e-3, 1e3))
def test_the_unit_of_money_and_of_shares_does_not_matter(
    value, cap_table, multiple, participating, scale
):
    common, shares, cost = cap_table
    found = sale(value, cap_table, multiple, participating=participating)
    richer = sale(
        value * scale, (common, shares, cost * scale), multiple, participating=participating
    )
    np.testing.assert_allclose(richer, found * scale, rtol=0, atol=1e-11 * value * scale)
    finer = (common * scale, shares * scale, cost)
    np.testing.assert_allclose(
        sale(value, finer, multiple, participating=participating), found, rtol=0, atol=1e-11 * value
    )


def decided(value, cap_table, multiple, converts):
    """Payments when each holding's decision is given."""
    common, shares, cost = cap_table
    preference = np.where(converts, 0.0, multiple * cost)
    total = preference.sum()
    if value <= total:
        return preference * (value / total if total else 0.0)
    price = (value - total) / (common + shares[converts].sum())
    return np.where(converts, shares * price, preference)


@given(covers, cap_tables(most=4, common=st.floats(0.01, 1e4)), multiples)
def test_no_holding_would_rather_have_decided_otherwise(cover, cap_table, multiple):
    """Brute force over all decisions: every equilibrium pays what the kernel pays."""
    value = cover * max(1.0, multiple * cap_table[2].sum())
    m, slack = len(cap_table[1]), 1e-10 * value
    found = sale(value, cap_table, multiple)[1:]
    n_equilibria = 0
    for decision in itertools.product([False, True], repeat=m):
        converts = np.array(decision, dtype=bool)
        paid = decided(value, cap_table, multiple, converts)
        others = [
            decided(value, cap_table, multiple, converts ^ (np.arange(m) == j))[j] for j in range(m)
        ]
        if (np.array(others) <= paid + 1e-13 * value).all():
            n_equilibria += 1
            np.testing.assert_allclose(found, paid, rtol=0, atol=slack)
    assert n_equilibria > 0


@given(values, cap_tables(common=st.floats(0.01, 1e4)), st.sampled_from([0.5, 1.0, 2.0]))
def test_participation_never_hurts_the_holdings_as_a_whole(value, cap_table, multiple):
    plain = sale(value, cap_table, multiple)
    double = sale(value, cap_table, multiple, participating=True)
    assert double[0] <= plain[0] + 1e-11 * value


def test_holdings_convert_in_rising_order_of_preference_per_share():
    _, shares, cost = THREE
    converting = []
    for value in np.linspace(64, 260, 99):
        price = conversion_price(float(value), 40.0, shares, cost, 1.0)
        converting.append(shares * price > cost)
    assert [tuple(x) for x, _ in itertools.groupby(map(tuple, np.array(converting).tolist()))] == [
        (False, False, False),
        (True, False, False),
        (True, True, False),
        (True, True, True),
    ]


def test_many_series_with_rising_prices():
    """More series than any firm has, against bisection for the price."""
    rng = np.random.default_rng(4)
    shares, prices = rng.uniform(1, 10, 200), np.sort(rng.lognormal(0, 1.5, 200))
    cost = shares * prices
    for value in cost.sum() * np.array([1.0001, 1.2, 2.0, 10.0]):
        low, high = 0.0, value
        for _ in range(200):
            mid = 0.5 * (low + high)
            is_over = 100 * mid + np.maximum(cost, shares * mid).sum() > value
            low, high = (low, mid) if is_over else (mid, high)
        found = sale(value, (100.0, shares, cost))
        np.testing.assert_allclose(found[1:], np.maximum(cost, shares * low), rtol=1e-10)


@given(values, cap_tables())
def test_pro_rata_is_by_shares(value, cap_table):
    common, shares, _ = cap_table
    paid = np.full(len(shares), np.nan)
    rest = split_pro_rata(value, common, shares, paid)
    total = common + shares.sum()
    assert rest + paid.sum() == pytest.approx(value, rel=1e-12)
    if total > 0:
        np.testing.assert_allclose(paid, value * shares / total, rtol=1e-12)
    else:
        assert rest == value


@given(values, st.lists(amounts, max_size=6).map(np.array))
def test_redemption_pays_claims_or_in_proportion(value, claim):
    claim = claim.astype(float)
    paid = np.full(len(claim), np.nan)
    rest = split_redemption(value, claim, paid)
    assert rest + paid.sum() == pytest.approx(value, rel=1e-12)
    assert rest >= 0
    share = min(1.0, value / claim.sum()) if claim.sum() else 1.0
    np.testing.assert_allclose(paid, claim * share, rtol=1e-12)


def test_redemption_by_hand():
    paid = np.empty(2)
    assert split_redemption(10.0, np.array([3.0, 5.0]), paid) == 2
    assert list(paid) == [3, 5]
    assert split_redemption(4.0, np.array([3.0, 5.0]), paid) == 0
    np.testing.assert_allclose(paid, [1.5, 2.5])
    assert pay_claims(10.0, np.array([3.0, 5.0]), 2.0, paid) == 0
    np.testing.assert_allclose(paid, [3.75, 6.25])
