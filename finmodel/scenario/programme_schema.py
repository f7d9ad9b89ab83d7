"""Guidance programmes in a scenario: money, target, vehicle and clauses, each a number."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, Strict

from finmodel.scenario.quantity import Quantity
from finmodel.scenario.section import Section, Share, positive, whole, within


class Programme(Section):
    """A government's money for vehicles that invest in firms, under clauses.

    A clause left out of a scenario comes from the file of clauses it names. The neutral value
    of each, in `clauses/neutral.toml`, takes the clause away.
    """

    label_en: str = Field(min_length=1)
    label_zh: str = Field(min_length=1)
    level: Literal["national", "provincial", "city"]
    vehicle: Literal["fund_of_funds", "direct", "co_investment", "grant", "guarantee"]
    like: str = Field(min_length=1)
    early_stages: Annotated[tuple[str, ...], Strict(False)] = Field(max_length=12)
    budget_mcny_pa: Annotated[
        Quantity, within("mcny/year", 0.0, 1e8, "public money on offer to vehicles")
    ]
    start_quarter: Annotated[
        Quantity, whole("quarters", 0, 160, "first quarter, counted from the reported years")
    ]
    quarters: Annotated[Quantity, whole("quarters", 0, 200, "length")]
    region_share: dict[str, Share] = Field(min_length=1)
    mandate: dict[str, Share] = Field(min_length=1)
    sector_mandate: dict[
        str,
        Annotated[
            Quantity,
            within("share", 0.0, 1.0, "weight of a sector, of what vehicles look for; 0: closed"),
        ],
    ] = Field(default={})
    hard_tech_weight: Annotated[
        Quantity, within("x", 0.0, 50.0, "pull on hard-tech firms, against other kinds of investor")
    ]
    fund_size_mcny: Annotated[Quantity, positive("mcny", 1e7, "mean target size of a vehicle")]
    size_log_sd: Annotated[Quantity, within("ln", 0.0, 3.0, "spread of target sizes")]
    state_share: Annotated[
        Quantity, positive("share", 1.0, "largest public part of a fund's commitment")
    ]
    private_fill: Annotated[
        Quantity, within("x", 0.0, 5.0, "private money raised, of the money sought, on average")
    ]
    fill_log_sd: Annotated[Quantity, within("ln", 0.0, 3.0, "spread of private money raised")]
    first_close_share: Annotated[
        Quantity, within("share", 0.0, 1.0, "part of the target below which a fund never closes")
    ]
    new_private_share: Annotated[
        Quantity, within("share", 0.0, 1.0, "private money that other funds would not have had")
    ]
    reinvestment_multiple: Annotated[
        Quantity, within("x", 0.0, 10.0, "money to invest at home, of the public money")
    ]
    away_eligible_share: Annotated[
        Quantity,
        within("share", 0.0, 1.0, "firms elsewhere that count as local by a plant or move"),
    ]
    hard_tech_min_share: Annotated[
        Quantity, within("share", 0.0, 1.0, "least part of a fund's money for hard technology")
    ]
    early_min_share: Annotated[
        Quantity, within("share", 0.0, 1.0, "least part of a fund's money for `early_stages`")
    ]
    ticket_share: Annotated[
        Quantity, positive("share", 1.0, "largest first investment in a firm, of the commitment")
    ]
    concentration_share: Annotated[
        Quantity, positive("share", 1.0, "largest sum in one firm, of the commitment")
    ]
    term_years: Annotated[Quantity, positive("years", 30.0, "life of a fund")]
    loss_tolerance_project: Annotated[
        Quantity, within("share", 0.0, 1.0, "highest chance of loss accepted in one project")
    ]
    loss_tolerance_fund: Annotated[
        Quantity, within("share", 0.0, 1.0, "highest expected loss accepted over a fund's projects")
    ]
    loss_tolerance_class: dict[
        str,
        Annotated[
            Quantity,
            within(
                "share", 0.0, 1.0, "highest expected loss over a class of all vehicles' projects"
            ),
        ],
    ]
    loss_tolerance_programme: Annotated[
        Quantity,
        within("share", 0.0, 1.0, "highest expected loss over all projects of all vehicles"),
    ]
    loss_cover: Annotated[
        Quantity, within("share", 0.0, 1.0, "part of private investors' loss the state pays")
    ]
    profit_give_up: Annotated[
        Quantity, within("share", 0.0, 1.0, "public gains given up to private investors")
    ]
    manager_give_up: Annotated[
        Quantity, within("share", 0.0, 1.0, "public gains given up to the manager")
    ]
    buyback_rate_pa: Annotated[
        Quantity, within("per year", 0.0, 10.0, "return at which the public part is bought out")
    ]
    private_response: Annotated[
        Quantity, within("ln per share", 0.0, 5.0, "private money drawn by gains given up or cover")
    ]
    accept_log_odds: Annotated[
        Quantity,
        within("log odds", -20.0, 50.0, "of a mean manager to accept money without clauses"),
    ]
    accept_state_share: Annotated[
        Quantity, within("log odds per share", 0.0, 50.0, "fall of acceptance with the state share")
    ]
    accept_strings: Annotated[
        Quantity,
        within("log odds per x", 0.0, 50.0, "fall of acceptance with the reinvestment duty"),
    ]
    accept_skill: Annotated[
        Quantity,
        within(
            "per sd", 0.0, 10.0, "how much more both cost a manager one sd better, of a mean one"
        ),
    ]
    skill_loading: Annotated[
        Quantity, within("ln per sd", 0.0, 2.0, "effect of a manager's skill on its precision")
    ]
    candidates: Annotated[
        Quantity, whole("managers", 1, 12, "asked in turn before a vehicle is given up")
    ]
    grant_share: Annotated[Quantity, positive("share", 1.0, "part of a need that a grant pays")]
    co_share: Annotated[
        Quantity, within("share", 0.0, 0.95, "part of a round that a co-investor joins with")
    ]
    guarantee_share: Annotated[
        Quantity, within("share", 0.0, 1.0, "part of a lost principal that the programme pays")
    ]
    loan_share: Annotated[Quantity, positive("share", 1.0, "part of a need that a bank lends")]
    loan_rate_pa: Annotated[
        Quantity, within("per year", 0.0, 0.5, "simple interest on a guaranteed loan")
    ]
    bank_risk: Annotated[
        Quantity, within("share", 0.0, 1.0, "highest expected loss a bank bears, of the loan")
    ]
    strings: Annotated[
        Quantity, within("points", 0.0, 5.0, "what firms dislike in this money, beyond its like")
    ]
