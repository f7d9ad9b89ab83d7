"""Money of a fund by quarter: by hand, on any path, and as a plan's own paths have it."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from finmodel.fund import desk as col
from finmodel.fund.fees import CostTerms, FeeBase
from finmodel.fund.plan_arrays import charges_of, recycling_of
from finmodel.fund.recycling import RecyclingTerms
from tests.conftest import plain_and_compiled
from tests.fund_money import drawdown
from tests.test_fund_capital import assert_conserved, fee_table
from tests.test_fund_plan import outcome_of


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
    assert found.calls == pytest.approx([4.5, 5.2, 0.3, 0.0])
    assert found.invested == pytest.approx([4.0, 5.0, 0.1, 0.0])
    assert found.fees == pytest.approx([0.2] * 4)
    assert found.costs == pytest.approx([0.3, 0, 0, 0])
    assert found.recycled == pytest.approx([0.0, 0.0, 1.0, 0.0])
    assert found.cash == pytest.approx([0.0, 0.0, 1.0, 0.0])
    assert found.distributed == pytest.approx([0.0, 0.0, 2.0, 2.8])
    careful = drawdown(10.0, wanted=[4.0, 5.0, 5.0, 0.0], kept_share=1.0, **rest)
    assert careful.invested == pytest.approx([4.0, 4.9, 0.0, 0.0])
    # Proceeds pay what is owed before they are kept or distributed.
    hasty = drawdown(10.0, wanted=[9.5, 0.0, 0.0, 0.0], kept_share=0.0, **rest)
    assert hasty.fees == pytest.approx([0.2, 0.0, 0.4, 0.2])
    assert hasty.owed == pytest.approx([0.0, 0.2, 0.0, 0.0])
    assert hasty.distributed == pytest.approx([0.0, 0.0, 1.6, 2.8])


@st.composite
def wishes(draw):
    """A path that follows no plan: any wish, any exits."""
    t = draw(st.integers(2, 40))
    rng = np.random.default_rng(draw(st.integers(0, 2**31)))
    wanted = rng.random(t) * draw(st.floats(0.0, 40.0)) * (rng.random(t) < 0.6)
    proceeds = rng.random(t) * draw(st.floats(0.0, 60.0)) * (rng.random(t) < 0.3)
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
        "cost_out": proceeds * rng.random(t),
        "nav": 100.0 * rng.random(t),
        "charges": charges,
        "recycling": recycling,
        "kept_share": draw(st.floats(0.0, 1.0)),
    }


@given(wishes())
def test_no_path_calls_more_than_was_committed_or_loses_a_yuan(wish):
    paths = drawdown(100.0, **wish)
    assert_conserved(paths, wish["proceeds"])
    assert (paths.invested <= wish["wanted"]).all()
    cap = wish["recycling"].cap_share * 100.0
    assert paths.recycled.sum() <= cap * (1 + 1e-12)
    assert paths.cash[-1] == 0.0


def of_plan(outcome, path):
    """The same fund written plainly: a plan's own cheques and exits with its terms."""
    flows = outcome.run.flows[path]
    return drawdown(
        outcome.plan.fund.commitment_mcny.centre,
        wanted=flows[:, col.INVESTED] + flows[:, col.FOLLOWED],
        proceeds=flows[:, col.PROCEEDS],
        cost_out=flows[:, col.REALISED] + flows[:, col.WRITTEN_OFF],
        nav=np.append(0.0, flows[:-1, col.NAV]),
        charges=charges_of(outcome.plan),
        recycling=recycling_of(outcome.plan),
        kept_share=0.0,
    )


@pytest.mark.parametrize(
    "terms",
    [
        (),
        ('fees.1.base="nav"',),
        ('fees.1.base="committed"', "costs.running_share_pa=0.002"),
        ("fund.term_years=8", "fund.extension_years=3", "fees.1.from_year=6"),
    ],
)
def test_a_plan_s_fees_calls_and_distributions_are_those_of_its_terms(terms):
    """Where a fund could pay all that fell due and held firms until its end."""
    outcome = outcome_of("recycling.rate=0", *terms, paths=60)
    n_compared = 0
    for path, flows in enumerate(outcome.run.flows):
        plain = of_plan(outcome, path)
        charged = plain.fees + plain.costs
        if plain.owed.max() > 0.0 or abs(charged.sum() - flows[:, col.FEES].sum()) > 1e-6:
            continue  # it was short, or had nothing left to manage
        n_compared += 1
        np.testing.assert_allclose(flows[:, col.FEES], charged, atol=1e-9 * 500)
        np.testing.assert_allclose(flows[:, col.CALL], plain.calls, atol=1e-9 * 500)
        np.testing.assert_allclose(flows[:, col.PAID_OUT], plain.distributed, atol=1e-9 * 500)
    assert n_compared >= 10


@pytest.mark.parametrize(("rate", "cap", "years"), [(1.0, 0.15, 4), (0.5, 0.05, 12), (0.3, 2, 6)])
def test_a_plan_keeps_its_rate_of_proceeds_up_to_the_cap_within_the_window(rate, cap, years):
    outcome = outcome_of(
        f"recycling.rate={rate}",
        f"recycling.cap_share={cap}",
        f"recycling.window_years={years}",
        paths=100,
    )
    flows = outcome.run.flows
    is_open = np.arange(flows.shape[1]) < min(4 * years, flows.shape[1] - 1)
    wanted = np.cumsum(rate * flows[..., col.PROCEEDS] * is_open, axis=1)
    kept = np.diff(np.minimum(wanted, cap * 500.0), axis=1, prepend=0.0)
    np.testing.assert_allclose(flows[..., col.KEPT], kept, atol=1e-9 * 500)
    assert (kept.sum(axis=1) > 0.0).mean() > 0.9


PLAIN = """
import numpy as np
from finmodel.fund.credit_line import CreditLine, with_credit_line
rng = np.random.default_rng(1)
line = with_credit_line(rng.random((3, 40)), 120.0, CreditLine(3, 0.06, 0.3))
print([path.tolist() for path in line])
"""


def test_compiled_kernels_are_their_plain_python():
    texts = plain_and_compiled(PLAIN)
    assert len(texts[0]) > 1000
    assert texts[0] == texts[1]
