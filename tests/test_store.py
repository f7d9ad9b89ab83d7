"""Run folders: whole or absent, found again, checked when opened."""

import json
import os
import time

import pandas as pd
import pytest

from finmodel import store
from finmodel.errors import StoreError
from finmodel.study.single import digest_of, run_scenario
from tests.conftest import small

TABLES = {"one": pd.DataFrame({"a": [1, 2]}), "two": pd.DataFrame({"b": [0.5]})}


def test_a_run_is_written_and_found(tmp_path):
    folder = store.save_run(tmp_path, "d" * 64, TABLES, {"created": "now"})
    assert store.find_run(tmp_path, "d" * 64) == folder
    assert store.find_run(tmp_path, "e" * 64) is None
    assert list(store.read_result(folder, "one")["a"]) == [1, 2]
    assert store.read_manifest(folder)["files"].keys() == {"one.parquet", "two.parquet"}
    assert [path.name for path in tmp_path.iterdir()] == [folder.name]


def test_a_second_writer_of_the_same_run_does_no_harm(tmp_path):
    first = store.save_run(tmp_path, "d" * 64, TABLES, {"created": "first"})
    second = store.save_run(tmp_path, "d" * 64, TABLES, {"created": "second"})
    assert first == second
    assert store.read_manifest(first)["created"] == "first"


@pytest.mark.parametrize("harm", ["change", "delete", "manifest"])
def test_a_harmed_run_is_noticed_and_replaced(tmp_path, harm):
    folder = store.save_run(tmp_path, "d" * 64, TABLES, {"created": "first"})
    if harm == "change":
        (folder / "one.parquet").write_bytes(b"PAR1 not really")
    elif harm == "delete":
        (folder / "two.parquet").unlink()
    else:
        (folder / store.MANIFEST).write_text('{"files": ')
    assert store.find_run(tmp_path, "d" * 64) is None
    with pytest.raises(StoreError, match="whole run"):
        store.open_run(tmp_path, str(folder) if harm != "manifest" else "d" * 16)
    store.save_run(tmp_path, "d" * 64, TABLES, {"created": "again"})
    assert store.find_run(tmp_path, "d" * 64) == folder


def test_a_failed_write_leaves_nothing(tmp_path):
    with pytest.raises(ValueError, match="JSON"):
        store.save_run(tmp_path, "d" * 64, TABLES, {"bad": float("nan"), "worse": {1: object()}})
    assert list(tmp_path.iterdir()) == []


def test_a_file_in_the_way_is_a_clear_error(tmp_path):
    (tmp_path / "runs").write_text("in the way")
    with pytest.raises(StoreError, match="writable folder"):
        store.save_run(tmp_path / "runs", "d" * 64, TABLES, {})


def test_runs_are_opened_by_path_start_or_latest(tmp_path):
    a = store.save_run(tmp_path, "a" * 64, TABLES, {})
    b = store.save_run(tmp_path, "ab" + "c" * 62, TABLES, {})
    assert store.open_run(tmp_path, "aa") == a
    assert store.open_run(tmp_path, str(b)) == b
    assert store.open_run(tmp_path, "latest") in (a, b)
    with pytest.raises(StoreError, match="fits 2 runs"):
        store.open_run(tmp_path, "a")
    with pytest.raises(StoreError, match="fits 0 runs"):
        store.open_run(tmp_path, "zz")
    with pytest.raises(StoreError, match="did you mean 'one'"):
        store.read_result(a, "on")


def test_a_scenario_is_not_computed_twice(tmp_path):
    scenario = small()
    run, stored = run_scenario(scenario, paths=2, seed=1, root=tmp_path)
    assert run.n_paths == 2
    assert run.firm_quarters > 0
    assert not stored.is_reused
    again, found = run_scenario(scenario, paths=2, seed=1, root=tmp_path)
    assert again is None
    assert found.is_reused
    assert found.folder == stored.folder
    manifest = store.read_manifest(stored.folder)
    assert manifest["paths"] == 2
    assert json.dumps(manifest["scenario"])
    assert manifest["data"]


def test_the_digest_follows_everything_that_matters_and_nothing_else():
    base = small()
    name = digest_of(base, 2, 1)
    assert digest_of(base, 3, 1) != name
    assert digest_of(base, 2, 2) != name
    assert digest_of(small("market.discouragement=0.31"), 2, 1) != name
    assert digest_of(small('meta.title_en="Another title"'), 2, 1) == name


def test_drafts_that_killed_writers_left_are_removed_a_day_later(tmp_path):
    names = [f".{'0a' * 8}-abcd_123", f".{'0b' * 8}-abcd_123-old", f".{'0c' * 8}-abcd_123"]
    for name in (*names, ".units", f".unfinished-{'0a' * 8}"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "part").write_text("half")
        age = 0.0 if name == names[2] else 2.0 * 86400.0
        os.utime(tmp_path / name, (time.time() - age,) * 2)
    store.make_root(tmp_path)
    left = {path.name for path in tmp_path.iterdir()}
    assert left == {names[2], ".units", f".unfinished-{'0a' * 8}"}
