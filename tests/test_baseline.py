"""The shipped baseline stays near the evidence where docs/baseline.md says it does."""

import numpy as np
import pytest

from finmodel.datasets import read_table
from finmodel.market import columns as col
from finmodel.market.run import simulate
from finmodel.measure import (
    activity_table,
    exit_table,
    flow_table,
    fund_flow_table,
    gap_table,
    graduation_table,
)
from finmodel.scenario import load_scenario
from finmodel.world import build_world
from tests.conftest import ROOT, YRD


@pytest.fixture(scope="module")
def run():
    return simulate(build_world(load_scenario(YRD)), paths=32, seed=20220101)


def market(region, metric, year=2022):
    table = read_table("provinces/vc_market")
    rows = table[(table["region"] == region) & (table["metric"] == metric)]
    return rows.loc[rows["year"] == year, "value"].item()


def test_deals_and_money_of_the_delta(run):
    everything, tech = activity_table(run).iloc[0], activity_table(run, group="hard_tech").iloc[0]
    for row, name in ((everything, "all_vc"), (tech, "tech_vc")):
        assert row["deals_n"] == pytest.approx(market("YRD", f"{name}_deals"), rel=0.05)
        money = market("YRD", f"{name}_invested") * 100
        assert row["deals_mcny"] == pytest.approx(money, rel=0.07)


def model_figure(label):
    """Return the model's figure of a target as docs/baseline.md shows it."""
    rows = (ROOT / "docs" / "baseline.md").read_text(encoding="utf-8").splitlines()
    cells = next(row for row in rows if row.startswith(f"| {label} |")).split("|")
    return float(cells[3].split()[0].removesuffix("%"))


def test_misses_are_told_with_the_figures_of_the_table():
    """docs/validation.md speaks of the same run as the table of docs/baseline.md."""
    text = " ".join((ROOT / "docs" / "validation.md").read_text(encoding="utf-8").split())
    for label, words, digits in (
        ("Net TVPI of funds, median", "the median fund has a TVPI of {} (1.5)", 2),
        ("Called after 3 years, venture, median", "funds have called {} % after three years", 0),
        ("Exits of investors: transfer", "{} % transfers (20 %)", 0),
        ("Exits of investors: IPO", "{} % are listings", 0),
        ("Spread of yearly money, log", "its log spreads by {},", 2),
        ("Age at closure, last round A, median", "one with an A round at {} years", 1),
    ):
        figure = f"{model_figure(label):.{digits}f}"
        assert words.format(figure) in text, (label, figure)


def test_provincial_split(run):
    deals = activity_table(run, ("region",)).set_index("region")["deals_n"]
    share = deals / deals.sum()
    for region, target in {"SH": 0.329, "JS": 0.355, "ZJ": 0.252, "AH": 0.064}.items():
        assert share[region] == pytest.approx(target, rel=0.1)


def test_graduation(run):
    evidence = read_table("evidence/derived_from_datasets").set_index(["metric", "stage", "cohort"])
    table = graduation_table(run).set_index(["stage", "months"])["share"]
    for stage, label in {"angel": "seed/angel", "A": "A", "B": "B", "C": "C"}.items():
        for months in (24, 36):
            rows = evidence.loc[f"graduated_to_any_later_stage_within_{months}m"]
            rows = rows.loc[f"{label}->later"]
            rows = rows[rows.index.str.startswith("all;") & (rows["source_id"] == "DS_CN2016")]
            target = rows["value"].item()
            assert table[(stage, months)] == pytest.approx(target, abs=0.04), (stage, months)


def test_flows_between_provinces(run):
    table = read_table("provinces/yrd_cross_province_flows")
    rows = table[(table["flow"] == "vc_institution_investment") & table["share"].notna()]
    target = dict(zip(rows["origin"], rows["share"], strict=True))
    flows = flow_table(run).query("fund_type == 'all' and fund_region != firm_region")
    total = flows["rounds_n"].sum()
    out = flows.loc[flows["fund_region"] == "SH", "rounds_n"].sum() / total
    into = flows.loc[flows["firm_region"] == "SH", "rounds_n"].sum() / total
    assert out == pytest.approx(target["Shanghai"], abs=0.03)
    assert into == pytest.approx(target["Jiangsu+Zhejiang+Anhui"], abs=0.03)
    among = next(share for name, share in target.items() if name.startswith("among"))
    assert 1 - out - into == pytest.approx(among, abs=0.03)


def test_money_raised_and_money_invested(run):
    years = range(2018, 2024)
    invested = sum(market("China", "invested", year) for year in years)
    raised = sum(market("China", "raised", year) for year in years)
    funds = fund_flow_table(run, ()).iloc[0]
    ratio = funds["invested_mcny"] / funds["commitments_mcny"]
    assert ratio == pytest.approx(invested / raised, abs=0.06)
    logs = np.log([market("China", "invested", year) for year in years])
    yearly = run.fund_flow[..., col.INVESTED_M].sum(axis=(2, 3))
    assert np.log(yearly).std() == pytest.approx(logs.std(ddof=1), abs=0.08)


def test_returns(run):
    exits = exit_table(run).set_index(["measure", "route"])
    assert exits.loc[("multiple", "ipo"), "mean"] == pytest.approx(4.0, abs=0.6)
    assert 1.5 < exits.loc[("multiple", "all"), "hill"] < 2.5
    funds = fund_flow_table(run, ()).iloc[0]
    assert 1.15 < funds["to_lps_mcny"] / funds["called_mcny"] < 1.7
    assert funds["fees_mcny"] / funds["commitments_mcny"] == pytest.approx(0.163, abs=0.006)


def test_every_outcome_of_a_need_occurs(run):
    row = gap_table(run).iloc[0]
    for outcome in ("funded", "shortfall", "rejected", "refused", "discouraged"):
        assert row[f"{outcome}_n"] > 5, outcome


def test_the_market_is_stationary(run):
    """After the warm-up no year stands out: the calendar has no trend of its own."""
    years = gap_table(run, ("year",), "all")
    assert years["ask_n"].max() / years["ask_n"].min() < 1.03
    money = fund_flow_table(run, ("year",))["commitments_mcny"]
    assert money.max() / money.min() < 1.25
