"""Rates of a scenario that make its market show the graduation curves of records.

A round is not a milestone: a milestone is reached, a need opens, and the market finances it or
not. So no rate of a scenario can be read off records. Rates are sought at which the simulated
market, seen through the same estimator, has the same curves (indirect inference): least squares of
the shares graduated within given months, weighted by their standard errors in the records, over the
logs of the rates of each stage, on the same luck in every trial. The slope of a curve pins the
milestone rate, and where it levels off pins the failure rate, because a firm that failed graduates
no more; closures are hardly recorded and are not used.

Standard errors follow by the delta method: with Jacobian ``J`` of the simulated curves, weights
``W`` and covariance ``V`` of the curves, ``(J'WJ)^-1 J'W V W J (J'WJ)^-1``, where ``V`` adds the
sampling error of the simulated curves to that of the records. They hold if the model can fit. Where
it cannot, errors of the stage's rates are widened by the root of the misfit per point left over.

References
----------
Gourieroux, C., Monfort, A. and Renault, E. (1993), Indirect inference, J. Applied Econometrics 8.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from finmodel.calibrate.estimates import Block, Estimate
from finmodel.calibrate.simulated_moments import Setting, SimulatedMoments, simulated_moments
from finmodel.calibrate.survival import Curve
from finmodel.errors import CalibrationError
from finmodel.world.arrays import FloatArray

MATCHED_MONTHS = (12.0, 24.0, 36.0, 60.0)
STEP = 0.15
"""Step of differences in the log of a rate: wide, since counts of firms move in jumps."""
RATE_FIELDS = ("milestone_rate_pa", "failure_rate_pa")
LOWEST, HIGHEST = 0.005, 6.0
MAX_TRIALS = 9
WIDENED = " The model cannot follow the curve; its error is widened {factor:.1f} times for that."

Tick = Callable[[], None]


@dataclass(frozen=True)
class Target:
    """The graduation curve of a stage in the records, at `MATCHED_MONTHS`."""

    stage: str
    curve: Curve


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
        If the search does not converge.
    Interrupted
        If cancelled.
    """
    from scipy.optimize import least_squares

    if not targets:
        raise CalibrationError("matching: no stage has a graduation curve in the records")
    names = [f"stages.{t.stage}.{field}" for t in targets for field in RATE_FIELDS]
    market = _Market(setting, names, targets, fixed or {}, tick, cancel)
    wanted = np.concatenate([t.curve.share for t in targets])
    error = np.concatenate([t.curve.standard_error for t in targets])
    low, high = np.log(LOWEST), np.log(HIGHEST)
    x = np.clip(np.concatenate([first_guess(t.curve) for t in targets]), low + 0.1, high - 0.1)
    _set_sizes(market, x, sizes, start)

    def residual(point: FloatArray) -> FloatArray:
        return np.asarray((market.shares(point) - wanted) / error)

    def slope(point: FloatArray) -> FloatArray:
        return np.asarray(_by_block(market, point, len(targets)) / error[:, None])

    found = least_squares(
        residual, x, jac=slope, bounds=(low, high), max_nfev=MAX_TRIALS, xtol=5e-3, ftol=2e-3
    )
    x = np.asarray(found.x)
    _set_sizes(market, x, sizes, start)
    moments = market.moments(x)
    jacobian = _full(market, x)
    block = _block(targets, x, jacobian, error, moments)
    fit = _fit_table(targets, moments)
    is_at_edge = (x < low + 1e-3) | (x > high - 1e-3)
    notes = [name for name, edge in zip(names, is_at_edge, strict=True) if edge]
    if notes:
        fit.attrs["at_edge"] = notes
    asks = {
        key.split(".")[1]: value for key, value in market.sizes.items() if key.startswith("stages.")
    }
    return Match(
        block=block,
        overrides=tuple(market.overrides(x)),
        asks=asks,
        size_log_sd=market.sizes.get("firms.size_log_sd", float("nan")),
        moments=moments,
        fit=fit,
        n_trials=market.n_trials,
    )


def first_guess(curve: Curve) -> FloatArray:
    """Return logs of the two rates that a curve of constant hazards would have.

    ``F(t) = m / (m + f) (1 - exp(-(m + f) t))``, through the shares at the second and the last of
    `MATCHED_MONTHS`.
    """
    early, late = float(curve.share[1]), float(curve.share[-1])
    t_early, t_late = MATCHED_MONTHS[1] / 12.0, MATCHED_MONTHS[-1] / 12.0
    total = np.linspace(0.05, 3.0, 200)
    ratio = -np.expm1(-total * t_early) / -np.expm1(-total * t_late)
    hazard = float(total[np.abs(ratio - early / late).argmin()])
    top = min(0.98, late / -np.expm1(-hazard * t_late))
    return np.log([hazard * top, hazard * (1.0 - top)])


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


def _by_block(market: _Market, x: FloatArray, n_blocks: int) -> FloatArray:
    """Return the Jacobian with effects across stages left out: one trial for each kind of rate."""
    base = market.shares(x)
    n_fields = len(x) // n_blocks
    n_points = len(base) // n_blocks
    jacobian = np.zeros((len(base), len(x)))
    for field in range(n_fields):
        shifted = x.copy()
        shifted[field::n_fields] += STEP
        change = (market.shares(shifted) - base) / STEP
        for block in range(n_blocks):
            rows = slice(block * n_points, (block + 1) * n_points)
            jacobian[rows, block * n_fields + field] = change[rows]
    market.moments(x)
    return jacobian


def _full(market: _Market, x: FloatArray) -> FloatArray:
    """Return the whole Jacobian."""
    base = market.shares(x)
    columns = []
    for i in range(len(x)):
        shifted = x.copy()
        shifted[i] += STEP
        columns.append((market.shares(shifted) - base) / STEP)
    return np.column_stack(columns)


def _block(
    targets: Sequence[Target],
    x: FloatArray,
    jacobian: FloatArray,
    error: FloatArray,
    moments: SimulatedMoments,
) -> Block:
    n_points = len(MATCHED_MONTHS)
    total = np.zeros((len(error), len(error)))
    for i, target in enumerate(targets):
        rows = slice(i * n_points, (i + 1) * n_points)
        total[rows, rows] = target.curve.covariance + moments.curves[target.stage].covariance
    weighted = jacobian / error[:, None] ** 2
    information = weighted.T @ jacobian
    gain = np.linalg.pinv(information) @ weighted.T
    log_covariance = gain @ total @ gain.T
    widening = np.repeat([misfit_factor(t, moments) for t in targets], len(RATE_FIELDS))
    log_covariance *= np.outer(widening, widening)
    rates = np.exp(x)
    covariance = log_covariance * np.outer(rates, rates)
    estimates = []
    for i, target in enumerate(targets):
        for j, field in enumerate(RATE_FIELDS):
            at = i * len(RATE_FIELDS) + j
            estimates.append(
                Estimate(
                    key=f"stages.{target.stage}.{field}",
                    value=float(rates[at]),
                    standard_error=float(np.sqrt(covariance[at, at])),
                    unit="per year",
                    n=target.curve.n,
                    method="indirect inference on graduation curves",
                    note="Set so that the simulated market shows the curve of the records."
                    + (WIDENED.format(factor=widening[at]) if widening[at] > 1.0 else ""),
                )
            )
    return Block("rates", tuple(estimates), covariance, _identification(targets, jacobian, error))


def misfit_factor(target: Target, moments: SimulatedMoments) -> float:
    """Return by how much errors of a stage's rates are widened for what the model cannot follow.

    The root of the mean squared distance, in standard errors, per point left over after two rates;
    at least 1.
    """
    z = (moments.curves[target.stage].share - target.curve.share) / target.curve.standard_error
    left_over = max(1, len(z) - len(RATE_FIELDS))
    return max(1.0, float(np.sqrt((z**2).sum() / left_over)))


def _identification(
    targets: Sequence[Target], jacobian: FloatArray, error: FloatArray
) -> pd.DataFrame:
    """Return which point of which curve each rate moves most, in standard errors a log unit."""
    scaled = jacobian / error[:, None]
    rows = []
    labels = [(t.stage, month) for t in targets for month in MATCHED_MONTHS]
    for i, (stage, field) in enumerate((t.stage, f) for t in targets for f in RATE_FIELDS):
        top = int(np.abs(scaled[:, i]).argmax())
        rows.append(
            {
                "key": f"stages.{stage}.{field}",
                "moment_stage": labels[top][0],
                "moment_months": labels[top][1],
                "z_per_log": float(scaled[top, i]),
            }
        )
    return pd.DataFrame(rows)


def _fit_table(targets: Sequence[Target], moments: SimulatedMoments) -> pd.DataFrame:
    frames = []
    for target in targets:
        found = moments.curves[target.stage]
        low, high = target.curve.band
        frames.append(
            pd.DataFrame(
                {
                    "stage": target.stage,
                    "months": target.curve.months,
                    "records": target.curve.share,
                    "standard_error": target.curve.standard_error,
                    "low_95": low,
                    "high_95": high,
                    "simulated": found.share,
                    "simulated_se": found.standard_error,
                    "z": (found.share - target.curve.share) / target.curve.standard_error,
                }
            )
        )
    return pd.concat(frames, ignore_index=True)
