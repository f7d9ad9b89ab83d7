"""Draws of a comparison: every draw plays baseline and policies with the same numbers and luck.

What a baseline and its policies have in common is drawn once for all arms of a draw, and every
draw plays the same paths. So an effect differs between draws by the numbers alone, and between
arms by the policy alone.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence

import numpy as np

from finmodel.errors import Interrupted, InvariantError, Problem, ScenarioError
from finmodel.market.resume import Checkpoint, Progress, Stop
from finmodel.market.run import warm_kernel
from finmodel.scenario import Scenario, quantities
from finmodel.scenario.quantity import Quantity
from finmodel.study.compare import check_axes, compare
from finmodel.study.draw_engine import Draws, Setting, Unit, play_draws
from finmodel.study.draws import check_draws
from finmodel.study.effect_draw_tables import effect_layout, effect_values
from finmodel.study.parameter_draws import Beliefs, Draw, draw_together
from finmodel.world import build_world


def run_effect_draws(
    base: Scenario,
    policies: Mapping[str, Scenario],
    *,
    draws: int,
    paths: int,
    seed: int,
    threads: int | None = None,
    progress: Progress | None = None,
    cancel: threading.Event | None = None,
    checkpoint: Checkpoint | None = None,
    stop: Stop[Draws] | None = None,
) -> Draws:
    """Draw the beliefs of a baseline and its policies, and compare them in every draw.

    Parameters
    ----------
    base : Scenario
        With beliefs, stated or laid.
    policies : mapping of Scenario
        With beliefs, by name; what has the same dotted name as in the baseline has its uniform.
    draws, paths, seed, threads, progress, cancel, checkpoint, stop
        As in :func:`finmodel.study.draws.run_draws`.

    Returns
    -------
    Draws
        With the measures of :func:`finmodel.study.effect_draw_tables.effect_layout`, and the
        numbers of :func:`drawn_names`.

    Raises
    ------
    ScenarioError
        If nothing is a belief, or draws or paths are out of range.
    InputError
        If the arms cannot be compared.
    InvariantError
        If money or needs do not balance in some draw, with its number.
    Interrupted
        If cancelled before the first draw was done.
    """
    arms = {"": base, **policies}
    uncertain = [name for name, arm in arms.items() if _has_beliefs(arm)]
    check_draws(arms[uncertain[0]] if uncertain else base, draws, paths)
    worlds = {name: build_world(arm) for name, arm in arms.items()}
    check_axes(worlds[""], {name: worlds[name] for name in policies})
    for world in worlds.values():
        warm_kernel(world)
    beliefs = {name: Beliefs(arm) for name, arm in arms.items()}
    names = drawn_names(arms)

    def one(number: int) -> Unit | None:
        drawn = dict(zip(arms, draw_together(list(beliefs.values()), number, seed), strict=True))
        return _play(drawn, names, paths=paths, seed=seed, cancel=cancel)

    setting = Setting(
        worlds[""], tuple(names), paths, seed, len(effect_layout(worlds[""], list(policies)))
    )
    return play_draws(
        one,
        setting,
        draws=draws,
        threads=threads,
        progress=progress,
        cancel=cancel,
        checkpoint=checkpoint,
        stop=stop,
    )


def drawn_names(arms: Mapping[str, Scenario]) -> dict[str, tuple[str, str]]:
    """Return the numbers that are drawn, by the name of their column: arm and dotted name.

    The baseline's have their dotted names. A policy's, ``policy:name``, are those that the
    baseline has not, or of which it believes something else.
    """
    first, *rest = arms
    common = dict(quantities(arms[first]))
    found = {name: (first, name) for name, quantity in common.items() if quantity.is_uncertain}
    for arm in rest:
        found |= {
            f"{arm}:{name}": (arm, name)
            for name, quantity in quantities(arms[arm])
            if quantity.is_uncertain
            and (name not in common or quantity.value != common[name].value)
        }
    return found


def check_effect_draws(base: Scenario, policies: Sequence[Scenario]) -> None:
    """Raise ScenarioError if a policy believes something else than the baseline of one value.

    Effects would then differ between draws by more than the policy. Allowed is a number that the
    policy changes, and a zero, which says that something is off.

    Parameters
    ----------
    base : Scenario
        As stated, without priors.
    policies : sequence of Scenario
    """
    common = dict(quantities(base))
    problems = [
        Problem(
            f"{policy.meta.name}: {name}",
            _said(quantity),
            f"{_said(common[name])}, as in the baseline: a draw gives every arm the same number",
        )
        for policy in policies
        for name, quantity in quantities(policy)
        if name in common and _is_at_odds(common[name], quantity)
    ]
    if problems:
        raise ScenarioError("draws of a comparison", problems)


def _is_at_odds(one: Quantity, other: Quantity) -> bool:
    if one.value == other.value:
        return False
    if one.is_uncertain and other.is_uncertain:
        return one.centre == other.centre
    return one.is_uncertain != other.is_uncertain and 0.0 not in (one.centre, other.centre)


def _said(quantity: Quantity) -> str:
    return f"{quantity.centre:g}, {'a belief' if quantity.is_uncertain else 'certain'}"


def _has_beliefs(scenario: Scenario) -> bool:
    return any(quantity.is_uncertain for _, quantity in quantities(scenario))


def _play(
    drawn: Mapping[str, Draw],
    names: Mapping[str, tuple[str, str]],
    *,
    paths: int,
    seed: int,
    cancel: threading.Event | None,
) -> Unit | None:
    """Compare the arms of a draw and reduce them; None if it was stopped on the way."""
    worlds = {name: build_world(draw.scenario) for name, draw in drawn.items()}
    base = worlds.pop("")
    first = drawn[""]
    try:
        found = compare(base, worlds, paths=paths, seed=seed, threads=1, cancel=cancel)
    except Interrupted:
        return None
    except InvariantError as error:
        raise InvariantError(f"draw {first.number} of the beliefs: {error}") from error
    if not found.is_complete:
        return None
    numbers = np.array([drawn[arm].numbers[name] for arm, name in names.values()])
    return Unit(numbers, first.n_redrawn, effect_values(found))
