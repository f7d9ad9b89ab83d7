r"""A fund's whole life through its waterfall, the American style: deal by deal.

Carry is reckoned on the capital of the deals realised so far, ``K`` in place of paid-in, with the
steps of :mod:`finmodel.fund.waterfall`:

    K = cost of deals realised + cost written off + fees allocated to both.

Losses are carried forward: what LPs lack of ``K`` and its hurdle after a loss, or a write-down, is
made good by whatever is distributed next, before any carry. The last quarter is the end of
the fund: what is left at cost is written off in it, and all fees are allocated.

Called capital that is not fees is the cost of deals. Fees called so far are allocated by cost,
``fees * (cost realised or written off) / (cost called)``, and never taken back when new deals lower
that share. The hurdle on a deal runs from its calls. Deals have no dates of their own here: the
capital of a realised deal is the average of what is at cost, so its preferred return is its
part, by cost, of all that has accrued on unrealised cost; and so for fees. With one deal, or if
deals are bought together, this is exact. A cost beyond all that was called, as of deals bought from
proceeds, is no capital of LPs and is left out.

At the end of the fund the manager's excess carry is the larger of

- what is above its carry in a European waterfall of the same flows and terms, after that one's
  own clawback in full;
- what LPs lack of their hurdle on all they paid in, from their flows here;

so that after a clawback in full it never holds more than with the whole-fund style.

References
----------
Metrick & Yasuda (2010), The economics of private equity funds, Review of Financial Studies
23: carry by deal with loss carry-forward. ILPA (2019), Principles 3.0: clawback.
"""

from __future__ import annotations

from finmodel.fund.waterfall import (
    RATE,
    carried_part,
    excess_of,
    growth_of,
    run_european,
    split_tiers,
)
from finmodel.numeric.jit import inner_kernel, lean_kernel
from finmodel.world.arrays import FloatArray, Record

COST, COST_OWED, FEES, FEES_OWED, COST_CALLED, COST_DONE, FEES_CALLED, FEES_DONE, OWED = range(9)
N_POOLS = 9
"""Columns of `pools`, million CNY: unrealised cost, plain and with preferred return; fees not yet
allocated, likewise; cost called and realised, fees called and allocated, since first closing; and
what LPs are owed on realised capital, with preferred return."""


@inner_kernel
def call_capital(call: float, fee: float, growth: float, pools: FloatArray) -> None:
    """Let a quarter pass, then add a call, of which a part is for fees."""
    fee = min(fee, call)
    for owed in (COST_OWED, FEES_OWED, OWED):
        pools[owed] *= growth
    pools[COST] += call - fee
    pools[COST_OWED] += call - fee
    pools[COST_CALLED] += call - fee
    pools[FEES] += fee
    pools[FEES_OWED] += fee
    pools[FEES_CALLED] += fee


@inner_kernel
def realise(cost: float, is_last: bool, pools: FloatArray) -> None:
    """Move the cost of deals realised or written off, and its fees, to what LPs are owed."""
    share = 1.0 if is_last else 0.0
    if cost > 0.0 and pools[COST] > 0.0:
        share = max(share, min(1.0, cost / pools[COST]))
    pools[OWED] += share * pools[COST_OWED]
    pools[COST_DONE] += share * pools[COST]
    pools[COST] *= 1.0 - share
    pools[COST_OWED] *= 1.0 - share
    done = 1.0 if is_last else 0.0
    if not is_last and pools[COST_CALLED] > 0.0:
        done = pools[COST_DONE] / pools[COST_CALLED]
    fees = min(pools[FEES], max(0.0, done * pools[FEES_CALLED] - pools[FEES_DONE]))
    if fees > 0.0:
        share = fees / pools[FEES]
        pools[OWED] += share * pools[FEES_OWED]
        pools[FEES_DONE] += fees
        pools[FEES] -= fees
        pools[FEES_OWED] *= 1.0 - share


@lean_kernel
def run_american(
    contributions: FloatArray,
    proceeds: FloatArray,
    fees: FloatArray,
    cost_realised: FloatArray,
    cost_written_off: FloatArray,
    terms: Record,
    pools: FloatArray,
    to_lps: FloatArray,
    carry: FloatArray,
) -> tuple[float, float]:
    """Run one fund's life; the last quarter is its end. Clawback is not paid here.

    Parameters
    ----------
    contributions, proceeds : ndarray of shape (T,), million CNY
        As in :func:`finmodel.fund.waterfall.run_european`.
    fees, cost_realised, cost_written_off : ndarray of shape (T,), million CNY
        By quarter: the part of the calls that is for fees and expenses, the cost of the deals
        realised, and the cost written off or down. A cost is given once.
    terms : record of TERMS_ROW
    pools : ndarray of shape (N_POOLS,)
        Scratch.
    to_lps, carry : ndarray of shape (T,), million CNY
        Filled; they sum to `proceeds`.

    Returns
    -------
    paid, excess : float
        Million CNY; all carry, and the part of it above the manager's entitlement.
    """
    whole_paid, whole_excess = run_european(contributions, proceeds, terms, to_lps, carry)
    growth, part, is_rate = growth_of(terms), carried_part(terms), terms["hurdle_kind"] == RATE
    for column in range(N_POOLS):
        pools[column] = 0.0
    balance, paid_in, lps, gps = 0.0, 0.0, 0.0, 0.0
    for q in range(len(proceeds)):
        call, amount = part * contributions[q], part * proceeds[q]
        paid_in += call
        balance = balance * growth + call
        call_capital(call, part * fees[q], growth, pools)
        cost = part * (cost_realised[q] + cost_written_off[q])
        realise(cost, q == len(proceeds) - 1, pools)
        gp = 0.0
        if amount > 0.0:
            capital = pools[COST_DONE] + pools[FEES_DONE]
            if not is_rate:
                pools[OWED] = max(0.0, terms["hurdle"] * capital - lps)
            lp, gp = split_tiers(amount, pools[OWED], capital, lps, gps, terms)
            pools[OWED] = max(0.0, pools[OWED] - lp)
            balance, lps, gps = balance - lp, lps + lp, gps + gp
        carry[q], to_lps[q] = gp, proceeds[q] - gp
    lacking = balance if is_rate else terms["hurdle"] * paid_in - lps
    above = max(gps - (whole_paid - whole_excess), lacking)
    return gps, excess_of(above, gps, lps + gps)
