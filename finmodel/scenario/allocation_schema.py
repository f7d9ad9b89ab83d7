"""The plan of an allocation in a file: what is split, between whom, for what, within what."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, Strict

from finmodel.scenario.fund_plan_schema import PlanMeta
from finmodel.scenario.quantity import Quantity
from finmodel.scenario.section import Section, Share, positive, within

Names = Annotated[tuple[str, ...], Strict(False)]
Seed = Annotated[int, Field(ge=0, lt=2**62)]


class AllocationRun(Section):
    """Whose luck, how much of it, and in how large a market.

    `first_paths` are those of every split tried; the last race has `paths`, the test on other
    luck `fresh_paths`, both whole multiples of it. The seeds ``seed``, ``seed + 1`` ... and
    ``fresh_seed``, ``fresh_seed + 1`` ... play `first_paths` each.
    """

    scale: float = Field(gt=0.0, le=1.0)
    first_paths: int = Field(ge=4, le=10_000)
    paths: int = Field(ge=4, le=100_000)
    fresh_paths: int = Field(ge=4, le=100_000)
    seed: Seed
    fresh_seed: Seed


class SearchSize(Section):
    """How many splits are tried; see :mod:`finmodel.allocate.search`."""

    design: int = Field(ge=1, le=1000)
    rounds: int = Field(ge=1, le=100)
    batch: int = Field(ge=1, le=50)
    finalists: int = Field(ge=1, le=50)
    seed: Seed


class Slot(Section):
    """A programme that gets a part of the money: its stages, vehicle and clauses.

    `programme` is laid over the template, key by key.
    """

    label_en: str = Field(min_length=1)
    label_zh: str = Field(min_length=1)
    programme: dict[str, Any] = Field(default={})


class Limit(Section):
    """A floor and a cap, shares of the budget, on cells together or on each of them.

    No region named stands for all of them, no sector for all sectors, and no slot for all slots.
    """

    regions: Names = ()
    sectors: Names = ()
    slots: Names = ()
    low: Share
    high: Share
    each: bool = False


class RiskBound(Section):
    """A bound on losses in one measure, at the full size of the market, against the baseline."""

    measure: str
    kind: Literal["chance", "cvar"]
    most: Annotated[
        Quantity, within("share or measure", -1e9, 1e9, "chance, or mean loss of the worst paths")
    ]
    threshold: Annotated[Quantity, within("measure", -1e9, 1e9, "loss whose chance is bounded")]
    level: Annotated[Quantity, within("share", 0.5, 0.999, "of the paths that are not the worst")]


class Future(Section):
    """Numbers of the scenario that may be otherwise; `note` says why."""

    note: str = Field(min_length=1)
    changes: dict[str, float] = Field(min_length=1)


class Futures(Section):
    """What is not known: named changes of the scenario, or draws of its beliefs, all as likely.

    The scenario as it stands is one more, `base`. `draws` of beliefs come from `seed`.
    """

    named: dict[str, Future] = Field(default={})
    draws: int = Field(default=0, ge=0, le=200)
    seed: Seed = 1


class FrontierAsked(Section):
    """Against which risk the frontier is drawn."""

    measure: str
    kind: Literal["chance", "cvar"]
    threshold: float = 0.0
    level: float = Field(default=0.9, ge=0.5, le=0.999)
    points: int = Field(default=6, ge=2, le=50)


class Question(Section):
    """Which budget, or which value of a clause of all slots, reaches a goal on enough paths.

    `vary` is ``budget_mcny_pa`` or another number of a programme.
    """

    vary: str
    low: float
    high: float
    measure: str
    goal: float
    probability: float = Field(gt=0.0, lt=1.0)


class AllocationPlan(Section):
    """A valid plan of an allocation.

    `scenario` is a file beside the plan; `regions` are some of its own, and `sectors`, too. With
    sectors every slot is a programme for each: its mandate over sectors is that one alone.
    """

    schema_version: Literal[1]
    meta: PlanMeta
    scenario: str = Field(min_length=1)
    regions: Names = Field(min_length=1)
    sectors: Names = ()
    budget_mcny_pa: Annotated[Quantity, positive("mcny/year", 1e8, "to split")]
    least_spent: Share
    template: dict[str, Any] = Field(min_length=1)
    slots: dict[str, Slot] = Field(min_length=1)
    limits: dict[str, Limit] = Field(default={})
    objective: dict[
        str, Annotated[Quantity, within("points per unit", -1e9, 1e9, "worth of one more")]
    ] = Field(min_length=1)
    criteria: Annotated[tuple[Literal["expected", "maximin", "regret"], ...], Strict(False)] = (
        "expected",
    )
    risks: dict[str, RiskBound] = Field(default={})
    caution: float = Field(default=0.0, ge=0.0, le=4.0)
    current: dict[str, Share] = Field(default={})
    futures: Futures = Field(default=Futures())
    run: AllocationRun
    search: SearchSize
    marginal_step: Annotated[Quantity, within("share", 0.005, 0.5, "of the budget, moved")]
    frontier: FrontierAsked | None = None
    questions: dict[str, Question] = Field(default={})
