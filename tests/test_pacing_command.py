"""`finmodel pacing`: commitments by hand, the fit, paths beside the parameters, words, refusals."""

import json

import numpy as np
import pytest

from finmodel import store
from finmodel.errors import CalibrationError, ScenarioError
from finmodel.fund import desk as col
from finmodel.fund.commitments import liquidity
from finmodel.fund.ladder import one_rung, vintage_ladder
from finmodel.fund.pacing import Pacing, pacing_set
from finmodel.fund.pacing_fit import fit_pacing
from finmodel.fund.programme import FundYears, fund_years, reserve_needed, simulated_ladder
from finmodel.fund.programme_plan import earlier_of, plan_commitments, target_of
from finmodel.measure.pacing import (
    programme_summary,
    programme_tables,
    set_table,
    vintage_table,
    year_table,
)
from finmodel.scenario.fund_plan import load_fund_plan
from finmodel.study.fund_plan import run_plan
from finmodel.study.pacing import load_programme, run_programme
from finmodel.variables import labels
from tests.conftest import ROOT
from tests.test_command_line import call

FILE = ROOT / "scenarios" / "funds" / "pacing_guidance.toml"
FUND = ROOT / "scenarios" / "funds" / "fund_hard_tech.toml"
P, L = "programme", "liquidity"


def play(*changes, paths=60, seed=3):
    plan, fund = load_programme(FILE, changes)
    return run_programme(plan, fund, FILE, paths=paths, seed=seed)


@pytest.fixture(scope="module")
def outcome():
    return play(paths=200)


@pytest.mark.parametrize("name", ["venture", "buyout"])
def test_a_fit_gives_back_the_parameters_that_made_the_flows(name):
    made = pacing_set(name)
    rung = one_rung(made, 1.0)
    fit = fit_pacing(rung.contributions, rung.distributions)
    assert fit.pacing.growth_pa == pytest.approx(made.growth_pa, abs=1e-9)
    assert fit.pacing.bow == pytest.approx(made.bow, rel=1e-3)
    np.testing.assert_allclose(fit.pacing.calls, made.calls, rtol=1e-9)
    assert fit.miss < 1e-4


def test_a_fund_that_gives_nothing_back_cannot_be_fitted():
    with pytest.raises(CalibrationError, match="no single rate"):
        fit_pacing([0.5, 0.5], [0.0, 0.0])


def test_simulated_ladder_by_hand():
    called = np.array([[1.0, 0.0], [0.5, 0.5], [0.4, 0.2], [0.0, 1.0]])
    got = np.array([[0.0, 3.0], [0.0, 1.0], [0.1, 0.9], [0.0, 2.0]])
    funds = FundYears(called, got, np.array([[1.0, 0.0], [0.5, 0.0], [0.3, 0.0], [0.2, 0.0]]))
    # Two vintages of one fund on two paths.
    ladder = simulated_ladder(funds, [10.0, 100.0], funds_a_year=1, years=3)
    np.testing.assert_allclose(ladder.contributions, [[10, 50, 50], [4, 2, 100]])
    np.testing.assert_allclose(ladder.distributions, [[0, 30, 100], [1, 9, 200]])
    np.testing.assert_allclose(ladder.nav, [[10, 50, 0], [3, 20, 0]])
    np.testing.assert_allclose(ladder.unfunded, [[0, 50, 0], [6, 100, 0]])
    # One vintage of two funds in equal parts.
    both = simulated_ladder(funds, [10.0], funds_a_year=2, years=2)
    np.testing.assert_allclose(both.contributions, [[7.5, 2.5], [2, 6]])
    with pytest.raises(ValueError, match="whole paths of 3 vintages"):
        simulated_ladder(funds, [1.0, 1.0, 1.0], funds_a_year=1, years=2)


def test_the_reserve_needed_just_never_runs_out():
    paid, income = np.array([100.0, 80.0, 10.0]), np.array([0.0, 30.0, 90.0])
    least = reserve_needed(paid, income, return_pa=0.1)
    assert least == pytest.approx(100 / 1.1 + 50 / 1.21)
    assert liquidity(paid, income, least * (1 + 1e-12), return_pa=0.1).shortfall.sum() == 0
    assert liquidity(paid, income, least * 0.99, return_pa=0.1).shortfall.sum() > 0
    assert reserve_needed([0.0], [5.0], return_pa=0.0) == 0


def test_the_target_is_built_up_in_a_line_and_grows():
    plan, _ = load_programme(
        FILE, [f"{P}.ramp_years=4", f"{P}.years=6", f"{P}.target_growth_pa=0.1"]
    )
    expected = 2000 * np.array([0.25, 0.5, 0.75, 1, 1, 1]) * 1.1 ** np.arange(6)
    np.testing.assert_allclose(target_of(plan), expected)


def test_earlier_years_have_their_place():
    plan, _ = load_programme(FILE, [f'{P}.earlier={{"2021"=80, "2024"=30}}'])
    np.testing.assert_array_equal(earlier_of(plan), [80, 0, 0, 30])
    none, _ = load_programme(FILE, [f"{P}.earlier={{}}"])
    assert len(earlier_of(none)) == 0


def test_commitments_are_never_negative_where_the_exact_ones_are():
    pacing = Pacing(growth_pa=0.1, life_years=4, call_rates=(0.5, 0.5), bow=1.5, yield_share=0.0)
    plan, _ = load_programme(
        FILE, [f"{P}.earlier={{}}", f"{P}.ramp_years=1", f"{P}.smoothing=0", f"{P}.years=12"]
    )
    planned, exact, _ = plan_commitments(plan, pacing)
    assert (planned.commitments >= 0).all()
    np.testing.assert_allclose(exact.exposure, 2000)
    held = vintage_ladder(pacing, planned.commitments, years=12).nav
    np.testing.assert_allclose(planned.exposure, held)
    assert (exact.commitments < 0).any()  # why it cannot be carried out


@pytest.mark.parametrize("measure", ["nav", "exposure"])
def test_the_target_is_held_once_it_is_built_up(measure):
    found = play(f'{P}.measure="{measure}"', f"{P}.smoothing=0.1", paths=20)
    held = found.ladder.nav if measure == "nav" else found.ladder.exposure
    np.testing.assert_allclose(held, found.planned.exposure)
    np.testing.assert_allclose(held[8:], found.target[8:], rtol=0.03)


def test_the_paths_have_the_mean_of_the_fitted_calls(outcome):
    """Fitted parameters call what the funds call in the mean."""
    paths, ladder = outcome.paths, outcome.ladder
    error = paths.contributions.std(axis=0) / np.sqrt(len(paths.contributions))
    off = np.abs(paths.contributions.mean(axis=0) - ladder.contributions)
    # The fit is to all simulated funds; so are the paths, by vintage.
    assert (off < 4 * error + 1e-9).all()
    total = paths.distributions.mean(axis=0).sum() / ladder.distributions.sum()
    assert total == pytest.approx(1.0, abs=0.1)


def test_vintages_add_up_to_the_ladder(outcome):
    table = vintage_table(outcome)
    assert set(table["vintage"]) == set(range(2023, 2041))
    sums = table.groupby("calendar_year")[["contributions_mcny", "nav_mcny", "unfunded_mcny"]].sum()
    years = year_table(outcome).set_index("calendar_year")
    for name in sums:
        np.testing.assert_allclose(sums.loc[2025:, name], years[name], rtol=1e-9)


def test_a_larger_reserve_and_more_funds_make_a_shortfall_rarer(outcome):
    def chance_of(found):
        rows = programme_summary(found).set_index("measure")
        return rows.loc["p_shortfall_ever", "value"]

    few = chance_of(play(f"{P}.funds_a_year=1", paths=300))
    many = chance_of(play(f"{P}.funds_a_year=8", paths=300))
    assert few > many + 4 * np.sqrt(0.5 / 300)
    assert chance_of(play(f"{L}.reserve_mcny=5000", f"{P}.funds_a_year=1")) == 0
    # Without a budget the reserve is called away by the parameters already.
    assert chance_of(play(f"{L}.budget_mcny_pa=0")) == 1
    safe = programme_summary(outcome).set_index("measure").loc["reserve_safe_mcny", "value"]
    within = play(f"{L}.reserve_mcny={safe + 1e-6}", paths=200)
    assert chance_of(within) <= 0.05 + 1e-9


def test_one_fund_s_years_are_its_class_s_flows():
    plan = load_fund_plan(FUND, ["lps.state.profit_give_up=0.5"])
    found = run_plan(plan, FUND, paths=50, seed=5)
    years = fund_years(found, "state")
    commitment = 500 * 0.98 * 0.3
    np.testing.assert_allclose(
        years.called.sum(axis=1) * commitment, found.classes.calls[:, 0].sum(axis=1)
    )
    private = fund_years(found, "private")
    assert (years.got.sum(axis=1) <= private.got.sum(axis=1) + 1e-9).all()
    assert years.called.shape == (50, 12)
    # Marks are shared as commitments are, and nothing is left at the end.
    nav = found.run.flows[:, 3::4, col.NAV] / 500
    np.testing.assert_allclose(years.nav, nav, atol=1e-12)
    np.testing.assert_allclose(private.nav, nav, atol=1e-12)


def test_sets_are_compared_for_the_same_target(outcome):
    table = set_table(outcome).set_index("parameters")
    assert table.loc["venture", "steady_x"] == pytest.approx(6.776, abs=0.002)
    assert list(table.index[table["is_used"]]) == ["fitted"]
    used = set_table(work_with("buyout")).set_index("parameters")
    assert list(used.index[used["is_used"]]) == ["buyout"]


def work_with(name):
    plan, fund = load_programme(FILE, [f'{P}.parameters="{name}"'])
    return run_programme(plan, fund, FILE, paths=4, seed=1)


def test_measures_are_labelled_in_both_languages(outcome):
    tables = programme_tables(outcome)
    assert set(tables["programme"]["measure"]) == set(labels()["programme"])
    assert set(tables["parameter_sets"]["parameters"]) <= set(labels()["parameters"])


def test_working_out_again_changes_nothing(outcome):
    again = play(paths=200)
    np.testing.assert_array_equal(outcome.paths.nav, again.paths.nav)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (f'{P}.parameters="ventura"', "did you mean 'venture'"),
        (f'{P}.lp="stat"', "did you mean 'state'"),
        (f'{P}.fund_plan="fund_hard_tec.toml"', "did you mean 'fund_hard_tech.toml'"),
        (f'{P}.measure="nva"', "did you mean 'nav'"),
        (f"{P}.earlier.2026=10", "before first_year"),
        (f"{P}.target_mcny=-5", "number in (0,"),
        (f"{P}.years=2.5", "whole number"),
        (f"{L}.reserve=5", "did you mean 'liquidity.reserve_mcny'"),
    ],
)
def test_bad_input_is_refused_in_words(change, words):
    with pytest.raises(ScenarioError) as refusal:
        load_programme(FILE, [change])
    assert words.replace("liquidity.", "") in str(refusal.value)


def test_the_command_prints_stores_and_finds_again(tmp_path):
    first = call("pacing", FILE, "--paths", 10, "--out", tmp_path)
    assert first.exit_code == 0, first.output
    for text in (
        "commit between",
        "Year by year by the parameters",
        "chance of",
        "(used)",
        "Stored",
    ):
        assert text in first.output
    assert "…" not in first.output
    again = call("pacing", FILE, "--paths", 10, "--out", tmp_path, "--json")
    found = json.loads(again.stdout)
    assert len(found["programme_years"]) == 16
    (folder,) = [path for path in tmp_path.iterdir() if path.is_dir()]
    assert len(store.read_result(folder, "programme_paths")) == 16 * 8
    assert call("pacing", FILE, "--paths", 90000, "--out", tmp_path).exit_code == 2
