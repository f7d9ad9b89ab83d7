"""What all sections of a scenario share: strictness, and short ways to declare a number."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict

from finmodel.scenario.quantity import Quantity, Spec

Share = Annotated[Quantity, Spec("share", 0.0, 1.0, "a share")]


class Section(BaseModel):
    """A part of a scenario: unknown keys are refused, values cannot change."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


def within(unit: str, low: float, high: float, meaning: str) -> Spec:
    """Declare a number in ``[low, high]``."""
    return Spec(unit, low, high, meaning)


def positive(unit: str, high: float, meaning: str) -> Spec:
    """Declare a number in ``(0, high]``."""
    return Spec(unit, 0.0, high, meaning, is_low_open=True)


def whole(unit: str, low: float, high: float, meaning: str) -> Spec:
    """Declare a whole number in ``[low, high]``."""
    return Spec(unit, low, high, meaning, is_whole=True)
