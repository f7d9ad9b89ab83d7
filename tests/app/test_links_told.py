"""What a link or a visitor asks for and is not to be had: told in words, in the page's language."""

import json
import shutil

import pytest

from finmodel import store
from finmodel.datasets.root import published_root
from finmodel.report.wording import Wording
from finmodel.ui.job_panel import _without_places
from finmodel.ui.jobs import Job
from finmodel.ui.unshown import UnshownError, fault_of, unshown_text
from finmodel.variables import labels
from tests.app.opening import open_page

LANGUAGES = ("en", "zh")


def copied(home, kind, name="0123456789abcdef", drop=()):
    """Copy a published result to the visitor's folder, without some tables; return its folder."""
    source = sorted((published_root() / kind).iterdir())[0]
    folder = home / kind / name
    shutil.copytree(source, folder)
    manifest = json.loads((folder / store.MANIFEST).read_text(encoding="utf-8"))
    for table in drop:
        (folder / f"{table}.parquet").unlink()
        del manifest["files"][f"{table}.parquet"]
    manifest["version"] = "0.0.7"
    (folder / store.MANIFEST).write_text(json.dumps(manifest), encoding="utf-8")
    return folder


def warned(page):
    assert not page.exception
    return " ".join(str(item.value) for item in page.warning)


@pytest.mark.parametrize(("lang", "said"), [("en", "has been removed"), ("zh", "已从此服务器删除")])
def test_a_result_that_is_removed_while_it_is_open_is_told(home, lang, said):
    folder = copied(home, "comparisons")
    page = open_page("guidance", comparison=folder.name, lang=lang)
    assert warned(page) == ""
    assert page.selectbox(key="comparison").value == folder.name
    shutil.rmtree(folder)
    page.run()
    assert said in warned(page)
    assert folder.name in warned(page)
    assert page.selectbox(key="comparison").value != folder.name
    page.segmented_control(key="unit").set_value("mcny").run()
    assert said in warned(page), "the notice went at the next click"


def test_a_removed_result_is_told_where_no_other_is_left(home, monkeypatch):
    folder = copied(home, "comparisons")
    monkeypatch.setattr("finmodel.ui.results.published_root", lambda: home / "none")
    page = open_page("guidance")
    shutil.rmtree(folder)
    page.run()
    assert "has been removed" in warned(page)
    assert page.code[0].value.startswith("finmodel compare")


@pytest.mark.parametrize(
    ("lang", "said"), [("en", "it lacks a part"), ("zh", "缺少本页所需的部分")]
)
def test_a_result_that_lacks_a_table_is_not_said_to_be_elsewhere(home, lang, said):
    folder = copied(home, "runs", drop=["flows"])
    page = open_page("flows", run=folder.name, lang=lang)
    assert said in warned(page)
    absent = labels()["app"]["missing"][lang].partition("{digest}")[2][:12]
    assert absent not in warned(page)
    assert warned(open_page("overview", run=folder.name, lang=lang)) == ""
    page = open_page("flows", run="fedcba9876543210", lang=lang)
    assert absent in warned(page)


@pytest.mark.parametrize(
    ("lang", "said"),
    [
        ("en", "has no part “gap by province”, which this page needs"),
        ("zh", "没有本页所需的“分省缺口”"),
    ],
)
def test_an_older_result_is_told_by_its_part_and_version(home, lang, said):
    folder = copied(home, "runs", drop=["gap_region"])
    page = open_page("overview", run=folder.name, lang=lang)
    (error,) = [str(item.value) for item in page.error]
    assert said in error
    assert "0.0.7" in error
    assert str(home) not in error
    assert "allowed" not in error


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_damaged_result_names_what_is_damaged_and_no_folder(home, lang):
    folder = copied(home, "runs")
    (folder / "gap_total.parquet").write_bytes(b"no parquet")
    page = open_page("overview", run=folder.name, lang=lang)
    (error,) = [str(item.value) for item in page.error]
    assert labels()["part_of_result"]["gap_total"][lang] in error
    assert "/" not in error
    if lang == "zh":
        assert "problem" not in error


def test_each_fault_of_a_result_has_its_words(home):
    folder = copied(home, "runs")
    assert fault_of(folder, "no_such").parts == ("no_such",)
    (folder / store.MANIFEST).write_text("{", encoding="utf-8")
    assert fault_of(folder, "x").parts == (store.MANIFEST,)
    shutil.rmtree(folder)
    assert fault_of(folder, "x").why == "gone"
    many = UnshownError("k", "broken", [f"odd_{n}" for n in range(9)], "9" * 99)
    for language in LANGUAGES:
        text = unshown_text(many, Wording(language))
        assert "odd_3" in text
        assert "odd_4" not in text
        assert len(text) < 300


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize(
    ("page", "query"),
    [
        ("overview", {"region": "XX"}),
        ("gap", {"region": "XX"}),
        ("guidance", {"policy": "policy_free_money"}),
        ("compare", {"policies": "policy_free_money,policy_pro_rata,policy_gap_weighted"}),
        ("studies", {"study": "astrology"}),
        ("guidance", {"mode": "manager", "job_lab": "0" * 16}),
        ("compare", {"mode": "manager", "job_compare_0": "../../etc"}),
        ("overview", {"unit": "dollars"}),
    ],
)
def test_what_a_link_asks_for_and_is_not_here_is_told(home, page, query, lang):
    shown = open_page(page, lang=lang, **query)
    (name, given) = list(query.items())[-1]
    key = "run" if name.startswith("job_") else name
    what, plain = labels()["unknown_what"][key][lang], given.partition(",")[0].strip("./")
    assert f"{what} “" in warned(shown) or f"{what}“" in warned(shown)
    assert plain.replace("../", "").replace("/", "") in warned(shown)
    assert not shown.error


def test_a_good_link_is_not_told_of_and_a_choice_ends_a_notice(home):
    assert warned(open_page("gap", region="SH", side="n")) == ""
    page = open_page("gap", region="XX")
    assert "XX" in warned(page)
    page.run()
    assert "XX" in warned(page)
    page.selectbox(key="region").set_value("JS").run()
    assert warned(page) == ""


def test_what_a_run_said_is_shown_without_folders_of_the_server(home, tmp_path):
    folder = home / "jobs" / ("a" * 16)
    folder.mkdir(parents=True)
    (folder / "said.txt").write_text(f"{home.resolve()}/runs/x: refused", encoding="utf-8")
    assert _without_places(Job("a" * 16, [], folder)) == "runs/x: refused"


def test_a_programme_s_link_that_is_cut_off_is_told_in_the_language_of_the_page(home):
    (told,) = [
        str(item.value)
        for item in open_page("guidance", mode="manager", lang="zh", plan="x").warning
    ]
    assert "链接无法读取" in told
    assert "got" not in told
    english = warned(open_page("guidance", mode="manager", plan="x"))
    assert "cut off or changed" in english
