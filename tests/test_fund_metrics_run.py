"""Funds inside a run: quarters and deals against the books, metrics against finmodel.fund."""

import numpy as np
import pandas as pd
import pytest

from finmodel.errors import InputError
from finmodel.fund import metrics
from finmodel.fund.irr import irr
from finmodel.fund.pme import direct_alpha, ks_pme
from finmodel.fund.timing import j_curve, time_to_dpi
from finmodel.market import diary
from finmodel.market.run import simulate
from finmodel.measure import (
    fund_group_table,
    fund_metric_table,
    fund_quarter_table,
    fund_table,
    fund_year_table,
    history_table,
)
from finmodel.measure.fund_flows import deals_of, gross_flows, lp_flows
from tests.conftest import small_world
from tests.test_investor_tables import SHORT, WHOLE
from tests.test_programmes import P, policy_world

PATHS, SEED, RATE = 3, 3, 0.12
CLAUSES = (
    "run.scale=0.1",
    "run.years=6",
    "run.warm_up_years=4",
    f"{P}.term_years=4",
    f"{P}.profit_give_up=0.5",
    f"{P}.manager_give_up=0.2",
    f"{P}.loss_cover=0.4",
    *SHORT,
)
WORLDS = {
    "usual funds": small_world(*WHOLE),
    "short funds": small_world(*WHOLE, *SHORT),
    "vehicles": policy_world(*CLAUSES),
}


@pytest.fixture(scope="module", params=list(WORLDS))
def run(request):
    return simulate(WORLDS[request.param], paths=PATHS, seed=SEED, detailed=PATHS)


@pytest.fixture(scope="module")
def table(run):
    return fund_metric_table(run)


def close(found, expected, **tolerance):
    np.testing.assert_allclose(found, expected, **{"rtol": 1e-9, "atol": 1e-9} | tolerance)


def test_quarters_and_deals_add_up_to_the_books_of_each_fund(run):
    for item in run.details:
        funds, money = item.funds, item.money
        gross = gross_flows(run.world, item, money)
        net = lp_flows(run.world, item, money, "all", is_before_clauses=True)
        spent = funds["spent_new"] + funds["spent_follow"]
        close(net.paid.sum(axis=1), funds["called"])
        close(net.got.sum(axis=1), funds["to_lps"])
        close(gross.paid.sum(axis=1), spent)
        close(gross.got.sum(axis=1), funds["proceeds"])
        close((net.paid - gross.paid).sum(axis=1), funds["fees"], atol=1e-8)
        close((gross.got - net.got).sum(axis=1), funds["carry"], atol=1e-8)
        lots, n = money.lots, len(funds)
        held = lots["end"] == diary.HELD
        close(np.bincount(lots["fund"], lots["cost"], n), spent)
        close(np.bincount(lots["fund"][~held], lots["value"][~held], n), funds["proceeds"])
        close(np.bincount(lots["fund"][held], lots["value"][held], n), item.nav, atol=1e-7)
        assert (lots["end"] == diary.SOLD).any() == (funds["is_over"] == 1).any()


def test_a_deal_costs_what_its_fund_put_into_the_firm(run):
    events = history_table(run)
    events = events[events["event"] == "investment"]
    expected = events.groupby(["path", "fund", "firm"])["amount_mcny"].sum()
    found = []
    for item in run.details:
        fund, cost, _ = deals_of(item.money)
        found.append(pd.DataFrame({"path": item.path, "fund": fund, "cost": cost}))
    frame = pd.concat(found).sort_values(["path", "fund", "cost"])
    expected = expected.reset_index().sort_values(["path", "fund", "amount_mcny"])
    close(frame["cost"], expected["amount_mcny"])


def test_quarters_are_the_years_in_four(run):
    quarters = fund_quarter_table(run)
    years = fund_year_table(run).set_index(["path", "fund", "year"])
    sums = quarters.groupby(["path", "fund", "year"])[["called_mcny", "to_lps_mcny"]].sum()
    for name in ("called_mcny", "to_lps_mcny"):
        close(sums[name].reindex(years.index).fillna(0.0), years[name])
    close(quarters["carry_mcny"] + quarters["to_lps_mcny"], quarters["received_mcny"])
    last = quarters.groupby(["path", "fund"]).tail(1).set_index(["path", "fund"])["nav_mcny"]
    nav = fund_table(run).set_index(["path", "fund"])["nav_mcny"]
    close(last.reindex(nav.index).fillna(0.0), nav)


def test_metrics_are_those_of_the_fund_room(run, table):
    for item in run.details:
        for lps in ("all", "state", "private"):
            flows = lp_flows(run.world, item, item.money, lps)
            mine = table[(table["path"] == item.path) & (table["lps"] == lps)]
            assert list(mine["fund"]) == list(flows.rows)
            for place in range(0, len(mine), 7):
                _check_fund(flows, place, mine.iloc[place])


def _check_fund(flows, place, row):
    end = flows.last[place] + 1
    paid, got = flows.paid[place, :end], flows.got[place, :end]
    nav, times = flows.value[place], np.arange(end) / 4
    index = (1 + RATE) ** times
    rate = irr(metrics.net_flows(paid, got, nav), times)
    assert row["net_irr_status"] == rate.status.name.lower()
    close(row["net_irr_pa"], rate.rate, rtol=1e-7)
    close(row["dpi"], metrics.dpi(paid, got))
    close(row["tvpi"], metrics.tvpi(paid, got, nav))
    close(row["ks_pme"], ks_pme(paid, got, nav, index=index))
    alpha = direct_alpha(paid, got, nav, index=index, times=times)
    close(row["direct_alpha_pa"], alpha.rate, rtol=1e-7)
    close(row["years_to_dpi_1"], time_to_dpi(paid, got, times=times, level=1.0))
    curve = j_curve(paid, got, times=times, commitment=flows.commitment[place])
    close(row["j_depth_share"], curve.depth)
    commitment = flows.commitment[place]
    left = max(0.0, commitment - paid.sum())
    close(row["exposure_share"], 0.0 if row["is_over"] else (nav + left) / commitment)


def test_losses_by_deal_are_those_of_the_fund_room(run, table):
    item = run.details[0]
    fund, cost, value = deals_of(item.money)
    mine = table[(table["path"] == 0) & (table["lps"] == "all")].set_index("fund")
    chosen = mine[mine["deals_n"] > 2].index[::5]
    assert len(chosen) > 5
    for f in chosen:
        lost = metrics.loss_ratio(cost[fund == f], value[fund == f], 0.0)
        close(mine.loc[f, "loss_in_losing_deals_share"], lost.in_losing_deals)
        close(mine.loc[f, "loss_share"], lost.lost)
        assert mine.loc[f, "deals_n"] == (fund == f).sum()


def test_a_fund_of_one_deal_at_its_cost_has_lost_nothing(run, table):
    fresh = table[(table["age_years"] <= 0.5) & (table["deals_n"] > 0) & (table["lps"] == "all")]
    assert len(fresh) > 3
    is_at_cost = np.isclose(fresh["gross_moic"], 1.0, rtol=1e-12)
    assert is_at_cost.any()
    assert (fresh[is_at_cost]["loss_in_losing_deals_share"] == 0.0).all()


def test_identities_of_ratios(run, table):
    close(table["dpi"] + table["rvpi"], table["tvpi"])
    everyone = table[table["lps"] == "all"]
    assert (everyone["paid_in_share"] <= 1 + 1e-9).all()
    has_deals = everyone[everyone["deals_n"] > 0]
    assert (has_deals["tvpi"] <= has_deals["gross_moic"] * (1 + 1e-9)).all()
    both = has_deals[
        (has_deals["net_irr_status"] == "ok") & (has_deals["gross_irr_status"] == "ok")
    ]
    assert len(both) > 50
    assert (both["net_irr_pa"] <= both["gross_irr_pa"] + 1e-7).all()
    ahead = (table["direct_alpha_pa"] > 1e-9) & (table["net_irr_status"] == "ok")
    assert (table[ahead]["ks_pme"] > 1.0).all()
    over = table[table["is_over"] & (table["paid_in_share"] > 0)]
    close(over["rvpi"], 0.0, atol=1e-6)
    assert table["years_to_dpi_1"].notna().equals(_was_whole(run, table))


def _was_whole(run, table):
    """Whether LPs had once got back all they had paid so far, fund by fund."""
    found = {}
    for item in run.details:
        for lps in ("all", "state", "private"):
            flows = lp_flows(run.world, item, item.money, lps)
            paid, got = np.cumsum(flows.paid, axis=1), np.cumsum(flows.got, axis=1)
            whole = ((got >= paid) & (paid > 0)).any(axis=1)
            found |= {(item.path, f, lps): w for f, w in zip(flows.rows, whole, strict=True)}
    keys = zip(table["path"], table["fund"], table["lps"], strict=True)
    return pd.Series([bool(found[key]) for key in keys])


def test_net_value_of_young_funds_is_after_the_carry_to_come(run, table):
    """LPs hold less than the marks where a manager's carry has accrued, never more than them.

    In a vehicle they may hold more: gains given to its manager that later calls ate up come back.
    """
    plain = fund_table(run).set_index(["path", "fund"])
    mine = table[table["lps"] == "all"].set_index(["path", "fund"])
    is_plain = ~mine["fund_type"].isin(run.world.programmes)
    mine = mine[(mine["paid_in_share"] > 0) & is_plain]
    marks = (plain["nav_mcny"] / plain["paid_in_mcny"]).reindex(mine.index)
    assert (mine["rvpi"] <= marks + 1e-9).all()
    accrued = marks - mine["rvpi"] > 1e-6
    assert 0 < accrued.sum() < len(mine)


@pytest.mark.parametrize("by", ["vintage", "fund_type"])
def test_groups_pool_flows_and_spread_funds(run, table, by):
    groups = fund_group_table(run, table, by)
    for _, row in groups.iterrows():
        funds = table[table["lps"] == row["lps"]]
        if row[by] != "all":
            funds = funds[funds[by] == row[by]]
        if row["state"] == "ended":
            funds = funds[funds["is_over"]]
        paid = funds["paid_in_share"] * funds["commitment_mcny"]
        close(row["n_funds"], len(funds) / PATHS)
        close(row["commitment_mcny"], funds["commitment_mcny"].sum() / PATHS)
        close(row["tvpi"], (funds["tvpi"] * paid).sum() / paid.sum())
        close(row["dpi"] + row["rvpi"], row["tvpi"])
        at_stake = (funds["exposure_share"] * funds["commitment_mcny"]).sum()
        close(row["exposure_share"], at_stake / funds["commitment_mcny"].sum())
        assert row["exposure_share"] == 0.0 or row["state"] != "ended"
        close(row["not_ended_share"], 1 - funds["is_over"].mean())
        close(row["p_loss"], (funds["tvpi"].dropna() < 1.0).mean())
        ranked = np.sort(funds["tvpi"].dropna())
        n = len(ranked)
        assert row["fund_tvpi_q50"] == ranked[int(np.ceil(0.5 * n - 1e-9)) - 1]
        best = ranked[::-1][: int(np.ceil(n / 4 - 1e-9))]
        weight = np.minimum(1.0, n / 4 - np.arange(len(best)))
        close(row["tvpi_top_quartile"], (best * weight).sum() / (n / 4))
        assert row["fund_tvpi_q25"] <= row["fund_tvpi_q50"] <= row["fund_tvpi_q75"]
        assert row["tvpi"] <= row["gross_moic"] * (1 + 1e-9) or row["lps"] != "all"
    assert {"all"} <= set(groups["lps"])
    assert ("state" in set(groups["lps"])) == bool(run.world.programmes)


def test_one_group_of_one_path_is_the_irr_of_its_flows(run):
    """Pooling by calendar: a rate from flows added up by hand, quarter by quarter."""
    item = run.details[0]
    one = simulate(run.world, paths=1, seed=SEED, detailed=1)
    groups = fund_group_table(one, fund_metric_table(one), "fund_type")
    row = groups[(groups["fund_type"] == "all") & (groups["state"] == "all")].iloc[0]
    flows = lp_flows(run.world, item, item.money, "all")
    n = run.world.arrays.calendar.n_quarters
    net = np.zeros(n)
    for f, vintage in enumerate(item.funds["vintage"]):
        for age in range(flows.last[f] + 1):
            net[vintage + age] += flows.got[f, age] - flows.paid[f, age]
    net[-1] += flows.value.sum()
    close(row["net_irr_pa"], irr(net, np.arange(n) / 4).rate, rtol=1e-7)
    deepest = np.cumsum(net - np.eye(n)[-1] * flows.value.sum()).min()
    close(row["j_depth_share"], deepest / flows.commitment.sum())


def test_threads_do_not_matter_and_no_details_are_refused():
    world = small_world()
    first, second = (
        fund_metric_table(simulate(world, paths=3, seed=1, detailed=3, threads=n)) for n in (1, 2)
    )
    pd.testing.assert_frame_equal(first, second)
    for kept in ({"detailed": 0}, {"detailed": 1, "has_fund_money": False}):
        with pytest.raises(InputError, match="no path in detail"):
            fund_metric_table(simulate(world, paths=1, seed=1, **kept))


def test_a_market_without_funds_has_empty_tables():
    empty = simulate(small_world("capital.total_mcny_pa=0"), paths=1, seed=SEED, detailed=1)
    table = fund_metric_table(empty)
    assert len(table) == 0
    assert {"tvpi", "net_irr_status", "loss_share"} <= set(table)
    assert fund_group_table(empty, table, "vintage").empty
    assert fund_quarter_table(empty).empty
