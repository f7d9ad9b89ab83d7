"""The market's activity: deals, money, graduation, exits and flows."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from finmodel.market import state
from finmodel.market.run import RunResult
from finmodel.measure.groups import Group, grouped
from finmodel.measure.monte_carlo import mean_se, ratio_se

ACTIVITY = {
    "deals_n": state.DEAL_N,
    "deals_mcny": state.DEAL_M,
    "first_rounds_n": state.FIRST_N,
    "bridges_n": state.BRIDGE_N,
    "births_n": state.BIRTH_N,
    "milestones_n": state.MILESTONE_N,
    "failures_n": state.FAILURE_N,
    "closures_n": state.CLOSURE_N,
    "ipo_n": state.IPO_N,
    "mna_n": state.MNA_N,
    "buyback_n": state.BUYBACK_N,
    "exit_value_mcny": state.EXIT_M,
    "active_n": state.ACTIVE_N,
}


def activity_table(run: RunResult, by: Sequence[str] = (), group: Group = "all") -> pd.DataFrame:
    """Return yearly means of deals, money, births, ends and exits with standard errors.

    Parameters
    ----------
    run : RunResult
    by, group
        As in :func:`finmodel.measure.gap.gap_table`.

    Returns
    -------
    DataFrame
        One row a group: each column of `ACTIVITY` and its `_se`; `active_n` is the stock
        of firms at the year's end.
    """
    values, frame = grouped(run, by, group)
    columns = {}
    for name, column in ACTIVITY.items():
        columns[name], columns[f"{name}_se"] = mean_se(values[..., column])
    return pd.concat([frame, pd.DataFrame(columns)], axis=1)


def graduation_table(run: RunResult) -> pd.DataFrame:
    """Return the share of stage rounds followed by a later stage's round.

    Cohorts are followed for the whole window: those of the last two (24 months) or three
    (36 months) reported years are left out.

    Returns
    -------
    DataFrame
        One row a stage and window: `stage`, `months`, `share`, `share_se`, `rounds_n`
        (mean yearly cohort). NaN if the run is too short.
    """
    rows = []
    panel = run.panel.sum(axis=(2, 4))
    for months, column, dropped in (
        (24, state.GRADUATED_8Q_N, 2),
        (36, state.GRADUATED_12Q_N, 3),
    ):
        kept = panel[:, : max(0, panel.shape[1] - dropped)]
        top, bottom = kept[..., column].sum(axis=1), kept[..., state.COHORT_N].sum(axis=1)
        share, error = ratio_se(top, bottom)
        n_years = max(kept.shape[1], 1)
        for k, stage in enumerate(run.world.stages[:-1]):
            rows.append(
                {
                    "stage": stage,
                    "months": months,
                    "share": share[k],
                    "share_se": error[k],
                    "rounds_n": bottom[:, k].mean() / n_years,
                }
            )
    return pd.DataFrame(rows)


def flow_table(run: RunResult) -> pd.DataFrame:
    """Return yearly rounds joined and money from fund region to firm region.

    Returns
    -------
    DataFrame
        One row a pair: `fund_region`, `firm_region`, `rounds_n`, `rounds_n_se`, `mcny`,
        `mcny_se`.
    """
    regions = run.world.regions
    index = pd.MultiIndex.from_product([regions, regions], names=["fund_region", "firm_region"])
    frame = index.to_frame(index=False)
    yearly = run.flow.mean(axis=2).reshape(run.n_paths, 2, -1)
    for side, name in ((0, "rounds_n"), (1, "mcny")):
        frame[name], frame[f"{name}_se"] = mean_se(np.ascontiguousarray(yearly[:, side]))
    return frame
