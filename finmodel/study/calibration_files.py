"""What a calibration leaves on disk: a scenario and a folder of tables and pages beside it.

The folder is made under another name and moved into place, then the scenario: a reader never sees
half of either, and an interrupted calibration leaves nothing.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from finmodel.calibrate.write import Evidence, Titles, calibrated_text
from finmodel.datasets.root import data_root
from finmodel.errors import Problem, StoreError
from finmodel.study.calibrate import CalibrationPlan, DealCalibration, checksums_of

SHIPPED_DEALS = "deals/us_crunchbase_2013-10"
SHIPPED_SOURCE = "DS_US2013"


def folder_of(out: Path) -> Path:
    """Return the folder beside a scenario."""
    return out.with_name(f"{out.stem}_calibration")


def refuse_existing(out: Path, *, is_forced: bool) -> None:
    """Raise StoreError if what would be written is there, or cannot be written."""
    problems = []
    for path in (out, folder_of(out)):
        if path.exists() and not is_forced:
            problems.append(Problem("--out", f"{path}, which exists", "--force, or a new name"))
    if out.suffix != ".toml":
        problems.append(Problem("--out", repr(out.name), "the name of a .toml file"))
    if not out.resolve().parent.is_dir():
        problems.append(Problem("--out", f"no folder {out.parent}", "a folder that exists"))
    if problems:
        raise StoreError(str(out), problems)


def evidence_of(done: DealCalibration, plan: CalibrationPlan) -> Evidence:
    """Return source, grade and words that every written number carries."""
    cohorts = ", ".join(str(year) for year in done.cohorts)
    shipped = data_root() / SHIPPED_DEALS
    is_shipped = shipped.is_dir() and set(done.calibration.checksums.items()) <= set(
        checksums_of(shipped).items()
    )
    sums = "; ".join(f"{k} sha256 {v[:16]}" for k, v in done.calibration.checksums.items())
    records = "United States" if is_shipped else f"Records {plan.deals.name} ({sums})"
    return Evidence(
        SHIPPED_SOURCE if is_shipped else "user",
        "commercial" if is_shipped else "assumed",
        f"{records}, first rounds in {cohorts}.",
        f"{records}, firms of all cohorts, held-out ones too, to {done.book.as_of:%Y-%m-%d}.",
    )


def scenario_text(done: DealCalibration, plan: CalibrationPlan, out: Path) -> str:
    """Return the scenario of a calibration."""
    name = "".join(c if c.isascii() and c.isalnum() else "_" for c in out.stem.lower())[:60]
    years = f"{min(done.cohorts)}-{max(done.cohorts)}"
    held = ", ".join(str(year) for year in done.held_out) or "none"
    meta = done.base.meta
    titles = Titles(
        name=name or "calibrated",
        title_en=f"{meta.title_en[:70]}, rates from {plan.deals.name[:25]} {years}",
        title_zh=f"{meta.title_zh[:70]}，参数校准自{plan.deals.name[:25]} {years}",
        question=(
            f"{meta.question} Rates, asks and sizes are estimated from {plan.deals.name}; "
            f"all else is that of {meta.name}. Cohorts held out: {held}."
        )[:2000],
    )
    return calibrated_text(
        plan.base,
        out,
        done.base,
        done.calibration,
        evidence=evidence_of(done, plan),
        titles=titles,
    )


def write_calibration(
    done: DealCalibration,
    plan: CalibrationPlan,
    out: Path,
    pages: Mapping[str, str],
    *,
    is_forced: bool,
) -> Path:
    """Write the scenario and its folder; return the folder.

    Parameters
    ----------
    done : DealCalibration
    plan : CalibrationPlan
    out : Path
        Scenario file.
    pages : Mapping of str
        Texts by file name.
    is_forced : bool
        Whether what is there may be replaced.

    Raises
    ------
    StoreError
        If something is there already, or cannot be written; then nothing is changed.
    """
    refuse_existing(out, is_forced=is_forced)
    text, folder = scenario_text(done, plan, out), folder_of(out)
    draft: Path | None = None
    try:
        draft = Path(tempfile.mkdtemp(prefix=f".{out.stem}-", dir=out.resolve().parent))
        for name, table in tables_of(done).items():
            table.to_csv(draft / f"{name}.csv", index=False)
        for name, page in pages.items():
            (draft / name).write_text(page, encoding="utf-8")
        (draft / out.name).write_text(text, encoding="utf-8")
        draft.chmod(0o755)
        if folder.exists():
            shutil.rmtree(folder)
        (draft / out.name).replace(out)
        draft.replace(folder)
    except OSError as error:
        if draft is not None:
            shutil.rmtree(draft, ignore_errors=True)
        reason = error.strerror or str(error)
        raise StoreError(str(out), [Problem("--out", reason, "a folder with room")]) from None
    return folder


def tables_of(done: DealCalibration) -> dict[str, pd.DataFrame]:
    """Return the tables that are kept beside the scenario."""
    tables = {
        "estimates": done.calibration.table(),
        "fit": done.match.fit,
        "identification": done.match.block.diagnostics,
        "unlabelled": done.records.prepared.imputed.summary,
        "refused": pd.DataFrame(list(done.calibration.refused.items()), columns=["what", "reason"]),
        "read": done.book.report.files,
        "set_aside": done.book.report.entries,
    }
    if not done.hold_out.empty:
        tables["hold_out"] = done.hold_out
    for stage, curve in done.records.curves.items():
        tables[f"curve_{stage}"] = curve.frame()
    for cause, fit in done.records.hazards.items():
        tables[f"hazard_{cause}"] = fit.table()
        tables[f"hazard_{cause}_events"] = fit.calibration
    return tables
