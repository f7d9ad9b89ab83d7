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
tier 2. When the fund ends it pays back `clawback_share` of its excess carry, the larger of

- what is above ``c (L + G - P)``;
- what LPs lack of their hurdle: the balance less the *credit*, what they got beyond their
  balance so far, compounded alike. Without it their flows earn less than the hurdle;

but not more than all carry.

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

ROUNDING = 1e-12
"""Excess carry below this part of all distributions is rounding, and none."""


@inner_kernel
def compound_to(fund: Record, growth: float, quarter: int) -> None:
    """Carry the balance owed to LPs, and their credit, forward to a quarter by `growth` in each."""
    while fund["balance_quarter"] < quarter:
        fund["balance"] *= growth
        fund["credit"] *= growth
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


@lean_kernel
def excess_carry(
    balance: float, credit: float, paid_in: float, to_lps: float, carry: float, carry_share: float
) -> float:
    """Return the carry a manager got beyond its share, in [0, carry].

    Parameters
    ----------
    balance, credit : float
        Million CNY, after the last distribution.
    paid_in, to_lps, carry : float
        Million CNY; all of the fund's life.
    carry_share : float
        In [0, 1).
    """
    above = carry - carry_share * max(0.0, to_lps + carry - paid_in)
    excess = max(above, balance - credit)
    if excess <= ROUNDING * (to_lps + carry):
        return 0.0
    return min(excess, carry)


@inner_kernel
def paid_back(
    fund: Record, terms: Record, balance: float, credit: float, lp: float, gp: float
) -> float:
    """Return the clawback if a fund ends with a distribution of `lp` and `gp`, million CNY.

    `balance` and `credit` are those before it, carried forward to the quarter.
    """
    carry = fund["carry"] + gp
    if terms["clawback_share"] <= 0.0 or carry <= 0.0:
        return 0.0
    left, more = max(0.0, balance - lp), credit + max(0.0, lp - balance)
    lps, share = fund["to_lps"] + lp, terms["carry_share"]
    excess = excess_carry(left, more, fund["called"], lps, carry, share)
    return float(terms["clawback_share"] * excess)


@inner_kernel
def settled_to_lps(fund: Record, terms: Record, nav: float, quarter: int) -> float:
    """Return what all LPs would get, before clauses of a programme, if a fund ended now.

    Its holdings, at their marks, pass through the waterfall as in a last distribution, so carry
    still to come is taken off, and carry to be paid back is added.
    """
    growth = terms["hurdle_growth"] ** (quarter - fund["balance_quarter"])
    balance = fund["balance"] * growth
    to_lps, carry = split_distribution(
        nav,
        balance,
        fund["called"],
        fund["to_lps"],
        fund["carry"],
        terms["carry_share"],
        terms["catch_up_share"],
    )
    return float(to_lps + paid_back(fund, terms, balance, fund["credit"] * growth, to_lps, carry))
