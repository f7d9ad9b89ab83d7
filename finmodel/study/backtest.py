"""A back-test: hazards fitted to deals known by a day, and what later cohorts did."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import date
from hashlib import sha256
from pathlib import Path

import numpy as np
import pandas as pd

from finmodel import datasets, store
from finmodel.datasets.deal_records import DealBook, read_deals
from finmodel.errors import CalibrationError
from finmodel.evaluate.backtest import coverage
from finmodel.study.backtest_fit import OTHER, BacktestPlan, Fitted, completed_books, fit_known
from finmodel.study.backtest_forecast import Cell, Forecaster, cells_of
from finmodel.study.single import model_digest
from finmodel.study.stored import StoredRun, find_or_store, provenance
from finmodel.study.validate import evaluation_digest


def backtest(book: DealBook, plan: BacktestPlan) -> tuple[pd.DataFrame, Fitted]:
    """Fit what was known at the cutoff, forecast later cohorts, and hold both together.

    Parameters
    ----------
    book : DealBook
        With deals after the cutoff; they are what forecasts are held against.
    plan : BacktestPlan

    Returns
    -------
    forecasts : DataFrame
        One row a forecast: `kind` (`new`, or `later life`), `stage`, `cohort`, `horizon`
        (months), `sector` (`all` or one), `firms`, `observed` share, `forecast` (median), `low`,
        `high` (90 %), `low_without`, `high_without` (without a spread between cohorts),
        `is_inside`, `is_inside_without`, `error`.
    fitted : Fitted

    Raises
    ------
    CalibrationError
    """
    fitted = fit_known(book, plan)
    table, completed = completed_books(book, plan, seed=plan.seed + 1, is_truncated=False)
    rng = np.random.default_rng([plan.seed, 0xBACC])
    own = table.firms["sector"]
    sector = own.where(own.isin(fitted.sectors), OTHER).to_numpy(dtype=object)
    stages = {name.split(":q")[0] for name in fitted.graduate.names if ":q" in name}
    cells: dict[tuple[object, ...], list[Cell]] = {}
    for spells in completed:
        for cell in cells_of(spells, sector, plan, stages):
            cells.setdefault(tuple(cell[:5]), []).append(cell)
    forecaster = Forecaster(fitted, plan, rng)
    rows = [
        forecaster.row(own)
        for own in cells.values()
        if np.mean([sum(cell.groups.values()) for cell in own]) >= plan.least
    ]
    if not rows:
        raise CalibrationError("back-test: no cohort after the cutoff has enough firms")
    keys = ["kind", "stage", "cohort", "horizon"]
    return pd.DataFrame(rows).sort_values(keys, kind="stable", ignore_index=True), fitted


class BacktestMeta:
    """What a back-test is called."""

    name = "backtest"
    title_en = "Back-test on deal records"
    title_zh = "交易数据回测"


def run_backtest(
    deals: Path,
    plan: BacktestPlan,
    *,
    as_of: date | None,
    root: Path,
    command: Sequence[str] = (),
) -> StoredRun:
    """Back-test on a file of deals and store what is found, or find it.

    Parameters
    ----------
    deals : Path
        A folder or file as :func:`finmodel.datasets.deal_records.read_deals` takes it.
    plan : BacktestPlan
    as_of : date, optional
        Last day on which a deal could have been recorded.
    root : Path

    Returns
    -------
    StoredRun
        With tables `forecasts`, `coverage`, `cohorts` (observed and expected events of the fit)
        and `hazards` (terms of the fit).

    Raises
    ------
    DataError, CalibrationError, StoreError
    """
    found: list[DealBook] = []

    def make() -> dict[str, pd.DataFrame]:
        # Prices of the fit's last year: what came after is not needed for them.
        book = read_deals(deals, price_year=plan.cutoff.year, as_of=as_of)
        found.append(book)
        forecasts, fitted = backtest(book, plan)
        terms = [fit.table() for fit in (fitted.graduate, fitted.leave) if fit is not None]
        spread = pd.DataFrame([asdict(fitted.spread)])
        return {
            "forecasts": forecasts,
            "coverage": coverage(forecasts),
            "cohorts": fitted.cohorts,
            "hazards": pd.concat(terms, ignore_index=True),
            "spread": spread,
        }

    def manifest() -> store.Manifest:
        asked = provenance(
            BacktestMeta(),
            paths=plan.draws,
            seed=plan.seed,
            source_digest=evaluation_digest(),
            command=command,
        )
        book = found[0]
        plan_text = {name: str(value) for name, value in vars(plan).items()}
        sizes = {"firms": len(book.firms), "rounds": len(book.rounds)}
        days = {"as_of": str(book.as_of.date()), "deals": deals.name}
        return {**asked, **sizes, **days, "plan": plan_text}

    text = f"{files_digest(deals)}/{as_of}/{sorted(vars(plan).items())}"
    digest = store.run_digest(
        scenario_digest=sha256(text.encode()).hexdigest(),
        data_checksums=datasets.checksums(),
        paths=plan.draws,
        seed=plan.seed,
        source_digest=f"{model_digest()}/{evaluation_digest()}/backtest",
    )
    return find_or_store(root, digest, make, manifest)


def files_digest(path: Path) -> str:
    """Return the SHA-256 of a file, or over the names and bytes of a folder's files.

    What is not there has the digest of nothing: its reader says so.
    """
    hasher = sha256()
    for file in sorted(path.iterdir()) if path.is_dir() else [path]:
        if file.is_file():
            hasher.update(file.name.encode())
            hasher.update(file.read_bytes())
    return hasher.hexdigest()
