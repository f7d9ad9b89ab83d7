"""Private money that vehicles look for, beside what private investors of a province have."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from pydantic import ValidationError

from finmodel.report.wording import Wording
from finmodel.scenario import Scenario
from finmodel.units import QUARTERS_PER_YEAR
from finmodel.world import build_world
from finmodel.world.arrays import CO_INVESTMENT, DIRECT, FUND_OF_FUNDS

RAISING = (FUND_OF_FUNDS, CO_INVESTMENT, DIRECT)
"""Vehicles that raise private money beside the state's; grants and guarantees have none."""


class PrivateMoney(NamedTuple):
    """Private money of a region, million CNY a year.

    Attributes
    ----------
    region : str
    sought : float
        By vehicles of the programmes that run at once, if all their public money is placed; in
        the busiest quarter, as of a year.
    usual : float
        What the class of private LPs commits to ordinary funds there.
    """

    region: str
    sought: float
    usual: float


def private_money(scenario: Scenario) -> tuple[PrivateMoney, ...]:
    """Return what vehicles of each region look for, and what private LPs there usually give.

    A state share ``s`` of a vehicle with public money ``b`` leaves ``b (1 - s) / s`` to private
    investors. Part of it is moved from other funds, the rest taken as new to the market
    (`new_private_share`): nothing in the model limits the rest by what there is.

    Returns
    -------
    tuple of PrivateMoney
        Of every region, in the order of the scenario, at the scale of the run.
    """
    world = build_world(scenario)
    arrays = world.arrays
    programmes = arrays.programmes
    if not len(programmes):
        return ()
    share = np.where(np.isin(programmes["vehicle"], RAISING), programmes["state_share"], 1.0)
    by_programme = arrays.programme_budget_pp * ((1.0 - share) / share)[:, None]
    first, last = programmes["first_quarter"], programmes["last_quarter"]
    # The most is sought in a quarter in which one starts.
    runs = (first[None, :] <= first[:, None]) & (first[:, None] < last[None, :])
    sought = (runs.astype(np.float64) @ by_programme).max(axis=0)
    return tuple(
        PrivateMoney(region, QUARTERS_PER_YEAR * float(mine), QUARTERS_PER_YEAR * float(usual))
        for region, mine, usual in zip(world.regions, sought, arrays.private_supply_pp, strict=True)
    )


def private_warning(money: Iterable[PrivateMoney], wording: Wording) -> str:
    """Return what is to be known where vehicles look for more than there is; nothing elsewhere."""
    short = [item for item in money if item.sought > item.usual]
    if not short:
        return ""
    places = [
        wording.text(
            "private_money",
            "place",
            name=wording.name(item.region),
            sought=wording.money(item.sought),
            usual=wording.money(item.usual),
        )
        for item in short
    ]
    between = wording.text("private_money", "between")
    return wording.text("private_money", "warning", places=between.join(places))


@lru_cache(maxsize=32)
def _of_tree(text: str) -> tuple[str, tuple[PrivateMoney, ...]] | None:
    """Return the name and the money of a stored scenario, None if this version cannot read it.

    Pages ask for the same result at every click.
    """
    try:
        scenario = Scenario.model_validate_json(text)
    except ValidationError:
        return None
    return scenario.meta.name, private_money(scenario)


def warnings_of(manifest: Mapping[str, object], wording: Wording) -> dict[str, str]:
    """Return the warnings of a stored comparison's policies, by name; of those that need one.

    A scenario that this version cannot read has none.
    """
    trees, found = manifest.get("scenarios"), {}
    for tree in trees if isinstance(trees, list) else []:
        known = _of_tree(json.dumps(tree))
        text = private_warning(known[1], wording) if known else ""
        if known and text:
            found[known[0]] = text
    return found


def cautions(
    manifest: Mapping[str, object], policies: Iterable[str], wording: Wording
) -> list[str]:
    """Return the warnings of some policies of a stored comparison, each with the policy's name."""
    found = warnings_of(manifest, wording)
    return [
        wording.text("memo", "caution", policy=wording.name(policy), text=found[policy])
        for policy in policies
        if policy in found
    ]
