"""Plans of batches: what they refuse, which units they mean, what their designs lay out."""

import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from finmodel.cli.batch_command import size_line
from finmodel.errors import ScenarioError
from finmodel.scenario.batch_plan import load_batch
from finmodel.scenario.batch_schema import BatchDesign, BatchRange
from finmodel.scenario.consistency import check_consistency
from finmodel.scenario.designs import belief_level, design_points, value_at
from finmodel.scenario.walk import quantities
from finmodel.study.batch import size_of
from finmodel.study.batch_units import BatchUnits
from finmodel.study.parameter_draws import Beliefs
from finmodel.study.units import run_units, unit_digests
from finmodel.world import build_world
from tests.batch.plans import BASE, BUDGET, GRID, MEETINGS, POLICY, SMALL_SET, write_plan


def problems(tmp_path, body, **options):
    with pytest.raises(ScenarioError) as caught:
        load_batch(write_plan(tmp_path, body, **options))
    return [str(problem) for problem in caught.value.problems]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ('[grid]\n"market.meetings_p" = [1.0]', "did you mean 'market.meetings_pp'?"),
        ('[grid]\n"market.meetings_pp" = [-1.0]', "number in "),
        ('[grid]\n"market.meetings_pp" = [3.0, 3.0]', "each value once"),
        ('[grid]\n"market.meetings_pp" = ["many"]', "grid.market.meetings_pp.0"),
        ('[grid]\n"programmes.joint_fund.candidates" = [2.5]', "dotted name"),
        ('[design]\nkind = "sobol"\npoints = 12\nbeliefs = ["stages.*"]', "a power of 2"),
        ('[design]\nkind = "sobol"\nbeliefs = ["stages.*"]', "design.points"),
        (
            '[design]\nkind = "full_factorial"\nlevels = 2\npoints = 3\nbeliefs=["stages.*"]',
            "levels",
        ),
        ('[design]\nkind = "latin_hypercube"\npoints = 4', "nothing to vary"),
        ('[design]\nkind = "latin_hypercube"\npoints = 4\nbeliefs = ["terms.*"]', "and no belief"),
        (
            '[design]\nkind="sobol"\npoints=4\n[design.ranges]\n"market.meetings_pp"={low=5,high=2}',
            "low < high",
        ),
        (
            '[design]\nkind="sobol"\npoints=4\n[design.ranges]\n"run.years"={low=2,high=5}',
            "dotted name",
        ),
        (
            '[design]\nkind="sobol"\npoints=4\nbeliefs=["friction.pairs.ZJ>SH"]',
            "of a group its first",
        ),
        (
            '[grid]\n"births.total_pa"=[9.0]\n'
            '[design]\nkind="sobol"\npoints=4\nbeliefs=["births.total_pa"]',
            "nothing to vary",
        ),
        ('[grid]\n"sectors.consumer_services.birth_share"=[0.1, 0.2]', "one share alone"),
        (
            '[design]\nkind="sobol"\npoints=4\n[design.ranges]\n'
            '"births.region_index.SH"={low=0.1,high=0.5}',
            "one share alone",
        ),
    ],
)
def test_what_a_plan_may_not_say(tmp_path, body, expected):
    found = problems(tmp_path, body)
    assert any(expected in text for text in found), found


def test_every_problem_is_listed_at_once(tmp_path):
    body = '[grid]\n"market.meetings_p" = [1.0]\n"market.meetings_pp" = [-1.0, 2e9]\n'
    found = problems(tmp_path, body, scenarios=(BASE, BASE), head='baseline = "yrd_basline"')
    assert len(found) == 5
    assert any("two scenarios of the name" in text for text in found)
    assert any("did you mean 'yrd_baseline'?" in text for text in found)


def test_a_plan_with_more_units_than_anyone_waits_for_is_refused(tmp_path):
    body = '[design]\nkind = "full_factorial"\nlevels = 10\nbeliefs = ["*"]'
    assert "at most 1,000,000" in problems(tmp_path, body)[0]


def test_a_key_that_a_scenario_lacks_is_no_axis_of_it(tmp_path):
    head = 'set = ["run.scale=0.01"]\nbaseline = "yrd_baseline"'
    plan = write_plan(tmp_path, GRID, scenarios=(BASE, POLICY), head=head)
    units = BatchUnits(load_batch(plan))
    assert len(units) == 3 + 6
    table = units.table()
    assert table[BUDGET].isna().sum() == 3
    found = [
        (dict(quantities(units[i].scenario))[MEETINGS].centre, row[MEETINGS])
        for i, row in table.iterrows()
    ]
    assert all(a == b for a, b in found)
    # Each unit of the policy meets the baseline's with as many meetings.
    base_of = units.baseline_of("yrd_baseline")
    assert len(base_of) == 6
    for i, base in base_of.items():
        assert table[MEETINGS][i] == table[MEETINGS][base]
        assert table["scenario"][base] == "yrd_baseline"


def test_a_seed_counts_once(tmp_path):
    found = problems(tmp_path, "", run="paths = 4\nseeds = [3, 3]")
    assert found[0].endswith("allowed: each seed once")


FIELDS = ("scale", "years", "paths")


def test_only_markets_alike_are_held_against_each_other(tmp_path):
    text = Path(BASE).read_text(encoding="utf-8").replace('"yrd_baseline"', '"other"', 1)
    for field, value in (("scale", 0.02), ("years", 3), ("paths", 7)):
        text = re.sub(rf"(?m)^{field} = .*$", f"{field} = {value}", text, count=1)
    other = tmp_path / "other.toml"
    other.write_text(text, encoding="utf-8")
    head = 'baseline = "yrd_baseline"'
    both = (BASE, other.as_posix())
    found = problems(tmp_path, "", scenarios=both, head=head, run="seeds = [3]")
    assert len(found) == 3
    assert all(f"run.{field}: " in text for field, text in zip(FIELDS, found, strict=True))
    assert len(problems(tmp_path, "", scenarios=both, head=head)) == 2
    load_batch(write_plan(tmp_path, "", scenarios=both, head="", run="seeds = [3]"))


@pytest.mark.parametrize(
    ("body", "name", "beliefs"),
    [
        ('[grid]\n"births.total_pa" = [900.0, 2000.0]\n', "births.total_pa", 'beliefs = ["*"]'),
        ('[grid]\n"friction.pairs.JS>SH" = [0.5, 0.6]\n', "friction.pairs.JS>SH", ""),
        ("", "friction.pairs.JS>SH", 'beliefs = ["*"]'),
    ],
)
def test_a_number_that_the_plan_sets_says_nothing_of_what_it_went_with(
    tmp_path, body, name, beliefs
):
    ranges = "" if body else f'[design.ranges]\n"{name}" = {{ low = 0.5, high = 0.6 }}\n'
    design = f'[design]\nkind = "latin_hypercube"\npoints = 2\n{beliefs}\n{ranges}'
    found = load_batch(write_plan(tmp_path, body + (design if beliefs else "")))
    units = BatchUnits(found)
    for place, unit in enumerate(units):
        own = dict(quantities(unit.scenario))
        assert own[name].centre == units.table()[name][place]
        assert check_consistency(unit.scenario, "unit") == []
    if beliefs and "friction" in name:  # the next of the group leads it
        assert "friction.pairs.ZJ>SH" in found.belief_names


def test_the_size_of_a_design_does_not_count_scenarios_without_its_axes(tmp_path):
    body = '[design]\nkind = "sobol"\npoints = 4\n'
    body += f'[design.ranges]\n"{BUDGET}" = {{ low = 1.0, high = 9.0 }}'
    size = size_of(load_batch(write_plan(tmp_path, body, scenarios=(BASE, POLICY))))
    assert (size.n_units, size.n_points) == (5, 4)


def test_seeds_are_an_axis_and_all_digests_differ(tmp_path):
    plan = write_plan(tmp_path, GRID, scenarios=(POLICY,), run="paths = 4\nseeds = [3, 4]")
    units = BatchUnits(load_batch(plan))
    assert len(set(unit_digests(units))) == len(units) == 12
    assert [unit.seed for unit in units] == [3] * 6 + [4] * 6
    assert units[:3] == [units[0], units[1], units[2]]


def test_points_move_beliefs_to_their_quantiles_with_what_goes_with_them(tmp_path):
    body = '[design]\nkind = "sobol"\npoints = 8\nseed = 5\nbeliefs = ["stages.*", "capital.*"]\n'
    body += f'[design.ranges]\n"{MEETINGS}" = {{ low = 2.0, high = 8.0, scale = "log" }}'
    found = load_batch(write_plan(tmp_path, body))
    units = BatchUnits(found)
    points = design_points(found.plan.design, 1 + len(found.belief_names))
    beliefs = Beliefs(found.scenarios[0])
    for i in (0, 5):
        levels = dict.fromkeys(beliefs.names, 0.5)
        levels |= dict(zip(found.belief_names, points[i, 1:], strict=True))
        _, numbers = beliefs.at(levels)
        own = dict(quantities(units[i].scenario))
        assert {name: own[name].centre for name in numbers} == pytest.approx(numbers, rel=1e-15)
        assert own[MEETINGS].centre == pytest.approx(2.0 * 4.0 ** points[i, 0])
        assert not any(quantity.is_uncertain for quantity in own.values())
    table = units.table()
    name = found.belief_names[0]
    assert table[name].nunique() == 8


@given(
    kind=st.sampled_from(["sobol", "latin_hypercube"]),
    log_n=st.integers(0, 6),
    axes=st.integers(1, 9),
    seed=st.integers(0, 2**40),
)
@settings(max_examples=40, deadline=None)
def test_random_designs_fill_every_slice_once(kind, log_n, axes, seed):
    n = 2**log_n
    design = BatchDesign(kind=kind, points=n, seed=seed, beliefs=("*",))
    points = design_points(design, axes)
    assert points.shape == (n, axes)
    assert ((points > 0) & (points < 1)).all()
    slices = np.sort(np.floor(points * n), axis=0)
    assert (slices == np.arange(n)[:, None]).all()
    assert (design_points(design, axes) == points).all()


def test_a_full_factorial_has_ends_of_ranges_and_middles_of_beliefs():
    design = BatchDesign(kind="full_factorial", levels=3, beliefs=("*",))
    points = design_points(design, 2)
    assert points.tolist()[:4] == [[0, 0], [0, 0.5], [0, 1], [0.5, 0]]
    assert [belief_level(x, design) for x in (0.0, 0.5, 1.0)] == [1 / 6, 0.5, 5 / 6]
    span = BatchRange(low=2.0, high=50.0, scale="log")
    assert [value_at(span, x) for x in (0.0, 0.5, 1.0)] == pytest.approx([2.0, 10.0, 50.0])
    span = BatchRange(low=-1.0, high=3.0)
    assert [value_at(span, x) for x in (0.0, 0.25, 1.0)] == [-1.0, 0.0, 3.0]


def test_a_key_of_the_grid_that_holds_dots_is_reached_in_quotes(tmp_path):
    plan = write_plan(tmp_path, f'[grid]\n"{MEETINGS}" = [3.0, 4.0, 5.0]')
    found = load_batch(plan, [f'grid."{MEETINGS}"=[2.0, 6.0]'])
    assert found.plan.grid[MEETINGS] == (2.0, 6.0)
    assert size_of(found).n_units == 2
    for wrong in (f'grid."{MEETINGS}=[2.0]', f'grid."{MEETINGS}"x=[2.0]', 'grid."a.b"=[2.0]'):
        with pytest.raises(ScenarioError, match=r"--set|grid\.a\.b"):
            load_batch(plan, [wrong])


def test_a_grid_may_come_from_the_command_line_alone(tmp_path):
    plan = write_plan(tmp_path, "")
    found = load_batch(plan, [f'grid."{MEETINGS}"=[2.0, 6.0]'])
    assert found.plan.grid == {MEETINGS: (2.0, 6.0)}
    refused = {
        "grid.x=[1]": "grid.x: got 'x'; allowed: the dotted name of a number",
        f'grid."{MEETINGS}"=[]': r"grid\.market\.meetings_pp",
        "gridd.x=[1]": "did you mean 'grid'",
        "grid=3": "grid",
    }
    for wrong, said in refused.items():
        with pytest.raises(ScenarioError, match=said):
            load_batch(plan, [wrong])


def test_a_name_with_dots_is_said_to_need_quotes(tmp_path):
    plan = write_plan(tmp_path, f'[grid]\n"{MEETINGS}" = [3.0]')
    with pytest.raises(ScenarioError, match=rf'in double quotes, as grid\."{MEETINGS}"'):
        load_batch(plan, [f"grid.{MEETINGS}=[2.0, 6.0]"])


def test_the_size_of_a_batch_is_said_in_chinese(tmp_path):
    plan = write_plan(tmp_path, f'[grid]\n"{MEETINGS}" = [3.0, 4.0, 5.0]')
    text = size_line(size_of(load_batch(plan)), "zh")
    assert text == "3个单元：情景1个，种子1个，网格至多3格，设计点1个。"


def test_weights_of_a_mandate_over_sectors_are_axes_of_a_grid(tmp_path):
    """Those that the scenario or `set` names; at 0 a sector is closed."""
    table = "programmes.joint_fund.sector_mandate"
    head = SMALL_SET.replace("]", f', "{table}.biomedicine=1", "{table}.new_energy=0"]')
    body = f'[grid]\n"{table}.new_energy" = [0.0, 0.5]'
    found = load_batch(write_plan(tmp_path, body, scenarios=(POLICY,), head=head))
    units = list(BatchUnits(found))
    closed, half = (build_world(unit.scenario).arrays.sector_pull[0] for unit in units)
    assert sorted(closed[closed > 0.0]) == [1.0]
    assert sorted(half[half > 0.0]) == [0.5, 1.0]
    nobody = body.replace("0.5", "0.6").replace("new_energy", "biomedicine")
    found = load_batch(write_plan(tmp_path, nobody, scenarios=(POLICY,), head=head))
    failed = run_units(list(BatchUnits(found))[:1], root=tmp_path / "out")
    assert "all weights 0" in failed[0].error
