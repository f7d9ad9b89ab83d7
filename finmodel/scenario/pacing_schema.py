"""The plan of an LP's programme of commitments in a file: what to hold, in what, with what cash."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from finmodel.scenario.fund_plan_schema import Money, PlanMeta, PlanRun
from finmodel.scenario.quantity import Quantity
from finmodel.scenario.section import Section, positive, whole, within

FITTED = "fitted"
"""Parameters fitted to the simulated pacing of the plan's fund."""


class Programme(Section):
    """What an LP wants to hold, in funds like the one of a plan.

    `fund_plan` is a file beside this one, `lp` a class of its LPs, `parameters` a published set of
    Takahashi and Alexander or ``fitted``, `earlier` what was committed in years before.
    """

    fund_plan: str = Field(min_length=1)
    lp: str = Field(min_length=1)
    parameters: str = Field(min_length=1)
    measure: Literal["nav", "exposure"]
    first_year: int = Field(ge=1990, le=2060)
    years: Annotated[Quantity, whole("years", 2, 40, "planned and told")]
    target_mcny: Annotated[Quantity, positive("mcny", 1e7, "to hold, once it is built up")]
    target_growth_pa: Annotated[Quantity, within("per year", -0.2, 0.5, "of the target")]
    ramp_years: Annotated[Quantity, whole("years", 1, 30, "in which it is built up, in a line")]
    smoothing: Annotated[
        Quantity, within("x", 0.0, 100.0, "weight of changes of commitments against misses")
    ]
    funds_a_year: Annotated[
        Quantity, whole("funds", 1, 50, "that share a year's commitment, in equal parts")
    ]
    earlier: dict[str, Annotated[Quantity, within("mcny", 0.0, 1e7, "committed in that year")]]


class Reserve(Section):
    """Cash beside the funds."""

    reserve_mcny: Money
    budget_mcny_pa: Annotated[Quantity, within("mcny/year", 0.0, 1e7, "paid in each year")]
    return_pa: Annotated[Quantity, within("per year", -0.5, 0.5, "of the reserve")]


class PacingPlan(Section):
    """A valid plan of commitments."""

    schema_version: Literal[1]
    meta: PlanMeta
    run: PlanRun
    programme: Programme
    liquidity: Reserve
