"""Many paths of a fund's plan: threads around the kernel, in chunks that change no bit."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from finmodel.errors import Interrupted
from finmodel.fund.desk import N_DEAL, N_FLOWS, Plan, new_desk, new_lives
from finmodel.fund.past import Past, empty_past
from finmodel.fund.portfolio import run_fund
from finmodel.numeric.jit import kernel
from finmodel.world.arrays import FloatArray

CHUNK = 256
"""Paths of one task."""


@dataclass(frozen=True)
class PlanRun:
    """Every path of a plan.

    Attributes
    ----------
    flows : ndarray of shape (P, Q, N_FLOWS), million CNY
    deals : ndarray of shape (P, D, N_DEAL)
    """

    flows: FloatArray
    deals: FloatArray


@kernel
def run_funds(
    plan: Plan, past: Past, seed: np.uint64, first: int, flows: FloatArray, deals: FloatArray
) -> None:
    """Fill the flows and deals of paths `first` and on."""
    n_deals, n_quarters = deals.shape[1], flows.shape[1]
    lives, desk = new_lives(n_deals), new_desk(n_deals, n_quarters)
    for p in range(len(flows)):
        run_fund(plan, past, lives, desk, flows[p], seed, first + p)
        deals[p] = desk.deal


def simulate_plan(
    plan: Plan,
    *,
    paths: int,
    seed: int,
    past: Past | None = None,
    quarters: int | None = None,
    threads: int | None = None,
    progress: Callable[[int, int], None] | None = None,
    cancel: threading.Event | None = None,
) -> PlanRun:
    """Run `paths` paths of a plan.

    Parameters
    ----------
    plan : Plan
    paths, seed : int
    past : Past, optional
        What has happened; by default nothing.
    quarters : int, optional
        Stop after so many, with what is held not sold; by default the fund's life.
    threads : int, optional
        By default one a core. Results do not depend on it.
    progress : callable, optional
        Called as ``progress(done, paths)``.
    cancel : threading.Event, optional
        Set it to stop; nothing is kept then.

    Raises
    ------
    Interrupted
        If cancelled.
    """
    rules, behind = plan.rules[0], empty_past() if past is None else past
    life = int(rules["last_quarter"])
    flows = np.zeros((paths, life if quarters is None else min(life, quarters), N_FLOWS))
    deals = np.zeros((paths, int(rules["deals"]), N_DEAL))
    starts = range(0, paths, CHUNK)

    def one(first: int) -> int:
        if cancel is not None and cancel.is_set():
            return 0
        last = min(paths, first + CHUNK)
        chunk = flows[first:last], deals[first:last]
        run_funds(plan, behind, np.uint64(seed), first, *chunk)
        return last - first

    done = 0
    with ThreadPoolExecutor(min(len(starts), threads or os.cpu_count() or 1)) as pool:
        for n in pool.map(one, starts):
            done += n
            if progress:
                progress(done, paths)
    if done < paths:
        raise Interrupted("stopped; a plan is short, so nothing is kept")
    return PlanRun(flows, deals)
