"""Which firms are worth funding: values by backward recursion over stages.

A firm that is funded through stage ``k`` pays its burn ``b`` each quarter, then reaches
its milestone, fails, or leaves. With competing-risk probabilities ``P_m, P_f, P_x`` of a
quarter, ``P = P_m + P_f + P_x`` and quarterly discount factor ``d``, the expected
discounted exit value ``E`` and the capital still needed ``C`` at the start of a stage are

    E_k = d (P_m g E_{k+1} + P_x X_k) / (1 - d (1 - P))
    C_k = (b_k + d P_m g C_{k+1}) / (1 - d (1 - P))

with ``g = 1`` if going on is worth it (``E_{k+1} >= C_{k+1}``) and 0 if the firm stops
there, and ``X_k`` the mean exit value. A need is viable if ``E >= C`` at the firm's true
quality; under the strict and the loose test every yuan of capital counts ``1 + margin`` and
``1 - margin`` times, at all stages; the social test is at the social rate. Money scales with a
firm's size in every term, so the test does not depend on size and each test is one threshold in
quality.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from finmodel.numeric.exit_law import mean_luck
from finmodel.units import discount_per_quarter
from finmodel.world.arrays import ROUTES, TESTS, FloatArray, Record, Table

QUALITY_GRID = np.linspace(-8.0, 8.0, 1601)


@dataclass(frozen=True)
class StageValues:
    """Values of a firm of size one at the start of each stage.

    Attributes
    ----------
    quality : ndarray of shape (Q,), sd
    exit_value : ndarray of shape (Q, K, S), million CNY
        Expected discounted exit value ``E``.
    capital_needed : ndarray of shape (Q, K, S), million CNY
        Expected discounted capital still needed ``C``.
    """

    quality: FloatArray
    exit_value: FloatArray
    capital_needed: FloatArray


def stage_values(
    stages: Table, rules: Record, rate_pa: float, quality: FloatArray = QUALITY_GRID
) -> StageValues:
    """Return values by stage at the annual discount rate `rate_pa`.

    Parameters
    ----------
    stages : ndarray of STAGE_ROW, shape (K, S)
    rules : record of RULES_ROW
    rate_pa : float
        Per annum, above 0.
    quality : ndarray of shape (Q,), sd

    Returns
    -------
    StageValues
    """
    n_stages, n_sectors = stages.shape
    discount = discount_per_quarter(rate_pa)
    shape = (len(quality), n_stages, n_sectors)
    value, capital = np.zeros(shape), np.zeros(shape)
    theta = quality[:, None]
    next_value = np.zeros((len(quality), n_sectors))
    next_capital = np.zeros((len(quality), n_sectors))
    for k in reversed(range(n_stages)):
        can_advance = 1.0 if k < n_stages - 1 else 0.0
        milestone = (
            stages["milestone_pp"][k] * np.exp(rules["milestone_loading"] * theta) * can_advance
        )
        failure = stages["failure_pp"][k] * np.exp(-rules["failure_loading"] * theta)
        leave = _route_rates(stages, rules, k).sum(axis=0) * np.exp(rules["exit_loading"] * theta)
        hazard = milestone + failure + leave
        any_event = -np.expm1(-hazard)
        per_hazard = np.divide(any_event, hazard, out=np.ones_like(hazard), where=hazard > 0)
        goes_on = next_value >= next_capital
        p_advance = milestone * per_hazard * goes_on
        exit_mean = _mean_exit_value(stages, rules, k, theta)
        kept = 1.0 - discount * (1.0 - any_event)
        own_value = discount * (p_advance * next_value + leave * per_hazard * exit_mean) / kept
        own_capital = (stages["burn_pp"][k] + discount * p_advance * next_capital) / kept
        # With a ramp these hold from its top on; its quarters are walked back one by one.
        for share in reversed(ramp_shares(stages[k])):
            hazard = share * milestone + failure + leave
            any_event = -np.expm1(-hazard)
            per_hazard = np.divide(any_event, hazard, out=np.ones_like(hazard), where=hazard > 0)
            p_advance = share * milestone * per_hazard * goes_on
            stays = discount * (1.0 - any_event)
            gain = discount * (p_advance * next_value + leave * per_hazard * exit_mean)
            own_value = gain + stays * own_value
            own_capital = (
                stages["burn_pp"][k] + discount * p_advance * next_capital + stays * own_capital
            )
        value[:, k], capital[:, k] = own_value, own_capital
        next_value, next_capital = own_value, own_capital
    return StageValues(quality, value, capital)


def ramp_shares(stage: Table) -> list[float]:
    """Return the parts of a stage's milestone hazard in the quarters before it is whole.

    The quarter ``a = 1, 2, ...`` after the stage's round has ``(a - 1/2) / ramp`` of it; none
    without a ramp. `stage` are the rows of one stage, which share their ramp.
    """
    ramp, shares = float(stage["ramp_quarters"].flat[0]), list[float]()
    while ramp > 0.0 and (len(shares) + 0.5) / ramp < 1.0:
        shares.append((len(shares) + 0.5) / ramp)
    return shares


def open_share(rules: Record) -> float:
    """Return the share of time the IPO window is open, with the market at rest."""
    opens, closes = float(rules["window_open_pp"]), float(rules["window_close_pp"])
    return opens / (opens + closes)


def _route_rates(stages: Table, rules: Record, k: int) -> FloatArray:
    """Return the mean exit hazards of stage `k` by route, shape (routes, S).

    The IPO hazard is averaged over open and closed windows.
    """
    is_open = open_share(rules)
    window = is_open + (1.0 - is_open) * float(rules["window_closed_multiple"])
    factor = {"ipo": window}
    return np.stack([stages[f"{route}_pp"][k] * factor.get(route, 1.0) for route in ROUTES])


def _mean_exit_value(stages: Table, rules: Record, k: int, theta: FloatArray) -> FloatArray:
    """Return the mean exit value at stage `k`, shape (Q, S), over routes and luck."""
    rates = _route_rates(stages, rules, k)
    total = rates.sum(axis=0)
    weights = np.divide(rates, total, out=np.zeros_like(rates), where=total > 0)
    median = (weights * np.stack([stages[f"{route}_value"][k] for route in ROUTES])).sum(axis=0)
    luck = mean_luck(
        float(rules["value_log_sd"]),
        float(rules["tail_share"]),
        float(rules["tail_index"]),
        float(rules["value_cap"]),
    )
    result: FloatArray = median[None, :] * np.exp(rules["value_loading"] * theta) * luck
    return result


def hurdles(
    stages: Table, rules: Record, *, market_rate_pa: float, social_rate_pa: float, margin: float
) -> FloatArray:
    """Return the lowest viable quality under each test.

    Parameters
    ----------
    stages : ndarray of STAGE_ROW, shape (K, S)
    rules : record of RULES_ROW
    market_rate_pa, social_rate_pa : float
        Per annum.
    margin : float
        Of the capital needed, for the strict and the loose test at the market rate.

    Returns
    -------
    ndarray of shape (T, K, S), sd
        In the order of ``arrays.TESTS``. The bottom of the grid if every quality is
        viable, ``inf`` if none is.
    """
    dearer = {"market": 1.0, "market_strict": 1.0 + margin, "market_loose": 1.0 - margin}
    found = []
    for test in TESTS:
        # The margin counts at every stage, so also where a firm decides whether to go on.
        costs = stages.copy()
        costs["burn_pp"] *= dearer.get(test, 1.0)
        rate = social_rate_pa if test == "social" else market_rate_pa
        found.append(_threshold(stage_values(costs, rules, rate)))
    return np.stack(found)


def _threshold(values: StageValues) -> FloatArray:
    """Return the quality above which ``E >= C`` always holds, shape (K, S)."""
    surplus = values.exit_value - values.capital_needed
    is_short = surplus < 0.0
    n_grid = len(values.quality)
    # Index of the last quality on the grid that fails; -1 if none does.
    last_short = np.where(is_short.any(axis=0), n_grid - 1 - is_short[::-1].argmax(axis=0), -1)
    low = np.clip(last_short, 0, n_grid - 2)
    below = np.take_along_axis(surplus, low[None], axis=0)[0]
    above = np.take_along_axis(surplus, low[None] + 1, axis=0)[0]
    step = values.quality[1] - values.quality[0]
    with np.errstate(invalid="ignore", divide="ignore"):
        crossing = values.quality[low] + step * (-below) / (above - below)
    result = np.where(last_short < 0, values.quality[0], crossing)
    return np.where(last_short == n_grid - 1, np.inf, result)
