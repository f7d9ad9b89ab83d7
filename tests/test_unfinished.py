"""Parts of unfinished work: what comes back, what is passed over, what cannot be written."""

import errno
import json
import os
import pickle
import shutil
from hashlib import sha256

import numpy as np
import pytest

from finmodel import store
from finmodel.errors import StoreError
from finmodel.market.resume import play
from finmodel.store import unfinished as room
from finmodel.store.unfinished import Unfinished

DIGEST, OTHER = "d" * 64, "d" * 16 + "e" * 48
ROW = np.dtype([("year", "i2"), ("value", "f8")], align=True)


class Squares:
    """Work whose unit is a square, with a running sum."""

    def __init__(self):
        self.found, self.total, self.n = [], 0.0, 0

    def add(self, square):
        self.found.append(square)
        self.total += square / 3.0
        self.n += 1

    def since(self, first):
        rows = np.zeros(self.n - first, ROW)
        rows["value"] = self.found[first:]
        return {"rows": rows, "total": np.array(self.total)}

    def restore(self, part):
        assert part.first == self.n
        self.found += list(part.arrays["rows"]["value"])
        self.total = float(part.arrays["total"])
        self.n = part.last


class Notes:
    """A watch that remembers."""

    def __init__(self):
        self.found, self.n_kept, self.reasons = 0, 0, []

    def resumed(self, done):
        self.found = done

    def kept(self, done):
        self.n_kept = done

    def not_kept(self, reason):
        self.reasons.append(reason)


@pytest.fixture
def at_once(monkeypatch):
    """Write a part after every unit."""
    monkeypatch.setattr(room, "EVERY_SECONDS", 0.0)
    monkeypatch.setattr(room, "COST_FACTOR", 0.0)


def squares(root, units, *, digest=DIGEST, watch=None):
    """Do the units that are not kept yet; return the work and the units done."""
    work, done = Squares(), []

    def one(unit):
        done.append(unit)
        return float(unit**2)

    with Unfinished(root, digest, watch=watch) as kept:
        play(one, work.add, work, units=units, threads=1, checkpoint=kept)
    return work, done


def same(work, units):
    expected = Squares()
    for unit in range(units):
        expected.add(float(unit**2))
    assert (work.found, work.total, work.n) == (expected.found, expected.total, units)


def part_files(root):
    return sorted(root.glob(".unfinished-*/*.part"))


def test_what_is_kept_is_not_done_again(tmp_path, at_once):
    _, done = squares(tmp_path, 5)
    assert done == [0, 1, 2, 3, 4]
    assert len(part_files(tmp_path)) == 5
    notes = Notes()
    work, done = squares(tmp_path, 9, watch=notes)
    same(work, 9)
    assert done == [5, 6, 7, 8]
    assert (notes.found, notes.n_kept, notes.reasons) == (5, 9, [])
    assert [path.name for path in (tmp_path / ".unfinished-dddddddddddddddd").iterdir()]


def test_short_work_leaves_no_trace(tmp_path):
    work, _ = squares(tmp_path, 50)
    same(work, 50)
    assert list(tmp_path.iterdir()) == []


def test_writing_takes_a_small_part_of_the_time(tmp_path, monkeypatch):
    clock = [0.0]
    monkeypatch.setattr(room.time, "monotonic", lambda: clock[0])
    monkeypatch.setattr(room.os, "fsync", lambda _: clock.__setitem__(0, clock[0] + 1.0))
    work, at = Squares(), []
    with Unfinished(tmp_path, DIGEST) as kept:
        assert list(kept.parts()) == []
        for second in range(100):
            work.add(float(second))
            clock[0] = max(clock[0], float(second))
            before = len(part_files(tmp_path))
            kept.keep(work, 0.0)
            if len(part_files(tmp_path)) > before:
                at.append(second)
    # After five seconds; then a second of writing is followed by twenty of work.
    assert at == [5, 26, 47, 68, 89]


def harm_torn(path):
    path.write_bytes(path.read_bytes()[:-1])


def harm_empty(path):
    path.write_bytes(b"")


def harm_half(path):
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def harm_gone(path):
    path.unlink()


def harm_folder(path):
    path.unlink()
    path.mkdir()


def harm_renamed(path):
    shutil.copy(path.with_name("00000003.part"), path)


def harm_flip(place):
    def flip(path):
        data = bytearray(path.read_bytes())
        data[int(place * (len(data) - 1))] ^= 1
        path.write_bytes(data)

    return flip


def harm_unsafe(path):
    """A sound file whose array would run code if it were unpickled."""

    class Bomb:
        def __reduce__(self):
            return (os.mkdir, (str(path.with_name("ran")),))

    head = json.loads(path.read_bytes().split(b"\n")[0])
    with path.open("wb") as file:
        file.write(json.dumps({**head, "arrays": ["rows"]}).encode() + b"\n")
        np.lib.format.write_array_header_1_0(
            file, {"descr": "|O", "fortran_order": False, "shape": (1,)}
        )
        file.write(pickle.dumps(np.array([Bomb()], object)))
    path.write_bytes(path.read_bytes() + sha256(path.read_bytes()).digest())


@pytest.mark.parametrize(
    "harm",
    [
        harm_torn,
        harm_empty,
        harm_half,
        harm_gone,
        harm_folder,
        harm_renamed,
        harm_unsafe,
        *(harm_flip(place) for place in (0.0, 0.1, 0.5, 0.9, 1.0)),
    ],
)
def test_a_part_that_is_not_sound_is_done_again(tmp_path, at_once, harm):
    squares(tmp_path, 4)
    harm(part_files(tmp_path)[2])
    work, done = squares(tmp_path, 6)
    same(work, 6)
    assert done == [2, 3, 4, 5]
    assert not list(tmp_path.glob("**/ran"))
    if harm is not harm_folder:  # which stays in the way
        assert squares(tmp_path, 6)[1] == []


def test_a_part_of_another_result_is_passed_over(tmp_path, at_once):
    """Even in a folder of the same name, whose digests begin alike."""
    squares(tmp_path, 4)
    work, done = squares(tmp_path, 4, digest=OTHER)
    same(work, 4)
    assert done == [0, 1, 2, 3]


def test_a_part_of_other_libraries_is_passed_over(tmp_path, at_once, monkeypatch):
    squares(tmp_path, 4)
    monkeypatch.setattr(room.numba, "__version__", "0.0")
    assert squares(tmp_path, 4)[1] == [0, 1, 2, 3]


def test_a_file_in_the_way_is_said_once_and_loses_nothing(tmp_path, at_once):
    (tmp_path / ".unfinished-dddddddddddddddd").write_text("in the way")
    notes = Notes()
    work, _ = squares(tmp_path, 5, watch=notes)
    same(work, 5)
    assert len(notes.reasons) == 1
    assert notes.n_kept == 0


def test_a_full_disk_is_said_once_and_kept_work_goes_on_when_there_is_room(
    tmp_path, at_once, monkeypatch
):
    calls = []

    def fsync(_):
        calls.append(1)
        if 2 <= len(calls) <= 4:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(room.os, "fsync", fsync)
    notes = Notes()
    work, _ = squares(tmp_path, 7, watch=notes)
    same(work, 7)
    assert notes.reasons == ["No space left on device"]
    assert notes.n_kept == 7
    assert [int(path.stem) for path in part_files(tmp_path)] == [0, 1, 5, 6]
    assert squares(tmp_path, 7)[1] == []


def test_a_disk_that_stays_full_is_not_filled_with_drafts(tmp_path, at_once, monkeypatch):
    def fsync(_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(room.os, "fsync", fsync)
    same(squares(tmp_path, 4)[0], 4)
    assert [path.name for path in tmp_path.glob("*/*")] == ["lock"]


def test_one_of_two_writes_and_the_other_reads(tmp_path, at_once):
    squares(tmp_path, 3)
    with Unfinished(tmp_path, DIGEST) as holder:
        assert len(list(holder.parts())) == 3
        notes = Notes()
        work, done = squares(tmp_path, 5, watch=notes)
        same(work, 5)
        assert done == [3, 4]
        assert notes.reasons == ["another process is at the same work"]
        assert len(part_files(tmp_path)) == 3
        store.discard_unfinished(tmp_path, DIGEST)
        assert len(part_files(tmp_path)) == 3
    assert squares(tmp_path, 5)[1] == [3, 4]
    assert len(part_files(tmp_path)) == 5
    store.discard_unfinished(tmp_path, DIGEST)
    assert list(tmp_path.iterdir()) == []


def test_a_lock_on_a_removed_folder_is_no_lock(tmp_path, at_once, monkeypatch):
    """Another process held it, finished and removed the folder while this one was asking."""
    squares(tmp_path, 3)
    lock = room.fcntl.flock

    def too_late(file, how):
        shutil.rmtree(tmp_path / ".unfinished-dddddddddddddddd")
        lock(file, how)

    monkeypatch.setattr(room.fcntl, "flock", too_late)
    with Unfinished(tmp_path, DIGEST) as kept:
        assert list(kept.parts()) == []
        monkeypatch.setattr(room.fcntl, "flock", lock)
        work = Squares()
        work.add(0.0)
        kept.keep(work, 0.0)
        assert len(part_files(tmp_path)) == 1
        other = Notes()
        squares(tmp_path, 2, watch=other)
        assert other.reasons == ["another process is at the same work"]


@pytest.mark.parametrize("is_held", [False, True])
def test_a_folder_removed_on_the_way_is_not_begun_in_the_middle(tmp_path, at_once, is_held):
    """By hand, or by another process that held it and finished."""
    squares(tmp_path, 3)
    notes, work = Notes(), Squares()
    with Unfinished(tmp_path, DIGEST) as other:
        if is_held:
            assert len(list(other.parts())) == 3
        with Unfinished(tmp_path, DIGEST, watch=notes) as kept:
            for part in kept.parts():
                work.restore(part)
            other.clear() if is_held else shutil.rmtree(kept.folder)
            other.__exit__()
            work.add(9.0)
            kept.keep(work, 0.0)
            assert len(notes.reasons) == 1
            assert not kept.folder.exists()
            kept.clear()
    assert list(tmp_path.iterdir()) == []


def test_leftovers_are_not_results(tmp_path, at_once):
    squares(tmp_path, 3)
    (tmp_path / ".draft").mkdir()
    (tmp_path / ".draft" / store.MANIFEST).write_text("{}")
    with pytest.raises(StoreError, match="no runs yet"):
        store.open_run(tmp_path, "latest")
