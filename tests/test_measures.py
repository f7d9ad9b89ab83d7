"""Measures: arithmetic against plain loops, errors against theory, declared columns."""

import numpy as np
import pandas as pd
import pytest

from finmodel import variables
from finmodel.errors import InputError
from finmodel.market import columns as state
from finmodel.market.collect import outcome_column
from finmodel.market.run import simulate
from finmodel.measure import (
    activity_table,
    cell_table,
    flow_table,
    gap_table,
    graduation_table,
    mean_se,
    ratio_se,
)
from finmodel.measure.monte_carlo import quantile_columns
from finmodel.study.single import run_tables
from tests.conftest import small_world


@pytest.fixture(scope="module")
def result():
    return simulate(small_world("run.scale=0.1", "run.years=5"), paths=12, seed=3)


def test_mean_and_error_of_known_numbers():
    mean, error = mean_se(np.array([[1.0], [2.0], [3.0], [6.0]]))
    assert mean[0] == 3.0
    assert error[0] == pytest.approx(np.std([1, 2, 3, 6], ddof=1) / 2)
    assert np.isnan(mean_se(np.array([[1.0]]))[1]).all()


def test_ratio_error_covers_the_truth_at_its_nominal_rate():
    rng = np.random.default_rng(1)
    covered = 0
    for _ in range(400):
        bottom = rng.gamma(20, 1, (60, 1))
        top = 0.3 * bottom + rng.normal(0, 1, (60, 1))
        ratio, error = ratio_se(top, bottom)
        covered += abs(ratio[0] - 0.3) < 1.96 * error[0]
    assert 0.90 < covered / 400 < 0.985


def test_ratio_without_denominator_is_undefined():
    ratio, error = ratio_se(np.zeros((3, 1)), np.zeros((3, 1)))
    assert np.isnan(ratio).all()
    assert np.isnan(error).all()
    assert np.isnan(quantile_columns(np.full((3, 2), np.nan), (0.5,))).all()


def test_gap_equals_a_plain_sum(result):
    table = gap_table(result, ("region", "stage"), "hard_tech").set_index(["region", "stage"])
    r, k = 1, 2
    cells = result.panel[:, :, r, k, 1]
    gap = sum(cells[..., outcome_column(o, 1, is_money=True)] for o in range(1, 5))
    viable = gap + cells[..., outcome_column(0, 1, is_money=True)]
    row = table.loc[(result.world.regions[r], result.world.stages[k])]
    assert row["gap_mcny"] == pytest.approx(gap.mean())
    assert row["viable_ask_mcny"] == pytest.approx(viable.mean())
    assert row["gap_rate_mcny"] == pytest.approx(gap.sum() / viable.sum())


def test_tables_add_up_over_their_groups(result):
    total = gap_table(result).iloc[0]
    for by in ("region", "stage"):
        parts = gap_table(result, (by,))
        for column in ("ask_n", "gap_n", "gap_mcny", "funded_mcny", "persistent_n"):
            assert parts[column].sum() == pytest.approx(total[column])
    years = gap_table(result, ("year",))
    assert years["gap_n"].mean() == pytest.approx(total["gap_n"])
    both = gap_table(result, (), "general").iloc[0]["gap_n"] + total["gap_n"]
    assert gap_table(result, (), "all").iloc[0]["gap_n"] == pytest.approx(both)
    cells = cell_table(result)
    assert cells["ask_n"].sum() / 5 == pytest.approx(gap_table(result, (), "all")["ask_n"].item())
    hard = cells[cells["sector"].isin(np.array(result.world.sectors)[result.world.is_hard_tech])]
    assert hard["gap_n"].sum() / 5 == pytest.approx(total["gap_n"], rel=1e-6)


def test_identity_holds_in_every_row_of_every_table(result):
    for name, table in run_tables(result).items():
        if "ask_n" not in table:
            continue
        for side in ("n", "mcny"):
            parts = ["funded", "shortfall", "rejected", "refused", "discouraged"]
            found = table[[f"{part}_{side}" for part in parts]].sum(axis=1)
            np.testing.assert_allclose(
                found, table[f"ask_{side}"], rtol=1e-9, atol=1e-9, err_msg=name
            )


def test_a_need_carried_over_is_counted_once_a_year(result):
    """What stood unmet at a year's end is what the next year carries, less what lapsed."""
    columns = [outcome_column(o, 0, is_money=False) for o in (2, 3, 4)]
    unmet = result.sectors[..., columns].sum(axis=(2, 3))
    ended = result.sectors[..., [state.FAILURE_N, state.CLOSURE_N]].sum(axis=(2, 3))
    carried = result.sectors[..., state.CARRIED_N].sum(axis=2)
    assert (carried[:, 1:] <= unmet[:, :-1]).all()
    assert (carried[:, 1:] >= unmet[:, :-1] - ended[:, :-1]).all()


def test_bounds_enclose_the_central_rate_for_counts(result):
    table = gap_table(result, ("stage",))
    wide = table["gap_n_q95"] >= table["gap_n_q05"]
    assert wide.all()
    assert (table["gap_rate_n"].between(0, 1)).all()


def test_graduation_leaves_out_cohorts_not_followed(result):
    table = graduation_table(result)
    assert set(table["months"]) == {24, 36}
    assert table["share"].between(0, 1).all()
    wide = table.pivot_table(index="stage", columns="months", values="share")
    assert (wide[36] > wide[24] * 0.95).all()
    short = simulate(small_world("run.years=1"), paths=2, seed=1)
    assert graduation_table(short)["share"].isna().all()


def test_flows_add_up_to_deals(result):
    flows = flow_table(result)
    money = flows["mcny"].groupby(flows["fund_type"] == "all").sum()
    for total in money:
        assert total == pytest.approx(activity_table(result)["deals_mcny"].item())


def test_standard_errors_shrink_with_paths():
    world = small_world()
    errors = [
        gap_table(simulate(world, paths=n, seed=4))["gap_rate_n_se"].item() for n in (20, 320)
    ]
    assert 2.5 < errors[0] / errors[1] < 6.5


def test_every_column_of_every_table_is_declared(result):
    for name, table in run_tables(result).items():
        if name == "assumptions":
            continue
        for column in table:
            if column not in variables.DIMENSIONS:
                assert variables.variable_of(str(column)), (name, column)


def test_labels_are_complete_in_both_languages():
    catalogue = variables.labels()
    assert set(variables.VARIABLES) == set(catalogue["variable"])
    for section in catalogue.values():
        for key, item in section.items():
            assert set(item) == {"en", "zh"}, key
            assert all(text.strip() for text in item.values()), key
    assert variables.label("gap_rate_mcny_q05", "zh") == "缺口率"
    assert variables.label("region") == "Region"
    with pytest.raises(KeyError):
        variables.label("nonsense")


def test_unknown_groups_are_refused(result):
    with pytest.raises(InputError, match=r"regoin.*did you mean 'region'"):
        gap_table(result, ("regoin",))
    with pytest.raises(InputError, match="sector alone"):
        gap_table(result, ("sector", "region"))


def test_one_path_has_no_error_and_still_a_table():
    table = gap_table(simulate(small_world(), paths=1, seed=1))
    assert isinstance(table, pd.DataFrame)
    assert table["gap_n_se"].isna().all()
    assert table["gap_n"].notna().all()
