"""The likelihood of exit multiples under the model's law, with prices that were not told.

With ``x`` the log of a multiple, ``mu_r`` the log median of its route, ``s`` the log spread of
the body, ``T`` the log threshold, ``a`` the tail index, ``H`` the log cap, ``n``, ``N`` the normal
density and cdf, the law of :mod:`finmodel.numeric.exit_law` is

    f(x) = n((x - mu_r) / s) / s                                          x < T
    f(x) = q a exp(-a (x - T)) / (1 - exp(-a (H - T)))                T <= x <= H
    q    = N(-(T - mu_r) / s)

so that the tail share is no parameter of its own once the threshold is given, and at a given
threshold the likelihood is smooth. Thresholds are compared in
:mod:`finmodel.calibrate.threshold_average`. An observation adds to the log likelihood

========== ====================================================================================
told       ``ln f(x) + ln p(x + b)``; at or below the floor ``ln int^floor f(x) p(x + b) dx``
interval   ``ln (F(high) - F(low)) + ln p(middle + b)``
not told   ``ln int f(x) (1 - p(x + b)) dx``
========== ====================================================================================

where ``b`` is the log of what the multiple is over and ``p(v) = N(g0 + g1 (v - c))`` the chance
that a price of log ``v`` is told. ``p`` and the last row are left out if no price is missing.
What tells ``g1`` apart from the spread is that ``f`` does not hang on ``b``: of two equally good
multiples the one on the larger firm is the larger price, and more often told. With
`has_size_slope` the median may move with ``b``; then only the shape of the law tells them apart.

References
----------
Heckman (1979), Sample selection bias as a specification error, Econometrica 47. Aban,
Meerschaert & Panorska (2006), Parameter estimation for the truncated Pareto distribution,
Journal of the American Statistical Association 101. Cochrane (2005), The risk and return of
venture capital, Journal of Financial Economics 75 (values seen only when told).
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from finmodel.calibrate.multiples import Multiples, binned
from finmodel.world.arrays import FloatArray, IntArray

BODY_NODES, TAIL_NODES = 28, 12
LOWEST_Z = -7.0
"""Where the integral over the body begins, in its standard deviations."""
BINS = 40
"""Log sizes of deals whose price was not told are binned when there are more of them."""
ROOT_TWO_PI_LOG = 0.5 * float(np.log(2 * np.pi))


@dataclass(frozen=True)
class SplicedLikelihood:
    """Minus the log likelihood at K thresholds together.

    Parameters, in this order: ``mu_r`` of each route, ``ln s``, ``ln a``; with hidden prices
    ``g0, g1``; with a size slope ``slope``.

    Attributes
    ----------
    data : Multiples
    threshold : ndarray of shape (K, R)
        Log threshold of each route; +inf is a law without a tail.
    width : ndarray of shape (K, R)
        ``H - T``, above 0; inf without a cap.
    has_size_slope : bool
    """

    data: Multiples
    threshold: FloatArray
    width: FloatArray
    has_size_slope: bool = False
    bins: int = BINS
    hidden: tuple[IntArray, FloatArray, FloatArray] = field(init=False)
    sums: FloatArray = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "hidden", binned(self.data, self.bins))
        object.__setattr__(self, "sums", _sums(self.data, self.threshold))

    @property
    def n_parameters(self) -> int:
        """How many parameters a threshold has."""
        extra = 2 * self.data.has_hidden + self.has_size_slope
        return self.data.n_routes + 2 + extra

    def __call__(self, theta: FloatArray) -> FloatArray:
        """Return minus the log likelihood, shape (M, K), at `theta` of shape (M, K, P)."""
        law = Law(theta, self)
        if self.has_size_slope:
            told = _log_density(law, self.data.x, self.data.route, self.data.size).sum(axis=-1)
        else:
            told = _log_density_of_sums(law, self.sums)
        if self.data.has_hidden:
            told = told + _log_told(law, self.data).sum(axis=-1)
        return np.asarray(-told - sum(part.sum(axis=-1) for part in self._others(law)))

    def terms(self, theta: FloatArray) -> list[FloatArray]:
        """Return the log likelihood of each told, floored, interval and hidden exit, (M, K, n).

        Hidden exits are binned if they are more than `bins`: a bin's term is times its count.
        """
        law, data = Law(theta, self), self.data
        told = _log_density(law, data.x, data.route, data.size)
        if data.has_hidden:
            told = told + _log_told(law, data)
        return [told, *self._others(law)]

    def _others(self, law: Law) -> list[FloatArray]:
        """Return the terms of floored, interval and hidden exits."""
        from scipy.special import log_ndtr, ndtr

        data = self.data
        floored = log_ndtr(law.z(data.floor, data.floored_route, data.floored_size))
        at = (data.interval_route, data.interval_size)
        spread = law.cdf(data.high, *at) - law.cdf(data.low, *at)
        between = np.log(np.maximum(spread, 1e-300))
        if not data.has_hidden:
            return [floored, between]
        middle = 0.5 * (np.maximum(data.low, data.floor) + data.high) if len(data.low) else data.low
        if len(data.floored_size):
            value, weight = law.below(data.floor, data.floored_route, data.floored_size)
            price = value + data.floored_size[:, None]
            floored = np.log(np.maximum((ndtr(law.telling(price)) * weight).sum(axis=-1), 1e-300))
        between = between + log_ndtr(law.telling(middle + data.interval_size))
        route, size, count = self.hidden
        value, weight = law.nodes(route, size)
        silent = (ndtr(-law.telling(value + size[:, None])) * weight).sum(axis=-1)
        return [floored, between, count * np.log(np.maximum(silent, 1e-300))]


class Law:
    """The parameters of a call, spread out for broadcasting over (M, K, observations)."""

    def __init__(self, theta: FloatArray, likelihood: SplicedLikelihood) -> None:
        routes, self.threshold = likelihood.data.n_routes, likelihood.threshold
        self.width = likelihood.width
        self.mu = theta[..., :routes]
        self.sd = np.exp(theta[..., routes, None])
        self.index = np.exp(theta[..., routes + 1, None])
        self.told = theta[..., routes + 2 : routes + 4] if likelihood.data.has_hidden else None
        self.slope = theta[..., -1, None] if likelihood.has_size_slope else 0.0

    def z(self, x: FloatArray | float, route: IntArray, size: FloatArray) -> FloatArray:
        """Return how far `x` is above the median, in standard deviations of the body."""
        return np.asarray((x - self.mu[..., route] - self.slope * size) / self.sd)

    def telling(self, value: FloatArray) -> FloatArray:
        """Return the probit index of a price of log `value` being told."""
        assert self.told is not None
        room = (*self.told.shape[:-1], *(1,) * (1 if value.ndim == 1 else value.ndim - 2))
        level, slope = self.told[..., 0].reshape(room), self.told[..., 1].reshape(room)
        return np.asarray(level + slope * value)

    def cut(self, route: IntArray) -> FloatArray:
        """Return ``1 - exp(-a (H - T))`` of each observation."""
        return np.asarray(-np.expm1(-self.index * self.width[:, route]))

    def cdf(self, x: FloatArray, route: IntArray, size: FloatArray) -> FloatArray:
        """Return the distribution function."""
        from scipy.special import ndtr

        start = self.threshold[:, route]
        share = ndtr(-self.z(start, route, size))
        above = np.maximum(np.where(np.isfinite(start), x - start, 0.0), 0.0)
        tail = np.minimum(-np.expm1(-self.index * above) / self.cut(route), 1.0)
        return np.asarray(np.where(x < start, ndtr(self.z(x, route, size)), 1 - share * (1 - tail)))

    def below(
        self, top: FloatArray | float, route: IntArray, size: FloatArray
    ) -> tuple[FloatArray, FloatArray]:
        """Return log multiples and weights that integrate over the body below `top`."""
        at, weight = np.polynomial.legendre.leggauss(BODY_NODES)
        z_end = np.clip(self.z(top, route, size), LOWEST_Z, -LOWEST_Z)
        half = 0.5 * (z_end - LOWEST_Z)[..., None]
        z = LOWEST_Z + half * (1 + at)
        body = half * weight * np.exp(-0.5 * z**2 - ROOT_TWO_PI_LOG)
        centre = (self.mu[..., route] + self.slope * size)[..., None]
        return centre + self.sd[..., None] * z, body

    def nodes(self, route: IntArray, size: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return log multiples and weights that integrate over the law, (M, K, n, nodes)."""
        from scipy.special import ndtr

        start = self.threshold[:, route]
        x_body, body = self.below(start, route, size)
        z_end = self.z(start, route, size)
        if not np.isfinite(self.threshold).any():
            return x_body, body
        at, weight = np.polynomial.legendre.leggauss(TAIL_NODES)
        left = 0.5 * (1 + at)
        cut = self.cut(route)[..., None]
        x_tail = start[..., None] - np.log1p(-left * cut) / self.index[..., None]
        tail = 0.5 * weight * ndtr(-z_end)[..., None]
        x_tail = np.broadcast_to(x_tail, (*tail.shape[:-1], TAIL_NODES))
        return np.concatenate([x_body, x_tail], axis=-1), np.concatenate([body, tail], axis=-1)


def _log_density(law: Law, x: FloatArray, route: IntArray, size: FloatArray) -> FloatArray:
    from scipy.special import log_ndtr

    start = law.threshold[:, route]
    z = law.z(x, route, size)
    body = -0.5 * z**2 - ROOT_TWO_PI_LOG - np.log(law.sd)
    if not np.isfinite(start).any():
        return np.asarray(body)
    above = np.maximum(x - start, 0.0)
    share = log_ndtr(-law.z(start, route, size))
    tail = share + np.log(law.index) - law.index * above - np.log(law.cut(route))
    return np.asarray(np.where(x < start, body, tail))


def _log_told(law: Law, data: Multiples) -> FloatArray:
    from scipy.special import log_ndtr

    return np.asarray(log_ndtr(law.telling(data.x + data.size)))


def _sums(data: Multiples, threshold: FloatArray) -> FloatArray:
    """Return, of shape (5, K, R): count, sum, sum of squares below; count, excess above."""
    sums = np.zeros((5, *threshold.shape))
    for r in range(data.n_routes):
        x = np.sort(data.x[data.route == r])
        first = np.searchsorted(x, threshold[:, r], side="left")
        total, squares = np.r_[0.0, x.cumsum()], np.r_[0.0, (x**2).cumsum()]
        n_above = len(x) - first
        start = np.where(n_above > 0, threshold[:, r], 0.0)
        sums[:, :, r] = (
            *(first, total[first], squares[first]),
            *(n_above, total[-1] - total[first] - n_above * start),
        )
    return sums


def _log_density_of_sums(law: Law, sums: FloatArray) -> FloatArray:
    """Return the log density of all exits told exactly, from their sums; shape (M, K)."""
    from scipy.special import log_ndtr

    below, total, squares, above, excess = sums
    sd, index = law.sd, law.index
    square = squares - 2 * law.mu * total + law.mu**2 * below
    body = -below * (ROOT_TWO_PI_LOG + np.log(sd)) - 0.5 * square / sd**2
    start = np.where(above > 0, law.threshold, 0.0)
    share = log_ndtr((law.mu - start) / sd)
    cut = np.log(-np.expm1(-index * law.width))
    tail = np.where(above > 0, above * (share + np.log(index) - cut) - index * excess, 0.0)
    return np.asarray((body + tail).sum(axis=-1))
