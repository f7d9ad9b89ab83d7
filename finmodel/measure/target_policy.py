"""Targets read off a programme against the baseline: what guidance money changes.

The sign of an effect is told only if the effect is clear, four Monte Carlo standard errors or more;
else it reads 0, which agrees with no sign.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from finmodel.market import columns as col
from finmodel.market.result import RunResult
from finmodel.measure.monte_carlo import mean_se
from finmodel.measure.target_panels import DELTA, HUB
from finmodel.measure.target_values import NOTHING, Reading, of_years
from finmodel.world.arrays import FloatArray

CLEAR = 4.0
"""Standard errors from which on an effect has a sign."""


class Pair(NamedTuple):
    """A baseline, a policy on the same draws, and the programmes' money in firms, (P,)."""

    base: RunResult
    policy: RunResult
    public: FloatArray


PairMeasure = Callable[[Pair], Reading]


def sign_of(change: FloatArray) -> Reading:
    """Return the sign of a paired change (P,); its draws are the changes themselves."""
    mean, error = mean_se(change)
    is_clear = np.isfinite(error) and abs(mean) >= CLEAR * error and mean != 0.0
    return Reading(float(np.sign(mean)) if is_clear else 0.0, 0.0, change, change - mean)


def _hard_tech_deals(run: RunResult, regions: tuple[str, ...]) -> FloatArray:
    where = [run.world.regions.index(name) for name in regions]
    return run.spools["panel"].collect(
        lambda block: block[..., 1, col.DEAL_N][:, :, where].sum(axis=(2, 3)).mean(axis=1)
    )


def deals_in(regions: tuple[str, ...]) -> PairMeasure:
    """Return a measure of the sign of the change of hard-tech deals in some regions."""

    def measure(pair: Pair) -> Reading:
        if not set(regions) <= set(pair.base.world.regions):
            return NOTHING
        return sign_of(
            _hard_tech_deals(pair.policy, regions) - _hard_tech_deals(pair.base, regions)
        )

    return measure


def _share(run: RunResult) -> FloatArray:
    deals = run.spools["panel"].collect(lambda block: block[..., col.DEAL_N].sum(axis=(1, 2, 3)))
    return np.asarray(deals[:, 1] / deals.sum(axis=1), np.float64)


def hard_tech_shift(pair: Pair) -> Reading:
    """Return the sign of the change of hard technology's share of deals."""
    return sign_of(_share(pair.policy) - _share(pair.base))


def private_per_public(pair: Pair) -> Reading:
    """Return the change of private LPs' money that firms get, over the programmes' money.

    It counts every firm, and private LPs' part of every fund.
    """
    with_, without = (
        run.spools["fund_flow"].collect(
            lambda block: block[..., col.PRIVATE_INVESTED_M].sum(axis=(1, 2, 3))
        )
        for run in (pair.policy, pair.base)
    )
    return of_years((with_ - without)[:, None], pair.public[:, None], 1)


PRO_RATA, HUB_ALONE = "policy_pro_rata", "policy_hub_concentrated"
POLICY_TARGETS: dict[str, tuple[str, PairMeasure]] = {
    "private_per_public": (PRO_RATA, private_per_public),
    "local_deals": (HUB_ALONE, deals_in((HUB,))),
    "neighbour_deals": (HUB_ALONE, deals_in(tuple(name for name in DELTA if name != HUB))),
    "hard_tech_shift": (PRO_RATA, hard_tech_shift),
}
"""Shipped scenario and measure of the table's targets that need a programme."""
