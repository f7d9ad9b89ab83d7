"""A process kept ready: it is the command it is given, and one only; it dies when told."""

import json
import os
import subprocess
import sys
import time

import pytest

from finmodel.cli import ready
from finmodel.datasets.root import scenarios_root
from finmodel.scenario import load_scenario
from finmodel.study.single import run_scenario
from finmodel.ui.jobs import JobQueue
from finmodel.ui.spare import SPARE_VARIABLE, Spare
from tests.conftest import ROOT

BASELINE = scenarios_root() / "yrd_baseline.toml"
RUN = ["run", str(BASELINE), "--set", "run.scale=0.02", "--json", "--out", "runs", "--paths"]


@pytest.fixture
def queue(tmp_path, monkeypatch):
    """A queue with a process that waits."""
    monkeypatch.setenv(SPARE_VARIABLE, "1")
    made = JobQueue(tmp_path / "jobs", tmp_path, baseline=BASELINE)
    made.be_ready()
    yield made
    made.close()
    for job in made._jobs.values():
        made.stop(job.key)
        job.process.wait(10)


def over(queue, job, seconds=120.0):
    end = time.monotonic() + seconds
    while not queue.find(job.key).is_over:
        assert time.monotonic() < end, job
        time.sleep(0.05)
    return job


def test_it_becomes_the_command_and_stores_what_a_process_of_its_own_would(queue, tmp_path):
    waits = queue._spare._process
    job = over(queue, queue.start([*RUN, "2"]))
    assert job.process is waits
    assert queue._spare._process is None
    assert (job.state, job.result["paths"], job.progress) == ("done", 2, (2, 2))
    scenario = load_scenario(BASELINE, ["run.scale=0.02"])
    how = {"paths": 2, "seed": scenario.run.seed}
    _, stored = run_scenario(scenario, **how, root=tmp_path / "other")
    (mine,) = (tmp_path / "runs").glob("[!.]*")
    other = stored.folder
    assert mine.name == other.name
    for file in mine.glob("*.parquet"):
        assert file.read_bytes() == (other / file.name).read_bytes(), file.name


def test_cancel_frees_the_queue_at_once_and_what_is_refused_is_told(queue):
    job = queue.start([*RUN, "100000"])
    end = time.monotonic() + 60.0
    while job.progress[0] == 0 and time.monotonic() < end:
        time.sleep(0.02)
    queue.be_ready()
    assert queue._spare._process is None, "it would slow the run at work"
    queue.stop(job.key)
    after = queue.start(["run", "no.toml"])
    assert after.state == "running", "nobody waits for one that ends"
    over(queue, job)
    over(queue, after)
    assert 0 < job.result["paths"] < 100000
    assert job.state == "stopped"
    queue.be_ready()
    waits = queue._spare._process
    refused = over(queue, queue.start([*RUN, "0"]))
    assert refused.process is waits
    assert refused.is_refused
    assert "--paths" in refused.said or "paths" in refused.said


def test_one_that_is_gone_is_replaced_by_a_process_of_its_own(queue):
    waits = queue._spare._process
    waits.kill()
    waits.wait()
    job = over(queue, queue.start(["--version"]))
    assert job.process is not waits
    assert job.state == "done"


def test_it_leaves_when_the_server_does(tmp_path):
    """Without the loading, which it does before it looks."""
    script = "from finmodel.cli import ready; ready._load = lambda file: None; ready.main()"
    command = [sys.executable, "-c", script, str(BASELINE)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    process = subprocess.Popen(command, stdin=subprocess.PIPE, cwd=tmp_path, env=environment)
    process.stdin.close()
    assert process.wait(60) == 0


def test_none_is_kept_where_the_server_says_so(tmp_path):
    spare = Spare(tmp_path, {}, BASELINE)
    spare.keep()
    assert spare._process is None
    assert spare.take(["--version"], tmp_path, {}) is None


def test_code_that_changed_while_it_waited_is_loaded_anew(tmp_path, monkeypatch):
    file = tmp_path / "x.py"
    file.write_text("a", encoding="utf-8")
    monkeypatch.setattr(ready, "_PACKAGE", tmp_path)
    before = ready.signature()
    assert ready.signature() == before
    os.utime(file, ns=(1, 1))
    assert ready.signature() != before
    order = {
        "arguments": ["--version"],
        "out": str(tmp_path / "out"),
        "said": str(tmp_path / "said"),
        "environment": {"FINMODEL_TEST": "1"},
    }
    script = "import sys, json; from finmodel.cli import ready\n"
    script += "ready.become(json.loads(sys.argv[1]), is_stale=True)"
    subprocess.run(
        [sys.executable, "-c", script, json.dumps(order)],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        check=True,
    )
    assert (tmp_path / "out").read_text(encoding="utf-8").startswith("finmodel ")
