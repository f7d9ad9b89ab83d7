"""`--until`: the tables of as many paths, resumed or not, found again, and refused in words."""

import json

import pytest

from finmodel import store
from finmodel.cli.errors import NOT_CONVERGED
from tests.conftest import PLAIN, ROOT, YRD
from tests.test_command_line import call
from tests.test_resume import SETS, at_once, left, results, stop_at

__all__ = ["at_once", "stop_at"]

POLICY = ROOT / "scenarios" / "policy_pro_rata.toml"
BIRTHS = ["--set", 'births.total_pa={dist="uniform", low=1000, high=3000}']
COMMANDS = {
    "run": (["run", PLAIN, *SETS, "--details", 3], "se(gap_rate) < 0.021", "--paths", 150),
    "compare": (
        ["compare", PLAIN, POLICY, *SETS],
        "se(net_viable_n[region=AH]) < 0.05 and se(private_change_per_public_yuan) < 0.35",
        "--paths",
        150,
    ),
    "draws": (
        ["run", PLAIN, *SETS, *BIRTHS, "--paths", 3],
        "se(births_n) < 3.2",
        "--draws",
        60,
    ),
    "compare draws": (
        ["compare", YRD, POLICY, *SETS, *BIRTHS, "--paths", 3],
        "se(outlay_mcny[policy=policy_pro_rata]) < 26",
        "--draws",
        50,
    ),
}


def tables(root):
    return {name: found for name, (_, found) in results(root).items()}


FAST = ("compare",)
CASES = [name if name in FAST else pytest.param(name, marks=pytest.mark.slow) for name in COMMANDS]


@pytest.fixture(scope="module", params=CASES)
def searched(request, tmp_path_factory):
    """A command with a goal: its name, folder, output and the units at which it stopped."""
    command, goal, option, most = COMMANDS[request.param]
    root = tmp_path_factory.mktemp("until")
    result = call(*command, option, most, "--until", goal, "--out", root)
    assert result.exit_code == 0, result.output
    (folder,) = root.glob("[!.]*")
    until = store.read_manifest(folder)["until"]
    return request.param, root, result.output, until


def test_it_is_the_study_of_as_many_byte_for_byte(searched, tmp_path):
    name, root, text, until = searched
    command, _, option, most = COMMANDS[name]
    n = until["n"]
    assert n < most, "the goal must be reached before the end for this test to say something"
    unit = "draws" if option == "--draws" else "paths"
    assert f"Stopped at {n} {unit}" in text
    assert until["is_reached"]
    plain = call(*command, option, n, "--out", tmp_path)
    assert plain.exit_code == 0, plain.output
    assert tables(tmp_path) == tables(root)
    assert "Found again" in call(*command, option, n, "--out", root).output


def test_given_again_it_is_found_again(searched):
    name, root, text, _ = searched
    command, goal, option, most = COMMANDS[name]
    again = call(*command, option, most, "--until", goal, "--out", root)
    assert again.exit_code == 0
    assert "Found again" in again.output
    assert text.splitlines()[-1] == again.output.splitlines()[-1]
    assert len(results(root)) == 1


def test_interrupted_it_goes_on_and_stops_where_it_would_have(searched, tmp_path, stop_at, at_once):
    name, root, _, until = searched
    command, goal, option, most = COMMANDS[name]
    full = [*command, option, most, "--until", goal, "--out", tmp_path]
    stop_at(5)
    first = call(*full)
    assert first.exit_code == 130, first.output
    assert left(tmp_path)
    stop_at(until["n"] - 1)
    assert call(*full).exit_code == 130
    stop_at()
    last = call(*full)
    assert last.exit_code == 0, last.output
    assert "were kept: it goes on from there" in last.output
    assert tables(tmp_path) == tables(root)
    assert not left(tmp_path)


def test_a_study_already_stored_is_not_stored_twice(tmp_path):
    """The goal ends at paths that somebody ran before by their number."""
    command = ["run", PLAIN, *SETS, "--out", tmp_path]
    assert call(*command, "--paths", 64).exit_code == 0
    before = results(tmp_path)
    found = call(*command, "--paths", 90, "--until", "se(gap_rate) < 0.5")
    assert "Stopped at 64 paths" in found.output
    assert "Found again" in found.output
    assert results(tmp_path) == before


@pytest.mark.parametrize(("lang", "words"), [("en", "It would take about"), ("zh", "约需")])
def test_not_reached_says_how_many_it_would_take(lang, words, tmp_path):
    command = ["run", PLAIN, *SETS, "--paths", 64, "--until", "se(gap_rate) < 0.001"]
    for _ in range(2):  # computed, and found again
        result = call(*command, "--out", tmp_path, "--lang", lang)
        assert result.exit_code == NOT_CONVERGED, result.output
        assert words in result.output
    answer = json.loads(call(*command, "--out", tmp_path, "--json").stdout)
    assert answer["paths"] == 64
    assert not answer["until"]["is_reached"]
    assert {row["measure"] for row in answer["convergence_verdicts"]} >= {"gap_rate_mcny"}


def test_draws_that_cannot_do_it_alone_say_so(tmp_path):
    command = ["run", PLAIN, *SETS, *BIRTHS, "--paths", 2, "--draws", 24]
    result = call(*command, "--until", "se(gap_rate) < 0.001", "--out", tmp_path)
    assert result.exit_code == NOT_CONVERGED, result.output
    assert "raise --paths" in result.output
    assert "More draws alone do not reach it" in result.output


@pytest.mark.parametrize("policies", [[], [POLICY]])
def test_the_answer_holds_the_goal_that_was_asked(policies, tmp_path):
    """Two goals that end at the same paths share a result, not each other's goal."""
    kind, short = ("compare", "net_viable") if policies else ("run", "gap")
    command = [kind, PLAIN, *policies, *SETS, "--paths", 64, "--out", tmp_path, "--json"]
    for measure in (f"{short}_mcny", f"{short}_n"):
        until = json.loads(call(*command, "--until", f"se({measure}) < 1e6").stdout)["until"]
        assert until["goal"] == until["looks"][0]["condition"] == f"se({measure}) < 1000000.0"
    assert json.loads(call(*command).stdout)["until"] is None


BAD = {
    "unknown": (["run", PLAIN, "--until", "se(gap_rat) < 1"], "did you mean 'gap_rate'"),
    "region": (["run", PLAIN, "--until", "se(gap[region=XX]) < 1"], "one of SH, JS, ZJ, AH"),
    "few": (["run", PLAIN, "--paths", 9, "--until", "se(gap) < 1"], "at least 64"),
    "policy": (["compare", PLAIN, POLICY, "--until", "se(net[policy=x]) < 1"], "policy_pro_rata"),
    "effect": (["compare", PLAIN, POLICY, "--until", "se(gap_rate) < 1"], "--until: gap_rate"),
    "draws": (
        ["run", PLAIN, *BIRTHS, "--draws", 9, "--until", "se(gap) < 1"],
        "at least 24",
    ),
    "cell of draws": (
        ["run", PLAIN, *BIRTHS, "--draws", 30, "--until", "se(deals[region=AH]) < 1"],
        "no dimension",
    ),
    "both": (
        [
            *["compare", YRD, POLICY, *BIRTHS, "--draws", 30, "--until"],
            "se(net[region=AH,stage=A]) < 1",
        ],
        "not counted together",
    ),
    "lang": (["run", PLAIN, "--lang", "fr"], "en or zh"),
    "empty": (["run", PLAIN, "--until", ""], "got an empty text; allowed: a goal, as 'se("),
    "blank": (["run", PLAIN, "--until", " "], "got an empty text"),
    "empty of draws": (["run", PLAIN, *BIRTHS, "--draws", 30, "--until", ""], "an empty text"),
    "empty of effects": (["compare", PLAIN, POLICY, "--until", ""], "an empty text"),
    "empty of both": (["compare", YRD, POLICY, *BIRTHS, "--draws", 30, "--until", ""], "an empty"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_goals_are_refused_before_anything_is_done(case, tmp_path):
    command, words = BAD[case]
    result = call(*command, *SETS, "--out", tmp_path)
    assert result.exit_code == 2, result.output
    assert words in result.output.replace("\n", " ")
    assert not list(tmp_path.iterdir())
