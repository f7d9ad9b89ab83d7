"""A sensitivity study worked out: designs are played, read, and stored.

Finished units are kept on the way, so that an interrupted study goes on; what is made of them is
stored as a whole.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import numpy as np
import pandas as pd

from finmodel import datasets, store
from finmodel.measure.headlines import units
from finmodel.scenario import digest
from finmodel.scenario.sensitivity_plan import SensitivityInputs, load_sensitivity_plan
from finmodel.scenario.sensitivity_schema import SensitivityPlan
from finmodel.sensitivity.axes import Axes, FloatArray
from finmodel.sensitivity.designs import Trajectories, morris_design, one_at_a_time, sobol_design
from finmodel.study.engines import Engine
from finmodel.study.sensitivity_answer import answer_table
from finmodel.study.sensitivity_arms import Arms, make_arms
from finmodel.study.sensitivity_choices import goal_tables, information_tables
from finmodel.study.sensitivity_tables import (
    OTHERS,
    draws_table,
    indices_of,
    indices_table,
    numbers_table,
    outcomes_table,
    screening_of,
    screening_table,
    strongest,
    tornado_table,
)
from finmodel.study.sensitivity_units import (
    Conclusion,
    Played,
    Player,
    Progress,
    conclusions_of,
)
from finmodel.study.single import model_digest
from finmodel.study.stored import StoredRun, find_or_store, provenance

Tables = dict[str, pd.DataFrame]


def load_study(path: str | Path, overrides: Sequence[str] = ()) -> SensitivityInputs:
    """Read the plan of a sensitivity study and all it names.

    Raises
    ------
    ScenarioError
    """
    return load_sensitivity_plan(path, overrides, outcomes=list(units()))


@dataclass(frozen=True)
class Designs:
    """The points of a study, and how many units they take.

    Attributes
    ----------
    trajectories : Trajectories or None
    tornado : ndarray of shape (1 + 2 D, D) or None
    n_told : int
        Factors that indices tell apart, the rest as one among them; 0 without indices.
    n_units : int
        Of all designs.
    """

    trajectories: Trajectories | None
    tornado: FloatArray | None
    n_told: int
    n_units: int


def designs_of(plan: SensitivityPlan, arms: Arms) -> Designs:
    """Return the designs of a plan, but for the choice of factors that screening makes."""
    axes, n_points = arms.axes, 0
    trajectories = tornado = None
    if plan.screening is not None:
        trajectories = morris_design(
            axes,
            trajectories=plan.screening.trajectories,
            seed=plan.run.seed,
            pool=plan.screening.pool,
        )
        n_points += trajectories.points.shape[0] * trajectories.points.shape[1]
    if plan.tornado is not None:
        tornado = one_at_a_time(axes, tail=plan.tornado.tail)
        n_points += len(tornado)
    n_told = 0
    if plan.indices is not None:
        is_merged = 0 < plan.indices.top < axes.n_groups
        n_told = plan.indices.top + 1 if is_merged else axes.n_groups
    number = plan.draws.number if plan.draws else 0
    rows = plan.indices.rows if plan.indices else 0
    n_points += rows * n_told + max(2 * rows, number)
    return Designs(trajectories, tornado, n_told, n_points * len(arms.beliefs))


def work_out(inputs: SensitivityInputs, arms: Arms, player: Player) -> Tables:
    """Play the designs of a plan and return its tables.

    Raises
    ------
    Interrupted
        If cancelled; units that are done are kept.
    """
    plan, axes, seed = inputs.plan, arms.axes, inputs.plan.run.seed
    conclusions = conclusions_of(plan.outcomes, list(plan.policies))
    designs = designs_of(plan, arms)
    labels = [arms.label(group) for group in range(axes.n_groups)]
    tables: Tables = {"numbers": numbers_table(arms)}
    failures: list[str] = []
    done, kept = 0, list(range(axes.n_groups))
    if designs.trajectories is not None:
        flat = designs.trajectories.points.reshape(-1, len(axes.names))
        played = player.play(flat, done)
        done, failures = done + len(flat) * len(arms.beliefs), failures + played.errors
        found = screening_of(conclusions, designs.trajectories, played, seed)
        tables["screening"] = screening_table(found, labels)
        if plan.indices is not None and designs.n_told < axes.n_groups and found:
            kept = strongest(found, plan.indices.top)
    if designs.tornado is not None:
        played = player.play(designs.tornado, done)
        done += len(designs.tornado) * len(arms.beliefs)
        failures += played.errors
        tables["tornado"] = tornado_table(conclusions, played, axes, played.numbers, arms)
    if plan.indices is not None or plan.draws is not None:
        told = axes.merged(kept) if plan.indices is not None else axes
        more, errors = _variance_and_draws(plan, arms, told, conclusions, player, done)
        tables, failures = tables | more, failures + errors
    tables["answer"] = answer_table(tables)
    tables["failures"] = pd.DataFrame({"error": pd.Series(failures, dtype=str)})
    return tables


def _variance_and_draws(
    plan: SensitivityPlan,
    arms: Arms,
    axes: Axes,
    conclusions: Sequence[Conclusion],
    player: Player,
    done: int,
) -> tuple[Tables, list[str]]:
    """Play rows and draws together: the draws are the first points A and B of the rows."""
    seed, number = plan.run.seed, plan.draws.number if plan.draws else 0
    rows = plan.indices.rows if plan.indices else 0
    design = sobol_design(axes, rows=max(rows, number // 2), seed=seed)
    width = design.shape[1]
    flat = design[:rows].reshape(-1, len(axes.names))
    more = design[rows:][:, [0, -1]].reshape(-1, len(axes.names))
    played = player.play(np.concatenate([flat, more]), done)
    tables: Tables = {}
    if rows:
        own = _part(played, slice(0, len(flat)))
        found = indices_of(conclusions, own, (rows, width), seed)
        tables["indices"] = indices_table(found, _labels(arms, axes))
    ends = np.arange(len(flat)).reshape(-1, width)[:, [0, -1]].ravel()
    drawn = _part(played, np.concatenate([ends, len(flat) + np.arange(len(more))]))
    tables["outcomes"] = outcomes_table(conclusions, drawn)
    tables["draws"] = draws_table(conclusions, drawn, arms)
    if plan.goals:
        tables |= goal_tables(plan.goals, drawn, arms, seed=seed)
    if plan.information is not None:
        tables |= information_tables(plan.information, drawn, arms, seed=seed)
    return tables, played.errors


def _part(played: Played, index: slice | np.ndarray[tuple[int], np.dtype[np.int64]]) -> Played:
    by_path = {arm: values[index] for arm, values in played.by_path.items()}
    return Played(played.numbers[index], by_path, [], played.scale)


def _labels(arms: Arms, axes: Axes) -> list[str]:
    """Return the names of factors; of those merged into one, `others`."""
    names = []
    for group in range(axes.n_groups):
        own = np.unique(arms.axes.group[axes.group == group])
        names.append(arms.label(int(own[0])) if len(own) == 1 else OTHERS)
    return names


def find_or_run_sensitivity(
    inputs: SensitivityInputs,
    file: str | Path,
    *,
    root: Path,
    engine: Engine | None = None,
    progress: Progress | None = None,
    cancel: threading.Event | None = None,
    watch: store.Watch | None = None,
    command: Sequence[str] = (),
) -> StoredRun:
    """Work out a plan and store its tables, or find them.

    Raises
    ------
    ScenarioError, StoreError, Interrupted
    """
    plan, arms = inputs.plan, make_arms(inputs, str(file))
    source = model_digest("sensitivity")

    def make() -> Tables:
        player = Player(
            arms=arms,
            paths=plan.run.paths,
            seed=plan.run.seed,
            scale=plan.run.scale,
            root=root,
            total=designs_of(plan, arms).n_units,
            engine=engine,
            progress=progress,
            cancel=cancel,
            watch=watch,
        )
        return work_out(inputs, arms, player)

    def manifest() -> store.Manifest:
        asked = provenance(
            plan.meta,
            paths=plan.run.paths,
            seed=plan.run.seed,
            source_digest=source,
            command=command,
        )
        about = {
            "n_factors": arms.axes.n_groups,
            "n_numbers": len(arms.numbers),
            "n_units": designs_of(plan, arms).n_units,
            "titles": {
                arm: {"en": item.meta.title_en, "zh": item.meta.title_zh}
                for arm, item in inputs.scenarios.items()
            },
        }
        return {**asked, **about, "plan": plan.model_dump(mode="json")}

    return find_or_store(root, study_digest(inputs, source), make, manifest)


def study_digest(inputs: SensitivityInputs, source: str) -> str:
    """Return the digest that names a study: its plan, its scenarios and its priors."""
    texts = [inputs.plan.model_dump_json(), *(digest(item) for item in inputs.scenarios.values())]
    if inputs.priors is not None:
        texts.append(inputs.priors.model_dump_json())
    return store.run_digest(
        scenario_digest=sha256("\n".join(texts).encode()).hexdigest(),
        data_checksums=datasets.checksums(),
        paths=inputs.plan.run.paths,
        seed=inputs.plan.run.seed,
        source_digest=f"{source}/sensitivity",
    )


def n_units(inputs: SensitivityInputs, file: str | Path) -> int:
    """Return how many units a plan plays."""
    return designs_of(inputs.plan, make_arms(inputs, str(file))).n_units
