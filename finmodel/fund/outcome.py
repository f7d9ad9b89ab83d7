"""A plan settled: who pays and who gets what on every path, from firms to classes of LPs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from finmodel.fund import desk as col
from finmodel.fund.clauses import NO_BUYBACK, NO_CAP, LpClass
from finmodel.fund.credit_line import CreditLine, LinePaths, with_credit_line
from finmodel.fund.lifetime import Deals, Payout, gp_capital, run_waterfall, settled_nav
from finmodel.fund.sharing import ClassFlows, share_among_classes
from finmodel.fund.simulate import PlanRun
from finmodel.fund.terms import Hurdle, Style, Tier, WaterfallTerms
from finmodel.scenario.fund_plan_schema import FundPlan
from finmodel.units import QUARTERS_PER_YEAR
from finmodel.world.arrays import FloatArray

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


def waterfall_terms(plan: FundPlan) -> WaterfallTerms:
    """Return the terms of a plan's waterfall."""
    terms = plan.waterfall
    return WaterfallTerms(
        style=Style[terms.style.upper()],
        hurdle_kind=Hurdle[terms.hurdle_kind.upper()],
        hurdle=terms.hurdle.centre,
        catch_up_share=terms.catch_up_share.centre,
        tiers=[Tier(item.from_multiple.centre, item.carry_share.centre) for item in terms.tiers],
        gp_commitment_share=plan.fund.gp_commitment_share.centre,
        is_gp_carry_free=True,
        has_clawback=bool(terms.clawback.centre),
        clawback_kept_share=terms.clawback_kept_share.centre,
    )


def lp_classes(plan: FundPlan) -> list[LpClass]:
    """Return the classes of a plan's LPs; their shares are made to sum to 1 exactly."""
    total = sum(item.commitment_share.centre for item in plan.lps.values())
    classes = []
    for item in plan.lps.values():
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


def settle_plan(plan: FundPlan, stages: tuple[str, ...], run: PlanRun) -> PlanOutcome:
    """Pass every path of a plan through its credit line, waterfall and clauses."""
    flows = run.flows
    line = with_credit_line(
        flows[..., col.CALL],
        np.full(len(flows), plan.fund.commitment_mcny.centre),
        CreditLine(
            int(plan.credit_line.delay_quarters.centre),
            plan.credit_line.rate_pa.centre,
            plan.credit_line.limit_share.centre,
        ),
    )
    terms, proceeds = waterfall_terms(plan), np.maximum(0.0, flows[..., col.PAID_OUT])
    deals = Deals(flows[..., col.FEES], flows[..., col.REALISED], flows[..., col.WRITTEN_OFF])
    payout = run_waterfall(line.calls, proceeds, terms, deals=deals)
    gp_calls = terms.gp_commitment_share * line.calls
    gp_got = gp_capital(proceeds, payout.to_lps, terms)
    classes = lp_classes(plan)
    nav = np.zeros_like(proceeds)
    for item in classes:
        if 0 <= item.buyback_quarter < proceeds.shape[1]:
            quarter = item.buyback_quarter
            worth = flows[:, quarter, col.NAV]
            nav[:, quarter] = (1.0 - terms.gp_commitment_share) * settled_nav(
                line.calls, proceeds, worth, terms, quarter=quarter, deals=deals
            )
    shared = share_among_classes(
        line.calls - gp_calls, np.maximum(0.0, payout.to_lps - gp_got), classes, nav=nav
    )
    return PlanOutcome(plan, stages, run, line, payout, gp_calls, gp_got, shared)
