"""Many histories in tables: bias, coverage, power and size of each estimator, and why."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from finmodel.evaluate.design import NEVER, Design
from finmodel.evaluate.evaluation import COLUMNS, EVENT_COLUMNS, ROWS, SERIES
from finmodel.evaluate.panel import OUTCOMES
from finmodel.evaluate.weights import twfe_weights
from finmodel.measure.monte_carlo import mean_se
from finmodel.world.arrays import FloatArray


def summary_table(rows: FloatArray) -> pd.DataFrame:
    """Return what estimates on many histories are worth.

    Parameters
    ----------
    rows : ndarray of shape (P, len(ROWS), len(COLUMNS))

    Returns
    -------
    DataFrame
        One row an estimator, outcome and form; those without an estimate on any history are
        left out. `n_histories`, `n_units` (mean), then means over histories: `truth`,
        `estimate`, `bias` (estimate less truth), each with its Monte Carlo standard error
        `_se`; `rmse`; `spread` (standard deviation of estimates) beside `mean_se` (standard
        error as printed, mean); `coverage` of the truth by the 95 % interval, `power` (0 is
        outside it) and `size` (the same on the twins without programmes); and the parts of the
        bias, `luck`, `spillover`, `weighting`, with `_se`; `comparison`, the mean effect on
        those compared with.

    """
    return pd.DataFrame(
        [
            {"estimator": row.estimator, "outcome": row.outcome, "form": row.form, **found}
            for place, row in enumerate(ROWS)
            if (found := _summary(dict(zip(COLUMNS, rows[:, place].T, strict=True))))
        ]
    )


def _summary(column: Mapping[str, FloatArray]) -> dict[str, float]:
    """Return the summary of one estimator, empty if it never gave a standard error."""
    kept = np.isfinite(column["se"]) & np.isfinite(column["truth"])
    n = int(kept.sum())
    if n == 0:
        return {}
    of = {name: values[kept] for name, values in column.items()}
    error = of["estimate"] - of["truth"]
    found: dict[str, float] = {"n_histories": n, "n_units": float(of["n"].mean())}
    means = {**of, "bias": error}
    for name in ("truth", "estimate", "bias", "luck", "spillover", "weighting", "comparison"):
        mean, deviation = mean_se(means[name])
        found[name], found[f"{name}_se"] = float(mean), float(deviation)
    covers = (of["low"] <= of["truth"]) & (of["truth"] <= of["high"])
    rejects = (of["low"] > 0.0) | (of["high"] < 0.0)
    has_placebo = np.isfinite(of["placebo_se"])
    false_alarm = (of["placebo_low"] > 0.0) | (of["placebo_high"] < 0.0)
    return {
        **found,
        "rmse": float(np.sqrt(np.mean(error**2))),
        "spread": float(of["estimate"].std(ddof=1)) if n > 1 else np.nan,
        "mean_se": float(of["se"].mean()),
        "coverage": float(covers.mean()),
        "power": float(rejects.mean()),
        "size": float(false_alarm[has_placebo].mean()) if has_placebo.any() else np.nan,
    }


def event_table(events: FloatArray, times: tuple[int, ...]) -> pd.DataFrame:
    """Return event studies over many histories.

    Parameters
    ----------
    events : ndarray of shape (P, len(SERIES), E, len(EVENT_COLUMNS))
    times : tuple of int
        Years since adoption.

    Returns
    -------
    DataFrame
        One row an outcome, form and `event_time`: `n_histories`, `estimate` and `truth` with
        `_se`, `coverage` of the truth, and `rejects`, how often 0 is outside the interval:
        before adoption the chance of a false pre-trend.
    """
    found = []
    for series, (outcome, form) in enumerate(SERIES):
        for place, time in enumerate(times):
            att, se, low, high, truth = events[:, series, place].T
            kept = np.isfinite(se)
            if not kept.any():
                continue
            row: dict[str, object] = {"outcome": outcome, "form": form, "event_time": time}
            row["n_histories"] = int(kept.sum())
            for name, values in (("estimate", att), ("truth", truth)):
                mean, deviation = mean_se(values[kept])
                row[name], row[f"{name}_se"] = float(mean), float(deviation)
            row["coverage"] = float(((low <= truth) & (truth <= high))[kept].mean())
            row["rejects"] = float(((low > 0.0) | (high < 0.0))[kept].mean())
            found.append(row)
    assert len(EVENT_COLUMNS) == 5
    return pd.DataFrame(found)


def truth_table(panels: FloatArray, design: Design) -> pd.DataFrame:
    """Return outcomes of each wave and year with and without the programmes.

    Parameters
    ----------
    panels : ndarray of shape (P, 2, len(OUTCOMES), R, Y)
    design : Design

    Returns
    -------
    DataFrame
        One row an outcome, `adoption_year` (0 for never) and year: `n_regions`, `policy`,
        `base` and `effect` with `effect_se`, of a mean region, and `twfe_weight`, what
        two-way fixed effects give all regions of the wave in that year together.
    """
    weights = twfe_weights(design)
    rows = []
    for place, outcome in enumerate(OUTCOMES):
        for wave in (NEVER, *design.waves):
            of_wave = design.adoption == wave
            if not of_wave.any():
                continue
            mean = panels[:, :, place, of_wave].mean(axis=2)
            effect, error = mean_se(mean[:, 0] - mean[:, 1])
            for y, year in enumerate(design.years):
                rows.append(
                    {
                        "outcome": outcome,
                        "adoption_year": wave,
                        "year": year,
                        "n_regions": int(of_wave.sum()),
                        "policy": float(mean[:, 0, y].mean()),
                        "base": float(mean[:, 1, y].mean()),
                        "effect": float(effect[y]),
                        "effect_se": float(error[y]),
                        "twfe_weight": float(weights[of_wave, y].sum()),
                    }
                )
    return pd.DataFrame(rows)


def comparison_table(panels: FloatArray, design: Design) -> pd.DataFrame:
    """Return what two-way fixed effects are made of (Goodman-Bacon 2021), mean of histories.

    Returns
    -------
    DataFrame
        One row an outcome and `comparison` (`treated_vs_never`, `earlier_vs_later`,
        `later_vs_earlier`, the last against units already treated): `weight` and `estimate`,
        whose products add up to the estimate; in level.
    """
    # Loaded here: it takes most of a second.
    from diff_diff import BaconDecomposition

    n_regions, n_years = len(design.regions), len(design.years)
    rows = []
    for place, outcome in enumerate(OUTCOMES):
        frame = pd.DataFrame(
            {
                "unit": np.repeat(np.arange(n_regions), n_years),
                "year": np.tile(np.array(design.years), n_regions),
                "adoption": np.repeat(design.adoption, n_years),
                "outcome": panels[:, 0, place].mean(axis=0).reshape(-1),
            }
        )
        fit = BaconDecomposition().fit(
            frame, outcome="outcome", unit="unit", time="year", first_treat="adoption"
        )
        parts = fit.to_dataframe()
        for kind, part in parts.groupby("comparison_type", sort=True):
            weight = float(part["weight"].sum())
            product = float((part["weight"] * part["estimate"]).sum())
            estimate = product / weight if weight > 0.0 else np.nan
            rows.append((outcome, str(kind), weight, estimate))
    return pd.DataFrame(rows, columns=["outcome", "comparison", "weight", "estimate"])
