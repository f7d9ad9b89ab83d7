"""Known truth comes back: tails, gravity and supply estimated from data simulated with them.

``python -m tests.studies.recovery_tails`` prints the table of docs/recovery_tails.md.
"""

from __future__ import annotations

import sys
from collections.abc import Callable

import numpy as np
import pandas as pd
from scipy.special import ndtr, ndtri

from finmodel.calibrate.estimates import Z_95
from finmodel.calibrate.gravity import GravityFit, fit_gravity
from finmodel.calibrate.lp_supply import SupplyFit, fit_supply
from finmodel.calibrate.multiples import Multiples, exact_multiples
from finmodel.calibrate.tail_diagnostics import cut_pareto
from finmodel.calibrate.threshold_average import fit_law
from finmodel.datasets.distances import distance_km

N_DATA_SETS = 200
SEED = 2024
PROVINCES = (
    *("BJ", "TJ", "HE", "SX", "LN", "SH", "JS", "ZJ"),
    *("AH", "FJ", "JX", "SD", "HA", "HB", "HN", "GD"),
)
Found = dict[str, tuple[float, float, float, float]]
"""By parameter: truth, estimate, low and high."""


def log_luck(rng, n, *, log_sd, share, index, log_cap):
    """Draw log luck by the quantile function of the model's law."""
    u = rng.random(n)
    start = -log_sd * ndtri(share)
    v = np.minimum((1 - u) / share, 1.0)
    at_cap = np.exp(-index * (log_cap - start))
    tail = start - np.log(v + (1 - v) * at_cap) / index
    return np.where(1 - u >= share, log_sd * ndtri(u), tail)


LAW = {"log_sd": 0.8, "share": 0.08, "index": 1.7, "log_cap": float(np.log(200.0))}
MEDIAN = 0.9


def _law_found(fit, telling=()):
    truth = {
        "mu_0": float(np.log(MEDIAN)),
        "ln_sd": float(np.log(LAW["log_sd"])),
        "logit_share": float(np.log(LAW["share"] / (1 - LAW["share"]))),
        "ln_index": float(np.log(LAW["index"])),
        **dict(telling),
    }
    labels = {
        "mu_0": "median (log)",
        "ln_sd": "log sd (log)",
        "logit_share": "tail share (logit)",
        "ln_index": "tail index (log)",
    }
    return {labels.get(name, name): (value, *fit.of(name)) for name, value in truth.items()}


def told_exits(rng, n=4000) -> Found:
    """Exits that are all told; those below half the median only as so low."""
    x = np.log(MEDIAN) + log_luck(rng, n, **LAW)
    floor = np.log(0.5 * MEDIAN)
    low = x <= floor
    data = exact_multiples(x[~low])
    zeros = np.zeros(low.sum())
    data = Multiples(
        **(
            data.__dict__
            | {"floored_route": zeros.astype(np.int64), "floored_size": zeros, "floor": floor}
        )
    )
    return _law_found(fit_law(data, log_cap=LAW["log_cap"]))


def few_exits(rng) -> Found:
    """600 of the same: where the tail begins is hardly told, and intervals are cautious."""
    return told_exits(rng, 600)


def hidden_exits(rng) -> Found:
    """4,000 exits; the price of two thirds is not told, of the small ones most often."""
    n, level, slope = 4000, -0.6, 0.4
    x = np.log(MEDIAN) + log_luck(rng, n, **LAW)
    size = 1.3 * rng.standard_normal(n)
    told = rng.random(n) < ndtr(level + slope * (x + size))
    floor = np.log(0.3)
    exact, floored, hidden = told & (x > floor), told & (x <= floor), ~told
    none, nowhere = np.empty(0), np.empty(0, np.int64)

    def route(mask):
        return np.zeros(mask.sum(), np.int64)

    data = Multiples(
        *(x[exact], route(exact), size[exact], route(floored), size[floored]),
        *(none, none, nowhere, none, route(hidden), size[hidden], 1, float(floor)),
    )
    telling = {"telling": level, "telling_slope": slope}
    return _law_found(fit_law(data, log_cap=LAW["log_cap"]), telling)


def cut_tail(rng) -> Found:
    """150 draws of a Pareto cut at thirty times its start: the index, start and cap known."""
    index, width = 1.4, np.log(30.0)
    y = -np.log1p(-rng.random(150) * -np.expm1(-index * width)) / index
    found, error = cut_pareto(np.array([150.0]), np.array([y.sum()]), np.array([width]))
    half = Z_95 * error[0]
    return {"index of a cut Pareto": (index, found[0], found[0] - half, found[0] + half)}


def flows(rng, *, elasticity=0.5, border=-1.2, total=5000, shape=np.inf, regions=PROVINCES):
    """Draw flows between provinces; `shape` is that of the gamma that spreads them."""
    n = len(regions)
    km = distance_km(regions) + 250.0 * np.eye(n)
    log_mean = rng.normal(0, 1, n)[:, None] + rng.normal(0, 1, n) + border * (1 - np.eye(n))
    mean = np.exp(log_mean) * (km / 250.0) ** -elasticity
    mean *= total / mean.sum()
    if np.isfinite(shape):
        mean = mean * rng.gamma(shape, 1 / shape, mean.shape)
    origin, destination = np.indices((n, n)).reshape(2, -1)
    names = np.array(regions)
    return pd.DataFrame(
        {
            "origin": names[origin],
            "destination": names[destination],
            "n": rng.poisson(mean).reshape(-1),
        }
    )


def _gravity_found(fit) -> Found:
    assert isinstance(fit, GravityFit)
    half = Z_95 * np.sqrt(np.diagonal(fit.covariance))
    truth = {"elasticity": 0.5, "border": -1.2}
    return {
        name: (truth[name], v, v - h, v + h)
        for name, v, h in zip(fit.names, fit.value, half, strict=True)
    }


def poisson_gravity(rng) -> Found:
    """5,000 flows between 16 provinces, Poisson."""
    return _gravity_found(fit_gravity(flows(rng), reference_km=250.0))


def spread_gravity(rng) -> Found:
    """The same, spread beyond Poisson by a gamma of shape 5."""
    return _gravity_found(fit_gravity(flows(rng, shape=5.0), reference_km=250.0))


def supply_table(rng, n_years, *, response=(1.0, 0.0), loading=(1.5, 0.3), noise=0.15):
    """Draw a yearly table of two classes whose errors go together."""
    market = np.empty(n_years)
    level = 0.25 * rng.standard_normal()
    for year in range(n_years):
        market[year] = level
        level = 0.65 * level + 0.25 * np.sqrt(1 - 0.65**2) * rng.standard_normal()
    past = 0.12 + 0.1 * rng.standard_normal(n_years)
    common = rng.standard_normal(n_years)
    frames = []
    for name, r, c in zip(("private", "state"), response, loading, strict=True):
        error = noise * (0.6 * common + 0.8 * rng.standard_normal(n_years))
        money = np.exp(6 + r * (past - 0.12) + c * market + error)
        columns = {"year": 2000 + np.arange(n_years), "past_return": past, "market": market}
        frames.append(pd.DataFrame(columns | {"lp_class": name, "commitments_mcny": money}))
    return pd.concat(frames, ignore_index=True)


def _supply_found(fit) -> Found:
    assert isinstance(fit, SupplyFit)
    half = Z_95 * fit.widening * np.sqrt(np.diagonal(fit.covariance))
    truth = np.array([[1.0, 1.5], [0.0, 0.3]])
    found = {}
    for c, name in enumerate(fit.classes):
        for s, number in enumerate(("return response", "cycle loading")):
            v, h = fit.value[c, s], half[2 * c + s]
            found[f"{number}, {name}"] = (truth[c, s], v, v - h, v + h)
    return found


def short_supply(rng) -> Found:
    """Seven years, two classes."""
    return _supply_found(fit_supply(supply_table(rng, 7)))


def long_supply(rng) -> Found:
    """Thirty years, two classes."""
    return _supply_found(fit_supply(supply_table(rng, 30)))


DESIGNS: dict[str, Callable[[np.random.Generator], Found]] = {
    "exits, all told": told_exits,
    "exits, 600 told": few_exits,
    "exits, two thirds not told": hidden_exits,
    "cut Pareto": cut_tail,
    "gravity, Poisson": poisson_gravity,
    "gravity, spread": spread_gravity,
    "supply, 7 years": short_supply,
    "supply, 30 years": long_supply,
}


def recovery_table(design: str, n: int = N_DATA_SETS, seed: int = SEED) -> pd.DataFrame:
    """Return one row a parameter of a design.

    Columns: `design`, `parameter`, `truth`, `mean`, `sd` (of the estimates), `mean_error` (half
    the interval over 1.96), `coverage` (of 95 % intervals), `n` (data sets).
    """
    draws = [DESIGNS[design](np.random.default_rng([seed, i])) for i in range(n)]
    rows = []
    for name in draws[0]:
        truth, value, low, high = np.array([draw[name] for draw in draws]).T
        rows.append(
            {
                "design": design,
                "parameter": name,
                "truth": truth[0],
                "mean": value.mean(),
                "sd": value.std(ddof=1),
                "mean_error": ((high - low) / (2 * Z_95)).mean(),
                "coverage": ((low < truth) & (truth < high)).mean(),
                "n": n,
            }
        )
    return pd.DataFrame(rows)


def markdown(table: pd.DataFrame) -> str:
    """Return the table as the page has it."""
    lines = [
        "| data | parameter | truth | mean | sd | mean s.e. | coverage |",
        "|---|---|---|---|---|---|---|",
    ]
    for row in table.itertuples():
        lines.append(
            f"| {row.design} | {row.parameter} | {row.truth:.3f} | {row.mean:.3f} | {row.sd:.3f} | "
            f"{row.mean_error:.3f} | {row.coverage:.3f} |"
        )
    return "\n".join(lines)


def main() -> None:
    """Print the table; the number of data sets may be given."""
    n = int(sys.argv[1]) if len(sys.argv) > 1 else N_DATA_SETS
    table = pd.concat([recovery_table(design, n) for design in DESIGNS], ignore_index=True)
    sys.stdout.write(markdown(table) + "\n")


if __name__ == "__main__":
    main()
