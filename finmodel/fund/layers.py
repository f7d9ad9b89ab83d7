r"""Two layers of funds: treasury and other LPs, a fund of funds, its sub-funds, their firms.

A sub-fund's money is called from its manager, at its commitment share, and from its classes, of
which the first is the fund of funds. It goes to fees and firms; what firms pay goes, when it is
distributed, through the sub-fund's waterfall and then its classes' clauses. The fund of funds
calls, in the same quarter, what its sub-funds call and its own fees, and passes what it gets
through its own waterfall and classes, of which the first is the treasury. It keeps no cash; nor
does it pay calls out of distributions. What it must pay to buy a stake, or give back of gains in a
sub-fund's last quarter, is a call too.

In every quarter, and in each layer,

    got by all parties - paid by all parties
        = proceeds of firms - money into firms - growth of the sub-funds' cash.

Stakes on offer are worth what their class would keep if everything below were settled at its marks
at the end of the quarter: firms at their NAV, each waterfall as if the life of its fund ended
there, and clauses as in a last quarter. Sales in sub-funds come first.

Both layers count quarters from the same date. Amounts are million CNY.

References
----------
Metrick & Yasuda (2010), The economics of private equity funds, Review of Financial Studies
23. ILPA (2019), Principles 3.0.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import IntEnum
from typing import NamedTuple

from finmodel.fund.clauses import LpClass
from finmodel.fund.terms import WaterfallTerms
from finmodel.world.arrays import FloatArray


class FundOfFunds(NamedTuple):
    """The upper layer: own fees (T,), million CNY, European terms, classes (treasury first)."""

    fees: FloatArray
    terms: WaterfallTerms
    classes: Sequence[LpClass]


class Party(IntEnum):
    """Rows of `paid` and `got`. Managers: fees, carry, gains given, their own commitments."""

    TREASURY = 0
    OTHER_LPS = 1
    PARENT_MANAGER = 2
    PRIVATE_LPS = 3
    SUB_MANAGERS = 4
