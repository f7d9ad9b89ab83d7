r"""Classes of LPs: unequal splits inside what the LPs of a fund get.

Every class is called for its share of the commitments. In each quarter what the LPs get is cut
into *parts*: in proportion to the shares; or, if a class bears first losses,

1. to capital that is not first-loss, ``(1 - first_loss_share) * called``, until it is returned,
   in proportion to what is outstanding;
2. likewise to all other capital;
3. in proportion to the shares.

Then the clauses of a class apply to its part, each to its own and none to what comes from others'
clauses:

- *give-up*: its gain is what its parts are above its calls so far, each yuan once; shares of it
  go to the manager and to the other classes. In the last quarter gains are those of the whole life:
  what was given of a gain that later calls have eaten up comes back, so a flow may be negative;
- *cap*: of the rest it keeps no more than its calls less what it kept, compounded at the rate of
  the cap; the excess goes to the other classes, and stays there;
- *buy-back*: at the end of its quarter, after all payments, the other classes buy its whole stake
  if that is worth more than the price. The price is its calls less what it kept, compounded at the
  rate of the buy-back, at least 0. The worth is what it would keep if the fund were settled at its
  marks: its part of the LPs' NAV, after its other clauses, as in a last quarter. The others pay in
  proportion to their shares; from then on they pay its calls and get its parts, and its clauses
  end.

What goes to the other classes is divided by their shares. A class alone gives to the manager only.
Without clauses every class gets its share of everything, to the last bit.

Amounts are million CNY. Kernels check nothing; no argument may be NaN.

References
----------
Metrick & Yasuda (2010), The economics of private equity funds, Review of Financial Studies
23. ILPA (2019), Principles 3.0.
"""

from __future__ import annotations

import math

from finmodel.numeric.jit import inner_kernel, lean_kernel
from finmodel.world.arrays import FloatArray, Record, Table

CALLED, PAID, SHARED, CAP_OWED, PRICE, IS_SOLD, PART = range(7)
N_STATE = 7
"""Columns of `state`, a row a class: cumulative calls, parts and gains shared, what the cap
leaves, the price of the stake, whether it was sold, and its part of what is now split."""


@inner_kernel
def quarterly(rate_pa: float) -> float:
    """Return the growth of a quarter at a rate per annum, compounding."""
    return math.pow(1.0 + rate_pa, 0.25)


@inner_kernel
def share_of_others(classes: Table, state: FloatArray, i: int) -> float:
    """Return the commitment share of the classes beside one that are still in."""
    total = 0.0
    for j in range(len(classes)):
        if j != i and state[j, IS_SOLD] == 0.0:
            total += classes[j]["commitment_share"]
    return total


@inner_kernel
def give_others(
    amount: float, classes: Table, state: FloatArray, i: int, flow: FloatArray, q: int
) -> None:
    """Divide an amount among the classes beside one that are still in."""
    if amount == 0.0:
        return
    total = share_of_others(classes, state, i)
    for j in range(len(classes)):
        if j != i and state[j, IS_SOLD] == 0.0:
            flow[j, q] += amount * (classes[j]["commitment_share"] / total)


@lean_kernel
def call_classes(
    amount: float, classes: Table, state: FloatArray, calls: FloatArray, q: int
) -> None:
    """Call all classes, the owners of a sold stake for it; a quarter has passed before."""
    for i in range(len(classes)):
        row = classes[i]
        part = row["commitment_share"] * amount
        state[i, CALLED] += part
        if state[i, IS_SOLD] != 0.0:
            give_others(part, classes, state, i, calls, q)
            continue
        calls[i, q] += part
        if row["return_cap_pa"] < math.inf:
            state[i, CAP_OWED] = state[i, CAP_OWED] * quarterly(row["return_cap_pa"]) + part
        if row["buyback_quarter"] >= q:
            state[i, PRICE] = state[i, PRICE] * quarterly(row["buyback_rate_pa"]) + part


@lean_kernel
def cut_parts(amount: float, classes: Table, state: FloatArray) -> None:
    """Cut what the LPs get into the parts of the classes, before clauses."""
    has_order = False
    for i in range(len(classes)):
        state[i, PART] = 0.0
        has_order |= classes[i]["first_loss_share"] > 0.0
    rest = amount
    if has_order and amount > 0.0:
        for is_last in (False, True):
            total = 0.0
            for i in range(len(classes)):
                total += claim_of(classes[i], state[i], is_last)
            paid = min(rest, total)
            if paid > 0.0:
                for i in range(len(classes)):
                    state[i, PART] += claim_of(classes[i], state[i], is_last) * (paid / total)
            rest -= paid
    for i in range(len(classes)):
        state[i, PART] += classes[i]["commitment_share"] * rest


@inner_kernel
def claim_of(row: Record, state: FloatArray, is_last: bool) -> float:
    """Return the capital of a class that is not yet returned, in the first or the last step."""
    capital = state[CALLED]
    if not is_last:
        capital *= 1.0 - row["first_loss_share"]
    return float(max(0.0, capital - state[PAID] - state[PART]))


@inner_kernel
def apply_clauses(
    row: Record, state: FloatArray, has_others: bool, is_last: bool
) -> tuple[float, float, float, float]:
    """Return what a class keeps of its part, what goes to others and manager, and the gain.

    Changes nothing, so it also tells what a stake is worth.
    """
    part = state[PART]
    above = state[PAID] + part - state[CALLED]
    gain = max(0.0, above - state[SHARED])
    if is_last:
        gain = max(0.0, above) - state[SHARED]
    to_manager = row["manager_give_up"] * gain
    to_others = row["profit_give_up"] * gain if has_others else 0.0
    kept = part - to_manager - to_others
    if has_others and row["return_cap_pa"] < math.inf:
        excess = max(0.0, kept - max(0.0, state[CAP_OWED]))
        kept, to_others = kept - excess, to_others + excess
    return kept, to_others, to_manager, gain


@lean_kernel
def pay_classes(
    amount: float, classes: Table, state: FloatArray, is_last: bool, received: FloatArray, q: int
) -> float:
    """Pay a quarter's money to all classes under their clauses; return what the manager gets."""
    manager = 0.0
    cut_parts(amount, classes, state)
    for i in range(len(classes)):
        if state[i, IS_SOLD] != 0.0:
            give_others(state[i, PART], classes, state, i, received, q)
        else:
            has_others = share_of_others(classes, state, i) > 0.0
            kept, to_others, to_manager, gain = apply_clauses(
                classes[i], state[i], has_others, is_last
            )
            received[i, q] += kept
            give_others(to_others, classes, state, i, received, q)
            manager += to_manager
            state[i, SHARED] += gain
            state[i, CAP_OWED] -= kept
            state[i, PRICE] -= kept
        state[i, PAID] += state[i, PART]
    return manager


@lean_kernel
def buy_stakes(nav: float, classes: Table, state: FloatArray, bought: FloatArray, q: int) -> None:
    """Let the others buy the stakes that are on offer this quarter, in the order of classes."""
    for i in range(len(classes)):
        row = classes[i]
        if row["buyback_quarter"] != q or share_of_others(classes, state, i) <= 0.0:
            continue
        cut_parts(nav, classes, state)
        worth, _, _, _ = apply_clauses(row, state[i], True, True)
        price = max(0.0, state[i, PRICE])
        if worth > price:
            state[i, IS_SOLD] = 1.0
            bought[i, q] += price
            give_others(-price, classes, state, i, bought, q)


@lean_kernel
def run_classes(
    contributions: FloatArray,
    to_lps: FloatArray,
    nav: FloatArray,
    classes: Table,
    settles: bool,
    state: FloatArray,
    calls: FloatArray,
    received: FloatArray,
    bought: FloatArray,
    to_manager: FloatArray,
) -> None:
    """Run one fund's classes over its life; the last quarter is its end.

    Parameters
    ----------
    contributions, to_lps : ndarray of shape (T,), million CNY
        All classes together.
    nav : ndarray of shape (T,), million CNY
        What all classes would get if the fund were settled at its marks after the quarter's
        payments. Read in quarters of a buy-back only; may be empty if there are none.
    classes : ndarray of CLASS_ROW, shape (C,)
    settles : bool
        Whether the last column is no quarter but a settlement at the end of the one before.
    state : ndarray of shape (C, N_STATE)
        Scratch.
    calls, received, bought : ndarray of shape (C, T), million CNY
        Filled: calls paid, what came from the fund, and what came from other classes for a stake
        (negative if paid). ``calls`` sums to `contributions`, ``received`` and `to_manager` to
        `to_lps`, ``bought`` to 0, in every quarter.
    to_manager : ndarray of shape (T,), million CNY
        Filled.
    """
    n_classes, n_quarters = len(classes), len(to_lps)
    has_sale = False
    for i in range(n_classes):
        has_sale |= classes[i]["buyback_quarter"] >= 0
        for column in range(N_STATE):
            state[i, column] = 0.0
        for q in range(n_quarters):
            calls[i, q] = received[i, q] = bought[i, q] = 0.0
    for q in range(n_quarters):
        is_last = q == n_quarters - 1
        if not (settles and is_last):
            call_classes(contributions[q], classes, state, calls, q)
        to_manager[q] = pay_classes(to_lps[q], classes, state, is_last, received, q)
        if has_sale and not is_last:
            buy_stakes(nav[q], classes, state, bought, q)
