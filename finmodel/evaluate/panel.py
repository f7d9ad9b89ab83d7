"""The panels an analyst would see: cells by year and firms by year, and what columns mean.

Nothing is in them that a deal database, a company register and the official gazettes would not
hold: no quality, no viability, no needs, no twin without the programme.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from finmodel.evaluate.design import NEVER, Design
from finmodel.evaluate.firms import STATUSES, FirmYears
from finmodel.market import columns as col
from finmodel.market.collect import PathRecord
from finmodel.world import World
from finmodel.world.arrays import FloatArray

OUTCOMES: dict[str, tuple[int, ...]] = {
    "deals_n": (col.DEAL_N,),
    "deals_mcny": (col.DEAL_M,),
    "first_rounds_n": (col.FIRST_N,),
    "exits_n": (col.IPO_N, col.MNA_N, col.TRANSFER_N),
    "ends_n": (col.FAILURE_N, col.CLOSURE_N),
}
"""Outcomes of a province and year, hard technology, and the columns of the books they add up."""

_CELL_COLUMNS: dict[str, tuple[int, ...]] = {
    "births_n": (col.BIRTH_N,),
    **OUTCOMES,
    "ipo_n": (col.IPO_N,),
    "mna_n": (col.MNA_N,),
    "exit_value_mcny": (col.EXIT_M,),
}

PANEL_COLUMNS: dict[str, dict[str, tuple[str, str]]] = {
    "cells": {
        "region": ("code", "province of the firms"),
        "sector": ("name", "sector of the firms"),
        "is_hard_tech": ("yes or no", "whether the sector is hard technology"),
        "stage": ("name", "stage of the firms at the event"),
        "year": ("year", "calendar year"),
        "adoption_year": ("year", "first year with a programme in the province; empty for never"),
        "is_treated": ("yes or no", "whether the province has a programme by this year"),
        "births_n": ("firms", "firms founded"),
        "deals_n": ("rounds", "rounds closed, those that vehicles joined among them"),
        "deals_mcny": ("million CNY", "money of these rounds, at constant prices"),
        "first_rounds_n": ("rounds", "first rounds of firms among them"),
        "exits_n": ("firms", "IPOs, sales and transfers to outsiders"),
        "ends_n": ("firms", "failures and closures"),
        "ipo_n": ("firms", "IPOs"),
        "mna_n": ("firms", "sales"),
        "exit_value_mcny": ("million CNY", "value of firms at exit, at constant prices"),
    },
    "firms": {
        "firm": ("id", "identity of the firm"),
        "region": ("code", "province"),
        "sector": ("name", "sector, hard technology only"),
        "founded": ("year", "calendar year of birth"),
        "year": ("year", "calendar year in which the firm is there at some time"),
        "rounds_n": ("rounds", "rounds closed in the year"),
        "raised_mcny": (
            "million CNY",
            "money of these rounds, grants and guaranteed loans, at constant prices",
        ),
        "support_mcny": ("million CNY", "part of it from vehicles, grants and guaranteed loans"),
        "last_stage": ("name", "highest stage financed by the year's end; empty before the first"),
        "support_year": ("year", "first year with support; empty for never"),
        "status": ("name", "operating, closed, or the way of its exit, at the year's end"),
    },
}
"""The data dictionary: unit and meaning of every column of the two panels."""


def outcome_values(record: PathRecord) -> dict[str, FloatArray]:
    """Return each outcome of hard technology by region and year, each of shape (R, Y)."""
    books = record.panel[:, :, :, 1].sum(axis=2)
    return {
        name: np.ascontiguousarray(books[:, :, list(columns)].sum(axis=2).T)
        for name, columns in OUTCOMES.items()
    }


def cell_panel(world: World, design: Design, record: PathRecord) -> pd.DataFrame:
    """Return the panel of cells of one path, one row a region, sector, stage and year."""
    n_regions, n_sectors, n_stages = len(world.regions), len(world.sectors), len(world.stages)
    index = pd.MultiIndex.from_product(
        [world.regions, world.sectors, world.stages, world.years],
        names=["region", "sector", "stage", "year"],
    )
    frame = index.to_frame(index=False)
    each = n_sectors * n_stages * len(world.years)
    hard = np.repeat(world.is_hard_tech, n_stages * len(world.years))
    frame.insert(2, "is_hard_tech", np.tile(hard, n_regions))
    adoption = np.repeat(design.adoption, each)
    frame["adoption_year"] = _year_or_empty(adoption, adoption != NEVER)
    frame["is_treated"] = (adoption != NEVER) & (frame["year"].to_numpy() >= adoption)
    books = record.cells.transpose(1, 3, 2, 0, 4)
    for name, columns in _CELL_COLUMNS.items():
        values = books[..., list(columns)].sum(axis=-1).reshape(-1)
        frame[name] = values.round().astype(np.int64) if name.endswith("_n") else values
    return frame[list(PANEL_COLUMNS["cells"])]


def firm_panel(world: World, found: FirmYears) -> pd.DataFrame:
    """Return the panel of hard-tech firms of one path in the reported years.

    One row a firm and year in which it is there at some time, by firm and year.
    """
    first = world.years[0] - found.first_year
    n_columns = found.rounds.shape[1]
    column = np.arange(n_columns)
    is_there = (column >= np.maximum(found.birth, first)[:, None]) & (column <= found.end[:, None])
    row, year = np.nonzero(is_there)
    support = found.first_support[row]
    has_ended = year >= found.end[row]
    stage = found.stage[row, year]
    values = {
        "firm": found.firm[row],
        "region": np.array(world.regions)[found.region[row]],
        "sector": np.array(world.sectors)[found.sector[row]],
        "founded": found.birth[row] + found.first_year,
        "year": year + found.first_year,
        "rounds_n": found.rounds[row, year].astype(np.int64),
        "raised_mcny": found.raised[row, year],
        "support_mcny": found.support[row, year],
        "last_stage": np.array([*world.stages, ""])[stage],
        "support_year": _year_or_empty(support + found.first_year, support < n_columns),
        "status": np.array(STATUSES)[np.where(has_ended, found.status[row], 0)],
    }
    return pd.DataFrame(values)[list(PANEL_COLUMNS["firms"])]


def dictionary_table() -> pd.DataFrame:
    """Return the data dictionary: `panel`, `column`, `unit`, `meaning`."""
    rows = [
        (panel, name, unit, meaning)
        for panel, columns in PANEL_COLUMNS.items()
        for name, (unit, meaning) in columns.items()
    ]
    return pd.DataFrame(rows, columns=["panel", "column", "unit", "meaning"])


def _year_or_empty(year: np.ndarray, is_known: np.ndarray) -> pd.Series:
    """Return years as whole numbers that may be missing."""
    found = pd.Series(year).astype("Int64")
    return found.where(pd.Series(is_known))
