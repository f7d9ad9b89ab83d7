"""From a deal book to exit multiples, and what of their spread a scenario makes by itself.

A multiple is the value at exit over one of two things:

* ``last_round``: the last equity round before the exit with a known amount, over the dilution of
  its stage in the scenario. That is the post-money the model's multiples are over; files of
  deals give amounts, hardly ever post-money. A dilution that is 10 % too high makes every
  multiple 10 % too high, and a bridge taken for a full round makes it about twice too high.
* ``raised``: all equity raised before the exit, of rounds with a known amount. It knows
  nothing of prices; medians over it are no numbers of a scenario, spread and tail are.

Each exit is told exactly, told at or below the floor (worth at most that many times what it is
over: sales in distress, tokens, and slips of the keyboard, of which only that much is used), in an
interval (if the amount below the fraction bar is one), or not told. Write-offs are no exits of this
law: in the model failure is a risk of its own. They can be counted as exits of a route at the
floor. What is left out is counted by reason.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import pandas as pd

from finmodel.calibrate.multiples import Multiples
from finmodel.datasets.deal_records import DealBook
from finmodel.scenario import Scenario
from finmodel.world.arrays import ROUTES, WRITE_OFF, FloatArray, IntArray

Base = Literal["last_round", "raised"]

FLOOR = 0.2
"""Times post-money; one last round at a dilution of a fifth. See the sensitivity."""
MIN_ROUND_MCNY = 0.5
"""Smaller last rounds are no rounds of the model's ladder: programmes, loans of friends, slips."""


@dataclass(frozen=True)
class ExitTerms:
    """What the estimation needs of a scenario.

    Attributes
    ----------
    dilution : Mapping of str to float
        Share sold in a round, by stage.
    other_log_sd : float
        Spread of log values at exit the model makes besides luck: quality, market, sector.
    cap : float
        Largest luck, in medians.
    """

    dilution: Mapping[str, float]
    other_log_sd: float = 0.0
    cap: float = np.inf


def exit_terms(scenario: Scenario) -> ExitTerms:
    """Return dilutions, other spread and cap of a scenario.

    The other variance is ``(value_loading quality_sd)^2 + (exit_loading market_log_sd)^2 +
    sector_log_sd^2``: that of all firms. Firms that reach an exit differ somewhat less among
    themselves, so it is an upper bound, and what is left for luck a lower one.
    """
    firms, weather = scenario.firms, scenario.environment
    parts = (
        firms.value_loading.centre * firms.quality_sd.centre,
        weather.exit_loading.centre * weather.market_log_sd.centre,
        weather.sector_log_sd.centre,
    )
    return ExitTerms(
        {name: stage.dilution.centre for name, stage in scenario.stages.items()},
        float(np.sqrt(sum(part**2 for part in parts))),
        scenario.exits.value_cap.centre,
    )


@dataclass(frozen=True)
class ExitRecords:
    """Exits of a book, ready for the likelihood.

    Attributes
    ----------
    data : Multiples
    routes : tuple of str
        By number.
    centre : float
        Log of the typical base, taken off `data`'s sizes.
    years : tuple of ndarray of int
        Year of exit of those told exactly, floored, in an interval, not told: the clusters.
    counts : Mapping of str to int
        Exits used, by how they are told, and left out, by reason.
    """

    data: Multiples
    routes: tuple[str, ...]
    centre: float
    years: tuple[IntArray, ...]
    counts: Mapping[str, int]

    def told_only(self) -> ExitRecords:
        """Return the records without exits not told, as if prices were told at random."""
        none, nowhere = np.empty(0), np.empty(0, np.int64)
        data = replace(self.data, hidden_route=nowhere, hidden_size=none)
        return replace(self, data=data, years=(*self.years[:3], nowhere))


def exit_records(
    book: DealBook,
    terms: ExitTerms,
    *,
    base: Base = "last_round",
    floor: float = FLOOR,
    min_round_mcny: float = MIN_ROUND_MCNY,
    write_offs_as: str | None = None,
) -> ExitRecords:
    """Return the exits of a book as multiples.

    Parameters
    ----------
    book : DealBook
    terms : ExitTerms
    base : {'last_round', 'raised'}
    floor : float
        A multiple of `base`, at least 0: values at or below it are only known to be so low.
    min_round_mcny : float
        Exits whose last round (or money raised) is smaller are left out.
    write_offs_as : str, optional
        Route as whose exits at the floor write-offs count; by default they are left out.
    """
    frame = _with_base(book, terms, base)
    counts: dict[str, int] = {}
    exits = frame["route"].isin(ROUTES)
    if write_offs_as is not None:
        lost = frame["route"] == WRITE_OFF
        frame.loc[lost, "value_mcny"] = 0.0
        frame.loc[lost, "route"] = write_offs_as
        exits |= lost
    for reason, is_out in (
        ("left out: write-off", ~exits),
        ("left out: no earlier equity round with a known amount", frame["amount"].isna()),
        (f"left out: base below {min_round_mcny:g} mcny", frame["amount"] < min_round_mcny),
        ("left out: value below 0", frame["value_mcny"] < 0),
    ):
        counts[reason] = int(is_out[frame.index].sum())
        frame = frame[~is_out[frame.index]]
    routes = tuple(route for route in ROUTES if (frame["route"] == route).any())
    return _told_apart(frame, routes, floor, counts)


def _with_base(book: DealBook, terms: ExitTerms, base: Base) -> pd.DataFrame:
    """Return the exits, one a firm and route, with what their multiple is over."""
    exits = book.exits.sort_values(["firm", "date"], kind="stable")
    exits = exits.drop_duplicates(["firm", "route"]).reset_index(drop=True)
    exits["exit"] = exits.index
    rounds = book.rounds[(book.rounds["kind"] == "equity") & (book.rounds["amount_mcny"] > 0)]
    pairs = exits[["exit", "firm", "date"]].merge(
        rounds[["firm", "date", "stage", "amount_mcny", "low_mcny", "high_mcny"]],
        on="firm",
        suffixes=("_exit", ""),
    )
    pairs = pairs[pairs["date"] <= pairs["date_exit"]].sort_values(["exit", "date"], kind="stable")
    by_exit = pairs.groupby("exit")
    names = ["amount_mcny", "low_mcny", "high_mcny"]
    if base == "raised":
        over = by_exit[names].sum()
        scale = pd.Series(1.0, index=over.index)
    else:
        last = by_exit.tail(1).set_index("exit")
        over = last[names]
        known = last["stage"].map(dict(terms.dilution)).astype(float)
        typical = known.mean() if known.notna().any() else np.mean(list(terms.dilution.values()))
        scale = known.fillna(float(typical))
    joined = over.div(scale, axis=0).rename(
        columns={"amount_mcny": "base", "low_mcny": "base_low", "high_mcny": "base_high"}
    )
    joined["amount"] = over["amount_mcny"]
    return exits.join(joined, on="exit").reset_index(drop=True)


def _told_apart(
    frame: pd.DataFrame, routes: tuple[str, ...], floor: float, counts: dict[str, int]
) -> ExitRecords:
    """Sort exits by how they are told."""
    number = frame["route"].map({route: i for i, route in enumerate(routes)})
    route = number.to_numpy(np.int64)
    value = frame["value_mcny"].to_numpy(np.float64)
    over, low, high = (
        frame[name].to_numpy(np.float64) for name in ("base", "base_low", "base_high")
    )
    centre = float(np.median(np.log(over))) if len(over) else 0.0
    size = np.log(over) - centre
    year = frame["date"].dt.year.to_numpy()
    is_told = np.isfinite(value)
    is_floored = is_told & (value <= floor * over)
    is_interval = is_told & ~is_floored & (high > low * (1 + 1e-9))
    is_exact = is_told & ~is_floored & ~is_interval
    for name, mask in (
        ("told exactly", is_exact),
        ("told at or below the floor", is_floored),
        ("told in an interval", is_interval),
        ("not told", ~is_told),
    ):
        counts[name] = int(mask.sum())
    log_floor = float(np.log(floor)) if floor > 0 else -np.inf
    data = Multiples(
        _log(value[is_exact] / over[is_exact]),
        route[is_exact],
        size[is_exact],
        route[is_floored],
        size[is_floored],
        np.maximum(_log(value[is_interval] / high[is_interval]), log_floor),
        _log(value[is_interval] / low[is_interval]),
        route[is_interval],
        size[is_interval],
        route[~is_told],
        size[~is_told],
        len(routes),
        log_floor,
    )
    years = (year[is_exact], year[is_floored], year[is_interval], year[~is_told])
    return ExitRecords(data, routes, centre, years, counts)


def _log(ratio: FloatArray) -> FloatArray:
    return np.asarray(np.log(ratio))
