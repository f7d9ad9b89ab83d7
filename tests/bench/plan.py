"""A fund's plan: firms a second with rounds, dilution, fees, waterfall and true rate of return."""

import os
import time

import numpy as np

from finmodel.fund import desk as col
from finmodel.fund.irr import irr_batch
from finmodel.fund.lifetime import run_waterfall
from finmodel.fund.outcome import waterfall_terms
from finmodel.fund.plan_arrays import plan_arrays
from finmodel.fund.simulate import simulate_plan
from finmodel.scenario.fund_plan import load_fund_plan, plan_stages
from tests.conftest import ROOT

FILE = ROOT / "scenarios" / "funds" / "fund_hard_tech.toml"
FUNDS, FIRMS = 10_000, 40
PARTS = 20


def settle(flows, terms, times):
    """Waterfall and net rate of return of funds."""
    called, gross = flows[..., col.CALL], np.maximum(0.0, flows[..., col.PAID_OUT])
    payout = run_waterfall(called, gross, terms)
    return irr_batch(payout.to_lps - called, times)


def whole(arrays, terms, times, pool):
    """All of it: lives, cheques, fees, waterfall, rates; the last two in threads."""
    run = simulate_plan(arrays, paths=FUNDS, seed=1)
    parts = np.array_split(run.flows, PARTS)
    return run, list(pool.map(lambda part: settle(part, terms, times), parts))


def report():
    """Print firms a second on all cores."""
    from concurrent.futures import ThreadPoolExecutor

    changes = (f"portfolio.deals={FIRMS}", "fund.commitment_mcny=1000")
    plan = load_fund_plan(FILE, changes)
    arrays, terms = plan_arrays(plan, plan_stages(plan, FILE), None), waterfall_terms(plan)
    times = np.arange(int(arrays.rules[0]["last_quarter"])) / 4.0
    best, made = np.inf, 0.0
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for _ in range(6):
            start = time.perf_counter()
            run, _ = whole(arrays, terms, times, pool)
            best = min(best, time.perf_counter() - start)
            made = (run.deals[..., col.DEAL_COST] > 0.0).sum(axis=1).mean()
    print(
        f"plans of {FUNDS:,} funds of {FIRMS} firms ({made:.1f} bought), {len(times)} quarters: "
        f"{FUNDS * FIRMS / best / 1e6:.2f} million firms a second, {FUNDS * made / best / 1e6:.2f} "
        f"million of those bought ({best:.2f} s)"
    )


if __name__ == "__main__":
    report()
