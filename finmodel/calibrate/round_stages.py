"""The stages of unlabelled rounds: a Markov chain along each firm's rounds, fitted by EM.

Stages never fall along a firm's rounds. With covariates ``z`` of the firm, ``g`` the quarters
since its round before, and stages 0..K-1,

    P(first round at a stage above k | at least k) = logit(a_k + a_k' z + a_k'' year)
    P(next round above k | round at k)             = logit(b_k + b_k' z + spline(g))
    P(above k + 1 | above k, round at k)           = c_k

The amount of a round is log-normal given its stage and the round before
(:mod:`finmodel.calibrate.amounts`), and the time to a next round or to none depends on the stage
(:mod:`finmodel.calibrate.arrivals`). A label is taken to be missing at random given what is
recorded: amounts, dates, other labels of the firm. Then the likelihood of what is recorded is
maximised over these parameters, summed over the stages of unlabelled rounds, and the stages of a
firm are drawn together from their distribution given all its records, later rounds included.

Dropping unlabelled rounds instead takes a firm whose next round carries no letter for one that had
none, and starts the clock of others too late: graduation comes out too low and too slow.

References
----------
Bengio, Y. and Frasconi, P. (1996), Input-output HMMs for sequence processing, IEEE Trans. Neural
Networks 7. Rubin, D. B. (1987), Multiple Imputation for Nonresponse in Surveys.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from finmodel.calibrate.amounts import AmountLaw, fit_amounts, log_densities
from finmodel.calibrate.arrivals import ArrivalLaw, Exposure, exposure_of, fit_arrivals, log_holding
from finmodel.calibrate.round_table import DAYS_PER_QUARTER, UNKNOWN, RoundTable
from finmodel.calibrate.stage_chain import Kernels, logistic_shares, posterior, rise_shares
from finmodel.numeric.logit import fit_logit
from finmodel.world.arrays import FloatArray, IntArray

KNOTS = (1.0, 2.0, 4.0, 8.0)
"""Quarters since the round before at which the log odds of a higher stage may bend."""
MAX_STEPS, TOLERANCE = 200, 1e-8

PRIOR_PRECISION = 1e-3
"""Of a normal prior on every coefficient of a logit."""

LEAST_STEPS = 0.5
"""Further stages at once that count as seen where fewer were."""


@dataclass(frozen=True)
class StageModel:
    """Parameters of the chain.

    Attributes
    ----------
    entry : ndarray of shape (K - 1, p)
    rise : ndarray of shape (K - 1, q)
    further : ndarray of shape (K - 1,)
        Chance of more than one stage at once, given a rise.
    amounts : AmountLaw
    arrivals : ArrivalLaw
    log_likelihood : float
        Of what is recorded.
    n_steps : int
        EM steps made.
    """

    entry: FloatArray
    rise: FloatArray
    further: FloatArray
    amounts: AmountLaw
    arrivals: ArrivalLaw
    log_likelihood: float
    n_steps: int


@dataclass(frozen=True)
class Design:
    """Covariates of rounds: of first rounds (n, p), of later ones (n, q), and time after each."""

    entry: FloatArray
    rise: FloatArray
    exposure: Exposure


def design_of(table: RoundTable, exit_day: IntArray, z: FloatArray) -> Design:
    """Return the covariates.

    Parameters
    ----------
    table : RoundTable
    exit_day : ndarray of shape (firms,)
        Days since 1970; far off for none.
    z : ndarray of shape (firms, c)
    """
    own = z[table.firm]
    year = table.firms["first_year"].to_numpy(dtype=np.float64)[table.firm]
    spread = max(1.0, float(year.std()))
    gap = np.diff(table.day, prepend=table.day[:1]) / DAYS_PER_QUARTER
    gap = np.where(table.order == 0, 0.0, gap)
    bends = [np.minimum(gap, knot) for knot in KNOTS]
    ones = np.ones(len(gap))
    entry = np.column_stack([ones, (year - year.mean()) / spread, own])
    rise = np.column_stack([ones, np.minimum(gap, 24.0) / 8.0, *bends, own])
    return Design(entry, rise, exposure_of(table, exit_day, z))


def fit_stage_model(
    table: RoundTable,
    design: Design,
    n_stages: int,
    *,
    start: StageModel | None = None,
    weight: FloatArray | None = None,
    max_steps: int = MAX_STEPS,
) -> StageModel:
    """Return the model of maximum likelihood by EM.

    Parameters
    ----------
    table : RoundTable
    design : Design
    n_stages : int
        Stages 0..n_stages - 1 may occur.
    start : StageModel, optional
        Where to begin; by default the fit to labelled rounds alone.
    weight : ndarray of shape (firms,), optional
        How often each firm counts, as in a bootstrap sample.
    max_steps : int, optional
    """
    count = np.ones(table.n_firms) if weight is None else weight
    by_round = count[table.firm]
    if start is None:
        single, pair = labelled_weights(table, n_stages)
        start = _maximise(table, design, single, pair, by_round, None)
    model, last = start, -np.inf
    for step in range(1, max_steps + 1):
        single, pair, likelihood = posterior(table, kernels_of(table, design, model))
        total = float((likelihood * count).sum())
        new = _maximise(table, design, single, pair, by_round, model)
        model = replace(new, log_likelihood=total, n_steps=step)
        if abs(total - last) <= TOLERANCE * (1.0 + abs(total)):
            break
        last = total
    return model


def kernels_of(table: RoundTable, design: Design, model: StageModel) -> Kernels:
    """Return the weights of stages of all rounds that the records give under a model."""
    first, pair = log_densities(table, model.amounts, design.exposure.z)
    holding = log_holding(design.exposure, model.arrivals)
    entry = logistic_shares(design.entry @ model.entry.T)
    move = rise_shares(design.rise @ model.rise.T, model.further)
    with np.errstate(divide="ignore"):
        return Kernels(np.log(entry) + first + holding, np.log(move) + pair + holding[:, None, :])


def labelled_weights(table: RoundTable, n_stages: int) -> tuple[FloatArray, FloatArray]:
    """Return weights of one for labelled rounds and for pairs of which both are labelled."""
    n = len(table.firm)
    is_known = table.stage != UNKNOWN
    single = np.zeros((n, n_stages))
    rows = np.flatnonzero(is_known)
    single[rows, table.stage[rows]] = 1.0
    pair = np.zeros((n, n_stages, n_stages))
    both = np.flatnonzero(is_known[1:] & is_known[:-1] & (table.order[1:] > 0)) + 1
    pair[both, table.stage[both - 1], table.stage[both]] = 1.0
    return single, pair


def _maximise(
    table: RoundTable,
    design: Design,
    single: FloatArray,
    pair: FloatArray,
    by_round: FloatArray,
    model: StageModel | None,
) -> StageModel:
    """Return the parameters that fit given weights best."""
    n_stages = single.shape[1]
    weighted, single = pair * by_round[:, None, None], single * by_round[:, None]
    is_first = table.order == 0
    entry = np.zeros((n_stages - 1, design.entry.shape[1]))
    rise = np.zeros((n_stages - 1, design.rise.shape[1]))
    further = np.zeros(n_stages - 1)
    x_first, w_first = design.entry[is_first], single[is_first]
    for k in range(n_stages - 1):
        begin = None if model is None else model.entry[k]
        entry[k] = _logit(x_first, w_first[:, k + 1 :].sum(axis=1), w_first[:, k], begin)
        begin = None if model is None else model.rise[k]
        ups = weighted[:, k, k + 1 :].sum(axis=1)
        rows = np.flatnonzero(ups + weighted[:, k, k] > 1e-9)
        rise[k] = _logit(design.rise[rows], ups[rows], weighted[rows, k, k], begin)
        total, more = ups.sum(), weighted[:, k, k + 2 :]
        steps = (more * np.arange(1, more.shape[1] + 1)).sum()
        # A rise to the last stage had no choice to stop there.
        stops = total - weighted[:, k, n_stages - 1].sum()
        # Never 0: a label lost between two stages may need a rise that no labelled pair shows.
        steps, stops = max(steps, LEAST_STEPS), max(stops, LEAST_STEPS)
        further[k] = steps / (steps + stops)
    amounts = fit_amounts(table, single, weighted, design.exposure.z)
    begin_arrivals = None if model is None else model.arrivals
    arrivals = fit_arrivals(design.exposure, single, begin_arrivals)
    return StageModel(entry, rise, further, amounts, arrivals, -np.inf, 0)


def _logit(
    x: FloatArray, ones: FloatArray, zeros: FloatArray, start: FloatArray | None
) -> FloatArray:
    """Return coefficients under a weak prior, finite for a separated sample too."""
    return fit_logit(x, ones, zeros, start, precision=PRIOR_PRECISION)[0]
