"""Engines: the same bits on a cluster as on threads; a lost worker loses no unit."""

import os
import signal
import threading
import time

import pytest

from finmodel.errors import InputError, Interrupted
from finmodel.store import UnitStore
from finmodel.study.engines import DaskEngine, ThreadEngine
from finmodel.study.units import run_units, unit_digests
from tests.batch.test_units import bits, units

# Worker processes print warnings of their own when one of them is killed.
pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.fixture(scope="module")
def cluster():
    with DaskEngine(workers=2) as engine:
        yield engine


def test_a_cluster_gives_the_bits_of_threads(cluster, tmp_path):
    asked = units(5)
    ours = run_units(asked, root=tmp_path / "threads", engine=ThreadEngine(1))
    theirs = run_units(asked, root=tmp_path / "dask", engine=cluster)
    assert bits(ours) == bits(theirs)


def test_a_killed_worker_loses_no_unit(cluster, tmp_path):
    asked = units(12, paths=30)
    before = cluster._client.run(os.getpid)

    def kill_one(done, _total):
        if done == 2:
            os.kill(next(iter(before.values())), signal.SIGKILL)

    found = run_units(asked, root=tmp_path / "dask", engine=cluster, progress=kill_one)
    assert all(result.is_ok for result in found)
    assert bits(found) == bits(run_units(asked, root=tmp_path / "threads"))
    assert cluster._client.run(os.getpid).values() != before.values()


def test_a_cluster_stops_when_asked_and_keeps_what_is_done(cluster, tmp_path):
    asked, cancel = units(10, paths=30), threading.Event()
    started = []

    def stop(done, _total):
        if done == 2:
            started.append(time.monotonic())
            cancel.set()

    with pytest.raises(Interrupted):
        run_units(asked, root=tmp_path, engine=cluster, progress=stop, cancel=cancel)
    assert run_units(asked[:1], root=tmp_path)[0].is_ok


def test_a_scheduler_that_is_lost_is_said_and_what_is_done_is_kept(cluster, tmp_path, monkeypatch):
    import distributed

    asked, whole, n = units(8, paths=4), distributed.wait, []

    def wait(*arguments, **options):
        if n:
            raise distributed.client.FuturesCancelledError([])
        return whole(*arguments, **options)

    monkeypatch.setattr(distributed, "wait", wait)
    with pytest.raises(Interrupted, match="scheduler of the cluster was lost"):
        run_units(asked, root=tmp_path, engine=cluster, progress=lambda *_: n.append(1))
    monkeypatch.undo()
    found = [UnitStore(tmp_path).find(name) for name in unit_digests(asked)]
    assert sum(unit is not None for unit in found) == len(n) > 0


def test_a_scheduler_that_is_not_there_is_one_clear_error(monkeypatch):
    import distributed

    whole = distributed.Client
    monkeypatch.setattr(
        distributed, "Client", lambda address, **k: whole(address, **{**k, "timeout": "0.2s"})
    )
    with pytest.raises(InputError, match="address of a running scheduler"):
        DaskEngine("tcp://127.0.0.1:9")


def test_few_large_units_share_the_threads():
    engine, seen = ThreadEngine(4), []
    items = [1, 2]
    found = dict(engine.map(lambda x, _c, n: seen.append(n) or x, items, None, str))
    assert found == {0: 1, 1: 2}
    assert seen == [2, 2]
    assert list(engine.map(lambda x, _c, _n: x, [], None, str)) == []
