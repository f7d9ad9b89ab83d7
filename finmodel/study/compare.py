"""Arms in pairs: a baseline and any number of policies, path by path on the same draws.

Each path plays every arm with the same seed. A firm, a fund, the market and the window have the
same luck in all of them, so a difference between arms is the policy and what follows from it.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from finmodel.errors import InputError, Interrupted, Problem
from finmodel.market.result import RunResult
from finmodel.market.resume import Checkpoint, Progress, Stop, play
from finmodel.market.run import CHECK_EVERY_YEAR, simulate_path, warm_kernel
from finmodel.measure.convergence import convergence_table, convergence_verdicts
from finmodel.measure.effect_series import (
    EFFECT_HEADLINES,
    PolicyPaths,
    chain_series,
    outcome_series,
    public_series,
)
from finmodel.measure.effects import effect_panels, financings
from finmodel.measure.layers import layer_tables
from finmodel.measure.official_ratios import chain_table
from finmodel.measure.policy import (
    effect_table,
    outcome_path_table,
    outcome_table,
    sector_effect_table,
)
from finmodel.measure.public_flows import programme_year_table
from finmodel.measure.public_table import public_table
from finmodel.study.ahead import AHEAD, Played
from finmodel.study.arms import Arm, ArmsKeeper, Effects
from finmodel.world import World
from finmodel.world.arrays import FloatArray


@dataclass(frozen=True)
class Comparison:
    """Arms of one comparison.

    Attributes
    ----------
    base : RunResult
    arms : dict of RunResult
        Policies by name, in the order given.
    chain : dict of ndarray, each of shape (P, R, K, H, 2, components, 2)
        Effects of each policy by path, region, stage, general and hard-tech sectors, and
        viability in the baseline; in count and million CNY over the reported years.
    by_sector : dict of ndarray, each of shape (P, S, 2, components, 2)
    memo : dict of ndarray, each of shape (P, R, K, H, 2, memo)
    seconds : float
    """

    base: RunResult
    arms: dict[str, RunResult]
    chain: dict[str, FloatArray]
    by_sector: dict[str, FloatArray]
    memo: dict[str, FloatArray]
    seconds: float

    @property
    def n_paths(self) -> int:
        """Paths of every arm."""
        return self.base.n_paths

    @property
    def is_complete(self) -> bool:
        """Whether every path asked for is present."""
        return self.base.is_complete

    def of(self, policy: str) -> PolicyPaths:
        """Return a policy beside its baseline."""
        return PolicyPaths(self.base, self.arms[policy], self.chain[policy], self.memo[policy])


def compare(
    base: World,
    policies: Mapping[str, World],
    *,
    paths: int,
    seed: int,
    threads: int | None = None,
    progress: Progress | None = None,
    cancel: threading.Event | None = None,
    check_every: int = CHECK_EVERY_YEAR,
    checkpoint: Checkpoint | None = None,
    stop: Stop[Comparison] | None = None,
) -> Comparison:
    """Run a baseline and policies on the same draws, and measure effects firm by firm.

    Parameters
    ----------
    base : World
    policies : mapping of World
        With the same regions, stages, sectors and calendar as the baseline.
    paths, seed, threads, progress, cancel, check_every, checkpoint, stop
        As in :func:`finmodel.market.run.simulate`.

    Returns
    -------
    Comparison

    Raises
    ------
    InputError
        If the axes of an arm differ from the baseline's.
    InvariantError, Interrupted
        As in :func:`finmodel.market.run.simulate`.
    """
    check_axes(base, policies)
    worlds = {"": base, **policies}
    for world in worlds.values():
        warm_kernel(world)
    keeper = ArmsKeeper(worlds, seed, paths)
    base_path = AHEAD.taker(base, seed, check_every)

    def found(seconds: float) -> Comparison:
        results = keeper.results(seconds)
        effects = {field: keeper.effects(field) for field in Effects._fields}
        return Comparison(base=results.pop(""), arms=results, **effects, seconds=seconds)

    def is_enough(n: int) -> bool:
        is_end = stop is not None and stop.is_look(n) and stop.is_enough(n, found(0.0))
        if is_end:
            keeper.request(n)
        return is_end

    seconds = play(
        lambda path: _play(worlds, base_path, path, seed, check_every),
        keeper.add,
        keeper,
        units=paths,
        threads=threads,
        progress=progress,
        cancel=cancel,
        checkpoint=checkpoint,
        is_enough=is_enough,
    )
    if keeper.n == 0:
        raise Interrupted("stopped before the first path was done; nothing is kept")
    return found(seconds)


def _play(
    worlds: Mapping[str, World],
    base_path: Callable[[int], Played],
    path: int,
    seed: int,
    check_every: int,
) -> list[Arm]:
    """Play one path in every arm; the effects of all but the first."""
    base_world, *policies = worlds.values()
    record, base_detail = base_path(path)
    assert base_detail is not None
    arms: list[Arm] = [(record, None)]
    for world in policies:
        record, detail = simulate_path(world, path, seed, check_every, is_detailed=True)
        assert detail is not None
        deals = financings(base_world, world, seed, base_detail, detail)
        chain, memo = effect_panels(base_world, deals)
        is_hard = base_world.is_hard_tech
        by_sector = chain.sum(axis=(0, 1))
        arms.append(
            (record, Effects(by_hardness(chain, is_hard), by_hardness(memo, is_hard), by_sector))
        )
    return arms


def by_hardness(panel: FloatArray, is_hard: NDArray[np.bool_]) -> FloatArray:
    """Add sectors, axis 2 of a panel, up to general and hard technology."""
    return np.stack([panel[:, :, is_hard == flag].sum(axis=2) for flag in (False, True)], axis=2)


def _plain_axis(world: World, axis: str) -> tuple[str | int, ...]:
    """Return the names on an axis, without what programmes add to it."""
    names: tuple[str | int, ...] = getattr(world, axis)
    is_longer = axis in ("fund_types", "lps")
    return names[: len(names) - len(world.programmes)] if is_longer else names


def check_axes(base: World, policies: Mapping[str, World]) -> None:
    """Raise InputError if arms cannot be compared with a baseline, with every reason."""
    problems = []
    if base.programmes:
        allowed = "a baseline without programmes: effects are measured against none"
        problems.append(Problem("baseline: programmes", ", ".join(base.programmes), allowed))
    for name, world in policies.items():
        for axis in ("regions", "stages", "sectors", "years", "fund_types", "lps"):
            expected, found = _plain_axis(base, axis), _plain_axis(world, axis)
            if expected != found:
                given = ", ".join(str(item) for item in found)
                allowed = "as in the baseline: " + ", ".join(str(item) for item in expected)
                problems.append(Problem(f"{name}: {axis}", given, allowed))
        same = base.arrays.calendar == world.arrays.calendar
        if not problems and not same:
            given = str(world.scenario.run.warm_up_years)
            allowed = f"as in the baseline: {base.scenario.run.warm_up_years}"
            problems.append(Problem(f"{name}: warm_up_years", given, allowed))
        scale = base.scenario.run.scale
        if not math.isclose(scale, world.scenario.run.scale):
            given = f"{world.scenario.run.scale:g}"
            problems.append(Problem(f"{name}: scale", given, f"as in the baseline: {scale:g}"))
    if "" in policies:
        problems.append(Problem("policies", "''", "a name for each policy"))
    if not policies:
        problems.append(Problem("policies", "none", "at least one policy to compare"))
    if problems:
        raise InputError("comparison", problems)


def comparison_tables(comparison: Comparison) -> dict[str, pd.DataFrame]:
    """Return every table of a comparison."""
    world, chains = comparison.base.world, comparison.chain
    return {
        "effects": effect_table(chains, world),
        "additionality_chain": chain_table(chains, len(world.years)),
        "effects_region": effect_table(chains, world, ("region",)),
        "effects_stage": effect_table(chains, world, ("stage",)),
        "effects_sector": sector_effect_table(comparison.by_sector, world),
        "outcomes": outcome_table(comparison.base, comparison.arms),
        "outcome_paths": outcome_path_table(comparison.base, comparison.arms),
        "programme_years": programme_year_table(comparison.arms),
        **layer_tables(comparison.arms),
        "public": public_table(comparison.base, comparison.arms, chains, comparison.memo),
        **_convergence(comparison),
    }


def _convergence(comparison: Comparison) -> dict[str, pd.DataFrame]:
    """Return how the errors of the main effects shrink with paths, and whether these suffice."""
    makers = {"convergence": convergence_table, "convergence_verdicts": convergence_verdicts}
    frames: dict[str, list[pd.DataFrame]] = {name: [] for name in makers}
    for policy in comparison.arms:
        paths = comparison.of(policy)
        found = outcome_series(paths) | public_series(paths)
        found |= chain_series(paths.chain, len(comparison.base.world.years))
        measures = {name: found[name] for name in EFFECT_HEADLINES}
        for name, make in makers.items():
            frame = make(measures)
            frame.insert(0, "policy", policy)
            frames[name].append(frame)
    return {name: pd.concat(parts, ignore_index=True) for name, parts in frames.items()}
