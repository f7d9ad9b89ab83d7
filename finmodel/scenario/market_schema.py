"""The money side of a scenario: investors, the environment, friction and terms of a deal."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from finmodel.scenario.quantity import Quantity
from finmodel.scenario.section import Section, Share, positive, whole, within


class Capital(Section):
    """Money that investors commit to funds, and how the supply answers to returns."""

    total_mcny_pa: Annotated[
        Quantity, within("mcny/year", 0.0, 1e9, "commitments to new funds a year, all regions")
    ]
    region_index: dict[str, Share] = Field(min_length=1)
    return_memory_pa: Annotated[
        Quantity, positive("per year", 4.0, "speed at which investors learn the returns of funds")
    ]
    reference_return_pa: Annotated[
        Quantity, within("per year", -1.0, 2.0, "return at which supply is at its mean")
    ]
    response_limit: Annotated[
        Quantity, within("x", 1.0, 20.0, "largest factor by which returns raise or cut supply")
    ]


class LpClass(Section):
    """A class of investors in funds."""

    label_en: str = Field(min_length=1)
    label_zh: str = Field(min_length=1)
    cycle_loading: Annotated[
        Quantity, within("ln per ln", -5.0, 5.0, "effect of the market factor on supply")
    ]
    return_response: Annotated[
        Quantity,
        within("ln per 1/year", 0.0, 20.0, "effect of the trailing return of funds on supply"),
    ]


class FundType(Section):
    """A kind of fund: its size, life, limits, terms and taste."""

    label_en: str = Field(min_length=1)
    label_zh: str = Field(min_length=1)
    capital_share: Share
    size_mcny: Annotated[Quantity, positive("mcny", 1e7, "mean commitment of one fund")]
    size_log_sd: Annotated[Quantity, within("ln", 0.0, 3.0, "spread of fund sizes")]
    investment_years: Annotated[
        Quantity, positive("years", 15.0, "years in which a fund makes new investments")
    ]
    term_years: Annotated[Quantity, positive("years", 30.0, "life of a fund")]
    ticket_share: Annotated[
        Quantity, positive("share", 1.0, "largest first investment in a firm, of the commitment")
    ]
    concentration_share: Annotated[
        Quantity, positive("share", 1.0, "largest sum in one firm, of the commitment")
    ]
    reserve_share: Annotated[
        Quantity, within("share", 0.0, 1.0, "part of investable money kept for follow-on rounds")
    ]
    follow_multiple: Annotated[
        Quantity, within("x", 0.0, 50.0, "largest follow-on, of the pro-rata share of the round")
    ]
    fee_pa: Annotated[
        Quantity, within("per year", 0.0, 0.1, "management fee on the commitment while investing")
    ]
    fee_after_share: Annotated[
        Quantity, within("share", 0.0, 1.0, "fee after the investment period, of the first fee")
    ]
    hurdle_pa: Annotated[
        Quantity, within("per year", 0.0, 0.5, "preferred return of the investors in the fund")
    ]
    carry_share: Annotated[Quantity, within("share", 0.0, 0.9, "manager's share of the profit")]
    catch_up_share: Annotated[
        Quantity, within("share", 0.0, 1.0, "manager's share while it catches up; 0 is none")
    ]
    clawback_share: Annotated[
        Quantity,
        within("share", 0.0, 1.0, "excess carry the manager pays back when the fund ends"),
    ]
    away_weight: Annotated[
        Quantity, within("x", 0.0, 10.0, "chance to meet a firm across a border at reference_km")
    ]
    away_noise_multiple: Annotated[
        Quantity, within("x", 0.0, 10.0, "noise about a firm of another region, against home")
    ]
    support: Annotated[
        Quantity, within("points", -5.0, 5.0, "help a firm gets from this kind of investor")
    ]
    strings: Annotated[
        Quantity, within("points", 0.0, 5.0, "what firms dislike in this kind of money")
    ]
    hard_tech_weight: Annotated[
        Quantity,
        within("x", 0.0, 20.0, "pull on hard-tech firms, against other kinds of investor"),
    ]
    specialist_share: Annotated[
        Quantity, within("share", 0.0, 1.0, "funds that invest in one sector only")
    ]
    lp_mix: dict[str, Share] = Field(min_length=1)
    mandate: dict[str, Share] = Field(min_length=1)


class Stress(Section):
    """A shock of stated length on top of the environment; several may overlap."""

    start_quarter: Annotated[
        Quantity, whole("quarters", -80, 160, "first quarter, counted from the reported years")
    ]
    quarters: Annotated[Quantity, whole("quarters", 0, 200, "length")]
    market_shift: Annotated[Quantity, within("ln", -5.0, 5.0, "added to the market factor")]
    ipo_multiple: Annotated[Quantity, within("x", 0.0, 10.0, "IPO hazard")]
    sale_multiple: Annotated[Quantity, within("x", 0.0, 10.0, "hazard of sales and transfers")]
    pace_multiple: Annotated[Quantity, within("x", 0.0, 10.0, "pace at which funds invest")]
    lp_multiple: dict[str, Annotated[Quantity, within("x", 0.0, 10.0, "new commitments by class")]]


class Environment(Section):
    """One market factor, a factor a sector, and the IPO window."""

    process: Literal["ar1", "regimes"]
    market_persistence_pp: Annotated[
        Quantity, within("per quarter", 0.0, 0.999, "AR(1) coefficient of the market factor")
    ]
    market_log_sd: Annotated[
        Quantity, within("ln", 0.0, 1.5, "stationary standard deviation of the market factor")
    ]
    regime_high: Annotated[Quantity, within("ln", -3.0, 3.0, "market factor in good times")]
    regime_low: Annotated[Quantity, within("ln", -3.0, 3.0, "market factor in bad times")]
    fall_pp: Annotated[
        Quantity, within("per quarter", 0.0, 1.0, "chance that good times end in a quarter")
    ]
    rise_pp: Annotated[
        Quantity, positive("per quarter", 1.0, "chance that bad times end in a quarter")
    ]
    sector_persistence_pp: Annotated[
        Quantity, within("per quarter", 0.0, 0.999, "AR(1) coefficient of a sector's factor")
    ]
    sector_log_sd: Annotated[
        Quantity, within("ln", 0.0, 1.5, "stationary standard deviation of a sector's factor")
    ]
    price_loading: Annotated[
        Quantity, within("ln per ln", -5.0, 5.0, "effect of the market factor on pre-money")
    ]
    exit_loading: Annotated[
        Quantity, within("ln per ln", -5.0, 5.0, "effect of the market factor on exit values")
    ]
    pace_loading: Annotated[
        Quantity, within("ln per ln", -5.0, 5.0, "effect of the market factor on investment pace")
    ]
    window_close_pp: Annotated[
        Quantity, within("per quarter", 0.0, 1.0, "chance that an open IPO window closes")
    ]
    window_open_pp: Annotated[
        Quantity, positive("per quarter", 1.0, "chance that a closed IPO window opens")
    ]
    window_loading: Annotated[
        Quantity, within("log odds per ln", 0.0, 20.0, "effect of the market on the IPO window")
    ]
    window_closed_multiple: Annotated[
        Quantity, within("x", 0.0, 1.0, "IPO hazard while the window is closed")
    ]
    stress: dict[str, Stress]


class Friction(Section):
    """What distance and borders do to meetings, to what funds see, and to what firms like."""

    reference_km: Annotated[Quantity, positive("km", 5000.0, "distance at which away_weight holds")]
    distance_elasticity: Annotated[
        Quantity, within("ln per ln", 0.0, 5.0, "fall of the chance to meet with distance")
    ]
    distance_dislike: Annotated[
        Quantity, within("points", 0.0, 5.0, "what firms dislike in an investor across a border")
    ]
    pairs: dict[
        str,
        Annotated[Quantity, within("x", 0.0, 50.0, "chance to meet, from fund to firm region")],
    ]


class Intermediaries(Section):
    """Agents who bring firms and funds together."""

    presence: dict[str, Annotated[Quantity, within("share", 0.0, 1.0, "presence in a region")]]
    meeting_gain: Annotated[
        Quantity, within("share", 0.0, 5.0, "more meetings at full presence, of the usual number")
    ]
    precision_gain: Annotated[
        Quantity, within("share", 0.0, 1.0, "noise taken away at full presence")
    ]


class Clusters(Section):
    """Industry chains that help firms of a sector in a region."""

    loading: Annotated[
        Quantity, within("ln per point", 0.0, 3.0, "effect of strength on the milestone hazard")
    ]
    strength: dict[
        str, Annotated[Quantity, within("points", -3.0, 3.0, "of a sector in a region, 0 neutral")]
    ]


class Terms(Section):
    """Price and rights of a round."""

    signal_loading: Annotated[
        Quantity, within("ln per sd", 0.0, 3.0, "effect of expected quality on pre-money")
    ]
    price_log_sd: Annotated[Quantity, within("ln", 0.0, 2.0, "spread of the price of a quarter")]
    bridge_discount: Annotated[
        Quantity, within("share", 0.0, 0.95, "off the pre-money of the stage in a bridge")
    ]
    max_dilution: Annotated[
        Quantity, positive("share", 1.0, "largest share of the firm founders sell in one round")
    ]
    preference_multiple: Annotated[
        Quantity, within("x", 0.0, 5.0, "liquidation preference, of the money paid in")
    ]
    participating: Annotated[
        Quantity, whole("yes or no", 0, 1, "1 if preferred shares also take part in the rest")
    ]
    redemption_rate_pa: Annotated[
        Quantity, within("per year", 0.0, 0.5, "simple interest on money bought back")
    ]
    term_sale_discount: Annotated[
        Quantity, within("share", 0.0, 1.0, "off the last mark when a fund ends and sells")
    ]
