"""Hazards: closed forms, competing risks, refusals, and a small recovery study."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from finmodel.calibrate.hazards import fit_hazard, hazard_rows, pool_hazards, rate_pa
from finmodel.calibrate.spells import GRADUATED, SOLD
from finmodel.errors import CalibrationError
from tests.calibrate_cases import spells_of
from tests.studies.generated_deals import Truth
from tests.studies.recovery_hazards import estimate, recover, truths

STAGES = ("angel", "A", "B", "C")


def test_one_band_gives_the_share_of_quarters_with_an_event():
    spells = spells_of([1] * 30 + [0] * 70, [0.5] * 30 + [2.0] * 70, horizon=2.0)
    rows = hazard_rows(spells, GRADUATED, {}, bands=(0,))
    fit = fit_hazard(rows, "graduated", STAGES)
    assert fit.names == ("A:q0+",)
    assert 1 - np.exp(-np.exp(fit.params[0])) == pytest.approx(30 / 170)
    assert fit.n_events == 30
    assert fit.calibration["predicted"].sum() == pytest.approx(30.0)
    assert rate_pa(fit.params[0]) == pytest.approx(4 * -np.log(1 - 30 / 170))


def test_robust_errors_of_single_rows_are_those_of_the_likelihood():
    """Firms with one quarter each have nothing to cluster: the sandwich is the binomial error."""
    spells = spells_of([1] * 40 + [0] * 160, [0.5] * 40 + [1.0] * 160, horizon=1.0)
    fit = fit_hazard(hazard_rows(spells, GRADUATED, {}, bands=(0,)), "x", STAGES)
    p = 0.2
    hazard = -np.log(1 - p)
    error = np.sqrt(p * (1 - p) / 200) / ((1 - p) * hazard)
    assert fit.standard_error[0] == pytest.approx(error, rel=0.01)


def test_competing_risks_give_back_their_constant_hazards():
    """A quarter ended by another cause counts half: no bias at hazards of a tenth a quarter."""
    rng = np.random.default_rng(2)
    n, own, other = 60_000, 0.12, 0.15
    time = rng.exponential(1 / (own + other), n)
    event = np.where(rng.random(n) < own / (own + other), GRADUATED, SOLD)
    is_cut = time > 8.0
    spells = spells_of(np.where(is_cut, 0, event), np.minimum(time, 8.0), horizon=8.0)
    for cause, hazard in ((GRADUATED, own), (SOLD, other)):
        fit = fit_hazard(hazard_rows(spells, cause, {}, bands=(0,)), "x", STAGES)
        miss = fit.params[0] - np.log(hazard)
        assert abs(miss) < 4 * fit.standard_error[0] + 0.005


def test_effects_of_classes_and_of_the_market_are_found():
    rng = np.random.default_rng(3)
    n = 20_000
    is_other = rng.random(n) < 0.5
    start = rng.integers(13_900, 14_900, n)
    time = rng.exponential(1 / (0.1 * np.exp(-0.7 * is_other)), n)
    spells = spells_of(np.where(time > 8, 0, 1), np.minimum(time, 8.0), horizon=8.0, start=start)
    kinds = pd.Series(np.where(is_other, "other", "base"))
    macro = pd.Series({year: float(year % 2) for year in range(2006, 2016)})
    rows = hazard_rows(spells, GRADUATED, {"kind": kinds}, bands=(0,), macro=macro)
    fit = fit_hazard(rows, "x", STAGES)
    found = dict(zip(fit.names, zip(fit.params, fit.standard_error, strict=True), strict=True))
    name = "kind=other" if "kind=other" in found else "kind=base"
    sign = -0.7 if name == "kind=other" else 0.7
    assert abs(found[name][0] - sign) < 4 * found[name][1]
    assert abs(found["macro"][0]) < 4 * found["macro"][1]


def test_terms_with_too_few_events_are_left_out_and_named():
    spells = spells_of([1] * 60 + [0] * 40, [0.5] * 60 + [9.0] * 40, horizon=9.0)
    kinds = pd.Series(["rare" if i == 99 else "base" for i in range(100)])
    rows = hazard_rows(spells, GRADUATED, {"kind": kinds})
    assert "kind=rare" in rows.dropped
    assert "A:q4-5" in rows.dropped
    assert rows.names == ("A:q0-1",)


def test_a_term_that_separates_is_named():
    spells = spells_of([1] * 30 + [0] * 70, [0.5] * 30 + [2.0] * 70, horizon=2.0)
    kinds = pd.Series(["base"] * 30 + ["never"] * 70)
    rows = hazard_rows(
        spells, GRADUATED, {"kind": kinds}, bands=(0,), terms=("A:q0+", "kind=never")
    )
    with pytest.raises(CalibrationError, match="separate"):
        fit_hazard(rows, "graduated", STAGES)


def test_no_event_is_refused():
    with pytest.raises(CalibrationError, match="no event"):
        hazard_rows(spells_of([0] * 10, [3.0] * 10, horizon=3.0), GRADUATED, {})


def test_imputations_are_pooled_and_must_have_the_same_terms():
    spells = spells_of([1] * 30 + [0] * 70, [0.5] * 30 + [2.0] * 70, horizon=2.0)
    one = fit_hazard(hazard_rows(spells, GRADUATED, {}, bands=(0,)), "x", STAGES)
    assert pool_hazards([one, one]).covariance == pytest.approx(one.covariance)
    shifted = replace(one, params=one.params + 0.2)
    spread = 1.5 * 0.02
    assert pool_hazards([one, shifted]).covariance == pytest.approx(one.covariance + spread)
    with pytest.raises(ValueError, match="same terms"):
        pool_hazards([one, replace(one, names=("B:q0+",))])


def test_intervals_cover_in_a_small_study():
    """Coverage over all parameters of 12 small sets, within four standard errors of sets."""
    truth = truths(Truth())
    shares = []
    for seed in range(12):
        found = estimate(100 + seed, n_firms=900, n_imputations=3)
        hits = [abs(found[k][0] - v) <= 1.96 * found[k][1] for k, v in truth.items()]
        shares.append(np.mean(hits))
    error = np.std(shares, ddof=1) / np.sqrt(len(shares))
    assert abs(np.mean(shares) - 0.95) < 4 * error + 0.01


@pytest.mark.slow
def test_intervals_cover_for_each_parameter():
    """200 sets: a coverage of 95 % is measured with an error of 1.5 points; four of them."""
    table = recover(200)
    assert (table["coverage"] > 0.95 - 4 * np.sqrt(0.95 * 0.05 / 200)).all(), table
    assert table["coverage"].mean() == pytest.approx(0.95, abs=0.015)
    bias = (table["mean"] - table["truth"]).abs() / table["mean_se"]
    assert (bias < 0.5).all(), table
