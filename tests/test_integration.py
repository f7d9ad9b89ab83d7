"""The integration index: known flows, its base, its mean, and the official series beside it."""

import numpy as np
import pytest

from finmodel import datasets, variables
from finmodel.errors import InputError
from finmodel.market.run import simulate
from finmodel.measure import flow_table, fund_table, gap_table, history_table, integration_table
from finmodel.measure import integration as index_of
from finmodel.measure.integration import (
    FLOWS,
    STATEMENT,
    as_index,
    crossing_share,
    exits_by_origin,
    pair_evenness,
)
from finmodel.measure.monte_carlo import mean_se
from finmodel.world import ROUTES
from tests.conftest import ROOT, small_world

PATHS, DETAILED, SEED = 6, 4, 5


@pytest.fixture(scope="module")
def run():
    world = small_world("run.scale=0.1", "run.years=4")
    return simulate(world, paths=PATHS, seed=SEED, detailed=DETAILED)


@pytest.fixture(scope="module")
def table(run):
    return integration_table(run)


def simulated(table):
    return table[table["series"] == "simulated"].set_index(["component", "year"])


def test_share_that_crosses_borders_of_known_flows():
    flow = np.array([[6.0, 1.0], [2.0, 1.0]])
    assert crossing_share(flow) == pytest.approx(0.3)
    assert crossing_share(np.diag([3.0, 1.0])) == 0.0
    assert np.isnan(crossing_share(np.zeros((2, 2))))


def test_evenness_is_one_if_even_zero_if_all_is_in_one_pair_and_blind_to_home_and_scale():
    even = np.full((4, 4), 2.0)
    assert pair_evenness(even) == pytest.approx(1.0)
    assert pair_evenness(even + np.diag([9.0, 0, 0, 1])) == pytest.approx(1.0)
    single = np.zeros((4, 4))
    single[1, 2] = 5.0
    assert pair_evenness(single) == 0.0
    half = np.array([[0.0, 3.0], [1.0, 0.0]])
    expected = -(0.75 * np.log(0.75) + 0.25 * np.log(0.25)) / np.log(2)
    assert pair_evenness(half) == pytest.approx(expected)
    assert pair_evenness(7 * half) == pytest.approx(expected)
    assert np.isnan(pair_evenness(np.diag([1.0, 2.0])))
    assert np.isnan(pair_evenness(np.ones((1, 1))))


def test_an_index_starts_at_a_hundred_and_is_undefined_without_a_base():
    np.testing.assert_allclose(as_index(np.array([0.2, 0.3, 0.1])), [100, 150, 50])
    assert np.isnan(as_index(np.array([[0.0, 0.3], [np.nan, 1.0]]))).all()


def test_first_year_is_a_hundred_without_error(run, table):
    rows = simulated(table)
    first = rows.xs(run.world.years[0], level="year")
    np.testing.assert_allclose(first["index_value"], 100.0)
    np.testing.assert_allclose(first["index_value_se"], 0.0, atol=1e-9)
    later = rows.drop(index=run.world.years[0], level="year")
    assert (later["index_value_se"] > 0).all()
    assert (rows["base"] == f"{run.world.years[0]}=100").all()


def test_totals_are_means_of_their_parts(table):
    wide = simulated(table)["index_value"].unstack("component")
    np.testing.assert_allclose(wide["total_without_results"], wide[list(FLOWS)].mean(axis=1))
    np.testing.assert_allclose(wide["total"], wide[[*FLOWS, "results_sharing"]].mean(axis=1))
    error = simulated(table)["index_value_se"].unstack("component")
    expected = np.hypot(0.8 * error["total_without_results"], 0.2 * error["results_sharing"])
    np.testing.assert_allclose(error["total"], expected)


def test_quantities_agree_with_the_other_tables(run, table):
    rows = simulated(table)["indicator"].unstack("year")
    needs = gap_table(run, ("year",))
    funded = 1 - needs["gap_rate_n"]
    np.testing.assert_allclose(rows.loc["environment_support"], funded)
    # Over all years: the share that crosses is the money-weighted mean of the years' shares.
    flows = flow_table(run)
    flows = flows[flows["fund_type"] == "all"]
    crosses = flows["fund_region"] != flows["firm_region"]
    by_year = run.flow.mean(axis=0).sum(axis=2)
    for side, column, name in (
        (0, "rounds_n", "innovation_cooperation"),
        (1, "mcny", "resource_sharing"),
    ):
        weight = by_year[side].sum(axis=(1, 2))
        found = (rows.loc[name] * weight).sum() / weight.sum()
        assert found == pytest.approx(flows.loc[crosses, column].sum() / flows[column].sum())
    np.testing.assert_allclose(rows.loc["industry_linkage"], pair_evenness(by_year[1]))


def test_results_are_those_of_the_histories(run, table):
    events, homes = history_table(run), fund_table(run).set_index(["path", "fund"])["region"]
    exits = {year: [0, 0] for year in run.world.years}
    foreign = {}
    for row in events.to_dict("records"):
        firm = (row["path"], row["firm"])
        if row["event"] == "investment":
            is_far = homes[(row["path"], row["fund"])] != row["region"]
            foreign[firm] = foreign.get(firm, False) or is_far
        elif row["event"] in ROUTES and row["year"] in exits and firm in foreign:
            exits[row["year"]][0] += 1
            exits[row["year"]][1] += foreign[firm]
    counts = exits_by_origin(run).sum(axis=0)
    np.testing.assert_array_equal(counts, list(exits.values()))
    assert counts[:, 0].min() > 5
    level = simulated(table).loc["results_sharing", "indicator"]
    np.testing.assert_allclose(level, counts[:, 1] / counts[:, 0])


def test_without_details_results_and_total_are_unknown_and_the_rest_is_the_same(run, table):
    plain = simulate(run.world, paths=PATHS, seed=SEED)
    rows, full = simulated(integration_table(plain)), simulated(table)
    for name in ("results_sharing", "total"):
        assert rows.loc[name, "index_value"].isna().all()
        assert (rows.loc[name, "reason"] == "no details").all()
    for name in (*FLOWS, "total_without_results"):
        np.testing.assert_array_equal(rows.loc[name, "index_value"], full.loc[name, "index_value"])
        assert (rows.loc[name, "reason"] == "").all()
    with pytest.raises(InputError, match="detail"):
        exits_by_origin(plain)


def test_index_error_is_that_of_many_runs():
    """The stated error of the last year's index against its spread over seeds."""
    world = small_world("run.years=2", "run.warm_up_years=2")
    found, stated = [], []
    for seed in range(40):
        rows = simulated(integration_table(simulate(world, paths=20, seed=seed)))
        row = rows.loc[("total_without_results", world.years[-1])]
        found.append(row["index_value"])
        stated.append(row["index_value_se"])
    assert 0.6 < np.std(found, ddof=1) / np.mean(stated) < 1.6


def test_one_region_has_no_borders_and_no_index():
    flow = np.ones((3, 1, 1))
    assert (crossing_share(flow) == 0).all()
    assert np.isnan(as_index(crossing_share(flow))).all()


def test_chunks_of_paths_do_not_matter(run, table, monkeypatch):
    panel = run.spools["panel"]
    monkeypatch.setattr("finmodel.market.spool.CHUNK", 2 * panel.read(0, 1).nbytes)
    assert sum(1 for _ in index_of._yearly(run)) == PATHS / 2
    found = simulated(integration_table(run))["index_value"]
    np.testing.assert_allclose(found, simulated(table)["index_value"], rtol=1e-12)


def test_official_series_stands_beside_as_printed(table):
    official = table[table["series"] == "official"]
    source = datasets.read_table("provinces/yrd_index")
    source = source[source["index_name"] == index_of.OFFICIAL]
    key = ["edition", "year", "component"]
    left = official.set_index(key)["index_value"].sort_index()
    right = source.set_index(key)["value"].sort_index()
    assert left.to_dict() == right.to_dict()
    assert set(official["edition"]) == {"2020", "2022", "2023", "2024"}
    assert (official["base"] == "2011=100").all()
    assert official["source_id"].isin(datasets.sources()["source_id"]).all()
    assert official[["index_value_se", "indicator"]].isna().all().all()


def test_official_series_is_the_delta_s_alone():
    from finmodel.scenario import load_scenario
    from finmodel.world import build_world

    changes = ("run.scale=0.02", "run.years=2", "run.warm_up_years=1")
    world = build_world(load_scenario(ROOT / "scenarios/china31_baseline.toml", changes))
    found = integration_table(simulate(world, paths=2, seed=1))
    assert set(found["series"]) == {"simulated"}


def test_every_column_component_and_reason_is_declared(table):
    labels = variables.labels()
    for column in table:
        assert column in variables.DIMENSIONS or variables.variable_of(column)
    assert set(table["component"]) == set(labels["component"])
    assert set(table["reason"]) - {""} <= set(labels["reason"])


def test_a_mean_of_flows_is_not_a_mean_of_shares():
    """Quantities are ratios of means over paths: paths with more money count for more."""
    flow = np.array([[[9.0, 1.0], [0.0, 0.0]], [[0.0, 90.0], [0.0, 0.0]]])
    assert crossing_share(flow.mean(axis=0)) == pytest.approx(0.91)
    assert mean_se(crossing_share(flow))[0] == pytest.approx(0.55)


def test_the_page_says_what_it_is_and_is_not():
    page = (ROOT / "docs/static_gap.md").read_text(encoding="utf-8")
    assert STATEMENT in " ".join(page.split())
