"""Policies beside each other: against no policy, in pairs, and future by future."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import combinations

import pandas as pd

from finmodel.report.views_policy import MONEY, change_name, change_unit, region_rows
from finmodel.report.wording import Wording, is_told, reach

COLUMNS = ["name", "change", "se", "low", "high", "is_told"]
PARTY, ALL = "treasury", "all"


def base_rows(
    outcomes: pd.DataFrame,
    titles: Mapping[str, str],
    outcome: str,
    wording: Wording,
    n_paths: int,
) -> pd.DataFrame:
    """Return the change of an outcome by each policy, paired with the baseline.

    Parameters
    ----------
    outcomes : DataFrame
        Table `outcomes` of a comparison.
    titles : mapping of str
        Of the policies to show, by name.
    outcome : str
    wording : Wording
    n_paths : int

    Returns
    -------
    DataFrame
        As :func:`finmodel.report.views_policy.region_rows`, a row a policy; `region` is its name.
    """
    whole = outcomes[outcomes["region"] == "all"]
    # A policy takes the place of a province: the rows are made the same way.
    turned = whole.assign(region=whole["policy"], policy="")
    rows = region_rows(turned, "", outcome, replace(wording, names=titles), n_paths)
    rows = rows[rows["region"].isin(list(titles))]
    order = {name: place for place, name in enumerate(titles)}
    return rows.sort_values("region", key=lambda column: column.map(order)).reset_index(drop=True)


def pair_rows(
    base: pd.DataFrame,
    wording: Wording,
    n_paths: int,
    by_path: Mapping[str, pd.Series[float]] | None = None,
) -> pd.DataFrame:
    """Return differences between policies with their errors.

    Both changes are against the same baseline on the same paths, so their difference is that of
    the policies, and its error that of the differences of their paths. Results that hold no paths
    have a bound in its place: by the triangle inequality of standard deviations the error is at
    most the sum of both, however the two go together.

    Parameters
    ----------
    base : DataFrame
        From :func:`base_rows`.
    wording : Wording
    n_paths : int
    by_path : mapping of Series, optional
        Changes of the outcome by path, of each policy; from :func:`changes_by_path`.

    Returns
    -------
    DataFrame
        `name`, `change`, `se` (the bound without `by_path`), `low`, `high`, `is_told`.
    """
    rows = []
    for first, second in combinations(base.to_dict("records"), 2):
        change = float(first["change"]) - float(second["change"])
        error = float(first["se"]) + float(second["se"])
        if by_path is not None:
            difference = by_path[first["region"]] - by_path[second["region"]]
            n = len(difference)
            error = float(difference.std(ddof=1)) / math.sqrt(n) if n > 1 else math.nan
        name = wording.text("compare", "pair", first=first["name"], second=second["name"])
        rows.append(_row(name, change, error, n_paths))
    return pd.DataFrame(rows, columns=COLUMNS)


def changes_by_path(
    paths: pd.DataFrame, titles: Mapping[str, str], outcome: str, wording: Wording
) -> dict[str, pd.Series[float]]:
    """Return the change of an outcome in each future, by policy, money in the unit.

    Parameters
    ----------
    paths : DataFrame
        Table `outcome_paths` of a comparison.
    titles : mapping of str
        Of the policies to show, by name.
    outcome : str
    wording : Wording
    """
    per = wording.mcny_per_unit if outcome.endswith(MONEY) else 1.0
    own = paths.set_index(["policy", "path"])[outcome] / per
    return {name: own.loc[name] for name in titles}


def future_rows(
    layers_path: pd.DataFrame,
    titles: Mapping[str, str],
    wording: Wording,
    measure: str = "tvpi",
) -> pd.DataFrame:
    """Return paired differences of what the treasury gets, and how often the first has more.

    Parameters
    ----------
    layers_path : DataFrame
        Table `programme_layers_path`: a row a policy, programme, party and path.
    titles : mapping of str
        Of the policies to show, by name; those without public money in vehicles are left out.
    wording : Wording
    measure : str

    Returns
    -------
    DataFrame
        As :func:`pair_rows` with the error of the paired difference itself, and `first`, `second`
        (titles), `n_more`, `n_equal`, `n`: futures in which both have a value.
    """
    mine = layers_path[(layers_path["programme"] == ALL) & (layers_path["party"] == PARTY)]
    of = {
        name: group.set_index("path")[measure]
        for name, group in mine.groupby("policy", sort=False)
        if name in titles
    }
    rows = []
    for one, two in combinations([name for name in titles if name in of], 2):
        difference = (of[one] - of[two]).dropna()
        n = len(difference)
        if n == 0:
            continue
        error = float(difference.std(ddof=1)) / math.sqrt(n) if n > 1 else math.nan
        name = wording.text("compare", "pair", first=titles[one], second=titles[two])
        found = _row(name, float(difference.mean()), error, n)
        counts = {"n_more": int((difference > 0).sum()), "n_equal": int((difference == 0).sum())}
        rows.append({**found, "first": titles[one], "second": titles[two], **counts, "n": n})
    return pd.DataFrame(rows, columns=[*COLUMNS, "first", "second", "n_more", "n_equal", "n"])


def compare_view(
    rows: pd.DataFrame, wording: Wording, outcome: str = "", *, is_bound: bool = False
) -> pd.DataFrame:
    """Return changes or differences with headings in the language.

    Parameters
    ----------
    rows : DataFrame
        From :func:`base_rows`, :func:`pair_rows` or :func:`future_rows`.
    wording : Wording
    outcome : str
        Of the rows: headings name it with its unit. By default they are public TVPI, of futures.
    is_bound : bool
        Whether errors are bounds.
    """
    words, is_base = wording.text, "region" in rows.columns
    name = words("compare", "difference_at_end", outcome=words("public", "tvpi"))
    unit = words("studies_batch", "times")
    if outcome:
        name = change_name(outcome, wording, is_difference=not is_base)
        unit = change_unit(outcome, wording)
    error = words(*(("compare", "bound") if is_bound else ("lab", "error")))
    shown = {
        words(*(("lab", "policy") if is_base else ("compare", "pair_head"))): rows["name"],
        name: rows["change"],
        words("extreme", "unit", name=error, unit=unit) if unit else error: rows["se"],
        words("lab", "told"): [words("lab", "yes" if flag else "no") for flag in rows["is_told"]],
    }
    for column, key in (("n_more", "beats"), ("n_equal", "ties"), ("n", "of")):
        if column in rows.columns:
            shown[words("compare", key)] = rows[column]
    return pd.DataFrame(shown)


def combined(
    parts: Sequence[tuple[str, Mapping[str, pd.DataFrame]]], names: Sequence[str]
) -> dict[str, pd.DataFrame]:
    """Return tables of comparisons of one policy each as those of one comparison.

    They must be of the same baseline, paths and seed; then path by path they have the same luck.

    Parameters
    ----------
    parts : sequence of (str, mapping of DataFrame)
        What a policy is called, and its tables.
    names : sequence of str
        Tables to join.
    """
    return {
        name: pd.concat([tables[name].assign(policy=policy) for policy, tables in parts])
        for name in names
    }


def _row(name: str, change: float, error: float, n_paths: int) -> dict[str, object]:
    is_sure = math.isfinite(error) and n_paths > 1
    half = reach(n_paths) * error if is_sure else 0.0
    return {
        "name": name,
        "change": change,
        "se": error,
        "low": change - half,
        "high": change + half,
        "is_told": is_told(change, error, n_paths),
    }
