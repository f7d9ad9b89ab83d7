"""One history through every estimator, and what many histories say of each estimator."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from finmodel.evaluate.design import NEVER, Design
from finmodel.evaluate.estimators import (
    Estimate,
    callaway_santanna,
    is_estimable,
    two_way_fixed_effects,
)
from finmodel.evaluate.firms import FirmYears
from finmodel.evaluate.matching import match, matched_effect
from finmodel.evaluate.panel import OUTCOMES
from finmodel.evaluate.support import FIRM_OUTCOMES, AtRisk, firms_at_risk, outcomes_after
from finmodel.evaluate.truth import Truth, panel_truth
from finmodel.evaluate.weights import Controls, att_weights, event_weights, twfe_weights
from finmodel.world.arrays import FloatArray

FORMS = ("level", "log")
PANEL_ESTIMATORS = ("twfe", "cs_never_treated", "cs_not_yet_treated")
FIRM_ESTIMATORS = ("matching", "matching_funded")
COLUMNS = (
    *("estimate", "se", "low", "high"),
    *("placebo", "placebo_se", "placebo_low", "placebo_high"),
    *("truth", "comparison", "luck", "spillover", "weighting", "n"),
)
"""Of an estimate on one history. The placebo is the same estimate on the twin without programmes;
`n` counts provinces, or supported firms."""
EVENT_COLUMNS = ("att", "se", "low", "high", "truth")


class Row(NamedTuple):
    """Who is estimated how."""

    estimator: str
    outcome: str
    form: str


ROWS = (
    *(Row(e, o, f) for o in OUTCOMES for f in FORMS for e in PANEL_ESTIMATORS),
    *(Row(e, o, "level") for o in FIRM_OUTCOMES for e in FIRM_ESTIMATORS),
)
SERIES = tuple((outcome, form) for outcome in OUTCOMES for form in FORMS)
"""Event studies, by Callaway & Sant'Anna against units not yet treated."""


class History(NamedTuple):
    """What one history leaves.

    Attributes
    ----------
    rows : ndarray of shape (len(ROWS), len(COLUMNS))
        NaN where there is no estimate.
    events : ndarray of shape (len(SERIES), E, len(EVENT_COLUMNS))
    panels : ndarray of shape (2, len(OUTCOMES), R, Y)
        Outcomes with the programmes, then without.
    """

    rows: FloatArray
    events: FloatArray
    panels: FloatArray


def event_times(design: Design) -> tuple[int, ...]:
    """Return years since adoption at which some wave is seen with a year before."""
    found = {year - wave for wave in design.waves for year in design.years[1:]}
    return tuple(sorted(found))


class Evaluator:
    """Takes histories through every estimator.

    Parameters
    ----------
    design : Design
    """

    def __init__(self, design: Design) -> None:
        self.design = design
        self.events = event_times(design)

    def history(
        self,
        outcomes: tuple[dict[str, FloatArray], dict[str, FloatArray]],
        firms: tuple[FirmYears, FirmYears] | None,
    ) -> History:
        """Return what every estimator says of one history, and what is true.

        Parameters
        ----------
        outcomes : pair of dict of ndarray of shape (R, Y)
            With the programmes and without, from :func:`finmodel.evaluate.panel.outcome_values`.
        firms : pair of FirmYears, optional
            The same for firms; without them there is no matching.
        """
        policy, base = outcomes
        rows: dict[Row, FloatArray] = {}
        events = []
        for outcome, form in SERIES:
            found, event = self._panel(policy[outcome], base[outcome], form)
            rows |= {Row(name, outcome, form): row for name, row in found.items()}
            events.append(event)
        if firms is not None:
            rows |= dict(_firm_rows(self.design, *firms))
        nothing = np.full(len(COLUMNS), np.nan)
        return History(
            rows=np.stack([rows.get(row, nothing) for row in ROWS]),
            events=np.stack(events),
            panels=np.stack([np.stack([arm[name] for name in OUTCOMES]) for arm in outcomes]),
        )

    def _panel(
        self, policy: FloatArray, base: FloatArray, form: str
    ) -> tuple[dict[str, FloatArray], FloatArray]:
        """Return the rows of panel estimators and the event study of one outcome in one form."""
        events = np.full((len(self.events), len(EVENT_COLUMNS)), np.nan)
        design = self.design
        if form == "log":
            # A logarithm asks for provinces that have some in every year, in both arms.
            kept = np.minimum(policy, base).min(axis=1) > 0.0
            design = design.of(kept)
            policy, base = np.log(policy[kept]), np.log(base[kept])
        if not is_estimable(design) or not design.waves:
            return {}, events
        found = {
            "twfe": _row(
                two_way_fixed_effects(design, policy),
                two_way_fixed_effects(design, base),
                panel_truth(
                    design,
                    weights=twfe_weights(design),
                    target=design.is_treated,
                    policy=policy,
                    base=base,
                ),
                len(policy),
            )
        }
        for controls in _controls(design):
            estimate, study = callaway_santanna(design, policy, controls)
            placebo, _ = callaway_santanna(design, base, controls)
            weights, target = att_weights(design, controls)
            truth = panel_truth(design, weights=weights, target=target, policy=policy, base=base)
            found[f"cs_{controls}"] = _row(estimate, placebo, truth, len(policy))
            if controls == "not_yet_treated":
                by_event = study.set_index("event_time")
                for place, event in enumerate(self.events):
                    if event in by_event.index:
                        events[place, :4] = by_event.loc[event, ["att", "se", "low", "high"]]
                        events[place, 4] = _event_truth(design, event, policy - base)
        return found, events


def _controls(design: Design) -> tuple[Controls, ...]:
    if (design.adoption == NEVER).any():
        return ("never_treated", "not_yet_treated")
    return ("not_yet_treated",)


def _event_truth(design: Design, event: int, change: FloatArray) -> float:
    """Return the mean effect so many years after adoption; before it there is none."""
    _, target = event_weights(design, event, "not_yet_treated")
    return float(change[target].mean()) if event >= 0 and target.any() else 0.0


def _row(estimate: Estimate, placebo: Estimate, truth: Truth, n: int) -> FloatArray:
    """Return the columns of an estimate."""
    effect, comparison, luck, spillover, weighting = truth
    return np.array(
        [*estimate, *placebo, effect, comparison, luck, spillover, weighting, n], np.float64
    )


def _firm_rows(
    design: Design, policy: FirmYears, base: FirmYears
) -> Iterator[tuple[Row, FloatArray]]:
    """Yield the rows of matching: against all similar firms, and those funded in the same year."""
    if not np.array_equal(policy.firm, base.firm):
        raise ValueError("firms differ between the arms of a history")
    every = firms_at_risk(design, policy)
    is_supported = every.sample.is_supported
    for name, kept in (
        ("matching", np.ones(len(is_supported), np.bool_)),
        ("matching_funded", is_supported | every.is_funded),
    ):
        rows = every.of(kept)
        yield from _matched_rows(name, rows, policy, base)


def _matched_rows(
    name: str, rows: AtRisk, policy: FirmYears, base: FirmYears
) -> Iterator[tuple[Row, FloatArray]]:
    matches = match(rows.sample)
    if matches is None:
        return
    seen, twin = outcomes_after(policy, rows), outcomes_after(base, rows)
    is_there: NDArray[np.bool_] = matches.neighbours >= 0
    for outcome in FIRM_OUTCOMES:
        estimate = matched_effect(matches, seen[outcome])
        placebo = matched_effect(matches, twin[outcome])
        change = seen[outcome] - twin[outcome]
        effect = float(change[matches.supported].mean())
        near = np.where(is_there, change[matches.neighbours], 0.0).sum(axis=1)
        truth = Truth(
            effect=effect,
            comparison=float((near / is_there.sum(axis=1)).mean()),
            luck=placebo.value,
            spillover=estimate.value - placebo.value - effect,
            weighting=0.0,
        )
        row = _row(estimate, placebo, truth, len(matches.supported))
        yield Row(name, outcome, "level"), row
