"""`finmodel data`: the tables as before, a template, and the report on records of deals."""

import json

import pytest
from typer.testing import CliRunner

from finmodel.cli.main import app
from tests.datasets.deal_files import GOOD, HEAD, write

RUNNER = CliRunner()


def run(*words, code=0):
    result = RUNNER.invoke(app, [str(word) for word in words])
    assert result.exit_code == code, result.output
    return result


@pytest.fixture
def file(tmp_path):
    return write(tmp_path, f"{HEAD}\n{GOOD}\n[red]X,2021-02-30,A,-5,CNY\nY,2021-04-05,战略融资,,\n")


def test_data_alone_lists_the_tables():
    assert "Data tables, all checked" in run("data").output
    files = json.loads(run("data", "--json").output)
    assert "prices/exchange_rates.csv" in {row["file"] for row in files}


def test_a_template_is_written_once(tmp_path):
    path = tmp_path / "deals.csv"
    assert f"finmodel data deals {path}" in run("data", "template", path).output.replace("\n", "")
    text = path.read_text(encoding="utf-8-sig")
    assert text.splitlines()[-1].startswith("firm,date,round,amount,currency")
    assert "a name that is free" in run("data", "template", path, code=2).stderr
    assert path.read_text(encoding="utf-8-sig") == text


def test_a_report_on_deals(file, tmp_path):
    saved = tmp_path / "report.csv"
    output = run("data", "deals", file, "--report", saved, "--as-of", "2021-12-31").output
    assert "2 firms, 2 rounds (1 with an amount), 0 dated exits" in output
    assert "prices of 2025" in output
    assert "No such day" in output
    assert saved.read_text(encoding="utf-8-sig").splitlines() == [
        "file,row,column,outcome,reason,given",
        "deals.csv,3,date,set_aside,impossible_date,2021-02-30",
        "deals.csv,4,round,altered,unlabelled_round,战略融资",
    ]


def test_the_report_in_chinese_and_for_machines(file):
    assert "日期不存在" in run("data", "deals", file, "--language", "zh").output
    found = json.loads(run("data", "deals", file, "--json", "--price-year", "2022").output)
    assert found["summary"]["rows_read"] == 3
    assert found["summary"]["rounds_by_stage"] == {"A": 1, "unlabelled": 1}
    assert [row["reason"] for row in found["reasons"]] == ["impossible_date", "unlabelled_round"]


def test_bad_input_ends_with_2(file, tmp_path):
    assert "no such file" in run("data", "deals", tmp_path / "none.csv", code=2).stderr
    assert "YYYY-MM-DD" in run("data", "deals", file, "--as-of", "soon", code=2).stderr
    assert "1990 to 2025" in run("data", "deals", file, "--price-year", 1950, code=2).stderr
