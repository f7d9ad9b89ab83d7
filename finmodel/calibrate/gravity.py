"""Gravity of flows between regions: how fast they fall with distance, and what a border costs.

Flows of rounds (or investees, or money) from investors' region ``o`` to firms' region ``d`` are
Poisson in their mean,

    ln E n_od = origin_o + destination_d + border [o != d] - e [o != d] ln(km_od / reference_km)

so that ``e`` is `friction.distance_elasticity`, and ``exp(border)`` what a fund of another region
at `reference_km` weighs against one at home: the mean of `funds.*.away_weight` over types. Origin
and destination effects take up how much money and how many firms there are, so neither has to be
known; with `masses` their logs stand in for the effects, which costs fewer parameters. Poisson
likelihood needs only the mean to be right (Gourieroux and others), and takes zero flows as they
are.

The model's meetings are drawn in proportion to nearness times money, and a firm has a fixed
number of them: that is this equation with its effects. What the matching then does to it is
measured in docs/recovery_tails.md.

Errors are the largest of: Poisson; robust (HC2, for spread beyond Poisson); clustered both by
origin and by destination (Cameron, Gelbach & Miller), which needs many regions and is left out
below ``MIN_CLUSTERS``. Intervals are of Student's t with as many degrees of freedom as the error
has: what is over after the parameters, or the clusters less one. `Estimate.standard_error` is
half that interval over the normal 1.96, so that a normal with it is as wide.

References
----------
Santos Silva & Tenreyro (2006), The log of gravity, Review of Economics and Statistics 88.
Gourieroux, Monfort & Trognon (1984), Pseudo maximum likelihood methods, Econometrica 52. Cameron,
Gelbach & Miller (2011), Robust inference with multiway clustering, Journal of Business & Economic
Statistics 29. Sorenson & Stuart (2001), Syndication networks and the spatial distribution of
venture capital investments, American Journal of Sociology 106.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from finmodel.calibrate.estimates import Block, Estimate
from finmodel.calibrate.flow_records import (
    KEYS,
    checked_flows,
    connected,
    distances_of,
    not_told,
)
from finmodel.calibrate.gravity_errors import Errors, all_errors, largest, widened
from finmodel.calibrate.reasons import NotEstimable
from finmodel.world.arrays import FloatArray


@dataclass(frozen=True)
class GravityFit:
    """A fitted gravity equation.

    Attributes
    ----------
    regions : tuple of str
        With flows out and in; others say nothing and are left out.
    names : tuple of str
        Of the slopes: ``elasticity`` and, with flows at home, ``border``.
    value : ndarray of shape (S,)
        Elasticity as a positive number: flows fall with distance.
    covariance : ndarray of shape (S, S)
        Widened to the t interval: see the module.
    errors : tuple of Errors
        Each kind of standard error with its degrees of freedom.
    pairs : DataFrame
        One row a pair: `origin`, `destination`, `km`, `n`, `fitted`, `ratio` (n over fitted:
        what a pair factor would be), `ratio_se` (Poisson, in `n` alone; an upper bound where fitted
        effects take up part of it).
    dispersion : float
        Pearson chi-square over degrees of freedom; 1 if Poisson. NaN if none are left.
    """

    regions: tuple[str, ...]
    names: tuple[str, ...]
    value: FloatArray
    covariance: FloatArray
    errors: tuple[Errors, ...]
    pairs: pd.DataFrame
    dispersion: float


def gravity_block(
    flows: pd.DataFrame,
    *,
    reference_km: float,
    km: pd.DataFrame | None = None,
    masses: pd.DataFrame | None = None,
    away_types: Sequence[str] = (),
) -> Block | NotEstimable:
    """Estimate how flows fall with distance.

    Parameters
    ----------
    flows : DataFrame
        `origin`, `destination`, `n` (at least 0); a pair of regions that is not there is a flow
        of zero. From :func:`flows_of`, or a table of any flow.
    reference_km : float
        Of the scenario; the border is stated there.
    km : DataFrame, optional
        Distances, indexed by region on both sides. By default those of provinces by letter code.
    masses : DataFrame, optional
        Indexed by region: `origin` and `destination`, above 0. Instead of effects.
    away_types : sequence of str
        Fund types whose `away_weight` is the border; all get the same. Empty: the border
        stands under ``extra.away_weight``.

    Returns
    -------
    Block or NotEstimable
        The reason if regions have no distance, or flows do not tell the slope.

    Raises
    ------
    DataError
        If `flows` is not in order, with every problem.
    """
    table = checked_flows(flows)
    found = fit_gravity(table, reference_km=reference_km, km=km, masses=masses)
    return found if isinstance(found, NotEstimable) else _block(found, table, away_types)


def fit_gravity(
    flows: pd.DataFrame,
    *,
    reference_km: float,
    km: pd.DataFrame | None = None,
    masses: pd.DataFrame | None = None,
) -> GravityFit | NotEstimable:
    """Fit the gravity equation; parameters as in :func:`gravity_block`."""
    flows = checked_flows(flows)
    flows = flows[flows["n"] > 0]
    if flows.empty:
        return not_told("There are no flows.")
    regions = connected(flows)
    if len(regions) < 2:
        return not_told("Flows are within one region: there is no distance in them.")
    distances = distances_of(regions, km)
    if isinstance(distances, NotEstimable):
        return distances
    number = {region: i for i, region in enumerate(regions)}
    kept = flows[flows["origin"].isin(regions) & flows["destination"].isin(regions)]
    count = np.zeros((len(regions), len(regions)))
    np.add.at(
        count,
        (kept["origin"].map(number).to_numpy(), kept["destination"].map(number).to_numpy()),
        kept["n"].to_numpy(np.float64),
    )
    return _fit(count, regions, distances / reference_km, reference_km, masses)


def _fit(
    count: FloatArray,
    regions: tuple[str, ...],
    relative: FloatArray,
    reference_km: float,
    masses: pd.DataFrame | None,
) -> GravityFit | NotEstimable:
    import statsmodels.api as sm
    from statsmodels.tools.sm_exceptions import PerfectSeparationWarning

    n = len(regions)
    origin, destination = (side.reshape(-1) for side in np.indices((n, n)))
    is_away = origin != destination
    if not count.reshape(-1)[is_away].any():
        return not_told("No flow crosses a border.")
    has_home = bool(count.reshape(-1)[~is_away].any())
    used = is_away | has_home
    origin, destination, is_away = origin[used], destination[used], is_away[used]
    y = count.reshape(-1)[used]
    log_km = np.log(np.where(is_away, relative.reshape(-1)[used], 1.0))
    names = ("elasticity", "border") if has_home else ("elasticity",)
    slopes = [-log_km, is_away.astype(np.float64)][: len(names)]
    rest = (
        _effects(origin, destination, n)
        if masses is None
        else _logs(masses, regions, origin, destination)
    )
    if isinstance(rest, NotEstimable):
        return rest
    design = np.column_stack([*slopes, rest])
    rank = np.linalg.matrix_rank(design)
    if np.linalg.matrix_rank(rest) + len(names) > rank:
        return not_told(
            f"{n} regions have too few pairs, or too equal distances, to tell distance from what "
            "regions send and receive."
        )
    with warnings.catch_warnings():
        # Flows that the equation fits exactly are no fault.
        warnings.simplefilter("ignore", PerfectSeparationWarning)
        result = sm.GLM(y, design, family=sm.families.Poisson()).fit(maxiter=200, tol=1e-10)
    if not result.converged or not np.isfinite(result.params[: len(names)]).all():
        return not_told("The Poisson likelihood has no maximum: some effect separates zero flows.")
    mu = np.asarray(result.mu)
    errors = all_errors(design, y, mu, (origin, destination), len(names))
    free = len(y) - rank
    pairs = pd.DataFrame(
        {
            "origin": np.array(regions)[origin],
            "destination": np.array(regions)[destination],
            "km": np.where(is_away, np.exp(log_km) * reference_km, 0.0),
            "n": y,
            "fitted": mu,
            "ratio": y / mu,
            "ratio_se": np.sqrt(y) / mu,
        }
    )
    dispersion = float(((y - mu) ** 2 / mu).sum() / free) if free > 0 else float("nan")
    value = np.asarray(result.params[: len(names)])
    return GravityFit(regions, names, value, widened(errors), errors, pairs, dispersion)


def _effects(origin: np.ndarray, destination: np.ndarray, n: int) -> FloatArray:
    """Return indicators of origins, and of destinations but the first."""
    eye = np.eye(n)
    return np.column_stack([eye[origin], eye[destination][:, 1:]])


def _logs(
    masses: pd.DataFrame, regions: Sequence[str], origin: np.ndarray, destination: np.ndarray
) -> FloatArray | NotEstimable:
    """Return a constant and the log masses."""
    missing = [region for region in regions if region not in masses.index]
    if missing:
        return not_told(f"No masses are given for {', '.join(missing)}.")
    logs = np.log(masses.loc[list(regions), ["origin", "destination"]].to_numpy(np.float64))
    return np.column_stack([np.ones(len(origin)), logs[origin, 0], logs[destination, 1]])


def _block(found: GravityFit, flows: pd.DataFrame, away_types: Sequence[str]) -> Block:
    """Turn the fit into numbers of a scenario."""
    total, n = float(flows["n"].sum()), len(found.pairs)
    method = f"Poisson gravity, {largest(found.errors, 0).kind} errors"
    note = (
        f"{total:,.0f} flows in {n} pairs of {len(found.regions)} regions, dispersion "
        f"{found.dispersion:.1f}. Slope of flows: in simulated markets 0.97 times that "
        "of meetings."
    )
    keys, values = list(KEYS), [found.value[0]]
    jacobian: list[FloatArray] = [np.eye(len(found.names))[0]]
    if "border" in found.names:
        weight = float(np.exp(found.value[1]))
        targets = [f"funds.{name}.away_weight" for name in away_types] or ["extra.away_weight"]
        keys += targets
        values += [weight] * len(targets)
        jacobian += [np.array([0.0, weight])] * len(targets)
    matrix = np.array(jacobian)
    covariance = matrix @ found.covariance @ matrix.T
    estimates = tuple(
        Estimate(
            key,
            float(value),
            float(np.sqrt(covariance[i, i])),
            "x" if key.endswith("away_weight") else "ln per ln",
            n,
            method,
            note if i == 0 else f"Of flows at the reference distance; one for all types. {note}",
        )
        for i, (key, value) in enumerate(zip(keys, values, strict=True))
    )
    rows = [
        {
            "quantity": f"{name}, {error.kind}",
            "value": found.value[i],
            "standard_error": error.sd[i],
            "note": f"t with {error.degrees} degrees of freedom",
        }
        for error in found.errors
        for i, name in enumerate(found.names)
    ]
    return Block("gravity", estimates, covariance, pd.DataFrame(rows))
