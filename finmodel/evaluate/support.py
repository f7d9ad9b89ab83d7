"""The sample of a matching study: firms at risk of support, what is known of them, what follows."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from finmodel.evaluate.design import NEVER, Design
from finmodel.evaluate.firms import FAILED_OR_CLOSED, FIRST_ROUTE, FirmYears
from finmodel.evaluate.matching import Sample
from finmodel.world.arrays import ROUTES, FloatArray, IntArray

HORIZON = 3
"""Years over which outcomes are counted, the year of support the first."""
FIRM_OUTCOMES = ("rounds_n", "later_rounds_n", "raised_mcny", "survived", "exited")
"""Outcomes of a firm over the horizon. The last two are 1 or 0."""


class AtRisk(NamedTuple):
    """Rows of a sample: a firm and a year.

    Attributes
    ----------
    sample : Sample
    firm, column : ndarray of int, shape (N,)
        Place among the firms, and year as a column.
    is_funded : ndarray of bool, shape (N,)
        Whether it closed a round in the year.
    """

    sample: Sample
    firm: IntArray
    column: IntArray
    is_funded: NDArray[np.bool_]

    def of(self, kept: NDArray[np.bool_]) -> AtRisk:
        """Return some of the rows."""
        whole = self.sample
        sample = Sample(whole.covariates[kept], whole.is_supported[kept], whole.stratum[kept])
        return AtRisk(sample, self.firm[kept], self.column[kept], self.is_funded[kept])


def firms_at_risk(design: Design, found: FirmYears) -> AtRisk:
    """Return every firm and year of the observed history that a matching study would use.

    A firm is at risk in a year in which it is there and before which it had no support. It is
    supported if its first support comes in that year, and a candidate for comparison if none
    comes within `HORIZON` years. Years are those from the first adoption to the last with a
    whole horizon.
    """
    n_columns = found.rounds.shape[1]
    first = min(design.waves) - found.first_year
    columns = np.arange(first, n_columns - HORIZON + 1)
    support = found.first_support[:, None]
    is_there = (found.birth[:, None] <= columns) & (columns <= found.end[:, None])
    is_supported = support == columns
    is_row = is_there & (is_supported | (support >= columns + HORIZON))
    firm, at = np.nonzero(is_row)
    column = columns[at]
    year = column + found.first_year
    adoption = design.adoption[found.region[firm]]
    has_programme = (adoption != NEVER) & (year >= adoption)
    stage = np.maximum(found.entry_stage[firm], found.stage[firm, column - 1])
    n_stages = int(stage.max(initial=0)) + 1
    stratum = (column * n_stages + stage) * 2 + has_programme
    sample = Sample(_covariates(found, firm, column), is_supported[firm, at], stratum)
    return AtRisk(sample, firm, column, found.rounds[firm, column] > 0)


def _covariates(found: FirmYears, firm: IntArray, column: IntArray) -> FloatArray:
    """Return what is known of firms at the start of a year, shape (N, C)."""
    before = column - 1
    rounds = np.cumsum(found.rounds, axis=1)[firm, before]
    raised = np.cumsum(found.raised, axis=1)[firm, before]
    last = np.maximum.accumulate(
        np.where(found.rounds > 0, np.arange(found.rounds.shape[1]), -1), 1
    )
    waited = np.where(rounds > 0, column - last[firm, before], 0)
    n_regions = int(found.region.max()) + 1
    born = np.zeros((n_regions, found.rounds.shape[1]))
    np.add.at(born, (found.region, found.birth), 1.0)
    peers = np.cumsum(born, axis=1)[found.region[firm], before]
    plain = [
        np.log1p(raised),
        rounds,
        rounds > 0,
        waited,
        column - found.birth[firm],
        np.log1p(peers),
    ]
    dummies = [
        codes == code for codes in (found.sector[firm], column) for code in np.unique(codes)[1:]
    ]
    return np.column_stack([*plain, *dummies]).astype(np.float64)


def outcomes_after(found: FirmYears, rows: AtRisk) -> dict[str, FloatArray]:
    """Return the outcomes of rows over the horizon in one arm, each of shape (N,).

    Parameters
    ----------
    found : FirmYears
        Of the arm; firms are the same in every arm.
    rows : AtRisk
    """
    window = rows.column[:, None] + np.arange(HORIZON)
    firm = rows.firm[:, None]
    rounds = found.rounds[firm, window]
    has_ended = found.end[rows.firm] <= window[:, -1]
    status = np.where(has_ended, found.status[rows.firm], 0)
    is_exit = (status >= FIRST_ROUTE) & (status < FIRST_ROUTE + ROUTES.index("buyback"))
    return {
        "rounds_n": rounds.sum(axis=1),
        "later_rounds_n": rounds[:, 1:].sum(axis=1),
        "raised_mcny": found.raised[firm, window].sum(axis=1),
        "survived": (status != FAILED_OR_CLOSED).astype(np.float64),
        "exited": is_exit.astype(np.float64),
    }
