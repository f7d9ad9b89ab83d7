"""The best split of a programme's budget: searched, tested on other luck, explained."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from finmodel.allocate.back_solve import BackSolution, back_solve, most_levels
from finmodel.allocate.frontier import Frontier, frontier
from finmodel.allocate.goal import Goal, RiskLimit
from finmodel.allocate.marginal import MarginalCurves, marginal_curves
from finmodel.allocate.retest import Fresh, play_fresh
from finmodel.allocate.search import Found, SearchPlan, search
from finmodel.allocate.splits import SplitSet
from finmodel.scenario.allocation_plan import ReadAllocation, load_allocation
from finmodel.study.allocate_play import MEASURES, Player, futures_of
from finmodel.study.allocate_presets import Preset, allowed_splits, has_sectors, presets
from finmodel.study.engines import Engine
from finmodel.world.arrays import FloatArray

Told = Callable[[str, int], None]
"""Called with the step under way and the units done so far, over all steps."""


@dataclass(frozen=True)
class Allocation:
    """What an allocation found.

    Attributes
    ----------
    found : ReadAllocation
    goal : Goal
    futures : tuple of str
    allowed : SplitSet
    presets : list of Preset
    search : Found
    fresh : Fresh
        Winners by criterion, then presets, on other luck.
    marginal : MarginalCurves
        Around the first winner.
    frontier : Frontier or None
    answers : dict of BackSolution
    """

    found: ReadAllocation
    goal: Goal
    futures: tuple[str, ...]
    allowed: SplitSet
    presets: list[Preset]
    search: Found
    fresh: Fresh
    marginal: MarginalCurves
    frontier: Frontier | None
    answers: dict[str, BackSolution]


def read_allocation(file: str | Path, overrides: Sequence[str] = ()) -> ReadAllocation:
    """Read the plan of an allocation; see :func:`finmodel.scenario.allocation_plan`.

    Raises
    ------
    ScenarioError
    """
    return load_allocation(file, overrides, measures=MEASURES)


def allocate(
    found: ReadAllocation,
    *,
    root: Path,
    engine: Engine | None = None,
    cancel: threading.Event | None = None,
    tell: Told | None = None,
) -> Allocation:
    """Search for the best split and say what it is worth.

    Parameters
    ----------
    found : ReadAllocation
    root : Path
        Folder in which finished units are kept: the same allocation goes on from them.
    engine, cancel
        As in :func:`finmodel.study.units.run_units`.
    tell : callable, optional

    Raises
    ------
    InputError
        If no split is allowed, or a programme cannot be played.
    Interrupted
    """
    plan, run = found.plan, found.plan.run
    allowed = allowed_splits(found)
    futures = futures_of(found)
    steps = _Steps(tell)
    player = Player(found, futures, root, run.seed, run.first_paths, engine, cancel, steps.played)
    other = replace(player, seed=run.fresh_seed)
    goal = goal_of(found, len(futures))
    few = range(run.first_paths)
    gaps = player.baseline_gaps(few) if has_sectors(found) else None
    rules = presets(found, allowed, player.baseline(few), gaps)
    starts = np.array([item.split for item in rules])
    sizes = SearchPlan(
        design=plan.search.design,
        rounds=plan.search.rounds,
        batch=plan.search.batch,
        paths=run.paths,
        first_paths=run.first_paths,
        finalists=plan.search.finalists,
        seed=plan.search.seed,
    )
    best = search(
        player,
        goal,
        allowed,
        presets=starts,
        plan=sizes,
        criteria=plan.criteria,
        tell=lambda step, *_: steps.begin(step),
    )
    fresh = range(run.fresh_paths)
    steps.begin("fresh")
    names = [*best.winners, *(item.name for item in rules)]
    splits = np.array([*(item.split for item in best.winners.values()), *starts])
    again = play_fresh(other, goal, names, splits, fresh)
    first = next(iter(best.winners.values())).split
    steps.begin("marginal")
    spent = first[:-1] if found.has_unspent else first
    slopes = marginal_curves(other, goal, spent, fresh, step=plan.marginal_step.centre)
    steps.begin("frontier")
    edge = None
    if plan.frontier is not None:
        asked = plan.frontier
        about = RiskLimit(
            asked.measure, _column(asked.measure), asked.kind, 0.0, asked.threshold, asked.level
        )
        edge = frontier(
            other,
            goal,
            allowed,
            best,
            about,
            paths=fresh,
            points=asked.points,
            seed=plan.search.seed,
        )
    steps.begin("questions")
    answers = {name: _answer(found, other, first, name) for name in plan.questions}
    return Allocation(
        found, goal, tuple(futures), allowed, rules, best, again, slopes, edge, answers
    )


def goal_of(found: ReadAllocation, n_futures: int) -> Goal:
    """Return what a plan wants, its measures as columns."""
    weights = np.zeros(len(MEASURES))
    for name, item in found.plan.objective.items():
        weights[_column(name)] = item.centre
    limits = tuple(
        RiskLimit(
            name,
            _column(item.measure),
            item.kind,
            item.most.centre,
            item.threshold.centre,
            item.level.centre,
        )
        for name, item in found.plan.risks.items()
    )
    return Goal(weights, limits, np.full(n_futures, 1.0 / n_futures), found.plan.caution)


def most_units(found: ReadAllocation, n_presets: int) -> int:
    """Return how many units an allocation asks for at most, those of the baselines included.

    Splits that are asked twice, and units that are kept, cost nothing: it may be far fewer.
    """
    plan, run = found.plan, found.plan.run
    futures = 1 + len(plan.futures.named) + plan.futures.draws
    criteria, cells = len(plan.criteria), len(found.cells)
    blocks, fresh = run.paths // run.first_paths, run.fresh_paths // run.first_paths
    new = criteria * plan.search.batch
    first = n_presets + plan.search.design + 1 + plan.search.rounds * (new + 1)
    last = (criteria * plan.search.finalists + n_presets + 1) * (blocks - 1) + (new + 1) * blocks
    again = criteria + n_presets + 1 + 3 * cells + 2
    if plan.frontier is not None:
        again += plan.frontier.points + criteria + 1
    levels = sum(
        most_levels((item.low, item.high), is_whole=found.is_whole(item.vary))
        for item in plan.questions.values()
    )
    return 1 + futures * (first + last + again * fresh) + 2 * levels * fresh


class _Steps:
    """Counts units and remembers the step."""

    def __init__(self, tell: Told | None) -> None:
        self._tell, self._step, self._done = tell, "design", 0

    def begin(self, step: str) -> None:
        self._step = step
        self.played(0)

    def played(self, n: int) -> None:
        self._done += n
        if self._tell is not None:
            self._tell(self._step, self._done)


def _column(measure: str) -> int:
    return list(MEASURES).index(measure)


def _answer(found: ReadAllocation, player: Player, split: FloatArray, name: str) -> BackSolution:
    """Answer one question at the winning split, on the plain future."""
    asked, paths = found.plan.questions[name], range(found.plan.run.fresh_paths)
    plain = replace(player, futures=dict(list(player.futures.items())[:1]))

    def outcome(level: float) -> FloatArray:
        # Round levels are found again by another question.
        exact = float(f"{level:.10g}")
        changes = plain.changes([(split, {asked.vary: exact})], paths)
        return np.asarray(changes[0, 0, :, _column(asked.measure)])

    return back_solve(
        outcome,
        between=(asked.low, asked.high),
        goal=asked.goal,
        probability=asked.probability,
        is_whole=found.is_whole(asked.vary),
    )
