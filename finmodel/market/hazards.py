"""Steps 4 and 9: firms burn cash, advance, fail, leave, or close.

Within a quarter milestone, failure and the exit routes are competing risks with constant
hazards ``m, f, x``: something happens with probability ``1 - exp(-(m + f + x))`` and is
each of them in proportion to its hazard. Support of its investors raises a firm's milestone
hazard and lowers its failure hazard by the same factor; the IPO window and stress scale the
exit hazards. A firm works at the pace of its spending over the burn its stage plans, and at
least at the pace of a firm without money. With a ramp the milestone hazard rises in a line over the
first quarters after the stage's round.

References
----------
Prentice et al. (1978), The analysis of failure times in the presence of competing
risks, Biometrics 34.
"""

from __future__ import annotations

import math

import numpy as np

from finmodel.market.births import enter_stage
from finmodel.market.books import add_event, note_event
from finmodel.market.columns import (
    BUYBACK_N,
    BUYERS,
    CLOSURE_N,
    COHORT_CLOSED,
    COHORT_FAILED,
    COSTS,
    EXIT_M,
    FAILED,
    FAILURE_N,
    FIRMS,
    FIRST_EXIT,
    FIRST_ROUTE,
    GAVE_UP,
    IPO_N,
    MILESTONE_N,
    MNA_N,
    REACHED,
    TRANSFER_N,
)
from finmodel.market.environment import IPO as IPO_FACTOR
from finmodel.market.environment import SALE as SALE_FACTOR
from finmodel.market.exits import BUYBACK, IPO, MNA, TRANSFER, liquidate, note_exit, pay_out
from finmodel.market.ledger import post
from finmodel.market.spells import NOTHING, bury_spell, lapse_spell, new_need
from finmodel.market.state import Books, Now, Pool, Queue, Weather
from finmodel.market.streams import FATE, LIFE, draw, uniform
from finmodel.numeric.exit_law import luck_quantile
from finmodel.numeric.jit import inner_kernel, lean_kernel
from finmodel.world.arrays import IntArray, Record, Table, WorldArrays


@inner_kernel
def spend(row: Record, firm: Record, slowest: float) -> tuple[float, float]:
    """Take this quarter's burn from the firm's cash; return the burn and the pace of work."""
    cash = firm["cash"]
    if cash <= 0.0:
        return 0.0, slowest
    spent = min(cash, firm["burn"])
    left = cash - spent
    if left <= 1e-9 * spent:
        spent, left = cash, 0.0
    firm["cash"] = left
    planned = row["burn_pp"] * firm["size"]
    return spent, 1.0 if spent >= planned else max(slowest, spent / planned)


@inner_kernel
def ramp_share(firm: Record, quarter: int, ramp: float) -> float:
    """Return the part of its milestone hazard that a firm has so long after its stage's round.

    It rises in a line over `ramp` quarters, taken at the middle of the quarter. A firm that has had
    no round of its stage is at the foot.
    """
    age = 0.5
    if firm["paid_stage"] == firm["stage"]:
        age = float(quarter - firm["paid_quarter"]) - 0.5
    return min(1.0, age / ramp)


@inner_kernel
def luck_of(firm: Record, now: Now) -> np.uint64:
    """Return the word that decides whether anything happens to a firm this quarter.

    One draw gives the words of four quarters.
    """
    block = now.quarter >> 2
    if firm["luck_block"] != block:
        key, serial = np.uint64(firm["key"]), np.uint64(firm["serial"])
        a, b, c, d = draw(now.seed, now.path, LIFE, block, key, serial)
        firm["luck_0"], firm["luck_1"], firm["luck_2"], firm["luck_3"] = a, b, c, d
        firm["luck_block"] = block
    lane = now.quarter & 3
    if lane == 0:
        return np.uint64(firm["luck_0"])
    if lane == 1:
        return np.uint64(firm["luck_1"])
    return np.uint64(firm["luck_2"] if lane == 2 else firm["luck_3"])


@inner_kernel
def choose_route(row: Record, ipo: float, sale: float, mark: float) -> int:
    """Return the exit route at `mark`, uniform on the sum of the exit hazards."""
    if mark < ipo:
        return IPO
    if mark < ipo + sale:
        return (
            MNA
            if (mark - ipo) * (row["mna_pp"] + row["transfer_pp"]) < (sale * row["mna_pp"])
            else TRANSFER
        )
    return BUYBACK


@inner_kernel
def leave_market(
    world: WorldArrays,
    row: Record,
    firm: Record,
    pool: Pool,
    books: Books,
    now: Now,
    route: int,
    luck_u: float,
    market_value: float,
) -> None:
    """Write the exit of a firm: its value goes to its holders, its cash to its buyers."""
    rules = world.rules[0]
    if route == IPO:
        column, median = IPO_N, row["ipo_value"]
    elif route == MNA:
        column, median = MNA_N, row["mna_value"]
    elif route == TRANSFER:
        column, median = TRANSFER_N, row["transfer_value"]
    else:
        column, median = BUYBACK_N, row["buyback_value"]
    luck = luck_quantile(
        luck_u, rules["value_log_sd"], rules["tail_share"], rules["tail_index"], rules["value_cap"]
    )
    value = median * firm["size"] * market_value * math.exp(rules["value_loading"] * firm["theta"])
    value *= luck
    lapse_spell(firm, books.cells, now)
    add_event(books.cells, firm, now.year, column, 1.0)
    books.survival[firm["sector"], firm["born"], now.year, FIRST_ROUTE + route] += 1.0
    add_event(books.cells, firm, now.year, EXIT_M, value)
    note_event(firm, pool, books, now, FIRST_EXIT + route, -1, value, 0.0)
    raised, region = firm["raised"], firm["region"]
    proceeds = pay_out(world, firm, pool, books, now, value, route)
    firm["raised"] = raised
    note_exit(firm, pool, books, now, route, value, proceeds)
    post(books.ledger, FIRMS, region, BUYERS, region, firm["cash"])


@inner_kernel
def advance(stages: Table, rules: Record, firm: Record, pool: Pool, books: Books, now: Now) -> None:
    """Move a firm to its next stage; step 5 opens the need of that stage's round."""
    add_event(books.cells, firm, now.year, MILESTONE_N, 1.0)
    lapse_spell(firm, books.cells, now)
    stage = firm["stage"] + 1
    enter_stage(rules, stages[firm["region"], stage, firm["sector"]], firm, stage)
    note_event(firm, pool, books, now, REACHED, -1, 0.0, 0.0)


@inner_kernel
def bury(
    world: WorldArrays, row: Record, firm: Record, pool: Pool, books: Books, now: Now, column: int
) -> None:
    """Write the end of a firm by failure or closure; its cash goes to its holders."""
    bury_spell(row, firm, books.cells, now)
    add_event(books.cells, firm, now.year, column, 1.0)
    kind, fate = FAILED, COHORT_FAILED
    if column != FAILURE_N:
        kind, fate = GAVE_UP, COHORT_CLOSED
    books.survival[firm["sector"], firm["born"], now.year, fate] += 1.0
    note_event(firm, pool, books, now, kind, -1, firm["cash"], 0.0)
    liquidate(world, firm, pool, books, now)


@inner_kernel
def meet_fate(
    world: WorldArrays,
    row: Record,
    firm: Record,
    pool: Pool,
    books: Books,
    weather: Weather,
    now: Now,
    mark: float,
    risks: tuple[float, float, float, float],
) -> bool:
    """Let the risk at `mark` happen to a firm; return whether the firm is gone.

    `risks` are the hazards of milestone, failure, IPO and sale, in the order of the mark.
    """
    rules = world.rules[0]
    milestone, failure, ipo, sale = risks
    if mark < milestone:
        if firm["stage"] < world.stages.shape[1] - 1:
            advance(world.stages, rules, firm, pool, books, now)
        return False
    mark -= milestone
    if mark < failure:
        bury(world, row, firm, pool, books, now, FAILURE_N)
        return True
    route = choose_route(row, ipo, sale, mark - failure)
    key, serial = np.uint64(firm["key"]), np.uint64(firm["serial"])
    a, _, _, _ = draw(now.seed, now.path, FATE, now.quarter, key, serial)
    luck_u, value = uniform(a), weather.exit_value[firm["sector"]]
    leave_market(world, row, firm, pool, books, now, route, luck_u, value)
    return True


@lean_kernel
def live(
    world: WorldArrays,
    firms: Table,
    n: int,
    pool: Pool,
    books: Books,
    weather: Weather,
    now: Now,
    needy: IntArray,
) -> tuple[int, int]:
    """Let every firm spend and meet its risks.

    Returns
    -------
    n : int
        Firms left.
    n_needy : int
        Of these, firms that have a need or come to have one; their slots stand in `needy`.
    """
    stages, rules, ledger = world.stages, world.rules[0], books.ledger
    slowest, lead_quarters, n_needy = rules["unfunded_pace"], rules["lead_quarters"], 0
    ipo_factor, sale_factor = weather.factor[IPO_FACTOR], weather.factor[SALE_FACTOR]
    i = 0
    while i < n:
        firm = firms[i]
        region = firm["region"]
        row = stages[region, firm["stage"], firm["sector"]]
        spent, pace = spend(row, firm, slowest)
        ledger[FIRMS, region] -= spent
        ledger[COSTS, region] += spent
        milestone = firm["milestone"] * pace * firm["help"]
        if row["ramp_quarters"] > 0.0:
            milestone *= ramp_share(firm, now.quarter, row["ramp_quarters"])
        failure = firm["failure"] / firm["help"]
        ipo, sale = firm["ipo"] * ipo_factor, firm["sale"] * sale_factor
        buyback = firm["buyback"] if firm["head"] >= 0 else 0.0
        hazard = milestone + failure + ipo + sale + buyback
        u = uniform(luck_of(firm, now))
        # 1 - exp(-h) <= h, so most quarters need no exponential.
        if u < hazard:
            p_event = -math.expm1(-hazard)
            if u < p_event:
                mark, risks = u / p_event * hazard, (milestone, failure, ipo, sale)
                if meet_fate(world, row, firm, pool, books, weather, now, mark, risks):
                    n -= 1
                    firms[i] = firms[n]
                    continue
        if firm["need"] > 0.0 or new_need(firm, lead_quarters) != NOTHING:
            needy[n_needy] = i
            n_needy += 1
        i += 1
    return n, n_needy


@lean_kernel
def close_unfunded(
    world: WorldArrays,
    firms: Table,
    n: int,
    queue: Queue,
    n_queued: int,
    pool: Pool,
    books: Books,
    now: Now,
) -> int:
    """Close or shrink firms that found no money; return how many are left.

    A firm with cash left that has sought in vain for a quarter shrinks its burn. One
    without closes with a constant chance: patience is memoryless. The queue is in rising
    order of slots, so walking it backwards keeps the slots of those still to come in place.
    """
    rules = world.rules[0]
    p_close = -math.expm1(-rules["closure_pp"])
    for q in range(n_queued - 1, -1, -1):
        i = queue.firm[q]
        firm = firms[i]
        if firm["need"] <= 0.0:
            continue
        row = world.stages[firm["region"], firm["stage"], firm["sector"]]
        if firm["cash"] > 0.0:
            if firm["opened"] < now.quarter:
                least = rules["shrink_share"] * row["burn_pp"] * firm["size"]
                firm["burn"] = min(firm["burn"], least)
            continue
        key, serial = np.uint64(firm["key"]), np.uint64(firm["serial"])
        _, b, _, _ = draw(now.seed, now.path, FATE, now.quarter, key, serial)
        if uniform(b) < p_close:
            bury(world, row, firm, pool, books, now, CLOSURE_N)
            n -= 1
            firms[i] = firms[n]
    return n
