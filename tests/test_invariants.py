"""Money is conserved, needs add up, caps hold; and a breach stops the run."""

import numpy as np
import pytest

from finmodel.errors import InvariantError
from finmodel.market import collect, run
from finmodel.market import columns as state
from finmodel.market.collect import outcome_column
from finmodel.market.run import simulate
from tests.conftest import small_world


@pytest.fixture(scope="module")
def result():
    return simulate(small_world("run.scale=0.05"), paths=6, seed=3, check_every=1)


def test_needs_add_up_in_every_cell_of_every_path(result):
    for is_money, ask in ((False, state.ASK_N), (True, state.ASK_M)):
        outcomes = [outcome_column(o, 0, is_money=is_money) for o in range(state.N_OUTCOMES)]
        np.testing.assert_allclose(
            result.panel[..., outcomes].sum(axis=-1), result.panel[..., ask], rtol=1e-9, atol=1e-9
        )
    assert (result.panel[..., state.ASK_N] >= 0).all()


def test_panels_agree_with_each_other(result):
    np.testing.assert_allclose(
        result.panel.sum(axis=(2, 3, 4)), result.sectors.sum(axis=2), rtol=1e-12, atol=1e-9
    )
    np.testing.assert_allclose(
        result.cell_mean.sum(axis=(1, 2, 3)), result.sectors.mean(axis=0).sum(axis=1), rtol=1e-9
    )


def test_tests_of_viability_are_nested(result):
    for outcome in range(state.N_OUTCOMES):
        for is_money in (False, True):
            everyone, market, strict, loose, social = (
                result.panel[..., outcome_column(outcome, test, is_money=is_money)]
                for test in range(state.N_TESTS)
            )
            assert (strict <= market).all()
            assert (market <= loose).all()
            assert (market <= social).all()
            assert (np.maximum(loose, social) <= everyone).all()


def test_deals_are_the_funded_needs(result):
    funded = result.panel[..., outcome_column(0, 0, is_money=False)]
    partial = result.panel[..., outcome_column(1, 0, is_money=False)]
    np.testing.assert_array_equal(result.panel[..., state.DEAL_N], funded + partial)
    np.testing.assert_allclose(
        result.panel[..., state.DEAL_M], result.panel[..., outcome_column(0, 0, is_money=True)]
    )
    np.testing.assert_allclose(
        result.flow[:, 1].sum(axis=(2, 3)),
        result.panel[..., state.DEAL_M].sum(axis=(3, 4)),
        rtol=1e-9,
    )


def test_firms_are_conserved(result):
    routes = [state.IPO_N, state.MNA_N, state.TRANSFER_N, state.BUYBACK_N]
    ended = [state.FAILURE_N, state.CLOSURE_N, *routes]
    totals = result.sectors.sum(axis=2)
    change = np.diff(totals[:, :, state.ACTIVE_N], axis=1)
    net = totals[:, 1:, state.BIRTH_N] - totals[:, 1:, ended].sum(axis=-1)
    np.testing.assert_array_equal(change, net)


def test_a_leak_stops_the_run_and_names_the_place(monkeypatch):
    original = run.run_path

    def leaky(world, seed, path, room, check_every):
        status, quarters, pool, books = original(world, seed, path, room, check_every)
        books.breach[:] = (11, state.FIRMS, 2, 100.0, 99.5)
        return state.UNBALANCED if path == 2 else status, quarters, pool, books

    monkeypatch.setattr(run, "run_path", leaky)
    with pytest.raises(InvariantError, match=r"path 2, quarter 11, firms in ZJ.*100\.0.*99\.5"):
        simulate(small_world(), paths=4, seed=1)


def test_every_account_has_a_name_in_a_breach():
    world = small_world()
    n_accounts = state.FIRST_LP + len(world.lps) + len(world.fund_types)
    texts = {
        run.breach_message(world, 0, np.array([3.0, account, 0, 1.0, 2.0]))
        for account in range(-3, n_accounts)
    }
    assert len(texts) == n_accounts + 3
    assert any("LPs: private in SH" in text for text in texts)
    assert any("funds: guided_subfund in SH" in text for text in texts)
    assert any("NAV of fund 0" in text for text in texts)


def test_needs_that_do_not_add_up_stop_the_run():
    world = small_world()
    cells = np.zeros((3, 4, 6, 10, state.N_COLUMNS))
    collect.check_identity(world, cells, 0)
    cells[1, 2, 3, 4, state.ASK_N] = 1.0
    with pytest.raises(InvariantError, match="path 7, year 2023, region ZJ, stage B"):
        collect.check_identity(world, cells, 7)
