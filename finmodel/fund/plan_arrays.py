"""A plan from its file as the arrays that kernels read."""

from __future__ import annotations

import numpy as np

from finmodel.fund.bank import empty_bank
from finmodel.fund.desk import PLAN_ROW, Plan
from finmodel.fund.fees import CostTerms, FeeBase, FeeStep, FeeTerms, charge_table
from finmodel.fund.life import LAW_ROW, Bank
from finmodel.fund.recycling import RecyclingTerms, recycling_table
from finmodel.scenario.fund_plan_schema import FundPlan, StageLaw
from finmodel.units import QUARTERS_PER_YEAR
from finmodel.world.arrays import FloatArray, Record, Table


def in_quarters(years: float) -> int:
    """Return years in whole quarters."""
    return round(QUARTERS_PER_YEAR * years)


def plan_arrays(plan: FundPlan, stages: tuple[str, ...], bank: Bank | None) -> Plan:
    """Return a plan as arrays.

    Parameters
    ----------
    plan : FundPlan
    stages : tuple of str
        Of its outcomes, in order.
    bank : Bank or None
        Lives to draw deals from; None for the plan's law.
    """
    portfolio = plan.portfolio
    fees = fee_arrays(plan)
    rules = np.zeros(1, PLAN_ROW)
    fill_rules(rules[0], plan, fees)
    mix = [portfolio.stage_mix[k].centre if k in portfolio.stage_mix else 0.0 for k in stages]
    ticket = {k: item.centre for k, item in portfolio.ticket_mcny.items()}
    owned = {k: item.centre for k, item in portfolio.ownership_target.items()}
    return Plan(
        rules=rules,
        stage_cdf=np.cumsum(mix),
        ticket=np.array([ticket.get(k, 0.0) for k in stages]),
        ownership=np.array([owned.get(k, 0.0) for k in stages]),
        fixed_fee=fees["fixed"],
        fixed_tail=_later(fees["fixed"], in_quarters(plan.fund.term_years.centre)),
        cost_rate=fees["invested"],
        cost_tail=_later(fees["invested"], in_quarters(plan.fund.term_years.centre)),
        nav_rate=fees["nav"],
        recycling=recycling_table(recycling_of(plan)),
        law=law_table(plan) if bank is None else np.zeros(0, LAW_ROW),
        bank=empty_bank(len(stages)) if bank is None else bank,
    )


def recycling_of(plan: FundPlan) -> RecyclingTerms:
    """Return what a plan's fund may invest again; in its last quarter all cash is paid out."""
    fund, recycling = plan.fund, plan.recycling
    life = in_quarters(fund.term_years.centre) + in_quarters(fund.extension_years.centre)
    return RecyclingTerms(
        rate=recycling.rate.centre,
        cap_share=recycling.cap_share.centre,
        window_quarters=in_quarters(recycling.window_years.centre),
        release_quarter=life - 1,
    )


def charges_of(plan: FundPlan) -> Table:
    """Return what a plan owes by quarter of its term and extension."""
    fund = plan.fund
    term = in_quarters(fund.term_years.centre)
    extension = in_quarters(fund.extension_years.centre)
    steps = [
        FeeStep(
            in_quarters(step.from_year.centre),
            step.rate_pa.centre,
            FeeBase[step.base.upper()],
        )
        for step in plan.fees
    ]
    if extension > 0 and not any(step.from_quarter == term for step in steps):
        # The last rate of the term runs on.
        before = [step for step in steps if step.from_quarter < term][-1]
        later = [step for step in steps if step.from_quarter > term]
        steps = [step for step in steps if step.from_quarter < term]
        steps += [FeeStep(term, before.rate_pa, before.base), *later]
    costs = CostTerms(
        plan.costs.setup_mcny.centre,
        plan.costs.running_mcny_pa.centre,
        plan.costs.running_share_pa.centre,
    )
    fees = FeeTerms(tuple(steps), term, extension, bills_pa=QUARTERS_PER_YEAR)
    return charge_table(fees, costs, n_quarters=term + extension)


def fee_arrays(plan: FundPlan) -> dict[str, FloatArray]:
    """Return what falls due each quarter: million CNY, and rates on cost and on NAV.

    Returns
    -------
    dict of ndarray, each of shape (Q,)
        `fixed` (fees on the commitment, and costs), `invested` and `nav`.
    """
    charges, size = charges_of(plan), plan.fund.commitment_mcny.centre
    on_commitment = charges["fee_committed"] + charges["cost_share"]
    return {
        "fixed": on_commitment * size + charges["cost"],
        "invested": np.array(charges["fee_invested"]),
        "nav": np.array(charges["fee_nav"]),
    }


def _later(values: FloatArray, end: int) -> FloatArray:
    """Return the sum of later values before quarter `end`, for each quarter."""
    known = np.where(np.arange(len(values)) < end, values, 0.0)
    result: FloatArray = np.append(np.cumsum(known[::-1])[::-1][1:], 0.0)
    return result


def fill_rules(row: Record, plan: FundPlan, fees: dict[str, FloatArray]) -> None:
    """Write the numbers of a plan into its row."""
    fund, portfolio = plan.fund, plan.portfolio
    commitment, outcomes = fund.commitment_mcny.centre, plan.outcomes
    term = in_quarters(fund.term_years.centre)
    row["commitment"] = commitment
    most = (commitment - fees["fixed"][:term].sum()) / (1.0 + fees["invested"][:term].sum())
    row["reserve"] = portfolio.reserve_share.centre * max(0.0, most)
    row["concentration"] = portfolio.concentration_share.centre * commitment
    row["least_ticket"] = portfolio.least_ticket_share.centre
    row["follow"] = portfolio.follow_share.centre
    row["common_share"] = outcomes.common_share.centre
    row["preference"] = outcomes.preference_multiple.centre
    row["end_discount"] = fund.end_discount.centre
    row["follow_down"] = int(portfolio.follow_down_rounds.centre)
    row["participating"] = int(outcomes.participating.centre)
    row["investment_quarters"] = in_quarters(fund.investment_years.centre)
    row["term_quarters"] = term
    row["last_quarter"] = len(fees["fixed"])
    row["deals"] = int(portfolio.deals.centre)


def law_table(plan: FundPlan) -> Table:
    """Return the law of a plan's stages, shape (K,), of LAW_ROW."""
    table = np.zeros(len(plan.outcomes.stages), LAW_ROW)
    for row, law in zip(table, plan.outcomes.stages.values(), strict=True):
        _fill_law(row, law)
        row["tail_share"] = plan.outcomes.tail_share.centre
        row["tail_index"] = plan.outcomes.tail_index.centre
        row["tail_cap"] = plan.outcomes.tail_cap.centre
        row["recovery"] = plan.outcomes.recovery_share.centre
    return table


def _fill_law(row: Record, law: StageLaw) -> None:
    row["post_money"] = law.post_money_mcny.centre
    row["post_money_log_sd"] = law.post_money_log_sd.centre
    row["dilution"], row["pool"] = law.dilution_share.centre, law.pool_share.centre
    row["advance"], row["sale"] = law.advance_share.centre, law.sale_share.centre
    row["listed"] = law.listed_share.centre
    row["years_to_advance"] = law.years_to_advance.centre
    row["years_to_sale"] = law.years_to_sale.centre
    row["years_to_failure"] = law.years_to_failure.centre
    row["years_log_sd"] = law.years_log_sd.centre
    row["step_up"], row["step_up_log_sd"] = law.step_up.centre, law.step_up_log_sd.centre
    row["sale_multiple"], row["sale_log_sd"] = law.sale_multiple.centre, law.sale_log_sd.centre
