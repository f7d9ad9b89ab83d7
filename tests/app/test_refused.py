"""What is refused is told in the reader's language, with names of the page, where it is mended."""

import json
import re

import pytest

from finmodel.errors import InputError, Problem, StoreError
from finmodel.report.wording import Wording
from finmodel.ui import saved
from finmodel.ui.packed import from_text, pack, unpack
from finmodel.ui.policy import Policy, checked, editable, presets
from finmodel.ui.refused import refused_lines, refused_text, refused_texts
from tests.app.opening import open_page

EN, ZH = Wording("en", "bn"), Wording("zh", "yi")
ENGLISH = re.compile(r"[A-Za-z]{3,}(?: [A-Za-z]{2,})+")
PRESET = "policy_pro_rata"


def said_by(act, words):
    with pytest.raises(InputError) as caught:
        act()
    return refused_texts(caught.value.problems, words)


REFUSED = [
    lambda home: unpack("x"),
    lambda home: unpack("x" * 5000),
    lambda home: from_text("no"),
    lambda home: from_text("[]"),
    lambda home: from_text("x" * 30_000),
    lambda home: checked("policy_prorata", {}),
    lambda home: checked(PRESET, 3),
    lambda home: checked(PRESET, dict.fromkeys(range(101), 0.0)),
    lambda home: checked(PRESET, {"programmes.joint_fund.state": 1.0}),
    lambda home: checked(PRESET, {"programmes.joint_fund.state_share": "much"}),
    lambda home: saved.save(Policy(PRESET), "../x", home),
    lambda home: saved.load("missing", home),
]


@pytest.mark.parametrize("act", REFUSED)
def test_what_readers_of_policies_say_has_chinese_words(act, tmp_path):
    chinese = said_by(lambda: act(tmp_path), ZH)
    plain = re.sub("|".join(presets()), "", chinese)  # names of files stay
    assert not ENGLISH.search(plain), chinese
    assert "允许：" in chinese
    assert re.search(r"got .*; allowed: .*", said_by(lambda: act(tmp_path), EN))


def test_a_name_in_use_and_a_full_folder_are_told_in_chinese(tmp_path, monkeypatch):
    saved.save(Policy(PRESET), "a", tmp_path)
    assert "选择覆盖" in said_by(lambda: saved.save(Policy("policy_direct"), "a", tmp_path), ZH)
    monkeypatch.setattr(saved, "MOST_SAVED", 1)
    assert "删除" in said_by(lambda: saved.save(Policy(PRESET), "b", tmp_path), ZH)


@pytest.mark.parametrize("name", ["-2-3", "_a", "../x", ".a"])
def test_a_name_that_begins_with_a_mark_is_told_the_whole_rule(name, tmp_path):
    for words, first in ((EN, "first a letter or a digit"), (ZH, "首字须为文字或数字")):
        said = said_by(lambda: saved.save(Policy(PRESET), name, tmp_path), words)
        assert first in said
        assert name in said
    assert not list(tmp_path.iterdir())


def test_names_too_long_missing_or_kept_by_systems_are_told_apart(tmp_path):
    def said(name, words):
        return said_by(lambda: saved.save(Policy(PRESET), name, tmp_path), words)

    assert "75 characters" in said("x" * 75, EN)
    assert "75个字符" in said("好" * 75, ZH)
    assert "所给为空" in said("  ", ZH)
    assert "no system keeps" in said("con", EN)
    assert "系统保留" in said("LPT1", ZH)
    saved.save(Policy(PRESET), "𠮷" * 60, tmp_path)
    assert saved.names(tmp_path) == ["𠮷" * 60]


@pytest.mark.parametrize(
    ("lang", "name", "told"),
    [
        ("en", "", "A name is missing"),
        ("zh", " ", "缺少名称"),
        ("en", "x" * 75, "75 characters is not possible"),
        ("zh", "-2-3", "首字须为文字或数字"),
    ],
)
def test_what_is_wrong_with_a_name_is_told_at_its_field(lang, name, told, home):
    page = open_page("guidance", mode="manager", lang=lang)
    field = page.text_input[0]
    assert not field.proto.max_chars
    field.set_value(name)
    label = "Save" if lang == "en" else "保存"
    next(button for button in page.button if button.label == label).click().run()
    (error,) = errors_of(page)
    assert told in error
    assert not (home / "saved").exists()


def test_a_misspelt_name_is_met_with_the_nearest():
    said = said_by(lambda: checked("policy_prorata", {}), ZH)
    assert said.endswith("（是否指policy_pro_rata？）")
    assert said_by(lambda: checked("policy_prorata", {}), EN).endswith(
        "(did you mean policy_pro_rata?)"
    )


def test_what_a_command_refuses_is_said_in_the_language():
    error = StoreError(
        "results folder",
        [Problem("runs", "No space left on device", "a writable folder with room")],
    )
    assert refused_lines(str(error), ZH) == "- runs：所给为磁盘已满；允许：可写且有空间的文件夹"
    assert refused_lines(str(error), EN).startswith("- runs: got No space left on device; allowed")
    near = Problem("run", "'x'", "one of a, b", "a")
    (line,) = refused_lines(str(InputError("runs", [near])), ZH).splitlines()
    assert line == "- run：所给为'x'；允许：以下之一：a, b（是否指a？）"


@pytest.mark.parametrize(
    "said", ["", "finmodel: no such thing", "a title\n - not a problem\n  more"]
)
def test_what_has_another_form_stays_as_it_is(said):
    assert refused_lines(said, ZH) == said


def errors_of(page):
    return [str(item.value) for item in page.error]


@pytest.mark.parametrize(
    ("lang", "rule"),
    [("en", "this kind of vehicle has no such clause"), ("zh", "此类工具没有该条款")],
)
def test_a_clause_without_a_field_is_told_with_its_rule(lang, rule):
    """A link may change what the vehicle does not know: the page says which, beside its undo."""
    preset = "policy_direct"
    clause = next(key for key in editable(preset) if key.endswith(".profit_give_up"))
    policy = Policy(preset, {clause: 0.3})
    page = open_page("guidance", mode="manager", lang=lang, plan=pack(policy))
    told = [text for text in errors_of(page) if rule in text]
    assert len(told) == 1
    assert "0.3" in told[0]
    assert clause not in told[0]
    assert any(item.key == f"undo_{clause}" for item in page.button)
    assert page.button(key="run_preview").disabled


def test_a_broken_saved_scenario_is_told_in_chinese_where_it_is_opened(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    body = {"preset": PRESET, "changes": {"programmes.nobody.state_share": 1.0}}
    (tmp_path / "saved").mkdir()
    for name in ("坏", "坏二"):
        (tmp_path / "saved" / f"{name}.json").write_text(json.dumps(body), encoding="utf-8")
    page = open_page("guidance", mode="manager", lang="zh")
    page.selectbox(key="lab_open").set_value("坏").run()
    page.button(key="lab_open_now").click().run()
    (told,) = errors_of(page)
    assert "未知" in told
    page = open_page("compare", mode="manager", lang="zh")
    page.multiselect(key="compare_saved").set_value(["坏", "坏二"]).run()
    assert [text.startswith(("坏：", "坏二：")) for text in errors_of(page)] == [True, True]
    assert not any("allowed" in text for text in errors_of(page))


def test_a_range_of_a_number_without_a_field_is_told_in_words():
    name, (_, spec) = next(
        (key, item) for key, item in editable(PRESET).items() if key.endswith(".state_share")
    )
    told = refused_text(Problem(f"x.toml: {name}", "7", spec.allowed), ZH, spec)
    assert told.endswith("7；允许：大于 0，不超过 1")
    assert name not in told
