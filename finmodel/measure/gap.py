"""The funding gap: needs, outcomes, viability and what went unmet.

One *need* is one spell of one firm. In a reporting year each need that stood in it is
counted once, by its outcome at its end or at the year's end:

    ask = funded + partial shortfall + rejected + refused + discouraged.

The *gap* is the viable part of everything but funded, and the *gap rate* is the gap over
the viable ask. A need carried over from the year before is counted in both years; `carried`
says how many were, so needs are never counted twice by accident.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from finmodel.market import columns as col
from finmodel.market.collect import outcome_column
from finmodel.market.result import RunResult
from finmodel.measure.groups import DIMENSIONS, QUANTILES, Group, grouped
from finmodel.measure.monte_carlo import mean_se, quantile_columns, ratio_se
from finmodel.world.arrays import FloatArray

OUTCOMES = ("funded", "shortfall", "rejected", "refused", "discouraged")
TEST_COLUMNS = {
    "market": col.MARKET,
    "strict": col.STRICT,
    "loose": col.LOOSE,
    "social": col.SOCIAL,
}


def gap_table(run: RunResult, by: Sequence[str] = (), group: Group = "hard_tech") -> pd.DataFrame:
    """Return needs, outcomes and the gap by some of region, stage, sector and year.

    Parameters
    ----------
    run : RunResult
    by : sequence of str
        Any of `region`, `stage`, `year`, or `sector` alone or with `year`; empty for one
        row over everything. Cells by all four are in `cell_table`.
    group : {'hard_tech', 'general', 'all'}
        Sectors counted; ignored with `sector`.

    Returns
    -------
    DataFrame
        One row a group, yearly means over the reported years (a single year with `year`).
        For count (`_n`) and million CNY (`_mcny`): `ask`, the five outcomes, `carried`,
        `withdrawn`, `viable_ask`, `gap`, `persistent`, `late`, each with its standard error
        `_se`, and 5, 50, 95 % quantiles of the gap over paths; `gap_rate` and its strict, loose
        and social values with standard errors, and quantiles of the first; `late_quarters`, the
        mean wait of needs funded late. Ratios without a denominator are NaN.
    """
    values, names = grouped(run, by, group)
    columns: dict[str, FloatArray] = {}
    for side, suffix in ((0, "n"), (1, "mcny")):
        columns |= _need_columns(values, side, suffix)
    columns |= _rate_columns(values)
    late = ratio_se(values[..., col.LATE_Q], values[..., col.LATE_N])
    columns["late_quarters"], columns["late_quarters_se"] = late
    frame = pd.DataFrame({name: array.reshape(-1) for name, array in columns.items()})
    return pd.concat([names, frame], axis=1)


def cell_table(run: RunResult) -> pd.DataFrame:
    """Return the finest cells: region, stage, sector and year.

    Returns
    -------
    DataFrame
        One row a cell: means over paths of asks and outcomes, of the viable ask and the
        gap at the market rate with standard errors, and gap quantiles, in count and
        million CNY.
    """
    world = run.world
    axes: list[list[int] | list[str]] = [
        list(world.years),
        list(world.regions),
        list(world.stages),
        list(world.sectors),
    ]
    index = pd.MultiIndex.from_product(axes, names=["year", "region", "stage", "sector"])
    frame = index.to_frame(index=False)[list(DIMENSIONS)]
    for side, suffix in ((0, "n"), (1, "mcny")):
        ask = col.ASK_M if side else col.ASK_N
        frame[f"ask_{suffix}"] = run.cell_mean[..., ask].reshape(-1)
        frame[f"ask_{suffix}_se"] = run.cell_se[..., ask].reshape(-1)
        for outcome, name in enumerate(OUTCOMES):
            column = outcome_column(outcome, col.ALL_NEEDS, is_money=bool(side))
            frame[f"{name}_{suffix}"] = run.cell_mean[..., column].reshape(-1)
            frame[f"{name}_{suffix}_se"] = run.cell_se[..., column].reshape(-1)
        fine = _fine(run, side)
        for j, name in enumerate((f"viable_ask_{suffix}", f"gap_{suffix}")):
            frame[name], frame[f"{name}_se"] = mean_se(fine[..., j])
        for level, values in zip(QUANTILES, quantile_columns(fine[..., 1], QUANTILES), strict=True):
            frame[f"gap_{suffix}_q{round(level * 100):02d}"] = values
    return frame


def _fine(run: RunResult, side: int) -> FloatArray:
    """Return viable ask and gap of the finest cells, shape (P, cells, 2)."""
    pick = [side, 2 + side]
    return run.spools["fine"].collect(
        lambda block: block[..., pick].reshape(len(block), -1, 2).astype(np.float64)
    )


def viable_by_path(
    values: FloatArray, side: int, test: int = col.MARKET
) -> tuple[FloatArray, FloatArray]:
    """Return viable ask and gap by path, shape (P, groups), under a test."""
    funded, *unmet = (
        values[..., outcome_column(outcome, test, is_money=bool(side))]
        for outcome in range(col.N_OUTCOMES)
    )
    gap: FloatArray = np.sum(unmet, axis=0)
    return funded + gap, gap


def _need_columns(values: FloatArray, side: int, suffix: str) -> dict[str, FloatArray]:
    columns: dict[str, FloatArray] = {}

    def add(name: str, by_path: FloatArray) -> None:
        columns[f"{name}_{suffix}"], columns[f"{name}_{suffix}_se"] = mean_se(by_path)

    add("ask", values[..., col.ASK_M if side else col.ASK_N])
    for outcome, name in enumerate(OUTCOMES):
        add(name, values[..., outcome_column(outcome, col.ALL_NEEDS, is_money=bool(side))])
    events = {
        "carried": col.CARRIED_N,
        "withdrawn": col.WITHDRAWN_N,
        "persistent": col.PERSISTENT_N,
        "late": col.LATE_N,
    }
    for name, column in events.items():
        add(name, values[..., column + side])
    viable_ask, gap = viable_by_path(values, side, col.MARKET)
    add("viable_ask", viable_ask)
    add("gap", gap)
    for level, found in zip(QUANTILES, quantile_columns(gap, QUANTILES), strict=True):
        columns[f"gap_{suffix}_q{round(level * 100):02d}"] = found
    return columns


def _rate_columns(values: FloatArray) -> dict[str, FloatArray]:
    columns: dict[str, FloatArray] = {}
    for side, suffix in ((0, "n"), (1, "mcny")):
        for name, test in TEST_COLUMNS.items():
            viable_ask, gap = viable_by_path(values, side, test)
            label = f"gap_rate_{suffix}" if name == "market" else f"gap_rate_{suffix}_{name}"
            ratio, error = ratio_se(gap, viable_ask)
            columns[label], columns[f"{label}_se"] = ratio, error
            if name == "market":
                by_path = np.divide(
                    gap, viable_ask, out=np.full_like(gap, np.nan), where=viable_ask > 0
                )
                for level, found in zip(
                    QUANTILES, quantile_columns(by_path, QUANTILES), strict=True
                ):
                    columns[f"{label}_q{round(level * 100):02d}"] = found
    return columns
