"""Paths of a baseline played ahead: the same bits, given out once, never of another scenario."""

import numpy as np
import pytest

from finmodel.study import compare as compare_module
from finmodel.study.ahead import Ahead
from finmodel.study.compare import compare, comparison_tables
from finmodel.world import build_world
from tests.conftest import small, small_world

POLICY = "capital.total_mcny_pa=800000.0"


def tables(base, arm, **how):
    return comparison_tables(compare(base, {"own": arm}, paths=3, seed=5, **how))


@pytest.fixture
def ahead(monkeypatch):
    made = Ahead()
    monkeypatch.setattr(compare_module, "AHEAD", made)
    return made


@pytest.mark.parametrize("threads", [1, 2])
def test_a_comparison_is_the_same_to_the_bit_and_uses_each_path_once(ahead, threads):
    base, arm = small_world(), small_world(POLICY)
    plain = tables(base, arm, threads=threads)
    assert ahead.play(base, 5, 2) == 2
    found = tables(build_world(small()), arm, threads=threads)
    assert not ahead._paths
    for name, table in plain.items():
        for column in table:
            left, right = table[column].to_numpy(), found[name][column].to_numpy()
            assert np.array_equal(left, right, equal_nan=left.dtype.kind == "f"), (name, column)


def test_paths_of_another_scenario_seed_or_check_are_not_taken(ahead):
    base, arm = small_world(), small_world(POLICY)
    other = small_world("capital.total_mcny_pa=500000.0")
    ahead.play(other, 5, 1)
    ahead.play(base, 6, 1)
    ahead.play(base, 5, 1, check_every=1)
    kept = dict(ahead._paths)
    assert len(kept) == 3
    tables(base, arm)
    assert ahead._paths == kept


def test_it_stops_when_it_is_asked_for_something(ahead):
    answers = iter((False, True))
    assert ahead.play(small_world(), 5, 3, is_asked=lambda: next(answers)) == 1
    assert len(ahead._paths) == 1
