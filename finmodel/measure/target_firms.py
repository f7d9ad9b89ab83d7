"""Targets read off firms and their financings on the paths kept in detail."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from finmodel.market import columns as col
from finmodel.measure.target_details import NEVER, Details, Firms
from finmodel.measure.target_values import (
    NOTHING,
    Reading,
    Statistic,
    mean,
    median,
    of_samples,
    quarter_median,
    quotient_of_sums,
)
from finmodel.units import QUARTERS_PER_YEAR
from finmodel.world.arrays import ROUTES, FloatArray, IntArray

DetailMeasure = Callable[[Details], Reading]
MONTHS_PER_QUARTER = 3.0
HISTORY_YEARS = 11
"""Rounds of so many last years are looked at for waits, as in the deal file of 2005 to 2016."""


def each_path(details: Details, pick: Callable[[Firms], FloatArray], how: Statistic) -> Reading:
    """Return a statistic of what `pick` takes of the firms of every path."""
    return of_samples([pick(firms) for firms in details.firms], how)


def flags(values: NDArray[np.bool_]) -> FloatArray:
    """Return flags as numbers, whose mean is a share."""
    return values.astype(np.float64)


def reached(stage: str, years: float) -> DetailMeasure:
    """Return a measure of the share of firms with a round at `stage` or later within `years`."""

    def measure(details: Details) -> Reading:
        if stage not in details.world.stages:
            return NOTHING
        k, width = details.world.stages.index(stage), int(years * QUARTERS_PER_YEAR)

        def pick(firms: Firms) -> FloatArray:
            seen = watched(details, firms.born, width)
            first = firms.first_round[:, k:].min(axis=1)
            return flags((first <= firms.born + width)[seen])

        return each_path(details, pick, mean)

    return measure


def watched(details: Details, since: IntArray, width: int) -> NDArray[np.bool_]:
    """Return which quarters lie after the first half of the warm-up and `width` before the end."""
    start = details.first_reported // 2
    chosen: NDArray[np.bool_] = (since >= start) & (since < details.n_quarters - width)
    return chosen


def next_stage(stage: str, years: float) -> DetailMeasure:
    """Return a measure of the share of a stage's rounds with a later stage's within `years`."""

    def measure(details: Details) -> Reading:
        k, width = details.world.stages.index(stage), int(years * QUARTERS_PER_YEAR)

        def pick(firms: Firms) -> FloatArray:
            since = firms.first_round[:, k]
            seen = watched(details, since, width)
            later = firms.first_round[:, k + 1 :].min(axis=1)
            return flags(((later > since) & (later <= since + width))[seen])

        return each_path(details, pick, mean)

    return measure


def more_rounds(stage: str, n_more: int, years: float) -> DetailMeasure:
    """Return a measure of the share of firms with `n_more` rounds after their first at `stage`."""

    def measure(details: Details) -> Reading:
        k, width = details.world.stages.index(stage), int(years * QUARTERS_PER_YEAR)

        def pick(firms: Firms) -> FloatArray:
            since = firms.first_round[:, k]
            start = since[firms.round_firm]
            is_later = (firms.round_quarter > start) & (firms.round_quarter <= start + width)
            count = np.bincount(firms.round_firm[is_later], minlength=len(since))
            return flags((count >= n_more)[watched(details, since, width)])

        return each_path(details, pick, mean)

    return measure


def sold_after(stage: str, years: float) -> DetailMeasure:
    """Return a measure of the share of firms sold within `years` of a first round at `stage`."""

    def measure(details: Details) -> Reading:
        k, width = details.world.stages.index(stage), int(years * QUARTERS_PER_YEAR)
        sale = col.FIRST_EXIT + ROUTES.index("mna")

        def pick(firms: Firms) -> FloatArray:
            since = firms.first_round[:, k]
            is_sold = (firms.end_kind == sale) & (firms.end <= since + width)
            return flags(is_sold[watched(details, since, width)])

        return each_path(details, pick, mean)

    return measure


def months_between(stage: str, following: str) -> DetailMeasure:
    """Return a measure of the median months from a stage's first round to the next stage's."""

    def measure(details: Details) -> Reading:
        stages = details.world.stages
        k, after = stages.index(stage), stages.index(following)
        start = details.n_quarters - HISTORY_YEARS * QUARTERS_PER_YEAR

        def pick(firms: Firms) -> FloatArray:
            since, until = firms.first_round[:, k], firms.first_round[:, after]
            both = (since >= start) & (until != NEVER) & (until > since)
            return np.asarray((until - since)[both], np.float64)

        return each_path(details, pick, lambda q: MONTHS_PER_QUARTER * quarter_median(q))

    return measure


def age_at_end(last_stage: str) -> DetailMeasure:
    """Return a measure of the median age at failure or closure, by last stage with a round.

    An empty stage stands for firms that never had one. Years; ends of the reported years.
    """

    def measure(details: Details) -> Reading:
        k = details.world.stages.index(last_stage) if last_stage else -1

        def pick(firms: Firms) -> FloatArray:
            has_round = firms.first_round != NEVER
            last = np.where(
                has_round.any(axis=1),
                has_round.shape[1] - 1 - has_round[:, ::-1].argmax(axis=1),
                -1,
            )
            is_end = (firms.end_kind == col.FAILED) | (firms.end_kind == col.GAVE_UP)
            chosen = is_end & (last == k) & (firms.end >= details.first_reported)
            return np.asarray((firms.end - firms.born)[chosen], np.float64)

        return each_path(details, pick, lambda q: quarter_median(q) / QUARTERS_PER_YEAR)

    return measure


def _stage_rounds(details: Details, firms: Firms, k: int) -> NDArray[np.bool_]:
    """Return the places of first rounds of a stage, of the reported years, with a price."""
    chosen: NDArray[np.bool_] = (
        (firms.round_stage == k)
        & firms.is_first
        & (firms.round_quarter >= details.first_reported)
        & (firms.post_money > firms.amount)
    )
    return chosen


def dilution(stage: str) -> DetailMeasure:
    """Return a measure of the median part of a firm that a stage's round sells."""

    def measure(details: Details) -> Reading:
        k = details.world.stages.index(stage)

        def pick(firms: Firms) -> FloatArray:
            chosen = _stage_rounds(details, firms, k)
            return firms.amount[chosen] / firms.post_money[chosen]

        return each_path(details, pick, median)

    return measure


def step_up(stage: str, following: str) -> DetailMeasure:
    """Return a measure of the next stage's median pre-money over this stage's median post-money."""

    def measure(details: Details) -> Reading:
        stages = details.world.stages
        k, after = stages.index(stage), stages.index(following)

        def pick(firms: Firms) -> FloatArray:
            before, then = _stage_rounds(details, firms, k), _stage_rounds(details, firms, after)
            post, pre = firms.post_money[before], (firms.post_money - firms.amount)[then]
            width = max(len(post), len(pre))
            rows = np.full((width, 2), np.nan)
            rows[: len(post), 0], rows[: len(pre), 1] = post, pre
            return rows

        def ratio(rows: FloatArray) -> float:
            return float(np.nanmedian(rows[:, 1]) / np.nanmedian(rows[:, 0]))

        return each_path(details, pick, ratio)

    return measure


def multiples(low: float, high: float) -> DetailMeasure:
    """Return a measure of the share of financings whose multiple lies in [low, high)."""

    def measure(details: Details) -> Reading:
        samples = [
            ((item.multiple >= low) & (item.multiple < high)).astype(np.float64)
            for item in details.financings
        ]
        return of_samples(samples, mean)

    return measure


def money_at_multiples(low: float, high: float) -> DetailMeasure:
    """Return a measure of the share of money in financings whose multiple lies in [low, high)."""

    def measure(details: Details) -> Reading:
        samples = [
            np.stack(
                [item.cost * ((item.multiple >= low) & (item.multiple < high)), item.cost], axis=1
            )
            for item in details.financings
        ]
        return of_samples(samples, quotient_of_sums)

    return measure


def exit_case(route: str) -> DetailMeasure:
    """Return a measure of the share of a way out in investors' exits with value."""

    def measure(details: Details) -> Reading:
        code = ROUTES.index(route)
        return of_samples([(cases == code).astype(float) for cases in details.exit_cases], mean)

    return measure


INFINITE = float("inf")
FIRM_TARGETS: dict[str, DetailMeasure] = {
    "us_reached_seed": reached("angel", 6.5),
    "us_reached_A": reached("A", 6.5),
    "us_reached_B": reached("B", 6.5),
    "us_reached_C": reached("C", 6.5),
    "us_A_to_B_48m": next_stage("A", 4.0),
    "us_second_round": more_rounds("angel", 1, 7.5),
    "us_fourth_round": more_rounds("angel", 3, 7.5),
    "us_seed_sold": sold_after("angel", 7.0),
    "months_angel_A": months_between("angel", "A"),
    "months_A_B": months_between("A", "B"),
    "months_B_C": months_between("B", "C"),
    "us_months_A_B": months_between("A", "B"),
    "us_months_seed_A": months_between("angel", "A"),
    "age_at_end_unfunded": age_at_end(""),
    "age_at_end_angel": age_at_end("angel"),
    "age_at_end_A": age_at_end("A"),
    "age_at_end_B": age_at_end("B"),
    **{f"us_dilution_{stage}": dilution(stage) for stage in ("angel", "A", "B", "C")},
    "us_step_up_seed_A": step_up("angel", "A"),
    "us_step_up_A_B": step_up("A", "B"),
    "us_step_up_B_C": step_up("B", "C"),
    "us_multiple_below_1": multiples(0.0, 1.0),
    "us_multiple_1_5": multiples(1.0, 5.0),
    "us_multiple_5_10": multiples(5.0, 10.0),
    "us_multiple_10_20": multiples(10.0, 20.0),
    "us_multiple_from_20": multiples(20.0, INFINITE),
    "us_money_below_1": money_at_multiples(0.0, 1.0),
    "us_money_from_10": money_at_multiples(10.0, INFINITE),
    "exit_cases_ipo": exit_case("ipo"),
    "exit_cases_transfer": exit_case("transfer"),
    "exit_cases_buyback": exit_case("buyback"),
}
"""Measures of the table's targets that are read off firms."""
