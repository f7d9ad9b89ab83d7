"""The state of one path: firms, funds, holdings, queues, and the books it writes.

Firms live in slots 0..n-1; a firm that ends gives its slot to the last one. A slot is
storage only: a firm's identity is (`key`, `serial`), fixed at birth. Funds keep their slot
for the whole path, in the order in which they were raised. Holdings hang on their firm as a
chain of rows.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from finmodel.world.arrays import FloatArray, IntArray, Table

# What every quarter reads of every firm stands in the first two cache lines, then what a
# firm in want of money needs, then the rest.
FIRM_ROW = np.dtype(
    [
        ("cash", "f8"),  # mcny
        ("burn", "f8"),  # mcny a quarter while cash lasts
        ("milestone", "f8"),  # hazard a quarter at full pace
        ("failure", "f8"),
        ("ipo", "f8"),  # exit hazards a quarter in quiet times
        ("sale", "f8"),  # mergers and transfers
        ("buyback", "f8"),
        ("help", "f8"),  # factor of its investors' support on milestones and survival
        ("need", "f8"),  # amount asked in the open spell, mcny; 0 if none
        ("key", "u4"),
        ("serial", "u4"),
        ("luck_0", "u4"),  # luck of the four quarters of block `luck_block`
        ("luck_1", "u4"),
        ("luck_2", "u4"),
        ("luck_3", "u4"),
        ("luck_block", "i4"),  # quarter // 4 for which luck was drawn, -1 for none
        ("head", "i4"),  # first row of its holdings, -1 if none
        ("opened", "i4"),  # quarter in which the spell opened
        ("region", "i2"),
        ("born", "i2"),  # reporting year of its birth
        ("stage", "i1"),
        ("sector", "i1"),
        ("paid_stage", "i1"),  # last stage whose round closed, -1 if none
        ("kind", "i1"),  # ROUND or BRIDGE
        ("status", "i1"),  # REJECTED, REFUSED or DISCOURAGED so far
        ("size", "f8"),  # multiplies every amount of the firm
        ("log_size", "f8"),
        ("theta", "f8"),  # latent quality, sd
        ("look", "f8"),  # what all funds misjudge in the open spell, standard normal
        ("shares", "f8"),  # all shares; the founders hold one
        ("price", "f8"),  # of a share in the last round, mcny; 0 before any
        ("post_money", "f8"),  # of the last round, mcny
        ("raised", "f8"),  # paid in over all rounds, mcny
        ("support", "f8"),  # mean of the investors' support by money, points
        ("paid_quarter", "i4"),  # quarter of the last stage round, -1 if none
    ],
    align=True,
)

FUND_ROW = np.dtype(
    [
        ("key", "u4"),
        ("serial", "u4"),
        ("region", "i2"),
        ("kind", "i2"),  # fund type
        ("focus", "i2"),  # the only sector of a specialist, -1 for none
        ("is_over", "i2"),  # 1 once its term has ended and its holdings are sold
        ("vintage", "i4"),  # quarter in which it was raised
        ("balance_quarter", "i4"),  # quarter to which `balance` is compounded
        ("commitment", "f8"),  # mcny, as all that follows
        ("investable", "f8"),  # commitment less all fees of its life
        ("allowed", "f8"),  # money for new deals released so far by the pace of investment
        ("spent_new", "f8"),
        ("spent_follow", "f8"),
        ("called", "f8"),  # paid-in
        ("fees", "f8"),
        ("proceeds", "f8"),  # received from exits and sales
        ("received", "f8"),  # of these, not yet passed on
        ("to_lps", "f8"),
        ("carry", "f8"),
        ("balance", "f8"),  # paid-in and preferred return still owed to LPs
        ("nav", "f8"),  # holdings at the price of their firm's last round
    ],
    align=True,
)

HOLDING_ROW = np.dtype(
    [
        ("fund", "i4"),  # -1 for outsiders who bought at the end of a fund
        ("next", "i4"),  # next row of the firm's chain, -1 at its end
        ("quarter", "i4"),
        ("shares", "f8"),
        ("cost", "f8"),  # mcny
    ],
    align=True,
)

EXIT_ROW = np.dtype(
    [
        ("year", "i2"),
        ("region", "i2"),
        ("stage", "i1"),
        ("sector", "i1"),
        ("route", "i1"),  # place in arrays.ROUTES, then a write-off
        ("value", "f4"),  # of the whole firm, mcny
        ("raised", "f4"),  # paid in by all investors, mcny
        ("proceeds", "f4"),  # to them, mcny
    ]
)

EVENT_ROW = np.dtype(
    [
        ("key", "u4"),
        ("serial", "u4"),
        ("quarter", "i4"),
        ("kind", "i2"),  # see columns.EVENT_KINDS
        ("region", "i2"),
        ("stage", "i2"),
        ("sector", "i2"),
        ("fund", "i4"),  # slot of the fund in an investment, else -1
        ("amount", "f8"),  # mcny
        ("post_money", "f8"),  # mcny, 0 if the event has none
    ]
)

# A fund on the list of a quarter: what a meeting reads lies together.
LISTED_ROW = np.dtype(
    [
        ("upto", "f8"),  # cumulative budget within the cell, mcny
        ("commitment", "f8"),
        ("fund", "i4"),
        ("guide", "i4"),  # j-th of a cell of n: the first row above j / n of its budget
    ]
)

EDGE_ROW = np.dtype(
    [
        ("node", "i8"),  # budget asked: fund, or fund + F for its reserves
        ("liking", "f8"),  # the seeker's, higher first
        ("score", "f8"),  # the fund's: log of expected value over capital needed
        ("ticket", "f8"),  # most the fund puts in, mcny
        ("expected", "f8"),  # the quality the fund expects, which sets its price
    ]
)

# Places in `Pool.count`.
N_FUNDS, N_HOLDINGS, FREE_HOLDING, N_EXITS, N_EVENTS, N_PAID, IS_FULL = range(7)
N_COUNTS = 7


class Now(NamedTuple):
    """Whose luck, and when."""

    seed: np.uint64
    path: int
    quarter: int
    year: int  # reporting year; the warm-up has one extra year after the last


class Weather(NamedTuple):
    """The environment of one path."""

    level: FloatArray  # (3,) market factor, whether times are good, whether the window is open
    sector_level: FloatArray  # (S,)
    factor: FloatArray  # (4,) pace, IPO hazard, sale hazard, market factor with stress
    log_price: FloatArray  # (S,) log of the factor on pre-money
    exit_value: FloatArray  # (S,) factor on exit values


class Books(NamedTuple):
    """What a path writes down; the last year of each table takes the warm-up."""

    cells: FloatArray  # (Y + 1, R, K, S, N_COLUMNS)
    flow: FloatArray  # (2, Y + 1, T, fund region, firm region) rounds joined; mcny
    fund_flow: FloatArray  # (Y + 1, R, T, N_FUND_COLUMNS)
    survival: FloatArray  # (S, Y + 1, Y + 1, N_FATES) by year of birth and year of the event
    ownership: FloatArray  # (Y + 1, K, T + 2) firms with investors, founders' share, by type
    ledger: FloatArray  # (accounts, R)
    breach: FloatArray  # (5,) quarter, account, region, expected, found
    exits: Table  # (room,) of EXIT_ROW
    events: Table  # (room,) of EVENT_ROW; no room, no events
    fund_year: FloatArray  # (funds, years, 3) called, to LPs, NAV; empty if not asked for


class Pool(NamedTuple):
    """Funds, their holdings, and the market's memory in one path."""

    funds: Table  # (F,) of FUND_ROW
    lp_share: FloatArray  # (F, L) part of each class of LPs in a fund
    holdings: Table  # (H,) of HOLDING_ROW
    counts: IntArray  # (N_COUNTS,)
    first_of: IntArray  # (n_quarters + 1,) first fund of each quarter's vintage
    paid: IntArray  # (F,) funds with proceeds to pass on
    cell_of: IntArray  # (F,) cell of a fund in `Reach.start`
    budget: FloatArray  # (2 F,) of the quarter: new deals, then follow-on
    success: FloatArray  # (R, K) share of recent asks that closed
    asked: FloatArray  # (R, K) asks this quarter
    closed: FloatArray  # (R, K) closings this quarter
    region_flow: FloatArray  # (R, 6) see capital.CALLED_NOW and so on
    supply: FloatArray  # (L,) factor of each class of LPs in the region at hand
    split: FloatArray  # (3, most holdings) shares, cost and pay of the firm at hand


class Reach(NamedTuple):
    """Whom a seeker can meet this quarter."""

    capacity: FloatArray  # (R, T, S + 1) budget of generalists, then of specialists by sector
    start: IntArray  # (R * T * (S + 1) + 1,) first row of each cell in `listed`
    listed: Table  # (F,) of LISTED_ROW, funds by cell
    free: IntArray  # next free entry of each cell while the list is made
    opened: IntArray  # (R, K, S) quarter for which `pull` was worked out, -1 for none
    pull: FloatArray  # (R, K, S, 2 T R) cumulative weight of the cells, see meetings.open_doors
    pull_guide: NDArray[np.int16]  # (R, K, S, guides) where the search in `pull` begins
    door_cell: IntArray  # (2 T R,) cell of generalists behind each door
    door_source: IntArray  # (2 T R,) region
    door_type: IntArray  # (2 T R,) fund type


class Queue(NamedTuple):
    """Needs of one quarter in slot order, those put to the market, and whom they met."""

    firm: IntArray  # (N,) slot of each open need
    seeker: IntArray  # (M,) slot of each need put to funds
    ask: FloatArray  # (M,) mcny
    log_base: FloatArray  # (M,) log of pre-money, mcny, at the mean of expected quality
    tie: np.ndarray[tuple[int], np.dtype[np.uint64]]  # (M,) identity
    start: IntArray  # (M + 1,) first edge of each seeker
    node: IntArray  # (E,) budget asked: fund, or fund + F for its reserves
    account: IntArray  # (E,) the same, numbered within the quarter
    owner: IntArray  # (E,) the seeker of the edge
    score: FloatArray  # (E,) log of expected value over capital needed
    ticket: FloatArray  # (E,) mcny
    amount: FloatArray  # (E,) allocated, mcny
    edges: Table  # (E,) of EDGE_ROW, the offers as they were made
    met: IntArray  # (offers.WIDTH,) funds a seeker has talked to
    listed: IntArray  # (2 F,) quarter in which a budget was last asked
    number: IntArray  # (2 F,) its number in that quarter
    budget: FloatArray  # (2 F,) budgets by number
