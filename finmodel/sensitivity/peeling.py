r"""Scenario discovery: a box of unknowns in which an event is much likelier (PRIM).

From the whole space, each step peels off the twentieth at one end of one number whose loss
raises the density of the event most; then ends are pasted back while that raises it. Of the boxes
on the way, without the limits that each can do without, the one of the largest ``mass (density -
base rate)`` is kept. That is 0 of the whole space, so that "no box" is a possible answer.

Whether the box is more than chance is told by the same search on shuffled events, and how well it
does by boxes found on parts of the draws and tried on the rest.

References
----------
Friedman & Fisher (1999), Bump hunting in high-dimensional data, Statistics and Computing 9.
Bryant & Lempert (2010), Thinking inside the box, Technological Forecasting & Social Change 77
(coverage, density, quasi-p-values, reproduction on half samples).
Lavrac, Flach & Zupan (1999), Rule evaluation measures, ILP-99 (weighted relative accuracy).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import binom

from finmodel.sensitivity.axes import FloatArray

BoolArray = NDArray[np.bool_]

PEELED = 0.05
LEAST_MASS = 0.05
LEAST_POINTS = 10
MOST_CHANCE = 0.05
"""Probability above which a limit, or a box, is taken for chance."""
LEAST_KEPT = 0.5
"""Part of a box's lift over the base rate that draws it was not found on must show."""


@dataclass(frozen=True)
class Box:
    """Limits of D numbers.

    Attributes
    ----------
    low, high : ndarray of shape (D,)
        Inclusive; infinite where there is no limit.
    """

    low: FloatArray
    high: FloatArray

    def holds(self, x: FloatArray) -> BoolArray:
        """Return which points of shape (n, D) lie inside."""
        return np.asarray(((x >= self.low) & (x <= self.high)).all(axis=1))

    @property
    def limited(self) -> BoolArray:
        """Which numbers have a limit."""
        return np.asarray(np.isfinite(self.low) | np.isfinite(self.high))


@dataclass(frozen=True)
class Discovery:
    """What was found about an event.

    Attributes
    ----------
    box : Box
        Without limits if none was found.
    is_found : bool
        Whether the box is more than chance, and at least half of its lift over the base rate
        held up on draws it was not found on.
    n, base_rate : int, float
        Draws, and share of the event in them.
    coverage, density, mass : float
        Share of events inside, share of inside that are events, share of draws inside.
    quasi_p : ndarray of shape (D,)
        Of each limit: chance of so many events inside at the density without it. NaN without one.
    reproduced : ndarray of shape (D,)
        Share of half samples whose box limits the number.
    p_chance : float
        Share of shuffled events with as good a box.
    density_held_out, coverage_held_out : float
        Of boxes found on four fifths of the draws, tried on the rest. NaN if none was inside.
    p_held_out : float
        Chance of so many events there at the base rate.
    trajectory : DataFrame
        `step`, `n_limits`, `mass`, `density`, `coverage`, `gain`.
    """

    box: Box
    is_found: bool
    n: int
    base_rate: float
    coverage: float
    density: float
    mass: float
    quasi_p: FloatArray
    reproduced: FloatArray
    p_chance: float
    density_held_out: float
    coverage_held_out: float
    p_held_out: float
    trajectory: pd.DataFrame


def discover(
    x: FloatArray, event: BoolArray, *, seed: int, shuffles: int = 99, halves: int = 20
) -> Discovery:
    """Search for a box of an event and say how far it can be trusted.

    Parameters
    ----------
    x : ndarray of shape (n, D)
        Numbers, in their units.
    event : ndarray of bool, shape (n,)
        The rarer of two that exclude each other is the one to look for.
    seed : int
        Of shuffles, halves and folds.
    shuffles, halves : int

    Raises
    ------
    ValueError
        With fewer than 40 draws, or an event that always or never happens.
    """
    n = len(x)
    if n < 40 or not 0 < event.sum() < n:
        raise ValueError(f"{int(event.sum())} events in {n} draws; discovery needs 40 and both")
    rng = np.random.default_rng(seed)
    boxes = peel(x, event)
    box = choose([drop_idle(item, x, event) for item in boxes], x, event)
    gain = _gain(box, x, event)
    by_chance = [best_gain(x, rng.permutation(event)) for _ in range(shuffles)]
    p_chance = (1 + sum(other >= gain for other in by_chance)) / (1 + shuffles)
    reproduced = np.zeros(x.shape[1])
    for _ in range(halves):
        half = rng.choice(n, n // 2, replace=False)
        reproduced += search(x[half], event[half]).limited / halves
    inside, held = _held_out(x, event, rng)
    hits = int((inside & event).sum())
    p_held = float(binom.sf(hits - 1, int(inside.sum()), event.mean())) if inside.any() else 1.0
    within = box.holds(x)
    density, base_rate = float(event[within].mean()), float(event.mean())
    density_held = hits / inside.sum() if inside.any() else float("nan")
    is_kept = density_held - base_rate >= LEAST_KEPT * (density - base_rate)
    is_chance = max(p_chance, p_held) > MOST_CHANCE
    return Discovery(
        box=box,
        is_found=bool(box.limited.any() and is_kept and not is_chance),
        n=n,
        base_rate=base_rate,
        coverage=float((within & event).sum() / event.sum()),
        density=density,
        mass=float(within.mean()),
        quasi_p=quasi_p(box, x, event),
        reproduced=reproduced,
        p_chance=p_chance,
        density_held_out=float(density_held),
        coverage_held_out=hits / event[held].sum(),
        p_held_out=p_held,
        trajectory=_trajectory(boxes, x, event),
    )


def search(x: FloatArray, event: BoolArray) -> Box:
    """Return the box of an event, without idle limits."""
    return choose([drop_idle(box, x, event) for box in peel(x, event)], x, event)


def best_gain(x: FloatArray, event: BoolArray) -> float:
    """Return ``mass (density - base rate)`` of the box of an event."""
    return _gain(search(x, event), x, event)


def peel(x: FloatArray, event: BoolArray) -> list[Box]:
    """Return the boxes on the way from the whole space to the smallest, which is then pasted."""
    n, d = x.shape
    box = Box(np.full(d, -np.inf), np.full(d, np.inf))
    least = max(LEAST_POINTS, int(np.ceil(LEAST_MASS * n)))
    boxes = [box]
    while True:
        inside = box.holds(x)
        best = None
        for candidate in _peeled(box, x[inside]):
            left = candidate.holds(x)
            if least <= left.sum() < inside.sum():
                score = event[left].mean()
                if best is None or score > best[0]:
                    best = (score, candidate)
        if best is None:
            break
        box = best[1]
        boxes.append(box)
    return [*boxes, *_pasted(boxes[-1], x, event)]


def _peeled(box: Box, inside: FloatArray) -> list[Box]:
    """Return the boxes without the twentieth at each end; ties go all or none."""
    candidates = []
    ordered = np.sort(inside, axis=0)
    n = len(inside)
    cut = max(1, int(PEELED * n))
    if n <= cut:
        return []
    for j in range(inside.shape[1]):
        values = ordered[:, j]
        above = values[values > values[cut - 1]]
        below = values[values < values[n - cut]]
        if len(above):
            candidates.append(_with(box, j, low=above[0]))
        if len(below):
            candidates.append(_with(box, j, high=below[-1]))
    return candidates


def _pasted(box: Box, x: FloatArray, event: BoolArray) -> list[Box]:
    """Return boxes that grow from the last by a twentieth while density rises."""
    boxes: list[Box] = []
    while True:
        inside = box.holds(x)
        density, best = event[inside].mean(), None
        step = max(1, int(PEELED * inside.sum()))
        for j in np.flatnonzero(box.limited):
            for side in ("low", "high"):
                wider = _with(box, int(j), **{side: -np.inf if side == "low" else np.inf})
                around = x[wider.holds(x) & ~inside, j]
                if not len(around):
                    continue
                ordered = np.sort(around)
                end = ordered[::-1] if side == "low" else ordered
                grown = _with(box, int(j), **{side: end[min(step, len(end)) - 1]})
                score = event[grown.holds(x)].mean()
                if score > density and (best is None or score > best[0]):
                    best = (score, grown)
        if best is None:
            return boxes
        box = best[1]
        boxes.append(box)


def choose(boxes: list[Box], x: FloatArray, event: BoolArray) -> Box:
    """Return the box of the largest gain; the first, which is widest, of equals."""
    gains = [_gain(box, x, event) for box in boxes]
    return boxes[int(np.argmax(gains))]


def drop_idle(box: Box, x: FloatArray, event: BoolArray) -> Box:
    """Return the box without limits that chance explains, the idlest first."""
    while box.limited.any():
        p = quasi_p(box, x, event)
        worst = int(np.nanargmax(p))
        if p[worst] <= MOST_CHANCE:
            return box
        box = _with(box, worst, low=-np.inf, high=np.inf)
    return box


def quasi_p(box: Box, x: FloatArray, event: BoolArray) -> FloatArray:
    """Return of each limit the chance of the events inside at the density without it."""
    found = np.full(x.shape[1], np.nan)
    outside = (x < box.low) | (x > box.high)
    times = outside.sum(axis=1)
    inside = times == 0
    hits, size = event[inside].sum(), inside.sum()
    limited = np.flatnonzero(box.limited)
    without = times[:, None] == outside[:, limited]
    density = (without & event[:, None]).sum(axis=0) / without.sum(axis=0)
    found[limited] = binom.sf(hits - 1, size, density)
    return found


def _with(box: Box, j: int, *, low: float | None = None, high: float | None = None) -> Box:
    lows, highs = box.low.copy(), box.high.copy()
    lows[j] = lows[j] if low is None else low
    highs[j] = highs[j] if high is None else high
    return replace(box, low=lows, high=highs)


def _gain(box: Box, x: FloatArray, event: BoolArray) -> float:
    inside = box.holds(x)
    return float(event[inside].sum() - inside.sum() * event.mean()) / len(x)


def _held_out(
    x: FloatArray, event: BoolArray, rng: np.random.Generator, folds: int = 5
) -> tuple[BoolArray, BoolArray]:
    """Return which draws lie in the box found without their fold, and which were tried."""
    fold = rng.permutation(len(x)) % folds
    inside, tried = np.zeros(len(x), bool), np.zeros(len(x), bool)
    for k in range(folds):
        others, own = fold != k, fold == k
        tried |= own
        if not 0 < event[others].sum() < others.sum():
            continue
        box = search(x[others], event[others])
        if box.limited.any():
            inside[own] = box.holds(x[own])
    return inside, tried


def _trajectory(boxes: list[Box], x: FloatArray, event: BoolArray) -> pd.DataFrame:
    rows = []
    for step, box in enumerate(boxes):
        inside = box.holds(x)
        rows.append(
            {
                "step": step,
                "n_limits": int(box.limited.sum()),
                "mass": float(inside.mean()),
                "density": float(event[inside].mean()),
                "coverage": float(event[inside].sum() / event.sum()),
                "gain": _gain(box, x, event),
            }
        )
    return pd.DataFrame(rows)
