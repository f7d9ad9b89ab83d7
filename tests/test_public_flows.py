"""Returns on dated public money: known rates, and none where there is none."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from finmodel.measure.public_flows import yearly_irr


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
