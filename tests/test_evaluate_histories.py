"""Histories: the design, the panels against the books, firms against events, truth by hand."""

import numpy as np
import pandas as pd
import pytest

from finmodel.errors import ScenarioError
from finmodel.evaluate import (
    Evaluator,
    cell_panel,
    design_of,
    dictionary_table,
    firm_panel,
    firm_years,
    outcome_values,
    summary_table,
)
from finmodel.evaluate.evaluation import COLUMNS, ROWS, Row
from finmodel.evaluate.firms import FAILED_OR_CLOSED
from finmodel.evaluate.panel import OUTCOMES, PANEL_COLUMNS
from finmodel.evaluate.support import HORIZON, firms_at_risk, outcomes_after
from finmodel.market import columns as col
from finmodel.market.run import simulate_path
from finmodel.scenario import load_scenario
from finmodel.world import build_world
from tests.conftest import ROOT

FILE = ROOT / "scenarios" / "evaluation_staggered.toml"
SIZE = ("run.scale=0.1", "run.warm_up_years=5")
P = ("programmes.first_wave", "programmes.second_wave", "programmes.third_wave")


def world_of(*changes):
    return build_world(load_scenario(FILE, (*SIZE, *changes)))


def twin_of(world):
    return build_world(world.scenario.model_copy(update={"programmes": {}}))


def play(world, path=0, seed=5):
    return simulate_path(world, path, seed, 4, is_detailed=True)


@pytest.fixture(scope="module")
def world():
    return world_of()


@pytest.fixture(scope="module")
def arms(world):
    """Worlds, records and details with the programmes, and without."""
    return [(arm, *play(arm)) for arm in (world, twin_of(world))]


def test_the_design_is_read_from_the_programmes(world):
    found = design_of(world)
    waves = {"GD": 2026, "SH": 2028, "BJ": 2030, "JS": 0}
    for region, year in waves.items():
        assert found.adoption[world.regions.index(region)] == year
    assert np.unique(found.adoption, return_counts=True)[1].tolist() == [6, 6, 6, 6]
    assert found.waves == (2026, 2028, 2030)
    row = found.is_treated[world.regions.index("SH")]
    assert row.tolist() == [year >= 2028 for year in world.years]


def test_a_start_within_a_year_and_the_earlier_of_two_programmes_count():
    found = design_of(
        world_of(f"{P[0]}.start_quarter=18", f"{P[2]}.region_share={{GD=0.5,BJ=0.5}}")
    )
    assert found.adoption[found.regions.index("GD")] == 2026
    assert found.adoption[found.regions.index("BJ")] == 2030
    assert found.adoption[found.regions.index("ZJ")] == 0
    late = design_of(world_of(f"{P[2]}.start_quarter=48"))
    assert late.waves == (2026, 2028)
    empty = design_of(world_of(f"{P[1]}.budget_mcny_pa=0", f"{P[2]}.quarters=0"))
    assert empty.waves == (2026,)


def test_designs_that_tell_nothing_are_refused_with_every_reason():
    with pytest.raises(ScenarioError) as error:
        design_of(world_of(f"{P[0]}.start_quarter=0", f"{P[1]}.start_quarter=3"))
    assert len(error.value.problems) == 2
    assert "second_wave.start_quarter: got 3; allowed: at least 4" in str(error.value)
    with pytest.raises(ScenarioError, match="a programme with money"):
        design_of(twin_of(world_of()))
    shares = "{" + ",".join(f"{region}={1 / 24}" for region in world_of().regions) + "}"
    only = (f"{P[1]}.budget_mcny_pa=0", f"{P[2]}.budget_mcny_pa=0")
    with pytest.raises(ScenarioError, match="all regions start in 2026"):
        design_of(world_of(f"{P[0]}.region_share={shares}", *only))


def test_the_cell_panel_adds_up_to_the_books(world, arms):
    _, record, _ = arms[0]
    frame = cell_panel(world, design_of(world), record)
    assert list(frame) == list(PANEL_COLUMNS["cells"])
    assert len(frame) == 24 * len(world.sectors) * len(world.stages) * len(world.years)
    for name, columns in OUTCOMES.items():
        total = record.cells[..., list(columns)].sum()
        assert frame[name].sum() == pytest.approx(total)
    one = frame[(frame["region"] == "SH") & frame["is_hard_tech"] & (frame["year"] == 2030)]
    values = outcome_values(record)["deals_n"]
    assert one["deals_n"].sum() == values[world.regions.index("SH"), 2030 - world.years[0]]
    place = (world.regions.index("SH"), world.stages.index("A"), 0)
    cell = frame[
        (frame["region"] == world.regions[place[0]])
        & (frame["stage"] == world.stages[place[1]])
        & (frame["sector"] == world.sectors[place[2]])
    ]
    assert cell["deals_n"].tolist() == record.cells[:, *place, col.DEAL_N].tolist()
    assert frame.loc[frame["region"] == "JS", "adoption_year"].isna().all()
    assert (frame.loc[frame["region"] == "SH", "adoption_year"] == 2028).all()


def test_the_firm_panel_adds_up_to_the_cells(world, arms):
    _, record, detail = arms[0]
    found = firm_years(world, detail)
    frame = firm_panel(world, found)
    assert list(frame) == list(PANEL_COLUMNS["firms"])
    assert frame["rounds_n"].sum() == outcome_values(record)["deals_n"].sum()
    given = frame["raised_mcny"].sum()
    assert given == pytest.approx(outcome_values(record)["deals_mcny"].sum())
    assert (frame["support_mcny"] <= frame["raised_mcny"] * (1 + 1e-9)).all()
    assert not frame.duplicated(["firm", "year"]).any()
    born = frame[frame["founded"] >= world.years[0]].groupby("founded")["firm"].nunique()
    hard = record.panel[:, :, :, 1, col.BIRTH_N].sum(axis=(1, 2))
    assert born.tolist() == hard.tolist()
    last = frame.groupby("firm").tail(1)
    assert (last["status"] == "closed").sum() == outcome_values(record)["ends_n"].sum()
    first = frame.dropna(subset=["support_year"]).groupby("firm").first()
    assert (first["support_year"] >= 2026).all()
    is_year = frame["year"] == frame["support_year"]
    assert (frame.loc[is_year.fillna(False), "support_mcny"] > 0).all()


def test_the_dictionary_has_every_column():
    found = dictionary_table()
    for panel, columns in PANEL_COLUMNS.items():
        assert found.loc[found["panel"] == panel, "column"].tolist() == list(columns)
    assert (found["meaning"].str.len() > 3).all()


def test_support_comes_from_vehicles_alone(world, arms):
    (_, _, detail), (twin, _, base) = arms
    seen, unseen = firm_years(world, detail), firm_years(twin, base)
    assert np.array_equal(seen.firm, unseen.firm)
    assert (unseen.support == 0.0).all()
    events = detail.events[detail.events["kind"] == col.INVESTMENT]
    events = events[world.is_hard_tech[events["sector"]]]
    is_vehicle = detail.funds["kind"][events["fund"]] >= len(twin.fund_types)
    assert seen.support.sum() == pytest.approx(events["amount"][is_vehicle].sum())
    grants = world_of(*(f"{p}.vehicle=grant" for p in P))
    _, given = play(grants)
    found = firm_years(grants, given)
    paid = given.events[given.events["kind"] == col.GRANTED]["amount"].sum()
    assert found.support.sum() == pytest.approx(paid)
    assert paid > 0.0


def test_firms_at_risk_and_their_outcomes_by_hand(world, arms):
    (_, _, detail), _ = arms
    found, of = firm_years(world, detail), design_of(world)
    rows = firms_at_risk(of, found)
    after = outcomes_after(found, rows)
    n_years = found.rounds.shape[1]
    first = 2026 - found.first_year
    assert rows.column.min() == first
    assert rows.column.max() == n_years - HORIZON
    assert rows.sample.is_supported.sum() > 50
    rng = np.random.default_rng(3)
    for row in rng.choice(len(rows.firm), 200, replace=False):
        firm, year = rows.firm[row], rows.column[row]
        assert found.birth[firm] <= year <= found.end[firm]
        support = np.flatnonzero(found.support[firm] > 0)
        before = found.rounds[firm, :year]
        if rows.sample.is_supported[row]:
            assert support[0] == year
        else:
            assert not len(support) or support[0] >= year + HORIZON
        assert rows.sample.covariates[row, 1] == before.sum()
        assert rows.sample.covariates[row, 0] == pytest.approx(
            np.log1p(found.raised[firm, :year].sum())
        )
        assert after["rounds_n"][row] == found.rounds[firm, year : year + HORIZON].sum()
        assert after["later_rounds_n"][row] == found.rounds[firm, year + 1 : year + HORIZON].sum()
        is_dead = found.status[firm] == FAILED_OR_CLOSED and found.end[firm] < year + HORIZON
        assert after["survived"][row] == (not is_dead)


def history_of(arms):
    (world, record, detail), (twin, unmade, base) = arms
    evaluator = Evaluator(design_of(world))
    return evaluator.history(
        (outcome_values(record), outcome_values(unmade)),
        (firm_years(world, detail), firm_years(twin, base)),
    )


def test_every_row_s_error_is_the_sum_of_its_parts(arms):
    found = history_of(arms)
    frame = pd.DataFrame(found.rows, columns=COLUMNS).dropna()
    assert len(frame) > 20
    error = frame["estimate"] - frame["truth"]
    parts = frame[["luck", "spillover", "weighting"]].sum(axis=1)
    assert np.allclose(error, parts, rtol=1e-7, atol=1e-9)
    assert np.allclose(frame["placebo"], frame["luck"], rtol=1e-7, atol=1e-9)


def test_the_truth_of_provinces_is_the_paired_difference(world, arms):
    found = history_of(arms)
    change = found.panels[0] - found.panels[1]
    treated = design_of(world).is_treated
    for place, outcome in enumerate(OUTCOMES):
        row = found.rows[ROWS.index(Row("cs_not_yet_treated", outcome, "level"))]
        truth = row[COLUMNS.index("truth")]
        assert truth == pytest.approx(change[place][treated].mean())
        before = np.array(world.years) < 2026
        assert (change[place][:, before] == 0.0).all(), "nothing happens before the first wave"


def test_a_programme_of_no_money_has_no_effect_and_every_error_is_luck(world, arms):
    twin, record, detail = arms[1]
    values, firms = outcome_values(record), firm_years(twin, detail)
    found = Evaluator(design_of(world)).history((values, values), (firms, firms))
    frame = pd.DataFrame(found.rows, columns=COLUMNS)
    kept = frame["se"].notna()
    assert kept.sum() > 10
    assert (frame.loc[kept, ["truth", "spillover", "weighting"]] == 0.0).all().all()
    assert np.allclose(frame.loc[kept, "estimate"], frame.loc[kept, "placebo"])
    matching = [row.estimator.startswith("matching") for row in ROWS]
    assert frame.loc[matching, "estimate"].isna().all(), "nobody is supported"


def test_the_summary_counts_by_hand():
    rows = np.full((3, len(ROWS), len(COLUMNS)), np.nan)
    place = ROWS.index(Row("twfe", "deals_n", "log"))
    #      est  se   low  high plac pse  plow phigh truth comp luck spill weigh n
    rows[0, place] = (2.0, 1.0, 0.0, 4.0, 0, 1, -2, 2, 3.0, 0.5, 0, -0.6, -0.4, 20)
    rows[1, place] = (4.0, 1.0, 2.0, 6.0, 3, 1, 1, 5, 1.0, 0.5, 3, 0.4, -0.4, 20)
    rows[2, place] = (3.0, 1.0, -1.0, 5.0, 0, 1, 1, 2, 2.0, 0.5, 0, 1.4, -0.4, 17)
    (found,) = summary_table(rows).to_dict("records")
    assert (found["estimator"], found["outcome"], found["form"]) == ("twfe", "deals_n", "log")
    assert found["n_histories"] == 3
    assert found["n_units"] == 19
    assert found["bias"] == pytest.approx(1.0)
    assert found["bias_se"] == pytest.approx(2.0 / np.sqrt(3))
    assert found["rmse"] == pytest.approx(np.sqrt(11 / 3))
    assert found["coverage"] == pytest.approx(2 / 3)
    assert found["power"] == pytest.approx(1 / 3)
    assert found["size"] == pytest.approx(2 / 3)
    assert found["spread"] == pytest.approx(1.0)
