"""Dated money of programmes: what the state pays and gets back, year by year, and its return."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from finmodel.fund.irr import Status, irr_batch
from finmodel.market import columns as col
from finmodel.market.result import RunResult
from finmodel.measure.monte_carlo import mean_se
from finmodel.world.arrays import FloatArray


def flows_by_programme(run: RunResult) -> FloatArray:
    """Return flows of vehicles by path, year, programme and column, shape (P, Y, G, columns)."""
    first = len(run.world.fund_types) - len(run.world.programmes)
    return run.spools["fund_flow"].collect(lambda block: block[:, :, :, first:].sum(axis=2))


def programme_flows(run: RunResult) -> FloatArray:
    """Return flows of all vehicles by path, year and column, shape (P, Y, N_FUND_COLUMNS)."""
    flows: FloatArray = flows_by_programme(run).sum(axis=2)
    return flows


def yearly_irr(flows: FloatArray, nav: FloatArray | float = 0.0) -> FloatArray:
    """Return the rates per annum at which yearly flows and a last NAV are worth nothing.

    Parameters
    ----------
    flows : ndarray of shape (..., Y)
        Negative is paid, in the middle of each year, as present values have it.
    nav : ndarray of shape (...) or float
        At the end of the last year.

    Returns
    -------
    ndarray of shape (...)
        NaN if there is no rate, or more than one.
    """
    n_years = flows.shape[-1]
    times = np.append(np.arange(n_years) + 0.5, n_years)
    last = np.broadcast_to(np.asarray(nav, np.float64), flows.shape[:-1])[..., None]
    rates = irr_batch(np.concatenate([flows, last], axis=-1), times)
    return np.where(rates.status == Status.OK, rates.rate, np.nan)


def public_irr(run: RunResult) -> tuple[float, FloatArray]:
    """Return the state's return on the mean flows and on each path, at a settled NAV.

    Returns
    -------
    pooled : float
        Of the mean flows over paths, per annum.
    by_path : ndarray of shape (P,)
        NaN where there is none, or not one.
    """
    flows = programme_flows(run)
    net = flows[..., col.PUBLIC_BACK_M] - flows[..., col.PUBLIC_CALLED_M]
    nav = flows[:, -1, col.PUBLIC_NAV_S]
    return float(yearly_irr(net.mean(axis=0), nav.mean())), yearly_irr(net, nav)


def programme_year_table(arms: Mapping[str, RunResult]) -> pd.DataFrame:
    """Return the money of each policy's programmes by reported year.

    Returns
    -------
    DataFrame
        One row a policy, level of government (`all` first), programme (`all` first in each
        level) and year: commitments to vehicles, public money called and returned, its part of
        the holdings if settled at the year's end, and all that vehicles invested, with standard
        errors `_se`, million CNY.
    """
    columns = {
        "raised_mcny": col.RAISED_M,
        "public_called_mcny": col.PUBLIC_CALLED_M,
        "public_returned_mcny": col.PUBLIC_BACK_M,
        "public_nav_mcny": col.PUBLIC_NAV_S,
        "invested_mcny": col.INVESTED_M,
    }
    frames = []
    for policy, run in arms.items():
        flows = flows_by_programme(run)
        for level, programme, places in _levels(run):
            chosen = flows[:, :, places].sum(axis=2)
            frame = pd.DataFrame({"policy": policy, "level": level, "programme": programme}, [0])
            frame = frame.merge(pd.DataFrame({"year": list(run.world.years)}), how="cross")
            for name, column in columns.items():
                frame[name], frame[f"{name}_se"] = mean_se(chosen[..., column])
            frames.append(frame)
    return pd.concat(frames, ignore_index=True)


def _levels(run: RunResult) -> list[tuple[str, str, list[int]]]:
    """Return level, programme and places of programmes: all, then each level and its own."""
    level_of = [item.level for item in run.world.scenario.programmes.values()]
    rows = [("all", "all", list(range(len(level_of))))]
    for level in dict.fromkeys(level_of):
        places = [g for g, other in enumerate(level_of) if other == level]
        rows.append((level, "all", places))
        rows += [(level, run.world.programmes[g], [g]) for g in places]
    return rows


def lp_multiples(run: RunResult) -> dict[str, tuple[FloatArray, FloatArray]]:
    """Return what LPs got and hold, over what they paid in the reported years, by path.

    Returns
    -------
    dict
        `private_tvpi`: of the private LPs of vehicles, with their part of the NAV if settled;
        `ordinary_tvpi`: of all LPs of ordinary funds, which also hold and get returns of what
        they paid before. Pairs of (value, paid), each of shape (P,).
    """
    first = len(run.world.fund_types) - len(run.world.programmes)
    vehicles = programme_flows(run)
    paid = (vehicles[..., col.CALLED_M] - vehicles[..., col.PUBLIC_CALLED_M]).sum(axis=1)
    away = vehicles[..., col.PUBLIC_BACK_M] + vehicles[..., col.TO_MANAGER_M]
    got = (vehicles[..., col.TO_LPS_M] - away).sum(axis=1)
    held = vehicles[:, -1, col.PRIVATE_NAV_S]
    ordinary = run.spools["fund_flow"].collect(
        lambda block: block[:, :, :, :first].sum(axis=(2, 3))
    )
    value = ordinary[..., col.TO_LPS_M].sum(axis=1) + ordinary[:, -1, col.NAV_S]
    return {
        "private_tvpi": (got + held, paid),
        "ordinary_tvpi": (value, ordinary[..., col.CALLED_M].sum(axis=1)),
    }
