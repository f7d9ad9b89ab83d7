"""One number at a time: what the outcome is when a number is low or high and the rest central."""

from __future__ import annotations

import numpy as np
import pandas as pd

from finmodel.sensitivity.indices import Z95
from finmodel.sensitivity.noise import Outcomes


def swings(names: tuple[str, ...], found: Outcomes) -> pd.DataFrame:
    """Return the swing of every number, largest first.

    Parameters
    ----------
    names : tuple of str
        Of D numbers.
    found : Outcomes
        Of shape (1 + 2 D,), in the order of :func:`finmodel.sensitivity.designs.one_at_a_time`.

    Returns
    -------
    DataFrame
        `name`, `centre`, `at_low`, `at_high`; `swing` (high less low) and `swing_se`, path by
        path; `is_told` whether it is more than 1.96 standard errors; NaN if a unit failed.
    """
    low, high = found[1::2], found[2::2]
    change = high.minus(low)
    error = np.sqrt(change.squared_error())
    frame = pd.DataFrame(
        {
            "name": names,
            "centre": found.value[0],
            "at_low": low.value,
            "at_high": high.value,
            "swing": change.value,
            "swing_se": error,
            "is_told": np.abs(change.value) > Z95 * error,
        }
    )
    order = np.argsort(-np.abs(change.value), kind="stable")  # NaN last
    return frame.iloc[order].reset_index(drop=True)
