"""The command line: thin commands over the library."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

import finmodel
from finmodel.cli.errors import guarded

app = typer.Typer(
    name="finmodel",
    help="Venture-finance portfolio and funding-gap modeler.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)

ScenarioArg = Annotated[Path, typer.Argument(help="Scenario file (TOML).", metavar="SCENARIO")]
SetOption = Annotated[
    list[str] | None,
    typer.Option("--set", help="Change a number: dotted.key=value. May be repeated."),
]
OutOption = Annotated[Path, typer.Option("--out", help="Folder of runs.", metavar="DIR")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON for machines.")]
PathsOption = Annotated[int | None, typer.Option(help="Paths; by default the scenario's.")]
SeedOption = Annotated[int | None, typer.Option(help="Seed; by default the scenario's.")]
ThreadsOption = Annotated[int | None, typer.Option(min=1, help="Worker threads.")]


def _version(is_asked: bool) -> None:
    if is_asked:
        typer.echo(f"finmodel {finmodel.__version__}")
        raise typer.Exit


@app.callback()
def top(
    _version_flag: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """Venture-finance portfolio and funding-gap modeler."""


@app.command()
@guarded
def run(
    scenario: ScenarioArg,
    paths: PathsOption = None,
    seed: SeedOption = None,
    changes: SetOption = None,
    out: OutOption = Path("runs"),
    threads: ThreadsOption = None,
    details: Annotated[
        int, typer.Option(min=0, help="Keep every fund and firm history of this many paths.")
    ] = 0,
    as_json: JsonOption = False,
) -> None:
    """Simulate a scenario, print the funding gap, and store the tables.

    A run with the same scenario, data, paths, seed and model is found again instead of
    computed. Interrupted, the same command goes on.
    """
    from finmodel.cli.run_command import run_and_show

    run_and_show(
        scenario,
        paths=paths,
        seed=seed,
        changes=changes or [],
        out=out,
        threads=threads,
        details=details,
        as_json=as_json,
        command=["finmodel", *sys.argv[1:]],
    )


@app.command()
@guarded
def why(
    scenario: ScenarioArg,
    paths: Annotated[
        int | None,
        typer.Option(help="Paths of each of the 32 markets; by default a quarter of a run's."),
    ] = None,
    seed: SeedOption = None,
    changes: SetOption = None,
    out: Annotated[
        Path, typer.Option("--out", help="Folder of decompositions.", metavar="DIR")
    ] = Path("decompositions"),
    threads: ThreadsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Split the funding gap into five frictions, so that the parts add up to it.

    Scarcity of capital, distance and borders, information, mandates, search: each is switched
    off in every combination with the others, with the same luck. Interrupted, the same command
    goes on.
    """
    from finmodel.cli.why_command import why_and_show

    why_and_show(
        scenario,
        paths=paths,
        seed=seed,
        changes=changes or [],
        out=out,
        threads=threads,
        as_json=as_json,
        command=["finmodel", *sys.argv[1:]],
    )


@app.command()
@guarded
def compare(
    base: Annotated[Path, typer.Argument(help="Baseline (TOML).", metavar="BASE")],
    policies: Annotated[
        list[Path], typer.Argument(help="Policies to compare with it (TOML).", metavar="POLICY...")
    ],
    paths: PathsOption = None,
    seed: SeedOption = None,
    changes: SetOption = None,
    out: Annotated[
        Path, typer.Option("--out", help="Folder of comparisons.", metavar="DIR")
    ] = Path("comparisons"),
    threads: ThreadsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Compare policies with a baseline, firm by firm on the same luck.

    Prints what changes, which of it would have happened anyway, and what it costs the public. A
    change by --set applies to every arm, one of programmes.* or levers.* to every policy.
    Interrupted, the same command goes on.
    """
    from finmodel.cli.compare_command import compare_and_show

    compare_and_show(
        base,
        policies,
        paths=paths,
        seed=seed,
        changes=changes or [],
        out=out,
        threads=threads,
        as_json=as_json,
        command=["finmodel", *sys.argv[1:]],
    )


@app.command()
@guarded
def fund(
    plan: Annotated[Path, typer.Argument(help="Plan of one fund (TOML).", metavar="PLAN")],
    paths: Annotated[int | None, typer.Option(help="Paths; by default the plan's.")] = None,
    seed: Annotated[int | None, typer.Option(help="Seed; by default the plan's.")] = None,
    changes: SetOption = None,
    out: Annotated[Path, typer.Option("--out", help="Folder of plans.", metavar="DIR")] = Path(
        "funds"
    ),
    threads: ThreadsOption = None,
    as_json: JsonOption = False,
    positions: Annotated[
        Path | None,
        typer.Option(help="What the fund has done (CSV); needs --as-of.", metavar="FILE"),
    ] = None,
    as_of: Annotated[
        str, typer.Option(help="Day of the positions: the last of a quarter.", metavar="DATE")
    ] = "",
    first_closing: Annotated[
        str, typer.Option(help="By default 1 January of the vintage year.", metavar="DATE")
    ] = "",
    template: Annotated[
        Path | None,
        typer.Option(help="Write an empty file of positions, do nothing else.", metavar="FILE"),
    ] = None,
) -> None:
    """Simulate the plan of one fund: what its LPs may expect, when, and how bad it can get.

    Deals follow a law of stages or are drawn from a simulated market. Fees, recycling, reserves,
    waterfall and clauses of LPs are those of the plan. With --positions the fund is compared with
    its plan at the same age, and its life goes on from where it stands.
    """
    from finmodel.cli.fund_command import fund_and_show, template_and_say

    if template is not None:
        template_and_say(plan, template, changes or [])
        return
    fund_and_show(
        plan,
        paths=paths,
        seed=seed,
        changes=changes or [],
        out=out,
        threads=threads,
        as_json=as_json,
        command=["finmodel", *sys.argv[1:]],
        positions=positions,
        as_of=as_of,
        first_closing=first_closing,
    )


@app.command()
@guarded
def pacing(
    plan: Annotated[Path, typer.Argument(help="Plan of commitments (TOML).", metavar="PLAN")],
    paths: Annotated[int | None, typer.Option(help="Paths; by default the plan's.")] = None,
    seed: Annotated[int | None, typer.Option(help="Seed; by default the plan's.")] = None,
    changes: SetOption = None,
    out: Annotated[Path, typer.Option("--out", help="Folder of plans.", metavar="DIR")] = Path(
        "funds"
    ),
    threads: ThreadsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Plan what an LP commits each year to hold a target, and whether the cash is there.

    Commitments follow published pacing parameters or those fitted to a plan's fund; the chance of
    a shortfall is that of simulated funds.
    """
    from finmodel.cli.pacing_command import pace_and_show

    pace_and_show(
        plan,
        paths=paths,
        seed=seed,
        changes=changes or [],
        out=out,
        threads=threads,
        as_json=as_json,
        command=["finmodel", *sys.argv[1:]],
    )


@app.command()
@guarded
def show(
    reference: Annotated[
        str,
        typer.Argument(help="Run: a folder, a digest or its start, or 'latest'.", metavar="RUN"),
    ] = "latest",
    table: Annotated[str, typer.Option(help="Print one stored table whole.")] = "",
    out: OutOption = Path("runs"),
    as_json: JsonOption = False,
) -> None:
    """Show a stored run."""
    from finmodel.cli.run_command import show_stored

    show_stored(reference, table=table, out=out, as_json=as_json)


@app.command()
@guarded
def check(scenario: ScenarioArg, changes: SetOption = None, as_json: JsonOption = False) -> None:
    """Check a scenario and say what it rests on, without running it."""
    from finmodel.cli.info_commands import check_scenario

    check_scenario(scenario, changes or [], as_json=as_json)


@app.command()
@guarded
def values(
    scenario: ScenarioArg,
    region: Annotated[str, typer.Option(help="One region; by default the first.")] = "",
    changes: SetOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show what firms are worth by stage and sector, and the lowest viable quality."""
    from finmodel.cli.info_commands import print_values

    print_values(scenario, changes or [], region=region, as_json=as_json)


@app.command()
@guarded
def schema(as_json: JsonOption = False) -> None:
    """List every number a scenario may set: unit, allowed range, meaning."""
    from finmodel.cli.info_commands import print_schema

    print_schema(as_json=as_json)


@app.command()
@guarded
def data(as_json: JsonOption = False) -> None:
    """Check every data table and list it with source, licence and grade."""
    from finmodel.cli.info_commands import print_data

    print_data(as_json=as_json)


@app.command()
@guarded
def validate(
    scenario: Annotated[
        Path | None,
        typer.Argument(help="Scenario file (TOML); by default the shipped delta baseline."),
    ] = None,
    paths: PathsOption = None,
    policy_paths: Annotated[
        int | None,
        typer.Option(help="Paths of guidance programmes; by default a quarter, 0 for none."),
    ] = None,
    seed: SeedOption = None,
    changes: SetOption = None,
    out: Annotated[
        Path, typer.Option("--out", help="Folder of validations.", metavar="DIR")
    ] = Path("validations"),
    threads: ThreadsOption = None,
    lang: Annotated[str, typer.Option(help="Language of the report: en or zh.")] = "en",
    as_json: JsonOption = False,
    backtest: Annotated[
        bool, typer.Option("--backtest", help="Back-test hazards on deals instead.")
    ] = False,
    deals: Annotated[
        Path | None,
        typer.Option(help="Deals of --backtest; by default the shipped file.", metavar="DEALS"),
    ] = None,
    cutoff: Annotated[
        str, typer.Option(help="Last day of the fit of --backtest: the end of a year.")
    ] = "2009-12-31",
    as_of: Annotated[
        str, typer.Option(help="Last day on which a deal could be recorded.", metavar="DATE")
    ] = "",
) -> None:
    """Hold a scenario against published figures, misses first, and write a report.

    Says of each figure whether the model is inside its interval, and whether it was used for
    fitting. Figures of other countries are shown apart: they are no test of this market. With
    --backtest hazards are fitted to deals known by a day and held against later cohorts.
    """
    from finmodel.cli.validate_command import backtest_and_show, validate_and_show

    command = ["finmodel", *sys.argv[1:]]
    if backtest:
        backtest_and_show(
            deals,
            cutoff=cutoff,
            as_of=as_of,
            out=out,
            lang=lang,
            as_json=as_json,
            command=command,
        )
        return
    validate_and_show(
        scenario,
        paths=paths,
        policy_paths=policy_paths,
        seed=seed,
        changes=changes or [],
        out=out,
        threads=threads,
        lang=lang,
        as_json=as_json,
        command=command,
    )


def entry() -> None:
    """Console entry point: anything unexpected is our bug and ends with code 1."""
    app()
