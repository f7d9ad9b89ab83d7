"""Investable capital in closed form: by hand, and against the quarters that carry a plan out."""

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from finmodel.fund.capital import investable_capital
from finmodel.fund.fees import CostTerms, FeeBase, FeeStep, FeeTerms, charge_table
from finmodel.fund.profile import Profile, profile_by_age
from finmodel.fund.recycling import RecyclingTerms
from tests.fund_money import drawdown

NO_COSTS = CostTerms(0.0, 0.0, 0.0)
NO_RECYCLING = RecyclingTerms(0.0, 0.0, 0, 47)


def fee_table(*steps, term, n_quarters, costs=NO_COSTS, bills=4):
    terms = FeeTerms(tuple(FeeStep(*step) for step in steps), term, 0, bills)
    return charge_table(terms, costs, n_quarters=n_quarters)


def solve(profile, charges, recycling=NO_RECYCLING, *, size=100.0, kept=0.0, held=0.0):
    return investable_capital(
        size, profile, charges=charges, recycling=recycling, kept_share=kept, held_back_mcny=held
    )


def carry_out(capital, profile, charges, recycling, *, size=100.0, kept=0.0):
    """The plan with this much invested, quarter by quarter."""
    wanted, proceeds, gone, nav = (
        capital * row for row in (profile.deployed, profile.proceeds, profile.cost_out, profile.nav)
    )
    return drawdown(
        size,
        wanted=wanted,
        proceeds=proceeds,
        cost_out=gone,
        nav=nav,
        charges=charges,
        recycling=recycling,
        kept_share=kept,
    )


def five_year_plan(n_quarters=40, multiple=2.0):
    """Even deployment over five years; half the cost is sold after 2 and half after 5 years."""
    deployed = np.zeros(n_quarters)
    deployed[:20] = 1.0 / 20
    age = np.zeros(21)
    age[[8, 20]] = 0.5
    value = np.concatenate([np.full(8, 1.0), np.full(12, 0.5 * multiple)])
    return profile_by_age(deployed, proceeds=multiple * age, cost_out=age, nav=value)


def test_without_recycling_what_fees_leave_is_investable():
    charges = fee_table((0, 0.02, FeeBase.COMMITTED), term=40, n_quarters=40)
    found = solve(five_year_plan(), charges)
    assert found.capital == pytest.approx(80.0)
    assert (found.share, found.fees, found.fee_drag) == pytest.approx((0.8, 20.0, 0.2))
    assert (found.unused, found.recycled) == pytest.approx((0.0, 0.0), abs=1e-12)


def test_fees_on_invested_cost_by_hand():
    # 2 % of a cost of I over three quarters, invested at once and written off then: f = 0.015.
    deployed, gone = np.array([1.0, 0, 0, 0]), np.array([0, 0, 0, 1.0])
    profile = Profile(deployed, np.zeros(4), gone, np.zeros(4))
    charges = fee_table((0, 0.02, FeeBase.INVESTED), term=4, n_quarters=4)
    found = solve(profile, charges)
    assert found.capital == pytest.approx(100.0 / 1.015)
    assert found.fees == pytest.approx(1.5 / 1.015)


@pytest.mark.parametrize(
    ("cap_share", "capital", "is_cap"),
    [(0.1, 110.0, True), (0.25, 125.0, True), (math.inf, 100.0 / 0.75, False)],
)
def test_recycling_by_hand(cap_share, capital, is_cap):
    # Half the cost is sold at cost at once, half of that may be invested again: I = 100 + I / 4.
    deployed = np.array([0.5, 0.0, 0.5, 0.0])
    sold = np.array([0.5, 0.0, 0.0, 0.0])
    profile = Profile(deployed, sold, sold, np.zeros(4))
    charges = fee_table((0, 0.0, FeeBase.COMMITTED), term=4, n_quarters=4)
    found = solve(profile, charges, RecyclingTerms(0.5, cap_share, 4, 4))
    assert found.capital == pytest.approx(capital)
    assert found.recycled == pytest.approx(capital - 100.0)
    assert found.is_cap_binding == is_cap
    assert found.binding_quarter == 2


def test_proceeds_that_come_after_the_last_use_are_unused():
    deployed, sold = np.array([1.0, 0.0, 0.0]), np.array([0.0, 1.0, 0.0])
    profile = Profile(deployed, sold, sold, np.zeros(3))
    charges = fee_table((0, 0.0, FeeBase.COMMITTED), term=3, n_quarters=3)
    found = solve(profile, charges, RecyclingTerms(1.0, 0.2, 3, 3))
    assert (found.capital, found.recycled, found.unused) == pytest.approx((100.0, 20.0, 20.0))
    assert found.binding_quarter == 0
    # They can pay the fee of quarter 2, but not that of 1; nor with all later charges kept.
    charges = fee_table((0, 0.04, FeeBase.COMMITTED), term=3, n_quarters=3)
    for kept, capital in ((0.0, 98.0), (0.5, 98.0), (0.75, 97.5), (1.0, 97.0)):
        found = solve(profile, charges, RecyclingTerms(1.0, 0.2, 3, 3), kept=kept)
        assert found.capital == pytest.approx(capital)


def test_no_answer_is_an_error_not_a_number():
    profile = five_year_plan(multiple=3.0)
    charges = fee_table((0, 0.02, FeeBase.INVESTED), term=40, n_quarters=40)
    early = Profile(
        np.array([0.1, 0.9]), np.array([2.0, 0.0]), np.array([0.1, 0.0]), np.array([0.0, 2.0])
    )
    none = fee_table((0, 0.0, FeeBase.COMMITTED), term=2, n_quarters=2)
    held = solve(early, none, RecyclingTerms(1.0, math.inf, 2, 2))
    # Without a cap what was sold early would pay for any later deal, but not for the first.
    assert (held.capital, held.binding_quarter) == (pytest.approx(1000.0), 0)
    late = replace(early, deployed=np.array([0.0, 1.0]), cost_out=np.zeros(2))
    with pytest.raises(ValueError, match="recycled proceeds pay for any investment"):
        solve(late, none, RecyclingTerms(1.0, math.inf, 2, 2))
    assert solve(late, none, RecyclingTerms(1.0, 0.2, 2, 2)).capital == pytest.approx(120.0)
    dear = fee_table((0, 0.11, FeeBase.COMMITTED), term=40, n_quarters=40)
    with pytest.raises(ValueError, match="charges exceed the commitment by 10 million"):
        solve(profile, dear)
    with pytest.raises(ValueError, match="release_quarter at or after the last payment"):
        solve(profile, charges, RecyclingTerms(1.0, 0.2, 20, 20))
    with pytest.raises(ValueError, match="above 0"):
        solve(profile, charges, size=0.0)


def test_plans_out_of_range_are_refused():
    zero = np.zeros(2)
    with pytest.raises(ValueError, match="sum to 1"):
        Profile(np.array([0.5, 0.4]), zero, zero, zero)
    with pytest.raises(ValueError, match="more cost leaves"):
        Profile(np.array([0.5, 0.5]), zero, np.array([0.6, 0.0]), zero)
    with pytest.raises(ValueError, match="finite"):
        Profile(np.array([0.5, 0.5]), np.array([np.nan, 0.0]), zero, zero)


@st.composite
def funds(draw):
    """A plan, its charges and recycling; investments in the first half, exits at any age."""
    n = draw(st.integers(6, 48))
    rng = np.random.default_rng(draw(st.integers(0, 2**31)))
    deployed = np.zeros(n)
    n_invest = draw(st.integers(1, max(1, n // 2)))
    deployed[:n_invest] = rng.random(n_invest) + 0.01
    deployed /= deployed.sum()
    gone = rng.random(n) * (rng.random(n) < 0.3)
    gone *= draw(st.floats(0.1, 1.0)) / max(gone.sum(), 1.0)
    profile = profile_by_age(
        deployed,
        proceeds=draw(st.floats(0.0, 4.0)) * gone * rng.random(n),
        cost_out=gone,
        nav=draw(st.floats(0.0, 3.0)) * rng.random(n - 1),
    )
    rate, base = st.floats(0.0, 0.04), st.sampled_from(list(FeeBase))
    step = draw(st.integers(1, n - 1))
    costs = CostTerms(draw(st.floats(0.0, 1.0)), draw(st.floats(0.0, 0.5)), 0.001)
    charges = fee_table(
        (0, draw(rate), draw(base)),
        (step, draw(rate), draw(base)),
        term=n,
        n_quarters=n,
        costs=costs,
        bills=draw(st.sampled_from([1, 2, 4])),
    )
    cap = draw(st.sampled_from([0.0, 0.05, 0.15, 0.3, 1.0]))
    recycling = RecyclingTerms(draw(st.floats(0.0, 1.0)), cap, draw(st.integers(0, n)), n - 1)
    return profile, charges, recycling


def assert_conserved(paths, proceeds, size=100.0):
    sources = paths.calls + proceeds + np.append(0.0, paths.cash[:-1])
    uses = paths.fees + paths.costs + paths.invested + paths.distributed + paths.cash
    assert np.abs(sources - uses).max() <= 1e-9 * size
    assert paths.calls.sum() <= size * (1 + 1e-12)
    assert all((path >= 0.0).all() for path in paths)


@given(funds(), st.sampled_from([0.0, 0.4, 1.0]))
def test_the_closed_form_is_what_the_quarters_give(fund, kept):
    profile, charges, recycling = fund
    found = solve(profile, charges, recycling, kept=kept)
    paths = carry_out(found.capital, profile, charges, recycling, kept=kept)
    assert paths.invested.sum() == pytest.approx(found.capital, rel=1e-9)
    assert paths.fees.sum() == pytest.approx(found.fees, abs=1e-9 * 100)
    assert paths.costs.sum() == pytest.approx(found.costs, abs=1e-9 * 100)
    assert paths.recycled.sum() == pytest.approx(found.recycled, abs=1e-9 * 100)
    assert paths.owed.max() <= 1e-9 * 100
    released = (
        paths.distributed.sum() + paths.recycled.sum() - found.capital * (profile.proceeds.sum())
    )
    uncalled = 100.0 - paths.calls.sum()
    assert found.unused == pytest.approx(released + uncalled, abs=1e-9 * 100)
    assert_conserved(paths, found.capital * profile.proceeds)


@given(funds(), st.sampled_from([0.0, 0.4, 1.0]))
def test_a_thousandth_more_cannot_be_invested(fund, kept):
    profile, charges, recycling = fund
    capital = solve(profile, charges, recycling, kept=kept).capital
    assume(capital > 1.0)
    paths = carry_out(1.001 * capital, profile, charges, recycling, kept=kept)
    back = 1.001 * capital * profile.proceeds
    late = np.maximum(back - paths.recycled - paths.distributed, 0.0)
    missing = 1.001 * capital - paths.invested.sum() + paths.owed.max() + late.sum()
    assert missing > 1e-9 * capital


def test_both_cases_of_the_cap_occur_among_plans_and_for_many_commitments():
    profile = five_year_plan()
    charges = fee_table(
        (0, 0.02, FeeBase.COMMITTED), term=40, n_quarters=40, costs=CostTerms(1.0, 0.1, 0.0)
    )
    sizes = np.array([[20.0, 100.0], [500.0, 2000.0]])
    for cap, is_cap in ((0.1, True), (5.0, False)):
        recycling = RecyclingTerms(0.5, cap, 20, 40)
        found = solve(profile, charges, recycling, size=sizes)
        assert (found.is_cap_binding == is_cap).all()
        one = solve(profile, charges, recycling, size=500.0)
        assert found.capital[1, 0] == one.capital
        assert (np.diff(found.share.ravel()) > 0.0).all()
        assert one.capital + one.fees + one.costs == pytest.approx(500.0 + one.recycled)
    # A longer window brings more than fees still need once all is invested.
    late = solve(profile, charges, RecyclingTerms(0.5, 5.0, 24, 40), size=500.0)
    assert late.capital > one.capital
    assert late.binding_quarter == 19
    assert late.unused == pytest.approx(500.0 + late.recycled - late.capital - 100.0 - 2.0)
    assert late.unused > 50.0


@given(funds(), st.floats(0.0, 1.0), st.floats(0.0, 1.0), st.integers(0, 20))
def test_more_recycling_never_lowers_investments(fund, rate, cap, quarters):
    profile, charges, less = fund
    more = RecyclingTerms(
        less.rate + (1.0 - less.rate) * rate,
        less.cap_share + cap,
        less.window_quarters + quarters,
        less.release_quarter,
    )
    low, high = (solve(profile, charges, terms).capital for terms in (less, more))
    assert high >= low * (1 - 1e-12)
    # Nor on given paths, on which the fund wants more than it has.
    on_commitment = charges.copy()
    on_commitment["fee_invested"] = on_commitment["fee_nav"] = 0.0
    paths = [carry_out(200.0, profile, on_commitment, terms) for terms in (less, more)]
    totals = [np.cumsum(path.invested) for path in paths]
    assert (totals[1] >= totals[0] - 1e-9).all()
