"""The environment: its laws, its stress, and the sign of what each does to the market."""

import numpy as np
import pytest

from finmodel.market import columns as col
from finmodel.market.environment import (
    IPO,
    MARKET_NOW,
    PACE,
    SALE,
    move_environment,
    new_weather,
    shifted_chance,
)
from finmodel.market.run import simulate
from finmodel.market.state import Now
from finmodel.scenario import load_scenario
from finmodel.world import build_world
from tests.conftest import ROOT, SMALL, small_world

PRESETS = sorted(path.stem for path in (ROOT / "scenarios").glob("stress_*.toml"))


def walk(world, n_paths, n_quarters=40):
    """Market factor, window, and factors on price, exits, pace, IPO: (paths, quarters, 6)."""
    arrays = world.arrays
    found = np.empty((n_paths, n_quarters, 6))
    for path in range(n_paths):
        weather = new_weather(len(arrays.sector_key))
        for quarter in range(n_quarters):
            now = Now(np.uint64(3), path, quarter, 0)
            move_environment(arrays.rules[0], arrays.stress, arrays.sector_key, weather, now)
            found[path, quarter] = (
                weather.factor[MARKET_NOW],
                weather.level[2],
                np.exp(weather.log_price[0]),
                weather.exit_value[1],
                weather.factor[PACE],
                weather.factor[IPO],
            )
    return found


LONG = ("run.years=10", "run.warm_up_years=0")


@pytest.mark.parametrize("process", ["ar1", "regimes"])
def test_factors_are_one_on_average_and_the_market_has_its_spread(process):
    world = small_world(f"environment.process={process}", *LONG)
    found = walk(world, 3000)[:, ::39].reshape(-1, 6)
    se = found.std(axis=0) / np.sqrt(3000)
    rules = world.arrays.rules[0]
    for k in (2, 3, 4):
        assert abs(found[:, k].mean() - 1) < 4 * se[k]
    if process == "ar1":
        assert abs(found[:, 0].mean()) < 4 * se[0]
        assert found[:, 0].std() == pytest.approx(rules["market_log_sd"], rel=0.06)
    else:
        p = rules["rise_pp"] / (rules["rise_pp"] + rules["fall_pp"])
        is_high = found[:, 0] == rules["regime_high"]
        assert abs(is_high.mean() - p) < 4 * np.sqrt(p * (1 - p) / 3000)
        assert set(np.unique(found[:, 0])) == {rules["regime_high"], rules["regime_low"]}


def test_the_market_factor_is_an_ar1():
    world = small_world(*LONG)
    m = walk(world, 800)[:, :, 0]
    slope = (m[:, 1:] * m[:, :-1]).mean() / (m[:, :-1] ** 2).mean()
    assert slope == pytest.approx(world.arrays.rules[0]["market_persistence"], abs=0.02)


def test_the_window_is_open_its_share_of_time_and_closes_in_bad_markets():
    still = small_world("environment.window_loading=0", *LONG)
    found = walk(still, 1500)
    rules = still.arrays.rules[0]
    share = rules["window_open_pp"] / (rules["window_open_pp"] + rules["window_close_pp"])
    by_path = found[:, :, 1].mean(axis=1)
    assert abs(by_path.mean() - share) < 4 * by_path.std() / np.sqrt(1500)
    assert set(np.unique(found[:, :, 5])) == {rules["window_closed_multiple"], 1.0}
    moved = walk(small_world("environment.window_loading=4", *LONG), 800)
    is_low = moved[:, :, 0] < -0.2
    assert moved[is_low, 1].mean() < moved[~is_low, 1].mean() - 0.05


def test_sector_factors_differ_and_do_not_move_the_market():
    world = small_world("environment.market_log_sd=0", *LONG)
    found = walk(world, 500)
    assert (found[:, :, 0] == 0).all()
    assert abs(np.corrcoef(found[:, 0, 2], found[:, 0, 3])[0, 1]) < 4 / np.sqrt(500)
    calm = walk(small_world("environment.sector_log_sd=0", *LONG), 20)
    np.testing.assert_allclose(calm[:, :, 2], calm[:, :, 3], rtol=1e-12)


def test_chances_shift_in_log_odds_and_stay_within_bounds():
    assert shifted_chance(0.0, 3.0) == 0
    assert shifted_chance(1.0, -3.0) == 1
    assert shifted_chance(0.3, 0.0) == pytest.approx(0.3)
    moved = shifted_chance(0.3, 1.0)
    assert np.log(moved / (1 - moved)) == pytest.approx(np.log(0.3 / 0.7) + 1)


def test_stress_lasts_as_long_as_it_says_and_adds_up():
    world = build_world(load_scenario(ROOT / "scenarios" / "stress_2008.toml", SMALL))
    stress = world.arrays.stress
    first = world.arrays.calendar.first_reported + 8
    assert stress["market_shift"][first - 1] == 0
    np.testing.assert_array_equal(stress["market_shift"][first:], -0.6)
    assert stress["ipo_multiple"][first] == 0.09
    private = list(world.lps).index("private")
    assert world.arrays.lp_stress[first, private] == 0.6
    assert (world.arrays.lp_stress[:first] == 1).all()


@pytest.mark.parametrize("name", PRESETS)
def test_a_stress_hurts_in_its_years_and_changes_nothing_before(name):
    changes = ("run.scale=0.05", "run.years=5", "run.warm_up_years=5")
    base = simulate(
        build_world(load_scenario(ROOT / "scenarios/yrd_baseline.toml", changes)), paths=16, seed=2
    )
    shock = simulate(
        build_world(load_scenario(ROOT / f"scenarios/{name}.toml", changes)), paths=16, seed=2
    )
    # Later rounds are credited to the year of the cohort, so those columns look ahead.
    ahead = [col.GRADUATED_8Q_N, col.GRADUATED_12Q_N, col.REPEAT_N, col.REPEAT_Q]
    before = [np.delete(run.panel[:, :2], ahead, axis=-1) for run in (base, shock)]
    np.testing.assert_array_equal(*before)

    def change(column, years):
        both = [run.sectors[:, years, :, column].sum(axis=(1, 2)) for run in (base, shock)]
        return both[1] - both[0], both[0].mean()

    late = slice(2, 5)
    exits, _ = change(col.IPO_N, slice(2, 3))
    money, mean = change(col.DEAL_M, late)
    error = 4 * money.std() / 4
    if name != "stress_private_lps":
        assert exits.mean() < 0
    if name in ("stress_2008", "stress_rates_2022_23", "stress_private_lps"):
        assert money.mean() < -error / 4
    else:
        assert abs(money.mean()) < 0.1 * mean


def test_without_stress_the_table_is_neutral():
    world = small_world()
    stress = world.arrays.stress
    assert (stress["market_shift"] == 0).all()
    for name in ("ipo_multiple", "sale_multiple", "pace_multiple"):
        assert (stress[name] == 1).all()
    assert SALE == 2
