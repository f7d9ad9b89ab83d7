"""What a batch costs beside its units, and how a second worker helps."""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from finmodel.scenario.batch_plan import load_batch
from finmodel.study.batch import run_batch
from finmodel.study.batch_units import BatchUnits
from finmodel.study.engines import DaskEngine, ThreadEngine
from finmodel.study.units import maker_digest, play_unit, run_units
from tests.bench.clock import cpu_seconds
from tests.conftest import ROOT, YRD

PLAN = """
schema_version = 1
scenarios = ["{file}"]
set = ["run.scale=0.01"]
[meta]
name = "many"
title_en = "Many small scenarios"
title_zh = "大量小情景"
question = "What does a batch cost beside its units?"
[run]
paths = {paths}
seeds = [1]
[design]
kind = "latin_hypercube"
points = {points}
beliefs = ["*"]
"""

LARGE = """
import resource, sys, time
from pathlib import Path
from finmodel.scenario.batch_plan import load_batch
from finmodel.study.batch import run_batch
from finmodel.study.engines import ThreadEngine
started = time.perf_counter()
run_batch(load_batch(sys.argv[1]), root=Path(sys.argv[2]), engine=ThreadEngine(2))
print(time.perf_counter() - started, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
"""


def write(folder, *, points, paths):
    path = Path(folder) / f"many_{points}_{paths}.toml"
    path.write_text(PLAN.format(file=YRD, points=points, paths=paths), encoding="utf-8")
    return path


def overhead(folder):
    """Print processor time of a batch of 200 over that of its units alone, on one thread."""
    found = load_batch(write(folder, points=200, paths=100))
    asked = list(BatchUnits(found))
    sources = maker_digest()
    play_unit((asked[0], sources))
    with cpu_seconds() as alone:
        for unit in asked:
            play_unit((unit, sources))
    with cpu_seconds() as batch:
        run_batch(found, root=Path(folder) / "one", engine=ThreadEngine(1))
    print(
        f"200 scenarios of 100 paths, hundredth scale: units {alone.total:.1f} CPU s, batch "
        f"{batch.total:.1f} CPU s, overhead {100 * (batch.total / alone.total - 1):.1f} %"
    )
    for threads in (1, 2):
        started = time.perf_counter()
        run_batch(found, root=Path(folder) / f"threads{threads}", engine=ThreadEngine(threads))
        print(f"the same on {threads} thread(s): {time.perf_counter() - started:.1f} s")


def workers(folder):
    """Print how much faster two workers of a cluster are than one, start-up excluded."""
    units = list(BatchUnits(load_batch(write(folder, points=96, paths=100))))
    seconds = {}
    for n in (1, 2):
        with DaskEngine(workers=n) as engine:
            run_units(units[:4], root=Path(folder) / f"warm{n}", engine=engine)
            started = time.perf_counter()
            run_units(units, root=Path(folder) / f"dask{n}", engine=engine)
            seconds[n] = time.perf_counter() - started
    ratio = seconds[1] / seconds[2]
    print(
        f"92 units on dask: 1 worker {seconds[1]:.1f} s, 2 workers {seconds[2]:.1f} s, {ratio:.2f}x"
    )


def large(folder):
    """Print time and memory of a thousand scenarios of a hundred paths."""
    plan = write(folder, points=1000, paths=100)
    out = subprocess.run(
        [sys.executable, "-c", LARGE, str(plan), str(Path(folder) / "large")],
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    seconds, peak = map(float, out.stdout.split())
    print(
        f"1,000 scenarios of 100 paths, hundredth scale, 2 threads: {seconds / 60:.1f} min, "
        f"peak memory {peak:.0f} MB"
    )


def report():
    with tempfile.TemporaryDirectory() as folder:
        overhead(folder)
        workers(folder)
        large(folder)
