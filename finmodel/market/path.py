"""One path, and the order of one quarter: stated here and nowhere else.

1. the environment moves            `environment.move_environment`
2. firms are born                   `births.bear_firms`
3. funds are raised, calls are made `capital.raise_funds`, `programmes.raise_programmes`,
                                    `charge_fees`, `set_budgets`
4. firms burn, advance, fail, exit  `hazards.live`
5. needs open, grants are paid      `seekers.open_needs`, `grants.award_grants`
6. seekers and funds meet           `meetings.build_reach`, `seekers.gather`
7. capital is matched               `coinvest.set_aside`, `matching.allocate`
8. rounds close                     `rounds.close_rounds`
9. unfunded firms wait or close     `guarantees.lend_to_unfunded`, `hazards.close_unfunded`
10. exits pay out                   `exits.end_funds` at a year's end, `exits.distribute`
11. books are closed and balanced   `spells.carry_spells`, `ledger.balance`

Calls for fees are made in step 3, calls for a deal when its round closes. A firm's exit in
step 4 pays its holders at once; funds pass on in step 10 all they received in the quarter. A
firm born or advanced this quarter has its need opened in step 5, after the quarter's risks.
The ledger is balanced at every year-end, and each quarter if asked.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from finmodel.market.births import bear_firms
from finmodel.market.books import add_event
from finmodel.market.capital import (
    charge_fees,
    longest_term,
    raise_funds,
    remember_returns,
    set_budgets,
)
from finmodel.market.captable import add_ownership, tidy
from finmodel.market.coinvest import has_co_investors, set_aside
from finmodel.market.columns import (
    ACTIVE_N,
    COSTS,
    FIRST_LP,
    FUNDS_S,
    N_COLUMNS,
    N_FATES,
    N_FUND_COLUMNS,
    NAV_S,
    OK,
    OVERFLOW,
    PRIVATE_NAV_S,
    PUBLIC_NAV_S,
    PUBLIC_SOLD_S,
    UNCALLED_S,
)
from finmodel.market.diary import HELD, N_PLAIN, N_WITH_PUBLIC, SOLD, note_held, note_quarter
from finmodel.market.environment import PACE, move_environment, new_weather
from finmodel.market.exits import distribute, end_funds
from finmodel.market.grants import award_grants
from finmodel.market.guarantees import lend_to_unfunded, note_at_risk
from finmodel.market.hazards import close_unfunded, live
from finmodel.market.ledger import balance, check_funds
from finmodel.market.matching import allocate
from finmodel.market.meetings import build_reach, new_reach
from finmodel.market.offers import WIDTH, new_talks
from finmodel.market.programmes import raise_programmes
from finmodel.market.public import settled_nav
from finmodel.market.rounds import close_rounds, remember_success
from finmodel.market.seekers import gather, number_budgets, open_needs
from finmodel.market.spells import carry_spells
from finmodel.market.state import (
    EVENT_ROW,
    EXIT_ROW,
    FIRM_ROW,
    FREE_HOLDING,
    FUND_ROW,
    HOLDING_ROW,
    IS_FULL,
    LOT_ROW,
    N_COUNTS,
    N_EVENTS,
    N_EXITS,
    N_FUNDS,
    N_LOTS,
    Books,
    Now,
    Pool,
    Queue,
)
from finmodel.numeric.jit import kernel, lean_kernel
from finmodel.world.arrays import Calendar, Table, WorldArrays


class Room(NamedTuple):
    """How much a path may hold at once; a path that needs more is repeated with more."""

    firms: int
    funds: int
    holdings: int
    chain: int  # holdings of one firm
    exits: int
    events: int
    fund_quarters: int  # ages of funds that are written down, 0 for none
    lots: int


@lean_kernel
def year_of(calendar: Calendar, quarter: int) -> int:
    """Return the reporting year of a quarter; the warm-up maps to one extra last year."""
    if quarter < calendar.first_reported:
        return calendar.n_years
    return (quarter - calendar.first_reported) // 4


@kernel
def new_books(world: WorldArrays, room: Room) -> Books:
    """Return empty books; the last year of each table takes the warm-up."""
    n_regions, n_sectors = world.birth_rate_pp.shape
    n_years, n_types, n_lps = world.calendar.n_years + 1, len(world.types), len(world.lps)
    n_stages = len(world.entry_cdf)
    n_noted = N_WITH_PUBLIC if len(world.programmes) > 0 else N_PLAIN
    return Books(
        np.zeros((n_years, n_regions, n_stages, n_sectors, N_COLUMNS)),
        np.zeros((2, n_years, n_types, n_regions, n_regions)),
        np.zeros((n_years, n_regions, n_types, N_FUND_COLUMNS)),
        np.zeros((n_sectors, n_years, n_years, N_FATES)),
        np.zeros((n_years, n_stages, n_types + 2)),
        np.zeros((FIRST_LP + n_lps + n_types, n_regions)),
        np.zeros(5),
        np.zeros(room.exits, EXIT_ROW),
        np.zeros(room.events, EVENT_ROW),
        np.zeros((n_years, n_regions)),
        np.zeros((room.funds if room.fund_quarters > 0 else 0, room.fund_quarters, n_noted)),
        np.zeros(room.lots, LOT_ROW),
    )


@kernel
def new_pool(world: WorldArrays, room: Room) -> Pool:
    """Return a market without funds, in which every ask closed so far."""
    n_regions, n_stages = world.birth_rate_pp.shape[0], len(world.entry_cdf)
    n_vehicles = room.funds if len(world.programmes) > 0 else 0
    count = np.zeros(N_COUNTS, np.int64)
    count[FREE_HOLDING] = -1
    return Pool(
        np.zeros(room.funds, FUND_ROW),
        np.zeros(room.funds),
        np.zeros(room.funds),
        np.zeros(room.funds, np.int64),
        np.zeros((room.funds, len(world.lps))),
        np.empty(room.holdings, HOLDING_ROW),
        np.empty(room.holdings, HOLDING_ROW),
        count,
        np.zeros(world.calendar.n_quarters + 1, np.int64),
        np.zeros(room.funds, np.int64),
        np.zeros(room.funds, np.int64),
        np.zeros(2 * room.funds),
        np.ones((n_regions, n_stages)),
        np.zeros((n_regions, n_stages)),
        np.zeros((n_regions, n_stages)),
        np.zeros((n_regions, 6)),
        np.zeros((len(world.programmes), n_regions)),
        np.zeros((len(world.programmes), n_regions)),
        np.zeros((len(world.programmes), n_regions), np.int64),
        np.zeros(n_regions),
        np.ones(n_vehicles),
        np.zeros((n_vehicles, 3)),
        np.zeros((n_vehicles, 3)),
        np.zeros((n_vehicles, 2)),
        np.zeros((len(world.programmes), n_stages + 1, 2)),
        np.zeros((n_vehicles, 7)),
        np.zeros(len(world.lps)),
        np.zeros((3, room.chain)),
    )


@kernel
def new_queue(world: WorldArrays, capacity: int, n_funds: int) -> Queue:
    """Return room for the needs of `capacity` firms and offers of `n_funds` funds."""
    n_edges = capacity * WIDTH
    is_joined = has_co_investors(world)
    n_co, n_co_funds = (capacity, n_funds) if is_joined else (0, 0)
    return Queue(
        np.empty(capacity, np.int64),
        np.empty(capacity, np.int64),
        np.empty(capacity),
        np.empty(capacity),
        np.empty(capacity, np.uint64),
        np.zeros(capacity + 1, np.int64),
        np.empty(n_edges, np.int64),
        np.empty(n_edges, np.int64),
        np.empty(n_edges, np.int64),
        np.empty(n_edges),
        np.empty(n_edges),
        np.empty(n_edges),
        np.empty(n_edges),
        np.full(2 * n_funds, -1, np.int64),
        np.empty(2 * n_funds),
        np.empty(n_co, np.int64),
        np.empty(n_co),
        np.empty(n_co, np.int64),
        np.zeros(n_co_funds),
    )


@kernel
def match(world: WorldArrays, queue: Queue, n_seekers: int, n_accounts: int) -> None:
    """Step 7: fill ``queue.amount`` with a stable allocation of the quarter's budgets."""
    n_edges = queue.start[n_seekers]
    allocate(
        queue.ask[:n_seekers],
        queue.start[: n_seekers + 1],
        queue.account[:n_edges],
        queue.owner[:n_edges],
        queue.score[:n_edges],
        queue.ticket[:n_edges],
        queue.budget[:n_accounts],
        queue.tie[:n_seekers],
        world.rules[0]["min_close_share"],
        queue.amount[:n_edges],
    )


@lean_kernel
def close_year(
    world: WorldArrays, firms: Table, n: int, pool: Pool, books: Books, now: Now
) -> None:
    """Count firms, funds and cap tables, and carry open needs into the next year."""
    cells, funds, n_ordinary = books.cells, pool.funds, world.fund_rate_pp.shape[1]
    for i in range(n):
        add_event(cells, firms[i], now.year, ACTIVE_N, 1.0)
    oldest = max(0, now.quarter - longest_term(world.types) - 4)
    kept = 1.0 - world.rules[0]["term_sale_discount"]
    for f in range(pool.first_of[oldest], pool.counts[N_FUNDS]):
        fund = funds[f]
        if fund["is_over"] == 0:
            row = books.fund_flow[now.year, fund["region"], fund["kind"]]
            row[NAV_S] += pool.nav[f]
            row[UNCALLED_S] += fund["commitment"] - fund["called"]
            row[FUNDS_S] += 1.0
            if fund["kind"] >= n_ordinary:
                public, private = settled_nav(world, pool, f, fund["kind"], 1.0, now.quarter)
                sold, _ = settled_nav(world, pool, f, fund["kind"], kept, now.quarter)
                row[PUBLIC_NAV_S] += public
                row[PRIVATE_NAV_S] += private
                row[PUBLIC_SOLD_S] += sold
    note_at_risk(world, pool, books, now)
    add_ownership(pool.holdings, firms, n, books.ownership[now.year])
    is_last = now.quarter == world.calendar.n_quarters - 1
    next_year = -1 if is_last else year_of(world.calendar, now.quarter + 1)
    carry_spells(world.stages, firms, n, cells, now.year, next_year)


@lean_kernel
def raise_capital(world: WorldArrays, pool: Pool, books: Books, pace: float, now: Now) -> None:
    """Step 3 after the new funds: call fees and set budgets."""
    charge_fees(world, pool, books, now)
    set_budgets(world.types, pool, pace, now.quarter)


@lean_kernel
def end_year(world: WorldArrays, firms: Table, n: int, pool: Pool, books: Books, now: Now) -> None:
    """Write down everything that is written down once a year."""
    tidy(pool.holdings, pool.tidied, pool.counts, firms, n)
    for region in range(books.spent.shape[1]):
        books.spent[now.year, region] = books.ledger[COSTS, region]
    if now.year < world.calendar.n_years:
        close_year(world, firms, n, pool, books, now)
    elif now.quarter == world.calendar.first_reported - 1:
        carry_spells(world.stages, firms, n, books.cells, now.year, 0)


@kernel
def run_path(
    world: WorldArrays, seed: np.uint64, path: int, room: Room, check_every: int
) -> tuple[int, int, Pool, Books]:
    """Simulate one path from an empty market.

    Parameters
    ----------
    world : WorldArrays
    seed : uint64
    path : int
        Number of the path; with the seed it fixes all its luck.
    room : Room
        What the path may hold at once; no result depends on it.
    check_every : int
        Quarters between ledger checks: 4 in production, 1 in tests.

    Returns
    -------
    status : int
        OK, OVERFLOW (repeat with more room) or UNBALANCED (see ``books.breach``).
    firm_quarters : int
        Firms alive, summed over quarters.
    pool : Pool
        Funds and holdings at the end.
    books : Books
    """
    books, pool, queue = (
        new_books(world, room),
        new_pool(world, room),
        new_queue(world, room.firms, room.funds),
    )
    firms, weather = np.zeros(room.firms, FIRM_ROW), new_weather(len(world.sector_key))
    reach, talks, rules = new_reach(world, room.funds), new_talks(), world.rules[0]
    first_reported = world.calendar.first_reported
    n, firm_quarters = 0, 0
    for quarter in range(world.calendar.n_quarters):
        now = Now(seed, path, quarter, year_of(world.calendar, quarter))
        move_environment(rules, world.stress, world.sector_key, weather, now)
        n_grown = bear_firms(world, firms, n, pool, books, now)
        if n_grown < 0:
            return OVERFLOW, firm_quarters, pool, books
        n = n_grown
        firm_quarters += n
        raise_funds(world, pool, books, weather, now)
        raise_programmes(world, pool, books, weather, now)
        raise_capital(world, pool, books, weather.factor[PACE], now)
        n, n_queued = live(world, firms, n, pool, books, weather, now, queue.firm)
        build_reach(world, pool, reach, quarter)
        open_needs(world, firms, n_queued, pool, queue, books, now)
        award_grants(world, firms, n_queued, pool, queue, books, now)
        n_seekers = gather(world, firms, n_queued, pool, reach, queue, talks, weather, now)
        n_accounts = number_budgets(pool.budget, queue, n_seekers, quarter)
        if len(queue.co_fund) > 0:
            set_aside(world, firms, pool, queue, n_seekers, now)
        match(world, queue, n_seekers, n_accounts)
        close_rounds(world, firms, pool, queue, n_seekers, books, now)
        remember_success(rules["success_memory"], pool)
        lend_to_unfunded(world, firms, n_queued, pool, queue, books, now)
        n = close_unfunded(world, firms, n, queue, n_queued, pool, books, now)
        is_year_end = (quarter + 1 - first_reported) % 4 == 0
        if is_year_end:
            note_held(world, firms, n, pool, books, quarter, SOLD)
            end_funds(world, pool, books, now)
        distribute(world, pool, books, now)
        remember_returns(rules, pool.region_flow)
        note_quarter(pool, books, quarter)
        if is_year_end:
            end_year(world, firms, n, pool, books, now)
        if pool.counts[IS_FULL] > 0:
            return OVERFLOW, firm_quarters, pool, books
        if (quarter + 1) % check_every == 0:
            status = balance(world, firms, n, pool, books, quarter)
            is_last = quarter == world.calendar.n_quarters - 1
            if status == OK and (is_last or check_every < 4):
                status = check_funds(firms, n, pool, books, quarter)
            if status != OK:
                return status, firm_quarters, pool, books
    note_held(world, firms, n, pool, books, world.calendar.n_quarters - 1, HELD)
    is_short = (
        pool.counts[N_EXITS] > room.exits
        or pool.counts[N_EVENTS] > room.events
        or pool.counts[N_LOTS] > room.lots
    )
    return OVERFLOW if is_short else OK, firm_quarters, pool, books
