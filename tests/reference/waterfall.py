"""A waterfall written plainly: exact fractions, poured until the next thing changes.

It knows nothing of the kernels. A distribution is poured in pieces; in each the split is
constant, and it ends where the LPs are whole, the manager has caught up, or a tier ends.
"""

from fractions import Fraction as F

from finmodel.fund.terms import Hurdle


def carry_on_gain(lps, paid_in, tiers):
    """All the carry due when LPs hold `lps`: c / (1 - c) of their gain, tier by tier."""
    total = F(0)
    for n, (threshold, share) in enumerate(tiers):
        low = max(F(1), F(threshold)) * paid_in
        top = lps
        if n + 1 < len(tiers):
            top = min(lps, max(F(1), F(tiers[n + 1].threshold)) * paid_in)
        if top > low:
            total += F(share) / (1 - F(share)) * (top - low)
    return total


def pour(amount, owed, paid_in, lps, gps, terms):
    """Return what LPs and manager hold after a distribution."""
    catch_up = F(terms.catch_up_share)
    while amount > 0:
        if owed > 0:
            piece = min(amount, owed)
            lps, owed, amount = lps + piece, owed - piece, amount - piece
            continue
        share = max(F(t.carry_share) for t in terms.tiers if F(t.threshold) * paid_in <= lps)
        ends = [F(t.threshold) * paid_in for t in terms.tiers]
        room = min((end - lps for end in ends if end > lps), default=None)
        lacking = carry_on_gain(lps, paid_in, terms.tiers) - gps
        rate, limits = share, [amount]
        if catch_up > share and lacking > 0:
            rate = catch_up
            limits.append(lacking / (catch_up - (1 - catch_up) * share / (1 - share)))
        if room is not None and rate < 1:
            limits.append(room / (1 - rate))
        piece = min(limits)
        lps, gps, amount = lps + (1 - rate) * piece, gps + rate * piece, amount - piece
    return lps, gps


def whole_life(contributions, proceeds, terms):
    """Return carry by quarter and the excess carry at the end, as fractions.

    No commitment of the manager; the caller takes it out.
    """
    is_rate = terms.hurdle_kind == Hurdle.RATE
    growth = F((1 + terms.hurdle) ** 0.25) if is_rate else F(1)
    owed, worth, paid_in, lps, gps, carry = F(0), F(0), F(0), F(0), F(0), []
    for call, amount in zip(map(F, contributions), map(F, proceeds), strict=True):
        paid_in += call
        owed, worth = owed * growth + call, worth * growth - call
        if not is_rate:
            owed = max(F(0), F(terms.hurdle) * paid_in - lps)
        before = lps, gps
        lps, gps = pour(amount, owed, paid_in, lps, gps, terms)
        owed, worth = max(F(0), owed - (lps - before[0])), worth + lps - before[0]
        carry.append(gps - before[1])
    lacking = -worth if is_rate else F(terms.hurdle) * paid_in - lps
    return carry, min(gps, max(F(0), lacking, too_much(lps, gps, paid_in, terms.tiers)))


def too_much(lps, gps, paid_in, tiers):
    """What the manager must pay back until it holds the carry on what LPs then hold."""
    low, high = F(0), gps
    if carry_on_gain(lps, paid_in, tiers) >= gps:
        return F(0)
    for _ in range(60):
        back = (low + high) / 2
        if carry_on_gain(lps + back, paid_in, tiers) >= gps - back:
            high = back
        else:
            low = back
    return high
