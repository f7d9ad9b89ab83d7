"""A simulated market as deal records, so that every estimator of a file runs on it too.

The market knows quarters; records know days. Each event gets a day drawn uniformly within its
quarter, so that "within twelve months" means the same in both: with all events on one day of the
quarter four quarters apart would always count as within, and in a file only half of them do.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from finmodel.calibrate.round_table import DAYS_PER_QUARTER
from finmodel.datasets.deal_records import DealBook, ReadReport
from finmodel.errors import CalibrationError
from finmodel.market.columns import CLOSED as ROUND_CLOSED
from finmodel.market.columns import FAILED, FIRST_EXIT, GAVE_UP
from finmodel.market.result import PathDetail, RunResult

ROUTES = ("ipo", "mna", "transfer", "buyback")


def simulated_book(run: RunResult, *, first_quarter: int = 0) -> DealBook:
    """Return the rounds and exits of the detailed paths of a run as a deal book.

    Parameters
    ----------
    run : RunResult
        With at least one path in detail.
    first_quarter : int, optional
        Quarters at the start of the run whose rounds are left out, as the market starts empty:
        only firms whose first round is later are kept.

    Raises
    ------
    CalibrationError
        If the run kept no path in detail.
    """
    if not run.details:
        raise CalibrationError("a simulated deal book needs paths in detail; the run kept none")
    parts = [_path_events(run, item, first_quarter) for item in run.details]
    events = pd.concat(parts, ignore_index=True)
    world = run.world
    start = _start_day(run)
    n_quarters = world.arrays.calendar.n_quarters
    day = np.floor(start + (events["quarter"] + events["within"]) * DAYS_PER_QUARTER)
    date = pd.Series(day.to_numpy(dtype=np.int64).astype("datetime64[D]")).astype("datetime64[s]")
    events = events.assign(date=date)
    is_round = events["kind"] == ROUND_CLOSED
    rounds = events[is_round]
    names = np.array(world.stages, dtype=object)
    amounts = rounds["amount"].to_numpy(dtype=np.float64)
    book_rounds = pd.DataFrame(
        {
            "firm": rounds["firm"].to_numpy(),
            "date": rounds["date"].to_numpy(),
            "stage": names[rounds["stage"].to_numpy()],
            "kind": "equity",
            "amount_mcny": amounts,
            "low_mcny": amounts,
            "high_mcny": amounts,
            "currency": "CNY",
            "file": "simulated",
            "row": np.arange(len(rounds)),
        }
    ).sort_values(["firm", "date"], kind="stable", ignore_index=True)
    return DealBook(
        firms=_firms(run, rounds, events[~is_round]),
        rounds=book_rounds,
        investments=pd.DataFrame(columns=["firm", "date", "stage", "investor", "investor_region"]),
        exits=_exits(events[~is_round]),
        as_of=pd.Timestamp(np.datetime64(int(start + n_quarters * DAYS_PER_QUARTER), "D")),
        price_year=world.scenario.meta.price_year,
        report=ReadReport(pd.DataFrame(), pd.DataFrame()),
    )


def _start_day(run: RunResult) -> float:
    settings = run.world.scenario.run
    first = np.datetime64(f"{settings.start_year - settings.warm_up_years}-01-01", "D")
    return float(first.astype(np.int64))


def _path_events(run: RunResult, item: PathDetail, first_quarter: int) -> pd.DataFrame:
    """Return rounds and ends of firms whose first round is late enough."""
    events = item.events
    kind = events["kind"]
    is_end = ((kind >= FIRST_EXIT) & (kind < FIRST_EXIT + len(ROUTES))) | (kind == FAILED)
    is_end |= kind == GAVE_UP
    events = events[(kind == ROUND_CLOSED) | is_end]
    identity = (events["key"].astype(np.uint64) << np.uint64(32)) | events["serial"]
    number, firm = np.unique(identity, return_inverse=True)
    first = np.full(len(number), np.iinfo(np.int64).max)
    is_round = events["kind"] == ROUND_CLOSED
    np.minimum.at(first, firm[is_round], events["quarter"][is_round].astype(np.int64))
    n_quarters = run.world.arrays.calendar.n_quarters
    is_kept = (first[firm] >= first_quarter) & (first[firm] < n_quarters)
    # A stream of its own, fixed by seed and path: the same run gives the same days.
    rng = np.random.default_rng([run.seed, item.path, 0x0DA7E])
    within = rng.random(len(events))
    # Ends come before rounds within a quarter of the model, but only to firms without one.
    return pd.DataFrame(
        {
            "firm": (firm + item.path * 10_000_000)[is_kept],
            "quarter": events["quarter"][is_kept].astype(np.int64),
            "within": within[is_kept],
            "kind": events["kind"][is_kept].astype(np.int64),
            "stage": events["stage"][is_kept].astype(np.int64),
            "sector": events["sector"][is_kept].astype(np.int64),
            "region": events["region"][is_kept].astype(np.int64),
            "amount": events["amount"][is_kept],
        }
    )


def _firms(run: RunResult, rounds: pd.DataFrame, ends: pd.DataFrame) -> pd.DataFrame:
    first = rounds.drop_duplicates("firm").sort_values("firm")
    status = pd.Series("operating", index=first["firm"].to_numpy())
    for kind, word in ((FIRST_EXIT, "ipo"), (FIRST_EXIT + 1, "acquired")):
        status.loc[ends.loc[ends["kind"] == kind, "firm"].unique()] = word
    for kind in (FAILED, GAVE_UP, FIRST_EXIT + 2, FIRST_EXIT + 3):
        word = "closed" if kind in (FAILED, GAVE_UP) else "acquired"
        status.loc[ends.loc[ends["kind"] == kind, "firm"].unique()] = word
    world = run.world
    return pd.DataFrame(
        {
            "firm": first["firm"].to_numpy(),
            "name": "",
            "country": "CHN",
            "region": np.array(world.regions, dtype=object)[first["region"].to_numpy()],
            "sector": np.array(world.sectors, dtype=object)[first["sector"].to_numpy()],
            "founded": pd.Series(pd.NaT, index=first.index, dtype="datetime64[s]").to_numpy(),
            "status": status.to_numpy(),
        }
    )


def _exits(ends: pd.DataFrame) -> pd.DataFrame:
    words = {FIRST_EXIT + i: route for i, route in enumerate(ROUTES)}
    route = ends["kind"].map(words).fillna("write_off")
    is_value = route != "write_off"
    return pd.DataFrame(
        {
            "firm": ends["firm"].to_numpy(),
            "date": ends["date"].to_numpy(),
            "route": route.to_numpy(),
            "value_mcny": np.where(is_value, ends["amount"], np.nan),
        }
    )
