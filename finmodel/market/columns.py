"""What the books count: columns of cells, of fund flows, accounts of the ledger, events."""

from __future__ import annotations

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
IPO_N, MNA_N, TRANSFER_N, BUYBACK_N, EXIT_M, ACTIVE_N = range(EVENTS + 19, EVENTS + 25)
COHORT_N, GRADUATED_8Q_N, GRADUATED_12Q_N = range(EVENTS + 25, EVENTS + 28)
PRICED_N, DOWN_N, REPEAT_N, REPEAT_Q = range(EVENTS + 28, EVENTS + 32)
PROCEEDS_M, WRITTEN_OFF_M = EVENTS + 32, EVENTS + 33
N_COLUMNS = EVENTS + 34

# Columns of fund flows by year, region and type; `_S` is a stock at the year's end.
RAISED_N, RAISED_M, CALLED_M, INVESTED_M, FEES_M, RECEIVED_M = 0, 1, 2, 3, 4, 5
TO_LPS_M, CARRY_M, NAV_S, UNCALLED_S, FUNDS_S = 6, 7, 8, 9, 10
PUBLIC_RAISED_M, PUBLIC_CALLED_M, PUBLIC_BACK_M, PUBLIC_NAV_S = 11, 12, 13, 14
PRIVATE_INVESTED_M, PRIVATE_NAV_S, TO_MANAGER_M = 15, 16, 17
PUBLIC_SOLD_S = 18  # public part if all were sold at the discount of the end of a term
N_FUND_COLUMNS = 19

# Accounts of the ledger; classes of LPs follow, then fund types.
MANAGERS, FIRMS, FOUNDERS, OUTSIDERS, BUYERS, COSTS, BANKS = 0, 1, 2, 3, 4, 5, 6
FIRST_LP = 7
ACCOUNT_NAMES = ("managers", "firms", "founders", "outsiders", "buyers", "costs", "banks")

# Kinds of event in a firm's history.
BORN, ASKED, CLOSED, INVESTMENT, REACHED, FAILED, GAVE_UP = 0, 1, 2, 3, 4, 5, 6
FIRST_EXIT, GRANTED, LENT, MET = 7, 11, 12, 13
EVENT_KINDS = (
    "birth",
    "need",
    "round",
    "investment",
    "milestone",
    "failure",
    "closure",
    "ipo",
    "mna",
    "transfer",
    "buyback",
    "grant",
    "loan",
    "need met",
)

# Fates of a cohort, after its births: exit routes in the order of arrays.ROUTES, then ends.
COHORT_BORN, FIRST_ROUTE, COHORT_FAILED, COHORT_CLOSED, N_FATES = 0, 1, 5, 6, 7

# Status words of a path.
OK, OVERFLOW, UNBALANCED = 0, 1, 2
