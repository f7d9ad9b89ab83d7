"""What is passed on says what it is: pictures, tables, names of files."""

import io
import json
import re
from dataclasses import replace
from xml.etree import ElementTree

import altair as alt
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from finmodel.report.changes import FEW_FUTURES
from finmodel.report.charts import png_of, svg_of
from finmodel.report.charts.grid import province_grid
from finmodel.report.charts.theme import FOOT_LINE, PNG_SCALE, broken, with_foot, with_line
from finmodel.report.exports import csv_bytes
from finmodel.report.mark import COLUMN, badge_of, file_name, mark_line, mark_lines, marked
from finmodel.ui import parts, policy_results
from finmodel.ui.state import View
from tests.app.opening import open_page
from tests.stored_cases import EN, ZH, comparison, run

SET = ["finmodel", "run", "x.toml", "--set", "run.years=3"]


def chart():
    return province_grid(run().tables["gap_region"], run().named(EN), "caption")


@pytest.mark.parametrize(
    ("result", "badge"),
    [
        (run(), "baseline"),
        (run(command=SET), "published"),
        (comparison(), "published"),
        (replace(run(), origin="yours"), "sandbox"),
        (replace(comparison(), origin="yours"), "sandbox"),
        (None, "sandbox"),
    ],
)
def test_a_result_has_one_badge(result, badge):
    assert badge_of(result) == badge
    for words in (EN, ZH):
        name = words.text("mark", badge)
        assert mark_lines(result, words)[0].startswith(name)
        assert mark_line(result, words).startswith(name)
        assert f"_{badge}_" in file_name("gap", result, words.language, "png")


@pytest.mark.parametrize("words", [EN, ZH])
def test_the_lines_say_digest_unit_futures_grades_and_that_it_is_no_advice(words):
    first, advice, grades = mark_lines(run(), words)
    for part in (run().key, run().title(words.language), words.money_unit, "200"):
        assert part in first
    assert advice == words.text("memo", "advice")
    assert "C" in grades
    assert "373" in grades
    few = mark_lines(run(paths=6), words)[-1]
    assert few == words.text("memo", "preview", n=6, few=FEW_FUTURES)
    unknown = replace(run(grades=None, scenario=None), tables={})
    assert words.text("grades", "unknown") in mark_lines(unknown, words)
    assert len(mark_lines(None, words)) == 2
    assert words.text("mark", "unsaved") in mark_line(None, words)


def test_a_comparison_names_its_policies():
    assert "More capital against Yangtze River Delta, baseline" in mark_lines(comparison(), EN)[0]
    two = comparison()
    two = replace(two, manifest={**two.manifest, "policies": {"a": "A", "b": "B"}})
    assert "2 policies against" in mark_lines(two, EN)[0]
    assert "2项政策" in mark_lines(two, ZH)[0]


@pytest.mark.parametrize("key", ["../../etc/x", "a b\n=c", "<script>", "结果"])
def test_a_file_s_name_leads_nowhere_and_holds_its_language(key):
    name = file_name("who_keeps_what", replace(run(), key=key), "zh", "csv")
    assert re.fullmatch(r"finmodel_who_keeps_what_baseline_[A-Za-z0-9_-]*_zh\.csv", name)


def test_a_picture_has_its_lines_below_it():
    lines = mark_lines(run(), EN)
    bare, full = (Image.open(io.BytesIO(png_of(chart(), under))) for under in ((), lines))
    assert full.width >= bare.width
    assert full.height >= bare.height + len(lines) * FOOT_LINE * PNG_SCALE
    below = full.crop((0, bare.height, full.width, full.height)).convert("L")
    assert below.getextrema()[0] < 80, "nothing is written there"
    assert full.crop((0, 0, bare.width, bare.height - 10)).convert("RGB").tobytes() == (
        bare.crop((0, 0, bare.width, bare.height - 10)).convert("RGB").tobytes()
    )


@settings(max_examples=30)
@given(st.lists(st.text(max_size=120), max_size=4), st.sampled_from((EN, ZH)))
def test_any_title_is_text_of_the_picture_and_not_its_code(texts, words):
    named = replace(run(title_en="".join(texts), title_zh="".join(texts)), origin="yours")
    tree = ElementTree.fromstring(with_foot(PLAIN, [*texts, *mark_lines(named, words)]))
    tags = {item.tag.rpartition("}")[2] for item in tree.iter()}
    assert tags <= {"svg", "rect", "g", "text", "path"}


PLAIN = '<svg xmlns="http://www.w3.org/2000/svg" width="400" height="90" viewBox="0 0 400 90"/>'


@given(st.text(max_size=200), st.integers(2, 60))
def test_a_text_is_broken_into_lines_that_fit_and_loses_nothing(text, most):
    lines = broken(text, most)
    assert "".join("".join(lines).split()) == "".join(text.split())


def test_what_is_written_is_escaped():
    tree = ElementTree.fromstring(with_foot(PLAIN, ['<script>alert(1)</script> & "x" \x00']))
    assert not [item for item in tree.iter() if item.tag.endswith("script")]
    assert '<script>alert(1)</script> & "x"' in "".join(tree.itertext())


def test_a_chart_on_a_page_has_the_line_for_the_browser_s_own_picture():
    told = with_line(chart(), mark_line(run(), EN))
    assert "".join(told.title.subtitle) == mark_line(run(), EN)
    assert told.title.text == chart().title
    assert mark_line(run(), EN) in svg_of(told)
    own = chart()
    own.title = alt.TitleParams(["A", "B"], subtitle="C", subtitleColor="#222222")
    told = with_line(own, mark_line(run(), EN))
    assert told.title.text == ["A", "B"]
    assert told.title.subtitle == ["C", mark_line(run(), EN)]
    assert told.title.subtitleColor == "#222222"
    bare = chart()
    bare.title = alt.Undefined
    assert mark_line(run(), EN) in svg_of(with_line(chart(), mark_line(run(), EN)))


def test_every_row_of_a_csv_says_what_it_is_of():
    data = pd.DataFrame({"Province": ["Shanghai", "Jiangsu"], "Gap": [1.5, 2.5]})
    read = pd.read_csv(io.BytesIO(csv_bytes(marked(data, run(), EN))))
    assert list(read.columns) == ["Province", "Gap", COLUMN]
    assert set(read[COLUMN]) == {f"Baseline · {run().key[:8]} · model result, not advice"}
    assert read["Gap"].tolist() == [1.5, 2.5]
    assert list(data.columns) == ["Province", "Gap"], "the page's own table is changed"


PICTURES = [(name, {}) for name in ("overview", "gap", "flows", "fund", "compare", "guidance")]
PICTURES += [("validation", {})]
PICTURES += [("studies", {"study": kind}) for kind in ("batches", "sensitivities", "allocations")]


@pytest.mark.parametrize(("page", "query"), PICTURES)
def test_every_picture_and_table_of_every_page_is_of_a_published_result(
    home, monkeypatch, page, query
):
    """Whoever adds a chart must say which result it is of; without one it is called a sandbox."""
    names = []

    def spy(*given):
        names.append(file_name(*given))
        return names[-1]

    monkeypatch.setattr(parts, "file_name", spy)
    shown = open_page(page, lang="zh", **query)
    assert not shown.exception
    assert len(names) >= 2
    charts = [json.loads(item.proto.spec) for item in shown.get("vega_lite_chart")]
    assert charts
    for spec in charts:
        # A browser draws no line under a title that is empty.
        assert spec["title"]["text"]
        assert any("模型结果，非投资建议" in line for line in spec["title"]["subtitle"])
    for name in names:
        assert re.fullmatch(
            r"finmodel_\w+_(baseline|published)_[0-9a-f]{16}_zh\.(png|csv)", name
        ), name


def test_a_mark_says_which_policy_it_is_of_and_that_it_is_a_preview():
    made = comparison()
    few = replace(made, manifest={**made.manifest, "paths": 6})
    line = mark_line(few, EN, "Plan B")
    assert "Plan B" in line
    assert "preview, 6 futures" in line
    assert "preview" not in mark_line(made, EN)
    assert "Plan B" in mark_lines(few, EN, "Plan B")[0]
    assert set(marked(pd.DataFrame({"a": [1, 2]}), few, EN, "Plan B")["finmodel"]) == {line}


def test_an_edited_policy_is_not_called_as_it_was_shipped():
    made = comparison()
    command = ["finmodel", "compare", "a.toml", "b.toml"]
    plain = replace(made, manifest={**made.manifest, "command": command})
    assert plain.named(EN).name("aid") == "More capital"
    edited = [*command, "--set", "programmes.aid.budget_mcny_pa=7"]
    other = replace(made, manifest={**made.manifest, "command": edited})
    assert other.named(EN).name("aid") == "More capital, edited (1)"
    assert "baseline, with" not in mark_lines(other, EN)[0]
    base = [*command, "--set", "stages.A.milestone_rate_pa=0.3"]
    moved = replace(made, manifest={**made.manifest, "command": base})
    assert moved.named(ZH).name("aid") == "更多资本"
    assert "修改了1个参数" in mark_lines(moved, ZH)[0]


@pytest.mark.parametrize(("words", "said"), [(EN, "partial: stopped after 4 "), (ZH, "部分结果")])
def test_what_was_stopped_is_called_partial(words, said):
    for text in (mark_line(None, words, stopped=4), mark_lines(None, words, "P", 4)[0]):
        assert said in text
        assert words.text("mark", "unsaved") in text
    assert set(marked(pd.DataFrame({"a": [1]}), None, words, "", 4)[COLUMN]) == {
        mark_line(None, words, stopped=4)
    }
    assert said not in mark_line(None, words)
    assert file_name("x", None, "en", "csv", 4) == "finmodel_x_sandbox_partial_en.csv"


def test_a_stopped_comparison_is_shown_as_partial(monkeypatch):
    views, made = [], comparison()
    stopped = policy_results.Result(made.tables, 4, {"aid": "Aid"}, {}, made.manifest)
    monkeypatch.setattr(policy_results, "show_chart", lambda *given, **_: views.append(given[3]))
    policy_results.show_result(stopped, "aid", EN, View(EN, "manager"), key="lab")
    assert {view.stopped for view in views} == {4}
    views.clear()
    stored = View(EN, "manager", replace(made, origin="yours"))
    policy_results.show_result(stopped, "aid", EN, stored, key="kept")
    assert {view.stopped for view in views} == {0}
