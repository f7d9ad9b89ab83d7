"""The scalars of behaviour of a scenario, as one row for the kernels."""

from __future__ import annotations

import math

import numpy as np

from finmodel.scenario import Scenario
from finmodel.units import QUARTERS_PER_YEAR
from finmodel.world.arrays import RULES_ROW, Table


def log_mean(scenario: Scenario, loading: float) -> float:
    """Return ``log E[exp(loading * m)]`` for the market factor `m` at rest.

    Taking it off makes a factor ``exp(loading * m)`` one on average: for an AR(1) with
    spread ``s`` it is ``(loading * s)**2 / 2``; for two regimes it follows from the share
    of time in each.
    """
    environment = scenario.environment
    if environment.process == "ar1":
        return 0.5 * (loading * environment.market_log_sd.centre) ** 2
    rise, fall = environment.rise_pp.centre, environment.fall_pp.centre
    p_high = rise / (rise + fall)
    high, low = environment.regime_high.centre, environment.regime_low.centre
    return math.log(p_high * math.exp(loading * high) + (1.0 - p_high) * math.exp(loading * low))


def rules_table(scenario: Scenario) -> Table:
    """Return the scalars of behaviour as a table of one row.

    Parameters
    ----------
    scenario : Scenario
        Without beliefs.

    Returns
    -------
    ndarray of RULES_ROW, shape (1,)
    """
    firms, market, exits = scenario.firms, scenario.market, scenario.exits
    row: dict[str, float] = {
        **_plain(firms),
        **_plain(market),
        **_plain(exits),
        **_plain(scenario.terms),
        **_environment(scenario),
        "common_root": math.sqrt(market.common_noise_share.centre),
        "own_root": math.sqrt(1.0 - market.common_noise_share.centre),
        "log_bridge": math.log1p(-scenario.terms.bridge_discount.centre),
        "log_least_price": _log_least_price(scenario.terms.max_dilution.centre),
        "closure_pp": 1.0 / firms.patience_quarters.centre,
        "success_memory": _memory(market.success_memory_pa.centre),
        "distance_dislike": scenario.friction.distance_dislike.centre,
        "return_memory": _memory(scenario.capital.return_memory_pa.centre),
        "reference_return_pa": scenario.capital.reference_return_pa.centre,
        "response_limit": scenario.capital.response_limit.centre,
    }
    table = np.zeros(1, RULES_ROW)
    for name in RULES_ROW.names or ():
        table[name] = row[name]
    return table


def _plain(section: object) -> dict[str, float]:
    fields: dict[str, object] = dict(section)  # type: ignore[call-overload]
    return {name: item.centre for name, item in fields.items()}  # type: ignore[attr-defined]


def _log_least_price(max_dilution: float) -> float:
    """Return the log of ``(1 - d) / d``; minus infinity if founders would sell everything."""
    return math.log((1.0 - max_dilution) / max_dilution) if max_dilution < 1.0 else -math.inf


def _memory(rate_pa: float) -> float:
    """Return the weight of the newest quarter at a yearly rate of learning."""
    return -math.expm1(-rate_pa / QUARTERS_PER_YEAR)


def _environment(scenario: Scenario) -> dict[str, float]:
    environment = scenario.environment
    market_rho, sector_rho = (
        environment.market_persistence_pp.centre,
        environment.sector_persistence_pp.centre,
    )
    market_sd, sector_sd = environment.market_log_sd.centre, environment.sector_log_sd.centre
    price, exit_, pace = (
        environment.price_loading.centre,
        environment.exit_loading.centre,
        environment.pace_loading.centre,
    )
    return {
        "is_regimes": float(environment.process == "regimes"),
        "market_persistence": market_rho,
        "market_shock_sd": market_sd * math.sqrt(1.0 - market_rho**2),
        "market_log_sd": market_sd,
        "regime_high": environment.regime_high.centre,
        "regime_low": environment.regime_low.centre,
        "fall_pp": environment.fall_pp.centre,
        "rise_pp": environment.rise_pp.centre,
        "sector_persistence": sector_rho,
        "sector_shock_sd": sector_sd * math.sqrt(1.0 - sector_rho**2),
        "sector_log_sd": sector_sd,
        "price_loading": price,
        "price_norm": log_mean(scenario, price),
        "exit_market_loading": exit_,
        "exit_market_norm": log_mean(scenario, exit_),
        "pace_loading": pace,
        "pace_norm": log_mean(scenario, pace),
        "window_close_pp": environment.window_close_pp.centre,
        "window_open_pp": environment.window_open_pp.centre,
        "window_loading": environment.window_loading.centre,
        "window_closed_multiple": environment.window_closed_multiple.centre,
    }
