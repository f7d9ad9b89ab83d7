"""Details asked for by name: every fund of a path, and the history of every firm.

Each function raises InputError for a run that kept no path in detail.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from finmodel.errors import InputError, Problem
from finmodel.market import diary
from finmodel.market.columns import EVENT_KINDS
from finmodel.market.result import PathDetail, RunResult
from finmodel.measure.fund_flows import ALL, gross_flows, lp_flows, money_of
from finmodel.units import QUARTERS_PER_YEAR
from finmodel.world import World
from finmodel.world.arrays import IntArray


def fund_table(run: RunResult) -> pd.DataFrame:
    """Return every fund of the detailed paths as it stands at the end of the run.

    Returns
    -------
    DataFrame
        One row a fund: `path`, `fund` (its place in the path), `fund_type`, `region`,
        `focus` (sector of a specialist, empty for none), `vintage` (calendar year), the
        amounts `commitment_mcny`, `paid_in_mcny`, `invested_mcny`, `fees_mcny`,
        `received_mcny`, `to_lps_mcny`, `carry_mcny` (net of `clawback_mcny`),
        `nav_mcny` (at marks, before carry still to come), and the part of each class of LPs.
        Ratios are in :func:`finmodel.measure.fund_metrics.fund_metric_table`, after that carry.
    """
    return pd.concat([_funds(run.world, item) for item in _detailed(run)], ignore_index=True)


def fund_year_table(run: RunResult) -> pd.DataFrame:
    """Return yearly cash flows and NAV of every fund of the detailed paths.

    Returns
    -------
    DataFrame
        One row a fund and calendar year from its vintage on: `path`, `fund`, `year`,
        `called_mcny` and `to_lps_mcny` in the year, `nav_mcny` at its end.
    """
    frames = []
    first_year = _first_year(run.world)
    n_years = run.world.arrays.calendar.n_quarters // QUARTERS_PER_YEAR
    ends = QUARTERS_PER_YEAR * np.arange(1, n_years + 1) - 1
    for item, money in money_of(run):
        # After the last age that is kept a fund is over: its sums stay, and it has no NAV.
        age = ends - item.funds["vintage"][:, None]
        kept = np.clip(age, 0, money.quarters.shape[1] - 1)
        sums = np.take_along_axis(money.quarters, kept[..., None], axis=1)
        sums = np.where(age[..., None] < 0, 0.0, sums)
        flows = np.diff(sums, axis=1, prepend=0.0)
        fund, year = np.divmod(np.arange(sums.shape[0] * n_years), n_years)
        frame = pd.DataFrame(
            {
                "path": item.path,
                "fund": fund,
                "year": year + first_year,
                "called_mcny": flows[..., diary.CALLED].reshape(-1),
                "to_lps_mcny": flows[..., diary.TO_LPS].reshape(-1),
                "nav_mcny": sums[..., diary.NAV].reshape(-1),
            }
        )
        vintage = item.funds["vintage"] // QUARTERS_PER_YEAR
        frames.append(frame[year >= vintage[fund]])
    return pd.concat(frames, ignore_index=True)


def fund_quarter_table(run: RunResult) -> pd.DataFrame:
    """Return quarterly cash flows and NAV of every fund of the detailed paths.

    Returns
    -------
    DataFrame
        One row a fund and quarter in which money flows or the NAV comes to 0, and the last
        quarter of the run in any case: `path`, `fund`, `year`, `quarter` (1 to 4),
        `called_mcny`, `invested_mcny`, `received_mcny` from firms, `to_lps_mcny`, `carry_mcny`
        (received less what LPs got: net of clawback), and `nav_mcny` at marks at the quarter's
        end.
    """
    frames = []
    end = run.world.arrays.calendar.n_quarters - 1
    for item, money in money_of(run):
        flows, gross = (
            lp_flows(run.world, item, money, ALL, is_before_clauses=True),
            gross_flows(run.world, item, money),
        )
        age = np.arange(money.quarters.shape[1])
        quarter = item.funds["vintage"][:, None] + age
        nav = money.quarters[..., diary.NAV]
        is_gone = (nav == 0.0) & (np.diff(nav, axis=1, prepend=0.0) != 0.0)
        moves = (flows.paid != 0.0) | (gross.got != 0.0) | (flows.got != 0.0) | is_gone
        fund, at = np.nonzero((moves | (quarter == end)) & (quarter <= end))
        paid, received, to_lps = flows.paid[fund, at], gross.got[fund, at], flows.got[fund, at]
        frame = {
            "path": item.path,
            "fund": fund,
            "year": quarter[fund, at] // QUARTERS_PER_YEAR + _first_year(run.world),
            "quarter": quarter[fund, at] % QUARTERS_PER_YEAR + 1,
            "called_mcny": paid,
            "invested_mcny": gross.paid[fund, at],
            "received_mcny": received,
            "to_lps_mcny": to_lps,
            "carry_mcny": received - to_lps,
            "nav_mcny": nav[fund, at],
        }
        frames.append(pd.DataFrame(frame))
    return pd.concat(frames, ignore_index=True)


def history_table(run: RunResult) -> pd.DataFrame:
    """Return the events of every firm of the detailed paths, in the order of firms and time.

    Returns
    -------
    DataFrame
        One row an event: `path`, `firm` (its identity, the same in every run of the seed),
        `region`, `sector`, `stage`, `year`, `quarter` (1 to 4), `event`, `fund` (place of the
        investor, -1 for none), `amount_mcny`, `post_money_mcny` (NaN if the event has none).
    """
    world, frames = run.world, []
    first_year = _first_year(world)
    for item in _detailed(run):
        events = item.events
        firm = (events["key"].astype(np.uint64) << np.uint64(32)) | events["serial"]
        post = np.where(events["post_money"] > 0, events["post_money"], np.nan)
        frame = pd.DataFrame(
            {
                "path": item.path,
                "firm": firm,
                "region": _named(world.regions, events["region"]),
                "sector": _named(world.sectors, events["sector"]),
                "stage": _named(world.stages, events["stage"]),
                "year": events["quarter"] // 4 + first_year,
                "quarter": events["quarter"] % 4 + 1,
                "event": _named(EVENT_KINDS, events["kind"]),
                "fund": events["fund"],
                "amount_mcny": events["amount"],
                "post_money_mcny": post,
            }
        )
        frames.append(frame.iloc[np.argsort(firm, kind="stable")])
    return pd.concat(frames, ignore_index=True)


def _detailed(run: RunResult) -> tuple[PathDetail, ...]:
    """Return the detailed paths, or refuse a run that has none."""
    if not run.details:
        allowed = "a run with `detailed` of at least 1"
        raise InputError("details", [Problem("run", "no path in detail", allowed)])
    return run.details


def _first_year(world: World) -> int:
    return world.scenario.run.start_year - world.scenario.run.warm_up_years


def _named(names: tuple[str, ...], codes: IntArray) -> pd.Series[Any]:
    """Return names by code as a column that stores each name once, also when paths are joined."""
    return pd.Series(pd.Categorical.from_codes(codes.astype(np.int64), pd.Index(names)))


def _funds(world: World, item: PathDetail) -> pd.DataFrame:
    funds = item.funds
    focus = np.array([*world.sectors, ""])[funds["focus"].astype(np.int64)]
    frame = pd.DataFrame(
        {
            "path": item.path,
            "fund": np.arange(len(funds)),
            "fund_type": _named(world.fund_types, funds["kind"]),
            "region": _named(world.regions, funds["region"]),
            "focus": focus,
            "vintage": funds["vintage"] // 4 + _first_year(world),
            "commitment_mcny": funds["commitment"],
            "paid_in_mcny": funds["called"],
            "invested_mcny": funds["spent_new"] + funds["spent_follow"],
            "fees_mcny": funds["fees"],
            "received_mcny": funds["proceeds"],
            "to_lps_mcny": funds["to_lps"],
            "carry_mcny": funds["carry"],
            "clawback_mcny": funds["clawback"],
            "nav_mcny": item.nav,
        }
    )
    for lp, name in enumerate(world.lps):
        frame[f"lp_{name}_share"] = item.lp_share[:, lp]
    return frame
