"""Results as long rows: what, of whom, value with its error, interval; money in one's unit."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress

import pandas as pd

from finmodel.report.result import Result
from finmodel.report.wording import Wording
from finmodel.variables import label, layer_of

GAP_TABLES: dict[str, tuple[str, ...]] = {
    "gap_total": (),
    "gap_region": ("region",),
    "gap_stage": ("stage",),
    "gap_sector": ("sector",),
    "gap_year": ("year",),
    "gap_region_stage": ("region", "stage"),
}
COLUMNS = ("table", "group", "measure", "column", "value", "se", "q05", "q50", "q95", "unit")
NAN = float("nan")
Row = tuple[object, ...]


def result_rows(result: Result, words: Wording) -> pd.DataFrame:
    """Return the measures of a result, a row each.

    Parameters
    ----------
    result : Result
        A run or a comparison.
    words : Wording
        With the names of the result.

    Returns
    -------
    DataFrame
        `COLUMNS`: texts, then `value`, `se`, `q05`, `q50`, `q95` (NaN where there is none), in
        `unit`: a unit of money, a number, a share or a ratio.
    """
    made = _of_run if result.kind == "run" else _of_comparison
    return pd.DataFrame(list(made(result, words)), columns=list(COLUMNS))


def _of_run(result: Result, words: Wording) -> Iterator[Row]:
    for table, by in GAP_TABLES.items():
        if table not in set(result.tables):
            continue
        frame = result.tables[table]
        measures = [
            str(name) for name in frame.columns if name not in by and layer_of(str(name)) == "value"
        ]
        title = words.text("workbook", "t_gap")
        for row in frame.to_dict("records"):
            group = " · ".join(words.name(row[dimension]) for dimension in by)
            for name in measures:
                yield (
                    title,
                    group or words.text("workbook", "total"),
                    _label(name, words),
                    name,
                    *_scaled(name, row, words),
                )


def _scaled(name: str, row: dict[object, object], words: Wording) -> tuple[object, ...]:
    """Return value, error and quantiles of a column of a run, and their unit."""
    factor, unit = _factor(name, words)
    found = [name, *(f"{name}_{end}" for end in ("se", "q05", "q50", "q95"))]
    return (*(factor * float(str(row.get(key, NAN))) for key in found), unit)


def _label(name: str, words: Wording) -> str:
    with suppress(KeyError):
        return label(name, words.language)
    return name


def _factor(name: str, words: Wording) -> tuple[float, str]:
    """Return what a column is multiplied by, and the unit it is then in."""
    is_share = name.startswith(("gap_rate", "p_")) or name.endswith(("_share", "_pa"))
    if is_share:
        return 1.0, words.text("workbook", "u_share")
    if name.endswith("_mcny"):
        return 1.0 / words.mcny_per_unit, words.money_unit
    key = "u_number" if name.endswith("_n") or "quarters" in name else "u_ratio"
    return 1.0, words.text("workbook", key)


def _of_comparison(result: Result, words: Wording) -> Iterator[Row]:
    tables = result.tables
    for row in tables["outcomes"].to_dict("records"):
        factor, unit = _factor(str(row["outcome"]), words)
        group = f"{words.name(row['policy'])} · {words.name(row['region'])}"
        numbers = ("change", "change_se", "chance_q05", None, "chance_q95")
        yield (
            words.text("workbook", "t_outcomes"),
            group,
            words.text("outcome", str(row["outcome"])),
            row["outcome"],
            *(factor * row[name] if name else NAN for name in numbers),
            unit,
        )
    for row in tables["effects"].to_dict("records"):
        for side in ("effect_n", "effect_mcny"):
            factor, unit = _factor(side, words)
            yield (
                words.text("workbook", "t_effects"),
                f"{words.name(row['policy'])} · {words.text('workbook', 'g_' + str(row['group']))}",
                words.text("effect", str(row["component"])),
                f"{row['component']}, {side}",
                *(factor * row[name] if name else NAN for name in _statistics(side)),
                unit,
            )
    for row in tables["public"].to_dict("records"):
        factor, unit = _factor(str(row["measure"]), words)
        if "_per_" in str(row["measure"]) and not words.is_told(row["value"], row["se"]):
            factor = NAN  # a division by what is not told from nothing
        yield (
            words.text("workbook", "t_public"),
            words.name(row["policy"]),
            words.text("public", str(row["measure"])),
            row["measure"],
            *(factor * row[name] for name in ("value", "se", "q05", "q50", "q95")),
            unit,
        )


def _statistics(side: str) -> tuple[str | None, ...]:
    return side, f"{side}_se", f"{side}_q05", None, f"{side}_q95"
