"""The market's activity: deals, money, graduation, exits and flows."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from finmodel.market import columns as col
from finmodel.market.result import RunResult
from finmodel.measure.groups import QUANTILES, Group, grouped
from finmodel.measure.monte_carlo import mean_se, quantile_columns, ratio_se
from finmodel.world.arrays import FloatArray

ACTIVITY = {
    "deals_n": col.DEAL_N,
    "deals_mcny": col.DEAL_M,
    "first_rounds_n": col.FIRST_N,
    "bridges_n": col.BRIDGE_N,
    "priced_rounds_n": col.PRICED_N,
    "down_rounds_n": col.DOWN_N,
    "births_n": col.BIRTH_N,
    "milestones_n": col.MILESTONE_N,
    "failures_n": col.FAILURE_N,
    "closures_n": col.CLOSURE_N,
    "ipo_n": col.IPO_N,
    "mna_n": col.MNA_N,
    "transfer_n": col.TRANSFER_N,
    "buyback_n": col.BUYBACK_N,
    "exit_value_mcny": col.EXIT_M,
    "proceeds_mcny": col.PROCEEDS_M,
    "written_off_mcny": col.WRITTEN_OFF_M,
    "active_n": col.ACTIVE_N,
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
        One row a group: each column of `ACTIVITY`, its `_se`, and quantiles over paths;
        `active_n` is the stock of firms at the year's end.
    """
    values, frame = grouped(run, by, group)
    columns = {}
    for name, column in ACTIVITY.items():
        columns[name], columns[f"{name}_se"] = mean_se(values[..., column])
        for level, found in zip(
            QUANTILES, quantile_columns(values[..., column], QUANTILES), strict=True
        ):
            columns[f"{name}_q{round(level * 100):02d}"] = found
    return pd.concat([frame, pd.DataFrame(columns)], axis=1)


def graduation_table(run: RunResult) -> pd.DataFrame:
    """Return the share of stage rounds followed by a later stage's round.

    Cohorts are followed for the whole window: those of the last two (24 months) or three
    (36 months) reported years are left out.

    Returns
    -------
    DataFrame
        One row a stage and window: `stage`, `months`, `share`, `rounds_n` (mean yearly cohort),
        `quarters_between` (mean time to the next stage's round of all that had one in the
        reported years), each with `_se`. NaN if the run is too short.
    """
    rows = []
    panel = run.spools["panel"].collect(lambda block: block.sum(axis=(2, 4)))
    waits = ratio_se(panel[..., col.REPEAT_Q].sum(axis=1), panel[..., col.REPEAT_N].sum(axis=1))
    for months, column, dropped in (
        (24, col.GRADUATED_8Q_N, 2),
        (36, col.GRADUATED_12Q_N, 3),
    ):
        kept = panel[:, : max(0, panel.shape[1] - dropped)]
        top, bottom = kept[..., column].sum(axis=1), kept[..., col.COHORT_N].sum(axis=1)
        share, error = ratio_se(top, bottom)
        rounds = mean_se(bottom / max(kept.shape[1], 1))
        for k, stage in enumerate(run.world.stages[:-1]):
            rows.append(
                {
                    "stage": stage,
                    "months": months,
                    "share": share[k],
                    "share_se": error[k],
                    "rounds_n": rounds[0][k],
                    "rounds_n_se": rounds[1][k],
                    "quarters_between": waits[0][k],
                    "quarters_between_se": waits[1][k],
                }
            )
    return pd.DataFrame(rows)


def flow_table(run: RunResult) -> pd.DataFrame:
    """Return yearly rounds joined and money by investor type, from fund to firm region.

    Returns
    -------
    DataFrame
        One row a type and pair: `fund_type`, `fund_region`, `firm_region`, `rounds_n`,
        `rounds_n_se`, `mcny`, `mcny_se`. Type `all` sums over types.
    """
    world = run.world
    types = [*world.fund_types, "all"]
    index = pd.MultiIndex.from_product(
        [types, world.regions, world.regions], names=["fund_type", "fund_region", "firm_region"]
    )
    frame = index.to_frame(index=False)

    def reduce(block: FloatArray) -> FloatArray:
        yearly = block.mean(axis=2)
        both = np.concatenate([yearly, yearly.sum(axis=2, keepdims=True)], axis=2)
        return both.reshape(len(block), 2, -1)

    yearly = run.spools["flow"].collect(reduce)
    for side, name in ((0, "rounds_n"), (1, "mcny")):
        frame[name], frame[f"{name}_se"] = mean_se(np.ascontiguousarray(yearly[:, side]))
    return frame
