"""Ratios as programmes report them, on their own definitions. None of them is an effect."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd


def private_leverage(
    public_share: Sequence[float], success: Sequence[float], size: Sequence[float]
) -> float:
    """Return expected private money over public money along a firm's rounds.

    The form of the leverage tables of the US State Small Business Credit Initiative: a firm
    reaches round ``j`` with the product of the chances so far; public money is a share of each
    round, and everything else is private.

    Parameters
    ----------
    public_share : sequence of float
        Public part of each round, in [0, 1].
    success : sequence of float
        Chance to reach each round from the one before; the first is usually 1.
    size : sequence of float
        Of each round, in any unit of money.

    Returns
    -------
    float
        NaN if no public money is expected.

    References
    ----------
    US Treasury, SSBCI application, leverage tables (OMB 1505-0227): 15.03 for its accelerator
    and 30.25 for its venture programme.
    """
    reached = np.cumprod(np.asarray(success, np.float64))
    money = reached * np.asarray(size, np.float64)
    public = float((money * np.asarray(public_share, np.float64)).sum())
    return float((money.sum() - public) / public) if public > 0.0 else float("nan")


@dataclass(frozen=True)
class Chain:
    """Factors of the chain from gross to net, each of what the one before has left.

    Attributes
    ----------
    leakage, displacement, substitution : float
        Parts lost.
    multiplier : float
        One plus what is gained.
    """

    leakage: float
    displacement: float
    substitution: float
    multiplier: float


def net_additional(
    gross: float, chain: Chain, reference: float = 0.0, reference_chain: Chain | None = None
) -> float:
    """Return the net additional impact of an intervention over a reference case.

    ``A = GI (1 - L) (1 - Dp) (1 - S) M`` of the intervention, less the same of the reference
    case, which is the deadweight.

    Parameters
    ----------
    gross, reference : float
        Gross impacts of the intervention and of the reference case, in the same unit.
    chain, reference_chain : Chain
        The second is the first's if left out.

    References
    ----------
    Homes and Communities Agency (2014), Additionality Guide, 4th ed.
    """

    def adjusted(impact: float, factors: Chain) -> float:
        kept = (1.0 - factors.leakage) * (1.0 - factors.displacement)
        return impact * kept * (1.0 - factors.substitution) * factors.multiplier

    return adjusted(gross, chain) - adjusted(reference, reference_chain or chain)


def chain_factors(
    additional: float, leakage: float, displacement: float, substitution: float, multiplier: float
) -> Chain:
    """Return the factors of a chain whose parts are known as amounts.

    Parameters
    ----------
    additional : float
        Gross impact less the deadweight.
    leakage, displacement, substitution, multiplier : float
        Amounts, the first three lost and the last gained, in that order.

    Returns
    -------
    Chain
        With ``net_additional(additional, chain)`` equal to the sum of the parts; NaN from the
        point at which nothing is left.
    """
    left, parts = additional, list[float]()
    for amount in (leakage, displacement, substitution):
        parts.append(amount / left if left != 0.0 else float("nan"))
        left -= amount
    gained = 1.0 + multiplier / left if left != 0.0 else float("nan")
    return Chain(parts[0], parts[1], parts[2], gained)


def chain_table(effects: pd.DataFrame) -> pd.DataFrame:
    """Return the chain of each policy as factors, in the form of the Additionality Guide.

    The gross impact is the supported financings; the reference case is what would have closed
    anyway with the same financiers, later, or larger. Each factor is of what the one before
    has left, so ``additional (1 - L) (1 - Dp) (1 - S) M`` is the net effect in the target.

    Parameters
    ----------
    effects : DataFrame
        From :func:`finmodel.measure.policy.effect_table` without cells: means over paths.

    Returns
    -------
    DataFrame
        One row a policy, group and side (`n`, `mcny`): `gross`, `reference`, `leakage`,
        `displacement`, `substitution`, `multiplier`, `net`. A factor is NaN if nothing was
        left before it, as for a policy that supports nobody.
    """
    rows = []
    for (policy, group), part in effects.groupby(["policy", "group"], sort=False):
        for side in ("n", "mcny"):
            of = dict(zip(part["component"], part[f"effect_{side}"], strict=True))
            reference = of["deadweight"] + of["timing"] + of["shrinkage"]
            chain = chain_factors(
                of["gross"] - reference,
                of["leakage"],
                of["displacement"],
                of["substitution"],
                of["multiplier"],
            )
            rows.append(
                {
                    "policy": policy,
                    "group": group,
                    "side": side,
                    "gross": of["gross"],
                    "reference": reference,
                    "leakage": chain.leakage,
                    "displacement": chain.displacement,
                    "substitution": chain.substitution,
                    "multiplier": chain.multiplier,
                    "net": of["net"],
                }
            )
    return pd.DataFrame(rows)
