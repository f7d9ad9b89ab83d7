"""The plan of a sensitivity study in a file: what is varied, for which conclusions."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, Strict, StrictFloat, StrictInt

from finmodel.scenario.fund_plan_schema import PlanMeta
from finmodel.scenario.section import Section

Names = Annotated[tuple[str, ...], Strict(False)]
Number = Annotated[StrictFloat | StrictInt, Field(allow_inf_nan=False)]

NONE = "none"
"""The option to have no programme."""


class SensitivityRun(Section):
    """The market each unit is played in: paths, size of the market, seed of luck and designs."""

    paths: int = Field(ge=4, le=100_000)
    scale: float = Field(gt=0.0, le=1.0)
    seed: int = Field(ge=0, lt=2**63)


class ScreeningPlan(Section):
    """Elementary effects; `pool` of more trajectories to take the most spread of, 0 for none."""

    trajectories: int = Field(ge=4, le=1000)
    pool: int = Field(ge=0, le=2000)


class IndicesPlan(Section):
    """Shares of variance; `rows` a power of two.

    `top` factors are told apart, those that screening finds strongest; the others vary as one.
    0 tells all apart.
    """

    rows: int = Field(ge=16, le=65_536)
    top: int = Field(ge=0, le=1000)


class TornadoPlan(Section):
    """One number at a time, at `tail` and one minus it."""

    tail: float = Field(gt=0.0, lt=0.5)


class DrawsPlan(Section):
    """Draws of all numbers at once, for goals and the value of information; a power of two."""

    number: int = Field(ge=64, le=131_072)


class Goal(Section):
    """What a conclusion rests on, as ``net_funded_viable_n >= 5``."""

    goal: str = Field(min_length=1)
    policy: str = ""


class Information(Section):
    """A choice between options by a weighted sum of outcomes, policy less baseline.

    `unit_en` and `unit_zh` say what the sum counts.
    """

    options: Names = Field(min_length=2)
    objective: dict[str, Number] = Field(min_length=1)
    unit_en: str = Field(min_length=1)
    unit_zh: str = Field(min_length=1)
    note: str = Field(min_length=1)


class SensitivityPlan(Section):
    """A valid plan of a sensitivity study.

    `scenario` and `policies` are files beside the plan, `priors` a name or a file or empty,
    `numbers` patterns of dotted names of beliefs. Outcomes begin with ``net_`` if they are the
    difference of each policy from the scenario.
    """

    schema_version: Literal[1]
    scenario: str = Field(min_length=1)
    priors: str
    numbers: Names = Field(min_length=1)
    outcomes: Names = Field(min_length=1)
    meta: PlanMeta
    run: SensitivityRun
    changes: Names = ()
    policies: dict[str, str] = Field(default_factory=dict)
    screening: ScreeningPlan | None = None
    indices: IndicesPlan | None = None
    tornado: TornadoPlan | None = None
    draws: DrawsPlan | None = None
    goals: dict[str, Goal] = Field(default_factory=dict)
    information: Information | None = None
