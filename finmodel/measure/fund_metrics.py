"""What every fund of the detailed paths gave its LPs, and what its deals gave it.

Ratios and rates are those of :mod:`finmodel.fund` on the quarterly flows. How funds that are not
over are valued is said in :mod:`finmodel.measure.fund_flows`; `age_years` and `is_over` stand
beside every ratio, since the multiple of a young fund is mostly fees and marks at cost. The index
of public market equivalents grows steadily at the LPs' reference return of the scenario
(`capital.reference_return_pa`): what LPs in the model compare funds with.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from finmodel.fund import metrics
from finmodel.fund.irr import Status
from finmodel.fund.pme import direct_alpha, ks_pme
from finmodel.fund.timing import j_curve, time_to_dpi
from finmodel.market.result import FundMoney, PathDetail, RunResult
from finmodel.measure.fund_flows import (
    LPS,
    Flows,
    deals_of,
    gross_flows,
    lp_flows,
    money_of,
    years_of_age,
)
from finmodel.units import QUARTERS_PER_YEAR
from finmodel.world import World
from finmodel.world.arrays import FloatArray, IntArray

STATUS_NAMES = tuple(status.name.lower() for status in sorted(Status))


def fund_metric_table(run: RunResult) -> pd.DataFrame:
    """Return the metrics of every fund of the detailed paths at the end of the run.

    Returns
    -------
    DataFrame
        One row a fund and `lps` (`all`; `state` and `private` too in vehicles of programmes):
        `path`, `fund`, `fund_type`, `region`, `vintage`, `age_years`, `is_over`,
        `commitment_mcny` of these LPs; net to them `paid_in_share`, `dpi`, `rvpi`, `tvpi`,
        `net_irr_pa` and its status, `ks_pme`,
        `direct_alpha_pa`, `years_to_dpi_1`, `j_depth_share` and, at the run's end,
        `exposure_share` (NAV and uncalled) of the commitment; gross of the fund
        `gross_moic`, `gross_irr_pa` and its status, `deals_n`, and by deals the parts of money
        invested that stand below cost and that are lost there. A late call, as for fees, makes a
        second rate near a total loss: of `several` the one that :mod:`finmodel.fund.irr` states.
    """
    world = run.world
    tables = []
    for item, money in money_of(run):
        gross = gross_columns(world, item, money)
        for lps in LPS:
            flows = lp_flows(world, item, money, lps)
            if len(flows.rows):
                frame = _names(world, item, flows, lps)
                net = net_columns(flows, years_of_age(money), reference_return(world))
                at_stake = exposure_of(item, flows)
                net["exposure_share"] = metrics.quotient(at_stake, flows.commitment)
                own = {name: values[flows.rows] for name, values in gross.items()}
                tables.append(frame.assign(**net, **own))
    table = pd.concat(tables, ignore_index=True) if tables else _nothing(run)
    for name in ("net_irr_status", "gross_irr_status"):
        codes = table[name].to_numpy(np.int64)
        table[name] = pd.Categorical.from_codes(codes, pd.Index(STATUS_NAMES))
    return table.sort_values(["path", "fund"], kind="stable", ignore_index=True)


def reference_return(world: World) -> float:
    """Return the yearly growth of the steady index: the LPs' reference return."""
    return float(world.scenario.capital.reference_return_pa.centre)


def steady_index(rate_pa: float, times: FloatArray) -> FloatArray:
    """Return an index that grows at `rate_pa`, 1 at time 0."""
    index: FloatArray = (1.0 + rate_pa) ** times
    return index


def net_columns(
    flows: Flows, times: FloatArray, rate_pa: float
) -> dict[str, FloatArray | IntArray]:
    """Return what is net to LPs, by column, each of shape (F,).

    Parameters
    ----------
    flows : Flows
    times : ndarray of shape (A,), years
    rate_pa : float
        Growth of the steady index.
    """
    nothing = np.zeros(len(flows.rows))
    paid, got, dated = flows.paid, flows.got, flows.dated
    rates = metrics.fund_irr(paid, dated, nothing, times=times)
    index = steady_index(rate_pa, times)
    alpha = direct_alpha(paid, dated, nothing, index=index, times=times)
    curve = j_curve(paid, got, times=times, commitment=flows.commitment)
    return {
        "paid_in_share": metrics.quotient(metrics.paid_in(paid), flows.commitment),
        "dpi": metrics.dpi(paid, got),
        "rvpi": metrics.rvpi(paid, flows.value),
        "tvpi": metrics.tvpi(paid, got, flows.value),
        "net_irr_pa": rates.rate,
        "net_irr_status": rates.status,
        "ks_pme": ks_pme(paid, dated, nothing, index=index),
        "direct_alpha_pa": alpha.rate,
        "years_to_dpi_1": time_to_dpi(paid, got, times=times, level=1.0),
        "j_depth_share": curve.depth,
    }


def exposure_of(item: PathDetail, flows: Flows) -> FloatArray:
    """Return NAV and what may still be called at the run's end, 0 of a fund that is over, (F,)."""
    at_stake = metrics.exposure(flows.commitment, metrics.paid_in(flows.paid), flows.value)
    return np.where(item.funds["is_over"][flows.rows] == 1, 0.0, at_stake)


def gross_columns(
    world: World, item: PathDetail, money: FundMoney
) -> dict[str, FloatArray | IntArray]:
    """Return what is gross of fees and carry, of all funds of a path, each of shape (F,)."""
    flows = gross_flows(world, item, money)
    invested, proceeds = flows.paid.sum(axis=1), flows.got.sum(axis=1)
    nothing = np.zeros(len(invested))
    rates = metrics.fund_irr(flows.paid, flows.dated, nothing, times=years_of_age(money))
    fund, cost, value = deals_of(money)
    n_funds = len(invested)

    def total(amount: FloatArray) -> FloatArray:
        return np.asarray(np.bincount(fund, amount, n_funds), np.float64)

    all_cost = total(cost)
    return {
        "gross_moic": metrics.moic(invested, proceeds, flows.value),
        "gross_irr_pa": rates.rate,
        "gross_irr_status": rates.status,
        "deals_n": np.bincount(fund, minlength=n_funds),
        "loss_in_losing_deals_share": metrics.quotient(total(cost * (value < cost)), all_cost),
        "loss_share": metrics.quotient(total(np.maximum(cost - value, 0.0)), all_cost),
    }


def _names(world: World, item: PathDetail, flows: Flows, lps: str) -> pd.DataFrame:
    funds = item.funds[flows.rows]
    first_year = world.scenario.run.start_year - world.scenario.run.warm_up_years
    age = world.arrays.calendar.n_quarters - funds["vintage"]
    return pd.DataFrame(
        {
            "path": item.path,
            "fund": flows.rows,
            "lps": pd.Categorical([lps] * len(funds), LPS),
            "fund_type": _coded(world.fund_types, funds["kind"]),
            "region": _coded(world.regions, funds["region"]),
            "vintage": funds["vintage"] // QUARTERS_PER_YEAR + first_year,
            "age_years": age / QUARTERS_PER_YEAR,
            "is_over": funds["is_over"] == 1,
            "commitment_mcny": flows.commitment,
        }
    )


def _coded(names: tuple[str, ...], codes: IntArray) -> pd.Series[Any]:
    return pd.Series(pd.Categorical.from_codes(codes.astype(np.int64), pd.Index(names)))


def _nothing(run: RunResult) -> pd.DataFrame:
    """Return the table of a run without funds."""
    item, money = money_of(run)[0]
    flows = lp_flows(run.world, item, money, LPS[0])
    frame = _names(run.world, item, flows, LPS[0])
    net = net_columns(flows, years_of_age(money), reference_return(run.world))
    net["exposure_share"] = exposure_of(item, flows)
    return frame.assign(**net, **gross_columns(run.world, item, money))
