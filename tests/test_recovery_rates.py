"""Intervals of the rates that a calibration writes cover: a small form of the study."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binom

from tests.studies import recovery_rates
from tests.studies.recovery_rates import TRUTH, markdown, record_book, recover, summary

SETS = 24


def test_records_are_cut_off_and_lose_labels_of_small_rounds_most():
    book, world = record_book(3)
    assert book.rounds["date"].max() <= book.as_of
    lost = book.rounds["stage"] == ""
    assert lost.mean() == pytest.approx(0.25, abs=0.02)
    is_small = book.rounds["amount_mcny"] < book.rounds["amount_mcny"].median()
    assert lost[is_small].mean() > 2 * lost[~is_small].mean()
    assert set(TRUTH) < set(world.stages)


def test_the_summary_counts_what_covers_and_what_states_no_error():
    rows = [
        {"seed": seed, "key": f"stages.{stage}.{field}", "log": np.log(value) + off, "error": error}
        for stage, own in TRUTH.items()
        for field, value in own.items()
        for seed, (off, error) in enumerate([(0.1, 0.06), (-0.1, 0.05), (0.3, np.nan), (0.0, 0.1)])
    ]
    table = summary(pd.DataFrame(rows))
    assert table["coverage"].to_numpy() == pytest.approx(2 / 3)
    assert table["bias"].to_numpy() == pytest.approx(0.0)
    assert table["not_stated"].to_numpy() == pytest.approx(0.25)


def test_sets_that_a_file_keeps_are_not_played_again(tmp_path, monkeypatch):
    played = []

    def row_of(seed):
        played.append(seed)
        return seed, {"stages.A.failure_rate_pa": (float(seed), None if seed == 2 else 0.1)}

    monkeypatch.setattr(recovery_rates, "row_of", row_of)
    file = tmp_path / "sets.jsonl"
    recover(2, processes=1, file=file)
    found = recover(3, processes=1, file=file)
    assert played == [1, 2, 3]
    assert found["seed"].tolist() == [1, 2, 3]
    assert found["log"].tolist() == [1.0, 2.0, 3.0]
    assert found["error"].isna().tolist() == [False, True, False]


@pytest.mark.slow
def test_intervals_of_few_data_sets_cover_as_often_as_chance_allows():
    """About three minutes: whole estimator on markets of known rates."""
    table = summary(recover(SETS, first_seed=1001))
    least = binom.ppf(1e-4, SETS, 0.95) / SETS
    assert (table["coverage"] >= least).all(), markdown(table, SETS)
    # One set in twenty misses, all numbers together: luck is shared within a set.
    assert table["coverage"].mean() > 0.88, markdown(table, SETS)
    # Neither do they cover by being wide, and no number is off.
    assert (table["mean_se"] < 2.0 * table["spread"]).all(), markdown(table, SETS)
    assert (table["bias"].abs() < 4.0 * table["spread"] / np.sqrt(SETS)).all()
    assert (table["not_stated"] < 0.3).all(), markdown(table, SETS)
