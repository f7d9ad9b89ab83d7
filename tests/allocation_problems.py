"""Splits with a known best one, for the tests of the search."""

from __future__ import annotations

import numpy as np

from finmodel.allocate.splits import SplitSet


def exactly(value, paths: range, measures=None):
    """Return outcomes (N, 1, P, 1) that are the same on every path."""
    return np.repeat(np.asarray(value)[:, None, None, None], len(paths), axis=2)


class Logs:
    """``sum_d a_d log(1 + k_d w_d)``: the best split fills cells to one water level."""

    def __init__(self, n_cells: int, seed: int) -> None:
        rng = np.random.default_rng(seed)
        self.a, self.k = rng.uniform(0.3, 2.0, n_cells), rng.uniform(5.0, 40.0, n_cells)

    def value(self, splits):
        return (self.a * np.log1p(self.k * splits)).sum(axis=-1)

    def evaluate(self, splits, paths):
        return exactly(self.value(splits), paths)

    def best(self):
        low, high = 1e-9, 1e4
        for _ in range(300):
            level = np.sqrt(low * high)
            split = np.maximum(self.a / level - 1.0 / self.k, 0.0)
            low, high = (level, high) if split.sum() > 1.0 else (low, level)
        return split / split.sum()


class Roots:
    """``sum_d a_d sqrt(w_d)`` with floors and caps: ``w_d = clip((a_d / lambda)^2)``."""

    def __init__(self, a, low, high) -> None:
        self.a = np.asarray(a)
        cells = tuple(f"c{d}" for d in range(len(a)))
        self.allowed = SplitSet(cells, np.asarray(low), np.asarray(high))

    def value(self, splits):
        return (self.a * np.sqrt(splits)).sum(axis=-1)

    def evaluate(self, splits, paths):
        return exactly(self.value(splits), paths)

    def best(self):
        low, high = 1e-9, 1e4
        for _ in range(300):
            level = np.sqrt(low * high)
            split = np.clip((self.a / level) ** 2, self.allowed.low, self.allowed.high)
            low, high = (level, high) if split.sum() > 1.0 else (low, level)
        return split


class Normals:
    """``sum_d w_d r_d`` with independent normal returns, drawn by path number."""

    def __init__(self, mean, sd, *, seed: int = 5) -> None:
        self.mean, self.sd, self.seed = np.asarray(mean), np.asarray(sd), seed

    def evaluate(self, splits, paths):
        rng = np.random.default_rng(self.seed)
        draws = rng.standard_normal((paths.stop, len(self.mean)))[paths.start :]
        returns = self.mean + self.sd * draws
        return (splits @ returns.T)[:, None, :, None]


class Noise:
    """Nothing matters: every split has luck of its own on every path, mean zero."""

    def __init__(self, seed: int) -> None:
        self.seed = seed

    def evaluate(self, splits, paths):
        rows = []
        for split in splits:
            words = np.frombuffer(np.round(split, 9).tobytes(), np.uint32)
            rng = np.random.default_rng([self.seed, *words])
            rows.append(rng.standard_normal(paths.stop)[paths.start :])
        return np.array(rows)[:, None, :, None]
