"""Discrete-time hazards of competing risks: a complementary log-log model for each cause.

For a spell at risk in quarter t since its start,

    P(cause c in quarter t | at risk) = 1 - exp(-exp(eta_c)),
    eta_c = baseline of (stage, band of t) + sector + region + cohort + macro

so that ``exp(eta_c)`` is the cause's hazard a quarter and a coefficient is the log of a hazard
ratio. Each cause is a binomial GLM of statsmodels on the same rows. With hazards ``h_1, h_2``
constant within a quarter, a quarter that ended by another cause was spent at risk for about half
of it, so it counts as half a trial without event: this reproduces the likelihood of competing
risks up to terms of third order in the hazards.

Standard errors are clustered by firm. Rows of one spell that share band and calendar year are one
binomial row.

References
----------
Prentice, R. L. and Gloeckler, L. A. (1978), Regression analysis of grouped survival data with
application to breast cancer data, Biometrics 34. Allison, P. D. (1982), Discrete-time methods for
the analysis of event histories, Sociological Methodology 13.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from finmodel.calibrate.sizes import clustered
from finmodel.calibrate.spells import EVENTS, Spells, person_periods
from finmodel.calibrate.survival import between
from finmodel.errors import CalibrationError
from finmodel.units import QUARTERS_PER_YEAR
from finmodel.world.arrays import FloatArray, IntArray

BANDS = (0, 2, 4, 6, 8, 12, 16)
"""First quarters of the bands of time since the start; the last is open."""
WIDEST = 15.0
"""Size of a log hazard, or of its error, from which a term is taken to separate events."""
MIN_EVENTS = 5
"""Events a coefficient needs; with fewer it is left out, and said so."""


@dataclass(frozen=True)
class Rows:
    """Binomial rows of one cause.

    Attributes
    ----------
    x : ndarray of shape (n, p)
    names : tuple of str
    events, trials : ndarray of shape (n,)
    firm : ndarray of shape (n,)
    band : ndarray of shape (n,)
    stage : ndarray of shape (n,)
    pattern : ndarray of shape (n,)
        Rows of one number have the same covariates.
    dropped : dict of str to str
        Terms left out, with the reason.
    """

    x: FloatArray
    names: tuple[str, ...]
    events: FloatArray
    trials: FloatArray
    firm: IntArray
    band: IntArray
    stage: IntArray
    pattern: IntArray
    dropped: dict[str, str]


@dataclass(frozen=True)
class HazardFit:
    """A fitted hazard of one cause.

    Attributes
    ----------
    cause : str
    names : tuple of str
        ``STAGE:BAND`` are baselines, log hazard a quarter; others log hazard ratios.
    params : ndarray of shape (p,)
    covariance : ndarray of shape (p, p)
        Clustered by firm; with imputations by Rubin's rules.
    n_events, n_quarters : float
    is_converged : bool
    dropped : dict of str to str
    calibration : DataFrame
        `stage`, `band`, `trials`, `observed`, `predicted` events.
    """

    cause: str
    names: tuple[str, ...]
    params: FloatArray
    covariance: FloatArray
    n_events: float
    n_quarters: float
    is_converged: bool
    dropped: dict[str, str]
    calibration: pd.DataFrame

    @property
    def standard_error(self) -> FloatArray:
        """Of the parameters."""
        return np.sqrt(np.diagonal(self.covariance))

    @property
    def events_per_variable(self) -> float:
        """Events over parameters; below ten estimates are frail."""
        return self.n_events / max(1, len(self.params))

    def table(self) -> pd.DataFrame:
        """Return `cause`, `term`, `value`, `standard_error`, `z`."""
        error = self.standard_error
        with np.errstate(divide="ignore", invalid="ignore"):
            z = self.params / error
        return pd.DataFrame(
            {
                "cause": self.cause,
                "term": self.names,
                "value": self.params,
                "standard_error": error,
                "z": z,
            }
        )


def hazard_rows(
    spells: Spells,
    cause: int,
    factors: Mapping[str, pd.Series[Any]],
    *,
    macro: pd.Series[float] | None = None,
    bands: Sequence[int] = BANDS,
    terms: Sequence[str] | None = None,
) -> Rows:
    """Return binomial rows for a cause.

    Parameters
    ----------
    spells : Spells
    cause : int
        Code of the event.
    factors : Mapping of str to Series of length firms
        Classes of firms, as sector or cohort; the commonest class is the reference.
    macro : Series, optional
        A number by calendar year, as an index of the market; missing years count as its mean.
    bands : sequence of int, optional
    terms : sequence of str, optional
        Exactly these terms are kept, in this order; by default those with enough events.

    Raises
    ------
    CalibrationError
        If there is no event of the cause.
    """
    periods = person_periods(spells)
    periods["band"] = np.searchsorted(np.asarray(bands), periods["quarter"], side="right") - 1
    own = (periods["event"] == cause).astype(np.float64)
    other = ((periods["event"] != cause) & (periods["event"] != 0)).astype(np.float64)
    periods = periods.assign(events=own, trials=1.0 - 0.5 * other)
    keys = ["spell", "firm", "stage", "band"] + (["year"] if macro is not None else [])
    grouped = periods.groupby(keys, sort=True)[["events", "trials"]].sum().reset_index()
    events = grouped["events"].to_numpy()
    if events.sum() == 0.0:
        raise CalibrationError(f"hazard of {EVENTS[cause]}: no event in {len(spells)} spells")
    columns = _columns(spells, grouped, factors, macro, bands)
    kept, dropped = _enough(columns, events, terms)
    x = np.column_stack([columns[name] for name in kept])
    # A row no kept baseline covers has no hazard of its own: its stage and band saw too few events.
    is_covered = np.zeros(len(x), dtype=bool)
    for i, name in enumerate(kept):
        if ":q" in name:
            is_covered |= x[:, i] > 0.0
    part = grouped[is_covered]
    return Rows(
        x=x[is_covered],
        names=tuple(kept),
        events=events[is_covered],
        trials=part["trials"].to_numpy(),
        firm=part["firm"].to_numpy(),
        band=part["band"].to_numpy(),
        stage=part["stage"].to_numpy(),
        pattern=_patterns(part, keys[2:], factors),
        dropped=dropped,
    )


def _patterns(
    part: pd.DataFrame, keys: Sequence[str], factors: Mapping[str, pd.Series[Any]]
) -> IntArray:
    firm = part["firm"].to_numpy()
    columns = [part[key].to_numpy() for key in keys]
    columns += [classes.to_numpy()[firm] for classes in factors.values()]
    number = np.zeros(len(part), dtype=np.int64)
    for column in columns:
        codes, values = pd.factorize(column)
        # Numbered anew after each column, so that products stay small.
        number = pd.factorize(number * len(values) + codes)[0].astype(np.int64)
    return number


def band_name(bands: Sequence[int], band: int) -> str:
    """Return a band of quarters in words, as q2-3."""
    first = bands[band]
    return f"q{first}-{bands[band + 1] - 1}" if band + 1 < len(bands) else f"q{first}+"


def _columns(
    spells: Spells,
    grouped: pd.DataFrame,
    factors: Mapping[str, pd.Series[Any]],
    macro: pd.Series[float] | None,
    bands: Sequence[int],
) -> dict[str, FloatArray]:
    stage, band = grouped["stage"].to_numpy(), grouped["band"].to_numpy()
    columns: dict[str, FloatArray] = {}
    for code in np.unique(stage):
        for b in np.unique(band[stage == code]):
            name = f"{spells.stages[code]}:{band_name(bands, int(b))}"
            columns[name] = ((stage == code) & (band == b)).astype(np.float64)
    firm = grouped["firm"].to_numpy()
    for factor, classes in factors.items():
        own = classes.to_numpy()[firm]
        values, counts = np.unique(own.astype(str), return_counts=True)
        for value in np.delete(values, int(counts.argmax())):
            columns[f"{factor}={value}"] = (own.astype(str) == value).astype(np.float64)
    if macro is not None:
        at = grouped["year"].map(macro).fillna(float(macro.mean())).to_numpy(dtype=np.float64)
        columns["macro"] = np.asarray(at - float(macro.mean()), dtype=np.float64)
    return columns


def _enough(
    columns: dict[str, FloatArray], events: FloatArray, terms: Sequence[str] | None
) -> tuple[list[str], dict[str, str]]:
    if terms is not None:
        missing = np.zeros(len(events))
        for name in terms:
            columns.setdefault(name, missing)
        return list(terms), {}
    kept, dropped = [], {}
    for name, column in columns.items():
        n = float(events[column != 0.0].sum())
        n_without = float(events[column == 0.0].sum())
        is_factor = "=" in name
        if n < MIN_EVENTS or (is_factor and n_without < MIN_EVENTS):
            dropped[name] = f"{n:.0f} events, at least {MIN_EVENTS} are needed"
        else:
            kept.append(name)
    if not any(":q" in name for name in kept):
        raise CalibrationError(
            f"hazard: {events.sum():.0f} events, none of the stages and bands has {MIN_EVENTS}"
        )
    return kept, dropped


def fit_hazard(
    rows: Rows, cause: str, stages: Sequence[str], start: FloatArray | None = None
) -> HazardFit:
    """Return the cloglog fit of one set of rows, clustered by firm.

    Rows with the same covariates are added up for the GLM, which leaves its estimates as they are;
    the middle of the sandwich is made of the scores of single rows, summed by firm.

    Raises
    ------
    CalibrationError
        If the fit does not converge, or a term separates events from non-events.
    """
    fit, is_converged = _glm(rows, cause, start)
    params, bread = np.asarray(fit.params), np.asarray(fit.normalized_cov_params)
    hazard = np.exp(np.clip(rows.x @ params, -35.0, 5.0))
    score = rows.events * hazard / np.expm1(hazard) - (rows.trials - rows.events) * hazard
    meat = clustered(score[:, None] * rows.x, rows.firm)
    frame = pd.DataFrame(
        {
            "stage": np.array(stages)[rows.stage],
            "band": rows.band,
            "trials": rows.trials,
            "observed": rows.events,
            "predicted": rows.trials * -np.expm1(-hazard),
        }
    )
    return HazardFit(
        cause=cause,
        names=rows.names,
        params=params,
        covariance=bread @ meat @ bread,
        n_events=float(rows.events.sum()),
        n_quarters=float(rows.trials.sum()),
        is_converged=is_converged,
        dropped=rows.dropped,
        calibration=frame.groupby(["stage", "band"], sort=False).sum().reset_index(),
    )


def _glm(rows: Rows, cause: str, begin: FloatArray | None) -> tuple[Any, bool]:
    import statsmodels.api as sm
    from statsmodels.tools.sm_exceptions import DomainWarning, PerfectSeparationWarning

    _, first, place = np.unique(rows.pattern, return_index=True, return_inverse=True)
    x = rows.x[first]
    events = np.bincount(place, weights=rows.events)
    trials = np.bincount(place, weights=rows.trials)
    if len(x) <= x.shape[1]:
        # The library divides by the degrees of freedom left: halves have the same likelihood.
        x = np.vstack([x, x])
        events, trials = np.tile(events / 2.0, 2), np.tile(trials / 2.0, 2)
    family = sm.families.Binomial(link=sm.families.links.CLogLog())
    share = max(1e-6, float(events.sum() / trials.sum()))
    start = np.zeros(len(rows.names)) if begin is None else begin
    if begin is None:
        start[[":q" in name for name in rows.names]] = np.log(-np.log1p(-share))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DomainWarning)
        # Added-up rows that a model fits exactly look like perfect prediction; see below.
        warnings.simplefilter("ignore", PerfectSeparationWarning)
        try:
            model = sm.GLM(np.column_stack([events, trials - events]), x, family=family)
            fit = model.fit(start_params=start, maxiter=100, wls_method="qr")
        except np.linalg.LinAlgError as error:
            raise CalibrationError(
                f"hazard of {cause}: terms that separate events or say the same ({error})"
            ) from None
    if not fit.converged or not np.all(np.isfinite(fit.params)):
        raise CalibrationError(f"hazard of {cause}: no convergence in 100 steps")
    spread = np.sqrt(np.diagonal(fit.normalized_cov_params))
    is_lost = (np.abs(fit.params) > WIDEST) | (spread > WIDEST)
    if is_lost.any():
        terms = ", ".join(n for n, lost in zip(rows.names, is_lost, strict=True) if lost)
        raise CalibrationError(f"hazard of {cause}: separated by {terms}")
    return fit, bool(fit.converged)


def pool_hazards(fits: Sequence[HazardFit]) -> HazardFit:
    """Return the fit of several imputations by Rubin's rules; all must have the same terms."""
    if any(fit.names != fits[0].names for fit in fits):
        raise ValueError("imputations must be fitted with the same terms")
    params = np.stack([fit.params for fit in fits])
    within = np.mean([fit.covariance for fit in fits], axis=0)
    frames = pd.concat([fit.calibration for fit in fits])
    return HazardFit(
        cause=fits[0].cause,
        names=fits[0].names,
        params=params.mean(axis=0),
        covariance=within + between(params),
        n_events=float(np.mean([fit.n_events for fit in fits])),
        n_quarters=float(np.mean([fit.n_quarters for fit in fits])),
        is_converged=all(fit.is_converged for fit in fits),
        dropped=fits[0].dropped,
        calibration=frames.groupby(["stage", "band"], sort=False).mean().reset_index(),
    )


def rate_pa(log_hazard_pp: float) -> float:
    """Return a hazard per annum from a log hazard a quarter."""
    return QUARTERS_PER_YEAR * float(np.exp(log_hazard_pp))
