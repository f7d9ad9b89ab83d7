"""One path, and the order of one quarter: stated here and nowhere else.

1. the environment moves            `environment.move_cycle`
2. firms are born                   `births.bear_firms`
3. funds receive capital            `meetings.call_capital`
4. firms burn, advance, fail, exit  `hazards.live`
5. needs open                       `spells.new_need`, firm by firm within 6
6. seekers and funds meet           `meetings.gather`
7. capital is matched               `matching.serial_allocation`
8. rounds close                     `rounds.close_rounds`
9. unfunded firms wait or close     `hazards.close_unfunded`
10. exits pay out                   within step 4: holders receive the value at once
11. books are closed and balanced   `spells.carry_spells`, `books.balance`

A firm born or advanced this quarter has its need opened in step 5, after the quarter's
risks. The ledger is balanced at every year-end, and each quarter if asked.
"""

from __future__ import annotations

import numpy as np

from finmodel.market.births import bear_firms
from finmodel.market.books import add_event, balance
from finmodel.market.environment import move_cycle, supply_factor
from finmodel.market.hazards import close_unfunded, live
from finmodel.market.jit import kernel
from finmodel.market.matching import serial_allocation
from finmodel.market.meetings import WIDTH, call_capital, gather
from finmodel.market.rounds import close_rounds, remember_success
from finmodel.market.spells import carry_spells
from finmodel.market.state import (
    ACTIVE_N,
    N_ACCOUNTS,
    N_COLUMNS,
    OK,
    OVERFLOW,
    Books,
    Now,
    Pool,
    Queue,
)
from finmodel.world.arrays import Calendar, FloatArray, Table, WorldArrays


@kernel
def year_of(calendar: Calendar, quarter: int) -> int:
    """Return the reporting year of a quarter; the warm-up maps to one extra last year."""
    if quarter < calendar.first_reported:
        return calendar.n_years
    return (quarter - calendar.first_reported) // 4


@kernel
def new_books(world: WorldArrays) -> Books:
    """Return empty books; the last year of each table takes the warm-up."""
    n_regions, n_sectors = world.birth_rate_pp.shape
    n_years = world.calendar.n_years + 1
    return Books(
        np.zeros((n_years, n_regions, len(world.entry_cdf), n_sectors, N_COLUMNS)),
        np.zeros((2, n_years, n_regions, n_regions)),
        np.zeros(N_ACCOUNTS),
        np.zeros(4),
    )


@kernel
def new_pool(world: WorldArrays) -> Pool:
    """Return funds without money and a market in which every ask closed so far."""
    n_regions, n_stages = world.birth_rate_pp.shape[0], len(world.entry_cdf)
    return Pool(
        np.zeros(len(world.funds)),
        np.ones((n_regions, n_stages)),
        np.zeros((n_regions, n_stages)),
        np.zeros((n_regions, n_stages)),
    )


@kernel
def new_queue(capacity: int) -> Queue:
    """Return room for `capacity` needs."""
    return Queue(
        np.zeros(capacity, np.int64),
        np.zeros(capacity, np.int64),
        np.zeros(capacity),
        np.zeros(capacity),
        np.zeros(capacity * WIDTH, np.int64),
        np.zeros(capacity * WIDTH),
    )


@kernel
def close_year(
    world: WorldArrays, firms: Table, n: int, cells: FloatArray, quarter: int, year: int
) -> None:
    """Count the firms alive and carry open needs into the next year."""
    for i in range(n):
        add_event(cells, firms[i], year, ACTIVE_N, 1.0)
    is_last = quarter == world.calendar.n_quarters - 1
    next_year = -1 if is_last else year_of(world.calendar, quarter + 1)
    carry_spells(world.stages, firms, n, cells, year, next_year)


@kernel
def run_path(
    world: WorldArrays, seed: np.uint64, path: int, firms: Table, check_every: int
) -> tuple[int, int, Books]:
    """Simulate one path from an empty market.

    Parameters
    ----------
    world : WorldArrays
    seed : uint64
    path : int
        Number of the path; with the seed it fixes all its luck.
    firms : ndarray of FIRM_ROW
        Room for the firms that can be alive at once; what it holds does not matter.
    check_every : int
        Quarters between ledger checks: 4 in production, 1 in tests.

    Returns
    -------
    status : int
        OK, OVERFLOW (repeat with more room) or UNBALANCED (see ``books.breach``).
    firm_quarters : int
        Firms alive, summed over quarters.
    books : Books
    """
    books, pool, queue = new_books(world), new_pool(world), new_queue(len(firms))
    rules, stages, funds = world.rules[0], world.stages, world.funds
    first_reported = world.calendar.first_reported
    level, n, firm_quarters = 0.0, 0, 0
    for quarter in range(world.calendar.n_quarters):
        now = Now(seed, path, quarter, year_of(world.calendar, quarter))
        level = move_cycle(rules, level, now)
        n_grown = bear_firms(world, firms, n, books, now)
        if n_grown < 0:
            return OVERFLOW, firm_quarters, books
        n = n_grown
        firm_quarters += n
        call_capital(funds, rules, pool.cash, books.ledger, supply_factor(rules, level))
        n = live(stages, rules, firms, n, books, now)
        n_queued, n_seekers = gather(world, rules, firms, n, pool, queue, books.cells, now)
        serial_allocation(
            queue.score[:n_seekers],
            queue.ask[:n_seekers],
            queue.edge_fund,
            WIDTH,
            funds,
            pool.cash,
            rules["min_close_share"],
            queue.edge_amount,
        )
        close_rounds(
            stages, funds, rules, firms, pool, queue, n_seekers, books, now, first_reported
        )
        remember_success(rules, pool)
        n = close_unfunded(stages, rules, firms, n, queue, n_queued, books, now)
        if (quarter + 1 - first_reported) % 4 == 0:
            close_year(world, firms, n, books.cells, quarter, now.year)
        if (quarter + 1) % check_every == 0:
            status = balance(firms, n, pool, books, quarter)
            if status != OK:
                return status, firm_quarters, books
    return OK, firm_quarters, books
