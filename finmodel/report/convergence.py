"""In a sentence: whether the paths suffice, and whether a goal for an error was reached."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
import pandas as pd

from finmodel.measure.tails import MIN_PATHS
from finmodel.study.draw_convergence import LEAST_DRAWS
from finmodel.study.stopping import Stopped
from finmodel.variables import Language, labels

EFFECT = "wide effect"
MOST_NAMES = 8
LEAST = {"paths": MIN_PATHS, "draws": LEAST_DRAWS}
OF_TAILS = ("exit_multiple", "end_multiple")
"""Measures about which the sentence on exits has said it."""


def convergence_sentence(
    frame: pd.DataFrame, language: Language = "en", *, is_effect: bool = False
) -> str:
    """Return for which measures the paths do not suffice, and why; empty if they do for all.

    Parameters
    ----------
    frame : DataFrame
        The table `convergence_verdicts` of a run, or of a comparison with `policy`.
    language : {'en', 'zh'}
    is_effect : bool
        Whether the measures are effects of policies.
    """
    words = _words(language)
    unit = "draws" if "n_draws" in frame else "paths"
    is_short = ~frame["is_enough"].astype(bool) & (frame["verdict"] != "undefined")
    short = frame[is_short & ~frame["measure"].isin(OF_TAILS)]
    if short.empty:
        return ""
    fewest, least = int(short[f"n_{unit}"].min()), LEAST[unit]
    if fewest < least:
        return words["few_all"].format(n=_count(fewest, unit, words), least=least)
    is_many = "policy" in frame and len(set(frame["policy"])) > 1
    groups: dict[str, list[str]] = {}
    most: dict[str, float] = {}
    for row in short.to_dict("records"):
        verdict = str(row["verdict"])
        if is_effect and verdict == "wide error":
            verdict = EFFECT
        name = words[str(row["measure"])]
        if is_many:
            name = f"{row['policy']}: {name}"
        groups.setdefault(verdict, []).append(name)
        # What is not told from zero has no size from which to say how many it takes.
        column = f"{unit}_half" if verdict == EFFECT else f"{unit}_needed"
        most[verdict] = float(np.nanmax([most.get(verdict, 0.0), row[column]]))
    parts = [
        words["group"].format(
            measures=_list(names, language, words),
            why=words[verdict].format(n=_needed(most[verdict], unit, words)),
        )
        for verdict, names in groups.items()
    ]
    key = "sentence" if unit == "paths" else "sentence_draws"
    return words[key].format(parts=("; " if language == "en" else "；").join(parts))


def stopped_sentence(stopped: Stopped, unit: str, option: str, language: Language = "en") -> str:
    """Return at how many units a study stopped, what its errors are, and what more it takes.

    Parameters
    ----------
    stopped : Stopped
    unit : {'paths', 'draws'}
    option : str
        By which more units can be asked for.
    language : {'en', 'zh'}
    """
    words = _words(language)
    found = [
        words["found"].format(
            what=look.condition.partition(" < ")[0] + (f" {look.whose}" if look.whose else ""),
            found=_short(look.found),
            bound=_short(look.bound),
        )
        for look in stopped.looks
    ]
    key = "reached" if stopped.is_reached else "not_reached"
    parts = [
        words[key].format(
            n=_count(stopped.n, unit, words), goal=stopped.goal, found=_list(found, language, words)
        )
    ]
    if not stopped.is_reached:
        wanted = stopped.needed
        is_mostly_paths = any(look.fixed**2 > 0.5 * look.bound**2 for look in stopped.looks)
        if unit == "draws" and is_mostly_paths and wanted is not None:
            parts.append(words["mostly_paths"])
        if wanted is not None:
            parts.append(
                words["about"].format(n=_count(int(_round(wanted)), unit, words), option=option)
            )
        elif any(look.is_alike for look in stopped.looks):
            # None of n differs: at 95 % fewer than 1 - 0.05^(1/n) of all do.
            share = f"{1.0 - 0.05 ** (1.0 / stopped.n):.2g}"
            alike = [look.condition for look in stopped.looks if look.is_alike]
            parts.append(
                words["alike"].format(
                    goals=_list(list(dict.fromkeys(alike)), language, words),
                    n=_count(stopped.n, unit, words),
                    share=share,
                )
            )
        elif unit == "draws" and all(math.isfinite(look.bound) for look in stopped.looks):
            parts.append(words["nothing_would"])
        else:
            parts.append(words["never"])
    return (" " if language == "en" else "").join(parts)


def _words(language: Language) -> dict[str, str]:
    return {key: item[language] for key, item in labels()["convergence"].items()}


def _count(n: int, unit: str, words: Mapping[str, str]) -> str:
    if n == 1 and unit == "paths":
        return words["paths_1"]
    return words[f"{unit}_n"].format(n=f"{n:,}")


def _list(names: list[str], language: Language, words: Mapping[str, str]) -> str:
    some = names if len(names) <= MOST_NAMES else names[: MOST_NAMES - 1]
    more = [words["more"].format(n=len(names) - len(some))] if len(some) < len(names) else []
    return (", " if language == "en" else "、").join([*some, *more])


def _short(value: float) -> str:
    return "?" if math.isnan(value) else f"{value:.3g}"


def _needed(value: float, unit: str, words: Mapping[str, str]) -> str:
    text = "?" if math.isnan(value) else f"{_round(value):,.0f}"
    return words[f"{unit}_n"].format(n=text)


def _round(value: float) -> float:
    """Return a number with two digits, rounded up: it is a guess."""
    if value < 100:
        return math.ceil(value)
    step = 10.0 ** (math.floor(math.log10(value)) - 1)
    return math.ceil(value / step) * step
