"""`finmodel fund`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd
from rich.console import Console

from finmodel import store
from finmodel.cli.output import emit_json, records
from finmodel.cli.progress import Bar, stop_on_interrupt
from finmodel.report.fund_of_funds import (
    clauses_view,
    layers_view,
    nest_headline,
    nest_view,
    sizes_view,
)
from finmodel.report.fund_plan import (
    budget_view,
    deals_view,
    fund_view,
    parties_view,
    plan_headline,
    years_view,
)
from finmodel.scenario.fund_plan import load_fund_plan
from finmodel.scenario.fund_plan_schema import FundPlan
from finmodel.study.fund_plan import find_or_run_plan, simulated_funds
from finmodel.study.single import check_paths_and_seed

NOTES = (
    "± is the Monte Carlo standard error of the mean; '9 in 10 futures' is chance, what one fund "
    "may come to. What is not known about the plan's numbers is in neither. NAV is at marks of the "
    "last round, before carry still to come. A rate of return is left out where a path has none "
    "or more than one."
)

NEST_NOTES = (
    "Sub-funds of a path differ in luck and share none: a bad market for all of them is not in it, "
    "so the spread is the least to reckon with. How private LPs and managers answer to terms is "
    "not in it either. 'change' is against the first row, path by path; paired errors are in the "
    "stored table. \"others' yuan\" is other LPs' money in sub-funds for a yuan of the treasury's. "
    "VaR and CVaR are losses of a yuan paid: below 0 even the bad outcomes gain."
)
FUND_TABLES: tuple[str, ...] = ("fund", "parties", "years", "deals", "budget", "pacing")
NEST_TABLES: tuple[str, ...] = (
    "fund_of_funds",
    "layers",
    "fund_of_funds_years",
    "fund_of_funds_sizes",
    "fund_of_funds_clauses",
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
    with stop_on_interrupt() as cancel, Bar(simulated_funds(plan, n_paths)) as tick:
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
    names = FUND_TABLES + (() if plan.fund_of_funds is None else NEST_TABLES)
    tables = {name: store.read_result(stored.folder, name) for name in names}
    if as_json:
        header = {"name": plan.meta.name, "paths": n_paths, "seed": run_seed}
        found = {name: records(table) for name, table in tables.items()}
        emit_json({**header, "folder": str(stored.folder), **found})
        return
    show_tables(console, plan, tables, n_paths, run_seed)
    done = "Found again" if stored.is_reused else "Stored"
    console.print(f"{done}: {stored.folder}", soft_wrap=True)


def show_tables(
    console: Console, plan: FundPlan, tables: Mapping[str, pd.DataFrame], paths: int, seed: int
) -> None:
    """Print the tables of a plan: the fund of funds first, if it has one, then its fund."""
    labels = {name: lp.label_en for name, lp in plan.lps.items()}
    console.print(f"[bold]{plan.meta.title_en}[/bold] ({plan.meta.title_zh})")
    title, what = plan.meta.title_en, "The fund"
    if plan.fund_of_funds is None:
        console.print(f"{paths} paths, seed {seed}.\n")
    else:
        n = int(plan.fund_of_funds.sub_funds.centre)
        console.print(f"{paths} paths of {n} sub-funds each, seed {seed}.\n")
        show_nest(console, plan, tables)
        title, what = "One sub-fund", "One sub-fund"
    headline = plan_headline(tables["fund"], title)
    console.print(f"[bold]{headline}[/bold]\n", soft_wrap=True)
    console.print(fund_view(tables["fund"], f"{what}, for all LPs"))
    console.print(parties_view(tables["parties"], labels))
    console.print(years_view(tables["years"]))
    console.print(deals_view(tables["deals"], {}))
    console.print(budget_view(tables["budget"]))
    console.print(NOTES, soft_wrap=True)


def show_nest(console: Console, plan: FundPlan, tables: Mapping[str, pd.DataFrame]) -> None:
    """Print the tables of a plan's fund of funds."""
    upper, first = plan.fund_of_funds, next(iter(plan.lps.values()))
    others = {} if upper is None else upper.alternatives
    names = {"plan": first.label_en, **{name: item.label_en for name, item in others.items()}}
    summary = tables["fund_of_funds"]
    headline = nest_headline(summary, plan.meta.title_en)
    console.print(f"[bold]{headline}[/bold]\n", soft_wrap=True)
    console.print(nest_view(summary))
    console.print(layers_view(tables["layers"]))
    title = "The treasury year by year, of its commitment"
    console.print(years_view(tables["fund_of_funds_years"], title))
    console.print(sizes_view(tables["fund_of_funds_sizes"]))
    console.print(clauses_view(tables["fund_of_funds_clauses"], names))
    console.print(NEST_NOTES + "\n", soft_wrap=True)
