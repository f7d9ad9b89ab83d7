"""Choosing by weight from trees: right frequencies, independent heights, little moved."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from finmodel.market.lottery import (
    MOST_HEIGHTS,
    NODE_ROW,
    POWERS,
    choose_each,
    fill_tree,
    height_for,
    rows_of,
)

WORDS = np.random.default_rng(3).integers(0, 2**32, 100_000).astype(np.uint64)


def choices(weights, words=WORDS, height=None, first=0, power=0):
    """Return which leaf each word chooses."""
    weights = np.asarray(weights, float)
    height = height or height_for(len(weights))
    nodes = np.zeros(3 + rows_of(len(weights), height), NODE_ROW)
    fill_tree(np.concatenate([np.zeros(first), weights]), first, len(weights), nodes, 3, height)
    assert nodes["total"][3] == pytest.approx(weights.sum())
    place = np.full(len(words), 3, np.uint64)
    choose_each(nodes, height, words, power, place, len(words))
    return place.astype(int) - first


@pytest.mark.parametrize("n", [1, 2, 4, 5, 16, 17, 65, 300])
def test_frequencies_are_in_proportion_to_the_weights(n):
    weights = np.random.default_rng(n).lognormal(0, 1.5, n)
    weights[n // 2] = 0.0 if n > 1 else 1.0
    found = np.bincount(choices(weights, first=7), minlength=n) / len(WORDS)
    expected = weights / weights.sum()
    sd = np.sqrt(expected * (1 - expected) / len(WORDS))
    assert (np.abs(found - expected) <= 4.5 * sd).all()


def test_a_taller_tree_of_the_same_leaves_chooses_the_same():
    weights = np.random.default_rng(0).random(20)
    np.testing.assert_array_equal(choices(weights), choices(weights, height=6))


def test_leaves_added_at_the_end_without_weight_change_nothing():
    weights = np.random.default_rng(0).random(20)
    more = np.concatenate([weights, np.zeros(60)])
    np.testing.assert_array_equal(choices(weights), choices(more))


@given(st.lists(st.floats(0, 1e6), min_size=1, max_size=70), st.integers(0, 2**32 - 1))
def test_only_leaves_with_weight_are_chosen(weights, word):
    weights[0] += 1e-3
    (leaf,) = choices(weights, np.array([word], np.uint64))
    assert weights[leaf] > 0


def test_a_weight_that_grows_takes_from_all_and_moves_few_among_the_rest():
    weights = np.ones(256)
    before = choices(weights)
    for j, factor in ((3, 2.0), (100, 5.0), (255, 0.0)):
        changed = weights.copy()
        changed[j] *= factor
        after = choices(changed)
        needed = abs((before == j).sum() - (after == j).sum())
        assert (before != after).sum() < 7 * needed


def test_uniforms_of_heights_are_independent_in_pairs_and_threes():
    """Chi-square of 16 x 16 and 8 x 8 x 8 boxes, over all heights two walks by one word use."""
    u = np.array([(WORDS * p & np.uint64(2**32 - 1)) / 2.0**32 for p in POWERS[:12]])
    n = len(WORDS)
    for a in range(12):
        for b in range(a):
            table = np.histogram2d(u[a], u[b], 16, [[0, 1], [0, 1]])[0]
            chi = ((table - n / 256) ** 2 / (n / 256)).sum()
            assert abs(chi - 255) < 5 * np.sqrt(2 * 255), (a, b)
            c = (a + b) % 12
            if c not in (a, b):
                cube = np.histogramdd(u[[a, b, c]].T, 8, [[0, 1]] * 3)[0]
                chi = ((cube - n / 512) ** 2 / (n / 512)).sum()
                assert abs(chi - 511) < 5 * np.sqrt(2 * 511), (a, b, c)
    assert len(set(POWERS)) == 2 * MOST_HEIGHTS
