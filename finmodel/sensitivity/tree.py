"""A classification tree as a check on the box: another method that looks at the same event.

References
----------
Breiman, Friedman, Olshen & Stone (1984), Classification and Regression Trees.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from finmodel.sensitivity.axes import FloatArray
from finmodel.sensitivity.peeling import LEAST_MASS, LEAST_POINTS, BoolArray, Box

DEPTH = 3


@dataclass(frozen=True)
class Tree:
    """The leaf of a small tree in which an event is densest.

    Attributes
    ----------
    box : Box
    density, coverage, mass : float
    auc : float
        Area under the curve of draws the tree was not grown on; 0.5 is chance.
    auc_error : float
        Its standard error by chance (Hanley & McNeil 1982).
    """

    box: Box
    density: float
    coverage: float
    mass: float
    auc: float
    auc_error: float


def grow_tree(x: FloatArray, event: BoolArray, *, seed: int) -> Tree:
    """Grow a tree of at most three splits in a row and return its densest leaf.

    Parameters
    ----------
    x : ndarray of shape (n, D)
    event : ndarray of bool, shape (n,)
        With at least five of each.
    seed : int
        Of ties and folds.

    Raises
    ------
    ValueError
        With fewer than five events or five that are none.
    """
    from sklearn.metrics import roc_auc_score
    from sklearn.model_selection import StratifiedKFold, cross_val_predict
    from sklearn.tree import DecisionTreeClassifier

    n, n_events = len(event), int(event.sum())
    if min(n_events, n - n_events) < 5:
        raise ValueError(f"{n_events} events in {n} draws; a tree needs five of each")
    least = max(LEAST_POINTS, int(np.ceil(LEAST_MASS * n)))
    tree = DecisionTreeClassifier(
        max_depth=DEPTH, min_samples_leaf=least, random_state=seed % 2**32
    )
    folds = StratifiedKFold(5, shuffle=True, random_state=seed % 2**32)
    chance = cross_val_predict(tree, x, event, cv=folds, method="predict_proba")[:, 1]
    auc = float(roc_auc_score(event, chance))
    tree.fit(x, event)
    leaf = tree.apply(x)
    density = {int(i): float(event[leaf == i].mean()) for i in np.unique(leaf)}
    best = max(density, key=lambda i: density[i])
    inside = leaf == best
    return Tree(
        box=_box_of(tree.tree_, best, x.shape[1]),
        density=density[best],
        coverage=float(event[inside].sum() / n_events),
        mass=float(inside.mean()),
        auc=auc,
        auc_error=_auc_error(auc, n_events, n - n_events),
    )


def _box_of(nodes: object, leaf: int, d: int) -> Box:
    """Return the limits on the way from the root to a leaf."""
    left, right = nodes.children_left, nodes.children_right  # type: ignore[attr-defined]
    feature, threshold = nodes.feature, nodes.threshold  # type: ignore[attr-defined]
    low, high = np.full(d, -np.inf), np.full(d, np.inf)
    node = leaf
    while node != 0:
        is_left = bool((left == node).any())
        parent = int(np.flatnonzero((left if is_left else right) == node)[0])
        j, at = int(feature[parent]), float(threshold[parent])
        if is_left:
            high[j] = min(high[j], at)
        else:
            low[j] = max(low[j], at)
        node = parent
    return Box(low, high)


def _auc_error(auc: float, events: int, others: int) -> float:
    q1, q2 = auc / (2.0 - auc), 2.0 * auc**2 / (1.0 + auc)
    spread = auc * (1.0 - auc) + (events - 1) * (q1 - auc**2) + (others - 1) * (q2 - auc**2)
    return float(np.sqrt(spread / (events * others)))
