"""Sentences on what a result rests on, and on how the model fared against the evidence."""

from __future__ import annotations

import math

import pandas as pd

from finmodel.evaluate.validation import INSIDE, OUTSIDE
from finmodel.report.result import grade_tally
from finmodel.report.wording import Wording


def inputs_lead(inputs: pd.DataFrame, words: Wording) -> str:
    """Return how many numbers are of which grade, and how many have a range."""
    if inputs.empty:
        return words.text("assumptions_page", "lead_none")
    tally = grade_tally(inputs)
    return words.text(
        "assumptions_page",
        "lead",
        n=len(inputs),
        a=tally["A"],
        b=tally["B"],
        c=tally["C"],
        uncertain=int(inputs["low"].notna().sum()),
    )


def evidence_caption(targets: pd.DataFrame, words: Wording) -> str:
    """Return how many figures are inside or outside, and the farthest miss.

    Parameters
    ----------
    targets : DataFrame
        Rows of one part of table `targets`, the worst miss first.
    words : Wording
    """
    if targets.empty:
        return words.text("validation_page", "empty")
    misses = targets[targets["verdict"] == OUTSIDE]
    counts = {"n": len(targets), "inside": int((targets["verdict"] == INSIDE).sum())}
    told = misses[misses["distance"].notna()].sort_values("distance", ascending=False)
    if misses.empty:
        return words.text("validation_page", "caption_none", **counts)
    worst = misses.iloc[0] if told.empty else told.iloc[0]
    far = float(worst["distance"])
    return words.text(
        "validation_page",
        "caption",
        outside=len(misses),
        worst=worst[f"label_{words.language}"],
        distance=f"{far:.1f}" if math.isfinite(far) else "–",
        **counts,
    )
