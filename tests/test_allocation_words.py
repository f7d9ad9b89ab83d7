"""What an allocation says of itself: sentences over small tables, plans refused, time left."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from finmodel.allocate.back_solve import back_solve
from finmodel.cli.allocate_command import time_text
from finmodel.errors import ScenarioError
from finmodel.report.allocation_charts import allocation_charts
from finmodel.report.allocation_words import Teller, allocation_sentences, called_share
from finmodel.scenario.allocation_plan import load_allocation
from finmodel.study.allocate import most_units, read_allocation
from finmodel.study.allocate_play import MEASURES
from tests.test_allocate_command import plan, written


def tables(
    difference=0.0, se=0.0, shares=(0.7, 0.3), risk="kept", moved=False, value=0.0, error=0.0
):
    splits = [
        {"split": split, "cell": cell, "share": share, "is_moved": moved and split == "equal"}
        for split, own in (("expected", shares), ("equal", (0.5, 0.5)))
        for cell, share in zip(("SH", "AH"), own, strict=True)
    ]
    leads = dict.fromkeys(
        [f"{a}{b}" for a in ("lead_in_sample", "lead_fresh", "lead_optimism") for b in ("", "_se")],
        0.0,
    )
    worth = [
        {
            "split": name,
            "is_winner": name == "expected",
            "is_within_limits": True,
            "fresh": value,
            "fresh_se": error,
            "in_sample": value,
            "in_sample_se": error,
            **leads,
        }
        for name in ("expected", "equal")
    ]
    verdict = "better" if se and difference > 3 * se else "within noise"
    contrast = {
        "split": "expected",
        "against": "equal",
        "difference": difference,
        "se": se,
        "low": difference - 2 * se,
        "high": difference + 2 * se,
        "verdict": verdict,
        "paths_to_tell": 9.0,
    }
    risks = {"split": "expected", "limit": "tail", "future": "base", "verdict": risk}
    answer = {
        "question": "q",
        "vary": "budget_mcny_pa",
        "measure": "gap_closed_mcny",
        "goal": 5000.0,
        "probability": 0.8,
        "status": "found",
        "answer": 80000.0,
        "answer_low": 60000.0,
        "answer_high": float("nan"),
        "is_monotone": True,
        "chance_most": 0.9,
    }
    money = pd.DataFrame(splits)
    curve = [
        {
            "cell": cell,
            "is_here": n == 2,
            "per_bn_to_next": [np.nan, np.nan, 3.0, np.nan][n] if cell == "AH" else 2.0,
            "per_bn_to_next_se": 1.0,
        }
        for cell in ("SH", "AH")
        for n in range(4)
    ]
    edge = {"risk": 1e3, "risk_se": 1e2, "value": 5e3, "value_se": 1e3}
    return {
        "splits": money.assign(budget_mcny_pa=money["share"] * 1e4),
        "worth": pd.DataFrame(worth),
        "contrasts": pd.DataFrame([contrast]),
        "risks": pd.DataFrame([risks]),
        "answers": pd.DataFrame([answer]),
        "marginal": pd.DataFrame(curve),
        "frontier": pd.DataFrame([edge | {"is_efficient": True, "is_clearly_behind": False}]),
    }


MANIFEST = {
    "plan": {
        "objective": {"gap_closed_mcny": {"value": 1.0}},
        "frontier": {
            "measure": "public_npv_mcny",
            "kind": "cvar",
            "level": 0.9,
            "threshold": 0.0,
        },
    },
    "budget_mcny_pa": 1e4,
}


def said(lang="en", **of):
    return " ".join(allocation_sentences(tables(**of), MANIFEST, lang))


def test_an_objective_that_nothing_moves_is_no_equal_split():
    text = said()
    assert "It is the equal split" not in text
    assert "nothing here tells the two apart" in text
    assert "does not change the objective by more than noise" in text
    assert "It is the equal split" in said(shares=(0.5, 0.5))


@pytest.mark.parametrize(
    ("value", "error", "lang", "text"),
    [
        (-2800.0, 500.0, "en", "the gap WIDENS by 2.8±0.5"),
        (-2800.0, 500.0, "zh", "缺口反而扩大2.8±0.5"),
        (2800.0, 500.0, "en", "the gap closes by 2.8±0.5"),
        (2800.0, 500.0, "zh", "缺口缩小2.8±0.5"),
        (-2800.0, 1500.0, "en", "the gap WIDENS by 2.8±1.5 (not told from zero)"),
        (-2800.0, 1500.0, "zh", "缺口反而扩大2.8±1.5（无法与零区分）"),
        (0.0, 0.0, "en", "nothing changes"),
    ],
)
def test_the_way_of_the_gap_is_said_in_words(value, error, lang, text):
    assert text in said(lang, value=value, error=error)


@pytest.mark.parametrize(("paths", "is_none"), [(400, False), (4, True)])
def test_no_effect_is_told_by_the_rule_of_all_pages(paths, is_none):
    """2.7 errors are told by many paths and not by few; 2.2 by none."""
    manifest = {**MANIFEST, "plan": {**MANIFEST["plan"], "run": {"fresh_paths": paths}}}

    def text(value):
        return " ".join(allocation_sentences(tables(value=value, error=1.0), manifest, "en"))

    assert ("by more than noise (99 %)" in text(2.7)) == is_none
    assert "by more than noise (99 %)" in text(2.2)


def test_a_limit_broken_on_other_luck_is_said_in_a_sentence():
    assert "breaks a limit on risk: tail (As it stands)" in said(risk="broken")
    assert "not clear whether it keeps to a limit on risk: tail" in said(risk="unclear")
    assert "limit on risk" not in said()
    assert "违反风险约束：tail" in said("zh", risk="broken")


def test_an_equal_split_that_was_moved_is_not_called_plain():
    assert "nearest allowed one stands in" in said(difference=9.0, se=1.0, moved=True)
    assert "nearest allowed one stands in" not in said(difference=9.0, se=1.0)


def test_a_budget_that_answers_is_in_billions():
    assert "budget in bn CNY a year of 80 (60 to outside)" in said()


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_charts_show_every_split_and_cell(lang):
    teller = Teller(tables(moved=True), MANIFEST, lang)
    charts = allocation_charts(teller)
    assert len(charts) == 3
    for chart in charts:
        assert "<svg" in chart["svg"]
        assert "NaN" not in chart["svg"]
    assert teller.name("expected") in charts[0]["svg"]
    assert teller.name("equal") + "*" in charts[0]["svg"]
    assert teller.words["next_money"] in charts[1]["svg"]


def test_limits_on_the_wrong_end_are_refused(tmp_path):
    tail = plan()["risks"]["tail"]
    tree = plan(
        risks={"a": {**tail, "kind": "chance", "most": 5.0}, "b": {**tail, "measure": "gap_mcny"}}
    )
    tree["questions"]["q"]["measure"] = "gap_n"
    with pytest.raises(ScenarioError) as caught:
        load_allocation(written(tmp_path, tree), measures=MEASURES)
    text = str(caught.value)
    for part in ("risks.a.most", "a chance, 0 to 1", "gap_closed_mcny", "gap_closed_n"):
        assert part in text


def test_a_chance_that_turns_is_not_said_to_be_out_of_reach():
    # Half a budget reaches it on every path, none and all of it on none.
    found = back_solve(
        lambda x: np.full(200, 1.0 if 0.4 < x < 0.6 else 0.0),
        between=(0.0, 1.0),
        goal=1.0,
        probability=0.9,
    )
    assert found.status == "unclear"
    assert not found.is_monotone


def test_units_are_counted_ahead_and_time_is_rounded_up(tmp_path):
    found = read_allocation(written(tmp_path, plan()))
    least = 2 * (3 + 3 + 1)  # two futures, three rules, three of the design, the baseline
    assert most_units(found, 4) > least
    assert time_text(61.0) == "2 min"
    assert time_text(3 * 3600.0) == "3 h"


@pytest.mark.parametrize("sectors", [["biomedicine", "retail"], []])
@pytest.mark.parametrize("slots", [("short", "long"), ("long", "short"), ("short",)])
def test_the_part_called_is_of_each_programmes_own_quarters(slots, sectors):
    quarters = {"short": 4, "long": 40}
    names = [f"{slot}_{sector}" if sector else slot for slot in slots for sector in sectors or [""]]
    cells = [
        ":".join([*([slot] if len(slots) > 1 else []), *([sector] if sector else []), "SH"])
        for slot in slots
        for sector in sectors or [""]
    ]
    money = 100.0 * np.arange(1, len(cells) + 1)
    given = pd.DataFrame({"cell": [*cells, "unspent"], "budget_mcny_pa": [*money, 1e6]})
    lengths = {name: quarters[name.split("_")[0]] for name in names}
    years = np.array(list(lengths.values())) / 4
    manifest = {
        "plan": {**MANIFEST["plan"], "slots": {key: {} for key in slots}, "sectors": sectors},
        "scenario": {"programmes": {n: {"quarters": {"value": q}} for n, q in lengths.items()}},
    }
    outlay = {"split": "expected", "measure": "public_outlay_mcny"}
    outlay["change"] = 0.09 * float(money @ years)
    of = tables() | {
        "splits": given.assign(split="expected"),
        "measures": pd.DataFrame([outlay]),
    }
    assert called_share(Teller(of, manifest, "en")) == "9%"
