"""Distributions a scenario number may carry instead of one value.

Each is a small frozen record with a quantile function, so that a draw is the inverse
CDF of one keyed uniform and a reader can see the whole belief in the file::

    {dist = "triangular", low = 0.2, mode = 0.3, high = 0.5}

The centre is the median: it exists for every shape and does not move when the
parameter is transformed.
"""

from __future__ import annotations

import math
from statistics import NormalDist
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, Strict, model_validator

_UNIT_NORMAL = NormalDist()


class _Distribution(BaseModel):
    """Shared behaviour; a shape adds its fields and `quantile`."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)

    def quantile(self, p: float) -> float:
        """Return the value below which the share `p` of the belief lies, 0 < p < 1."""
        raise AssertionError(f"a shape must define its quantile function (asked at {p})")

    def support(self) -> tuple[float, float]:
        """Return the smallest and largest value a draw can take."""
        raise AssertionError("a shape must define its support")

    @property
    def centre(self) -> float:
        """Median of the distribution."""
        return self.quantile(0.5)


class Uniform(_Distribution):
    """Equal belief between `low` and `high`."""

    dist: Literal["uniform"]
    low: float
    high: float

    @model_validator(mode="after")
    def _ordered(self) -> Uniform:
        if not self.low < self.high:
            raise ValueError(f"low < high, got low={self.low:g} and high={self.high:g}")
        return self

    def quantile(self, p: float) -> float:
        """Return the value below which the share `p` of the belief lies."""
        return self.low + p * (self.high - self.low)

    def support(self) -> tuple[float, float]:
        """Return the smallest and largest value a draw can take."""
        return self.low, self.high


class Triangular(_Distribution):
    """Belief that rises from `low` to `mode` and falls to `high`."""

    dist: Literal["triangular"]
    low: float
    mode: float
    high: float

    @model_validator(mode="after")
    def _ordered(self) -> Triangular:
        if not (self.low <= self.mode <= self.high and self.low < self.high):
            raise ValueError(f"low <= mode <= high, got {self.low:g}, {self.mode:g}, {self.high:g}")
        return self

    def quantile(self, p: float) -> float:
        """Return the value below which the share `p` of the belief lies."""
        width = self.high - self.low
        knee = (self.mode - self.low) / width
        if p < knee:
            return self.low + math.sqrt(p * width * (self.mode - self.low))
        return self.high - math.sqrt((1.0 - p) * width * (self.high - self.mode))

    def support(self) -> tuple[float, float]:
        """Return the smallest and largest value a draw can take."""
        return self.low, self.high


class _Truncated(_Distribution):
    """A normal belief on some scale, cut at `low` and `high`."""

    low: float
    high: float

    def _scale(self) -> tuple[float, float]:
        raise AssertionError("a shape must give its mean and standard deviation")

    def _forward(self, x: float) -> float:
        return x

    def _back(self, z: float) -> float:
        return z

    @model_validator(mode="after")
    def _has_mass(self) -> _Truncated:
        if not self.low < self.high:
            raise ValueError(f"low < high, got low={self.low:g} and high={self.high:g}")
        mean, sd = self._scale()
        bounds = [_UNIT_NORMAL.cdf((self._forward(b) - mean) / sd) for b in (self.low, self.high)]
        if bounds[1] - bounds[0] < 1e-6:
            raise ValueError("low and high must leave at least one millionth of the belief")
        return self

    def quantile(self, p: float) -> float:
        """Return the value below which the share `p` of the cut belief lies."""
        mean, sd = self._scale()
        lower = _UNIT_NORMAL.cdf((self._forward(self.low) - mean) / sd)
        upper = _UNIT_NORMAL.cdf((self._forward(self.high) - mean) / sd)
        level = min(max(lower + p * (upper - lower), 1e-15), 1.0 - 1e-15)
        value = self._back(mean + sd * _UNIT_NORMAL.inv_cdf(level))
        return min(max(value, self.low), self.high)

    def support(self) -> tuple[float, float]:
        """Return the smallest and largest value a draw can take."""
        return self.low, self.high


class Normal(_Truncated):
    """Normal belief with `mean` and `sd`, cut at `low` and `high`."""

    dist: Literal["normal"]
    mean: float
    sd: float = Field(gt=0)

    def _scale(self) -> tuple[float, float]:
        return self.mean, self.sd


class LogNormal(_Truncated):
    """Log-normal belief with `median` and `log_sd`, cut at `low` and `high`."""

    dist: Literal["lognormal"]
    median: float = Field(gt=0)
    log_sd: float = Field(gt=0)
    low: float = Field(gt=0)

    def _scale(self) -> tuple[float, float]:
        return math.log(self.median), self.log_sd

    def _forward(self, x: float) -> float:
        return math.log(x) if x > 0 else -math.inf

    def _back(self, z: float) -> float:
        return math.exp(z)


class LogitNormal(_Truncated):
    """Belief about a share: normal log odds with `median` and `logit_sd`, cut at `low`, `high`."""

    dist: Literal["logitnormal"]
    median: float = Field(gt=0, lt=1)
    logit_sd: float = Field(gt=0)
    low: float = Field(ge=0)
    high: float = Field(le=1)

    def _scale(self) -> tuple[float, float]:
        return log_odds(self.median), self.logit_sd

    def _forward(self, x: float) -> float:
        return log_odds(x) if 0.0 < x < 1.0 else math.copysign(math.inf, x - 0.5)

    def _back(self, z: float) -> float:
        return share_of(z)


def log_odds(share: float) -> float:
    """Return the log odds of a share in (0, 1)."""
    return math.log(share) - math.log1p(-share)


def share_of(odds: float) -> float:
    """Return the share of given log odds."""
    return 1.0 / (1.0 + math.exp(-odds))


Numbers = Annotated[tuple[float, ...], Strict(False), Field(min_length=1)]


class Discrete(_Distribution):
    """Belief on a short list of `values` with `weights` (any positive scale)."""

    dist: Literal["discrete"]
    values: Numbers
    weights: Numbers

    @model_validator(mode="after")
    def _matched(self) -> Discrete:
        if len(self.values) != len(self.weights):
            raise ValueError("as many weights as values")
        if min(self.weights) < 0 or not 0 < sum(self.weights) < math.inf:
            raise ValueError("weights >= 0 with a positive, finite sum")
        if list(self.values) != sorted(self.values):
            raise ValueError("values in rising order")
        return self

    def quantile(self, p: float) -> float:
        """Return the smallest value whose cumulated weight reaches the share `p`."""
        target = p * sum(self.weights)
        total = 0.0
        for value, weight in zip(self.values, self.weights, strict=True):
            total += weight
            if total >= target:
                return value
        return self.values[-1]

    def support(self) -> tuple[float, float]:
        """Return the smallest and largest value a draw can take."""
        return self.values[0], self.values[-1]


Distribution = Annotated[
    Uniform | Triangular | Normal | LogNormal | LogitNormal | Discrete, Field(discriminator="dist")
]
"""Any of the shapes above, told apart by `dist`."""

SHAPES: dict[str, type[Uniform | Triangular | Normal | LogNormal | LogitNormal | Discrete]] = {
    "uniform": Uniform,
    "triangular": Triangular,
    "normal": Normal,
    "lognormal": LogNormal,
    "logitnormal": LogitNormal,
    "discrete": Discrete,
}
"""Shapes by the name `dist` gives them."""
