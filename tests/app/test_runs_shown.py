"""Runs that the address names: shown after a reload, with what must be known of their result."""

import json

import pytest

from finmodel import store
from finmodel.datasets.root import published_root
from finmodel.ui.packed import pack
from finmodel.ui.policy import Policy, ran
from finmodel.ui.policy_results import PARTS
from finmodel.ui.results import Stored
from tests.app.opening import open_page

SMALL = Policy("policy_pro_rata", {"programmes.joint_fund.state_share": 0.05})
PLAIN = Policy("policy_pro_rata")
NAMES = ("policy_pro_rata", "policy_gap_weighted")


def published():
    (folder,) = (published_root() / "comparisons").iterdir()
    return Stored(folder, "published", store.read_manifest(folder))


def job(home, key, policy, paths, printed, name=None):
    """Put a job that has ended into the visitor's folder; return its name in addresses."""
    folder = home / "jobs" / (key * 16)
    folder.mkdir(parents=True)
    (folder / "asked.json").write_text(json.dumps(policy.arguments(paths)), encoding="utf-8")
    if printed is not None:
        (folder / "out.json").write_text(json.dumps(printed), encoding="utf-8")
    if name is not None:
        (folder / "name.txt").write_text(name, encoding="utf-8")
    return folder.name


def stopped(paths):
    """Return what a comparison prints that was stopped: nothing is stored."""
    stored = published()
    own = {name: stored.table(name) for name in PARTS}
    rows = {name: table[table["policy"] == NAMES[0]] for name, table in own.items()}
    printed = {name: json.loads(table.to_json(orient="records")) for name, table in rows.items()}
    title = "Guidance fund split by where firms are"
    return {"folder": None, "paths": paths, "policies": {NAMES[0]: title}, **printed}


def said(page):
    assert not page.exception
    assert not page.error, [item.value for item in page.error]
    return " ".join(str(item.value) for item in page.warning)


def lab(home, lang, policy, paths):
    key = job(home, "a", policy, 200, stopped(paths))
    return open_page("guidance", mode="manager", lang=lang, job_lab=key, plan=pack(policy))


@pytest.mark.parametrize(
    ("lang", "private", "few", "graded"),
    [
        ("en", "in Shanghai, where private", "Preview of 12 futures", "are assumptions (grade C)"),
        ("zh", "在上海每年募集", "12个模拟未来的预览", "个为假设（C级）"),
    ],
)
def test_a_stopped_run_is_warned_of_as_a_stored_one(home, lang, private, few, graded):
    page = lab(home, lang, SMALL, 12)
    warned = said(page)
    assert private in warned
    assert few in warned
    captions = " ".join(str(item.value) for item in page.caption)
    assert graded in captions
    if lang == "zh":
        verdicts = " ".join(str(item.value) for item in page.markdown)
        assert "Guidance fund" not in verdicts


def test_a_stopped_run_of_many_futures_and_little_private_money_has_no_such_warning(home):
    warned = said(lab(home, "en", PLAIN, 43))
    assert "Private money" not in warned
    assert "Preview" not in warned


def test_a_job_says_what_it_compared():
    assert ran(SMALL.arguments(200)) == ("yrd_baseline", SMALL)
    assert ran(Policy("policy_ipo_halt_support").arguments(3)) == (
        "stress_ipo_halt",
        Policy("policy_ipo_halt_support"),
    )
    assert ran(["run", "a.toml"]) is None
    assert ran([]) is None
    assert ran(["compare", "x.toml", *SMALL.arguments(2)[2:]]) is None


def kept(home, digest, policy, paths):
    """Store a comparison of one policy, all of whose money is in Anhui; return its folder."""
    stored = published()
    names = (*PARTS, "programme_layers_path", "outcome_paths")
    tables = {name: stored.table(name) for name in names}
    own = {
        name: table[table["policy"] == policy] if "policy" in table else table
        for name, table in tables.items()
    }
    manifest = json.loads(json.dumps(stored.manifest)) | {"paths": paths}
    trees = [
        tree for tree in manifest["scenarios"] if tree["meta"]["name"] in (policy, "yrd_baseline")
    ]
    for share in trees[-1]["programmes"]["joint_fund"]["region_share"].values():
        share["value"] = 0.0
    trees[-1]["programmes"]["joint_fund"]["region_share"]["AH"]["value"] = 1.0
    manifest |= {"scenarios": trees, "policies": {policy: policy}}
    folder = store.save_run(home / "comparisons", digest * 64, own, manifest)
    return {"folder": str(folder.relative_to(home)), "paths": paths}


@pytest.fixture
def together(home):
    """Two saved policies that were run together; return the address of their jobs."""
    found = {}
    for place, (policy, digest) in enumerate(zip(NAMES, "ef", strict=True)):
        printed = kept(home, digest, policy, 20)
        name = f"Mine {place}"
        key = job(home, digest, Policy(policy), 20, printed, name)
        found[f"job_compare_{place}"] = key
    return found


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_runs_of_saved_policies_are_found_again_and_warned_of(together, lang):
    page = open_page("compare", mode="manager", lang=lang, **together)
    warned = said(page)
    for name in ("Mine 0", "Mine 1"):
        assert f"{name}{'. ' if lang == 'en' else '。'}" in warned
    assert ("in Anhui, where" if lang == "en" else "在安徽每年募集") in warned
    assert ("Made of 20 futures" if lang == "en" else "仅由20个模拟未来") in warned
    assert any("Mine 1" in str(item.value) for item in page.caption)


def test_a_run_of_saved_policies_that_goes_on_is_shown_with_cancel(together, monkeypatch):
    monkeypatch.setattr("finmodel.ui.jobs.Job.is_over", property(lambda _: False))
    page = open_page("compare", mode="manager", **together)
    assert not page.exception
    assert {f"cancel_compare_{place}" for place in (0, 1)} <= {b.key for b in page.button}
    assert {"**Mine 0**", "**Mine 1**"} <= {item.value for item in page.markdown}


@pytest.mark.parametrize(
    ("lang", "sandbox", "button"),
    [("en", "sandbox", "published"), ("zh", "试验", "已发布")],
)
def test_a_reader_sees_the_run_of_a_link_and_no_other(home, lang, sandbox, button):
    key = job(home, "a", SMALL, 200, stopped(200))
    page = open_page("guidance", lang=lang, job_lab=key, plan=pack(SMALL))
    assert not page.exception
    texts = " ".join(str(item.value) for kind in (page.markdown, page.caption) for item in kind)
    assert not page.number_input
    assert not {"policy", "comparison"} & {item.key for item in page.selectbox}
    assert sandbox in texts
    assert "0.05" in texts or "5%" in texts
    leave = page.button(key="to_published")
    assert button in leave.label
    leave.click().run()
    assert not page.exception
    assert any(item.key == "policy" for item in page.selectbox)
    assert not page.query_params.get("job_lab")
    assert not page.query_params.get("plan")


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_a_reader_is_told_that_a_programme_of_a_link_has_no_result(home, lang):
    page = open_page("guidance", lang=lang, plan=pack(SMALL))
    assert ("without its run" if lang == "en" else "没有运行结果") in said(page)
    assert any(item.key == "policy" for item in page.selectbox)
    page.button(key="to_published").click().run()
    assert said(page) == ""


def test_the_links_of_a_programme_name_its_run_and_its_futures_come_back(home):
    page = lab(home, "en", SMALL, 200)
    links = [item.value for item in page.code if "/guidance?" in item.value]
    assert [("job_lab=" in link, "mode=manager" in link) for link in links] == [
        (True, True),
        (True, False),
    ]
    assert page.number_input(key="lab_paths").value == 200
    plain = open_page("guidance", mode="manager", plan=pack(SMALL))
    links = [item.value for item in plain.code if "/guidance?" in item.value]
    assert len(links) == 1
    assert "job_lab" not in links[0]


def test_futures_of_a_run_are_those_of_its_link(home):
    key = job(home, "b", SMALL, 16, stopped(16))
    page = open_page("guidance", mode="manager", job_lab=key, plan=pack(SMALL))
    assert page.number_input(key="lab_paths").value == 16


def test_a_run_that_this_version_cannot_read_is_not_passed_over(home):
    """Of a preset that is no longer shipped: what is shown in its place is said to be another."""
    key = job(home, "c", Policy("policy_pro_rata"), 16, stopped(16))
    asked = home / "jobs" / key / "asked.json"
    asked.write_text(asked.read_text(encoding="utf-8").replace("policy_pro_rata", "policy_gone"))
    page = open_page("guidance", job_lab=key)
    assert "without its run" in said(page)
    page.button(key="to_published").click().run()
    assert said(page) == ""
