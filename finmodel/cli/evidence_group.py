"""Commands that hold the model to evidence: `calibrate`, `fit`, `validate`, `evaluate`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from finmodel.cli.asked import asked_command
from finmodel.cli.errors import guarded
from finmodel.cli.options import (
    JsonOption,
    PathsOption,
    ScenarioArg,
    SeedOption,
    SetOption,
    ThreadsOption,
)
from finmodel.variables import Language


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
    is_staying: Annotated[
        bool,
        typer.Option("--stay", help="Keep the numbers of the base; find their errors again."),
    ] = False,
    threads: ThreadsOption = None,
    lang: Annotated[str, typer.Option(help="Language of the report: en or zh.")] = "en",
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
        is_staying=is_staying,
        threads=threads,
        lang=lang,
        as_json=as_json,
        command=asked_command(),
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
    backtest: Annotated[
        bool, typer.Option("--backtest", help="Back-test hazards on deals instead.")
    ] = False,
    deals: Annotated[
        Path | None,
        typer.Option(help="Deals of --backtest; by default the shipped file.", metavar="DEALS"),
    ] = None,
    cutoff: Annotated[
        str | None,
        typer.Option(
            help="Last day of the fit of --backtest: the end of a year; by default 2009-12-31."
        ),
    ] = None,
    as_of: Annotated[
        str | None,
        typer.Option(
            help="Last day on which a deal of --backtest could be recorded.", metavar="DATE"
        ),
    ] = None,
) -> None:
    """Hold a scenario against published figures, misses first, and write a report.

    Says of each figure whether the model is inside its interval, and whether it was used for
    fitting. Figures of other countries are shown apart: they are no test of this market. With
    --backtest hazards are fitted to deals known by a day and held against later cohorts.
    """
    from finmodel.cli.validate_command import backtest_and_show, refuse_idle, validate_and_show

    of_model: dict[str, object] = {
        "SCENARIO": scenario,
        "--paths": paths,
        "--policy-paths": policy_paths,
    }
    of_model |= {"--seed": seed, "--set": changes or None}
    of_deals = {"--deals": deals, "--cutoff": cutoff, "--as-of": as_of}
    refuse_idle(of_model if backtest else of_deals, is_backtest=backtest)
    command = asked_command()
    if backtest:
        backtest_and_show(
            deals,
            cutoff=cutoff or "2009-12-31",
            as_of=as_of or "",
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


@guarded
def evaluate(
    scenario: ScenarioArg,
    paths: PathsOption = None,
    seed: SeedOption = None,
    changes: SetOption = None,
    out: Annotated[
        Path, typer.Option("--out", help="Folder of evaluations.", metavar="DIR")
    ] = Path("evaluations"),
    threads: ThreadsOption = None,
    as_json: JsonOption = False,
    panel: Annotated[
        Path | None,
        typer.Option(
            help="Write the panels of one history (.csv or .parquet), do nothing else.",
            metavar="FILE",
        ),
    ] = None,
    lang: Annotated[Language, typer.Option(help="Language of the report.")] = "en",
) -> None:
    """Estimate a programme's effect as an analyst would, where the truth is known.

    Every history is played with and without the programmes on the same luck. Two-way fixed
    effects, Callaway & Sant'Anna and matching see the first alone: bias, coverage and power of
    each, and what its errors are made of. Interrupted, the same command goes on.
    """
    from finmodel.cli.evaluate_command import evaluate_and_show, export_and_say

    if panel is not None:
        export_and_say(scenario, seed=seed, changes=changes or [], panel=panel)
        return
    evaluate_and_show(
        scenario,
        paths=paths,
        seed=seed,
        changes=changes or [],
        out=out,
        threads=threads,
        as_json=as_json,
        language=lang,
        command=asked_command(),
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
    commitments: Annotated[
        Path | None,
        typer.Option(help="Yearly commitments to funds (CSV), for the supply of LPs."),
    ] = None,
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
        commitments=commitments,
        is_forced=is_forced,
        lang=lang,
        as_json=as_json,
    )
