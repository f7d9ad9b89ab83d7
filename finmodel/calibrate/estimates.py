"""What an estimation hands on: estimates, blocks of them with covariance, a whole calibration."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from finmodel.world.arrays import FloatArray

Z_95 = 1.959963984540054
"""Normal quantile of a two-sided 95 % interval."""
MOST_LOG_SD = 1.0
"""A number whose log is known no better than this is written as a value: it is not identified."""


@dataclass(frozen=True)
class Estimate:
    """One number of a scenario as records give it.

    Attributes
    ----------
    key : str
        Dotted key in a scenario, as ``stages.A.milestone_rate_pa``. A number that no scenario
        has stands under a name of its own that starts with ``extra.``.
    value : float
    standard_error : float
        Of `value`, in `unit`; NaN if it could not be had.
    unit : str
    n : int
        Observations it rests on.
    method : str
        How it was estimated, in a few words.
    note : str
        What a reader must know to use it.
    rests_on : str
        Records it comes from, if not those of the deals.
    is_slope : bool
        Whether it may be 0 or negative: its belief is then normal, not lognormal.
    is_of_cohorts : bool
        Whether it rests on the firms of the cohorts fitted to; else on all firms of the records.
    """

    key: str
    value: float
    standard_error: float
    unit: str
    n: int
    method: str
    note: str = ""
    rests_on: str = ""
    is_slope: bool = False
    is_of_cohorts: bool = True

    @property
    def interval_95(self) -> tuple[float, float]:
        """95 % interval: normal of a slope, of other positive numbers lognormal as their belief."""
        half = Z_95 * self.standard_error
        if self.is_slope or not self.value > 0.0:
            return self.value - half, self.value + half
        # An error of many times the value is of no use, but must not overflow.
        factor = float(np.exp(np.minimum(half / self.value, 500.0)))
        return self.value / factor, self.value * factor

    @property
    def is_of_scenario(self) -> bool:
        """Whether a scenario has this number."""
        return not self.key.startswith("extra.")


@dataclass(frozen=True)
class Block:
    """Estimates made together.

    Attributes
    ----------
    name : str
    estimates : tuple of Estimate
    covariance : ndarray of shape (n, n)
        Of the values in the order of `estimates`; its diagonal is the squared standard errors.
    diagnostics : DataFrame
        Any table that shows how good the fit is; may be empty.
    """

    name: str
    estimates: tuple[Estimate, ...]
    covariance: FloatArray
    diagnostics: pd.DataFrame = field(default_factory=pd.DataFrame)

    def __post_init__(self) -> None:
        n = len(self.estimates)
        if self.covariance.shape != (n, n):
            raise ValueError(
                f"block {self.name}: covariance of shape {self.covariance.shape}, "
                f"{n} estimates need ({n}, {n})"
            )
        keys = [item.key for item in self.estimates]
        if len(set(keys)) != n:
            raise ValueError(f"block {self.name}: a key stands twice")

    @property
    def correlation(self) -> FloatArray:
        """Correlations of shape (n, n); NaN where a standard error is 0 or unknown."""
        sd = np.sqrt(np.diagonal(self.covariance))
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.asarray(self.covariance / np.outer(sd, sd))


@dataclass(frozen=True)
class Calibration:
    """All that was estimated from one set of records, and what could not be.

    Attributes
    ----------
    blocks : tuple of Block
    refused : Mapping of str to str
        Numbers that were asked for and not estimated, by key, with the reason.
    tables : Mapping of str to DataFrame
        Diagnostics by name.
    checksums : Mapping of str to str
        SHA-256 of each file read, by name.
    """

    blocks: tuple[Block, ...]
    refused: Mapping[str, str] = field(default_factory=dict)
    tables: Mapping[str, pd.DataFrame] = field(default_factory=dict)
    checksums: Mapping[str, str] = field(default_factory=dict)

    @property
    def estimates(self) -> tuple[Estimate, ...]:
        """Every estimate, block by block."""
        return tuple(item for block in self.blocks for item in block.estimates)

    def table(self) -> pd.DataFrame:
        """Return one row an estimate: block, key, value, s.e., interval, unit, n, method, note."""
        rows = []
        for block in self.blocks:
            for item in block.estimates:
                low, high = item.interval_95
                rows.append(
                    {
                        "block": block.name,
                        "key": item.key,
                        "value": item.value,
                        "standard_error": item.standard_error,
                        "low_95": low,
                        "high_95": high,
                        "unit": item.unit,
                        "n": item.n,
                        "method": item.method,
                        "note": item.note,
                    }
                )
        return pd.DataFrame(rows)

    def correlations(self, at_least: float) -> Iterator[tuple[str, str, float]]:
        """Yield pairs of scenario keys whose correlation is `at_least` in size, once each."""
        for block in self.blocks:
            rho = block.correlation
            for i, first in enumerate(block.estimates):
                for j in range(i + 1, len(block.estimates)):
                    second = block.estimates[j]
                    is_kept = first.is_of_scenario and second.is_of_scenario
                    if is_kept and abs(rho[i, j]) >= at_least:
                        yield first.key, second.key, float(rho[i, j])
