"""Money is conserved, needs add up, caps hold; and a breach stops the run."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from finmodel.errors import InvariantError
from finmodel.market import collect, run
from finmodel.market import columns as state
from finmodel.market.collect import outcome_column
from finmodel.market.matching import serial_allocation
from finmodel.market.run import simulate
from finmodel.world.arrays import FUND_ROW
from tests.conftest import small_world

WIDTH = 4


@pytest.fixture(scope="module")
def result():
    return simulate(small_world("run.scale=0.05"), paths=6, seed=3, check_every=1)


def test_needs_add_up_in_every_cell_of_every_path(result):
    for is_money, ask in ((False, state.ASK_N), (True, state.ASK_M)):
        outcomes = [outcome_column(o, 0, is_money=is_money) for o in range(state.N_OUTCOMES)]
        np.testing.assert_allclose(
            result.panel[..., outcomes].sum(axis=-1), result.panel[..., ask], rtol=1e-9, atol=1e-9
        )
    assert (result.panel[..., state.ASK_N] >= 0).all()


def test_panels_agree_with_each_other(result):
    np.testing.assert_allclose(
        result.panel.sum(axis=(2, 3, 4)), result.sectors.sum(axis=2), rtol=1e-12, atol=1e-9
    )
    np.testing.assert_allclose(
        result.cell_mean.sum(axis=(1, 2, 3)), result.sectors.mean(axis=0).sum(axis=1), rtol=1e-9
    )


def test_tests_of_viability_are_nested(result):
    for outcome in range(state.N_OUTCOMES):
        for is_money in (False, True):
            everyone, market, strict, loose, social = (
                result.panel[..., outcome_column(outcome, test, is_money=is_money)]
                for test in range(state.N_TESTS)
            )
            assert (strict <= market).all()
            assert (market <= loose).all()
            assert (market <= social).all()
            assert (np.maximum(loose, social) <= everyone).all()


def test_deals_are_the_funded_needs(result):
    funded = result.panel[..., outcome_column(0, 0, is_money=False)]
    partial = result.panel[..., outcome_column(1, 0, is_money=False)]
    np.testing.assert_array_equal(result.panel[..., state.DEAL_N], funded + partial)
    np.testing.assert_allclose(
        result.panel[..., state.DEAL_M], result.panel[..., outcome_column(0, 0, is_money=True)]
    )
    np.testing.assert_allclose(
        result.flow[:, 1].sum(axis=2), result.panel[..., state.DEAL_M].sum(axis=(3, 4)), rtol=1e-9
    )


def test_firms_are_conserved(result):
    ended = [state.FAILURE_N, state.CLOSURE_N, state.IPO_N, state.MNA_N, state.BUYBACK_N]
    totals = result.sectors.sum(axis=2)
    change = np.diff(totals[:, :, state.ACTIVE_N], axis=1)
    net = totals[:, 1:, state.BIRTH_N] - totals[:, 1:, ended].sum(axis=-1)
    np.testing.assert_array_equal(change, net)


def test_a_leak_stops_the_run_and_names_the_place(monkeypatch):
    original = run.run_path

    def leaky(world, seed, path, firms, check_every):
        status, quarters, books = original(world, seed, path, firms, check_every)
        books.breach[:] = (11, 1, 100.0, 99.5)
        return state.UNBALANCED if path == 2 else status, quarters, books

    monkeypatch.setattr(run, "run_path", leaky)
    with pytest.raises(
        InvariantError, match=r"path 2, quarter 11, invested capital.*100\.0.*99\.5"
    ):
        simulate(small_world(), paths=4, seed=1)


def test_the_ledger_notices_a_lost_yuan():
    from finmodel.market.books import balance
    from finmodel.market.path import new_books, new_pool

    world = small_world().arrays
    books, pool = new_books(world), new_pool(world)
    firms = np.zeros(2, state.FIRM_ROW)
    books.ledger[state.CALLED] = 1000.0
    pool.cash[0] = 600.0
    books.ledger[state.INVESTED] = 400.0
    firms["cash"] = (250.0, 50.0)
    books.ledger[state.BURNT] = 100.0
    assert balance(firms, 2, pool, books, 3) == state.OK
    firms["cash"][1] -= 1e-5
    assert balance(firms, 2, pool, books, 3) == state.UNBALANCED
    assert list(books.breach[:2]) == [3, 1]
    firms["cash"][1] = np.nan
    assert balance(firms, 2, pool, books, 3) == state.UNBALANCED


def test_needs_that_do_not_add_up_stop_the_run():
    world = small_world()
    cells = np.zeros((3, 4, 6, 10, state.N_COLUMNS))
    collect.check_identity(world, cells, 0)
    cells[1, 2, 3, 4, state.ASK_N] = 1.0
    with pytest.raises(InvariantError, match="path 7, year 2023, region ZJ, stage B"):
        collect.check_identity(world, cells, 7)


@st.composite
def markets(draw):
    n_funds = draw(st.integers(1, 6))
    n_seekers = draw(st.integers(0, 12))
    money = st.floats(0.0, 100.0, allow_subnormal=False)
    edges = np.full(max(n_seekers, 1) * WIDTH, -1, np.int64)
    for q in range(n_seekers):
        met = draw(st.lists(st.integers(0, n_funds - 1), max_size=WIDTH, unique=True))
        edges[q * WIDTH : q * WIDTH + len(met)] = met
    funds = np.zeros(n_funds, FUND_ROW)
    funds["ticket"] = draw(st.lists(money, min_size=n_funds, max_size=n_funds))
    return {
        "score": np.array(draw(st.lists(st.floats(-5, 5), min_size=n_seekers, max_size=n_seekers))),
        "ask": np.array(
            draw(st.lists(st.floats(0.01, 100), min_size=n_seekers, max_size=n_seekers))
        ),
        "edges": edges,
        "funds": funds,
        "budget": np.array(draw(st.lists(money, min_size=n_funds, max_size=n_funds))),
        "min_close": draw(st.floats(0.01, 1.0)),
    }


def allocate(market):
    budget = market["budget"].copy()
    amount = np.full(len(market["edges"]), np.nan)
    amount[market["edges"] < 0] = 0.0
    served = serial_allocation(
        market["score"],
        market["ask"],
        market["edges"],
        WIDTH,
        market["funds"],
        budget,
        market["min_close"],
        amount,
    )
    return served, amount, budget


@given(markets())
def test_an_allocation_breaks_no_cap(market):
    served, amount, budget = allocate(market)
    edges, n = market["edges"], len(market["score"])
    met = edges >= 0
    assert (amount >= 0).all()
    assert (amount[met] <= market["funds"]["ticket"][edges[met]]).all()
    raised = amount.reshape(-1, WIDTH).sum(axis=1)[:n]
    assert (raised <= market["ask"] * (1 + 1e-12)).all()
    assert ((raised == 0) | (raised >= market["min_close"] * market["ask"] * (1 - 1e-12))).all()
    assert served == (raised > 0).sum()
    given_away = np.bincount(edges[met], amount[met], minlength=len(budget))
    np.testing.assert_allclose(market["budget"] - budget, given_away, atol=1e-9)
    assert (budget >= -1e-9).all()


@given(markets())
def test_a_serial_allocation_leaves_no_blocking_pair(market):
    """A closed seeker short of its ask faces only funds at ticket, or broke on better seekers."""
    _, amount, budget = allocate(market)
    n = len(market["score"])
    rows, edges = amount.reshape(-1, WIDTH)[:n], market["edges"].reshape(-1, WIDTH)[:n]
    raised = rows.sum(axis=1)
    for q in range(n):
        if not 0 < raised[q] < market["ask"][q] * (1 - 1e-9):
            continue
        for e in range(WIDTH):
            fund = edges[q, e]
            if fund < 0 or rows[q, e] >= market["funds"]["ticket"][fund]:
                continue
            assert budget[fund] <= 1e-9 or any(
                (edges[p] == fund).any() and rows[p][edges[p] == fund].sum() > 0
                for p in range(n)
                if market["score"][p] >= market["score"][q] and p != q
            )


@given(markets())
def test_an_allocation_does_not_depend_on_the_order_of_seekers(market):
    if len(set(market["score"])) < len(market["score"]):
        return
    n = len(market["score"])
    order = np.arange(n)[::-1]
    turned = {
        **market,
        "score": market["score"][order],
        "ask": market["ask"][order],
        "edges": market["edges"].reshape(-1, WIDTH)[:n][order].reshape(-1)
        if n
        else market["edges"],
    }
    _, amount, _ = allocate(market)
    _, other, _ = allocate(turned)
    np.testing.assert_array_equal(
        amount.reshape(-1, WIDTH)[:n][order], other.reshape(-1, WIDTH)[:n]
    )
