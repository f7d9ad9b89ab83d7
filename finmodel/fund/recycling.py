"""Recycling: exit proceeds that a fund keeps to invest again or to pay its fees.

Of the proceeds of a quarter within the window the fund keeps a share `rate`, until what it has
kept since first closing reaches the cap:

    recycled_q = min(rate * proceeds_q, cap_share * commitment - recycled so far).

The rest is distributed in the same quarter. Conventions, where funds differ:

- proceeds are recycled whole, cost and profit alike; terms that give back cost only are a lower
  rate;
- what is recycled stays in the fund as cash and is used before any call, for investments, fees and
  costs; it is not paid out and called back;
- a plan on a path (:mod:`finmodel.fund.portfolio`) takes its exits first and can use what they
  bring in the same quarter; the closed form (:mod:`finmodel.fund.capital`) from the next on;
- what is still unused at the end of quarter `release_quarter` is paid out, and nothing is
  recycled from then on;
- the cap counts what was kept, used or not.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from finmodel.numeric.jit import inner_kernel
from finmodel.world.arrays import Record, Table

RECYCLING_ROW = np.dtype(
    [
        ("rate", "f8"),
        ("cap_share", "f8"),
        ("open_quarters", "i8"),  # window, ended by the release if that comes first
        ("release_quarter", "i8"),
    ]
)


@dataclass(frozen=True, slots=True)
class RecyclingTerms:
    """What a fund may reinvest.

    Attributes
    ----------
    rate : float
        In [0, 1]: share of each exit's proceeds; 0 for no recycling.
    cap_share : float
        At least 0: most that may be kept over the life, of the commitment; ``inf`` for no cap.
    window_quarters : int
        At least 0: proceeds of quarters before it may be kept.
    release_quarter : int
        At least 0: at the end of it all cash is paid out, usually the last of the life.

    Raises
    ------
    ValueError
        If a term is out of range.
    """

    rate: float
    cap_share: float
    window_quarters: int
    release_quarter: int

    def __post_init__(self) -> None:
        if not 0.0 <= self.rate <= 1.0:
            raise ValueError(f"rate in [0, 1], got {self.rate}")
        if not self.cap_share >= 0.0:
            raise ValueError(f"cap_share from 0 on, got {self.cap_share}")
        if self.window_quarters < 0 or self.release_quarter < 0:
            given = f"{self.window_quarters} and {self.release_quarter}"
            raise ValueError(f"window_quarters and release_quarter from 0 on, got {given}")

    @property
    def open_quarters(self) -> int:
        """Quarters from first closing on in which proceeds may be kept."""
        return min(self.window_quarters, self.release_quarter)


def recycling_table(terms: RecyclingTerms) -> Table:
    """Return the terms as a table of one row for kernels, shape (1,)."""
    row = (terms.rate, terms.cap_share, terms.open_quarters, terms.release_quarter)
    return np.array([row], RECYCLING_ROW)


@inner_kernel
def recycle(
    proceeds: float, recycled: float, committed: float, terms: Record, quarter: int
) -> tuple[float, float]:
    """Split the proceeds of a quarter into what is kept and what can be distributed.

    Parameters
    ----------
    proceeds : float
        Million CNY, at least 0.
    recycled : float
        Million CNY, kept before.
    committed : float
        Million CNY, above 0.
    terms : record of RECYCLING_ROW
    quarter : int
        Since first closing.

    Returns
    -------
    recycled, distributable : float
        Million CNY; their sum is `proceeds`.
    """
    if quarter >= terms["open_quarters"]:
        return 0.0, proceeds
    left = max(0.0, terms["cap_share"] * committed - recycled)
    kept = min(terms["rate"] * proceeds, left)
    return kept, proceeds - kept
