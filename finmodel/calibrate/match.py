"""Rates of a scenario that make its market show the graduation curves of records.

A round is not a milestone: a milestone is reached, a need opens, and the market finances it or
not. So no rate of a scenario can be read off records. Rates are sought at which the simulated
market, seen through the same estimator, has the same curves (indirect inference): the
shares graduated within given months, weighted by their standard errors in the records, are brought
as near as they come over the logs of each stage's rates and of its ramp of milestones, on the same
luck in every trial, by steps along a plain formula (:mod:`finmodel.calibrate.search`); a last step
and all errors come from slopes of the market (:mod:`finmodel.calibrate.slopes`). The slope
of a curve pins the milestone rate, its first year the ramp, and where it levels off the failure
rate, because a firm that failed graduates no more; closures are hardly recorded and are not used.

References
----------
Gourieroux, C., Monfort, A. and Renault, E. (1993), Indirect inference, J. Applied Econometrics 8.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypedDict

import numpy as np
import pandas as pd

from finmodel.calibrate.estimates import Block
from finmodel.calibrate.match_errors import (
    FIELDS,
    MATCHED_MONTHS,
    Target,
    fit_table,
    parameters_of,
    rate_block,
    why_lost,
)
from finmodel.calibrate.search import nearest
from finmodel.calibrate.simulated_moments import Setting, SimulatedMoments, simulated_moments
from finmodel.calibrate.slopes import market_slopes, settle
from finmodel.calibrate.survival import Curve
from finmodel.errors import CalibrationError
from finmodel.world.arrays import FloatArray

LOWER_EDGE, UPPER_EDGE = 1e-3, 0.1
"""Distance in logs from an end of its range at which a number counts as lost.

Wider above: the last steps are averaged, and one of them may have been inside.
"""
LEAST_EFFECT = 0.1
"""Standard errors by which some share must move when a number moves by a log, or it is lost."""
MAX_TRIALS = 6
"""Markets of a search: a third of them before sizes are set anew. Last steps come on top."""
SMOOTHING = (-0.2, 0.0, 0.2)
"""Logs by which ramps are moved and averaged over: in steps of a quarter a formula has kinks."""
FIRST_RAMPS = (0.5, 2.0, 4.0, 8.0)
"""Ramps that a search may start from, quarters."""

Tick = Callable[[], None]


class _Ends(TypedDict):
    """What the design and the last step are told of the numbers."""

    low: FloatArray
    high: FloatArray
    block: int


@dataclass(frozen=True)
class SizeTarget:
    """Mean log amounts by stage and their common spread in the records."""

    mean_log: Mapping[str, float]
    log_sd: float


@dataclass(frozen=True)
class Match:
    """Rates found.

    Attributes
    ----------
    block : Block
        Rates with their joint covariance.
    overrides : tuple of str
        All numbers that were changed, as ``dotted.key=value``: rates, asks and the spread.
    asks : dict of float
        Median ask by stage, million CNY.
    size_log_sd : float
    moments : SimulatedMoments
        Of the market found.
    fit : DataFrame
        `stage`, `months`, `records`, `standard_error`, `simulated`, `simulated_se`, `z`.
    n_trials : int
        Markets simulated.
    """

    block: Block
    overrides: tuple[str, ...]
    asks: dict[str, float]
    size_log_sd: float
    moments: SimulatedMoments
    fit: pd.DataFrame
    n_trials: int


class _Market:
    """Simulates trials and counts them."""

    def __init__(
        self,
        setting: Setting,
        names: Sequence[str],
        targets: Sequence[Target],
        fixed: Mapping[str, float],
        tick: Tick,
        cancel: threading.Event | None,
    ) -> None:
        self.setting, self.names, self.targets, self.fixed = setting, names, targets, fixed
        self.tick, self.cancel = tick, cancel
        self.sizes: dict[str, float] = {}
        self.n_trials = 0
        self._last: tuple[bytes, SimulatedMoments] | None = None

    def overrides(self, x: FloatArray) -> list[str]:
        """Return the changes that a point stands for."""
        rates = [f"{key}={float(np.exp(v))!r}" for key, v in zip(self.names, x, strict=True)]
        others = {**self.fixed, **self.sizes}
        return [*rates, *(f"{key}={value!r}" for key, value in others.items())]

    def moments(self, x: FloatArray) -> SimulatedMoments:
        """Return the statistics at a point; the last one is remembered."""
        mark = repr(self.overrides(x)).encode()
        if self._last is not None and self._last[0] == mark:
            return self._last[1]
        found = simulated_moments(
            self.setting, self.overrides(x), MATCHED_MONTHS, cancel=self.cancel
        )
        self.n_trials += 1
        self.tick()
        self._last = (mark, found)
        return found

    def shares(self, x: FloatArray) -> FloatArray:
        """Return the simulated shares in the order of the targets."""
        found = self.moments(x)
        missing = [item.stage for item in self.targets if item.stage not in found.curves]
        if missing:
            raise CalibrationError(
                f"matching: the simulated market has too few rounds at {', '.join(missing)}; "
                "use more paths or a larger scale"
            )
        return np.concatenate([found.curves[item.stage].share for item in self.targets])


def match_rates(
    setting: Setting,
    targets: Sequence[Target],
    sizes: SizeTarget | None,
    start: Mapping[str, float],
    *,
    fixed: Mapping[str, float] | None = None,
    tick: Tick = lambda: None,
    cancel: threading.Event | None = None,
) -> Match:
    """Return the rates at which the simulated curves are nearest to the targets.

    Parameters
    ----------
    setting : Setting
    targets : sequence of Target
        At least one; without NaN.
    sizes : SizeTarget or None
        Asks and the spread of sizes are set so that the market's rounds have these.
    start : Mapping of str to float
        Values of the base: asks of stages and `firms.size_log_sd`.
    fixed : Mapping of str to float, optional
        Other numbers that are changed in every trial.
    tick : callable, optional
        Called after every simulated market.
    cancel : threading.Event, optional

    Raises
    ------
    CalibrationError
        If there is no target, or the simulated market has too few rounds at a stage.
    Interrupted
        If cancelled.
    """
    if not targets:
        raise CalibrationError(
            "matching: no stage has a graduation curve that is followed for "
            f"{MATCHED_MONTHS[-1]:.0f} months in the records"
        )
    parameters = parameters_of(targets)
    market = _Market(setting, [p.key for p in parameters], targets, fixed or {}, tick, cancel)
    wanted = np.concatenate([t.curve.share for t in targets])
    error = np.concatenate([t.curve.standard_error for t in targets])
    low = np.log([p.low for p in parameters])
    high = np.log([p.high for p in parameters])
    guesses = [first_guess(target.curve) for target in targets]
    x = np.clip(np.concatenate(guesses), low + 0.1, high - 0.1)
    _set_sizes(market, x, sizes, start)

    def search(point: FloatArray, n_steps: int) -> FloatArray:
        return nearest(
            market.shares,
            smooth_curves,
            wanted,
            error,
            point,
            low=low,
            high=high,
            n_steps=n_steps,
        )

    n_first = max(1, MAX_TRIALS // 3)
    x = search(x, n_first)
    _set_sizes(market, x, sizes, start)
    x = search(x, MAX_TRIALS - n_first)
    _set_sizes(market, x, sizes, start)
    ends: _Ends = {"low": low, "high": high, "block": len(FIELDS)}
    slopes = market_slopes(market.shares, smooth_curves, x, error, **ends)
    x = settle(market.shares, smooth_curves, slopes, x, wanted, error, **ends)
    moments = market.moments(x)
    has_no_effect = x < low + LOWER_EDGE
    has_no_effect |= np.abs(slopes.market / error[:, None]).max(axis=0) < LEAST_EFFECT
    lost = why_lost(has_no_effect, x > high - UPPER_EDGE, slopes.is_flat(error, len(FIELDS)))
    block = rate_block(
        targets,
        x,
        slopes.market,
        moments,
        formula=slopes.formula,
        is_fixed=has_no_effect,
        lost=lost,
    )
    asks = {
        key.split(".")[1]: value for key, value in market.sizes.items() if key.startswith("stages.")
    }
    return Match(
        block=block,
        overrides=tuple(market.overrides(x)),
        asks=asks,
        size_log_sd=market.sizes.get("firms.size_log_sd", float("nan")),
        moments=moments,
        fit=fit_table(targets, moments),
        n_trials=market.n_trials,
    )


def first_guess(curve: Curve) -> FloatArray:
    """Return logs of a stage's numbers for firms that raise money at once, without quality.

    Least squares of :func:`plain_curve` on the shares, from each of `FIRST_RAMPS`; the best is
    taken.
    """
    from scipy.optimize import least_squares

    def miss(point: FloatArray) -> FloatArray:
        milestone, failure, ramp = np.exp(point)
        share = plain_curve(float(milestone), float(failure), float(ramp))
        return np.asarray((share - curve.share) / curve.standard_error)

    ends = (np.log([0.01, 0.01, 0.3]), np.log([4.0, 4.0, 15.0]))
    found = [least_squares(miss, np.log([0.3, 0.3, ramp]), bounds=ends) for ramp in FIRST_RAMPS]
    return np.asarray(min(found, key=lambda fit: float(fit.cost)).x)


def plain_curve(milestone_pa: float, failure_pa: float, ramp: float) -> FloatArray:
    """Return the share graduated within `MATCHED_MONTHS` of firms that never wait for money.

    In steps of a quarter ``h_a = m min(1, (a - 1/2) / ramp) / 4`` and ``f / 4`` compete.
    """
    quarter = np.arange(1, round(MATCHED_MONTHS[-1] / 3.0) + 1)
    m = milestone_pa / 4.0 * np.minimum(1.0, (quarter - 0.5) / ramp)
    total = m + failure_pa / 4.0
    alive = np.concatenate([[1.0], np.exp(-np.cumsum(total))[:-1]])
    share = np.cumsum(alive * -np.expm1(-total) * m / total)
    return np.asarray(share[[round(month / 3.0) - 1 for month in MATCHED_MONTHS]])


def smooth_curves(point: FloatArray) -> FloatArray:
    """Return :func:`plain_curve` at the logs of each stage's numbers, without kinks in the ramp."""
    parts = []
    for logs in point.reshape(-1, len(FIELDS)):
        milestone, failure, ramp = np.exp(logs)
        moved = [plain_curve(milestone, failure, ramp * np.exp(by)) for by in SMOOTHING]
        parts.append(np.mean(moved, axis=0))
    return np.concatenate(parts)


def _set_sizes(
    market: _Market, x: FloatArray, sizes: SizeTarget | None, start: Mapping[str, float]
) -> None:
    """Set asks and spread so that the market's rounds come out as recorded.

    What is raised follows what is asked one for one, but for rounds that close below the ask.
    """
    if sizes is None:
        return
    found = market.moments(x)
    new = {}
    for stage, wanted in sizes.mean_log.items():
        key = f"stages.{stage}.ask_median_mcny"
        before = market.sizes.get(key, start[key])
        shift = wanted - found.mean_log_size.get(stage, float(np.log(before)))
        new[key] = float(before * np.exp(shift))
    key = "firms.size_log_sd"
    before = market.sizes.get(key, start[key])
    new[key] = float(np.clip(before * sizes.log_sd / max(found.log_size_sd, 1e-9), 0.01, 2.0))
    market.sizes = new
