"""Step 10: who gets what of a firm's value, among preferred holdings and the common.

``m`` preferred holdings rank equally. Holding ``j`` has ``n_j`` shares that cost ``c_j`` and
a preference ``L_j = multiple * c_j``; the common has ``n_0`` shares; the value is ``V``.

Short of value (``V <= sum L``), preferences are paid in proportion and the common gets
nothing. Beyond that

    non-participating  paid_j = max(L_j, n_j x),  where  n_0 x + sum_j max(L_j, n_j x) = V
    participating      paid_j = L_j + n_j x,      where  (n_0 + sum_j n_j) x = V - sum L

``x`` is the price of a converted share. The left side of the first line rises in ``x``, so
there is one equilibrium: exactly the holdings with ``L_j / n_j < x`` convert, in rising
order of preference per share as value grows, none of them would rather have kept its
preference, and no other would rather convert. What a holding gets is a function of its own
terms and the price, so order does not matter and equal terms are treated alike.

All amounts are million CNY and at least 0, shares are at least 0 in any unit, `multiple` is
at least 0 (0 is plain common stock). Kernels check nothing; no argument may be NaN. The parts
sum to the value to rounding; value that no share claims is returned with the common's.

References
----------
Metrick & Yasuda (2011), Venture Capital and the Finance of Innovation, 2nd ed. (the order
of conversion). Kaplan & Stromberg (2003), Financial contracting theory meets
the real world, Review of Economic Studies 70.
"""

from __future__ import annotations

from finmodel.numeric.jit import lean_kernel
from finmodel.world.arrays import FloatArray


@lean_kernel
def pay_claims(value: float, claim: FloatArray, multiple: float, paid: FloatArray) -> float:
    """Pay equally ranking claims, pro rata if value is short; return what is left.

    Parameters
    ----------
    value : float
        Million CNY.
    claim : ndarray of shape (m,), million CNY
    multiple : float
        Each claim counts this many times.
    paid : ndarray of shape (m,), million CNY
        Filled.
    """
    total = 0.0
    for j in range(len(claim)):
        paid[j] = multiple * claim[j]
        total += paid[j]
    if value >= total:
        return value - total
    for j in range(len(claim)):
        paid[j] = value * (paid[j] / total)
    return 0.0


@lean_kernel
def conversion_price(
    value: float, common_shares: float, shares: FloatArray, cost: FloatArray, multiple: float
) -> float:
    """Return the equilibrium price of a converted share when preferences are covered.

    Starts from everyone converting and lets those whose preference is worth more stand on
    it, which lowers the price, until nobody else does: at most ``m + 1`` passes. The price
    falls towards the equilibrium and never below it, so nobody is let out too soon.

    Parameters
    ----------
    value : float
        Million CNY, at least the sum of all preferences.
    common_shares : float
    shares : ndarray of shape (m,)
    cost : ndarray of shape (m,), million CNY
    multiple : float

    Returns
    -------
    float
        Million CNY a share; 0 if there is no share to pay.
    """
    price, n_standing = -1.0, -1
    while True:
        left, converted, count = value, common_shares, 0
        for j in range(len(shares)):
            if n_standing >= 0 and multiple * cost[j] > shares[j] * price:
                left -= multiple * cost[j]
                count += 1
            else:
                converted += shares[j]
        if count <= n_standing:
            return price
        price = max(0.0, left) / converted if converted > 0.0 else 0.0
        n_standing = count


@lean_kernel
def split_preferences(
    value: float,
    common_shares: float,
    shares: FloatArray,
    cost: FloatArray,
    multiple: float,
    is_participating: bool,
    paid: FloatArray,
) -> float:
    """Split a sale of the firm under liquidation preferences; return the common's part.

    Parameters
    ----------
    value : float
        Million CNY, after debt and costs.
    common_shares : float
    shares : ndarray of shape (m,)
        As if converted, in the unit of `common_shares`.
    cost : ndarray of shape (m,), million CNY
    multiple : float
        Preference over cost: 1 is the usual; 0 is plain common stock.
    is_participating : bool
        Preference and then a share of the rest, without a ceiling; else the larger of the
        preference and conversion.
    paid : ndarray of shape (m,), million CNY
        Filled.
    """
    left = pay_claims(value, cost, multiple, paid)
    if left <= 0.0:
        return 0.0
    if is_participating:
        total = common_shares
        for j in range(len(shares)):
            total += shares[j]
        if total <= 0.0:
            return left
        price = left / total
        for j in range(len(shares)):
            paid[j] += shares[j] * price
        return common_shares * price
    price = conversion_price(value, common_shares, shares, cost, multiple)
    converted = common_shares
    for j in range(len(shares)):
        if shares[j] * price >= paid[j]:
            paid[j] = shares[j] * price
            converted += shares[j]
    return common_shares * price if converted > 0.0 else left


@lean_kernel
def split_pro_rata(
    value: float, common_shares: float, shares: FloatArray, paid: FloatArray
) -> float:
    """Split by shares, as in an IPO, where all convert; return the common's part.

    Parameters
    ----------
    value : float
        Million CNY.
    common_shares : float
    shares : ndarray of shape (m,)
    paid : ndarray of shape (m,), million CNY
        Filled.
    """
    total = common_shares
    for j in range(len(shares)):
        total += shares[j]
    if total <= 0.0:
        paid[:] = 0.0
        return value
    for j in range(len(shares)):
        paid[j] = value * (shares[j] / total)
    return value * (common_shares / total)


@lean_kernel
def split_redemption(value: float, claim: FloatArray, paid: FloatArray) -> float:
    """Buy the holders back at their claims, pro rata if short; return the common's part.

    Parameters
    ----------
    value : float
        Million CNY.
    claim : ndarray of shape (m,), million CNY
        Cost plus interest.
    paid : ndarray of shape (m,), million CNY
        Filled.
    """
    return pay_claims(value, claim, 1.0, paid)
