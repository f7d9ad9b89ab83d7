"""Why there is a gap: its parts by friction, so that they add up to it.

Let ``v(S)`` be the funding gap of a market in which the frictions ``S`` are at work and the
others are switched off (:mod:`finmodel.study.frictions`). All 32 markets are simulated with
the same seed, so in each path the same firms are born with the same quality and luck. The
part of a friction is its Shapley value in the game ``v``; what is left with all of them off,
``v(none)``, is the remainder. On every path, in every region and stage,

    gap = sum of the parts + remainder.

Firms funded in one market and not in another live on, ask again and pass to later stages, so
the needs, too, differ between markets: ``v`` is the gap as it would be observed in each. The
gap rate of a market is its mean gap over its mean viable need, and has parts of its own.

A part may be below zero: then the gap would be larger, on average over the other frictions,
if this one alone went away.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from finmodel.errors import InputError, Interrupted, Problem, nearest_name
from finmodel.market.collect import outcome_column
from finmodel.market.columns import FUNDED, MARKET, N_OUTCOMES
from finmodel.market.result import RunResult
from finmodel.market.run import Progress, simulate
from finmodel.measure import grouped, mean_se, ratio_se, shapley_values
from finmodel.study.frictions import FRICTIONS, without
from finmodel.world import World
from finmodel.world.arrays import FloatArray

N_ARMS = 1 << len(FRICTIONS)
REMAINDER, WHOLE = "remainder", "gap"
"""Rows of a table after the frictions: with all of them off, and with all at work."""

PATHS_OF_SCENARIO = 4
"""By default one in this many of a scenario's paths is used: 32 markets are simulated, and
paths are paired, so that parts are surer than levels."""

_AXES = ("region", "stage")
_SIDES = ("n", "mcny")


@dataclass(frozen=True)
class Arms:
    """The gap of hard technology in every market.

    Attributes
    ----------
    world : World
        With all frictions at work.
    seed : int
    needs, gaps : ndarray of shape (32, P, R, K, 2)
        Viable needs and those of them that went unmet, at the market test, hard-tech sectors,
        a year, in count and in million CNY. Friction ``i`` of `FRICTIONS` is at work in a
        market if bit ``i`` of its number is set: the last is the world itself.
    seconds : float
        Wall time.
    """

    world: World
    seed: int
    needs: FloatArray
    gaps: FloatArray
    seconds: float

    @property
    def n_paths(self) -> int:
        """Paths of every market."""
        return int(self.gaps.shape[1])


def default_paths(paths: int) -> int:
    """Return how many paths of a scenario's `paths` are used if nobody says."""
    return max(2, paths // PATHS_OF_SCENARIO)


def switched_off(arm: int) -> tuple[str, ...]:
    """Return the frictions that are off in market number `arm`."""
    return tuple(name for i, name in enumerate(FRICTIONS) if not arm >> i & 1)


def simulate_arms(
    world: World,
    *,
    paths: int,
    seed: int,
    threads: int | None = None,
    progress: Progress | None = None,
    cancel: threading.Event | None = None,
) -> Arms:
    """Simulate a world with every set of its frictions switched off.

    Parameters
    ----------
    world : World
    paths : int
        Of every market, at least 1.
    seed : int
        In [0, 2**63), the same for all.
    threads : int, optional
        Results do not depend on it.
    progress : callable, optional
        Called as ``progress(done, 32 * paths)`` from the calling thread.
    cancel : threading.Event, optional
        Set it to stop.

    Raises
    ------
    InvariantError
        If money or needs do not balance in some market.
    Interrupted
        If cancelled: without all markets there are no parts, and nothing is kept.
    """
    started = time.perf_counter()
    needs, gaps = [], []
    for arm in range(N_ARMS):
        tick = None
        if progress:

            def tick(done: int, _: int, before: int = arm * paths) -> None:
                assert progress is not None
                progress(before + done, N_ARMS * paths)

        run = simulate(
            without(world, switched_off(arm)),
            paths=paths,
            seed=seed,
            threads=threads,
            progress=tick,
            cancel=cancel,
        )
        if not run.is_complete:
            raise Interrupted(
                f"stopped in market {arm + 1} of {N_ARMS}; the parts need all, nothing is kept"
            )
        need, gap = _needs_and_gaps(run)
        needs.append(need)
        gaps.append(gap)
    seconds = time.perf_counter() - started
    return Arms(world, seed, np.stack(needs), np.stack(gaps), seconds)


def _needs_and_gaps(run: RunResult) -> tuple[FloatArray, FloatArray]:
    """Return viable needs and the gap, each of shape (P, R, K, 2): count and million CNY."""
    values, _ = grouped(run, _AXES, "hard_tech")
    shape = (run.n_paths, len(run.world.regions), len(run.world.stages))
    needs, gaps = np.zeros((*shape, 2)), np.zeros((*shape, 2))
    for side in range(2):
        for outcome in range(N_OUTCOMES):
            column = outcome_column(outcome, MARKET, is_money=bool(side))
            found = values[..., column].reshape(shape)
            needs[..., side] += found
            if outcome != FUNDED:
                gaps[..., side] += found
    return needs, gaps


def path_parts(gaps: FloatArray) -> FloatArray:
    """Return the parts of the gap on every path.

    Parameters
    ----------
    gaps : ndarray of shape (32, ...)
        As in :class:`Arms`, or sums of it over axes after the first.

    Returns
    -------
    ndarray of shape (7, ...)
        The frictions in their order, the remainder, and the gap: the sum of those before.
    """
    return np.concatenate([shapley_values(gaps), gaps[:1], gaps[-1:]])


def why_table(arms: Arms, by: Sequence[str] = ()) -> pd.DataFrame:
    """Return the parts of the gap of hard technology, by region, stage, both or none.

    Parameters
    ----------
    arms : Arms
    by : sequence of str
        Any of `region` and `stage`.

    Returns
    -------
    DataFrame
        For every group one row a part: the frictions, `remainder`, and `gap`, their sum. For
        count (`n`) and million CNY (`mcny`) a year, over paths: `gap_*` with standard error
        `_se`, paired by path; `gap_share_*`, the mean part over the mean gap, with standard
        error by the delta method; `gap_*_first`, by how much the gap falls if this friction goes
        away and the others stay, and `gap_*_last`, if the others are gone already, with
        standard errors; and the parts of the gap rate, `gap_rate_*`, with standard errors by
        the delta method, in which a market's rate is its mean gap over its mean viable need.
        `first` and `last` of remainder and gap are NaN, as are shares of no gap, parts of a
        rate if in some market nothing is viable, and standard errors with one path.

    Raises
    ------
    InputError
        If a dimension is unknown.
    """
    _check_dimensions(by)
    dropped = tuple(2 + axis for axis, name in enumerate(_AXES) if name not in by)
    labels = [list(arms.world.regions), list(arms.world.stages)]
    kept = [values for name, values in zip(_AXES, labels, strict=True) if name in by]
    names = [name for name in _AXES if name in by]
    rows = pd.MultiIndex.from_product(
        [*kept, [*FRICTIONS, REMAINDER, WHOLE]], names=[*names, "part"]
    )
    frame = rows.to_frame(index=False)
    needs = arms.needs.sum(axis=dropped).reshape(N_ARMS, arms.n_paths, -1, 2)
    gaps = arms.gaps.sum(axis=dropped).reshape(N_ARMS, arms.n_paths, -1, 2)
    for side, suffix in reversed(list(enumerate(_SIDES))):
        for name, column in _columns(needs[..., side], gaps[..., side], suffix).items():
            frame[name] = column.T.reshape(-1)
    return frame


def arm_table(arms: Arms) -> pd.DataFrame:
    """Return the value of every market: needs, gap and gap rate of hard technology in all.

    Returns
    -------
    DataFrame
        32 rows, with a column for each friction, whether it is at work, and yearly means over
        paths with standard errors of `viable_ask_mcny`, `gap_mcny`, `gap_n`; the gap rates.
    """
    numbers = np.arange(N_ARMS)
    frame = pd.DataFrame({name: (numbers >> i & 1) == 1 for i, name in enumerate(FRICTIONS)})
    needs, gaps = arms.needs.sum(axis=(2, 3)), arms.gaps.sum(axis=(2, 3))
    for side, suffix in reversed(list(enumerate(_SIDES))):
        by_path = {"viable_ask": needs[..., side].T, "gap": gaps[..., side].T}
        for name, values in by_path.items():
            frame[f"{name}_{suffix}"], frame[f"{name}_{suffix}_se"] = mean_se(values)
        rate, error = ratio_se(by_path["gap"], by_path["viable_ask"])
        frame[f"gap_rate_{suffix}"], frame[f"gap_rate_{suffix}_se"] = rate, error
    return frame


def _columns(needs: FloatArray, gaps: FloatArray, suffix: str) -> dict[str, FloatArray]:
    """Return columns of shape (7, groups) from needs and gaps of shape (32, P, groups)."""
    columns: dict[str, FloatArray] = {}
    label = f"gap_{suffix}"
    parts = path_parts(gaps)
    columns[label], columns[f"{label}_se"] = _over_paths(parts)
    share = ratio_se(
        np.moveaxis(parts, 1, 0), np.moveaxis(np.broadcast_to(gaps[-1:], parts.shape), 1, 0)
    )
    columns[f"gap_share_{suffix}"], columns[f"gap_share_{suffix}_se"] = share
    n = len(FRICTIONS)
    bits = 1 << np.arange(n)
    void = np.full((2, *gaps.shape[1:]), np.nan)
    for name, moved in (
        ("first", gaps[-1] - gaps[N_ARMS - 1 - bits]),
        ("last", gaps[bits] - gaps[0]),
    ):
        found = _over_paths(np.concatenate([moved, void]))
        columns[f"{label}_{name}"], columns[f"{label}_{name}_se"] = found
    rate, _ = ratio_se(np.moveaxis(gaps, 1, 0), np.moveaxis(needs, 1, 0))
    columns[f"gap_rate_{suffix}"] = path_parts(rate)
    # What a path adds to the error of a ratio of means, to first order (Cochran 1977).
    mean_need = needs.mean(axis=1)
    leverage = np.divide(
        gaps - rate[:, None] * needs,
        mean_need[:, None],
        out=np.full_like(gaps, np.nan),
        where=mean_need[:, None] > 0.0,
    )
    columns[f"gap_rate_{suffix}_se"] = _over_paths(path_parts(leverage))[1]
    return columns


def _over_paths(values: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return mean and standard error over the second axis."""
    return mean_se(np.moveaxis(values, 1, 0))


def _check_dimensions(by: Sequence[str]) -> None:
    problems = [
        Problem("by", repr(name), f"any of {', '.join(_AXES)}", nearest_name(name, _AXES))
        for name in by
        if name not in _AXES
    ]
    if problems:
        raise InputError("table", problems)
