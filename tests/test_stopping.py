"""Stopping by an error: on paths of known spread the true error is what was asked for."""

import itertools
import math

import numpy as np
import pytest

from finmodel.errors import ScenarioError
from finmodel.market.resume import play
from finmodel.measure.series import Series, estimate, relative_error_of_se
from finmodel.report.convergence import stopped_sentence
from finmodel.study.goals import parse_goal
from finmodel.study.stopping import (
    FIRST_LOOK,
    GROWTH,
    Look,
    Stopped,
    StoppingRule,
    check_most,
    look_counts,
    needed,
)

STUDIES = 300


class Numbers:
    """Paths that are numbers, kept as a study keeps its own."""

    def __init__(self, paths):
        self.paths, self.kept, self.asked = paths, [], []

    @property
    def n(self):
        return len(self.kept)

    def since(self, first):
        return {"x": np.array(self.kept[first:])}

    def restore(self, part):
        self.kept += list(part.arrays["x"])

    def play(self, rule, most, threads=1):
        def is_enough(n):
            return rule.is_look(n) and rule.is_enough(n, np.array(self.kept))

        play(
            lambda i: self.paths[i],
            self.kept.append,
            self,
            units=most,
            threads=threads,
            is_enough=is_enough,
        )
        return np.array(self.kept)


def rule_of(text, most):
    return StoppingRule(
        parse_goal(text),
        look_counts(FIRST_LOOK, most),
        lambda found, _measure, _cell: {"": estimate(Series(found))},
    )


def studies(draw, sd, limit, most, is_bound=True):
    """True errors over the limit, and whether 95 % intervals hold the mean, of many studies."""
    errors, inside = [], []
    for _ in range(STUDIES):
        paths = draw(most)
        for n in look_counts(FIRST_LOOK, most):
            found = estimate(Series(paths[:n]))
            if (found.se_bound if is_bound else found.se) < limit:
                break
        errors.append(sd / math.sqrt(n) / limit)
        inside.append(abs(found.value) < found.half_width())
    return np.array(errors), np.array(inside)


def test_the_true_error_is_what_was_asked_for_and_intervals_cover():
    rng = np.random.default_rng(7)
    errors, inside = studies(rng.standard_normal, 1.0, 0.06, 1500)
    assert (errors <= 1.0).mean() > 0.95
    assert errors.mean() > 0.8  # and not by playing twice as many as it takes
    assert abs(inside.mean() - 0.95) < 4 * math.sqrt(0.95 * 0.05 / STUDIES)


def test_stopping_at_the_first_small_error_would_be_too_soon():
    """Why the error counts with its own: a lucky look ends a third of these studies early."""
    rng = np.random.default_rng(7)
    errors, _ = studies(rng.standard_normal, 1.0, 0.05, 1500, is_bound=False)
    assert (errors > 1.0).mean() > 0.25


def test_the_error_of_an_error_is_that_of_repetition():
    """Normal paths: 1 / sqrt(2 n); and what standard errors of many studies vary by."""
    rng = np.random.default_rng(3)
    paths = rng.standard_normal((400, 100))
    found = [estimate(Series(row)) for row in paths]
    observed = np.std([item.se for item in found]) / np.mean([item.se for item in found])
    stated = np.mean([item.se_error for item in found])
    assert stated == pytest.approx(1 / math.sqrt(200), rel=0.1)
    assert stated == pytest.approx(observed, rel=0.15)
    assert relative_error_of_se(np.zeros(5)) == 0.0
    assert math.isnan(relative_error_of_se(np.zeros(1)))


def test_looks_are_few_and_do_not_depend_on_the_paths():
    counts = look_counts(FIRST_LOOK, 2000)
    assert counts[0] == FIRST_LOOK
    assert counts[-1] == 2000
    assert all(b <= math.ceil(GROWTH * a) for a, b in itertools.pairwise(counts))
    assert len(counts) < 20
    assert look_counts(64, 64) == (64,)
    assert look_counts(1, 3) == (1, 2, 3)


@pytest.mark.parametrize("threads", [1, 3])
def test_it_stops_at_a_look_whatever_the_threads(threads):
    paths = np.random.default_rng(2).standard_normal(3000)
    rule = rule_of("se(x) < 0.06", 3000)
    found = Numbers(paths).play(rule, 3000, threads)
    assert rule.is_reached
    assert len(found) in look_counts(FIRST_LOOK, 3000)
    np.testing.assert_array_equal(found, paths[: len(found)])
    assert [look.n for look in rule.last] == [len(found)]
    assert rule.last[0].bound < 0.06 < rule.looks[-2].bound


def test_kept_paths_that_suffice_are_not_added_to():
    """Stopped between its goal and its storing, a study adds nothing when it goes on."""
    paths = np.random.default_rng(2).standard_normal(3000)
    first = Numbers(paths).play(rule_of("se(x) < 0.06", 3000), 3000)
    work = Numbers(paths)
    work.kept = list(first)
    rule = rule_of("se(x) < 0.06", 3000)
    assert len(work.play(rule, 3000)) == len(first)
    assert rule.is_reached


def test_at_the_most_it_ends_and_says_how_many_it_would_take():
    paths = np.random.default_rng(2).standard_normal(100)
    rule = rule_of("se(x) < 0.05", 100)
    assert len(Numbers(paths).play(rule, 100)) == 100
    assert not rule.is_reached
    assert 350 < needed(rule.last) < 800


def look(**changes):
    base = Look(100, "se(x) < 1.0", "", 5.0, 2.0, 0.1, 2.0, 2.0, 0.0, 1.0, False)
    return base._replace(**changes)


def test_what_does_not_shrink_is_not_counted_on():
    assert needed([look()]) == 400
    assert needed([look(fixed=0.6)]) == math.ceil(100 * (4 - 0.36) / (1 - 0.36))
    assert needed([look(), look(fixed=1.0)]) is None
    assert needed([look(bound=math.nan)]) is None


def test_an_ending_is_read_back_from_a_file():
    stopped = Stopped("se(x) < 1.0", 100, 500, False, (look(value=math.nan),))
    again = Stopped.from_json(stopped.as_json())
    assert again.as_json() == stopped.as_json()
    assert math.isnan(again.looks[0].value)
    with pytest.raises(KeyError):
        Stopped.from_json({})


def test_too_few_allowed_are_refused():
    with pytest.raises(ScenarioError, match="at least 64"):
        check_most("--paths", 63, FIRST_LOOK)


def test_what_never_happened_is_played_to_the_most_and_said():
    rule = rule_of("se(x) < 1", 100)
    Numbers(np.zeros(100)).play(rule, 100)
    ended = Stopped("se(x) < 1", 100, 100, rule.is_reached, tuple(rule.last))
    assert not ended.is_reached
    assert ended.needed is None
    assert "all 100 paths are alike, and at 95 % a share below 0.03" in stopped_sentence(
        ended, "paths", "--paths"
    )
    assert "100条路径全部相同" in stopped_sentence(ended, "paths", "--paths", "zh")
