"""Checks across the terms of a fund's plan, and of the fund of funds over it."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence

from finmodel.errors import Problem
from finmodel.scenario.fund_plan_schema import FundOfFunds, FundPlan, LpClass, Waterfall
from finmodel.scenario.market_consistency import check_sum


def check_terms(plan: FundPlan, file: str) -> list[Problem]:
    """Return what is wrong between the terms of a plan's fund."""
    fund, problems = plan.fund, []
    if fund.investment_years.centre > fund.term_years.centre:
        allowed = f"at most fund.term_years, {fund.term_years.centre:g}"
        given = f"{fund.investment_years.centre:g}"
        problems.append(Problem(f"{file}: fund.investment_years", given, allowed))
    charges = fixed_charges(plan)
    if charges >= fund.commitment_mcny.centre:
        given = f"{fund.commitment_mcny.centre:g}"
        allowed = f"more than fees on it and costs of the term, {charges:.4g}"
        problems.append(Problem(f"{file}: fund.commitment_mcny", given, allowed))
    starts = [step.from_year.centre for step in plan.fees]
    problems += _check_rising(f"{file}: fees.*.from_year", starts)
    problems += _check_waterfall(plan.waterfall, f"{file}: waterfall")
    return problems + _check_lps(plan.lps, f"{file}: lps")


def fixed_charges(plan: FundPlan) -> float:
    """Return fees on the commitment and costs over term and extension, million CNY."""
    fund, costs = plan.fund, plan.costs
    commitment = fund.commitment_mcny.centre
    life = fund.term_years.centre + fund.extension_years.centre
    total = costs.setup_mcny.centre + life * costs.running_mcny_pa.centre
    total += life * costs.running_share_pa.centre * commitment
    ends = [step.from_year.centre for step in plan.fees[1:]] + [life]
    for step, end in zip(plan.fees, ends, strict=True):
        if step.base == "committed":
            years = max(0.0, min(end, life) - step.from_year.centre)
            total += years * step.rate_pa.centre * commitment
    return total


def check_fund_of_funds(plan: FundPlan, file: str) -> list[Problem]:
    """Return what is wrong with a plan's fund of funds; nothing if it has none."""
    upper, place = plan.fund_of_funds, f"{file}: fund_of_funds"
    if upper is None:
        return []
    starts = [step.from_year.centre for step in upper.fees]
    problems = _check_rising(f"{place}.fees.*.from_year", starts)
    problems += [
        Problem(f"{place}.fees.{i}.base", repr(step.base), "'committed' in a fund of funds")
        for i, step in enumerate(upper.fees)
        if step.base != "committed"
    ]
    if upper.waterfall.style != "european":
        allowed = "'european': a fund of funds has no deals of its own"
        problems.append(Problem(f"{place}.waterfall.style", repr(upper.waterfall.style), allowed))
    problems += _check_waterfall(upper.waterfall, f"{place}.waterfall")
    problems += _check_lps(upper.lps, f"{place}.lps")
    for name, terms in upper.alternatives.items():
        problems += _check_gains(terms, f"{place}.alternatives.{name}")
    return problems + _check_charges(plan, upper, place)


def charged_share(plan: FundPlan, upper: FundOfFunds) -> float:
    """Return all charges of a fund of funds that are parts of its commitment, of it."""
    fund, steps = plan.fund, upper.fees
    life = fund.term_years.centre + fund.extension_years.centre
    life += upper.commitment_years.centre - 1.0
    ends = [step.from_year.centre for step in steps[1:]] + [life]
    total = upper.costs.running_share_pa.centre * life
    for step, end in zip(steps, ends, strict=True):
        years = max(0.0, min(end, life) - step.from_year.centre)
        total += step.rate_pa.centre * years
    return total


def _check_charges(plan: FundPlan, upper: FundOfFunds, place: str) -> list[Problem]:
    """Return a problem if charges leave nothing to commit."""
    share = charged_share(plan, upper)
    if share < 1.0:
        return []
    given = f"charges of {share:.0%} of the commitment over the life"
    return [Problem(f"{place}.fees", given, "below 100 %: something must be left to commit")]


def _check_waterfall(waterfall: Waterfall, place: str) -> list[Problem]:
    tiers, problems = waterfall.tiers, []
    problems += _check_rising(
        f"{place}.tiers.*.from_multiple", [tier.from_multiple.centre for tier in tiers]
    )
    kind, hurdle = waterfall.hurdle_kind, waterfall.hurdle.centre
    if kind == "rate" and hurdle > 1.0:
        allowed = "a rate per year in [0, 1]; a multiple needs hurdle_kind = 'multiple'"
        problems.append(Problem(f"{place}.hurdle", f"{hurdle:g}", allowed))
    if kind == "multiple" and hurdle < 1.0:
        allowed = "a multiple of at least 1; a rate needs hurdle_kind = 'rate'"
        problems.append(Problem(f"{place}.hurdle", f"{hurdle:g}", allowed))
    return problems


def _check_lps(lps: Mapping[str, LpClass], place: str) -> list[Problem]:
    shares = [lp.commitment_share for lp in lps.values()]
    problems = check_sum(f"{place}.*.commitment_share", shares)
    for name, lp in lps.items():
        problems += _check_gains(lp, f"{place}.{name}")
    return problems


def _check_gains(lp: LpClass, place: str) -> list[Problem]:
    given_up = lp.profit_give_up.centre + lp.manager_give_up.centre
    if given_up <= 1.0:
        return []
    allowed = "profit_give_up and manager_give_up of at most 1 together"
    return [Problem(f"{place}.profit_give_up", f"{given_up:g}", allowed)]


def _check_rising(place: str, values: Sequence[float]) -> list[Problem]:
    is_rising = all(a < b for a, b in itertools.pairwise(values))
    if values[0] == 0.0 and is_rising:
        return []
    given = ", ".join(f"{value:g}" for value in values)
    return [Problem(place, given, "0 first, then rising")]
