"""Move numbers of a scenario by factors, keeping tables of shares whole."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pydantic import BaseModel

from finmodel.scenario.quantity import Quantity
from finmodel.scenario.schema import Scenario
from finmodel.scenario.walk import quantities


def moved_values(
    scenario: Scenario, factors: Mapping[str, float], normalise: Sequence[str] = ()
) -> dict[str, float]:
    """Return what numbers become when some are multiplied.

    Parameters
    ----------
    scenario : Scenario
    factors : mapping of str to float
        By dotted name; of the centre of a belief.
    normalise : sequence of str
        Tables whose numbers are divided by their sum afterwards, such as
        ``births.region_index``; ``*`` stands for one name, as in ``sectors.*.birth_share``.

    Returns
    -------
    dict of str to float
        By dotted name, all numbers that moved and all of the tables.
    """
    centres = {name: quantity.centre for name, quantity in quantities(scenario)}
    values = {name: centres[name] * factor for name, factor in factors.items()}
    for table in normalise:
        members = {name: values.get(name, centres[name]) for name in members_of(table, centres)}
        total = sum(members.values())
        values |= {name: value / total for name, value in members.items()}
    return values


def members_of(table: str, names: Mapping[str, float]) -> list[str]:
    """Return the dotted names of a table of shares, in the order of the scenario."""
    parts = table.split(".")
    if "*" not in parts:
        parts = [*parts, "*"]
    found = []
    for name in names:
        own = name.split(".")
        if len(own) == len(parts) and all(p in ("*", q) for p, q in zip(parts, own, strict=True)):
            found.append(name)
    return found


def with_values(scenario: Scenario, values: Mapping[str, float]) -> Scenario:
    """Return the scenario with the named numbers set, and nothing checked again.

    A belief becomes the value. Names that the scenario does not have are an error of the caller.
    """
    left = set(values)
    changed = _set(scenario, "", values, left)
    if left:
        raise KeyError(f"no number called {', '.join(sorted(left))}")
    assert isinstance(changed, Scenario)
    return changed


def _set(node: object, prefix: str, values: Mapping[str, float], left: set[str]) -> object:
    if isinstance(node, Quantity):
        if prefix not in values:
            return node
        left.discard(prefix)
        return node.model_copy(update={"value": float(values[prefix])})
    if isinstance(node, BaseModel):
        names = type(node).model_fields
        items = {name: (getattr(node, name), f"{prefix}.{name}".lstrip(".")) for name in names}
        return node.model_copy(
            update={name: _set(item, at, values, left) for name, (item, at) in items.items()}
        )
    if isinstance(node, Mapping):
        return {name: _set(item, f"{prefix}.{name}", values, left) for name, item in node.items()}
    if isinstance(node, tuple):
        return tuple(_set(item, f"{prefix}.{k}", values, left) for k, item in enumerate(node))
    return node
