"""The search for a split: analytic optima, robust choices, honest luck."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.stats import binom, norm

from finmodel.allocate.goal import Goal, RiskLimit
from finmodel.allocate.retest import contrast, optimism, play_fresh
from finmodel.allocate.search import SearchPlan, search
from finmodel.allocate.splits import Group, SplitSet
from tests.allocation_problems import Logs, Noise, Normals, Roots

PLAIN = Goal(np.ones(1))


def plan(n_cells: int, *, rounds: int = 5, paths: int = 2, first: int = 2, seed: int = 1):
    return SearchPlan(
        design=2 * n_cells + 4,
        rounds=rounds,
        batch=4,
        paths=paths,
        first_paths=first,
        finalists=5,
        seed=seed,
    )


def equal(n_cells: int):
    return np.full((1, n_cells), 1.0 / n_cells)


@pytest.mark.parametrize("n_cells", [4, 12])
def test_water_filling_is_found(n_cells):
    problem, allowed = Logs(n_cells, 1), SplitSet.free([str(d) for d in range(n_cells)])
    found = search(
        problem.evaluate, PLAIN, allowed, presets=equal(n_cells), plan=plan(n_cells)
    ).winners["expected"]
    most, plain = problem.value(problem.best()), problem.value(equal(n_cells))[0]
    assert problem.value(found.split) >= 0.998 * most
    assert problem.value(found.split) - plain >= 0.98 * (most - plain)
    assert np.abs(found.split - problem.best()).max() < 0.02


def test_floors_and_caps_bind_where_they_should():
    problem = Roots(
        [3.0, 2.0, 1.0, 0.5, 0.2, 1.5],
        [0.0, 0.0, 0.0, 0.0, 0.15, 0.0],
        [0.3, 1.0, 1.0, 1.0, 1.0, 1.0],
    )
    start = problem.allowed.nearest(equal(6)[0])[None, :]
    found = search(problem.evaluate, PLAIN, problem.allowed, presets=start, plan=plan(6))
    split, best = found.winners["expected"].split, problem.best()
    assert best[0] == 0.3
    assert best[4] == 0.15
    assert problem.value(split) >= 0.999 * problem.value(best)
    assert np.abs(split - best).max() < 0.02
    assert problem.allowed.contains(found.means.splits).all()


def test_a_group_floor_splits_the_budget_in_two():
    a = np.array([3.0, 2.0, 0.5, 0.2])
    group = Group("poor", np.array([False, False, True, True]), low=0.4)
    problem = Roots(a, np.zeros(4), np.ones(4))
    allowed = SplitSet.free([str(d) for d in range(4)], [group])
    found = search(problem.evaluate, PLAIN, allowed, presets=equal(4), plan=plan(4)).winners[
        "expected"
    ]
    rich, poor = a[:2] ** 2, a[2:] ** 2
    best = np.concatenate([0.6 * rich / rich.sum(), 0.4 * poor / poor.sum()])
    assert problem.value(found.split) >= 0.999 * problem.value(best)
    assert found.split[2:].sum() == pytest.approx(0.4, abs=0.01)


@pytest.mark.slow
def test_a_limit_on_the_worst_tenth_is_kept_under_noise():
    mean, sd = np.array([1.0, 0.8, 0.5, 0.3, 0.1]), np.array([2.0, 1.4, 0.7, 0.4, 0.05])
    problem, allowed = Normals(mean, sd), SplitSet.free([str(d) for d in range(5)])
    limit = RiskLimit("worst tenth", 0, "cvar", most=0.6, level=0.9)
    tail = norm.pdf(norm.ppf(0.9)) / 0.1  # CVaR of a standard normal loss

    def cvar(split):
        return -mean @ split + tail * np.sqrt(((sd * split) ** 2).sum())

    exact = minimize(
        lambda w: -mean @ w,
        equal(5)[0],
        method="SLSQP",
        bounds=[(0, 1)] * 5,
        constraints=[
            {"type": "eq", "fun": lambda w: w.sum() - 1.0},
            {"type": "ineq", "fun": lambda w: limit.most - cvar(w)},
        ],
    )
    goal = Goal(np.ones(1), (limit,))
    found = search(
        problem.evaluate,
        goal,
        allowed,
        presets=equal(5),
        plan=plan(5, paths=40_000, first=10_000),
    )
    winner = found.winners["expected"]
    assert winner.is_within_limits
    assert mean @ winner.split == pytest.approx(-exact.fun, rel=0.02)
    assert cvar(winner.split) <= limit.most * 1.02
    assert mean @ winner.split > mean @ equal(5)[0]


def test_presets_moved_to_one_split_are_one_yardstick():
    problem, pinned = Normals([1.0, 1.0], [1.0, 1.0]), np.full(2, 0.5)
    found = search(
        problem.evaluate,
        PLAIN,
        SplitSet(("a", "b"), pinned, pinned),
        presets=np.repeat(equal(2), 4, axis=0),
        plan=plan(2, rounds=1, paths=8, first=4),
    )
    assert found.winners["expected"].split == pytest.approx(pinned)
    assert found.book.n_yardstick == 1


def test_a_limit_that_no_split_keeps_is_said():
    problem, allowed = Normals([1.0, 1.0], [1.0, 1.0]), SplitSet.free(["a", "b"])
    goal = Goal(np.ones(1), (RiskLimit("none", 0, "chance", most=0.0001, threshold=-9.0),))
    found = search(
        problem.evaluate, goal, allowed, presets=equal(2), plan=plan(2, rounds=1, paths=50)
    )
    assert not found.winners["expected"].is_within_limits


def test_robust_choices_of_two_futures():
    def evaluate(splits, paths):
        both = np.stack([2.0 * splits[:, 0], splits[:, 1]], axis=1)
        return np.repeat(both[:, :, None, None], len(paths), axis=2)

    goal = Goal(np.ones(1), scenario_weights=np.array([0.5, 0.5]))
    found = search(
        evaluate,
        goal,
        SplitSet.free(["a", "b"]),
        presets=equal(2),
        plan=plan(2),
        criteria=("expected", "maximin", "regret"),
    ).winners
    assert found["expected"].split[0] == pytest.approx(1.0, abs=0.01)
    assert found["maximin"].split[0] == pytest.approx(1.0 / 3.0, abs=0.01)
    assert found["regret"].split[0] == pytest.approx(2.0 / 3.0, abs=0.01)
    assert found["maximin"].value == pytest.approx(2.0 / 3.0, abs=0.02)


@pytest.mark.slow
def test_a_winner_among_equals_is_lucky_in_sample_only():
    lucky, fresh, n, paths, false = [], [], 25, 40, 0
    for seed in range(n):
        same = Normals(np.zeros(3), np.ones(3), seed=seed)  # every split is worth 0
        found = search(
            same.evaluate,
            PLAIN,
            SplitSet.free(["a", "b", "c"]),
            presets=equal(3),
            plan=plan(3, rounds=1, paths=paths, first=paths, seed=seed),
        )
        winner = found.winners["expected"]
        both = np.concatenate([winner.split[None, :], equal(3)])
        again = play_fresh(same.evaluate, PLAIN, ["w", "e"], both, range(paths, 2 * paths))
        measured = optimism(PLAIN.pooled(found.book.outcomes[winner.row]), again.by_path[0])
        lucky.append(measured.optimism)
        fresh.append(measured.fresh)
        false += contrast(again.by_path[0], again.by_path[1:], seed=1).verdicts[0] == "better"
    root = np.sqrt(n)
    assert np.mean(lucky) > 4.0 * np.std(lucky, ddof=1) / root
    assert abs(np.mean(fresh)) < 4.0 * np.std(fresh, ddof=1) / root
    assert false <= binom.ppf(0.999, n, 0.025)


def test_the_same_seed_gives_the_same_bits():
    problem, allowed = Logs(4, 2), SplitSet.free(list("abcd"))
    runs = [
        search(problem.evaluate, PLAIN, allowed, presets=equal(4), plan=plan(4, rounds=2))
        for _ in range(2)
    ]
    assert runs[0].means.splits.tobytes() == runs[1].means.splits.tobytes()
    assert runs[0].means.worth.tobytes() == runs[1].means.worth.tobytes()


def test_nothing_is_asked_twice():
    asked = []

    def evaluate(splits, paths):
        asked.extend((split.tobytes(), path) for split in splits for path in paths)
        return Noise(1).evaluate(splits, paths)

    found = search(
        evaluate,
        PLAIN,
        SplitSet.free(["a", "b"]),
        presets=equal(2),
        plan=plan(2, rounds=1, paths=20, first=5),
    )
    assert len(asked) == len(set(asked)) == found.book.spent
