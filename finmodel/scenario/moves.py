"""Move numbers of a scenario by factors, keeping tables of shares whole."""

from __future__ import annotations

from collections.abc import Mapping

from finmodel.scenario.schema import Scenario
from finmodel.scenario.share_tables import close_tables
from finmodel.scenario.walk import quantities


def moved_values(scenario: Scenario, factors: Mapping[str, float]) -> dict[str, float]:
    """Return what numbers become when some are multiplied.

    Parameters
    ----------
    scenario : Scenario
    factors : mapping of str to float
        By dotted name; of the centre of a belief.

    Returns
    -------
    dict of str to float
        By dotted name: all that moved, and all of the tables of shares that some of them are part
        of, divided by their sum.
    """
    centres = {name: quantity.centre for name, quantity in quantities(scenario)}
    moved = {name: centres[name] * factor for name, factor in factors.items()}
    return moved | close_tables(centres | moved, moved)
