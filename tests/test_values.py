"""What firms are worth: the table of values, its hurdles, and `finmodel values`."""

import json
from dataclasses import replace

import numpy as np
import pytest
from typer.testing import CliRunner

from finmodel.cli.main import app
from finmodel.measure import value_table
from finmodel.world import TESTS, stage_values
from tests.conftest import YRD, small_world

RUNNER = CliRunner()
CELL = ["region", "stage", "sector"]
NO_EXITS = tuple(f"exits.{route}_value_multiple=0" for route in ("ipo", "mna", "transfer"))
NO_EXITS += ("exits.buyback_value_multiple=0",)


def call(*args):
    return RUNNER.invoke(app, [str(arg) for arg in args], env={"COLUMNS": "200"})


def hurdles_of(*changes):
    table = value_table(small_world(*changes), (0.0,))
    return table[table["rate"] == "market"].set_index(CELL)


@pytest.fixture(scope="module")
def world():
    return small_world("clusters.strength.AH/aerospace=1")


def test_every_cell_is_listed_once_with_its_values(world):
    table = value_table(world)
    assert not table.duplicated([*CELL, "rate", "quality"]).any()
    assert len(table) == len(world.regions) * len(world.stages) * len(world.sectors) * 2 * 5
    np.testing.assert_allclose(
        table["ratio"], table["exit_value_mcny"] / table["capital_needed_mcny"], rtol=1e-12
    )
    row = table.set_index([*CELL, "rate", "quality"]).loc[("AH", "B", "aerospace", "social", 1.0)]
    rules, stages = world.arrays.rules[0], world.arrays.stages[world.regions.index("AH")]
    rate = world.scenario.viability.social_rate_pa.centre
    values = stage_values(stages, rules, rate, np.array([1.0]))
    k, s = world.stages.index("B"), world.sectors.index("aerospace")
    assert row["exit_value_mcny"] == values.exit_value[0, k, s]
    assert row["capital_needed_mcny"] == values.capital_needed[0, k, s]
    for test in TESTS:
        assert row[f"hurdle_{test}"] == stages[k, s][f"hurdle_{test}"]


@pytest.mark.parametrize("test", ["market", "social"])
def test_at_the_hurdle_a_firm_is_worth_its_capital(world, test):
    """Below it a firm is not, above it is, and the ratio passes one without a jump.

    The strict and the loose test count capital otherwise at every stage, so their hurdles are
    not where this ratio is the margin.
    """
    grid = np.arange(-400, 401) / 100  # every hundredth, as the hurdles' own grid
    table = value_table(world, tuple(grid))
    table = table[table["rate"] == test]
    n_seen = 0
    for _, cell in table.groupby(CELL):
        ratio, hurdle = cell["ratio"].to_numpy(), cell[f"hurdle_{test}"].iloc[0]
        above = int(np.searchsorted(grid, hurdle))
        assert ratio[above - 1] < 1 < ratio[above]
        assert (ratio[above:] > 1).all()
        assert np.interp(hurdle, grid, ratio) == pytest.approx(1.0, abs=1e-3)
        n_seen += 1
    assert n_seen == len(world.regions) * len(world.stages) * len(world.sectors)


def test_values_rise_with_quality_and_fall_with_the_rate(world):
    table = value_table(world).set_index([*CELL, "rate", "quality"])["ratio"].unstack()
    assert (table.diff(axis=1).iloc[:, 1:] >= 0).all().all()
    assert (table[2.0] > table[1.0]).all()
    by_rate = table[0.0].unstack("rate")
    assert (by_rate["social"] >= by_rate["market"]).all()
    assert (by_rate["social"] > by_rate["market"]).loc[(slice(None), ["B", "C", "pre_ipo"])].all()


@pytest.mark.parametrize(("strength", "sign"), [(2, -1), (-2, 1)])
def test_a_cluster_moves_hurdles_only_of_its_sector_in_its_region(strength, sign):
    base = hurdles_of()
    moved = hurdles_of(f"clusters.strength.AH/aerospace={strength}")
    columns = ["hurdle_market", "hurdle_market_strict", "hurdle_market_loose"]
    change = moved[columns] - base[columns]
    is_its_own = change.index.isin([("AH", k, "aerospace") for k in ("lab", "angel", "A", "B")])
    assert is_its_own.sum() == 4
    assert (np.sign(change[is_its_own]) == sign).all().all()
    is_elsewhere = (change.index.get_level_values("region") != "AH") | (
        change.index.get_level_values("sector") != "aerospace"
    )
    assert (change[is_elsewhere] == 0).all().all()
    last = change.loc[("AH", "pre_ipo", "aerospace")]
    assert (last == 0).all()  # no milestone is left to reach


def test_a_cluster_without_effect_or_outside_the_regions_changes_nothing():
    base = hurdles_of()
    for change in ("clusters.strength.AH/aerospace=0", "clusters.strength.GD/aerospace=3"):
        assert hurdles_of(change).equals(base)
    assert hurdles_of("clusters.loading=0", "clusters.strength.AH/aerospace=3").equals(base)


def test_nothing_viable_is_infinite_and_never_undefined():
    table = value_table(small_world(*NO_EXITS))
    assert (table["ratio"] == 0).all()
    for test in TESTS:
        assert np.isposinf(table[f"hurdle_{test}"]).all()
    assert not table.isna().any().any()


def test_a_firm_that_needs_nothing_has_an_infinite_ratio(world):
    stages = world.arrays.stages.copy()
    stages["burn_pp"] = 0.0
    free = replace(world, arrays=world.arrays._replace(stages=stages))
    assert np.isposinf(value_table(free)["ratio"]).all()
    for route in ("ipo", "mna", "transfer", "buyback"):
        stages[f"{route}_value"] = 0.0
    assert value_table(free)["ratio"].isna().all()  # nothing needed, nothing worth


def test_the_command_prints_one_region():
    first = call("values", YRD)
    assert first.exit_code == 0, first.output
    for part in ("quality zero in SH", "pre_ipo", "biomedicine", "exit value", "lowest quality"):
        assert part in first.output
    there = call("values", YRD, "--region", "AH", "--set", "clusters.strength.AH/aerospace=2")
    assert "quality zero in AH" in there.output
    here = call("values", YRD, "--set", "clusters.strength.AH/aerospace=2")
    assert here.output == first.output
    assert there.output.replace(" AH,", " SH,") != first.output


def test_the_printed_numbers_are_those_of_the_table(yrd):
    rows = json.loads(call("values", YRD, "--json").output)
    row = next(
        row
        for row in rows
        if (row["stage"], row["sector"]) == ("C", "biomedicine")
        and (row["rate"], row["quality"]) == ("market", 0.0)
    )
    line = next(
        line
        for line in call("values", YRD).output.splitlines()
        if " C " in line and "biomedicine" in line
    )
    for part in (f"{row['exit_value_mcny']:,.4g}", f"{row['ratio']:.2f}"):
        assert part in line
    assert f"{row['hurdle_market']:.2f}" in line
    assert f"{row['hurdle_social']:.2f}" in line


def test_json_has_every_quality_rate_and_test_of_one_region():
    rows = json.loads(call("values", YRD, "--region", "ZJ", "--json").output)
    assert {row["region"] for row in rows} == {"ZJ"}
    assert {row["quality"] for row in rows} == {-2.0, -1.0, 0.0, 1.0, 2.0}
    assert {row["rate"] for row in rows} == {"market", "social"}
    assert all(isinstance(row[f"hurdle_{test}"], float) for row in rows for test in TESTS)


def test_json_has_null_for_what_is_infinite():
    changes = [part for change in NO_EXITS for part in ("--set", change)]
    rows = json.loads(call("values", YRD, *changes, "--json").output)
    assert all(row["hurdle_market"] is None for row in rows)
    assert all(row["ratio"] == 0 for row in rows)
    assert "inf" in call("values", YRD, *changes).output


@pytest.mark.parametrize(
    ("args", "parts"),
    [
        (["--region", "AHH"], ["--region", "'AHH'", "SH, JS, ZJ, AH", "did you mean 'AH'"]),
        (["--region", "zj"], ["'zj'", "did you mean 'ZJ'"]),
        (["--region", "BJ"], ["--region", "'BJ'", "one of SH, JS, ZJ, AH"]),
        (["--set", "clusters.strength.AH/aero=1"], ["'aero'", "did you mean 'aerospace'"]),
        (["--set", "viability.margin=2"], ["viability.margin", "got 2;"]),
    ],
)
def test_a_bad_question_ends_with_code_two_and_words(args, parts):
    result = call("values", YRD, *args)
    assert result.exit_code == 2
    assert all(part in result.output for part in parts), result.output
