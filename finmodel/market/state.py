"""The state of one path: firms, pools and queues, and the books it writes.

Firms live in slots 0..n-1; a firm that ends gives its slot to the last one. A slot is
storage only: a firm's identity is (`key`, `serial`), fixed at birth.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from finmodel.world.arrays import FloatArray, IntArray

# Outcomes of a need, in the order of the identity
# ask = funded + partial shortfall + rejected + refused + discouraged.
FUNDED, SHORTFALL, REJECTED, REFUSED, DISCOURAGED = 0, 1, 2, 3, 4
N_OUTCOMES = 5
# Test 0 is every need; tests 1.. follow arrays.TESTS.
ALL_NEEDS, MARKET, STRICT, LOOSE, SOCIAL = 0, 1, 2, 3, 4
N_TESTS = 5

# Kinds of need.
ROUND, BRIDGE = 0, 1

# Columns of a cell: outcomes by test in count, the same in money, then events.
# `_N` counts, `_M` is million CNY, `_Q` quarters.
MONEY = N_OUTCOMES * N_TESTS
EVENTS = 2 * MONEY
ASK_N, ASK_M, CARRIED_N, CARRIED_M = EVENTS, EVENTS + 1, EVENTS + 2, EVENTS + 3
WITHDRAWN_N, WITHDRAWN_M, PERSISTENT_N, PERSISTENT_M = range(EVENTS + 4, EVENTS + 8)
LATE_N, LATE_M, LATE_Q, DEAL_N, DEAL_M, FIRST_N, BRIDGE_N = range(EVENTS + 8, EVENTS + 15)
BIRTH_N, MILESTONE_N, FAILURE_N, CLOSURE_N = range(EVENTS + 15, EVENTS + 19)
IPO_N, MNA_N, BUYBACK_N, EXIT_M, ACTIVE_N = range(EVENTS + 19, EVENTS + 24)
COHORT_N, GRADUATED_8Q_N, GRADUATED_12Q_N = range(EVENTS + 24, EVENTS + 27)
N_COLUMNS = EVENTS + 27

# Accounts of the ledger, million CNY since the start of the path.
CALLED, INVESTED, BURNT, RETURNED, EXIT_IN, EXIT_OUT = 0, 1, 2, 3, 4, 5
N_ACCOUNTS = 6

# Status words of a path.
OK, OVERFLOW, UNBALANCED = 0, 1, 2

# What every quarter reads of every firm comes first: one cache line.
FIRM_ROW = np.dtype(
    [
        ("cash", "f8"),  # mcny
        ("burn", "f8"),  # mcny a quarter while cash lasts
        ("milestone", "f8"),  # hazard a quarter at full pace
        ("failure", "f8"),
        ("leave", "f8"),  # exit hazard, all routes
        ("need", "f8"),  # amount asked in the open spell, mcny; 0 if none
        ("key", "u4"),
        ("serial", "u4"),
        ("patience_u", "u4"),  # this quarter's luck in holding out without cash
        ("region", "i2"),
        ("stage", "i1"),
        ("sector", "i1"),
        ("size", "f8"),  # multiplies every amount of the firm
        ("excess", "f8"),  # quality funds expect, above the hurdle, in the open spell
        ("theta", "f8"),  # latent quality, sd
        ("opened", "i4"),  # quarter in which the spell opened
        ("paid_quarter", "i4"),  # quarter of the last stage round, -1 if none
        ("paid_stage", "i1"),  # last stage whose round closed, -1 if none
        ("kind", "i1"),  # ROUND or BRIDGE
        ("status", "i1"),  # REJECTED, REFUSED or DISCOURAGED so far
    ],
    align=True,
)


class Now(NamedTuple):
    """Whose luck, and when."""

    seed: np.uint64
    path: int
    quarter: int
    year: int  # reporting year; the warm-up has one extra year after the last


class Books(NamedTuple):
    """What a path writes down; the last year takes the warm-up."""

    cells: FloatArray  # (Y + 1, R, K, S, N_COLUMNS)
    flow: FloatArray  # (2, Y + 1, fund region, firm region) rounds joined; mcny
    ledger: FloatArray  # (N_ACCOUNTS,)
    breach: FloatArray  # (4,) quarter, account, expected, found when unbalanced


class Pool(NamedTuple):
    """Funds' money and the market's memory in one path."""

    cash: FloatArray  # (F,) budget not yet spent, mcny
    success: FloatArray  # (R, K) share of recent asks that closed
    asked: FloatArray  # (R, K) asks this quarter
    closed: FloatArray  # (R, K) closings this quarter


class Queue(NamedTuple):
    """Needs of one quarter in slot order, and those put to the market."""

    firm: IntArray  # (N,) slot of each open need
    seeker: IntArray  # (M,) slot of each need put to funds
    score: FloatArray  # (M,) expected quality above the hurdle
    ask: FloatArray  # (M,) mcny
    edge_fund: IntArray  # (M * width,) fund met, in the seeker's order, -1 for none
    edge_amount: FloatArray  # (M * width,) amount allocated, mcny
