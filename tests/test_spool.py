"""What paths leave: the same in memory and on disk, whole and in chunks."""

import numpy as np
import pytest

from finmodel.market import spool
from finmodel.market.run import simulate
from finmodel.market.spool import Spool
from finmodel.measure import exit_table, gap_table
from tests.conftest import small_world


@pytest.mark.parametrize("limit", [10, 10_000_000])
def test_blocks_come_back_in_order_in_any_chunk(monkeypatch, limit):
    monkeypatch.setattr(spool, "IN_MEMORY", limit)
    monkeypatch.setattr(spool, "CHUNK", 200)
    kept, blocks = Spool((2, 3), np.dtype(np.float64)), np.arange(60.0).reshape(10, 2, 3)
    for block in blocks:
        kept.append(block)
    assert len(kept) == 10
    np.testing.assert_array_equal(kept.whole(), blocks)
    np.testing.assert_array_equal(kept.read(3, 5), blocks[3:5])
    assert len(list(kept.chunks())) == 3
    np.testing.assert_array_equal(kept.collect(lambda b: b.sum(axis=2)), blocks.sum(axis=2))


def test_rows_that_vary_are_joined_and_counted():
    kept = Spool((-1,), np.dtype(np.int32))
    for n in (3, 0, 2):
        kept.append(np.full(n, n))
    np.testing.assert_array_equal(kept.whole(), [3, 3, 3, 2, 2])
    np.testing.assert_array_equal(kept.row_counts(), [3, 0, 2])


def test_a_run_on_disk_gives_the_tables_of_a_run_in_memory(monkeypatch):
    world = small_world()
    in_memory = simulate(world, paths=6, seed=2)
    monkeypatch.setattr(spool, "IN_MEMORY", 1000)
    monkeypatch.setattr(spool, "CHUNK", 1)
    on_disk = simulate(world, paths=6, seed=2)
    for table in (lambda run: gap_table(run, ("region", "stage")), exit_table):
        first, second = table(in_memory), table(on_disk)
        assert first.equals(second)
