"""Step 3: funds are raised, fees are called, and each fund gets its budget of the quarter.

Funds of a region and type are raised at a steady pace with a phase drawn once a path. The
n-th fund of a pair is the same fund in every run with the same seed: its size and its focus
hang on the pair's key and n. Its commitment is the size law times the mean of what its
classes of LPs supply:

    supply_l = stress * exp(loading_l m - norm_l) * exp(response_l (R - R*)), bounded

with ``m`` the market factor and ``R`` the trailing net return of the funds of the region. The
fund's LPs are those classes in proportion to what each supplied.

Fees are called a year in advance. The money left for deals is known from the start: the
commitment less all fees of its life, part of it kept for follow-on rounds. Money for new
deals is released evenly over the investment period, faster in good times; what is not used
stays. After the period what is left may follow on until the term ends.
"""

from __future__ import annotations

import math

import numpy as np

from finmodel.market.columns import CALLED_M, FEES_M, FIRST_LP, MANAGERS, RAISED_M, RAISED_N
from finmodel.market.environment import MARKET_NOW
from finmodel.market.ledger import post, post_with_lps
from finmodel.market.public import call_public
from finmodel.market.state import IS_FULL, N_FUNDS, Books, Now, Pool, Weather
from finmodel.market.streams import FUND_PHASE, FUND_TRAITS, draw, uniform
from finmodel.market.waterfall import compound_to
from finmodel.numeric.jit import inner_kernel, lean_kernel
from finmodel.numeric.quantiles import normal_quantile
from finmodel.world.arrays import FloatArray, Record, Table, WorldArrays

CALLED_NOW, TO_LPS_NOW, NAV_BEFORE, NAV_NOW, GAIN, BASE = 0, 1, 2, 3, 4, 5
"""Columns of `Pool.region_flow`; gain and base are weighted towards recent quarters."""


@lean_kernel
def trailing_return(region_flow: FloatArray, region: int, reference: float) -> float:
    """Return the recent net return per annum of a region's funds, the reference if unknown."""
    base = region_flow[region, BASE]
    if base <= 0.0:
        return reference
    return float(4.0 * region_flow[region, GAIN] / base)


@lean_kernel
def lp_supply(
    world: WorldArrays, pool: Pool, market: float, region: int, quarter: int, supply: FloatArray
) -> None:
    """Fill `supply` of shape (L,) with the factor of each class of LPs in a region."""
    rules, lps = world.rules[0], world.lps
    reference, limit = rules["reference_return_pa"], rules["response_limit"]
    above = trailing_return(pool.region_flow, region, reference) - reference
    for lp in range(len(lps)):
        answer = math.exp(max(-50.0, min(50.0, lps[lp]["return_response"] * above)))
        answer = max(1.0 / limit, min(limit, answer))
        cycle = math.exp(lps[lp]["cycle_loading"] * market - lps[lp]["cycle_norm"])
        supply[lp] = world.lp_stress[quarter, lp] * cycle * answer


@lean_kernel
def funds_so_far(rate_pp: float, phase: float, quarters: int) -> int:
    """Return how many funds of a pair are raised in its first `quarters` quarters."""
    return math.floor(phase + rate_pp * quarters)


@lean_kernel
def open_fund(
    world: WorldArrays,
    pool: Pool,
    region: int,
    kind: int,
    index: int,
    supply: FloatArray,
    missing: float,
    now: Now,
) -> float:
    """Raise one fund into the next slot; return its commitment, -1 without room.

    `missing` is the part of private money that the region's funds raised now lose to programmes.
    """
    f = pool.counts[N_FUNDS]
    if f >= len(pool.funds):
        pool.counts[IS_FULL] = 1
        return -1.0
    terms, mix = world.types[kind], world.lp_mix[kind]
    key, serial = world.fund_key[region, kind], np.uint64(index)
    a, b, c, _ = draw(now.seed, now.path, FUND_TRAITS, 0, key, serial)
    log_sd = terms["size_log_sd"]
    luck = math.exp(log_sd * normal_quantile(uniform(a)) - 0.5 * log_sd * log_sd)
    total = 0.0
    for lp in range(len(mix)):
        total += mix[lp] * supply[lp]
    commitment = terms["size"] * luck * total
    if commitment <= 0.0:
        return 0.0
    for lp in range(len(mix)):
        pool.lp_share[f, lp] = mix[lp] * supply[lp] / total
    if missing > 0.0:
        # What moved into vehicles of programmes is missing here.
        private = commitment * pool.lp_share[f, world.private_lp]
        lost = min(missing * private, pool.moved[region])
        pool.moved[region] -= lost
        if lost > 0.0:
            left = commitment - lost
            if left <= 0.0:
                return 0.0
            for lp in range(len(mix)):
                part = commitment * pool.lp_share[f, lp]
                pool.lp_share[f, lp] = (part - (lost if lp == world.private_lp else 0.0)) / left
            commitment = left
    enter_fund(world, pool, region, kind, index, commitment, uniform(b), uniform(c), now)
    return float(commitment)


@lean_kernel
def enter_fund(
    world: WorldArrays,
    pool: Pool,
    region: int,
    kind: int,
    index: int,
    commitment: float,
    u_specialist: float,
    u_sector: float,
    now: Now,
) -> int:
    """Write a fund of this commitment into the next slot; return the slot, -1 without room.

    The caller writes its LPs.
    """
    f = pool.counts[N_FUNDS]
    if f >= len(pool.funds):
        pool.counts[IS_FULL] = 1
        return -1
    terms = world.types[kind]
    pool.counts[N_FUNDS] += 1
    fund = pool.funds[f]
    fund["serial"] = index
    if kind < world.fund_key.shape[1]:
        fund["key"] = world.fund_key[region, kind]
    fund["region"], fund["kind"], fund["vintage"] = region, kind, now.quarter
    fund["balance_quarter"] = now.quarter
    fund["commitment"] = commitment
    fund["investable"] = commitment * (1.0 - terms["fee_life"])
    pool.ticket[f] = terms["ticket_share"] * commitment
    pool.invests_until[f] = now.quarter + terms["investment_quarters"]
    fund["focus"] = -1
    pool.cell_of[f] = (region * len(world.types) + kind) * (len(world.sector_key) + 1)
    if u_specialist < terms["specialist_share"]:
        sector = 0
        while sector < len(world.sector_key) - 1 and u_sector > world.focus_cdf[kind, sector]:
            sector += 1
        fund["focus"] = sector
        pool.cell_of[f] += sector + 1
    return int(f)


@inner_kernel
def missing_share(world: WorldArrays, pool: Pool, region: int, supply: FloatArray) -> float:
    """Return the part of a quarter's usual private money that has moved into programmes."""
    if pool.moved[region] <= 0.0:
        return 0.0
    usual = world.private_supply_pp[region] * supply[world.private_lp]
    return float(min(1.0, pool.moved[region] / usual)) if usual > 0.0 else 0.0


@lean_kernel
def raise_funds(world: WorldArrays, pool: Pool, books: Books, weather: Weather, now: Now) -> None:
    """Raise the funds of this quarter in every region and of every type."""
    supply = pool.supply
    pool.first_of[now.quarter] = pool.counts[N_FUNDS]
    n_regions, n_types = world.fund_rate_pp.shape
    for region in range(n_regions):
        lp_supply(world, pool, weather.factor[MARKET_NOW], region, now.quarter, supply)
        missing = missing_share(world, pool, region, supply)
        for kind in range(n_types):
            rate = world.fund_rate_pp[region, kind]
            key = world.fund_key[region, kind]
            a, _, _, _ = draw(now.seed, now.path, FUND_PHASE, 0, key, np.uint64(0))
            phase = uniform(a)
            first = funds_so_far(rate, phase, now.quarter)
            last = funds_so_far(rate, phase, now.quarter + 1)
            for index in range(first, last):
                commitment = open_fund(world, pool, region, kind, index, supply, missing, now)
                if commitment > 0.0:
                    books.fund_flow[now.year, region, kind, RAISED_N] += 1.0
                    books.fund_flow[now.year, region, kind, RAISED_M] += commitment
    pool.first_of[now.quarter + 1] = pool.counts[N_FUNDS]


@inner_kernel
def call(world: WorldArrays, pool: Pool, books: Books, f: int, amount: float, now: Now) -> None:
    """Call money from the LPs of a fund; the caller says what it is spent on."""
    fund, ledger, fund_flow = pool.funds[f], books.ledger, books.fund_flow
    region, kind = fund["region"], fund["kind"]
    terms = world.types[kind]
    compound_to(fund, terms["hurdle_growth"], now.quarter)
    fund["called"] += amount
    fund["balance"] += amount
    post_with_lps(ledger, pool.lp_share[f], kind, region, amount)
    pool.region_flow[region, CALLED_NOW] += amount
    fund_flow[now.year, region, kind, CALLED_M] += amount
    if kind >= world.fund_rate_pp.shape[1]:
        call_public(world, pool, books, f, kind, amount, now)


@lean_kernel
def charge_fees(world: WorldArrays, pool: Pool, books: Books, now: Now) -> None:
    """Call a year's fee of every fund whose anniversary falls in this quarter."""
    ledger, fund_flow, funds, types = books.ledger, books.fund_flow, pool.funds, world.types
    first_type = FIRST_LP + pool.lp_share.shape[1]
    vintage = now.quarter
    while vintage >= 0:
        age = now.quarter - vintage
        for f in range(pool.first_of[vintage], pool.first_of[vintage + 1]):
            fund = funds[f]
            kind, region = fund["kind"], fund["region"]
            terms = types[kind]
            if age >= terms["term_quarters"]:
                continue
            is_early = age < terms["investment_quarters"]
            rate = terms["fee_pa"] if is_early else terms["fee_after_pa"]
            fee = rate * fund["commitment"]
            if fee > 0.0:
                call(world, pool, books, f, fee, now)
                fund["fees"] += fee
                post(ledger, first_type + kind, region, MANAGERS, region, fee)
                fund_flow[now.year, region, kind, FEES_M] += fee
        vintage -= 4


@inner_kernel
def longest_term(types: Table) -> int:
    """Return the longest term of any fund type, quarters."""
    longest = 0
    for kind in range(len(types)):
        longest = max(longest, types[kind]["term_quarters"])
    return longest


@lean_kernel
def set_budgets(types: Table, pool: Pool, pace: float, quarter: int) -> None:
    """Write what each fund can spend this quarter on new deals and on follow-on rounds."""
    funds, budget = pool.funds, pool.budget
    n_room = len(funds)
    longest = longest_term(types)
    last_over = quarter - longest
    if last_over >= 0:
        for f in range(pool.first_of[last_over], pool.first_of[last_over + 1]):
            budget[f], budget[n_room + f] = 0.0, 0.0
    for f in range(pool.first_of[max(0, last_over + 1)], pool.counts[N_FUNDS]):
        fund = funds[f]
        terms = types[fund["kind"]]
        age = quarter - fund["vintage"]
        investable, n_quarters = fund["investable"], terms["investment_quarters"]
        kept = terms["reserve_share"] * investable
        if age < n_quarters:
            most = investable - kept
            fund["allowed"] = min(most, fund["allowed"] + pace * most / n_quarters)
            budget[f] = max(0.0, fund["allowed"] - fund["spent_new"])
            budget[n_room + f] = max(0.0, kept - fund["spent_follow"])
        else:
            budget[f] = 0.0
            left = investable - fund["spent_new"] - fund["spent_follow"]
            budget[n_room + f] = max(0.0, left) if age < terms["term_quarters"] else 0.0


@lean_kernel
def remember_returns(rules: Record, region_flow: FloatArray) -> None:
    """Take the quarter's net gain of each region's funds into what investors remember."""
    memory = rules["return_memory"]
    for region in range(len(region_flow)):
        row = region_flow[region]
        gain = row[NAV_NOW] - row[NAV_BEFORE] + row[TO_LPS_NOW] - row[CALLED_NOW]
        row[GAIN] += memory * (gain - row[GAIN])
        row[BASE] += memory * (row[NAV_BEFORE] - row[BASE])
        row[NAV_BEFORE] = row[NAV_NOW]
        row[CALLED_NOW], row[TO_LPS_NOW] = 0.0, 0.0
