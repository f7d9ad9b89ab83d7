"""Clawback in the market: hand cases, the fund room's waterfall fund by fund, neutral at 0."""

import numpy as np
import pytest

from finmodel.fund.lifetime import run_waterfall
from finmodel.market import columns as col
from finmodel.market.path import run_path
from finmodel.market.run import first_room, simulate
from finmodel.market.waterfall import excess_carry
from finmodel.measure.fund_flows import gross_flows, lp_flows
from tests.conftest import small_world
from tests.fund_cases import USUAL
from tests.test_investor_tables import KINDS, SHORT, WHOLE


def clawed(share):
    return tuple(f"funds.{kind}.clawback_share={share}" for kind in KINDS)


@pytest.mark.parametrize(
    ("flows", "excess"),
    [
        # 100 called, 200 back (180 and 20), 100 called and lost: no profit, so all carry.
        ((100.0, 80.0, 200.0, 180.0, 20.0), 20.0),
        # Of the second 100, 50 come back: profit of 50 deserves 10 of the 20.
        ((50.0, 80.0, 200.0, 230.0, 20.0), 10.0),
        # LPs lack 6 of their hurdle, though carry is a fifth of all profit.
        ((6.0, 0.0, 100.0, 140.0, 10.0), 6.0),
        # Nothing is owed, and carry is a fifth of profit.
        ((0.0, 10.0, 100.0, 180.0, 20.0), 0.0),
        # The first 100 lost with more: never more than was paid.
        ((90.0, 0.0, 300.0, 180.0, 20.0), 20.0),
    ],
)
def test_excess_by_hand(flows, excess):
    assert excess_carry(*flows, 0.2) == pytest.approx(excess)


@pytest.fixture(scope="module", params=[1.0, 0.5])
def run(request):
    world = small_world(*WHOLE, *SHORT, *clawed(request.param))
    return simulate(world, paths=3, seed=3, detailed=3), request.param


def end_age(world, vintage, term):
    """Age of a fund when it sells out: the first end of a year after its term."""
    first = world.arrays.calendar.first_reported
    quarter = vintage + term - 1
    while (quarter + 1 - first) % 4:
        quarter += 1
    return quarter - vintage


def test_every_ended_fund_is_paid_as_by_the_fund_room(run):
    result, share = run
    terms = USUAL._replace(has_clawback=True, clawback_kept_share=1.0 - share)
    n_paid_back = 0
    for item in result.details:
        net = lp_flows(result.world, item, item.money, "all")
        gross = gross_flows(result.world, item, item.money)
        for f in np.flatnonzero(item.funds["is_over"] == 1):
            fund = item.funds[f]
            end = end_age(result.world, int(fund["vintage"]), 16) + 1
            whole = run_waterfall(net.paid[f, :end], gross.got[f, :end], terms)
            np.testing.assert_allclose(net.got[f, :end], whole.to_lps, rtol=1e-9, atol=1e-7)
            assert fund["clawback"] == pytest.approx(whole.clawback.sum(), rel=1e-9, abs=1e-7)
            carry = whole.carry.sum() - whole.clawback.sum()
            assert fund["carry"] == pytest.approx(carry, rel=1e-9, abs=1e-7)
            n_paid_back += fund["clawback"] > 1e-6
    assert n_paid_back > 3


def test_none_is_today_s_and_some_moves_money_from_managers_to_lps():
    kept = {}
    for share in (0.0, 1.0):
        result = simulate(
            small_world(*WHOLE, *SHORT, *clawed(share), *ALOOF), paths=3, seed=3, detailed=3
        )
        flows = result.fund_flow.sum(axis=(0, 1, 2, 3))
        kept[share] = flows[col.TO_LPS_M], flows[col.CARRY_M], flows[col.RECEIVED_M]
        back = sum(item.funds["clawback"].sum() for item in result.details)
        assert (back > 0.0) == (share > 0.0)
    assert kept[1.0][2] == pytest.approx(kept[0.0][2])  # gross is the same market
    assert kept[1.0][0] - kept[0.0][0] == pytest.approx(back)
    assert kept[0.0][1] - kept[1.0][1] == pytest.approx(back)


ALOOF = tuple(f"lps.{name}.return_response=0" for name in ("private", "corporate", "state"))
"""LPs that do not answer to returns: what they are paid changes no fund."""


def test_the_ledger_balances_every_quarter_also_with_nothing_but_carry():
    terms = ("fee_pa=0", "hurdle_pa=0", "follow_multiple=50")
    bare = tuple(f"funds.{kind}.{term}" for kind in KINDS for term in terms)
    world = small_world(*WHOLE, *SHORT, *clawed(1.0), *bare)
    back = 0.0
    for path in range(6):
        status, _, pool, _ = run_path(world.arrays, np.uint64(5), path, first_room(world), 1)
        assert status == col.OK
        assert (pool.funds["carry"] >= -1e-9).all()
        back += pool.funds["clawback"].sum()
    assert back > 0
