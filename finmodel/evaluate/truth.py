"""What is true, from the twin without programmes, and what an error is made of."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from finmodel.evaluate.design import Design
from finmodel.world.arrays import FloatArray


class Truth(NamedTuple):
    """The truth of an estimate that is a weighted sum of outcomes, and the parts of its error.

    Attributes
    ----------
    effect : float
        Mean effect on the cells or firms that the estimate speaks of.
    comparison : float
        Mean effect on those it compares them with: zero if the programme touched nobody else.
    luck : float
        What the same weights give where nothing was done.
    spillover : float
        What the effect on the comparison adds.
    weighting : float
        What weights add that are not those of the mean.
    """

    effect: float
    comparison: float
    luck: float
    spillover: float
    weighting: float


def panel_truth(
    design: Design,
    *,
    weights: FloatArray,
    target: NDArray[np.bool_],
    policy: FloatArray,
    base: FloatArray,
) -> Truth:
    """Return the truth of a panel estimate; ``estimate = effect + luck + spillover + weighting``.

    Parameters
    ----------
    design : Design
    weights : ndarray of shape (R, Y)
    target : ndarray of bool, shape (R, Y)
        Treated cells that the estimate speaks of.
    policy, base : ndarray of shape (R, Y)
        Outcome with and without the programmes.
    """
    change = policy - base
    treated = design.is_treated
    effect = float(change[target].mean()) if target.any() else np.nan
    begun = np.array(design.years) >= min(design.waves)
    untreated = ~treated & begun
    weighted = float((weights * np.where(treated, change, 0.0)).sum())
    is_same = np.isclose(weighted, effect, rtol=1e-9, atol=1e-12)
    return Truth(
        effect=effect,
        comparison=float(change[untreated].mean()) if untreated.any() else np.nan,
        luck=float((weights * base).sum()),
        spillover=float((weights * np.where(treated, 0.0, change)).sum()),
        weighting=0.0 if is_same else weighted - effect,
    )
