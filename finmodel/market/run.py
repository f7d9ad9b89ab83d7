"""Many paths: threads around the kernel, progress, interruption, one result."""

from __future__ import annotations

import math
import threading

import numpy as np

from finmodel.errors import Interrupted, InvariantError
from finmodel.market.collect import Moments, PathRecord, record_path
from finmodel.market.columns import ACCOUNT_NAMES, OK, OVERFLOW
from finmodel.market.diary import settle_funds
from finmodel.market.path import Room, run_path
from finmodel.market.result import FundMoney, Keeper, PathDetail, RunResult
from finmodel.market.resume import Checkpoint, Progress, Stop, play
from finmodel.market.state import N_EVENTS, N_EXITS, N_FUNDS, N_LOTS, Books, Pool
from finmodel.world import World
from finmodel.world.arrays import FloatArray

CHECK_EVERY_YEAR = 4


def simulate(
    world: World,
    *,
    paths: int,
    seed: int,
    threads: int | None = None,
    progress: Progress | None = None,
    cancel: threading.Event | None = None,
    check_every: int = CHECK_EVERY_YEAR,
    detailed: int = 0,
    checkpoint: Checkpoint | None = None,
    has_fund_money: bool = True,
    stop: Stop[RunResult] | None = None,
) -> RunResult:
    """Run `paths` paths of a world.

    Parameters
    ----------
    world : World
    paths : int
        At least 1.
    seed : int
        In [0, 2**63).
    threads : int, optional
        Worker threads; by default one a core. Results do not depend on it.
    progress : callable, optional
        Called as ``progress(done, paths)`` from the calling thread.
    cancel : threading.Event, optional
        Set it to stop after the paths under way; those done in order are kept.
    check_every : int, optional
        Quarters between ledger checks.
    detailed : int, optional
        Keep histories of firms and every fund for this many paths from the first.
    checkpoint : Checkpoint, optional
        Where paths are kept on the way, of this very world, seed, `paths` and `detailed`. The
        paths already there are not run again; the result is the same, bit for bit.
    has_fund_money : bool, optional
        Whether to keep quarters and deals of those funds too, the larger part of the memory.
    stop : Stop, optional
        A rule that ends the run sooner. What it ends is whole, and the same as a run of as many
        paths.

    Returns
    -------
    RunResult

    Raises
    ------
    InvariantError
        If money or needs do not balance, naming path, quarter, account and amounts.
    Interrupted
        If cancelled before the first path was done.
    """
    if paths < 1:
        raise ValueError(f"paths must be at least 1, got {paths}")
    warm_kernel(world)
    keeper = Keeper(world, seed, paths)

    def one(path: int) -> tuple[PathRecord, PathDetail | None]:
        is_kept = path < detailed
        return simulate_path(
            world,
            path,
            seed,
            check_every,
            is_detailed=is_kept,
            has_fund_money=is_kept and has_fund_money,
        )

    def is_enough(n: int) -> bool:
        is_end = stop is not None and stop.is_look(n) and stop.is_enough(n, keeper.result(0.0))
        if is_end:
            keeper.n_requested = n
        return is_end

    seconds = play(
        one,
        lambda unit: keeper.add(*unit),
        keeper,
        units=paths,
        threads=threads,
        progress=progress,
        cancel=cancel,
        checkpoint=checkpoint,
        is_enough=is_enough,
    )
    if keeper.n == 0:
        raise Interrupted("stopped before the first path was done; nothing is kept")
    return keeper.result(seconds)


def warm_kernel(world: World) -> None:
    """Compile the kernels, or load them, by a path of no quarters."""
    arrays = world.arrays._replace(calendar=world.arrays.calendar._replace(n_quarters=0))
    room = Room(1, 1, 1, 1, 1, 0, 0, 0)
    _, _, _, books = run_path(arrays, np.uint64(0), 0, room, CHECK_EVERY_YEAR)
    record = record_path(world, books, 0, 0, 0)
    Moments(record.cells.shape).add(record.cells)


def first_room(world: World, *, is_detailed: bool = False, has_fund_money: bool = False) -> Room:
    """Return a first guess of what a path holds at once; one that needs more repeats."""
    arrays = world.arrays
    births_pa = float(arrays.birth_rate_pp.sum()) * 4.0
    years = arrays.calendar.n_quarters / 4.0
    firms = int(births_pa * min(years, 6.0) * 1.2) + 256
    # At most one more than the expected number in every pair of region and type.
    funds = math.ceil(float(arrays.fund_rate_pp.sum()) * arrays.calendar.n_quarters)
    funds += arrays.fund_rate_pp.size + 1
    if len(arrays.programmes):
        public = arrays.programmes["size"] * arrays.programmes["state_share"]
        vehicles = arrays.programme_budget_pp.sum(axis=1) * arrays.calendar.n_quarters / public
        funds += math.ceil(2.0 * float(vehicles.sum())) + 64
    return Room(
        firms=firms,
        funds=funds,
        holdings=6 * firms + 1024,
        chain=128,
        exits=int(births_pa * arrays.calendar.n_years) + 256,
        events=int(births_pa * years * 12.0) + 4096 if is_detailed else 0,
        # A fund sells out at the end of the year in which its term ends.
        fund_quarters=int(arrays.types["term_quarters"].max()) + 3 if has_fund_money else 0,
        lots=int(births_pa * years * 6.0) + 4096 if has_fund_money else 0,
    )


def simulate_path(
    world: World,
    path: int,
    seed: int,
    check_every: int,
    *,
    is_detailed: bool = False,
    has_fund_money: bool = False,
) -> tuple[PathRecord, PathDetail | None]:
    """Run one path, with as much room as it needs, and reduce its books."""
    room = first_room(world, is_detailed=is_detailed, has_fund_money=has_fund_money)
    while True:
        status, firm_quarters, pool, books = run_path(
            world.arrays, np.uint64(seed), path, room, check_every
        )
        if status != OVERFLOW:
            break
        room = room._replace(
            firms=2 * room.firms,
            funds=2 * room.funds,
            holdings=2 * room.holdings,
            chain=2 * room.chain,
            exits=2 * room.exits,
            events=2 * room.events,
            lots=2 * room.lots,
        )
    if status != OK:
        raise InvariantError(breach_message(world, path, books.breach))
    count = pool.counts
    record = record_path(world, books, int(count[N_EXITS]), path, firm_quarters)
    if not is_detailed:
        return record, None
    n_funds = int(count[N_FUNDS])
    detail = PathDetail(
        path=path,
        events=books.events[: int(count[N_EVENTS])].copy(),
        funds=pool.funds[:n_funds].copy(),
        nav=pool.nav[:n_funds].copy(),
        lp_share=pool.lp_share[:n_funds].copy(),
        money=fund_money(world, pool, books, n_funds) if has_fund_money else None,
    )
    return record, detail


def fund_money(world: World, pool: Pool, books: Books, n_funds: int) -> FundMoney:
    """Return what the books of a path hold of its funds' money."""
    last = world.arrays.calendar.n_quarters - 1
    return FundMoney(
        quarters=books.fund_quarter[:n_funds].copy(),
        settled=settle_funds(world.arrays, pool, last),
        lots=books.lots[: int(pool.counts[N_LOTS])].copy(),
    )


def breach_message(world: World, path: int, breach: FloatArray) -> str:
    """Return what is out of balance: path, quarter, account, region and amounts."""
    quarter, account, region = (int(x) for x in breach[:3])
    expected, found = (float(x) for x in breach[3:])
    names = [*ACCOUNT_NAMES, *(f"LPs: {lp}" for lp in world.lps)]
    names += [f"funds: {kind}" for kind in world.fund_types]
    special = {
        -1: "sum of all accounts",
        -2: f"calls within the commitment of fund {region}",
        -3: f"NAV of fund {region} against its holdings",
    }
    where = special.get(account)
    if where is None:
        where = f"{names[account]} in {world.regions[region]}"
    return (
        f"money is not conserved: path {path}, quarter {quarter}, {where}: "
        f"expected {expected!r}, found {found!r} million CNY "
        f"(difference {found - expected:.6g})"
    )
