"""A plan settled and shown: parties add up, tables say what the flows say, markets give lives."""

import json

import numpy as np
import pandas as pd
import pytest

from finmodel.errors import InputError
from finmodel.fund import desk as col
from finmodel.fund.bank import market_bank
from finmodel.fund.irr import irr
from finmodel.fund.life import ALIVE, FAILED
from finmodel.fund.outcome import settle_plan
from finmodel.fund.plan_arrays import charges_of, plan_arrays
from finmodel.fund.simulate import simulate_plan
from finmodel.market.columns import CLOSED, GAVE_UP
from finmodel.market.run import simulate
from finmodel.measure.fund_budget import budget_table, pacing_table, planned_capital
from finmodel.measure.fund_plan import class_table, deal_table, paths_of, plan_summary, year_table
from finmodel.scenario.fund_plan import load_fund_plan, plan_stages
from tests.conftest import ROOT, small_world
from tests.test_command_line import call

FILE = ROOT / "scenarios" / "funds" / "fund_hard_tech.toml"
MARKET = ROOT / "scenarios" / "funds" / "fund_hard_tech_market.toml"


def outcome_of(*changes, paths=300):
    plan = load_fund_plan(FILE, changes)
    stages = plan_stages(plan, FILE)
    return settle_plan(
        plan, stages, simulate_plan(plan_arrays(plan, stages, None), paths=paths, seed=3)
    )


@pytest.fixture(scope="module")
def outcome():
    return outcome_of()


TERMS = {
    "american": ("waterfall.style='american'",),
    "give up": ("lps.state.profit_give_up=0.5", "lps.state.manager_give_up=0.2"),
    "cap": ("lps.state.return_cap_pa=0.05",),
    "buy-back": ("lps.state.buyback_year=5",),
    "first loss": ("lps.state.first_loss_share=1",),
    "line": ("credit_line.delay_quarters=4", "credit_line.limit_share=0.5"),
    "no carry": ("waterfall.tiers=[{from_multiple=0, carry_share=0}]",),
    "multiple hurdle": ("waterfall.hurdle_kind='multiple'", "waterfall.hurdle=1.5"),
}


@pytest.mark.parametrize("name", [None, *TERMS])
def test_all_parties_together_get_what_firms_pay(name):
    """Every quarter: LPs, manager and clawback make up what the fund pays out."""
    found = outcome_of(*TERMS.get(name, ()), paths=60)
    proceeds = found.run.flows[..., col.PAID_OUT]
    payout, classes = found.payout, found.classes
    np.testing.assert_allclose(
        payout.to_lps + payout.carry - payout.clawback, proceeds, atol=1e-9 * 500
    )
    lps = classes.received.sum(axis=1) + classes.to_manager
    np.testing.assert_allclose(lps + found.gp_got, payout.to_lps, atol=1e-9 * 500)
    np.testing.assert_allclose(classes.bought.sum(axis=1), 0.0, atol=1e-9 * 500)
    np.testing.assert_allclose(classes.calls.sum(axis=1), found.lp_calls, atol=1e-9 * 500)
    called = found.line.calls.sum(axis=1)
    assert (called <= 500 * (1 + 1e-9)).all()
    needs = found.run.flows[..., col.CALL].sum(axis=1)
    np.testing.assert_allclose(called, needs + found.line.interest.sum(axis=1), atol=1e-7)


def test_clauses_of_the_state_have_their_sign():
    plain = class_table(outcome_of()).set_index("party")["got_mcny"]
    for name, sign in (("give up", -1), ("cap", -1), ("first loss", -1)):
        found = class_table(outcome_of(*TERMS[name])).set_index("party")["got_mcny"]
        assert sign * (found["state"] - plain["state"]) > 0, name
        assert found["private"] > plain["private"], name
    given = class_table(outcome_of("lps.state.manager_give_up=0.5")).set_index("party")["got_mcny"]
    assert given["manager"] > plain["manager"]
    assert given["private"] == pytest.approx(plain["private"])


def test_without_clauses_classes_are_alike(outcome):
    table = class_table(outcome).set_index("party")
    assert table.loc["state", "tvpi"] == pytest.approx(table.loc["private", "tvpi"])
    assert table.loc["state", "paid_mcny"] == pytest.approx(
        0.3 / 0.7 * table.loc["private", "paid_mcny"]
    )


def test_measures_are_those_of_the_flows(outcome):
    found, flows = paths_of(outcome), outcome.run.flows
    p = int(np.flatnonzero(~np.isnan(found["net_irr_pa"]) & (found["net_tvpi"] > 1.0))[3])
    called, got = outcome.lp_calls[p], outcome.lp_got[p]
    assert found["net_tvpi"][p] == pytest.approx(got.sum() / called.sum())
    rate = irr(got - called, outcome.times)
    assert found["net_irr_pa"][p] == pytest.approx(rate.rate)
    worth = ((got - called) * (1 + rate.rate) ** -outcome.times).sum()
    assert worth == pytest.approx(0.0, abs=1e-6)
    growth = 1.08 ** (outcome.times[-1] - outcome.times)
    assert found["ks_pme"][p] == pytest.approx((got * growth).sum() / (called * growth).sum())
    invested = flows[p][:, [col.INVESTED, col.FOLLOWED]].sum()
    assert found["gross_moic"][p] == pytest.approx(flows[p][:, col.PROCEEDS].sum() / invested)
    assert (found["net_tvpi"] <= found["gross_moic"] + 1e-9).mean() > 0.99
    ahead = np.cumsum(got) >= np.cumsum(called)
    if not np.isnan(found["years_to_dpi_1"][p]):
        assert ahead[int(np.ceil(4 * found["years_to_dpi_1"][p]))]


def test_the_summary_holds_means_errors_and_what_is_not_there(outcome):
    table = plan_summary(outcome).set_index("measure")
    values = paths_of(outcome)["net_tvpi"]
    assert table.loc["net_tvpi", "value"] == pytest.approx(values.mean())
    assert table.loc["net_tvpi", "se"] == pytest.approx(values.std(ddof=1) / np.sqrt(len(values)))
    assert table.loc["net_tvpi", "q50"] == pytest.approx(np.median(values))
    assert table.loc["p_loss", "value"] == pytest.approx((values < 1).mean())
    worst = np.sort(1 - values)[::-1][: round(0.05 * len(values))]
    assert table.loc["expected_shortfall_share", "value"] == pytest.approx(worst.mean(), rel=0.05)
    share = table.loc["years_to_dpi_1", "defined_share"]
    assert share == pytest.approx((values >= 1).mean(), abs=0.02)
    assert (table["defined_share"].dropna() <= 1).all()


def test_a_year_is_the_end_of_its_fourth_quarter(outcome):
    table = year_table(outcome).set_index(["year", "measure"])["value"]
    called = outcome.lp_calls[:, :8].sum(axis=1) / (0.98 * 500)
    assert table[2, "called"] == pytest.approx(called.mean())
    assert table[12, "nav"] == 0
    for year in range(1, 13):
        assert table[year, "dpi"] <= table[year, "tvpi"] + 1e-12
    assert table[12, "tvpi"] == pytest.approx(paths_of(outcome)["net_tvpi"].mean())


def test_deals_add_up_and_shares_of_multiples_are_all(outcome):
    table = deal_table(outcome).set_index("stage")
    assert table.loc["all", "deals_n"] == pytest.approx(table["deals_n"].drop("all").sum())
    parts = [name for name in table if name.startswith("from_")]
    np.testing.assert_allclose(table[parts].sum(axis=1), 1.0)
    assert table.loc["angel", "entry_share"] == pytest.approx(0.12, abs=0.003)


def test_the_shipped_law_is_near_its_evidence():
    """First cheques end as US financings did, and funds as in pension records."""
    cheques = outcome_of("portfolio.follow_share=0", "portfolio.reserve_share=0", paths=3000)
    found = deal_table(cheques).set_index("stage").loc["all"]
    # 65, 25, 6, 2.5 and 1.5 % of more than 21,000 financings (S_CORR_2014_AL).
    for low, share, width in ((0, 0.65, 0.02), (1, 0.25, 0.03), (5, 0.06, 0.025)):
        assert found[f"from_{low}x_share"] == pytest.approx(share, abs=width)
    assert found["from_10x_share"] + found["from_20x_share"] == pytest.approx(0.04, abs=0.01)
    tvpi = plan_summary(outcome_of(paths=3000)).set_index("measure").loc["net_tvpi"]
    # Medians of 1.3 to 1.5 and quartiles of 0.95 and 1.5 to 1.9 (DS_PENSION, 2000 to 2021).
    assert 1.1 < tvpi["q50"] < 1.5
    assert 0.7 < tvpi["q25"] < 1.0
    assert 1.5 < tvpi["q75"] < 2.0


def test_the_budget_closes_and_is_above_what_paths_invest(outcome):
    planned = planned_capital(outcome)
    used = planned.capital + planned.fees + planned.costs + planned.unused
    assert used == pytest.approx(500 + planned.recycled)
    table = budget_table(outcome).set_index("item")
    assert table.loc["investable_mcny", "planned"] >= table.loc["investable_mcny", "simulated"]
    assert 0.3 < table.loc["reserve_needed_share", "planned"] < 0.6
    charges = charges_of(outcome.plan)
    assert charges["fee_committed"].sum() == pytest.approx(0.08)


def test_pacing_stands_beside_the_published_sets(outcome):
    table = pacing_table(outcome)
    assert {"simulated", "venture"} <= set(table["model"])
    mine = table[table["model"] == "simulated"]
    assert mine["called"].sum() == pytest.approx(outcome.lp_calls.sum(axis=1).mean() / 490)
    assert table[table["model"] == "venture"]["called"].iloc[0] == pytest.approx(0.25)


# Lives from a market.


@pytest.fixture(scope="module")
def market():
    world = small_world("run.scale=0.1", "run.years=8")
    return world, simulate(world, paths=2, seed=5, detailed=2).details


def test_a_bank_has_every_round_and_the_end_of_each_firm(market):
    world, details = market
    bank = market_bank(world, details, entry_years=2, is_hard_tech_only=True, stages=("angel", "A"))
    first = world.arrays.calendar.first_reported
    assert bank.n_markets == 2
    assert len(bank.first) == 2 * len(world.stages) + 1
    events = details[0].events
    n_lives = bank.first[len(world.stages)]
    firm = (events["key"].astype(np.uint64) << np.uint64(32)) | events["serial"]
    expected = []
    for stage in range(len(world.stages)):
        for name in pd.unique(firm):
            history = events[firm == name]
            rounds = history[history["kind"] == CLOSED]
            at = np.flatnonzero(rounds["stage"] == stage)
            if len(at) and world.is_hard_tech[history["sector"][0]]:
                joined = rounds["quarter"][at[0]]
                if first <= joined < first + 8:
                    expected.append((stage, rounds, at[0], history[-1]))
    assert len(expected) == n_lives > 100
    lengths = sorted((len(rounds), int(place)) for _, rounds, place, _ in expected)
    found = sorted(
        zip(np.diff(bank.start)[:n_lives].tolist(), bank.before[:n_lives].tolist(), strict=True)
    )
    assert found == lengths
    money = sum(float(rounds["amount"].sum()) for _, rounds, _, _ in expected)
    assert bank.amount[: bank.start[n_lives]].sum() == pytest.approx(money)
    ends = np.array([int(end["kind"]) for *_, end in expected])
    assert (bank.route[:n_lives] == FAILED).sum() == np.isin(ends, (5, GAVE_UP)).sum()
    assert (bank.exit_quarter[:n_lives][bank.route[:n_lives] != ALIVE] >= 0).all()
    assert (bank.quarter[bank.start[:-1] + bank.before] == 0).all()


def test_a_bank_without_the_stage_is_refused(market):
    world, details = market
    with pytest.raises(InputError, match="no round of lab in path"):
        market_bank(
            world,
            details,
            entry_years=1,
            regions=("AH",),
            is_hard_tech_only=True,
            stages=("angel", "lab"),
        )


SMALL = [
    "--set",
    "outcomes.market_paths=2",
    "--set",
    'outcomes.scenario="small.toml"',
]


@pytest.fixture
def folder(tmp_path):
    """The plans beside a small market."""
    for name in (FILE, MARKET):
        (tmp_path / name.name).write_text(name.read_text())
    text = (ROOT / "scenarios" / "yrd_baseline.toml").read_text()
    text = text.replace("scale = 1.0", "scale = 0.2").replace(
        "warm_up_years = 12", "warm_up_years = 6"
    )
    (tmp_path / "small.toml").write_text(text)
    return tmp_path


def test_the_command_prints_stores_and_finds_again(tmp_path):
    first = call("fund", FILE, "--paths", 200, "--out", tmp_path)
    assert first.exit_code == 0, first.output
    for text in (
        "200 paths, seed 20250101.",
        "times what they paid in",
        "Net TVPI",
        "Private LPs",
        "Year by year",
        "Deals by stage",
        "Reserve that pro-rata rights",
        "Stored",
    ):
        assert text in first.output, text
    assert "…" not in first.output
    again = call("fund", FILE, "--paths", 200, "--out", tmp_path)
    assert "Found again" in again.output
    found = json.loads(call("fund", FILE, "--paths", 200, "--out", tmp_path, "--json").stdout)
    rows = {row["measure"]: row for row in found["fund"]}
    assert rows["net_tvpi"]["value"] > 0
    other = call("fund", FILE, "--paths", 200, "--out", tmp_path, "--set", "fund.end_discount=0.5")
    assert "Stored" in other.output


def test_the_command_draws_deals_from_a_market(folder):
    found = call("fund", folder / MARKET.name, *SMALL, "--paths", 100, "--out", folder / "out")
    assert found.exit_code == 0, found.output
    assert "simulated delta" in found.output


def test_the_command_refuses_in_words(tmp_path):
    found = call("fund", FILE, "--set", "portfolio.deals=0", "--out", tmp_path)
    assert found.exit_code == 2
    assert "portfolio.deals" in found.output
    found = call("fund", FILE, "--set", "outcomes.source='market'", "--out", tmp_path)
    assert found.exit_code == 2
    assert not list(tmp_path.iterdir())
