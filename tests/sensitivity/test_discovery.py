"""Boxes: a planted one is found, none is found where there is none."""

import numpy as np
import pytest

from finmodel.sensitivity.peeling import Box, discover, peel, quasi_p, search
from finmodel.sensitivity.tree import grow_tree


def planted(n=400, d=6, seed=0, inside=0.9, outside=0.1):
    rng = np.random.default_rng(seed)
    x = rng.random((n, d)) * 10.0
    is_in = (x[:, 1] > 6.0) & (x[:, 3] < 5.0)
    return x, rng.random(n) < np.where(is_in, inside, outside)


def test_a_planted_box_is_found():
    x, event = planted()
    found = discover(x, event, seed=1, shuffles=19)
    assert found.is_found
    assert np.flatnonzero(found.box.limited).tolist() == [1, 3]
    assert found.box.low[1] == pytest.approx(6.0, abs=0.6)
    assert found.box.high[3] == pytest.approx(5.0, abs=0.6)
    assert found.density > 0.8
    assert found.density_held_out > 2.0 * found.base_rate
    assert found.reproduced[[1, 3]].min() > 0.6
    assert np.delete(found.reproduced, [1, 3]).max() < 0.6
    assert found.quasi_p[[1, 3]].max() < 0.01
    assert found.trajectory["coverage"].iloc[0] == 1.0


def test_the_tree_sees_the_same():
    x, event = planted()
    tree = grow_tree(x, event, seed=1)
    assert tree.box.low[1] == pytest.approx(6.0, abs=0.6)
    assert tree.box.high[3] == pytest.approx(5.0, abs=0.6)
    assert tree.auc > 0.5 + 4.0 * tree.auc_error
    inside = tree.box.holds(x)
    assert inside.mean() == pytest.approx(tree.mass)
    assert event[inside].mean() == pytest.approx(tree.density)


def test_no_box_where_events_are_chance():
    """One in twenty may pass: of six, three or more would be a fault."""
    rng = np.random.default_rng(5)
    found = [
        discover(rng.random((60, 3)), rng.random(60) < 0.3, seed=k, shuffles=19, halves=2)
        for k in range(6)
    ]
    assert sum(item.is_found for item in found) <= 2
    assert np.nanmean([item.density_held_out for item in found]) < 0.45


def test_a_box_that_the_search_sees_in_noise_is_not_found():
    rng = np.random.default_rng(5)
    while True:
        x, event = rng.random((60, 12)), rng.random(60) < 0.3
        if search(x, event).limited.any():
            break
    found = discover(x, event, seed=1, shuffles=19, halves=2)
    assert found.box.limited.any()
    assert found.density > found.base_rate
    assert not found.is_found


def test_densities_rise_along_the_peeling_and_ties_go_together():
    x, event = planted(n=200)
    x[:, 1] = np.round(x[:, 1] / 5.0)  # three values
    boxes = peel(x, event)
    masses = [box.holds(x).sum() for box in boxes]
    assert masses[0] == 200
    assert masses[-1] >= 10
    lows = {float(box.low[1]) for box in boxes} - {-np.inf}
    assert lows <= {0.0, 1.0, 2.0}


def test_a_limit_that_does_nothing_is_idle():
    x, event = planted()
    low, high = np.full(6, -np.inf), np.full(6, np.inf)
    low[1], high[3], high[5] = 6.0, 5.0, 9.0
    p = quasi_p(Box(low, high), x, event)
    assert p[5] > 0.2
    assert p[1] < 1e-3
    assert np.isnan(p[0])


def test_discovery_refuses_what_it_cannot_judge():
    x, event = planted()
    with pytest.raises(ValueError, match="needs 40"):
        discover(x[:30], event[:30], seed=1)
    with pytest.raises(ValueError, match="400 events"):
        discover(x, np.ones(400, bool), seed=1)
    with pytest.raises(ValueError, match="five of each"):
        grow_tree(x, np.arange(400) < 3, seed=1)
