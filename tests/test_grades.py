"""How much of a result is assumed: counted as the workbook does, and told which of it matters."""

import pandas as pd
import pytest

from finmodel.report.grades import MOST_NAMED, grade_sentences, moving, scenario_name, tally
from finmodel.report.memo import memo_page
from finmodel.report.result import Result, inputs_of
from tests.stored_cases import EN, NAN, ZH, comparison, run


def study(rows=None, scenario="../yrd_baseline.toml", **about):
    """A sensitivity study of four numbers, one of which is no assumption."""
    rows = rows or [
        ("", "gap_mcny", "capital", -9.0, 1.0),
        ("", "gap_mcny", "meetings", 6.0, 1.0),
        ("", "gap_mcny", "noise", 8.0, 3.0),
        ("", "gap_rate_mcny", "noise", NAN, NAN),
        ("aid", "net_n", "skill", 2.0, 0.5),
        ("aid", "net_n", "meetings", -1.0, 0.3),
    ]
    tornado = pd.DataFrame(rows, columns=["policy", "outcome", "name", "swing", "swing_se"])
    numbers = pd.DataFrame({"name": ["capital", "meetings", "noise", "skill"]})
    numbers["grade"] = ["commercial", "assumed", "assumed", "assumed"]
    manifest = {"title_en": "What it rests on", "title_zh": "取决于什么", **about}
    manifest = {"paths": 12, **manifest, "plan": {"scenario": scenario}}
    return Result(manifest, {"tornado": tornado, "numbers": numbers}, "published", "s")


def counted(inputs):
    return inputs["grade"].value_counts().to_dict()


def test_numbers_are_counted_as_the_workbook_lists_them():
    for result in (run(), comparison()):
        found = tally(result)
        assert {grade: n for grade, n in found.items() if n} == counted(inputs_of(result))
    own = {key: value for key, value in run().manifest.items() if key != "grades"}
    assert tally(Result(own, run().tables, "yours", "x")) == tally(run())
    assert tally(Result(own, {}, "yours", "x")) == tally(run())
    assert sum(tally(comparison()).values()) == sum(tally(run()).values()) + 1


def test_a_batch_counts_its_baseline_first():
    base, aid = comparison().manifest["scenarios"]
    trees = {"aid": aid, "base": base}
    batch = Result({"scenarios": trees, "baseline": "base"}, {}, "yours", "x")
    assert tally(batch) == tally(comparison())


def test_a_result_without_its_numbers_says_so_and_a_study_says_what_it_varied():
    plain = Result({"name": "x"}, {}, "yours", "x")
    assert tally(plain) is None
    assert "not stored" in grade_sentences(plain, [study()], EN)[0]
    assert grade_sentences(study(), [], EN) == [
        "3 of the 4 numbers varied here are assumptions (grade C)."
    ]


@pytest.mark.parametrize("grades", [{"assumed": "many"}, {"assumed": None}, [1], "x"])
def test_a_manifest_that_was_changed_is_not_believed(grades):
    assert tally(Result({"grades": grades}, {}, "yours", "x")) is None


def test_only_assumptions_that_are_told_are_named_the_strongest_first():
    assert moving(study(), is_policy=False) == ["meetings"]
    assert moving(study(), is_policy=True) == ["skill", "meetings"]
    run_says = grade_sentences(run(), [study()], EN)
    assert run_says[1].endswith("move its answers most: “meetings”.")
    assert "What it rests on" in run_says[1]
    assert "“skill”, “meetings”" in grade_sentences(comparison(), [study()], EN)[1]
    assert "“skill”、“meetings”" in grade_sentences(comparison(), [study()], ZH)[1]
    many = [("", "gap_mcny", f"n{n}", float(n), 0.1) for n in range(9)]
    numbers = pd.DataFrame({"name": [f"n{n}" for n in range(9)], "grade": "assumed"})
    wide = study(many)
    wide.tables["numbers"] = numbers
    assert grade_sentences(run(), [wide], EN)[1].count(", ") == MOST_NAMED
    none = study([("", "gap_mcny", "meetings", 6.0, 2.0)])
    assert "tells none" in grade_sentences(run(), [none], EN)[1]


def test_told_is_what_all_pages_call_told():
    """Student's law at 99 % with 12 futures asks for 3.1 errors; 95 % of a normal law for 2."""
    rows = [("", "gap_mcny", "meetings", 3.0, 1.0), ("", "gap_mcny", "noise", 3.2, 1.0)]
    assert moving(study(rows), is_policy=False) == ["noise"]
    assert moving(study(rows, paths=2000), is_policy=False) == ["noise", "meetings"]


def test_a_study_of_another_scenario_says_nothing_and_a_foreign_one_does_no_harm():
    assert scenario_name(run()) == scenario_name(comparison()) == scenario_name(study())
    assert len(grade_sentences(run(), [study(scenario="other.toml")], EN)) == 1
    foreign = Result(study().manifest, {"tornado": pd.DataFrame({"a": [1]})}, "yours", "x")
    foreign.tables["numbers"] = pd.DataFrame({"name": ["a"]})
    assert moving(foreign, is_policy=False) == []


def test_the_memo_names_them():
    page = memo_page(comparison(), EN, [study()])
    assert "“skill”, “meetings”" in page
    assert "skill" not in memo_page(comparison(), EN)
