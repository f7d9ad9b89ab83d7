"""Interrupted and given again, a command stores what it would have stored at once."""

import functools
import os
import signal
import subprocess
import sys
import time

import pytest

from finmodel import store
from finmodel.cli import progress
from finmodel.store import unfinished
from tests.conftest import ROOT, SMALL, YRD
from tests.test_command_line import call

POLICY = ROOT / "scenarios" / "policy_pro_rata.toml"
SETS = [part for change in SMALL for part in ("--set", change)]
COMMANDS = {
    "run": ["run", YRD, *SETS, "--details", 3],
    "compare": ["compare", YRD, POLICY, *SETS],
    "why": ["why", YRD, *SETS],
}
PATHS = {"run": 12, "compare": 12, "why": 2}
UNITS = {"run": 12, "compare": 12, "why": 64}
OF_THE_MAKING = {"created", "seconds", "command"}

SCRIPT = """
import sys
from finmodel.store import unfinished
unfinished.EVERY_SECONDS = unfinished.COST_FACTOR = 0.0
from finmodel.cli.main import app
app(sys.argv[1:])
"""


def results(root):
    """The bytes of every table of every result, and what manifests say of them."""
    found = {}
    for folder in sorted(root.glob("[!.]*")):
        manifest = store.read_manifest(folder)
        assert store.is_whole(folder)
        about = {key: value for key, value in manifest.items() if key not in OF_THE_MAKING}
        tables = {path.name: path.read_bytes() for path in sorted(folder.glob("*.parquet"))}
        found[folder.name] = (about, tables)
    return found


def left(root):
    """Parts of work under way; none if a folder goes while it is looked at."""
    try:
        return sorted(root.glob(".*/*.part"))
    except FileNotFoundError:
        return []


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """Results of commands that nobody interrupts."""
    found = {}
    for name, command in COMMANDS.items():
        root = tmp_path_factory.mktemp(name)
        result = call(*command, "--paths", PATHS[name], "--out", root)
        assert result.exit_code == 0, result.output
        assert [path.name[0] for path in root.iterdir()] != ["."]
        found[name] = results(root)
        assert len(found[name]) == 1
    return found


@pytest.fixture
def at_once(monkeypatch):
    """Write a part after every path."""
    monkeypatch.setattr(unfinished, "EVERY_SECONDS", 0.0)
    monkeypatch.setattr(unfinished, "COST_FACTOR", 0.0)


@pytest.fixture
def stop_at(monkeypatch):
    """Return a function that sends a signal when so many paths are done."""
    show = progress.Bar.__call__

    def set_stop(*stops, number=signal.SIGINT):
        def show_and_stop(bar, done, total):
            show(bar, done, total)
            seen.append(done)
            if done in stops:
                os.kill(os.getpid(), number)

        seen = []
        monkeypatch.setattr(progress.Bar, "__call__", show_and_stop)
        return seen

    return set_stop


@pytest.mark.parametrize("name", COMMANDS)
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_stopped_twice_it_goes_on_and_stores_the_same(name, number, whole, tmp_path, stop_at):
    """Without waiting for the time of a part: a command that is asked to stop keeps all."""
    command, n = [*COMMANDS[name], "--paths", PATHS[name], "--out", tmp_path], UNITS[name]
    stop_at(2, number=number)
    first = call(*command)
    assert first.exit_code == 130, first.output
    assert f"2 of {n} paths are kept: the same command goes on from there." in first.output
    assert results(tmp_path) == {}
    stop_at(7, number=number)
    second = call(*command)
    assert second.exit_code == 130, second.output
    assert f"2 of {n} paths were kept: it goes on from there." in second.output
    assert f"7 of {n} paths are kept" in second.output
    assert len(left(tmp_path)) == 2
    seen = stop_at()
    last = call(*command)
    assert last.exit_code == 0, last.output
    assert seen == [*range(7, n + 1)]
    assert results(tmp_path) == whole[name]
    assert len(list(tmp_path.iterdir())) == 1  # the parts are gone
    assert "Found again" in call(*command).output


@pytest.mark.parametrize("name", COMMANDS)
def test_a_harmed_part_and_those_after_it_are_done_again(name, whole, tmp_path, stop_at, at_once):
    command = [*COMMANDS[name], "--paths", PATHS[name], "--out", tmp_path]
    stop_at(6)
    assert call(*command).exit_code == 130
    assert len(left(tmp_path)) == 6
    harmed = left(tmp_path)[4]
    data = bytearray(harmed.read_bytes())
    data[len(data) // 2] ^= 16
    harmed.write_bytes(data)
    seen = stop_at()
    assert call(*command).exit_code == 0
    assert seen[:2] == [4, 5]
    assert results(tmp_path) == whole[name]


@pytest.mark.parametrize("name", COMMANDS)
def test_without_a_place_for_parts_the_result_is_the_same(name, whole, tmp_path, at_once):
    (digest,) = whole[name]
    (tmp_path / f".unfinished-{digest}").write_text("in the way")
    result = call(*COMMANDS[name], "--paths", PATHS[name], "--out", tmp_path)
    assert result.exit_code == 0, result.output
    assert result.output.count("Paths are not kept on the way") == 1
    assert results(tmp_path) == whole[name]


def test_nothing_kept_is_not_called_kept(tmp_path, stop_at):
    (tmp_path / "file").write_text("")
    stop_at(3)
    command = ["run", YRD, *SETS, "--paths", 9, "--out", tmp_path]
    first = call(*command)
    (parts,) = tmp_path.glob(".*")
    for path in parts.iterdir():
        path.unlink()
    parts.rmdir()
    parts.write_text("in the way")
    second = call(*command)
    assert "3 of 9 paths are kept" in first.output
    assert second.exit_code == 130
    assert "3 of 9 paths are shown. Nothing is stored." in second.output


def test_a_second_signal_stops_at_once_and_says_what_is_kept(tmp_path, monkeypatch, at_once):
    def show(bar, done, total):
        if done == 4:
            os.kill(os.getpid(), signal.SIGINT)
            os.kill(os.getpid(), signal.SIGINT)

    monkeypatch.setattr(progress.Bar, "__call__", show)
    result = call("run", YRD, *SETS, "--paths", 9, "--out", tmp_path)
    assert result.exit_code == 130
    assert "interrupted at once\n3 of 9 paths are kept" in result.output


def test_parts_left_beside_a_stored_result_go_when_it_is_found(whole, tmp_path, stop_at):
    """Its process ended after the result was stored and before the parts were removed."""
    command = [*COMMANDS["run"], "--paths", PATHS["run"], "--out", tmp_path]
    stop_at(5)
    call(*command)
    (parts,) = tmp_path.glob(".*")
    kept = {path.name: path.read_bytes() for path in parts.iterdir()}
    stop_at()
    call(*command)
    parts.mkdir()
    for name, data in kept.items():
        (parts / name).write_bytes(data)
    assert "Found again" in call(*command).output
    assert not parts.exists()
    assert results(tmp_path) == whole["run"]


# Killed -------------------------------------------------------------------------------------


def start(*args):
    return subprocess.Popen(
        [sys.executable, "-c", SCRIPT, *(str(arg) for arg in args)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, "COLUMNS": "200"},
    )


def wait_for(ready, process):
    """Wait until something is there, or the process has ended."""
    limit = time.monotonic() + 60.0
    while not ready() and process.poll() is None:
        assert time.monotonic() < limit
        time.sleep(0.002)


def test_killed_at_any_moment_it_goes_on(tmp_path):
    """At the first part, while a later one and while the result is being written."""
    command = ["run", YRD, *SETS, "--paths", 150]
    root, at_once = tmp_path / "killed", tmp_path / "whole"
    assert call(*command, "--out", at_once).exit_code == 0
    moments = [
        lambda before: left(root),
        lambda before: len(left(root)) > before + 20 and list(root.glob(".*/draft")),
        lambda before: list(root.glob(".[!u]*-*")),
    ]
    n_killed, n_parts = 0, [0]
    for ready in moments:
        process = start(*command, "--out", root)
        wait_for(functools.partial(ready, n_parts[-1]), process)
        process.kill()
        process.communicate()
        n_killed += process.returncode == -signal.SIGKILL
        n_parts.append(len(left(root)))
    assert n_killed >= 2  # the last may have been quicker
    assert 0 < n_parts[1] < n_parts[2]
    last = call(*command, "--out", root)
    assert last.exit_code == 0, last.output
    assert results(root) == results(at_once)
    assert not left(root)


@pytest.mark.parametrize("name", ["compare", "why"])
def test_killed_comparisons_and_decompositions_go_on(name, whole, tmp_path):
    command = [*COMMANDS[name], "--paths", PATHS[name], "--out", tmp_path]
    process = start(*command)
    wait_for(lambda: len(left(tmp_path)) > 3, process)
    process.kill()
    process.communicate()
    assert process.returncode == -signal.SIGKILL
    last = call(*command)
    assert "paths were kept" in last.output
    assert results(tmp_path) == whole[name]
    assert not left(tmp_path)


def test_two_at_once_store_one_right_result(whole, tmp_path):
    command = [*COMMANDS["why"], "--paths", PATHS["why"], "--out", tmp_path]
    both = [start(*command) for _ in range(2)]
    for process in both:
        text, _ = process.communicate(timeout=60)
        assert process.returncode == 0, text
    assert results(tmp_path) == whole["why"]
    assert len(list(tmp_path.iterdir())) == 1
