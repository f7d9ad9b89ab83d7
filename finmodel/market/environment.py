"""Step 1: the environment moves.

One market factor ``m``, an AR(1) in logs or two regimes; a factor a sector, an AR(1); and
the IPO window, open or closed, which shuts and opens with chances that answer to ``m``.
Stress of the scenario is laid on top. Factors on prices, exit values and pace are
``exp(loading * m - norm)``, with the norm that makes them one on average at rest.
"""

from __future__ import annotations

import math

import numpy as np

from finmodel.market.state import Now, Weather
from finmodel.market.streams import MARKET_FACTOR, SECTOR_FACTOR, WINDOW, draw, uniform, uniform52
from finmodel.numeric.jit import kernel, lean_kernel
from finmodel.numeric.quantiles import normal_quantile
from finmodel.world.arrays import FloatArray, KeyArray, Record, Table

_NOBODY = np.uint64(0)
LEVEL, IS_GOOD, IS_OPEN = 0, 1, 2
PACE, IPO, SALE, MARKET_NOW = 0, 1, 2, 3


@kernel
def new_weather(n_sectors: int) -> Weather:
    """Return an environment that has not moved yet."""
    return Weather(
        np.zeros(3), np.zeros(n_sectors), np.ones(4), np.zeros(n_sectors), np.ones(n_sectors)
    )


@lean_kernel
def shifted_chance(p: float, shift: float) -> float:
    """Return a probability whose log odds are moved by `shift`; 0 and 1 stay."""
    if p <= 0.0 or p >= 1.0:
        return p
    odds = p / (1.0 - p) * math.exp(shift)
    return odds / (1.0 + odds)


@lean_kernel
def move_market(rules: Record, level: FloatArray, now: Now) -> None:
    """Move the market factor by one quarter; the first quarter starts at rest."""
    a, b, _, _ = draw(now.seed, now.path, MARKET_FACTOR, now.quarter, _NOBODY, _NOBODY)
    u = uniform52(a, b)
    if rules["is_regimes"] > 0.0:
        rise, fall = rules["rise_pp"], rules["fall_pp"]
        if now.quarter == 0:
            level[IS_GOOD] = 1.0 if u < rise / (rise + fall) else 0.0
        elif level[IS_GOOD] > 0.0:
            level[IS_GOOD] = 0.0 if u < fall else 1.0
        else:
            level[IS_GOOD] = 1.0 if u < rise else 0.0
        level[LEVEL] = rules["regime_high"] if level[IS_GOOD] > 0.0 else rules["regime_low"]
        return
    z = normal_quantile(u)
    if now.quarter == 0:
        level[LEVEL] = rules["market_log_sd"] * z
    else:
        level[LEVEL] = rules["market_persistence"] * level[LEVEL] + rules["market_shock_sd"] * z


@lean_kernel
def move_window(rules: Record, level: FloatArray, market: float, now: Now) -> None:
    """Open or close the IPO window."""
    a, b, _, _ = draw(now.seed, now.path, WINDOW, now.quarter, _NOBODY, _NOBODY)
    u = uniform52(a, b)
    closes = shifted_chance(rules["window_close_pp"], -rules["window_loading"] * market)
    opens = shifted_chance(rules["window_open_pp"], rules["window_loading"] * market)
    if now.quarter == 0:
        level[IS_OPEN] = 1.0 if u < opens / (opens + closes) else 0.0
    elif level[IS_OPEN] > 0.0:
        level[IS_OPEN] = 0.0 if u < closes else 1.0
    else:
        level[IS_OPEN] = 1.0 if u < opens else 0.0


@lean_kernel
def move_sectors(rules: Record, sector_key: KeyArray, levels: FloatArray, now: Now) -> None:
    """Move the factor of each sector; the luck of a sector hangs on its name."""
    for s in range(len(levels)):
        a, _, _, _ = draw(now.seed, now.path, SECTOR_FACTOR, now.quarter, sector_key[s], _NOBODY)
        z = normal_quantile(uniform(a))
        if now.quarter == 0:
            levels[s] = rules["sector_log_sd"] * z
        else:
            levels[s] = rules["sector_persistence"] * levels[s] + rules["sector_shock_sd"] * z


@lean_kernel
def move_environment(
    rules: Record, stress: Table, sector_key: KeyArray, weather: Weather, now: Now
) -> None:
    """Move the whole environment by one quarter and write the factors it sets."""
    shock = stress[now.quarter]
    level, factor = weather.level, weather.factor
    move_market(rules, level, now)
    market = level[LEVEL] + shock["market_shift"]
    move_window(rules, level, market, now)
    move_sectors(rules, sector_key, weather.sector_level, now)
    factor[MARKET_NOW] = market
    factor[PACE] = shock["pace_multiple"] * math.exp(
        rules["pace_loading"] * market - rules["pace_norm"]
    )
    window = 1.0 if level[IS_OPEN] > 0.0 else rules["window_closed_multiple"]
    factor[IPO] = window * shock["ipo_multiple"]
    factor[SALE] = shock["sale_multiple"]
    price = rules["price_loading"] * market - rules["price_norm"]
    value = rules["exit_market_loading"] * market - rules["exit_market_norm"]
    half_variance = 0.5 * rules["sector_log_sd"] * rules["sector_log_sd"]
    for s in range(len(weather.log_price)):
        sector = weather.sector_level[s] - half_variance
        weather.log_price[s] = price + sector
        weather.exit_value[s] = math.exp(value + sector)
