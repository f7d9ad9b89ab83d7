"""What differs between units: luck they share is not in it, luck that differs is taken off."""

import numpy as np
import pytest

from finmodel.scenario.batch_plan import load_batch
from finmodel.study.batch import run_batch
from finmodel.study.batch_spread import Between
from tests.batch.plans import MEETINGS, write_plan
from tests.batch.test_batch import tables_in


def between(true, *, seeds, n_paths, rng, common=5.0, own=1.0):
    groups = [("a", seed) for seed in range(seeds) for _ in true]
    found = Between(groups, 1)
    for seed in range(seeds):
        luck = rng.normal(0.0, common, n_paths)
        for i, value in enumerate(true):
            x = (value + luck + rng.normal(0.0, own, n_paths))[:, None]
            mean, error = x.mean(axis=0), x.std(axis=0, ddof=1) / np.sqrt(n_paths)
            found.add(seed * len(true) + i, mean, error, x - mean)
    return found.sd("a").item()


@pytest.mark.parametrize("seeds", [1, 3])
def test_a_true_spread_is_found_whatever_luck_the_units_share(seeds):
    rng = np.random.default_rng(5)
    true = np.linspace(-1.0, 1.0, 12)  # far below the error of a unit, 5.1 / sqrt(20) = 1.1
    squares = [between(true, seeds=seeds, n_paths=20, rng=rng) ** 2 for _ in range(300)]
    error = np.std(squares, ddof=1) / np.sqrt(len(squares))
    assert abs(np.mean(squares) - true.var(ddof=1)) < 4.0 * error
    assert np.sqrt(np.mean(squares)) == pytest.approx(true.std(ddof=1), rel=0.05)


def test_units_that_differ_by_luck_alone_do_not_lie_apart():
    rng = np.random.default_rng(6)
    found = [between(np.zeros(8), seeds=2, n_paths=20, rng=rng) for _ in range(100)]
    assert np.median(found) < 0.1
    assert min(found) == 0.0


def test_one_path_or_one_unit_of_a_seed_says_nothing_of_what_differs(tmp_path):
    body = f'[grid]\n"{MEETINGS}" = [1.0, 6.0]\n'
    for run, values in (("paths = 1\nseeds = [3]", body), ("paths = 2\nseeds = [3, 4]", "")):
        stored = run_batch(load_batch(write_plan(tmp_path, values, run=run)), root=tmp_path / "out")
        summary = tables_in(stored.folder)["summary"]
        assert summary["sd_between"].isna().all()
        assert (summary.query("measure == 'gap_n'")["n_units"] == 2).all()
