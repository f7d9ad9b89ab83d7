"""Classes of LPs: clauses by hand, against the market's public money, and for any classes."""

from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from finmodel.fund.clauses import NO_BUYBACK, NO_CAP, LpClass, class_table, plain_class
from finmodel.fund.sharing import share_among_classes
from finmodel.market import public as market_public
from tests.fund_cases import at, flows, money, shares

STATE, OTHERS = plain_class(0.4), plain_class(0.6)
START = at(9, q0=100)


@st.composite
def any_classes(draw, n_quarters):
    """One to four classes with any clauses; some may have no commitment."""
    weights = draw(st.lists(st.integers(0, 5), min_size=1, max_size=4).filter(sum))
    classes = []
    for weight in weights:
        give = draw(shares)
        classes.append(
            LpClass(
                weight / sum(weights),
                give,
                draw(shares) * (1 - give),
                draw(st.sampled_from([NO_CAP, 0.0, 0.05, 0.3])),
                draw(st.sampled_from([NO_BUYBACK, *range(n_quarters + 1)])),
                draw(st.sampled_from([0.0, 0.04])),
                draw(shares),
            )
        )
    return classes


@st.composite
def cases(draw):
    fund = draw(flows())
    n = fund.shape[1]
    nav = np.array(draw(st.lists(money, min_size=n, max_size=n)))
    return fund, nav, draw(any_classes(n))


def state_alone(clauses, calls, to_lps, nav=None):
    """Flows of a state with clauses beside others without."""
    return share_among_classes(calls, to_lps, [STATE._replace(**clauses), OTHERS], nav=nav)


@pytest.mark.parametrize(
    ("clauses", "amount", "state", "others", "manager"),
    [
        ({}, 150, 60, 90, 0),
        # A gain of 20 on 40.
        ({"profit_give_up": 0.5}, 150, 50, 100, 0),
        ({"profit_give_up": 0.5, "manager_give_up": 0.1}, 150, 48, 100, 2),
        ({"profit_give_up": 1.0}, 90, 36, 54, 0),
        # Two years at 8 %: 46.656, also after shares of the gain.
        ({"return_cap_pa": 0.08}, 150, 46.656, 103.344, 0),
        ({"return_cap_pa": 0.08, "profit_give_up": 0.5}, 150, 46.656, 103.344, 0),
        ({"return_cap_pa": 0.08, "profit_give_up": 0.9}, 150, 42, 108, 0),
        ({"return_cap_pa": 0.0}, 150, 40, 110, 0),
        # First losses: the others' 60 come first, then the state's 40, then 40 : 60.
        ({"first_loss_share": 1.0}, 50, 0, 50, 0),
        ({"first_loss_share": 1.0}, 80, 20, 60, 0),
        ({"first_loss_share": 1.0}, 150, 60, 90, 0),
        # Half of its capital stands with the others': 20 beside 60.
        ({"first_loss_share": 0.5}, 40, 10, 30, 0),
        ({"first_loss_share": 0.5}, 90, 30, 60, 0),
    ],
)
def test_one_distribution(clauses, amount, state, others, manager):
    found = state_alone(clauses, START, at(9, q8=amount))
    assert found.received.sum(axis=1) == pytest.approx([state, others])
    assert found.to_manager.sum() == pytest.approx(manager)
    assert found.calls.sum(axis=1) == pytest.approx([40, 60])
    assert not found.bought.any()


def test_gains_that_later_calls_eat_up_come_back():
    found = state_alone(
        {"profit_give_up": 0.5, "manager_give_up": 0.1}, at(9, q0=100, q5=50), at(9, q4=150)
    )
    assert found.received[:, 4] == pytest.approx([48, 100])
    assert found.received[:, 8] == pytest.approx([12, -10])
    assert found.to_manager[[4, 8]] == pytest.approx([2, -2])


def test_a_gain_is_shared_once():
    found = state_alone({"profit_give_up": 0.5}, START, at(9, q4=150, q6=10))
    assert found.received[0, [4, 6, 8]] == pytest.approx([50, 2, 0])


def test_the_others_buy_a_stake_worth_more_than_its_price():
    # Cost plus 4 % after two years: 43.264. The stake is worth 60.
    clauses = {"buyback_quarter": 8, "buyback_rate_pa": 0.04}
    calls, paid = at(13, q0=100, q10=10), at(13, q12=200)
    found = state_alone(clauses, calls, paid, at(13, q8=150))
    assert found.bought[:, 8] == pytest.approx([43.264, -43.264])
    assert found.calls[:, 10] == pytest.approx([0, 10])
    assert found.received[:, 12] == pytest.approx([0, 200])
    # What it got before lowers the price, with interest; not below nothing.
    early = state_alone(clauses, calls, paid + at(13, q4=50), at(13, q8=150))
    assert early.bought[0, 8] == pytest.approx(43.264 - 20 * 1.04)
    rich = state_alone(clauses, calls, paid + at(13, q4=150), at(13, q8=150))
    assert rich.bought[0, 8] == 0
    assert rich.received[:, 12] == pytest.approx([0, 200])


@pytest.mark.parametrize(
    ("clauses", "nav", "is_sold"),
    [
        ({}, 108, False),  # worth 43.2
        ({}, 110, True),  # worth 44
        # Of the gain of 4 half would be given anyway: the others gain nothing by paying 43.264.
        ({"profit_give_up": 0.5}, 110, False),
        ({"profit_give_up": 0.5}, 120, True),
        ({"return_cap_pa": 0.04}, 500, False),
        ({"first_loss_share": 1.0}, 103, False),
        ({"first_loss_share": 1.0}, 109, True),
    ],
)
def test_the_option_is_used_if_it_pays(clauses, nav, is_sold):
    clauses = {"buyback_quarter": 8, "buyback_rate_pa": 0.04, **clauses}
    found = state_alone(clauses, at(13, q0=100), at(13, q12=100), at(13, q8=nav))
    assert bool(found.bought.any()) == is_sold


def test_buyers_pay_by_their_shares():
    classes = [
        plain_class(0.4)._replace(buyback_quarter=8, buyback_rate_pa=0.04),
        plain_class(0.45),
        plain_class(0.15),
    ]
    found = share_among_classes(at(13, q0=100), at(13, q12=200), classes, nav=at(13, q8=150))
    assert found.bought[:, 8] == pytest.approx([43.264, -0.75 * 43.264, -0.25 * 43.264])
    assert found.received[:, 12] == pytest.approx([0, 150, 50])


def test_settlement_takes_no_time():
    cap = [STATE._replace(return_cap_pa=0.08), OTHERS]
    calls, paid = at(10, q0=100), at(10, q9=150)
    found = share_among_classes(calls, paid, cap, settles=True)
    assert found.received[0, 9] == pytest.approx(46.656)


def market_flows(fund, give, manager, rate_pa):
    """The same by the market's own clauses of public money, without cover of losses."""
    programme = {
        "manager_give_up": manager,
        "profit_give_up": give,
        "buyback_growth": (1 + rate_pa) ** 0.25 if rate_pa < NO_CAP else np.inf,
        "loss_cover": 0.0,
    }
    world = SimpleNamespace(
        programmes=[programme], fund_rate_pp=np.zeros((1, 0)), private_lp=0, lp_mix=np.zeros((1, 2))
    )
    row = np.zeros(7)
    pool = SimpleNamespace(
        funds=[{"to_lps": 0.0, "called": 0.0}], public=[row], lp_share=np.array([[0.6, 0.4]])
    )
    plain = {name: getattr(market_public, name) for name in ("public_lp", "owe", "public_part")}
    plain = {name: getattr(kernel, "py_func", kernel) for name, kernel in plain.items()}
    out = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(market_public, "public_lp", plain["public_lp"])
        for q, (call, amount) in enumerate(fund.T):
            plain["owe"](row, programme["buyback_growth"], q)
            row[market_public.PUBLIC_CALLED] += 0.4 * call
            row[market_public.PUBLIC_OWED] += 0.4 * call
            if rate_pa == NO_CAP:
                row[market_public.PUBLIC_OWED] = np.inf
            kept, private, to_manager, gain = plain["public_part"](
                world, pool, 0, 0, amount, q == len(fund.T) - 1, q
            )
            row[market_public.PUBLIC_OWED] -= kept
            row[market_public.PUBLIC_RECEIVED] += 0.4 * amount
            row[market_public.PUBLIC_SHARED] += gain
            out.append((kept, 0.6 * amount + private, to_manager))
    return np.array(out).T


@given(flows(), shares, shares, st.sampled_from([0.0, 0.05, 0.3, NO_CAP]))
def test_clauses_are_those_of_public_money_in_the_market(fund, give, manager, rate_pa):
    fund[:, 0] += 1.0  # the market's interest runs from the first call
    manager *= 1 - give
    clauses = {"profit_give_up": give, "manager_give_up": manager, "return_cap_pa": rate_pa}
    found = state_alone(clauses, *fund)
    theirs = market_flows(fund, give, manager, rate_pa)
    ours = np.vstack([found.received, found.to_manager])
    assert np.allclose(ours, theirs, rtol=0, atol=1e-9 * fund.sum() * (1 + 0.3) ** 4)


@given(cases())
def test_cash_is_conserved_in_every_quarter(case):
    fund, nav, classes = case
    found = share_among_classes(*fund, classes, nav=nav)
    near = 1e-9 * (1 + fund.sum() + nav.sum())
    assert np.abs(found.calls.sum(axis=0) - fund[0]).max() <= near
    assert np.abs(found.received.sum(axis=0) + found.to_manager - fund[1]).max() <= near
    assert np.abs(found.bought.sum(axis=0)).max() <= near
    # Only the last quarter takes anything back.
    assert found.received[:, :-1].min(initial=0) >= -near
    assert found.calls.min() >= 0
    assert found.to_manager[:-1].min(initial=0) >= 0


@given(flows(), st.lists(st.integers(1, 9), min_size=1, max_size=5))
def test_without_clauses_all_is_pari_passu_to_the_bit(fund, weights):
    parts = [weight / sum(weights) for weight in weights]
    found = share_among_classes(*fund, [plain_class(part) for part in parts])
    assert np.array_equal(found.calls, np.outer(parts, fund[0]))
    assert np.array_equal(found.received, np.outer(parts, fund[1]))
    assert not found.to_manager.any()


@given(flows(), shares)
def test_first_losses_fall_on_their_class(fund, part):
    ordinary = share_among_classes(*fund, [STATE, OTHERS])
    junior = share_among_classes(*fund, [STATE._replace(first_loss_share=part), OTHERS])
    near = 1e-9 * (1 + fund.sum())
    ours, theirs = junior.received.cumsum(axis=1), ordinary.received.cumsum(axis=1)
    assert (ours[0] <= theirs[0] + near).all()  # never more than pari passu, at any time
    if fund[1].sum() < fund[0].sum() and part == 1:
        lost = fund[0].sum() - fund[1].sum()
        assert ours[1, -1] >= min(0.6 * fund[0].sum(), 0.6 * fund[1].sum()) - near
        assert ours[0, -1] >= min(0.4 * fund[0].sum() - lost, 0.4 * fund[1].sum()) - near


@given(flows(), shares, shares)
def test_over_a_life_exactly_a_share_of_the_gain_is_given(fund, one, other):
    near, gain = 1e-9 * (1 + fund.sum()), max(0.0, 0.4 * (fund[1].sum() - fund[0].sum()))
    for give in (one, other):
        kept, got = state_alone({"profit_give_up": give}, *fund).received.sum(axis=1)
        assert kept == pytest.approx(0.4 * fund[1].sum() - give * gain, abs=near)
        assert got == pytest.approx(0.6 * fund[1].sum() + give * gain, abs=near)


def test_a_batch_is_its_funds_one_by_one():
    rng = np.random.default_rng(5)
    paid, got, nav = rng.lognormal(size=(3, 6, 12))
    rows = [
        [STATE._replace(profit_give_up=i / 10, buyback_quarter=i + 3), OTHERS] for i in range(6)
    ]
    batch = share_among_classes(paid, got, class_table(rows), nav=nav)
    for i in range(6):
        one = share_among_classes(paid[i], got[i], rows[i], nav=nav[i])
        assert all(np.array_equal(a[i], b) for a, b in zip(batch, one, strict=True))


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"commitment_share": 0.5}, "sum to 1"),
        ({"profit_give_up": 1.2}, "profit_give_up"),
        ({"profit_give_up": 0.7, "manager_give_up": 0.5}, r"profit_give_up \+ manager_give_up"),
        ({"return_cap_pa": float("nan")}, "return_cap_pa"),
        ({"buyback_rate_pa": -0.01}, "buyback_rate_pa"),
        ({"buyback_quarter": -2}, "buyback_quarter"),
        ({"first_loss_share": 1.5}, "first_loss_share"),
    ],
)
def test_clauses_out_of_range(changes, named):
    with pytest.raises(ValueError, match=named):
        class_table([[STATE._replace(**changes), OTHERS]])


def test_flows_that_cannot_be():
    classes = [STATE._replace(buyback_quarter=4), OTHERS]
    with pytest.raises(ValueError, match="needs the NAV"):
        share_among_classes(START, START, classes)
    with pytest.raises(ValueError, match="to_lps: at least 0"):
        share_among_classes(START, -START, [STATE, OTHERS])
    with pytest.raises(ValueError, match="one shape"):
        share_among_classes(START, START[1:], [STATE, OTHERS])
    with pytest.raises(ValueError, match="as many classes"):
        class_table([[STATE, OTHERS], [plain_class(1.0)]])
