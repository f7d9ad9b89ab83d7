"""Two layers of funds: by hand, and what holds for any: every yuan has one party."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from finmodel.fund.clauses import NO_BUYBACK, NO_CAP, LpClass, plain_class
from finmodel.fund.layers import FundOfFunds, Party
from finmodel.fund.lifetime import Deals, run_waterfall
from finmodel.fund.sharing import share_among_classes
from finmodel.fund.terms import Style
from tests.fund_cases import USUAL, any_terms, at, worth_at
from tests.fund_layers import SubFunds, cash_held, run_layers

NONE = np.zeros((1, 9))
PAIR = [plain_class(0.4), plain_class(0.6)]


def one_sub_fund(gross, **changes):
    """A sub-fund of 100, with a fee of 4, that brings `gross` after two years."""
    sub = SubFunds(
        contributions=at(9, q0=100)[None],
        fees=at(9, q0=4)[None],
        invested=at(9, q0=96)[None],
        proceeds=at(9, q8=gross)[None],
        distributed=at(9, q8=gross)[None],
        cost_realised=at(9, q8=96)[None],
        cost_written_off=NONE,
        nav=NONE,
    )
    return sub._replace(**changes)


def test_one_deal_by_hand():
    # 150 from the firms. Sub-fund, 20 % carry, full catch-up: 10, LPs 140. The fund of funds has 40
    # of its 100: it gets 56, and has called 40 + 1 of fees, so its profit is 15: carry of 10 % is
    # 1.5. Treasury (half) gives up half of its gain (27.25 - 20.5) / 2 = 3.375.
    parent = FundOfFunds(
        fees=at(9, q0=1),
        terms=USUAL._replace(tiers=(USUAL.tiers[0]._replace(carry_share=0.1),)),
        classes=[plain_class(0.5)._replace(profit_give_up=0.5), plain_class(0.5)],
    )
    found = run_layers(one_sub_fund(150.0), USUAL, [PAIR], parent)
    assert found.paid[:, 0] == pytest.approx([20.5, 20.5, 0, 60, 0])
    assert found.got[:, 0] == pytest.approx([0, 0, 1, 0, 4])
    assert found.got[:, 8] == pytest.approx([27.25 - 3.375, 27.25 + 3.375, 1.5, 84, 10])
    assert not found.paid[:, 1:].any()
    assert not found.cash.any()


def test_own_commitments_and_clawback_are_the_managers():
    # Deals of 50 and 50: one sold for 100 after a year, one lost. Carry 0.9 * 10 is paid back.
    american = USUAL._replace(
        style=Style.AMERICAN, gp_commitment_share=0.1, has_clawback=True, hurdle=0.0
    )
    sub = one_sub_fund(0.0)._replace(
        fees=NONE,
        invested=at(9, q0=100)[None],
        proceeds=at(9, q4=100)[None],
        distributed=at(9, q4=100)[None],
        cost_realised=at(9, q4=50)[None],
        cost_written_off=at(9, q8=50)[None],
    )
    parent = FundOfFunds(at(9), USUAL, PAIR)
    found = run_layers(sub, american, [PAIR], parent)
    managers = Party.SUB_MANAGERS
    assert found.paid[managers, [0, 8]] == pytest.approx([10, 9])
    assert found.got[managers, [4, 8]] == pytest.approx([9 + 10, 0])
    assert found.got[Party.PRIVATE_LPS, [4, 8]] == pytest.approx([0.6 * 81, 0.6 * 9])
    assert found.got[Party.TREASURY].sum() == pytest.approx(0.4 * 0.4 * 90)


def test_the_treasury_s_stake_is_priced_through_both_layers():
    # After two years holdings stand at 190 and cash is 6, of 100 called. Sub-fund: carry 0.2 * 96 =
    # 19.2; the fund of funds would get 0.4 * 176.8 = 70.72, its own carry 0.2 * 30.72, so its LPs
    # 64.576, the treasury half. The price is 20 * 1.04 ** 2.
    n = 13
    sub = SubFunds(
        contributions=at(n, q0=100)[None],
        fees=np.zeros((1, n)),
        invested=at(n, q0=94)[None],
        proceeds=at(n, q12=150)[None],
        distributed=at(n, q12=150)[None],
        cost_realised=at(n, q12=100)[None],
        cost_written_off=np.zeros((1, n)),
        nav=at(n, q8=190)[None],
    )
    offered = plain_class(0.5)._replace(buyback_quarter=8)
    for rate, is_sold in ((0.04, True), (0.27, True), (0.271, False)):
        # 32.288 / 20 over two years is 27.06 % a year.
        classes = [offered._replace(buyback_rate_pa=rate), plain_class(0.5)]
        found = run_layers(sub, USUAL, [PAIR], FundOfFunds(np.zeros(n), USUAL, classes))
        price = 20 * (1 + rate) ** 2 if is_sold else 0.0
        assert found.parent.flows.bought[0, 0, 8] == pytest.approx(price)
        assert found.got[Party.TREASURY, 8] == pytest.approx(price)
        assert found.paid[Party.OTHER_LPS, 8] == pytest.approx(price)
    # What managers hold of their own funds is no class's.
    own = USUAL._replace(gp_commitment_share=0.5)
    found = run_layers(sub, own, [PAIR], FundOfFunds(np.zeros(n), own, classes))
    assert found.sub_funds.nav[0, 8] == pytest.approx(0.5 * 196 - 9.6)
    held = 0.4 * (98 - 9.6)  # of calls of 20, a profit of 15.36
    assert found.parent.nav[0, 8] == pytest.approx(0.5 * held - 0.1 * 15.36)


def test_a_stake_sold_below_is_no_holding_above():
    n, stop = 13, 8
    sub = SubFunds(
        contributions=at(n, q0=100)[None],
        fees=np.zeros((1, n)),
        invested=at(n, q0=100)[None],
        proceeds=at(n, q12=150)[None],
        distributed=at(n, q12=150)[None],
        cost_realised=at(n, q12=100)[None],
        cost_written_off=np.zeros((1, n)),
        nav=at(n, q8=196)[None],
    )
    below = [PAIR[0]._replace(buyback_quarter=stop, buyback_rate_pa=0.04), PAIR[1]]
    above = [plain_class(0.5)._replace(buyback_quarter=stop), plain_class(0.5)]
    found = run_layers(sub, USUAL, [below], FundOfFunds(np.zeros(n), USUAL, above))
    assert found.parent.proceeds[0, stop] == pytest.approx(40 * 1.04**2)
    assert not found.parent.flows.bought.any()  # all is paid out: nothing is left to buy
    assert found.got[Party.TREASURY, stop + 1 :].sum() == 0


def test_buyers_in_a_sub_fund_call_the_price():
    n = 13
    sub = one_sub_fund(0.0)
    sub = SubFunds(*(np.pad(array, ((0, 0), (0, n - 9))) for array in sub))
    sub = sub._replace(nav=at(n, q8=300)[None])
    classes = [PAIR[0], PAIR[1]._replace(buyback_quarter=8)]
    found = run_layers(sub, USUAL, [classes], FundOfFunds(at(n), USUAL, PAIR))
    assert found.parent.contributions[0, [0, 8]] == pytest.approx([40, 60])
    assert found.got[Party.PRIVATE_LPS, 8] == pytest.approx(60)
    assert found.paid[Party.TREASURY, 8] == pytest.approx(0.4 * 60)


clauses = st.sampled_from(
    [
        plain_class(0.0),
        LpClass(0.0, 0.5, 0.2, NO_CAP, NO_BUYBACK, 0.0, 0.0),
        LpClass(0.0, 0.3, 0.0, 0.05, NO_BUYBACK, 0.0, 1.0),
        LpClass(0.0, 0.0, 0.1, NO_CAP, 3, 0.04, 0.3),
        LpClass(0.0, 0.2, 0.0, 0.08, 5, 0.0, 0.0),
    ]
)


@st.composite
def class_lists(draw):
    state = draw(st.sampled_from([0.0, 0.2, 0.4, 1.0]))
    parts = [state, (1 - state) * 0.75, (1 - state) * 0.25]
    return [draw(clauses)._replace(commitment_share=part) for part in parts]


@st.composite
def structures(draw):
    """Up to four sub-funds that keep cash, re-invest and realise as they like."""
    rng = np.random.default_rng(draw(st.integers(0, 10**6)))
    n, t = draw(st.integers(1, 4)), draw(st.integers(1, 12))
    called = rng.lognormal(1, 1, (n, t)) * (rng.random((n, t)) < 0.5)
    proceeds = rng.lognormal(1.5, 1.5, (n, t)) * (rng.random((n, t)) < 0.4)
    fees = called * 0.1
    paid, put, cash = np.zeros((n, t)), np.zeros((n, t)), np.zeros(n)
    for q in range(t):
        cash += called[:, q] - fees[:, q] + proceeds[:, q]
        paid[:, q] = rng.random(n) * cash * (rng.random(n) < 0.7)
        put[:, q] = rng.random(n) * (cash - paid[:, q])
        cash -= paid[:, q] + put[:, q]
    sold, lost = rng.random((2, n, t)) * put.mean()
    nav = rng.lognormal(2, 1, (n, t))
    sub = SubFunds(called, fees, put, proceeds, paid, sold, lost, nav)
    own = draw(st.sampled_from([0.0, 0.02, 0.3]))
    terms = [
        draw(any_terms(draw(st.sampled_from(list(Style)))))._replace(
            gp_commitment_share=own, is_gp_carry_free=draw(st.booleans())
        )
        for _ in range(n)
    ]
    upper = draw(any_terms())._replace(gp_commitment_share=own)
    parent = FundOfFunds(rng.random(t) * 0.1, upper, draw(class_lists()))
    return sub, terms, [draw(class_lists()) for _ in range(n)], parent


@given(structures())
def test_every_yuan_has_one_party(case):
    sub, terms, classes, parent = case
    found = run_layers(sub, terms, classes, parent)
    near = 1e-9 * (1 + sum(array.sum() for array in sub))
    growth = np.diff(found.cash, axis=1, prepend=0.0).sum(axis=0)
    firms = (sub.proceeds - sub.invested).sum(axis=0)
    assert np.abs((found.got - found.paid).sum(axis=0) + growth - firms).max() <= near
    assert min(found.got.min(), found.paid.min()) >= -near
    # The same in each layer: what goes in, and what comes out.
    for layer in (found.sub_funds, found.parent):
        flows, payout = layer.flows, layer.payout
        calls = layer.gp_paid + flows.calls.sum(axis=1)
        out = layer.gp_got + flows.received.sum(axis=1) + flows.to_manager
        assert np.abs(calls - layer.contributions).max() <= near
        assert np.abs(out + payout.carry - payout.clawback - layer.proceeds).max() <= near
    # The fund of funds keeps nothing: what it calls and gets is its share below, and its fees.
    below, own = found.sub_funds.flows, found.parent
    net = (below.received + below.bought - below.calls)[:, 0].sum(axis=0)
    assert np.abs(own.proceeds[0] - own.contributions[0] + parent.fees - net).max() <= near


@given(structures())
def test_layers_are_the_waterfalls_and_clauses_one_by_one(case):
    sub, terms, classes, parent = case
    classes = [[c._replace(buyback_quarter=NO_BUYBACK) for c in row] for row in classes]
    found = run_layers(sub, terms, classes, parent).sub_funds
    for i, (own, row) in enumerate(zip(terms, classes, strict=True)):
        deals = Deals(sub.fees[i], sub.cost_realised[i], sub.cost_written_off[i])
        payout = run_waterfall(sub.contributions[i], sub.distributed[i], own, deals=deals)
        assert np.array_equal(found.payout.carry[i], payout.carry)
        gp = own.gp_commitment_share
        base = sub.distributed[i] if own.is_gp_carry_free else payout.to_lps
        to_classes = np.maximum(0.0, payout.to_lps - gp * base)
        flows = share_among_classes(sub.contributions[i] * (1 - gp), to_classes, row)
        assert np.allclose(found.flows.received[i], flows.received, atol=1e-9 * sub.nav.sum())


def test_a_second_layer_costs_its_fees_and_carry():
    parent = FundOfFunds(at(9, q0=1), USUAL, PAIR)
    free = FundOfFunds(
        at(9), USUAL._replace(tiers=(USUAL.tiers[0]._replace(carry_share=0.0),)), PAIR
    )
    for gross in (50.0, 110.0, 150.0, 400.0):
        dear, cheap = (run_layers(one_sub_fund(gross), USUAL, [PAIR], x) for x in (parent, free))
        lps = [Party.TREASURY, Party.OTHER_LPS]
        net = [(x.got - x.paid)[lps].sum() for x in (dear, cheap)]
        manager = (dear.got - dear.paid)[Party.PARENT_MANAGER].sum()
        assert net[1] - net[0] == pytest.approx(manager)
        # With no fees and carry above, its LPs get what private LPs get, by their money.
        private = (cheap.got - cheap.paid)[Party.PRIVATE_LPS]
        both = (cheap.got - cheap.paid)[lps].sum(axis=0)
        assert both / 40 == pytest.approx(private / 60)
        assert worth_at(0.1, both) == pytest.approx(worth_at(0.1, private) * 40 / 60)


def test_flows_that_cannot_be():
    good, parent = one_sub_fund(150.0), FundOfFunds(at(9), USUAL, PAIR)
    with pytest.raises(ValueError, match="sub-fund 0, quarter 0: cash from 0 on, got -"):
        cash_held(good._replace(invested=2 * good.invested))
    with pytest.raises(ValueError, match=r"one shape \(S, T\)"):
        run_layers(good._replace(nav=NONE[:, 1:]), USUAL, [PAIR], parent)
    american = parent._replace(terms=USUAL._replace(style=Style.AMERICAN))
    with pytest.raises(ValueError, match="EUROPEAN"):
        run_layers(good, USUAL, [PAIR], american)
    with pytest.raises(ValueError, match="fees of the fund of funds of shape"):
        run_layers(good, USUAL, [PAIR], parent._replace(fees=at(8)))
