"""Clauses of classes of LPs: what is agreed, checked once, and the rows kernels read.

The words are those of programmes of public money (:mod:`finmodel.market.public`).

References
----------
ILPA (2019), Principles 3.0: what LPs agree among themselves beside the fund's terms.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from finmodel.world.arrays import Table

CLASS_ROW = np.dtype(
    [
        ("commitment_share", "f8"),
        ("profit_give_up", "f8"),
        ("manager_give_up", "f8"),
        ("return_cap_pa", "f8"),
        ("buyback_quarter", "i8"),
        ("buyback_rate_pa", "f8"),
        ("first_loss_share", "f8"),
    ]
)
NO_BUYBACK = -1
NO_CAP = math.inf
SUM_TOLERANCE = 1e-12


class LpClass(NamedTuple):
    """One class of LPs of a fund.

    Attributes
    ----------
    commitment_share : float
        In [0, 1]: its part of what all classes are called for; those of a fund sum to 1.
    profit_give_up, manager_give_up : float
        In [0, 1], their sum too: parts of its gains that go to the other classes and the manager.
    return_cap_pa : float
        At least 0: it keeps no more than its calls, compounded at this rate; what is beyond
        goes to the other classes. :data:`NO_CAP` is no cap.
    buyback_quarter : int
        At the end of this quarter the others may buy its stake; :data:`NO_BUYBACK` is never.
    buyback_rate_pa : float
        At least 0: the price is its calls less what it kept, both compounded at this rate.
    first_loss_share : float
        In [0, 1]: the part of its capital that is returned after all other capital.
    """

    commitment_share: float
    profit_give_up: float
    manager_give_up: float
    return_cap_pa: float
    buyback_quarter: int
    buyback_rate_pa: float
    first_loss_share: float


def plain_class(commitment_share: float) -> LpClass:
    """Return a class without clauses."""
    return LpClass(commitment_share, 0.0, 0.0, NO_CAP, NO_BUYBACK, 0.0, 0.0)


def class_table(funds: Sequence[Sequence[LpClass]]) -> Table:
    """Return classes as rows for kernels.

    Parameters
    ----------
    funds : sequence of sequences of LpClass
        As many classes in each fund; those that a fund lacks have a commitment share of 0.

    Returns
    -------
    ndarray of CLASS_ROW, shape (n_funds, n_classes)
        Read-only.

    Raises
    ------
    ValueError
        If numbers of classes differ, shares do not sum to 1, or a clause is outside its range or
        NaN; all that is wrong is named.
    """
    if len({len(classes) for classes in funds}) != 1:
        raise ValueError(f"as many classes in each fund, got {[len(item) for item in funds]}")
    problems = []
    for i, classes in enumerate(funds):
        total = math.fsum(item.commitment_share for item in classes)
        if not abs(total - 1.0) <= SUM_TOLERANCE:
            problems.append(f"fund {i}: commitment shares that sum to 1, got {total}")
        for j, item in enumerate(classes):
            problems += [f"fund {i}, class {j}: {text}" for text in _problems_of(item)]
    if problems:
        raise ValueError("; ".join(problems))
    table = np.array([[tuple(item) for item in classes] for classes in funds], CLASS_ROW)
    table.flags.writeable = False
    return table


def _problems_of(item: LpClass) -> list[str]:
    """Return what is wrong with one class: allowed and given."""
    shares = {
        "commitment_share": item.commitment_share,
        "profit_give_up": item.profit_give_up,
        "manager_give_up": item.manager_give_up,
        "profit_give_up + manager_give_up": item.profit_give_up + item.manager_give_up,
        "first_loss_share": item.first_loss_share,
    }
    found = [f"{name} in [0, 1], got {x}" for name, x in shares.items() if not 0.0 <= x <= 1.0]
    if not item.return_cap_pa >= 0.0:
        found.append(f"return_cap_pa from 0 on, got {item.return_cap_pa}")
    if not 0.0 <= item.buyback_rate_pa < math.inf:
        found.append(f"buyback_rate_pa from 0 on and finite, got {item.buyback_rate_pa}")
    if item.buyback_quarter < NO_BUYBACK:
        found.append(f"buyback_quarter from {NO_BUYBACK} on, got {item.buyback_quarter}")
    return found
