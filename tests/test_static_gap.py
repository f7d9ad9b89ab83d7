"""Static gap formulas: known cases by hand, identities, limits, and the logit's known truth."""

import numpy as np
import pandas as pd
import pytest

from finmodel import variables
from finmodel.errors import InputError
from finmodel.market import columns as state
from finmodel.market.collect import outcome_column
from finmodel.market.run import simulate
from finmodel.measure import gap_table, history_table, static_gap_table
from finmodel.measure.look_alike import fit_logit, look_alike_gap, look_alikes, need_year_table
from finmodel.measure.monte_carlo import jackknife, jackknife_chunks, mean_se, ratio_se
from finmodel.measure.static_forms import (
    benchmark_form,
    location_quotient,
    region_gdp,
    survey_form,
)
from tests.conftest import small_world

PATHS, SEED = 6, 5
FORMULAS = (
    "survey",
    "benchmark_ratio",
    "vc_over_gdp",
    "location_quotient_gdp",
    "location_quotient_firms",
    "look_alike",
)


@pytest.fixture(scope="module")
def run():
    world = small_world("run.scale=0.1", "run.years=4")
    return simulate(world, paths=PATHS, seed=SEED, detailed=PATHS)


@pytest.fixture(scope="module")
def table(run):
    return static_gap_table(run).set_index(["formula", "region"])


# Errors by leaving out a path.


def test_leaving_out_a_path_gives_the_usual_error_of_a_mean():
    values = np.random.default_rng(1).normal(size=(7, 3))
    for found, expected in zip(jackknife(values, lambda m: m), mean_se(values), strict=True):
        np.testing.assert_allclose(found, expected)
    assert np.isnan(jackknife(values[:1], lambda m: m)[1]).all()


def test_leaving_out_a_path_agrees_with_the_delta_method_and_does_not_mind_chunks():
    rng = np.random.default_rng(2)
    values = rng.gamma(30.0, 1.0, (400, 2))
    whole = jackknife(values, lambda m: m[..., :1] / m[..., 1:])
    ratio, error = ratio_se(values[:, :1], values[:, 1:])
    np.testing.assert_allclose(whole[0], ratio)
    np.testing.assert_allclose(whole[1], error, rtol=0.01)
    parts = jackknife_chunks(
        lambda: iter(np.split(values, (3, 250))), lambda m: m[..., :1] / m[..., 1:]
    )
    np.testing.assert_allclose(parts, whole, rtol=1e-12)


# The survey form.


def survey_of(viable, has_none, amount):
    """The survey form, and the gap it stands for, of needs listed one by one."""
    n = len(amount)
    form = survey_form(
        *(np.array(float(x)) for x in (n, viable.sum(), has_none.sum(), amount.sum()))
    )
    return form, amount[viable & has_none].sum()


def test_survey_form_of_a_known_case():
    # 10 firms, half viable, 3 in 10 without money, 40 each: 10 x 0.5 x 0.3 x 40.
    found = survey_form(*(np.array(x) for x in (10.0, 5.0, 3.0, 400.0)))
    assert found == pytest.approx(60.0)
    assert survey_form(*(np.array(x) for x in (10.0, 5.0, 0.0, 400.0))) == 0.0
    assert np.isnan(survey_form(*(np.array(x) for x in (0.0, 0.0, 0.0, 0.0))))


def test_survey_form_is_the_gap_if_nothing_is_correlated():
    viable, has_none = (np.array(x, bool) for x in np.meshgrid([0, 1, 1], [0, 0, 1, 1, 0]))
    form, gap = survey_of(viable.ravel(), has_none.ravel(), np.full(15, 7.0))
    assert gap == 4 * 7.0
    assert form == pytest.approx(gap)


def test_survey_form_misses_the_gap_if_large_asks_go_unfunded():
    viable = np.ones(10, bool)
    has_none = np.arange(10) >= 8
    form, gap = survey_of(viable, has_none, np.where(has_none, 100.0, 10.0))
    assert gap == 200.0
    assert form == pytest.approx(10 * 0.2 * 28.0)


def test_survey_form_overstates_if_those_without_money_are_not_viable():
    viable = np.arange(10) < 5
    form, gap = survey_of(viable, ~viable, np.full(10, 4.0))
    assert gap == 0.0
    assert form == pytest.approx(10.0)


# Benchmark ratio and location quotients.


def test_benchmark_form_of_a_known_case():
    invested, gdp = np.array([10.0, 4.0, 30.0]), np.array([100.0, 80.0, 400.0])
    np.testing.assert_allclose(benchmark_form(invested, gdp), [0.0, 4.0, 10.0])
    np.testing.assert_allclose(benchmark_form(invested, gdp, 0.06), [0.0, 0.8, 0.0], atol=1e-12)
    np.testing.assert_allclose(
        benchmark_form(np.stack([invested, 2 * invested]), gdp)[1], [0, 8, 20]
    )


def test_benchmark_form_knows_nothing_of_a_region_without_gdp():
    found = benchmark_form(np.array([10.0, 4.0]), np.array([100.0, np.nan]))
    np.testing.assert_array_equal(found, [0.0, np.nan])
    assert np.isnan(benchmark_form(np.ones(2), np.full(2, np.nan))).all()


def test_location_quotient_is_one_in_proportion_and_averages_to_one():
    base = np.array([1.0, 2.0, 5.0])
    np.testing.assert_allclose(location_quotient(3 * base, base), 1.0)
    found = location_quotient(np.array([4.0, 1.0, 1.0]), base)
    assert (found * base).sum() / base.sum() == pytest.approx(1.0)
    assert found[0] == pytest.approx((4 / 6) / (1 / 8))
    assert np.isnan(location_quotient(base, np.array([1.0, np.nan, 1.0]))).all()
    assert np.isnan(location_quotient(base, np.zeros(3))).all()


def test_gdp_is_that_of_the_price_year_scaled():
    full, tenth = region_gdp(small_world("run.scale=1")), region_gdp(small_world("run.scale=0.1"))
    assert full[0] == pytest.approx(4_465_280.0)  # Shanghai 2022: 44,652.8 yi
    np.testing.assert_allclose(tenth, full / 10)
    assert np.isnan(region_gdp(small_world("meta.price_year=2012"))).all()


# The table.


def test_table_has_every_formula_and_region_beside_the_gap(run, table):
    regions = [*run.world.regions, "all"]
    assert list(table.index) == [(form, region) for form in FORMULAS for region in regions]
    gap, total = gap_table(run, ("region",)), gap_table(run)
    for form in FORMULAS:
        np.testing.assert_allclose(table.loc[form, "gap_mcny"].iloc[:-1], gap["gap_mcny"])
        np.testing.assert_allclose(table.loc[form, "gap_mcny_se"].iloc[:-1], gap["gap_mcny_se"])
        assert table.loc[(form, "all"), "gap_mcny"] == pytest.approx(total["gap_mcny"].item())
    ratio = table["static_gap_mcny"] / table["gap_mcny"]
    pd.testing.assert_series_equal(table["static_ratio"], ratio, check_names=False)
    for column in table:
        assert column in variables.DIMENSIONS or variables.variable_of(column)
    reasons = variables.labels()["reason"]
    assert set(table["reason"]) - {""} <= set(reasons)
    assert set(FORMULAS) == set(variables.labels()["formula"])


def test_survey_rows_are_plain_sums_over_the_panel(run, table):
    def sums(region, outcomes, test, *, is_money):
        columns = [outcome_column(outcome, test, is_money=is_money) for outcome in outcomes]
        chosen = run.panel[:, :, region, :, 1][..., columns]
        return chosen.sum() / PATHS / len(run.world.years)

    for name, test in (("", 1), ("_low", 2), ("_high", 3)):
        for r, region in enumerate(run.world.regions):
            seekers = sums(r, (0, 1, 2, 3), 0, is_money=False)
            viable = sums(r, (0, 1, 2, 3), test, is_money=False) / seekers
            unsuccessful = sums(r, (2, 3), 0, is_money=False) / seekers
            ticket = sums(r, (0, 1, 2, 3), 0, is_money=True) / seekers
            found = table.loc[("survey", region), f"static_gap_mcny{name}"]
            assert found == pytest.approx(seekers * viable * unsuccessful * ticket)
    rows = table.loc["survey"]
    assert (rows["static_gap_mcny_low"] < rows["static_gap_mcny"]).all()
    assert (rows["static_gap_mcny"] < rows["static_gap_mcny_high"]).all()
    assert (rows["static_gap_mcny_se"] > 0).all()


def test_indicators_are_plain_quotients_of_money_gdp_and_firms(run, table):
    money = run.panel[:, :, :, :, 1, state.DEAL_M].sum(axis=3).mean(axis=(0, 1))
    firms = run.panel[:, :, :, :, 1, state.ACTIVE_N].sum(axis=3).mean(axis=(0, 1))
    gdp = region_gdp(run.world)
    forms = {
        "vc_over_gdp": money / gdp,
        "location_quotient_gdp": (money / money.sum()) / (gdp / gdp.sum()),
        "location_quotient_firms": (money / money.sum()) / (firms / firms.sum()),
    }
    for form, expected in forms.items():
        np.testing.assert_allclose(table.loc[form, "indicator"].iloc[:-1], expected)
    total = table.loc[("vc_over_gdp", "all"), "indicator"]
    assert total == pytest.approx(money.sum() / gdp.sum())


def test_the_best_region_has_no_benchmark_gap_and_the_total_is_the_sum(table):
    rows, money = table.loc["benchmark_ratio"], table.loc["vc_over_gdp", "indicator"]
    best = money.iloc[:-1].idxmax()
    assert rows.loc[best, "static_gap_mcny"] == 0.0
    assert rows.loc[best, "static_gap_mcny_se"] == 0.0
    parts = rows["static_gap_mcny"].iloc[:-1]
    assert (parts.drop(best) > 0).all()
    assert rows.loc["all", "static_gap_mcny"] == pytest.approx(parts.sum())


def test_indicators_have_no_amount_and_say_so(table):
    for form in ("vc_over_gdp", "location_quotient_gdp", "location_quotient_firms"):
        rows = table.loc[form]
        assert rows["static_gap_mcny"].isna().all()
        assert rows["static_ratio"].isna().all()
        assert (rows["reason"] == "indicator").all()
        assert rows["indicator"].notna().all()
    for form in ("location_quotient_gdp", "location_quotient_firms"):
        assert table.loc[(form, "all"), "indicator"] == 1.0


def test_without_gdp_there_is_no_ratio_to_it():
    run = simulate(small_world("meta.price_year=2012"), paths=2, seed=1)
    found = static_gap_table(run).set_index("formula")
    for form in ("benchmark_ratio", "vc_over_gdp", "location_quotient_gdp"):
        assert found.loc[form, ["static_gap_mcny", "indicator"]].isna().all().all()
        assert (found.loc[form, "reason"] == "no GDP").all()
    assert found.loc["location_quotient_firms", "indicator"].notna().all()
    assert found.loc["survey", "static_gap_mcny"].notna().all()


def test_without_details_there_is_no_look_alike():
    run = simulate(small_world(), paths=2, seed=1)
    rows = static_gap_table(run).set_index("formula").loc["look_alike"]
    assert rows["static_gap_mcny"].isna().all()
    assert (rows["reason"] == "no details").all()
    with pytest.raises(InputError, match="detail"):
        look_alike_gap(run, "hard_tech")


def test_without_capital_all_that_sought_went_without():
    run = simulate(small_world("capital.total_mcny_pa=0"), paths=2, seed=1, detailed=2)
    found = static_gap_table(run).set_index("formula")
    assert (found.loc["look_alike", "reason"] == "no fit").all()
    assert (found.loc["benchmark_ratio", "static_gap_mcny"] == 0).all()
    needs = pd.concat([gap_table(run, ("region",)), gap_table(run)])
    assert needs["funded_mcny"].sum() == 0
    sought = (needs["ask_mcny"] - needs["discouraged_mcny"]).to_numpy()
    assert (sought > 0).all()
    # Everybody who sought got nothing: what is left is the viable share of what they asked.
    share = found.loc["survey", "static_gap_mcny"].to_numpy() / sought
    assert ((share > 0.2) & (share < 1)).all()


def test_money_over_gdp_does_not_depend_on_the_scale():
    changes = ("run.years=2", "run.warm_up_years=2")
    small, large = (
        static_gap_table(simulate(small_world(f"run.scale={scale}", *changes), paths=40, seed=1))
        for scale in (0.05, 0.1)
    )
    rows = small["formula"].eq("vc_over_gdp").to_numpy()
    error = np.hypot(small["indicator_se"], large["indicator_se"])[rows]
    assert (abs(small["indicator"] - large["indicator"])[rows] < 4 * error).all()


# The logit.


def test_needs_of_the_histories_are_those_of_the_books(run):
    needs, total = need_year_table(run), gap_table(run, ("year",), "all").set_index("year")
    by_year = needs.groupby("year")
    np.testing.assert_allclose(by_year.size() / PATHS, total["ask_n"])
    np.testing.assert_allclose(by_year["amount_mcny"].sum() / PATHS, total["ask_mcny"])
    funded = needs[needs["is_funded"]].groupby("year").size() / PATHS
    np.testing.assert_allclose(funded, total["funded_n"] + total["shortfall_n"])
    deals = (history_table(run)["event"] == "round").sum()
    assert needs["is_funded"].sum() <= deals


def test_logit_recovers_known_coefficients():
    rng = np.random.default_rng(20220101)
    truth = np.array([0.4, -0.8, 1.1])
    design = np.column_stack([np.ones(20_000), rng.normal(size=20_000), rng.random(20_000) < 0.3])
    outcome = rng.random(20_000) < 1 / (1 + np.exp(-(design @ truth)))
    fit = fit_logit(design, outcome)
    error = np.sqrt(np.diag(fit.covariance))
    assert fit.is_converged
    assert (abs(fit.coefficients - truth) < 4 * error).all()
    assert (error < 0.06).all()
    # At the maximum the residuals are orthogonal to every column.
    np.testing.assert_allclose(design.T @ (outcome - fit.probability), 0, atol=1e-4)


def test_logit_of_a_two_by_two_table_is_its_log_odds():
    design = np.column_stack([np.ones(100), np.repeat([0.0, 1.0], 50)])
    outcome = np.r_[np.arange(50) < 10, np.arange(50) < 40]
    fit = fit_logit(design, outcome)
    np.testing.assert_allclose(fit.coefficients, [np.log(10 / 40), 2 * np.log(4)], rtol=1e-6)
    variance = 1 / 10 + 1 / 40
    np.testing.assert_allclose(np.diag(fit.covariance), [variance, 2 * variance], rtol=1e-4)
    twice = fit_logit(np.column_stack([design, design[:, 1]]), outcome)
    np.testing.assert_allclose(twice.probability, fit.probability, rtol=1e-8)


def test_logit_of_a_class_with_one_outcome_ends_near_certainty():
    design = np.column_stack([np.ones(40), np.repeat([0.0, 1.0], 20)])
    outcome = np.r_[np.arange(20) < 10, np.ones(20, bool)]
    fit = fit_logit(design, outcome)
    assert fit.is_converged
    np.testing.assert_allclose(fit.probability, np.repeat([0.5, 1.0], 20), atol=1e-6)


def listed(stage, funded, amount=10.0):
    return pd.DataFrame(
        {"stage": stage, "sector": "x", "region": "y", "amount_mcny": amount, "is_funded": funded}
    )


def test_look_alikes_are_the_unfunded_of_the_class_that_is_mostly_funded():
    # The mean probability of the funded is (45 x 0.9 + 30 x 0.6 + 5 x 0.1) / 80 = 0.74.
    stage = np.repeat(["A", "B", "C"], 50)
    funded = np.r_[np.arange(50) < 45, np.arange(50) < 30, np.arange(50) < 5]
    is_alike, fit = look_alikes(listed(stage, funded))
    assert fit.is_converged
    assert fit.probability[funded].mean() == pytest.approx((45 * 0.9 + 30 * 0.6 + 5 * 0.1) / 80)
    np.testing.assert_array_equal(is_alike, ~funded & (stage == "A"))


def test_nobody_is_alike_if_all_or_none_are_funded():
    for funded in (True, False):
        is_alike, fit = look_alikes(listed(["A", "B"], [funded, funded]))
        assert fit is None
        assert not is_alike.any()


def test_look_alike_rows_are_sums_of_unfunded_asks(run, table):
    rows = table.loc["look_alike"]
    parts = rows["static_gap_mcny"].iloc[:-1]
    assert rows.loc["all", "static_gap_mcny"] == pytest.approx(parts.sum())
    assert (rows["reason"] == "").all()
    needs = gap_table(run, ("region",))
    unmet = needs["ask_mcny"] - needs["funded_mcny"] - needs["shortfall_mcny"]
    assert (parts.to_numpy() > 0).all()
    assert (parts.to_numpy() < unmet).all()


def test_look_alikes_are_found_among_the_sectors_asked_for(run):
    world, needs = run.world, need_year_table(run)
    for group, is_in in (("hard_tech", world.is_hard_tech), ("general", ~world.is_hard_tech)):
        chosen = needs[needs["sector"].isin(np.array(world.sectors)[is_in])]
        chosen = chosen[look_alikes(chosen)[0]]
        expected = [
            chosen.loc[(chosen["region"] == region).to_numpy(), "amount_mcny"].sum()
            for region in world.regions
        ]
        found, error = look_alike_gap(run, group)
        np.testing.assert_allclose(found[:-1], np.array(expected) / PATHS / len(world.years))
        by_path = chosen.groupby("path")["amount_mcny"].sum().reindex(range(PATHS)).fillna(0.0)
        spread = by_path.std() / np.sqrt(PATHS) / len(world.years)
        assert error[-1] == pytest.approx(spread)
