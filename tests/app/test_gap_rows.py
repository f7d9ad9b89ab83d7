"""Rows of the gap explorer and of flows: sums, units, what is not known stays unknown."""

import math

import pandas as pd
import pytest

from finmodel import store
from finmodel.datasets.root import published_root
from finmodel.report import gap_rows as rows_of
from finmodel.report.flow_rows import CROSSING, crossing, flow_rows, largest_flows
from finmodel.report.wording import Wording

RUN = next(
    folder
    for folder in sorted((published_root() / "runs").iterdir())
    if store.read_manifest(folder)["name"] == "yrd_baseline"
)
MANIFEST = store.read_manifest(RUN)


def table(name):
    return store.read_result(RUN, name)


HARD = rows_of.hard_sectors(MANIFEST, MANIFEST["sectors"])


def test_sectors_of_services_and_old_industry_do_not_count():
    assert len(HARD) == 7
    assert "consumer_services" not in HARD
    assert rows_of.hard_sectors({}, ["a", "b"]) == ["a", "b"]


@pytest.mark.parametrize("side", ["mcny", "n"])
@pytest.mark.parametrize("by", ["sector", "year"])
def test_cells_of_provinces_add_up_to_the_table_of_all(side, by):
    words = Wording()
    whole = table(f"gap_{by}")
    if by == "sector":
        whole = whole[whole["sector"].isin(HARD)]
    expected = rows_of.gap_rows(whole, by, side, words)
    found = [
        rows_of.cell_rows(table("gap_cells"), region, by, side, HARD, words)
        for region in MANIFEST["regions"]
    ]
    for column in ("need", "gap"):
        total = sum(rows.set_index("code")[column] for rows in found)
        assert total[expected["code"]].to_numpy() == pytest.approx(expected[column], rel=1e-6)
    assert found[0][["gap_se", "low", "high", "rate_se"]].isna().all(axis=None)


@pytest.mark.parametrize("region", ["SH", "AH"])
def test_cells_of_a_province_add_up_to_its_gap(region):
    rows = rows_of.cell_rows(table("gap_cells"), region, "sector", "mcny", HARD, Wording())
    own = table("gap_region").set_index("region").loc[region]
    assert rows["gap"].sum() * 1000 == pytest.approx(own["gap_mcny"], rel=1e-6)
    assert rows["need"].sum() * 1000 == pytest.approx(own["viable_ask_mcny"], rel=1e-6)


def test_money_is_in_the_unit_and_needs_are_not():
    stage = table("gap_stage")
    yi = rows_of.gap_rows(stage, "stage", "mcny", Wording("zh", "yi"))
    assert yi["gap"].to_numpy() == pytest.approx(stage["gap_mcny"] / 100)
    needs = rows_of.gap_rows(stage, "stage", "n", Wording("zh", "yi"))
    assert needs["gap"].to_numpy() == pytest.approx(stage["gap_n"])


def test_the_persistent_part_lies_within_the_gap_and_the_gap_within_the_need():
    for side in ("mcny", "n"):
        for region in ("all", "JS"):
            source = table("gap_total" if region == "all" else "gap_region")
            value = rows_of.fate_rows(source, region, side, Wording()).set_index("fate")["value"]
            assert 0 < value["persistent"] < value["gap"] < value["viable_ask"]
    assert rows_of.fate_rows(table("gap_region"), "XX", "n", Wording()).empty


def test_the_funnel_narrows_within_each_stage():
    rows = rows_of.funnel_rows(table("gap_stage"), Wording())
    wide = rows.pivot_table(index="stage", columns="step", values="needs")
    assert (wide["asked"] >= wide["viable"]).all()
    assert (wide["viable"] > wide["funded"]).all()
    assert (rows["right"] - rows["left"]).to_numpy() == pytest.approx(rows["needs"])


def test_a_formula_without_an_amount_says_why_and_what_it_counts():
    rows = rows_of.formula_rows(table("static_gap"), "all", Wording()).set_index("formula")
    assert rows.loc["simulated", "value"] == pytest.approx(98.752, abs=1e-3)
    assert math.isnan(rows.loc["look_alike", "value"])
    assert "kept in detail" in rows.loc["look_alike", "note"]
    assert (rows["counts"].str.len() > 10).all()
    assert rows_of.formula_rows(table("static_gap"), "XX", Wording()).empty


def test_parts_keep_their_sign_and_unknown_errors():
    parts = pd.DataFrame(
        {
            "part": ["scarcity", "distance", "gap"],
            **{f"{name}_{side}": [3.0, -1.0, 2.0] for name in ("gap",) for side in ("mcny", "n")},
            **{f"gap_{side}_se": [0.5, math.nan, 0.1] for side in ("mcny", "n")},
            **{f"gap_share_{side}": [1.5, -0.5, 1.0] for side in ("mcny", "n")},
            **{f"gap_share_{side}_se": [0.1, math.nan, 0.0] for side in ("mcny", "n")},
        }
    )
    rows = rows_of.why_rows(parts, "n", Wording(paths=40))
    assert rows["value"].tolist() == [3.0, -1.0, 2.0]
    # Student's 99.5 % point of 39 degrees of freedom is 2.708.
    assert rows["low"].iloc[0] == pytest.approx(3.0 - 2.708 * 0.5, abs=1e-3)
    assert math.isnan(rows["low"].iloc[1])


def test_flows_of_all_are_those_of_the_types_and_shares_add_up():
    flows = table("flows")
    everything = flow_rows(flows, "all", Wording())
    parts = [flow_rows(flows, name, Wording())["value"].sum() for name in MANIFEST["fund_types"]]
    assert sum(parts) == pytest.approx(everything["value"].sum())
    assert everything.groupby("fund_region")["share"].sum().to_numpy() == pytest.approx(1.0)
    assert len(largest_flows(everything)) == 16


def test_the_index_tells_the_same_share_as_the_flows():
    rows = flow_rows(table("flows"), "all", Wording())
    share = rows.loc[rows["crosses"], "value"].sum() / rows["value"].sum()
    index = table("integration_index")
    yearly = index[(index["series"] == "simulated") & (index["component"] == CROSSING)]
    assert yearly["indicator"].min() < share < yearly["indicator"].max()


def test_an_index_without_numbers_tells_nothing():
    index = table("integration_index")
    assert crossing(index.iloc[:0]) is None
    assert crossing(index.assign(indicator=math.nan)) is None
    found = crossing(index)
    assert found is not None
    assert (found.first_year, found.last_year) == (2022, 2029)
