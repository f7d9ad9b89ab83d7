"""`finmodel fit`: a small fit from file to file, stopped and taken up, written and run."""

import json
import shutil
import threading

import numpy as np
import pytest
from typer.testing import CliRunner

from finmodel.calibrate.diary import Diary, diary_simulator
from finmodel.calibrate.moment_search import Simulated
from finmodel.cli.main import app
from finmodel.errors import Interrupted
from finmodel.scenario import load_scenario
from finmodel.scenario.walk import quantities
from finmodel.store import Unfinished, read_manifest, read_result
from finmodel.study.fit import find_or_fit, load_plan
from tests.conftest import ROOT, YRD

PLAN = """
schema_version = 1
base = "base.toml"
targets = ["deals_all", "money_all", "split_SH", "split_JS"]

[meta]
name = "small_fit"
title_en = "Small"
title_zh = "小"
question = "Does it fit?"

[run]
paths = 6
scale = 0.01
seed = 1
check_paths = 6
check_scale = 0.01
check_seed = 2

[parameters.births]
keys = ["births.total_pa"]
low = 0.5
high = 2.0
note = "test"

[parameters.births_SH]
keys = ["births.region_index.SH"]
low = 0.5
high = 2.0
note = "test"

[parameters.runway]
keys = ["stages.A.runway_quarters", "stages.B.runway_quarters"]
low = 0.5
high = 2.0
note = "test"
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with a base that starts away from the evidence, its plan, and one fit of it."""
    here = tmp_path_factory.mktemp("fit")
    text = YRD.read_text(encoding="utf-8")
    text = text.replace("warm_up_years = 12", "warm_up_years = 3").replace("years = 8", "years = 4")
    (here / "base.toml").write_text(text, encoding="utf-8")
    (here / "plan.toml").write_text(PLAN, encoding="utf-8")
    return here


def run(*arguments):
    return CliRunner().invoke(app, [str(item) for item in arguments])


@pytest.fixture(scope="module")
def fitted(folder):
    out = folder / "fitted.toml"
    result = run("fit", folder / "plan.toml", "--out", out, "--runs", folder / "fits", "--json")
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout), out


def test_the_fit_comes_nearer_and_says_what_it_moved(folder, fitted):
    told, out = fitted
    moments = {row["target"]: row for row in told["fit_moments"]}
    assert abs(moments["deals_all"]["fitted"] / moments["deals_all"]["evidence"] - 1) < 0.1
    parameters = {row["parameter"]: row for row in told["fit_parameters"]}
    base, new = load_scenario(folder / "base.toml"), load_scenario(out)
    factor = new.births.total_pa.centre / base.births.total_pa.centre
    assert factor == pytest.approx(parameters["births"]["factor"], rel=1e-3)
    assert {row["moment"] for row in told["fit_pins"]} == set(moments)
    assert told["degrees"] == 1


def test_the_written_scenario_carries_errors_sources_and_what_goes_together(folder, fitted):
    _, out = fitted
    new, old = load_scenario(out), dict(quantities(load_scenario(folder / "base.toml")))
    births = new.births.total_pa
    assert births.value.dist == "lognormal"
    assert births.grade == "commercial"
    assert "S086" in births.source
    assert "deals_all" in births.note
    assert ("stages.A.runway_quarters", "stages.B.runway_quarters") in new.together
    # What the base was fitted to stays said, and what this plan adds.
    assert set(new.fitted_to) == set(load_scenario(YRD).fitted_to) | {"deals_all", "split_JS"}
    assert "against parts" not in births.note
    assert "%, against parts of the table" in new.births.region_index["SH"].note
    shares = [item.centre for item in new.births.region_index.values()]
    assert sum(shares) == pytest.approx(1.0, abs=1e-7)
    assert not new.births.region_index["ZJ"].is_uncertain
    # What the plan does not name stays as it was.
    moved = {"births", "stages.A.runway_quarters", "stages.B.runway_quarters"}
    for name, quantity in quantities(new):
        if name not in moved and not name.startswith("births."):
            assert quantity == old[name], name


def test_a_fit_of_a_fitted_scenario_starts_where_it_stands(folder, fitted):
    """Laid over again, the text has each table once and loads."""
    _, out = fitted
    again = folder / "again"
    again.mkdir(exist_ok=True)
    shutil.copy(out, again / "base.toml")
    shutil.copy(folder / "plan.toml", again / "plan.toml")
    second = again / "second.toml"
    result = run("fit", again / "plan.toml", "--out", second, "--runs", again / "fits")
    assert result.exit_code == 0, result.output
    text = second.read_text(encoding="utf-8")
    assert text.count("together = [") == text.count("fitted_to = [") == 1
    assert text.count("# Fitted numbers that one parameter moves") == 1
    first, moved = load_scenario(out), load_scenario(second)
    ratio = moved.births.total_pa.centre / first.births.total_pa.centre
    assert ratio == pytest.approx(1.0, abs=0.1)


def test_a_number_that_no_target_moves_is_said_to_be_open(folder):
    """The social rate only defines a need: no deal depends on it."""
    first, _, last = PLAN.partition("[parameters.runway]")
    last = last.replace('"stages.A.runway_quarters", "stages.B', '"viability.social_rate_pa"]#')
    (folder / "open.toml").write_text(f"{first}[parameters.rate]{last}", "utf-8")
    out = folder / "with_open.toml"
    result = run("fit", folder / "open.toml", "--out", out, "--runs", folder / "fits")
    assert result.exit_code == 0, result.output
    assert "nothing moves with it" in " ".join(result.output.split())
    new = dict(quantities(load_scenario(out)))["viability.social_rate_pa"]
    assert not new.is_uncertain
    assert "no target of it holds this number" in new.note
    told = run("fit", folder / "open.toml", "--runs", folder / "fits", "--json")
    found = {row["parameter"]: row for row in json.loads(told.stdout)["fit_parameters"]}
    assert found["rate"]["is_unpinned"]
    assert not found["rate"]["is_at_bound"]
    assert found["rate"]["log_se"] is None
    assert json.loads(told.stdout)["degrees"] == 2


def test_an_existing_scenario_is_kept_unless_forced(folder, fitted):
    _, out = fitted
    before = out.read_text(encoding="utf-8")
    arguments = ("fit", folder / "plan.toml", "--runs", folder / "fits", "--out")
    result = run(*arguments, out)
    assert result.exit_code == 2
    assert "--force" in result.output
    assert out.read_text(encoding="utf-8") == before
    result = run(*arguments, folder / "nowhere" / "x.toml")
    assert result.exit_code == 2
    assert run(*arguments, out, "--force").exit_code == 0


def test_it_is_found_again_and_prints_what_it_is(folder, fitted):
    result = run("fit", folder / "plan.toml", "--runs", folder / "fits")
    assert result.exit_code == 0
    for words in ("Found again", "pinned by", "degrees of freedom", "births_SH", "off, %"):
        assert words in result.output, words


def test_it_stays_where_the_base_is_and_finds_errors_again(folder, fitted):
    """With errors of targets that go together: numbers stay, errors and J do not."""
    _, out = fitted
    here = folder / "stay"
    here.mkdir(exist_ok=True)
    shutil.copy(out, here / "base.toml")
    told = {}
    pair = """
[[correlations]]
a = "split_SH"
b = "split_JS"
rho = 0.9
source = "assumption"
grade = "assumed"
note = "test"
"""
    for name, more in (("apart", ""), ("together", pair)):
        (here / f"{name}.toml").write_text(PLAN + more, encoding="utf-8")
        new = here / f"{name}_out.toml"
        options = ("--stay", "--runs", here / "fits", "--json")
        result = run("fit", here / f"{name}.toml", "--out", new, *options)
        assert result.exit_code == 0, result.output
        told[name] = json.loads(result.stdout)
        old, now = dict(quantities(load_scenario(out))), dict(quantities(load_scenario(new)))
        assert {key: item.centre for key, item in old.items()} == {
            key: item.centre for key, item in now.items()
        }
    for name in told:
        factors = [row["factor"] for row in told[name]["fit_parameters"]]
        assert factors == [1.0, 1.0, 1.0]
    apart, together = (
        {row["parameter"]: row["log_se"] for row in told[name]["fit_parameters"]} for name in told
    )
    assert together["births_SH"] != pytest.approx(apart["births_SH"], rel=0.02)
    assert told["apart"]["j"] != told["together"]["j"]


def test_it_speaks_chinese_and_refuses_other_languages(folder, fitted):
    result = run("fit", folder / "plan.toml", "--runs", folder / "fits", "--lang", "zh")
    assert result.exit_code == 0, result.output
    for words in (
        "沿用已有结果",
        "决定它的目标",
        "自由度",
        "年创投案例数",
        "所有目标的误差视为独立",
    ):
        assert words in result.output, words
    assert "pinned by" not in result.output
    result = run("fit", folder / "plan.toml", "--runs", folder / "fits", "--lang", "fr")
    assert result.exit_code == 2
    assert "en or zh" in result.output


def test_interrupted_it_goes_on_and_ends_the_same(folder, fitted):
    """The evaluations made before Ctrl-C are not made again; the tables are the same."""
    plan, base = load_plan(folder / "plan.toml")
    root, cancel, seen = folder / "cut", threading.Event(), []
    root.mkdir()

    def stop(done, total):
        seen.append(done)
        if done == 5:
            cancel.set()

    with pytest.raises(Interrupted):
        find_or_fit(plan, base, folder / "plan.toml", root=root, progress=stop, cancel=cancel)
    assert list(root.glob(".unfinished-*/*.part"))
    stored = find_or_fit(plan, base, folder / "plan.toml", root=root)
    whole = find_or_fit(plan, base, folder / "plan.toml", root=folder / "fits")
    for name in ("fit_moments", "fit_parameters", "fit_numbers", "fit_pins"):
        left, right = (read_result(item.folder, name) for item in (stored, whole))
        assert left.equals(right), name
    assert (
        read_manifest(stored.folder)["scenario_text"]
        == read_manifest(whole.folder)["scenario_text"]
    )
    assert not list(root.glob(".unfinished-*"))


def test_a_diary_finds_again_what_is_kept(tmp_path):
    calls = []

    def simulate(point):
        calls.append(point.copy())
        return Simulated(point * 2.0, np.eye(2))

    points = [np.array([float(k), 1.0]) for k in range(4)]
    cancel = threading.Event()
    with Unfinished(tmp_path, "a" * 64) as kept:
        evaluate = diary_simulator(simulate, kept, cancel=cancel)
        for point in points[:2]:
            evaluate(point)
        cancel.set()
        with pytest.raises(Interrupted):
            evaluate(points[2])
    with Unfinished(tmp_path, "a" * 64) as kept:
        evaluate = diary_simulator(simulate, kept)
        found = [evaluate(point) for point in points]
    assert len(calls) == 4
    assert [item.figures[0] for item in found] == [0.0, 2.0, 4.0, 6.0]
    assert Diary().n == 0


def test_a_search_that_goes_elsewhere_leaves_the_diary(tmp_path):
    """A kept point that the search does not ask for is passed over."""
    cancel = threading.Event()

    def simulate(point):
        return Simulated(point, np.eye(1))

    with Unfinished(tmp_path, "b" * 64) as kept:
        evaluate = diary_simulator(simulate, kept, cancel=cancel)
        evaluate(np.array([1.0]))
        cancel.set()
        with pytest.raises(Interrupted):
            evaluate(np.array([2.0]))
    with Unfinished(tmp_path, "b" * 64) as kept:
        evaluate = diary_simulator(simulate, kept)
        assert evaluate(np.array([5.0])).figures[0] == 5.0


def test_the_shipped_baseline_is_what_its_plan_writes():
    """Every number its plan moves carries an error, or is a share that only closes its table."""
    plan, base = load_plan(ROOT / "scenarios" / "fits" / "yrd_baseline.toml")
    numbers = dict(quantities(base))
    for parameter in plan.parameters.values():
        for key in parameter.keys:
            assert numbers[key].is_uncertain, key
            assert numbers[key].note.startswith("Fitted by simulated moments"), key


def test_the_median_of_a_shipped_belief_is_what_a_run_takes_and_its_range_is_stored(tmp_path):
    """A cut that is not alike on both sides would move the median."""
    for name, quantity in quantities(load_scenario(YRD)):
        if quantity.is_uncertain:
            assert quantity.centre == pytest.approx(quantity.value.median, rel=1e-12), name
    small = ("--set", "run.scale=0.01", "--paths", 1)
    result = run("run", YRD, *small, "--out", tmp_path, "--json")
    assert result.exit_code == 0, result.output
    table = read_result(next(tmp_path.glob("[0-9a-f]*")), "assumptions").set_index("name")
    births = table.loc["births.total_pa"]
    assert births["low"] < births["value"] < births["high"]
    assert np.isnan(table.loc["births.region_index.ZJ", "low"])
