"""`finmodel allocate`: plans, splits as programmes, the whole command on a small market."""

from __future__ import annotations

import json
import re

import numpy as np
import pandas as pd
import pytest
import tomli_w
from typer.testing import CliRunner

from finmodel.cli.main import app
from finmodel.errors import ScenarioError
from finmodel.report.allocation import allocation_page, allocation_parts
from finmodel.report.allocation_words import allocation_sentences, number_text
from finmodel.scenario import digest, load_scenario
from finmodel.scenario.allocation_plan import load_allocation
from finmodel.store import read_manifest
from finmodel.study.allocate import read_allocation
from finmodel.study.allocate_play import MEASURES, Player, futures_of
from finmodel.study.allocate_presets import allowed_splits, vehicles
from finmodel.variables import labels
from tests.conftest import PLAIN, ROOT, YRD

GOALS = sorted((ROOT / "scenarios" / "goals").glob("*.toml"))


def plan(**changes):
    tree = {
        "schema_version": 1,
        "scenario": "short.toml",
        "regions": ["SH", "AH"],
        "budget_mcny_pa": 40000.0,
        "least_spent": 0.8,
        "marginal_step": 0.1,
        "criteria": ["expected", "maximin"],
        "meta": {"name": "small", "title_en": "Small", "title_zh": "小", "question": "Which?"},
        "template": {
            "level": "provincial",
            "vehicle": "direct",
            "like": "guided_subfund",
            "state_share": 1.0,
            "fund_size_mcny": 50.0,
            "mandate": {"A": 0.5, "B": 0.5},
        },
        "slots": {
            "early": {
                "label_en": "Early",
                "label_zh": "早期",
                "programme": {"mandate": {"lab": 0.5, "angel": 0.5}, "vehicle": "grant"},
            },
            "later": {"label_en": "Later", "label_zh": "后期"},
        },
        "limits": {"early": {"slots": ["early"], "low": 0.3, "high": 1.0}},
        "objective": {"gap_closed_mcny": 1.0},
        "risks": {
            "tail": {
                "measure": "public_npv_mcny",
                "kind": "cvar",
                "most": 1e6,
                "threshold": 0.0,
                "level": 0.75,
            }
        },
        "futures": {
            "named": {"dry": {"note": "n", "changes": {"capital.total_mcny_pa": 500000.0}}}
        },
        "run": {
            "scale": 0.005,
            "first_paths": 4,
            "paths": 8,
            "fresh_paths": 8,
            "seed": 1,
            "fresh_seed": 100,
        },
        "search": {"design": 3, "rounds": 1, "batch": 1, "finalists": 1, "seed": 1},
        "frontier": {"measure": "public_npv_mcny", "kind": "cvar", "points": 2},
        "questions": {
            "q": {
                "vary": "budget_mcny_pa",
                "low": 1000.0,
                "high": 40000.0,
                "measure": "gap_closed_mcny",
                "goal": 1e9,
                "probability": 0.5,
            }
        },
    }
    return tree | changes


def written(folder, tree):
    short = {"extends": str(PLAIN), "run": {"years": 3, "warm_up_years": 3}}
    (folder / "short.toml").write_text(tomli_w.dumps(short), encoding="utf-8")
    file = folder / "goal.toml"
    file.write_text(tomli_w.dumps(tree), encoding="utf-8")
    return file


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    folder = tmp_path_factory.mktemp("allocation")
    file = written(folder, plan())
    page = folder / "page.html"
    arguments = ["allocate", str(file), "--out", str(folder / "out"), "--page", str(page)]
    return CliRunner().invoke(app, arguments), arguments, page


def folder_of(text):
    return re.search(r"(?:Stored: |Found again: |已存入：|沿用已有结果：)(\S+)", text).group(1)


def test_the_command_tells_stores_and_finds_again(done):
    answer, arguments, page = done
    assert answer.exit_code == 0, answer.output
    assert "Best in expectation" in answer.stdout
    assert "reaches Gap closed" in answer.stdout
    again = CliRunner().invoke(app, [*arguments, "--lang", "zh"])
    assert "沿用已有结果" in again.stdout
    assert folder_of(again.stdout) == folder_of(answer.stdout)
    assert "期望最优" in page.read_text(encoding="utf-8")
    assert "finmodel " in page.read_text(encoding="utf-8")
    as_json = json.loads(CliRunner().invoke(app, [*arguments, "--json"]).stdout)
    assert as_json["is_reused"]
    assert as_json["answers"][0]["status"] == "none"


def test_every_stored_split_is_allowed(done):
    from pathlib import Path

    answer, arguments, _ = done
    folder = Path(folder_of(answer.stdout))
    allowed = allowed_splits(read_allocation(arguments[1]))
    tried = pd.read_parquet(folder / "tried.parquet")
    shares = tried[[name for name in tried.columns if name.startswith("share_")]].to_numpy()
    assert allowed.contains(shares).all()
    splits = pd.read_parquet(folder / "splits.parquet")
    assert splits.groupby("split")["share"].sum().to_numpy() == pytest.approx(1.0)
    worth = pd.read_parquet(folder / "worth.parquet")
    assert np.allclose(worth["in_sample"] - worth["fresh"], worth["optimism"])
    assert (worth["in_sample"] != worth["fresh"]).all()  # other luck, as many paths
    futures = pd.read_parquet(folder / "futures.parquet")
    assert futures.groupby("future")["regret"].min().to_numpy() == pytest.approx(0.0)
    best = futures.groupby("future")["value"].transform("max")
    assert np.allclose(futures["regret"], best - futures["value"])
    worst = futures.groupby("split")["value"].min()
    assert np.allclose(futures["criterion_maximin"], worst[futures["split"]].to_numpy())
    # Weighted measures of a split add to its objective.
    measures = pd.read_parquet(folder / "measures.parquet")
    total = (measures["weight"] * measures["change"]).groupby(measures["split"]).sum()
    assert total[worth["split"]].to_numpy() == pytest.approx(worth["fresh"].to_numpy())


def test_both_languages_say_the_same_numbers(done):
    from pathlib import Path

    from finmodel.cli.output import StoredTables

    folder = Path(folder_of(done[0].stdout))
    tables, manifest = StoredTables(folder), read_manifest(folder)
    said = {lang: " ".join(allocation_sentences(tables, manifest, lang)) for lang in ("en", "zh")}
    numbers = {lang: sorted(re.findall(r"-?\d+\.\d+", text)) for lang, text in said.items()}
    assert numbers["en"] == numbers["zh"]
    rows = [[part.rows for part in allocation_parts(tables, manifest, x)] for x in ("en", "zh")]
    assert [len(item) for item in rows[0]] == [len(item) for item in rows[1]]
    assert "<script" not in allocation_page(tables, manifest, "en")


def test_no_money_is_the_baseline(tmp_path):
    found = read_allocation(written(tmp_path, plan()))
    nothing = found.scenario_of(np.zeros(len(found.cell_names)))
    assert digest(nothing) == digest(found.base)
    player = Player(found, futures_of(found), tmp_path, 1, 4)
    assert not player(np.eye(5)[[4]], range(0, 4)).any()


def test_money_goes_where_the_split_says(tmp_path):
    found = read_allocation(written(tmp_path, plan()))
    made = found.scenario_of([0.1, 0.3, 0.2, 0.0, 0.4]).programmes
    assert made["early"].budget_mcny_pa.centre == pytest.approx(16000.0)
    assert made["early"].region_share["AH"].centre == pytest.approx(0.75)
    assert made["later"].budget_mcny_pa.centre == pytest.approx(8000.0)
    assert list(made["later"].region_share) == ["SH"]
    assert made["early"].vehicle == "grant"
    changed = found.scenario_of(
        [0.5, 0.0, 0.5, 0.0], changes={"budget_mcny_pa": 10.0, "hard_tech_weight": 3.0}
    )
    assert changed.programmes["later"].budget_mcny_pa.centre == pytest.approx(5.0)
    assert changed.programmes["later"].hard_tech_weight.centre == 3.0
    counts = vehicles(found, np.array([0.0, 0.0, 0.5, 0.0, 0.0]))
    assert np.isnan(counts[0])
    assert counts[2] == pytest.approx(0.5 * 40000.0 * 5.0 * 0.005 / 50.0)


def test_luck_does_not_depend_on_how_it_is_cut(tmp_path):
    found = read_allocation(written(tmp_path, plan()))
    player = Player(found, futures_of(found), tmp_path, 1, 4)
    split = np.array([[0.2, 0.2, 0.3, 0.3, 0.0]])
    whole = player(split, range(0, 8))
    assert whole.shape == (1, 2, 8, len(MEASURES))
    assert (whole[:, :, 4:] == player(split, range(4, 8))).all()


@pytest.mark.parametrize("file", GOALS, ids=lambda file: file.stem)
def test_shipped_goals_are_valid(file):
    found = read_allocation(file)
    assert allowed_splits(found).n_cells == len(found.cell_names)
    assert digest(found.base.model_copy(update={"programmes": {}})) == digest(
        load_scenario(YRD, [f"run.scale={found.plan.run.scale}"])
    )


def test_every_problem_of_a_plan_is_named(tmp_path):
    tree = plan(
        regions=["SH", "XX"],
        objective={"gap_closed_mcnx": 1.0},
        current={"SH": 0.5, "YY": 0.4},
    )
    tree["run"] = tree["run"] | {"paths": 9, "fresh_seed": 2}
    tree["limits"] = {"early": {"slots": ["erly"], "low": 0.6, "high": 0.5}}
    tree["questions"]["q"] |= {"vary": "budget_mcny", "low": 5.0, "high": 1.0}
    tree["futures"]["named"]["dry"]["changes"] = {"capital.total_mcny": 1.0}
    with pytest.raises(ScenarioError) as caught:
        load_allocation(written(tmp_path, tree), measures=MEASURES)
    text = str(caught.value)
    for part in (
        "regions: got 'XX'",
        "did you mean 'gap_closed_mcny'",
        "did you mean 'early'",
        "low at most high",
        "'YY'",
        "shares that add to 0.9",
        "a multiple of first_paths, 4",
        "seeds that no search uses",
        "did you mean 'budget_mcny_pa'",
        "less than high",
        "capital.total_mcny_pa",
    ):
        assert part in text, part


def test_a_clause_out_of_range_is_refused_with_its_place(tmp_path):
    tree = plan()
    tree["template"] |= {"ticket_share": 3.0}
    with pytest.raises(ScenarioError, match="ticket_share"):
        load_allocation(written(tmp_path, tree), measures=MEASURES)


def test_numbers_keep_the_digits_their_error_supports():
    assert number_text(-0.04, 1.2) == "0.0±1.2"
    assert number_text(12.34, 0.47) == "12.3±0.5"
    assert number_text(-1234.5, 300.0) == "-1,234±300"
    assert number_text(float("nan"), 1.0) == "-"
    assert number_text(3.0, 0.0) == "3"


def test_labels_of_the_allocation_have_the_same_holes():
    for texts in labels()["allocation"].values():
        holes = [sorted(re.findall(r"{(\w+)}", texts[lang])) for lang in ("en", "zh")]
        assert holes[0] == holes[1]
