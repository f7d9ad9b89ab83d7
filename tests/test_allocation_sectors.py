"""Sectors as an axis of an allocation: cells, their programmes, limits, rules of thumb, words."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from finmodel.cli.main import app
from finmodel.errors import ScenarioError
from finmodel.market.run import simulate
from finmodel.measure import gap_table
from finmodel.report.allocation import allocation_page
from finmodel.scenario.allocation_plan import load_allocation
from finmodel.store import read_manifest
from finmodel.study.allocate import read_allocation
from finmodel.study.allocate_play import MEASURES, Player, futures_of
from finmodel.study.allocate_presets import allowed_splits, has_sectors, presets
from finmodel.world import build_world
from tests.test_allocate_command import folder_of, plan, written

BIO, IC, SHOPS = "biomedicine", "integrated_circuits", "consumer_services"
ONE = {"joint_fund": {"label_en": "Joint fund", "label_zh": "联合基金"}}


def by_sector(**changes):
    """A plan of two provinces and two sectors, one slot, nothing kept."""
    circuits = {"sectors": [IC], "low": 0.4, "high": 1.0}
    tree = plan(slots=ONE, limits={"circuits": circuits}, least_spent=1.0, sectors=[IC, BIO])
    return tree | changes


def rules_of(found, folder):
    player = Player(found, futures_of(found), folder, 1, 4)
    gaps = player.baseline_gaps(range(4))
    made = presets(found, allowed_splits(found), player.baseline(range(4)), gaps)
    return {item.name: item for item in made}, gaps


def test_a_cell_is_a_programme_of_one_sector_in_one_region(tmp_path):
    found = read_allocation(written(tmp_path, by_sector()))
    assert found.cell_names == (f"{IC}:SH", f"{IC}:AH", f"{BIO}:SH", f"{BIO}:AH")
    made = found.scenario_of([0.1, 0.3, 0.6, 0.0]).programmes
    assert list(made) == [f"joint_fund_{IC}", f"joint_fund_{BIO}"]
    circuits, bio = made.values()
    assert circuits.budget_mcny_pa.centre == pytest.approx(16000.0)
    assert circuits.region_share["AH"].centre == pytest.approx(0.75)
    assert list(bio.region_share) == ["SH"]
    for programme, sector in zip(made.values(), (IC, BIO), strict=True):
        assert {k: v.centre for k, v in programme.sector_mandate.items()} == {sector: 1.0}
    world = build_world(found.scenario_of([0.1, 0.3, 0.6, 0.0]))
    open_to = [[world.sectors[s] for s in np.flatnonzero(row)] for row in world.arrays.sector_pull]
    assert open_to == [[IC], [BIO]]


def test_slots_and_sectors_are_crossed_slots_outermost(tmp_path):
    found = read_allocation(written(tmp_path, plan(sectors=[IC, BIO], regions=["SH"])))
    names = [f"{slot}:{sector}:SH" for slot in ("early", "later") for sector in (IC, BIO)]
    assert found.cell_names == (*names, "unspent")
    assert found.programmes[f"early_{BIO}"].vehicle == "grant"
    assert found.programmes[f"later_{BIO}"].label_zh == "后期: 生物医药"
    (early,) = allowed_splits(found).groups
    assert early.members.tolist() == [True, True, False, False, False]


def test_floors_of_a_sector_are_of_its_cells_together(tmp_path):
    allowed = allowed_splits(read_allocation(written(tmp_path, by_sector())))
    splits = np.array([[0.2, 0.2, 0.3, 0.3], [0.2, 0.1, 0.4, 0.3]])
    assert allowed.contains(splits).tolist() == [True, False]
    each = {"bio": {"sectors": [BIO], "low": 0.1, "high": 0.2, "each": True}}
    allowed = allowed_splits(read_allocation(written(tmp_path, by_sector(limits=each))))
    assert allowed.low.tolist() == [0.0, 0.0, 0.1, 0.1]
    assert allowed.high.tolist() == [1.0, 1.0, 0.2, 0.2]


def test_rules_of_thumb_know_sectors(tmp_path):
    current = {IC: 0.5, "AH": 0.2, f"{BIO}:SH": 0.3}
    tree = by_sector(limits={}, current=current, run=plan()["run"] | {"scale": 0.1})
    found = read_allocation(written(tmp_path, tree))
    rules, gaps = rules_of(found, tmp_path)
    assert rules["equal"].split == pytest.approx([0.25] * 4)
    assert rules["current"].split == pytest.approx([0.25, 0.35, 0.3, 0.1])
    gdp = rules["gdp"].split
    assert gdp[:2] == pytest.approx(gdp[2:])
    regions, sectors = found.base.geography.regions, list(found.base.sectors)
    stages = [found.base.stage_names.index(k) for k in ("A", "B")]
    own = [
        gaps[regions.index(region), stages, sectors.index(sector)].sum()
        for sector in (IC, BIO)
        for region in ("SH", "AH")
    ]
    assert min(own) > 0.0
    assert rules["gap_weighted"].split == pytest.approx(np.array(own) / sum(own))


def test_gaps_by_sector_add_up_to_those_of_the_tables(tmp_path):
    found = read_allocation(written(tmp_path, by_sector()))
    gaps = Player(found, futures_of(found), tmp_path, 1, 4).baseline_gaps(range(8))
    runs = [simulate(build_world(found.base), paths=4, seed=seed) for seed in (1, 2)]
    table = np.mean([gap_table(run, ("sector",))["gap_mcny"].to_numpy() for run in runs], axis=0)
    assert gaps.sum(axis=(0, 1)) == pytest.approx(table, rel=1e-5)


def test_a_slot_with_a_mandate_of_its_own_needs_no_axis(tmp_path):
    """Its gap is that of its sectors; a slot without one has that of all hard technology."""
    tree = plan(limits={}, least_spent=1.0)
    mandate = {"A": 0.5, "B": 0.5}
    own = {"mandate": mandate, "sector_mandate": {BIO: 1.0, SHOPS: 1.0}}
    tree["slots"]["early"]["programme"] = own
    found = read_allocation(written(tmp_path, tree))
    assert has_sectors(found)
    rules, gaps = rules_of(found, tmp_path)
    regions, sectors = found.base.geography.regions, list(found.base.sectors)
    stages = [found.base.stage_names.index(k) for k in ("A", "B")]
    hard = np.array([item.is_hard_tech for item in found.base.sectors.values()])
    of_region = gaps[:, stages].sum(axis=1)
    rows = [regions.index(region) for region in ("SH", "AH")]
    bio = of_region[rows, sectors.index(BIO)]
    want = np.array([*(bio / 2), *(of_region[rows][:, hard].sum(axis=1) - bio / 2)])
    assert rules["gap_weighted"].split == pytest.approx(want / want.sum())


def test_the_first_money_of_a_cell_goes_to_its_sector_alone(tmp_path):
    found = read_allocation(written(tmp_path, by_sector(run=plan()["run"] | {"scale": 0.02})))
    world = build_world(found.scenario_of([0.0, 0.0, 1.0, 0.0]))
    run = simulate(world, paths=8, seed=1, detailed=8)
    bought = set()
    for detail in run.details:
        events = detail.events[detail.events["fund"] >= 0]
        kind = detail.funds["kind"][events["fund"]]
        bought |= set(events["sector"][kind >= world.arrays.fund_rate_pp.shape[1]].tolist())
    assert bought == {world.sectors.index(BIO)}


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"sectors": [IC, "biomedicin"]}, "did you mean 'biomedicine'"),
        ({"sectors": [IC, IC]}, "each sector once"),
        ({"limits": {"x": {"sectors": ["bio"], "low": 0.0, "high": 1.0}}}, r"limits\.x\.sectors"),
        ({"current": {"shops": 1.0}}, "'shops'"),
        (
            {"template": plan()["template"] | {"sector_mandate": {BIO: 1.0}}},
            r"template\.sector_mandate: got a mandate of its own",
        ),
        (
            {"template": plan()["template"] | {"vehicle": "grant"}, "sectors": [IC, SHOPS]},
            "a grant is for hard technology alone",
        ),
    ],
)
def test_plans_that_cannot_be_are_refused_in_words(tmp_path, changes, said):
    with pytest.raises(ScenarioError, match=said):
        load_allocation(written(tmp_path, by_sector(**changes)), measures=MEASURES)


@pytest.mark.parametrize("is_own", [False, True])
def test_a_fault_of_all_sectors_is_said_once_where_the_file_has_it(tmp_path, is_own):
    slots = {"joint_fund": ONE["joint_fund"] | {"programme": {"vehicle": "grants"}}}
    tree = {"slots": slots} if is_own else {"template": plan()["template"] | {"vehicle": "grants"}}
    with pytest.raises(ScenarioError) as caught:
        load_allocation(written(tmp_path, by_sector(**tree)), measures=MEASURES)
    (problem,) = caught.value.problems
    table = "slots.joint_fund.programme" if is_own else "template"
    assert problem.place.endswith(f"goal.toml: {table}.vehicle")
    ticket = plan()["template"] | {"ticket_share": 0.9}
    with pytest.raises(ScenarioError) as caught:
        load_allocation(written(tmp_path, by_sector(template=ticket)), measures=MEASURES)
    (problem,) = caught.value.problems
    assert problem.place.endswith("goal.toml: template.ticket_share")


def test_a_sector_named_without_the_axis_is_refused(tmp_path):
    limits = {"x": {"sectors": [BIO], "low": 0.0, "high": 1.0}}
    with pytest.raises(ScenarioError, match=r"limits\.x\.sectors: .* names no `sectors`"):
        load_allocation(written(tmp_path, plan(limits=limits)), measures=MEASURES)


def test_the_command_splits_between_sectors_in_both_languages(tmp_path):
    tree = by_sector(regions=["SH"], criteria=["expected"], risks={}, futures={}, questions={})
    del tree["frontier"]
    file = written(tmp_path, tree)
    arguments = ["allocate", str(file), "--out", str(tmp_path / "out")]
    answer = CliRunner().invoke(app, arguments)
    assert answer.exit_code == 0, answer.output
    assert "Biomedicine SH" in answer.stdout
    assert "mean gap of the baseline on 4 paths alone" in answer.stdout
    assert "生物医药 SH" in CliRunner().invoke(app, [*arguments, "--lang", "zh"]).stdout
    folder = tmp_path / "out" / folder_of(answer.stdout).rsplit("/", 1)[-1]
    splits = pd.read_parquet(folder / "splits.parquet")
    assert splits["cell"].unique().tolist() == [f"{IC}:SH", f"{BIO}:SH"]
    assert splits.groupby("split")["share"].sum().to_numpy() == pytest.approx(1.0)
    circuits = splits[splits["cell"] == f"{IC}:SH"]  # their floor is of a limit without `each`
    assert (circuits["is_at_floor"] == (circuits["share"] <= 0.4 + 1e-6)).all()
    assert pd.read_parquet(folder / "marginal.parquet")["cell"].nunique() == 2
    made = pd.read_parquet(folder / "assumptions.parquet")["name"]
    assert "sectors.1" not in set(made)
    assert not made.str.contains("sector_mandate").any()  # the axis sets it
    tables = {path.stem: pd.read_parquet(path) for path in folder.glob("*.parquet")}
    page = allocation_page(tables, read_manifest(folder), "zh")
    assert "集成电路 上海" in page
