"""The plan of a batch in a file: scenarios, a grid of values, a design of points."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, Strict

from finmodel.scenario.fund_plan_schema import PlanMeta
from finmodel.scenario.section import Section

Names = Annotated[tuple[str, ...], Strict(False)]
Seeds = Annotated[
    tuple[Annotated[int, Field(ge=0, lt=2**63)], ...], Strict(False), Field(min_length=1)
]
GridValues = Annotated[tuple[float | int, ...], Strict(False), Field(min_length=1)]
MOST_UNITS = 1_000_000


class BatchRun(Section):
    """The luck every unit is played on.

    `paths` by default is each scenario's. With `seeds` every unit is played once on each.
    """

    paths: int | None = Field(default=None, ge=1, le=1_000_000)
    seeds: Seeds


class BatchRange(Section):
    """An interval of a number, laid evenly on its own scale or that of its log."""

    low: float
    high: float
    scale: Literal["linear", "log"] = "linear"


class BatchDesign(Section):
    """Points over ranges of numbers and over beliefs of the scenarios.

    `latin_hypercube` and `sobol` lay `points` points, scrambled by `seed`; `full_factorial` all
    combinations of `levels` values of each. `beliefs` are patterns of dotted names, as
    ``stages.*``: points are quantiles of what the scenario believes, with its correlations.
    """

    kind: Literal["latin_hypercube", "sobol", "full_factorial"]
    points: int | None = Field(default=None, ge=1, le=MOST_UNITS)
    levels: int | None = Field(default=None, ge=2, le=1000)
    seed: int = Field(default=0, ge=0, lt=2**63)
    beliefs: Names = ()
    ranges: dict[str, BatchRange] = Field(default_factory=dict)


class BatchPlan(Section):
    """A valid plan of a batch.

    `scenarios` are files beside the plan; `set` changes every one, as ``run.scale=0.01``. Each key
    of `grid` takes each of its values, in all combinations; a key that only some scenarios have is
    left out of the others. With `baseline`, the name of one scenario, the others are held against
    it, path by path, where seed, grid and design are the same.
    """

    schema_version: Literal[1]
    meta: PlanMeta
    scenarios: Names = Field(min_length=1)
    set: Names = ()
    run: BatchRun
    baseline: str = ""
    grid: dict[str, GridValues] = Field(default_factory=dict)
    design: BatchDesign | None = None
