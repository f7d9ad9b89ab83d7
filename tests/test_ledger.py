"""Money: every flow has two sides, every account closes, and no cap is ever exceeded."""

import numpy as np
import pytest

from finmodel.market import columns as col
from finmodel.market.ledger import balance, check_funds, post
from finmodel.market.path import Room, new_books, new_pool, run_path
from finmodel.market.run import first_room, simulate
from finmodel.market.state import FIRM_ROW, N_FUNDS, N_HOLDINGS
from tests.conftest import small_world

SEED = np.uint64(6)


def played(*changes, path=0):
    """One path, its ledger checked every quarter, with every fund and event."""
    world = small_world(*changes)
    room = first_room(world, is_detailed=True, has_fund_money=True)
    status, _, pool, books = run_path(world.arrays, SEED, path, room, 1)
    assert status == col.OK
    return world, pool, books


VARIANTS = {
    "baseline": (),
    "participating preferences": ("terms.participating=1", "terms.preference_multiple=2"),
    "regimes and a halt": ("environment.process=regimes", "environment.window_close_pp=0.5"),
    "short funds": tuple(
        f"funds.{kind}.{change}"
        for kind in (
            "angel_group",
            "independent_vc",
            "corporate_vc",
            "state_owned",
            "guided_subfund",
        )
        for change in ("term_years=2", "investment_years=1")
    ),
    "no fees, no carry": (
        "funds.independent_vc.fee_pa=0",
        "funds.independent_vc.carry_share=0",
    ),
    "one class of LPs gone": ("lps.private.return_response=20", "capital.response_limit=20"),
    "poor": ("capital.total_mcny_pa=60000",),
}


@pytest.mark.parametrize("name", VARIANTS)
def test_the_ledger_closes_every_quarter_and_no_cap_is_exceeded(name):
    world, pool, books = played("run.scale=0.05", "run.warm_up_years=6", *VARIANTS[name])
    n = pool.counts[N_FUNDS]
    funds, types = pool.funds[:n], world.arrays.types
    terms = types[funds["kind"]]
    assert n > 20
    spent = funds["spent_new"] + funds["spent_follow"]
    assert (funds["called"] <= funds["commitment"] * (1 + 1e-9)).all()
    assert (spent <= funds["investable"] * (1 + 1e-9)).all()
    np.testing.assert_allclose(funds["called"], spent + funds["fees"], rtol=1e-9)
    np.testing.assert_allclose(
        funds["proceeds"], funds["to_lps"] + funds["carry"] + funds["received"], atol=1e-6
    )
    assert (funds["spent_new"] <= (1 - terms["reserve_share"]) * funds["investable"] + 1e-6).all()
    assert (funds["fees"] <= terms["fee_life"] * funds["commitment"] * (1 + 1e-9)).all()
    assert (pool.nav[: len(funds)] >= -1e-6).all()
    assert (pool.nav[: len(funds)][funds["is_over"] == 1] == 0).all()
    assert abs(books.ledger.sum()) <= 1e-9 * np.abs(books.ledger).sum()
    _tickets_and_concentration(pool, books, funds, terms)


def _tickets_and_concentration(pool, books, funds, terms):
    """What a fund put into a firm, first and in all, from the histories."""
    events = books.events[: pool.counts[4]]
    deals = events[events["kind"] == col.INVESTMENT]
    firm = (deals["key"].astype(np.uint64) << np.uint64(32)) | deals["serial"]
    total, first = {}, {}
    for f, i, amount in zip(deals["fund"], firm, deals["amount"], strict=True):
        first.setdefault((f, i), amount)
        total[f, i] = total.get((f, i), 0.0) + amount
    assert len(total) > 30
    for (f, _), amount in first.items():
        assert amount <= terms["ticket_share"][f] * funds["commitment"][f] * (1 + 1e-9)
    for (f, _), amount in total.items():
        assert amount <= terms["concentration_share"][f] * funds["commitment"][f] * (1 + 1e-9)


def test_carry_is_a_fifth_of_profit_and_nothing_without_profit():
    _, pool, _ = played("run.scale=0.1", "run.warm_up_years=12")
    funds = pool.funds[: pool.counts[N_FUNDS]]
    ended = funds[funds["is_over"] == 1]
    profit = ended["to_lps"] + ended["carry"] - ended["called"]
    has_carry = ended["carry"] > 0
    assert has_carry.sum() > 10
    # Full catch-up gives a fifth; calls after a payment of carry lower the profit since then.
    assert np.median(ended["carry"][has_carry] / profit[has_carry]) == pytest.approx(0.2, abs=0.01)
    assert (ended["carry"] <= 0.2 * (ended["to_lps"] + ended["carry"]) * (1 + 1e-9)).all()
    lost = ended["to_lps"] + ended["carry"] < 0.5 * ended["called"]
    assert lost.sum() > 10
    # Without clawback an early success may have paid carry before the money was lost.
    assert (ended["carry"][lost] > 0).mean() < 0.05


def test_by_year_region_and_type_money_in_equals_money_out():
    result = simulate(small_world("run.scale=0.05"), paths=4, seed=3, check_every=1)
    flow = result.fund_flow
    np.testing.assert_allclose(
        flow[..., col.CALLED_M], flow[..., col.INVESTED_M] + flow[..., col.FEES_M], rtol=1e-9
    )
    np.testing.assert_allclose(
        flow[..., col.RECEIVED_M],
        flow[..., col.TO_LPS_M] + flow[..., col.CARRY_M],
        rtol=1e-9,
        atol=1e-6,
    )
    deals = result.panel[..., col.DEAL_M].sum(axis=(2, 3, 4))
    np.testing.assert_allclose(flow[..., col.INVESTED_M].sum(axis=(2, 3)), deals, rtol=1e-9)
    np.testing.assert_allclose(
        result.flow[:, 1].sum(axis=4).transpose(0, 1, 3, 2), flow[..., col.INVESTED_M], rtol=1e-9
    )


def test_one_flow_changes_two_accounts_and_not_their_sum():
    ledger = np.zeros((4, 2))
    post(ledger, 0, 1, 3, 0, 7.5)
    assert ledger[0, 1] == -7.5
    assert ledger[3, 0] == 7.5
    assert ledger.sum() == 0


def balanced():
    """A market with one fund of 1,000 that put 300 into one firm, which burnt 100."""
    world = small_world().arrays
    room = Room(4, 4, 4, 4, 4, 0, 0, 0)
    books, pool, firms = new_books(world, room), new_pool(world, room), np.zeros(4, FIRM_ROW)
    n_lps = len(world.lps)
    pool.counts[N_FUNDS] = pool.counts[N_HOLDINGS] = 1
    pool.lp_share[0, :2] = (0.25, 0.75)
    fund = pool.funds[0]
    fund["region"], fund["kind"], fund["commitment"] = 1, 2, 1000.0
    fund["called"], fund["spent_new"], fund["fees"], pool.nav[0] = 320.0, 300.0, 20.0, 300.0
    account = col.FIRST_LP + n_lps + 2
    for lp in range(2):
        post(books.ledger, col.FIRST_LP + lp, 1, account, 1, 320.0 * pool.lp_share[0, lp])
    post(books.ledger, account, 1, col.MANAGERS, 1, 20.0)
    post(books.ledger, account, 1, col.FIRMS, 3, 300.0)
    post(books.ledger, col.FIRMS, 3, col.COSTS, 3, 100.0)
    firm = firms[0]
    firm["region"], firm["cash"], firm["price"], firm["shares"] = 3, 200.0, 600.0, 1.5
    firms["head"] = -1
    firm["head"] = 0
    pool.holdings[0]["fund"] = 0
    pool.holdings[0]["next"], pool.holdings[0]["shares"], pool.holdings[0]["cost"] = -1, 0.5, 300.0
    return books, pool, firms


FAULTS = {
    "firm's cash": (lambda b, p, f: f["cash"].__setitem__(0, 200.00001), col.FIRMS, 3),
    "firm's cash unknown": (lambda b, p, f: f["cash"].__setitem__(0, np.nan), col.FIRMS, 3),
    "LP of another region": (
        lambda b, p, f: p.funds["region"].__setitem__(0, 0),
        col.MANAGERS,
        0,
    ),
    "fee not paid on": (
        lambda b, p, f: b.ledger.__setitem__((col.MANAGERS, 1), 19.9),
        col.MANAGERS,
        1,
    ),
    "LP class": (lambda b, p, f: p.lp_share.__setitem__((0, 0), 0.3), col.FIRST_LP, 1),
    "burn without a bill": (
        lambda b, p, f: b.ledger.__setitem__((col.COSTS, 3), 99.0),
        -1,
        0,
    ),
}


@pytest.mark.parametrize("name", FAULTS)
def test_the_ledger_notices_a_lost_yuan_and_says_where(name):
    books, pool, firms = balanced()
    assert balance(small_world().arrays, firms, 1, pool, books, 5) == col.OK
    change, account, region = FAULTS[name]
    change(books, pool, firms)
    assert balance(small_world().arrays, firms, 1, pool, books, 5) == col.UNBALANCED
    assert list(books.breach[:3]) == [5, account, region]


def test_a_fund_that_calls_too_much_or_marks_wrongly_is_noticed():
    books, pool, firms = balanced()
    assert check_funds(firms, 1, pool, books, 5) == col.OK
    pool.nav[0] = 301.0
    assert check_funds(firms, 1, pool, books, 5) == col.UNBALANCED
    assert list(books.breach[1:5]) == [-3, 0, 300.0, 301.0]
    pool.nav[0] = 300.0
    pool.funds["called"][0] = 1001.0
    assert check_funds(firms, 1, pool, books, 5) == col.UNBALANCED
    assert books.breach[1] == -2
