"""Returns on dated public money: known rates, and none where there is none."""

import math
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from finmodel.market import columns as col
from finmodel.measure.public_flows import yearly_irr
from finmodel.measure.public_table import at_risk_by_path
from finmodel.world.arrays import GUARANTEE


def test_known_rates():
    assert yearly_irr(np.array([-100.0, 110.0])) == pytest.approx(0.1)
    assert yearly_irr(np.array([-100.0, 0.0, 121.0])) == pytest.approx(0.1)
    assert yearly_irr(np.array([0.0, -100.0, 50.0])) == pytest.approx(-0.5)
    # A NAV stands at the end of the last year, half a year after its flows.
    assert yearly_irr(np.array([-100.0]), 110.0) == pytest.approx(1.1**2 - 1)


@pytest.mark.parametrize(
    "flows", [[0.0, 0.0], [-1.0, -2.0], [1.0, 2.0], [-100.0, 230.0, -132.0], [-1.0, 0.0]]
)
def test_no_rate_or_more_than_one_is_not_a_number(flows):
    assert math.isnan(yearly_irr(np.array(flows)))


@given(st.floats(-0.5, 2.0), st.lists(st.floats(1.0, 100.0), min_size=1, max_size=6))
def test_a_deposit_earns_its_rate(rate, deposits):
    years = np.arange(len(deposits))
    grown = (np.array(deposits) * (1.0 + rate) ** (len(deposits) - years)).sum()
    assert yearly_irr(np.array([*(-d for d in deposits), grown])) == pytest.approx(rate, abs=1e-6)


def test_money_at_risk_below_the_rounding_of_its_sum_is_none():
    """Got less left less paid: 0.3 - 0.1 - 0.2 is 2.8e-17, not money behind a loan."""
    kind = [("vehicle", "i8"), ("first_quarter", "i8"), ("last_quarter", "i8")]
    programmes = np.array([(GUARANTEE + 1, 0, 8), (GUARANTEE, 4, 8)], kind)
    flow = np.zeros((4, 2, 2, 3, col.UNCALLED_S + 1))  # paths, years, regions, funds, columns
    flow[0, -1, :, 2, col.UNCALLED_S] = 0.3 - 0.1 - 0.2, 2e-13
    flow[1, -1, :, 2, col.UNCALLED_S] = 0.01, 0.02
    flow[2, -1, :, 1, col.UNCALLED_S] = 5.0  # of another kind of vehicle
    budget = np.array([[1e9, 1e9], [100.0, 200.0]])
    run = SimpleNamespace(
        world=SimpleNamespace(
            fund_types=range(3),
            programmes=range(2),
            arrays=SimpleNamespace(programmes=programmes, programme_budget_pp=budget),
        ),
        spools={"fund_flow": SimpleNamespace(collect=lambda read: read(flow))},
    )
    assert at_risk_by_path(run).tolist() == [0.0, pytest.approx(0.03), 0.0, 0.0]
