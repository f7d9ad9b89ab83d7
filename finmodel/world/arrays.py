"""The world as plain read-only arrays: what the kernels see of a scenario.

Axes: R regions, K stages in order, S sectors, F funds. Money is in million CNY, rates
are per quarter (`_pp`), quality is in standard deviations. Tables are arrays of records:
a kernel takes one row and reads its fields by name.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
KeyArray = NDArray[np.uint64]
WordArray = NDArray[np.uint32]
SmallArray = NDArray[np.int32]
Table = NDArray[np.void]
Record = Any
"""One row of a table; numpy types a record as void."""

ROUTES = ("ipo", "mna", "buyback")
TESTS = ("market", "market_strict", "market_loose", "social")
GUIDE_BITS = 10
GUIDE_SIZE = 1 << GUIDE_BITS
"""Slices of the guide table that brackets the search in a cumulative table."""

STAGE_ROW = np.dtype(
    [
        ("ask", "f8"),  # round asked at size one, mcny
        ("burn_pp", "f8"),  # planned burn at size one, mcny a quarter
        ("milestone_pp", "f8"),  # hazards at quality zero and full pace
        ("failure_pp", "f8"),
        ("ipo_pp", "f8"),
        ("mna_pp", "f8"),
        ("buyback_pp", "f8"),
        ("ipo_value", "f8"),  # median value at exit at size one, mcny
        ("mna_value", "f8"),
        ("buyback_value", "f8"),
        ("dilution", "f8"),
        ("bridge_share", "f8"),
        ("refusal_u", "f8"),  # founders refuse a price whose uniform is above this
        ("hurdle_market", "f8"),  # lowest viable quality under each test
        ("hurdle_market_strict", "f8"),
        ("hurdle_market_loose", "f8"),
        ("hurdle_social", "f8"),
    ]
)

FUND_ROW = np.dtype(
    [
        ("region", "i8"),
        ("kind", "i8"),  # fund type
        ("budget_pp", "f8"),  # mcny a quarter at the mean of the cycle
        ("ticket", "f8"),  # largest amount in one round, mcny
    ]
)

RULES_ROW = np.dtype(
    [
        ("quality_mean", "f8"),
        ("quality_sd", "f8"),
        ("size_log_sd", "f8"),
        ("milestone_loading", "f8"),
        ("failure_loading", "f8"),
        ("exit_loading", "f8"),
        ("value_loading", "f8"),
        ("unfunded_pace", "f8"),
        ("lead_quarters", "f8"),
        ("closure_pp", "f8"),
        ("exit_log_sd", "f8"),
        ("n_meetings", "i8"),
        ("signal_noise_sd", "f8"),
        ("signal_weight", "f8"),
        ("min_close_share", "f8"),
        ("discouragement", "f8"),
        ("success_memory", "f8"),
        ("timely_quarters", "f8"),
        ("cycle_persistence", "f8"),
        ("cycle_shock_sd", "f8"),
        ("cycle_log_sd", "f8"),
        ("carry_quarters", "f8"),
    ]
)


class Calendar(NamedTuple):
    """Quarters of a run; reported years follow the warm-up."""

    n_quarters: int
    first_reported: int
    n_years: int


class WorldArrays(NamedTuple):
    """Everything one path needs apart from the seed and the path number."""

    calendar: Calendar
    birth_rate_pp: FloatArray  # (R, S) expected births a quarter
    cell_key: KeyArray  # (R, S) identity of the region-sector pair
    entry_cdf: FloatArray  # (K,) cumulative share of births entering up to each stage
    stages: Table  # (K, S) of STAGE_ROW
    funds: Table  # (F,) of FUND_ROW
    reach: WordArray  # (R, K, F) chance that a meeting is with fund 0..f, times 2**32 - 1
    guide: SmallArray  # (R, K, GUIDE_SIZE + 1) brackets the fund of a word; -1 if none
    rules: Table  # (1,) of RULES_ROW
