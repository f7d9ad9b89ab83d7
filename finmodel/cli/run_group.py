"""Commands that simulate a market: `run`, `why`, `compare`, `show`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from finmodel.cli.asked import asked_command
from finmodel.cli.errors import guarded
from finmodel.cli.options import (
    DrawsOption,
    JsonOption,
    LangOption,
    OutOption,
    PathsOption,
    PriorsOption,
    ScenarioArg,
    SeedOption,
    SetOption,
    ThreadsOption,
    UntilOption,
    language_of,
)


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
    draws: DrawsOption = None,
    priors: PriorsOption = "",
    until: UntilOption = None,
    lang: LangOption = "en",
) -> None:
    """Simulate a scenario, print the funding gap, and store the tables.

    A run with the same scenario, data, paths, seed and model is found again instead of
    computed. Interrupted, the same command goes on. With --draws it says how wide the answer is:
    by simulation, by luck, and by what is not known about the inputs. With --until it plays as
    many paths, or draws, as an error takes: exit code 3 if the most allowed do not suffice.
    """
    from finmodel.cli.draws_command import check_options, draw_and_show
    from finmodel.cli.run_command import run_and_show

    check_options(draws, priors, details)
    language = language_of(lang)
    if draws is not None:
        draw_and_show(
            scenario,
            draws=draws,
            priors=priors,
            paths=paths,
            seed=seed,
            changes=changes or [],
            out=out,
            threads=threads,
            as_json=as_json,
            command=asked_command(),
            until=until,
            language=language,
        )
        return

    run_and_show(
        scenario,
        paths=paths,
        seed=seed,
        changes=changes or [],
        out=out,
        threads=threads,
        details=details,
        as_json=as_json,
        command=asked_command(),
        until=until,
        language=language,
    )


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
        command=asked_command(),
    )


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
    draws: DrawsOption = None,
    priors: PriorsOption = "",
    until: UntilOption = None,
    lang: LangOption = "en",
) -> None:
    """Compare policies with a baseline, firm by firm on the same luck.

    Prints what changes, which of it would have happened anyway, and what it costs the public. A
    change by --set applies to every arm, one of programmes.* or levers.* to every policy.
    Interrupted, the same command goes on. With --draws it says how wide effects are: by simulation,
    by luck, and by what is not known about the inputs. With --until it plays as many paths, or
    draws, as an error takes: exit code 3 if the most allowed do not suffice.
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
        command=asked_command(),
        draws=draws,
        priors=priors,
        until=until,
        language=language_of(lang),
    )


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
