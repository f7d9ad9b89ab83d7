"""A fund's waterfall: tiers by hand, and what holds for every fund."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from finmodel.market.waterfall import compound, split_distribution

money = st.one_of(st.just(0.0), st.floats(0.01, 1e5))
carries = st.sampled_from([0.0, 0.1, 0.2, 0.3])
catch_ups = st.sampled_from([0.0, 0.1, 0.5, 0.8, 1.0])
preferred = st.floats(0.0, 1.0)


@pytest.mark.parametrize(
    ("amount", "catch_up", "lp", "gp"),
    [
        # Paid in 100, balance 120 with the preferred return; carry 20 %.
        (0, 1.0, 0, 0),
        (50, 1.0, 50, 0),
        (120, 1.0, 120, 0),
        # Full catch-up: the next 5 make the manager's 5 of a profit of 25.
        (123, 1.0, 120, 3),
        (125, 1.0, 120, 5),
        (135, 1.0, 128, 7),
        # Half: 4 / (0.5 - 0.2) = 13.33, half of it to the manager: 6.67 of 33.33.
        (130, 0.5, 125, 5),
        (120 + 40 / 3, 0.5, 120 + 20 / 3, 20 / 3),
        (200, 0.5, 180, 20),
        # None: carry on the excess of 15 only, and so for a catch-up that never arrives.
        (135, 0.0, 132, 3),
        (135, 0.1, 132, 3),
        (135, 0.2, 132, 3),
    ],
)
def test_worked_cases(amount, catch_up, lp, gp):
    found = split_distribution(float(amount), 120.0, 100.0, 0.0, 0.0, 0.2, catch_up)
    assert found == pytest.approx((lp, gp))


def test_later_distributions_build_on_earlier_ones():
    # LPs are whole and hold 120 of 100 paid in; the manager still lacks its first 5.
    assert split_distribution(4.0, 0.0, 100.0, 120.0, 0.0, 0.2, 1.0) == (0, 4)
    assert split_distribution(11.0, 0.0, 100.0, 120.0, 4.0, 0.2, 1.0) == pytest.approx((8, 3))
    # New calls after carry: LPs are made whole first, and the manager, who holds 7 of a
    # profit of 15 by then, gets no catch-up.
    assert split_distribution(20.0, 20.0, 140.0, 128.0, 7.0, 0.2, 1.0) == (20, 0)
    assert split_distribution(30.0, 20.0, 140.0, 128.0, 7.0, 0.2, 1.0) == pytest.approx((28, 2))


@st.composite
def funds(draw):
    """A fund before a distribution: LPs got nothing in excess, so the balance is open."""
    paid_in = draw(money)
    to_lps = draw(st.floats(0.0, 1.0)) * paid_in
    balance = (paid_in - to_lps) * (1.0 + draw(preferred)) + paid_in * draw(preferred)
    return balance, paid_in, to_lps, 0.0


@given(money, money, money, money, money, carries, catch_ups)
def test_parts_sum_and_none_is_negative(amount, balance, paid_in, lps, gps, carry, catch_up):
    lp, gp = split_distribution(amount, balance, paid_in, lps, gps, carry, catch_up)
    assert min(lp, gp) >= 0
    assert abs(lp + gp - amount) <= 1e-12 * amount


@given(money, money, money, money, money, money, carries, catch_ups)
def test_a_larger_balance_never_lowers_the_lps(
    amount, balance, more, paid_in, lps, gps, carry, catch_up
):
    less = split_distribution(amount, balance, paid_in, lps, gps, carry, catch_up)[0]
    larger = split_distribution(amount, balance + more, paid_in, lps, gps, carry, catch_up)[0]
    scale = amount + balance + more + paid_in + lps + gps
    assert larger >= less - 1e-12 * scale


@given(money, money, st.floats(0.0, 0.5), st.floats(0.0, 0.5), carries, catch_ups)
def test_a_higher_hurdle_never_lowers_the_lps(amount, paid_in, one, other, carry, catch_up):
    low, high = sorted((one, other))
    less = split_distribution(amount, compound(paid_in, low), paid_in, 0.0, 0.0, carry, catch_up)
    more = split_distribution(amount, compound(paid_in, high), paid_in, 0.0, 0.0, carry, catch_up)
    assert more[0] >= less[0] - 1e-12 * (amount + paid_in)


@given(money, money, money, money, money, carries, catch_ups)
def test_no_carry_until_the_lps_are_whole(amount, balance, paid_in, lps, gps, carry, catch_up):
    lp, gp = split_distribution(amount, balance, paid_in, lps, gps, carry, catch_up)
    if gp > 0:
        assert lp >= balance * (1 - 1e-12)
    if amount <= balance:
        assert (lp, gp) == (amount, 0)


@given(funds(), st.floats(0.0, 1e5), st.sampled_from([0.1, 0.2, 0.3]), st.floats(0.31, 1.0))
def test_after_the_catch_up_the_manager_holds_carry_of_all_profit(fund, beyond, carry, catch_up):
    balance, paid_in, to_lps, to_gp = fund
    profit_before = to_lps + balance - paid_in
    assume(profit_before >= 0)
    needed = balance + carry * profit_before / (catch_up - carry)
    amount = needed + beyond
    _, gp = split_distribution(amount, balance, paid_in, to_lps, to_gp, carry, catch_up)
    profit = to_lps + amount - paid_in
    assert gp == pytest.approx(carry * profit, rel=1e-9, abs=1e-9 * (amount + paid_in))
    # And never more on the way there.
    part = balance + 0.5 * (needed - balance)
    _, half = split_distribution(part, balance, paid_in, to_lps, to_gp, carry, catch_up)
    assert half <= carry * (to_lps + part - paid_in) + 1e-9 * (amount + paid_in)


@given(funds(), st.lists(money, min_size=1, max_size=12), carries, catch_ups)
def test_many_small_distributions_equal_one_large_one(fund, parts, carry, catch_up):
    balance, paid_in, to_lps, to_gp = fund
    whole = split_distribution(sum(parts), *fund, carry, catch_up)
    left, lps, gps = balance, to_lps, to_gp
    for part in parts:
        lp, gp = split_distribution(part, left, paid_in, lps, gps, carry, catch_up)
        left, lps, gps = max(0.0, left - lp), lps + lp, gps + gp
    scale = sum(parts) + balance + paid_in
    assert lps - to_lps == pytest.approx(whole[0], abs=1e-11 * scale)
    assert gps - to_gp == pytest.approx(whole[1], abs=1e-11 * scale)


@given(funds(), money, carries, st.floats(0.0, 1.0), st.floats(0.0, 1.0))
def test_a_faster_catch_up_never_lowers_the_manager(fund, amount, carry, one, other):
    low, high = sorted((one, other))
    slow = split_distribution(amount, *fund, carry, low)[1]
    fast = split_distribution(amount, *fund, carry, high)[1]
    assert fast >= slow - 1e-12 * (amount + sum(fund))


@given(money, st.floats(0.0, 0.5))
def test_four_quarters_make_a_year(balance, hurdle_pa):
    year = balance
    for _ in range(4):
        year = compound(year, hurdle_pa)
    assert year == pytest.approx(balance * (1 + hurdle_pa))
    assert compound(balance, 0.0) == balance
