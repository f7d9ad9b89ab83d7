"""Ratios as programmes report them, on their own definitions. None of them is an effect."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from finmodel.measure.effects import COMPONENTS
from finmodel.measure.monte_carlo import jackknife, quotient
from finmodel.measure.policy import GROUPS
from finmodel.world.arrays import FloatArray


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


FACTORS = (
    "gross",
    "reference",
    "leakage",
    "displacement",
    "substitution",
    "multiplier",
    "net",
)


def chain_table(chains: Mapping[str, FloatArray], n_years: int) -> pd.DataFrame:
    """Return the chain of each policy as factors, in the form of the Additionality Guide.

    The gross impact is the supported financings; the reference case is what would have closed
    anyway with the same financiers, later, or larger. Each factor is of what the one before
    has left, so ``additional (1 - L) (1 - Dp) (1 - S) M`` is the net effect in the target.

    Parameters
    ----------
    chains : mapping of ndarray, each of shape (P, R, K, H, 2, components, 2)
        From a comparison.
    n_years : int
        Reported years.

    Returns
    -------
    DataFrame
        One row a policy, group and side (`n`, `mcny`): `gross`, `reference`, `leakage`,
        `displacement`, `substitution`, `multiplier`, `net`, of means over paths, with jackknife
        standard errors `_se`. A factor is NaN if nothing was left before it, as for a policy
        that supports nobody, and so is its error if that is so without some path.
    """
    rows = []
    for policy, chain in chains.items():
        for group in GROUPS:
            part = chain[:, :, :, 1, 1] if group == GROUPS[1] else chain.sum(axis=(3, 4))
            by_path = part.sum(axis=(1, 2)) / n_years
            for place, side in enumerate(("n", "mcny")):
                found, error = jackknife(by_path[..., place], _factors)
                row: dict[str, object] = {"policy": policy, "group": group, "side": side}
                for i, name in enumerate(FACTORS):
                    row |= {name: float(found[i]), f"{name}_se": float(error[i])}
                rows.append(row)
    return pd.DataFrame(rows)


def _factors(parts: FloatArray) -> FloatArray:
    """Return the factors of chains with parts on the last axis, as :func:`chain_factors`."""
    of = {name: parts[..., i] for i, name in enumerate(COMPONENTS)}
    reference = of["deadweight"] + of["timing"] + of["shrinkage"]
    left, factors = of["gross"] - reference, list[FloatArray]()
    for name in ("leakage", "displacement", "substitution"):
        factors.append(quotient(of[name], left))
        left = left - of[name]
    gained = 1.0 + quotient(of["multiplier"], left)
    return np.stack([of["gross"], reference, *factors, gained, of["net"]], axis=-1)
