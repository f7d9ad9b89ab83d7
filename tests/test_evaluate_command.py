"""The command: tables, sentences in two languages, export, resuming, bad input."""

import json

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from finmodel import store
from finmodel.cli.main import app
from finmodel.errors import StoreError
from finmodel.evaluate.evaluation import ROWS
from finmodel.evaluate.panel import OUTCOMES, PANEL_COLUMNS
from finmodel.evaluate.support import FIRM_OUTCOMES
from finmodel.market import columns as col
from finmodel.market.run import simulate
from finmodel.report.evaluation import evaluation_sentences, evaluation_view
from finmodel.scenario import load_scenario
from finmodel.study.evaluate import evaluate, evaluate_scenario, evaluation_tables, export_panel
from finmodel.variables import labels
from finmodel.world import build_world
from tests.conftest import ROOT

FILE = ROOT / "scenarios" / "evaluation_staggered.toml"
SIZE = ("run.scale=0.1", "run.warm_up_years=4")
SETS = [text for change in SIZE for text in ("--set", change)]


def scenario(*changes):
    return load_scenario(FILE, (*SIZE, *changes))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("evaluations")


def run(*args):
    return CliRunner().invoke(app, ["evaluate", str(FILE), *SETS, *args])


def test_it_prints_a_sentence_for_each_estimator_and_stores_the_tables(folder):
    done = run("--paths", "3", "--out", str(folder))
    assert done.exit_code == 0, done.output
    for words in (
        "Two-way fixed effects would have told you",
        "Callaway-Sant'Anna, never treated would have told you",
        "Matching, similar funded firms would have told you",
        "Provinces without a programme changed by",
    ):
        assert words in done.output
    assert "e-1" not in done.output, "no noise of rounding is shown"
    (stored,) = folder.iterdir()
    tables = {path.stem for path in stored.glob("*.parquet")}
    assert tables == {"evaluation", "event_study", "truth", "twfe_parts", "dictionary"}
    manifest = store.read_manifest(stored)
    assert manifest["adoption"]["GD"] == 2026
    again = run("--paths", "3", "--out", str(folder), "--lang", "zh")
    assert "Found again" in again.output
    assert "双向固定效应" in again.output
    as_json = run("--paths", "3", "--out", str(folder), "--json")
    found = json.loads(as_json.stdout)
    assert found["paths"] == 3
    assert {row["estimator"] for row in found["evaluation"]} >= {"twfe", "cs_never_treated"}


@pytest.mark.slow
def test_an_interrupted_evaluation_goes_on_to_the_same_tables(tmp_path):
    import threading

    cancel = threading.Event()
    seen = []

    def stop(done, total):
        seen.append(done)
        if done >= 2:
            cancel.set()

    asked = {"paths": 4, "seed": 3, "root": tmp_path, "threads": 1}
    found, stored = evaluate_scenario(scenario(), progress=stop, cancel=cancel, **asked)
    assert stored is None
    assert 2 <= found.n_paths < 4
    seen.clear()
    rest, stored = evaluate_scenario(
        scenario(), progress=lambda done, _: seen.append(done), **asked
    )
    assert seen[0] == found.n_paths
    whole = evaluate(scenario(), paths=4, seed=3, threads=2)
    for part, expected in zip(rest.histories, whole.histories, strict=True):
        assert np.array_equal(part, expected, equal_nan=True)
    frame = store.read_result(stored.folder, "evaluation")
    pd.testing.assert_frame_equal(frame, evaluation_tables(whole)["evaluation"])


def test_tables_agree_with_each_other_and_with_runs_of_the_arms():
    found = evaluate(scenario(), paths=3, seed=3)
    asked = scenario()
    for side, arm in enumerate((asked, asked.model_copy(update={"programmes": {}}))):
        books = simulate(build_world(arm), paths=3, seed=3).panel[:, :, :, :, 1, col.DEAL_N]
        assert np.array_equal(found.histories.panels[:, side, 0], books.sum(axis=3).swapaxes(1, 2))
    tables = evaluation_tables(found)
    rows = tables["evaluation"].set_index(["estimator", "outcome", "form"])
    parts = tables["twfe_parts"]
    for outcome in OUTCOMES:
        mine = parts[parts["outcome"] == outcome]
        assert mine["weight"].sum() == pytest.approx(1.0)
        whole = (mine["weight"] * mine["estimate"]).sum()
        assert whole == pytest.approx(rows.loc[("twfe", outcome, "level"), "estimate"], rel=1e-6)
    truth = tables["truth"]
    truth = truth[(truth["outcome"] == "deals_n") & (truth["adoption_year"] > 0)]
    treated = truth[truth["year"] >= truth["adoption_year"]]
    mean = np.average(treated["effect"], weights=treated["n_regions"])
    assert mean == pytest.approx(rows.loc[("twfe", "deals_n", "level"), "truth"])
    assert treated["twfe_weight"].sum() == pytest.approx(1.0)
    events = tables["event_study"]
    assert (events.loc[events["event_time"] < 0, "truth"] == 0.0).all()


def test_the_export_is_the_same_twice_and_reads_back(tmp_path):
    first, second = tmp_path / "a.csv", tmp_path / "b.csv"
    done = run("--panel", str(first), "--seed", "9")
    assert done.exit_code == 0, done.output
    export_panel(scenario(), path=0, seed=9, file=second)
    for tail in (".csv", "_firms.csv", "_columns.csv"):
        written = (tmp_path / f"a{tail}").read_bytes()
        assert written == (tmp_path / f"b{tail}").read_bytes()
    files = export_panel(scenario(), path=0, seed=9, file=tmp_path / "c.parquet")
    cells = pd.read_parquet(files["cells"])
    assert list(cells) == list(PANEL_COLUMNS["cells"])
    text = pd.read_csv(first)
    assert text["deals_mcny"].to_numpy() == pytest.approx(cells["deals_mcny"].to_numpy())
    assert not list(tmp_path.glob(".*")), "no drafts are left"


def test_bad_input_ends_with_2_and_says_why(tmp_path):
    done = run("--panel", str(tmp_path / "a.xlsx"))
    assert done.exit_code == 2
    assert ".csv or .parquet" in done.output
    done = run("--set", "programmes.first_wave.start_quarter=0", "--out", str(tmp_path))
    assert done.exit_code == 2
    assert "an analyst needs a year before" in done.output
    assert not list(tmp_path.glob("*/manifest.json"))
    with pytest.raises(StoreError, match="panel"):
        export_panel(scenario(), path=0, seed=1, file=tmp_path / "none" / "a.csv")


def test_every_estimator_and_outcome_has_a_name_in_both_languages():
    names = labels()
    assert (
        {row.estimator for row in ROWS} == set(names["estimator"]) == set(names["estimator_short"])
    )
    assert {*OUTCOMES, *FIRM_OUTCOMES, "level", "log"} == set(names["evaluated"])


def test_views_show_every_row_and_signs(folder):
    frame = pd.DataFrame(
        {
            "estimator": ["twfe", "matching"],
            "outcome": ["deals_n", "survived"],
            "form": ["log", "level"],
            **{key: [0.05, -0.02] for key in ("truth", "estimate", "comparison")},
            **{key: [-0.01, 0.0] for key in ("bias", "luck", "spillover", "weighting")},
            **{key: [0.95, 0.05] for key in ("coverage", "power", "size")},
        }
    )
    for key in ("truth", "estimate", "comparison", "bias", "luck", "spillover", "weighting"):
        frame[f"{key}_se"] = 0.01
    texts = evaluation_sentences(frame)
    assert "told you +5±1 % (deals); the truth is +5±1 %" in texts[0]
    assert "in 95 of 100 histories" in texts[0]
    assert "told you -2±1 % (survival over three years)" in texts[2]
    assert len(evaluation_sentences(frame, "zh")) == 3
    for which, n in (("log", 2), ("level", 0), ("firms", 2)):
        assert evaluation_view(frame, which).row_count == n


@pytest.mark.slow
def test_in_the_market_twfe_is_too_low_by_its_weights_and_callaway_santanna_covers():
    """An effect that grows: the sign of theory, to four standard errors, and what spills over."""
    found = evaluate(load_scenario(FILE, ("run.scale=0.25",)), paths=24, seed=11)
    rows = evaluation_tables(found)["evaluation"].set_index(["estimator", "outcome", "form"])
    for form in ("level", "log"):
        twfe = rows.loc[("twfe", "deals_n", form)]
        assert twfe["truth"] > 4.0 * twfe["truth_se"]
        assert twfe["weighting"] < -4.0 * twfe["weighting_se"]
        assert twfe["comparison"] > 4.0 * twfe["comparison_se"], "untreated provinces gain, too"
        santanna = rows.loc[("cs_not_yet_treated", "deals_n", form)]
        assert santanna["weighting"] == 0.0
        assert abs(santanna["luck"]) < 4.0 * santanna["luck_se"], "trends are parallel"
        # Four standard errors below 90 in 100 of 24 histories.
        assert santanna["coverage"] >= 0.65
    chosen = rows.loc[("matching", "survived", "level")]
    assert chosen["luck"] > 4.0 * chosen["luck_se"]
    assert chosen["bias"] > chosen["truth"]
