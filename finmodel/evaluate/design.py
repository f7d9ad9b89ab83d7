"""Who adopts a programme when: the design that an analyst takes from the official gazettes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from finmodel.errors import Problem, ScenarioError
from finmodel.units import QUARTERS_PER_YEAR
from finmodel.world import World
from finmodel.world.arrays import IntArray

NEVER = 0
"""Year of adoption of a province without a programme, as estimators take it."""


@dataclass(frozen=True)
class Design:
    """Adoption by region and year.

    Attributes
    ----------
    regions : tuple of str
    years : tuple of int
        Reported calendar years.
    adoption : ndarray of int, shape (R,)
        First year with a programme, `NEVER` (0) for none in the reported years. A programme
        that starts within a year makes that year the first.
    """

    regions: tuple[str, ...]
    years: tuple[int, ...]
    adoption: IntArray

    @property
    def is_treated(self) -> NDArray[np.bool_]:
        """Whether a region has a programme in a year, shape (R, Y)."""
        years = np.array(self.years)
        start = self.adoption[:, None]
        mask: NDArray[np.bool_] = (start != NEVER) & (years >= start)
        return mask

    @property
    def waves(self) -> tuple[int, ...]:
        """Years of adoption, in order."""
        return tuple(int(year) for year in np.unique(self.adoption) if year != NEVER)

    def of(self, kept: NDArray[np.bool_]) -> Design:
        """Return the design of some of the regions."""
        names = tuple(np.array(self.regions)[kept].tolist())
        return Design(names, self.years, self.adoption[kept])


def design_of(world: World) -> Design:
    """Return the design that the programmes of a world make.

    Parameters
    ----------
    world : World

    Raises
    ------
    ScenarioError
        If no estimator could tell an effect: no programme with money, a programme that starts
        in the first reported year, or no region that can be compared with those that adopt.
    """
    first, n_years = world.years[0], len(world.years)
    adoption = np.full(len(world.regions), NEVER, np.int64)
    problems: list[Problem] = []
    for name, programme in world.scenario.programmes.items():
        if programme.budget_mcny_pa.centre <= 0.0 or programme.quarters.centre < 1.0:
            continue
        start = int(programme.start_quarter.centre)
        if start < QUARTERS_PER_YEAR:
            least = f"at least {QUARTERS_PER_YEAR}: an analyst needs a year before the programme"
            place = f"programmes.{name}.start_quarter"
            problems.append(Problem(place, str(start), least))
            continue
        year = start // QUARTERS_PER_YEAR
        if year >= n_years:
            continue
        for region, share in programme.region_share.items():
            place_of = world.regions.index(region)
            if share.centre > 0.0:
                before = adoption[place_of]
                adoption[place_of] = first + year if before == NEVER else min(before, first + year)
    found = np.unique(adoption)
    if not problems and (found == NEVER).all():
        allowed = "a programme with money that starts within the reported years"
        given = ", ".join(world.scenario.programmes) or "none"
        problems.append(Problem("programmes", given, allowed))
    if not problems and len(found) == 1:
        allowed = "regions without a programme, or programmes that start in different years"
        problems.append(Problem("programmes", f"all regions start in {found[0]}", allowed))
    if problems:
        raise ScenarioError(f"evaluation of {world.scenario.meta.name}", problems)
    return Design(world.regions, world.years, adoption)
