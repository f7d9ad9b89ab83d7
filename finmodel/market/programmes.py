"""Guidance programmes in the market: vehicles are raised, and clauses bind them.

A vehicle is a fund of a type of its own, with the programme's public money as one of its LPs. It
is met, makes offers and is paid like any fund. What the clauses do:

- The state's part is at most its share: a fund that raises less private money closes smaller, or
  never. A part of the private money would have gone to other funds of the region: their private
  LPs give that much less.
- Managers are asked in turn; a better one is likelier to refuse a high state share and duties.
- Least shares for local, hard-tech and early firms leave a sum that may go elsewhere; an offer is
  no larger than what is left of it. They are ceilings on the rest: nothing makes a fund invest.
- Tolerance of losses is held against the chance of failure at the quality the fund expects.
- Gains given up, the buy-out of the state at a rate, and cover for private losses move money
  between the LPs of the fund once it pays out.
"""

from __future__ import annotations

import math

import numpy as np

from finmodel.market.books import look_up
from finmodel.market.capital import enter_fund, lp_supply
from finmodel.market.columns import PUBLIC_RAISED_M, RAISED_M, RAISED_N
from finmodel.market.environment import MARKET_NOW
from finmodel.market.public import public_lp
from finmodel.market.state import (
    EARLY,
    HARD_TECH,
    LOCAL,
    N_FUNDS,
    RISK_PROMISED,
    RISK_ROOM,
    Books,
    Now,
    Pool,
    Weather,
)
from finmodel.market.streams import ELIGIBLE, FUND_TRAITS, MANAGER, draw, uniform
from finmodel.numeric.jit import inner_kernel, lean_kernel
from finmodel.numeric.quantiles import normal_quantile
from finmodel.world.arrays import (
    CO_INVESTMENT,
    FUND_OF_FUNDS,
    GRANT,
    GUARANTEE,
    FloatArray,
    Record,
    WorldArrays,
)

NOBODY = -99.0
"""Skill of no manager."""

WAIT = -1.0

FARTHEST_ODDS = 50.0
"""Log odds below which a manager never accepts: a uniform of 32 bits is never so small."""


@inner_kernel
def is_co_investor(world: WorldArrays, kind: int) -> bool:
    """Return whether funds of a type only join rounds of others."""
    g = kind - world.fund_rate_pp.shape[1]
    return bool(g >= 0 and world.programmes[g]["vehicle"] == CO_INVESTMENT)


@inner_kernel
def find_manager(programme: Record, key: np.uint64, serial: np.uint64, now: Now) -> float:
    """Return the skill, in sd, of the first manager that accepts; NOBODY if all refuse."""
    for place in range(programme["candidates"]):
        a, b, _, _ = draw(now.seed, now.path, MANAGER, place, key, serial)
        skill = normal_quantile(uniform(a))
        steeper = max(0.0, 1.0 + programme["accept_skill"] * skill)
        odds = programme["accept_log_odds"] - programme["dislike"] * steeper
        odds = max(-FARTHEST_ODDS, odds)
        if uniform(b) * (1.0 + math.exp(-odds)) < 1.0:
            return skill
    return NOBODY


@inner_kernel
def set_duties(programme: Record, pool: Pool, f: int, public: float) -> None:
    """Write what a new vehicle may put outside each duty; no duty, no limit."""
    investable, outside = pool.funds[f]["investable"], pool.outside[f]
    outside[:] = math.inf
    if programme["reinvestment_multiple"] > 0.0:
        duty = min(investable, programme["reinvestment_multiple"] * public)
        outside[LOCAL] = investable - duty
    if programme["hard_tech_min_share"] > 0.0:
        outside[HARD_TECH] = (1.0 - programme["hard_tech_min_share"]) * investable
    if programme["early_min_share"] > 0.0:
        outside[EARLY] = (1.0 - programme["early_min_share"]) * investable
    for duty in range(3):
        pool.outside_free[f, duty] = outside[duty]


@inner_kernel
def try_vehicle(
    world: WorldArrays, pool: Pool, books: Books, g: int, region: int, money: float, now: Now
) -> float:
    """Try to raise the next vehicle of a programme in a region.

    Returns
    -------
    float
        The public money set aside for the try, whether or not it came to anything; -1 if it would
        be more than `money`, and the programme waits.
    """
    programme, index = world.programmes[g], pool.tried[g, region]
    key, serial = world.programme_key[g, region], np.uint64(index)
    a, b, c, d = draw(now.seed, now.path, FUND_TRAITS, 0, key, serial)
    log_sd, share = programme["size_log_sd"], programme["state_share"]
    luck = log_sd * normal_quantile(uniform(a)) - 0.5 * log_sd * log_sd
    target = programme["size"] * math.exp(luck)
    if share * target > money:
        return WAIT
    pool.tried[g, region] += 1
    skill, filled = 0.0, 1.0
    if programme["vehicle"] == FUND_OF_FUNDS:  # others are run by the programme's own people
        skill = find_manager(programme, key, serial, now)
        if skill == NOBODY:
            return float(share * target)
    if share < 1.0:
        fill_sd = programme["fill_log_sd"]
        fill_luck = math.exp(fill_sd * normal_quantile(uniform(d)) - 0.5 * fill_sd * fill_sd)
        filled = min(1.0, programme["fill"] * fill_luck * pool.supply[world.private_lp])
        if filled <= 0.0 or filled < programme["first_close_share"]:
            return float(share * target)
    public, private = share * target * filled, (1.0 - share) * target * filled
    kind = world.fund_rate_pp.shape[1] + g
    f = enter_fund(world, pool, region, kind, index, public + private, uniform(b), uniform(c), now)
    if f < 0:
        return WAIT
    pool.funds[f]["key"] = key
    pool.purse[g, region] -= public
    pool.moved[region] += (1.0 - programme["new_private_share"]) * private
    pool.lp_share[f, :] = 0.0
    pool.lp_share[f, public_lp(world, kind)] = public / (public + private)
    if private > 0.0:
        pool.lp_share[f, world.private_lp] = private / (public + private)
    pool.blur[f] = math.exp(-programme["skill_loading"] * skill)
    set_duties(programme, pool, f, public)
    books.fund_flow[now.year, region, kind, RAISED_N] += 1.0
    books.fund_flow[now.year, region, kind, RAISED_M] += public + private
    books.fund_flow[now.year, region, kind, PUBLIC_RAISED_M] += public
    return float(share * target)


@lean_kernel
def raise_programmes(
    world: WorldArrays, pool: Pool, books: Books, weather: Weather, now: Now
) -> None:
    """Step 3, after the ordinary funds: programmes get their money and raise vehicles."""
    if len(world.programmes) > 0:
        # Offers of the quarter before are closed or gone.
        for f in range(pool.counts[N_FUNDS]):
            for duty in range(3):
                pool.outside_free[f, duty] = pool.outside[f, duty]
            pool.risk[f, RISK_PROMISED] = 0.0
        for g in range(len(world.programmes)):
            for place in range(pool.wide_risk.shape[1]):
                pool.wide_risk[g, place, RISK_PROMISED] = 0.0
    for g in range(len(world.programmes)):
        programme = world.programmes[g]
        if not programme["first_quarter"] <= now.quarter < programme["last_quarter"]:
            continue
        for region in range(world.programme_budget_pp.shape[1]):
            if world.programme_budget_pp[g, region] <= 0.0:
                continue
            pool.purse[g, region] += world.programme_budget_pp[g, region]
            if programme["vehicle"] in (GRANT, GUARANTEE):
                continue
            lp_supply(world, pool, weather.factor[MARKET_NOW], region, now.quarter, pool.supply)
            # What a failed try set aside is back in the purse a quarter later.
            money = pool.purse[g, region]
            while money >= 0.0:
                used = try_vehicle(world, pool, books, g, region, money, now)
                money = money - used if used > 0.0 else WAIT
    pool.first_of[now.quarter + 1] = pool.counts[N_FUNDS]


@inner_kernel
def is_local(world: WorldArrays, firm: Record, home: int, g: int, now: Now) -> bool:
    """Return whether a firm counts as local: it is, or it moves in or opens a plant.

    Whether a firm would is fixed by its identity and the region.
    """
    share = world.programmes[g]["away_eligible_share"]
    if firm["region"] == home or share <= 0.0:
        return bool(firm["region"] == home)
    key, serial = np.uint64(firm["key"]), np.uint64(firm["serial"])
    a, _, _, _ = draw(now.seed, now.path, ELIGIBLE, home, key, serial)
    return bool(uniform(a) < share)


@inner_kernel
def lacks(
    world: WorldArrays, pool: Pool, f: int, kind: int, firm: Record, duty: int, now: Now
) -> bool:
    """Return whether an investment in a firm lies outside a duty of a vehicle."""
    g = kind - world.fund_rate_pp.shape[1]
    if duty == HARD_TECH:
        return not world.is_hard_tech[firm["sector"]]
    if duty == EARLY:
        return not (world.programmes[g]["early_mask"] >> firm["stage"]) & 1
    return not is_local(world, firm, pool.funds[f]["region"], g, now)


@inner_kernel
def within_duties(
    world: WorldArrays, pool: Pool, f: int, kind: int, firm: Record, ticket: float, now: Now
) -> float:
    """Return how much of a ticket a vehicle's duties allow, after what it has promised."""
    for duty in range(3):
        free = pool.outside_free[f, duty]
        if free < ticket and lacks(world, pool, f, kind, firm, duty, now):
            ticket = max(0.0, free)
    return ticket


@inner_kernel
def failure_chance(
    world: WorldArrays, group: int, stage: int, sector: int, expected: float
) -> float:
    """Return the chance that a firm of this expected quality fails."""
    return look_up(world.loss_chance, group, stage, sector, expected)


@inner_kernel
def is_within(tolerance: float, risk: FloatArray, chance: float, ticket: float) -> bool:
    """Return whether a ticket fits into a tolerance of expected losses.

    A firm within the tolerance is always fine. A riskier one must fit into the room that
    earlier investments left, less what is promised this quarter.
    """
    excess = (chance - tolerance) * ticket
    return bool(excess <= 0.0 or excess <= risk[RISK_ROOM] - risk[RISK_PROMISED])


@inner_kernel
def bears_wide_risk(
    world: WorldArrays, pool: Pool, g: int, stage: int, chance: float, amount: float
) -> bool:
    """Return whether a programme may risk an amount: over all its money, and over the class."""
    wide, place = pool.wide_risk[g], world.loss_class[g, stage]
    if not is_within(world.programmes[g]["loss_tolerance_programme"], wide[-1], chance, amount):
        return False
    return place < 0 or is_within(world.class_tolerance[g, stage], wide[place], chance, amount)


@inner_kernel
def count_wide_risk(
    world: WorldArrays, pool: Pool, g: int, stage: int, chance: float, amount: float
) -> None:
    """Take money at risk off what the tolerances of a programme and its classes leave."""
    wide, place = pool.wide_risk[g], world.loss_class[g, stage]
    wide[-1, RISK_ROOM] += (world.programmes[g]["loss_tolerance_programme"] - chance) * amount
    if place >= 0:
        wide[place, RISK_ROOM] += (world.class_tolerance[g, stage] - chance) * amount


@inner_kernel
def bears_risk(
    world: WorldArrays, pool: Pool, f: int, kind: int, stage: int, chance: float, ticket: float
) -> bool:
    """Return whether a vehicle may risk a ticket in a firm with this chance of failure.

    Four tolerances bind at once: of the project, of the vehicle, and over all vehicles of the
    programme of the class of the firm's stage and of the whole.
    """
    g = kind - world.fund_rate_pp.shape[1]
    programme = world.programmes[g]
    if chance > programme["loss_tolerance_project"]:
        return False
    if not is_within(programme["loss_tolerance_fund"], pool.risk[f], chance, ticket):
        return False
    return bears_wide_risk(world, pool, g, stage, chance, ticket)


@inner_kernel
def promise(
    world: WorldArrays,
    pool: Pool,
    f: int,
    kind: int,
    firm: Record,
    chance: float,
    ticket: float,
    now: Now,
) -> None:
    """Note an offer of a vehicle, so that all of a quarter's offers keep to its clauses."""
    for duty in range(3):
        if pool.outside_free[f, duty] < math.inf and lacks(world, pool, f, kind, firm, duty, now):
            pool.outside_free[f, duty] -= ticket
    g, stage = kind - world.fund_rate_pp.shape[1], firm["stage"]
    programme, wide, place = world.programmes[g], pool.wide_risk[g], world.loss_class[g, stage]
    excess = (chance - programme["loss_tolerance_fund"]) * ticket
    pool.risk[f, RISK_PROMISED] += max(0.0, excess)
    wide[-1, RISK_PROMISED] += max(0.0, (chance - programme["loss_tolerance_programme"]) * ticket)
    if place >= 0:
        excess = (chance - world.class_tolerance[g, stage]) * ticket
        wide[place, RISK_PROMISED] += max(0.0, excess)


@inner_kernel
def count_duties(
    world: WorldArrays,
    pool: Pool,
    f: int,
    kind: int,
    firm: Record,
    expected: float,
    amount: float,
    now: Now,
) -> None:
    """Take an investment of a vehicle off what its clauses leave."""
    for duty in range(3):
        if pool.outside[f, duty] < math.inf and lacks(world, pool, f, kind, firm, duty, now):
            pool.outside[f, duty] -= amount
    group, stage, sector = (
        world.score_group[firm["region"]],
        int(firm["stage"]),
        int(firm["sector"]),
    )
    chance = failure_chance(world, group, stage, sector, expected)
    g = kind - world.fund_rate_pp.shape[1]
    tolerance = world.programmes[g]["loss_tolerance_fund"]
    pool.risk[f, RISK_ROOM] += (tolerance - chance) * amount
    count_wide_risk(world, pool, g, stage, chance, amount)
