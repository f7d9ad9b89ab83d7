"""What gravity and supply regressions make of simulated markets whose numbers are known."""

from __future__ import annotations

import numpy as np
import pandas as pd

from finmodel.calibrate.gravity import GravityFit, fit_gravity
from finmodel.calibrate.lp_supply import SupplyFit, fit_supply
from finmodel.market.columns import CALLED_M, NAV_S, TO_LPS_M
from finmodel.market.environment import MARKET_NOW, move_environment, new_weather
from finmodel.market.run import simulate
from finmodel.market.state import Now
from finmodel.measure.activity import flow_table
from finmodel.measure.details import fund_table
from finmodel.scenario import load_scenario
from finmodel.world import build_world
from tests.conftest import ROOT, YRD

CHINA = ROOT / "scenarios" / "china31_baseline.toml"
PAIRS = ("JS>SH", "ZJ>SH", "AH>SH", "JS>ZJ", "JS>AH", "ZJ>JS", "ZJ>AH", "AH>JS", "AH>ZJ")
NO_PAIRS = tuple(f"friction.pairs.{pair}=1.0" for pair in PAIRS)


def simulated_flows(elasticity, *, scenario=CHINA, paths=8, scale=0.2, seed=1, changes=()):
    """Return the flows of all paths and years together, and the world."""
    changed = (*NO_PAIRS, f"friction.distance_elasticity={elasticity}", f"run.scale={scale}")
    world = build_world(load_scenario(scenario, (*changed, "run.warm_up_years=6", *changes)))
    run = simulate(world, paths=paths, seed=seed)
    table = flow_table(run)
    years = world.arrays.calendar.n_quarters / 4 - 6
    table = table[table["fund_type"] == "all"]
    flows = pd.DataFrame(
        {
            "origin": table["fund_region"],
            "destination": table["firm_region"],
            "n": (table["rounds_n"] * years * paths).round(),
        }
    )
    return flows.reset_index(drop=True), world


def gravity_mapping(elasticities=(0.0, 0.3, 0.6, 1.0, 1.5), **options) -> pd.DataFrame:
    """Return the elasticity of flows beside that of meetings."""
    rows = []
    for elasticity in elasticities:
        flows, _ = simulated_flows(elasticity, **options)
        fit = fit_gravity(flows, reference_km=250.0)
        assert isinstance(fit, GravityFit)
        error = np.sqrt(np.diagonal(fit.covariance))
        rows.append(
            {
                "of meetings": elasticity,
                "of flows": fit.value[0],
                "error": error[0],
                "away weight of flows": np.exp(fit.value[1]),
                "dispersion": fit.dispersion,
            }
        )
    return pd.DataFrame(rows)


def market_factor(world, path: int, seed: int) -> np.ndarray:
    """Return the market factor of every quarter of a path, as its kernel draws it."""
    arrays = world.arrays
    weather = new_weather(len(arrays.sector_key))
    found = []
    for quarter in range(arrays.calendar.n_quarters):
        now = Now(np.uint64(seed), path, quarter, 0)
        move_environment(arrays.rules[0], arrays.stress, arrays.sector_key, weather, now)
        found.append(weather.factor[MARKET_NOW])
    return np.array(found)


def supply_tables(*, paths=10, seed=1, scale=0.2, changes=()):
    """Return a yearly table a path: commitments by class, past return, market factor."""
    options = (*changes, f"run.scale={scale}", "run.years=40", "run.warm_up_years=8")
    world = build_world(load_scenario(YRD, options))
    run = simulate(world, paths=paths, seed=seed, detailed=paths, has_fund_money=False)
    funds = fund_table(run)
    flow = run.fund_flow
    names = list(world.lps)
    memory = float(world.arrays.rules[0]["return_memory"])
    tables = []
    for path in range(paths):
        own = funds[funds["path"] == path]
        by_class = {
            name: (own["commitment_mcny"] * own[f"lp_{name}_share"]).groupby(own["vintage"]).sum()
            for name in names
        }
        year = flow[path].sum(axis=(1, 2))
        nav = year[:, NAV_S]
        before = np.r_[np.nan, nav[:-1]]
        gain = nav - before + year[:, TO_LPS_M] - year[:, CALLED_M]
        past = remembered(gain, before, 1 - (1 - memory) ** 4)
        first = int(world.scenario.run.start_year)
        market = market_factor(world, path, seed)[-4 * len(nav) :].reshape(-1, 4).mean(axis=1)
        frame = pd.DataFrame({"year": first + np.arange(len(nav)), "market": market})
        frame["past_return"] = np.r_[np.nan, past[:-1]]
        long = pd.concat(
            [
                frame.assign(
                    lp_class=name, commitments_mcny=frame["year"].map(by_class[name]).to_numpy()
                )
                for name in names
            ]
        )
        tables.append(long)
    return tables, world


def remembered(gain, before, memory):
    """Return the return that investors remember at each year's end, from yearly money."""
    top = base = 0.0
    found = []
    for g, b in zip(gain, before, strict=True):
        if np.isfinite(b):
            top, base = top + memory * (g - top), base + memory * (b - base)
        found.append(top / base if base > 0 else np.nan)
    return np.array(found)


def supply_mapping(**options) -> pd.DataFrame:
    """Return mean slopes over paths beside the scenario's numbers."""
    tables, world = supply_tables(**options)
    fits = [fit_supply(table) for table in tables]
    assert all(isinstance(fit, SupplyFit) for fit in fits)
    rows = []
    for c, name in enumerate(fits[0].classes):
        lp = world.scenario.lps[name]
        for s, key in enumerate(("return_response", "cycle_loading")):
            value = np.array([fit.value[c, s] for fit in fits])
            error = np.array(
                [np.sqrt(np.diagonal(fit.covariance))[2 * c + s] * fit.widening for fit in fits]
            )
            truth = getattr(lp, key).centre
            rows.append(
                {
                    "class": name,
                    "number": key,
                    "truth": truth,
                    "mean": value.mean(),
                    "error of mean": value.std(ddof=1) / np.sqrt(len(value)),
                    "mean error": error.mean(),
                    "coverage": (np.abs(value - truth) < 1.96 * error).mean(),
                }
            )
    return pd.DataFrame(rows)
