"""Draws of a scenario: each is a run, luck is shared, resume and threads change no bit."""

import json
import signal
from threading import Event

import numpy as np
import pytest

from finmodel import store
from finmodel.errors import Interrupted, ScenarioError
from finmodel.market.run import simulate
from finmodel.measure import activity_table, gap_table
from finmodel.report.draws import draws_headline, rate_view, total_view
from finmodel.scenario.priors import lay_priors, load_priors
from finmodel.study import draws as study_draws
from finmodel.study.draw_tables import TABLES, layout
from finmodel.study.draws import run_draws
from finmodel.study.parameter_draws import draw_scenario
from finmodel.study.stored_draws import laid_on, tables_of_draws
from finmodel.variables import labels
from finmodel.world import build_world
from tests.conftest import PLAIN, small
from tests.test_command_line import call
from tests.test_resume import SETS, at_once, left, results, start, stop_at, wait_for

__all__ = ["at_once", "stop_at"]

BIRTHS = 'births.total_pa={dist="uniform", low=1000, high=3000}'
NARROW = 'births.total_pa={dist="uniform", low=1999.999999, high=2000.000001}'
GRADED = load_priors("graded")


def tables_of(scenario, **options):
    found = run_draws(scenario, **options)
    return tables_of_draws(found, laid_on(scenario, None), scenario)


def row(tables, table, measure):
    frame = tables[f"uncertainty_{table}"].set_index("measure")
    return frame.loc[measure]


def same(one, other):
    names = ("drawn", "n_redrawn", "cells", "errors")
    pairs = [(getattr(one, name), getattr(other, name)) for name in names]
    pairs += [
        (getattr(one.shared, n), getattr(other.shared, n))
        for n in ("influence", "spread", "n_spread")
    ]
    return all(a.tobytes() == b.tobytes() for a, b in pairs)


def test_a_draw_is_a_run_of_the_drawn_scenario():
    scenario = small(BIRTHS)
    found = run_draws(scenario, draws=3, paths=4, seed=5)
    run = simulate(build_world(draw_scenario(scenario, 2, 5)), paths=4, seed=5)
    frame = layout(found.world).assign(value=found.cells[2], se=found.errors[2])
    for table, by in TABLES.items():
        is_activity = table == "activity_total"
        expected = activity_table(run) if is_activity else gap_table(run, by)
        mine = frame[frame["table"] == table]
        for measure in mine["measure"].unique():
            column = mine[mine["measure"] == measure]
            np.testing.assert_allclose(column["value"], expected[measure], rtol=1e-12)
            if f"{measure}_se" in expected:
                np.testing.assert_allclose(
                    column["se"], expected[f"{measure}_se"], rtol=1e-9, atol=1e-12
                )


def test_a_number_that_enters_linearly_comes_out_as_its_belief():
    """Births a year are the number drawn times the scale, but for luck all draws share."""
    scenario = small(BIRTHS)
    tables = tables_of(scenario, draws=60, paths=6, seed=5)
    births = row(tables, "activity_total", "births_n")
    scale = scenario.run.scale
    drawn = tables["draws"]["births.total_pa"].to_numpy() * scale
    assert abs(births["mean"] - drawn.mean()) < 4 * births["mean_se_paths"]
    for name, p in (("q05", 0.05), ("q50", 0.5), ("q95", 0.95)):
        expected = scale * (1000 + 2000 * p)
        error = np.hypot(births[f"ignorance_{name}_se"], births["mean_se_paths"])
        assert abs(births[f"ignorance_{name}"] - expected) < 4 * error
    sd = np.sqrt(births["ignorance_variance"])
    assert sd == pytest.approx(drawn.std(ddof=1), rel=0.15)
    assert births["ignorance_share"] > 0.8


def test_a_belief_without_width_is_no_ignorance():
    tables = tables_of(small(NARROW), draws=5, paths=4, seed=5)
    frame = tables["uncertainty_gap_total"]
    assert (frame["ignorance_share"] < 1e-6).all()
    assert (frame["chance_share"] > 0.5).all()
    same_run = simulate(build_world(small("births.total_pa=2000.0")), paths=4, seed=5)
    rate = float(gap_table(same_run)["gap_rate_mcny"].iloc[0])
    assert row(tables, "gap_total", "gap_rate_mcny")["mean"] == pytest.approx(rate, rel=1e-6)


def test_results_do_not_depend_on_threads():
    scenario = lay_priors(small(), GRADED).scenario
    one, three = (
        run_draws(scenario, draws=5, paths=3, seed=5, threads=threads) for threads in (1, 3)
    )
    assert same(one, three)


def test_more_draws_begin_with_the_same():
    few, more = (run_draws(small(BIRTHS), draws=n, paths=3, seed=5) for n in (2, 4))
    np.testing.assert_array_equal(few.cells, more.cells[:2])
    np.testing.assert_array_equal(few.drawn, more.drawn[:2])


def test_a_draw_that_is_stopped_half_way_is_not_counted():
    """The event is set while draws are being played; what is kept is what is whole."""
    scenario, cancel = small(BIRTHS), Event()
    whole = run_draws(scenario, draws=6, paths=3, seed=5)

    def stop(done, _total):
        if done == 2:
            cancel.set()

    some = run_draws(scenario, draws=6, paths=3, seed=5, progress=stop, cancel=cancel)
    assert 2 <= some.n_draws < 6
    assert not some.is_complete
    np.testing.assert_array_equal(some.cells, whole.cells[: some.n_draws])
    cancel.set()
    with pytest.raises(Interrupted, match="before the first draw"):
        run_draws(scenario, draws=6, paths=3, seed=5, cancel=cancel)


def test_a_part_of_a_draw_is_no_draw(monkeypatch):
    """Stopped after one of its paths, while nothing else is done."""
    cancel = Event()

    def stopped(world, **options):
        return simulate(world, **options, progress=lambda _done, _total: cancel.set())

    monkeypatch.setattr(study_draws, "simulate", stopped)
    with pytest.raises(Interrupted, match="before the first draw"):
        run_draws(small(BIRTHS), draws=2, paths=9, seed=5, threads=1, cancel=cancel)


def test_nothing_uncertain_is_refused_and_names_the_priors():
    with pytest.raises(ScenarioError) as error:
        run_draws(small(), draws=3, paths=3, seed=5)
    assert "--priors graded" in str(error.value)
    with pytest.raises(ScenarioError) as error:
        run_draws(small(), draws=0, paths=1, seed=5)
    assert len(error.value.problems) == 3


def test_every_column_and_measure_shown_has_a_label():
    tables = tables_of(small(BIRTHS), draws=2, paths=2, seed=5)
    words = labels()["uncertainty"]
    columns = set(tables["uncertainty_gap_region_stage"].columns)
    assert columns <= set(words)
    assert set(tables) == {
        *(f"uncertainty_{name}" for name in TABLES),
        "draws",
        "draw_cells",
        "beliefs",
        "convergence",
        "convergence_verdicts",
    }
    cells = tables["uncertainty_gap_region_stage"]
    assert list(dict.fromkeys(cells["region"])) == ["SH", "JS", "ZJ", "AH"]
    assert len(cells) == 4 * 6 * cells["measure"].nunique()
    assert len(tables["draw_cells"]) == 2 * len(layout(build_world(small())))


@pytest.mark.parametrize("language", ["en", "zh"])
def test_reports_speak_both_languages(language):
    scenario = small(BIRTHS)
    tables = tables_of(scenario, draws=3, paths=3, seed=5)
    text = draws_headline(tables["uncertainty_gap_total"], language)
    words = {key: item[language] for key, item in labels()["uncertainty"].items()}
    assert words["by_luck"].partition("{")[0] in text
    assert total_view(tables, language).columns[0].header == words["view_what"]
    view = rate_view(tables["uncertainty_gap_region"], "region", {"SH": "x"}, language)
    assert words["region"] in str(view.title)
    one = tables_of(scenario, draws=1, paths=3, seed=5)["uncertainty_gap_total"]
    assert words["by_one_draw"] in draws_headline(one, language)


# The command ---------------------------------------------------------------------------------

COMMAND = ["run", PLAIN, *SETS, "--draws", 6, "--priors", "graded", "--paths", 3]


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    root = tmp_path_factory.mktemp("draws")
    result = call(*COMMAND, "--out", root)
    assert result.exit_code == 0, result.output
    return root, result.output


def test_the_command_says_how_wide_and_why(whole):
    root, text = whole
    for part in (
        "6 draws of",
        "0 with a stated belief",
        "the same 3 paths",
        "of the money goes unfunded; luck alone",
        "not knowing the inputs",
        "Gap rate by province",
        "Shanghai",
        "never added up",
        f"Stored: {root}",
    ):
        assert part in text, part
    assert "Found again" in call(*COMMAND, "--out", root).output
    shown = call("show", "--out", root).output
    assert "not knowing the inputs" in shown
    frame = call("show", "--out", root, "--table", "draws").output
    assert "births.total_pa" in frame
    (folder,) = root.iterdir()
    manifest = store.read_manifest(folder)
    assert manifest["draws"] == 6
    assert manifest["priors"]["name"] == "graded"


def test_the_command_answers_machines(whole):
    root, _ = whole
    for command in ([*COMMAND, "--json", "--out", root], ["show", "--json", "--out", root]):
        answer = json.loads(call(*command).stdout)
        assert answer["draws"] == 6
        assert answer["is_complete"]
        measures = [item["measure"] for item in answer["uncertainty_gap_total"]]
        assert "gap_rate_mcny" in measures


def test_stopped_it_goes_on_and_stores_the_same(whole, tmp_path, stop_at, at_once):
    stop_at(2)
    first = call(*COMMAND, "--out", tmp_path)
    assert first.exit_code == 130, first.output
    assert "draws are kept: the same command goes on from there." in first.output
    assert "draws are shown." in first.output
    assert results(tmp_path) == {}
    assert left(tmp_path)
    seen = stop_at()
    second = call(*COMMAND, "--out", tmp_path)
    assert second.exit_code == 0, second.output
    assert "draws were kept: it goes on from there." in second.output
    assert seen[0] >= 2
    assert results(tmp_path) == results(whole[0])
    assert not left(tmp_path)


def test_killed_it_goes_on(whole, tmp_path):
    process = start(*COMMAND, "--out", tmp_path)
    wait_for(lambda: len(left(tmp_path)) > 1, process)
    process.kill()
    process.communicate()
    assert process.returncode == -signal.SIGKILL
    last = call(*COMMAND, "--out", tmp_path)
    assert "draws were kept" in last.output
    assert results(tmp_path) == results(whole[0])


BAD = {
    "nothing to draw": (["--draws", 3], ["--draws", "no number that is a belief", "--priors"]),
    "priors alone": (["--priors", "graded"], ["--priors", "only with --draws"]),
    "unknown priors": (["--draws", 3, "--priors", "grade"], ["did you mean 'graded'"]),
    "no draws": (["--draws", 0, "--priors", "graded"], ["--draws", "[1, "]),
    "one path": (["--draws", 3, "--priors", "graded", "--paths", 1], ["--paths", "at least 2"]),
    "details": (["--draws", 3, "--priors", "graded", "--details", 1], ["--details"]),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_options_are_refused_in_words(case, tmp_path):
    options, parts = BAD[case]
    result = call("run", PLAIN, *SETS, *options, "--out", tmp_path / "runs")
    assert result.exit_code == 2, result.output
    assert all(part in result.output for part in parts), result.output
    assert not list(tmp_path.glob("runs/*"))


def test_one_draw_is_a_run_and_no_more(tmp_path):
    result = call(
        "run", PLAIN, *SETS, "--set", BIRTHS, "--draws", 1, "--paths", 3, "--out", tmp_path
    )
    assert result.exit_code == 0, result.output
    assert "1 draw of 1 numbers" in result.output
    assert "one draw says nothing" in result.output
