"""Directions in the published evidence on guidance funds, as measures of paired comparisons.

Each measure is a ratio of two sums over the reported years, path by path: its value is the ratio
of their means. Measures of policies that were played with the same seed and number of paths are
paired, in one comparison or in several, so that a difference has the error of its own.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from finmodel.errors import InvariantError
from finmodel.market import columns as col
from finmodel.market.columns import OK, OVERFLOW
from finmodel.market.path import Room, run_path
from finmodel.market.result import RunResult
from finmodel.market.run import CHECK_EVERY_YEAR, breach_message, first_room
from finmodel.market.state import N_FUNDS
from finmodel.measure.effects import COMPONENTS, MEMO
from finmodel.measure.gap import viable_by_path
from finmodel.measure.monte_carlo import jackknife, quotient
from finmodel.study.compare import Comparison
from finmodel.units import MCNY_PER_BN
from finmodel.world import World
from finmodel.world.arrays import FloatArray, IntArray

CHANGE, VEHICLE, PUBLIC = COMPONENTS.index("change"), MEMO.index("vehicle"), MEMO.index("public")


class Ratio(NamedTuple):
    """A measure over paths: `top` over `bottom`, each of shape (P,)."""

    top: FloatArray
    bottom: FloatArray


class Estimate(NamedTuple):
    """A value and its standard error over paths."""

    value: float
    error: float


def estimate(ratio: Ratio) -> Estimate:
    """Return the value of a measure, NaN where its bottom is 0."""
    value, error = jackknife(np.stack(ratio, axis=-1), lambda m: quotient(m[..., 0], m[..., 1]))
    return Estimate(float(value), float(error))


def difference(ratio: Ratio, from_: Ratio) -> Estimate:
    """Return how much larger a measure is than another, paired by path."""
    value, error = jackknife(
        np.stack([*ratio, *from_], axis=-1),
        lambda m: quotient(m[..., 0], m[..., 1]) - quotient(m[..., 2], m[..., 3]),
    )
    return Estimate(float(value), float(error))


def mean_stage(comparison: Comparison, policy: str) -> Ratio:
    """Return the mean stage of money of vehicles; the first stage is 0."""
    money = comparison.memo[policy][..., VEHICLE].sum(axis=(1, 3, 4))
    return Ratio(money @ np.arange(money.shape[1], dtype=np.float64), money.sum(axis=1))


def early_share(comparison: Comparison, policy: str, stages: Sequence[str]) -> Ratio:
    """Return the part of vehicles' money that goes into some stages."""
    money = comparison.memo[policy][..., VEHICLE].sum(axis=(1, 3, 4))
    is_early = np.isin(comparison.base.world.stages, list(stages))
    return Ratio(money[:, is_early].sum(axis=1), money.sum(axis=1))


def viable_share(comparison: Comparison, policy: str) -> Ratio:
    """Return the viable part of the money of vehicles, at the market test."""
    money = comparison.memo[policy][..., VEHICLE].sum(axis=(1, 2, 3))
    return Ratio(money[:, 1], money.sum(axis=1))


def money_in(comparison: Comparison, policy: str, regions: Sequence[str]) -> Ratio:
    """Return the part of vehicles' money that goes into some regions."""
    money = comparison.memo[policy][..., VEHICLE].sum(axis=(2, 3, 4))
    return Ratio(money[:, _where(comparison, regions)].sum(axis=1), money.sum(axis=1))


def funded_a_year(
    comparison: Comparison,
    policy: str,
    regions: Sequence[str],
    *,
    stages: Sequence[str] = (),
    in_money: bool = False,
) -> Ratio:
    """Return the change in viable hard-tech needs funded in some regions, a year.

    At some stages, or at all if none is named. In million CNY if `in_money`, otherwise a count.
    """
    change = _viable_change(comparison, policy, regions, in_money, stages)
    return Ratio(change, np.full_like(change, float(len(comparison.base.world.years))))


def funded_per_public_bcny(
    comparison: Comparison, policy: str, regions: Sequence[str], *, in_money: bool = False
) -> Ratio:
    """Return the change in viable hard-tech needs funded for 1 bn CNY of public money invested.

    In million CNY if `in_money`, otherwise a count. Public money is all that the programmes'
    vehicles put into firms, in whatever region.
    """
    public = comparison.memo[policy][..., PUBLIC].sum(axis=(1, 2, 3, 4))
    return Ratio(_viable_change(comparison, policy, regions, in_money), public / MCNY_PER_BN)


def unfunded_share(run: RunResult) -> Ratio:
    """Return the part of viable hard-tech needs that go unfunded, in number."""
    hard_tech = run.spools["panel"].collect(lambda block: block[:, :, :, :, 1].sum(axis=(1, 2, 3)))
    ask, gap = viable_by_path(hard_tech, 0)
    return Ratio(gap, ask)


def private_per_public_yuan(comparison: Comparison, policy: str) -> Ratio:
    """Return the change in private LPs' money that firms get, over the programmes' money.

    The published multiplier: private venture money that firms get for one yuan that government
    venture capital puts in. It counts every firm, and private LPs' part of every fund.
    """
    public = comparison.memo[policy][..., PUBLIC].sum(axis=(1, 2, 3, 4))
    invested = _flow(comparison.arms[policy], col.PRIVATE_INVESTED_M)
    return Ratio(invested - _flow(comparison.base, col.PRIVATE_INVESTED_M), public)


def other_per_public_yuan(comparison: Comparison, policy: str) -> Ratio:
    """Return the change in all money invested other than the programmes', over the programmes'.

    Beside private LPs' it has that of companies and of state LPs outside the programme.
    """
    public = comparison.memo[policy][..., PUBLIC].sum(axis=(1, 2, 3, 4))
    change = comparison.chain[policy][..., CHANGE, 1].sum(axis=(1, 2, 3, 4))
    return Ratio(change - public, public)


def private_raised_per_public_yuan(comparison: Comparison, policy: str) -> Ratio:
    """Return the change in money other funds' LPs commit, over what the programmes commit."""
    public = _flow(comparison.arms[policy], col.PUBLIC_RAISED_M)
    raised = _flow(comparison.arms[policy], col.RAISED_M) - _flow(comparison.base, col.RAISED_M)
    return Ratio(raised - public, public)


def acceptance(world: World, skill: FloatArray, programme: int = 0) -> FloatArray:
    """Return the chance that a manager takes a programme's money.

    Parameters
    ----------
    world : World
    skill : ndarray
        In standard deviations from the mean manager.
    programme : int

    Returns
    -------
    ndarray of the shape of `skill`
    """
    row = world.arrays.programmes[programme]
    steeper = np.maximum(0.0, 1.0 + row["accept_skill"] * skill)
    odds: FloatArray = row["accept_log_odds"] - row["dislike"] * steeper
    return 1.0 / (1.0 + np.exp(-odds))


def manager_skill(world: World, *, paths: int, seed: int, programme: int = 0) -> Ratio:
    """Return the mean skill, in sd, of the managers who run a programme's vehicles.

    Raises
    ------
    InvariantError
        If money does not balance on a path.
    """
    kind = world.arrays.fund_rate_pp.shape[1] + programme
    loading = float(world.arrays.programmes[programme]["skill_loading"])
    skills = [
        np.log(blur[kinds == kind]) / -loading for blur, kinds in _managers(world, paths, seed)
    ]
    return Ratio(np.array([s.sum() for s in skills]), np.array([float(len(s)) for s in skills]))


def _managers(world: World, paths: int, seed: int) -> Iterator[tuple[FloatArray, IntArray]]:
    """Yield the blur and the type of every fund, path by path."""
    room = first_room(world)
    for path in range(paths):
        while True:
            status, _, pool, books = run_path(
                world.arrays, np.uint64(seed), path, room, CHECK_EVERY_YEAR
            )
            if status != OVERFLOW:
                break
            room = Room(*(2 * size for size in room))
        if status != OK:
            raise InvariantError(breach_message(world, path, books.breach))
        n = int(pool.counts[N_FUNDS])
        yield pool.blur[:n], pool.funds["kind"][:n]


def _where(comparison: Comparison, regions: Sequence[str]) -> NDArray[np.bool_]:
    return np.isin(comparison.base.world.regions, list(regions))


def _viable_change(
    comparison: Comparison,
    policy: str,
    regions: Sequence[str],
    in_money: bool,
    stages: Sequence[str] = (),
) -> FloatArray:
    known = comparison.base.world.stages
    at = np.isin(known, list(stages or known))
    change = comparison.chain[policy][:, :, :, 1, 1, CHANGE, int(in_money)][:, :, at].sum(axis=2)
    picked: FloatArray = change[:, _where(comparison, regions)].sum(axis=1)
    return picked


def _flow(run: RunResult, column: int) -> FloatArray:
    """Return a flow of all funds over the reported years, by path."""
    return run.spools["fund_flow"].collect(lambda block: block[..., column].sum(axis=(1, 2, 3)))
