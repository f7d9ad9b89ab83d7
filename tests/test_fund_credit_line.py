"""Subscription lines: by hand, and what holds for every path of needs."""

import math

import numpy as np
import pytest
import pyxirr
from hypothesis import given
from hypothesis import strategies as st

from finmodel.fund.capital import investable_capital
from finmodel.fund.credit_line import CreditLine, interest_at_most, with_credit_line
from finmodel.fund.fees import FeeBase
from finmodel.fund.recycling import RecyclingTerms
from tests.test_fund_capital import carry_out, fee_table, five_year_plan


def test_calls_come_two_quarters_later_with_interest():
    found = with_credit_line([10.0, 0, 0, 20, 0], 40.0, CreditLine(2, 0.08, 1.0))
    assert found.drawn[0] == pytest.approx([10, 0, 0, 20, 0])
    assert found.repaid[0] == pytest.approx([0, 0, 10, 0, 20])
    assert found.interest[0] == pytest.approx([0, 0.2, 0.2, 0, 0.4])
    assert found.calls[0] == pytest.approx([0, 0.2, 10.2, 0, 20.4])
    assert found.balance[0] == pytest.approx([10, 10, 0, 20, 0])


def test_the_limit_is_of_what_is_uncalled_after_the_call():
    found = with_credit_line([10.0, 0, 0, 0], 40.0, CreditLine(3, 0.08, 0.2))
    # d = 0.2 (40 - 10 + d): 7.5. Interest of 0.15 then lowers the limit: b = 0.2 (37.35 - x).
    assert found.drawn[0, 0] == pytest.approx(7.5)
    early = (7.5 - 0.2 * (37.5 - 0.15)) / 0.8
    assert found.repaid[0, 1] == pytest.approx(early)
    assert found.calls[0, 1] == pytest.approx(0.15 + early)


def test_interest_takes_only_what_the_needs_leave():
    # 0.6 are left: at 2 % a quarter over two quarters they pay for 15 of the first 20.
    found = with_credit_line([20.0, 0, 0, 19.4, 0], 40.0, CreditLine(2, 0.08, 1.0))
    assert found.drawn[0] == pytest.approx([15, 0, 0, 0, 0])
    assert found.calls.sum() == pytest.approx(40.0)
    # Nothing left, nothing drawn, unless money costs nothing.
    full = with_credit_line([20.0, 0, 0, 20, 0], 40.0, CreditLine(2, 0.08, 1.0))
    assert full.calls[0].tolist() == [20, 0, 0, 20, 0]
    free = with_credit_line([20.0, 0, 0, 20, 0], 40.0, CreditLine(2, 0.0, 1.0))
    assert free.calls[0].tolist() == [0, 0, 20, 0, 20]


def test_interest_saved_by_early_repayment_can_be_promised_again():
    # The first draw promises all 0.8 that are left. In quarter 1 the limit has 1.4 of it repaid
    # three quarters early, which pays for a draw of just over 1 later.
    found = with_credit_line([10.0, 20, 0, 0, 0, 0, 4, 0, 0, 0, 4], 38.8, CreditLine(4, 0.08, 0.5))
    assert found.repaid[0, 1] == pytest.approx(1.4)
    assert 1.05 < found.drawn[0, 6] < 1.5
    assert found.calls.sum() == pytest.approx(38.8, abs=1e-9)


paths = st.lists(st.one_of(st.just(0.0), st.floats(0.01, 30.0)), min_size=1, max_size=30)


@given(paths, st.floats(0.0, 0.5), st.integers(0, 6), st.floats(0.0, 0.2), st.floats(0.0, 1.0))
def test_a_line_conserves_cash_and_keeps_to_its_terms(needs, spare, quarters, rate, limit):
    size = max(sum(needs), 0.01) * (1.0 + spare)
    found = with_credit_line(needs, size, CreditLine(quarters, rate, limit))
    small = 1e-9 * size
    calls, drawn, repaid, interest, balance = (path[0] for path in found)
    assert np.abs(calls + drawn - needs - repaid - interest).max() <= small
    assert np.abs(np.cumsum(drawn - repaid) - balance).max() <= small
    assert all((path >= 0.0).all() for path in found)
    assert calls.sum() <= size + small
    assert balance[-1] <= small
    uncalled = size - np.cumsum(calls)
    assert (balance <= limit * uncalled + small).all()
    before = np.concatenate([[0.0], balance[:-1]])
    np.testing.assert_allclose(interest, rate / 4 * before, atol=small)
    # Every draw is back after so many quarters at the latest.
    due = np.cumsum(drawn)[: max(0, len(needs) - quarters)]
    assert (np.cumsum(repaid)[quarters:] >= due - small).all()
    # No call comes earlier than its need.
    assert (np.cumsum(calls - interest) <= np.cumsum(needs) + small).all()


@given(paths, st.floats(0.0, 0.2), st.sampled_from([(0, 1.0), (3, 0.0), (0, 0.0)]))
def test_no_line_changes_no_bit(needs, rate, none):
    size = max(sum(needs), 0.01) * 1.2
    found = with_credit_line([needs, needs[::-1]], size, CreditLine(none[0], rate, none[1]))
    assert found.calls.tobytes() == np.array([needs, needs[::-1]]).tobytes()
    assert not found.drawn.any()


def test_a_line_raises_the_rate_of_return_and_lowers_the_multiple():
    line = CreditLine(4, 0.05, 1.0)
    charges = fee_table((0, 0.02, FeeBase.COMMITTED), term=40, n_quarters=40)
    terms = RecyclingTerms(0.0, 0.0, 0, 39)
    held = interest_at_most(100.0, line)
    assert held == pytest.approx(100.0 - 100.0 / 1.05)
    plan = investable_capital(
        100.0,
        five_year_plan(),
        charges=charges,
        recycling=terms,
        kept_share=0.0,
        held_back_mcny=held,
    )
    flows = carry_out(float(plan.capital), five_year_plan(), charges, terms)
    late = with_credit_line(flows.calls, 100.0, line)
    # Held back for interest: every need but the last is drawn, and no more than 100 is called.
    assert late.drawn[0, :-1] == pytest.approx(flows.calls[:-1])
    assert 99.0 < late.calls.sum() <= 100.0 + 1e-9
    rates = [(1 + pyxirr.irr(flows.distributed - c)) ** 4 - 1 for c in (flows.calls, late.calls[0])]
    assert rates[1] > rates[0] + 0.01
    assert late.calls.sum() > flows.calls.sum()


def test_lines_out_of_range_are_refused():
    for fields, message in (
        ((-1, 0.05, 0.5), "max_quarters"),
        ((2, math.nan, 0.5), "rate_pa"),
        ((2, 0.05, 1.5), "limit_share"),
    ):
        with pytest.raises(ValueError, match=message):
            CreditLine(*fields)
    line = CreditLine(2, 0.05, 0.5)
    with pytest.raises(ValueError, match="exceed the commitment"):
        with_credit_line([60.0, 41.0], 100.0, line)
    with pytest.raises(ValueError, match="finite"):
        with_credit_line([np.nan, 41.0], 100.0, line)
