"""The command line as a user meets it: answers, JSON, exit codes, nothing written elsewhere."""

import io
import json
import re
import subprocess
import sys

import pandas as pd
import pytest
from rich.console import Console
from typer.testing import CliRunner

from finmodel import store
from finmodel.cli.errors import exit_code
from finmodel.cli.main import app
from finmodel.errors import CalibrationError, Interrupted, InvariantError, ScenarioError
from finmodel.measure.tails import tail_table
from finmodel.report import fund_view, tail_sentence
from tests.conftest import ROOT, SMALL, YRD

RUNNER = CliRunner()
SETS = [part for change in SMALL for part in ("--set", change)]


def call(*args):
    return RUNNER.invoke(app, [str(arg) for arg in args], env={"COLUMNS": "200"})


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    root = tmp_path_factory.mktemp("runs")
    result = call("run", YRD, *SETS, "--paths", 3, "--out", root)
    assert result.exit_code == 0, result.output
    return root, result.output


def test_run_says_what_it_assumes_what_it_found_and_where(runs):
    root, text = runs
    for part in (
        "Yangtze River Delta",
        "3 paths, seed 20220101",
        "assumed",
        "go unfunded",
        "by province",
        "by stage",
        "Shanghai",
        "transfers to outsiders",
        "Funds by type, bn CNY a year",
        "State-owned investors",
        "too few exits",
        "±",
        "million firm-quarters a second",
        f"Stored: {root}",
    ):
        assert part in text


def test_the_same_run_is_found_again(runs):
    root, _ = runs
    result = call("run", YRD, *SETS, "--paths", 3, "--out", root)
    assert result.exit_code == 0
    assert "Found again" in result.output
    assert len(list(root.iterdir())) == 1


def test_json_is_for_machines(runs):
    root, _ = runs
    result = subprocess.run(
        [
            sys.executable,
            "-m",
            "finmodel",
            "run",
            YRD,
            *SETS,
            "--paths",
            "3",
            "--out",
            root,
            "--json",
        ],
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
    )
    answer = json.loads(result.stdout)
    assert answer["paths"] == 3
    assert answer["is_complete"]
    assert len(answer["gap_region"]) == 4
    assert answer["gap_total"][0]["gap_rate_n"] > 0


def test_show_finds_runs_and_tables(runs):
    root, _ = runs
    name = next(root.iterdir()).name
    for reference in ("latest", name, name[:5], root / name):
        result = call("show", reference, "--out", root)
        assert result.exit_code == 0, result.output
        assert "go unfunded" in result.output
    table = call("show", "latest", "--table", "gap_cells", "--out", root)
    assert "integrated_circuits" in table.output
    rows = json.loads(call("show", "--table", "flows", "--out", root, "--json").output)
    assert len(rows) == 6 * 16  # five types of fund and all of them, by pair of regions
    assert {row["fund_type"] for row in rows} >= {"angel_group", "guided_subfund", "all"}


DETAILS = {
    "fund_list",
    "fund_years",
    "fund_quarters",
    "fund_metrics",
    "fund_metrics_vintage",
    "fund_metrics_type",
    "histories",
}


def test_details_are_stored_when_asked_for_and_change_no_other_number(runs, tmp_path):
    root, _ = runs
    call("run", YRD, *SETS, "--paths", 3, "--out", tmp_path)
    result = call("run", YRD, *SETS, "--paths", 3, "--details", 2, "--out", tmp_path)
    assert result.exit_code == 0, result.output
    folders = {store.read_manifest(folder)["detailed"]: folder for folder in tmp_path.iterdir()}
    assert set(folders) == {0, 2}
    plain, detailed = (
        {path.stem: pd.read_parquet(path) for path in folders[n].glob("*.parquet")} for n in (0, 2)
    )
    assert set(detailed) == set(plain) | DETAILS
    assert not DETAILS & set(plain)
    for name, table in plain.items():
        # What cannot be known without details says so; nothing else may differ.
        needs = table["reason"].eq("no details") if "reason" in table else table.index < 0
        pd.testing.assert_frame_equal(table[~needs], detailed[name][~needs])
        assert bool(needs.any()) == (name in ("static_gap", "integration_index"))
    for name in DETAILS:
        if "path" in detailed[name]:
            assert set(detailed[name]["path"]) == {0, 1}
    assert (
        "Found again"
        in call("run", YRD, *SETS, "--paths", 3, "--details", 2, "--out", tmp_path).output
    )
    funds = json.loads(call("show", "--table", "fund_list", "--out", tmp_path, "--json").output)
    assert len(funds) == len(detailed["fund_list"])
    assert "histories" in call("show", "--out", tmp_path).output
    wrong = call("show", "--table", "fund_list", "--out", root)
    assert wrong.exit_code == 2
    assert "'fund_list'" in wrong.output


def test_more_details_than_paths_are_the_details_of_all_paths(tmp_path):
    assert call("run", YRD, *SETS, "--paths", 1, "--details", 9, "--out", tmp_path).exit_code == 0
    assert (
        "Found again"
        in call("run", YRD, *SETS, "--paths", 1, "--details", 1, "--out", tmp_path).output
    )
    assert call("run", YRD, "--details", "-1", "--out", tmp_path).exit_code == 2


def test_check_schema_and_data_answer():
    checked = call("check", YRD)
    assert checked.exit_code == 0
    assert "stages.A.ask_median_mcny" in checked.output
    assert "DS_CN2016" in checked.output
    numbers = json.loads(call("check", YRD, "--json").output)["assumptions"]
    assert all(row["unit"] and row["source"] and row["grade"] for row in numbers)
    assert "stages.*.milestone_rate_pa" in call("schema").output
    assert len(json.loads(call("schema", "--json").output)) > 50
    assert "vc_market.csv" in call("data").output
    assert json.loads(call("data", "--json").output)[0]["sha256"]


@pytest.mark.parametrize(
    ("args", "parts"),
    [
        (["run", "nowhere.toml"], ["nowhere.toml", "no such file"]),
        (["run", YRD, "--paths", "0"], ["--paths", "got 0", "[1, 1000000]"]),
        (["run", YRD, "--seed", "-4"], ["--seed", "got -4"]),
        (["run", YRD, "--set", "firms.patience=3"], ["did you mean 'patience_quarters'"]),
        (["check", YRD, "--set", "run.years=0"], ["run.years", "got 0"]),
        (["show", "nothing", "--out", "no_such_folder"], ["'nothing'", "no runs yet"]),
    ],
)
def test_bad_input_ends_with_code_two_and_words(args, parts):
    result = call(*args)
    assert result.exit_code == 2
    assert all(part in result.output for part in parts), result.output


def test_an_unknown_table_and_a_file_in_the_way_end_with_code_two(runs, tmp_path):
    root, _ = runs
    result = call("show", "--table", "gap_regions", "--out", root)
    assert result.exit_code == 2
    assert "did you mean 'gap_region'" in result.output
    (tmp_path / "file").write_text("")
    result = call("run", YRD, *SETS, "--paths", 1, "--out", tmp_path / "file")
    assert result.exit_code == 2
    assert "writable folder" in result.output


def test_exit_codes_tell_whose_fault_it_was():
    assert exit_code(ScenarioError("x", [])) == 2
    assert exit_code(CalibrationError("x")) == 3
    assert exit_code(InvariantError("x")) == 1
    assert exit_code(RuntimeError("x")) == 1
    assert exit_code(Interrupted("x")) == 130


def test_every_command_has_help():
    for command in ("run", "show", "check", "values", "schema", "data"):
        result = call(command, "--help")
        assert result.exit_code == 0
        assert len(result.output) > 200
    assert "finmodel 0." in call("--version").output
    assert call().exit_code == 2


def test_the_table_of_funds_cuts_off_no_number_on_a_narrow_terminal(runs):
    root, _ = runs
    frame = store.read_result(next(root.iterdir()), "funds_type")
    for column in frame.columns[1:]:
        frame[column] = 1234.5 if column.endswith("_se") else 123_456_789.0
    console = Console(width=60, file=io.StringIO())
    console.print(fund_view(frame, {"angel_group": "Angel groups"}))
    text = console.file.getvalue()
    assert "…" not in text
    digits = "".join(re.findall(r"[\d,.±]+", text.split("raised")[1].split("called")[0]))
    assert len(digits) == 5 * len("123,457±1")
    assert "Angel" in text
    assert "NAV, year end" in text


TAILS = {
    "no exit": ([], 5, "too few exits", ["pay"]),
    "too few for a tail index": (
        [2.0] * 30 + [3.0] * 30,
        5,
        "pay investors 2.50 times their",
        ["Hill"],
    ),
    "one path": ([1.0] * 60, 1, "pay investors 1.00 times", ["±"]),
    "worthless": ([0.0] * 60, 5, "pay investors 0.00 times", ["Hill", "top"]),
    "many": ([1.01**n for n in range(300)], 5, "Hill index", []),
}


@pytest.mark.parametrize("case", TAILS)
def test_the_sentence_on_exits_leaves_out_what_is_not_known(case):
    size, n_paths, part, absent = TAILS[case]
    row = tail_table([n % n_paths for n in range(len(size))], size, n_paths)
    both = [row.assign(measure="multiple", route=r) for r in ("all", "with_write_offs")]
    text = tail_sentence(pd.concat(both))
    assert part in text
    assert not any(word in text for word in ["nan", *absent]), text
