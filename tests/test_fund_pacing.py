"""Pacing: the published cases, ladders of vintages, plans of commitments, liquidity."""

import csv
import re
from itertools import groupby

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from finmodel.datasets import read_table
from finmodel.errors import DataError
from finmodel.fund import metrics
from finmodel.fund.commitments import (
    commitments_to_hold,
    exact_commitments,
    holdings_matrix,
    liquidity,
    over_commitment_ratio,
    shortfall_risk,
)
from finmodel.fund.irr import Status, irr
from finmodel.fund.ladder import holdings_by_age, one_rung, steady_multiple, vintage_ladder
from finmodel.fund.pacing import TABLE, Pacing, fund_cash_flows, pacing_set, pacing_sets
from tests.conftest import ROOT

VENTURE = pacing_set("venture")
FIT_1980S = "venture, fit to all 33 Yale VC funds of the 1980s"
FIT_1984 = "venture, fit to Yale VC funds vintages 1984-86 (6 funds)"
NAMED = {
    "TA_VC_base": "venture",
    "TA_paper_fit_1980s": FIT_1980S,
    "TA_paper_fit_1984": FIT_1984,
    "TA_paper_buyout": "buyout",
    "TA_paper_realestate": "real estate",
    "TA_paper_oilgas": "oil & gas",
}

with (ROOT / "tests/golden/golden_takahashi_alexander.csv").open(newline="") as handle:
    CASES = {
        name: list(rows) for name, rows in groupby(csv.DictReader(handle), lambda row: row["case"])
    }

pacings = st.builds(
    Pacing,
    growth_pa=st.floats(-0.3, 0.5),
    life_years=st.integers(1, 20),
    call_rates=st.lists(st.floats(0.05, 1.0), min_size=1, max_size=4).map(tuple),
    bow=st.floats(0.3, 6.0),
    yield_share=st.floats(0.0, 0.5),
)


def stated(name, rows):
    """Commitment and parameters as the name of a case and its column of rates state them."""
    size = 3.5e6 if "CC3.5m" in name else 100.0
    value = {key: float(re.search(rf"_{key}([\d.]+)", name)[1]) for key in "GL"}
    bow, least = (re.search(rf"_{key}([\d.]+)", name) for key in "BY")
    rates = [float(row["contribution_rate"]) for row in rows]
    if stop := re.search(r"stop_after_year(\d+)", name):
        rates[int(stop[1]) :] = [0.0] * (len(rates) - int(stop[1]))
    return size, Pacing(
        growth_pa=value["G"] / 100,
        life_years=int(value["L"]),
        call_rates=tuple(rates),
        bow=float(bow[1]),
        yield_share=float(least[1]) / 100 if least else 0.0,
    )


@pytest.mark.parametrize("name", CASES)
def test_published_case(name):
    rows = CASES[name]
    size, pacing = stated(name, rows)
    assert len(rows) == pacing.life_years
    flows = fund_cash_flows(pacing, size)
    for found, column in zip(flows, ("contribution", "distribution", "nav"), strict=True):
        again = [float(row[f"{column}_recomputed"]) for row in rows]
        # Recomputed figures are rounded to 4 digits, printed ones to 2 (one cent of 3.5 million).
        np.testing.assert_allclose(found, again, atol=0.0051 if size > 1e6 else 0.000051)
        printed = [(k, row[f"{column}_published"]) for k, row in enumerate(rows)]
        for k, text in printed:
            if text:
                assert found[k] == pytest.approx(float(text), abs=0.011)
    known = [key for key in NAMED if name.startswith(key)]
    assert len(known) == (size < 1e6)
    for key in known:
        named = pacing_set(NAMED[key])
        assert named == Pacing(**{**vars_of(pacing), "call_rates": named.call_rates})
        np.testing.assert_array_equal(named.calls, pacing.calls)


def vars_of(pacing):
    return {name: getattr(pacing, name) for name in Pacing.__dataclass_fields__}


def test_parameter_sets_are_those_of_the_table():
    table = read_table(TABLE)
    rows = table[table["metric"].str.match(r"TA_(growth|life|RC|bow|yield)")]
    assert set(pacing_sets()) == set(rows["stage"]) == set(NAMED.values())
    assert (rows["source_id"] == "S_TA_PAPER").all()
    assert pacing_set(FIT_1980S).call_rates == (0.29, 0.3, 0.3)
    with pytest.raises(DataError, match="did you mean 'venture'"):
        pacing_set("ventures")


@given(pacings, st.floats(1.0, 1e9))
def test_the_return_is_the_growth(pacing, size):
    flows = fund_cash_flows(pacing, size)
    net = metrics.net_flows(flows.contributions, flows.distributions, flows.nav[-1])
    found = irr(net, np.arange(1.0, pacing.life_years + 1))
    if pacing.life_years == 1:
        assert found.status == Status.ZERO
    elif found.status == Status.OK:
        assert found.rate == pytest.approx(pacing.growth_pa, abs=1e-6)
    else:
        assert found.status == Status.SEVERAL


@pytest.mark.parametrize("name", NAMED.values())
def test_the_return_of_the_published_sets_is_their_growth(name):
    pacing = pacing_set(name)
    flows = fund_cash_flows(pacing, 100.0)
    found = metrics.fund_irr(*flows[:2], flows.nav[-1], times=np.arange(pacing.life_years))
    assert found.status == Status.OK
    assert found.rate == pytest.approx(pacing.growth_pa, abs=1e-6)


@given(pacings, st.floats(0.0, 1e6), st.floats(0.1, 10.0))
def test_money_is_conserved_and_never_more_than_committed(pacing, size, scale):
    flows = fund_cash_flows(pacing, size)
    called = flows.contributions.cumsum()
    assert (called <= size * (1 + 1e-12)).all()
    assert all((part >= 0.0).all() for part in flows)
    before = np.concatenate([[0.0], flows.nav[:-1]])
    growth = before * pacing.growth_pa
    left = before + growth + flows.contributions - flows.distributions
    np.testing.assert_allclose(flows.nav, left, atol=1e-9 * max(size, 1.0))
    for part, more in zip(flows, fund_cash_flows(pacing, scale * size), strict=True):
        np.testing.assert_allclose(more, scale * part, rtol=1e-9, atol=1e-9)
    rung = one_rung(pacing, size)
    assert rung.nav[-1] == rung.unfunded[-1] == 0.0
    np.testing.assert_allclose(rung.distributions.sum(), flows.distributions.sum() + flows.nav[-1])


def test_simulated_growth_runs_along_paths():
    growth = np.random.default_rng(1).normal(0.1, 0.2, (50, 12))
    flows = fund_cash_flows(VENTURE, 10.0, growth_pa=growth)
    assert flows.nav.shape == (50, 12)
    for path in (0, 49):
        alone = fund_cash_flows(VENTURE, 10.0, growth_pa=growth[path])
        np.testing.assert_allclose(flows.nav[path], alone.nav)
    flat = fund_cash_flows(VENTURE, 10.0, growth_pa=np.full(12, VENTURE.growth_pa))
    np.testing.assert_allclose(flat.nav, fund_cash_flows(VENTURE, 10.0).nav)
    many = fund_cash_flows(VENTURE, np.array([1.0, 2.0]))
    np.testing.assert_allclose(many.nav[1], 2 * many.nav[0])
    with pytest.raises(ValueError, match="growth by year"):
        fund_cash_flows(VENTURE, 1.0, growth_pa=[0.1, 0.2])


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"growth_pa": -1.0}, "growth_pa"),
        ({"life_years": 0}, "life_years"),
        ({"call_rates": ()}, "call_rates"),
        ({"call_rates": (0.5, 1.1)}, "call_rates"),
        ({"bow": 0.0}, "bow"),
        ({"yield_share": 1.5}, "yield_share"),
        ({"growth_pa": float("nan")}, "growth_pa"),
    ],
)
def test_parameters_out_of_range_are_refused(change, word):
    with pytest.raises(ValueError, match=word):
        Pacing(**{**vars_of(VENTURE), **change})


def test_a_ladder_is_the_sum_of_its_vintages():
    commitments = np.array([10.0, 0.0, 30.0, 20.0])
    ladder = vintage_ladder(VENTURE, commitments, years=16)
    rung = one_rung(VENTURE, 1.0)
    for found, part in zip(ladder, rung, strict=True):
        expected = np.convolve(commitments, part)
        np.testing.assert_allclose(found, np.pad(expected, (0, 1)), atol=1e-12)
    np.testing.assert_allclose(ladder.exposure, ladder.nav + ladder.unfunded)
    short = vintage_ladder(VENTURE, commitments, years=3)
    np.testing.assert_allclose(short.nav, ladder.nav[:3])
    net = ladder.distributions - ladder.contributions
    assert irr(net, np.arange(16.0)).rate == pytest.approx(VENTURE.growth_pa, abs=1e-9)


def test_growth_of_a_ladder_is_by_calendar_year():
    growth = np.random.default_rng(3).normal(0.1, 0.2, (7, 20))
    commitments = np.ones(6)
    ladder = vintage_ladder(VENTURE, commitments, years=20, growth_pa=growth)
    assert ladder.nav.shape == (7, 20)
    parts = [
        one_rung(VENTURE, 1.0, growth_pa=growth[2, v : v + VENTURE.life_years]) for v in range(6)
    ]
    nav = sum(np.pad(part.nav, (v, 8 - v)) for v, part in enumerate(parts))
    np.testing.assert_allclose(ladder.nav[2], nav)
    flat = vintage_ladder(VENTURE, commitments, years=20, growth_pa=np.full(20, VENTURE.growth_pa))
    np.testing.assert_allclose(flat.nav, vintage_ladder(VENTURE, commitments, years=20).nav)


def test_a_steady_programme_holds_the_published_multiple():
    table = read_table(TABLE)
    published = table.loc[table["metric"] == "TA_steady_state_NAV_multiple", "value"].item()
    multiple = steady_multiple(VENTURE, "nav", commitment_growth_pa=0.0)
    assert multiple == pytest.approx(published, abs=6e-4)
    ladder = vintage_ladder(VENTURE, np.full(30, 5.0), years=30)
    np.testing.assert_allclose(ladder.nav[12:], 5 * multiple)
    growing = vintage_ladder(VENTURE, 1.05 ** np.arange(30), years=30)
    whole = steady_multiple(VENTURE, "exposure", commitment_growth_pa=0.05)
    np.testing.assert_allclose(growing.exposure[12:], whole * 1.05 ** np.arange(12, 30))


@given(pacings, st.integers(1, 15), st.floats(0.5, 1e4))
def test_the_exact_plan_holds_the_target(pacing, years, size):
    if pacing.life_years == 1:
        return
    target = size * (1.0 + 0.1 * np.arange(years))
    plan = exact_commitments(pacing, target, run_off=0.0, measure="exposure")
    np.testing.assert_allclose(plan.exposure, target, rtol=1e-6)
    ladder = vintage_ladder(pacing, plan.commitments, years=years)
    np.testing.assert_allclose(ladder.exposure, target, rtol=1e-5, atol=1e-6 * size)


def test_the_plan_to_hold_is_exact_where_it_can_be_and_never_negative():
    target = np.linspace(100.0, 200.0, 10)
    exact = exact_commitments(VENTURE, target, run_off=0.0, measure="exposure")
    assert (exact.commitments >= 0.0).all()
    kept = commitments_to_hold(VENTURE, target, run_off=0.0, measure="exposure", smoothing=0.0)
    np.testing.assert_allclose(kept.commitments, exact.commitments, rtol=1e-6, atol=1e-6)
    wild = exact_commitments(VENTURE, target, run_off=0.0, measure="nav")
    assert wild.commitments.min() < 0.0
    for smoothing in (0.0, 0.1, 1.0):
        plan = commitments_to_hold(VENTURE, target, run_off=0.0, measure="nav", smoothing=smoothing)
        assert (plan.commitments >= 0.0).all()
        found = vintage_ladder(VENTURE, plan.commitments, years=10)
        np.testing.assert_allclose(plan.exposure, found.nav, atol=1e-9)
        # Least squares under a constraint: no step that stays feasible comes nearer.
        matrix = holdings_matrix(VENTURE, "nav", years=10)
        jumps = np.diff(np.eye(10), axis=0)
        slope = matrix.T @ (plan.exposure - target)
        slope += smoothing * jumps.T @ jumps @ plan.commitments
        assert np.abs(slope[plan.commitments > 1e-9]).max(initial=0.0) < 1e-6
        assert slope[plan.commitments <= 1e-9].min(initial=0.0) > -1e-6


def test_old_commitments_that_run_off_are_counted():
    steady = np.full(20, 10.0)
    past = vintage_ladder(VENTURE, steady, years=35)
    run_off, level = past.exposure[20:], past.exposure[19]
    plan = exact_commitments(VENTURE, np.full(15, level), run_off=run_off, measure="exposure")
    np.testing.assert_allclose(plan.commitments, 10.0)
    kept = commitments_to_hold(
        VENTURE, np.full(15, level), run_off=run_off, measure="exposure", smoothing=0.5
    )
    np.testing.assert_allclose(kept.commitments, 10.0)
    np.testing.assert_allclose(kept.exposure, level)
    multiple = steady_multiple(VENTURE, "exposure", commitment_growth_pa=0.0)
    assert level / multiple == pytest.approx(10.0)


@pytest.mark.parametrize(
    "call",
    [
        lambda: vintage_ladder(VENTURE, [1.0], years=0),
        lambda: vintage_ladder(VENTURE, [1.0], years=3, growth_pa=[0.1]),
        lambda: steady_multiple(VENTURE, "nav", commitment_growth_pa=-1.0),
        lambda: exact_commitments(VENTURE, [np.nan], run_off=0.0, measure="nav"),
        lambda: commitments_to_hold(VENTURE, [1.0], run_off=0.0, measure="nav", smoothing=-1.0),
        lambda: exact_commitments(
            Pacing(0.1, 5, (0.0, 0.5), 1.0, 0.0), [1.0], run_off=0.0, measure="nav"
        ),
    ],
)
def test_what_does_not_fit_is_refused(call):
    with pytest.raises(ValueError, match=r"years|growth|finite|smoothing|no plan"):
        call()


def test_liquidity_by_hand():
    paid, got = np.array([30.0, 50, 0, 20]), np.array([0.0, 10, 5, 40])
    found = liquidity(paid, got, 50.0, return_pa=0.1)
    np.testing.assert_allclose(found.reserve, [25.0, 0.0, 5.0, 25.5])
    np.testing.assert_allclose(found.shortfall, [0.0, 12.5, 0.0, 0.0])
    assert over_commitment_ratio(60.0, 60.0, 20.0) == pytest.approx(1.5)
    assert np.isnan(over_commitment_ratio(0.0, 1.0, 0.0))


def test_the_chance_of_a_shortfall_falls_with_the_reserve():
    growth = np.random.default_rng(6).normal(0.1, 0.3, (2_000, 15))
    ladder = vintage_ladder(VENTURE, np.full(15, 10.0), years=15, growth_pa=growth)
    chances = []
    for reserve in (20.0, 35.0, 50.0, 1_000.0):
        found = liquidity(ladder.contributions, ladder.distributions, reserve, return_pa=0.02)
        at_risk = shortfall_risk(found.shortfall)
        assert at_risk.by_year.value.shape == (15,)
        assert (
            at_risk.by_year.value.max() <= at_risk.ever.value <= at_risk.by_year.value.sum() + 1e-9
        )
        assert (at_risk.by_year.error > 0.0).all()
        chances.append(float(at_risk.ever.value))
        spent = ladder.contributions - ladder.distributions
        assert found.reserve.shape == spent.shape
    assert chances == sorted(chances, reverse=True)
    assert chances[0] > 0.9
    assert 0.0 < chances[2] < 1.0
    assert chances[-1] == 0.0


def test_holdings_by_age_are_those_of_the_paper():
    rows = CASES["TA_VC_base_CC100_RC25_33.3_50_G13_L12_B2.5_Y0"]
    nav = [float(row["nav_recomputed"]) / 100 for row in rows]
    np.testing.assert_allclose(holdings_by_age(VENTURE, "nav")[:-1], nav[:-1], atol=1e-6)
    assert holdings_by_age(VENTURE, "exposure")[0] == pytest.approx(1.0)
