r"""A fund's whole life through its waterfall, quarter by quarter: the European style.

In each quarter calls come first and earn nothing in it, then the quarter's proceeds are split.
With what LPs and manager got so far, ``L`` and ``G``, and paid-in ``P``, money goes

1. to the LPs until they have their hurdle. RATE: their balance ``B``, which grows by
   ``(1 + hurdle)^(1/4)`` a quarter, by each call, and falls by what they get, not below 0: what
   they got beyond it earns them no preferred return against later calls. MULTIPLE: ``hurdle *
   P - L``, over the whole life;
2. to the manager at the share `catch_up_share` until ``G = G*(L)``;
3. ``1 - c`` to the LPs and ``c`` to the manager, ``c`` being the carry share of the tier in
   which the LPs' net multiple ``L / P`` is.

Tiers are marginal, like brackets of a tax: with ``c(m)`` the carry share at the net multiple ``m``
the manager's full entitlement is

    G*(L) = integral from P to L of c(l / P) / (1 - c(l / P)) dl,

with one tier ``c (L - P) / (1 - c)``, which is ``G = c (L + G - P)``: the carry share of all
profit. A full catch-up so undoes the hurdle; there is none to a higher share for profit below its
threshold. In a tier whose carry share is not below `catch_up_share` step 2 is skipped.

At the end of the fund the manager's excess carry is the larger of

- what is above ``G*``, with ``L`` after paying back: with one tier, above ``c`` times the profit;
- what LPs lack of their hurdle: RATE: their flows compounded at it, so that their internal rate
  of return is at least the hurdle; MULTIPLE: ``hurdle * P - L``;

but not more than all carry. It can arise from later calls alone: carry is paid only while the
balance is 0 and ``G <= G*``, and without calls neither can break again. `clawback_kept_share` of
it stays with the manager, the rest goes to the LPs in the last quarter.

The manager's own commitment is part of the LPs' flows. If it is free of carry, its part of all
proceeds is taken out before the steps, at its share of the contributions.

Amounts are million CNY and at least 0. Kernels check nothing; no argument may be NaN. That calls
stay within commitments is for the caller to see to.

References
----------
Metrick & Yasuda (2010), The economics of private equity funds, Review of Financial Studies
23. ILPA (2019), Principles 3.0: whole-fund waterfalls, preferred return and clawback.
"""

from __future__ import annotations

import math

from finmodel.fund.terms import Hurdle
from finmodel.market.waterfall import split_distribution
from finmodel.numeric.jit import inner_kernel, lean_kernel
from finmodel.world.arrays import FloatArray, Record

RATE = int(Hurdle.RATE)
ROUNDING = 1e-12
"""Excess carry below this part of all proceeds is rounding, and none."""


@inner_kernel
def growth_of(terms: Record) -> float:
    """Return by how much the LPs' balance grows a quarter; 1 without a rate."""
    if terms["hurdle_kind"] == RATE:
        return math.pow(1.0 + terms["hurdle"], 0.25)
    return 1.0


@inner_kernel
def carried_part(terms: Record) -> float:
    """Return the part of the fund's money that goes through the waterfall."""
    if terms["is_gp_carry_free"]:
        return float(1.0 - terms["gp_commitment_share"])
    return 1.0


@inner_kernel
def tier_start(terms: Record, tier: int, paid_in: float) -> float:
    """Return what LPs have got where a tier begins; no profit is below what was paid in."""
    if tier >= terms["n_tiers"]:
        return math.inf
    return float(max(1.0, terms["threshold"][tier]) * paid_in)


@lean_kernel
def split_tiers(
    amount: float, balance: float, paid_in: float, to_lps: float, to_gp: float, terms: Record
) -> tuple[float, float]:
    """Split one distribution between LPs and manager, with any number of carry tiers.

    With one tier this is :func:`finmodel.market.waterfall.split_distribution`, and with more it
    is that function in each tier on what is above the tier's start.

    Parameters
    ----------
    amount, balance, paid_in, to_lps, to_gp : float
        Million CNY; the distribution, what LPs lack of their hurdle, and cumulative sums before.
    terms : record of TERMS_ROW

    Returns
    -------
    lp, gp : float
        Million CNY; their sum is `amount`.
    """
    catch_up = terms["catch_up_share"]
    if terms["n_tiers"] == 1:
        carry = terms["carry_share"][0]
        return split_distribution(amount, balance, paid_in, to_lps, to_gp, carry, catch_up)
    rest = amount - min(amount, balance)
    if rest <= 0.0:
        return amount, 0.0
    lps, above = to_lps + (amount - rest), to_gp
    gp = 0.0
    for tier in range(terms["n_tiers"]):
        carry = terms["carry_share"][tier]
        start, end = tier_start(terms, tier, paid_in), tier_start(terms, tier + 1, paid_in)
        if rest > 0.0 and lps < end:
            piece = min(rest, tier_room(end - lps, lps - start, above, carry, catch_up))
            lp, more = split_distribution(piece, 0.0, start, lps, above, carry, catch_up)
            rest, lps, above, gp = rest - piece, lps + lp, above + more, gp + more
        if end < math.inf:
            above -= carry / (1.0 - carry) * (end - start)
    return amount - gp, gp


@inner_kernel
def tier_room(room: float, gain: float, above: float, carry: float, catch_up: float) -> float:
    """Return how much can be distributed until LPs have `room` more.

    `gain` is what LPs have got since the tier's start, `above` the manager's carry beyond the full
    entitlement there.
    """
    if catch_up <= carry:
        return room / (1.0 - carry)
    lacking = carry * (gain + above) - above
    second = max(0.0, lacking) / (catch_up - carry)
    slow = (1.0 - catch_up) * second
    if slow >= room:
        return room / (1.0 - catch_up)
    return second + (room - slow) / (1.0 - carry)


@lean_kernel
def full_carry(profit: float, paid_in: float, terms: Record) -> float:
    """Return the carry that the tiers give on a profit of LPs and manager together.

    Parameters
    ----------
    profit, paid_in : float
        Million CNY; a loss brings nothing.
    terms : record of TERMS_ROW
    """
    carry = 0.0
    for tier in range(terms["n_tiers"]):
        share = terms["carry_share"][tier]
        start, end = tier_start(terms, tier, paid_in), tier_start(terms, tier + 1, paid_in)
        piece = min(max(0.0, profit), (end - start) / (1.0 - share))
        carry += share * piece
        profit -= piece
    return carry


@lean_kernel
def run_european(
    contributions: FloatArray,
    proceeds: FloatArray,
    terms: Record,
    to_lps: FloatArray,
    carry: FloatArray,
) -> tuple[float, float]:
    """Run one fund's life; the last quarter is its end. Clawback is not paid here.

    Parameters
    ----------
    contributions, proceeds : ndarray of shape (T,), million CNY
        Calls from all LPs and the manager; proceeds to distribute. By quarter since first closing.
    terms : record of TERMS_ROW
    to_lps, carry : ndarray of shape (T,), million CNY
        Filled; they sum to `proceeds`.

    Returns
    -------
    paid : float
        Million CNY; all carry.
    excess : float
        Million CNY; the part of it above the manager's entitlement, in [0, paid].
    """
    growth, part, is_rate = growth_of(terms), carried_part(terms), terms["hurdle_kind"] == RATE
    hurdle = terms["hurdle"]
    balance, credit, paid_in, lps, gps = 0.0, 0.0, 0.0, 0.0, 0.0
    for q in range(len(proceeds)):
        call, amount = part * contributions[q], part * proceeds[q]
        paid_in += call
        balance, credit = balance * growth + call, credit * growth
        if not is_rate:
            balance = max(0.0, hurdle * paid_in - lps)
        gp = 0.0
        if amount > 0.0:
            lp, gp = split_tiers(amount, balance, paid_in, lps, gps, terms)
            credit += max(0.0, lp - balance)
            balance = max(0.0, balance - lp)
            lps, gps = lps + lp, gps + gp
        carry[q], to_lps[q] = gp, proceeds[q] - gp
    if gps <= 0.0:
        return 0.0, 0.0
    above = gps - full_carry(lps + gps - paid_in, paid_in, terms)
    lacking = balance - credit if is_rate else balance
    return gps, excess_of(max(above, lacking), gps, lps + gps)


@inner_kernel
def excess_of(above: float, paid: float, proceeds: float) -> float:
    """Return excess carry within all carry, rounding taken off."""
    if above <= ROUNDING * proceeds:
        return 0.0
    return min(above, paid)


@inner_kernel
def settle(excess: float, terms: Record, to_lps: FloatArray, clawback: FloatArray) -> None:
    """Pay excess carry back to the LPs in the last quarter, if the terms say so."""
    if terms["has_clawback"] and excess > 0.0:
        back = (1.0 - terms["clawback_kept_share"]) * excess
        clawback[-1] = back
        to_lps[-1] += back
