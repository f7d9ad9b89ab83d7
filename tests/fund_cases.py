"""Funds for the tests of waterfalls, classes and layers: usual terms, and all there can be."""

import numpy as np
from hypothesis import strategies as st

from finmodel.fund.lifetime import Deals
from finmodel.fund.terms import Hurdle, Style, Tier, WaterfallTerms

USUAL = WaterfallTerms(
    style=Style.EUROPEAN,
    hurdle_kind=Hurdle.RATE,
    hurdle=0.08,
    catch_up_share=1.0,
    tiers=(Tier(0.0, 0.2),),
    gp_commitment_share=0.0,
    is_gp_carry_free=True,
    has_clawback=False,
    clawback_kept_share=0.0,
)
STEPS = (Tier(0.0, 0.2), Tier(1.5, 0.25), Tier(2.0, 0.3))

money = st.one_of(st.just(0.0), st.floats(0.01, 1e3))
shares = st.one_of(st.sampled_from([0.0, 0.1, 0.5, 1.0]), st.floats(0.0, 1.0))
hurdles = st.one_of(
    st.tuples(st.just(Hurdle.RATE), st.sampled_from([0.0, 0.08, 0.3])),
    st.tuples(st.just(Hurdle.MULTIPLE), st.sampled_from([1.0, 1.2, 2.0])),
)


@st.composite
def tiers(draw):
    """One to four tiers; thresholds may lie below what was paid in."""
    n = draw(st.integers(1, 4))
    steps = draw(st.lists(st.floats(0.1, 1.5), min_size=n - 1, max_size=n - 1))
    carries = sorted(draw(st.lists(st.sampled_from([0.0, 0.1, 0.2, 0.35]), min_size=n, max_size=n)))
    return tuple(map(Tier, np.cumsum([0.0, *steps]).tolist(), carries))


@st.composite
def any_terms(draw, style=Style.EUROPEAN, one_tier=False):
    kind, hurdle = draw(hurdles)
    catch_up = draw(st.sampled_from([0.0, 0.15, 0.3, 0.5, 0.8, 1.0]))
    steps = (Tier(0.0, draw(st.sampled_from([0.0, 0.1, 0.2, 0.3])))) if one_tier else draw(tiers())
    return USUAL._replace(
        style=style,
        hurdle_kind=kind,
        hurdle=hurdle,
        catch_up_share=catch_up,
        tiers=(steps,) if one_tier else steps,
        has_clawback=True,
    )


@st.composite
def flows(draw, max_quarters=14):
    """Contributions and proceeds of a fund, in any order, often none in a quarter."""
    n = draw(st.integers(1, max_quarters))
    rows = [draw(st.lists(money, min_size=n, max_size=n)) for _ in range(2)]
    return np.array(rows)


@st.composite
def deals_of(draw, contributions):
    """Deals that cost what is called but for fees; some are sold, some written off, some left."""
    n = len(contributions)
    fees = contributions * draw(st.sampled_from([0.0, 0.1, 0.3]))
    cost = contributions - fees
    sold, lost = np.zeros(n), np.zeros(n)
    for q in range(n):
        until = draw(st.integers(q, n))
        if until < n:
            (sold if draw(st.booleans()) else lost)[until] += cost[q]
    return Deals(fees, sold, lost)


def at(n, **amounts):
    """An array of n quarters with money in some: ``at(9, q0=100, q8=150)``."""
    array = np.zeros(n)
    for quarter, amount in amounts.items():
        array[int(quarter[1:])] = amount
    return array


def worth_at(rate_pa, net):
    """Flows compounded to the last quarter at a rate per annum."""
    net = np.asarray(net)
    return float((net * (1 + rate_pa) ** ((len(net) - 1 - np.arange(len(net))) / 4)).sum())
