"""A scenario number: its value or belief, its unit, where it comes from, how good it is."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    StrictFloat,
    StrictInt,
    ValidationError,
)
from pydantic_core import CoreSchema, ErrorDetails, PydanticCustomError, core_schema

from finmodel.errors import nearest_name
from finmodel.scenario.distributions import SHAPES, Discrete, Distribution, _Distribution
from finmodel.scenario.words import plain_words

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
            raw = {"value": raw, "unit": self.unit, "source": USER_SOURCE, "grade": "assumed"}
        if isinstance(raw, Quantity):
            return raw
        if not isinstance(raw, dict):
            raise self._refusal(raw, "", f"{self.allowed}, or a table with a value")
        return {**raw, "value": self._value(raw["value"])} if "value" in raw else raw

    def _value(self, value: object) -> object:
        """Return a value ready for the model, or refuse it with this field's range."""
        if isinstance(value, dict):
            return self._belief(value)
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        if isinstance(value, _Distribution) or (is_number and _is_finite(value)):
            return value
        raise self._refusal(value, "value", f"{self.allowed}, or a distribution")

    def _belief(self, table: dict[str, object]) -> _Distribution:
        """Return the distribution a table describes, or refuse it naming every fault."""
        name = table.get("dist")
        shape = SHAPES.get(name) if isinstance(name, str) else None
        if shape is None:
            near = nearest_name(str(name), SHAPES) if name else ""
            given = f"dist = {name!r}" if "dist" in table else "no dist"
            raise self._refusal(given, "value", f"dist one of {', '.join(SHAPES)}", near)
        try:
            return shape.model_validate(table)
        except ValidationError as error:
            faults = [_fault_of_belief(detail, shape, table) for detail in error.errors()]
            raise PydanticCustomError("belief", "{faults}", {"faults": faults}) from None

    def _refusal(
        self, given: object, at: str, allowed: str, nearest: str = ""
    ) -> PydanticCustomError:
        text = (
            given if isinstance(given, str) and given.startswith(("dist", "no ")) else repr(given)
        )
        context = {"allowed": allowed, "given": text, "at": at, "nearest": nearest}
        return PydanticCustomError("quantity", "{allowed}", context)

    def _check(self, quantity: Quantity) -> Quantity:
        if quantity.unit != self.unit:
            raise self._refusal(quantity.unit, "unit", f"unit {self.unit!r}")
        value = quantity.value
        if isinstance(value, int | float):
            ends: tuple[float, ...] = (float(value),)
        elif self.is_whole:
            if not isinstance(value, Discrete):
                raise self._refusal(
                    f"dist = {value.dist!r}", "value", "a discrete distribution of whole numbers"
                )
            ends = value.values
        else:
            ends = value.support()
        for end in ends:
            outside = end < self.low or end > self.high or (self.is_low_open and end <= self.low)
            if outside or (self.is_whole and end != int(end)):
                context = {
                    "allowed": self.allowed,
                    "given": f"{end:g}",
                    "at": "value",
                    "nearest": "",
                }
                raise PydanticCustomError("quantity", "{allowed}", context)
        return quantity


def _is_finite(value: object) -> bool:
    try:
        return math.isfinite(float(value))  # type: ignore[arg-type]
    except OverflowError:
        return False


def _fault_of_belief(
    detail: ErrorDetails, shape: type[BaseModel], table: dict[str, object]
) -> dict[str, str]:
    """Return where in a belief the fault is, what was given and what is allowed."""
    at = ".".join(str(part) for part in ("value", *detail["loc"]))
    names, last = list(shape.model_fields), str(detail["loc"][-1]) if detail["loc"] else ""
    if detail["type"] == "missing":
        return {"at": at, "given": "nothing", "allowed": "a value is required here", "nearest": ""}
    if detail["type"] == "extra_forbidden":
        near = nearest_name(last, names)
        allowed = f"one of {', '.join(names)}"
        return {"at": at, "given": f"unknown key {last!r}", "allowed": allowed, "nearest": near}
    given = repr(detail["input"]) if detail["loc"] else f"{table}"
    allowed = str((detail.get("ctx") or {}).get("error") or plain_words(detail))
    return {"at": at, "given": given[:120], "allowed": allowed, "nearest": ""}
