"""`finmodel pacing`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from finmodel import store
from finmodel.cli.output import emit_json, prepare, records
from finmodel.cli.progress import Bar, stop_on_interrupt
from finmodel.report.pacing import (
    cash_view,
    plan_view,
    programme_headline,
    programme_view,
    sets_view,
)
from finmodel.study.pacing import find_or_run_programme, funds_of, load_programme

NOTES = (
    "Commitments are the non-negative ones that keep closest to the target; the plan that meets it "
    "in every year, whatever its sign, is in the stored table. Over-commitment is NAV and unfunded "
    "commitments over NAV and reserve. Paths draw the plan's fund anew for every vintage. They "
    "share no market, so chances of a shortfall are the least to reckon with; earlier vintages are "
    "simulated from their beginning. What a reserve cannot pay is met from outside and not repaid. "
    "NAV of paths is at marks of last rounds, before carry; by the parameters it is what grows "
    "into the distributions: where marks run ahead of these, paths hold more than the target."
)
TABLES = ("programme", "programme_years", "programme_paths", "vintages", "parameter_sets")


def pace_and_show(
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
    """Plan an LP's commitments and print them; see `finmodel pacing --help`."""
    plan, fund = load_programme(file, changes)
    defaults = (plan.run.paths, plan.run.seed)
    n_paths, run_seed = prepare(paths, seed, out, defaults=defaults)
    console = Console(stderr=as_json, highlight=False)
    with stop_on_interrupt() as cancel, Bar(funds_of(plan, n_paths)) as tick:
        stored = find_or_run_programme(
            plan,
            fund,
            file,
            paths=n_paths,
            seed=run_seed,
            root=out,
            threads=threads,
            progress=tick,
            cancel=cancel,
            command=command,
        )
    tables = {name: store.read_result(stored.folder, name) for name in TABLES}
    if as_json:
        header = {"name": plan.meta.name, "paths": n_paths, "seed": run_seed}
        found = {name: records(table) for name, table in tables.items()}
        emit_json({**header, "folder": str(stored.folder), **found})
        return
    years = tables["programme_years"]
    console.print(f"[bold]{plan.meta.title_en}[/bold] ({plan.meta.title_zh})")
    vintages = "every vintage its own funds"
    console.print(f"{n_paths} paths, {vintages}: {fund.meta.title_en}; seed {run_seed}.\n")
    headline = programme_headline(tables["programme"], years, plan.meta.title_en)
    console.print(f"[bold]{headline}[/bold]\n", soft_wrap=True)
    console.print(programme_view(tables["programme"]))
    console.print(plan_view(years))
    console.print(cash_view(years, tables["programme_paths"]))
    console.print(sets_view(tables["parameter_sets"]))
    console.print(NOTES, soft_wrap=True)
    done = "Found again" if stored.is_reused else "Stored"
    console.print(f"{done}: {stored.folder}", soft_wrap=True)
