"""Funds by vintage and by type: pooled by their flows, and their distribution.

Pooled means that the flows of all funds of a group on all detailed paths are added up by calendar
quarter first: ratios and rates are those of all their money. The distribution counts every fund
once, whatever its size; funds of a path share its luck, so standard errors are over paths. Of a
vintage or type some funds are not over: `not_ended_share` says how many, and rows with `state`
`ended` leave them out. Such rows hold the vintages that had time to end, none of the late ones.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from finmodel.fund import metrics
from finmodel.fund.irr import irr_batch
from finmodel.fund.pme import direct_alpha, ks_pme
from finmodel.fund.risk import loss_probability, quantiles, tail_risk
from finmodel.fund.timing import j_curve, time_to_dpi
from finmodel.market.result import RunResult
from finmodel.measure.fund_flows import LPS, Flows, gross_flows, lp_flows, money_of
from finmodel.measure.fund_metrics import exposure_of, reference_return, steady_index
from finmodel.measure.fund_plan import TAIL_LEVEL
from finmodel.measure.monte_carlo import mean_se, ratio_se
from finmodel.units import QUARTERS_PER_YEAR
from finmodel.world.arrays import FloatArray, IntArray

QUARTILES = (0.25, 0.5, 0.75)
EVERY, ENDED = "all", "ended"
PAID, GOT, VALUE, COMMITTED, INVESTED, PROCEEDS, MARKS, AT_STAKE = range(8)
N_POOLED = 8


class Pooled(NamedTuple):
    """Flows of groups by path and calendar quarter: `flows` (P, 8, G, Q); funds (P, G)."""

    flows: FloatArray
    n_funds: FloatArray


def fund_group_table(run: RunResult, table: pd.DataFrame, by: str) -> pd.DataFrame:
    """Return pooled metrics and the distribution over funds by `vintage` or `fund_type`.

    Parameters
    ----------
    run : RunResult
    table : DataFrame
        From :func:`finmodel.measure.fund_metrics.fund_metric_table`, of the same run.
    by : {'vintage', 'fund_type'}

    Returns
    -------
    DataFrame
        One row a group (`all` too of types), `state` (`all`, `ended`) and `lps` that has funds:
        `n_funds` and `commitment_mcny`, a path; `not_ended_share`; pooled `paid_in_share`,
        `exposure_share` at the run's end, `years_to_dpi_1` from the first call, `j_depth_share`,
        `dpi`, `rvpi`, `tvpi`, `net_irr_pa`, `gross_moic`, `gross_irr_pa`, `ks_pme`,
        `direct_alpha_pa`; over funds the quartiles of `fund_dpi`, `fund_tvpi` and
        `fund_net_irr_pa` (one that lost and has no rate counts as a rate of -1), the shares of
        funds with any rate and with several, `tvpi_top_quartile` (mean TVPI of the best
        quarter), `p_loss`, `value_at_risk_share`, `expected_shortfall_share` of a yuan paid in,
        and the mean of the funds' `loss_share`. `_se` is over paths.
    """
    rows: list[dict[str, object]] = []
    for state in (EVERY, ENDED):
        for lps in LPS:
            chosen = table[(table["lps"] == lps) & (table["is_over"] | (state == EVERY))]
            if len(chosen):
                rows += _rows(run, chosen, by=by, state=state, lps=lps)
    found = pd.DataFrame(rows)
    if by == "fund_type" or found.empty:
        return found
    return found.sort_values(["vintage", "state"], kind="stable", ignore_index=True)


def _rows(
    run: RunResult, table: pd.DataFrame, *, by: str, state: str, lps: str
) -> list[dict[str, object]]:
    names = _group_names(run, by)
    pooled = _pool(run, by=by, state=state, lps=lps, n_groups=len(names))
    groups: list[tuple[str | int, FloatArray, FloatArray, pd.DataFrame]] = []
    if by == "fund_type":
        total = pooled.flows.sum(axis=2), pooled.n_funds.sum(axis=1)
        groups.append((EVERY, *total, table))
    for g, name in enumerate(names):
        groups.append((name, pooled.flows[:, :, g], pooled.n_funds[:, g], table[table[by] == name]))
    rows: list[dict[str, object]] = []
    for name, flows, n_funds, funds in groups:
        if len(funds):
            head = {by: name, "state": state, "lps": lps}
            rows.append(
                head | _pooled_columns(run, flows, n_funds) | _spread(funds, len(pooled.flows))
            )
    return rows


def _group_names(run: RunResult, by: str) -> tuple[str | int, ...]:
    if by == "fund_type":
        return run.world.fund_types
    first = run.world.scenario.run.start_year - run.world.scenario.run.warm_up_years
    n_years = -(-run.world.arrays.calendar.n_quarters // QUARTERS_PER_YEAR)
    return tuple(range(first, first + n_years))


def _pool(run: RunResult, *, by: str, state: str, lps: str, n_groups: int) -> Pooled:
    """Add up the flows of the funds of each group by calendar quarter."""
    world, n_quarters = run.world, run.world.arrays.calendar.n_quarters
    flows, counts = [], []
    for item, money in money_of(run):
        funds = item.funds
        code = (
            funds["kind"] if by == "fund_type" else funds["vintage"] // QUARTERS_PER_YEAR
        ).astype(np.int64)
        is_in = (funds["is_over"] == 1) | (state == EVERY)
        net, gross = lp_flows(world, item, money, lps), gross_flows(world, item, money)
        out = np.zeros((N_POOLED, n_groups, n_quarters))
        for first, part in ((PAID, net), (INVESTED, gross)):
            rows = part.rows[np.isin(part.rows, net.rows) & is_in[part.rows]]
            _add(out[first : first + 3], part, rows, code, funds["vintage"])
        rows = net.rows[is_in[net.rows]]
        commitment = np.zeros(len(funds))
        commitment[net.rows] = net.commitment
        out[COMMITTED, :, 0] = np.bincount(code[rows], commitment[rows], n_groups)
        at_stake = np.zeros(len(funds))
        at_stake[net.rows] = exposure_of(item, net)
        out[AT_STAKE, :, 0] = np.bincount(code[rows], at_stake[rows], n_groups)
        flows.append(out)
        counts.append(np.bincount(code[rows], minlength=n_groups).astype(float))
    return Pooled(np.stack(flows), np.stack(counts))


def _add(
    out: FloatArray, part: Flows, rows: IntArray, code: IntArray, vintage: NDArray[np.int32]
) -> None:
    """Add what funds paid, got and hold to `out` (3, G, Q) of their groups."""
    n_groups, n_quarters = out.shape[1:]
    place = np.zeros(len(vintage), np.int64)
    place[part.rows] = np.arange(len(part.rows))
    at = place[rows]
    quarter = vintage[rows][:, None] + np.arange(part.paid.shape[1])
    has_come = quarter < n_quarters
    slot = (code[rows][:, None] * n_quarters + quarter)[has_come]
    for row, amount in ((0, part.paid[at]), (1, part.got[at])):
        sums = np.bincount(slot, amount[has_come], n_groups * n_quarters)
        out[row] += sums.reshape(n_groups, n_quarters)
    out[2, :, -1] += np.bincount(code[rows], part.value[at], n_groups)


def _pooled_columns(run: RunResult, flows: FloatArray, n_funds: FloatArray) -> dict[str, object]:
    """Return metrics of all money of a group; flows (P, 8, Q), funds (P,)."""
    times = np.arange(flows.shape[-1]) / QUARTERS_PER_YEAR
    total = flows.sum(axis=0)
    sums = flows.sum(axis=2)
    index = steady_index(reference_return(run.world), times)
    paid, got, value = total[PAID], total[GOT], total[VALUE]
    left = np.asarray(value.sum())
    gross = metrics.net_flows(total[INVESTED], total[PROCEEDS], total[MARKS].sum())
    row: dict[str, object] = {}
    count, error = mean_se(n_funds)
    row |= {"n_funds": float(count), "n_funds_se": float(error)}
    mean, error = mean_se(sums[:, COMMITTED])
    row |= {"commitment_mcny": float(mean), "commitment_mcny_se": float(error)}
    for name, top, bottom in (
        ("paid_in_share", sums[:, PAID], sums[:, COMMITTED]),
        ("exposure_share", sums[:, AT_STAKE], sums[:, COMMITTED]),
        ("dpi", sums[:, GOT], sums[:, PAID]),
        ("rvpi", sums[:, VALUE], sums[:, PAID]),
        ("tvpi", sums[:, GOT] + sums[:, VALUE], sums[:, PAID]),
        ("gross_moic", sums[:, PROCEEDS] + sums[:, MARKS], sums[:, INVESTED]),
    ):
        ratio, error = ratio_se(top, bottom)
        row |= {name: float(ratio), f"{name}_se": float(error)}
    rates = {
        "net_irr_pa": metrics.fund_irr(paid, got, left, times=times),
        "gross_irr_pa": irr_batch(gross, times),
        "direct_alpha_pa": direct_alpha(paid, got, left, index=index, times=times),
    }
    row |= {name: float(found.rate) for name, found in rates.items()}
    row["ks_pme"] = float(ks_pme(paid, got, left, index=index))
    row["years_to_dpi_1"] = float(time_to_dpi(paid, got, times=times, level=1.0))
    committed = total[COMMITTED].sum()
    row["j_depth_share"] = float(j_curve(paid, got, times=times, commitment=committed).depth)
    return row


def _spread(funds: pd.DataFrame, n_paths: int) -> dict[str, object]:
    """Return the distribution over the funds of a group, each counted once."""
    numbers = {path: place for place, path in enumerate(sorted(funds["path"].unique()))}
    path = funds["path"].map(numbers).to_numpy(np.int64)
    row: dict[str, object] = {"not_ended_share": float(1.0 - funds["is_over"].mean())}
    irr = funds["net_irr_pa"].to_numpy(float)
    lost = funds["tvpi"].to_numpy(float) < 1.0
    ranked = np.where(np.isnan(irr) & lost, -1.0, irr)
    for name, each in (("dpi", funds["dpi"]), ("tvpi", funds["tvpi"]), ("net_irr_pa", ranked)):
        values, weights = _by_path(np.asarray(each, float), path, n_paths)
        for level, found in zip(
            QUARTILES, quantiles(values, QUARTILES, weights=weights).value, strict=True
        ):
            row[f"fund_{name}_q{round(100 * level)}"] = float(found)
    row["net_irr_defined_share"] = float((~np.isnan(irr)).mean())
    row["net_irr_several_share"] = float((funds["net_irr_status"] == "several").mean())
    values, weights = _by_path(funds["tvpi"].to_numpy(float), path, n_paths)
    tail = tail_risk(values, TAIL_LEVEL, weights=weights)
    best = tail_risk(-values, QUARTILES[-1], principal=0.0, weights=weights).shortfall
    for label, estimate in (
        ("tvpi_top_quartile", best),
        ("p_loss", loss_probability(values, weights=weights)),
        ("value_at_risk_share", tail.value_at_risk),
        ("expected_shortfall_share", tail.shortfall),
    ):
        row |= {label: float(estimate.value), f"{label}_se": float(estimate.error)}
    row["loss_share"] = float(funds["loss_share"].mean())
    return row


def _by_path(values: FloatArray, path: IntArray, n_paths: int) -> tuple[FloatArray, FloatArray]:
    """Return values and weights (P, most funds of a path); what is not there weighs nothing."""
    counts = np.bincount(path, minlength=n_paths)
    order = np.argsort(path, kind="stable")
    place = np.arange(len(path)) - np.repeat(np.cumsum(counts) - counts, counts)
    table = np.full((n_paths, max(1, int(counts.max(initial=0)))), np.nan)
    table[path[order], place] = values[order]
    return table, (~np.isnan(table)).astype(float)
