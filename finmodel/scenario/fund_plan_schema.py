"""The plan of one fund in a file: its terms, its portfolio, and where outcomes come from."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, Strict

from finmodel.scenario.quantity import Quantity
from finmodel.scenario.section import Section, Share, positive, whole, within

Years = Annotated[Quantity, positive("years", 30.0, "length")]
Money = Annotated[Quantity, within("mcny", 0.0, 1e7, "an amount")]
Rate = Annotated[Quantity, within("per year", 0.0, 0.5, "a rate")]
Flag = Annotated[Quantity, whole("flag", 0, 1, "1 for yes, 0 for no")]


class PlanMeta(Section):
    """What the plan is called and asks."""

    name: str = Field(pattern=r"^[a-z][a-z0-9_]{0,60}$")
    title_en: str = Field(min_length=1)
    title_zh: str = Field(min_length=1)
    question: str = Field(min_length=1)


class PlanRun(Section):
    """How many futures, and whose luck."""

    paths: int = Field(ge=1, le=100_000)
    seed: int = Field(ge=0, lt=2**63)


class FundTerms(Section):
    """Size and life of the fund."""

    vintage_year: int = Field(ge=1990, le=2060)
    commitment_mcny: Annotated[Quantity, positive("mcny", 1e7, "promised by all LPs and the GP")]
    gp_commitment_share: Annotated[
        Quantity, within("share", 0.0, 0.5, "of the commitment, by the GP")
    ]
    investment_years: Years
    term_years: Years
    extension_years: Annotated[Quantity, within("years", 0.0, 10.0, "if holdings are left")]
    end_discount: Annotated[
        Quantity, within("share", 0.0, 1.0, "off the last mark of what is left at the very end")
    ]


class FeeStep(Section):
    """A fee from a year on, until the next step."""

    from_year: Annotated[Quantity, within("years", 0.0, 30.0, "since first closing")]
    rate_pa: Annotated[Quantity, within("per year", 0.0, 0.1, "of the base")]
    base: Literal["committed", "invested", "nav"]


class Costs(Section):
    """What the fund spends beside the fee."""

    setup_mcny: Money
    running_mcny_pa: Annotated[Quantity, within("mcny/year", 0.0, 1e5, "audit, custody, board")]
    running_share_pa: Annotated[Quantity, within("per year", 0.0, 0.05, "of the commitment")]


class Recycling(Section):
    """Proceeds that may be invested again."""

    rate: Annotated[Quantity, within("share", 0.0, 1.0, "of each exit's proceeds")]
    cap_share: Annotated[Quantity, within("share", 0.0, 2.0, "in all, of the commitment")]
    window_years: Annotated[Quantity, within("years", 0.0, 30.0, "since first closing")]


class Portfolio(Section):
    """What the fund buys: number, stages, cheques, reserves."""

    deals: Annotated[Quantity, whole("deals", 1, 500, "first cheques planned")]
    stage_mix: dict[str, Share] = Field(min_length=1)
    ticket_mcny: dict[str, Annotated[Quantity, positive("mcny", 1e6, "first cheque")]]
    ownership_target: dict[
        str, Annotated[Quantity, positive("share", 0.9, "of a firm, bought by the first cheque")]
    ]
    least_ticket_share: Annotated[
        Quantity, within("share", 0.0, 1.0, "of a cheque, below which a deal is left")
    ]
    reserve_share: Annotated[
        Quantity, within("share", 0.0, 0.95, "of the investable capital, for follow-ons")
    ]
    follow_share: Annotated[
        Quantity, within("x", 0.0, 5.0, "of the pro-rata right, taken up in each later round")
    ]
    follow_down_rounds: Flag
    concentration_share: Annotated[
        Quantity, positive("share", 1.0, "most in one firm, of the commitment")
    ]


class CarryTier(Section):
    """A share of profit from a multiple on."""

    from_multiple: Annotated[Quantity, within("x", 0.0, 100.0, "LPs' net multiple")]
    carry_share: Annotated[Quantity, within("share", 0.0, 0.9, "of profit, to the manager")]


class Waterfall(Section):
    """How what comes in is split between LPs and manager."""

    style: Literal["european", "american"]
    hurdle_kind: Literal["rate", "multiple"]
    hurdle: Annotated[Quantity, within("per year or x", 0.0, 10.0, "before the manager shares")]
    catch_up_share: Annotated[Quantity, within("share", 0.0, 1.0, "to the manager in the catch-up")]
    tiers: Annotated[tuple[CarryTier, ...], Strict(False)] = Field(min_length=1, max_length=4)
    clawback: Flag
    clawback_kept_share: Annotated[
        Quantity, within("share", 0.0, 1.0, "of carry paid too early that cannot be taken back")
    ]


class LpClass(Section):
    """A class of LPs and what its members agreed among themselves."""

    label_en: str = Field(min_length=1)
    label_zh: str = Field(min_length=1)
    commitment_share: Share
    profit_give_up: Annotated[Quantity, within("share", 0.0, 1.0, "of its gains, to other classes")]
    manager_give_up: Annotated[Quantity, within("share", 0.0, 1.0, "of its gains, to the manager")]
    return_cap_pa: Annotated[
        Quantity, within("per year", 0.0, 10.0, "most that it keeps; 10 is no limit")
    ]
    buyback_year: Annotated[
        Quantity, within("years", 0.0, 40.0, "when others may buy it out; 0 is never")
    ]
    buyback_rate_pa: Annotated[
        Quantity, within("per year", 0.0, 1.0, "on its cost, if it is bought out")
    ]
    first_loss_share: Annotated[
        Quantity, within("share", 0.0, 1.0, "of its capital, returned after all other capital")
    ]


class CreditLine(Section):
    """A line of credit that puts calls off."""

    delay_quarters: Annotated[Quantity, whole("quarters", 0, 12, "by which a call comes later")]
    rate_pa: Rate
    limit_share: Annotated[Quantity, within("share", 0.0, 1.0, "of what is uncalled")]


class Benchmark(Section):
    """What the money would have earned elsewhere, for public market equivalents."""

    index_return_pa: Annotated[Quantity, within("per year", -0.5, 1.0, "a steady index")]


class StageLaw(Section):
    """What becomes of a firm after a round of this stage."""

    post_money_mcny: Annotated[Quantity, positive("mcny", 1e7, "median at a round of this stage")]
    post_money_log_sd: Annotated[Quantity, within("ln", 0.0, 3.0, "spread of it")]
    dilution_share: Annotated[Quantity, positive("share", 0.6, "new money, of the post-money")]
    pool_share: Annotated[Quantity, within("share", 0.0, 0.3, "options added, of the post-money")]
    advance_share: Annotated[Quantity, within("share", 0.0, 1.0, "firms that raise the next round")]
    sale_share: Annotated[Quantity, within("share", 0.0, 1.0, "firms that exit before one")]
    listed_share: Annotated[Quantity, within("share", 0.0, 1.0, "of these exits, by listing")]
    years_to_advance: Annotated[Quantity, positive("years", 20.0, "median to the next round")]
    years_to_sale: Annotated[Quantity, positive("years", 20.0, "median to an exit")]
    years_to_failure: Annotated[Quantity, positive("years", 20.0, "median to a failure")]
    years_log_sd: Annotated[Quantity, within("ln", 0.0, 2.0, "spread of these times")]
    step_up: Annotated[Quantity, positive("x", 100.0, "next pre-money over this post-money")]
    step_up_log_sd: Annotated[Quantity, within("ln", 0.0, 3.0, "spread of it")]
    sale_multiple: Annotated[Quantity, positive("x", 1000.0, "exit value over the post-money")]
    sale_log_sd: Annotated[Quantity, within("ln", 0.0, 4.0, "spread of it")]


class Outcomes(Section):
    """Where the lives of firms come from: a law by stage, or a simulated market."""

    source: Literal["law", "market"]
    scenario: str
    market_paths: int = Field(ge=1, le=1000)
    regions: Annotated[tuple[str, ...], Strict(False)]
    is_hard_tech_only: bool
    preference_multiple: Annotated[Quantity, within("x", 0.0, 5.0, "of cost, before common shares")]
    participating: Flag
    recovery_share: Annotated[Quantity, within("share", 0.0, 1.0, "of money raised, at a failure")]
    tail_share: Annotated[Quantity, within("share", 0.0, 0.49, "exits in the Pareto tail")]
    tail_index: Annotated[Quantity, positive("index", 10.0, "of that tail")]
    tail_cap: Annotated[Quantity, positive("x", 1e6, "most an exit brings, of its median")]
    common_share: Annotated[
        Quantity,
        within("share", 0.0, 0.95, "of the luck of step-ups and exits, for all deals alike"),
    ]
    stages: dict[str, StageLaw]


class FundOfFunds(Section):
    """A fund of funds over the plan's fund: it is the first class of LPs of every sub-fund.

    Its commitment is not a number of the file: it is what its sub-funds and its own charges may
    call. Where shares, fees or clauses of sub-funds are to differ, `alternatives` holds other terms
    of their first class, each compared on the same luck; the other classes then share what is left.
    """

    sub_funds: Annotated[Quantity, whole("funds", 1, 200, "the plan's fund, drawn so many times")]
    commitment_years: Annotated[
        Quantity, whole("years", 1, 20, "over which their vintages are spread, from the first on")
    ]
    gp_commitment_share: Annotated[
        Quantity, within("share", 0.0, 0.5, "of the fund of funds, by its manager")
    ]
    fees: Annotated[tuple[FeeStep, ...], Strict(False)] = Field(min_length=1, max_length=12)
    costs: Costs
    waterfall: Waterfall
    lps: dict[str, LpClass] = Field(min_length=1)
    alternatives: dict[str, LpClass]


class FundPlan(Section):
    """A valid plan of one fund, alone or as the sub-fund of a fund of funds."""

    schema_version: Literal[1]
    meta: PlanMeta
    run: PlanRun
    fund: FundTerms
    fees: Annotated[tuple[FeeStep, ...], Strict(False)] = Field(min_length=1, max_length=12)
    costs: Costs
    recycling: Recycling
    portfolio: Portfolio
    waterfall: Waterfall
    lps: dict[str, LpClass] = Field(min_length=1)
    credit_line: CreditLine
    benchmark: Benchmark
    outcomes: Outcomes
    fund_of_funds: FundOfFunds | None = None
