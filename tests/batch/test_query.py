"""`finmodel batch` and `finmodel query`: from a plan to an answer in SQL, and what is refused."""

import json
import shutil

import pandas as pd
import pytest
from typer.testing import CliRunner

from finmodel import store
from finmodel.cli.main import app
from finmodel.errors import InputError
from finmodel.measure.headlines import units
from finmodel.store.query import query, tables
from finmodel.variables import labels
from tests.batch.plans import GRID, MEETINGS, POLICY, write_plan


def call(*arguments):
    return CliRunner().invoke(app, [*map(str, arguments)], env={"COLUMNS": "200"})


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A folder with a batch of six units and one of two."""
    folder = tmp_path_factory.mktemp("results")
    plan = write_plan(folder, GRID, scenarios=(POLICY,))
    done = call("batch", plan, "--out", folder / "batches", "--json")
    assert done.exit_code == 0, done.output
    other = write_plan(folder, f'[grid]\n"{MEETINGS}" = [3.0, 4.5]\n')
    more = call("batch", other, "--out", folder / "batches")
    assert more.exit_code == 0, more.output
    return folder / "batches", json.loads(done.stdout), more.output


def test_batch_prints_its_size_its_units_and_a_summary(place):
    root, found, text = place
    assert len(found["units"]) == 6
    assert found["is_reused"] is False
    assert (
        pd.read_parquet(root / found["folder"].rsplit("/", 1)[-1] / "units.parquet").shape[0] == 6
    )
    assert "2 units of 1 scenario(s), 4 paths each, market at 0.01 of its size." in text
    assert "Gap rate, money, %" in text


def test_batch_speaks_chinese_and_finds_again(place, tmp_path):
    root, _, _ = place
    plan = write_plan(tmp_path, GRID, scenarios=(POLICY,))
    done = call("batch", plan, "--out", root, "--lang", "zh")
    assert done.exit_code == 0, done.output
    assert "6个单元" in done.output
    assert "沿用已有结果" in done.output


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (("--workers", 2), "only with --engine dask"),
        (("--engine", "dask", "--threads", 2), "only with --engine threads"),
        (("--engine", "dask", "--scheduler", "tcp://x:1", "--workers", 2), "without --scheduler"),
        (("--lang", "fr"), "fr"),
    ],
)
def test_options_that_do_not_go_together(tmp_path, options, expected):
    plan = write_plan(tmp_path, f'[grid]\n"{MEETINGS}" = [3.0]\n')
    done = call("batch", plan, "--out", tmp_path / "out", *options)
    assert done.exit_code == 2
    assert expected in done.output
    assert not (tmp_path / "out").exists() or not list((tmp_path / "out").iterdir())


def test_a_question_goes_over_all_results(place):
    root, found, _ = place
    sql = (
        f'select run, count(*) n, max("{MEETINGS}") most from units '
        "join results using (run, unit) where measure = 'gap_rate_mcny' group by run order by n"
    )
    frame = query(sql, [root])
    assert frame["n"].tolist() == [2, 6]
    assert frame["most"].tolist() == [4.5, 5.0]
    assert frame["run"][1] == found["folder"].rsplit("/", 1)[-1]
    done = call("query", sql, "--root", root, "--json")
    assert [row["n"] for row in json.loads(done.stdout)] == [2, 6]


def test_answers_agree_with_pandas(place):
    root, found, _ = place
    path = root / found["folder"].rsplit("/", 1)[-1] / "results.parquet"
    frame = query(
        f"select * from results where run = '{path.parent.name}' order by unit, measure", [root]
    )
    own = pd.read_parquet(path).sort_values(["unit", "measure"], ignore_index=True)
    both = frame[own.columns]
    pd.testing.assert_frame_equal(both, own, check_dtype=False)


def test_without_a_question_it_lists_what_can_be_asked(place):
    root, _, _ = place
    frame = tables([root]).set_index("table")
    assert frame.loc["units", "results"] == 2
    assert MEETINGS in frame.loc["units", "columns"]
    done = call("query", "--root", root)
    assert "manifests" in done.output


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("select * from result", "did you mean 'results'?"),
        ("selec 1", "SQL"),
        ("drop table manifests", "only read"),
        ("select 1; select 2", "2 statements"),
        ("copy (select 1) to '{root}/x.csv'", "only read"),
        ("select * from read_csv('/etc/passwd')", "SQL"),
        ("set enable_external_access = true", "only read"),
        ("attach '{root}/x.db'", "only read"),
    ],
)
def test_nothing_is_written_and_nothing_else_is_read(place, sql, expected):
    root, _, _ = place
    before = sorted(root.rglob("*"))
    with pytest.raises(InputError) as caught:
        query(sql.format(root=root), [root])
    assert expected in str(caught.value)
    assert sorted(root.rglob("*")) == before


def test_a_folder_given_twice_counts_once(place):
    root, _, _ = place
    once = query("select count(*) n from results", [root])["n"][0]
    twice = query("select count(*) n from results", [root, root / ".." / root.name])["n"][0]
    assert once == twice


@pytest.fixture
def copied(place, tmp_path):
    """A folder of results of an odd name, and the smaller of its two results."""
    root = tmp_path / 'it\'s a "[1]" 汉*?'
    shutil.copytree(place[0], root)
    return root, min(root.glob("[!.]*"), key=lambda p: len(pd.read_parquet(p / "units.parquet")))


def test_a_broken_result_is_left_out_and_said(copied):
    root, folder = copied
    assert query("select count(*) n from units", [root])["n"][0] == 8
    (folder / "mine.parquet").write_bytes(b"no table")
    (folder / 'x" as select 1; --.parquet').write_bytes(b"no table")
    assert query("select count(*) n from units", [root])["n"][0] == 8
    (folder / "cells.parquet").write_bytes(b"torn")
    for text in ((folder / "manifest.json").read_text(), "{torn", "[]"):
        (folder / "manifest.json").write_text(text)
        done = call("query", "select count(*) n from units", "--root", root, "--json")
        assert json.loads(done.stdout) == [{"n": 6}]
        assert f"Left out: {folder}" in done.stderr


def test_a_column_of_the_names_in_front_is_still_there(tmp_path):
    table = pd.DataFrame({"name": ["a", "b"], "value": [1.0, 2.0]})
    store.save_run(tmp_path, "d" * 64, {"assumptions": table}, {"name": "plan"})
    frame = query("select name, own_name, value from assumptions", [tmp_path])
    assert frame["name"].tolist() == ["plan", "plan"]
    assert frame["own_name"].tolist() == ["a", "b"]


def test_lists_dates_and_nothing_are_json_too(place):
    sql = "select [1, 2] l, date '2020-01-02' d, 1.5::decimal(4, 2) z, {'a': null} s, null e"
    done = call("query", sql, "--root", place[0], "--json")
    (row,) = json.loads(done.stdout)
    assert row["d"].startswith("2020-01-02")
    assert {**row, "d": ""} == {"l": [1, 2], "d": "", "z": 1.5, "s": {"a": None}, "e": None}


def test_a_csv_is_written_once(place, tmp_path):
    root, _, _ = place
    file = tmp_path / "answer.csv"
    assert call("query", "select 1 one", "--root", root, "--csv", file).exit_code == 0
    assert file.read_text() == "one\n1\n"
    assert call("query", "select 2 two", "--root", root, "--csv", file).exit_code == 2
    assert file.read_text() == "one\n1\n"


def test_a_folder_without_results_is_said(tmp_path):
    done = call("query", "select 1", "--root", tmp_path)
    assert done.exit_code == 2
    assert "a folder with results" in done.output
    done = call("query", "select 1", "--root", tmp_path / "none")
    assert done.exit_code == 2


def test_every_headline_has_a_label_in_both_languages():
    catalogue = labels()["headline"]
    assert set(catalogue) == set(units())
    assert all(set(item) == {"en", "zh"} for item in catalogue.values())
