"""A plan's deals from a simulated market: each firm pays its holders what it paid them there."""

import numpy as np
import pandas as pd
import pytest

from finmodel.errors import ScenarioError
from finmodel.fund.bank import market_bank
from finmodel.fund.deals import issue, pay_of
from finmodel.fund.desk import new_desk, new_lives
from finmodel.fund.life import ALIVE, BOUGHT_BACK, FAILED, LISTED, SOLD, add_round, end_life
from finmodel.fund.plan_arrays import plan_arrays
from finmodel.market.diary import PAID_OUT
from finmodel.market.run import simulate
from finmodel.scenario.fund_plan import load_fund_plan
from tests.conftest import small_world
from tests.test_fund_plan import MARKET


def by_firm(table):
    """The key of a firm in a table of events or lots."""
    return (table["key"].astype(np.uint64) << np.uint64(32)) | table["serial"]


@pytest.fixture(scope="module")
def played():
    """A market, and what holders of each firm were paid, where all held until the firm's end."""
    world = small_world("run.scale=0.3", "run.years=10")
    detail = simulate(world, paths=1, seed=5, detailed=1).details[0]
    lots = pd.DataFrame(
        {
            "firm": by_firm(detail.money.lots),
            "value": detail.money.lots["value"],
            "is_paid": detail.money.lots["end"] == PAID_OUT,
        }
    )
    firms = lots.groupby("firm").agg(value=("value", "sum"), is_paid=("is_paid", "all"))
    return world, detail, firms[firms["is_paid"]]["value"].to_dict()


def paid_for_all_rounds(plan, bank, n):
    """What life `n` of a bank pays to one who bought every round whole."""
    lives, desk = new_lives(1), new_desk(1, 1)
    desk.common[0] = desk.total[0] = 1.0
    rounds = range(bank.start[n], bank.start[n + 1])
    for m in rounds:
        add_round(lives, 0, bank.quarter[m], bank.amount[m], bank.post_money[m], bank.pool[m])
    end_life(lives, 0, bank.exit_quarter[n], bank.exit_value[n], bank.route[n])
    for m in rounds:
        issue(lives, desk, 0, bank.amount[m])
    return pay_of(plan, lives, desk, 0)


def test_every_route_pays_holders_what_the_market_paid(played):
    world, detail, paid = played
    bank = market_bank(world, [detail], entry_years=10, is_hard_tech_only=False, stages=())
    plan = plan_arrays(load_fund_plan(MARKET), world.stages, bank)
    last = pd.Series(np.arange(len(detail.events))).groupby(by_firm(detail.events)).max()
    # A firm is known by what it was worth at its end, to the last bit.
    firm_of = dict(zip(detail.events["amount"][last], last.index, strict=True))
    n_compared = dict.fromkeys((LISTED, SOLD, FAILED, BOUGHT_BACK), 0)
    for n in np.flatnonzero((bank.before == 0) & (bank.route != ALIVE) & (bank.exit_value > 0.0)):
        firm = firm_of[bank.exit_value[n]]
        if firm in paid:
            n_compared[int(bank.route[n])] += 1
            found = paid_for_all_rounds(plan, bank, n)
            assert found == pytest.approx(paid[firm], rel=1e-6, abs=1e-9)
    assert min(n_compared.values()) > 30


def test_terms_that_are_not_the_market_s_are_refused():
    with pytest.raises(ScenarioError, match=r"outcomes.participating: got 1; allowed: 0, as in"):
        load_fund_plan(MARKET, ["outcomes.participating=1"])
