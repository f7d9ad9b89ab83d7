r"""A ladder of vintages: what overlapping commitments call, distribute and hold by year.

Vintage ``v`` is committed at the beginning of year ``v`` and runs through the cash flows of
:mod:`finmodel.fund.pacing`, its first call at the end of that year. At the end of its life it is
settled: the last NAV is paid out with the last distribution and what is uncalled lapses. As both
are of one date the fund's return does not change.

With commitment growth ``g`` and ``e_a`` what a commitment of 1 holds at age ``a``, a programme
that commits ``c`` this year and did so in proportion before holds ``c`` times

    sum over ages of e_a (1 + g)^(1 - a).

References
----------
Takahashi & Alexander (2002), Illiquid alternative asset fund modeling, Journal of Portfolio
Management 28.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from finmodel.fund.pacing import Pacing, fund_cash_flows
from finmodel.world.arrays import FloatArray

Measure = Literal["nav", "exposure"]
"""What a target is stated in: NAV, or NAV and unfunded commitments."""


class Ladder(NamedTuple):
    """Money by year, arrays of shape (..., years) in the unit of commitments.

    Attributes
    ----------
    contributions, distributions : ndarray
        At the end of the year.
    nav, unfunded : ndarray
        After the flows of the year.
    """

    contributions: FloatArray
    distributions: FloatArray
    nav: FloatArray
    unfunded: FloatArray

    @property
    def exposure(self) -> FloatArray:
        """NAV and unfunded commitments."""
        return self.nav + self.unfunded


def one_rung(
    pacing: Pacing, commitment: ArrayLike, *, growth_pa: ArrayLike | None = None
) -> Ladder:
    """Return one settled vintage by age, parameters as of :func:`fund_cash_flows`."""
    flows = fund_cash_flows(pacing, commitment, growth_pa=growth_pa)
    uncalled = np.maximum(1.0 - np.cumsum(pacing.calls), 0.0)
    given, nav = flows.distributions, flows.nav
    unfunded = np.broadcast_to(
        np.asarray(commitment, float)[..., None] * uncalled, nav.shape
    ).copy()
    given[..., -1] += nav[..., -1]
    nav[..., -1] = unfunded[..., -1] = 0.0
    return Ladder(flows.contributions, given, nav, unfunded)


def vintage_ladder(
    pacing: Pacing, commitments: ArrayLike, *, years: int, growth_pa: ArrayLike | None = None
) -> Ladder:
    """Return calls, distributions, NAV and unfunded commitments of all vintages together.

    Parameters
    ----------
    pacing : Pacing
        Of every vintage.
    commitments : array-like of shape (..., V)
        One vintage a year from year 0 on; vintages past `years` do not count.
    years : int
        Years told, from year 0 on.
    growth_pa : array-like of shape (..., years), optional
        Growth by calendar year, shared by all vintages, such as simulated paths.

    Returns
    -------
    Ladder
        Shape (..., years).

    Raises
    ------
    ValueError
        If `years` is below 1 or `growth_pa` has not one value a year.
    """
    size = np.asarray(commitments, float)
    if years < 1:
        raise ValueError(f"years from 1 on, got {years}")
    growth = None if growth_pa is None else np.asarray(growth_pa, float)
    if growth is not None and (growth.ndim < 1 or growth.shape[-1] != years):
        raise ValueError(f"growth by year (..., {years}), got {growth.shape}")
    lead = () if growth is None else growth.shape[:-1]
    shape = np.broadcast_shapes(size.shape[:-1], lead)
    total = Ladder(*(np.zeros((*shape, years)) for _ in Ladder._fields))
    for vintage in range(min(size.shape[-1], years)):
        n = min(pacing.life_years, years - vintage)
        by_age = None
        if growth is not None:
            # Years past the end are not told, so their growth does not matter.
            by_age = np.zeros((*lead, pacing.life_years))
            by_age[..., :n] = growth[..., vintage : vintage + n]
        rung = one_rung(pacing, size[..., vintage], growth_pa=by_age)
        for held, part in zip(total, rung, strict=True):
            held[..., vintage : vintage + n] += part[..., :n]
    return total


def holdings_by_age(pacing: Pacing, measure: Measure) -> FloatArray:
    """Return what a commitment of 1 holds at each age of its life, shape (L,)."""
    rung = one_rung(pacing, 1.0)
    return rung.nav if measure == "nav" else rung.exposure


def steady_multiple(pacing: Pacing, measure: Measure, *, commitment_growth_pa: float) -> float:
    """Return what a steady programme holds, in multiples of the newest commitment.

    Parameters
    ----------
    pacing : Pacing
    measure : {'nav', 'exposure'}
    commitment_growth_pa : float
        Of commitments from year to year, above -1; 0 for the same every year.

    Raises
    ------
    ValueError
        If commitments shrink by all or more a year.
    """
    if not commitment_growth_pa > -1.0:
        raise ValueError(f"commitment_growth_pa above -1, got {commitment_growth_pa}")
    held = holdings_by_age(pacing, measure)
    return float((held * (1.0 + commitment_growth_pa) ** -np.arange(len(held))).sum())
