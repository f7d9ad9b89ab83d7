"""Questions of an allocation: what may be varied, between which levels; limits that bind."""

from __future__ import annotations

import math

import numpy as np
import pytest

from finmodel.allocate.back_solve import back_solve
from finmodel.allocate.splits import Group, SplitSet
from finmodel.errors import ScenarioError
from finmodel.scenario.allocation_plan import load_allocation
from finmodel.study.allocate_play import MEASURES
from tests.test_allocate_command import plan, written

BIO, IC = "biomedicine", "integrated_circuits"


def refused(folder, *, vary, low, high, **changes):
    tree = plan(**changes)
    tree["questions"]["q"] |= {"vary": vary, "low": low, "high": high}
    with pytest.raises(ScenarioError) as caught:
        load_allocation(written(folder, tree), measures=MEASURES)
    return [str(problem) for problem in caught.value.problems]


def direct(**clauses):
    """Slots of direct vehicles alone."""
    tree = plan()
    slots = {name: {k: v for k, v in s.items() if k[0] == "l"} for name, s in tree["slots"].items()}
    return {"slots": slots, "template": tree["template"] | clauses}


def test_levels_that_break_a_rule_between_clauses_are_refused_once_with_their_end(tmp_path):
    (said,) = refused(tmp_path, vary="ticket_share", low=0.1, high=0.9, sectors=[IC, BIO])
    assert "questions.q.high: got ticket_share 0.9" in said
    assert "at most concentration_share, 0.2" in said
    both = refused(tmp_path, vary="ticket_share", low=0.5, high=0.9)
    assert [".low: got" in both[0], ".high: got" in both[1], len(both)] == [True, True, 2]


@pytest.mark.parametrize(
    ("vary", "said"),
    [("state_share", "1 but for a fund of funds"), ("loss_cover", "knows no such clause")],
)
def test_clauses_that_a_vehicle_does_not_have_are_refused_and_not_offered(tmp_path, vary, said):
    problems = refused(tmp_path, vary=vary, low=0.1, high=0.9, **direct())
    assert len(problems) == 2
    assert all(f"got {vary} 0." in text and said in text for text in problems)
    (offered,) = refused(tmp_path, vary="state_shar", low=0.1, high=0.9, **direct())
    names = offered.partition("one of ")[2].partition(" (did")[0].split(", ")
    assert "ticket_share" in names
    assert not {"state_share", "loss_cover", "region_share.SH"} & set(names)


def test_what_the_split_sets_or_some_programmes_lack_cannot_be_varied(tmp_path):
    for vary in ("region_share.SH", "mandate.lab"):  # `later` has no mandate over the laboratory
        (said,) = refused(tmp_path, vary=vary, low=0.1, high=0.9)
        assert f"questions.q.vary: got '{vary}'" in said
    tree = plan(**direct())
    tree["questions"]["q"] |= {"vary": "mandate.A", "low": 0.1, "high": 0.9}
    assert load_allocation(written(tmp_path, tree), measures=MEASURES)


def test_ends_of_a_whole_number_are_whole(tmp_path):
    (said,) = refused(tmp_path, vary="quarters", low=1.5, high=8.0)
    assert "questions.q.low.quarters: got 1.5; allowed: whole number" in said
    tree = plan()
    tree["futures"]["named"]["dry"]["changes"] = {"terms.participating": 0.5}
    with pytest.raises(ScenarioError, match=r"participating: got 0\.5; allowed: whole number"):
        load_allocation(written(tmp_path, tree), measures=MEASURES)


@pytest.mark.parametrize("least", range(1, 201, 13))
@pytest.mark.parametrize("is_rising", [True, False])
def test_a_whole_number_is_answered_by_the_level_that_reaches_it(least, is_rising):
    seen = []

    def outcome(level):
        seen.append(level)
        is_reached = level >= least if is_rising else level <= least
        return np.full(40, 1.0 if is_reached else 0.0)

    found = back_solve(outcome, between=(0.0, 200.0), goal=1.0, probability=0.5, is_whole=True)
    assert found.answer == least
    assert all(level == int(level) for level in seen)
    assert len(seen) == len(set(seen)) == len(found.levels)


def test_the_interval_of_a_whole_number_is_whole_and_reaches_outwards():
    luck = np.random.default_rng(3).normal(0.0, 6.0, 60)
    found = back_solve(
        lambda x: x + luck, between=(1.0, 32.0), goal=16.0, probability=0.5, is_whole=True
    )
    ends = (found.answer_low, found.answer, found.answer_high)
    assert all(end == int(end) for end in ends)
    assert found.answer_low < found.answer < found.answer_high
    at = dict(zip(found.levels, found.chance, strict=True))
    assert at[found.answer] >= 0.5 > at[found.answer - 1]


def test_a_range_of_two_whole_levels_is_played_at_both():
    found = back_solve(
        lambda x: np.full(9, x), between=(3.0, 4.0), goal=4.0, probability=0.5, is_whole=True
    )
    assert found.levels.tolist() == [3.0, 4.0]
    assert found.answer == 4.0
    assert math.isfinite(found.answer)


def test_limits_of_cells_together_bind_every_cell_of_them():
    one = Group("one", np.array([True, False, False]), 0.3, 0.8)
    two = Group("two", np.array([False, True, True]), 0.1, 0.4)
    allowed = SplitSet.free(["a", "b", "c"], [one, two])
    assert allowed.at_floor(np.array([0.6, 0.4, 0.0])).tolist() == [False, False, True]
    assert allowed.at_cap(np.array([0.6, 0.4, 0.0])).tolist() == [False, True, True]
    assert allowed.at_floor(np.array([0.3, 0.3, 0.4])).tolist() == [True, False, False]
    assert allowed.at_floor(np.array([0.9, 0.06, 0.04])).tolist() == [False, True, True]
    assert allowed.at_cap(np.array([0.8, 0.1, 0.1])).tolist() == [True, False, False]
    # Floors of nothing and caps of everything bind no cell that is inside its own.
    idle = SplitSet.free(["a", "b"], [Group("all", np.array([True, True]))])
    assert not idle.at_cap(np.array([0.5, 0.5])).any()
    assert not idle.at_floor(np.array([0.5, 0.5])).any()
