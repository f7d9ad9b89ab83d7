"""Commands that hold the model to evidence: `fit`, `validate`, `calibrate`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from finmodel.cli.errors import guarded
from finmodel.cli.options import JsonOption, PathsOption, SeedOption, SetOption, ThreadsOption


@guarded
def fit(
    plan: Annotated[Path, typer.Argument(help="Plan of a fit (TOML).", metavar="PLAN")],
    changes: SetOption = None,
    out: Annotated[
        Path | None, typer.Option("--out", help="Scenario file to write.", metavar="FILE")
    ] = None,
    is_forced: Annotated[bool, typer.Option("--force", help="Replace the file.")] = False,
    runs: Annotated[Path, typer.Option("--runs", help="Folder of fits.", metavar="DIR")] = Path(
        "fits"
    ),
    threads: ThreadsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Fit numbers of a scenario to published figures by simulated moments.

    The written scenario carries estimates with their errors and correlations. Prints how near the
    model comes to each figure, which figure pins which number, and what nothing pins.
    Interrupted, the same command goes on.
    """
    from finmodel.cli.fit_command import fit_and_show

    fit_and_show(
        plan,
        changes=changes or [],
        out=runs,
        scenario_out=out,
        is_forced=is_forced,
        threads=threads,
        as_json=as_json,
        command=["finmodel", *sys.argv[1:]],
    )


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
) -> None:
    """Hold a scenario against published figures, misses first, and write a report.

    Says of each figure whether the model is inside its interval, and whether it was used for
    fitting. Figures of other countries are shown apart: they are no test of this market.
    """
    from finmodel.cli.validate_command import validate_and_show

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
        command=["finmodel", *sys.argv[1:]],
    )


@guarded
def calibrate(
    deals: Annotated[Path, typer.Argument(help="Deals: a CSV file or a folder.", metavar="DEALS")],
    out: Annotated[
        Path, typer.Option("--out", help="Scenario file to write.", metavar="FILE")
    ] = Path("calibrated.toml"),
    base: Annotated[
        Path | None,
        typer.Option(help="Scenario it extends; by default the shipped delta baseline."),
    ] = None,
    cohorts: Annotated[
        str,
        typer.Option(help="Years of firms' first rounds; by default the last six whole ones."),
    ] = "",
    held_out: Annotated[
        str,
        typer.Option(
            "--hold-out", help="Cohorts not fitted to but predicted: alternate, none, or years."
        ),
    ] = "alternate",
    as_of: Annotated[
        str, typer.Option(help="Last day the records cover; by default theirs.", metavar="DATE")
    ] = "",
    observed_from: Annotated[
        str, typer.Option(help="Day from which firms were noticed.", metavar="DATE")
    ] = "",
    seed: Annotated[int, typer.Option(min=0, help="Seed of imputations and markets.")] = 1,
    imputations: Annotated[
        int, typer.Option(min=2, max=200, help="Draws of the stages of unlabelled rounds.")
    ] = 10,
    is_forced: Annotated[bool, typer.Option("--force", help="Replace what is there.")] = False,
    lang: Annotated[str, typer.Option(help="Language of what is printed: en or zh.")] = "en",
    as_json: JsonOption = False,
) -> None:
    """Estimate numbers of a scenario from records of deals, and write a scenario that runs.

    Rates are those at which the simulated market shows the graduation curves of the records. Each
    number carries its standard error and source; a page beside the scenario shows how good the fit
    is, on cohorts that were not fitted to as well. Nothing is written before all is done.
    """
    from finmodel.cli.calibrate_command import calibrate_and_show

    calibrate_and_show(
        deals,
        out=out,
        base=base,
        cohorts=cohorts,
        held_out=held_out,
        as_of=as_of,
        observed_from=observed_from,
        seed=seed,
        imputations=imputations,
        is_forced=is_forced,
        lang=lang,
        as_json=as_json,
    )
