"""``make bench``: speed, growth, memory and start-up of the engine, printed as figures.

Nothing here is asserted: machines differ. Ratios within one run are what to quote.
"""

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time

import numpy as np

from finmodel.market.run import simulate, warm_kernel
from finmodel.scenario import load_scenario
from finmodel.study.compare import compare, comparison_tables
from finmodel.world import build_world
from tests.bench import app, batch, deals, irr, matching, mesa_market, plan, waterfall
from tests.conftest import ROOT, YRD

MEMORY = """
import resource, sys
sys.path.insert(0, {root!r})
from finmodel.market.run import simulate
from finmodel.scenario import load_scenario
from finmodel.study.single import run_tables
from finmodel.world import build_world
run = simulate(build_world(load_scenario({scenario!r})), paths={paths}, seed=1)
run_tables(run)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
"""


def world(*changes):
    return build_world(load_scenario(YRD, changes))


def timed(target, paths, threads=None, repeats=3):
    """Return (seconds, firm-quarters) of the best of some runs."""
    best, quarters = np.inf, 0
    for _ in range(repeats):
        result = simulate(target, paths=paths, seed=1, threads=threads)
        best, quarters = min(best, result.seconds), result.firm_quarters
    return best, quarters


def slope(x, y):
    return float(np.polyfit(np.log(x), np.log(y), 1)[0])


def speed():
    full = world()
    for threads in (1, 2):
        seconds, quarters = timed(full, 60, threads, repeats=5)
        print(
            f"full scale, 60 paths, {threads} thread(s): {quarters / seconds / 1e6:.1f} million "
            f"firm-quarters a second ({seconds:.2f} s)"
        )


def growth():
    scales = (0.125, 0.25, 0.5, 1.0, 2.0)
    found = [timed(world(f"run.scale={scale}"), 30) for scale in scales]
    cost = slope([q for _, q in found], [s for s, _ in found])
    print(f"growth of time with firms and funds, scales {scales}: exponent {cost:.2f}")
    sizes = (2.0, 1.0, 0.5)
    for name, keys in (
        ("funds (each smaller)", [f"funds.{kind}.size_mcny" for kind in world().fund_types]),
    ):
        base = load_scenario(YRD)
        seconds, counts = [], []
        for factor in sizes:
            changes = [
                f"{key}={base.funds[key.split('.')[1]].size_mcny.centre * factor}" for key in keys
            ]
            target = world(*changes)
            seconds.append(timed(target, 20)[0])
            counts.append(target.arrays.fund_rate_pp.sum())
        print(f"growth of time with {name}, factors {sizes}: exponent {slope(counts, seconds):.2f}")
    paths, full = (25, 50, 100, 200), world()
    seconds = [timed(full, n)[0] for n in paths]
    print(f"growth of time with paths {paths}: exponent {slope(paths, seconds):.2f} (1 is linear)")


def memory():
    for paths in (100, 400, 1000):
        script = MEMORY.format(root=str(ROOT), scenario=str(YRD), paths=paths)
        out = subprocess.run(
            [sys.executable, "-c", script], capture_output=True, text=True, check=True
        )
        print(f"peak memory, full scale, {paths} paths, all tables: {float(out.stdout):.0f} MB")


def start_up():
    with tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, "XDG_CACHE_HOME": folder}
        call = [sys.executable, "-m", "finmodel", "run", str(YRD), "--set", "run.scale=0.001"]
        for name in ("first call, compiling", "second call", "third call"):
            out = tempfile.mkdtemp(dir=folder)
            started = time.perf_counter()
            subprocess.run(
                [*call, "--paths", "2", "--out", out],
                check=True,
                capture_output=True,
                cwd=ROOT,
                env=environment,
            )
            print(f"{name}: {time.perf_counter() - started:.1f} s from start to stored tables")


def arms():
    """Three arms on one seed, and how much pairing takes off the variance of effects."""
    sets = ("run.scale=0.1",)
    policies = {
        name: build_world(load_scenario(ROOT / "scenarios" / f"{name}.toml", sets))
        for name in ("policy_pro_rata", "lever_barriers")
    }
    base = world(*sets)
    found = min((compare(base, policies, paths=200, seed=1) for _ in range(3)), key=_seconds)
    print(f"three paired arms, tenth scale, 200 paths: {found.seconds:.1f} s")
    table = comparison_tables(found)["outcomes"]
    for row in table[table["region"] == "all"].to_dict("records"):
        if row["outcome"] in ("gap_mcny", "deals_mcny", "funded_viable_n", "graduated_n"):
            print(
                f"{row['policy']}, {row['outcome']}: {row['change']:.4g} +- {row['change_se']:.2g}"
                f" a year, variance {row['variance_ratio']:.0f} times below unpaired runs"
            )


def _seconds(comparison):
    return comparison.seconds


PARTS = {
    "speed": speed,
    "arms": arms,
    "growth": growth,
    "memory": memory,
    "start_up": start_up,
    "irr": irr.report,
    "plan": plan.report,
    "matching": matching.report,
    "waterfall": waterfall.report,
    "deals": deals.report,
    "batch": batch.report,
    "app": app.report,
    "mesa": lambda: mesa_market.report(scale=1.0),
}


def main():
    """Run the parts named, or all."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"any of {', '.join(PARTS)}")
    names = parser.parse_args().parts or list(PARTS)
    unknown = [name for name in names if name not in PARTS]
    if unknown:
        parser.error(f"no part {', '.join(unknown)}; there are {', '.join(PARTS)}")
    warm_kernel(world())
    for name in names:
        PARTS[name]()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"peak memory of this process: {peak:.0f} MB")


if __name__ == "__main__":
    main()
