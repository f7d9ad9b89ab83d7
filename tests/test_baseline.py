"""The shipped baseline stays near the evidence where docs/baseline.md says it does."""

import pytest

from finmodel.datasets import read_table
from finmodel.market.run import simulate
from finmodel.measure import activity_table, flow_table, gap_table, graduation_table
from finmodel.scenario import load_scenario
from finmodel.world import build_world
from tests.conftest import YRD


@pytest.fixture(scope="module")
def run():
    return simulate(build_world(load_scenario(YRD)), paths=24, seed=20220101)


def delta(metric):
    table = read_table("provinces/vc_market").set_index(["region", "metric"])
    return table.loc[("YRD", metric), "value"]


def test_deals_and_money_of_the_delta(run):
    everything, tech = activity_table(run).iloc[0], activity_table(run, group="hard_tech").iloc[0]
    for row, name in ((everything, "all_vc"), (tech, "tech_vc")):
        assert row["deals_n"] == pytest.approx(delta(f"{name}_deals"), rel=0.05)
        money = delta(f"{name}_invested") * 100
        assert row["deals_mcny"] == pytest.approx(money, rel=0.05 if name == "tech_vc" else 0.03)


def test_provincial_split(run):
    deals = activity_table(run, ("region",)).set_index("region")["deals_n"]
    share = deals / deals.sum()
    for region, target in {"SH": 0.329, "JS": 0.355, "ZJ": 0.252, "AH": 0.064}.items():
        assert share[region] == pytest.approx(target, abs=0.04)


def test_graduation(run):
    evidence = read_table("evidence/derived_from_datasets").set_index(["metric", "stage", "cohort"])
    table = graduation_table(run).set_index(["stage", "months"])["share"]
    for stage, label in {"angel": "seed/angel", "A": "A", "B": "B", "C": "C"}.items():
        for months in (24, 36):
            rows = evidence.loc[f"graduated_to_any_later_stage_within_{months}m"]
            rows = rows.loc[f"{label}->later"]
            rows = rows[rows.index.str.startswith("all;") & (rows["source_id"] == "DS_CN2016")]
            target = rows["value"].item()
            assert table[(stage, months)] == pytest.approx(target, abs=0.06), (stage, months)


def test_flow_out_of_shanghai(run):
    flows = flow_table(run).query("fund_region != firm_region")
    out = flows.loc[flows["fund_region"] == "SH", "rounds_n"].sum() / flows["rounds_n"].sum()
    assert out == pytest.approx(0.512, abs=0.05)


def test_the_market_is_stationary(run):
    """After the warm-up no year stands out: the calendar has no trend of its own."""
    years = gap_table(run, ("year",), "all")
    assert years["ask_n"].max() / years["ask_n"].min() < 1.02
