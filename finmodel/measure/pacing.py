"""Tables of a programme of commitments: by year, by vintage, on paths, and by parameter set.

The deterministic ladder is what the parameters say. Paths are the plan's fund simulated anew for
every vintage: chance of what is bought, not of the times it is bought in, as vintages share no
market. So chances of a shortfall are the least to reckon with. Earlier vintages are simulated from
their beginning, not from what they hold today.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from finmodel.fund.commitments import liquidity, over_commitment_ratio, shortfall_risk
from finmodel.fund.ladder import one_rung, steady_multiple
from finmodel.fund.pacing import pacing_sets
from finmodel.fund.programme import reserve_needed
from finmodel.fund.programme_plan import ProgrammeOutcome, plan_commitments
from finmodel.fund.risk import Estimate, quantiles
from finmodel.measure.fund_plan import measure_row, single_row
from finmodel.scenario.pacing_schema import FITTED
from finmodel.world.arrays import FloatArray

SAFE_LEVEL = 0.95
"""Of the reserve that is enough on so many paths."""


def year_table(outcome: ProgrammeOutcome) -> pd.DataFrame:
    """Return the programme year by year by its parameters, with the chance of a shortfall.

    Returns
    -------
    DataFrame
        One row a year, at its end, million CNY: `target_mcny`, `commitment_mcny`,
        `exact_mcny` (the plan that meets the target in every year, whatever its sign), `held_mcny`
        (in the measure of the target), `contributions_mcny`, `distributions_mcny`, `net_mcny`,
        `nav_mcny`, `unfunded_mcny`, `over_commitment_x`, `reserve_mcny`, `shortfall_mcny`; and
        `p_shortfall` on paths with its error.
    """
    ladder, plan = outcome.ladder, outcome.plan
    cash = _cash(outcome, ladder.contributions, ladder.distributions)
    risk = shortfall_risk(_path_cash(outcome)[1]).by_year
    n = len(outcome.target)
    return pd.DataFrame(
        {
            "year": np.arange(1, n + 1),
            "calendar_year": plan.programme.first_year + np.arange(n),
            "target_mcny": outcome.target,
            "commitment_mcny": outcome.planned.commitments,
            "exact_mcny": outcome.exact.commitments,
            "held_mcny": outcome.planned.exposure,
            "contributions_mcny": ladder.contributions,
            "distributions_mcny": ladder.distributions,
            "net_mcny": ladder.distributions - ladder.contributions,
            "nav_mcny": ladder.nav,
            "unfunded_mcny": ladder.unfunded,
            "over_commitment_x": over_commitment_ratio(ladder.nav, ladder.unfunded, cash[0]),
            "reserve_mcny": cash[0],
            "shortfall_mcny": cash[1],
            "p_shortfall": risk.value,
            "p_shortfall_se": risk.error,
        }
    )


def path_table(outcome: ProgrammeOutcome) -> pd.DataFrame:
    """Return the programme on simulated funds: one row a year and measure, million CNY.

    Mean with its error and quantiles, as in :func:`finmodel.measure.fund_plan.measure_row`.
    """
    paths = outcome.paths
    reserve, shortfall = _path_cash(outcome)
    measures = {
        "contributions_mcny": paths.contributions,
        "distributions_mcny": paths.distributions,
        "net_mcny": paths.distributions - paths.contributions,
        "nav_mcny": paths.nav,
        "unfunded_mcny": paths.unfunded,
        "over_commitment_x": over_commitment_ratio(paths.nav, paths.unfunded, reserve),
        "reserve_mcny": reserve,
        "shortfall_mcny": shortfall,
    }
    first = outcome.plan.programme.first_year
    rows = [
        {"year": y + 1, "calendar_year": first + y, **measure_row(name, values[:, y])}
        for y in range(len(outcome.target))
        for name, values in measures.items()
    ]
    return pd.DataFrame(rows)


def vintage_table(outcome: ProgrammeOutcome) -> pd.DataFrame:
    """Return the ladder by vintage and calendar year, by the parameters, million CNY.

    One row a vintage that was committed to and a calendar year of its life up to the last planned:
    `contributions_mcny`, `distributions_mcny`, `nav_mcny`, `unfunded_mcny`.
    """
    first = outcome.plan.programme.first_year - outcome.n_before
    last = outcome.plan.programme.first_year + len(outcome.target) - 1
    frames = []
    for place, amount in enumerate(outcome.vintages):
        if amount <= 0.0:
            continue
        rung = one_rung(outcome.pacing, amount)
        frame = pd.DataFrame({f"{name}_mcny": getattr(rung, name) for name in rung._fields})
        frame.insert(0, "vintage", first + place)
        frame.insert(1, "calendar_year", first + place + np.arange(len(frame)))
        frames.append(frame[frame["calendar_year"] <= last])
    if not frames:
        names = ["contributions", "distributions", "nav", "unfunded"]
        return pd.DataFrame(columns=["vintage", "calendar_year", *(f"{n}_mcny" for n in names)])
    return pd.concat(frames, ignore_index=True)


def set_table(outcome: ProgrammeOutcome) -> pd.DataFrame:
    """Return what each set of venture parameters would have committed for the same target.

    Returns
    -------
    DataFrame
        One row a set, `fitted` first: its parameters, `steady_x` (what a steady programme holds,
        of a year's commitment), commitments `first_mcny`, `mean_mcny`, and the largest miss of the
        target after it is built up, `worst_miss_share`; `is_used`.
    """
    programme = outcome.plan.programme
    sets = {FITTED: outcome.fit.pacing}
    sets |= {name: item for name, item in pacing_sets().items() if name.startswith("venture")}
    if programme.parameters not in sets:
        sets[programme.parameters] = outcome.pacing
    built = slice(int(programme.ramp_years.centre) - 1, None)
    rows = []
    for name, pacing in sets.items():
        planned, _, _ = plan_commitments(outcome.plan, pacing)
        miss = np.abs(planned.exposure / outcome.target - 1.0)[built]
        rows.append(
            {
                "parameters": name,
                "is_used": name == programme.parameters,
                "growth_pa": pacing.growth_pa,
                "life_years": pacing.life_years,
                "called_4y_share": pacing.calls[:4].sum(),
                "bow": pacing.bow,
                "steady_x": steady_multiple(pacing, programme.measure, commitment_growth_pa=0.0),
                "first_mcny": planned.commitments[0],
                "mean_mcny": planned.commitments.mean(),
                "worst_miss_share": miss.max() if len(miss) else np.nan,
            }
        )
    return pd.DataFrame(rows)


def programme_summary(outcome: ProgrammeOutcome) -> pd.DataFrame:
    """Return what the programme comes to, columns of a plan's `fund`.

    Measures of the parameters alone have a value and no error.
    """
    plan, ladder = outcome.plan, outcome.ladder
    cash = plan.liquidity
    income = ladder.distributions + cash.budget_mcny_pa.centre
    rate = cash.return_pa.centre
    on_paths = reserve_needed(
        outcome.paths.contributions,
        outcome.paths.distributions + cash.budget_mcny_pa.centre,
        return_pa=rate,
    )
    net = np.cumsum(ladder.distributions - ladder.contributions)
    plain = {
        "committed_mcny": outcome.planned.commitments.sum(),
        "mean_commitment_mcny": outcome.planned.commitments.mean(),
        "deepest_net_mcny": min(0.0, net.min()),
        "over_commitment_most_x": np.nanmax(year_table(outcome)["over_commitment_x"]),
        "reserve_enough_mcny": float(reserve_needed(ladder.contributions, income, return_pa=rate)),
        "fit_miss_share": outcome.fit.miss,
    }
    nothing = np.array(np.nan)
    rows = [single_row(name, Estimate(np.array(x), nothing)) for name, x in plain.items()]
    reserve, shortfall = _path_cash(outcome)
    safe = quantiles(on_paths, [SAFE_LEVEL])
    rows.append(single_row("reserve_safe_mcny", Estimate(safe.value[0], safe.error[0])))
    rows.append(single_row("p_shortfall_ever", shortfall_risk(shortfall).ever))
    rows += [
        measure_row("shortfall_total_mcny", shortfall.sum(axis=1)),
        measure_row("reserve_at_end_mcny", reserve[:, -1]),
        measure_row("nav_at_end_mcny", outcome.paths.nav[:, -1]),
    ]
    return pd.DataFrame(rows)


def programme_tables(outcome: ProgrammeOutcome) -> dict[str, pd.DataFrame]:
    """Return every table of a programme of commitments."""
    return {
        "programme": programme_summary(outcome),
        "programme_years": year_table(outcome),
        "programme_paths": path_table(outcome),
        "vintages": vintage_table(outcome),
        "parameter_sets": set_table(outcome),
    }


def _cash(
    outcome: ProgrammeOutcome, contributions: FloatArray, distributions: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Return reserve and shortfall by year, the year's budget paid in with distributions."""
    cash = outcome.plan.liquidity
    found = liquidity(
        contributions,
        distributions + cash.budget_mcny_pa.centre,
        cash.reserve_mcny.centre,
        return_pa=cash.return_pa.centre,
    )
    return found.reserve, found.shortfall


def _path_cash(outcome: ProgrammeOutcome) -> tuple[FloatArray, FloatArray]:
    return _cash(outcome, outcome.paths.contributions, outcome.paths.distributions)
