"""Random numbers as a function of who decides what, when: counter-based keyed streams.

A draw is ``Philox4x32-10(counter, key)`` with the key from the seed and the counter from
(entity, path, decision, quarter). Nothing is consumed in order, so a firm has the same
luck whatever else happens in the run, on any number of threads, chunks or machines, and
under every policy. Variates come from uniforms by inverse distribution function only.

References
----------
Salmon, Moraes, Dror & Shaw (2011), Parallel random numbers: as easy as 1, 2, 3, SC11.
"""

from __future__ import annotations

import numpy as np

from finmodel.numeric.jit import lean_kernel

MASK = np.uint64(0xFFFFFFFF)
SHIFT = np.uint64(32)
_M0 = np.uint64(0xD2511F53)
_M1 = np.uint64(0xCD9E8D57)
_W0 = np.uint64(0x9E3779B9)
_W1 = np.uint64(0xBB67AE85)

# Decisions: one number each, never reused. The word of a draw is decision << 16 | quarter.
MARKET_FACTOR = 1
BIRTHS = 2
TRAITS = 3
LIFE = 4
ASK = 5
SIGNAL = 6
MEETING = 7
PARAMETER = 8
SECTOR_FACTOR = 9
WINDOW = 10
FUND_PHASE = 11
FUND_TRAITS = 12
OPINION = 13
FATE = 14
MANAGER = 15
ELIGIBLE = 16
PANEL = 17

Block = tuple[np.uint64, np.uint64, np.uint64, np.uint64]


@lean_kernel
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


@lean_kernel
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


@lean_kernel
def uniform(word: np.uint64) -> float:
    """Return a uniform in (0, 1) from one 32-bit word, never 0 or 1."""
    return (float(word) + 0.5) * 2.3283064365386963e-10


@lean_kernel
def uniform52(high: np.uint64, low: np.uint64) -> float:
    """Return a uniform in (0, 1) with 52 bits from two 32-bit words.

    Half a step is added so that neither end is reached; with 53 bits the largest would
    round to 1.
    """
    top = float(high >> np.uint64(6))
    bottom = float(low >> np.uint64(6))
    return (top * 67108864.0 + bottom + 0.5) * 2.220446049250313e-16
