r"""Public market equivalents: what the same money would have done in a public index.

Contributions ``C`` and distributions ``D`` are positive, of shape (..., T); the index ``I``, a
total-return series, has shape (T,) or (..., T). Let ``g_t = I_T / I_t`` carry a flow to the last
date, where the fund has NAV ``V``.

    KS-PME        (sum of g D + V) / sum of g C               above 1: better than the index
    Direct Alpha  the IRR of g D - g C, with V at the end      the yearly excess return
    LN-PME        V* = sum of g C - sum of g D; the IRR of D - C with V* at the end
    PME+          lambda = (sum of g C - V) / sum of g D; the IRR of lambda D - C with V
    mPME          w_t = D_t / (D_t + V_t) of what is held is sold, in the fund and in the index;
                  the IRR of the index's flows

All IRRs are per annum on dated flows and carry their status. To compare, take the fund's own
IRR less that of LN-PME, PME+ or mPME. The flows of the last date count as any others do.

References
----------
Long & Nickels (1996), A private investment benchmark, AIMR Conference on Venture Capital
Investing. Rouvinez (2003), Private equity benchmarking with PME+, Venture Capital Journal 43.
Kaplan & Schoar (2005), Private equity performance: returns, persistence, and capital flows,
Journal of Finance 60. Cambridge Associates (2013), Introducing the modified public market
equivalent (mPME). Gredil, Griffiths & Stucke (2014), Benchmarking private equity: the direct
alpha method, working paper; (2023) Journal of Corporate Finance 81.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from finmodel.fund.irr import Rates, irr_batch
from finmodel.fund.metrics import net_flows, quotient
from finmodel.world.arrays import FloatArray


def growth_to_end(index: ArrayLike) -> FloatArray:
    """Return ``I_T / I_t`` along the last axis.

    Raises
    ------
    ValueError
        If a value of the index is not finite and above 0.
    """
    level = np.asarray(index, float)
    if not (np.isfinite(level).all() and (level > 0.0).all()):
        raise ValueError("an index must be finite and above 0")
    result: FloatArray = level[..., -1:] / level
    return result


def ks_pme(
    contributions: ArrayLike, distributions: ArrayLike, nav: ArrayLike, *, index: ArrayLike
) -> FloatArray:
    """Return the ratio of Kaplan and Schoar.

    Parameters
    ----------
    contributions, distributions : array-like of shape (..., T)
    nav : array-like of shape (...)
    index : array-like of shape (T,) or (..., T)

    Returns
    -------
    ndarray of shape (...)
        NaN if nothing was paid in.

    Raises
    ------
    ValueError
        If a value of the index is not finite and above 0.
    """
    growth = growth_to_end(index)
    got = (np.asarray(distributions, float) * growth).sum(axis=-1) + np.asarray(nav, float)
    return quotient(got, (np.asarray(contributions, float) * growth).sum(axis=-1))


def direct_alpha(
    contributions: ArrayLike,
    distributions: ArrayLike,
    nav: ArrayLike,
    *,
    index: ArrayLike,
    times: ArrayLike,
) -> Rates:
    """Return the yearly excess return over the index.

    Parameters and errors are those of :func:`ks_pme`, with `times` (T,) in years, rising.

    Returns
    -------
    Rates
        Compounded yearly: the fund grew as the index did, times ``1 + alpha`` a year. The
        authors' alpha in continuous time is ``ln(1 + alpha)``.
    """
    growth = growth_to_end(index)
    paid = np.asarray(contributions, float) * growth
    got = np.asarray(distributions, float) * growth
    return irr_batch(net_flows(paid, got, nav), times)


def ln_pme_nav(
    contributions: ArrayLike, distributions: ArrayLike, *, index: ArrayLike
) -> FloatArray:
    """Return what would be left if the index had taken and given the same, shape (...).

    Below 0 if the fund gave back more than the index could: the rate then tells little.
    """
    growth = growth_to_end(index)
    net = np.asarray(contributions, float) - np.asarray(distributions, float)
    return np.asarray((net * growth).sum(axis=-1))


def ln_pme(
    contributions: ArrayLike, distributions: ArrayLike, *, index: ArrayLike, times: ArrayLike
) -> Rates:
    """Return the rates of the fund's flows with the index's remainder in place of the NAV.

    Parameters and errors are those of :func:`direct_alpha`, without a NAV.
    """
    left = ln_pme_nav(contributions, distributions, index=index)
    return irr_batch(net_flows(contributions, distributions, left), times)


def pme_plus_lambda(
    contributions: ArrayLike, distributions: ArrayLike, nav: ArrayLike, *, index: ArrayLike
) -> FloatArray:
    """Return the factor on distributions at which the index ends with the fund's NAV.

    Parameters and errors are those of :func:`ks_pme`.

    Returns
    -------
    ndarray of shape (...)
        NaN without distributions; below 0 if the NAV is more than the index made of all
        contributions: the rate then tells little.
    """
    growth = growth_to_end(index)
    paid = (np.asarray(contributions, float) * growth).sum(axis=-1)
    got = (np.asarray(distributions, float) * growth).sum(axis=-1)
    return quotient(paid - np.asarray(nav, float), got)


def pme_plus(
    contributions: ArrayLike,
    distributions: ArrayLike,
    nav: ArrayLike,
    *,
    index: ArrayLike,
    times: ArrayLike,
) -> Rates:
    """Return the rates of contributions, scaled distributions and NAV.

    Parameters and errors are those of :func:`direct_alpha`. Without distributions there is no
    scale: NaN, status NOT_FINITE.
    """
    factor = pme_plus_lambda(contributions, distributions, nav, index=index)
    scaled = factor[..., None] * np.asarray(distributions, float)
    return irr_batch(net_flows(contributions, scaled, nav), times)


def mpme(
    contributions: ArrayLike,
    distributions: ArrayLike,
    navs: ArrayLike,
    *,
    index: ArrayLike,
    times: ArrayLike,
) -> Rates:
    """Return the rates of the modified PME.

    Parameters
    ----------
    contributions, distributions, navs : array-like of shape (..., T)
        `navs` at each date after its flows.
    index : array-like of shape (T,) or (..., T)
    times : array-like of shape (T,)
        Years, rising.

    Returns
    -------
    Rates
        Where nothing is held and nothing distributed, nothing is sold.

    Raises
    ------
    ValueError
        If a value of the index is not finite and above 0.
    """
    growth_to_end(index)
    paid, got, held, level = np.broadcast_arrays(
        np.asarray(contributions, float),
        np.asarray(distributions, float),
        np.asarray(navs, float),
        np.asarray(index, float),
    )
    value = got + held
    share = np.where(value == 0.0, 0.0, quotient(got, value))
    sold = np.empty(paid.shape)
    left = np.zeros(paid.shape[:-1])
    for t in range(paid.shape[-1]):
        growth = level[..., t] / level[..., t - 1] if t else 1.0
        whole = left * growth + paid[..., t]
        sold[..., t] = share[..., t] * whole
        left = whole - sold[..., t]
    return irr_batch(net_flows(paid, sold, left), times)
