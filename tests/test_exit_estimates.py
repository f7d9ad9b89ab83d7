"""The law of exit values estimated: limits, identities, and what is not told."""

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm

from finmodel.calibrate.estimates import Block
from finmodel.calibrate.exit_checks import told_distance
from finmodel.calibrate.exit_multiples import exit_block, luck_share
from finmodel.calibrate.exit_records import ExitTerms, exit_records, exit_terms
from finmodel.calibrate.exit_study import exit_study
from finmodel.calibrate.multiples import Multiples, exact_multiples
from finmodel.calibrate.reasons import NotEstimable
from finmodel.calibrate.spliced_law import Law, SplicedLikelihood
from finmodel.calibrate.tail_diagnostics import cut_pareto, hill_plot, tail_summary
from finmodel.calibrate.threshold_average import MIN_GAIN, fit_body, fit_law
from finmodel.datasets.deal_records import read_deals
from finmodel.errors import CalibrationError
from finmodel.numeric.exit_law import luck_quantile, tail_start
from finmodel.scenario import load_scenario
from tests.conftest import ROOT, YRD
from tests.studies.recovery_tails import LAW, log_luck

TERMS = ExitTerms({"A": 0.2, "B": 0.1})


@dataclass(frozen=True)
class Book:
    """The frames of a deal book that exits are read from."""

    firms: pd.DataFrame
    rounds: pd.DataFrame
    exits: pd.DataFrame


def book(exits, rounds):
    exits = pd.DataFrame(exits, columns=["firm", "date", "route", "value_mcny"])
    columns = ["firm", "date", "stage", "kind", "amount_mcny", "low_mcny", "high_mcny"]
    rounds = pd.DataFrame(rounds, columns=columns)
    for frame in (exits, rounds):
        frame["date"] = pd.to_datetime(frame["date"])
    return Book(pd.DataFrame({"firm": exits["firm"].unique()}), rounds, exits)


def simulated_book(n, seed, *, told=1.0, **law):
    rng = np.random.default_rng(seed)
    luck = np.exp(log_luck(rng, n, **(LAW | law)))
    amount = np.exp(rng.normal(3.0, 1.0, n))
    value = 1.5 * luck * amount / 0.2
    value = np.where(rng.random(n) < told, value, np.nan)
    firms = [f"f{i}" for i in range(n)]
    years = [f"{2000 + i % 20}-06-30" for i in range(n)]
    rounds = [(f, "1999-01-01", "A", "equity", a, a, a) for f, a in zip(firms, amount, strict=True)]
    return book(list(zip(firms, years, ["mna"] * n, value, strict=True)), rounds)


def hidden_data(n, seed, *, slope=0.5):
    rng = np.random.default_rng(seed)
    x, size = log_luck(rng, n, **LAW), rng.normal(0, 1.3, n)
    told = rng.random(n) < norm.cdf(-0.6 + slope * (x + size))
    none, nowhere = np.empty(0), np.empty(0, np.int64)
    zeros = np.zeros(n, np.int64)
    return Multiples(
        *(x[told], zeros[told], size[told], nowhere, none, none, none, nowhere, none),
        *(zeros[~told], size[~told], 1),
    )


def test_of_a_pure_pareto_hill_is_the_likelihood_in_closed_form():
    x = np.random.default_rng(1).random(500) ** (-1 / 1.6)
    row = hill_plot(x).iloc[-1]
    ordered = np.sort(x)
    closed = (len(x) - 1) / np.log(ordered[1:] / ordered[0]).sum()
    assert row["hill"] == pytest.approx(closed, rel=1e-12)
    assert row["index"] == pytest.approx(closed, rel=1e-12)
    assert row["index_se"] == pytest.approx(closed / math.sqrt(499))
    assert abs(closed - 1.6) < 4 * row["hill_se"]


def test_a_cap_bends_hill_up_and_the_cut_index_straight():
    rng = np.random.default_rng(2)
    width = math.log(8.0)
    y = -np.log1p(-rng.random(4000) * -np.expm1(-1.2 * width)) / 1.2
    index, error = cut_pareto(np.array([4000.0]), np.array([y.sum()]), np.array([width]))
    assert abs(index[0] - 1.2) < 4 * error[0]
    assert 1 / y.mean() - 1.2 > 8 * error[0]
    no_cut = cut_pareto(np.array([4000.0]), np.array([y.sum()]), np.array([np.inf]))
    assert no_cut[0][0] == pytest.approx(1 / y.mean())


@pytest.mark.parametrize("index", [-2.0, -0.3, 1e-6, 0.4, 3.0, 40.0])
def test_the_cut_index_solves_its_equation_on_either_side_of_zero(index):
    w, k = 2.5, 100.0
    rate = index * w
    mean = w * (1 / rate - 1 / math.expm1(rate)) if abs(rate) > 1e-4 else w * (0.5 - rate / 12)
    found, error = cut_pareto(np.array([k]), np.array([k * mean]), np.array([w]))
    assert found[0] == pytest.approx(index, abs=1e-5)
    assert error[0] > 0


def test_the_likelihood_is_of_the_law_the_market_draws_from():
    law = {"log_sd": 0.9, "tail_share": 0.07, "tail_index": 1.5, "cap": 80.0}
    start = math.log(tail_start(0.9, 0.07, 80.0))
    data = exact_multiples(np.zeros(1))
    likelihood = SplicedLikelihood(data, np.array([[start]]), np.array([[math.log(80.0) - start]]))
    theta = np.array([0.0, math.log(0.9), math.log(1.5)])[None, None]
    at = np.linspace(0.001, 0.999, 400)
    x = np.log([luck_quantile(u, *law.values()) for u in at])
    cdf = Law(theta, likelihood).cdf(x, np.zeros(400, np.int64), np.zeros(400))
    np.testing.assert_allclose(cdf[0, 0], at, atol=1e-12)
    inner = np.linspace(x[0], x[-1], 40_001)
    inner = inner[np.abs(inner - start) > 2e-3]
    dense = SplicedLikelihood(exact_multiples(inner), likelihood.threshold, likelihood.width).terms(
        theta
    )[0][0, 0]
    h = 1e-4
    both = np.array([inner - h, inner + h])
    low, high = (
        Law(theta, likelihood).cdf(side, np.zeros(len(side), np.int64), np.zeros(len(side)))[0, 0]
        for side in both
    )
    np.testing.assert_allclose(np.exp(dense), (high - low) / (2 * h), rtol=2e-4, atol=1e-9)


def test_sums_and_single_terms_agree_and_bins_hardly_matter():
    data = hidden_data(900, 3)
    threshold = np.array([[0.8], [1.4]])
    width = LAW["log_cap"] - threshold
    theta = np.array([0.1, -0.3, 0.4, -0.5, 0.5]) + np.zeros((2, 2, 1))
    whole = SplicedLikelihood(data, threshold, width, bins=10_000)
    terms = sum(term.sum(axis=-1) for term in whole.terms(theta))
    np.testing.assert_allclose(whole(theta), -terms, rtol=1e-12)
    binned = SplicedLikelihood(data, threshold, width)
    np.testing.assert_allclose(binned(theta), whole(theta), atol=0.2)
    route, size, count = binned.hidden
    assert count.sum() == len(data.hidden_size)
    value, weight = Law(theta, binned).nodes(route, size)
    assert value.shape == weight.shape
    np.testing.assert_allclose(weight.sum(axis=-1), 1.0, atol=1e-8)


def test_a_lognormal_has_its_mean_and_spread_and_seldom_a_tail():
    x = 0.4 + 0.9 * np.random.default_rng(5).standard_normal(3000)
    body, covariance, _ = fit_body(exact_multiples(x))
    assert body[0] == pytest.approx(x.mean(), abs=1e-6)
    assert math.exp(body[1]) == pytest.approx(x.std(), rel=1e-6)
    assert math.sqrt(covariance[0, 0]) == pytest.approx(x.std() / math.sqrt(3000), rel=1e-4)
    gains = [
        fit_law(exact_multiples(np.random.default_rng([6, i]).standard_normal(800))).log_gain
        for i in range(60)
    ]
    assert np.mean(np.array(gains) > MIN_GAIN) < 0.15


def test_without_a_tail_its_keys_are_left_out_and_the_note_says_so():
    rng = np.random.default_rng(7)
    n = 400
    value = np.exp(rng.normal(0, 0.8, n)) * 100
    rounds = [(f"f{i}", "2001-01-01", "A", "equity", 20, 20, 20) for i in range(n)]
    exits = [(f"f{i}", f"{2002 + i % 15}-01-01", "mna", v) for i, v in enumerate(value)]
    block = exit_block(book(exits, rounds), TERMS, floor=1e-6)
    assert isinstance(block, Block)
    assert [e.key for e in block.estimates] == ["exits.mna_value_multiple", "exits.value_log_sd"]
    assert "No tail is told" in block.estimates[1].note
    assert abs(block.estimates[1].value - 0.8) < 4 * block.estimates[1].standard_error


def test_few_exits_leave_share_and_index_wide():
    x = log_luck(np.random.default_rng(8), 150, **LAW)
    fit = fit_law(exact_multiples(x), log_cap=LAW["log_cap"])
    _, low, high = fit.of("logit_share")
    assert high - low > 1.2
    assert fit.profile["weight"].max() < 0.5
    assert fit.profile["weight"].sum() == pytest.approx(1)


def test_one_threshold_alone_would_promise_too_much():
    x = log_luck(np.random.default_rng(9), 1500, **LAW)
    fit = fit_law(exact_multiples(x), log_cap=LAW["log_cap"])
    best = fit.profile.loc[fit.profile["weight"].idxmax()]
    _, low, high = fit.of("ln_index")
    assert (high - low) / 3.92 > best["index_se"] / best["index"]


def test_a_book_with_a_tail_gives_its_numbers_back():
    block = exit_block(simulated_book(3000, 10), TERMS, floor=0.3)
    assert isinstance(block, Block)
    truth = {
        "exits.mna_value_multiple": 1.5,
        "exits.value_log_sd": LAW["log_sd"],
        "exits.tail_share": LAW["share"],
        "exits.tail_index": LAW["index"],
    }
    found = {e.key: e for e in block.estimates}
    assert set(truth) == set(found)
    for key, value in truth.items():
        assert abs(found[key].value - value) < 4 * found[key].standard_error, key
        assert found[key].standard_error < 0.5 * value
    variances = np.diagonal(block.covariance)
    np.testing.assert_allclose(np.sqrt(variances), [e.standard_error for e in block.estimates])
    assert np.linalg.eigvalsh(block.covariance).min() > -1e-12
    quantities = set(block.diagnostics["quantity"])
    assert {"hill", "index_cut", "hill_resampled", "p_no_cut", "told_distance"} <= quantities


def test_prices_told_of_large_deals_alone_would_mislead():
    data = hidden_data(1500, 11)
    fit = fit_law(data, log_cap=LAW["log_cap"])
    naive, _, _ = fit_body(
        exact_multiples(data.x),
    )
    mu, low, high = fit.of("mu_0")
    error = (high - low) / 3.92
    assert abs(mu) < 4 * error
    assert naive[0] > 4 * error
    slope, low, high = fit.of("telling_slope")
    assert abs(slope - 0.5) < 4 * (high - low) / 3.92
    width = fit.body[:1] + LAW["log_cap"] - fit.best_threshold
    assert told_distance(fit, data, width) < 1.6 / math.sqrt(len(data.x))


def test_records_are_counted_by_how_they_are_told_and_why_left_out():
    rounds = [
        ("a", "2000-01-01", "A", "equity", 10, 10, 10),
        ("a", "2001-01-01", "B", "equity", 30, 30, 30),
        ("a", "2003-01-01", "B", "equity", 99, 99, 99),  # after the exit
        ("b", "2000-01-01", "A", "equity", 20, 10, 40),
        ("c", "2000-01-01", "A", "grant", 20, 20, 20),
        ("d", "2000-01-01", "", "equity", 20, 20, 20),
        ("e", "2000-01-01", "A", "equity", 0.1, 0.1, 0.1),
        ("f", "2000-01-01", "A", "equity", 10, 10, 10),
        ("g", "2000-01-01", "A", "equity", 10, 10, 10),
    ]
    exits = [
        ("a", "2002-01-01", "mna", 600.0),
        ("b", "2002-01-01", "ipo", 500.0),
        ("c", "2002-01-01", "mna", 500.0),
        ("d", "2002-01-01", "mna", np.nan),
        ("e", "2002-01-01", "mna", 500.0),
        ("f", "2002-01-01", "write_off", np.nan),
        ("g", "2002-01-01", "mna", 1.0),
        ("g", "2003-01-01", "mna", 900.0),  # the same firm and route again
    ]
    records = exit_records(book(exits, rounds), TERMS)
    counts = dict(records.counts)
    assert counts["left out: write-off"] == 1
    assert counts["left out: no earlier equity round with a known amount"] == 1
    assert counts["left out: base below 0.5 mcny"] == 1
    assert records.routes == ("ipo", "mna")
    assert np.exp(records.data.x) == pytest.approx([600 / (30 / 0.1)])
    assert np.exp(records.data.low) == pytest.approx([500 / (40 / 0.2)])
    assert np.exp(records.data.high) == pytest.approx([500 / (10 / 0.2)])
    assert (counts["told at or below the floor"], counts["not told"]) == (1, 1)
    assert sum(counts.values()) == 7
    lost = exit_records(book(exits, rounds), TERMS, write_offs_as="mna")
    assert lost.counts["told at or below the floor"] == 2
    raised = exit_records(book(exits, rounds), TERMS, base="raised")
    assert np.exp(raised.data.x) == pytest.approx([600 / 40])


def test_reasons_are_answers():
    few = exit_block(simulated_book(40, 12), TERMS)
    assert isinstance(few, NotEstimable)
    assert "at least 52" in few.reason
    none = exit_block(book([], []), TERMS)
    assert isinstance(none, NotEstimable)
    quiet = exit_block(simulated_book(500, 13), ExitTerms({"A": 0.2}, other_log_sd=2.0))
    assert isinstance(quiet, NotEstimable)
    assert "nothing is left for luck" in quiet.reason
    with pytest.raises(CalibrationError, match="all equal"):
        fit_law(exact_multiples(np.r_[np.zeros(40), np.ones(60)]))


@pytest.mark.slow
def test_american_sales_tell_a_median_and_a_spread_but_no_tail():
    deals = read_deals(ROOT / "data/deals/us_crunchbase_2013-10", price_year=2022)
    block = exit_block(deals, exit_terms(load_scenario(YRD)))
    assert isinstance(block, Block)
    median, spread = block.estimates
    assert median.key == "exits.mna_value_multiple"
    assert 0.4 < median.value < 1.1
    assert 1.0 < spread.value < 1.6
    assert "No tail is told" in spread.note
    told = block.diagnostics.set_index("quantity")["value"]
    assert told["log_gain"] > 2 * told["log_gain_without"]
    assert told["telling_slope"] > 0.2


def test_two_slips_of_the_keyboard_make_no_tail():
    rng = np.random.default_rng(18)
    n = 400
    value = np.exp(rng.normal(0, 0.8, n)) * 100
    value[[3, 60]] = 100 * 600.0, 100 * 900.0
    rounds = [(f"f{i}", "2001-01-01", "A", "equity", 20, 20, 20) for i in range(n)]
    exits = [(f"f{i}", f"{2002 + i % 15}-01-01", "mna", v) for i, v in enumerate(value)]
    study = exit_study(exit_records(book(exits, rounds), TERMS, floor=1e-6), TERMS)
    assert study.fit.log_gain > MIN_GAIN
    assert study.gain_without < MIN_GAIN
    assert not study.has_tail


def test_a_cap_that_records_break_is_a_lower_bound_without_an_error():
    terms = ExitTerms({"A": 0.2}, cap=5.0)
    block = exit_block(simulated_book(1500, 14), terms, floor=0.3)
    assert isinstance(block, Block)
    cap = block.estimates[-1]
    assert cap.key == "exits.value_cap"
    assert cap.value > 5
    assert math.isnan(cap.standard_error)


def test_luck_s_tail_share_is_that_of_the_product_far_out():
    assert luck_share(0.9, 0.05, 1.6, 0.0) == 0.05
    luck_sd, share, index, other = 0.9, 0.06, 1.5, 0.5
    rng = np.random.default_rng(15)
    law = {"log_sd": luck_sd, "share": share, "index": index, "log_cap": 60.0}
    product = log_luck(rng, 2_000_000, **law) + other * rng.standard_normal(2_000_000)
    total = math.hypot(luck_sd, other)
    far = 4.5
    survival = np.mean(product > far)
    # The share of a product law with the same survival far out, mapped back.
    shares = np.geomspace(0.005, 0.3, 4000)
    z = -norm.ppf(shares)
    log_survival = np.log(shares) - index * (far - total * z)
    falls = np.flatnonzero(z > index * total)
    at = np.interp(np.log(survival), log_survival[falls], shares[falls])
    assert luck_share(total, at, index, other) == pytest.approx(share, rel=0.08)
    assert math.isnan(luck_share(2.0, 1e-3, 9.0, 0.1))


def test_clusters_that_move_together_widen_the_errors():
    rng = np.random.default_rng(16)
    n = 1200
    shock = np.repeat(rng.normal(0, 0.6, 20), n // 20)
    value = 100 * np.exp(rng.normal(0, 0.6, n) + shock)
    rounds = [(f"f{i}", "1990-01-01", "A", "equity", 20, 20, 20) for i in range(n)]
    exits = [(f"f{i}", f"{2000 + i // (n // 20)}-05-01", "mna", v) for i, v in enumerate(value)]
    study = exit_study(exit_records(book(exits, rounds), TERMS, floor=1e-6), TERMS)
    plain = math.sqrt(study.fit.body_covariance[0, 0])
    assert study.body_sd[0] > 3 * plain


def test_the_tail_summary_says_where_and_how_far():
    x = np.random.default_rng(17).random(2000) ** (-1 / 1.5)
    found = tail_summary(x)
    assert found["hill"] == pytest.approx(found["index"])
    assert 0 <= found["p_no_cut"] <= 1
    assert found["distance"] < 0.2
    assert all(math.isnan(v) for v in tail_summary(x[:20]).values())
