"""Targets read off the panels that every path leaves: deals, money, provinces, rounds, exits.

Counts and money are divided by `run.scale`, so that a small run can be held against the whole
market; its futures then spread wider than those of the market. A world with more regions than the
delta's is read in the delta's alone where the figure is the delta's.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from finmodel.market import columns as col
from finmodel.market.result import RunResult
from finmodel.measure.target_values import NOTHING, Reading, of_windows, of_years, one_less
from finmodel.world.arrays import ROUTES, FloatArray

Measure = Callable[[RunResult, int], Reading]
"""From a run and the years of the evidence to what the run says."""

DELTA = ("SH", "JS", "ZJ", "AH")
HUB = "SH"
N_MAINLAND = 31
FIRST_AGE = 6
"""Whole years after the year of birth at whose end survival is read."""


def _regions(run: RunResult, names: Sequence[str]) -> list[int] | None:
    """Return the places of regions in a run, None if it lacks one."""
    known = run.world.regions
    return [known.index(name) for name in names] if set(names) <= set(known) else None


def _panel(run: RunResult, column: int, where: list[int], sectors: str = "all") -> FloatArray:
    """Return a column by path and year, summed over stages and these regions, (P, Y)."""
    part = slice(None) if sectors == "all" else slice(1, 2)

    def reduce(block: FloatArray) -> FloatArray:
        total: FloatArray = block[..., column][:, :, where][..., part].sum(axis=(2, 3, 4))
        return total

    return run.spools["panel"].collect(reduce)


def delta_total(column: int, sectors: str) -> Measure:
    """Return a measure of a yearly total of the delta's four provinces, at full scale."""

    def measure(run: RunResult, span: int) -> Reading:
        where = _regions(run, DELTA)
        if where is None:
            return NOTHING
        values = _panel(run, column, where, sectors)
        return of_years(values / run.world.scenario.run.scale, None, span)

    return measure


def mainland_total(column: int) -> Measure:
    """Return a measure of a yearly total of all provinces, of a world that has them all."""

    def measure(run: RunResult, span: int) -> Reading:
        n = len(run.world.regions)
        if n < N_MAINLAND:
            return NOTHING
        values = _panel(run, column, list(range(n)))
        return of_years(values / run.world.scenario.run.scale, None, span)

    return measure


def delta_share(region: str) -> Measure:
    """Return a measure of one province's share of the delta's deals."""

    def measure(run: RunResult, span: int) -> Reading:
        own, all_four = _regions(run, (region,)), _regions(run, DELTA)
        if own is None or all_four is None:
            return NOTHING
        return of_years(_panel(run, col.DEAL_N, own), _panel(run, col.DEAL_N, all_four), span)

    return measure


def panel_share(top: int, bottom: int) -> Measure:
    """Return a measure of one column over another, all regions and stages."""

    def measure(run: RunResult, span: int) -> Reading:
        where = list(range(len(run.world.regions)))
        return of_years(_panel(run, top, where), _panel(run, bottom, where), span)

    return measure


def graduation(stage: str, column: int, years_watched: int) -> Measure:
    """Return a measure of the share of a stage's rounds followed by a later stage's round.

    Cohorts are watched for the whole window: the last `years_watched` are left out.
    """

    def measure(run: RunResult, span: int) -> Reading:
        if stage not in run.world.stages[:-1]:
            return NOTHING
        k = run.world.stages.index(stage)
        panel = run.spools["panel"].collect(
            lambda block: block[:, :, :, k][..., [column, col.COHORT_N]].sum(axis=(2, 3))
        )
        kept = panel[:, : max(0, panel.shape[1] - years_watched)]
        return of_years(kept[..., 0], kept[..., 1], span)

    return measure


def flow_share(which: str) -> Measure:
    """Return a measure of a share in the rounds joined across the delta's provinces.

    `which` is `out` of Shanghai, `into` it, or `others`: among the other three.
    """

    def measure(run: RunResult, span: int) -> Reading:
        where = _regions(run, DELTA)
        if where is None:
            return NOTHING
        hub = DELTA.index(HUB)
        is_cross = ~np.eye(len(DELTA), dtype=bool)
        chosen = np.zeros_like(is_cross)
        if which == "out":
            chosen[hub] = True
        elif which == "into":
            chosen[:, hub] = True
        else:
            chosen[:] = True
            chosen[hub], chosen[:, hub] = False, False
        chosen &= is_cross

        def reduce(block: FloatArray) -> FloatArray:
            rounds = block[:, 0].sum(axis=2)[:, :, where][..., where]
            return np.stack([rounds[..., chosen].sum(-1), rounds[..., is_cross].sum(-1)], axis=-1)

        both = run.spools["flow"].collect(reduce)
        return of_years(both[..., 0], both[..., 1], span)

    return measure


def _fund_flows(run: RunResult) -> FloatArray:
    """Return flows of all funds by path, year and column."""
    return run.spools["fund_flow"].collect(lambda block: block.sum(axis=(2, 3)))


def fund_ratio(top: int, bottom: int) -> Measure:
    """Return a measure of one flow of funds over another, all types and homes."""

    def measure(run: RunResult, span: int) -> Reading:
        flows = _fund_flows(run)
        return of_years(flows[..., top], flows[..., bottom], span)

    return measure


def money_log_sd(run: RunResult, span: int) -> Reading:
    """Return the spread of the log of yearly money over as many years in a row as the evidence."""
    flows = _fund_flows(run)[..., col.INVESTED_M]
    if not (flows > 0.0).all():
        return NOTHING
    return of_windows(np.log(flows), span, lambda years: float(years.std(ddof=1)))


def alive_share(run: RunResult, span: int) -> Reading:
    """Return the share of firms still there at the end of the sixth year after that of birth."""
    survival = run.spools["survival"].collect(lambda block: block.sum(axis=1))
    n_cohorts = survival.shape[1] - FIRST_AGE
    if n_cohorts < 1:
        return NOTHING
    born = np.stack([survival[:, y, :, col.COHORT_BORN].sum(axis=1) for y in range(n_cohorts)], 1)
    ended = np.stack(
        [
            survival[:, y, : y + FIRST_AGE + 1, col.FIRST_ROUTE :].sum(axis=(1, 2))
            for y in range(n_cohorts)
        ],
        1,
    )
    return of_years(born - ended, born, span)


def ipo_among_sales(run: RunResult, span: int) -> Reading:
    """Return the share of IPOs in firms listed or sold."""
    where = list(range(len(run.world.regions)))
    listed, sold = _panel(run, col.IPO_N, where), _panel(run, col.MNA_N, where)
    return of_years(listed, listed + sold, span)


def ipo_multiple(run: RunResult, span: int) -> Reading:
    """Return the mean multiple of investors' money in firms that list, an unweighted mean."""
    exits = run.spools["exits"]
    counts = exits.row_counts()
    n_paths, years = len(counts), run.world.years
    sums = np.zeros((n_paths, len(years), 2))
    for path in range(n_paths):
        rows = exits.read(path, path + 1)
        rows = rows[(rows["route"] == ROUTES.index("ipo")) & (rows["raised"] > 0)]
        # Exits carry the place of their year among the reported ones.
        year = rows["year"].astype(np.int64)
        multiple = rows["proceeds"].astype(np.float64) / rows["raised"]
        sums[path, :, 0] = np.bincount(year, multiple, len(years))
        sums[path, :, 1] = np.bincount(year, minlength=len(years))
    return of_years(sums[..., 0], sums[..., 1], span)


def top_share(regions: Sequence[str]) -> Measure:
    """Return a measure of some provinces' share of all deals, of a world with all provinces."""

    def measure(run: RunResult, span: int) -> Reading:
        n, some = len(run.world.regions), _regions(run, regions)
        if n < N_MAINLAND or some is None:
            return NOTHING
        return of_years(_panel(run, col.DEAL_N, some), _panel(run, col.DEAL_N, [*range(n)]), span)

    return measure


def _graduations() -> dict[str, Measure]:
    """Return measures of every cohort and window that the table has."""
    found: dict[str, Measure] = {}
    for stage in ("angel", "A", "B", "C"):
        two, three = graduation(stage, col.GRADUATED_8Q_N, 2), graduation(stage, *THREE_YEARS)
        names = ("", "_all", "_2010", "_2012")
        found |= {f"graduation_24m_{stage}{name}": two for name in names}
        found[f"graduation_36m_{stage}"] = three
        found |= {f"us_graduation_24m_{stage}": two, f"us_graduation_36m_{stage}": three}
    return found


THREE_YEARS = (col.GRADUATED_12Q_N, 3)
PANEL_TARGETS: dict[str, Measure] = {
    "deals_all": delta_total(col.DEAL_N, "all"),
    "deals_hard_tech": delta_total(col.DEAL_N, "hard_tech"),
    "money_all": delta_total(col.DEAL_M, "all"),
    "money_hard_tech": delta_total(col.DEAL_M, "hard_tech"),
    "deals_china": mainland_total(col.DEAL_N),
    "money_china": mainland_total(col.DEAL_M),
    "top_five_provinces": top_share(("JS", "BJ", "SH", "ZJ", "GD")),
    **{f"split_{region}": delta_share(region) for region in DELTA},
    "flow_out_of_SH": flow_share("out"),
    "flow_into_SH": flow_share("into"),
    "flow_among_others": flow_share("others"),
    "invested_over_raised": fund_ratio(col.INVESTED_M, col.RAISED_M),
    "money_log_sd": money_log_sd,
    **_graduations(),
    "first_round_share": panel_share(col.FIRST_N, col.DEAL_N),
    "us_down_round_share": panel_share(col.DOWN_N, col.PRICED_N),
    "us_alive_6y": alive_share,
    "ipo_multiple": ipo_multiple,
    "ipo_among_sales": ipo_among_sales,
    "us_sales_among_exits": lambda run, span: one_less(ipo_among_sales(run, span)),
    "us_fees_over_life": fund_ratio(col.FEES_M, col.RAISED_M),
    "new_fund_size": fund_ratio(col.RAISED_M, col.RAISED_N),
}
"""Measures of the table's targets that need no path in detail."""
