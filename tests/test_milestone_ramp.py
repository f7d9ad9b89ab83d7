"""A ramp of the milestone hazard: at nought nothing, else slower at first and as the page says."""

import numpy as np
import pytest

from finmodel.calibrate.simulated_moments import Setting, simulated_moments
from finmodel.market.run import simulate
from finmodel.world import build_world
from finmodel.world.programmes import loss_chances
from finmodel.world.viability import ramp_shares
from tests.conftest import YRD, small, small_world


def ramps(value):
    return tuple(f"stages.{k}.milestone_ramp_quarters={value}" for k in ("angel", "A", "B", "C"))


def test_the_shares_are_those_of_the_page():
    stages = small_world("stages.A.milestone_ramp_quarters=3").arrays.stages[0]
    assert ramp_shares(stages[2]) == pytest.approx([1 / 6, 0.5, 5 / 6])
    assert ramp_shares(stages[1]) == []
    half = small_world("stages.A.milestone_ramp_quarters=0.5").arrays.stages[0]
    assert ramp_shares(half[2]) == []


def test_a_ramp_within_the_first_half_quarter_is_none():
    """At half a quarter the first quarter is whole: every total is that of no ramp, bit for bit."""
    panels = [
        simulate(build_world(small(*ramps(ramp))), paths=2, seed=4).panel for ramp in (0.0, 0.5)
    ]
    assert (panels[0] == panels[1]).all()


def test_a_ramp_takes_early_graduations_and_keeps_late_ones_more():
    setting = Setting(YRD, 10, 0.05, 5, 6.0)
    found = [simulated_moments(setting, ramps(ramp), (6.0, 12.0, 60.0)) for ramp in (0.0, 6.0)]
    for stage in ("angel", "A", "B"):
        none, ramp = (item.curves[stage].share for item in found)
        ratio = ramp / none
        assert ratio[0] < 0.45
        assert ratio[0] < ratio[1] < ratio[2] < 1.0


def test_a_ramp_makes_failure_before_an_exit_likelier():
    def chance(ramp):
        arrays = small_world(*ramps(ramp)).arrays
        return loss_chances(arrays.stages, np.zeros(4, dtype=np.int64), arrays.rules[0])

    none, some, more = chance(0.0), chance(3.0), chance(8.0)
    assert (some[:, :-1] > none[:, :-1] - 1e-12).all()
    assert (more[:, :-1] > some[:, :-1] - 1e-12).all()
    assert some[:, -1] == pytest.approx(none[:, -1], abs=1e-12)


def test_the_chance_of_loss_is_that_of_simulated_firms():
    """At quality nought, stage A of the first sector, by brute force within four errors."""
    world = small_world(*ramps(4))
    stages, rules = world.arrays.stages, world.arrays.rules[0]
    chance = loss_chances(stages, np.zeros(4, dtype=np.int64), rules)
    rng, n = np.random.default_rng(3), 60_000
    stage, age, fate = np.full(n, 2), np.ones(n), np.zeros(n, dtype=int)
    for _ in range(500):
        row = stages[0, stage, 0]
        slow = np.maximum(row["ramp_quarters"], 1e-9)
        m = row["milestone_pp"] * np.minimum(1.0, (age - 0.5) / slow)
        m = np.where(stage == stages.shape[1] - 1, 0.0, m)
        f = row["failure_pp"]
        x = sum(row[f"{route}_pp"] for route in ("ipo", "mna", "transfer", "buyback"))
        total = m + f + x
        mark = rng.random(n) / -np.expm1(-total) * total
        happens = (fate == 0) & (mark < total)
        moves = happens & (mark < m)
        fate = np.where(happens & ~moves, np.where(mark < m + f, 1, 2), fate)
        stage, age = stage + moves, np.where(moves, 1.0, age + 1.0)
    middle = chance.shape[-1] // 2
    share = (fate == 1).mean()
    assert abs(chance[0, 2, 0, middle] - share) < 4 * np.sqrt(share * (1 - share) / n) + 2e-3
