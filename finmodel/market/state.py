"""The state of one path: firms, funds, holdings, queues, and the books it writes.

Firms live in slots 0..n-1; a firm that ends gives its slot to the last one. A slot is
storage only: a firm's identity is (`key`, `serial`), fixed at birth. Funds keep their slot
for the whole path, in the order in which they were raised. Holdings hang on their firm as a
chain of rows.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from finmodel.world.arrays import FloatArray, IntArray, KeyArray, Table

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
        ("paid_quarter", "i2"),  # quarter of the last stage round, -1 if none
        ("size", "f8"),  # multiplies every amount of the firm
        ("log_size", "f8"),
        ("theta", "f8"),  # latent quality, sd
        ("look", "f8"),  # what all funds misjudge in the open spell, standard normal
        ("shares", "f8"),  # all shares; the founders hold one
        ("price", "f8"),  # of a share in the last round, mcny; 0 before any
        ("post_money", "f8"),  # of the last round, mcny
        ("raised", "f8"),  # paid in over all rounds, mcny
        ("support", "f8"),  # mean of the investors' support by money, points
    ],
    align=True,
)

# What a deal reads and writes comes first.
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
        ("called", "f8"),  # paid-in
        ("balance", "f8"),  # paid-in and preferred return still owed to LPs
        ("spent_new", "f8"),
        ("spent_follow", "f8"),
        ("investable", "f8"),  # commitment less all fees of its life
        ("allowed", "f8"),  # money for new deals released so far by the pace of investment
        ("fees", "f8"),
        ("proceeds", "f8"),  # received from exits and sales
        ("received", "f8"),  # of these, not yet passed on
        ("to_lps", "f8"),
        ("carry", "f8"),  # less what was paid back
        ("credit", "f8"),  # what LPs got beyond `balance`, at the same interest
        ("clawback", "f8"),  # carry paid back
    ],
    align=True,
)

HOLDING_ROW = np.dtype(
    [
        ("fund", "i4"),  # -1 for outsiders who bought at the end of a fund
        ("next", "i4"),  # next row of the firm's chain, -1 at its end
        ("quarter", "i4"),
        ("region", "i2"),  # of the fund
        ("kind", "i2"),
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

# A holding at its end, or what is left of it at the end of the path; the parts of a deal.
LOT_ROW = np.dtype(
    [
        ("key", "u4"),  # of the firm
        ("serial", "u4"),
        ("fund", "i4"),
        ("quarter", "i4"),
        ("end", "i4"),  # diary.PAID_OUT, SOLD or HELD
        ("cost", "f8"),  # mcny
        ("value", "f8"),  # mcny, got, or at the mark if it is still held
    ],
    align=True,
)

# A fund on the list of a quarter: what a meeting reads lies together.
LISTED_ROW = np.dtype(
    [
        ("fund", "i8"),
        ("ticket", "f8"),  # most it puts into a new firm, mcny
    ]
)

# Places in `Pool.count`.
N_FUNDS, N_HOLDINGS, FREE_HOLDING, N_EXITS, N_EVENTS, N_PAID, IS_FULL, N_LOTS = range(8)
N_COUNTS = 8


# Columns of `Pool.outside`, `Pool.risk` and `Pool.public`.
LOCAL, HARD_TECH, EARLY = 0, 1, 2
RISK_ROOM, RISK_PROMISED = 0, 1
PUBLIC_CALLED, PUBLIC_RECEIVED, PUBLIC_OWED, PUBLIC_SINCE = 0, 1, 2, 3
PUBLIC_TO_PRIVATE, PUBLIC_TO_MANAGER, PUBLIC_SHARED = 4, 5, 6


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
    spent: FloatArray  # (Y + 1, R) by firms since the start, at each year's end, mcny
    fund_quarter: FloatArray  # (funds, ages, columns of diary) so far; empty if not asked for
    lots: Table  # (room,) of LOT_ROW; no room, no lots


class Pool(NamedTuple):
    """Funds, their holdings, and the market's memory in one path."""

    funds: Table  # (F,) of FUND_ROW
    nav: FloatArray  # (F,) holdings of a fund at the price of their firm's last round, mcny
    ticket: FloatArray  # (F,) most a fund puts into a new firm, mcny
    invests_until: IntArray  # (F,) first quarter after its investment period
    lp_share: FloatArray  # (F, L) part of each class of LPs in a fund
    holdings: Table  # (H,) of HOLDING_ROW
    tidied: Table  # (H,) of HOLDING_ROW, room to put them in order
    counts: IntArray  # (N_COUNTS,)
    first_of: IntArray  # (n_quarters + 1,) first fund of each quarter's vintage
    paid: IntArray  # (F,) funds with proceeds to pass on
    cell_of: IntArray  # (F,) cell of a fund in `Reach.start`
    budget: FloatArray  # (2 F,) of the quarter: new deals, then follow-on
    success: FloatArray  # (R, K) share of recent asks that closed
    asked: FloatArray  # (R, K) asks this quarter
    closed: FloatArray  # (R, K) closings this quarter
    region_flow: FloatArray  # (R, 6) see capital.CALLED_NOW and so on
    purse: FloatArray  # (G, R) public money of each programme not yet placed, mcny
    granted: FloatArray  # (G, R) grants paid so far, mcny
    tried: IntArray  # (G, R) vehicles tried so far
    moved: FloatArray  # (R,) private money in vehicles that other funds have yet to miss, mcny
    blur: FloatArray  # (F,) factor on the noise of a fund's looks, by its manager's skill
    outside: FloatArray  # (F, 3) what a vehicle may yet put outside each duty, mcny
    outside_free: FloatArray  # (F, 3) of it, not promised in an offer of this quarter
    risk: FloatArray  # (F, 2) how far expected losses are below tolerance; promised of it, mcny
    wide_risk: (
        FloatArray  # (G, K + 1, 2) the same of a programme's classes of projects, then of all
    )
    public: FloatArray  # (F, 7) called, received, owed, since when, given away twice, gains shared
    supply: FloatArray  # (L,) factor of each class of LPs in the region at hand
    split: FloatArray  # (3, most holdings) shares, cost and pay of the firm at hand


class Reach(NamedTuple):
    """Whom a seeker can meet this quarter; the trees are those of `market.lottery`."""

    heights: IntArray  # (3,) heights of the trees of cells and of doors, nodes of a tree of doors
    capacity: FloatArray  # (R, T, S + 1) budget of generalists, then of specialists by sector
    free: FloatArray  # (R, T, S + 1, 3) of it, of vehicles that may go outside each duty
    start: IntArray  # (R * T * (S + 1) + 1,) first row of each cell in `listed`
    top: IntArray  # (cells,) top of each cell's tree in `nodes`
    next_row: IntArray  # (cells,) next free row of each cell while the list is made
    listed: Table  # (F,) of LISTED_ROW, funds by cell
    weight: FloatArray  # (F,) their budgets for new deals, mcny
    nodes: Table  # trees of the funds of each cell
    opened: IntArray  # (R, K, S) quarter for which the doors were worked out, -1 for none
    doors: Table  # (R * K * S * nodes,) trees of the doors of each kind of seeker
    door_weight: FloatArray  # (doors,) weights of the doors while a tree is made
    door_cell: IntArray  # (doors,) cell of generalists behind each door
    door_source: IntArray  # (doors,) region
    door_type: IntArray  # (doors,) fund type


class Talks(NamedTuple):
    """What one seeker hears in a quarter; room that every seeker uses anew."""

    met: IntArray  # (WIDTH,) funds it has talked to
    shares: FloatArray  # (insiders,) held by those of its investors it talks to
    cost: FloatArray  # (insiders,) mcny
    word: KeyArray  # (meetings,) which fund is met
    opinion: KeyArray  # (meetings,) what it sees
    door: KeyArray  # (meetings,)
    row: KeyArray  # (meetings,) in `Reach.listed`
    luck: FloatArray  # (meetings,) of its look, standard normal
    node: IntArray  # (WIDTH,) offers in the order heard: budget asked
    liking: FloatArray  # (WIDTH,) the seeker's, higher first
    score: FloatArray  # (WIDTH,) the fund's: log of expected value over capital needed
    ticket: FloatArray  # (WIDTH,) most the fund puts in, mcny
    expected: FloatArray  # (WIDTH,) the quality the fund expects, which sets its price


class Queue(NamedTuple):
    """Needs of one quarter in slot order, those put to the market, and what they were offered.

    The offers of a seeker stand with the best liked first.
    """

    firm: IntArray  # (N,) slot of each open need
    seeker: IntArray  # (M,) slot of each need put to funds
    ask: FloatArray  # (M,) mcny
    log_base: FloatArray  # (M,) log of pre-money, mcny, at the mean of expected quality
    tie: KeyArray  # (M,) identity
    start: IntArray  # (M + 1,) first edge of each seeker
    node: IntArray  # (E,) budget asked: fund, or fund + F for its reserves
    account: IntArray  # (E,) the same, numbered within the quarter
    owner: IntArray  # (E,) the seeker of the edge
    score: FloatArray  # (E,) log of expected value over capital needed
    ticket: FloatArray  # (E,) mcny
    expected: FloatArray  # (E,) the quality the fund expects
    amount: FloatArray  # (E,) allocated, mcny
    number: IntArray  # (2 F,) quarter in which a budget was last asked, and its number in it
    budget: FloatArray  # (accounts,) budgets by number
    co_fund: IntArray  # (M,) co-investor of each seeker, -1 for none; empty without such programmes
    co_amount: FloatArray  # (M,) what it set aside, mcny
    co_order: IntArray  # (M,) seekers, best scored first
    co_left: FloatArray  # (F,) money of co-investors not set aside
