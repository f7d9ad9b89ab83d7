"""Simulated moments against problems with a closed answer."""

from zlib import crc32

import numpy as np
import pytest
from scipy.stats import chi2, kstest

from finmodel.calibrate.identification import directions_table, pins_table
from finmodel.calibrate.moment_search import Simulated
from finmodel.calibrate.smm import Moment, fit_moments
from finmodel.errors import CalibrationError

MATRIX = np.array([[2.0, 0.3], [0.5, 1.5], [1.0, -1.0], [0.2, 0.1]])


def linear(matrix, noise=0.0, seed=0):
    """Moments that are linear in the parameters, with a fixed simulation error."""
    n = len(matrix)
    rng = np.random.default_rng(seed)
    shift = rng.normal(0.0, noise, n) if noise else np.zeros(n)
    return lambda point: Simulated(matrix @ point + shift, np.eye(n) * noise**2)


def moments_at(values, errors):
    return tuple(
        Moment(f"m{k}", float(v), float(s))
        for k, (v, s) in enumerate(zip(values, errors, strict=True))
    )


def fit(simulate, moments, n=2, low=-10.0, high=10.0, start=0.5):
    return fit_moments(
        simulate,
        moments,
        names=tuple(f"p{j}" for j in range(n)),
        start=np.full(n, start),
        low=np.full(n, low),
        high=np.full(n, high),
    )


def test_a_linear_problem_gives_weighted_least_squares():
    errors = np.array([0.5, 1.0, 2.0, 0.7])
    target = np.array([1.0, -2.0, 0.5, 3.0])
    found = fit(linear(MATRIX), moments_at(target, errors))
    weighted = MATRIX / errors[:, None]
    expected, residual, _, _ = np.linalg.lstsq(weighted, target / errors, rcond=None)
    # The search stops when a step gains less than a five hundredth of the criterion.
    assert found.point == pytest.approx(expected, abs=0.02)
    assert found.covariance == pytest.approx(np.linalg.inv(weighted.T @ weighted), rel=1e-6)
    assert found.j == pytest.approx(residual.item(), abs=0.01)
    assert found.degrees == 2
    assert found.p_value == pytest.approx(chi2.sf(found.j, 2))
    assert found.is_converged
    assert found.at_bound == ()


def test_exactly_pinned_problems_have_no_j():
    found = fit(linear(MATRIX[:2]), moments_at([1.0, 1.0], [0.1, 0.1]))
    assert np.isnan(found.j)
    assert np.isnan(found.p_value)
    assert found.misses == pytest.approx([0.0, 0.0], abs=1e-3)


def test_intervals_cover_and_j_is_chi_squared_with_both_errors():
    """The error of the simulation counts like that of the evidence."""
    truth, errors, noise = np.array([0.4, -0.3]), np.array([0.3, 0.2, 0.4, 0.1]), 0.2
    rng = np.random.default_rng(7)
    inside, js = [], []
    for seed in range(400):
        target = MATRIX @ truth + rng.normal(0.0, errors)
        found = fit(linear(MATRIX, noise, seed), moments_at(target, errors))
        inside.append(np.abs(found.point - truth) < 1.96 * found.standard_error)
        js.append(found.j)
    share = np.mean(inside, axis=0)
    assert np.all(np.abs(share - 0.95) < 4 * np.sqrt(0.95 * 0.05 / 400)), share
    assert kstest(js, chi2(2).cdf).pvalue > 1e-3


def test_a_curved_problem_is_found_from_afar():
    def simulate(point):
        a, b = np.exp(point)
        return Simulated(np.array([a + b, a * b, a / b]), np.zeros((3, 3)))

    target = simulate(np.log([3.0, 0.5])).figures
    found = fit(simulate, moments_at(target, target * 0.01), start=0.0)
    assert np.exp(found.point) == pytest.approx([3.0, 0.5], rel=0.01)


def test_a_parameter_that_no_moment_moves_is_named_flat():
    matrix = np.column_stack([MATRIX[:, 0], 1e-3 * MATRIX[:, 1]])
    found = fit(linear(matrix), moments_at(matrix @ [0.2, 0.1], [0.1] * 4))
    table = directions_table(found)
    assert list(table["is_flat"]) == [False, True]
    assert "p1" in table["mix"].iloc[1]
    assert "p0" not in table["mix"].iloc[1]


def test_pins_say_which_moment_holds_which_parameter():
    matrix = np.array([[1.0, 0.0], [0.0, 1.0], [0.0, 0.01]])
    found = fit(linear(matrix), moments_at([0.1, 0.1, 0.1], [0.1] * 3))
    table = pins_table(found).set_index(["parameter", "moment"])
    assert table.loc[("p0", "m0"), "part"] == pytest.approx(1.0)
    assert table.loc[("p1", "m1"), "part"] == pytest.approx(1.0, abs=1e-3)
    assert table.loc[("p0", "m1"), "part"] == pytest.approx(0.0, abs=1e-9)
    assert table.loc[("p0", "m0"), "shift"] == pytest.approx(0.1, rel=1e-6)
    assert table.groupby("parameter")["part"].sum().to_numpy() == pytest.approx([1.0, 1.0])


def test_a_parameter_at_its_end_is_named_and_the_others_go_on():
    found = fit(linear(MATRIX), moments_at(MATRIX @ [5.0, 0.3], [0.1] * 4), high=1.0)
    assert found.at_bound == ("p0",)
    assert found.point[0] == 1.0
    assert found.standard_error[0] == 0.0
    assert found.degrees == 3
    # With p0 held, p1 is the least squares answer of what is left.
    rest = MATRIX @ [5.0, 0.3] - MATRIX[:, 0]
    assert found.point[1] == pytest.approx(
        rest @ MATRIX[:, 1] / (MATRIX[:, 1] ** 2).sum(), abs=0.02
    )


def test_counts_that_move_in_steps_do_not_stop_the_search():
    def simulate(point):
        return Simulated(np.round(1000 * np.exp(point)), np.zeros((2, 2)))

    found = fit(simulate, moments_at([1500.0, 700.0], [30.0, 30.0]), start=0.0)
    assert 1000 * np.exp(found.point) == pytest.approx([1500.0, 700.0], abs=5.0)


def test_what_has_no_answer_is_refused():
    with pytest.raises(CalibrationError, match="2 moments cannot pin 3 parameters"):
        fit(linear(np.ones((2, 3))), moments_at([1.0, 1.0], [1.0, 1.0]), n=3)
    with pytest.raises(CalibrationError, match="positive error: m1"):
        fit(linear(MATRIX[:2]), moments_at([1.0, 1.0], [1.0, 0.0]))
    nothing = lambda point: Simulated(np.array([np.nan, 1.0]), np.zeros((2, 2)))  # noqa: E731
    with pytest.raises(CalibrationError, match="no number for m0"):
        fit(nothing, moments_at([1.0, 1.0], [1.0, 1.0]))


def test_a_parameter_that_moves_nothing_has_no_error_and_costs_no_degree():
    """Not an error of zero: the targets say nothing of it."""
    matrix = np.column_stack([MATRIX, np.zeros(4)])
    target = moments_at(MATRIX @ [0.2, 0.1] + [0.05, 0.0, -0.05, 0.1], [0.1] * 4)
    alone, found = fit(linear(MATRIX), target), fit(linear(matrix), target, n=3)
    assert found.unpinned == ("p2",)
    assert found.without_error == ("p2",)
    assert found.degrees == alone.degrees == 2
    assert found.j == pytest.approx(alone.j, rel=1e-6)
    assert found.standard_error[:2] == pytest.approx(alone.standard_error, rel=1e-6)


def test_parameters_that_only_move_together_have_no_error_of_their_own():
    matrix = np.column_stack([MATRIX[:, 0], MATRIX[:, 0], MATRIX[:, 1]])
    target = moments_at(MATRIX @ [0.2, 0.1] + [0.05, 0.0, -0.05, 0.1], [0.1] * 4)
    alone, found = fit(linear(MATRIX), target), fit(linear(matrix), target, n=3)
    assert found.unpinned == ("p0", "p1")
    assert found.degrees == 2
    assert found.j == pytest.approx(alone.j, rel=1e-3)
    assert found.standard_error[2] == pytest.approx(alone.standard_error[1], rel=1e-6)


def test_a_search_that_stops_short_of_a_minimum_says_so():
    """No step gains, but the derivatives promise much: the moments swing inside a difference."""

    def simulate(point):
        return Simulated(np.array([np.sin(50 * point[0]), np.cos(37 * point[1])]), np.eye(2) * 1e-6)

    found = fit(simulate, moments_at([5.0, -3.0], [0.1, 0.1]), start=0.3, low=-1.0, high=1.0)
    assert not found.is_converged


def test_targets_that_err_together_change_errors_and_j_but_not_the_point():
    """Against the sandwich by hand, and against draws of such targets."""
    errors, truth = np.array([0.3, 0.2, 0.4, 0.1]), np.array([0.4, -0.3])
    rho = np.eye(4)
    rho[0, 1] = rho[1, 0] = 0.95
    covariance = rho * np.outer(errors, errors)
    given = {"names": ("p0", "p1"), "start": np.full(2, 0.5)}
    given |= {"low": np.full(2, -10.0), "high": np.full(2, 10.0)}
    rng, inside, js = np.random.default_rng(3), [], []
    for _ in range(400):
        target = moments_at(rng.multivariate_normal(MATRIX @ truth, covariance), errors)
        found = fit_moments(linear(MATRIX), target, evidence=covariance, **given)
        inside.append(np.abs(found.point - truth) < 1.96 * found.standard_error)
        js.append(found.j)
    alone = fit_moments(linear(MATRIX), target, **given)
    assert alone.point.tolist() == found.point.tolist()
    weighted = MATRIX / errors[:, None]
    inverse = np.linalg.solve(weighted.T @ weighted, weighted.T)
    assert found.covariance == pytest.approx(inverse @ rho @ inverse.T, rel=1e-6)
    assert np.abs(found.standard_error / alone.standard_error - 1).max() > 0.05
    share = np.mean(inside, axis=0)
    assert np.all(np.abs(share - 0.95) < 4 * np.sqrt(0.95 * 0.05 / 400)), share
    assert kstest(js, chi2(2).cdf).pvalue > 1e-3
    # Two that err together and pull an estimate apart bring less of its variance.
    parts = pins_table(found).groupby("parameter")["part"].sum().to_numpy()
    assert parts == pytest.approx([1.0, 1.0])
    errors_along = directions_table(found)["standard_error"].to_numpy()
    _, _, vectors = np.linalg.svd(weighted, full_matrices=False)
    by_hand = np.sqrt(np.diag(vectors @ found.covariance @ vectors.T))
    assert errors_along == pytest.approx(by_hand, rel=1e-6)


def test_full_steps_leave_the_pits_in_which_descent_is_caught():
    """Moments that jitter as counts do: every point has luck of its own."""

    def simulate(point):
        rng = np.random.default_rng(crc32(point.tobytes()))
        return Simulated(MATRIX @ point + rng.normal(0.0, 0.02, 4), np.eye(4) * 0.02**2)

    found = fit_moments(
        simulate,
        moments_at(MATRIX @ [0.6, -0.4], [0.1] * 4),
        names=("p0", "p1"),
        start=np.zeros(2),
        low=np.full(2, -2.0),
        high=np.full(2, 2.0),
        slopes=MATRIX / 0.1,
    )
    assert found.is_converged
    assert found.point == pytest.approx([0.6, -0.4], abs=4 * 0.02)
    assert found.evaluations <= 9


def test_a_fit_that_stays_has_the_errors_of_its_start():
    target = moments_at(MATRIX @ [0.2, 0.1], [0.1] * 4)
    given = {"names": ("p0", "p1"), "low": np.full(2, -1.0), "high": np.full(2, 1.0)}
    found = fit_moments(
        linear(MATRIX), target, start=np.array([0.2, 0.1]), is_moving=False, **given
    )
    moved = fit_moments(linear(MATRIX), target, start=np.zeros(2), **given)
    assert found.point.tolist() == [0.2, 0.1]
    assert found.is_converged
    assert found.covariance == pytest.approx(moved.covariance)
    away = fit_moments(linear(MATRIX), target, start=np.zeros(2), is_moving=False, **given)
    assert not away.is_converged
