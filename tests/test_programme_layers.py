"""Two layers of a programme: parties against the books of its vehicles, and sums to 1e-9."""

import numpy as np
import pytest

from finmodel import variables
from finmodel.market import columns as col
from finmodel.market.run import simulate
from finmodel.measure.fund_flows import lp_flows
from finmodel.measure.layers import (
    layer_path_table,
    layer_tables,
    parties_of,
    programme_layer_table,
)
from finmodel.measure.public_flows import lp_multiples, programme_flows
from tests.conftest import small_world
from tests.test_fund_metrics_run import CLAUSES
from tests.test_programmes import P, policy_world

PATHS = 4
VARIANTS = {
    "plain": (),
    "clauses": CLAUSES[3:7],
    "clauses and clawback": (*CLAUSES[3:7], "funds.guided_subfund.clawback_share=1"),
    "direct": (f"{P}.vehicle=direct", f"{P}.state_share=1"),
}


@pytest.fixture(scope="module", params=list(VARIANTS))
def run(request):
    world = policy_world(*VARIANTS[request.param], *CLAUSES[7:], size=CLAUSES[:3])
    return simulate(world, paths=PATHS, seed=4, detailed=PATHS)


def close(found, expected, scale):
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-9 * float(np.max(scale)))


def test_parties_add_up_to_what_was_called_and_what_firms_gave(run):
    flows = programme_flows(run)
    parties = parties_of(flows)
    treasury, private, managers, firms = parties.values()
    called, fees = flows[..., col.CALLED_M], flows[..., col.FEES_M]
    assert called.sum() > 0
    close(treasury.paid + private.paid + managers.paid, called, called)
    close(called, firms.paid + fees, called)
    close(treasury.got + private.got + managers.got, firms.got + fees, called)
    close(treasury.nav + private.nav + managers.nav, firms.nav, called)
    assert (managers.paid == 0).all()


def test_parties_are_those_of_the_vehicles_one_by_one(run):
    """The spool of yearly flows against quarters, settlements and records of single funds."""
    parties = parties_of(programme_flows(run))
    n_ordinary = len(run.world.fund_types) - 1
    for p, item in enumerate(run.details):
        is_vehicle = item.funds["kind"] >= n_ordinary
        funds = item.funds[is_vehicle]
        scale = funds["called"].sum()
        for name, lps in (("treasury", "state"), ("private_lps", "private")):
            flows = lp_flows(run.world, item, item.money, lps)
            party = parties[name]
            close(party.paid[p].sum(), flows.paid.sum(), scale)
            close(party.got[p].sum(), flows.got.sum(), scale)
            close(party.nav[p], flows.value.sum(), scale)
        everyone = lp_flows(run.world, item, item.money, "all")
        given = funds["to_lps"].sum() - everyone.got[is_vehicle].sum()
        earned = funds["fees"].sum() + funds["carry"].sum() + given
        close(parties["managers"].got[p].sum(), earned, scale)


def test_private_multiple_leaves_out_what_goes_to_managers(run):
    value, paid = lp_multiples(run)["private_tvpi"]
    private = parties_of(programme_flows(run))["private_lps"]
    close(value, private.got.sum(axis=1) + private.nav, paid.max() + 1.0)
    close(paid, private.paid.sum(axis=1), paid.max() + 1.0)


def test_tables_say_the_same_by_path_and_over_paths(run):
    arms = {"one": run}
    table, paths = programme_layer_table(arms), layer_path_table(arms)
    assert set(table["programme"]) == {"all", "joint_fund"}
    for frame in (table, paths):
        for column in frame:
            assert column in variables.DIMENSIONS or variables.variable_of(str(column)), column
    for _, row in table.iterrows():
        keys = ["policy", "programme", "party"]
        mine = paths[(paths[keys] == row[keys].to_numpy()).all(axis=1)]
        assert len(mine) == PATHS
        for name in ("paid_mcny", "got_mcny", "nav_mcny"):
            assert row[name] == pytest.approx(mine[name].mean(), rel=1e-9, abs=1e-9)
        if row["paid_mcny"] == 0.0:
            assert row[["tvpi", "irr_pa", "p_loss"]].isna().all()
            continue
        total = mine["got_mcny"].sum() + mine["nav_mcny"].sum()
        assert row["tvpi"] == pytest.approx(total / mine["paid_mcny"].sum())
        assert row["p_loss"] == (mine["tvpi"] < 1.0).mean()
        assert row["expected_shortfall_share"] >= row["value_at_risk_share"] - 1e-12
    managers = table[table["party"] == "managers"]
    parts = managers[["fees_mcny", "carry_mcny", "given_mcny"]].sum(axis=1)
    np.testing.assert_allclose(parts, managers["got_mcny"])


def test_a_market_without_shares_of_a_programme_has_no_layers():
    assert layer_tables({"none": simulate(small_world(), paths=1, seed=1)}) == {}
    grants = policy_world(f"{P}.vehicle=grant", f"{P}.state_share=1")
    assert layer_tables({"grants": simulate(grants, paths=1, seed=1)}) == {}
