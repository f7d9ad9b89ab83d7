"""The world as plain read-only arrays: what the kernels see of a scenario.

Axes: R regions, K stages in order, S sectors, T fund types, L classes of LPs, G groups of
regions with the same clusters, Q points of quality. Money is in million CNY, rates are per
quarter (`_pp`), quality is in standard deviations. Tables are arrays of records: a kernel
takes one row and reads its fields by name.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
KeyArray = NDArray[np.uint64]
SmallArray = NDArray[np.int32]
Table = NDArray[np.void]
Record = Any
"""One row of a table; numpy types a record as void."""

ROUTES = ("ipo", "mna", "transfer", "buyback")
WRITE_OFF = "write_off"
"""The way out of firms that fail or close, after the routes of firms with value."""
TESTS = ("market", "market_strict", "market_loose", "social")
SCORE_LOW, SCORE_STEP, SCORE_POINTS = -8.0, 0.1, 161
"""The grid of quality on which funds look up what a firm is worth."""

STAGE_ROW = np.dtype(
    [
        ("ask", "f8"),  # round asked at size one, mcny
        ("burn_pp", "f8"),  # planned burn at size one, mcny a quarter
        ("milestone_pp", "f8"),  # hazards at quality zero and full pace
        ("ramp_quarters", "f8"),  # in which the milestone hazard rises after the stage's round
        ("failure_pp", "f8"),
        ("ipo_pp", "f8"),  # while the window is open
        ("mna_pp", "f8"),
        ("transfer_pp", "f8"),
        ("buyback_pp", "f8"),
        ("ipo_value", "f8"),  # median value at exit at size one, mcny
        ("mna_value", "f8"),
        ("transfer_value", "f8"),
        ("buyback_value", "f8"),
        ("log_ask", "f8"),
        ("log_pre_money", "f8"),  # at size one and expected quality at its mean, mcny
        ("log_bridge_share", "f8"),
        ("bridge_share", "f8"),
        ("hurdle_market", "f8"),  # lowest viable quality under each test
        ("hurdle_market_strict", "f8"),
        ("hurdle_market_loose", "f8"),
        ("hurdle_social", "f8"),
    ]
)

TYPE_ROW = np.dtype(
    [
        ("size", "f8"),  # mean commitment, mcny
        ("size_log_sd", "f8"),
        ("investment_quarters", "i8"),
        ("term_quarters", "i8"),
        ("fee_pa", "f8"),  # of the commitment, in the investment period
        ("fee_after_pa", "f8"),  # of the commitment, after it
        ("fee_life", "f8"),  # all fees, of the commitment
        ("reserve_share", "f8"),
        ("ticket_share", "f8"),
        ("concentration_share", "f8"),
        ("follow_multiple", "f8"),
        ("hurdle_growth", "f8"),  # of what LPs are owed, a quarter
        ("carry_share", "f8"),
        ("catch_up_share", "f8"),
        ("clawback_share", "f8"),  # of excess carry, paid back when a fund ends
        ("away_noise_multiple", "f8"),
        ("support", "f8"),
        ("strings", "f8"),
        ("hard_tech_weight", "f8"),
        ("specialist_share", "f8"),
    ]
)

LP_ROW = np.dtype(
    [
        ("cycle_loading", "f8"),
        ("cycle_norm", "f8"),  # taken off so that the mean factor is one
        ("return_response", "f8"),
    ]
)

STRESS_ROW = np.dtype(
    [
        ("market_shift", "f8"),
        ("ipo_multiple", "f8"),
        ("sale_multiple", "f8"),
        ("pace_multiple", "f8"),
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
        ("support_loading", "f8"),
        ("unfunded_pace", "f8"),
        ("shrink_share", "f8"),
        ("lead_quarters", "f8"),
        ("closure_pp", "f8"),
        ("value_log_sd", "f8"),
        ("tail_share", "f8"),
        ("tail_index", "f8"),
        ("value_cap", "f8"),
        ("meetings_pp", "f8"),
        ("common_root", "f8"),  # loadings of a look's luck on its common and own part
        ("own_root", "f8"),
        ("min_close_share", "f8"),
        ("discouragement", "f8"),
        ("success_memory", "f8"),
        ("timely_quarters", "f8"),
        ("distance_dislike", "f8"),
        ("signal_loading", "f8"),
        ("price_log_sd", "f8"),
        ("bridge_discount", "f8"),
        ("max_dilution", "f8"),
        ("log_bridge", "f8"),  # log of what a bridge leaves of the stage's pre-money
        ("log_least_price", "f8"),  # log of the least pre-money founders accept, over the need
        ("preference_multiple", "f8"),
        ("participating", "f8"),
        ("redemption_rate_pa", "f8"),
        ("term_sale_discount", "f8"),
        ("is_regimes", "f8"),
        ("market_persistence", "f8"),
        ("market_shock_sd", "f8"),
        ("market_log_sd", "f8"),
        ("regime_high", "f8"),
        ("regime_low", "f8"),
        ("fall_pp", "f8"),
        ("rise_pp", "f8"),
        ("sector_persistence", "f8"),
        ("sector_shock_sd", "f8"),
        ("sector_log_sd", "f8"),
        ("price_loading", "f8"),
        ("price_norm", "f8"),
        ("exit_market_loading", "f8"),
        ("exit_market_norm", "f8"),
        ("pace_loading", "f8"),
        ("pace_norm", "f8"),
        ("window_close_pp", "f8"),
        ("window_open_pp", "f8"),
        ("window_loading", "f8"),
        ("window_closed_multiple", "f8"),
        ("return_memory", "f8"),
        ("reference_return_pa", "f8"),
        ("response_limit", "f8"),
    ]
)


# A guidance programme; the types of its vehicles stand after the ordinary ones.
PROGRAMME_ROW = np.dtype(
    [
        ("vehicle", "i8"),
        ("first_quarter", "i8"),
        ("last_quarter", "i8"),  # first one after it
        ("candidates", "i8"),
        ("early_mask", "i8"),  # bit k: stage k is early
        ("size", "f8"),  # mean target, mcny
        ("size_log_sd", "f8"),
        ("state_share", "f8"),
        ("fill", "f8"),
        ("fill_log_sd", "f8"),
        ("first_close_share", "f8"),
        ("new_private_share", "f8"),
        ("reinvestment_multiple", "f8"),
        ("away_eligible_share", "f8"),
        ("hard_tech_min_share", "f8"),
        ("early_min_share", "f8"),
        ("loss_tolerance_project", "f8"),
        ("loss_tolerance_fund", "f8"),
        ("loss_tolerance_programme", "f8"),
        ("loss_cover", "f8"),
        ("profit_give_up", "f8"),
        ("manager_give_up", "f8"),
        ("buyback_growth", "f8"),  # of what the state is owed before it is bought out, a quarter
        ("accept_log_odds", "f8"),
        ("dislike", "f8"),  # log odds that the state share and the duty cost a mean manager
        ("accept_skill", "f8"),  # how much more they cost a manager one sd better
        ("skill_loading", "f8"),
        ("grant_share", "f8"),
        ("co_share", "f8"),
        ("guarantee_share", "f8"),
        ("loan_share", "f8"),
        ("loan_rate_pa", "f8"),
        ("bank_risk", "f8"),
    ]
)

FUND_OF_FUNDS, DIRECT, CO_INVESTMENT, GRANT, GUARANTEE = 0, 1, 2, 3, 4
VEHICLES = ("fund_of_funds", "direct", "co_investment", "grant", "guarantee")


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
    stages: Table  # (R, K, S) of STAGE_ROW
    score: FloatArray  # (G, K, S, Q) log of value over capital needed, by quality
    score_group: IntArray  # (R,) group of each region
    is_hard_tech: NDArray[np.bool_]  # (S,)
    focus_cdf: FloatArray  # (T + G, S) cumulative chances of the sector of a specialist
    sector_key: KeyArray  # (S,)
    fund_rate_pp: FloatArray  # (R, T) expected funds raised a quarter
    fund_key: KeyArray  # (R, T) identity of the region-type pair
    types: Table  # (T + G,) of TYPE_ROW, vehicles of programmes last
    mandate: FloatArray  # (T + G, K) weight of a stage
    nearness: FloatArray  # (R, R, T + G) weight of a meeting, fund region then firm region
    lps: Table  # (L,) of LP_ROW
    lp_mix: FloatArray  # (T, L)
    lp_stress: FloatArray  # (quarters, L) multiple of supply
    stress: Table  # (quarters,) of STRESS_ROW
    meeting_factor: FloatArray  # (R,) meetings with intermediaries over those without
    sight: FloatArray  # (R, T, 2, 2, 2) firm's region; away; insider; noise sd and weight
    rules: Table  # (1,) of RULES_ROW
    programmes: Table  # (G,) of PROGRAMME_ROW; programme g has type T + g and LPs L + g
    programme_budget_pp: FloatArray  # (G, R) public money a quarter, mcny
    programme_key: KeyArray  # (G, R) identity of the pair
    sector_pull: FloatArray  # (G, S) weight of a sector for vehicles over the highest, 0: closed
    loss_class: IntArray  # (G, K) class of a stage in a programme's tolerance of losses, -1: none
    class_tolerance: FloatArray  # (G, K) highest expected loss of that class, 1 for none
    private_lp: int  # class of LPs from which programmes raise money, -1 for none
    private_supply_pp: FloatArray  # (R,) its commitments to ordinary funds a quarter, mcny
    loss_chance: FloatArray  # (G', K, S, Q) chance to fail before an exit, by score group, quality
