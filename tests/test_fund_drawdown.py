"""Money of a fund by quarter: by hand, and what holds on any path; flows by partner."""

import os
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from finmodel.fund.drawdown import Drawdown, drawdown
from finmodel.fund.fees import CostTerms, FeeBase
from finmodel.fund.money import MONEY_ROW, invest, pay_charges, receive, room
from finmodel.fund.partners import split_by_partner
from finmodel.fund.recycling import RecyclingTerms, recycling_table
from finmodel.numeric.jit import kernel
from tests.conftest import ROOT
from tests.test_fund_capital import NO_RECYCLING, assert_conserved, fee_table


def test_a_fund_by_hand():
    charges = fee_table(
        (0, 0.08, FeeBase.COMMITTED), term=4, n_quarters=4, costs=CostTerms(0.3, 0.0, 0.0)
    )
    rest = {
        "proceeds": [0.0, 0.0, 3.0, 2.0],
        "cost_out": 0.0,
        "nav": 0.0,
        "charges": charges,
        "recycling": RecyclingTerms(0.5, 0.1, 3, 3),
    }
    found = drawdown(10.0, wanted=[4.0, 5.0, 5.0, 0.0], kept_share=0.0, **rest)
    assert found.calls[0] == pytest.approx([4.5, 5.2, 0.3, 0.0])
    assert found.invested[0] == pytest.approx([4.0, 5.0, 0.1, 0.0])
    assert found.fees[0] == pytest.approx([0.2] * 4)
    assert found.costs[0] == pytest.approx([0.3, 0, 0, 0])
    assert found.recycled[0] == pytest.approx([0.0, 0.0, 1.0, 0.0])
    assert found.cash[0] == pytest.approx([0.0, 0.0, 1.0, 0.0])
    assert found.distributed[0] == pytest.approx([0.0, 0.0, 2.0, 2.8])
    careful = drawdown(10.0, wanted=[4.0, 5.0, 5.0, 0.0], kept_share=1.0, **rest)
    assert careful.invested[0] == pytest.approx([4.0, 4.9, 0.0, 0.0])
    # Proceeds pay what is owed before they are kept or distributed.
    hasty = drawdown(10.0, wanted=[9.5, 0.0, 0.0, 0.0], kept_share=0.0, **rest)
    assert hasty.fees[0] == pytest.approx([0.2, 0.0, 0.4, 0.2])
    assert hasty.owed[0] == pytest.approx([0.0, 0.2, 0.0, 0.0])
    assert hasty.distributed[0] == pytest.approx([0.0, 0.0, 1.6, 2.8])


@st.composite
def batches(draw):
    """Paths that follow no plan: any wish, any exits."""
    n, t = draw(st.integers(1, 3)), draw(st.integers(2, 40))
    rng = np.random.default_rng(draw(st.integers(0, 2**31)))
    wanted = rng.random((n, t)) * draw(st.floats(0.0, 40.0)) * (rng.random((n, t)) < 0.6)
    proceeds = rng.random((n, t)) * draw(st.floats(0.0, 60.0)) * (rng.random((n, t)) < 0.3)
    base = st.sampled_from(list(FeeBase))
    charges = fee_table(
        (0, draw(st.floats(0.0, 0.3)), draw(base)),
        (1, draw(st.floats(0.0, 0.3)), draw(base)),
        term=t,
        n_quarters=t,
        costs=CostTerms(draw(st.floats(0.0, 150.0)), 0.1, 0.0),
    )
    recycling = RecyclingTerms(
        draw(st.floats(0.0, 1.0)), draw(st.floats(0.0, 2.0)), draw(st.integers(0, t)), t - 1
    )
    return {
        "wanted": wanted,
        "proceeds": proceeds,
        "cost_out": proceeds * rng.random((n, t)),
        "nav": 100.0 * rng.random((n, t)),
        "charges": charges,
        "recycling": recycling,
        "kept_share": draw(st.floats(0.0, 1.0)),
    }


@given(batches())
def test_no_path_calls_more_than_was_committed_or_loses_a_yuan(batch):
    paths = drawdown(100.0, **batch)
    assert_conserved(paths, batch["proceeds"])
    assert (paths.invested <= batch["wanted"]).all()
    cap = batch["recycling"].cap_share * 100.0
    assert (paths.recycled.sum(axis=1) <= cap * (1 + 1e-12)).all()
    assert (paths.cash[:, -1] == 0.0).all()


@kernel
def by_deals(money, wanted, proceeds, gone, nav, charges, terms, kept_share, out):
    """A portfolio's loop: two deals a quarter, exits last."""
    for i in range(len(money)):
        for q in range(wanted.shape[1]):
            paid = pay_charges(money[i], charges[q], nav[i, q])
            call, invested = paid.call, 0.0
            for part in (0.3, 0.7):
                deal = min(part * wanted[i, q], room(money[i], charges[q], kept_share))
                call += invest(money[i], deal)
                invested += deal
            got = receive(money[i], terms[0], q, proceeds[i, q], gone[i, q])
            out[0, i, q], out[3, i, q], out[5, i, q] = call, invested, got.distributed


@given(batches())
def test_deal_by_deal_is_the_same_fund(batch):
    whole = drawdown(100.0, **batch)
    money = np.zeros(len(batch["wanted"]), MONEY_ROW)
    money["committed"] = 100.0
    out = np.zeros((8, *batch["wanted"].shape))
    paths = [batch[name] for name in ("wanted", "proceeds", "cost_out", "nav", "charges")]
    by_deals(money, *paths, recycling_table(batch["recycling"]), batch["kept_share"], out)
    for name, i in (("calls", 0), ("invested", 3), ("distributed", 5)):
        np.testing.assert_allclose(out[i], getattr(whole, name), rtol=0, atol=1e-9)
    assert (money["called"] <= 100.0).all()


@given(batches(), st.floats(0.0, 1.0))
def test_partners_share_every_yuan_and_a_fee_free_commitment_pays_no_fee(batch, gp_share):
    paths = drawdown(100.0, **batch)
    flows = (paths.calls, paths.fees, paths.distributed)
    lp_calls, lp_got, gp_calls, gp_got = split_by_partner(
        *flows, gp_share=gp_share, is_fee_free=False
    )
    np.testing.assert_allclose(lp_calls + gp_calls, paths.calls, atol=1e-12)
    np.testing.assert_allclose(lp_got + gp_got, paths.distributed, atol=1e-12)
    free = split_by_partner(*flows, gp_share=gp_share, is_fee_free=True)
    assert (free[0] == lp_calls).all()
    assert (free[1] == lp_got).all()
    gain = (free[3] - free[2]) - (gp_got - gp_calls)
    np.testing.assert_allclose(gain, gp_share * paths.fees, atol=1e-9)
    assert (free[2] <= gp_calls).all()


PLAIN = """
import numpy as np
from finmodel.fund.credit_line import CreditLine, with_credit_line
from finmodel.fund.fees import FeeBase
from finmodel.fund.recycling import RecyclingTerms
from tests.test_fund_capital import carry_out, fee_table, five_year_plan
charges = fee_table((0, 0.02, FeeBase.COMMITTED), (8, 0.02, FeeBase.NAV), term=40, n_quarters=40)
paths = carry_out(97.0, five_year_plan(), charges, RecyclingTerms(0.7, 0.1, 30, 39), kept=0.5)
line = with_credit_line(paths.calls, 120.0, CreditLine(3, 0.06, 0.3))
print([path.tolist() for path in (*paths, *line)])
"""


def test_compiled_kernels_are_their_plain_python():
    texts = []
    for mode in ("0", "1"):
        environment = {**os.environ, "NUMBA_DISABLE_JIT": mode, "PYTHONPATH": str(ROOT)}
        done = subprocess.run(
            [sys.executable, "-W", "error", "-c", PLAIN],
            capture_output=True,
            text=True,
            check=True,
            env=environment,
        )
        texts.append(done.stdout)
    assert len(texts[0]) > 1000
    assert texts[0] == texts[1]


def test_paths_out_of_range_are_refused():
    good = {
        "wanted": np.ones(4),
        "proceeds": 0.0,
        "cost_out": 0.0,
        "nav": 0.0,
        "charges": fee_table((0, 0.02, FeeBase.COMMITTED), term=4, n_quarters=4),
        "recycling": NO_RECYCLING,
        "kept_share": 0.0,
    }
    assert isinstance(drawdown([100.0, 50.0], **good), Drawdown)
    for change, message in (
        ({"nav": np.nan}, "finite"),
        ({"wanted": -np.ones(4)}, "at least 0"),
        ({"kept_share": 1.5}, "kept_share"),
        ({"wanted": np.ones((2, 2, 4))}, "shape"),
    ):
        with pytest.raises(ValueError, match=message):
            drawdown(100.0, **{**good, **change})
    with pytest.raises(ValueError, match="above 0"):
        drawdown(0.0, **good)
