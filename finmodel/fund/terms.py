"""Terms of a fund's waterfall: what is agreed, checked once, and the rows kernels read.

References
----------
Metrick & Yasuda (2010), The economics of private equity funds, Review of Financial Studies
23 (hurdles, catch-up, bases of carry). ILPA (2019), Principles 3.0 (waterfalls, clawback).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from enum import IntEnum
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from finmodel.world.arrays import Table

MAX_TIERS = 4

TERMS_ROW = np.dtype(
    [
        ("style", "i8"),
        ("hurdle_kind", "i8"),
        ("hurdle", "f8"),
        ("catch_up_share", "f8"),
        ("n_tiers", "i8"),
        ("threshold", "f8", (MAX_TIERS,)),
        ("carry_share", "f8", (MAX_TIERS,)),
        ("gp_commitment_share", "f8"),
        ("is_gp_carry_free", "i8"),
        ("has_clawback", "i8"),
        ("clawback_kept_share", "f8"),
    ]
)


class Style(IntEnum):
    """What carry is reckoned on: the whole fund, or the deals realised so far."""

    EUROPEAN = 0
    AMERICAN = 1


class Hurdle(IntEnum):
    """What LPs get before any carry: a compounded return per annum, or a multiple of paid-in."""

    RATE = 0
    MULTIPLE = 1


class Tier(NamedTuple):
    """A carry share and the net multiple of the LPs from which it applies.

    The multiple is distributions to LPs over paid-in, after carry.
    """

    threshold: float
    carry_share: float


class WaterfallTerms(NamedTuple):
    """Terms of one fund.

    Attributes
    ----------
    style : Style
    hurdle_kind : Hurdle
    hurdle : float
        RATE: per annum, at least 0. MULTIPLE: distributions over paid-in, at least 1.
    catch_up_share : float
        In [0, 1]: the manager's part of the catch-up tier; 1 is full, 0 none.
    tiers : sequence of Tier
        One to four; the first threshold is 0, later ones rise, and so do the carry shares,
        all in [0, 1).
    gp_commitment_share : float
        In [0, 1): the manager's part of the contributions. It is an LP for this money.
    is_gp_carry_free : bool
        Whether the manager's own money bears no carry.
    has_clawback : bool
        Whether the manager pays back excess carry at the end of the fund.
    clawback_kept_share : float
        In [0, 1]: the part of excess carry that is not paid back, such as taxes on it.
    """

    style: Style
    hurdle_kind: Hurdle
    hurdle: float
    catch_up_share: float
    tiers: Sequence[Tier]
    gp_commitment_share: float
    is_gp_carry_free: bool
    has_clawback: bool
    clawback_kept_share: float


def terms_table(funds: Sequence[WaterfallTerms]) -> Table:
    """Return terms as rows for kernels, one a fund.

    Parameters
    ----------
    funds : sequence of WaterfallTerms

    Returns
    -------
    ndarray of TERMS_ROW, shape (n_funds,)
        Read-only. Thresholds after the last tier are infinite.

    Raises
    ------
    ValueError
        If a term is outside its range or NaN; all that is wrong is named.
    """
    problems = [
        f"fund {i}: {text}" for i, terms in enumerate(funds) for text in _problems_of(terms)
    ]
    if problems:
        raise ValueError("; ".join(problems))
    table = np.zeros(len(funds), TERMS_ROW)
    for row, terms in zip(table, funds, strict=True):
        for name in set(WaterfallTerms._fields) - {"tiers"}:
            row[name] = getattr(terms, name)
        row["n_tiers"] = len(terms.tiers)
        row["threshold"] = math.inf
        row["threshold"][: len(terms.tiers)] = [tier.threshold for tier in terms.tiers]
        row["carry_share"][: len(terms.tiers)] = [tier.carry_share for tier in terms.tiers]
    table.flags.writeable = False
    return table


def _problems_of(terms: WaterfallTerms) -> list[str]:
    """Return what is wrong with the terms of one fund: given and allowed."""
    lowest = 1.0 if terms.hurdle_kind == Hurdle.MULTIPLE else 0.0
    shares = {
        "catch_up_share": terms.catch_up_share,
        "clawback_kept_share": terms.clawback_kept_share,
    }
    found = [
        f"{name} in [0, 1], got {share}" for name, share in shares.items() if not 0 <= share <= 1
    ]
    if terms.style not in set(Style):
        found.append(f"style one of {[style.name for style in Style]}, got {terms.style}")
    if terms.hurdle_kind not in set(Hurdle):
        kinds = [kind.name for kind in Hurdle]
        found.append(f"hurdle_kind one of {kinds}, got {terms.hurdle_kind}")
    if not lowest <= terms.hurdle < math.inf:
        found.append(f"hurdle from {lowest} on and finite, got {terms.hurdle}")
    if not 0.0 <= terms.gp_commitment_share < 1.0:
        found.append(f"gp_commitment_share in [0, 1), got {terms.gp_commitment_share}")
    return found + _problems_of_tiers(terms.tiers)


def _problems_of_tiers(tiers: Sequence[Tier]) -> list[str]:
    if not 1 <= len(tiers) <= MAX_TIERS or tiers[0].threshold != 0.0:
        return [f"1 to {MAX_TIERS} tiers, the first from 0, got {list(tiers)}"]
    thresholds = [tier.threshold for tier in tiers]
    shares = [tier.carry_share for tier in tiers]
    found = []
    if not all(a < b < math.inf for a, b in pairwise(thresholds)):
        found.append(f"thresholds that rise and are finite, got {thresholds}")
    if not all(0.0 <= share < 1.0 for share in shares) or sorted(shares) != shares:
        found.append(f"carry shares in [0, 1) that do not fall, got {shares}")
    return found
