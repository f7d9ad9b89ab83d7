"""What a plan's measures promise: errors by market, rates that rank every path, cases at limits."""

import itertools

import numpy as np
import pytest

from finmodel.errors import ScenarioError
from finmodel.fund import desk as col
from finmodel.fund.desk import new_lives
from finmodel.fund.life import SOLD, Bank, life_from_bank
from finmodel.fund.outcome import markets_of
from finmodel.measure.fund_budget import budget_table
from finmodel.measure.fund_plan import (
    class_table,
    exposure_of,
    measure_row,
    party_row,
    paths_of,
    plan_summary,
    ranked_irr,
    risk_rows,
    year_table,
)
from finmodel.measure.monte_carlo import grouped_se, mean_se
from finmodel.report.fund_plan import SHOWN, plan_headline
from finmodel.scenario.fund_plan import load_fund_plan
from finmodel.scenario.fund_terms import fixed_charges
from finmodel.variables import labels
from tests.test_fund_plan import FILE, outcome_of


@pytest.fixture(scope="module")
def outcome():
    return outcome_of()


# Errors.


def test_values_alike_in_a_group_have_the_error_of_the_groups():
    rng = np.random.default_rng(1)
    groups = rng.normal(size=25)
    values, group = np.repeat(groups, 40), np.repeat(np.arange(25), 40)
    assert grouped_se(values, group) == pytest.approx(mean_se(groups)[1])
    shuffled = rng.permutation(1000)
    assert grouped_se(values[shuffled], group[shuffled]) == pytest.approx(mean_se(groups)[1])


def test_groups_of_one_have_the_plain_error_and_nan_is_left_out():
    values = np.random.default_rng(2).normal(size=50)
    assert grouped_se(values, np.arange(50)) == pytest.approx(mean_se(values)[1])
    with_nan, group = np.append(values, np.nan), np.append(np.arange(50), 3)
    assert grouped_se(with_nan, group) == pytest.approx(mean_se(values)[1])
    assert np.isnan(grouped_se(values, np.zeros(50, int)))


def test_errors_by_group_are_the_spread_of_the_mean():
    """Over 400 experiments with shared and own luck the error stated is the error made."""
    rng = np.random.default_rng(3)
    group = np.repeat(np.arange(30), 20)
    means, errors = np.empty(400), np.empty(400)
    for i in range(400):
        values = rng.normal(size=30)[group] + rng.normal(size=600)
        means[i], errors[i] = values.mean(), grouped_se(values, group)
    ratio = np.sqrt((errors**2).mean()) / means.std(ddof=1)
    assert ratio == pytest.approx(1.0, abs=4 / np.sqrt(2 * 400))
    assert errors.mean() > 3 * np.sqrt(2 / 600)  # what paths by themselves would say


def test_a_plan_of_a_market_counts_markets(outcome):
    market = np.arange(300) % 10
    shared = outcome.lp_got * (0.5 + 0.2 * market)[:, None]
    values = shared.sum(axis=1) / outcome.lp_calls.sum(axis=1)
    rows = {str(row["measure"]): row for row in risk_rows(values, market)}
    plain = {str(row["measure"]): row for row in risk_rows(values)}
    for name, row in rows.items():
        assert row["value"] == pytest.approx(plain[name]["value"], rel=0.02), name
    assert rows["p_loss"]["se"] > 1.5 * plain["p_loss"]["se"]
    row, plain = measure_row("tvpi", values, market), measure_row("tvpi", values)
    assert row["se"] == pytest.approx(grouped_se(values, market))
    assert row["se"] > 1.5 * plain["se"]
    party = party_row("all", outcome.lp_calls, shared, outcome.times, market)
    assert party["tvpi_se"] == pytest.approx(row["se"])
    assert outcome.market is None  # by a law every path is its own


# Rates of return.


def test_every_path_that_lost_has_a_place_among_rates():
    times = np.arange(4.0)
    flows = np.array(
        [
            [-100.0, -5.0, 0.0, 0.0],  # a total loss
            [-100.0, 0.0, 150.0, -5.0],  # fees after the last proceeds
            [-100.0, 50.0, 0.0, 80.0],
            [5.0, 0.0, 0.0, 10.0],  # nothing was paid
        ]
    )
    rates = ranked_irr(flows, times)
    assert rates[0] == -1.0
    assert 0.0 < rates[1] < np.sqrt(1.5) - 1.0
    assert rates[2] == pytest.approx(0.12835, abs=1e-5)
    assert np.isnan(rates[3])


def test_rates_keep_losing_paths_in_the_mean_and_the_quantiles(outcome):
    found = paths_of(outcome)
    rates, multiple = found["net_irr_pa"], found["net_tvpi"]
    assert not np.isnan(rates).any()
    assert ((rates > 0.0) == (multiple > 1.0)).all()
    rows = plan_summary(outcome).set_index("measure")
    assert rows.loc["net_irr_pa", "defined_share"] == 1.0
    for name in ("irr_several_share", "irr_none_share"):
        assert 0.0 <= rows.loc[name, "value"] < 0.05


# Limits.


def test_net_is_below_gross_on_every_path_without_recycling_and_line():
    found = paths_of(outcome_of("recycling.rate=0", paths=1000))
    assert (found["net_tvpi"] <= found["gross_moic"] + 1e-9).all()
    assert (found["net_irr_pa"] <= found["gross_irr_pa"] + 1e-9).all()


@pytest.mark.parametrize("style", ["european", "american"])
def test_a_higher_hurdle_lowers_no_lps_on_any_path_without_clawback(style):
    terms = ("waterfall.clawback=0", f"waterfall.style='{style}'")
    got = [
        outcome_of(*terms, f"waterfall.hurdle={rate}").lp_got.sum(axis=1)
        for rate in (0.0, 0.04, 0.08, 0.2)
    ]
    for low, high in itertools.pairwise(got):
        assert (high >= low - 1e-7).all()
    assert got[-1].mean() > got[0].mean()


def test_the_manager_gets_fees_and_no_costs(outcome):
    free = outcome_of("costs.running_mcny_pa=0.0", "costs.setup_mcny=0")
    # Costs of 8; of a fund short of money at the end not all are paid.
    for found, width in ((free, 1e-6), (outcome, 0.5)):
        row = class_table(found).set_index("party").loc["manager"]
        costs = fixed_charges(found.plan) - 4 * 0.02 * 500
        fees = found.run.flows[..., col.FEES].sum(axis=1).mean() - costs
        carry = found.payout.carry.sum(axis=1).mean()
        expected = found.gp_got.sum(axis=1).mean() + fees + carry
        assert row["got_mcny"] == pytest.approx(expected, abs=width)


def test_exposure_is_value_and_what_may_be_called(outcome):
    found = exposure_of(outcome)
    nav = outcome.run.flows[..., col.NAV] / 500
    left = 1 - outcome.lp_calls.cumsum(axis=1) / (0.98 * 500)
    np.testing.assert_allclose(found[:, :-1], (nav + left)[:, :-1], atol=1e-9)
    assert (found[:, -1] == 0).all()
    rows = year_table(outcome).set_index(["year", "measure"])["value"]
    assert rows[3, "exposure"] == pytest.approx((nav + left)[:, 11].mean())
    assert (paths_of(outcome)["exposure_peak_share"] >= found[:, 0]).all()


def test_a_fund_that_makes_no_deal_has_a_budget_and_a_headline():
    changes = ("portfolio.concentration_share=0.0001", "portfolio.least_ticket_share=1")
    found = outcome_of(*changes, paths=50)
    assert found.run.flows[..., col.INVESTED].sum() == 0.0
    items = budget_table(found).set_index("item")
    assert list(items.index) == ["commitment_mcny"]
    summary = plan_summary(found)
    assert "0% of futures return the money." in plan_headline(summary, "Nothing")
    assert summary.set_index("measure").loc["net_irr_pa", "value"] == -1.0


def test_measures_shown_are_there_and_labelled(outcome):
    words, rows = labels()["fund"], set(plan_summary(outcome)["measure"])
    for name in SHOWN:
        assert name in rows
        assert words[name]["en"]
        assert words[name]["zh"]


# Changes from the command line.


def test_a_row_of_fees_is_changed_by_its_number():
    plan = load_fund_plan(FILE, ["fees.1.rate_pa=0.01", "fees.0.rate_pa=0.025"])
    assert [step.rate_pa.centre for step in plan.fees] == [0.025, 0.01]
    assert [step.from_year.centre for step in plan.fees] == [0.0, 4.0]
    assert load_fund_plan(FILE).fees[0].rate_pa.centre == 0.02


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ("fees.2.rate_pa=0.01", "N from 0 to 1"),
        ("fees.first.rate_pa=0.01", "N from 0 to 1"),
        ("fees.0=1", "N from 0 to 1"),
        ("fees.0.rate=0.01", "rate_pa"),
        ("fees.0.rate_pa=2", "fees"),
        ("fund.commitment_mcny=5", "more than fees on it and costs of the term"),
    ],
)
def test_what_cannot_be_changed_is_refused_in_words(change, words):
    with pytest.raises(ScenarioError) as error:
        load_fund_plan(FILE, [change])
    assert words in str(error.value)


def test_fixed_charges_by_hand():
    """Setup 2, twelve years of 0.5, four of 2 % on 500."""
    plan = load_fund_plan(FILE)
    life = plan.fund.term_years.centre + plan.fund.extension_years.centre
    assert fixed_charges(plan) == pytest.approx(2 + life * 0.5 + 4 * 0.02 * 500)


# Markets that paths share.


def bank_of(n_markets, n_together):
    """One life a market, told by the rounds before it."""
    return Bank(
        n_markets,
        n_together,
        0.0,
        np.arange(n_markets + 1),
        np.arange(n_markets + 1),
        np.arange(n_markets),
        np.zeros(n_markets, np.int64),
        *[np.ones(n_markets)] * 2,
        np.zeros(n_markets),
        np.full(n_markets, 5),
        np.full(n_markets, SOLD),
        np.ones(n_markets),
    )


@pytest.mark.parametrize("together", [1, 2, 5])
def test_errors_group_the_paths_that_draw_from_one_market(together):
    plan = load_fund_plan(FILE)
    outcomes = plan.outcomes.model_copy(update={"source": "market", "market_paths": 3})
    market = markets_of(plan.model_copy(update={"outcomes": outcomes}), 31, together)
    bank, lives = bank_of(3, together), new_lives(4)
    for path in range(31):
        life_from_bank(bank, 0, 0, lives, 0, np.uint64(1), path)
        assert lives.before[0] == market[path]
    assert markets_of(plan, 31, together) is None
