"""A regional integration index of the run, beside the official collaborative-innovation index."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from finmodel import datasets
from finmodel.market import columns as col
from finmodel.market.collect import outcome_column
from finmodel.market.result import RunResult
from finmodel.measure.details import fund_table, history_table
from finmodel.measure.monte_carlo import jackknife, jackknife_chunks, quotient
from finmodel.world import ROUTES, World
from finmodel.world.arrays import FloatArray

OFFICIAL = "YRD regional collaborative innovation index"
"""Its name in `data/provinces/yrd_index.csv`."""

FLOWS = ("resource_sharing", "innovation_cooperation", "industry_linkage", "environment_support")
RESULTS = "results_sharing"
BASE = 100.0
NO_DETAILS, NO_BASE = "no details", "no base"

Estimate = tuple[FloatArray, FloatArray]
"""By year, with its standard error."""

STATEMENT = (
    "The simulated index has the names, the base of 100 and the five parts of the official index, "
    "and nothing else of it. Each part is one quantity of the simulated venture market: it sees no "
    "technology contracts, patent transfers or joint patents, which the reports of the official "
    "index quote. The two differ in what they measure and in their base year; they stand side by "
    "side, are never joined, and neither confirms the other. In a scenario in which no policy "
    "changes, the simulated index moves with the cycle, with the market's own drift and with "
    "simulation error alone; its use is the comparison of scenarios. The editions of the official "
    "index are rebased and revised, and are never chained."
)
"""What the index is and is not, in the words of the documentation."""


def crossing_share(flow: FloatArray) -> FloatArray:
    """Return the part of a flow that crosses a border.

    Parameters
    ----------
    flow : ndarray of shape (..., R, R)
        From fund region to firm region.

    Returns
    -------
    ndarray of shape (...)
        NaN where nothing flows.
    """
    total = flow.sum(axis=(-2, -1))
    home = np.trace(flow, axis1=-2, axis2=-1)
    return quotient(total - home, total)


def pair_evenness(flow: FloatArray) -> FloatArray:
    """Return how evenly what crosses borders is spread over the pairs of regions.

    Parameters
    ----------
    flow : ndarray of shape (..., R, R)

    Returns
    -------
    ndarray of shape (...)
        Shannon entropy over the ordered pairs of different regions, over its maximum: 1 if
        all pairs have the same flow, 0 if one has all. NaN where nothing crosses a border.
    """
    n_regions = flow.shape[-1]
    pairs = flow[..., ~np.eye(n_regions, dtype=bool)]
    share = quotient(pairs, pairs.sum(axis=-1, keepdims=True))
    logs = np.log(np.where(share > 0, share, 1.0))
    most = np.array(np.log(max(1, pairs.shape[-1])))
    return quotient(-(share * logs).sum(axis=-1), most)


def as_index(values: FloatArray) -> FloatArray:
    """Return values over that of the first year, times 100; years are the last axis.

    NaN throughout where the first year is 0 or NaN.
    """
    return BASE * quotient(values, values[..., :1])


def integration_table(run: RunResult) -> pd.DataFrame:
    """Return the simulated sub-indices by year, and the official series beside them.

    Simulated quantities, all sectors but the last:

    - resource sharing: share of the money invested that crosses a border;
    - innovation cooperation: share of the rounds joined by an investor that cross a border;
    - industry linkage: evenness of the money that crosses borders over pairs of regions;
    - results sharing: of the firms with investors that exit, the share with an investor from
      another region; needs paths in detail, NaN without;
    - environment support: share of the viable needs of hard technology that are funded in
      full, in count.

    Parameters
    ----------
    run : RunResult

    Returns
    -------
    DataFrame
        One row a year and component: `series` (`simulated`; `official` if the regions are
        the provinces of the delta), `edition` of an official figure, `year`, `component` (the
        five, `total`, their mean, `total_without_results`, the mean of the four that need no
        details), `index_value` with its standard error, the quantity behind it `indicator`
        with its standard error (ratios of means over paths), `base`, `source_id`, and `reason`,
        why there is no number. The first reported year is 100, with a standard error of 0.
        Standard errors by leaving out a path at a time; that of `total` takes results sharing
        as independent of the rest. Official figures as printed, by edition, without errors.
    """
    years = list(run.world.years)
    n_regions = len(run.world.regions)
    values, errors = jackknife_chunks(
        lambda: _yearly(run), lambda mean: _with_indices(mean, n_regions)
    )
    void = np.full(len(years), np.nan)
    nothing: Estimate = (void, void)
    levels = {name: (values[j], errors[j]) for j, name in enumerate(FLOWS)}
    indices = {
        name: (values[len(FLOWS) + j], errors[len(FLOWS) + j]) for j, name in enumerate(FLOWS)
    }
    levels[RESULTS], indices[RESULTS] = _results(run) if run.details else (nothing, nothing)
    four, four_se = values[-1], errors[-1]
    part, part_se = indices[RESULTS]
    n = len(FLOWS)
    total_se = np.sqrt((n * four_se) ** 2 + part_se**2) / (n + 1)
    indices["total"] = ((n * four + part) / (n + 1), total_se)
    indices["total_without_results"] = (four, four_se)
    frames = []
    for name, (index, index_se) in indices.items():
        level, level_se = levels.get(name, nothing)
        needs_details = name in (RESULTS, "total") and not run.details
        why = NO_DETAILS if needs_details else NO_BASE
        frame = pd.DataFrame({"series": "simulated", "edition": "", "year": years})
        frame["component"] = name
        frame["index_value"], frame["index_value_se"] = index, index_se
        frame["indicator"], frame["indicator_se"] = level, level_se
        frame["base"], frame["source_id"] = f"{years[0]}={BASE:.0f}", ""
        frame["reason"] = np.where(np.isnan(index), why, "")
        frames.append(frame)
    official = _official(run.world)
    return pd.concat([*frames, official] if len(official) else frames, ignore_index=True)


def _yearly(run: RunResult) -> Iterator[FloatArray]:
    """Yield what the sub-indices are made of, chunks of shape (paths, Y, 2 R R + 2).

    Rounds joined and money by pair of regions, then viable needs of hard technology and those
    funded in full.
    """
    columns = [outcome_column(o, col.MARKET, is_money=False) for o in range(col.N_OUTCOMES)]
    first = 0
    for panel in run.spools["panel"].chunks():
        last = first + len(panel)
        flow = run.spools["flow"].read(first, last).sum(axis=3)
        # path, side, year, fund region, firm region
        pairs = np.moveaxis(flow, 1, 2).reshape(*flow[:, 0, :, 0, 0].shape, -1)
        hard = panel[:, :, :, :, 1].sum(axis=(2, 3))[..., columns]
        needs = np.stack([hard.sum(axis=-1), hard[..., col.FUNDED]], axis=-1)
        yield np.concatenate([pairs, needs], axis=-1)
        first = last


def _with_indices(mean: FloatArray, n_regions: int) -> FloatArray:
    """Return the quantities of `FLOWS`, their indices, and the indices' mean: (..., 9, Y)."""
    flow = mean[..., :-2].reshape(*mean.shape[:-1], 2, n_regions, n_regions)
    rounds, money = flow[..., 0, :, :], flow[..., 1, :, :]
    levels = np.stack(
        [
            crossing_share(money),
            crossing_share(rounds),
            pair_evenness(money),
            quotient(mean[..., -1], mean[..., -2]),
        ],
        axis=-2,
    )
    indices = as_index(levels)
    return np.concatenate([levels, indices, indices.mean(axis=-2, keepdims=True)], axis=-2)


def exits_by_origin(run: RunResult) -> FloatArray:
    """Return exits of firms with investors, and of those with one from another region.

    Returns
    -------
    ndarray of shape (detailed paths, Y, 2)
        By path and reported year. Investments of the warm-up count; buy-backs are exits.

    Raises
    ------
    InputError
        For a run that kept no path in detail.
    """
    events = history_table(run)
    homes = fund_table(run)[["path", "fund", "region"]]
    deals = events.loc[(events["event"] == "investment").to_numpy()]
    deals = deals[["path", "firm", "fund", "region"]].merge(
        homes, on=["path", "fund"], suffixes=("", "_home")
    )
    is_foreign = deals["region"] != deals["region_home"]
    backed = is_foreign.groupby([deals["path"], deals["firm"]]).any().rename("foreign")
    ended = events.loc[events["event"].isin(ROUTES).to_numpy(), ["path", "firm", "year"]]
    ended = ended.join(backed, on=["path", "firm"], how="inner")
    counts = np.zeros((len(run.details), len(run.world.years), 2))
    for d, item in enumerate(run.details):
        of_path = ended[ended["path"] == item.path]
        for y, year in enumerate(run.world.years):
            foreign = of_path.loc[of_path["year"] == year, "foreign"]
            counts[d, y] = len(foreign), foreign.sum()
    return counts


def _results(run: RunResult) -> tuple[Estimate, Estimate]:
    """Return the level of results sharing by year, and its index."""

    def statistic(mean: FloatArray) -> FloatArray:
        level = quotient(mean[..., 1], mean[..., 0])
        return np.stack([level, as_index(level)], axis=-2)

    values, errors = jackknife(exits_by_origin(run), statistic)
    return (values[0], errors[0]), (values[1], errors[1])


def _official(world: World) -> pd.DataFrame:
    """Return the official series, every edition; no rows unless the regions are the delta's."""
    provinces = datasets.provinces()
    if set(world.regions) != set(provinces.loc[provinces["is_yrd"] == 1, "iso"]):
        return pd.DataFrame()
    table = datasets.read_table("provinces/yrd_index")
    table = table[table["index_name"] == OFFICIAL]
    frame = table[["edition", "year", "component", "source_id"]].copy()
    frame["index_value"], frame["base"] = table["value"], table["unit"]
    frame["series"], frame["reason"] = "official", ""
    return frame.sort_values(["edition", "component", "year"])
