"""A policy as a visitor has it: a shipped preset and changes of its numbers, never a file.

The same list of changes is what the command line takes, what is saved, and what a link holds.
"""

from __future__ import annotations

import itertools
import math
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import PurePath
from typing import get_args

from finmodel.datasets.root import scenarios_root
from finmodel.errors import InputError, Problem, nearest_name
from finmodel.report.changes import from_root
from finmodel.scenario import Quantity, Scenario, load_scenario
from finmodel.scenario.quantity import Spec
from finmodel.scenario.section import Share
from finmodel.scenario.walk import declared

PREFIX, PATHS = "policy_", "--paths"
PLAN = "plan"
"""Name of a packed policy in the address."""
BASELINE = "yrd_baseline"
BASES = {"policy_ipo_halt_support": "stress_ipo_halt"}
"""Baselines of presets that are not compared with the common one: what differs must be the
programme alone."""
MOST_CHANGES = 100


@dataclass(frozen=True)
class Policy:
    """A preset and what is changed of it.

    Attributes
    ----------
    preset : str
        Name of a scenario shipped with the project.
    changes : mapping of float
        By dotted name, as `--set` takes it.
    """

    preset: str
    changes: Mapping[str, float] = field(default_factory=dict)

    @property
    def sets(self) -> list[str]:
        """The changes as `--set` takes them, in the order of their names."""
        return [f"{name}={value!r}" for name, value in sorted(self.changes.items())]

    def load(self) -> Scenario:
        """Return the scenario, by the reader of the command line.

        Raises
        ------
        ScenarioError
            With every problem.
        """
        return _loaded(self.preset, tuple(self.sets))

    def command(self, paths: int | None = None) -> str:
        """Return what a reader types to get the same."""
        folder = "scenarios"
        base, own = BASES.get(self.preset, BASELINE), self.preset
        parts = ["finmodel", "compare", f"{folder}/{base}.toml", f"{folder}/{own}.toml"]
        return shlex.join(parts + self._options(paths))

    def arguments(self, paths: int, out: str = "comparisons") -> list[str]:
        """Return the arguments of the same command for a job of the app."""
        base = _file(BASES.get(self.preset, BASELINE))
        files = ["compare", base, _file(self.preset)]
        return [*files, *self._options(paths), "--json", "--out", out]

    def _options(self, paths: int | None) -> list[str]:
        options = [part for text in self.sets for part in ("--set", text)]
        return options + ([] if paths is None else [PATHS, str(paths)])


def asked_paths(arguments: Sequence[str]) -> int:
    """Return the futures that the arguments of a job ask for; 0 if they do not say."""
    options = list(arguments)
    return int(options[options.index(PATHS) + 1]) if PATHS in options else 0


def ran(arguments: Sequence[str]) -> tuple[str, Policy] | None:
    """Return the baseline and the policy that a job of the app compared; None of another job.

    A page may hold another policy by now, so what a result is of is read from its own job.

    Raises
    ------
    InputError
        If the policy is not one of this version.
    """
    command, *files = list(arguments[:3]) or [""]
    if command != "compare" or len(files) != 2:
        return None
    base, preset = (PurePath(file).stem for file in files)
    options, changes = list(arguments[3:]), {}
    for option, text in itertools.pairwise(options):
        if option == "--set":
            name, _, value = text.partition("=")
            changes[name] = float(value)
    policy = checked(preset, changes)
    return (base, policy) if base == BASES.get(preset, BASELINE) else None


def typed(arguments: Sequence[str]) -> str:
    """Return what a reader types to get what a job of the app got."""
    own = from_root(arguments)
    for option, n in (("--json", 1), ("--out", 2)):
        if option in own:
            place = own.index(option)
            del own[place : place + n]
    return shlex.join(["finmodel", *own])


def _file(name: str) -> str:
    return str(scenarios_root() / f"{name}.toml")


@lru_cache(maxsize=1)
def presets() -> tuple[str, ...]:
    """Return the names of the policies shipped with the project; the plain one first."""
    names = sorted(path.stem for path in scenarios_root().glob(f"{PREFIX}*.toml"))
    return tuple(sorted(names, key=lambda name: name != "policy_pro_rata"))


@lru_cache(maxsize=64)
def scenario_of(preset: str) -> Scenario:
    """Return a preset as it is shipped."""
    return load_scenario(_file(preset))


@lru_cache(maxsize=64)
def _loaded(preset: str, sets: tuple[str, ...]) -> Scenario:
    return load_scenario(_file(preset), sets)


@lru_cache(maxsize=64)
def _fields(preset: str) -> dict[str, tuple[Quantity | None, Spec]]:
    scenario = scenario_of(preset)
    share: Spec = get_args(Share)[1]
    found: dict[str, tuple[Quantity | None, Spec]] = {}
    for name in scenario.programmes:
        place = f"programmes.{name}"
        found |= {f"{place}.region_share.{r}": (None, share) for r in scenario.geography.regions}
        found |= {f"{place}.mandate.{k}": (None, share) for k in scenario.stages}
        found |= {f"{place}.sector_mandate.{s}": (None, share) for s in scenario.sectors}
    own = {name: (quantity, spec) for name, quantity, spec in declared(scenario)}
    found |= {name: item for name, item in own.items() if name.startswith("programmes.")}
    return found


def editable(preset: str) -> Mapping[str, tuple[Quantity | None, Spec]]:
    """Return the numbers of a preset that may be changed, and what each may be.

    The quantity is None for a province, a stage or a sector that the preset gives nothing.
    """
    return _fields(preset)


def shipped_value(preset: str, name: str) -> float:
    """Return a number of a preset as it is shipped; 0 for a share that it does not give."""
    quantity, _ = _fields(preset)[name]
    return quantity.centre if quantity is not None else 0.0


def checked(preset: object, changes: object) -> Policy:
    """Return a policy that came from outside, if it names a preset and numbers of it.

    Whether the numbers are allowed together is left to :meth:`Policy.load`.

    Raises
    ------
    InputError
        With every problem.
    """
    if not isinstance(preset, str) or preset not in presets():
        near = nearest_name(str(preset), presets())
        allowed = f"one of {', '.join(presets())}"
        raise InputError("policy", [Problem("preset", _short(preset), allowed, near)])
    if not isinstance(changes, Mapping):
        raise InputError("policy", [Problem("changes", _short(changes), "a table of numbers")])
    if len(changes) > MOST_CHANGES:
        given, allowed = f"{len(changes)} changes", f"at most {MOST_CHANGES}"
        raise InputError("policy", [Problem("changes", given, allowed)])
    known, problems = _fields(preset), []
    for name, value in changes.items():
        if name not in known:
            near = nearest_name(str(name), known)
            problems.append(Problem(_short(name), "unknown", f"a number of {preset}", near))
        elif isinstance(value, bool) or not isinstance(value, int | float) or not _finite(value):
            problems.append(Problem(str(name), _short(value), "a finite number"))
    if problems:
        raise InputError("policy", problems)
    return Policy(preset, {str(name): float(value) for name, value in sorted(changes.items())})


def without_idle(policy: Policy) -> Policy:
    """Return the same policy without changes to the value that is there anyway."""
    kept = {
        name: value
        for name, value in policy.changes.items()
        if not math.isclose(value, shipped_value(policy.preset, name), rel_tol=1e-9, abs_tol=1e-12)
    }
    return Policy(policy.preset, kept)


def problems_at(problems: Sequence[Problem], name: str) -> list[Problem]:
    """Return the problems of one number, or of one table of them, by its dotted name."""
    return [
        problem
        for problem in problems
        if f"{problem.place.rpartition(' ')[2]}.".startswith(f"{name}.")
    ]


def _finite(value: float) -> bool:
    try:
        return math.isfinite(float(value))
    except OverflowError:
        return False


def _short(value: object, most: int = 60) -> str:
    text = repr(value)
    return text if len(text) <= most else f"{text[:most]}..."
