"""An allocation killed at any moment, or run twice at once, ends in the same tables."""

from __future__ import annotations

import random
import subprocess
import sys
import time

import pandas as pd
import pytest

from tests.test_allocate_command import plan, written


def command(file, out):
    return [sys.executable, "-m", "finmodel", "allocate", str(file), "--out", str(out), "--json"]


def begin(file, out):
    return subprocess.Popen(
        command(file, out), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )


def units(out):
    return {
        item.name
        for item in out.rglob("*")
        if item.is_file() and item.suffix != ".parquet" and "tmp" not in item.name
    }


def small_plan():
    tree = plan(criteria=["expected"], futures={}, questions={}, risks={})
    del tree["frontier"]
    return tree


def tables_of(out):
    files = sorted(out.glob("*/*.parquet"))
    assert files
    return {item.name: pd.read_parquet(item) for item in files}


def assert_same(one, other):
    assert one.keys() == other.keys()
    for name, table in one.items():
        pd.testing.assert_frame_equal(table, other[name], check_exact=True)


def kill_and_finish(tmp_path, kills, seed):
    file = written(tmp_path, small_plan())
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    first = begin(file, whole)
    _, error = first.communicate(timeout=600)
    assert first.returncode == 0, error
    all_units = len(units(whole))
    rng, kept, n_killed = random.Random(seed), set(), 0
    for number in range(kills):
        work = begin(file, broken)
        least = min(len(kept) + max(1, all_units // (kills + 1)), all_units - 2)
        until = time.monotonic() + 300.0
        while work.poll() is None and len(units(broken)) < least:
            assert time.monotonic() < until, f"kill {number}: no unit was kept"
            time.sleep(0.005)
        time.sleep(rng.uniform(0.0, 0.05))
        n_killed += work.poll() is None
        work.kill()
        work.communicate()
        assert kept <= units(broken)  # nothing that was done is lost
        kept = units(broken)
    assert n_killed >= 1
    last = begin(file, broken)
    _, error = last.communicate(timeout=600)
    assert last.returncode == 0, error
    assert_same(tables_of(broken), tables_of(whole))
    return file, whole


def test_two_kills_change_nothing(tmp_path):
    kill_and_finish(tmp_path, 2, 1)


@pytest.mark.slow
def test_many_kills_change_nothing_and_two_at_once_agree(tmp_path):
    file, whole = kill_and_finish(tmp_path, 12, 2)
    both = tmp_path / "both"
    pair = [begin(file, both) for _ in range(2)]
    for work in pair:
        _, error = work.communicate(timeout=600)
        assert work.returncode == 0, error
    assert_same(tables_of(both), tables_of(whole))
