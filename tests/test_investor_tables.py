"""Tables of investors and of single funds and firms: identities, and one against another."""

from itertools import product

import numpy as np
import pandas as pd
import pytest

from finmodel.errors import InputError
from finmodel.market.run import simulate
from finmodel.measure import (
    activity_table,
    exit_table,
    flow_table,
    fund_flow_table,
    fund_metric_table,
    fund_table,
    fund_year_table,
    history_table,
    ownership_table,
    survival_table,
)
from finmodel.measure.investors import FUND_FLOWS
from finmodel.world import ROUTES
from tests.conftest import small_world

PATHS, SEED = 2, 3
ENDS = ("failure", "closure", *ROUTES)
AMOUNTS = ("paid_in", "invested", "fees", "received", "to_lps", "carry")
FIRM = ["path", "firm"]
# Six years from an empty market: what is reported is all there ever was, and no fund ends.
WHOLE = ("run.scale=0.1", "run.years=6", "run.warm_up_years=0", "funds.angel_group.fee_pa=0")
KINDS = ("angel_group", "independent_vc", "corporate_vc", "state_owned", "guided_subfund")
SHORT = tuple(f"funds.{kind}.term_years=4" for kind in KINDS) + tuple(
    f"funds.{kind}.investment_years=2" for kind in KINDS
)
"""Funds that end within the years, and sell to outsiders."""


@pytest.fixture(scope="module", params=["usual funds", "short funds"])
def run(request):
    changes = SHORT if request.param == "short funds" else ()
    return simulate(small_world(*WHOLE, *changes), paths=PATHS, seed=SEED, detailed=PATHS)


@pytest.fixture(scope="module")
def funds(run):
    return fund_table(run)


@pytest.fixture(scope="module")
def histories(run):
    return history_table(run)


def close(found, expected, **tolerance):
    np.testing.assert_allclose(found, expected, **{"rtol": 1e-9, "atol": 1e-9} | tolerance)


def has_ends(run):
    return run.world.arrays.types["term_quarters"].min() < run.world.arrays.calendar.n_quarters


# Tables of funds, owners, exits and flows.

BYS = [
    tuple(name for name, is_in in zip(("year", "region", "fund_type"), kept, strict=True) if is_in)
    for kept in product((True, False), repeat=3)
]


@pytest.mark.parametrize("by", BYS, ids=lambda by: " ".join(by) or "nothing")
def test_fund_flows_close_and_add_up_however_they_are_cut(run, by):
    total, table = fund_flow_table(run, ()).iloc[0], fund_flow_table(run, by)
    assert list(table.columns[: len(by)]) == list(by)
    close(table["called_mcny"], table["invested_mcny"] + table["fees_mcny"])
    close(table["received_mcny"], table["to_lps_mcny"] + table["carry_mcny"], atol=1e-6)
    years = len(run.world.years) if "year" in by else 1
    for name in FUND_FLOWS:
        assert table[name].sum() / years == pytest.approx(total[name])
        assert total[name] > 0
        assert (table[f"{name}_se"] >= 0).all()


def test_fund_flows_by_an_unknown_cut_are_refused(run):
    with pytest.raises(InputError, match=r"'fund_typ'.*did you mean 'fund_type'"):
        fund_flow_table(run, ("year", "fund_typ"))


def test_shares_of_a_cap_table_sum_to_one(run):
    table = ownership_table(run)
    owners = ["founders", *run.world.fund_types, "outsiders"]
    assert set(table["holder"]) == set(owners)
    for _, rows in table.groupby("stage"):
        assert rows["share"].sum() == pytest.approx(1.0)
        assert rows["share"].between(0, 1).all()
        assert (rows["firms_n"] == rows["firms_n"].iloc[0]).all()
    outside = table.loc[table["holder"] == "outsiders", "share"]
    assert (outside.max() > 0.01) if has_ends(run) else (outside == 0).all()


def test_cap_tables_follow_from_the_rounds_of_every_firm(run, funds, histories):
    """Founders keep the pre-money's part of each round; a round's buyers hold the rest."""
    kinds = funds.set_index(["path", "fund"])["fund_type"].to_dict()
    held = {}  # stage -> owner -> sum over paths and years' ends
    for (path, _), events in histories.groupby(FIRM, sort=False):
        shares, rows = {"founders": 1.0}, events.to_dict("records")
        for row, following in zip(rows, [*rows[1:], None], strict=True):
            if row["event"] == "round":
                kept = 1 - row["amount_mcny"] / row["post_money_mcny"]
                shares = {owner: share * kept for owner, share in shares.items()}
            elif row["event"] == "investment":
                owner = kinds[path, row["fund"]]
                part = row["amount_mcny"] / row["post_money_mcny"]
                shares[owner] = shares.get(owner, 0.0) + part
            last = run.world.years[-1] + 1 if following is None else following["year"]
            if len(shares) > 1 and row["event"] not in ENDS:
                for owner, share in {**shares, "firms": 1.0}.items():
                    sums = held.setdefault(row["stage"], {})
                    sums[owner] = sums.get(owner, 0.0) + share * (last - row["year"])
    table = ownership_table(run).set_index(["stage", "holder"])
    for stage, sums in held.items():
        firms = sums.pop("firms")
        years = len(run.world.years) * PATHS
        close(table.loc[(stage, "founders"), "firms_n"], firms / years)
        assert sum(sums.values()) == pytest.approx(firms)
        for owner in ("founders",) if has_ends(run) else sums:
            close(table.loc[(stage, owner), "share"], sums[owner] / firms, err_msg=owner)


def test_exits_by_route_sum_to_all_and_are_those_of_the_histories(run, histories):
    table = exit_table(run).set_index(["measure", "route"])
    years = len(run.world.years)
    for measure in ("value", "multiple"):
        rows = table.loc[measure]
        for column in ("exits_n", "n_exits"):
            assert rows.loc[list(ROUTES), column].sum() == pytest.approx(rows.loc["all", column])
        assert (rows["n_exits"] == (rows["exits_n"] * PATHS * years).round()).all()
    exits = histories[histories["event"].isin(ROUTES)]
    counts = exits["event"].value_counts()
    activity = activity_table(run).iloc[0]
    for route in ROUTES:
        assert table.loc[("value", route), "n_exits"] == counts[route]
        close(activity[f"{route}_n"], counts[route] / PATHS / years)
    close(activity["exit_value_mcny"], exits["amount_mcny"].sum() / PATHS / years)
    assert counts.sum() > 100
    close(table.loc[("value", "all"), "mean"], exits["amount_mcny"].mean(), rtol=1e-5)
    backed = histories[histories["event"] == "round"].drop_duplicates(FIRM)
    assert table.loc[("multiple", "all"), "n_exits"] == len(exits.merge(backed[FIRM], on=FIRM))


def test_write_offs_are_the_backed_firms_that_failed_or_closed(run, histories):
    table = exit_table(run).set_index(["measure", "route"])
    ends = histories[histories["event"].isin(("failure", "closure"))]
    backed = histories[histories["event"] == "round"].drop_duplicates(FIRM)
    lost = ends.merge(backed[FIRM], on=FIRM)
    assert table.loc[("multiple", "write_off"), "n_exits"] == len(lost) > 50
    rows = table.loc["multiple"]
    both = rows.loc[["all", "write_off"], "n_exits"].sum()
    assert rows.loc["with_write_offs", "n_exits"] == both
    assert rows.loc["write_off", "mean"] < 1 < rows.loc["all", "mean"]


def test_survival_counts_every_firm_of_a_cohort_once(run, histories):
    table = survival_table(run).set_index(["group", "age"])
    for group in ("all", "hard_tech", "general"):
        rows = table.loc[group]
        np.testing.assert_allclose(rows[["alive", "exited", "failed", "closed"]].sum(axis=1), 1)
        assert (rows["alive"].diff().dropna() < 0.02).all()
    born = histories[(histories["event"] == "birth") & histories["year"].isin(run.world.years)]
    close(table.loc[("all", 0), "born_n"], len(born) / PATHS / len(run.world.years))
    ended = ("ipo", "mna", "transfer", "buyback", "failure", "closure")
    last = histories[histories["event"].isin(ended)]
    age = last.merge(born[[*FIRM, "year"]], on=FIRM, suffixes=("", "_born"))
    young = (age["year"] - age["year_born"] == 0).sum()
    close(1 - table.loc[("all", 0), "alive"], young / len(born))


def test_listed_firms_pay_all_shares_alike(run, histories):
    """Proceeds of listings and transfers are the part of the value that founders sold."""
    rounds = histories[histories["event"] == "round"]
    kept = (1 - rounds["amount_mcny"] / rounds["post_money_mcny"]).groupby(
        [rounds["path"], rounds["firm"]]
    )
    founders, raised = kept.prod(), rounds.groupby(FIRM)["amount_mcny"].sum()
    exits = histories[histories["event"].isin(("ipo", "transfer"))].set_index(FIRM)
    part = 1 - founders.reindex(exits.index).fillna(1.0)
    found = run.exits[np.isin(run.exits["route"], (0, 2))]
    close(np.sort(found["proceeds"]), np.sort(exits["amount_mcny"] * part), rtol=1e-5, atol=1e-4)
    close(np.sort(found["raised"]), np.sort(raised.reindex(exits.index).fillna(0)), rtol=1e-5)


def test_flows_add_up_over_types_and_are_the_investments_of_the_histories(run, funds, histories):
    table = flow_table(run)
    pair = ["fund_region", "firm_region"]
    n_regions = len(run.world.regions)
    assert len(table) == (len(run.world.fund_types) + 1) * n_regions**2
    is_all = table["fund_type"] == "all"
    both, parts = table[is_all].set_index(pair), table[~is_all].groupby(pair, sort=False)
    for name in ("rounds_n", "mcny"):
        close(parts[name].sum(), both[name].loc[parts[name].sum().index])
    close(both["mcny"].sum(), activity_table(run)["deals_mcny"].item())
    assert both["rounds_n"].sum() >= activity_table(run)["deals_n"].item()
    deals = histories[histories["event"] == "investment"].merge(
        funds[["path", "fund", "fund_type", "region"]], on=["path", "fund"]
    )
    keys = [deals["fund_type"], deals["region_y"], deals["region_x"]]
    found = deals["amount_mcny"].groupby(keys, observed=True).agg(["count", "sum"])
    years = PATHS * len(run.world.years)
    wanted = table[~is_all].set_index(["fund_type", *pair])
    close(wanted["mcny"], found["sum"].reindex(wanted.index).fillna(0) / years)
    close(wanted["rounds_n"], found["count"].reindex(wanted.index).fillna(0) / years)


# Every fund.


def test_a_fund_calls_no_more_than_it_has_and_its_money_adds_up(run, funds):
    assert (funds["paid_in_mcny"] <= funds["commitment_mcny"] * (1 + 1e-9)).all()
    close(funds["paid_in_mcny"], funds["invested_mcny"] + funds["fees_mcny"])
    close(funds["received_mcny"], funds["to_lps_mcny"] + funds["carry_mcny"], atol=1e-6)
    # Over nothing paid in there is no ratio.
    table = fund_metric_table(run)
    table = table[table["lps"] == "all"].set_index(["path", "fund"])
    is_drawn = (funds.set_index(["path", "fund"])["paid_in_mcny"] > 0).reindex(table.index)
    assert 0 < (~is_drawn).sum() < len(table)
    for name in ("dpi", "rvpi", "tvpi", "gross_moic"):
        assert not (table[name].notna() & ~is_drawn).any()
    assert table["tvpi"].notna().equals(is_drawn)
    shares = funds[[f"lp_{name}_share" for name in run.world.lps]]
    close(shares.sum(axis=1), 1.0)
    assert ((shares >= 0) & (shares <= 1)).all().all()
    assert (funds.loc[funds["fund_type"] == "angel_group", "fees_mcny"] == 0).all()


def test_funds_are_numbered_dated_and_named(run, funds):
    for _, rows in funds.groupby("path"):
        assert list(rows["fund"]) == list(range(len(rows)))
        assert rows["vintage"].is_monotonic_increasing
    assert set(funds["vintage"]) <= set(run.world.years)
    assert set(funds["region"]) <= set(run.world.regions)
    assert set(funds["focus"]) <= {"", *run.world.sectors}
    assert 0 < (funds["focus"] == "").mean() < 1


def test_funds_make_up_the_flows_of_their_types(run, funds):
    """With no year left out, flows a year times years are the sums over every fund."""
    table = fund_flow_table(run).set_index("fund_type")
    sums = funds.groupby("fund_type", observed=False)
    n = PATHS * len(run.world.years)
    for name in AMOUNTS:
        flow = {"paid_in": "called"}.get(name, name)
        close(sums[f"{name}_mcny"].sum().loc[table.index], table[f"{flow}_mcny"] * n, atol=1e-6)
    close(sums["commitment_mcny"].sum().loc[table.index], table["commitments_mcny"] * n)
    close(sums.size().loc[table.index], table["funds_raised_n"] * n)
    by_year = fund_flow_table(run, ("year", "fund_type")).set_index(["year", "fund_type"])
    last = by_year.loc[run.world.years[-1]]
    close(sums["nav_mcny"].sum().loc[last.index], last["nav_mcny"] * PATHS, atol=1e-6)


def test_years_of_a_fund_sum_to_its_totals(run, funds):
    years = fund_year_table(run)
    key = ["path", "fund"]
    assert not years.duplicated([*key, "year"]).any()
    first, last = years.groupby(key)["year"].min(), years.groupby(key)["year"].max()
    index = funds.set_index(key)
    assert (first == index["vintage"]).all()
    assert (last == run.world.years[-1]).all()
    assert (years.groupby(key).size() == last - first + 1).all()
    sums = years.groupby(key)[["called_mcny", "to_lps_mcny"]].sum()
    close(sums["called_mcny"], index["paid_in_mcny"])
    close(sums["to_lps_mcny"], index["to_lps_mcny"], atol=1e-6)
    close(years[years["year"] == last.max()]["nav_mcny"], index["nav_mcny"])
    assert (years[["called_mcny", "to_lps_mcny", "nav_mcny"]] >= -1e-6).all().all()
    total = fund_flow_table(run, ("year",)).set_index("year")
    by_year = years.groupby("year")
    for name in ("called_mcny", "to_lps_mcny", "nav_mcny"):
        close(by_year[name].sum(), total[name] * PATHS, atol=1e-6)


# Every firm.


def test_firms_are_born_once_first_and_act_in_order_of_time(run, histories):
    time = histories["year"] * 4 + histories["quarter"] - 1
    assert histories["quarter"].between(1, 4).all()
    firms = histories.groupby(FIRM, sort=False)
    assert (time.groupby([histories["path"], histories["firm"]]).diff().dropna() >= 0).all()
    assert (firms["event"].first() == "birth").all()
    births = histories[histories["event"] == "birth"]
    assert not births.duplicated(FIRM).any()
    assert births["firm"].dtype == np.uint64
    close(len(births), activity_table(run)["births_n"].item() * PATHS * len(run.world.years))
    assert len(histories[[*FIRM, "region", "sector"]].drop_duplicates()) == len(births)


def test_nothing_happens_to_a_firm_after_its_end(run, histories):
    is_end = histories["event"].isin(ENDS)
    is_last = ~histories.duplicated(FIRM, keep="last")
    assert is_last[is_end].all()
    activity = activity_table(run).iloc[0]
    for event, column in (("failure", "failures_n"), ("closure", "closures_n")):
        count = (histories["event"] == event).sum()
        close(count / PATHS / len(run.world.years), activity[column])
    alive = activity_table(run, ("year",)).set_index("year")["active_n"].iloc[-1]
    close((is_last & ~is_end).sum() / PATHS, alive)


def test_a_round_is_the_sum_of_its_investments_and_below_its_post_money(run, histories):
    key = [*FIRM, "year", "quarter"]
    rounds = histories[histories["event"] == "round"].set_index(key)
    parts = histories[histories["event"] == "investment"]
    assert not rounds.index.duplicated().any()
    sums = parts.groupby(key)["amount_mcny"].sum()
    close(sums.loc[rounds.index], rounds["amount_mcny"])
    assert len(sums) == len(rounds) > 200
    assert (rounds["post_money_mcny"] > rounds["amount_mcny"]).all()
    both = parts.merge(rounds.reset_index(), on=key, suffixes=("", "_round"))
    assert len(both) == len(parts)
    assert (both["post_money_mcny"] == both["post_money_mcny_round"]).all()
    assert (rounds["fund"] == -1).all()
    assert (parts["fund"] >= 0).all()
    assert (parts["amount_mcny"] > 0).all()
    others = histories[~histories["event"].isin(("round", "investment"))]
    assert others["post_money_mcny"].isna().all()
    assert (others["fund"] == -1).all()
    activity = activity_table(run).iloc[0]
    close(len(rounds) / PATHS / len(run.world.years), activity["deals_n"])


def test_a_round_follows_a_need_and_is_no_larger(histories):
    needs = histories["amount_mcny"].where(histories["event"] == "need")
    asked = needs.groupby([histories["path"], histories["firm"]]).ffill()
    is_round = histories["event"] == "round"
    assert (histories["amount_mcny"][is_round] <= asked[is_round] * (1 + 1e-9)).all()


def test_milestones_move_a_firm_one_stage_up_and_nothing_else_does(run, histories):
    order = histories["stage"].astype(str).map({s: k for k, s in enumerate(run.world.stages)})
    step = order.groupby([histories["path"], histories["firm"]]).diff().fillna(0)
    assert (step == (histories["event"] == "milestone")).all()


def test_investments_are_those_of_the_funds(funds, histories):
    deals = histories[histories["event"] == "investment"]
    both = deals.merge(funds, on=["path", "fund"], suffixes=("", "_fund"))
    assert len(both) == len(deals)
    assert (both["year"] >= both["vintage"]).all()
    is_focused = both["focus"] != ""
    assert (both["focus"] == both["sector"].astype(str))[is_focused].all()
    assert is_focused.sum() > 50
    sums = deals.groupby(["path", "fund"])["amount_mcny"].sum()
    index = funds.set_index(["path", "fund"])["invested_mcny"]
    close(sums.reindex(index.index).fillna(0), index)


def test_a_firm_is_the_same_firm_when_money_changes():
    births = []
    for money in (700_000, 50_000):
        world = small_world(f"capital.total_mcny_pa={money}")
        table = history_table(simulate(world, paths=2, seed=SEED, detailed=2))
        births.append(table[table["event"] == "birth"].sort_values(FIRM, ignore_index=True))
    pd.testing.assert_frame_equal(*births)


def test_names_stay_names_when_paths_are_joined_and_nothing_is_no_fault():
    world = small_world("run.scale=0.002", "run.years=1", "run.warm_up_years=0")
    details = simulate(world, paths=3, seed=SEED, detailed=3)
    for table, names in ((history_table(details), ("stage", "event")), (fund_table(details), ())):
        for name in ("region", *names):
            assert table[name].dtype == "category"
    for change in ("capital.total_mcny_pa=0", "births.total_pa=0.000001"):
        empty = simulate(small_world(change), paths=1, seed=SEED, detailed=1)
        sizes = [len(make(empty)) for make in (fund_table, fund_year_table, history_table)]
        assert (sizes[:2] == [0, 0]) if "capital" in change else sizes[2] == 0
    for make in (fund_table, fund_year_table, history_table):
        with pytest.raises(InputError, match="no path in detail"):
            make(simulate(world, paths=1, seed=SEED))
