"""Mandates of guidance programmes over sectors, as arrays.

A vehicle puts no money into a sector without a weight. Those with one draw seekers in proportion
to it, the most wanted as much as a programme without a mandate over sectors would: what is closed
is closed, and nothing opens wider for it. A programme of one sector has specialists alone; the
specialists of others draw their sector from births, times the weight.
"""

from __future__ import annotations

import numpy as np

from finmodel.scenario import Scenario
from finmodel.world.arrays import FloatArray


def sector_pulls(scenario: Scenario) -> FloatArray:
    """Return the weight of each sector in each programme over its highest, shape (G, S).

    One everywhere without a mandate over sectors, and where all weights are the same; zero in a
    sector that is closed.
    """
    pulls = np.ones((len(scenario.programmes), len(scenario.sectors)))
    for row, programme in zip(pulls, scenario.programmes.values(), strict=True):
        if programme.sector_mandate:
            given = {name: weight.centre for name, weight in programme.sector_mandate.items()}
            weights = np.array([given.get(name, 0.0) for name in scenario.sectors])
            row[:] = weights / weights.max()
    return pulls


def focus_table(sector_share: FloatArray, n_ordinary: int, pulls: FloatArray) -> FloatArray:
    """Return the cumulative chances of the sector of a specialist, by fund type.

    Parameters
    ----------
    sector_share : ndarray of shape (S,)
        Of births.
    n_ordinary : int
        T, fund types that are no vehicles.
    pulls : ndarray of shape (G, S)
        From :func:`sector_pulls`.

    Returns
    -------
    ndarray of shape (T + G, S)
        Where all sectors pull alike the row is that of ordinary funds, bit for bit. From the last
        open sector on it is 1, so that rounding leads nobody into a closed one.
    """
    table = np.tile(np.cumsum(sector_share), (n_ordinary + len(pulls), 1))
    for row, pull in zip(table[n_ordinary:], pulls, strict=True):
        if (pull == 1.0).all():
            continue
        chance = sector_share * pull
        # A mandate over sectors in which nobody is born still has a sector.
        chance = chance if chance.sum() > 0.0 else pull
        row[:] = np.cumsum(chance / chance.sum())
        row[np.flatnonzero(pull)[-1] :] = 1.0
    return table


def specialise(types: np.ndarray[tuple[int], np.dtype[np.void]], pulls: FloatArray) -> None:
    """Make every vehicle of a programme of one sector, of several, its specialist.

    Parameters
    ----------
    types : ndarray of TYPE_ROW, shape (T + G,)
        Changed in place.
    pulls : ndarray of shape (G, S)
    """
    is_single = ((pulls > 0.0).sum(axis=1) == 1) & (pulls.shape[1] > 1)
    own = types[len(types) - len(pulls) :]
    own["specialist_share"][is_single] = 1.0
