"""Reserves: the expected pro-rata need in closed form, and whether a reserve covers it."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from finmodel.fund.reserves import pro_rata_need, reserve_check

ROUNDS = {
    "graduation": [0.5, 0.4],
    "round_mcny": [5.0, 20.0, 60.0],
    "post_money_mcny": [25.0, 100.0, 400.0],
    "dilution": [0.2, 0.2, 0.15],
}


def test_full_pro_rata_by_hand():
    found = pro_rata_need(**ROUNDS, entry_ownership=0.1, target_ownership=0.1)
    # Seed: 10 % of 25; half need 10 % of 20, a fifth 10 % of 60. Then 10 % of 100, 40 % of 6.
    assert found.need == pytest.approx([(0.5 * 2 + 0.2 * 6) / 2.5, 0.4 * 6 / 10, 0.0])
    assert found.by_round[0] == pytest.approx([0.0, 0.4, 0.48])
    assert found.ownership[0] == pytest.approx([0.1, 0.1, 0.1])
    assert np.isnan(found.ownership[2, :2]).all()


def test_a_lower_target_is_bought_back_to_only_when_dilution_passes_it():
    found = pro_rata_need(**ROUNDS, entry_ownership=0.1, target_ownership=0.075)
    # 10 % -> 8 % without buying -> 6.8 %, bought back to 7.5 % at a value of 400.
    assert found.ownership[0] == pytest.approx([0.1, 0.08, 0.075])
    assert found.by_round[0] == pytest.approx([0.0, 0.0, 0.2 * 0.007 * 400 / 2.5])
    none = pro_rata_need(**ROUNDS, entry_ownership=0.1, target_ownership=0.0)
    assert none.need.tolist() == [0.0, 0.0, 0.0]


def test_an_option_pool_dilutes_what_the_right_cannot_buy_back():
    rounds = ROUNDS | {"dilution": [0.2, 0.25, 0.15]}
    found = pro_rata_need(**rounds, entry_ownership=0.1, target_ownership=0.1)
    assert found.ownership[0, 1] == pytest.approx(0.1 * 0.75 + 0.1 * 0.2)
    # The need of the round is that of the right: never more.
    assert found.by_round[0, 1] == pytest.approx(0.4)


def test_coverage():
    need = [0.88, 0.24, 0.0]
    found = reserve_check(80.0, reserve_share=0.4, initial_mix=[0.5, 0.5, 0.0], need=need)
    assert (found.initial, found.follow_on) == pytest.approx((48.0, 32.0))
    assert found.needed == pytest.approx(48.0 * 0.56)
    assert found.coverage == pytest.approx(32.0 / 26.88)
    exact = reserve_check(
        80.0, reserve_share=found.needed_share, initial_mix=[0.5, 0.5, 0.0], need=need
    )
    assert exact.coverage == pytest.approx(1.0)
    nothing = reserve_check(80.0, reserve_share=0.4, initial_mix=[0.0, 0.0, 1.0], need=need)
    assert math.isnan(nothing.coverage)
    assert nothing.needed_share == 0.0


@given(st.integers(0, 2**31), st.floats(0.0, 1.0), st.floats(0.0, 1.0))
def test_need_is_what_companies_drawn_one_by_one_ask_for(seed, low, high):
    """Chains of survival summed out, and a higher target never needs less."""
    rng = np.random.default_rng(seed)
    n = 5
    post = np.cumprod(1.0 + rng.random(n)) * 10.0
    sold = 0.1 + 0.3 * rng.random(n)
    passed = rng.random(n - 1)
    rounds = {
        "graduation": passed,
        "round_mcny": sold * post,
        "post_money_mcny": post,
        "dilution": sold + 0.05,
    }
    entry = sold * (0.1 + 0.9 * rng.random(n))
    targets = np.outer(sorted((low, high)), entry)
    found = [pro_rata_need(**rounds, entry_ownership=entry, target_ownership=t) for t in targets]
    assert (found[1].need >= found[0].need - 1e-12).all()
    stake, alive, total = entry[0], 1.0, 0.0
    for j in range(1, n):
        alive *= passed[j - 1]
        after = stake * (1.0 - sold[j] - 0.05)
        bought = min(max(0.0, targets[1][0] - after), stake * sold[j])
        total += alive * bought * post[j]
        stake = after + bought
    assert found[1].need[0] == pytest.approx(total / (entry[0] * post[0]))
    assert (found[1].ownership[0] <= entry[0] * (1 + 1e-12)).all()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"graduation": [0.5]}, "K - 1 graduation"),
        ({"graduation": [0.5, 1.4]}, "graduation in"),
        ({"round_mcny": [5.0, np.nan, 60.0]}, "rounds above 0"),
        ({"dilution": [0.2, 0.1, 0.15]}, "dilution below 1"),
        ({"entry_ownership": 0.3}, "no more than the round sells"),
        ({"entry_ownership": 0.0}, "entry_ownership above 0"),
        ({"target_ownership": np.nan}, "target_ownership"),
    ],
)
def test_rounds_out_of_range_are_refused(change, message):
    fields = ROUNDS | {"entry_ownership": 0.1, "target_ownership": 0.1}
    with pytest.raises(ValueError, match=message):
        pro_rata_need(**(fields | change))


def test_reserves_out_of_range_are_refused():
    for change, message in (
        ({"reserve_share": 1.2}, "share in"),
        ({"initial_mix": [0.5, 0.4]}, "sum to 1"),
        ({"need": [-0.1, 0.0]}, "need from 0 on"),
    ):
        fields = {"reserve_share": 0.4, "initial_mix": [0.5, 0.5], "need": [0.5, 0.2]}
        with pytest.raises(ValueError, match=message):
            reserve_check(80.0, **(fields | change))
