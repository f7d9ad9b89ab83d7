"""What a field of the guidance lab says of a number that cannot be."""

import re

import pytest

from finmodel.errors import InputError, Problem
from finmodel.report.wording import Wording
from finmodel.scenario.quantity import Spec
from finmodel.ui.allotment_words import (
    first_cheque,
    money_words,
    percent_words,
    reason,
    spec_words,
)
from finmodel.ui.packed import pack
from finmodel.ui.policy import Policy, editable
from tests.app.opening import open_page

EN, ZH = Wording("en", "bn"), Wording("zh", "yi")
PRESET = "policy_pro_rata"


def test_a_range_says_whether_its_low_end_is_in_it_and_whether_numbers_are_whole():
    assert spec_words(Spec("share", 0.0, 1.0, "x", is_low_open=True), EN) == "above 0, up to 1"
    assert spec_words(Spec("quarters", 0.0, 200.0, "x", is_whole=True), EN) == (
        "0 to 200, whole numbers"
    )
    assert spec_words(Spec("share", 0.0, 1.0, "x", is_low_open=True), ZH) == "大于 0，不超过 1"


def test_what_was_given_is_told_in_the_unit_of_the_field():
    spec = Spec("mcny/year", 0.0, 1e8, "x")
    said = reason(Problem("budget", "-5000", spec.allowed), spec, EN, EN.mcny_per_unit)
    assert said == "-5 is not possible. Allowed: 0 to 100,000"
    said = reason(Problem("budget", "many", spec.allowed), spec, EN, 1.0)
    assert said.startswith("many is not possible")


def problems_of(changes):
    preset = "policy_pro_rata"
    names = {key.rpartition(".")[2]: key for key in editable(preset)}
    policy = Policy(preset, {names[name]: value for name, value in changes.items()})
    with pytest.raises(InputError) as caught:
        policy.load()
    return caught.value.problems


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"ticket_share": 0.5}, "Largest sum in one firm, of the fund"),
        ({"profit_give_up": 1.0, "manager_give_up": 1.0}, "Public gains given up to the manager"),
        ({"term_years": 0.5}, "the investment period"),
    ],
)
def test_rules_between_fields_use_the_names_of_the_page(changes, field):
    """Taken from the reader itself, so that a rule it words anew is seen here."""
    said = [reason(problem, None, EN) for problem in problems_of(changes)]
    assert any(field in text for text in said), said
    assert not any("_" in text for text in said)
    chinese = [reason(problem, None, ZH) for problem in problems_of(changes)]
    assert not any("at most" in text or "at least" in text or "_" in text for text in chinese)


@pytest.mark.parametrize("words", [EN, ZH])
def test_a_table_without_any_weight_is_refused_in_words(words):
    zero = {name: 0.0 for name in editable("policy_pro_rata") if ".mandate." in name}
    with pytest.raises(InputError) as caught:
        Policy("policy_pro_rata", zero).load()
    (said,) = [reason(problem, None, words) for problem in caught.value.problems]
    stage, weight = {
        "en": ("at least one stage above 0", "Every weight at 0"),
        "zh": ("至少一个阶段大于0", "所有权重均为0"),
    }[words.language]
    assert stage in said
    assert weight in said
    assert "all weights" not in said


@pytest.mark.parametrize(
    ("given", "allowed"),
    [
        ("all weights 0", "a sector above 0, or no mandate over sectors"),
        ("general sectors alone: consumer, media", "hard tech: hard_tech_min_share is 0.7"),
        ("general sectors alone: consumer", "hard tech: a grant is for hard technology alone"),
    ],
)
def test_rules_on_sectors_are_words_in_both_languages(given, allowed):
    names = {"consumer": "消费", "media": "传媒"}
    chinese = reason(Problem("x", given, allowed), None, Wording("zh", "yi", names))
    assert not re.search(r"[A-Za-z_]{3,}", chinese), chinese
    english = reason(Problem("x", given, allowed), None, EN)
    assert "_" not in english


def test_a_refused_number_keeps_its_digits():
    spec = Spec("mcny/year", 0.0, 1e8, "x")
    problem = Problem("budget", f"{9_999_999_900.0:g}", spec.allowed)
    assert "99,999,999 " in reason(problem, spec, ZH, ZH.mcny_per_unit, 9_999_999_900.0)
    assert "100,000,000 " in reason(problem, spec, ZH, ZH.mcny_per_unit, 5.0)


def test_an_emptied_field_keeps_the_number_before_and_says_so(home):
    page = open_page("guidance", mode="manager", lang="en")
    money = page.table[0].value
    assert money["Money a year, bn CNY"]["Budget"] == "20.000"
    page.number_input[0].set_value(None).run()
    assert not page.exception
    assert any("Until a number is entered, 20 is used" in error.value for error in page.error)
    assert page.table[0].value.equals(money), "the budget became another"


@pytest.mark.parametrize(
    ("share", "told"),
    [(0.1, "10"), (1 / 3, "33.3333"), (499_998.995, "49,999,899.5"), (1e9, "100,000,000,000")],
)
def test_a_share_however_large_is_told_in_plain_digits(share, told):
    assert percent_words(share, EN) == percent_words(share, ZH) == told


def test_what_no_budget_can_be_is_more_than_the_most():
    assert percent_words(1e20, EN) == "more than 1,000,000,000,000"
    assert percent_words(-1e20, ZH) == "少于−1,000,000,000,000"
    assert money_words(5e12, ZH) == "多于1,000,000,000,000亿元"
    assert money_words(20.0, EN) == "20.0 bn CNY"
    spec = Spec("mcny/year", 0.0, 1e8, "x")
    assert reason(Problem("x", "1e+30", spec.allowed), spec, ZH).startswith("多于1,000")
    assert reason(Problem("x", "-1e+30", spec.allowed), spec, EN).startswith("less than −1,000")


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_an_absurd_share_is_told_without_a_power_of_ten(lang, home):
    name = "programmes.joint_fund.region_share.SH"
    page = open_page(
        "guidance", mode="manager", lang=lang, plan=pack(Policy(PRESET, {name: 499_999.995}))
    )
    said = [str(item.value) for kind in (page.error, page.warning, page.info) for item in kind]
    said += [str(item.value.to_dict()) for item in page.table]
    assert any("49,999,9" in text for text in said)
    assert not any(re.search(r"\de\+\d", text) for text in said), said


@pytest.mark.parametrize(
    ("lang", "own", "shipped", "source", "as_shipped"),
    [
        ("en", "own assumption (C)", "The shipped value ", "Source of the shipped", "Source S052"),
        ("zh", "您自己的假设（C级）", "原方案值 ", "原方案值的来源：S052", "来源 S052"),
    ],
)
def test_a_changed_number_is_the_visitor_s_and_its_source_the_shipped_one_s(
    lang, own, shipped, source, as_shipped, home
):
    """Grade and source of a number are of the value that the preset has."""
    changes = {f"programmes.joint_fund.{name}": 0.3 for name in ("state_share", "profit_give_up")}
    pages = [
        open_page("guidance", mode="manager", lang=lang, plan=pack(Policy(PRESET, given)))
        for given in ({}, changes)
    ]
    plain, changed = ([str(item.value) for item in page.caption] for page in pages)
    grade = {"en": "from a data house or the press", "zh": "商业数据或媒体"}[lang]
    (before,) = [text for text in plain if grade in text]
    assert not before.startswith(shipped)
    assert sum(text.startswith(as_shipped) for text in plain) == 1
    assert not any(own in text or shipped in text for text in plain)
    assert sum(own in text for text in changed) == len(changes)
    (after,) = [text for text in changed if grade in text]
    assert after.startswith(f"{shipped}0.25")
    assert sum(text.startswith(source) for text in changed) == 1
    assert not any(text.startswith(as_shipped) for text in changed)


ASKS = {"A": 30.0, "B": 100.0, "C": 200.0}


@pytest.mark.parametrize(
    ("size", "above", "not_above"),
    [(400.0, ("B", "C"), ("A",)), (900.0, ("C",), ("A", "B")), (200.0, ("B", "C"), ("A",))],
)
def test_stages_that_ask_for_more_than_a_vehicle_can_give_are_named(size, above, not_above):
    """Its largest first investment is a part of its size; one that asks as much is not."""
    for language in ("en", "zh"):
        names = {name: f"<{name}>" for name in ASKS}
        text = first_cheque(size, 0.15, ASKS, Wording(language, "mcny", names))
        assert f"{size * 0.15:g}" in text
        assert all(f"<{name}>" in text for name in above)
        assert not any(f"<{name}>" in text for name in not_above)


def test_a_vehicle_that_is_large_enough_everywhere_is_told_so():
    assert "any stage" in first_cheque(2000.0, 0.15, ASKS, Wording("en"))
    assert "任一阶段" in first_cheque(2000.0, 0.15, ASKS, Wording("zh"))


@pytest.mark.usefixtures("home")
def test_the_lab_says_what_the_vehicles_as_edited_can_give_and_a_grant_has_none():
    def told(policy, **changes):
        page = open_page("guidance", mode="manager", plan=pack(Policy(policy, changes)))
        assert not page.exception
        return "\n".join(str(item.value) for item in page.info)

    assert "at most 0.06 bn CNY" in told("policy_pro_rata")
    size = {"programmes.joint_fund.fund_size_mcny": 2000.0}
    assert "at most 0.3 bn CNY" in told("policy_pro_rata", **size)
    assert "at most" not in told("policy_lab_grants")
