"""Step 2: firms are born.

Births are Poisson by region and sector. The n-th firm born in a quarter in a region and
sector is the same firm in every run with the same seed: its identity is the pair's key
and ``quarter << 20 | n``, and all its luck hangs on that.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from finmodel.market.books import note_event
from finmodel.market.columns import BIRTH_N, BORN, COHORT_BORN
from finmodel.market.state import Books, Now, Pool
from finmodel.market.streams import BIRTHS, TRAITS, draw, uniform, uniform52
from finmodel.numeric.jit import kernel, lean_kernel
from finmodel.numeric.quantiles import normal_quantile, poisson_quantile
from finmodel.world.arrays import FloatArray, Record, Table, WorldArrays

LARGEST_MEAN = 400.0


@lean_kernel
def count_births(mean: float, key: np.uint64, now: Now) -> int:
    """Return the Poisson number of births of one region and sector in one quarter."""
    n_parts = int(mean // LARGEST_MEAN) + 1
    count = 0
    for part in range(n_parts):
        a, b, _, _ = draw(now.seed, now.path, BIRTHS, now.quarter, key, np.uint64(part))
        count += poisson_quantile(mean / n_parts, uniform52(a, b))
    return count


@lean_kernel
def enter_stage(rules: Record, row: Record, firm: Record, stage: int) -> None:
    """Put a firm into `stage`, whose row for its region and sector is `row`; set its hazards."""
    theta = firm["theta"]
    firm["stage"] = stage
    firm["milestone"] = row["milestone_pp"] * math.exp(rules["milestone_loading"] * theta)
    firm["failure"] = row["failure_pp"] * math.exp(-rules["failure_loading"] * theta)
    leave = math.exp(rules["exit_loading"] * theta)
    firm["ipo"] = row["ipo_pp"] * leave
    firm["sale"] = (row["mna_pp"] + row["transfer_pp"]) * leave
    firm["buyback"] = row["buyback_pp"] * leave


@kernel
def qualities(
    seed: np.uint64,
    path: int,
    keys: NDArray[np.uint32],
    serials: NDArray[np.uint32],
    rules: Record,
) -> FloatArray:
    """Return the latent quality of firms by identity, as at their birth."""
    result = np.empty(len(keys))
    for i in range(len(keys)):
        key, serial = np.uint64(keys[i]), np.uint64(serials[i])
        a, _, _, _ = draw(seed, path, TRAITS, 0, key, serial)
        result[i] = rules["quality_mean"] + rules["quality_sd"] * normal_quantile(uniform(a))
    return result


@lean_kernel
def bear_firms(world: WorldArrays, firms: Table, n: int, pool: Pool, books: Books, now: Now) -> int:
    """Add this quarter's births after slot `n`; return the new count, or -1 if full."""
    rules, entry_cdf, cells = world.rules[0], world.entry_cdf, books.cells
    for region in range(world.birth_rate_pp.shape[0]):
        for sector in range(world.birth_rate_pp.shape[1]):
            key = world.cell_key[region, sector]
            born = count_births(world.birth_rate_pp[region, sector], key, now)
            if n + born > len(firms):
                return -1
            for index in range(born):
                serial = np.uint64((now.quarter << 20) | index)
                a, b, c, _ = draw(now.seed, now.path, TRAITS, 0, key, serial)
                firm = firms[n + index]
                firm["key"] = key
                firm["serial"] = serial
                firm["region"] = region
                firm["sector"] = sector
                spread = rules["quality_sd"] * normal_quantile(uniform(a))
                firm["theta"] = rules["quality_mean"] + spread
                firm["log_size"] = rules["size_log_sd"] * normal_quantile(uniform(b))
                firm["size"] = math.exp(firm["log_size"])
                firm["luck_block"] = -1
                firm["cash"] = 0.0
                firm["burn"] = 0.0
                firm["need"] = 0.0
                firm["shares"], firm["price"], firm["post_money"] = 1.0, 0.0, 0.0
                firm["raised"], firm["support"], firm["head"] = 0.0, 0.0, -1
                firm["help"] = 1.0
                firm["paid_stage"] = -1
                firm["paid_quarter"] = -1
                stage, entry = 0, uniform(c)
                while stage < len(entry_cdf) - 1 and entry > entry_cdf[stage]:
                    stage += 1
                enter_stage(rules, world.stages[region, stage, sector], firm, stage)
                firm["born"] = now.year
                cells[now.year, region, stage, sector, BIRTH_N] += 1.0
                books.survival[sector, now.year, now.year, COHORT_BORN] += 1.0
                note_event(firm, pool, books, now, BORN, -1, 0.0, 0.0)
            n += born
    return n
