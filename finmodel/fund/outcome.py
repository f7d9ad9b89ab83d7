"""A plan settled: who pays and who gets what on every path, from firms to classes of LPs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from finmodel.fund import desk as col
from finmodel.fund.clauses import NO_BUYBACK, NO_CAP, LpClass, class_table
from finmodel.fund.credit_line import CreditLine, LinePaths, with_credit_line
from finmodel.fund.layer import Layer, on_offer, run_layer
from finmodel.fund.lifetime import Deals, Payout, as_rows
from finmodel.fund.plan_arrays import charges_of
from finmodel.fund.sharing import ClassFlows
from finmodel.fund.simulate import PlanRun
from finmodel.fund.terms import Hurdle, Style, Tier, WaterfallTerms
from finmodel.scenario.fund_plan_schema import FundPlan, Waterfall
from finmodel.scenario.fund_plan_schema import LpClass as PlanClass
from finmodel.units import QUARTERS_PER_YEAR
from finmodel.world.arrays import FloatArray, IntArray

UNLIMITED = 10.0
"""A cap of 1,000 % a year is none."""


@dataclass(frozen=True)
class PlanOutcome:
    """What a plan comes to; the fund has ended in the last quarter.

    Attributes
    ----------
    plan : FundPlan
    stages : tuple of str
    run : PlanRun
    line : LinePaths
        Calls from all partners with the credit line, if any, and its interest; shape (P, Q).
    payout : Payout
        To partners, carry and clawback, shape (P, Q).
    gp_calls, gp_got : ndarray of shape (P, Q), million CNY
        On the manager's own commitment.
    classes : ClassFlows
        Of the LPs, in the order of the plan.
    """

    plan: FundPlan
    stages: tuple[str, ...]
    run: PlanRun
    line: LinePaths
    payout: Payout
    gp_calls: FloatArray
    gp_got: FloatArray
    classes: ClassFlows

    @property
    def market(self) -> IntArray | None:
        """Simulated market of each path, shape (P,); None if paths share none."""
        together = self.plan.fund_of_funds
        n = 1 if together is None else int(together.sub_funds.centre)
        return markets_of(self.plan, len(self.run.flows), n)

    @property
    def times(self) -> FloatArray:
        """Years since first closing, shape (Q,)."""
        n = self.run.flows.shape[1]
        return np.arange(n, dtype=np.float64) / QUARTERS_PER_YEAR

    @property
    def lp_calls(self) -> FloatArray:
        """From all LPs, shape (P, Q), million CNY."""
        return self.line.calls - self.gp_calls

    @property
    def lp_got(self) -> FloatArray:
        """By all LPs, shape (P, Q), million CNY; negative only by gains that come back."""
        result: FloatArray = self.classes.received.sum(axis=1)
        return result


def markets_of(plan: FundPlan, paths: int, together: int) -> IntArray | None:
    """Return the simulated market of each path, shape (P,); None with a law.

    Markets take turns; so many paths in succession share one.
    """
    if plan.outcomes.source != "market":
        return None
    result: IntArray = np.arange(paths) // together % plan.outcomes.market_paths
    return result


def management_fees(plan: FundPlan, flows: FloatArray) -> FloatArray:
    """Return what goes to the manager of a plan's charges, shape (P, Q); costs go to others."""
    charges = charges_of(plan)[: flows.shape[1]]
    costs = charges["cost"] + charges["cost_share"] * plan.fund.commitment_mcny.centre
    paid = flows[..., col.FEES]
    result: FloatArray = paid - np.minimum(paid, costs)
    return result


def waterfall_terms(plan: FundPlan) -> WaterfallTerms:
    """Return the terms of the waterfall of a plan's fund."""
    return terms_of(plan.waterfall, plan.fund.gp_commitment_share.centre)


def terms_of(terms: Waterfall, gp_commitment_share: float) -> WaterfallTerms:
    """Return the terms of a waterfall as kernels read them."""
    return WaterfallTerms(
        style=Style[terms.style.upper()],
        hurdle_kind=Hurdle[terms.hurdle_kind.upper()],
        hurdle=terms.hurdle.centre,
        catch_up_share=terms.catch_up_share.centre,
        tiers=[Tier(item.from_multiple.centre, item.carry_share.centre) for item in terms.tiers],
        gp_commitment_share=gp_commitment_share,
        is_gp_carry_free=True,
        has_clawback=bool(terms.clawback.centre),
        clawback_kept_share=terms.clawback_kept_share.centre,
    )


def lp_classes(plan: FundPlan) -> list[LpClass]:
    """Return the classes of a plan's LPs."""
    return classes_of(list(plan.lps.values()))


def classes_of(lps: Sequence[PlanClass]) -> list[LpClass]:
    """Return classes as kernels read them; their shares are made to sum to 1 exactly."""
    total = sum(item.commitment_share.centre for item in lps)
    classes = []
    for item in lps:
        year, cap = item.buyback_year.centre, item.return_cap_pa.centre
        classes.append(
            LpClass(
                commitment_share=item.commitment_share.centre / total,
                profit_give_up=item.profit_give_up.centre,
                manager_give_up=item.manager_give_up.centre,
                return_cap_pa=NO_CAP if cap >= UNLIMITED else cap,
                buyback_quarter=round(year * QUARTERS_PER_YEAR) if year > 0.0 else NO_BUYBACK,
                buyback_rate_pa=item.buyback_rate_pa.centre,
                first_loss_share=item.first_loss_share.centre,
            )
        )
    return classes


def settle_plan(
    plan: FundPlan, stages: tuple[str, ...], run: PlanRun, *, begin: int = 0
) -> PlanOutcome:
    """Pass every path of a plan through its credit line, waterfall and clauses.

    Parameters
    ----------
    plan : FundPlan
    stages : tuple of str
    run : PlanRun
    begin : int
        Quarters that are known: no credit line is drawn in them.
    """
    line = line_from(plan, run.flows[..., col.CALL], begin)
    layer = plan_layer(plan, run, line, lp_classes(plan), also_marked=())
    return PlanOutcome(
        plan, stages, run, line, layer.payout, layer.gp_paid, layer.gp_got, layer.flows
    )


def line_from(plan: FundPlan, needs: FloatArray, begin: int) -> LinePaths:
    """Return calls with the plan's credit line from quarter `begin` on; before, as they were.

    Parameters
    ----------
    plan : FundPlan
    needs : ndarray of shape (P, Q), million CNY
    begin : int
        What is called before is known; a balance of a line at that time is not.
    """
    terms = plan.credit_line
    line = CreditLine(
        int(terms.delay_quarters.centre), terms.rate_pa.centre, terms.limit_share.centre
    )
    commitment = np.full(len(needs), plan.fund.commitment_mcny.centre)
    if begin == 0:
        return with_credit_line(needs, commitment, line)
    known, later = needs[:, :begin], needs[:, begin:]
    # Sums of parts may pass the whole by rounding.
    uncalled = np.maximum(commitment - known.sum(axis=1), later.sum(axis=1))
    rest = with_credit_line(later, uncalled, line)
    nothing = np.zeros_like(known)
    parts = [np.concatenate([nothing, item], axis=1) for item in rest]
    found = LinePaths(*parts)
    return found._replace(calls=np.concatenate([known, rest.calls], axis=1))


def plan_layer(
    plan: FundPlan,
    run: PlanRun,
    line: LinePaths,
    classes: Sequence[LpClass],
    *,
    also_marked: Iterable[int],
) -> Layer:
    """Pass every path of a plan through its waterfall and the clauses of some classes.

    Parameters
    ----------
    plan : FundPlan
    run : PlanRun
    line : LinePaths
    classes : sequence of LpClass
    also_marked : iterable of int
        Quarters whose NAV is needed beside those in which a stake is on offer.
    """
    flows, rows = run.flows, class_table([classes])
    offers = on_offer(rows, flows.shape[1])
    return run_layer(
        line.calls,
        np.maximum(0.0, flows[..., col.PAID_OUT]),
        np.maximum(0.0, flows[..., col.NAV]),
        as_rows(waterfall_terms(plan)),
        rows,
        marked=sorted({*offers, *also_marked}),
        deals=Deals(flows[..., col.FEES], flows[..., col.REALISED], flows[..., col.WRITTEN_OFF]),
    )
