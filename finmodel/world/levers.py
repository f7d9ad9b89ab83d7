"""The levers of policy besides guidance programmes, as changes of the arrays of a world.

Each function takes a scenario and what has been built so far and returns it changed. With a
lever at zero it multiplies by one or adds zero, which are exact, so no bit moves.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from finmodel import datasets
from finmodel.scenario import Quantity, Scenario
from finmodel.world.arrays import FloatArray, Table

DEEPENED = ("ipo_pp", "mna_pp", "transfer_pp")
"""Hazards that a deeper exit market raises; buy-backs are paid by the firm itself."""


class StageFactors(NamedTuple):
    """What levers do to the stages of each region.

    Attributes
    ----------
    milestone : ndarray of shape (R, K, S)
        Factor on the milestone hazard.
    spending : ndarray of shape (R,)
        Factor on what firms burn and ask.
    exits : ndarray of shape (R,)
        Factor on the hazards of IPOs, sales and transfers.
    """

    milestone: FloatArray
    spending: FloatArray
    exits: FloatArray


def stage_factors(scenario: Scenario) -> StageFactors:
    """Return the factors of all levers on the stages of each region."""
    return StageFactors(
        milestone=np.exp(_log_milestone(scenario)),
        spending=spending_left(scenario),
        exits=np.exp(_log_exits(scenario)),
    )


def adjusted_stages(table: Table, spending: float, exits: float) -> Table:
    """Return the stages of a region with relief of spending and a deeper exit market.

    Burn and ask fall together, so that a round pays for as many quarters as before. Prices
    and exit values stay: what a firm is worth does not fall because its costs do.

    Parameters
    ----------
    table : ndarray of STAGE_ROW, shape (K, S)
    spending, exits : float
        Factors, above 0.

    Returns
    -------
    ndarray of STAGE_ROW, shape (K, S)
    """
    result = table.copy()
    result["ask"] *= spending
    result["burn_pp"] *= spending
    result["log_ask"] = np.log(result["ask"])
    for name in DEEPENED:
        result[name] *= exits
    return result


def more_births(scenario: Scenario, birth_rate_pp: FloatArray) -> FloatArray:
    """Return births with those of joint laboratories and universities, hard technology only.

    Firms are added: no rate of another region or sector falls.

    Parameters
    ----------
    scenario : Scenario
    birth_rate_pp : ndarray of shape (R, S)

    Returns
    -------
    ndarray of shape (R, S)
    """
    corridor, university = scenario.levers.corridor, scenario.levers.actors.university
    joint = corridor.joint_lab_births.centre * by_region(scenario, corridor.members)
    founded = university.birth_gain.centre * by_region(scenario, university.presence)
    factor = (1.0 + joint) * (1.0 + founded)
    return np.where(_is_hard_tech(scenario), birth_rate_pp * factor[:, None], birth_rate_pp)


def nearer(scenario: Scenario, nearness: FloatArray) -> FloatArray:
    """Return nearness with lower barriers, first everywhere, then within the corridor.

    A relief ``b`` turns ``n`` into ``n + b (1 - n)`` and leaves what is near already. In the
    corridor ``b`` is `friction_relief` times the shares of both regions that lie in it.

    Parameters
    ----------
    scenario : Scenario
    nearness : ndarray of shape (R, R, T)
        Fund region, firm region, fund type; one at home.

    Returns
    -------
    ndarray of shape (R, R, T)
    """
    corridor = scenario.levers.corridor
    member = by_region(scenario, corridor.members)
    result = _closer(nearness, scenario.levers.barriers.border_relief.centre)
    within = corridor.friction_relief.centre * member[:, None] * member[None, :]
    return _closer(result, within[:, :, None])


def away_noise(scenario: Scenario) -> FloatArray:
    """Return the noise across a border over that at home, by fund type, shape (T,).

    `noise_relief` takes its share of what is above one.
    """
    multiple = np.array([fund.away_noise_multiple.centre for fund in scenario.funds.values()])
    extra = np.maximum(multiple - 1.0, 0.0)
    return multiple - scenario.levers.barriers.noise_relief.centre * extra


def better_met(
    scenario: Scenario, meetings: FloatArray, noise: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Return the factors on meetings and noise with the actors of finance and brokerage.

    Gains in meetings add up with those of today's intermediaries; parts of the noise taken
    away compound.

    Parameters
    ----------
    scenario : Scenario
    meetings, noise : ndarray of shape (R,)

    Returns
    -------
    meetings, noise : ndarray of shape (R,)
    """
    actors = scenario.levers.actors
    broker = by_region(scenario, actors.intermediary.presence)
    added = actors.finance.meeting_gain.centre * by_region(scenario, actors.finance.presence)
    added += actors.intermediary.meeting_gain.centre * broker
    return meetings + added, noise * (1.0 - actors.intermediary.precision_gain.centre * broker)


def cluster_strength(scenario: Scenario) -> FloatArray:
    """Return the strength of each sector in each region in points, shape (R, S)."""
    place = {region: r for r, region in enumerate(scenario.geography.regions)}
    sectors = {sector: s for s, sector in enumerate(scenario.sectors)}
    strength = np.zeros((len(place), len(sectors)))
    for key, points in scenario.clusters.strength.items():
        region, _, sector = key.partition("/")
        if region in place:
            strength[place[region], sectors[sector]] = points.centre
    return strength


def neighbour_weights(scenario: Scenario) -> FloatArray:
    """Return the weight of each other region for a region, shape (R, R), zero at home.

    It is ``(km / reference_km) ** -distance_elasticity``, as for meetings, over the number of
    other regions: a mean over them in which what is far away counts for less.
    """
    regions, friction = scenario.geography.regions, scenario.friction
    distance = datasets.distance_km(regions)
    np.fill_diagonal(distance, friction.reference_km.centre)
    weight = (distance / friction.reference_km.centre) ** -friction.distance_elasticity.centre
    np.fill_diagonal(weight, 0.0)
    result: FloatArray = weight / max(1, len(regions) - 1)
    return result


def neighbours_knowledge(scenario: Scenario) -> FloatArray:
    """Return the weighted mean of the others' knowledge indicator, shape (R,), in its unit."""
    name, _, year = scenario.levers.barriers.knowledge.partition(":")
    table = datasets.provinces()
    code_of = {iso: code for code, iso in table["iso"].items()}
    codes = [code_of[region] for region in scenario.geography.regions]
    known = datasets.province_indicator(name, int(year)).reindex(codes).to_numpy(float)
    result: FloatArray = neighbour_weights(scenario) @ known
    return result


def by_region(scenario: Scenario, table: Mapping[str, Quantity]) -> FloatArray:
    """Return a table of numbers by region in the order of the regions, 0 where not given."""
    return np.array(
        [table[r].centre if r in table else 0.0 for r in scenario.geography.regions], np.float64
    )


def _log_milestone(scenario: Scenario) -> FloatArray:
    """Return what levers add to the log of the milestone hazard, shape (R, K, S)."""
    levers = scenario.levers
    section, actors = levers.intermediaries, levers.actors
    others = neighbour_weights(scenario) @ cluster_strength(scenario)
    links = levers.clusters.complementarity.centre * others
    spill = levers.barriers.spillover.centre * neighbours_knowledge(scenario)
    source = section.source_gain.centre * by_region(scenario, section.source_presence)
    source += actors.research.source_gain.centre * by_region(scenario, actors.research.presence)
    end = section.end_gain.centre * by_region(scenario, section.end_presence)
    end += actors.industry.end_gain.centre * by_region(scenario, actors.industry.presence)
    by_stage = spill[:, None] + (
        source[:, None] * _is_among(scenario, section.source_stages)
        + end[:, None] * _is_among(scenario, section.end_stages)
    )
    result: FloatArray = links[:, None, :] + by_stage[:, :, None] * _is_hard_tech(scenario)
    return result


def spending_left(scenario: Scenario) -> FloatArray:
    """Return the part of their spending that firms still pay, shape (R,); reliefs compound."""
    corridor, incentives = scenario.levers.corridor, scenario.levers.incentives
    government = scenario.levers.actors.government
    left = 1.0 - by_region(scenario, incentives.tax_relief)
    left *= 1.0 - incentives.coordinated_tax_relief.centre
    left *= 1.0 - corridor.tax_relief.centre * by_region(scenario, corridor.members)
    left *= 1.0 - government.tax_relief.centre * by_region(scenario, government.presence)
    return left


def _log_exits(scenario: Scenario) -> FloatArray:
    """Return what levers add to the log of exit hazards, shape (R,)."""
    market = scenario.levers.actors.market
    added = market.exit_depth.centre * by_region(scenario, market.presence)
    return scenario.levers.incentives.exit_depth.centre + added


def _closer(nearness: FloatArray, relief: float | FloatArray) -> FloatArray:
    return nearness + relief * np.maximum(1.0 - nearness, 0.0)


def _is_among(scenario: Scenario, names: tuple[str, ...]) -> FloatArray:
    """Return 1 for the stages named and 0 for the others, shape (K,)."""
    return np.array([float(name in names) for name in scenario.stage_names])


def _is_hard_tech(scenario: Scenario) -> FloatArray:
    """Return 1 for hard-tech sectors and 0 for the others, shape (S,)."""
    return np.array([float(sector.is_hard_tech) for sector in scenario.sectors.values()])
