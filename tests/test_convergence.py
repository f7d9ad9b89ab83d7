"""Whether paths suffice: laws that hold, and alarms that ring when they should."""

import numpy as np
import pandas as pd
import pytest

from finmodel.measure.convergence import (
    ALARM,
    batches,
    convergence_table,
    convergence_verdicts,
    path_counts,
    se_of_halves,
)
from finmodel.measure.monte_carlo import mean_se, ratio_se
from finmodel.measure.series import Series, estimate
from finmodel.report.convergence import convergence_sentence
from finmodel.variables import labels


def normal(n, mean=10.0, sd=1.0, seed=1):
    return mean + sd * np.random.default_rng(seed).standard_normal(n)


def verdict(series, **options):
    return convergence_verdicts({"gap_n": series}, **options).iloc[0]


def test_counts_are_geometric_and_end_with_all():
    counts = path_counts(1000)
    assert counts[0] == 10
    assert counts[-1] == 1000
    assert len(counts) == 10
    assert np.ptp(np.diff(np.log(counts))) < 0.1
    assert list(path_counts(1)) == [1]
    assert list(path_counts(3)) == [2, 3]


def test_the_last_row_is_the_table_s_estimate_and_the_law_holds():
    top, bottom = normal(800), normal(800, 20.0, seed=2)
    table = convergence_table({"mean": Series(top), "ratio": Series(top, bottom)})
    for name, (value, error) in {
        "mean": mean_se(top),
        "ratio": ratio_se(top, bottom),
    }.items():
        last = table[table["measure"] == name].iloc[-1]
        assert (last["value"], last["se"], last["law_ratio"]) == (value, error, 1.0)
    late = table[table["n_paths"] > 100]["law_ratio"]
    assert late.between(0.8, 1.2).all()
    first = table.iloc[0]
    assert first["value"] == top[:10].mean()


def test_intervals_of_a_mean_cover_as_they_say():
    rng = np.random.default_rng(5)
    found = [estimate(Series(rng.standard_normal(50))) for _ in range(1000)]
    inside = np.mean([abs(item.value) < item.half_width() for item in found])
    assert abs(inside - 0.95) < 4 * np.sqrt(0.95 * 0.05 / 1000)


def test_batches_of_independent_paths_ring_as_rarely_as_stated():
    rng = np.random.default_rng(6)
    p = np.array([batches(rng.standard_normal(200))[1] for _ in range(2000)])
    for level in (0.05, 0.5):
        assert abs((p < level).mean() - level) < 4 * np.sqrt(level * (1 - level) / 2000)


def test_paths_that_hang_together_are_found():
    noise = np.random.default_rng(7).standard_normal(500)
    drifting = np.empty(500)
    drifting[0] = noise[0]
    for i in range(1, 500):
        drifting[i] = 0.8 * drifting[i - 1] + noise[i]
    ratio, p = batches(drifting)
    assert ratio > 2.0
    assert p < ALARM
    assert verdict(Series(drifting + 50))["verdict"] == "not independent"
    repeated = np.tile(noise[:22], 22)  # every batch has the same mean
    assert batches(repeated)[1] < ALARM


@pytest.mark.parametrize(
    ("series", "expected"),
    [
        (Series(normal(400)), "enough"),
        (Series(normal(400, sd=30.0)), "wide error"),
        (Series(normal(400, sd=30.0), is_effect=True), "enough"),
        (Series(normal(400, mean=0.01), is_effect=True), "wide error"),
        (Series(normal(39)), "few paths"),
        (Series(np.full(400, 3.0)), "no spread"),
        (Series(normal(400), np.zeros(400)), "undefined"),
        (Series(np.random.default_rng(0).pareto(1.2, 400)), "heavy tail"),
    ],
)
def test_each_verdict(series, expected):
    row = verdict(series)
    assert row["verdict"] == expected
    assert row["is_enough"] == (expected in ("enough", "no spread"))


def test_paths_needed_are_enough_and_no_more():
    row = verdict(Series(normal(400, sd=30.0)))
    more = verdict(Series(normal(int(row["paths_needed"]), sd=30.0, seed=3)))
    assert more["rse"] == pytest.approx(0.05, rel=0.25)
    assert row["paths_half"] == 1600
    assert verdict(Series(normal(30)))["paths_needed"] == 40


def test_halves_without_an_error_are_no_ratio():
    assert se_of_halves(Series(np.ones(10))) == 1.0
    assert np.isnan(se_of_halves(Series(np.r_[np.ones(5), np.arange(5.0)])))
    assert np.isnan(se_of_halves(Series(np.ones(3))))


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_sentence_when_it_matters_and_none_otherwise(language):
    words = {key: item[language] for key, item in labels()["convergence"].items()}
    fine, wide = Series(normal(400)), Series(normal(400, sd=30.0))
    assert convergence_sentence(convergence_verdicts({"gap_n": fine}), language) == ""
    both = convergence_verdicts({"gap_n": fine, "gap_mcny": wide})
    text = convergence_sentence(both, language)
    assert words["gap_mcny"] in text
    assert words["gap_n"] not in text
    few = convergence_sentence(convergence_verdicts({"gap_n": Series(normal(5))}), language)
    assert "40" in few
    effect = convergence_verdicts({"gap_n": Series(normal(400, mean=0.01), is_effect=True)})
    policies = pd.concat([effect.assign(policy=name) for name in ("a", "b")])
    told = convergence_sentence(policies, language, is_effect=True)
    assert f"a: {words['gap_n']}" in told
    assert "1,600" in told
