"""Fifty futures of a fund, and who keeps the gains of its deals."""

import numpy as np
import pytest

from finmodel.fund.fund_of_funds import settle_nest
from finmodel.measure.fund_futures import (
    N_FUTURES,
    fund_futures,
    futures_of,
    gains_table,
    nest_futures,
    nest_gains,
)
from finmodel.measure.fund_of_funds import layer_table
from finmodel.measure.fund_plan import class_table, plan_summary
from finmodel.scenario.fund_plan import load_fund_plan
from finmodel.study.fund_plan import run_plan
from tests.conftest import ROOT

FUNDS = ROOT / "scenarios" / "funds"


@pytest.fixture(scope="module")
def plan():
    file = FUNDS / "fund_hard_tech.toml"
    return run_plan(load_fund_plan(file), file, paths=150, seed=2)


@pytest.fixture(scope="module")
def nested():
    file = FUNDS / "guidance_fund_of_funds.toml"
    return run_plan(load_fund_plan(file), file, paths=12, seed=2)


def test_futures_are_quantiles_by_hand():
    called = np.tile([1.0, 0.0, 0.0, 0.0, 1.0, 0.0], (3, 1))
    got = np.zeros((3, 6))
    got[:, 5] = [0.0, 2.0, 8.0]
    table = futures_of(called, got)
    assert list(table["year"].unique()) == [1, 2]
    last = table[table["year"] == 2]["dpi"].to_numpy()
    assert len(last) == N_FUTURES
    assert np.allclose(last, np.quantile([0.0, 1.0, 4.0], (np.arange(50) + 0.5) / 50))
    assert (table[table["year"] == 1]["dpi"] == 0.0).all()


def test_a_year_without_any_call_has_no_dpi():
    table = futures_of(np.eye(1, 8, 5), np.zeros((1, 8)))
    assert table["dpi"].isna().tolist() == [True] * 50 + [False] * 50


def test_futures_below_one_are_the_chance_of_a_loss(plan):
    table = fund_futures(plan)
    last = table[table["year"] == table["year"].max()]["dpi"]
    chance = plan_summary(plan).set_index("measure").loc["p_loss", "value"]
    assert abs((last < 1.0).mean() - chance) <= 1.0 / N_FUTURES
    assert last.is_monotonic_increasing


def test_gains_sum_to_those_of_the_deals_and_agree_with_the_parties(plan):
    value = gains_table(plan).set_index("measure")["value"]
    assert value["deals"] == pytest.approx(value.drop("deals").sum(), rel=1e-9)
    parties = class_table(plan).set_index("party")
    for name in ("state", "private"):
        own = parties.loc[name, "got_mcny"] - parties.loc[name, "paid_mcny"]
        assert value[f"lp:{name}"] == pytest.approx(own, rel=1e-9)
    manager = parties.loc["manager", "got_mcny"] - parties.loc["manager", "paid_mcny"]
    assert value[["fees", "carry", "own"]].sum() == pytest.approx(manager, rel=1e-9)


def test_gains_of_a_fund_of_funds_are_those_of_its_parties(nested):
    nest = settle_nest(nested)
    value = nest_gains(nest).set_index("measure")["value"]
    layers = layer_table(nest).set_index("party")
    assert value["deals"] == pytest.approx(value.drop("deals").sum(), rel=1e-9)
    own = layers.loc["treasury", "got_mcny"] - layers.loc["treasury", "paid_mcny"]
    assert value["treasury"] == pytest.approx(own, rel=1e-9)
    last = nest_futures(nest).tail(N_FUTURES)["dpi"]
    assert last.iloc[0] <= layers.loc["treasury", "q50"] <= last.iloc[-1]
