"""Random numbers as a function of who decides what, when: counter-based keyed streams.

A draw is ``Philox4x32-10(counter, key)`` with the key from the seed and the counter from
(entity, path, decision, quarter). Nothing is consumed in order, so a firm has the same
luck whatever else happens in the run, on any number of threads, chunks or machines, and
under every policy. Variates come from uniforms by inverse distribution function only.

References
----------
Salmon, Moraes, Dror & Shaw (2011), Parallel random numbers: as easy as 1, 2, 3, SC11.
Wichura (1988), Algorithm AS 241: the percentage points of the normal distribution,
Applied Statistics 37.
"""

from __future__ import annotations

import math

import numpy as np

from finmodel.market.jit import kernel

MASK = np.uint64(0xFFFFFFFF)
SHIFT = np.uint64(32)
_M0 = np.uint64(0xD2511F53)
_M1 = np.uint64(0xCD9E8D57)
_W0 = np.uint64(0x9E3779B9)
_W1 = np.uint64(0xBB67AE85)

# Decisions: one number each, never reused. The word of a draw is decision << 16 | quarter.
CYCLE = 1
BIRTHS = 2
TRAITS = 3
LIFE = 4
ASK = 5
SIGNAL = 6
MEETING = 7
PARAMETER = 8

Block = tuple[np.uint64, np.uint64, np.uint64, np.uint64]


@kernel
def philox(
    c0: np.uint64, c1: np.uint64, c2: np.uint64, c3: np.uint64, k0: np.uint64, k1: np.uint64
) -> Block:
    """Return the four 32-bit words of Philox4x32-10 for one counter and key.

    Parameters
    ----------
    c0, c1, c2, c3 : uint64
        Counter words, each below 2**32.
    k0, k1 : uint64
        Key words, each below 2**32.
    """
    for _ in range(10):
        p0 = _M0 * c0
        p1 = _M1 * c2
        c0 = (p1 >> SHIFT) ^ c1 ^ k0
        c1 = p1 & MASK
        c2 = (p0 >> SHIFT) ^ c3 ^ k1
        c3 = p0 & MASK
        k0 = (k0 + _W0) & MASK
        k1 = (k1 + _W1) & MASK
    return c0, c1, c2, c3


@kernel
def draw(
    seed: np.uint64, path: int, decision: int, quarter: int, key: np.uint64, serial: np.uint64
) -> Block:
    """Return the four words of one decision of one entity in one quarter of one path.

    Parameters
    ----------
    seed : uint64
        Seed of the run; both halves form the key.
    path, decision, quarter : int
        Below 2**32, 2**16 and 2**16.
    key, serial : uint64
        Identity of the entity, each below 2**32.
    """
    word = np.uint64((decision << 16) | quarter)
    return philox(key, serial, np.uint64(path), word, seed & MASK, seed >> SHIFT)


@kernel
def uniform(word: np.uint64) -> float:
    """Return a uniform in (0, 1) from one 32-bit word, never 0 or 1."""
    return (float(word) + 0.5) * 2.3283064365386963e-10


@kernel
def uniform52(high: np.uint64, low: np.uint64) -> float:
    """Return a uniform in (0, 1) with 52 bits from two 32-bit words.

    Half a step is added so that neither end is reached; with 53 bits the largest would
    round to 1.
    """
    top = float(high >> np.uint64(6))
    bottom = float(low >> np.uint64(6))
    return (top * 67108864.0 + bottom + 0.5) * 2.220446049250313e-16


@kernel
def normal_quantile(p: float) -> float:
    """Return the standard normal quantile of `p` in (0, 1), to about 1e-16 (AS 241)."""
    q = p - 0.5
    if abs(q) <= 0.425:
        r = 0.180625 - q * q
        top = (
            ((2509.0809287301226727 * r + 33430.575583588128105) * r + 67265.770927008700853) * r
            + 45921.953931549871457
        ) * r + 13731.693765509461125
        top = ((top * r + 1971.5909503065514427) * r + 133.14166789178437745) * r
        top += 3.3871328727963666080
        low = (
            ((5226.4952788528545610 * r + 28729.085735721942674) * r + 39307.895800092710610) * r
            + 21213.794301586595867
        ) * r + 5394.1960214247511077
        low = ((low * r + 687.18700749205790830) * r + 42.313330701600911252) * r + 1.0
        return q * top / low
    r = math.sqrt(-math.log(p if q < 0.0 else 1.0 - p))
    if r <= 5.0:
        r -= 1.6
        top = (
            (
                (7.74545014278341407640e-4 * r + 0.0227238449892691845833) * r
                + 0.241780725177450611770
            )
            * r
            + 1.27045825245236838258
        ) * r + 3.64784832476320460504
        top = ((top * r + 5.76949722146069140550) * r + 4.63033784615654529590) * r
        top += 1.42343711074968357734
        low = (
            (
                (1.05075007164441684324e-9 * r + 5.47593808499534494600e-4) * r
                + 0.0151986665636164571966
            )
            * r
            + 0.148103976427480074590
        ) * r + 0.689767334985100004550
        low = ((low * r + 1.67638483018380384940) * r + 2.05319162663775882187) * r + 1.0
    else:
        r -= 5.0
        top = (
            (
                (2.01033439929228813265e-7 * r + 2.71155556874348757815e-5) * r
                + 0.00124266094738807843860
            )
            * r
            + 0.0265321895265761230930
        ) * r + 0.296560571828504891230
        top = ((top * r + 1.78482653991729133580) * r + 5.46378491116411436990) * r
        top += 6.65790464350110377720
        low = (
            (
                (2.04426310338993978564e-15 * r + 1.42151175831644588870e-7) * r
                + 1.84631831751005468180e-5
            )
            * r
            + 7.86869131145613259100e-4
        ) * r + 0.0148753612908506148525
        low = ((low * r + 0.136929880922735805310) * r + 0.599832206555887937690) * r + 1.0
    value = top / low
    return -value if q < 0.0 else value


@kernel
def poisson_quantile(mean: float, u: float) -> int:
    """Return the Poisson quantile of `u` in (0, 1) by inversion; for ``mean <= 500``."""
    term = math.exp(-mean)
    total = term
    count = 0
    while u > total and count < 5000:
        count += 1
        term *= mean / count
        total += term
    return count
