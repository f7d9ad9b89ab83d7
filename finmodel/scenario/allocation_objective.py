"""Objectives that a plan cannot mean: weights that cancel, or that reward a wider gap."""

from __future__ import annotations

from collections.abc import Mapping

from finmodel.errors import Problem

SUMS: Mapping[str, Mapping[str, float]] = {
    f"{name}_{side}": {f"{part}_{side}": weight for part, weight in parts.items()}
    for side in ("n", "mcny")
    for name, parts in {
        "gap_closed": {"gap": -1.0},
        "viable_ask": {"funded_viable": 1.0, "gap": 1.0},
    }.items()
}
"""Measures that are sums of others on every path."""
_NOTHING = 1e-12  # of the largest weight: what rounding leaves of weights that cancel


def check_objective(weights: Mapping[str, float], place: str) -> list[Problem]:
    """Return what is wrong with the weights of an objective.

    Parameters
    ----------
    weights : mapping of float
        By measure.
    place : str
        File and key.

    Returns
    -------
    list of Problem
        Every split is worth the same, 0, if weights cancel by the sums that hold on every path.
    """
    if all(weight == 0.0 for weight in weights.values()):
        return [Problem(place, "all weights 0", "a weight other than 0")] if weights else []
    problems = []
    for side in ("n", "mcny"):
        gap, closed = f"gap_{side}", f"gap_closed_{side}"
        if weights.get(gap, 0.0) > 0.0:
            allowed = f"below 0, a gap being no gain; or {closed}"
            problems.append(Problem(f"{place}.{gap}", f"{weights[gap]:g}", allowed))
        if weights.get(closed, 0.0) < 0.0:
            problems.append(Problem(f"{place}.{closed}", f"{weights[closed]:g}", "0 or more"))
    net: dict[str, float] = {}
    for name, weight in weights.items():
        for part, own in SUMS.get(name, {name: 1.0}).items():
            net[part] = net.get(part, 0.0) + own * weight
    largest = max(abs(weight) for weight in weights.values())
    if all(abs(weight) <= _NOTHING * largest for weight in net.values()):
        given = ", ".join(f"{name} {weight:g}" for name, weight in weights.items())
        allowed = "weights that do not cancel: gap_closed is less gap, viable_ask funded and gap"
        problems.append(Problem(place, given, allowed))
    return problems
