"""What firms are worth by the viability test: the numbers behind every gap."""

from __future__ import annotations

import numpy as np
import pandas as pd

from finmodel.world import TESTS, World, stage_values

QUALITIES = (-2.0, -1.0, 0.0, 1.0, 2.0)
"""Qualities at which values are listed, in standard deviations."""


def value_table(world: World, qualities: tuple[float, ...] = QUALITIES) -> pd.DataFrame:
    """Return expected discounted exit value and capital still needed, for a firm of size one.

    Parameters
    ----------
    world : World
    qualities : tuple of float
        In standard deviations.

    Returns
    -------
    DataFrame
        One row a region, stage, sector, rate (`market`, `social`) and quality:
        `exit_value_mcny`, `capital_needed_mcny`, `ratio` of the two (inf if nothing is
        needed, NaN if nothing is gained either), and the lowest viable quality under each
        test, `hurdle_*` (inf if none).
        Regions with the same clusters have the same values; each is listed.
    """
    tests = world.scenario.viability
    rates = {"market": tests.market_rate_pa.centre, "social": tests.social_rate_pa.centre}
    rules, quality = world.arrays.rules[0], np.array(qualities)
    frames = []
    for r, region in enumerate(world.regions):
        stages = world.arrays.stages[r]
        for rate, rate_pa in rates.items():
            values = stage_values(stages, rules, rate_pa, quality)
            index = pd.MultiIndex.from_product(
                [qualities, world.stages, world.sectors], names=["quality", "stage", "sector"]
            )
            frame = index.to_frame(index=False)
            frame.insert(0, "region", region)
            frame.insert(1, "rate", rate)
            frame["exit_value_mcny"] = values.exit_value.reshape(-1)
            frame["capital_needed_mcny"] = values.capital_needed.reshape(-1)
            for test in TESTS:
                hurdle = np.broadcast_to(stages[f"hurdle_{test}"], values.exit_value.shape)
                frame[f"hurdle_{test}"] = hurdle.reshape(-1)
            frames.append(frame)
    table = pd.concat(frames, ignore_index=True)
    with np.errstate(divide="ignore"):
        table["ratio"] = table["exit_value_mcny"] / table["capital_needed_mcny"]
    return table
