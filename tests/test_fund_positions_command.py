"""`finmodel fund` with a record: answers, JSON, templates, refusals."""

import json

import pytest
from typer.testing import CliRunner

from finmodel import store
from finmodel.cli.main import app
from tests.test_fund_portfolio import FILE

RUNNER = CliRunner()
EXAMPLE = FILE.with_name("fund_hard_tech_positions.csv")
FAST = ("--paths", 60, "--seed", 4)
RECORD = ("--positions", EXAMPLE, "--as-of", "2027-06-30")


def call(*args):
    return RUNNER.invoke(app, [str(arg) for arg in ("fund", FILE, *args)], env={"COLUMNS": "160"})


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    root = tmp_path_factory.mktemp("funds")
    result = call(*FAST, *RECORD, "--out", root)
    assert result.exit_code == 0, result.output
    return root, result.output


def test_it_says_where_the_fund_stands(runs):
    root, text = runs
    for part in (
        "As of 2027-06-30, 10 quarters after first closing (2025-01-01); 22 events",
        "15 deals for CNY 160 million, worth 1.48 times that",
        "Plan against actuals",
        "below nine in ten",
        "within the middle half",
        "By stage of the first cheque",
        "Positions, mcny",
        "Aster Photonics",
        "The fund, for all LPs",
        "Who gets what",
        f"Stored: {root}",
    ):
        assert part in text, part
    assert "The budget" not in text


def test_a_record_is_found_again_and_another_day_is_another_run(runs):
    root, _ = runs
    assert "Found again" in call(*FAST, *RECORD, "--out", root).output
    later = call(*FAST, "--positions", EXAMPLE, "--as-of", "2027-09-30", "--out", root)
    assert "Stored" in later.output
    plain = call(*FAST, "--out", root)
    assert "Plan against actuals" not in plain.output
    assert len(list(root.iterdir())) == 3


def test_json_and_the_manifest_hold_the_record(runs):
    root, _ = runs
    answer = json.loads(call(*FAST, *RECORD, "--out", root, "--json").stdout)
    (deals,) = [
        row for row in answer["actuals"] if (row["stage"], row["measure"]) == ("all", "deals_n")
    ]
    assert deals["actual"] == 15
    assert deals["percentile"] == 0
    assert deals["place"] == "below_nine_in_ten"
    assert {row["firm"] for row in answer["holdings"]} >= {"Orchid Optics", "Delta Sensors"}
    manifests = [store.read_manifest(folder) for folder in root.iterdir()]
    assert "2027-06-30" in {manifest.get("positions", {}).get("as_of") for manifest in manifests}


def test_a_template_is_written_and_can_be_used(tmp_path):
    path = tmp_path / "mine.csv"
    result = call("--template", path)
    assert result.exit_code == 0
    assert f"Written: {path}" in result.output
    used = call(*FAST, "--positions", path, "--as-of", "2025-01-01", "--out", tmp_path / "out")
    assert used.exit_code == 0, used.output
    assert "0 events" in used.output
    again = call("--template", path)
    assert again.exit_code == 2
    assert "a name that is free" in again.output


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (("--positions", EXAMPLE), ["--as-of", "YYYY-MM-DD"]),
        (("--as-of", "2027-06-30"), ["with --positions FILE only"]),
        (("--positions", EXAMPLE, "--as-of", "2027-06-01"), ["2027-03-31 or 2027-06-30"]),
        (("--positions", "no.csv", "--as-of", "2027-06-30"), ["no such file"]),
        (
            ("--positions", EXAMPLE, "--as-of", "2026-12-31"),
            ["row 15, column date: got '2027-01-14'", "7 problem(s)", "up to the as-of date"],
        ),
    ],
)
def test_bad_input_ends_with_code_2(tmp_path, args, words):
    result = call(*FAST, *args, "--out", tmp_path)
    assert result.exit_code == 2
    for word in words:
        assert word in result.output, result.output
