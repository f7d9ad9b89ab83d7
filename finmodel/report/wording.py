"""What numbers and names are called: language, unit of money, digits that errors support."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Literal, TypeVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

from finmodel.datasets import provinces
from finmodel.units import MCNY_PER_BN, MCNY_PER_YI
from finmodel.variables import Language, labels

MoneyUnit = Literal["bn", "yi", "mcny"]
NumberOrArray = TypeVar("NumberOrArray", float, NDArray[np.float64])
MCNY_PER: dict[MoneyUnit, float] = {"bn": MCNY_PER_BN, "yi": MCNY_PER_YI, "mcny": 1.0}
SURE = 0.99
"""Coverage of the intervals that tell a difference from zero: a page has dozens of them, and at
95 % several would be told that are not there."""
NO_ERROR_DIGITS = 3
"""Significant digits of a value whose error is not known."""
_HYPHEN = re.compile(r"(?<![\w.)=-])-(?=\d)")


@lru_cache(maxsize=256)
def reach(n_paths: int) -> float:
    """Return the standard errors within which a mean of so many paths lies, 99 times in 100.

    Student's quantile, for the error itself is estimated from the paths; infinity for one path,
    the normal quantile if the number is not known (0).
    """
    if n_paths == 1:
        return math.inf
    tail = 0.5 + SURE / 2.0
    return float(stats.t.ppf(tail, n_paths - 1) if n_paths else stats.norm.ppf(tail))


def is_told(value: float, error: float, n_paths: int) -> bool:
    """Return whether a value is told from zero; never without an error."""
    return math.isfinite(error) and error > 0.0 and abs(value) > reach(n_paths) * error


def swings_told(rows: pd.DataFrame, manifest: Mapping[str, object]) -> pd.Series[bool]:
    """Return whether each swing of a sensitivity study is told from zero, by the rule of all pages.

    Parameters
    ----------
    rows : DataFrame
        Of its table `tornado`.
    manifest : mapping
        Of the study, which says of how many paths it is.
    """
    n = paths_of(manifest)
    pairs = zip(rows["swing"], rows["swing_se"], strict=True)
    return pd.Series([is_told(swing, error, n) for swing, error in pairs], rows.index, dtype=bool)


def minus(text: str) -> str:
    """Return a text whose negative numbers have the sign that :meth:`Wording.number` gives."""
    return _HYPHEN.sub("−", text)


def to_digits(values: pd.Series[float], errors: pd.Series[float], least: int) -> pd.Series[float]:
    """Return numbers to so many decimals, or to the second digit of their errors if that is more.

    An error that is not 0 stays so, however small it is in the unit.

    Parameters
    ----------
    values, errors : Series
        Of the same rows; the errors themselves may be the values.
    least : int
        Decimals of numbers whose error is 0, not known, or large.
    """
    shown = [
        round(value, max(least, 1 - math.floor(math.log10(error))))
        if math.isfinite(value) and math.isfinite(error) and error > 0.0
        else round(value, least)
        for value, error in zip(values.astype(float), errors.astype(float), strict=True)
    ]
    return pd.Series(shown, index=values.index, dtype=float)


@dataclass(frozen=True)
class Wording:
    """A language, a unit of money, and the names and the paths of a result.

    Attributes
    ----------
    language : {'en', 'zh'}
    unit : {'bn', 'yi', 'mcny'}
        Thousand million, hundred million (亿) or million CNY.
    names : mapping of str
        Of regions, stages, sectors and the like; a code without one is shown as it is.
    paths : int
        Behind every error of the result; 0 if that is not known.
    """

    language: Language = "en"
    unit: MoneyUnit = "bn"
    names: Mapping[str, str] = field(default_factory=dict)
    paths: int = 0

    def text(self, section: str, key: str, /, **values: object) -> str:
        """Return a text of the catalogue with values in the places it has for them.

        Raises
        ------
        KeyError
            If the catalogue has no such text, or it has a place for which there is no value.
        """
        return labels()[section][key][self.language].format(**values)

    def name(self, code: object) -> str:
        """Return the name of a code."""
        return self.names.get(str(code), str(code))

    def is_told(self, value: float, error: float) -> bool:
        """Return whether a value of the result is told from zero: one rule for all pages."""
        return is_told(value, error, self.paths)

    @property
    def reach(self) -> float:
        """Standard errors beyond which a difference is told; see :func:`reach`."""
        return reach(self.paths)

    def half_width(self, error: NumberOrArray) -> NumberOrArray:
        """Return half of the interval of a mean, 99 times in 100; NaN of one path."""
        return error * (self.reach if math.isfinite(self.reach) else math.nan)

    @property
    def mcny_per_unit(self) -> float:
        """Million CNY in a unit of money."""
        return MCNY_PER[self.unit]

    @property
    def money_unit(self) -> str:
        """The name of the unit of money."""
        return self.text("unit", self.unit)

    def number(self, value: float, error: float = math.nan) -> str:
        """Return a number to the first digit of its error, or to three digits without one.

        What is below is noise and shown as zeros, in whichever unit: 99 bn is 990 yi is 99,000
        million.

        Parameters
        ----------
        value : float
            NaN gives a dash.
        error : float
            Standard error; NaN or 0 if there is none.
        """
        if not math.isfinite(value):
            return "–"
        if not math.isfinite(error) or error <= 1e-9 * abs(value):
            size = 0 if value == 0 else math.floor(math.log10(abs(value)))
            digits = max(0, NO_ERROR_DIGITS - 1 - size)
        else:
            first = math.floor(math.log10(error))
            digits = max(0, -first)
            value = round(value, -first) if first >= 1 else value
        shown = f"{value:,.{digits}f}"
        return shown.replace("-", "−") if float(shown.replace(",", "")) else shown.lstrip("-")

    def with_error(self, value: float, error: float) -> str:
        """Return ``value ± error``; the value alone if there is no error."""
        if not math.isfinite(error) or error <= 1e-9 * abs(value):
            return self.number(value)
        return f"{self.number(value, error)} ± {self.number(error, error)}"

    def money(self, mcny: float, error: float = math.nan, *, has_error: bool = False) -> str:
        """Return a sum of money in the unit, with its name.

        Parameters
        ----------
        mcny, error : float
            Million CNY; the error sets the digits.
        has_error : bool
            Whether the error is shown.
        """
        per = self.mcny_per_unit
        give = self.with_error if has_error else self.number
        return f"{give(mcny / per, error / per)}{self._gap}{self.money_unit}"

    def exact_money(self, mcny: float) -> str:
        """Return a sum that is given, not measured, in the unit, with its name: all its digits."""
        return f"{mcny / self.mcny_per_unit:,.6g}{self._gap}{self.money_unit}"

    def money_span(self, low: float, high: float) -> str:
        """Return a range of money in the unit, with its name."""
        low, high = low / self.mcny_per_unit, high / self.mcny_per_unit
        return f"{self.span(low, high)}{self._gap}{self.money_unit}"

    def span(self, low: float, high: float) -> str:
        """Return ``low to high``, both to the same digits: two of the wider range."""
        if not (math.isfinite(low) and math.isfinite(high)):
            return "–"
        width = abs(high - low)
        step = width / 30.0 if width > 0 else math.nan
        return self.text("unit", "span", low=self.number(low, step), high=self.number(high, step))

    def share(self, value: float, error: float = math.nan) -> str:
        """Return a share as a percentage, to the digits of its error."""
        if not math.isfinite(value):
            return "–"
        if not math.isfinite(error):
            return f"{100 * value:.3g}%"
        return f"{self.number(100 * value, 100 * error)}%"

    def share_span(self, low: float, high: float) -> str:
        """Return a range of shares as percentages."""
        return "–" if not math.isfinite(low) else f"{self.span(100 * low, 100 * high)}%"

    def money_unit_of(self, measure: str) -> str:
        """Return the unit of money of a headline: a year's, but for public money, which is all."""
        if measure.removeprefix("net_").startswith("public_"):
            return self.money_unit
        return self.text("lab", "money_axis", unit=self.money_unit)

    @property
    def _gap(self) -> str:
        return " " if self.language == "en" else ""


def paths_of(manifest: Mapping[str, object]) -> int:
    """Return how many paths a stored result has; 0 if it does not say."""
    found = manifest.get("paths")
    return found if isinstance(found, int) else 0


def names_of(manifest: Mapping[str, object], language: Language) -> dict[str, str]:
    """Return the names of provinces and of what a stored scenario labels.

    Parameters
    ----------
    manifest : mapping
        Of a stored result: `scenario` or `scenarios` give the labels, the first that has a name.
    language : {'en', 'zh'}
    """
    column = f"name_{language}"
    names = dict(zip(provinces()["iso"], provinces()[column], strict=True))
    names |= {"all": labels()["term"]["all"][language]}
    for tree in reversed(_scenarios(manifest)):
        for section in ("stages", "sectors", "funds", "lps", "programmes"):
            items = tree.get(section)
            if isinstance(items, Mapping):
                # Investors' keys are common words, so their names stand under the section.
                before = "lps." if section == "lps" else ""
                key = f"label_{language}"
                names |= {f"{before}{name}": str(item[key]) for name, item in items.items()}
    return names


def _scenarios(manifest: Mapping[str, object]) -> list[Mapping[str, object]]:
    one, several = manifest.get("scenario"), manifest.get("scenarios")
    if isinstance(one, Mapping):
        return [one]
    found = several.values() if isinstance(several, Mapping) else several
    return [tree for tree in found if isinstance(tree, Mapping)] if found else []  # type: ignore
