"""Stages of unlabelled rounds: the chain against enumeration, and the bias it removes."""

from dataclasses import replace
from itertools import product

import numpy as np
import pandas as pd
import pytest

from finmodel.calibrate.imputation import MIN_LABELLED, impute_stages
from finmodel.calibrate.round_stages import design_of, fit_stage_model, kernels_of
from finmodel.calibrate.round_table import UNKNOWN, round_table, running_maximum
from finmodel.calibrate.spells import GRADUATED, exit_of_firms, make_spells
from finmodel.calibrate.stage_chain import draw_stages, posterior
from finmodel.errors import CalibrationError
from finmodel.numeric.logit import fit_logit
from tests.studies.generated_deals import STAGES, Truth, generate


@pytest.fixture(scope="module")
def book():
    return generate(5, 700)


@pytest.fixture(scope="module")
def fitted(book):
    table = round_table(book, STAGES)
    design = design_of(table, exit_of_firms(table, book.exits)[0], np.zeros((table.n_firms, 0)))
    return table, design, fit_stage_model(table, design, 4)


def test_running_maximum_stays_within_firms():
    code = np.array([1, 0, -1, 2, -1, 0, 1, 0])
    firm = np.array([0, 0, 0, 0, 1, 1, 1, 1])
    assert running_maximum(code, firm).tolist() == [1, 1, 1, 2, -1, 0, 1, 1]


def test_a_logit_of_two_groups_is_their_log_odds():
    x = np.array([[1.0, 0.0], [1.0, 1.0]])
    beta = fit_logit(x, np.array([300.0, 900.0]), np.array([700.0, 100.0]), precision=1e-3)[0]
    assert beta == pytest.approx([np.log(3 / 7), np.log(9) - np.log(3 / 7)], abs=1e-4)


def test_a_separated_logit_is_finite():
    beta = fit_logit(np.ones((1, 1)), np.array([50.0]), np.array([0.0]), precision=1e-3)[0]
    assert np.isfinite(beta).all()
    assert beta[0] > 5.0


def test_a_label_below_an_earlier_one_is_a_further_round(book):
    rounds = book.rounds.copy()
    firm = rounds["firm"].value_counts().index[0]
    own = rounds.index[rounds["firm"] == firm][:2]
    rounds.loc[own, "stage"] = ["B", "angel"]
    table = round_table(replace(book, rounds=rounds), STAGES)
    number = table.firms.index[table.firms["firm"] == firm][0]
    assert table.stage[table.firm == number][:2].tolist() == [2, 2]
    assert table.notes["rounds labelled below an earlier round of their firm"] >= 1


def test_only_the_cohorts_asked_for_are_kept_and_the_rest_is_counted(book):
    table = round_table(book, STAGES, years=(2008, 2010))
    assert set(table.firms["first_year"]) == {2008, 2010}
    total = len(table.firm) + table.notes["rounds of firms of other cohorts"]
    assert total == len(book.rounds)
    with pytest.raises(CalibrationError, match="no equity round is left"):
        round_table(book, STAGES, years=(1999,))


def test_the_posterior_is_that_of_enumeration(fitted):
    table, design, model = fitted
    kernels = kernels_of(table, design, model)
    single, pair, likelihood = posterior(table, kernels)
    sizes = np.bincount(table.firm)
    unknown = np.bincount(table.firm, weights=table.stage == UNKNOWN)
    chosen = np.flatnonzero((sizes == 3) & (unknown >= 2))[:5]
    assert len(chosen) == 5
    for firm in chosen:
        rows = np.flatnonzero(table.firm == firm)
        weight = {}
        for path in product(range(4), repeat=3):
            known = table.stage[rows]
            if any(k not in (UNKNOWN, s) for k, s in zip(known, path, strict=True)):
                continue
            log = kernels.start[rows[0], path[0]]
            for j in (1, 2):
                log = log + kernels.move[rows[j], path[j - 1], path[j]]
            weight[path] = np.exp(log)
        total = sum(weight.values())
        assert likelihood[firm] == pytest.approx(np.log(total), rel=1e-9)
        for j in range(3):
            for k in range(4):
                share = sum(w for path, w in weight.items() if path[j] == k) / total
                assert single[rows[j], k] == pytest.approx(share, abs=1e-10)
        share = sum(w for path, w in weight.items() if path[:2] == (0, 1)) / total
        assert pair[rows[1], 0, 1] == pytest.approx(share, abs=1e-10)


def test_draws_keep_labels_never_fall_and_follow_the_posterior(fitted):
    table, design, model = fitted
    kernels = kernels_of(table, design, model)
    single, _, _ = posterior(table, kernels)
    rng = np.random.default_rng(1)
    draws = np.array([draw_stages(table, kernels, rng) for _ in range(200)])
    is_known = table.stage != UNKNOWN
    assert (draws[:, is_known] == table.stage[is_known]).all()
    falls = (np.diff(draws, axis=1) < 0) & (table.firm[1:] == table.firm[:-1])
    assert not falls.any()
    frequency = (draws == 1).mean(axis=0)
    error = np.sqrt(single[:, 1] * (1 - single[:, 1]) / 200) + 1e-3
    # Five and a half standard errors: thousands of rounds are looked at together.
    assert (np.abs(frequency - single[:, 1]) < 5.5 * error + 0.01).all()


def test_em_never_lowers_the_likelihood(book):
    table = round_table(book, STAGES)
    design = design_of(table, exit_of_firms(table, book.exits)[0], np.zeros((table.n_firms, 0)))
    found = [
        fit_stage_model(table, design, 4, max_steps=n).log_likelihood for n in (2, 3, 4, 6, 10)
    ]
    # The weak priors may cost a hair.
    assert (np.diff(found) > -0.05).all()


def test_nothing_unlabelled_needs_no_draws(book):
    labelled = replace(book, rounds=book.rounds[book.rounds["stage"] != ""])
    table = round_table(labelled, STAGES)
    imputed = impute_stages(table, seed=1)
    assert len(imputed.stages) == 1
    assert imputed.model is None
    assert (imputed.stages[0] == table.stage).all()


def test_too_few_labels_are_refused(book):
    rounds = book.rounds.assign(stage="")
    rounds.loc[rounds.index[: MIN_LABELLED - 1], "stage"] = "A"
    with pytest.raises(CalibrationError, match="rounds have no stage and only"):
        impute_stages(round_table(replace(book, rounds=rounds), STAGES), seed=1)


def test_the_same_seed_gives_the_same_draws(book):
    table = round_table(book, STAGES)
    one = impute_stages(table, seed=3, exits=book.exits, n_imputations=2)
    two = impute_stages(table, seed=3, exits=book.exits, n_imputations=2)
    for a, b in zip(one.stages, two.stages, strict=True):
        assert (a == b).all()


def share_at_24_months(table, stage, exits):
    spells = make_spells(table, stage, exits)
    own = spells.where((spells.stage == 1) & (spells.horizon >= 8.0))
    return float(((own.event == GRADUATED) & (own.end <= 8.0)).mean())


def test_imputation_removes_the_bias_that_dropping_has():
    """Over ten sets: dropping unlabelled rounds loses graduations, imputing does not."""
    truth = Truth(unlabelled=0.35)
    dropped, imputed = [], []
    for seed in range(10):
        full = generate(seed, 1500, replace(truth, unlabelled=1e-9))
        holed = generate(seed, 1500, truth)
        known = round_table(full, STAGES)
        goal = share_at_24_months(known, known.stage, full.exits)
        part = replace(holed, rounds=holed.rounds[holed.rounds["stage"] != ""])
        table = round_table(part, STAGES)
        dropped.append(share_at_24_months(table, table.stage, holed.exits) - goal)
        table = round_table(holed, STAGES)
        draws = impute_stages(table, seed=seed, exits=holed.exits, n_imputations=3)
        found = [share_at_24_months(table, stage, holed.exits) for stage in draws.stages]
        imputed.append(np.mean(found) - goal)
    error = np.std(imputed, ddof=1) / np.sqrt(10)
    assert np.mean(dropped) < -0.03
    assert abs(np.mean(imputed)) < 4 * error + 0.005
    assert abs(np.mean(imputed)) < 0.25 * abs(np.mean(dropped))


def test_rounds_of_other_kinds_are_left_out(book):
    rounds = book.rounds.assign(kind=np.where(np.arange(len(book.rounds)) < 40, "debt", "equity"))
    table = round_table(replace(book, rounds=rounds), STAGES)
    assert len(table.firm) == len(book.rounds) - 40
    assert isinstance(table.firms, pd.DataFrame)


def test_a_lost_label_that_needs_a_rise_never_seen_gives_finite_chances(book):
    """Angel, no label, C: one of the two rises skips a stage, and no labelled pair does."""
    firms = book.firms.head(81)
    names = firms["firm"].to_numpy()
    stage = np.tile(np.array(["angel", "A", "B", "C"], dtype=object), 81)
    stage[-3:-1] = ""
    stage[-2] = "C"
    days = pd.to_timedelta(np.tile(np.arange(4) * 400, 81) + np.repeat(np.arange(81), 4), "D")
    amount = np.tile([2.0, 20.0, 60.0, 150.0], 81) * np.exp(
        np.random.default_rng(1).normal(0.0, 0.3, 324)
    )
    rounds = book.rounds.head(324).assign(
        firm=np.repeat(names, 4),
        date=pd.Timestamp("2007-01-01") + days,
        stage=stage,
        kind="equity",
        amount_mcny=amount,
        low_mcny=amount,
        high_mcny=amount,
    )
    own = replace(book, firms=firms, rounds=rounds, exits=book.exits.head(0))
    imputed = impute_stages(round_table(own, STAGES), seed=1, n_imputations=3)
    assert np.isfinite(imputed.model.log_likelihood)
    assert all(draw[-3] in (1, 2, 3) for draw in imputed.stages)
