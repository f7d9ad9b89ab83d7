"""Tail diagnostics: known tails come back, and verdicts turn where they should."""

import numpy as np
import pandas as pd
import pytest

from finmodel.errors import InputError
from finmodel.measure.tails import (
    HILL_MAX_SHARE,
    MAX_RELATIVE_SE,
    MIN_EXITS,
    hill_index,
    tail_table,
    top_share,
)

ESTIMATES = ["mean", "se", "se_ratio", "max_share", "top1_share", "hill", "hill_se", "hill_k"]


def pareto(rng, index, n):
    return rng.random(n) ** (-1.0 / index)


def row(path, size, n_paths, **options):
    found = tail_table(path, size, n_paths, **options)
    assert len(found) == 1
    return found.iloc[0]


@pytest.mark.parametrize("index", [1.0, 1.5, 2.5, 4.0])
def test_the_index_of_a_pareto_comes_back(index):
    for seed in range(5):
        found, error, k = hill_index(pareto(np.random.default_rng(seed), index, 20_000))
        assert abs(found - index) < 4 * error
        assert error == pytest.approx(found / np.sqrt(k))
        assert k <= HILL_MAX_SHARE * 20_000


def test_the_tail_is_found_above_a_body_that_is_not_pareto():
    """Index 1.5 above the 95 % quantile of a lognormal: k stays near the twentieth."""
    rng = np.random.default_rng(6)
    body = np.exp(0.3 * rng.standard_normal(60_000))
    start = np.quantile(body, 0.95)
    size = np.where(body > start, start * pareto(rng, 1.5, len(body)), body)
    index, error, k = hill_index(size)
    assert abs(index - 1.5) < 4 * error
    assert 300 < k < 3_300


def test_a_lognormal_has_a_high_index():
    size = np.exp(0.5 * np.random.default_rng(1).standard_normal(20_000))
    index, error, _ = hill_index(size)
    assert index - 4 * error > 3


def test_the_index_does_not_depend_on_unit_or_order():
    rng = np.random.default_rng(2)
    size = pareto(rng, 1.7, 3_000)
    expected = hill_index(size)
    assert hill_index(rng.permutation(size) * 64.0) == pytest.approx(expected)
    k = int(expected[2])
    ordered = np.sort(size)[::-1]
    assert expected[0] == pytest.approx(1 / np.log(ordered[:k] / ordered[k]).mean())


@pytest.mark.parametrize("index", [1.8, 2.5])
def test_the_top_percent_of_a_pareto_is_the_closed_form(index):
    rng = np.random.default_rng(3)
    shares = [top_share(pareto(rng, index, 10_000), 0.01) for _ in range(60)]
    error = np.std(shares, ddof=1) / np.sqrt(len(shares))
    # A share of a finite sample is a little below that of the law, hence the allowance.
    assert abs(np.mean(shares) - 0.01 ** (1 - 1 / index)) < 4 * error + 0.01


def test_top_share_by_hand():
    size = np.array([1.0, 4.0, 3.0, 2.0])
    assert top_share(size, 0.25) == pytest.approx(0.4)
    assert top_share(size, 0.5) == pytest.approx(0.7)
    assert top_share(size, 0.375) == pytest.approx(0.55)
    assert top_share(size, 1.0) == pytest.approx(1.0)
    assert np.isnan(top_share(np.zeros(4), 0.5))


def test_equal_exits_have_no_tail_and_no_error():
    # Unequal numbers by path, so that sums of 0.1 round differently.
    path = np.random.default_rng(14).integers(0, 100, 1000)
    found = row(path, np.full(1000, 0.1), 100)
    assert found["mean"] == pytest.approx(0.1)
    assert (found["se"], found["se_ratio"]) == (0, 1)
    assert found["top1_share"] == pytest.approx(0.01)
    assert found["max_share"] == pytest.approx(0.001)
    assert found[["hill", "hill_se", "hill_k", "paths_needed"]].isna().all()
    assert found["is_enough"]
    assert found["verdict"] == "enough"


@pytest.mark.parametrize("n", [0, 1, MIN_EXITS - 1])
def test_few_exits_say_so_and_estimate_nothing(n):
    found = row(np.arange(n), np.ones(n), 200)
    assert (found["n_exits"], found["n_paths"]) == (n, 200)
    assert found[[*ESTIMATES, "paths_needed"]].isna().all()
    assert not found["is_enough"]
    assert found["verdict"] == "few exits"
    assert np.isfinite(row(np.arange(MIN_EXITS), np.ones(MIN_EXITS), 200)["mean"])


def test_worthless_exits_have_no_shares():
    found = row(np.arange(100), np.zeros(100), 100)
    assert found["mean"] == 0
    assert found[["max_share", "top1_share", "hill", "paths_needed"]].isna().all()
    assert found["verdict"] == "wide error"


def test_rows_of_several_calls_stack_without_changing_types():
    rng = np.random.default_rng(4)
    full = tail_table(np.arange(500), rng.random(500), 500)
    empty = tail_table([], [], 500)
    both = pd.concat([full, empty], ignore_index=True)
    assert (both.dtypes == full.dtypes).all()
    numbers = both.select_dtypes("number").to_numpy(dtype=float)
    assert not np.isinf(numbers).any()


def clustered(rng, n_paths, sd_path, sd_exit, per_path=20):
    """Lognormal exits that share their path's luck."""
    path = np.repeat(np.arange(n_paths), per_path)
    luck = sd_path * rng.standard_normal(n_paths)[path] + sd_exit * rng.standard_normal(len(path))
    return path, np.exp(luck)


@pytest.mark.parametrize("per", ["exit", "path"])
def test_the_error_is_that_of_repeated_runs(per):
    """Exits of a path move together: an error that took them as independent is too small."""
    rng = np.random.default_rng(7)
    rows = []
    for _ in range(300):
        path, size = clustered(rng, 100, 0.4, 0.4)
        kept = rng.random(len(path)) < 0.8
        rows.append(row(path[kept], size[kept], 100, per=per))
    frame = pd.DataFrame(rows)
    spread = frame["mean"].astype(float).std()
    assert frame["se"].astype(float).mean() == pytest.approx(spread, rel=0.15)
    factor = 1.0 if per == "exit" else 16.0
    assert frame["mean"].astype(float).mean() == pytest.approx(factor * np.exp(0.16), rel=0.02)
    naive = size[kept].std() / np.sqrt(kept.sum())
    if per == "exit":
        assert frame["se"].astype(float).mean() > 2 * naive


def test_paths_without_exits_count_in_the_total_of_a_path():
    path, size = np.arange(100), np.ones(100)
    assert row(path, size, 400, per="path")["mean"] == pytest.approx(0.25)
    assert row(path, size, 400, per="exit")["mean"] == pytest.approx(1.0)


def test_paths_needed_is_where_the_error_becomes_small():
    rng = np.random.default_rng(8)

    def run(n_paths):
        path = np.repeat(np.arange(n_paths), 20)
        size = rng.uniform(0.2, 1.8, n_paths)[path] * rng.uniform(0.5, 1.5, len(path))
        return row(path, size, n_paths)

    found = run(40)
    assert found["verdict"] == "wide error"
    relative = found["se"] / found["mean"]
    assert found["paths_needed"] == np.ceil(40 * (relative / MAX_RELATIVE_SE) ** 2)
    many = int(1.5 * found["paths_needed"])
    later = run(many)
    assert later["se"] / later["mean"] < MAX_RELATIVE_SE
    assert later["verdict"] == "enough"
    assert later["paths_needed"] < many


def test_the_verdict_turns_heavy_when_one_exit_carries_the_sum():
    rng = np.random.default_rng(9)
    path = np.arange(2000)
    size = rng.uniform(0.5, 1.5, 2000)
    assert row(path, size, 2000)["verdict"] == "enough"
    one = size.copy()
    one[77] = 0.06 / 0.94 * size.sum()
    found = row(path, one, 2000)
    assert found["verdict"] == "heavy tail"
    assert found["max_share"] == pytest.approx(0.06, abs=0.001)
    assert found["paths_needed"] > 2000
    one[1900] = one[77]  # one in each half: the halves agree, the sum still hangs on them
    found = row(path, one, 2000)
    assert found["se_ratio"] < 1.1
    assert found["verdict"] == "heavy tail"


def test_the_verdict_turns_heavy_when_the_halves_disagree_on_the_error():
    rng = np.random.default_rng(10)
    size = rng.uniform(0.5, 1.5, 2000)
    size[100] = 60.0
    found = row(np.arange(2000), size, 2000)
    assert found["max_share"] < 0.05
    assert found["se"] / found["mean"] < 0.05
    assert found["se_ratio"] > 1.5
    assert found["verdict"] == "heavy tail"


def test_a_pareto_without_variance_is_seldom_enough_and_a_thin_tail_is():
    rng = np.random.default_rng(11)
    path = np.arange(3000)
    heavy = [row(path, pareto(rng, 1.2, 3000), 3000)["is_enough"] for _ in range(40)]
    thin = [row(path, pareto(rng, 6.0, 3000), 3000)["is_enough"] for _ in range(40)]
    assert np.mean(heavy) < 0.1
    assert np.mean(thin) > 0.9


def test_one_exit_that_carries_the_mean_is_heavy_however_few_the_paths():
    size = np.r_[np.ones(80), 1000.0]
    assert row(np.arange(81) % 5, size, 5)["verdict"] == "heavy tail"


def test_halves_of_few_paths_say_nothing():
    rng = np.random.default_rng(3)
    for n_paths in (2, 10, 20, 39):
        found = row(np.arange(4000) % n_paths, pareto(rng, 2.5, 4000), n_paths)
        assert found["verdict"] == "few paths"


@pytest.mark.parametrize("n_paths", [1, 2, 3])
def test_an_error_that_cannot_be_measured_is_not_small(n_paths):
    size = np.random.default_rng(12).uniform(1, 2, 600)
    found = row(np.arange(600) % n_paths, size, n_paths)
    assert np.isnan(found["se_ratio"])
    assert found["verdict"] == "few paths"
    assert np.isnan(found["se"]) == (n_paths == 1)


def test_all_exits_in_one_half_of_the_paths_measure_no_error():
    for path in (np.arange(300), np.arange(300, 600)):
        found = row(path, np.random.default_rng(13).uniform(1, 2, 300), 600)
        assert np.isnan(found["se_ratio"])
        assert found["verdict"] == "wide error"


@pytest.mark.parametrize(
    ("path", "size", "n_paths", "message"),
    [
        ([0, 2], [1.0, 1.0], 2, r"path\[1\]: got 2; allowed: a whole number from 0 to 1"),
        ([0.5, 1], [1.0, 1.0], 2, r"path\[0\]: got 0.5"),
        ([0, 1], [1.0, np.nan], 2, r"size\[1\]: got nan"),
        ([0, 1], [-1.0, np.inf], 2, r"size\[0\]: got -1.0"),
        ([0, 1], [1.0], 2, "one entry an exit"),
        ([], [], 0, "n_paths: got 0; allowed: at least 1"),
    ],
)
def test_bad_input_is_refused_in_words(path, size, n_paths, message):
    with pytest.raises(InputError, match=message):
        tail_table(path, size, n_paths)
