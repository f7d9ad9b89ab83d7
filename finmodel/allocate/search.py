"""The search for the best split: a design, a smooth response, rounds of proposals, a last race.

1. Presets and splits far from each other are tried on few paths. 2. In each round a response is
fitted to the means (:mod:`finmodel.allocate.surrogate`) and splits are proposed where it, or it
and some of its standard error, is highest within the limits; they are tried. 3. The best few by
the response are played on all paths, and the best of them by the response fitted anew is the
winner. The response borrows strength from neighbours: a split that is only lucky stands out from
them and is pulled back. What is left of luck in the winner is measured on fresh paths
(:mod:`finmodel.allocate.retest`). Everything is drawn from one seed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from finmodel.allocate.book import Book, Means
from finmodel.allocate.climb import Climb, climb
from finmodel.allocate.goal import Criterion, Evaluate, Goal, criterion_values
from finmodel.allocate.splits import SplitSet
from finmodel.allocate.surrogate import Surrogate, fit_surrogate

FloatArray = NDArray[np.float64]
Told = Callable[[str, int, int], None]
"""Called with the step, how many of it are done, and of how many."""

_BOLDNESS = (0.0, 0.5, 1.0, 2.0)  # standard errors added to the mean of proposals, in turn
_TIGHTER = 0.5  # standard errors off the limits, for each further proposal of the last round
_APART = 1e-3  # proposals nearer than this to a known split are moved


@dataclass(frozen=True)
class SearchPlan:
    """How much is tried.

    Attributes
    ----------
    design : int
        Splits of the space-filling design, beside the presets.
    rounds, batch : int
        Rounds of proposals, and proposals in each for each criterion.
    paths : int
        Of the last race.
    first_paths : int
        Of the design and the rounds.
    finalists : int
        For each criterion.
    seed : int
    """

    design: int
    rounds: int
    batch: int
    paths: int
    first_paths: int
    finalists: int
    seed: int


@dataclass(frozen=True)
class Winner:
    """The best split by one criterion.

    Attributes
    ----------
    criterion : str
    split : ndarray of shape (D,)
    row : int
        In the book.
    value : float
        Of the criterion, in sample.
    is_within_limits : bool
        Whether the risks estimated in sample keep to their limits; if none does, the winner is
        the split that breaks them least.
    """

    criterion: Criterion
    split: FloatArray
    row: int
    value: float
    is_within_limits: bool


@dataclass(frozen=True)
class Found:
    """The result of a search.

    Attributes
    ----------
    winners : dict of Winner
        By criterion.
    book : Book
    means : Means
    """

    winners: dict[Criterion, Winner]
    book: Book
    means: Means


@dataclass(frozen=True)
class Response:
    """Fitted responses of the objective in each scenario and of each limited risk.

    Attributes
    ----------
    objective : list of Surrogate
        S of them.
    risks : list of list of Surrogate
        By scenario and limit.
    best : ndarray of shape (S,)
        The most that the response promises at a split that was tried, by scenario.
    """

    objective: list[Surrogate]
    risks: list[list[Surrogate]]
    best: FloatArray

    def values(self, splits: FloatArray) -> FloatArray:
        """Return expected objectives, shape (n, S)."""
        return np.stack([item.mean(splits) for item in self.objective], axis=1)


def search(
    evaluate: Evaluate,
    goal: Goal,
    allowed: SplitSet,
    *,
    presets: FloatArray,
    plan: SearchPlan,
    criteria: Sequence[Criterion] = ("expected",),
    tell: Told | None = None,
) -> Found:
    """Search for the best split by each criterion.

    Parameters
    ----------
    evaluate : callable
        See :data:`finmodel.allocate.goal.Evaluate`.
    goal : Goal
    allowed : SplitSet
    presets : ndarray of shape (K, D)
        Allowed splits to start from; they are the yardstick of the others.
    plan : SearchPlan
    criteria : sequence of {'expected', 'maximin', 'regret'}
    tell : callable, optional

    Returns
    -------
    Found
        Every split in its book is allowed.
    """
    with threadpool_limits(1, "blas"):  # sums in one order, whatever the machine
        return _search(evaluate, goal, allowed, presets, plan, criteria, tell or (lambda *_: None))


def _search(
    evaluate: Evaluate,
    goal: Goal,
    allowed: SplitSet,
    presets: FloatArray,
    plan: SearchPlan,
    criteria: Sequence[Criterion],
    say: Told,
) -> Found:
    rng = np.random.default_rng(plan.seed)
    book = Book(evaluate, goal)
    design = [allowed.rounded(split) for split in allowed.spread(plan.design, rng)]
    start = np.concatenate([presets, np.array(design).reshape(-1, allowed.n_cells)])
    rows = book.ask(start, plan.first_paths)
    # Limits may move several presets to one split: it is a yardstick once.
    book.n_yardstick = len(set(rows[: len(presets)]))
    say("design", 1, 1)
    for number in range(plan.rounds):
        is_last = number == plan.rounds - 1
        _propose_and_ask(book, goal, allowed, criteria, plan, rng, is_last=is_last)
        say("rounds", number + 1, plan.rounds)
    finalists = _finalists(book, goal, allowed, criteria, plan)
    book.ask(np.array([book.splits[row] for row in finalists]), plan.paths)
    say("finalists", 1, 2)
    # Risks move a little on all paths, and those on the edge of a limit may be over it now.
    _propose_and_ask(book, goal, allowed, criteria, plan, rng, is_last=True, paths=plan.paths)
    say("finalists", 2, 2)
    means = book.means()
    response = fit_response(means)
    winners = {name: _winner(name, goal, means, response, plan) for name in criteria}
    return Found(winners, book, means)


def _propose_and_ask(
    book: Book,
    goal: Goal,
    allowed: SplitSet,
    criteria: Sequence[Criterion],
    plan: SearchPlan,
    rng: np.random.Generator,
    *,
    is_last: bool,
    paths: int | None = None,
) -> None:
    """Fit the response and try what it holds for best, by each criterion."""
    means = book.means()
    response = fit_response(means)
    new: list[FloatArray] = []
    for criterion in criteria:
        for k in range(plan.batch):
            bold = 0.0 if is_last else _BOLDNESS[k % len(_BOLDNESS)]
            # Half of all splits on the edge of a limit would break it by a little.
            tighter = _TIGHTER * k if is_last else 0.0
            task = Task(goal, allowed, criterion, response, means, tighter)
            new.append(task.propose(bold, k, rng))
    book.ask(np.array(new), paths or plan.first_paths)


def fit_response(means: Means) -> Response:
    """Fit every response to the means of a book."""
    n_scenarios, n_limits = means.risks.shape[1:]
    objective = [
        fit_surrogate(means.splits, means.worth[:, s], means.variances[:, s])
        for s in range(n_scenarios)
    ]
    risks = [
        [
            fit_surrogate(means.splits, means.risks[:, s, c], means.risk_variances[:, s, c])
            for c in range(n_limits)
        ]
        for s in range(n_scenarios)
    ]
    best = np.array([item.mean(means.splits).max() for item in objective])
    return Response(objective, risks, best)


def excess(goal: Goal, risks: FloatArray) -> FloatArray:
    """Return by how much the worst risk breaks its limit, in units of it; at most 0 if none does.

    `risks` has shape (N, S, C). A limit must hold in every scenario.
    """
    if not goal.limits:
        return np.full(len(risks), -np.inf)
    most = np.array([item.most for item in goal.limits])
    unit = np.where(np.abs(most) > 0.0, np.abs(most), 1.0)
    return np.asarray(((risks - most) / unit).max(axis=(1, 2)))


@dataclass(frozen=True)
class Task:
    """One criterion, to be raised on the response of one round.

    `tighter` standard errors are taken off the limits of risks, beside the goal's own caution.
    """

    goal: Goal
    allowed: SplitSet
    criterion: Criterion
    response: Response
    means: Means
    tighter: float = 0.0

    @property
    def margin(self) -> FloatArray:
        """How far below its limit each risk should stay, shape (S, C)."""
        return np.asarray((self.goal.caution + self.tighter) * self.means.risk_se.mean(axis=0))

    def propose(self, bold: float, place: int, rng: np.random.Generator) -> FloatArray:
        """Return a split to try: the highest reached from one of the best known and a random one.

        `bold` standard errors are added to the mean; the `place`-th best known split is a start.
        """
        known = self.means.splits
        score = self.score(known)
        ranked = known[np.argsort(-score, kind="stable")]
        starts = [ranked[0], ranked[min(place, len(ranked) - 1)], self.allowed.draws(1, rng)[0]]
        task = Climb(
            self.allowed,
            self.goal,
            self.criterion,
            self.response.objective,
            self.response.risks,
            self.response.best,
            bold,
            self.margin,
        )
        ends = np.array([climb(task, start) for start in starts])
        best = ends[np.argmax(self.score(ends, bold))]
        if np.abs(known - best).max(axis=1).min() < _APART:
            other = self.allowed.draws(1, rng)[0]
            best = self.allowed.inside(best + rng.uniform(0.02, 0.15) * (other - best))
        return self.allowed.rounded(best)

    def score(self, splits: FloatArray, bold: float = 0.0) -> FloatArray:
        """Return the criterion by the response; splits that break a limit come after all others."""
        values = self.response.values(splits)
        if bold > 0.0:
            values = values + bold * np.stack(
                [item.sd(splits) for item in self.response.objective], axis=1
            )
        weights, best = self.goal.scenario_weights, self.response.best
        score = criterion_values(values, self.criterion, weights, best)
        if not self.goal.limits:
            return score
        risks = np.array([[s.mean(splits) for s in row] for row in self.response.risks])
        return _behind(score, excess(self.goal, np.moveaxis(risks, 2, 0) + self.margin))


def _behind(score: FloatArray, over: FloatArray) -> FloatArray:
    """Put splits that break a limit behind all that do not, those that break it least first."""
    span = score.max() - score.min() + 1.0
    return np.where(over > 0.0, score.min() - span * (1.0 + over), score)


def _finalists(
    book: Book, goal: Goal, allowed: SplitSet, criteria: Sequence[Criterion], plan: SearchPlan
) -> list[int]:
    means = book.means()
    response = fit_response(means)
    chosen: list[int] = []
    for criterion in criteria:
        score = Task(goal, allowed, criterion, response, means).score(means.splits)
        score = (
            _behind(score, excess(goal, means.risks + goal.caution * means.risk_se))
            if goal.limits
            else score
        )
        chosen += [int(row) for row in np.argsort(-score, kind="stable")[: plan.finalists]]
    return sorted({*chosen, *range(book.n_yardstick)})


def _winner(
    criterion: Criterion, goal: Goal, means: Means, response: Response, plan: SearchPlan
) -> Winner:
    whole = np.flatnonzero(means.paths >= plan.paths)
    weights = goal.scenario_weights
    smooth = criterion_values(response.values(means.splits), criterion, weights, response.best)
    raw = criterion_values(means.worth, criterion, weights, means.worth[whole].max(axis=0))
    over = excess(goal, means.risks + goal.caution * means.risk_se)
    score = _behind(smooth[whole], over[whole]) if goal.limits else smooth[whole]
    row = int(whole[np.argmax(score)])
    return Winner(criterion, means.splits[row], row, float(raw[row]), bool(over[row] <= 0.0))
