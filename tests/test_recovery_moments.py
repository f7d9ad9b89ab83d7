"""Recovery of all parameters of the shipped fit from data sets simulated at known ones."""

import json

import numpy as np
import pytest

from tests.studies import recovery_moments


@pytest.fixture
def smaller(monkeypatch):
    """Fewer paths than the study has, and nothing kept of them for it."""
    cached = (recovery_moments.evidence, recovery_moments.slopes)
    monkeypatch.setattr(recovery_moments, "PATHS", 32)
    monkeypatch.setattr(recovery_moments, "LONG_PATHS", 64)
    for function in cached:
        function.cache_clear()
    yield
    for function in cached:
        function.cache_clear()


def test_a_data_set_gives_back_all_parameters_within_its_errors(smaller):
    """Four and a half errors: twelve parameters of one set, derivatives of few paths."""
    fit = recovery_moments.one_set(0)
    truth = recovery_moments.truth()
    assert len(fit.names) == 12
    assert fit.without_error == ()
    assert np.all(fit.standard_error < 1.0)
    assert np.all(np.abs(fit.point - truth) < 4.5 * fit.standard_error)
    # The targets err together as the plan says, not each for itself.
    scale = np.sqrt(np.diag(recovery_moments.evidence()))
    rho = recovery_moments.evidence() / np.outer(scale, scale)
    place = {name: i for i, name in enumerate(recovery_moments.plan().targets)}
    for pair in recovery_moments.plan().correlations:
        assert rho[place[pair.a], place[pair.b]] == pytest.approx(pair.rho)


def test_kept_sets_are_counted_and_not_fitted_again(tmp_path, monkeypatch):
    truth = recovery_moments.truth()
    rows = [
        {"number": k, "is_own": False, "p": 0.01 if k == 0 else 0.5, "is_converged": k != 1}
        | {"point": (truth + off).tolist(), "error": [error] * 12}
        for k, (off, error) in enumerate(((0.1, 0.1), (0.3, 0.1), (0.0, 0.1), (0.1, 0.0)))
    ]
    file = tmp_path / "sets.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    monkeypatch.setattr(recovery_moments, "one_set", None)
    table, refused, elsewhere = recovery_moments.study(4, file)
    assert table["coverage"].tolist() == [0.5] * 12
    assert table["no_error"].tolist() == [1] * 12
    assert (refused, elsewhere) == (0.25, 0.25)


@pytest.mark.slow
def test_intervals_cover_as_often_as_they_say():
    """All parameters of 40 sets; sets are independent, the parameters of one are not."""
    table, refused, _ = recovery_moments.study(40)
    error = np.sqrt(0.95 * 0.05 / 40)
    assert np.all(np.abs(table["coverage"] - 0.95) < 4 * error), table
    assert abs(table["coverage"].mean() - 0.95) < 2 * error
    assert refused < 0.05 + 4 * error
