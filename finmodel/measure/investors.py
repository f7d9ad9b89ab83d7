"""Investors: cash flows of funds by type and year, cap tables, exits and their tails."""

from __future__ import annotations

import numpy as np
import pandas as pd

from finmodel.errors import InputError, Problem, nearest_name
from finmodel.market import columns as col
from finmodel.market.result import RunResult
from finmodel.measure.monte_carlo import mean_se, ratio_se
from finmodel.measure.tails import tail_table
from finmodel.world.arrays import ROUTES, WRITE_OFF, FloatArray

FUND_FLOWS = {
    "funds_raised_n": col.RAISED_N,
    "commitments_mcny": col.RAISED_M,
    "called_mcny": col.CALLED_M,
    "invested_mcny": col.INVESTED_M,
    "fees_mcny": col.FEES_M,
    "received_mcny": col.RECEIVED_M,
    "to_lps_mcny": col.TO_LPS_M,
    "carry_mcny": col.CARRY_M,
    "nav_mcny": col.NAV_S,
    "uncalled_mcny": col.UNCALLED_S,
    "funds_n": col.FUNDS_S,
}

FUND_DIMENSIONS = ("year", "region", "fund_type")

ROUNDING = 1e-12
"""What is left of a cap table below this part of it is rounding, not held by outsiders."""


def fund_flow_table(run: RunResult, by: tuple[str, ...] = ("fund_type",)) -> pd.DataFrame:
    """Return cash flows and stocks of funds, all vintages together.

    Parameters
    ----------
    run : RunResult
    by : tuple of str
        Some of `year`, `region` (home of the fund) and `fund_type`, in this order; years not
        kept are averaged, the rest is summed.

    Returns
    -------
    DataFrame
        One row a group: each column of `FUND_FLOWS` with its `_se`. Flows are per year;
        `nav_mcny`, `uncalled_mcny` and `funds_n` are at the year's end, of funds within their
        term.

    Raises
    ------
    InputError
        If a dimension is unknown.
    """
    world, names = run.world, FUND_DIMENSIONS
    problems = [
        Problem("by", repr(name), f"one of {', '.join(names)}", nearest_name(name, names))
        for name in by
        if name not in names
    ]
    if problems:
        raise InputError("table", problems)
    labels: dict[str, list[int] | list[str]] = {
        "year": list(world.years),
        "region": list(world.regions),
        "fund_type": list(world.fund_types),
    }

    def reduce(block: FloatArray) -> FloatArray:
        data = block
        for axis in reversed(range(3)):
            if names[axis] not in by:
                is_year = names[axis] == "year"
                data = data.mean(axis=axis + 1) if is_year else data.sum(axis=axis + 1)
        return data.reshape(len(block), -1, col.N_FUND_COLUMNS)

    values = run.spools["fund_flow"].collect(reduce)
    kept = [name for name in names if name in by]
    if kept:
        index = pd.MultiIndex.from_product([labels[name] for name in kept], names=kept)
        frame = index.to_frame(index=False)
    else:
        frame = pd.DataFrame(index=range(1))
    columns = {}
    for name, column in FUND_FLOWS.items():
        columns[name], columns[f"{name}_se"] = mean_se(values[..., column])
    return pd.concat([frame, pd.DataFrame(columns)], axis=1)


def ownership_table(run: RunResult) -> pd.DataFrame:
    """Return mean cap tables by stage at the years' ends, over firms with investors.

    Returns
    -------
    DataFrame
        One row a stage and class of holder (`founders`, the fund types, `outsiders` who
        bought at the end of a fund): `stage`, `holder`, `share`, `firms_n`, with `_se`. NaN
        where no firm of the stage has investors.
    """
    world = run.world
    values = run.spools["ownership"].collect(lambda block: block.mean(axis=1))
    firms = values[..., 0]
    held = values[..., 1:]
    outside = firms - held.sum(axis=-1)
    outside[np.abs(outside) <= ROUNDING * firms] = 0.0
    rows = []
    for k, stage in enumerate(world.stages):
        count, count_error = mean_se(firms[:, k])
        parts = [*(held[:, k, h] for h in range(held.shape[-1])), outside[:, k]]
        for holder, part in zip(("founders", *world.fund_types, "outsiders"), parts, strict=True):
            share, error = ratio_se(part[:, None], firms[:, k, None])
            rows.append(
                {
                    "stage": stage,
                    "holder": holder,
                    "share": share[0],
                    "share_se": error[0],
                    "firms_n": float(count),
                    "firms_n_se": float(count_error),
                }
            )
    return pd.DataFrame(rows)


MOST_ENDS = 1_000_000
"""Ends of firms that :func:`exit_table` looks at: memory does not grow with paths beyond it."""


def exit_table(run: RunResult) -> pd.DataFrame:
    """Return ends of firms by route with values, multiples and diagnostics of their upper tail.

    Parameters
    ----------
    run : RunResult
        Of a long run the first paths are taken, as many as have `MOST_ENDS` ends of firms.

    Returns
    -------
    DataFrame
        One row a measure (`value` of the whole firm in million CNY; `multiple` of proceeds to
        investors over what they paid in, firms without investors left out) and route: the
        exit routes; `all` of them; `write_off`, backed firms that failed or closed, with the
        cash they had left; `with_write_offs`, both together. `exits_n` a year with `_se`, and
        the columns of :func:`finmodel.measure.tails.tail_table`. Reported years only.
    """
    exits, counts = run.some_exits(MOST_ENDS)
    n_paths, years = len(counts), max(1, len(run.world.years))
    path = np.repeat(np.arange(n_paths), counts)
    is_backed = exits["raised"] > 0
    multiple = np.divide(
        exits["proceeds"],
        exits["raised"],
        out=np.zeros(len(exits), np.float64),
        where=is_backed,
        dtype=np.float64,
    )
    is_exit = exits["route"] < len(ROUTES)
    chosen_by = {route: exits["route"] == code for code, route in enumerate(ROUTES)}
    chosen_by |= {"all": is_exit, WRITE_OFF: ~is_exit, "with_write_offs": is_exit | ~is_exit}
    frames = []
    for measure, size, is_in in (
        ("value", exits["value"].astype(np.float64), np.ones(len(exits), bool)),
        ("multiple", multiple, is_backed),
    ):
        for route, is_route in chosen_by.items():
            chosen = is_in & is_route
            row = tail_table(path[chosen], size[chosen], n_paths)
            if route == WRITE_OFF:  # a write-off has no upper tail
                row[["hill", "hill_se", "hill_k"]] = np.nan
            row.insert(0, "measure", measure)
            row.insert(1, "route", route)
            count, error = mean_se(np.bincount(path[chosen], minlength=n_paths) / years)
            row.insert(2, "exits_n", float(count))
            row.insert(3, "exits_n_se", float(error))
            frames.append(row)
    return pd.concat(frames, ignore_index=True)


def survival_table(run: RunResult) -> pd.DataFrame:
    """Return what has become of the firms born in the reported years, by age.

    Returns
    -------
    DataFrame
        One row a group (`all`, `hard_tech`, `general` sectors) and `age`, whole calendar years
        after the year of birth, at whose end firms are counted: `born_n` (firms of the
        cohorts that reach the age within the run, a year), and of these the shares `alive`,
        `exited` (any route), `failed` and `closed` (for lack of money), with standard errors.
        NaN where no firm was born.
    """
    n_years, hard = len(run.world.years), run.world.is_hard_tech
    values = run.spools["survival"].collect(lambda block: block)
    rows = []
    for group, is_in in (("all", hard | ~hard), ("hard_tech", hard), ("general", ~hard)):
        cohorts = values[:, is_in].sum(axis=1)  # path, born, event, fate
        for age in range(n_years):
            n_cohorts = n_years - age
            born = cohorts[:, :n_cohorts, :, col.COHORT_BORN].sum(axis=(1, 2))
            ends = np.zeros((len(values), col.N_FATES))
            for year in range(n_cohorts):
                ends += cohorts[:, year, : year + age + 1].sum(axis=1)
            fates = {
                "exited": ends[:, col.FIRST_ROUTE : col.COHORT_FAILED].sum(axis=1),
                "failed": ends[:, col.COHORT_FAILED],
                "closed": ends[:, col.COHORT_CLOSED],
            }
            fates = {"alive": born - sum(fates.values()), **fates}
            count, error = mean_se(born / n_cohorts)
            row = {"group": group, "age": age, "born_n": float(count), "born_n_se": float(error)}
            for name, count in fates.items():
                share, error = ratio_se(count[:, None], born[:, None])
                row[name], row[f"{name}_se"] = share[0], error[0]
            rows.append(row)
    return pd.DataFrame(rows)
