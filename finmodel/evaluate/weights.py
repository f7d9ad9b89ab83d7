"""The weights of panel estimators: each estimate is a weighted sum of outcomes.

Two-way fixed effects weigh cell ``(i, t)`` by what is left of the treatment ``D`` once unit and
year means are taken out (de Chaisemartin & D'Haultfoeuille 2020; Frisch & Waugh),

    w = D~ / sum(D~ * D),   D~ = D - D_i. - D_.t + D_..

which over treated cells add up to 1 and may be negative: units treated long ago stand in for
controls (Goodman-Bacon 2021). Callaway & Sant'Anna (2021) without covariates compare a wave with
units not treated by then,

    ATT(g, t) = mean over wave g of (Y_t - Y_b) - mean over controls of (Y_t - Y_b),

``b = g - 1`` from the wave's first year on and ``b = t - 1`` before it, and take the mean over
waves and years in proportion to the units of a wave.

References
----------
Callaway & Sant'Anna (2021), Difference-in-differences with multiple time periods, JoE 225.
de Chaisemartin & D'Haultfoeuille (2020), Two-way fixed effects estimators with heterogeneous
treatment effects, AER 110. Goodman-Bacon (2021), Difference-in-differences with variation in
treatment timing, JoE 225.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from finmodel.evaluate.design import NEVER, Design
from finmodel.world.arrays import FloatArray

Controls = Literal["never_treated", "not_yet_treated"]


def twfe_weights(design: Design) -> FloatArray:
    """Return the weights of two-way fixed effects, shape (R, Y); NaN if not identified."""
    treated = design.is_treated.astype(np.float64)
    rest = treated - treated.mean(axis=1, keepdims=True) - treated.mean(axis=0) + treated.mean()
    scale = float((rest * treated).sum())
    if scale <= 1e-12:
        return np.full_like(rest, np.nan)
    weights: FloatArray = rest / scale
    return weights


def cell_weights(design: Design, wave: int, year: int, controls: Controls) -> FloatArray | None:
    """Return the weights of ATT(wave, year), shape (R, Y), or None without a comparison."""
    years = np.array(design.years)
    base = wave - 1 if year >= wave else year - 1
    if base < years[0]:
        return None
    of_wave = design.adoption == wave
    is_control = design.adoption == NEVER
    if controls == "not_yet_treated":
        is_control |= (design.adoption > max(year, base)) & ~of_wave
    if not is_control.any() or not of_wave.any():
        return None
    side = of_wave / of_wave.sum() - is_control / is_control.sum()
    weights = np.zeros((len(design.adoption), len(years)))
    weights[:, year - years[0]] += side
    weights[:, base - years[0]] -= side
    return weights


def att_weights(design: Design, controls: Controls) -> tuple[FloatArray, NDArray[np.bool_]]:
    """Return the weights of the overall effect on the treated.

    Returns
    -------
    weights : ndarray of shape (R, Y)
        NaN if no wave and year has a comparison.
    target : ndarray of bool, shape (R, Y)
        Treated cells of which the estimate is the mean effect: those with a comparison.
    """
    found = [
        (wave, year)
        for wave in design.waves
        for year in design.years
        if year >= wave and cell_weights(design, wave, year, controls) is not None
    ]
    return _mean_weights(design, found, controls)


def event_weights(
    design: Design, event: int, controls: Controls
) -> tuple[FloatArray, NDArray[np.bool_]]:
    """Return the weights of the effect `event` years after adoption; before it, of the change.

    Returns
    -------
    weights, target : ndarray of shape (R, Y)
        As of :func:`att_weights`.
    """
    found = [
        (wave, wave + event)
        for wave in design.waves
        if wave + event in design.years
        and cell_weights(design, wave, wave + event, controls) is not None
    ]
    return _mean_weights(design, found, controls)


def _mean_weights(
    design: Design, cells: list[tuple[int, int]], controls: Controls
) -> tuple[FloatArray, NDArray[np.bool_]]:
    """Return the mean over ATT(g, t) in proportion to the units of waves."""
    weights = np.zeros((len(design.adoption), len(design.years)))
    target = np.zeros(weights.shape, np.bool_)
    total = 0
    for wave, year in cells:
        of_wave = design.adoption == wave
        one = cell_weights(design, wave, year, controls)
        assert one is not None
        weights += of_wave.sum() * one
        total += int(of_wave.sum())
        target[:, year - design.years[0]] |= of_wave
    if total == 0:
        return np.full_like(weights, np.nan), target
    return weights / total, target
