"""The law of values at exit from a deal book: medians, body, tail, and how far to trust them.

The likelihood is that of :mod:`finmodel.calibrate.spliced_law`, averaged over thresholds. Numbers
follow from its parameters by

    exits.<route>_value_multiple = exp(mu_route)
    exits.value_log_sd           = sqrt(s^2 - o^2)
    exits.tail_index             = a
    exits.tail_share             = q'  with  ln q' + a s' z_q' + a^2 o^2 / 2 = ln q + a s z_q

where ``s' = exits.value_log_sd``, ``z_q = N^-1(1 - q)`` and ``o`` is the log spread the model
makes by itself, out of quality, market and sector: records show luck and that together. The
last row equates the two laws far out, where a Pareto times an independent factor is a Pareto
of the same index (Breiman). Medians are of firms that exit, whose quality is above the
mean; the model's are at mean quality, so these are upper bounds of them.

Standard errors are those of the average over thresholds, or clustered by year of exit if
those are larger. A tail that is not told from a lognormal, or is only because of its two largest
exits, is not estimated: its keys are left out, and the note of the spread says so.

References
----------
Breiman (1965), On some limit theorems similar to the arc-sin law, Theory of Probability and its
Applications 10. Korteweg & Sorensen (2010), Risk and return characteristics of venture
capital-backed entrepreneurial companies, Review of Financial Studies 23.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from finmodel.calibrate.estimates import Block, Estimate
from finmodel.calibrate.exit_records import (
    FLOOR,
    MIN_ROUND_MCNY,
    Base,
    ExitTerms,
    exit_records,
)
from finmodel.calibrate.exit_study import ExitStudy, exit_study
from finmodel.calibrate.reasons import NotEstimable
from finmodel.calibrate.threshold_average import MIN_GAIN
from finmodel.datasets.deal_records import DealBook
from finmodel.errors import CalibrationError
from finmodel.world.arrays import FloatArray

KEYS = ("exits.value_log_sd", "exits.tail_share", "exits.tail_index")


def exit_block(
    book: DealBook,
    terms: ExitTerms,
    *,
    base: Base = "last_round",
    floor: float = FLOOR,
    min_round_mcny: float = MIN_ROUND_MCNY,
    write_offs_as: str | None = None,
) -> Block | NotEstimable:
    """Estimate the law of values at exit from a deal book.

    Parameters
    ----------
    book : DealBook
    terms : ExitTerms
        From :func:`finmodel.calibrate.exit_records.exit_terms`.
    base, floor, min_round_mcny, write_offs_as
        As in :func:`finmodel.calibrate.exit_records.exit_records`.

    Returns
    -------
    Block or NotEstimable
        The reason if there are too few exits with a value, or the likelihood has no maximum.
        Medians over money raised stand under ``extra.``: no scenario has them.
    """
    records = exit_records(
        book,
        terms,
        base=base,
        floor=floor,
        min_round_mcny=min_round_mcny,
        write_offs_as=write_offs_as,
    )
    try:
        study = exit_study(records, terms)
    except CalibrationError as error:
        return NotEstimable("exits", f"{error}.", KEYS)
    return _block(study, terms, base)


def luck_share(log_sd: float, share: float, index: float, other_log_sd: float) -> float:
    """Return the tail share of luck alone, given the law of luck times other factors.

    Parameters
    ----------
    log_sd, share, index : float
        Of the product; `log_sd` above `other_log_sd`.
    other_log_sd : float
        Log spread of the other, lognormal, factors.

    Returns
    -------
    float
        NaN if no luck has such a tail (it would have to begin in the body).
    """
    from scipy.optimize import brentq
    from scipy.special import log_ndtr

    luck_sd = float(np.sqrt(log_sd**2 - other_log_sd**2))
    if other_log_sd == 0:
        return share

    def level(z: float, sd: float) -> float:
        return float(log_ndtr(-z) + index * sd * z)

    from scipy.special import ndtri

    target = level(-float(ndtri(share)), log_sd) - 0.5 * (index * other_log_sd) ** 2
    # Beyond its maximum `level` falls in z; before it the Pareto would be above the body.
    grid = np.linspace(0.0, 8.0, 801)
    levels = log_ndtr(-grid) + index * luck_sd * grid
    top = int(levels.argmax())
    if levels[top] < target or top == len(grid) - 1:
        return float("nan")
    z = brentq(lambda z: level(z, luck_sd) - target, grid[top], 12.0)
    return float(np.exp(log_ndtr(-z)))


def _block(study: ExitStudy, terms: ExitTerms, base: Base) -> Block | NotEstimable:
    """Turn the fit into numbers of a scenario."""
    fit, routes = study.fit, study.records.routes
    n_routes, other = len(routes), terms.other_log_sd
    raw = fit.value if study.has_tail else fit.body
    sd = study.sd if study.has_tail else study.body_sd
    spread = fit.covariance if study.has_tail else fit.body_covariance
    n_kept = n_routes + (3 if study.has_tail else 1)
    raw, sd, spread = raw[:n_kept], sd[:n_kept], spread[:n_kept, :n_kept]
    if np.exp(raw[n_routes]) <= other:
        reason = (
            f"the log spread of multiples, {np.exp(raw[n_routes]):.2f}, is not above what the "
            f"scenario makes of quality and market alone, {other:.2f}: nothing is left for luck."
        )
        return NotEstimable("exits", reason, KEYS)

    def numbers(theta: FloatArray) -> FloatArray:
        return _numbers(theta, n_routes, other)

    value = numbers(raw)
    kept = np.isfinite(value)
    jacobian = _jacobian(numbers, raw)[kept]
    deviation = np.sqrt(np.diagonal(spread))
    scaled = spread * np.outer(sd / deviation, sd / deviation)
    covariance = jacobian @ scaled @ jacobian.T
    keys = [_median_key(route, base) for route in routes] + list(KEYS)
    units = [_unit(base)] * n_routes + ["ln", "share", "index"]
    names = [(key, unit) for key, unit, is_kept in zip(keys, units, kept, strict=False) if is_kept]
    notes = _notes(study, base)
    estimates = [
        Estimate(
            key,
            float(value[kept][i]),
            float(np.sqrt(covariance[i, i])),
            unit,
            study.records.data.n_told,
            _method(study),
            notes.get(key.rpartition(".")[2], notes["median"]),
        )
        for i, (key, unit) in enumerate(names)
    ]
    if study.is_cap_broken and study.has_tail:
        estimates.append(_cap(study))
        covariance = np.pad(covariance, (0, 1))
        covariance[-1, -1] = np.nan
    return Block("exits", tuple(estimates), covariance, study.diagnostics)


def _numbers(theta: FloatArray, n_routes: int, other: float) -> FloatArray:
    """Return medians, luck's spread and, with a tail, luck's share and index."""
    log_sd = float(np.exp(theta[n_routes]))
    luck = np.sqrt(max(log_sd**2 - other**2, 0.0))
    found = [*np.exp(theta[:n_routes]), luck]
    if len(theta) > n_routes + 1:
        index = float(np.exp(theta[n_routes + 2]))
        share = float(1 / (1 + np.exp(-theta[n_routes + 1])))
        found += [luck_share(log_sd, share, index, other), index]
    return np.array(found)


def _jacobian(function: Callable[[FloatArray], FloatArray], at: FloatArray) -> FloatArray:
    step = 1e-4
    sides = [
        (function(at + move) - function(at - move)) / (2 * step) for move in step * np.eye(len(at))
    ]
    return np.array(sides).T


def _median_key(route: str, base: Base) -> str:
    if base == "last_round":
        return f"exits.{route}_value_multiple"
    return f"extra.{route}_multiple_of_raised"


def _unit(base: Base) -> str:
    return "x post-money" if base == "last_round" else "x raised"


def _method(study: ExitStudy) -> str:
    told = "with the chance of a price being told" if study.records.data.has_hidden else "told only"
    if not study.has_tail:
        return f"censored likelihood of a lognormal, {told}"
    return f"censored likelihood of body and capped Pareto, {told}, averaged over thresholds"


def _notes(study: ExitStudy, base: Base) -> dict[str, str]:
    over = "the last round over its dilution" if base == "last_round" else "all equity raised"
    notes = {
        "median": f"Over {over}; of firms that exit, whose quality is above the mean.",
        "value_log_sd": "Spread of luck, less what the scenario makes of quality and market.",
        "tail_share": "Of luck alone; hangs on where the tail begins, which is averaged over.",
        "tail_index": "Averaged over where the tail begins.",
    }
    if not study.has_tail:
        notes["value_log_sd"] += (
            f" No tail is told from a lognormal (log likelihood gain {study.fit.log_gain:.1f}, "
            f"without the two largest {study.gain_without:.1f}, needed {MIN_GAIN:g}): share and "
            "index stay as they were."
        )
    return notes


def _cap(study: ExitStudy) -> Estimate:
    """Return the largest value seen, as a lower bound of the cap."""
    note = (
        "The largest value seen, above the cap of the scenario: a lower bound and no estimate, "
        "hence no error. It holds quality and market as well as luck."
    )
    n, value = study.records.data.n_told, float(np.exp(study.largest))
    return Estimate("exits.value_cap", value, float("nan"), "x median", n, "largest told", note)
