"""Internal rates of return: every root, what each is worth, and pyxirr as the witness."""

import math
from collections import Counter

import numpy as np
import pytest
import pyxirr
from hypothesis import assume, given
from hypothesis import strategies as st

from finmodel.fund.irr import (
    HIGHEST,
    LOWEST,
    Status,
    irr,
    irr_batch,
    irr_dated,
    irr_roots,
    years_of,
)
from finmodel.numeric.jit import kernel_sources
from tests.bench.irr import dated_flows, fund_flows, pyxirr_rate, verdict, worth
from tests.conftest import ROOT, plain_and_compiled

YEARS = np.arange(4.0)
flows_of = st.lists(
    st.floats(-100.0, 100.0).map(lambda x: round(x, 3)), min_size=2, max_size=25
).map(np.array)


@pytest.mark.parametrize(
    ("flows", "roots"),
    [
        ([-100, 110, 0, 0], [0.1]),
        ([-100, 0, 121, 0], [0.1]),
        ([0, -100, 50, 0], [-0.5]),
        ([-100, 230, -132, 0], [0.1, 0.2]),
        ([-1000, 6000, -11000, 6000], [0.0, 1.0, 2.0]),
        ([100, -110, 0, 0], [0.1]),
        ([-100, 220, -121, 0], [0.1]),
        ([-1, 3, -2.25, 0], [0.5]),
        ([1, -2, 1, 0], [0.0]),
        ([-100, 200, -101, 0], []),
        ([-1, 1e-5, 0, 0], [-0.99999]),
        ([-1, 1e5, 0, 0], [99_999.0]),
        ([-1, 0, 0, 1], [0.0]),
    ],
)
def test_known_roots(flows, roots):
    assert irr_roots(flows, YEARS) == pytest.approx(roots, rel=1e-9, abs=1e-9)
    found = irr(flows, YEARS)
    assert found.n_roots == len(roots)
    assert found.status is (Status.NONE, Status.OK, Status.SEVERAL)[min(len(roots), 2)]
    assert math.isnan(found.rate) == (not roots)


@pytest.mark.parametrize(
    ("flows", "status"),
    [
        ([], Status.ZERO),
        ([0, 0], Status.ZERO),
        ([-1, -2], Status.NONE),
        ([-1, 0], Status.NONE),
        ([1, 2], Status.NONE),
        ([5], Status.NONE),
        ([-1, 1e-9], Status.OUTSIDE),
        ([-1, 1e9], Status.OUTSIDE),
        ([-1, 1e-9, -1e-18, 0], Status.NONE),
        ([-1, math.nan], Status.NOT_FINITE),
        ([-math.inf, math.inf], Status.NOT_FINITE),
    ],
)
def test_where_there_is_no_rate_the_status_says_why(flows, status):
    found = irr(flows, np.arange(float(len(flows))))
    assert (found.status, found.n_roots) == (status, 0)
    assert math.isnan(found.rate)
    assert len(irr_roots(flows, np.arange(float(len(flows))))) == 0


@pytest.mark.parametrize(
    ("roots", "given_rate"),
    [
        ([0.1, 0.2], 0.1),
        ([-0.3, 0.5], 0.5),
        ([-0.3, 0.5, 0.8], 0.5),
        ([-0.6, -0.3, 0.5], -0.3),
        ([-0.5, 0.9], 0.9),
        ([0.0, 0.4], 0.0),
        ([1.5, 2.5, 4.0, 9.0], 1.5),
    ],
)
def test_of_several_roots_the_nearest_with_the_sign_of_the_total_is_given(roots, given_rate):
    flows = np.poly([1.0 + rate for rate in roots])
    if flows.sum() * given_rate < 0.0:
        flows = -flows
    times = np.arange(float(len(flows)))
    assert irr_roots(flows, times) == pytest.approx(roots, abs=1e-9)
    assert irr(flows, times).rate == pytest.approx(given_rate, abs=1e-9)


def test_without_a_root_on_its_side_the_nearest_is_given():
    found = irr([-100.0, 230.0, -132.0], [0.0, 1.0, 2.0])
    assert found.rate == pytest.approx(0.1)


@given(st.lists(st.floats(-0.9, 30.0), min_size=1, max_size=6))
def test_a_polynomial_has_the_roots_it_was_made_of(rates):
    logs = np.sort(np.log1p(rates))
    assume(len(logs) == 1 or np.diff(logs).min() > 0.05)
    flows = np.poly(np.exp(logs))
    found = irr_roots(flows, np.arange(float(len(flows))))
    assert np.log1p(found) == pytest.approx(logs, abs=1e-5)


@given(flows_of, st.floats(0.05, 3.0))
def test_the_flows_are_worth_nothing_at_every_root(flows, step):
    times = step * np.arange(len(flows))
    roots = irr_roots(flows, times)
    assert ((roots >= LOWEST * (1 + 1e-9)) & (roots <= HIGHEST * (1 + 1e-9))).all()
    if len(roots):
        assert np.abs(worth(flows, times, roots)).max() < 1e-11


@given(flows_of, st.floats(0.1, 2.0), st.integers(0, 2**32 - 1))
def test_no_root_is_missed_where_the_sign_changes(flows, step, seed):
    """A fine grid of rates sees as many changes of sign as there are roots, or fewer."""
    times = np.cumsum(np.random.default_rng(seed).uniform(0.2, 1.0, len(flows))) * step
    logs = np.linspace(np.log1p(LOWEST), np.log1p(HIGHEST), 4001)
    assume(flows.any())
    value = worth(flows, times, np.expm1(logs))
    seen = np.sign(value[np.abs(value) > 1e-14])
    assert len(irr_roots(flows, times)) >= np.count_nonzero(seen[1:] != seen[:-1])


@given(flows_of, st.floats(1e-6, 1e9), st.floats(-50.0, 50.0))
def test_money_and_calendar_do_not_matter(flows, scale, shift):
    times = 0.25 * np.arange(len(flows))
    plain, moved = irr(flows, times), irr(flows * scale, times + shift)
    assume(abs(flows.sum()) > 1e-9)
    assert moved[1:] == plain[1:]
    assert moved.rate == pytest.approx(plain.rate, rel=1e-9, abs=1e-9, nan_ok=True)


@given(flows_of)
def test_one_change_of_sign_gives_one_root_and_none_gives_none(flows):
    signs = np.sign(flows[flows != 0.0])
    changes = np.count_nonzero(signs[1:] != signs[:-1])
    found = irr(flows, np.arange(float(len(flows))))
    if changes == 0:
        assert found.status in (Status.NONE, Status.ZERO)
    if changes == 1:
        assert found.status in (Status.OK, Status.OUTSIDE)
    assert found.n_roots <= changes


def test_common_dated_and_single_agree_and_order_does_not_matter():
    rng = np.random.default_rng(3)
    flows = rng.normal(size=(200, 17)) * (rng.random((200, 17)) < 0.6)
    grid = 0.25 * np.arange(17)
    for times in (grid, np.cumsum(rng.uniform(0.1, 1.0, 17))):
        batch = irr_batch(flows.reshape(20, 10, 17), times)
        assert batch.rate.shape == batch.status.shape == batch.n_roots.shape == (20, 10)
        shuffled = rng.permuted(np.tile(np.arange(17), (200, 1)), axis=1)
        mixed = np.take_along_axis(flows, shuffled, axis=1)
        dated = irr_dated(mixed.reshape(-1), times[shuffled].reshape(-1), np.arange(201) * 17)
        ones = [irr(row, times) for row in flows]
        assert batch.status.reshape(-1).tolist() == dated.status.tolist()
        assert batch.status.reshape(-1).tolist() == [one.status for one in ones]
        assert batch.n_roots.reshape(-1).tolist() == [one.n_roots for one in ones]
        assert set(batch.status.reshape(-1)) >= {Status.OK, Status.SEVERAL, Status.NONE}
        np.testing.assert_allclose(batch.rate.reshape(-1), dated.rate, rtol=1e-9)
        np.testing.assert_array_equal(dated.rate, [one.rate for one in ones])


def test_a_fund_does_not_depend_on_its_neighbours():
    flows, times = fund_flows(300)
    rates = irr_batch(flows, times).rate
    np.testing.assert_array_equal(irr_batch(flows[::-1], times).rate[::-1], rates)
    np.testing.assert_array_equal(irr_batch(flows[7:8], times).rate, rates[7:8])


def test_flows_of_one_date_are_added_up():
    assert irr([-100, 150, 25, 85], [0, 0, 0, 1]).status is Status.NONE
    assert irr([-0.1, -0.2, 0.3, -1, 1.1], [0, 0, 0, 1, 2]).rate == pytest.approx(0.1)
    assert irr([-0.1, -0.2, 0.3], [0, 0, 0]).status is Status.ZERO
    assert irr([1.1, -0.4, -0.6], [1, 0, 0]).rate == pytest.approx(0.1)


def test_funds_without_flows_stay_in_the_batch():
    rates = irr_dated([-1.0, 1.1], [0.0, 1.0], [0, 0, 2, 2])
    assert rates.status.tolist() == [Status.ZERO, Status.OK, Status.ZERO]
    assert irr_batch(np.empty((3, 0)), []).status.tolist() == [Status.ZERO] * 3
    assert irr_batch(np.empty((0, 4)), YEARS).rate.shape == (0,)


def test_far_away_flows_and_extreme_money_do_not_overflow():
    times = np.array([0.0, 80.0, 160.0, 240.0])
    assert irr_roots([-1, 0, 0, 1e-300], times)[0] == pytest.approx(1e-300 ** (1 / 240) - 1)
    assert irr([-1e-300, 0, 0, 1e-299], times).rate == pytest.approx(10 ** (1 / 240) - 1)
    large = [-1e100, 3e150, -1e200, 1e250]
    assert np.abs(worth(large, times, irr_roots(large, times))).max() < 1e-11
    for flows in ([-1, 0, 0, 1e-300], [-1e-300, 0, 0, 1e-299], large):
        assert irr_batch(flows, times).rate == pytest.approx(irr(flows, times).rate, rel=1e-9)
    quarters = np.zeros(260)
    quarters[[0, 250, 251, 252]] = -1.0, 3.0, -2.5, 1.0
    lost, kept = irr_batch(quarters, np.arange(260) / 4), irr(quarters, np.arange(260) / 4)
    assert (lost.status, lost.n_roots) == (kept.status, kept.n_roots) == (Status.OK, 1)
    assert lost.rate == pytest.approx(kept.rate, rel=1e-9)
    several = [-3.0, 10.0, -10.5, 3.4]
    near, far = irr_roots(several, times / 80.0), irr_roots(several, times)
    assert len(near) == 3
    np.testing.assert_allclose(80.0 * np.log1p(far), np.log1p(near), rtol=1e-6)


def test_roots_that_cannot_be_told_apart_are_counted_once():
    for logs in ([-1e-7, 1e-7], [0.2, 0.2], [0.2, 0.2, 0.2], [0.3, 0.3 + 1e-8, 0.3 + 2e-8, 0.9]):
        found = np.log1p(irr_roots(np.poly(np.exp(logs)), np.arange(len(logs) + 1.0)))
        assert found == pytest.approx(sorted({round(u, 6) for u in logs}), abs=1e-4)


@pytest.mark.parametrize(
    "call",
    [
        lambda: irr([1, 2], [0]),
        lambda: irr([1, 2], [0, math.nan]),
        lambda: irr_batch([[1, 2, 3]], [0, 1]),
        lambda: irr_batch([[1, 2]], [1, 0]),
        lambda: irr_batch([[1, 2]], [0, 0]),
        lambda: irr_batch([[1, 2]], [0, math.inf]),
        lambda: irr_dated([1, 2], [0, 1], [0, 1]),
        lambda: irr_dated([1, 2], [0, 1], [1, 2]),
        lambda: irr_dated([1, 2], [0, 1], [0, 2, 1, 2]),
        lambda: irr_dated([1, 2], [0, 1], []),
    ],
)
def test_what_does_not_fit_is_refused(call):
    with pytest.raises(ValueError, match=r"times|offsets"):
        call()


def test_years_are_days_over_365():
    dates = ["2021-03-01", "2020-03-01", "2020-02-29"]
    assert years_of(dates).tolist() == [366 / 365, 1 / 365, 0.0]
    assert years_of([]).tolist() == []


def test_pyxirr_on_ten_thousand_dated_flows():
    """Its root is one of ours, unless it is out of range or no root at all."""
    days, flows, start = dated_flows(10_000, seed=11)
    ours = irr_dated(flows, days / 365.0, start)
    counts = Counter()
    for i in range(len(start) - 1):
        part = slice(start[i], start[i + 1])
        roots = irr_roots(flows[part], days[part] / 365.0)
        assert len(roots) == ours.n_roots[i]
        if len(roots):
            assert np.abs(worth(flows[part], days[part] / 365.0, roots)).max() < 1e-11
            assert ours.rate[i] in roots
        theirs = pyxirr_rate(days[part], flows[part])
        told = verdict(days[part], flows[part], roots, theirs)
        assert told != "missed", (i, theirs, roots)
        counts[told] += 1
        if told == "same":
            is_same = abs(math.log1p(ours.rate[i]) - math.log1p(theirs)) < 1e-5
            assert is_same or ours.status[i] == Status.SEVERAL
            counts["another of several"] += not is_same
    assert counts["same"] > 7_000
    assert counts["none"] > 1_000
    assert counts["another of several"] > 100
    assert counts["void"] + counts["outside"] + counts["not found"] < 300
    assert set(ours.status) == set(Status) - {Status.NOT_FINITE}


def test_usual_funds_are_those_of_pyxirr():
    flows, times = fund_flows(500)
    rates = irr_batch(flows, times)
    assert (rates.status == Status.OK).all()
    theirs = np.array([(1.0 + pyxirr.irr(row)) ** 4 - 1.0 for row in flows])
    np.testing.assert_allclose(rates.rate, theirs, rtol=1e-7, atol=1e-7)


PLAIN = """
import numpy as np
from finmodel.fund.irr import irr_batch, irr_dated
rng = np.random.default_rng(8)
flows = rng.normal(size=(60, 12)) * (rng.random((60, 12)) < 0.7)
flows[:20] = np.sort(flows[:20], axis=1)
times = np.arange(12) / 4
dated = irr_dated(flows.reshape(-1), rng.permuted(np.tile(times, (60, 1)), axis=1).reshape(-1),
                  np.arange(61) * 12)
for rates in (irr_batch(flows, times), dated):
    print([round(float(r), 9) for r in rates.rate], rates.status.tolist(), rates.n_roots.tolist())
"""


def test_plain_python_gives_the_same():
    plain, compiled = plain_and_compiled(PLAIN)
    assert plain == compiled


def test_every_kernel_is_in_the_hash_of_compiled_code():
    hashed = set(kernel_sources("finmodel.fund.roots"))
    of_market = set(kernel_sources("finmodel.market.path"))
    for path in (ROOT / "finmodel").rglob("*.py"):
        if "numeric.jit import" in path.read_text(encoding="utf-8"):
            assert path in hashed, f"{path.name} holds kernels that could run old"
            assert path in of_market or path.parent.name == "fund"
    assert all(path.is_file() for path in hashed)
