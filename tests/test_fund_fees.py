"""Management fees, costs and recycling: hand cases, and what holds on every path."""

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from finmodel.fund.fees import (
    CostTerms,
    FeeBase,
    FeeStep,
    FeeTerms,
    charge_table,
    cost_path,
)
from finmodel.fund.recycling import RecyclingTerms, recycle, recycling_table
from finmodel.scenario.market_consistency import in_quarters, lifetime_fee_share
from tests.fund_money import fee_path

COMMITTED, INVESTED, NAV = FeeBase
NO_COSTS = CostTerms(0.0, 0.0, 0.0)


def terms(*steps, term, extension=0, bills=4):
    return FeeTerms(tuple(FeeStep(*step) for step in steps), term, extension, bills)


def fees_of(fees, *, commitment=100.0, invested=0.0, nav=0.0, n_quarters=None):
    table = charge_table(fees, NO_COSTS, n_quarters=n_quarters or fees.life_quarters)
    return fee_path(table, commitment, invested=invested, nav=nav)


def test_two_per_cent_for_ten_years_on_100_is_20():
    for bills in (1, 2, 4):
        assert fees_of(terms((0, 0.02, COMMITTED), term=40, bills=bills)).sum() == 20.0


def test_a_fee_steps_down_from_the_commitment_to_invested_cost():
    invested = [0, 10, 20, 30, 40, 35, 30, 30]
    found = fees_of(terms((0, 0.02, COMMITTED), (4, 0.02, INVESTED), term=8), invested=invested)
    assert found == pytest.approx([0.5, 0.5, 0.5, 0.5, 0.2, 0.175, 0.15, 0.15], abs=1e-15)


def test_a_fee_on_value_and_a_step_down_of_the_rate():
    nav = [0, 8, 20, 50, 80, 40]
    found = fees_of(terms((0, 0.02, NAV), (3, 0.01, NAV), term=6), nav=nav)
    assert found == pytest.approx([0, 0.04, 0.1, 0.125, 0.2, 0.1], abs=1e-15)


def test_the_first_bill_on_cost_is_nothing():
    assert fees_of(terms((0, 0.02, INVESTED), term=2), invested=[0.0, 10.0]) == pytest.approx(
        [0, 0.05]
    )


def test_an_extension_has_its_own_rate_and_base():
    steps = ((0, 0.02, COMMITTED), (8, 0.01, INVESTED), (10, 0.005, NAV))
    found = fees_of(terms(*steps, term=8, extension=4), invested=40.0, nav=80.0, n_quarters=14)
    assert found == pytest.approx([0.5] * 8 + [0.1] * 2 + [0.1] * 2 + [0.0] * 2, abs=1e-15)
    # Without the extension its steps rest.
    assert fees_of(terms(*steps, term=8), n_quarters=14).sum() == 4.0


def test_a_bill_counts_each_quarter_at_its_own_rate_and_base():
    # Half-yearly: the bill of quarter 0 pays for 0 at 2 % of 100 and for 1 at 4 % of a cost of 10.
    found = fees_of(
        terms((0, 0.02, COMMITTED), (1, 0.04, INVESTED), term=4, bills=2), invested=[10, 0, 30, 0]
    )
    assert found == pytest.approx([0.5 + 0.1, 0, 0.6, 0], abs=1e-15)


def test_a_bill_ends_with_the_life():
    found = fees_of(terms((0, 0.02, COMMITTED), term=6, bills=1), n_quarters=8)
    assert found == pytest.approx([2, 0, 0, 0, 1, 0, 0, 0], abs=1e-15)
    resting = terms((0, 0.02, COMMITTED), (8, 0.01, COMMITTED), term=6, bills=1)
    assert fees_of(resting, n_quarters=8) == pytest.approx(found)


def test_costs_once_and_running():
    costs = CostTerms(set_up_mcny=1.5, running_mcny_pa=0.4, running_share_pa=0.002)
    table = charge_table(terms((0, 0.0, COMMITTED), term=3), costs, n_quarters=4)
    assert cost_path(table, 100.0) == pytest.approx([1.65, 0.15, 0.15, 0])
    assert cost_path(table, [100.0, 200.0])[1] == pytest.approx([1.7, 0.2, 0.2, 0])


def test_known_later_charges_are_costs_and_fees_on_the_commitment():
    fees = terms((0, 0.02, COMMITTED), (2, 0.02, INVESTED), (3, 0.02, COMMITTED), term=4)
    table = charge_table(fees, CostTerms(1.0, 0.4, 0.004), n_quarters=5)
    assert table["later"] == pytest.approx([0.3, 0.2, 0.1, 0, 0])
    assert table["later_share"] == pytest.approx([0.013, 0.007, 0.006, 0, 0])


def test_a_nan_base_matters_only_where_it_is_charged():
    nav = [np.nan, np.nan, 40.0, np.nan]
    found = fees_of(terms((0, 0.02, COMMITTED), (2, 0.02, NAV), term=4), nav=nav)
    assert found[:3] == pytest.approx([0.5, 0.5, 0.2])
    assert np.isnan(found[3])


@pytest.mark.parametrize(
    ("steps", "rest", "message"),
    [
        ((), {"term": 4}, "steps from quarter 0"),
        (((1, 0.02, COMMITTED),), {"term": 4}, "steps from quarter 0"),
        (((0, 0.02, COMMITTED), (0, 0.01, COMMITTED)), {"term": 4}, "in rising order"),
        (((0, -0.02, COMMITTED),), {"term": 4}, "rate_pa"),
        (((0, math.nan, COMMITTED),), {"term": 4}, "rate_pa"),
        (((0, 0.02, COMMITTED),), {"term": 0}, "term_quarters"),
        (
            ((0, 0.02, COMMITTED),),
            {"term": 4, "extension": 2},
            "a step for the extension from quarter 4",
        ),
        (((0, 0.02, COMMITTED),), {"term": 4, "bills": 3}, "bills_pa"),
    ],
)
def test_terms_out_of_range_are_refused(steps, rest, message):
    with pytest.raises(ValueError, match=message):
        terms(*steps, **rest)


def test_costs_and_short_tables_out_of_range_are_refused():
    with pytest.raises(ValueError, match="costs from 0 on"):
        CostTerms(0.0, -1.0, 0.0)
    with pytest.raises(ValueError, match="at least the life of 8"):
        charge_table(terms((0, 0.02, COMMITTED), term=8), NO_COSTS, n_quarters=7)


def plain(fund):
    """The terms of a fund of the market: a share of the commitment, lower after investing."""
    invests, lasts = in_quarters(fund.investment_years), in_quarters(fund.term_years)
    rate = fund.fee_pa.centre
    after = rate * fund.fee_after_share.centre
    steps = [(0, rate, COMMITTED)] + ([(invests, after, COMMITTED)] if invests < lasts else [])
    return terms(*steps, term=lasts, bills=1)


def test_a_plain_schedule_is_the_market_s(yrd):
    """Both bill a year in advance; the market does not shorten the last bill."""
    for fund in yrd.funds.values():
        share = fees_of(plain(fund), commitment=1.0).sum()
        assert share == pytest.approx(lifetime_fee_share(fund), abs=1e-12)
        for years in (3.5, 4.25, 8.75):
            odd = fund.model_copy(
                update={
                    "term_years": fund.term_years.model_copy(update={"value": years}),
                    "investment_years": fund.investment_years.model_copy(update={"value": 2.5}),
                }
            )
            gap = lifetime_fee_share(odd) - fees_of(plain(odd), commitment=1.0).sum()
            assert -1e-12 <= gap < 2 * fund.fee_pa.centre


@st.composite
def schedules(draw):
    """Up to four steps of any base, with and without an extension."""
    term = draw(st.integers(4, 40))
    starts = sorted({0, *draw(st.lists(st.integers(1, term - 1), max_size=3))})
    extension = draw(st.integers(0, 8))
    if extension:
        starts.append(term)
    rate, base = st.floats(0.0, 0.05), st.sampled_from(list(FeeBase))
    steps = [(start, draw(rate), draw(base)) for start in starts]
    bills = draw(st.sampled_from([1, 2, 4]))
    return terms(*steps, term=term, extension=extension, bills=bills)


@given(schedules(), st.floats(1.0, 3.0), st.integers(0, 2**31))
def test_fees_rise_with_the_rate(fees, factor, seed):
    bases = np.random.default_rng(seed).random((2, fees.life_quarters)) * 100.0
    dearer = replace(fees, steps=tuple(replace(s, rate_pa=s.rate_pa * factor) for s in fees.steps))
    low = fees_of(fees, invested=bases[0], nav=bases[1])
    high = fees_of(dearer, invested=bases[0], nav=bases[1])
    assert (high >= low).all()
    assert high.sum() == pytest.approx(factor * low.sum())


@given(schedules())
def test_bills_of_a_constant_base_do_not_depend_on_how_often(fees):
    totals = [
        fees_of(replace(fees, bills_pa=bills), invested=70.0, nav=130.0).sum()
        for bills in (1, 2, 4)
    ]
    assert totals == pytest.approx([totals[0]] * 3)


def recycled_of(proceeds, terms, commitment=100.0):
    """What of the proceeds of each quarter is kept, and what can be distributed."""
    kept, out, row = [], [], recycling_table(terms)[0]
    for quarter, amount in enumerate(proceeds):
        keep, rest = recycle(amount, sum(kept), commitment, row, quarter)
        kept.append(keep)
        out.append(rest)
    return kept, out


def test_recycling_stops_at_the_cap():
    whole = RecyclingTerms(rate=1.0, cap_share=0.15, window_quarters=20, release_quarter=40)
    recycled, distributable = recycled_of([10.0, 8.0, 5.0], whole)
    assert recycled == [10.0, 5.0, 0.0]
    assert distributable == [0.0, 3.0, 5.0]


def test_recycling_takes_its_rate_within_the_window():
    half = RecyclingTerms(rate=0.5, cap_share=math.inf, window_quarters=2, release_quarter=40)
    assert recycled_of([10.0, 8.0, 5.0], half)[0] == [5.0, 4.0, 0.0]
    early = replace(half, release_quarter=1)
    assert recycled_of([10.0, 8.0, 5.0], early)[0] == [5.0, 0.0, 0.0]
    none = replace(half, rate=0.0)
    assert recycled_of([10.0, 8.0, 5.0], none)[1] == [10.0, 8.0, 5.0]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"rate": 1.1}, "rate in"),
        ({"rate": math.nan}, "rate in"),
        ({"cap_share": -0.1}, "cap_share"),
        ({"cap_share": math.nan}, "cap_share"),
        ({"window_quarters": -1}, "window_quarters"),
    ],
)
def test_recycling_out_of_range_is_refused(change, message):
    fields = {"rate": 1.0, "cap_share": 0.2, "window_quarters": 20, "release_quarter": 40}
    with pytest.raises(ValueError, match=message):
        RecyclingTerms(**(fields | change))
