"""Step 10: one distribution of a fund through a European (whole-fund) waterfall.

Money goes, in this order,

1. to the LPs until their balance, contributions outstanding plus preferred return, is 0;
2. to the manager at the share `catch_up`, the LPs getting the rest, until the manager holds
   `carry_share` of all profit, ``G = c (L + G - P)`` with what LPs and manager received so
   far, ``L`` and ``G``, and what was paid in, ``P``;
3. ``1 - c`` to the LPs and ``c`` to the manager.

At the start of tier 2 the manager lacks ``D = c (L + G - P) - G``; each yuan distributed
narrows this by ``k - c``, ``k`` being the catch-up, so tier 2 takes ``D / (k - c)``. A
catch-up at or below `carry_share` could never get there and is the same as none: straight
to tier 3, with carry on the excess over the preferred return only.

A manager that already holds more than its share (new calls after carry was paid) skips
tier 2; taking it back is the clawback, which is not part of a distribution.

All amounts are million CNY and at least 0. Kernels check nothing; no argument may be NaN.

References
----------
Metrick & Yasuda (2010), The economics of private equity funds, Review of Financial Studies
23. ILPA (2019), Principles 3.0: whole-fund waterfalls, preferred return and clawback.
"""

from __future__ import annotations

import math

from finmodel.numeric.jit import inner_kernel, lean_kernel
from finmodel.world.arrays import Record


@inner_kernel
def compound_to(fund: Record, growth: float, quarter: int) -> None:
    """Carry the balance owed to LPs forward to a quarter; it grows by `growth` in each."""
    while fund["balance_quarter"] < quarter:
        fund["balance"] *= growth
        fund["balance_quarter"] += 1


@lean_kernel
def compound(balance: float, hurdle_pa: float) -> float:
    """Return the LPs' balance a quarter later at the preferred return.

    Parameters
    ----------
    balance : float
        Million CNY.
    hurdle_pa : float
        Preferred return per annum, compounding: ``(1 + hurdle_pa) ** (1/4)`` a quarter.
    """
    return balance * math.pow(1.0 + hurdle_pa, 0.25)


@lean_kernel
def split_distribution(
    amount: float,
    balance: float,
    paid_in: float,
    to_lps: float,
    to_gp: float,
    carry_share: float,
    catch_up: float,
) -> tuple[float, float]:
    """Split one distribution between the LPs and the manager.

    Parameters
    ----------
    amount : float
        Million CNY, distributed now.
    balance : float
        Million CNY; contributions outstanding plus preferred return, compounded to date.
        The caller lowers it by what the LPs get, not below 0.
    paid_in, to_lps, to_gp : float
        Million CNY; cumulative before this distribution.
    carry_share : float
        In [0, 1).
    catch_up : float
        In [0, 1]: the manager's share of tier 2; 1 is full, 0 none.

    Returns
    -------
    lp, gp : float
        Million CNY; their sum is `amount`.
    """
    first = min(amount, balance)
    rest = amount - first
    if rest <= 0.0:
        return amount, 0.0
    second = 0.0
    if catch_up > carry_share:
        profit = to_lps + to_gp + first - paid_in
        lacking = carry_share * profit - to_gp
        second = min(rest, max(0.0, lacking) / (catch_up - carry_share))
    gp = catch_up * second + carry_share * (rest - second)
    return amount - gp, gp
