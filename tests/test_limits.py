"""Limits with known answers: plenty, nothing, a Markov chain, another currency."""

import numpy as np
import pytest

from finmodel.market import columns as state
from finmodel.market.collect import outcome_column
from finmodel.market.run import simulate
from finmodel.measure import gap_table
from finmodel.scenario import Quantity
from finmodel.world import build_world
from tests.conftest import small, small_world

FRICTIONLESS = (
    "market.signal_noise_sd=0",
    "market.discouragement=0",
    "terms.max_dilution=1",
    "market.meetings_pp=8",
    "capital.total_mcny_pa=900000000",
    "environment.market_log_sd=0",
    *(
        f"funds.{kind}.{change}"
        for kind in (
            "angel_group",
            "independent_vc",
            "corporate_vc",
            "state_owned",
            "guided_subfund",
        )
        for change in (
            "size_mcny=200000",
            "size_log_sd=0",
            "ticket_share=1",
            "concentration_share=1",
            "specialist_share=0",
            "reserve_share=0",
            "investment_years=1",
        )
    ),
)


def test_plenty_of_capital_and_no_friction_leave_no_gap():
    run = simulate(small_world(*FRICTIONLESS), paths=2, seed=1, check_every=1)
    table = gap_table(run, ("region", "stage"), "all")
    assert table["viable_ask_n"].sum() > 50
    for side in ("n", "mcny"):
        assert (table[f"gap_{side}"] == 0).all()
    assert (table.loc[table["viable_ask_n"] > 0, "gap_rate_n"] == 0).all()


def test_without_capital_the_gap_is_the_viable_ask():
    run = simulate(small_world("capital.total_mcny_pa=0"), paths=2, seed=1, check_every=1)
    table = gap_table(run, ("region",), "all")
    assert (table["viable_ask_n"] > 0).all()
    for side in ("n", "mcny"):
        assert (table[f"gap_{side}"] == table[f"viable_ask_{side}"]).all()
        assert (table[f"gap_rate_{side}"] == 1).all()
        assert (table[f"funded_{side}"] == 0).all()


def test_no_births_give_an_empty_market_and_no_error():
    run = simulate(small_world("run.scale=1e-9"), paths=2, seed=1)
    table = gap_table(run)
    assert table["ask_n"].item() == 0
    assert np.isnan(table["gap_rate_n"].item())


def test_stage_shares_equal_the_absorbing_markov_chain():
    """Constant hazards and no market: the stock by stage is a sum of matrix powers."""
    world = small_world(
        "capital.total_mcny_pa=0",
        "run.scale=0.3",
        "firms.unfunded_pace=1",
        "firms.milestone_loading=0",
        "firms.failure_loading=0",
        "firms.exit_loading=0",
        "environment.window_close_pp=0",
    )
    n_paths = 60
    run = simulate(world, paths=n_paths, seed=5)
    arrays, rules = world.arrays, world.arrays.rules[0]
    n_stages = len(world.stages)
    stock = run.sectors[:, :, :, state.ACTIVE_N].sum(axis=2)  # path, year
    by_stage = run.panel[..., state.ACTIVE_N].sum(axis=(2, 4))  # path, year, stage
    expected = np.zeros((len(world.years), n_stages))
    for s in range(len(world.sectors)):
        row = arrays.stages[0, :, s]
        move = np.zeros((n_stages, n_stages))
        for k in range(n_stages):
            milestone = row["milestone_pp"][k]
            other = sum(
                row[name][k]
                for name in ("failure_pp", "ipo_pp", "mna_pp", "transfer_pp", "buyback_pp")
            )
            hazard = milestone + other
            p_event = -np.expm1(-hazard)
            p_up = p_event * milestone / hazard if k < n_stages - 1 else 0.0
            stays = 1 - p_event
            if k == n_stages - 1:
                stays += p_event * milestone / hazard
            move[k, k] = stays
            if k < n_stages - 1:
                move[k, k + 1] = p_up
        move *= np.exp(-rules["closure_pp"])
        entry = np.diff(arrays.entry_cdf, prepend=0) * arrays.birth_rate_pp[:, s].sum()
        now = np.zeros(n_stages)
        for quarter in range(arrays.calendar.n_quarters):
            now = (now + entry) @ move
            year, phase = divmod(quarter - arrays.calendar.first_reported, 4)
            if phase == 3 and year >= 0:
                expected[year] += now
    error = by_stage.std(axis=0, ddof=1) / np.sqrt(n_paths)
    assert np.all(np.abs(by_stage.mean(axis=0) - expected) < 4 * error)
    np.testing.assert_allclose(stock.mean(axis=0), by_stage.mean(axis=0).sum(axis=1))
    assert expected.min() > 1


def _in_other_money(factor):
    """The small scenario with every amount of money multiplied by `factor`."""
    scenario = small()

    def scaled(quantity: Quantity) -> Quantity:
        return quantity.model_copy(update={"value": quantity.centre * factor})

    stages = {
        name: stage.model_copy(update={"ask_median_mcny": scaled(stage.ask_median_mcny)})
        for name, stage in scenario.stages.items()
    }
    funds = {
        name: fund.model_copy(update={"size_mcny": scaled(fund.size_mcny)})
        for name, fund in scenario.funds.items()
    }
    capital = scenario.capital.model_copy(
        update={"total_mcny_pa": scaled(scenario.capital.total_mcny_pa)}
    )
    return scenario.model_copy(update={"stages": stages, "funds": funds, "capital": capital})


@pytest.mark.parametrize(("factor", "tolerance"), [(8.0, 0.0), (0.1378, 1e-9)])
def test_another_currency_changes_money_and_nothing_else(factor, tolerance):
    base = simulate(small_world(), paths=2, seed=3)
    other = simulate(build_world(_in_other_money(factor)), paths=2, seed=3)
    money = np.zeros(state.N_COLUMNS, bool)
    money[state.MONEY : state.EVENTS] = True
    money[[state.ASK_M, state.CARRIED_M, state.WITHDRAWN_M, state.PERSISTENT_M]] = True
    money[[state.LATE_M, state.DEAL_M, state.EXIT_M, state.PROCEEDS_M, state.WRITTEN_OFF_M]] = True
    np.testing.assert_array_equal(other.panel[..., ~money], base.panel[..., ~money])
    np.testing.assert_allclose(
        other.panel[..., money], base.panel[..., money] * factor, rtol=tolerance, atol=1e-7
    )
    assert base.panel[..., outcome_column(0, 0, is_money=True)].sum() > 0


def test_more_capital_never_leaves_a_larger_gap():
    rates = []
    for money in (10_000, 150_000, 700_000, 5_000_000):
        run = simulate(small_world(f"capital.total_mcny_pa={money}"), paths=8, seed=2)
        rates.append(gap_table(run)["gap_rate_mcny"].item())
    assert rates == sorted(rates, reverse=True)
    assert rates[0] > rates[-1] + 0.2
