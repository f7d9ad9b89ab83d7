"""Policies as preset and changes: packed, saved, refused; shares that sum to one."""

import base64
import json
import zlib

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from finmodel.datasets.root import scenarios_root
from finmodel.errors import InputError, ScenarioError
from finmodel.report.wording import Wording
from finmodel.scenario import digest, load_scenario
from finmodel.ui import allotment, saved
from finmodel.ui.allotment_words import change_words
from finmodel.ui.packed import MOST_CHARACTERS, as_text, from_text, pack, unpack
from finmodel.ui.policy import (
    Policy,
    checked,
    editable,
    presets,
    problems_at,
    scenario_of,
    shipped_value,
    without_idle,
)

PLACE = "programmes.joint_fund"


@st.composite
def policies(draw):
    preset = draw(st.sampled_from(("policy_pro_rata", "policy_three_levels", "policy_lab_grants")))
    names = st.sampled_from(sorted(editable(preset)))
    numbers = st.floats(allow_nan=False, allow_infinity=False)
    return Policy(preset, draw(st.dictionaries(names, numbers, max_size=60)))


@settings(max_examples=60)
@given(policies())
def test_a_policy_comes_back_from_a_link_and_from_a_file(policy):
    word = pack(policy)
    assert unpack(word) == policy
    assert from_text(as_text(policy)) == policy
    assert word.replace("-", "").replace("_", "").isalnum()


@settings(max_examples=200)
@given(st.text(max_size=300) | st.binary(max_size=200).map(lambda b: b.hex()))
def test_any_other_word_is_refused_in_words(word):
    with pytest.raises(InputError):
        unpack(word)
    with pytest.raises(InputError):
        from_text(word)


def packed(value):
    raw = zlib.compress(json.dumps(value).encode())
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


@pytest.mark.parametrize(
    "value",
    [
        ["policy_none", {}],
        ["../policy_pro_rata", {}],
        ["policy_pro_rata", {"run.paths": 5}],
        ["policy_pro_rata", {f"{PLACE}.state_share": "0.2"}],
        ["policy_pro_rata", {f"{PLACE}.state_share": True}],
        ["policy_pro_rata", {f"{PLACE}.state_share": 10**400}],
        ["policy_pro_rata", {f"{PLACE}.vehicle": 1}],
        ["policy_pro_rata", {f"{PLACE}.region_share.BJ": 0.1}],
        ["policy_pro_rata", [1]],
        ["policy_pro_rata", {}, 1],
        ["policy_pro_rata", {str(n): n for n in range(101)}],
        ["policy_pro_rata", {"x" * 30_000: 1}],
        [["policy_pro_rata"], {}],
        3,
    ],
)
def test_what_a_link_may_not_hold(value):
    with pytest.raises(InputError):
        unpack(packed(value))


def test_a_link_that_is_long_or_cut_is_refused():
    with pytest.raises(InputError, match="characters"):
        unpack("A" * (MOST_CHARACTERS + 1))
    word = pack(Policy("policy_pro_rata", {f"{PLACE}.state_share": 0.2}))
    with pytest.raises(InputError, match="cut off"):
        unpack(word[:-9])


def test_every_change_of_the_largest_preset_fits_into_a_link():
    for preset in presets():
        names = [name for name in editable(preset) if "mandate" not in name][:100]
        word = pack(Policy(preset, {name: 0.123456 + n / 1e5 for n, name in enumerate(names)}))
        assert len(word) < MOST_CHARACTERS, preset


def test_changes_are_what_the_command_line_reads():
    policy = Policy("policy_pro_rata", {f"{PLACE}.state_share": 0.4, f"{PLACE}.quarters": 12.0})
    file = scenarios_root() / "policy_pro_rata.toml"
    typed = load_scenario(file, [f"{PLACE}.state_share=0.4", f"{PLACE}.quarters=12.0"])
    assert digest(policy.load()) == digest(typed) != digest(scenario_of("policy_pro_rata"))
    assert "--set programmes.joint_fund.state_share=0.4" in policy.command(40)
    assert policy.command(40).endswith("--paths 40")
    arguments = policy.arguments(40)
    assert [part for part in arguments if part in policy.sets] == policy.sets


def test_a_bad_number_is_told_at_its_field():
    policy = Policy("policy_pro_rata", {f"{PLACE}.state_share": 1.4})
    with pytest.raises(ScenarioError) as refused:
        policy.load()
    assert len(problems_at(refused.value.problems, f"{PLACE}.state_share")) == 1
    assert not problems_at(refused.value.problems, f"{PLACE}.state")
    shares = Policy("policy_pro_rata", {f"{PLACE}.region_share.SH": 0.5})
    with pytest.raises(ScenarioError) as refused:
        shares.load()
    assert "sum 1.168" in problems_at(refused.value.problems, f"{PLACE}.region_share")[0].given


def test_a_change_to_what_is_there_is_none():
    own = {f"{PLACE}.state_share": 0.25, f"{PLACE}.quarters": 12.0}
    assert without_idle(Policy("policy_pro_rata", own)).changes == {f"{PLACE}.quarters": 12.0}
    assert shipped_value("policy_neighbours_compete", "programmes.anhui_fund.region_share.SH") == 0


def test_the_halt_is_compared_with_the_halt():
    assert "stress_ipo_halt.toml" in Policy("policy_ipo_halt_support").command()


@pytest.mark.parametrize("name", ["a", "我的方案", "Plan 2-b", "x" * 60])
def test_saved_by_name_and_found_again(name, tmp_path):
    policy = checked("policy_pro_rata", {f"{PLACE}.state_share": 0.4})
    saved.save(policy, f" {name} ", tmp_path)
    assert saved.names(tmp_path) == [name]
    assert saved.load(name, tmp_path) == policy
    saved.remove(name, tmp_path)
    assert saved.names(tmp_path) == []


@pytest.mark.parametrize(
    "name", ["", " ", ".", "..", "../x", "a/b", "a\\b", "a\0", ".x", "_", "x" * 61, "con", "a\nb"]
)
def test_names_that_lead_elsewhere_are_refused(name, tmp_path):
    for act in (
        lambda: saved.save(Policy("policy_pro_rata"), name, tmp_path / "home"),
        lambda: saved.load(name, tmp_path),
        lambda: saved.remove(name, tmp_path),
    ):
        with pytest.raises(InputError):
            act()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("content", [b"", b"\xff\xfe", b"[]", b"{" * 50_000])
def test_a_saved_file_that_was_changed_is_refused(content, tmp_path):
    (tmp_path / "saved").mkdir()
    (tmp_path / "saved" / "x.json").write_bytes(content)
    with pytest.raises(InputError):
        saved.load("x", tmp_path)


def test_no_more_than_so_many_are_saved(tmp_path, monkeypatch):
    monkeypatch.setattr(saved, "MOST_SAVED", 1)
    saved.save(Policy("policy_pro_rata"), "a", tmp_path)
    with pytest.raises(InputError, match="nobody has used"):
        saved.save(Policy("policy_direct"), "a", tmp_path)
    assert saved.load("a", tmp_path).preset == "policy_pro_rata"
    saved.save(Policy("policy_pro_rata"), "a", tmp_path)  # the same again is no loss
    saved.save(Policy("policy_direct"), "a", tmp_path, may_replace=True)
    with pytest.raises(InputError, match="fewer"):
        saved.save(Policy("policy_direct"), "b", tmp_path)


@settings(max_examples=100)
@given(st.dictionaries(st.sampled_from("ABCDEFG"), st.floats(0.0, 1e6), min_size=1))
def test_scaled_shares_sum_to_one_as_the_reader_has_it(weights):
    shares = allotment.scaled(weights)
    if sum(weights.values()) > 0:
        assert allotment.missing(shares) == 0.0
        assert all(share >= 0.0 for share in shares.values())
    else:
        assert shares == weights


def test_what_is_missing_and_presets():
    assert allotment.missing({"A": 0.5, "B": 0.4}) == pytest.approx(0.1)
    assert allotment.missing({"A": 0.7, "B": 0.4}) == pytest.approx(-0.1)
    assert allotment.equal(["A", "B", "C", "D"])["A"] == 0.25
    gdp = allotment.by_gdp(["SH", "JS", "ZJ", "AH"], 2022)
    assert gdp["JS"] > gdp["ZJ"] > gdp["AH"]
    assert allotment.by_gdp(["SH"], 1800) is None
    assert allotment.by_gdp(["nowhere"], 2022) is None
    gaps = pd.DataFrame({"region": ["A", "B"], "gap_mcny": [3.0, 1.0]})
    assert allotment.by_column(["A", "B"], gaps, "gap_mcny") == {"A": 0.75, "B": 0.25}
    assert allotment.by_column(["A", "C"], gaps, "gap_mcny") is None
    assert allotment.by_column(["A"], gaps, "ask") is None
    assert allotment.by_column(["A"], None, "gap_mcny") is None
    assert allotment.by_weight(["A", "B"], {"A": 0.0, "B": 0.0}) is None
    assert allotment.by_weight(["A", "B"], {"A": float("nan"), "B": 1.0}) is None


def test_a_change_is_told_in_words_and_not_by_its_dotted_name():
    words = Wording("en", "bn", {"SH": "Shanghai", "A": "A round"})
    assert change_words(f"{PLACE}.region_share.SH", 0.232, words) == (
        "part of the money for Shanghai: 23.2%"
    )
    assert change_words(f"{PLACE}.mandate.A", 0.4, words) == "weight of A round among stages: 40%"
    assert change_words(f"{PLACE}.budget_mcny_pa", 30000.0, words) == (
        "public money on offer: 30 bn CNY a year"
    )
    said = change_words(f"{PLACE}.reinvestment_multiple", 1.5, words)
    assert said == "reinvestment, money to invest at home per public yuan: 1.5 times"
    assert "返投" in change_words(f"{PLACE}.reinvestment_multiple", 1.5, Wording("zh"))
    assert change_words(f"{PLACE}.fill_log_sd", 0.1, words) == (
        "spread of the private money raised: 0.1 ln"
    )
