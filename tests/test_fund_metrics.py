"""Multiples, benchmarks, timing and tail risk of funds: published cases, pyxirr, properties."""

import csv
import math
from collections import Counter

import numpy as np
import pytest
import pyxirr
from hypothesis import assume, given
from hypothesis import strategies as st

from finmodel.fund import metrics, pme, risk, timing
from finmodel.fund.irr import Status, irr, irr_roots, years_of
from tests.bench.irr import pyxirr_rate, verdict
from tests.conftest import ROOT

with (ROOT / "tests/golden/golden_pme.csv").open(encoding="utf-8", newline="") as handle:
    GOLDEN = list(csv.DictReader(handle))
USABLE = [row for row in GOLDEN if not row["check"].startswith("DO NOT USE")]
ASSET = ("mPME IRR / asset IRR", "mPME XIRR / asset XIRR")


def numbers(text):
    return np.array([float(part) for part in text.split(";")])


def sides(net):
    return np.maximum(-net, 0.0), np.maximum(net, 0.0)


def case(row):
    net = numbers(row["net_flows"])
    paid, got = sides(net)
    index = numbers(row["index"]) if row["index"] else np.ones(len(net))
    nav = row["nav_end"].removeprefix("NAV path ")
    return paid, got, index, numbers(nav) if nav else np.zeros(1), np.arange(float(len(net)))


METHODS = {
    "IRR": lambda c, d, i, v, t: metrics.fund_irr(c, d, v[-1], times=t).rate,
    "DPI": lambda c, d, i, v, t: metrics.dpi(c, d),
    "TVPI": lambda c, d, i, v, t: metrics.tvpi(c, d, v[-1]),
    "KS-PME": lambda c, d, i, v, t: pme.ks_pme(c, d, v[-1], index=i),
    "LN-PME NAV": lambda c, d, i, v, t: pme.ln_pme_nav(c, d, index=i),
    "LN-PME IRR": lambda c, d, i, v, t: pme.ln_pme(c, d, index=i, times=t).rate,
    "PME+ lambda": lambda c, d, i, v, t: pme.pme_plus_lambda(c, d, v[-1], index=i),
    "PME+ IRR": lambda c, d, i, v, t: pme.pme_plus(c, d, v[-1], index=i, times=t).rate,
    "Direct Alpha": lambda c, d, i, v, t: pme.direct_alpha(c, d, v[-1], index=i, times=t).rate,
    "mPME IRR": lambda c, d, i, v, t: pme.mpme(c, d, v, index=i, times=t).rate,
}


@pytest.mark.parametrize(
    "row", [r for r in USABLE if r["method"] not in ASSET], ids=lambda row: row["method"]
)
def test_published_case(row):
    found = float(METHODS[row["method"]](*case(row)))
    assert found == pytest.approx(float(row["expected"]), abs=float(row["tolerance"]))
    if row["recomputed"]:
        assert found == pytest.approx(float(row["recomputed"]), abs=1e-6)


def test_the_cases_left_out_are_the_two_with_the_slip_of_the_index():
    """Their index was mistyped upstream: with 100 in place of 110 the printed answer comes out."""
    left_out = [row for row in GOLDEN if row not in USABLE]
    assert [row["method"] for row in left_out] == ["PME+ lambda", "PME+ IRR"]
    for row in left_out:
        assert "upstream index typo; see corrected row" in row["check"]
        paid, got, index, nav, times = case(row)
        assert index[3] == 110.0
        typed = float(METHODS[row["method"]](paid, got, index, nav, times))
        assert typed == pytest.approx(float(row["recomputed"]), abs=1e-6)
        assert abs(typed - float(row["expected"])) > 0.01
        index[3] = 100.0
        mended = float(METHODS[row["method"]](paid, got, index, nav, times))
        assert mended == pytest.approx(float(row["expected"]), abs=6e-4)


def held(net, price):
    """NAV after each flow of an asset bought and sold at its price."""
    value, before, path = 0.0, price[0], []
    for flow, level in zip(net, price, strict=True):
        value, before = value * level / before - flow, level
        path.append(value)
    return np.array(path)


@pytest.mark.parametrize("method", ASSET)
def test_published_case_of_an_asset(method):
    (row,) = [row for row in USABLE if row["method"] == method]
    asset, index = (numbers(part.split(" ")[-1]) for part in row["index"].split(" / "))
    if method == ASSET[0]:
        net, times = np.append(numbers(row["net_flows"]), 0.0), np.arange(5.0)
    else:
        first, second, end = row["net_flows"].split("; ")
        pairs = [part.split(":") for part in (first, second)]
        net = np.array([*(float(money) for _, money in pairs), 0.0])
        times = years_of([*(day for day, _ in pairs), end.removeprefix("end ")])
    paid, got = sides(net)
    navs = held(net, asset)
    found = pme.mpme(paid, got, navs, index=index, times=times)
    own = metrics.fund_irr(paid, got, navs[-1], times=times)
    assert float(found.rate) == pytest.approx(float(row["expected"]), abs=float(row["tolerance"]))
    printed = float(row["check"].split(" ")[-1])
    assert float(own.rate) == pytest.approx(printed, abs=5e-5)


def test_benchmarks_are_pyxirr_s_on_ten_thousand_funds():
    rng = np.random.default_rng(5)
    n, length = 10_000, 12
    paid = rng.lognormal(0, 1, (n, length)) * (rng.random((n, length)) < 0.6)
    got = rng.lognormal(0, 1, (n, length)) * (rng.random((n, length)) < 0.5)
    paid[:50], got[50:100] = 0.0, 0.0
    nav = rng.lognormal(0, 1, n) * (rng.random(n) < 0.8)
    index = np.exp(np.cumsum(rng.normal(0.02, 0.2, (n, length)), axis=1))
    days = np.sort(rng.choice(3_000, length, replace=False))
    times = days / 365.0
    ratio = pme.ks_pme(paid, got, nav, index=index)
    alpha = pme.direct_alpha(paid, got, nav, index=index, times=times)
    assert np.isnan(ratio[:50]).all()
    counts = Counter()
    for i in range(n):
        if paid[i].sum() > 0.0:
            theirs = pyxirr.pe.ks_pme_2(paid[i], got[i], index[i], nav[i])
            assert ratio[i] == pytest.approx(theirs, rel=1e-12)
        flows = (got[i] - paid[i]) * index[i, -1] / index[i]
        flows[-1] += nav[i]
        roots = irr_roots(flows, times)
        told = verdict(days, flows, roots, pyxirr_rate(days, flows))
        assert told != "missed", i
        counts[told] += 1
        assert len(roots) == alpha.n_roots[i]
        assert not len(roots) or np.isclose(roots, alpha.rate[i], rtol=1e-9).any()
    assert counts["same"] > 7_000
    assert counts["not found"] + counts["void"] < 700


def test_other_benchmarks_are_pyxirr_s_without_flows_on_the_last_date():
    """It puts the NAV in place of the last flow, and pays nothing out of mPME on the first date."""
    rng = np.random.default_rng(6)
    paid = rng.lognormal(1, 0.5, (300, 10)) * (np.arange(10) < 5)
    got = rng.lognormal(1, 0.5, (300, 10)) * (np.arange(10) > 3) * (np.arange(10) < 9)
    navs = 5.0 + np.maximum(np.cumsum(1.1 * paid - got, axis=1), 0.0)
    nav, times = navs[:, -1], np.arange(10.0)
    index = np.exp(np.cumsum(rng.normal(0.05, 0.1, (300, 10)), axis=1))
    ours = (
        pme.ln_pme(paid, got, index=index, times=times),
        pme.pme_plus(paid, got, nav, index=index, times=times),
        pme.mpme(paid, got, navs, index=index, times=times),
    )
    is_one = np.all([rates.status == Status.OK for rates in ours], axis=0)
    assert is_one.sum() > 200
    for i in np.flatnonzero(is_one):
        theirs = (
            pyxirr.pe.ln_pme_2(paid[i], got[i], index[i]),
            pyxirr.pe.pme_plus_2(paid[i], got[i], index[i], nav[i]),
            pyxirr.pe.m_pme_2(paid[i], got[i], index[i], navs[i]),
        )
        assert [rates.rate[i] for rates in ours] == pytest.approx(theirs, abs=1e-7)
        late = [np.pad(side[i], (2, 0)) for side in (paid, got, navs)]
        moved = pme.mpme(*late, index=np.pad(index[i], (2, 0), "edge"), times=np.arange(12.0))
        assert moved.rate == pytest.approx(ours[2].rate[i])
        net = got[i] - paid[i]
        assert pme.ln_pme_nav(paid[i], got[i], index=index[i]) == pytest.approx(
            pyxirr.pe.ln_pme_nav(net, index[i])
        )


money = st.floats(0.0, 100.0).map(lambda x: round(x, 2))
fund = st.integers(2, 15).flatmap(
    lambda n: st.tuples(
        st.lists(money, min_size=n, max_size=n).map(np.array),
        st.lists(money, min_size=n, max_size=n).map(np.array),
        money,
    )
)


@given(fund, st.floats(0.01, 1e6), st.floats(0.01, 50.0))
def test_multiples_are_ordered_and_free_of_units(flows, scale, more):
    paid, got, nav = flows
    assume(paid.sum() > 0.0)
    dpi, tvpi = metrics.dpi(paid, got), metrics.tvpi(paid, got, nav)
    assert 0.0 <= dpi <= tvpi
    assert tvpi == pytest.approx(dpi + metrics.rvpi(paid, nav))
    assert metrics.tvpi(paid, got, nav + more) > tvpi
    assert metrics.tvpi(scale * paid, scale * got, scale * nav) == pytest.approx(tvpi)
    assert metrics.moic(paid.sum(), got.sum(), nav) == pytest.approx(tvpi)
    index = np.linspace(1.0, 2.0, len(paid))
    ratio = pme.ks_pme(paid, got, nav, index=index)
    assert pme.ks_pme(scale * paid, scale * got, scale * nav, index=7 * index) == pytest.approx(
        ratio
    )
    assert pme.ks_pme(paid, got, nav, index=np.full(len(paid), 3.0)) == pytest.approx(tvpi)


@given(fund, st.floats(-0.2, 0.5))
def test_a_fund_that_is_the_index_is_worth_the_index(flows, growth):
    """Left in an index, any flows end with LN-PME's NAV; then all benchmarks agree."""
    paid, got, _ = flows
    got = 0.1 * got
    times = np.arange(float(len(paid)))
    index = (1.0 + growth) ** times
    nav = pme.ln_pme_nav(paid, got, index=index)
    assume(paid[:-1].sum() > 1.0 and nav > 0.01 and got[0] <= paid[0])
    assert pme.ks_pme(paid, got, nav, index=index) == pytest.approx(1.0)
    alpha = pme.direct_alpha(paid, got, nav, index=index, times=times)
    same = pme.ln_pme(paid, got, index=index, times=times)
    if alpha.status == Status.OK:
        assert alpha.rate == pytest.approx(0.0, abs=1e-9)
        assert same.rate == pytest.approx(growth, abs=1e-9)
    if got.sum() > 0.0:
        factor = pme.pme_plus_lambda(paid, got, nav, index=index)
        assert factor == pytest.approx(1.0, abs=1e-7)


def test_funds_are_pooled_by_money():
    rng = np.random.default_rng(2)
    paid, got = rng.random((5, 3, 8)), rng.random((5, 3, 8))
    nav = rng.random((5, 3))
    paid[:, 0] *= 100
    paid[..., 2:] = 0.0
    whole = metrics.pooled(paid, got, nav)
    assert whole.contributions.shape == (5, 8)
    assert whole.nav.shape == (5,)
    single = metrics.tvpi(paid, got, nav)
    weight = metrics.paid_in(paid)
    np.testing.assert_allclose(
        metrics.tvpi(*whole), (single * weight).sum(axis=1) / weight.sum(axis=1)
    )
    by_path = metrics.pooled(paid, got, nav, axis=0)
    assert by_path.contributions.shape == (3, 8)
    rates = metrics.fund_irr(*whole, times=np.arange(8) / 4)
    assert rates.rate.shape == (5,)
    one = irr(
        metrics.net_flows(paid[2].sum(axis=0), got[2].sum(axis=0), nav[2].sum()), np.arange(8) / 4
    )
    assert rates.rate[2] == pytest.approx(one.rate)


def test_what_is_not_defined_is_not_a_number():
    nothing, some = np.zeros(3), np.array([0.0, 1.0, 2.0])
    index = np.array([1.0, 1.1, 1.2])
    for value in (
        metrics.dpi(nothing, some),
        metrics.rvpi(nothing, 1.0),
        metrics.tvpi(nothing, some, 1.0),
        metrics.moic(0.0, 1.0, 1.0),
        *metrics.loss_ratio(nothing, some, some),
        pme.ks_pme(nothing, some, 1.0, index=index),
        pme.pme_plus_lambda(some, nothing, 1.0, index=index),
        pme.pme_plus(some, nothing, 1.0, index=index, times=some).rate,
        timing.time_to_dpi(nothing, some, times=some, level=1.0),
        metrics.dpi(np.array([1.0, math.nan]), np.ones(2)),
    ):
        assert np.isnan(value)
    with pytest.raises(ValueError, match="index"):
        pme.ks_pme(some, some, 1.0, index=np.array([1.0, 0.0, 1.0]))


def test_losses_by_capital():
    found = metrics.loss_ratio([10, 20, 30, 40], [0, 15, 30, 400], [0, 0, 0, 5])
    assert found.in_losing_deals == pytest.approx(0.3)
    assert found.lost == pytest.approx(0.15)
    assert metrics.exposure([100.0, 100.0], [60.0, 120.0], [50.0, 7.0]).tolist() == [90.0, 7.0]


def test_time_to_dpi_and_breakeven_are_interpolated():
    paid = np.array([[50.0, 50, 0, 0, 0], [100, 0, 0, 0, 0], [0, 100, 0, 50, 0], [10, 0, 0, 0, 0]])
    got = np.array([[0.0, 0, 60, 80, 0], [0, 0, 0, 0, 99], [0, 0, 110, 0, 80], [10, 0, 0, 0, 0]])
    times = np.array([0.0, 1, 2, 4, 5])
    reached = timing.time_to_dpi(paid, got, times=times, level=1.0)
    np.testing.assert_allclose(reached, [3.0, np.nan, 1 - 1 + 100 / 110, 0.0])
    curve = timing.j_curve(paid, got, times=times, commitment=[100, 100, 200, 0])
    np.testing.assert_allclose(curve.depth, [-1.0, -1.0, -0.5, np.nan])
    np.testing.assert_allclose(curve.depth_time, [1.0, 0.0, 1.0, 0.0])
    np.testing.assert_allclose(curve.breakeven_time, [3.0, np.nan, 4.5, 0.0])
    half = timing.time_to_dpi(paid, got, times=times, level=0.5)
    np.testing.assert_allclose(half[0], 1 + 50 / 60)


@given(fund, st.floats(0.1, 100.0))
def test_breakeven_is_never_before_dpi_one(flows, scale):
    paid, got, _ = flows
    assume(paid[0] > 0.0)
    times = np.arange(float(len(paid)))
    curve = timing.j_curve(paid, got, times=times, commitment=paid.sum())
    again = timing.j_curve(scale * paid, scale * got, times=times, commitment=scale * paid.sum())
    assert -1.0 - 1e-12 <= curve.depth <= 0.0
    assert again.depth == pytest.approx(curve.depth)
    reached = timing.time_to_dpi(paid, got, times=times, level=1.0)
    if not np.isnan(curve.breakeven_time):
        assert reached <= curve.breakeven_time + 1e-9


def test_standard_errors_are_those_seen_over_many_samples():
    rng = np.random.default_rng(9)
    draws = rng.lognormal(0.2, 0.8, (4_000, 600))
    multiples = draws.T
    parts = {
        "quantile": risk.quantiles(multiples, [0.25]),
        "chance": risk.loss_probability(multiples),
        "at risk": risk.tail_risk(multiples, 0.9).value_at_risk,
        "shortfall": risk.tail_risk(multiples, 0.9).shortfall,
    }
    for name, (value, error) in parts.items():
        seen = value.std()
        assert error.mean() == pytest.approx(seen, rel=0.08), name
    large = rng.lognormal(0.2, 0.8, 2_000_000)
    for (value, _), truth in (
        (parts["quantile"], np.quantile(large, 0.25)),
        (parts["chance"], (large < 1).mean()),
        (parts["at risk"], 1 - np.quantile(large, 0.1)),
    ):
        assert value.mean() == pytest.approx(truth, abs=0.01)


def test_pooled_errors_count_paths_not_funds():
    """Funds of a path that are all alike tell no more than one."""
    rng = np.random.default_rng(4)
    alone = rng.lognormal(0.2, 0.8, 500)
    alike = np.repeat(alone[:, None], 30, axis=1)
    weights = np.ones_like(alike)
    for one, many in (
        (risk.quantiles(alone, [0.1, 0.5]), risk.quantiles(alike, [0.1, 0.5], weights=weights)),
        (
            risk.tail_risk(alone, 0.9).shortfall,
            risk.tail_risk(alike, 0.9, weights=weights).shortfall,
        ),
    ):
        np.testing.assert_allclose(many.value, one.value)
        np.testing.assert_allclose(many.error, one.error)
    single, pool = risk.loss_probability(alone), risk.loss_probability(alike, weights=weights)
    assert pool.value == pytest.approx(single.value)
    assert pool.error == pytest.approx(single.error, rel=0.01)


def test_weights_and_voids_in_the_tail():
    multiples = np.array([[0.0, 2.0], [0.5, 3.0], [1.5, math.nan], [4.0, 1.0]])
    weights = np.array([[3.0, 1.0], [1.0, 1.0], [2.0, 9.0], [1.0, 1.0]])
    found = risk.loss_probability(multiples, weights=weights)
    assert found.value == pytest.approx(4 / 10)
    assert risk.defined_share(multiples, weights=weights) == pytest.approx(10 / 19)
    np.testing.assert_allclose(risk.defined_share(multiples), [1.0, 0.75])
    tail = risk.tail_risk(multiples, 0.6, weights=weights)
    assert tail.value_at_risk.value == pytest.approx(0.0)
    assert tail.shortfall.value == pytest.approx((3 * 1.0 + 0.5) / 4)
    plain = risk.tail_risk(multiples, 0.5)
    np.testing.assert_allclose(plain.value_at_risk.value, [-0.5, -1.0])
    np.testing.assert_allclose(plain.shortfall.value, [(1.0 + 0.5) / 2, (0.0 - 1.0 * 0.5) / 1.5])
    lone = risk.tail_risk(np.array([0.4]), 0.5)
    assert lone.shortfall.value == pytest.approx(0.6)
    assert np.isnan(lone.shortfall.error)
    void = risk.quantiles(np.full((5, 2), np.nan), [0.5])
    assert np.isnan(void.value).all()
    assert np.isnan(void.error).all()
    assert risk.chance(np.zeros(100, bool)).error > 0.0
    with pytest.raises(ValueError, match="level"):
        risk.quantiles(multiples, [1.0])
    with pytest.raises(ValueError, match="weights"):
        risk.quantiles(multiples, [0.5], weights=-weights)
