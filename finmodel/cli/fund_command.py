"""`finmodel fund`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from finmodel import store
from finmodel.cli.output import emit_json, records
from finmodel.cli.progress import Bar, stop_on_interrupt
from finmodel.report.fund_plan import (
    budget_view,
    deals_view,
    fund_view,
    parties_view,
    plan_headline,
    years_view,
)
from finmodel.scenario.fund_plan import load_fund_plan
from finmodel.study.fund_plan import find_or_run_plan
from finmodel.study.single import check_paths_and_seed

NOTES = (
    "± is the Monte Carlo standard error of the mean; '9 in 10 futures' is chance, what one fund "
    "may come to. What is not known about the plan's numbers is in neither. NAV is at marks of the "
    "last round, before carry still to come. A rate of return is left out where a path has none "
    "or more than one."
)


def fund_and_show(
    file: Path,
    *,
    paths: int | None,
    seed: int | None,
    changes: Sequence[str],
    out: Path,
    threads: int | None,
    as_json: bool,
    command: Sequence[str],
) -> None:
    """Simulate the plan of one fund and print it; see `finmodel fund --help`."""
    plan = load_fund_plan(file, changes)
    n_paths = plan.run.paths if paths is None else paths
    run_seed = plan.run.seed if seed is None else seed
    check_paths_and_seed(n_paths, run_seed)
    store.make_root(out)
    console = Console(stderr=as_json, highlight=False)
    with stop_on_interrupt() as cancel, Bar(n_paths) as tick:
        stored = find_or_run_plan(
            plan,
            file,
            paths=n_paths,
            seed=run_seed,
            root=out,
            threads=threads,
            progress=tick,
            cancel=cancel,
            command=command,
        )
    names = ("fund", "parties", "years", "deals", "budget", "pacing")
    tables = {name: store.read_result(stored.folder, name) for name in names}
    if as_json:
        header = {"name": plan.meta.name, "paths": n_paths, "seed": run_seed}
        found = {name: records(table) for name, table in tables.items()}
        emit_json({**header, "folder": str(stored.folder), **found})
        return
    labels = {name: lp.label_en for name, lp in plan.lps.items()}
    console.print(f"[bold]{plan.meta.title_en}[/bold] ({plan.meta.title_zh})")
    console.print(f"{n_paths} paths, seed {run_seed}.\n")
    headline = plan_headline(tables["fund"], plan.meta.title_en)
    console.print(f"[bold]{headline}[/bold]\n", soft_wrap=True)
    console.print(fund_view(tables["fund"], "The fund, for all LPs"))
    console.print(parties_view(tables["parties"], labels))
    console.print(years_view(tables["years"]))
    console.print(deals_view(tables["deals"], {}))
    console.print(budget_view(tables["budget"]))
    console.print(NOTES, soft_wrap=True)
    done = "Found again" if stored.is_reused else "Stored"
    console.print(f"{done}: {stored.folder}", soft_wrap=True)
