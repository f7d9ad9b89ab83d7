"""A plan's fund of funds: its own charges and size, and both layers settled on every path.

Its commitment ``C`` is what it may be called for: with ``n`` sub-funds of which its class has
committed ``c`` each, fixed costs ``f`` over its life and charges that are a part ``s`` of ``C``,

    C = (n c + f) / (1 - s).

Sub-fund ``i`` begins at the start of year ``floor(i years / n)``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from finmodel.fund import desk as col
from finmodel.fund.clauses import LpClass
from finmodel.fund.layer import Layer
from finmodel.fund.layer_paths import LayerPaths, own_quarters, quarters_of, run_layer_paths
from finmodel.fund.layers import FundOfFunds
from finmodel.fund.outcome import (
    PlanOutcome,
    classes_of,
    lp_classes,
    markets_of,
    plan_layer,
    terms_of,
)
from finmodel.fund.plan_arrays import in_quarters
from finmodel.scenario.fund_plan_schema import FundOfFunds as UpperPlan
from finmodel.scenario.fund_plan_schema import FundPlan
from finmodel.scenario.fund_plan_schema import LpClass as PlanClass
from finmodel.units import QUARTERS_PER_YEAR
from finmodel.world.arrays import FloatArray, IntArray


@dataclass(frozen=True)
class Nest:
    """Funds of funds settled, each with its sub-funds.

    Attributes
    ----------
    plan : FundPlan
    starts : tuple of int
        Quarter in which each sub-fund begins.
    commitment : float
        Of a fund of funds, by all its partners, million CNY.
    lower : Layer
        Of all sub-funds, in their own time.
    marks : ndarray of shape (P * S, Q), million CNY
        NAV of sub-funds at the marks of their firms.
    paths : LayerPaths
    """

    plan: FundPlan
    starts: tuple[int, ...]
    commitment: float
    lower: Layer
    marks: FloatArray
    paths: LayerPaths

    @property
    def market(self) -> IntArray | None:
        """Simulated market of each fund of funds, shape (P,); None if they share none."""
        sub_funds = markets_of(self.plan, len(self.marks), n_sub_funds(self.plan))
        return None if sub_funds is None else sub_funds[:: len(self.starts)][: len(self.paths.paid)]

    @property
    def times(self) -> FloatArray:
        """Years since the first sub-fund began, shape (T,)."""
        n = self.paths.paid.shape[2]
        return np.arange(n, dtype=np.float64) / QUARTERS_PER_YEAR


def upper_of(plan: FundPlan) -> UpperPlan:
    """Return the fund of funds of a plan.

    Raises
    ------
    ValueError
        If it has none.
    """
    if plan.fund_of_funds is None:
        raise ValueError("the plan has no section fund_of_funds")
    return plan.fund_of_funds


def n_sub_funds(plan: FundPlan) -> int:
    """Return how many sub-funds a path of the plan needs; 1 without a fund of funds."""
    return 1 if plan.fund_of_funds is None else int(plan.fund_of_funds.sub_funds.centre)


def starts_of(plan: FundPlan, n: int) -> tuple[int, ...]:
    """Return the quarters in which `n` sub-funds begin, spread over the years of commitments."""
    years = int(upper_of(plan).commitment_years.centre)
    return tuple(QUARTERS_PER_YEAR * (i * years // n) for i in range(n))


def charges_of(plan: FundPlan, starts: Sequence[int], committed: float) -> tuple[float, FloatArray]:
    """Return the commitment of a fund of funds, and what it charges by quarter.

    Parameters
    ----------
    plan : FundPlan
    starts : sequence of int
        Of its sub-funds. Fixed costs are in proportion to their number, as a part of the plan's.
    committed : float
        To each sub-fund, million CNY.

    Returns
    -------
    commitment : float
    charges : ndarray of shape (T,)
        Million CNY.

    Raises
    ------
    ValueError
        If charges leave nothing to commit.
    """
    upper, fund = upper_of(plan), plan.fund
    life = in_quarters(fund.term_years.centre + fund.extension_years.centre)
    n_quarters = quarters_of(starts, life)
    rates, fixed = np.zeros((2, n_quarters))
    for q in range(n_quarters):
        step = [step for step in upper.fees if in_quarters(step.from_year.centre) <= q][-1]
        rates[q] = (step.rate_pa.centre + upper.costs.running_share_pa.centre) / QUARTERS_PER_YEAR
    fixed[:] = upper.costs.running_mcny_pa.centre / QUARTERS_PER_YEAR
    fixed[0] += upper.costs.setup_mcny.centre
    fixed *= len(starts) / n_sub_funds(plan)
    left = 1.0 - float(rates.sum())
    if left <= 0.0:
        raise ValueError(f"charges of {rates.sum():.0%} of the commitment leave nothing to commit")
    commitment = (len(starts) * committed + float(fixed.sum())) / left
    return commitment, rates * commitment + fixed


def with_first_class(plan: FundPlan, first: PlanClass) -> list[LpClass]:
    """Return the classes of sub-funds with other terms of the first; the others share the rest."""
    own, others = classes_of([first]), lp_classes(plan)[1:]
    share = first.commitment_share.centre
    rest = sum(item.commitment_share for item in others)
    head = own[0]._replace(commitment_share=share if others else 1.0)
    scaled = [
        item._replace(commitment_share=item.commitment_share * (1.0 - share) / rest)
        for item in others
    ]
    return [head, *scaled]


def settle_nest(
    outcome: PlanOutcome,
    *,
    first: PlanClass | None = None,
    size: int | None = None,
) -> Nest:
    """Settle the funds of funds of a plan.

    Parameters
    ----------
    outcome : PlanOutcome
        Of all sub-funds: path ``p S + i`` is sub-fund ``i`` of fund of funds ``p``.
    first : LpClass, optional
        Other terms of the first class of every sub-fund; by default the plan's.
    size : int, optional
        Sub-funds of a fund of funds; by default the plan's. Sub-funds left over do not count.

    Returns
    -------
    Nest
    """
    plan, run, line = outcome.plan, outcome.run, outcome.line
    upper = upper_of(plan)
    n = n_sub_funds(plan) if size is None else size
    used = len(run.flows) // n * n
    starts = starts_of(plan, n)
    classes = lp_classes(plan) if first is None else with_first_class(plan, first)
    own = (1.0 - plan.fund.gp_commitment_share.centre) * classes[0].commitment_share
    commitment, charges = charges_of(plan, starts, own * plan.fund.commitment_mcny.centre)
    parent = FundOfFunds(
        charges,
        terms_of(upper.waterfall, upper.gp_commitment_share.centre),
        classes_of(list(upper.lps.values())),
    )
    marked = own_quarters(parent, starts, run.flows.shape[1])
    chosen = type(run)(run.flows[:used], run.deals[:used])
    called = type(line)(*(array[:used] for array in line))
    lower = plan_layer(plan, chosen, called, classes, also_marked=marked)
    paths = run_layer_paths(lower, chosen.flows[..., col.FEES], starts, parent)
    return Nest(plan, starts, commitment, lower, chosen.flows[..., col.NAV], paths)
