"""Why there is a gap: known Shapley values, switches that do what they say, parts that add up."""

import json
import threading

import numpy as np
import pytest
from typer.testing import CliRunner

from finmodel import store
from finmodel.cli.main import app
from finmodel.errors import InputError, Interrupted
from finmodel.market import columns as col
from finmodel.market.collect import outcome_column
from finmodel.market.meetings import MAX_MEETINGS
from finmodel.market.run import simulate
from finmodel.measure import gap_table, shapley_values
from finmodel.study.frictions import ABUNDANCE, FRICTIONS, without
from finmodel.study.parts import arm_table, path_parts, why_table
from finmodel.study.why import N_ARMS, simulate_arms, switched_off
from finmodel.world import TESTS, build_world
from tests.conftest import SMALL, YRD, small, small_world

SETS = [part for change in SMALL for part in ("--set", change)]
TYPES = tuple(small().funds)
OUTCOMES = {"funded": 0, "shortfall": 1, "rejected": 2, "refused": 3, "discouraged": 4}


def each_type(**changes):
    return [f"funds.{kind}.{name}={value}" for kind in TYPES for name, value in changes.items()]


@pytest.fixture(scope="module")
def arms():
    return simulate_arms(small_world(), paths=4, seed=7)


# The values --------------------------------------------------------------------------------


def test_a_glove_game_has_its_known_values():
    """One left glove (player 0), two right ones: a pair is worth one (Shapley 1953's kind)."""
    game = np.array([bool(s & 1) and bool(s & 6) for s in range(8)], float)
    np.testing.assert_allclose(shapley_values(game), [2 / 3, 1 / 6, 1 / 6], atol=1e-15)


def test_an_airport_game_has_its_known_values():
    """A runway costs what its largest plane needs: 1, 2, 3, 5; each stretch is shared alike."""
    costs = np.array([1.0, 2.0, 3.0, 5.0])
    game = np.array([max([c for i, c in enumerate(costs) if s >> i & 1] or [0]) for s in range(16)])
    known = np.cumsum([1 / 4, 1 / 3, 1 / 2, 2 / 1])
    np.testing.assert_allclose(shapley_values(game), known, atol=1e-14)


def test_values_add_up_ignore_dummies_and_treat_equals_alike():
    rng = np.random.default_rng(1)
    game = rng.normal(size=(32, 3, 2))
    np.testing.assert_allclose(shapley_values(game).sum(axis=0), game[-1] - game[0], atol=1e-14)
    dummy = np.repeat(game[:16], 2, axis=0)  # bit 0 changes nothing
    np.testing.assert_array_equal(shapley_values(dummy)[0], 0.0)
    swapped = np.array([(s & 28) | (s & 1) << 1 | (s >> 1 & 1) for s in range(32)])
    alike = game + game[swapped]
    np.testing.assert_allclose(shapley_values(alike)[0], shapley_values(alike)[1], atol=1e-14)


@pytest.mark.parametrize("size", [0, 1, 3, 31])
def test_a_game_needs_every_subset(size):
    with pytest.raises(ValueError, match="power of two"):
        shapley_values(np.zeros(size))


# The switches ------------------------------------------------------------------------------


def equal_arrays(one, other):
    for name in one._fields[1:]:
        a, b = getattr(one, name), getattr(other, name)
        np.testing.assert_array_equal(a, b, err_msg=name)


def test_nothing_switched_off_is_the_world_itself(arms):
    world = small_world()
    assert without(world, ()) is world
    assert switched_off(N_ARMS - 1) == ()
    assert switched_off(0) == FRICTIONS
    run = simulate(world, paths=4, seed=7)
    table = gap_table(run, ("region", "stage"))
    whole = why_table(arms, ("region", "stage")).query("part == 'gap'")
    for name in ("gap_mcny", "gap_mcny_se", "gap_n", "gap_rate_mcny", "gap_rate_mcny_se"):
        np.testing.assert_allclose(whole[name], table[name], rtol=1e-12, atol=1e-12, err_msg=name)
    fine = run.panel[..., 1, outcome_column(OUTCOMES["rejected"], col.MARKET, is_money=True)]
    assert fine.sum() > 0


NEUTRAL = {
    "distance": (
        "friction.distance_elasticity=0",
        "friction.distance_dislike=0",
        *(f"friction.pairs.{pair}=1" for pair in small().friction.pairs),
        *each_type(away_weight=1, away_noise_multiple=1),
    ),
    "information": ("market.signal_noise_sd=0",),
}


@pytest.mark.parametrize("friction", NEUTRAL)
def test_a_switch_is_the_scenario_s_own_zero(friction):
    off = without(small_world(), [friction])
    equal_arrays(off.arrays, small_world(*NEUTRAL[friction]).arrays)


def test_without_search_all_meet_the_most_funds_and_none_is_silent():
    """A scenario may set eight meetings at most; half as many more make a dozen."""
    off = without(small_world(), ["search"])
    like = small_world("market.meetings_pp=8", "market.discouragement=0").arrays
    rules = like.rules.copy()
    rules["meetings_pp"] *= 1.5
    assert rules["meetings_pp"] == MAX_MEETINGS
    equal_arrays(off.arrays, like._replace(rules=rules))
    run = simulate(off, paths=2, seed=1)
    silent = [
        outcome_column(OUTCOMES["discouraged"], test, is_money=False) for test in range(col.N_TESTS)
    ]
    assert (run.panel[..., silent] == 0).all()


def test_switches_change_nothing_that_is_neutral_already():
    for friction, changes in NEUTRAL.items():
        world = small_world(*changes)
        equal_arrays(without(world, [friction]).arrays, world.arrays)


def test_scarcity_leaves_tickets_limits_and_fees_in_money_as_they_were():
    world = small_world()
    rich, poor = without(world, ["scarcity"]).arrays.types, world.arrays.types
    np.testing.assert_array_equal(rich["size"], ABUNDANCE * poor["size"])
    for name in ("ticket_share", "concentration_share", "fee_pa", "fee_after_pa", "fee_life"):
        np.testing.assert_array_equal(rich["size"] * rich[name], poor["size"] * poor[name])
    np.testing.assert_array_equal(
        without(world, ["scarcity"]).arrays.fund_rate_pp, world.arrays.fund_rate_pp
    )


def test_without_mandates_types_differ_in_no_limit_even_with_abundance():
    for off in (["mandates"], ["mandates", "scarcity"]):
        arrays = without(small_world(), off).arrays
        assert len(np.unique(arrays.mandate)) == 1
        for name in ("ticket_share", "concentration_share", "hard_tech_weight"):
            assert (arrays.types[name] == 1).all()
        assert (arrays.types["specialist_share"] == 0).all()


def test_viability_and_births_are_the_same_in_every_arm():
    world = small_world()
    before = world.arrays.stages.copy()
    for arm in range(N_ARMS):
        arrays = without(world, switched_off(arm)).arrays
        for test in TESTS:
            np.testing.assert_array_equal(arrays.stages[f"hurdle_{test}"], before[f"hurdle_{test}"])
        for name in ("stages", "score", "birth_rate_pp", "cell_key", "fund_key", "fund_rate_pp"):
            assert getattr(arrays, name) is getattr(world.arrays, name)
        assert not any(a.flags.writeable for a in arrays[1:] if isinstance(a, np.ndarray))
    np.testing.assert_array_equal(world.arrays.stages, before)


def test_an_unknown_friction_is_refused():
    with pytest.raises(ValueError, match="unknown friction 'luck'"):
        without(small_world(), ["luck"])


# Plenty ------------------------------------------------------------------------------------


def test_everything_off_leaves_only_prices_that_founders_refuse():
    """Specification, invariant 4: abundant capital and no friction leave no gap."""
    run = simulate(without(small_world(), FRICTIONS), paths=8, seed=1)
    by_outcome = {
        name: run.panel[..., outcome_column(k, col.MARKET, is_money=True)].sum()
        for name, k in OUTCOMES.items()
    }
    assert by_outcome["funded"] > 0
    assert by_outcome["refused"] > 0
    for name in ("shortfall", "rejected", "discouraged"):
        assert by_outcome[name] == 0, name
    content = simulate(
        without(small_world("terms.max_dilution=1"), FRICTIONS), paths=8, seed=1, check_every=1
    )
    table = gap_table(content, ("region", "stage"), "all")
    assert table["viable_ask_n"].sum() > 40
    assert (table["gap_mcny"] == 0).all()
    assert (table["gap_n"] == 0).all()


@pytest.mark.parametrize("others", [(), ("search",), ("mandates",)])
def test_twice_the_abundance_changes_nothing_to_speak_of(others):
    world, off = small_world("run.scale=0.1"), ("scarcity", *others)
    gaps = [
        gap_table(simulate(without(world, off, abundance=a), paths=6, seed=3))["gap_mcny"].item()
        for a in (ABUNDANCE, 2 * ABUNDANCE)
    ]
    assert gaps[0] > 0
    assert gaps[1] == pytest.approx(gaps[0], rel=0.01)


# The parts ---------------------------------------------------------------------------------


def test_parts_and_remainder_are_the_gap_on_every_path_and_cell(arms):
    assert arms.gaps.shape[:2] == (N_ARMS, 4)
    for gaps in (arms.gaps, arms.gaps.sum(axis=(2, 3))):
        parts = path_parts(gaps)
        assert len(parts) == len(FRICTIONS) + 2
        scale = np.maximum(np.abs(gaps).max(axis=0), 1.0)
        assert np.max(np.abs(parts[:-1].sum(axis=0) - gaps[-1]) / scale) < 1e-9
    assert (np.abs(parts[: len(FRICTIONS)]) > 0).any(axis=(1, 2)).all()


@pytest.mark.parametrize("by", [(), ("region",), ("stage",), ("region", "stage")])
def test_the_table_adds_up_in_every_group(arms, by):
    table = why_table(arms, by)
    for name in ("gap_mcny", "gap_n", "gap_rate_mcny", "gap_rate_n", "gap_share_mcny"):
        wide = table.pivot_table(values=name, index=[*by] or None, columns="part", dropna=False)
        parts = wide[[*FRICTIONS, "remainder"]].sum(axis=1, skipna=False)
        is_known = parts.notna()  # a rate has no parts if some market has no viable need
        assert is_known.mean() > 0.5
        assert by or is_known.all()
        np.testing.assert_allclose(
            parts[is_known], wide["gap"][is_known], rtol=1e-9, atol=1e-9, err_msg=name
        )
    total = why_table(arms).set_index("part")["gap_mcny"]
    np.testing.assert_allclose(
        table.groupby("part")["gap_mcny"].sum()[total.index], total, rtol=1e-9, atol=1e-9
    )


def test_first_and_last_are_differences_of_markets(arms):
    table, markets = why_table(arms).set_index("part"), arm_table(arms)
    is_on = markets[list(FRICTIONS)]
    whole, none = markets["gap_mcny"][is_on.all(axis=1)], markets["gap_mcny"][~is_on.any(axis=1)]
    for name in FRICTIONS:
        others = [friction for friction in FRICTIONS if friction != name]
        alone_off = markets["gap_mcny"][~is_on[name] & is_on[others].all(axis=1)].item()
        alone_on = markets["gap_mcny"][is_on[name] & ~is_on[others].any(axis=1)].item()
        assert table["gap_mcny_first"][name] == pytest.approx(whole.item() - alone_off)
        assert table["gap_mcny_last"][name] == pytest.approx(alone_on - none.item())
    assert table.loc[["remainder", "gap"], "gap_mcny_first"].isna().all()


def test_the_error_of_a_part_is_that_of_paired_paths(arms):
    by_path = path_parts(arms.gaps.sum(axis=(2, 3)))[..., 1]
    table = why_table(arms)
    np.testing.assert_allclose(table["gap_mcny_se"], by_path.std(axis=1, ddof=1) / 2.0)


def test_a_group_is_checked():
    with pytest.raises(InputError, match="region"):
        why_table(None, ("regoin",))


def test_stopping_gives_no_parts_and_says_so():
    cancel, seen = threading.Event(), []

    def tick(done, total):
        seen.append((done, total))
        if done == 3:
            cancel.set()

    with pytest.raises(Interrupted):
        simulate_arms(small_world(), paths=2, seed=1, threads=1, progress=tick, cancel=cancel)
    assert seen[:3] == [(1, 64), (2, 64), (3, 64)]
    assert len(seen) < 8


# The command -------------------------------------------------------------------------------


def call(*args):
    return CliRunner().invoke(app, [str(arg) for arg in args], env={"COLUMNS": "100"})


def test_the_command_prints_parts_stores_them_and_finds_them_again(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    first, again = (call("why", YRD, *SETS, "--paths", 2, "--seed", 5) for _ in range(2))
    for result in (first, again):
        assert result.exit_code == 0, result.output
        for text in (
            "go unfunded: ",
            "Scarcity of capital",
            "Distance and borders",
            "Left with all off",
            "Shanghai",
            "Pre-IPO",
        ):
            assert text in result.output
    (folder,) = (tmp_path / "decompositions").iterdir()
    assert f"Stored: {folder.relative_to(tmp_path)}" in first.output
    assert f"Found again: {folder.relative_to(tmp_path)}" in again.output
    assert first.output.split("Simulated")[0] == again.output.split("Found again")[0]
    parts = store.read_result(folder, "why_region_stage").query("part == 'gap'")
    whole = store.read_result(folder, "why_total").query("part == 'gap'")
    assert parts["gap_mcny"].sum() == pytest.approx(whole["gap_mcny"].item())
    other = call("why", YRD, *SETS, "--paths", 2, "--seed", 6)
    assert "Simulated" in other.output


def test_the_command_speaks_json(tmp_path):
    args = ["why", str(YRD), *SETS, "--paths", "2", "--json", "--out", str(tmp_path)]
    first, again = (CliRunner().invoke(app, args) for _ in range(2))
    assert first.exit_code == 0, first.output
    answer = json.loads(first.stdout)
    assert json.loads(again.stdout) == answer
    assert len(answer["arms"]) == N_ARMS
    parts = {row["part"]: row["gap_mcny"] for row in answer["why_total"]}
    whole = parts.pop("gap")
    assert sum(parts.values()) == pytest.approx(whole, rel=1e-9)
    assert answer["why_total"][-1]["gap_mcny_first"] is None


def test_the_command_refuses_bad_paths():
    assert call("why", YRD, "--paths", 0).exit_code == 2


def test_no_capital_is_a_gap_of_scarcity():
    """With nothing to invest the gap is all that is viable; the parts still add up."""
    arms = simulate_arms(build_world(small("capital.total_mcny_pa=0")), paths=2, seed=2)
    table = why_table(arms).set_index("part")
    assert table["gap_rate_mcny"]["gap"] == pytest.approx(1.0)
    assert table["gap_mcny"]["remainder"] == pytest.approx(table["gap_mcny"]["gap"])
