"""The guidance lab: both modes and languages, edits, links, saved programmes, broken inputs."""

import json
import shutil

import pytest

from finmodel.datasets.root import published_root
from finmodel.ui.guidance_editor import clauses_of
from finmodel.ui.packed import pack, unpack
from finmodel.ui.policy import Policy, presets, scenario_of
from tests.app.opening import open_page

PLACE = "programmes.joint_fund"


def app(**query):
    return open_page("guidance", **query)


def manager(**query):
    return app(mode="manager", **query)


def sayings(page):
    kinds = (page.markdown, page.caption, page.warning, page.error, page.info, page.success)
    return "\n".join(str(item.value) for kind in kinds for item in kind)


pytestmark = pytest.mark.usefixtures("home")


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_a_reader_sees_the_published_comparison_and_no_way_to_run(lang):
    page = app(lang=lang)
    assert not page.exception
    assert not page.error
    assert not [button for button in page.button if (button.key or "").startswith("run_")]
    assert ("not told from zero" if lang == "en" else "无法与零区分") in sayings(page)


def test_a_reader_chooses_a_policy_and_an_outcome_by_the_address():
    page = app(policy="policy_gap_weighted", group="viable_hard_tech", outcome="gap_mcny")
    assert not page.exception
    assert page.selectbox(key="policy").value == "policy_gap_weighted"
    assert page.selectbox(key="outcome").value == "gap_mcny"
    assert "a fall is good" in sayings(page)


def test_a_reader_without_results_gets_the_command(home, monkeypatch):
    monkeypatch.setattr("finmodel.ui.results.published_root", lambda: home / "none")
    page = app()
    assert not page.exception
    assert "finmodel compare" in page.code[0].value


VEHICLES = {
    programme.vehicle: name
    for name in presets()
    for programme in scenario_of(name).programmes.values()
}


@pytest.mark.parametrize(
    ("preset", "lang"),
    [(name, ("en", "zh")[n % 2]) for n, name in enumerate(sorted(VEHICLES.values()))],
)
def test_presets_of_every_kind_of_vehicle_can_be_edited(preset, lang):
    page = manager(lang=lang, plan=pack(Policy(preset)))
    assert not page.exception
    assert not page.error
    assert preset in page.code[1].value
    shown = {widget.key.rpartition("_programmes.")[2] for widget in page.number_input}
    for name, programme in scenario_of(preset).programmes.items():
        assert {f"{name}.{clause}" for clause in clauses_of(programme)} <= shown


def number(page, name):
    return next(item for item in page.number_input if item.key.endswith(f"{PLACE}.{name}"))


def test_an_edit_is_a_change_in_the_command_and_in_the_link():
    page = manager()
    number(page, "state_share").set_value(0.4).run()
    assert not page.exception
    assert f"--set {PLACE}.state_share=0.4" in page.code[1].value
    plan = page.query_params["plan"]
    plan = plan[0] if isinstance(plan, list) else plan
    assert unpack(plan).changes == {f"{PLACE}.state_share": 0.4}
    other = manager(plan=plan)
    assert number(other, "state_share").value == 0.4
    next(b for b in other.button if b.key == f"undo_{PLACE}.state_share").click().run()
    assert number(other, "state_share").value == 0.25
    assert "--set" not in other.code[1].value


@pytest.mark.parametrize(("unit", "shown"), [("bn", 20.0), ("yi", 200.0), ("mcny", 20000.0)])
def test_a_budget_is_the_same_money_in_each_unit(unit, shown):
    page = manager(unit=unit)
    budget = number(page, "budget_mcny_pa")
    assert budget.value == shown
    budget.set_value(shown * 1.5).run()
    assert f"{PLACE}.budget_mcny_pa=30000.0" in page.code[1].value


def test_a_number_out_of_its_range_is_told_at_its_field_and_cannot_be_run():
    page = manager()
    number(page, "state_share").set_value(1.4).run()
    assert not page.exception
    assert "1.4 is not possible. Allowed: above 0, up to 1" in page.error[0].value
    assert all(b.disabled for b in page.button if (b.key or "").startswith("run_"))


def test_shares_that_miss_some_money_say_how_much_and_can_be_scaled():
    page = manager(plan=pack(Policy("policy_pro_rata", {f"{PLACE}.region_share.SH": 0.132})))
    assert not page.exception
    assert "20% is missing: 4.00 bn CNY a year goes nowhere" in sayings(page)
    page.button(key=f"scale_{PLACE}.region_share").click().run()
    assert not page.exception
    assert not page.error
    assert not page.button(key="run_preview").disabled


def test_the_exact_run_is_as_long_as_one_says():
    page = manager()
    page.number_input(key="lab_paths").set_value(40).run()
    assert "40 futures" in page.button(key="run_exact").label


@pytest.mark.parametrize(
    ("given", "shown"), [(1_000_000, "1,000,000"), (6, "6"), (-3, "−3"), (None, "Nothing")]
)
@pytest.mark.parametrize("lang", ["en", "zh"])
def test_futures_that_cannot_be_run_are_refused_in_words(given, shown, lang):
    page = manager(lang=lang)
    page.number_input(key="lab_paths").set_value(given).run()
    assert page.button(key="run_exact").disabled
    assert not page.button(key="run_preview").disabled
    (told,) = [item.value for item in page.error]
    if lang == "en":
        assert told == f"{shown} is not possible. Allowed: 7 to 2,000"
    else:
        assert told == f"{shown.replace('Nothing', '空')} 不可用。允许：7 至 2,000"


@pytest.mark.parametrize(
    ("rule", "table"),
    [(rule, "region_share") for rule in ("equal", "gdp", "firms", "gap", "as_is")]
    + [(rule, "mandate") for rule in ("equal", "need", "gap", "as_is")],
)
def test_money_is_split_by_a_rule(rule, table):
    page = manager()
    page.button(key=f"{rule}_{PLACE}.{table}").click().run()
    assert not page.exception
    assert not page.error
    assert ("--set" in page.code[1].value) == (rule != "as_is")


@pytest.mark.parametrize("plan", ["x", "!!", "A" * 5000, "../../etc", pack(Policy("policy_none"))])
def test_a_link_that_is_broken_gives_the_plain_programme_and_says_so(plan):
    page = manager(plan=plan)
    assert not page.exception
    assert "could not be read" in page.warning[0].value
    assert "policy_pro_rata" in page.code[1].value


def test_a_programme_is_saved_and_opened_again(home):
    page = manager(plan=pack(Policy("policy_pro_rata", {f"{PLACE}.state_share": 0.4})))
    page.text_input[0].set_value("My plan")
    next(b for b in page.button if b.label == "Save").click().run()
    assert not page.exception
    assert (home / "saved" / "My plan.json").is_file()
    other = manager()
    other.selectbox(key="lab_open").set_value("My plan").run()
    other.button(key="lab_open_now").click().run()
    assert number(other, "state_share").value == 0.4


def test_a_name_that_leads_elsewhere_is_refused_in_words(home):
    page = manager()
    page.text_input[0].set_value("../x")
    next(b for b in page.button if b.label == "Save").click().run()
    assert not page.exception
    assert "not possible" in page.error[0].value
    assert not (home / "saved").exists()


def test_a_comparison_that_is_broken_is_told_in_words(home, monkeypatch):
    shutil.copytree(published_root(), home / "published")
    monkeypatch.setattr("finmodel.ui.results.published_root", lambda: home / "published")
    for path in (home / "published" / "comparisons").rglob("effects.parquet"):
        path.write_bytes(b"no parquet")
    page = app()
    assert not page.exception
    assert "cannot be shown" in page.error[0].value


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_a_mandate_over_sectors_is_shown_and_kept_when_something_else_is_edited(lang):
    policy = Policy("policy_direct", {"programmes.state_fund.sector_mandate.biomedicine": 1.0})
    page = manager(lang=lang, plan=pack(policy))
    assert not page.exception
    assert not page.error
    said = {"en": "Open to: Biomedicine. All other", "zh": "可投：生物医药。其他"}
    assert said[lang] in sayings(page)
    page.number_input[0].set_value(12.0).run()
    kept = unpack(page.query_params["plan"]).changes
    assert kept["programmes.state_fund.sector_mandate.biomedicine"] == 1.0
    assert len(kept) == 2
    assert said[lang] in sayings(page)


def test_a_policy_without_a_mandate_over_sectors_says_so():
    assert "Open to every sector" in sayings(manager(plan=pack(Policy("policy_direct"))))


@pytest.mark.parametrize(("lang", "said"), [("en", "in Anhui, where"), ("zh", "在安徽每年募集")])
def test_more_private_money_than_there_is_is_told_with_the_result(home, monkeypatch, lang, said):
    """Vehicles raise what the scenario says; that it can be found is assumed, and so it is told."""
    shutil.copytree(published_root(), home / "published")
    monkeypatch.setattr("finmodel.ui.results.published_root", lambda: home / "published")
    (file,) = (home / "published" / "comparisons").rglob("manifest.json")
    manifest = json.loads(file.read_text(encoding="utf-8"))
    tree = next(t for t in manifest["scenarios"] if t["meta"]["name"] == "policy_gap_weighted")
    programme = tree["programmes"]["joint_fund"]
    policies = ("policy_gap_weighted", "policy_pro_rata")
    assert not any(page_warns(lang, policy) for policy in policies)
    for region in programme["region_share"]:
        programme["region_share"][region]["value"] = 1.0 if region == "AH" else 0.0
    file.write_text(json.dumps(manifest), encoding="utf-8")
    warned, plain = (page_warns(lang, policy) for policy in policies)
    assert said in warned
    assert plain == ""
    compared = open_page("compare", lang=lang)
    (warning,) = [str(item.value) for item in compared.warning]
    assert said in warning
    assert ("by the funding gap" if lang == "en" else "按资金缺口") in warning


def page_warns(lang, policy):
    page = app(lang=lang, policy=policy)
    assert not page.exception
    return "\n".join(str(item.value) for item in page.warning)
