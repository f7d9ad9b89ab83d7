"""Batches: tables that agree with runs, kept units, kills, two at once, no room."""

import hashlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pandas as pd
import pytest

from finmodel import store
from finmodel.errors import Interrupted, StoreError
from finmodel.market.run import simulate
from finmodel.measure.headlines import HEADLINES, column, headlines_by_path
from finmodel.measure.monte_carlo import mean_se, ratio_se
from finmodel.scenario import load_scenario
from finmodel.scenario.batch_plan import load_batch
from finmodel.study import units as units_module
from finmodel.study.batch import run_batch
from finmodel.study.engines import ThreadEngine
from finmodel.world import build_world
from tests.batch.plans import BASE, BUDGET, GRID, MEETINGS, POLICY, SMALL_SET, write_plan

WITH_BASE = f'{SMALL_SET}\nbaseline = "yrd_baseline"'
OVERRIDES = ("run.scale=0.01", "run.years=2", "run.warm_up_years=2")


def pair(folder):
    """Write a plan of nine units: a baseline and a policy on a grid."""
    folder.mkdir(exist_ok=True)
    return write_plan(folder, GRID, scenarios=(BASE, POLICY), head=WITH_BASE)


def tables_in(folder):
    return {path.stem: pd.read_parquet(path) for path in folder.glob("*.parquet")}


def checksums(folder):
    return {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.glob("*.parquet"))
    }


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    root = tmp_path_factory.mktemp("batch")
    found = load_batch(pair(root))
    return found, run_batch(found, root=root / "out", command=["finmodel", "batch"]).folder


def test_tables_agree_with_runs_of_the_same_scenarios(done):
    _, folder = done
    tables = tables_in(folder)
    units = tables["units"]
    assert list(units["status"].unique()) == ["ok"]
    place = units[(units[BUDGET] == 20000.0) & (units[MEETINGS] == 4.0)].iloc[0]
    base = units[(units["scenario"] == "yrd_baseline") & (units[MEETINGS] == 4.0)].iloc[0]
    arms = {}
    for name, file, more in (("policy", POLICY, (f"{BUDGET}=20000.0",)), ("base", BASE, ())):
        scenario = load_scenario(file, (*OVERRIDES, f"{MEETINGS}=4.0", *more))
        arms[name] = headlines_by_path(simulate(build_world(scenario), paths=4, seed=3))
    own = tables["paths"][tables["paths"]["unit"] == place["unit"]]
    assert own[list(HEADLINES)].to_numpy() == pytest.approx(arms["policy"], rel=1e-12)
    results = tables["results"].set_index(["unit", "measure"])
    mean, error = mean_se(column(arms["policy"], "funded_viable_n"))
    row = results.loc[(place["unit"], "funded_viable_n")]
    assert (row["value"], row["se"]) == (pytest.approx(float(mean)), pytest.approx(float(error)))
    effects = tables["effects"].set_index(["unit", "measure"])
    change = column(arms["policy"], "funded_viable_n") - column(arms["base"], "funded_viable_n")
    row = effects.loc[(place["unit"], "funded_viable_n")]
    assert row["baseline_unit"] == base["unit"]
    assert row["value"] == pytest.approx(change.mean())
    assert row["se"] == pytest.approx(float(mean_se(change)[1]), abs=1e-12)
    assert row["q95"] == pytest.approx(np.quantile(change, 0.95))
    # A ratio is one of means, and its change is paired by what each path adds to it.
    rates, parts = [], []
    for arm in (arms["policy"], arms["base"]):
        top, bottom = column(arm, "gap_mcny"), column(arm, "viable_ask_mcny")
        rate = float(ratio_se(top, bottom)[0])
        rates.append(rate)
        parts.append((top - rate * bottom) / bottom.mean())
    row = effects.loc[(place["unit"], "gap_rate_mcny")]
    assert row["value"] == pytest.approx(rates[0] - rates[1])
    assert row["se"] == pytest.approx(float(mean_se(parts[0] - parts[1])[1]))


def test_a_programme_without_money_changes_nothing(done):
    _, folder = done
    tables = tables_in(folder)
    zero = tables["units"].query(f"`{BUDGET}` == 0")["unit"]
    effects = tables["effects"][tables["effects"]["unit"].isin(zero)]
    known = effects[effects["measure"] != "public_tvpi"]
    assert len(known)
    assert (known["value"] == 0.0).all()
    assert (known["se"] == 0.0).all()


def test_cells_add_up_to_the_headlines(done):
    _, folder = done
    tables = tables_in(folder)
    summed = tables["cells"].groupby("unit")[["gap_n", "gap_mcny", "viable_ask_n"]].sum()
    results = tables["results"].pivot_table(index="unit", columns="measure", values="value")
    for name in summed.columns:
        assert summed[name].to_numpy() == pytest.approx(results[name].to_numpy(), rel=1e-9)


def test_the_summary_takes_the_luck_that_differs_off_the_spread_between_units(done):
    _, folder = done
    tables = tables_in(folder)
    row = tables["summary"].query(
        "scenario == 'policy_pro_rata' and compared == 0 and measure == 'gap_n'"
    )
    own = tables["units"].query("scenario == 'policy_pro_rata'")["unit"]
    by_path = tables["paths"].pivot_table(index="path", columns="unit", values="gap_n")[own]
    values = by_path.mean()
    # Two-way table of units and paths: what is neither of them, over the paths of a unit.
    rest = by_path.sub(values, axis=1).sub(by_path.mean(axis=1), axis=0) + by_path.to_numpy().mean()
    n_paths, n = by_path.shape
    noise = (rest.to_numpy() ** 2).sum() / ((n - 1) * (n_paths - 1)) / n_paths
    assert row["sd_between"].item() == pytest.approx(np.sqrt(max(0.0, values.var() - noise)))
    assert row["low_unit"].item() == values.idxmin()


def test_the_same_batch_is_found_and_another_finds_its_units(done, tmp_path, monkeypatch):
    found, folder = done
    root = folder.parent
    again = run_batch(found, root=root)
    assert again.is_reused
    assert again.folder == folder
    played = []
    one = units_module.play_unit
    monkeypatch.setattr(units_module, "play_unit", lambda *a: played.append(1) or one(*a))
    body = f'[grid]\n"{MEETINGS}" = [3.0, 5.0, 6.0]'
    other = write_plan(tmp_path, body)
    larger = run_batch(load_batch(other), root=root)
    assert not larger.is_reused
    assert len(played) == 1


def test_a_batch_that_fails_whole_has_the_columns_of_another(done, tmp_path):
    body = '[grid]\n"funds.independent_vc.ticket_share" = [0.9]\n'
    stored = run_batch(load_batch(write_plan(tmp_path, body)), root=tmp_path / "out")
    none, some = tables_in(stored.folder), tables_in(done[1])
    for name in ("results", "cells", "paths", "summary"):
        assert len(none[name]) == 0
        assert list(none[name].columns) == list(some[name].columns)


def test_plans_of_the_same_units_with_other_axes_or_titles_are_told_apart(tmp_path):
    bodies = [
        f'[grid]\n"{MEETINGS}" = [3.0, 5.0]',
        '[design]\nkind = "full_factorial"\nlevels = 2\n[design.ranges]\n'
        f'"{MEETINGS}" = {{ low = 3.0, high = 5.0 }}',
    ]
    grid, design = (
        run_batch(load_batch(write_plan(tmp_path, body)), root=tmp_path / "out") for body in bodies
    )
    assert not design.is_reused
    both = [tables_in(stored.folder)["units"] for stored in (grid, design)]
    assert both[0]["digest"].tolist() == both[1]["digest"].tolist()
    assert both[0]["point"].isna().all()
    assert both[1]["point"].tolist() == [0, 1]
    plan = write_plan(tmp_path, bodies[0])
    plan.write_text(plan.read_text().replace("Why?", "Why not?"))
    again = run_batch(load_batch(plan), root=tmp_path / "out")
    assert store.read_manifest(again.folder)["question"] == "Why not?"


def test_bytes_do_not_depend_on_threads(done, tmp_path):
    found, folder = done
    one = run_batch(found, root=tmp_path / "one", engine=ThreadEngine(1))
    three = run_batch(found, root=tmp_path / "three", engine=ThreadEngine(3))
    assert checksums(one.folder) == checksums(three.folder) == checksums(folder)


def test_failed_units_stay_in_the_set_flagged(tmp_path):
    body = '[grid]\n"funds.independent_vc.ticket_share" = [0.1, 0.9]\n'
    stored = run_batch(load_batch(write_plan(tmp_path, body)), root=tmp_path / "out")
    tables = tables_in(stored.folder)
    assert tables["units"]["status"].tolist() == ["ok", "failed"]
    assert "concentration_share" in tables["units"]["error"][1]
    assert tables["results"]["unit"].unique().tolist() == [0]
    assert store.read_manifest(stored.folder)["n_failed"] == 1
    assert run_batch(load_batch(write_plan(tmp_path, body)), root=tmp_path / "out").is_reused


def full(*_args, **_options):
    raise OSError(28, "No space left on device")


def test_a_unit_that_its_surroundings_stopped_is_tried_again(tmp_path, monkeypatch):
    found = load_batch(write_plan(tmp_path, f'[grid]\n"{MEETINGS}" = [3.0, 4.0]\n'))
    one = units_module.play_unit

    def sometimes(item, cancel=None, threads=1):
        if item[0].scenario.market.meetings_pp.centre == 4.0:
            raise MemoryError("no room")
        return one(item, cancel, threads)

    monkeypatch.setattr(units_module, "play_unit", sometimes)
    first = run_batch(found, root=tmp_path / "out")
    assert tables_in(first.folder)["units"]["error"].tolist() == ["", "MemoryError: no room"]
    before = checksums(first.folder)
    with monkeypatch.context() as patch:
        patch.setattr(pd.DataFrame, "to_parquet", full)
        with pytest.raises(StoreError):
            run_batch(found, root=tmp_path / "out")
    assert checksums(first.folder) == before  # what is stored stays until there is better
    monkeypatch.undo()
    second = run_batch(found, root=tmp_path / "out")
    assert not second.is_reused
    assert [path.name for path in (tmp_path / "out").iterdir() if path.name != ".units"] == [
        second.folder.name
    ]
    assert tables_in(second.folder)["units"]["status"].tolist() == ["ok", "ok"]
    assert run_batch(found, root=tmp_path / "out").is_reused


def test_interrupted_it_goes_on_and_ends_with_the_same_bytes(done, tmp_path):
    found, folder = done
    cancel = threading.Event()

    def stop(n, _total):
        if n == 3:
            cancel.set()

    with pytest.raises(Interrupted):
        run_batch(found, root=tmp_path, engine=ThreadEngine(1), progress=stop, cancel=cancel)
    assert store.find_run(tmp_path, folder.name) is None
    counts = []
    stored = run_batch(found, root=tmp_path, progress=lambda n, _total: counts.append(n))
    assert counts[0] > 3
    assert checksums(stored.folder) == checksums(folder)


def test_two_batches_at_once_on_one_folder_do_no_harm(done, tmp_path):
    found, folder = done
    with ThreadPoolExecutor(3) as pool:
        runs = [
            pool.submit(run_batch, found, root=tmp_path, engine=ThreadEngine(1)) for _ in range(3)
        ]
        folders = {run.result().folder for run in runs}
    assert len(folders) == 1
    assert checksums(folders.pop()) == checksums(folder)
    assert not list(tmp_path.glob(".[!u]*"))


def start(plan, out, *more):
    command = [sys.executable, "-m", "finmodel", "batch", str(plan), "--out", str(out), *more]
    return subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, start_new_session=True
    )


def killed_until_done(plan, out, n_kills, rng):
    """Kill a batch at random moments, some within a unit; then let it end."""
    n_killed = 0
    while n_killed < n_kills:
        process = start(plan, out)
        seen = len(list((out / ".units").rglob("*"))) if out.exists() else 0
        deadline = time.monotonic() + 60.0
        # Wait for a further unit, so that the kills together cannot go on for ever.
        while time.monotonic() < deadline and process.poll() is None:
            if len(list((out / ".units").rglob("*"))) > seen and rng.random() < 0.7:
                break
            time.sleep(0.01)
        time.sleep(rng.random() * 0.1)
        if process.poll() is not None:
            _, errors = process.communicate()
            assert process.returncode == 0, errors
            break
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        process.stderr.close()
        n_killed += 1
    last = start(plan, out)
    _, errors = last.communicate()
    assert last.returncode == 0, errors
    return n_killed


def check_kills(done, tmp_path, n_kills):
    _, folder = done
    plan, out = pair(tmp_path / "plan"), tmp_path / "out"
    n_killed = killed_until_done(plan, out, n_kills, np.random.default_rng(4))
    found = [path for path in out.iterdir() if not path.name.startswith(".")]
    assert [path.name for path in found] == [folder.name]
    assert checksums(found[0]) == checksums(folder)
    skipped = ("created", "command")
    both = [json.loads((path / "manifest.json").read_text()) for path in (found[0], folder)]
    assert {k: v for k, v in both[0].items() if k not in skipped} == {
        k: v for k, v in both[1].items() if k not in skipped
    }
    return n_killed


def test_killed_at_random_moments_it_ends_with_the_same_bytes(done, tmp_path):
    assert check_kills(done, tmp_path, 2) == 2


@pytest.mark.slow
def test_killed_at_twenty_random_moments(done, tmp_path):
    """A batch of nine units ends after a few kills, so several are killed in turn.

    On a busy machine a batch may end before it is killed: as many as it takes, within reason.
    """
    n = turn = 0
    while n < 20 and turn < 40:
        (tmp_path / str(turn)).mkdir()
        n += check_kills(done, tmp_path / str(turn), 4)
        turn += 1
    assert n >= 20


def test_a_folder_that_cannot_be_written_is_said_before_any_work(tmp_path, monkeypatch):
    found = load_batch(write_plan(tmp_path, f'[grid]\n"{MEETINGS}" = [3.0]\n'))
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StoreError):
        run_batch(found, root=tmp_path / "file" / "out")


def test_a_full_disk_at_the_end_leaves_the_units_and_no_half_set(done, tmp_path, monkeypatch):
    found, folder = done
    monkeypatch.setattr(pd.DataFrame, "to_parquet", full)
    with pytest.raises(StoreError, match="No space left"):
        run_batch(found, root=tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == [".units"]
    monkeypatch.undo()
    monkeypatch.setattr(units_module, "play_unit", full)  # nothing is computed again
    assert checksums(run_batch(found, root=tmp_path).folder) == checksums(folder)
