"""What a scenario file may say: sections, fields, units and ranges.

The schema is the only list of parameters. Each numeric field is a
:class:`~finmodel.scenario.quantity.Quantity` annotated with a
:class:`~finmodel.scenario.quantity.Spec`, so `finmodel schema`, the assumptions table
and the error messages all read the same declaration.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, Strict

from finmodel.scenario.correlations import Correlation
from finmodel.scenario.lever_schema import Levers
from finmodel.scenario.market_schema import (
    Capital,
    Clusters,
    Environment,
    Friction,
    FundType,
    Intermediaries,
    LpClass,
    Terms,
)
from finmodel.scenario.programme_schema import Programme
from finmodel.scenario.quantity import Quantity
from finmodel.scenario.section import Section, Share, positive, within


class Meta(Section):
    """Names and the question the scenario answers."""

    name: str = Field(pattern=r"^[a-z0-9_]+$", max_length=60)
    title_en: str = Field(min_length=1, max_length=120)
    title_zh: str = Field(min_length=1, max_length=120)
    question: str = Field(default="", max_length=2000)
    price_year: int = Field(ge=1990, le=2100)


class Run(Section):
    """Calendar, number of paths and seed; the command line may change paths and seed."""

    start_year: int = Field(ge=1990, le=2100)
    years: int = Field(ge=1, le=40)
    warm_up_years: int = Field(ge=0, le=40)
    paths: int = Field(ge=1, le=1_000_000)
    seed: int = Field(ge=0, lt=2**63)
    scale: float = Field(gt=0.0, le=100.0)


class Geography(Section):
    """Regions, by the two-letter codes of the province table."""

    regions: Annotated[tuple[str, ...], Strict(False)] = Field(min_length=1, max_length=400)


class Births(Section):
    """Firms that come to need venture finance."""

    total_pa: Annotated[
        Quantity, positive("firms/year", 1e6, "firms born a year in all regions together")
    ]
    region_index: dict[str, Share] = Field(min_length=1)


class Firms(Section):
    """Quality, size and behaviour of firms."""

    quality_mean: Annotated[Quantity, within("sd", -3.0, 3.0, "mean latent quality at birth")]
    quality_sd: Annotated[Quantity, within("sd", 0.0, 3.0, "spread of latent quality")]
    size_log_sd: Annotated[Quantity, within("ln", 0.0, 2.0, "spread of a firm's round sizes")]
    milestone_loading: Annotated[
        Quantity, within("ln per sd", 0.0, 2.0, "effect of quality on the milestone hazard")
    ]
    failure_loading: Annotated[
        Quantity,
        within("ln per sd", 0.0, 2.0, "effect of quality on the failure hazard, sign turned"),
    ]
    exit_loading: Annotated[
        Quantity, within("ln per sd", 0.0, 2.0, "effect of quality on the exit hazards")
    ]
    value_loading: Annotated[
        Quantity, within("ln per sd", 0.0, 3.0, "effect of quality on the exit value")
    ]
    unfunded_pace: Annotated[
        Quantity, within("share", 0.0, 1.0, "pace of work of a firm without money")
    ]
    lead_quarters: Annotated[
        Quantity, within("quarters", 0.0, 8.0, "runway at which a firm starts to seek money")
    ]
    patience_quarters: Annotated[
        Quantity, positive("quarters", 40.0, "mean time a firm survives without cash")
    ]
    support_loading: Annotated[
        Quantity,
        within("ln per point", 0.0, 3.0, "effect of investors' support on milestones and survival"),
    ]
    shrink_share: Annotated[
        Quantity, positive("share", 1.0, "burn of a firm that seeks money in vain, of its plan")
    ]


class Market(Section):
    """How seekers and funds meet and what closes a round."""

    meetings_pp: Annotated[
        Quantity, within("meetings/quarter", 0.0, 8.0, "funds a seeker meets a quarter")
    ]
    signal_noise_sd: Annotated[
        Quantity, within("sd", 0.0, 5.0, "noise in what funds see of a firm's quality")
    ]
    common_noise_share: Annotated[
        Quantity, within("share", 0.0, 1.0, "part of the noise, by variance, that all funds share")
    ]
    insider_noise_multiple: Annotated[
        Quantity, within("x", 0.0, 10.0, "noise of a fund that holds shares, against an outsider")
    ]
    min_close_share: Annotated[
        Quantity, positive("share", 1.0, "share of the ask below which a round does not close")
    ]
    discouragement: Annotated[
        Quantity, within("share", 0.0, 1.0, "how far past refusals keep firms from asking")
    ]
    success_memory_pa: Annotated[
        Quantity, positive("per year", 4.0, "speed at which firms learn how many rounds close")
    ]
    timely_quarters: Annotated[
        Quantity, within("quarters", 0.0, 20.0, "a need funded later than this is funded late")
    ]


class Viability(Section):
    """Rates and margins of the test whether a need is viable."""

    market_rate_pa: Annotated[Quantity, positive("per year", 1.0, "required return of investors")]
    social_rate_pa: Annotated[Quantity, positive("per year", 1.0, "social discount rate")]
    margin: Annotated[
        Quantity,
        within("share", 0.0, 1.0, "margin of the strict and the loose test, of capital needed"),
    ]


class Exits(Section):
    """Value of a firm at exit, as a multiple of the post-money of its stage."""

    ipo_value_multiple: Annotated[
        Quantity, within("x post-money", 0.0, 50.0, "median value at IPO")
    ]
    mna_value_multiple: Annotated[
        Quantity, within("x post-money", 0.0, 50.0, "median value in a sale")
    ]
    transfer_value_multiple: Annotated[
        Quantity, within("x post-money", 0.0, 50.0, "median value in a transfer to outsiders")
    ]
    buyback_value_multiple: Annotated[
        Quantity, within("x post-money", 0.0, 50.0, "median value in a buy-back")
    ]
    value_log_sd: Annotated[
        Quantity, within("ln", 0.0, 2.0, "spread of the lognormal body of exit values")
    ]
    tail_share: Annotated[
        Quantity, within("share", 0.0, 0.5, "exits in the Pareto tail; 0 leaves the body alone")
    ]
    tail_index: Annotated[Quantity, positive("index", 20.0, "Pareto index of the tail")]
    value_cap: Annotated[
        Quantity, positive("x median", 1e6, "largest exit value, of the median of its firm")
    ]


class Stage(Section):
    """One stage of a firm's life, with the round that pays for it."""

    order: int = Field(ge=0, le=20)
    label_en: str = Field(min_length=1)
    label_zh: str = Field(min_length=1)
    entry_share: Share
    ask_median_mcny: Annotated[Quantity, positive("mcny", 1e5, "median round of the stage")]
    runway_quarters: Annotated[
        Quantity, positive("quarters", 40.0, "quarters of work the round pays for")
    ]
    milestone_rate_pa: Annotated[
        Quantity, within("per year", 0.0, 8.0, "milestone hazard at quality zero and full pace")
    ]
    milestone_ramp_quarters: Annotated[
        Quantity,
        within("quarters", 0.0, 16.0, "time after its round in which the milestone hazard rises"),
    ]
    failure_rate_pa: Annotated[
        Quantity, within("per year", 0.0, 8.0, "failure hazard at quality zero")
    ]
    ipo_rate_pa: Annotated[Quantity, within("per year", 0.0, 8.0, "IPO hazard at quality zero")]
    mna_rate_pa: Annotated[Quantity, within("per year", 0.0, 8.0, "sale hazard at quality zero")]
    transfer_rate_pa: Annotated[
        Quantity, within("per year", 0.0, 8.0, "hazard of a transfer to outsiders at quality zero")
    ]
    buyback_rate_pa: Annotated[
        Quantity, within("per year", 0.0, 8.0, "buy-back hazard at quality zero")
    ]
    dilution: Annotated[Quantity, positive("share", 0.95, "share of the firm sold in the round")]
    bridge_share: Annotated[
        Quantity, positive("share", 1.0, "bridge asked when money runs out before the milestone")
    ]


class Sector(Section):
    """A sector; hard-tech sectors are the model's target, general ones compete for money."""

    is_hard_tech: bool
    label_en: str = Field(min_length=1)
    label_zh: str = Field(min_length=1)
    birth_share: Share
    ask_multiple: Annotated[Quantity, positive("x", 20.0, "round size against the stage median")]
    milestone_multiple: Annotated[
        Quantity, positive("x", 20.0, "milestone hazard against the stage rate")
    ]
    failure_multiple: Annotated[
        Quantity, within("x", 0.0, 20.0, "failure hazard against the stage rate")
    ]
    value_multiple: Annotated[
        Quantity, within("x", 0.0, 20.0, "exit value against the stage value")
    ]


class Scenario(Section):
    """A whole scenario, valid in itself."""

    schema_version: Annotated[int, Field(ge=2, le=2)]
    meta: Meta
    run: Run
    geography: Geography
    births: Births
    capital: Capital
    lps: dict[str, LpClass] = Field(min_length=1, max_length=6)
    environment: Environment
    firms: Firms
    market: Market
    friction: Friction
    intermediaries: Intermediaries
    clusters: Clusters
    levers: Levers
    terms: Terms
    viability: Viability
    exits: Exits
    stages: dict[str, Stage] = Field(min_length=1, max_length=12)
    sectors: dict[str, Sector] = Field(min_length=1, max_length=40)
    funds: dict[str, FundType] = Field(min_length=1, max_length=12)
    programmes: dict[str, Programme] = Field(default_factory=dict, max_length=8)
    correlations: Annotated[tuple[Correlation, ...], Strict(False)] = Field(
        default=(), max_length=2000
    )

    together: Annotated[tuple[Annotated[tuple[str, ...], Strict(False)], ...], Strict(False)] = (
        Field(default=(), max_length=500)
    )
    fitted_to: Annotated[tuple[str, ...], Strict(False)] = Field(default=(), max_length=500)
    """Targets of data/evidence/targets.csv that its numbers were fitted to: no test of them."""

    @property
    def stage_names(self) -> tuple[str, ...]:
        """Stage keys in the order firms pass through them."""
        return tuple(sorted(self.stages, key=lambda name: self.stages[name].order))
