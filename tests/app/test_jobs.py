"""The queue of commands: real processes that wait, run, are stopped, fail; and their words."""

import json
import sys
import time

import pytest

from finmodel.errors import InputError
from finmodel.report.captions import jobs as captions
from finmodel.report.wording import Wording
from finmodel.ui import jobs
from finmodel.ui.jobs import MOST_WAITING, JobQueue

SCRIPT = """
import json, os, signal, sys, time
kind = sys.argv[3]
if kind == "refuses":
    print("scenario x: 1 problem(s)", file=sys.stderr); sys.exit(2)
if kind == "breaks":
    raise ValueError("a fault")
stop = []
if kind == "deaf":
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
else:
    signal.signal(signal.SIGTERM, lambda *_: stop.append(1))
for done in range(600 if kind != "quick" else 2):
    with open(os.environ["FINMODEL_PROGRESS"], "w") as file:
        json.dump({"done": done + 1, "total": 600}, file)
    time.sleep(0.02)
    if stop:
        break
print(json.dumps({"paths": done + 1}))
"""


@pytest.fixture
def queue(tmp_path, monkeypatch):
    """A queue whose commands are small scripts in place of the program."""
    program = tmp_path / "stand_in"
    program.write_text(f"#!{sys.executable} -S\n{SCRIPT}", encoding="utf-8")
    program.chmod(0o755)
    monkeypatch.setattr(jobs.sys, "executable", str(program))
    made = JobQueue(tmp_path / "jobs", tmp_path)
    yield made
    for key in list(made._jobs):
        made.stop(key)
    for job in made._jobs.values():
        if job.process:
            job.process.wait(10)
    made.look()


def until(queue, job, *states, seconds=20.0):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if queue.find(job.key).state in states:
            return time.monotonic()
        time.sleep(0.02)
    raise AssertionError(f"{job.state} and not {states}: {job.said}")


def working(queue, job):
    until(queue, job, "running")
    end = time.monotonic() + 20.0
    while job.progress[0] == 0 and time.monotonic() < end:
        time.sleep(0.02)
    assert job.progress[0] > 0


def test_two_jobs_run_in_their_order(queue):
    first, second = queue.start(["quick"]), queue.start(["quick"])
    assert first.state == "running"
    assert second.state == "waiting"
    assert queue.before(second) == 1
    until(queue, second, "done")
    assert first.state == "done"
    assert first.result == second.result == {"paths": 2}
    assert second.progress == (2, 600)
    assert first.folder != second.folder


def test_a_waiting_job_that_is_stopped_never_begins(queue):
    first, second = queue.start(["slow"]), queue.start(["slow"])
    queue.stop(second.key)
    assert second.state == "stopped"
    assert second.process is None
    assert queue.find(first.key).state == "running"


def test_a_running_job_stops_within_two_seconds_and_keeps_what_it_did(queue):
    job = queue.start(["slow"])
    working(queue, job)
    assert job.seconds_left > 0.0
    begun = time.monotonic()
    queue.stop(job.key)
    assert until(queue, job, "stopped") - begun < 2.0
    assert 0 < job.result["paths"] < 600


def test_a_job_that_does_not_listen_is_killed_in_time_and_leaves_no_result(queue, monkeypatch):
    monkeypatch.setattr(jobs, "GRACE_SECONDS", 1.0)
    job, other = queue.start(["deaf"]), queue.start(["quick"])
    working(queue, job)
    begun = time.monotonic()
    queue.stop(job.key)
    assert until(queue, job, "stopped") - begun < 2.0
    assert job.result is None
    until(queue, other, "done")


def test_failures_are_told_apart(queue):
    refused, broken = queue.start(["refuses"]), queue.start(["breaks"])
    until(queue, broken, "failed")
    assert refused.is_refused
    assert not broken.is_refused
    words = Wording()
    assert "1 problem" in captions.failed(refused.said, words, is_input=True)
    shown = captions.failed(broken.said, words, is_input=False)
    assert "Traceback" in broken.said
    assert "Traceback" not in shown
    assert "fault of the program" in shown


def test_too_many_that_wait_are_refused_with_nothing_left_behind(queue):
    running = queue.start(["slow"])
    for _ in range(MOST_WAITING):
        queue.start(["slow"])
    with pytest.raises(InputError, match="waiting"):
        queue.start(["slow"])
    assert len(list(running.folder.parent.iterdir())) == MOST_WAITING + 1


@pytest.mark.parametrize("text", ["", "{", "[]", '{"done": "x"}', '{"done": 3}', json.dumps(None)])
def test_a_file_half_written_is_no_progress(queue, text):
    job = queue.start(["quick"])
    until(queue, job, "done")
    (job.folder / "progress.json").write_text(text, encoding="utf-8")
    (job.folder / "out.json").write_text(text, encoding="utf-8")
    assert job.progress == (0, 0)
    assert job.result is None or isinstance(job.result, dict)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_state_has_its_words(language):
    words = Wording(language)
    shown = [
        captions.waiting(0, words),
        captions.waiting(3, words),
        captions.running(0, 0, None, words),
        captions.running(0, 40, None, words),
        captions.running(3, 40, 12.4, words),
        captions.running(3, 40, 1234.0, words),
        captions.stopped(0, 0, words, began=False, has_result=False),
        captions.stopped(0, 0, words, began=True, has_result=False),
        captions.stopped(3, 40, words, began=True, has_result=True),
        captions.failed("", words, is_input=True),
        captions.failed("x", words, is_input=True),
    ]
    assert len(set(shown)) == len(shown)
    assert all("{" not in text for text in shown)
    assert "3" in shown[8]
    assert "40" in shown[8]


def test_time_left_is_in_words_that_fit():
    assert captions.time_words(0.2, Wording()) == "1 s"
    assert captions.time_words(89.0, Wording()) == "89 s"
    assert captions.time_words(125.0, Wording()) == "2 min"


def test_a_quick_run_does_not_wait_for_a_long_one(queue):
    long = queue.start(["slow"])
    waiting = queue.start(["slow"])
    first, second = (queue.start(["quick"], is_quick=True) for _ in range(2))
    assert [long.state, waiting.state, first.state] == ["running", "waiting", "running"]
    assert queue.before(waiting) == 1
    until(queue, second, "done")
    assert queue.find(waiting.key).state == "waiting"


def test_one_that_is_being_stopped_keeps_nobody_waiting(queue, monkeypatch):
    monkeypatch.setattr(jobs, "GRACE_SECONDS", 3.0)
    deaf = queue.start(["deaf"])
    working(queue, deaf)
    queue.stop(deaf.key)
    after = queue.start(["quick"])
    assert after.state == "running"
    assert queue.find(deaf.key).state == "running"


def test_a_new_server_recalls_what_ended_and_nothing_else(queue, tmp_path):
    done = queue.start(["quick"])
    until(queue, done, "done")
    other = JobQueue(tmp_path / "jobs", tmp_path)
    found = other.find(done.key)
    assert (found.state, found.result, list(found.arguments)) == (
        "done", {"paths": 2}, ["quick"]
    )  # fmt: skip
    for key in ("../jobs", "x" * 16, "0" * 16, ""):
        assert other.find(key) is None
