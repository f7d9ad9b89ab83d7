"""Staggered panels with a known effect, free of the market: what estimators should find."""

import numpy as np

from finmodel.evaluate import Design
from finmodel.evaluate.design import NEVER

YEARS = tuple(range(2001, 2013))
WAVES = (2005, 2007, 2009, NEVER)


def design(units_per_wave=10, waves=WAVES):
    adoption = np.repeat(np.array(waves), units_per_wave)
    names = tuple(f"u{i}" for i in range(len(adoption)))
    return Design(names, YEARS, adoption)


def effects(of, growth=1.0):
    """An effect that grows by the year and is larger in earlier waves; zero before adoption."""
    years = np.array(YEARS)
    start = of.adoption[:, None]
    size = np.select([start == 2005, start == 2007, start == 2009], [1.5, 1.0, 0.5], 0.0)
    return np.where(of.is_treated, size * (1.0 + growth * (years - start)), 0.0)


def untreated(of, seed, *, drift=0.0):
    """Unit and year effects and noise that lasts; with drift, waves grow apart without cause."""
    rng = np.random.default_rng([seed, 77])
    n, t = len(of.adoption), len(YEARS)
    shocks = rng.normal(size=(n, t))
    noise = np.zeros((n, t))
    noise[:, 0] = shocks[:, 0]
    for year in range(1, t):
        noise[:, year] = 0.5 * noise[:, year - 1] + np.sqrt(0.75) * shocks[:, year]
    trend = drift * np.arange(t) * (of.adoption != NEVER)[:, None]
    return 3.0 * rng.normal(size=(n, 1)) + rng.normal(size=(1, t)).cumsum(axis=1) + noise + trend
