"""Several draws of what the stages of unlabelled rounds may have been (multiple imputation).

Each draw first resamples firms with replacement and fits the chain of
:mod:`finmodel.calibrate.round_stages` to them, so that it differs by how well the chain is known,
and then draws the stages of every firm given its records. An estimator runs on each completed
table; estimates are averaged and ``(1 + 1/M)`` times their spread is added to their variance
(Rubin's rules). With nothing unlabelled there is one table and nothing to draw.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from finmodel.calibrate.round_stages import StageModel, design_of, fit_stage_model, kernels_of
from finmodel.calibrate.round_table import UNKNOWN, RoundTable
from finmodel.calibrate.spells import exit_of_firms
from finmodel.calibrate.stage_chain import draw_stages, posterior
from finmodel.calibrate.survival import between
from finmodel.errors import CalibrationError
from finmodel.world.arrays import FloatArray, IntArray

N_IMPUTATIONS = 20
REFIT_STEPS = 10
"""EM steps of a fit to resampled firms, from the fit to all: enough for a sampling error."""
MIN_LABELLED = 50
"""Labelled rounds the chain needs before it can say anything of others."""


@dataclass(frozen=True)
class Imputed:
    """Completed stages of a table of rounds.

    Attributes
    ----------
    stages : tuple of ndarray of shape (n,)
        One an imputation.
    n_unlabelled : int
    model : StageModel or None
        None if nothing was unlabelled.
    summary : DataFrame
        `stage`, `labelled_n`, `unlabelled_n` (expected), `mean_top_chance` of the unlabelled.
    """

    stages: tuple[IntArray, ...]
    n_unlabelled: int
    model: StageModel | None
    summary: pd.DataFrame


def impute_stages(
    table: RoundTable,
    covariates: FloatArray | None = None,
    *,
    seed: int,
    exits: pd.DataFrame | None = None,
    n_imputations: int = N_IMPUTATIONS,
) -> Imputed:
    """Return draws of the stages of all rounds.

    Parameters
    ----------
    table : RoundTable
    covariates : ndarray of shape (firms, c), optional
        Of firms; those that later estimates use should be here too.
    seed : int
    exits : DataFrame, optional
        `firm`, `date`, `route` of a deal book: a firm's silence after its exit says nothing.
    n_imputations : int, optional

    Raises
    ------
    CalibrationError
        If rounds are unlabelled and too few are labelled.
    """
    is_unknown = table.stage == UNKNOWN
    n_unknown = int(is_unknown.sum())
    n_stages = table.last_labelled + 1
    labelled = np.bincount(table.stage[~is_unknown], minlength=max(1, n_stages))
    if n_unknown == 0:
        return Imputed((table.stage,), 0, None, _summary(table, labelled, None))
    if labelled.sum() < MIN_LABELLED or n_stages < 2:
        raise CalibrationError(
            f"{n_unknown} rounds have no stage and only {labelled.sum()} have one: "
            f"at least {MIN_LABELLED} of at least two stages are needed to model the others"
        )
    z = np.zeros((table.n_firms, 0)) if covariates is None else covariates
    never = np.full(table.n_firms, np.iinfo(np.int64).max)
    exit_day = never if exits is None else exit_of_firms(table, exits)[0]
    design = design_of(table, exit_day, z)
    model = fit_stage_model(table, design, n_stages)
    rng = np.random.default_rng([seed, 0x57A6E])
    draws = []
    for _ in range(n_imputations):
        count = rng.multinomial(table.n_firms, np.full(table.n_firms, 1.0 / table.n_firms))
        sample = fit_stage_model(
            table, design, n_stages, start=model, weight=count.astype(float), max_steps=REFIT_STEPS
        )
        draws.append(draw_stages(table, kernels_of(table, design, sample), rng))
    single, _, _ = posterior(table, kernels_of(table, design, model))
    summary = _summary(table, labelled, single[is_unknown])
    return Imputed(tuple(draws), n_unknown, model, summary)


def _summary(table: RoundTable, labelled: IntArray, single: FloatArray | None) -> pd.DataFrame:
    frame = pd.DataFrame({"stage": table.stages[: len(labelled)], "labelled_n": labelled})
    if single is None:
        return frame.assign(unlabelled_n=0.0, mean_top_chance=np.nan)
    top = single.argmax(axis=1)
    best = single.max(axis=1)
    chance = [float(best[top == k].mean()) if (top == k).any() else np.nan for k in frame.index]
    return frame.assign(unlabelled_n=single.sum(axis=0), mean_top_chance=chance)


def pool(
    params: Sequence[FloatArray], covariances: Sequence[FloatArray]
) -> tuple[FloatArray, FloatArray]:
    """Return mean estimates and their total covariance by Rubin's rules."""
    stacked = np.stack(list(params))
    return stacked.mean(axis=0), np.mean(list(covariances), axis=0) + between(stacked)
