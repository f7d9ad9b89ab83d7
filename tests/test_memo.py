"""The memo: of a run and a comparison, in both languages, with what is not known left open."""

import json
import re
from dataclasses import replace

import pandas as pd
import pytest

from finmodel.datasets.root import scenarios_root
from finmodel.report.captions import memo as captions
from finmodel.report.memo import memo_of, memo_page, title_of
from finmodel.report.memo_money import money_tested
from finmodel.report.pdf import PdfError, missing_for_pdf, pdf_of
from finmodel.report.result import Result, grade_tally, inputs_of, kind_of, sources_used
from finmodel.report.wording import Wording
from finmodel.scenario import load_scenario
from tests.stored_cases import EN, NAN, ZH, comparison, run, with_rows


@pytest.mark.parametrize("words", [EN, ZH])
@pytest.mark.parametrize("made", [run, comparison])
def test_a_memo_stands_for_itself(made, words):
    result = made()
    page = memo_page(result, words)
    assert page.count("<svg") == len(memo_of(result, words).figures) > 0
    assert "<script" not in page
    assert not re.search(r"(src|href)\s*=", page)
    for text in (words.text("memo", "advice"), words.text("app", "published"), result.key):
        assert text in page
    for head in ("error_head", "chance_head", "ignorance_head"):
        assert f"<dt>{words.text('memo', head)}</dt>" in page
    assert "finmodel" in page
    assert "nan" not in re.sub(r"<svg.*?</svg>", "", page, flags=re.DOTALL).lower().split()
    # A caption is the text alternative of its chart.
    assert page.count('role="img" aria-label=') == page.count("<figcaption>")


def test_texts_of_a_scenario_cannot_become_markup():
    result = run(title_en="<b onload=x>")
    assert "<b onload" not in memo_page(result, EN)


def test_own_results_are_called_so():
    result = run()
    own = Result(result.manifest, result.tables, "yours", result.key)
    page = memo_page(own, EN)
    assert "Your own" in page
    assert "Published" not in page


def test_without_viable_needs_the_answer_says_so_and_nothing_is_drawn():
    columns = {name: NAN for name in run().tables["gap_total"] if name.startswith("gap_rate")}
    tables = {name: table.assign(**columns) for name, table in run().tables.items()}
    tables["assumptions"] = run().tables["assumptions"]
    result = Result(run().manifest, tables, "published", "x")
    memo = memo_of(result, EN)
    assert memo.figures == []
    assert "no gap" in memo.answer[0]
    memo_page(result, ZH)


def test_one_future_has_no_error():
    tables = dict(run().tables)
    tables["gap_total"] = tables["gap_total"].assign(gap_mcny_se=NAN)
    memo = memo_of(Result(run().manifest, tables, "published", "x"), EN)
    assert "One future alone" in memo.sure[0][1]


@pytest.mark.parametrize(
    ("change", "error", "said"),
    [
        (-1000.0, 100.0, "falls by 1.0 ± 0.1 bn CNY"),
        (1000.0, 100.0, "RISES by"),
        (-100.0, 100.0, "told from zero"),
        (0.0, 0.0, "does not change"),
        (-100.0, NAN, "told from zero"),
        (NAN, NAN, "not known"),
    ],
)
def test_a_policy_s_answer_is_as_sure_as_its_error(change, error, said):
    tables = comparison().tables
    outcomes = with_rows(tables["outcomes"], change=change, change_se=error)
    text = captions.policy_answer("aid", outcomes, tables["effects"], EN)
    assert said in text
    assert captions.policy_answer("aid", outcomes, tables["effects"], ZH)


def test_what_is_told_is_so_on_every_page_and_by_the_paths_there_are():
    """Memo, workbook and pages of one result have one rule: Student's law at 99 %."""
    named = comparison().named(EN)
    assert named.paths == comparison().manifest["paths"]
    assert replace(EN, paths=60).is_told(-2.67, 1.0)
    assert not replace(EN, paths=60).is_told(2.65, 1.0)
    assert not replace(EN, paths=2).is_told(60.0, 1.0)
    assert not replace(EN, paths=1).is_told(1e9, 1.0)
    assert EN.is_told(2.58, 1.0)
    assert not EN.is_told(1.0, NAN)
    assert not EN.is_told(1.0, 0.0)  # paths that are all alike show no error


def test_stages_are_told_apart_only_beyond_error():
    table = run().tables["gap_stage"]
    assert "does not explain" in captions.by_stage(table.assign(gap_mcny_se=1e-9), EN)
    assert "could explain" in captions.by_stage(table.assign(gap_mcny_se=1e9), EN)
    assert "Only" in captions.by_stage(table.tail(1), EN)
    assert captions.by_stage(table.iloc[:0], ZH) == ""


def test_public_money_that_is_none_or_unknown_is_said():
    tables = comparison().tables
    nothing = with_rows(tables["public"], value=0.0, se=0.0)
    numbers = captions.policy_numbers("aid", tables["outcomes"], tables["effects"], nothing, EN)
    of = {number.label: number for number in numbers}
    assert of["Public money called, all years"].range == "no public money is spent"
    assert "Public money returned by the end" not in of
    unknown = with_rows(tables["public"], value=NAN)
    numbers = captions.policy_numbers("aid", tables["outcomes"], tables["effects"], unknown, ZH)
    worth = next(number for number in numbers if number.label == "财政净现值")
    assert (worth.value, worth.range) == ("–", "未知")


FUNDED = [("aid", "all", "funded_viable_n", 2044.0, 2050.0, 6.3, 1.4, -9.0, 23.0)]


@pytest.mark.parametrize(
    ("words", "first", "counts", "called", "loss"),
    [
        (
            EN,
            "More capital: viable needs funded rises by 6 ± 1 a year",
            "change by 6 ± 1 a year in the whole market, and its chain of effects adds 15 ± 1",
            "Public money called and cost of levers, all years",
            "unsold holdings count at their marks",
        ),
        (
            ZH,
            "已满足的可行需求每年增加6 ± 1",
            "每年变化6 ± 1项",
            "财政实缴与政策工具成本（全期）",
            "按估值",
        ),
    ],
)
def test_a_memo_leads_with_both_outcomes_and_says_why_two_counts_differ(
    words, first, counts, called, loss
):
    result = comparison()
    outcomes = result.tables["outcomes"]
    outcomes = pd.concat([pd.DataFrame(FUNDED, columns=outcomes.columns), outcomes])
    tables = {**result.tables, "outcomes": outcomes}
    memo = memo_of(Result(result.manifest, tables, "published", "x"), words)
    assert first in memo.answer[0][: len(first) + 8]  # before the gap
    assert ("overview" if words is EN else "总览") in memo.sure[0][1]  # why its gap is another
    assert counts in memo.answer[1]
    numbers = memo.sections[0].numbers
    assert numbers[0].value == "6 ± 1"
    assert called in [number.label for number in numbers]
    assert numbers[-1].range.endswith(loss) or loss in numbers[-1].range
    of = {number.label: number for number in numbers}
    held = words.text("memo", "n_held")
    assert held in of
    assert words.text("memo", "n_returned") in of
    assert "nan" not in [number.value for number in numbers]


def test_money_called_is_not_said_to_be_a_cost_where_no_lever_costs():
    tables = comparison().tables
    public = tables["public"]
    public = public.assign(value=public["value"].where(public["measure"] != "lever_cost_mcny", 0.0))
    numbers = captions.policy_numbers("aid", tables["outcomes"], tables["effects"], public, EN)
    labels = [number.label for number in numbers]
    assert "Public money called, all years" in labels
    assert not any("cost" in label.lower() for label in labels)


def test_inputs_of_a_comparison_are_the_baseline_s_and_what_differs():
    inputs = inputs_of(comparison())
    assert list(inputs["scenario"].unique()) == ["yrd_baseline", "aid"]
    assert set(inputs.loc[inputs["scenario"] == "aid", "name"]) == {"capital.total_mcny_pa"}
    assert sum(grade_tally(inputs).values()) == len(inputs)


def test_inputs_that_this_version_cannot_read_are_not_counted():
    result = comparison()
    broken = {**result.manifest, "scenarios": [{"meta": {"name": "old"}}]}
    page = memo_page(Result(broken, result.tables, "yours", "x"), EN)
    assert "cannot read the stored inputs" in page


def test_sources_are_those_that_numbers_name():
    found = sources_used(inputs_of(run()))
    assert "assumption" not in set(found["source_id"])
    assert found.set_index("source_id").loc["S086", "title"]
    odd = inputs_of(run()).assign(source="NOWHERE")
    assert list(sources_used(odd)["title"]) == [""]


def test_another_result_has_no_memo():
    assert kind_of({"coverage"}) is None


@pytest.mark.parametrize(
    ("missing", "language", "said"),
    [
        ("no_weasyprint", "en", "pip install"),
        ("no_pango", "zh", "Pango"),
        ("no_font", "zh", "fonts-noto-cjk"),
    ],
)
def test_what_a_pdf_lacks_is_said(monkeypatch, missing, language, said):
    monkeypatch.setattr("finmodel.report.pdf.missing_for_pdf", lambda _: missing)
    with pytest.raises(PdfError, match=said):
        pdf_of("<p>x</p>", language)


def test_a_missing_font_stops_chinese_alone(monkeypatch):
    monkeypatch.setattr("finmodel.report.pdf._has_pango", lambda: True)
    monkeypatch.setattr("finmodel.report.pdf.importlib.util.find_spec", lambda _: object())
    monkeypatch.setattr("finmodel.report.pdf.has_chinese_font", lambda: False)
    assert missing_for_pdf("en") is None
    assert missing_for_pdf("zh") == "no_font"
    monkeypatch.setattr("finmodel.report.pdf._has_pango", lambda: False)
    assert missing_for_pdf("en") == "no_pango"


@pytest.mark.skipif(missing_for_pdf("zh") is not None, reason="no WeasyPrint, Pango or font here")
def test_a_chinese_pdf_holds_its_font_and_fetches_nothing():
    data = pdf_of(
        '<html lang="zh"><p>资金缺口<img src="http://127.0.0.1:9/x.png"></p></html>', "zh"
    )
    assert data.startswith(b"%PDF")
    assert len(data) > 3000  # an embedded font


def test_the_unit_of_money_is_the_reader_s():
    run_result = run()
    assert "99 bn CNY" in memo_page(run_result, Wording("en", "bn"))
    assert "990亿元" in memo_page(run_result, Wording("zh", "yi"))


def guided(**changes):
    """A comparison of one policy with a programme: what a guidance lab's memo is made of."""
    result = comparison()
    base, aid = (json.loads(json.dumps(tree)) for tree in result.manifest["scenarios"])
    preset = load_scenario(scenarios_root() / "policy_pro_rata.toml").model_dump(mode="json")
    aid["programmes"] = preset["programmes"]
    programme = aid["programmes"]["joint_fund"]
    programme["region_share"]["SH"]["value"] = 0.0
    programme["region_share"]["JS"]["value"] = 0.68
    programme["budget_mcny_pa"] |= changes
    return Result({**result.manifest, "scenarios": [base, aid]}, result.tables, "yours", "x")


def test_a_memo_names_the_money_that_was_tested_and_leaves_out_who_gets_none():
    page = memo_page(guided(value=10000.0), EN)
    assert "10.0 bn CNY a year on offer, for 5 years." in page
    assert "Jiangsu 6.80 bn CNY (68%); Zhejiang 2.55 bn CNY (25.5%)" in page
    assert "Shanghai 0" not in page
    assert "A round 42%" in page
    assert "每年拟投入100亿元" in memo_page(guided(value=10000.0), ZH)
    belief = {"dist": "lognormal", "median": 5000.0, "log_sd": 0.1}
    belief |= {"low": 4000.0, "high": 6250.0}
    (money,) = money_tested(guided(value=belief), EN)
    assert money.total.startswith("5.00 bn CNY")


def test_money_that_cannot_be_read_is_left_out_and_the_memo_is_made():
    assert money_tested(run(), EN) == []
    assert money_tested(comparison(), EN) == []
    assert money_tested(guided(value="much"), EN) == []
    assert "The money that was tested" not in memo_page(guided(value="much"), EN)


def changed(*sets, paths=6):
    result = comparison()
    command = ["finmodel", "compare", "a.toml", "b.toml"]
    for text in sets:
        command += ["--set", text]
    about = {**result.manifest, "command": command, "paths": paths}
    return Result(about, result.tables, "yours", "0123456789abcdef")


def test_a_memo_of_a_changed_programme_says_what_was_changed_and_that_it_is_a_preview():
    result = changed(
        "programmes.aid.budget_mcny_pa=7000.0",
        "programmes.aid.state_share=0.4",
        "programmes.aid.region_share.AH=0.25",
        "stages.A.milestone_rate_pa=0.3",
        "note=<b>",
    )
    words = Wording("en", "bn")
    # Three numbers are the policy's own, two the baseline's: neither is called by the other's.
    assert title_of(result, words) == (
        "Effect of “More capital, edited (3)” on: Yangtze River Delta, baseline, "
        "with 2 numbers changed"
    )
    page = memo_page(result, words)
    for said in (
        "7 bn CNY a year",
        "largest public part of a fund: 40%",
        "part of the money for Anhui: 25%",
        "A round: milestones a year: 0.3 per year <small>stages.A.milestone_rate_pa",
        "Made of 6 futures: a preview.",
        "&lt;b&gt;",
    ):
        assert said in page, said
    assert "70亿元" in memo_page(result, Wording("zh", "yi")) or "70.0亿元" in memo_page(
        result, Wording("zh", "yi")
    )


def test_a_memo_of_what_is_shipped_speaks_of_no_change_and_no_preview():
    words = Wording("en", "bn")
    page = memo_page(changed(paths=60), words)
    assert "changed" not in title_of(changed(paths=60), words)
    assert "Changed against" not in page
    assert "a preview" not in page


@pytest.mark.parametrize(("words", "said"), [(EN, "in Anhui, where"), (ZH, "在安徽每年募集")])
def test_more_private_money_than_there_is_stands_in_the_memo(words, said):
    result = comparison()
    assert said not in memo_page(result, words)
    fund = load_scenario(scenarios_root() / "policy_joint_delta_fund.toml")
    tree = fund.model_dump(mode="json")
    tree["meta"]["name"] = "aid"
    about = {**result.manifest, "scenarios": [result.manifest["scenarios"][0], tree]}
    page = memo_page(Result(about, result.tables, "published", "x"), words)
    assert said in page
    assert page.index(said) < page.index("<figcaption>")
