"""Every estimate of every table has its Monte Carlo error, and columns say which layer they are."""

import pytest

from finmodel.market.run import simulate
from finmodel.study.compare import compare, comparison_tables
from finmodel.study.decompositions import decomposition_tables
from finmodel.study.draws import run_draws
from finmodel.study.single import run_tables
from finmodel.study.stored_draws import laid_on, tables_of_draws
from finmodel.study.why import simulate_arms
from finmodel.variables import DIMENSIONS, layer_of
from finmodel.world import build_world
from tests.conftest import small, small_world
from tests.test_effect_draws import BIRTHS, policy_of

OF_ONE_PATH = {
    "programme_layers_path",
    "outcome_paths",
    *("fund_list", "fund_metrics", "fund_years", "fund_quarters", "histories"),
}
"""Rows of one path each: there is nothing to average."""

NOT_SIMULATED = {"values", "assumptions", "beliefs"}
"""Follow from the scenario alone."""

DIAGNOSTICS = {"convergence", "convergence_verdicts", "exits"}
"""Say how far errors can be believed; only their means have errors."""

WITHOUT_ERROR = {
    # Pooled rates, of the mean flows: roots, for which a few paths have none.
    "irr_pa": "the spread over paths is given",
    "base": "the arm without; the change is the estimate",
    "policy_mean": "the arm with; the change is the estimate",
    "unpaired_se": "is an error",
    "variance_ratio": "a ratio of errors",
    "static_gap_mcny_low": "a bound by another test",
    "static_gap_mcny_high": "a bound by another test",
    "static_ratio": "a ratio of two columns that have errors",
}
PLACES = {"level", "side", "part", "outcome", "is_enough", "holder", "draw", "n_redrawn"}
FRICTIONS = {"scarcity", "distance", "information", "mandates", "search"}


def estimates(name, table):
    """Columns of a table that are estimates."""
    places = {*DIMENSIONS, *PLACES} | (FRICTIONS if name == "arms" else set())
    return [
        str(column)
        for column in table
        if layer_of(str(column)) == "value" and column not in places | set(WITHOUT_ERROR)
    ]


def missing(tables):
    found = []
    for name, table in tables.items():
        if name in OF_ONE_PATH | NOT_SIMULATED | DIAGNOSTICS:
            continue
        for column in estimates(name, table):
            errors = {f"{column}_se", "se"} if column in ("value", "mean") else {f"{column}_se"}
            if not errors & set(table.columns):
                found.append((name, column))
    return found


def test_every_estimate_of_a_run_has_an_error():
    assert missing(run_tables(simulate(small_world(), paths=3, seed=1))) == []


def test_every_estimate_of_a_comparison_has_an_error():
    found = compare(small_world(), {"policy": build_world(policy_of())}, paths=3, seed=1)
    tables = comparison_tables(found)
    assert missing(tables) == []
    for name in ("effects", "effects_region", "effects_stage", "effects_sector"):
        assert (tables[name]["effect_n_q05"] <= tables[name]["effect_n_q95"]).all()


def test_every_part_of_a_gap_has_an_error():
    assert missing(decomposition_tables(simulate_arms(small_world(), paths=2, seed=1))) == []


def test_draws_carry_all_three_layers_in_columns_of_their_own():
    scenario = small(BIRTHS)
    found = run_draws(scenario, draws=2, paths=2, seed=1)
    table = tables_of_draws(found, laid_on(scenario, None), scenario)["uncertainty_gap_total"]
    layers = {column: layer_of(column) for column in table}
    assert set(layers.values()) == {"monte carlo", "chance", "ignorance", "value"}
    assert layers["mean_se"] == layers["monte_carlo_variance"] == "monte carlo"
    assert layers["chance_q05"] == layers["chance_share"] == "chance"
    assert layers["ignorance_q95_se"] == layers["ignorance_share"] == "ignorance"


@pytest.mark.parametrize(
    ("column", "layer"),
    [
        ("se", "monte carlo"),
        ("gap_rate_mcny_se", "monte carlo"),
        ("half_width95", "monte carlo"),
        ("gap_rate_mcny_q05", "chance"),
        ("q95", "chance"),
        ("chance_q05", "chance"),
        ("share_above_zero", "ignorance"),
        ("gap_n", "value"),
        ("series", "value"),
        ("base", "value"),
    ],
)
def test_the_layer_of_a_column_by_its_name(column, layer):
    assert layer_of(column) == layer
