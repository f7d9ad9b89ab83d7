r"""What a fund gave its investors: multiples, rates and losses.

Contributions and distributions are both positive, of shape (..., T) on common dates; NAV, of
shape (...), is what is left at the last date and comes last. With paid-in ``PI = sum of C``:

    DPI = sum of D / PI      RVPI = NAV / PI      TVPI = DPI + RVPI

All are net to investors; the same of a deal's own flows is its MOIC, gross. A ratio to nothing
is NaN, never 0 or infinite, and a NaN among the flows makes the results NaN.

Funds are pooled by adding up their flows first: ``tvpi(*pooled(contributions, distributions,
nav))`` is the multiple of all their money, not the mean of multiples.

References
----------
CFA Institute (2020), Global Investment Performance Standards for Firms (multiples).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from finmodel.fund.irr import Rates, irr_batch
from finmodel.world.arrays import FloatArray


class Flows(NamedTuple):
    """`contributions` and `distributions` (..., T), both positive, and `nav` (...)."""

    contributions: FloatArray
    distributions: FloatArray
    nav: FloatArray


class LossRatio(NamedTuple):
    """By capital: `in_losing_deals` and `lost`, shares of all that was invested."""

    in_losing_deals: FloatArray
    lost: FloatArray


def quotient(top: ArrayLike, bottom: ArrayLike) -> FloatArray:
    """Return ``top / bottom``, NaN where the bottom is 0; shapes are broadcast."""
    a, b = np.broadcast_arrays(np.asarray(top, float), np.asarray(bottom, float))
    result: FloatArray = np.divide(a, b, out=np.full(a.shape, np.nan), where=b != 0.0)
    return result


def pooled(
    contributions: ArrayLike, distributions: ArrayLike, nav: ArrayLike, *, axis: int = -1
) -> Flows:
    """Return the flows of all funds together.

    Parameters
    ----------
    contributions, distributions : array-like of shape (..., F, T)
    nav : array-like of shape (..., F)
    axis : int
        The axis of funds in `nav`; the last unless said otherwise.

    Returns
    -------
    Flows
        Shapes (..., T) and (...).
    """
    value = np.asarray(nav, float)
    funds = axis % value.ndim
    got, paid = np.asarray(distributions, float), np.asarray(contributions, float)
    return Flows(paid.sum(axis=funds), got.sum(axis=funds), value.sum(axis=funds))


def net_flows(contributions: ArrayLike, distributions: ArrayLike, nav: ArrayLike) -> FloatArray:
    """Return ``D - C`` with the NAV as if paid out at the last date, shape (..., T)."""
    paid, got = np.asarray(contributions, float), np.asarray(distributions, float)
    value = np.asarray(nav, float)
    flat = np.broadcast_shapes(paid.shape, got.shape, (*value.shape, 1))
    flows = np.array(np.broadcast_to(got - paid, flat))
    flows[..., -1] += value
    return flows


def fund_irr(
    contributions: ArrayLike, distributions: ArrayLike, nav: ArrayLike, *, times: ArrayLike
) -> Rates:
    """Return the rates at which the flows with the NAV at the last date are worth nothing.

    Parameters
    ----------
    contributions, distributions : array-like of shape (..., T)
    nav : array-like of shape (...)
    times : array-like of shape (T,)
        Years, rising strictly.

    Returns
    -------
    Rates
        Per annum, net, arrays of shape (...), with what each is worth
        (:class:`finmodel.fund.irr.Status`).
    """
    return irr_batch(net_flows(contributions, distributions, nav), times)


def paid_in(contributions: ArrayLike) -> FloatArray:
    """Return all contributions (..., T) together, shape (...)."""
    return np.asarray(np.asarray(contributions, float).sum(axis=-1))


def dpi(contributions: ArrayLike, distributions: ArrayLike) -> FloatArray:
    """Return distributions over paid-in, shape (...)."""
    return quotient(np.asarray(distributions, float).sum(axis=-1), paid_in(contributions))


def rvpi(contributions: ArrayLike, nav: ArrayLike) -> FloatArray:
    """Return NAV (...) over paid-in, shape (...)."""
    return quotient(nav, paid_in(contributions))


def tvpi(contributions: ArrayLike, distributions: ArrayLike, nav: ArrayLike) -> FloatArray:
    """Return distributions and NAV over paid-in, shape (...)."""
    value = np.asarray(distributions, float).sum(axis=-1) + np.asarray(nav, float)
    return quotient(value, paid_in(contributions))


def moic(invested: ArrayLike, proceeds: ArrayLike, value: ArrayLike) -> FloatArray:
    """Return the gross multiple of deals: proceeds and value left over what was invested.

    Parameters
    ----------
    invested, proceeds, value : array-like of shape (...)
        Of each deal, before fees and carry. Sum over deals first for a portfolio's multiple.
    """
    return quotient(np.asarray(proceeds, float) + np.asarray(value, float), invested)


def loss_ratio(invested: ArrayLike, proceeds: ArrayLike, value: ArrayLike) -> LossRatio:
    """Return how much capital went into losing deals, and how much of it was lost.

    With ``V = proceeds + value`` of a deal that got ``I``, over the deals of a portfolio:
    `in_losing_deals` is the sum of ``I`` where ``V < I``, over all ``I``; `lost` is the sum of
    ``max(I - V, 0)``, over all ``I``. Gains elsewhere do not make up for losses.

    Parameters
    ----------
    invested, proceeds, value : array-like of shape (..., deals)

    Returns
    -------
    LossRatio
        Shares in [0, 1], shape (...); NaN if nothing was invested.
    """
    capital = np.asarray(invested, float)
    short = capital - np.asarray(proceeds, float) - np.asarray(value, float)
    at_stake = np.where(np.isnan(short), np.nan, np.where(short > 0.0, capital, 0.0))
    total = capital.sum(axis=-1)
    return LossRatio(
        quotient(at_stake.sum(axis=-1), total),
        quotient(np.maximum(short, 0.0).sum(axis=-1), total),
    )


def exposure(commitment: ArrayLike, paid: ArrayLike, nav: ArrayLike) -> FloatArray:
    """Return NAV and unfunded commitment, what an investor has at stake, shape (...).

    The unfunded part is ``commitment - paid``, 0 if recycling took more than the commitment.
    """
    unfunded = np.maximum(np.asarray(commitment, float) - np.asarray(paid, float), 0.0)
    return np.asarray(np.asarray(nav, float) + unfunded)
