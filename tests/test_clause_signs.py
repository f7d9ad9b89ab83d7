"""What raising each clause does, with the reason; signs at four standard errors on paired paths.

A test's name is the reason. Others are in `test_programmes.py` and `test_loss_tolerance.py`;
`test_clause_table.py` counts all of them.
"""

from functools import lru_cache
from typing import NamedTuple

import numpy as np
import pytest

from finmodel.market import columns as col
from finmodel.market.run import simulate
from finmodel.study import directions as by
from tests.test_programmes import (
    SIZE,
    P,
    all_money,
    of_kind,
    of_vehicles,
    play,
    policy_world,
    vehicles,
)

PATHS = 24
SEED = 2
TARGET = 400.0


@lru_cache(maxsize=4)
def played(vehicle, *changes, paths=PATHS):
    changes = tuple(f"{P}.{change}" for change in changes)
    world = (
        policy_world(*changes, size=SIZE)
        if vehicle == "fund_of_funds"
        else of_kind(vehicle, *changes)
    )
    return simulate(world, paths=paths, seed=SEED, detailed=paths)


def per_path(measure):
    """A measure of one path's investments of vehicles, with their funds, over all paths."""

    def found(run):
        first = run.world.arrays.fund_rate_pp.shape[1]
        values = []
        for detail in run.details:
            events = detail.events[detail.events["kind"] == col.INVESTMENT]
            is_vehicle = detail.funds["kind"] >= first
            values.append(
                measure(events[is_vehicle[events["fund"]]], detail.funds[is_vehicle], run.world)
            )
        return np.array(values, float)

    return found


def ratio(top, bottom):
    return lambda run: top(run) / bottom(run)


def is_first(deals):
    """Which investments are the first of their fund in their firm."""
    pair = np.stack([deals[name].astype(np.int64) for name in ("fund", "key", "serial")], axis=1)
    mask = np.zeros(len(deals), bool)
    mask[np.unique(pair, axis=0, return_index=True)[1]] = True
    return mask


def part(chosen):
    """Part of vehicles' money in the investments chosen."""
    return per_path(
        lambda deals, _, world: deals["amount"][chosen(deals, world)].sum() / deals["amount"].sum()
    )


def market(column):
    return lambda run: run.panel[..., column].sum(axis=(1, 2, 3, 4))


def hard_tech_money(run):
    return run.panel[..., 1, col.DEAL_M].sum(axis=(1, 2, 3))


def money_of_firms(run):
    """Of rounds and of grants."""
    return all_money(run) + invested(run)


def private_raised(run):
    return raised(run) - of_vehicles(col.PUBLIC_RAISED_M)(run)


def state_keeps(run):
    """What the state got back, and would if all were settled at the end."""
    flow = run.fund_flow[:, :, :, -1]
    return flow[..., col.PUBLIC_BACK_M].sum(axis=(1, 2)) + flow[:, -1, :, col.PUBLIC_NAV_S].sum(
        axis=1
    )


def skill(run):
    """Mean skill of the managers of vehicles, in sd."""
    found = by.manager_skill(run.world, paths=run.n_paths, seed=run.seed)
    return found.top / found.bottom


def spread_of_sight(run):
    """Standard deviation of the log noise of vehicles' managers."""
    return np.array(
        [
            np.log(pool.blur[vehicles(run.world, pool)]).std()
            for pool, _ in play(run.world, run.n_paths, run.seed, check_every=4)
        ]
    )


def part_of_rounds(run):
    """Part of the money of the rounds that vehicles joined that is theirs."""
    first, values = run.world.arrays.fund_rate_pp.shape[1], []
    for detail in run.details:
        deals = detail.events[detail.events["kind"] == col.INVESTMENT]
        name = np.stack([deals[n].astype(np.int64) for n in ("key", "serial", "quarter")], axis=1)
        of_round = np.unique(name, axis=0, return_inverse=True)[1].reshape(-1)
        is_vehicle = detail.funds["kind"][deals["fund"]] >= first
        own = np.bincount(of_round, deals["amount"] * is_vehicle)
        whole = np.bincount(of_round, deals["amount"])
        values.append(own.sum() / whole[own > 0].sum())
    return np.array(values)


raised, raised_n = of_vehicles(col.RAISED_M), of_vehicles(col.RAISED_N)
invested, returned = of_vehicles(col.INVESTED_M), of_vehicles(col.PUBLIC_BACK_M)
early_part = part(lambda deals, _: deals["stage"] <= 2)
hard_tech_part = part(lambda deals, world: world.is_hard_tech[deals["sector"]])
shanghai_part = part(lambda deals, _: deals["region"] == 0)
follow_part = part(lambda deals, _: ~is_first(deals))
first_ticket = per_path(lambda deals, *_: deals["amount"][is_first(deals)].mean())
first_n = per_path(lambda deals, *_: is_first(deals).sum())
small_part = per_path(lambda _, funds, __: (funds["commitment"] < TARGET / 3).mean())
log_size_sd = per_path(lambda _, funds, __: np.log(funds["commitment"]).std())
claims_part = ratio(of_vehicles(col.PUBLIC_CALLED_M), invested)
a_piece = ratio(invested, raised_n)
fund_size = ratio(raised, raised_n)


class Case(NamedTuple):
    """A measure, its sign, and the clauses before and after."""

    measure: object
    sign: int
    before: tuple
    after: tuple
    vehicle: str = "fund_of_funds"
    paths: int = PATHS


ALL_IN_SH = "region_share={SH={value=1.0,unit='share',source='user',grade='assumed',note='test'}}"
GAINS = ("profit_give_up=1",)
ONE_TARGET = ("size_log_sd=0", "first_close_share=0")
SHORT = ("term_years=5", "private_response=0")
NARROW = ("ticket_share=0.1",)
CASES = {
    "more money on offer raises more funds": Case(raised, 1, (), ("budget_mcny_pa=40000",)),
    "who starts later has invested less by the end": Case(invested, -1, (), ("start_quarter=8",)),
    "money on offer for longer raises more funds": Case(raised, 1, ("quarters=8",), ()),
    "funds of a region invest near home": Case(shanghai_part, 1, (), (ALL_IN_SH,)),
    "a mandate for early stages is followed": Case(early_part, 1, (), ("mandate={A=1.0}",)),
    "private investors who answer to gains bring more money": Case(
        private_raised, 1, (*GAINS, "private_response=0"), GAINS
    ),
    "nobody fills above the target, so a spread leaves more funds small": Case(
        small_part, 1, (*ONE_TARGET, "fill_log_sd=0"), (*ONE_TARGET, "fill_log_sd=1.5")
    ),
    "and more funds below the bar, which never close": Case(
        raised_n, -1, ("size_log_sd=0", "fill_log_sd=0"), ("size_log_sd=0", "fill_log_sd=1.5")
    ),
    "managers who dislike duties refuse them": Case(
        raised_n,
        -1,
        ("reinvestment_multiple=2", "accept_strings=0"),
        ("reinvestment_multiple=2", "accept_strings=5"),
    ),
    "a duty is disliked": Case(raised_n, -1, (), ("reinvestment_multiple=10",)),
    "the best refuse first, so the rest run the vehicles": Case(
        skill,
        -1,
        ("state_share=0.7", "accept_skill=0"),
        ("state_share=0.7", "accept_skill=2"),
    ),
    "and a large state share most of all": Case(
        skill, -1, ("state_share=0.2",), ("state_share=0.7",)
    ),
    "the more skill does, the less alike do managers see": Case(
        spread_of_sight, 1, ("skill_loading=0.1",), ("skill_loading=1",)
    ),
    "who sees clearly finds more firms worth money than who sees dimly misses": Case(
        first_n, 1, ("skill_loading=0",), ("skill_loading=1",)
    ),
    "the same money makes fewer large funds": Case(
        raised_n, -1, ("fund_size_mcny=200",), ("fund_size_mcny=800",)
    ),
    "a larger target makes larger funds": Case(
        fund_size, 1, ("fund_size_mcny=200",), ("fund_size_mcny=800",)
    ),
    "large funds can pay late rounds": Case(
        early_part, -1, ("fund_size_mcny=200",), ("fund_size_mcny=800",)
    ),
    "and money that can pay them adds to the market": Case(
        all_money, 1, ("fund_size_mcny=200",), ("fund_size_mcny=800",)
    ),
    "targets that differ make funds that differ": Case(
        log_size_sd,
        1,
        ("size_log_sd=0", "fill_log_sd=0"),
        ("size_log_sd=1.5", "fill_log_sd=0"),
    ),
    "the few large of them hold most money, and pay late rounds": Case(
        early_part,
        -1,
        ("size_log_sd=0", "fill_log_sd=0"),
        ("size_log_sd=1.5", "fill_log_sd=0"),
    ),
    "hard-tech firms meet who is drawn to them": Case(
        hard_tech_part, 1, ("hard_tech_weight=0",), ("hard_tech_weight=2",)
    ),
    "the more drawn, the more": Case(
        hard_tech_part, 1, ("hard_tech_weight=2",), ("hard_tech_weight=20",)
    ),
    "vehicles drawn hard find more to invest in": Case(
        invested, 1, ("hard_tech_weight=2",), ("hard_tech_weight=20",)
    ),
    "but take meetings from funds with more money: hard technology gets less in all": Case(
        hard_tech_money, -1, ("hard_tech_weight=2",), ("hard_tech_weight=20",)
    ),
    "and more firms close": Case(
        market(col.CLOSURE_N), 1, ("hard_tech_weight=2",), ("hard_tech_weight=20",)
    ),
    "a minimum of hard technology raises its part": Case(
        hard_tech_part, 1, (), ("hard_tech_min_share=1",)
    ),
    "a minimum of early firms raises theirs": Case(early_part, 1, (), ("early_min_share=1",)),
    "a duty is tighter if fewer stages meet it": Case(
        invested, -1, ("early_min_share=1",), ("early_min_share=1", "early_stages=['lab']")
    ),
    "what ends later pays back later": Case(returned, -1, ("term_years=5",), ("term_years=9",)),
    "and charges fees for longer": Case(
        of_vehicles(col.FEES_M), 1, ("term_years=5",), ("term_years=9",)
    ),
    "which leaves less to invest": Case(invested, -1, ("term_years=9",), ("term_years=15",)),
    "a larger ticket makes larger first investments": Case(
        first_ticket, 1, ("ticket_share=0.05",), ("ticket_share=0.2",)
    ),
    "and pays rounds that would not close": Case(
        all_money, 1, ("ticket_share=0.05",), ("ticket_share=0.2",)
    ),
    "who may hold more of a firm follows on more": Case(
        follow_part,
        1,
        (*NARROW, "concentration_share=0.1"),
        (*NARROW, "concentration_share=0.4"),
    ),
    "gains given up are not the state's": Case(
        state_keeps, -1, SHORT, (*SHORT, "profit_give_up=1")
    ),
    "cover is paid by the state": Case(state_keeps, -1, SHORT, (*SHORT, "loss_cover=1")),
    "a co-investor that may put in more has more of the rounds it joins": Case(
        part_of_rounds, 1, ("co_share=0.1",), ("co_share=0.6",), "co_investment"
    ),
    "and has invested more": Case(
        invested, 1, ("co_share=0.1",), ("co_share=0.6",), "co_investment"
    ),
    "whole grants are larger": Case(a_piece, 1, ("grant_share=0.3",), ("grant_share=1",), "grant"),
    "and fewer from the same purse": Case(
        raised_n, -1, ("grant_share=0.3",), ("grant_share=1",), "grant"
    ),
    "and draw in no others for the rest, so firms have less": Case(
        money_of_firms, -1, ("grant_share=0.3",), ("grant_share=1",), "grant", 160
    ),
    "a bank that is covered lends to more firms": Case(
        raised_n, 1, ("guarantee_share=0.5",), ("guarantee_share=0.9",), "guarantee"
    ),
    "to worse ones, at the programme's cost": Case(
        claims_part, 1, ("guarantee_share=0.5",), ("guarantee_share=0.9",), "guarantee"
    ),
    "whole loans are larger": Case(a_piece, 1, ("loan_share=0.3",), ("loan_share=1",), "guarantee"),
    "and lend more in all": Case(invested, 1, ("loan_share=0.3",), ("loan_share=1",), "guarantee"),
    "interest comes before shares": Case(
        market(col.PROCEEDS_M), -1, ("loan_rate_pa=0",), ("loan_rate_pa=0.5",), "guarantee"
    ),
    "a bank that bears more lends to more firms": Case(
        raised_n, 1, ("bank_risk=0.05",), ("bank_risk=0.2",), "guarantee"
    ),
    "and to worse": Case(claims_part, 1, ("bank_risk=0.05",), ("bank_risk=0.2",), "guarantee"),
}


@pytest.mark.parametrize("name", CASES)
def test_raising_a_clause_has_its_sign(name):
    case = CASES[name]
    before, after = (
        case.measure(played(case.vehicle, *side, paths=case.paths))
        for side in (case.before, case.after)
    )
    gain = after - before
    assert np.isfinite(gain).all()
    assert case.sign * gain.mean() > 4 * gain.std(ddof=1) / np.sqrt(len(gain))


# Clauses whose sign for all money that firms raise cannot be told at this size.
UNCLEAR = {
    "who runs a vehicle": ("state_share=0.7", "accept_skill=0", "accept_skill=2"),
    "private money for gains": ("profit_give_up=1", "private_response=0", "private_response=1"),
    "where vehicles invest": ("", "reinvestment_multiple=0", "reinvestment_multiple=4"),
    "who counts as local": (
        "reinvestment_multiple=4",
        "away_eligible_share=0",
        "away_eligible_share=1",
    ),
    "when vehicles end": ("private_response=0", "term_years=5", "term_years=9"),
}


@pytest.mark.parametrize("name", UNCLEAR)
def test_of_some_clauses_the_market_feels_little(name):
    """No sign, but a bound: up or down by less than 2 % of the money of all rounds."""
    beside, low, high = UNCLEAR[name]
    before, after = (
        all_money(played("fund_of_funds", *filter(None, (beside, side)))) for side in (low, high)
    )
    gain = after - before
    assert gain.any()
    error = gain.std(ddof=1) / np.sqrt(len(gain))
    assert abs(gain.mean()) + 4 * error < 0.02 * before.mean()


@pytest.mark.parametrize(
    "change", ["loss_cover=1", "profit_give_up=1", "manager_give_up=1", "buyback_rate_pa=0"]
)
def test_sharing_out_money_moves_no_deal_unless_investors_respond(change):
    """Exactly none: what LPs and managers get of a vehicle is no part of any decision but that."""
    before, after = played("fund_of_funds", *SHORT), played("fund_of_funds", *SHORT, change)
    np.testing.assert_array_equal(before.panel, after.panel)
    assert (state_keeps(after) < state_keeps(before)).mean() > 0.5


def test_interest_changes_no_loan():
    """It is paid at a firm's end, so it moves neither who borrows nor what is lost of principal."""
    free, dear = (played("guarantee", f"loan_rate_pa={rate}") for rate in (0, 0.5))
    np.testing.assert_array_equal(invested(free), invested(dear))
    np.testing.assert_allclose(claims_part(free), claims_part(dear), rtol=1e-6)
