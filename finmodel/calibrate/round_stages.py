"""The stages of unlabelled rounds: a Markov chain along each firm's rounds, fitted by EM.

Stages never fall along a firm's rounds. With covariates ``z`` of the firm, ``g`` the quarters
since its round before, and stages 0..K-1,

    P(first round at a stage above k | at least k) = logit(a_k + a_k' z + a_k'' year)
    P(next round above k | round at k)             = logit(b_k + b_k' z + spline(g))
    P(above k + 1 | above k, round at k)           = c_k

and the amount of a round is log-normal given its stage and the round before
(:mod:`finmodel.calibrate.amounts`). A label is taken to be missing at random given what is
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

from dataclasses import dataclass

import numpy as np

from finmodel.calibrate.amounts import AmountLaw, fit_amounts, log_densities
from finmodel.calibrate.logit import fit_logit, logistic
from finmodel.calibrate.round_table import DAYS_PER_QUARTER, UNKNOWN, RoundTable
from finmodel.world.arrays import FloatArray, IntArray

KNOTS = (1.0, 2.0, 4.0, 8.0)
"""Quarters since the round before at which the log odds of a higher stage may bend."""
MAX_STEPS, TOLERANCE = 200, 1e-8


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
    log_likelihood : float
        Of what is recorded.
    n_steps : int
        EM steps made.
    """

    entry: FloatArray
    rise: FloatArray
    further: FloatArray
    amounts: AmountLaw
    log_likelihood: float
    n_steps: int


@dataclass(frozen=True)
class Design:
    """Covariates of rounds: of first rounds (n, p), of later ones (n, q)."""

    entry: FloatArray
    rise: FloatArray


def design_of(table: RoundTable, z: FloatArray) -> Design:
    """Return the covariates; `z` of shape (firms, c) are those of firms."""
    own = z[table.firm]
    year = table.firms["first_year"].to_numpy(dtype=np.float64)[table.firm]
    spread = max(1.0, float(year.std()))
    gap = np.diff(table.day, prepend=table.day[:1]) / DAYS_PER_QUARTER
    gap = np.where(table.order == 0, 0.0, gap)
    bends = [np.minimum(gap, knot) for knot in KNOTS]
    ones = np.ones(len(gap))
    entry = np.column_stack([ones, (year - year.mean()) / spread, own])
    rise = np.column_stack([ones, np.minimum(gap, 24.0) / 8.0, *bends, own])
    return Design(entry, rise)


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
        start = _maximise(table, design, single * by_round[:, None], pair, by_round, None)
    model, last = start, -np.inf
    for step in range(1, max_steps + 1):
        single, pair, likelihood = posterior(table, design, model)
        total = float((likelihood * count).sum())
        single *= by_round[:, None]
        amounts = fit_amounts(table, single, pair * by_round[:, None, None])
        new = _maximise(table, design, single, pair, by_round, model, amounts)
        model = StageModel(new.entry, new.rise, new.further, new.amounts, total, step)
        if abs(total - last) <= TOLERANCE * (1.0 + abs(total)):
            break
        last = total
    return model


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


def posterior(
    table: RoundTable, design: Design, model: StageModel
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return what all records say of each round's stage (forward-backward).

    Returns
    -------
    single : ndarray of shape (n, K)
    pair : ndarray of shape (n, K, K)
        With the stage of the round before; 0 for first rounds.
    log_likelihood : ndarray of shape (firms,)
    """
    start, move = _kernels(table, design, model)
    forward, scale = _forward(table, start, move)
    n, n_stages = forward.shape
    single, pair = np.empty((n, n_stages)), np.zeros((n, n_stages, n_stages))
    backward = np.ones((n, n_stages))
    for rows in reversed(rounds_by_order(table)):
        later = rows[table.order[rows] > 0]
        if len(later):
            ahead = move[later] * backward[later][:, None, :] / scale[later][:, None, None]
            backward[later - 1] = ahead.sum(axis=2)
            pair[later] = forward[later - 1][:, :, None] * ahead
    single = forward * backward
    single /= single.sum(axis=1, keepdims=True)
    likelihood = np.bincount(table.firm, weights=np.log(scale), minlength=table.n_firms)
    return single, pair, np.asarray(likelihood, dtype=np.float64)


def draw_stages(
    table: RoundTable, design: Design, model: StageModel, rng: np.random.Generator
) -> IntArray:
    """Return one draw of every round's stage, whole firms together, given all records."""
    start, move = _kernels(table, design, model)
    forward, _ = _forward(table, start, move)
    u = rng.random(len(table.firm))
    stage = np.full(len(table.firm), UNKNOWN, dtype=np.int64)
    for rows in reversed(rounds_by_order(table)):
        is_last = np.append(table.firm[1:] != table.firm[:-1], True)[rows]
        weight = forward[rows].copy()
        inner = rows[~is_last]
        weight[~is_last] *= move[inner + 1, :, stage[inner + 1]]
        total = weight.cumsum(axis=1)
        stage[rows] = (u[rows, None] * total[:, -1:] >= total).sum(axis=1)
    return stage


def rounds_by_order(table: RoundTable) -> list[IntArray]:
    """Return the rows of all first rounds, of all second rounds, and so on."""
    sort = np.argsort(table.order, kind="stable")
    ends = np.cumsum(np.bincount(table.order))
    return [np.asarray(rows) for rows in np.split(sort, ends[:-1])]


def _kernels(table: RoundTable, design: Design, model: StageModel) -> tuple[FloatArray, FloatArray]:
    """Return start (n, K) and transition (n, K, K) weights, amounts and labels included."""
    first, pair = log_densities(table, model.amounts)
    n, n_stages = first.shape
    # Densities matter up to a factor a round, which keeps them from under- and overflow.
    top = np.maximum(first.max(axis=1), pair.max(axis=(1, 2)))
    chance = entry_shares(design, model.entry)
    start = chance * np.exp(first - top[:, None])
    move = _moves(design, model) * np.exp(np.clip(pair - top[:, None, None], -700.0, 0.0))
    rows = np.flatnonzero(table.stage != UNKNOWN)
    allowed = np.ones((n, n_stages))
    allowed[rows] = 0.0
    allowed[rows, table.stage[rows]] = 1.0
    start *= allowed
    move *= allowed[:, None, :]
    # Scale back so that the likelihood is that of the amounts themselves.
    factor = np.exp(np.clip(top, -50.0, 50.0))
    return start * factor[:, None], move * factor[:, None, None]


def entry_shares(design: Design, entry: FloatArray) -> FloatArray:
    """Return the chance of each stage of a first round, shape (n, K)."""
    above = logistic(design.entry @ entry.T)
    n = len(above)
    reach = np.column_stack([np.ones(n), np.cumprod(above, axis=1)])
    stay = np.column_stack([1.0 - above, np.ones(n)])
    return np.asarray(reach * stay)


def _moves(design: Design, model: StageModel) -> FloatArray:
    n, n_stages = len(design.rise), len(model.rise) + 1
    up = logistic(design.rise @ model.rise.T)
    move = np.zeros((n, n_stages, n_stages))
    for j in range(n_stages - 1):
        move[:, j, j] = 1.0 - up[:, j]
        rest = up[:, j]
        for k in range(j + 1, n_stages):
            further = model.further[j] if k < n_stages - 1 else 0.0
            move[:, j, k] = rest * (1.0 - further)
            rest = rest * further
    move[:, n_stages - 1, n_stages - 1] = 1.0
    return move


def _forward(
    table: RoundTable, start: FloatArray, move: FloatArray
) -> tuple[FloatArray, FloatArray]:
    forward, scale = np.empty_like(start), np.empty(len(start))
    for number, rows in enumerate(rounds_by_order(table)):
        raw = start[rows]
        if number > 0:
            raw = np.einsum("nj,njk->nk", forward[rows - 1], move[rows])
        scale[rows] = np.maximum(raw.sum(axis=1), 1e-300)
        forward[rows] = raw / scale[rows][:, None]
    return forward, scale


def _maximise(
    table: RoundTable,
    design: Design,
    single: FloatArray,
    pair: FloatArray,
    by_round: FloatArray,
    model: StageModel | None,
    amounts: AmountLaw | None = None,
) -> StageModel:
    """Return the parameters that fit given weights best."""
    n_stages = single.shape[1]
    weighted = pair * by_round[:, None, None]
    is_first = table.order == 0
    entry = np.zeros((n_stages - 1, design.entry.shape[1]))
    rise = np.zeros((n_stages - 1, design.rise.shape[1]))
    further = np.zeros(n_stages - 1)
    x_first, w_first = design.entry[is_first], single[is_first]
    for k in range(n_stages - 1):
        begin = None if model is None else model.entry[k]
        entry[k] = fit_logit(x_first, w_first[:, k + 1 :].sum(axis=1), w_first[:, k], begin)
        begin = None if model is None else model.rise[k]
        ups = weighted[:, k, k + 1 :].sum(axis=1)
        rows = np.flatnonzero(ups + weighted[:, k, k] > 1e-9)
        rise[k] = fit_logit(design.rise[rows], ups[rows], weighted[rows, k, k], begin)
        total, more = ups.sum(), weighted[:, k, k + 2 :]
        steps = (more * np.arange(1, more.shape[1] + 1)).sum()
        # A rise to the last stage had no choice to stop there.
        stops = total - weighted[:, k, n_stages - 1].sum()
        further[k] = steps / (steps + stops) if steps > 0.0 else 0.0
    if amounts is None:
        amounts = fit_amounts(table, single, weighted)
    return StageModel(entry, rise, further, amounts, -np.inf, 0)
