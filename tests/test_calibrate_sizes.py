"""Round-size laws: closed forms, intervals, clusters."""

import numpy as np
import pytest

from finmodel.calibrate.sizes import (
    MIN_ROUNDS,
    SizeSample,
    clustered,
    fit_sizes,
    quantile_table,
)
from finmodel.errors import CalibrationError

STAGES = ("angel", "A")


def sample_of(n=4000, *, seed=1, interval=0.0, per_firm=1):
    rng = np.random.default_rng(seed)
    stage = rng.integers(0, 2, n)
    firm = np.repeat(np.arange(n // per_firm), per_firm)
    x = (rng.random(n) < 0.4).astype(float)[:, None]
    shared = rng.standard_normal(n // per_firm)[firm] if per_firm > 1 else 0.0
    own = rng.standard_normal(n) if per_firm == 1 else np.sqrt(0.2) * rng.standard_normal(n)
    noise = own if per_firm == 1 else np.sqrt(0.8) * shared + own
    log = np.array([1.0, 3.0])[stage] + 0.5 * x[:, 0] + np.array([1.2, 0.8])[stage] * noise
    wide = rng.random(n) < interval
    low, high = np.where(wide, np.floor(log), log), np.where(wide, np.floor(log) + 1.0, log)
    return SizeSample(stage, low, high, x, firm)


def test_exact_amounts_give_means_and_spreads_of_logs():
    sample = sample_of()
    plain = SizeSample(sample.stage, sample.low, sample.high, np.zeros((4000, 0)), sample.firm)
    law = fit_sizes(plain, STAGES)
    for k, name in enumerate(STAGES):
        own = sample.low[sample.stage == k]
        assert law.at(f"mu:{name}")[0] == pytest.approx(own.mean(), abs=1e-5)
        assert np.exp(law.at(f"ln sd:{name}")[0]) == pytest.approx(own.std(), rel=1e-5)
        assert law.at(f"mu:{name}")[1] == pytest.approx(own.std() / np.sqrt(len(own)), rel=0.01)
    assert law.is_converged


def test_intervals_are_used_as_intervals():
    law = fit_sizes(sample_of(interval=0.7), STAGES, ["x"])
    truth = {"mu:angel": 1.0, "mu:A": 3.0, "x": 0.5, "ln sd:angel": np.log(1.2)}
    for name, value in (truth | {"ln sd:A": np.log(0.8)}).items():
        found, error = law.at(name)
        assert abs(found - value) < 4 * error, name
    exact = fit_sizes(sample_of(), STAGES, ["x"])
    assert law.at("mu:A")[1] > exact.at("mu:A")[1]


def test_one_interval_far_out_does_no_harm():
    sample = sample_of(400)
    low, high = sample.low.copy(), sample.high.copy()
    low[0], high[0] = 40.0, 41.0
    law = fit_sizes(SizeSample(sample.stage, low, high, sample.x, sample.firm), STAGES, ["x"])
    assert np.isfinite(law.params).all()
    assert np.isfinite(law.covariance).all()


def test_errors_of_firms_with_many_like_rounds_are_larger():
    clustered_law = fit_sizes(sample_of(per_firm=5), STAGES, ["x"])
    plain = sample_of(per_firm=5)
    alone = SizeSample(plain.stage, plain.low, plain.high, plain.x, np.arange(4000))
    assert clustered_law.at("mu:A")[1] > 1.3 * fit_sizes(alone, STAGES, ["x"]).at("mu:A")[1]


def test_a_common_spread_is_one_number():
    law = fit_sizes(sample_of(), STAGES, ["x"], has_common_spread=True)
    assert law.names[-1] == "ln sd"
    assert 0.8 < np.exp(law.params[-1]) < 1.2


def test_too_few_amounts_are_refused():
    sample = sample_of(MIN_ROUNDS - 2)
    with pytest.raises(CalibrationError, match="no stage has 30 disclosed amounts"):
        fit_sizes(sample, STAGES, ["x"])


def test_clusters_of_one_give_the_sum_of_squares():
    scores = np.array([[1.0, 2.0], [3.0, -1.0], [0.0, 1.0]])
    assert clustered(scores, np.arange(3)) == pytest.approx(1.5 * scores.T @ scores)
    assert clustered(scores, np.zeros(3, dtype=int))[0, 0] == pytest.approx(16.0)


def test_normal_residuals_lie_on_the_line():
    table = quantile_table(fit_sizes(sample_of(), STAGES, ["x"]).residuals)
    middle = table[table["normal"].abs() < 1.5]
    assert (middle["observed"] - middle["normal"]).abs().max() < 0.15
