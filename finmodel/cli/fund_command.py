"""`finmodel fund`."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TypedDict

import pandas as pd
from rich.console import Console

from finmodel import store
from finmodel.cli.output import emit_json, prepare, records
from finmodel.cli.progress import Bar, stop_on_interrupt
from finmodel.datasets.positions import write_template
from finmodel.errors import DataError, Problem
from finmodel.report.fund_actuals import (
    actuals_headline,
    actuals_stage_view,
    actuals_view,
    holdings_view,
)
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
from finmodel.scenario.fund_plan import load_fund_plan, plan_stages
from finmodel.scenario.fund_plan_schema import FundPlan
from finmodel.study.fund_plan import find_or_run_plan, simulated_funds
from finmodel.study.fund_positions import Record, find_or_run_from_here, read_record

NOTES = (
    "± is the Monte Carlo standard error of the mean; '9 in 10 futures' is chance, what one fund "
    "may come to. What is not known about the plan's numbers is in neither. NAV is at marks of the "
    "last round, before carry still to come. A path that lost money and has no rate of return "
    "counts as -100 %; of several the one nearest 0 with the sign of its gain is taken."
)


NEST_LUCK = {
    "law": "Sub-funds of a path differ in luck and share none: a bad market for all of them is not "
    "in it, so the spread is the least to reckon with.",
    "market": "Sub-funds of a path differ in their deals and share one simulated market.",
}
NEST_NOTES = (
    "How private LPs and managers answer to terms is not in it. 'change' is against the first row, "
    "path by path; paired errors are in the stored table. \"others' yuan\" is other LPs' money in "
    "sub-funds for a yuan of the treasury's. VaR and CVaR are losses of a yuan paid: below 0 even "
    "the bad outcomes gain."
)
NEST_TABLES = (
    "fund_of_funds",
    "layers",
    "fund_of_funds_years",
    "fund_of_funds_sizes",
    "fund_of_funds_clauses",
)

RECORD_NOTES = (
    "'below actual' is the part of the plan's futures at this age that are below the fund's own "
    "figure. The past is the same in every future shown; firms held go on from their last round."
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
    positions: Path | None = None,
    as_of: str = "",
    first_closing: str = "",
) -> None:
    """Simulate the plan of one fund and print it; see `finmodel fund --help`."""
    plan = load_fund_plan(file, changes)
    record = record_of(plan, file, positions, as_of, first_closing)
    defaults = (plan.run.paths, plan.run.seed)
    n_paths, run_seed = prepare(paths, seed, out, defaults=defaults)
    console = Console(stderr=as_json, highlight=False)
    with stop_on_interrupt() as cancel, Bar(simulated_funds(plan, n_paths)) as tick:
        asked: Asked = {
            "paths": n_paths,
            "seed": run_seed,
            "root": out,
            "threads": threads,
            "progress": tick,
            "cancel": cancel,
            "command": command,
        }
        if record is None:
            stored = find_or_run_plan(plan, file, **asked)
        else:
            stored = find_or_run_from_here(plan, file, record, **asked)
    tables = {name: store.read_result(stored.folder, name) for name in shown_tables(plan, record)}
    if as_json:
        header = {"name": plan.meta.name, "paths": n_paths, "seed": run_seed}
        found = {name: records(table) for name, table in tables.items()}
        emit_json({**header, "folder": str(stored.folder), **found})
        return
    console.print(f"[bold]{plan.meta.title_en}[/bold] ({plan.meta.title_zh})")
    upper = plan.fund_of_funds
    of_each = "" if upper is None else f" of {int(upper.sub_funds.centre)} sub-funds each"
    console.print(f"{n_paths} paths{of_each}, seed {run_seed}.\n")
    if record is not None:
        show_record(console, record, tables)
    elif upper is not None:
        show_nest(console, plan, tables)
    show_plan(console, plan, tables, is_nested=upper is not None)
    console.print(NOTES if record is None else f"{NOTES} {RECORD_NOTES}", soft_wrap=True)
    done = "Found again" if stored.is_reused else "Stored"
    console.print(f"{done}: {stored.folder}", soft_wrap=True)


class Asked(TypedDict):
    """What both kinds of run are asked for."""

    paths: int
    seed: int
    root: Path
    threads: int | None
    progress: Bar
    cancel: threading.Event
    command: Sequence[str]


def record_of(
    plan: FundPlan, file: Path, positions: Path | None, as_of: str, first_closing: str
) -> Record | None:
    """Return a fund's record, None if it has none; its two options go together."""
    if positions is None:
        given = {"--as-of": as_of, "--first-closing": first_closing}
        problems = [
            Problem(option, repr(text), f"{option} with --positions FILE only")
            for option, text in given.items()
            if text
        ]
        if problems:
            raise DataError("options", problems)
        return None
    if not as_of:
        allowed = "the day of the positions, --as-of YYYY-MM-DD"
        raise DataError("options", [Problem("--as-of", "nothing", allowed)])
    return read_record(plan, file, positions, as_of=as_of, first_closing=first_closing)


def shown_tables(plan: FundPlan, record: Record | None) -> tuple[str, ...]:
    """Return the names of the tables that are shown."""
    names = ("fund", "parties", "years", "deals")
    if record is None:
        nest = () if plan.fund_of_funds is None else NEST_TABLES
        return (*names, "budget", "pacing", *nest)
    return ("actuals", "holdings", *names)


def show_record(console: Console, record: Record, tables: Mapping[str, pd.DataFrame]) -> None:
    """Print where a fund stands by its plan."""
    clock, actuals = record.clock, tables["actuals"]
    console.print(
        f"As of {clock.as_of}, {clock.quarters} quarters after first closing "
        f"({clock.first_closing}); {len(record.positions.events)} events of "
        f"{record.positions.file}.\n",
        soft_wrap=True,
    )
    console.print(f"[bold]{actuals_headline(actuals)}[/bold]\n", soft_wrap=True)
    console.print(actuals_view(actuals))
    console.print(actuals_stage_view(actuals))
    console.print(holdings_view(tables["holdings"]))


def show_nest(console: Console, plan: FundPlan, tables: Mapping[str, pd.DataFrame]) -> None:
    """Print the tables of a plan's fund of funds."""
    upper, first = plan.fund_of_funds, next(iter(plan.lps.values()))
    others = {} if upper is None else upper.alternatives
    names = {"plan": first.label_en, **{name: item.label_en for name, item in others.items()}}
    summary = tables["fund_of_funds"]
    is_market_shared = plan.outcomes.source == "market"
    headline = nest_headline(summary, plan.meta.title_en, is_market_shared=is_market_shared)
    console.print(f"[bold]{headline}[/bold]\n", soft_wrap=True)
    console.print(nest_view(summary))
    console.print(layers_view(tables["layers"]))
    title = "The treasury year by year, of its commitment"
    console.print(years_view(tables["fund_of_funds_years"], title))
    console.print(sizes_view(tables["fund_of_funds_sizes"]))
    console.print(clauses_view(tables["fund_of_funds_clauses"], names))
    console.print(f"{NEST_LUCK[plan.outcomes.source]} {NEST_NOTES}\n", soft_wrap=True)


def show_plan(
    console: Console, plan: FundPlan, tables: Mapping[str, pd.DataFrame], *, is_nested: bool
) -> None:
    """Print what a fund comes to."""
    labels = {name: lp.label_en for name, lp in plan.lps.items()}
    title, what = ("One sub-fund",) * 2 if is_nested else (plan.meta.title_en, "The fund")
    headline = plan_headline(tables["fund"], title)
    console.print(f"[bold]{headline}[/bold]\n", soft_wrap=True)
    console.print(fund_view(tables["fund"], f"{what}, for all LPs"))
    console.print(parties_view(tables["parties"], labels))
    console.print(years_view(tables["years"]))
    console.print(deals_view(tables["deals"], {}))
    if "budget" in tables:
        console.print(budget_view(tables["budget"]))


def template_and_say(file: Path, template: Path, changes: Sequence[str]) -> None:
    """Write an empty file of positions for a plan."""
    plan = load_fund_plan(file, changes)
    path = write_template(template, plan_stages(plan, file))
    Console(highlight=False).print(f"Written: {path}", soft_wrap=True)
