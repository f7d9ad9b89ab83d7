"""Official ratios reproduce their published worked figures, and chains add up."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from finmodel.measure.official_ratios import (
    Chain,
    chain_factors,
    net_additional,
    private_leverage,
)


def test_the_published_leverage_of_an_accelerator():
    found = private_leverage(
        (0.5, 0.08, 0, 0, 0, 0),
        (1, 0.5, 0.17, 0.25, 0.5, 0.9),
        (150, 450, 2500, 10_000, 20_000, 50_000),
    )
    assert round(found, 2) == 15.03


def test_the_published_leverage_of_a_venture_programme():
    """Its public shares are printed as 8 and 4 %: a twelfth and a twenty-fourth."""
    rounds = (1, 0.17, 0.25, 0.5), (450, 2500, 10_000, 20_000)
    assert round(private_leverage((1 / 12, 1 / 24, 0, 0), *rounds), 2) == 30.25
    assert round(private_leverage((0.08, 0.04, 0, 0), *rounds), 2) == 31.55
    assert math.isnan(private_leverage((0.0,), (1.0,), (100.0,)))


def test_a_chain_by_hand():
    chain = Chain(leakage=0.1, displacement=0.25, substitution=0.0, multiplier=1.5)
    assert net_additional(1000, chain) == pytest.approx(1012.5)
    assert net_additional(1000, chain, reference=400) == pytest.approx(607.5)
    other = Chain(0.5, 0.0, 0.0, 1.0)
    assert net_additional(1000, chain, 400, other) == pytest.approx(812.5)


AMOUNT = st.floats(0, 1e4)


@given(st.floats(1, 1e6), AMOUNT, AMOUNT, AMOUNT, AMOUNT)
def test_factors_give_the_sum_of_the_parts(additional, leakage, displacement, substitution, gain):
    chain = chain_factors(additional, leakage, displacement, substitution, gain)
    left = additional - leakage
    if abs(left) < 1e-6 or abs(left - displacement) < 1e-6:
        return
    if abs(left - displacement - substitution) < 1e-6:
        return
    expected = additional - leakage - displacement - substitution + gain
    assert net_additional(additional, chain) == pytest.approx(expected, rel=1e-6, abs=1e-3)
