"""The few outcomes of every path that studies of many scenarios keep."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from finmodel.market import columns as col
from finmodel.market.result import RunResult
from finmodel.measure.gap import viable_by_path
from finmodel.measure.groups import grouped
from finmodel.measure.monte_carlo import mean_se
from finmodel.measure.policy import outcomes_by_path
from finmodel.measure.public_flows import programme_flows
from finmodel.units import discount_factor
from finmodel.world.arrays import FloatArray

HEADLINES: dict[str, str] = {
    "viable_ask_n": "n",
    "viable_ask_mcny": "mcny",
    "gap_n": "n",
    "gap_mcny": "mcny",
    "funded_viable_n": "n",
    "funded_viable_mcny": "mcny",
    "deals_n": "n",
    "deals_mcny": "mcny",
    "first_rounds_n": "n",
    "milestones_n": "n",
    "graduated_n": "n",
    "ipo_n": "n",
    "mna_n": "n",
    "exits_n": "n",
    "exit_value_mcny": "mcny",
    "failures_n": "n",
    "closures_n": "n",
    "survivors_n": "n",
    "private_invested_mcny": "mcny",
    "public_outlay_mcny": "mcny",
    "public_returned_mcny": "mcny",
    "public_nav_mcny": "mcny",
    "public_npv_mcny": "mcny",
}
"""Names and units, in the order of the columns of :func:`headlines_by_path`.

Needs, deals, outcomes and private money are of a reported year, `survivors_n` of the end of the
last one, `public_*` of all reported years together. Needs and outcomes are of hard technology.
"""

RATIOS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "gap_rate_n": (("gap_n",), ("viable_ask_n",)),
    "gap_rate_mcny": (("gap_mcny",), ("viable_ask_mcny",)),
    "public_tvpi": (("public_returned_mcny", "public_nav_mcny"), ("public_outlay_mcny",)),
}
"""Ratios of means of sums of headlines: above, below."""

CELLS = ("viable_ask_n", "gap_n", "viable_ask_mcny", "gap_mcny")
"""Measures of a cell of region and stage, in the order of :func:`cells_of`."""


def headlines_by_path(run: RunResult) -> FloatArray:
    """Return the headlines of every path.

    Returns
    -------
    ndarray of shape (P, H)
        In the order of `HEADLINES`; money in million CNY. `public_nav_mcny` is the public part of
        the holdings if settled at the end of the last year; `public_npv_mcny` the present value
        at the social rate of what programmes return and hold less what they call, from the middle
        of each year (costs of other levers are not in it). Without programmes the four are 0.
    """
    found = outcomes_by_path(run)
    for side in ("n", "mcny"):
        found[f"viable_ask_{side}"] = found[f"funded_viable_{side}"] + found[f"gap_{side}"]
    found["private_invested_mcny"] = _private_invested(run) / len(run.world.years)
    found |= public_by_path(run)
    return np.column_stack([found[name] for name in HEADLINES])


def _private_invested(run: RunResult) -> FloatArray:
    """Return private LPs' money invested through all funds, by path, million CNY.

    Vehicles of programmes are added after the ordinary funds, so that a programme without money
    does not move the last bit of the sum.
    """
    first = len(run.world.fund_types) - len(run.world.programmes)

    def total(block: FloatArray) -> FloatArray:
        money = block[..., col.PRIVATE_INVESTED_M]
        both: FloatArray = money[..., :first].sum(axis=(1, 2, 3))
        both += money[..., first:].sum(axis=(1, 2, 3))
        return both

    return run.spools["fund_flow"].collect(total)


def public_by_path(run: RunResult) -> dict[str, FloatArray]:
    """Return the money of programmes by path, each of shape (P,), million CNY."""
    flows = programme_flows(run)
    called, back = flows[..., col.PUBLIC_CALLED_M], flows[..., col.PUBLIC_BACK_M]
    nav = flows[:, -1, col.PUBLIC_NAV_S]
    rate = run.world.scenario.viability.social_rate_pa.centre
    n_years = flows.shape[1]
    middle = np.array([discount_factor(rate, year + 0.5) for year in range(n_years)])
    end = discount_factor(rate, float(n_years))
    return {
        "public_outlay_mcny": called.sum(axis=1),
        "public_returned_mcny": back.sum(axis=1),
        "public_nav_mcny": nav,
        "public_npv_mcny": ((back - called) * middle).sum(axis=1) + nav * end,
    }


def cells_of(run: RunResult) -> tuple[FloatArray, FloatArray]:
    """Return means over paths by region and stage, and their standard errors.

    Returns
    -------
    mean, standard_error : ndarray of shape (R, K, 4)
        Of `CELLS`, hard technology, a reported year. Errors are NaN with one path.
    """
    values, _ = grouped(run, ("region", "stage"), "hard_tech")
    sides = []
    for side in range(2):
        viable, gap = viable_by_path(values, side)
        sides += [viable, gap]
    shape = (len(run.world.regions), len(run.world.stages), len(CELLS))
    mean, error = mean_se(np.stack(sides, axis=-1))
    return mean.reshape(shape), error.reshape(shape)


def column(by_path: FloatArray, name: str) -> FloatArray:
    """Return one headline of every path, shape (P,), from an array of shape (P, H)."""
    return by_path[..., list(HEADLINES).index(name)]


def ratio_parts(by_path: FloatArray, name: str) -> tuple[FloatArray, FloatArray]:
    """Return what stands above and below in a ratio of `RATIOS` on every path."""
    above, below = RATIOS[name]
    return (
        np.sum([column(by_path, part) for part in above], axis=0),
        np.sum([column(by_path, part) for part in below], axis=0),
    )


def units() -> Mapping[str, str]:
    """Return the unit of every headline and ratio by name."""
    return {**HEADLINES, **{name: "share" if "rate" in name else "x" for name in RATIOS}}
