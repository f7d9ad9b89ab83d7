"""What cohorts differ by, and what that adds to curves, rates and forecasts of other cohorts."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from scipy.stats import t as student

from finmodel.calibrate.cohorts import (
    between_cohorts,
    cohort_counts,
    log_hazard_slope,
    spread_variance,
)
from finmodel.calibrate.estimates import Z_95
from finmodel.calibrate.match_errors import MATCHED_MONTHS, Target, rate_block
from finmodel.calibrate.simulated_moments import SimulatedMoments
from finmodel.calibrate.spells import CENSORED, GRADUATED, Spells
from finmodel.calibrate.survival import Curve, graduation_curve
from finmodel.evaluate.backtest import Spread, spread_of
from finmodel.report.calibration import spread_sentence, words_of
from finmodel.study.cohort_spread import CohortSpread
from finmodel.study.hold_out import hold_out_table

MONTHS = (6.0, 12.0, 24.0, 36.0)
HORIZON = (20.0, 16.0, 12.0, 8.0)
"""Quarters that the firms of four cohorts are followed."""


def spells_of(rates, n, rng, horizons=HORIZON):
    """Return spells at one stage with a constant hazard of each cohort."""
    cohorts = np.repeat(np.arange(len(rates)), n)
    time = rng.exponential(1.0, len(cohorts)) / np.asarray(rates)[cohorts]
    horizon = np.asarray(horizons)[cohorts]
    is_graduated = time <= horizon
    zero = np.zeros(len(cohorts), np.int64)
    return Spells(
        stages=("A", "B"),
        firm=np.arange(len(cohorts)),
        stage=zero,
        start=zero,
        entry=zero.astype(float),
        end=np.minimum(time, horizon),
        horizon=horizon,
        event=np.where(is_graduated, GRADUATED, CENSORED),
        to_stage=np.where(is_graduated, 1, -1),
        firms=pd.DataFrame({"first_year": 2000 + cohorts}),
        notes={},
    )


def counted(spells):
    return cohort_counts([spells], {"A": graduation_curve(spells, MONTHS)})


def test_what_is_expected_adds_up_to_what_was_observed():
    table = counted(spells_of([0.05, 0.05, 0.08, 0.03], 400, np.random.default_rng(1))).table
    assert list(table["cohort"]) == [2000, 2001, 2002, 2003]
    assert table["expected"].sum() == pytest.approx(table["observed"].sum())
    gain = table["observed"] / table["expected"]
    assert gain[2] > 1.2 > 0.9 > gain[3]


def test_concentration_is_that_of_cohorts_still_followed():
    found = counted(spells_of([0.05] * 4, 20_000, np.random.default_rng(2)))
    share = found.concentration["A"]
    # All four are followed for 24 months, three for 36: a hazard of 0.05 a quarter.
    assert share[:3] == pytest.approx(0.25, abs=0.002)
    late, early = -np.expm1(-0.05 * 12.0), -np.expm1(-0.05 * 8.0)
    parts = np.array([late, late, late, early])
    assert share[3] == pytest.approx(((parts / parts.sum()) ** 2).sum(), abs=0.002)
    one = counted(spells_of([0.05], 500, np.random.default_rng(3), (16.0,)))
    assert one.concentration["A"] == pytest.approx(1.0)


def test_the_spread_is_recovered_and_none_is_called_none():
    rng = np.random.default_rng(4)
    squares, plain = [], []
    for _ in range(200):
        effects = np.exp(0.3 * rng.normal(size=6) - 0.045)
        far = counted(spells_of(0.05 * effects, 300, rng, (16.0,) * 6)).table
        near = counted(spells_of([0.05] * 6, 300, rng, (16.0,) * 6)).table
        squares.append(spread_of(far).tau ** 2)
        plain.append(spread_of(near))
    error = np.std(squares) / np.sqrt(len(squares))
    assert abs(np.mean(squares) - 0.09) < 4 * error
    q = np.array([item.q for item in plain])
    assert abs(q.mean() - 5.0) < 4 * np.sqrt(10.0 / len(q)) + 0.2


def test_the_slope_of_a_share_is_that_of_its_hazard():
    share = np.array([0.0, 0.1, 0.5, 0.9, 1.0])
    hazard = -np.log1p(-share[1:4])
    step = 1e-6
    moved = -np.expm1(-hazard * np.exp(step)) - share[1:4]
    assert log_hazard_slope(share)[1:4] == pytest.approx(moved / step, rel=1e-4)
    assert log_hazard_slope(share)[0] == log_hazard_slope(share)[4] == 0.0


def test_one_effect_moves_all_points_of_a_curve():
    share, variance = np.array([0.1, 0.3, 0.5]), np.array([0.04, 0.04, 0.02])
    matrix = between_cohorts(share, variance)
    assert np.linalg.matrix_rank(matrix) == 1
    assert np.diagonal(matrix) == pytest.approx(log_hazard_slope(share) ** 2 * variance)


def test_few_cohorts_widen_the_variance_and_one_tells_nothing():
    wide = spread_variance(0.2, 3, np.array([0.5]))
    assert wide[0] == pytest.approx(0.02 * (student.ppf(0.975, 2) / Z_95) ** 2)
    assert spread_variance(0.2, 10_000, np.array([0.5]))[0] == pytest.approx(0.02, rel=1e-3)
    assert np.isnan(spread_variance(0.2, 1, np.array([0.5]))[0])


def test_late_entries_are_left_out_as_they_are_of_the_curve():
    """Firms noticed late had to last until then: counted, they would make cohorts differ."""
    spells = spells_of([0.05] * 4, 500, np.random.default_rng(6))
    late = replace(spells, entry=np.where(np.arange(len(spells)) % 2 == 0, 0.0, 1.0))
    early = spells.where(np.arange(len(spells)) % 2 == 0)
    curve = {"A": graduation_curve(early, MONTHS)}
    pd.testing.assert_frame_equal(cohort_counts([late], curve).table, counted(early).table)


def test_before_any_graduation_one_cohort_stands_for_all():
    spells = spells_of([1e-9] * 2, 50, np.random.default_rng(7), (16.0, 16.0))
    assert counted(spells).concentration["A"] == pytest.approx(1.0)


def forecast(rng, tau):
    """Return whether curves of three cohorts lie in the prediction interval of three others."""
    frames = []
    for _ in range(2):
        rates = 0.05 * np.exp(tau * rng.normal(size=3) - 0.5 * tau**2)
        spells = spells_of(rates, 500, rng, (16.0,) * 3)
        curve = graduation_curve(spells, MONTHS)
        counts = cohort_counts([spells], {"A": curve})
        frames.append((curve, CohortSpread(spread_of(counts.table), 0.0, counts.concentration)))
    (fitted, spread), (others, own) = frames
    exact = replace(fitted, covariance=np.zeros((4, 4)))
    table = hold_out_table({"A": fitted}, {"A": others}, {"A": exact}, spread, own)
    return table["is_predicted"].to_numpy(), table["is_inside"].to_numpy()


@pytest.mark.parametrize("tau", [0.0, 0.2])
def test_prediction_intervals_hold_cohorts_that_were_not_fitted_to(tau):
    """Bands of the held-out curve alone do not: five of six even if cohorts are alike."""
    rng = np.random.default_rng(5)
    found = [forecast(rng, tau) for _ in range(300)]
    predicted = np.mean([item[0][1:] for item in found])
    inside = np.mean([item[1][1:] for item in found])
    assert predicted > 0.95 - 4 * np.sqrt(0.05 * 0.95 / 300)
    assert inside < (0.90 if tau == 0.0 else 0.75)


def test_with_one_cohort_there_is_no_interval():
    rng = np.random.default_rng(8)
    spells = spells_of([0.05], 500, rng, (16.0,))
    curve = graduation_curve(spells, MONTHS)
    counts = cohort_counts([spells], {"A": curve})
    alone = CohortSpread(spread_of(counts.table), float("nan"), counts.concentration)
    table = hold_out_table({"A": curve}, {"A": curve}, {"A": curve}, alone, alone)
    assert table["predicted_low_95"].isna().all()
    assert not table["is_predicted"].any()


def test_months_that_no_held_out_cohort_reaches_are_left_out():
    curve = Curve(np.array([6.0, 12.0]), np.array([0.1, 0.2]), np.eye(2) * 1e-4, np.ones(2), 9, 9)
    short = replace(curve, share=np.array([0.1, np.nan]))
    none = CohortSpread(spread_of(pd.DataFrame(columns=["stage", "observed", "expected"])),
                        float("nan"), {"A": np.ones(2)})  # fmt: skip
    table = hold_out_table({"A": curve}, {"A": short}, {"A": curve}, none, none)
    assert list(table["months"]) == [6.0]
    assert not none.is_told


def rate_errors(of_cohorts):
    """Return the errors of logs of a stage whose three numbers each move points of its own."""
    curve = Curve(np.array(MATCHED_MONTHS), np.array([0.04, 0.1, 0.2, 0.25, 0.3]),
                  np.diag(np.full(5, 1e-4)), np.ones(5), 900, 200)  # fmt: skip
    slopes = np.vstack([np.eye(3), np.zeros((2, 3))])
    moments = SimulatedMoments({"A": replace(curve, covariance=np.zeros((5, 5)))}, {}, 0.0)
    none = {"is_fixed": np.zeros(3, dtype=bool), "lost": [""] * 3}
    target = Target("A", curve, of_cohorts)
    return rate_block([target], np.zeros(3), slopes, moments, formula=slopes, **none)


def test_errors_of_rates_hold_what_cohorts_differ_by_and_say_so():
    plain, wide = rate_errors(None), rate_errors(np.full(5, 0.04))
    move = log_hazard_slope(np.array([0.04, 0.1, 0.2]))
    gain = np.diagonal(wide.covariance) - np.diagonal(plain.covariance)
    assert gain == pytest.approx(0.04 * move**2)
    assert "cohorts differ" in wide.estimates[0].note
    assert "cohorts differ" not in plain.estimates[0].note


@pytest.mark.parametrize(
    ("degrees", "chance", "said", "zh"),
    [
        (0, float("nan"), "One cohort does not tell", "单一队列"),
        (6, 0.2, "no more than chance", "不超出偶然"),
        (6, 0.0012, "p = 0.0012). Errors of the rates hold it", "误差已包含此项"),
    ],
)
def test_the_page_says_whether_cohorts_differ(degrees, chance, said, zh):
    spread = CohortSpread(Spread(0.11, 3, 1.0, degrees), chance, {})
    done = SimpleNamespace(spread=spread, cohorts=(2007, 2009, 2011))
    assert said in spread_sentence(done, words_of("en"))
    assert zh in spread_sentence(done, words_of("zh"))
