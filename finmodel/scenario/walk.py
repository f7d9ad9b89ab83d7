"""Walk over the numbers of a scenario by dotted name; fix beliefs at a probability."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TypeVar, get_args

import pandas as pd
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from finmodel.scenario.distributions import Distribution
from finmodel.scenario.quantity import Quantity, Spec
from finmodel.scenario.schema import Scenario

Root = TypeVar("Root", bound=BaseModel)


def quantities(scenario: BaseModel) -> Iterator[tuple[str, Quantity]]:
    """Yield ``(dotted name, quantity)`` for every number, in the order of the schema."""
    yield from _walk(scenario, "")


def _walk(node: object, prefix: str) -> Iterator[tuple[str, Quantity]]:
    if isinstance(node, Quantity):
        yield prefix, node
    elif isinstance(node, BaseModel):
        for name in type(node).model_fields:
            yield from _walk(getattr(node, name), f"{prefix}.{name}" if prefix else name)
    elif isinstance(node, Mapping):
        for name, item in node.items():
            yield from _walk(item, f"{prefix}.{name}" if prefix else str(name))
    elif isinstance(node, tuple):
        for place, item in enumerate(node):
            yield from _walk(item, f"{prefix}.{place}")


def declared(scenario: BaseModel) -> Iterator[tuple[str, Quantity, Spec]]:
    """Yield ``(dotted name, quantity, what its field allows)``, in the order of the schema."""
    yield from _declared(scenario, "", None)


def _declared(node: object, prefix: str, spec: Spec | None) -> Iterator[tuple[str, Quantity, Spec]]:
    if isinstance(node, Quantity):
        assert spec is not None, f"{prefix}: every number is declared with its range"
        yield prefix, node, spec
    elif isinstance(node, BaseModel):
        for name, field in type(node).model_fields.items():
            inside = f"{prefix}.{name}" if prefix else name
            yield from _declared(getattr(node, name), inside, _spec_of(field))
    elif isinstance(node, Mapping):
        for name, item in node.items():
            yield from _declared(item, f"{prefix}.{name}", spec)
    elif isinstance(node, tuple):
        for place, item in enumerate(node):
            yield from _declared(item, f"{prefix}.{place}", spec)


def _spec_of(field: FieldInfo) -> Spec | None:
    """Return what a field, or each entry of a table, allows; None if it is no number."""
    args = get_args(field.annotation)
    inner = getattr(args[1], "__metadata__", ()) if len(args) == 2 and args[0] is str else ()
    return next((item for item in (*field.metadata, *inner) if isinstance(item, Spec)), None)


def assumptions(scenario: BaseModel) -> pd.DataFrame:
    """Return every number with its range, unit, source and grade.

    Returns
    -------
    DataFrame
        One row a number: `name` (dotted), `value` (the centre), `low`, `high` (5 and
        95 % points of a belief, NaN if certain), `unit`, `grade`, `source`, `note`.
    """
    nan = float("nan")
    rows = [
        {
            "name": name,
            "value": quantity.centre,
            "low": quantity.at(0.05) if quantity.is_uncertain else nan,
            "high": quantity.at(0.95) if quantity.is_uncertain else nan,
            "unit": quantity.unit,
            "grade": quantity.grade,
            "source": quantity.source,
            "note": quantity.note,
        }
        for name, quantity in quantities(scenario)
    ]
    return pd.DataFrame(rows)


def fix_beliefs(scenario: Root, level: Callable[[str], float]) -> Root:
    """Return the scenario with each belief replaced by its value at ``level(name)``.

    Parameters
    ----------
    scenario : Scenario or another section
        May hold distributions.
    level : callable
        Maps a dotted name to a probability in (0, 1); ``lambda _: 0.5`` gives the centre.
    """
    beliefs = {name: item for name, item in quantities(scenario) if item.is_uncertain}
    return with_values(scenario, {name: item.at(level(name)) for name, item in beliefs.items()})


def with_values(scenario: Root, values: Mapping[str, float | Distribution]) -> Root:
    """Return the scenario with the values or beliefs of the numbers named put in their place."""

    def change(name: str, quantity: Quantity) -> Quantity:
        return quantity.model_copy(update={"value": values[name]}) if name in values else quantity

    changed = _change(scenario, "", change)
    assert isinstance(changed, type(scenario))
    return changed


def _change(node: object, prefix: str, change: Callable[[str, Quantity], Quantity]) -> object:
    if isinstance(node, Quantity):
        return change(prefix, node)
    if isinstance(node, BaseModel):
        changed = {
            name: _change(getattr(node, name), f"{prefix}.{name}" if prefix else name, change)
            for name in type(node).model_fields
        }
        return node.model_copy(update=changed)
    if isinstance(node, Mapping):
        return {name: _change(item, f"{prefix}.{name}", change) for name, item in node.items()}
    if isinstance(node, tuple):
        return tuple(_change(item, f"{prefix}.{place}", change) for place, item in enumerate(node))
    return node


def parameters() -> pd.DataFrame:
    """Return every numeric field of the schema: `name`, `unit`, `allowed`, `meaning`.

    Names of tables keyed by the user (stages, sectors, funds, regions) show as ``*``.
    """
    return pd.DataFrame(list(_fields(Scenario, "")))


def _fields(model: type[BaseModel], prefix: str) -> Iterator[dict[str, str]]:
    for name, field in model.model_fields.items():
        dotted = f"{prefix}{name}"
        annotation, specs = field.annotation, [m for m in field.metadata if isinstance(m, Spec)]
        args = get_args(annotation)
        if len(args) == 2 and args[0] is str:
            annotation, dotted = args[1], f"{dotted}.*"
            specs = [m for m in getattr(annotation, "__metadata__", ()) if isinstance(m, Spec)]
        if specs:
            spec = specs[0]
            yield {
                "name": dotted,
                "unit": spec.unit,
                "allowed": spec.allowed,
                "meaning": spec.meaning,
            }
        elif isinstance(annotation, type) and issubclass(annotation, BaseModel):
            yield from _fields(annotation, f"{dotted}.")
