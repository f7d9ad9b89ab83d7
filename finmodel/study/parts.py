"""Tables of the parts of the gap, from the gaps of all markets; see :mod:`finmodel.study.why`."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from finmodel.errors import InputError, Problem, nearest_name
from finmodel.measure import mean_se, ratio_se, shapley_values
from finmodel.study.frictions import FRICTIONS
from finmodel.study.why import AXES, N_ARMS, Arms
from finmodel.world.arrays import FloatArray

REMAINDER, WHOLE = "remainder", "gap"
"""Rows of a table after the frictions: with all of them off, and with all at work."""

_SIDES = ("n", "mcny")


def path_parts(gaps: FloatArray) -> FloatArray:
    """Return the parts of the gap on every path.

    Parameters
    ----------
    gaps : ndarray of shape (32, ...)
        As in :class:`Arms`, or sums of it over axes after the first.

    Returns
    -------
    ndarray of shape (7, ...)
        The frictions in their order, the remainder, and the gap: the sum of those before.
    """
    return np.concatenate([shapley_values(gaps), gaps[:1], gaps[-1:]])


def why_table(arms: Arms, by: Sequence[str] = ()) -> pd.DataFrame:
    """Return the parts of the gap of hard technology, by region, stage, both or none.

    Parameters
    ----------
    arms : Arms
    by : sequence of str
        Any of `region` and `stage`.

    Returns
    -------
    DataFrame
        For every group one row a part: the frictions, `remainder`, and `gap`, their sum. For
        count (`n`) and million CNY (`mcny`) a year, over paths: `gap_*` with standard error
        `_se`, paired by path; `gap_share_*`, the mean part over the mean gap, with standard
        error by the delta method; `gap_*_first`, by how much the gap falls if this friction goes
        away and the others stay, and `gap_*_last`, if the others are gone already, with
        standard errors; and the parts of the gap rate, `gap_rate_*`, with standard errors by
        the delta method, in which a market's rate is its mean gap over its mean viable need.
        `first` and `last` of remainder and gap are NaN, as are shares of no gap, parts of a
        rate if in some market nothing is viable, and standard errors with one path.

    Raises
    ------
    InputError
        If a dimension is unknown.
    """
    _check_dimensions(by)
    dropped = tuple(2 + axis for axis, name in enumerate(AXES) if name not in by)
    labels = [list(arms.world.regions), list(arms.world.stages)]
    kept = [values for name, values in zip(AXES, labels, strict=True) if name in by]
    names = [name for name in AXES if name in by]
    rows = pd.MultiIndex.from_product(
        [*kept, [*FRICTIONS, REMAINDER, WHOLE]], names=[*names, "part"]
    )
    frame = rows.to_frame(index=False)
    needs = arms.needs.sum(axis=dropped).reshape(N_ARMS, arms.n_paths, -1, 2)
    gaps = arms.gaps.sum(axis=dropped).reshape(N_ARMS, arms.n_paths, -1, 2)
    for side, suffix in reversed(list(enumerate(_SIDES))):
        for name, column in _columns(needs[..., side], gaps[..., side], suffix).items():
            frame[name] = column.T.reshape(-1)
    return frame


def arm_table(arms: Arms) -> pd.DataFrame:
    """Return the value of every market: needs, gap and gap rate of hard technology in all.

    Returns
    -------
    DataFrame
        32 rows, with a column for each friction, whether it is at work, and yearly means over
        paths with standard errors of `viable_ask_mcny`, `gap_mcny`, `gap_n`; the gap rates.
    """
    numbers = np.arange(N_ARMS)
    frame = pd.DataFrame({name: (numbers >> i & 1) == 1 for i, name in enumerate(FRICTIONS)})
    needs, gaps = arms.needs.sum(axis=(2, 3)), arms.gaps.sum(axis=(2, 3))
    for side, suffix in reversed(list(enumerate(_SIDES))):
        by_path = {"viable_ask": needs[..., side].T, "gap": gaps[..., side].T}
        for name, values in by_path.items():
            frame[f"{name}_{suffix}"], frame[f"{name}_{suffix}_se"] = mean_se(values)
        rate, error = ratio_se(by_path["gap"], by_path["viable_ask"])
        frame[f"gap_rate_{suffix}"], frame[f"gap_rate_{suffix}_se"] = rate, error
    return frame


def _columns(needs: FloatArray, gaps: FloatArray, suffix: str) -> dict[str, FloatArray]:
    """Return columns of shape (7, groups) from needs and gaps of shape (32, P, groups)."""
    columns: dict[str, FloatArray] = {}
    label = f"gap_{suffix}"
    parts = path_parts(gaps)
    columns[label], columns[f"{label}_se"] = _over_paths(parts)
    share = ratio_se(
        np.moveaxis(parts, 1, 0), np.moveaxis(np.broadcast_to(gaps[-1:], parts.shape), 1, 0)
    )
    columns[f"gap_share_{suffix}"], columns[f"gap_share_{suffix}_se"] = share
    n = len(FRICTIONS)
    bits = 1 << np.arange(n)
    void = np.full((2, *gaps.shape[1:]), np.nan)
    for name, moved in (
        ("first", gaps[-1] - gaps[N_ARMS - 1 - bits]),
        ("last", gaps[bits] - gaps[0]),
    ):
        found = _over_paths(np.concatenate([moved, void]))
        columns[f"{label}_{name}"], columns[f"{label}_{name}_se"] = found
    rate, _ = ratio_se(np.moveaxis(gaps, 1, 0), np.moveaxis(needs, 1, 0))
    columns[f"gap_rate_{suffix}"] = path_parts(rate)
    # What a path adds to the error of a ratio of means, to first order (Cochran 1977).
    mean_need = needs.mean(axis=1)
    leverage = np.divide(
        gaps - rate[:, None] * needs,
        mean_need[:, None],
        out=np.full_like(gaps, np.nan),
        where=mean_need[:, None] > 0.0,
    )
    columns[f"gap_rate_{suffix}_se"] = _over_paths(path_parts(leverage))[1]
    return columns


def _over_paths(values: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return mean and standard error over the second axis."""
    return mean_se(np.moveaxis(values, 1, 0))


def _check_dimensions(by: Sequence[str]) -> None:
    problems = [
        Problem("by", repr(name), f"any of {', '.join(AXES)}", nearest_name(name, AXES))
        for name in by
        if name not in AXES
    ]
    if problems:
        raise InputError("table", problems)
