"""A waterfall written plainly: exact fractions, poured until the next thing changes.

It knows nothing of the kernels. A distribution is poured in pieces; in each the split is
constant, and it ends where the LPs are whole, the manager has caught up, or a tier ends.
"""

from fractions import Fraction

from finmodel.fund.terms import Hurdle


def carry_on_gain(lps, paid_in, tiers):
    """All the carry due when LPs hold `lps`: c / (1 - c) of their gain, tier by tier."""
    total = Fraction(0)
    for n, (threshold, share) in enumerate(tiers):
        low = max(Fraction(1), Fraction(threshold)) * paid_in
        top = lps
        if n + 1 < len(tiers):
            top = min(lps, max(Fraction(1), Fraction(tiers[n + 1].threshold)) * paid_in)
        if top > low:
            total += Fraction(share) / (1 - Fraction(share)) * (top - low)
    return total


def pour(amount, owed, paid_in, lps, gps, terms):
    """Return what LPs and manager hold after a distribution."""
    catch_up = Fraction(terms.catch_up_share)
    while amount > 0:
        if owed > 0:
            piece = min(amount, owed)
            lps, owed, amount = lps + piece, owed - piece, amount - piece
            continue
        share = max(
            Fraction(t.carry_share) for t in terms.tiers if Fraction(t.threshold) * paid_in <= lps
        )
        ends = [Fraction(t.threshold) * paid_in for t in terms.tiers]
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
    growth = Fraction((1 + terms.hurdle) ** 0.25) if is_rate else Fraction(1)
    owed, worth, paid_in, lps, gps, carry = (
        Fraction(0),
        Fraction(0),
        Fraction(0),
        Fraction(0),
        Fraction(0),
        [],
    )
    for call, amount in zip(map(Fraction, contributions), map(Fraction, proceeds), strict=True):
        paid_in += call
        owed, worth = owed * growth + call, worth * growth - call
        if not is_rate:
            owed = max(Fraction(0), Fraction(terms.hurdle) * paid_in - lps)
        before = lps, gps
        lps, gps = pour(amount, owed, paid_in, lps, gps, terms)
        owed, worth = max(Fraction(0), owed - (lps - before[0])), worth + lps - before[0]
        carry.append(gps - before[1])
    lacking = -worth if is_rate else Fraction(terms.hurdle) * paid_in - lps
    return carry, min(gps, max(Fraction(0), lacking, too_much(lps, gps, paid_in, terms.tiers)))


def too_much(lps, gps, paid_in, tiers):
    """What the manager must pay back until it holds the carry on what LPs then hold."""
    low, high = Fraction(0), gps
    if carry_on_gain(lps, paid_in, tiers) >= gps:
        return Fraction(0)
    for _ in range(60):
        back = (low + high) / 2
        if carry_on_gain(lps + back, paid_in, tiers) >= gps - back:
            high = back
        else:
            low = back
    return high
