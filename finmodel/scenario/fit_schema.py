"""The plan of a fit in a file: which numbers of a scenario move, and to which targets."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, Strict

from finmodel.scenario.correlations import Correlation
from finmodel.scenario.fund_plan_schema import PlanMeta
from finmodel.scenario.quantity import Grade
from finmodel.scenario.section import Section

Names = Annotated[tuple[str, ...], Strict(False)]


class FitRun(Section):
    """The draws a fit is made on, and the size of the market it is made in.

    `check_paths` and `check_scale` are those of the run that shows where the fit stands, on
    draws of its own (`check_seed`).
    """

    paths: int = Field(ge=2, le=100_000)
    scale: float = Field(gt=0.0, le=1.0)
    seed: int = Field(ge=0, lt=2**63)
    check_paths: int = Field(ge=2, le=100_000)
    check_scale: float = Field(gt=0.0, le=1.0)
    check_seed: int = Field(ge=0, lt=2**63)


class FitParameter(Section):
    """Numbers of the scenario that move together, by one factor.

    `low` and `high` bound the factor on what the base scenario says.
    """

    keys: Names = Field(min_length=1)
    low: float = Field(gt=0.0, lt=1.0)
    high: float = Field(gt=1.0, le=1000.0)
    note: str = Field(min_length=1)


class EvidenceCorrelation(Correlation):
    """Correlation of the errors that the evidence of two targets has; the others are independent.

    Why they go together is said in full: `source`, `grade` and `note` have no defaults.
    """

    source: str = Field(min_length=1)
    grade: Grade
    note: str = Field(min_length=1)


class FitPlan(Section):
    """A valid plan of a fit.

    `base` is a scenario beside the plan, `targets` names of data/evidence/targets.csv. Tables of
    shares are divided by their sum after a move. `correlations` are those of the errors of targets
    that share a source or firms: they change the errors of estimates and J, not the weights.
    """

    schema_version: Literal[1]
    meta: PlanMeta
    base: str = Field(min_length=1)
    run: FitRun
    targets: Names = Field(min_length=1)
    parameters: dict[str, FitParameter] = Field(min_length=1)
    correlations: Annotated[tuple[EvidenceCorrelation, ...], Strict(False)] = ()
