"""A scenario number: its value or belief, its unit, where it comes from, how good it is."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, GetCoreSchemaHandler, StrictFloat, StrictInt
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from finmodel.scenario.distributions import Distribution

Grade = Literal["official", "academic", "commercial", "assumed"]

USER_SOURCE = "user"
ASSUMED_SOURCE = "assumption"


class Quantity(BaseModel):
    """One number of a scenario with its evidence.

    Attributes
    ----------
    value : float or Distribution
        The number, or the belief about it.
    unit : str
        Must equal the unit the field declares.
    source : str
        Source id(s) in `data/sources.csv` joined by ``;``, `assumption`, or `user`.
    grade : {'official', 'academic', 'commercial', 'assumed'}
        How good the source is for this use.
    note : str
        How the number follows from the source.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    value: StrictFloat | StrictInt | Distribution
    unit: str
    source: str = Field(min_length=1)
    grade: Grade
    note: str = ""

    @property
    def centre(self) -> float:
        """The value, or the median of the belief."""
        return float(self.value) if isinstance(self.value, int | float) else self.value.centre

    @property
    def is_uncertain(self) -> bool:
        """Whether the number is a belief rather than one value."""
        return not isinstance(self.value, int | float)

    def at(self, p: float) -> float:
        """Return the value at probability `p` of the belief (the value itself if certain)."""
        return float(self.value) if isinstance(self.value, int | float) else self.value.quantile(p)


@dataclass(frozen=True, slots=True)
class Spec:
    """Unit and allowed range of a quantity field; used as ``Annotated[Quantity, Spec(...)]``.

    Attributes
    ----------
    unit : str
        The one unit the field accepts.
    low, high : float
        Allowed range of the value, or of every draw of a belief.
    is_low_open : bool
        Whether `low` itself is refused.
    is_whole : bool
        Whether only whole numbers are accepted.
    meaning : str
        One line for `finmodel schema` and the assumptions table.
    """

    unit: str
    low: float
    high: float
    meaning: str
    is_low_open: bool = False
    is_whole: bool = False

    @property
    def allowed(self) -> str:
        """The range in words."""
        left = "(" if self.is_low_open else "["
        right = f"{self.high:g}]" if math.isfinite(self.high) else "inf)"
        kind = "whole number" if self.is_whole else "number"
        return f"{kind} in {left}{self.low:g}, {right} {self.unit}"

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        inner = handler(source)
        return core_schema.no_info_before_validator_function(
            self._accept_bare, core_schema.no_info_after_validator_function(self._check, inner)
        )

    def _accept_bare(self, raw: object) -> object:
        """Let a user write a bare number: the unit is the field's, the source is the user."""
        is_number = isinstance(raw, int | float) and not isinstance(raw, bool)
        if is_number or (isinstance(raw, dict) and "dist" in raw):
            return {"value": raw, "unit": self.unit, "source": USER_SOURCE, "grade": "assumed"}
        if not isinstance(raw, dict | Quantity):
            raise PydanticCustomError(
                "quantity", "{allowed}", {"allowed": f"{self.allowed}, or a table with a value"}
            )
        return raw

    def _check(self, quantity: Quantity) -> Quantity:
        if quantity.unit != self.unit:
            raise PydanticCustomError(
                "quantity_unit",
                "{allowed}",
                {"allowed": f"unit {self.unit!r}", "given": quantity.unit, "at": "unit"},
            )
        if isinstance(quantity.value, int | float):
            ends: tuple[float, ...] = (float(quantity.value),)
        else:
            ends = quantity.value.support()
        for end in ends:
            outside = end < self.low or end > self.high or (self.is_low_open and end <= self.low)
            if outside or (self.is_whole and end != int(end)):
                raise PydanticCustomError(
                    "quantity_range",
                    "{allowed}",
                    {"allowed": self.allowed, "given": f"{end:g}", "at": "value"},
                )
        return quantity
