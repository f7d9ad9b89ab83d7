"""Simulated deals, and rates matched to curves that the model itself made."""

from dataclasses import replace

import numpy as np
import pytest

from finmodel.calibrate import match
from finmodel.calibrate.match import SizeTarget, first_guess, match_rates, plain_curve
from finmodel.calibrate.match_errors import (
    AT_EDGE,
    BESIDE_END,
    FLAT,
    MATCHED_MONTHS,
    Target,
    misfit_factor,
    rate_block,
    why_lost,
)
from finmodel.calibrate.round_table import round_table
from finmodel.calibrate.simulated_deals import simulated_book
from finmodel.calibrate.simulated_moments import Setting, simulated_moments
from finmodel.calibrate.spells import make_spells
from finmodel.calibrate.survival import Curve, graduation_curve
from finmodel.errors import CalibrationError
from finmodel.market.run import simulate
from finmodel.measure import graduation_table, history_table
from tests.conftest import YRD, small_world


@pytest.fixture(scope="module")
def run():
    return simulate(
        small_world("run.years=8", "run.warm_up_years=4"),
        paths=6,
        seed=3,
        detailed=6,
        has_fund_money=False,
    )


def test_the_book_has_the_rounds_of_the_histories(run):
    book = simulated_book(run)
    history = history_table(run)
    closed = history[history["event"] == "round"]
    assert len(book.rounds) == len(closed)
    assert book.rounds["amount_mcny"].sum() == pytest.approx(closed["amount_mcny"].sum())
    ends = history[history["event"].isin(["ipo", "mna", "transfer", "buyback"])]
    backed = closed[["path", "firm"]].drop_duplicates()
    assert (book.exits["route"] != "write_off").sum() == len(ends.merge(backed))
    assert not book.firms["firm"].duplicated().any()
    counts = closed.groupby("stage", observed=True).size()
    assert book.rounds["stage"].value_counts().to_dict() == counts[counts > 0].to_dict()


def test_the_same_run_gives_the_same_days_and_they_lie_in_their_quarter(run):
    one, two = simulated_book(run), simulated_book(run)
    assert (one.rounds["date"] == two.rounds["date"]).all()
    history = history_table(run)
    closed = history[history["event"] == "round"]
    quarters = closed["year"].astype(int) * 4 + closed["quarter"] - 1
    days = one.rounds["date"]
    drawn = days.dt.year * 4 + (days.dt.day_of_year - 1) // 91.3125
    assert sorted(quarters) == pytest.approx(sorted(drawn), abs=1.0)


def test_early_quarters_can_be_left_out(run):
    late = simulated_book(run, first_quarter=16)
    first = late.rounds.groupby("firm")["date"].min().dt.year
    start = run.world.scenario.run.start_year - run.world.scenario.run.warm_up_years
    assert first.min() >= start + 4
    assert len(late.firms) < len(simulated_book(run).firms)


def test_a_run_without_details_is_refused(run):
    with pytest.raises(CalibrationError, match="paths in detail"):
        simulated_book(replace(run, details=()))


def test_the_curve_of_the_book_is_near_the_model_s_own_table(run):
    """The table follows calendar cohorts, the curve all spells: the same within sampling error."""
    book = simulated_book(run, first_quarter=16)
    table = round_table(book, run.world.stages)
    spells = make_spells(table, table.stage, book.exits)
    own = graduation_table(run).set_index(["stage", "months"])
    for code in (1, 2, 3):
        name = run.world.stages[code]
        curve = graduation_curve(spells.where(spells.stage == code), (24.0, 36.0))
        for i, months in enumerate((24, 36)):
            row = own.loc[(name, months)]
            error = np.hypot(row["share_se"], curve.standard_error[i])
            # Whole quarters against days: up to half a quarter's graduations apart.
            assert abs(curve.share[i] - row["share"]) < 4 * error + 0.03


def test_a_first_guess_is_exact_for_firms_that_never_wait():
    share = plain_curve(0.5, 0.4, 5.0)
    months = np.array(MATCHED_MONTHS)
    curve = Curve(months, share, np.eye(len(months)), share, 10, 5)
    assert np.exp(first_guess(curve)) == pytest.approx([0.5, 0.4, 5.0], rel=1e-2)


def test_without_a_ramp_the_plain_curve_is_that_of_constant_hazards():
    t = np.array(MATCHED_MONTHS) / 12
    share = 0.25 / 0.55 * -np.expm1(-0.55 * t)
    assert plain_curve(0.25, 0.3, 0.5) == pytest.approx(share)


SETTING = Setting(YRD, 10, 0.05, 5, 6.0)
TRUE = {
    "stages.A.milestone_rate_pa": 0.4,
    "stages.A.failure_rate_pa": 0.35,
    "stages.B.milestone_rate_pa": 0.3,
    "stages.B.failure_rate_pa": 0.22,
    "stages.A.milestone_ramp_quarters": 4.0,
    "stages.B.milestone_ramp_quarters": 6.0,
}


@pytest.fixture(scope="module")
def truth():
    changes = [f"{key}={value}" for key, value in TRUE.items()]
    other = replace(SETTING, seed=77, paths=20)
    return simulated_moments(other, changes, MATCHED_MONTHS)


def test_errors_are_widened_where_the_model_cannot_follow_and_not_for_chance():
    jacobian = np.eye(5)[:, :3]
    covariance = np.diag([1.0, 1.0, 1.0, 4.0, 9.0])

    def factor(*last):
        return misfit_factor(np.array([50.0, 0.0, 0.0, *last]), covariance, jacobian)

    # Two points are left over; 5.99 is the 95 % point of their sum of squares.
    assert factor(2.0, 3.0) == 1.0
    assert factor(2.0 * 1.7, 3.0 * 1.7) == 1.0
    assert factor(2.0 * 1.8, 3.0 * 1.8) == pytest.approx(1.8)
    assert factor(20.0, 0.0) == pytest.approx(10.0 / np.sqrt(2.0))
    assert misfit_factor(np.ones(3), np.eye(3), np.eye(3)) == 1.0


def test_widening_is_as_rare_as_its_test_says():
    """Misses drawn with the covariance they are held against: one in twenty is widened."""
    rng = np.random.default_rng(2)
    root, jacobian = rng.normal(size=(5, 5)), rng.normal(size=(5, 3))
    gaps = rng.normal(size=(2000, 5)) @ root.T
    wide = np.mean([misfit_factor(gap, root @ root.T, jacobian) > 1.0 for gap in gaps])
    assert abs(wide - 0.05) < 4 * np.sqrt(0.05 * 0.95 / 2000)


def test_a_miss_is_said_only_where_a_point_is_missed(truth):
    curve = truth.curves["A"]
    exact = replace(truth, curves={"A": replace(curve, covariance=np.zeros((5, 5)))})
    curve = replace(curve, covariance=np.diag(curve.standard_error**2))
    slopes = np.vstack([np.eye(3), np.zeros((2, 3))])
    all_told = {"is_fixed": np.zeros(3, dtype=bool), "lost": [""] * 3}

    def note(shift):
        near = [Target("A", replace(curve, share=curve.share + shift * curve.standard_error))]
        block = rate_block(near, np.zeros(3), slopes, exact, formula=slopes, **all_told)
        return block.estimates[0].note

    # Two points are left over: a sum of squares of 5.99 is the 95 % point.
    assert "widened" not in note(1.7)
    assert "within 2 standard errors" in note(1.9)
    assert "cannot follow" not in note(1.9)
    assert "cannot follow" in note(3.0)


def test_errors_of_others_hold_what_a_lost_number_leaves_open(truth):
    """A ridge of rate and ramp: the rate's error must not shrink because the ramp has none."""
    curve = truth.curves["A"]
    target = [Target("A", replace(curve, covariance=np.eye(5) * 1e-4))]
    slopes = np.array([[1.0, 0.0, -0.9], [1.0, 0.1, -0.95], [1.0, 0.5, -1], [1, 1, -1], [1, 2, -1]])

    def errors(lost, is_fixed=(False, False, False)):
        fixed = np.array(is_fixed)
        options = {"formula": slopes, "lost": lost, "is_fixed": fixed}
        found = rate_block(target, np.zeros(3), slopes, truth, **options).estimates
        return np.array([item.standard_error for item in found])

    all_of_them = errors(["", "", ""])
    without_ramp = errors(["", "", "Not told."])
    assert np.isnan(without_ramp[2])
    assert without_ramp[:2] == pytest.approx(all_of_them[:2])
    assert errors(["", "", "No effect."], (False, False, True))[0] < 0.3 * all_of_them[0]


def test_a_number_at_the_upper_end_takes_its_stage_with_it():
    none = np.zeros(6, dtype=bool)
    at = np.array([False, False, True, False, False, False])
    upper = why_lost(none, at, none)
    assert upper[:3] == [BESIDE_END, BESIDE_END, AT_EDGE]
    assert upper[3:] == ["", "", ""]
    assert why_lost(at, none, none) == ["", "", AT_EDGE, "", "", ""]
    assert why_lost(none, none, at) == ["", "", FLAT, "", "", ""]


def test_a_ramp_that_moves_no_share_is_no_exact_number(monkeypatch, truth):
    """A ramp below half a quarter does nothing: its error is not 0 but unknown."""
    found = replace(truth, curves={"A": truth.curves["A"]})
    monkeypatch.setattr(match, "simulated_moments", lambda *_, **__: found)
    block = match_rates(SETTING, [Target("A", truth.curves["A"])], None, {}).block
    assert all(np.isnan(item.standard_error) for item in block.estimates)
    for item in block.estimates:
        assert "do not pin it" in item.note or "Not identified" in item.note


def test_matching_without_a_target_is_refused():
    with pytest.raises(CalibrationError, match="no stage"):
        match_rates(SETTING, (), None, {})


@pytest.mark.slow
def test_known_rates_are_found_again(yrd, truth):
    """Curves of a market of other luck and other rates: the rates come back within their errors."""
    targets = [Target(stage, truth.curves[stage]) for stage in ("A", "B")]
    sizes = SizeTarget({"A": np.log(45.0)}, 1.1)
    start = {
        "stages.A.ask_median_mcny": yrd.stages["A"].ask_median_mcny.centre,
        "firms.size_log_sd": yrd.firms.size_log_sd.centre,
    }
    found = match_rates(SETTING, targets, sizes, start)
    for item in found.block.estimates:
        # The luck of whole markets comes on top of the sampling error of their firms.
        error = np.hypot(item.standard_error, 0.05 * item.value)
        assert abs(item.value - TRUE[item.key]) < 4 * error, item
    assert (found.fit["z"].abs() < 4).all()
    assert found.moments.mean_log_size["A"] == pytest.approx(np.log(45.0), abs=0.05)
    assert found.moments.log_size_sd == pytest.approx(1.1, rel=0.05)
    assert len(found.overrides) == 8
    pins = found.block.diagnostics.set_index("key")
    assert pins.loc["stages.A.failure_rate_pa", "moment_stage"] == "A"


def test_a_higher_milestone_rate_lifts_the_curve_and_a_higher_failure_rate_lowers_it():
    base = simulated_moments(SETTING, [], (24.0,)).curves["A"].share[0]
    more = simulated_moments(SETTING, ["stages.A.milestone_rate_pa=0.4"], (24.0,))
    less = simulated_moments(SETTING, ["stages.A.failure_rate_pa=0.6"], (24.0,))
    assert more.curves["A"].share[0] > base + 0.08
    assert less.curves["A"].share[0] < base - 0.03
