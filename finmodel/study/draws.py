"""Many draws of what is not known about a scenario, each on the same paths with the same luck."""

from __future__ import annotations

import threading

import numpy as np

from finmodel.errors import Interrupted, InvariantError, Problem, ScenarioError
from finmodel.market.resume import Checkpoint, Progress, Stop
from finmodel.market.run import simulate, warm_kernel
from finmodel.scenario import Scenario, quantities
from finmodel.study.draw_engine import Draws, Setting, Unit, play_draws
from finmodel.study.draw_tables import draw_values, layout
from finmodel.study.parameter_draws import MOST_DRAWS, Beliefs, Draw
from finmodel.world import build_world


def run_draws(
    scenario: Scenario,
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
    """Draw the beliefs of a scenario and simulate each draw on the same paths.

    Parameters
    ----------
    scenario : Scenario
        With beliefs, stated or laid by :func:`finmodel.scenario.priors.lay_priors`.
    draws : int
        At least 1; with fewer than two nothing is known of ignorance.
    paths : int
        Of each draw, at least 2.
    seed : int
        In [0, 2**63), of the draws and of the paths.
    threads : int, optional
        A thread plays one draw at a time; results do not depend on it.
    progress : callable, optional
        Called as ``progress(done, draws)`` from the calling thread.
    cancel : threading.Event, optional
        Set it to stop; draws under way are given up, those done in order are kept.
    checkpoint : Checkpoint, optional
        Where draws are kept on the way, of this very scenario, seed, `draws` and `paths`.
    stop : Stop, optional
        A rule that ends it sooner: the same as that many draws.

    Raises
    ------
    ScenarioError
        If nothing is a belief, or draws or paths are out of range.
    InvariantError
        If money or needs do not balance in some draw, with its number.
    Interrupted
        If cancelled before the first draw was done.
    """
    check_draws(scenario, draws, paths)
    beliefs, world = Beliefs(scenario), build_world(scenario)
    warm_kernel(world)

    def one(number: int) -> Unit | None:
        return _play(beliefs.draw(number, seed), paths=paths, seed=seed, cancel=cancel)

    return play_draws(
        one,
        Setting(world, beliefs.names, paths, seed, len(layout(world))),
        draws=draws,
        threads=threads,
        progress=progress,
        cancel=cancel,
        checkpoint=checkpoint,
        stop=stop,
    )


def _play(draw: Draw, *, paths: int, seed: int, cancel: threading.Event | None) -> Unit | None:
    """Simulate a draw and reduce it; None if it was stopped on the way."""
    try:
        run = simulate(build_world(draw.scenario), paths=paths, seed=seed, threads=1, cancel=cancel)
    except Interrupted:
        return None
    except InvariantError as error:
        raise InvariantError(f"draw {draw.number} of the beliefs: {error}") from error
    if not run.is_complete:
        return None
    return Unit(np.array(list(draw.numbers.values())), draw.n_redrawn, draw_values(run))


def check_draws(scenario: Scenario, draws: int, paths: int) -> None:
    """Raise ScenarioError if there is nothing to draw, or too few or many draws or paths."""
    problems = []
    if not 1 <= draws <= MOST_DRAWS:
        allowed = f"a whole number in [1, {MOST_DRAWS}]"
        problems.append(Problem("--draws", str(draws), allowed))
    if paths < 2:
        allowed = "at least 2 with --draws: one path cannot tell luck from ignorance"
        problems.append(Problem("--paths", str(paths), allowed))
    if not any(quantity.is_uncertain for _, quantity in quantities(scenario)):
        given = "no number that is a belief"
        allowed = "a number stated as a distribution, or --priors graded to lay one on every number"
        problems.append(Problem("--draws", given, allowed))
    if problems:
        raise ScenarioError("draws", problems)


def about_draws(found: Draws) -> dict[str, object]:
    """Return how many draws there are, of how many numbers, and how many were drawn again."""
    return {
        "draws": found.n_draws,
        "n_beliefs": len(found.names),
        "n_redrawn_draws": int((found.n_redrawn > 0).sum()),
    }
