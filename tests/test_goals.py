"""What `--until` understands, and what it refuses in words."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from finmodel.errors import ScenarioError
from finmodel.measure.series import Catalogue, Estimate
from finmodel.study.goals import KINDS, LONGEST, checked_goal, parse_goal

CATALOGUE = Catalogue(
    {"gap_rate_mcny": ("region", "stage", "sector", "year"), "deals_n": ("region",), "npv": ()},
    {"region": ("SH", "AH"), "stage": ("A", "pre_ipo"), "sector": ("chips",), "year": ("2024",)},
    (frozenset({"sector", "region"}),),
    {"gap_rate": "gap_rate_mcny"},
)


def test_a_goal_is_read():
    goal = checked_goal(
        " se( gap_rate [stage = pre_ipo, year=2024] )<=1e-2 AND rse(deals_n[region=AH]) < 2.5 % ",
        CATALOGUE,
    )
    first, second = goal.conditions
    assert (first.kind, first.measure, first.limit) == ("se", "gap_rate_mcny", 0.01)
    assert dict(first.cell) == {"stage": "pre_ipo", "year": "2024"}
    assert (second.kind, second.limit) == ("rse", 0.025)
    assert str(first) == "se(gap_rate_mcny[stage=pre_ipo,year=2024]) < 0.01"
    assert parse_goal(str(goal)) == goal


def test_said_twice_it_is_one_condition():
    goal = checked_goal("se(gap_rate) < 1 and se(gap_rate_mcny) < 1.0", CATALOGUE)
    assert len(goal.conditions) == 1


def test_what_each_kind_measures():
    found = Estimate(value=-2.0, se=0.1, se_error=0.1, n=40)
    of = {kind: parse_goal(f"{kind}(x) < 1").conditions[0].found(found) for kind in KINDS}
    assert of["se"] == 0.1
    assert of["rse"] == pytest.approx(0.05)
    assert of["half_width95"] == pytest.approx(2.0226909 * 0.1)
    nothing = found._replace(value=0.0)
    assert not parse_goal("rse(x) < 1e9").conditions[0].is_met(nothing)


def test_the_error_counts_with_its_own_error():
    """0.1 known to a tenth may be 0.118: a goal of 0.11 is not met, one of 0.12 is."""
    found = Estimate(value=1.0, se=0.1, se_error=0.1, n=40)
    assert found.se_bound == pytest.approx(0.1 * 2.718281828 ** (1.6448536 * 0.1))
    assert not parse_goal("se(x) < 0.11").conditions[0].is_met(found)
    assert parse_goal("se(x) < 0.12").conditions[0].is_met(found)
    for unknown in (found._replace(se=float("nan")), found._replace(se_error=float("nan"))):
        assert not parse_goal("se(x) < 0.12").conditions[0].is_met(unknown)


@pytest.mark.parametrize("se", [0.0, 1e-16])
@pytest.mark.parametrize("kind", KINDS)
def test_units_that_are_all_alike_show_no_error(kind, se):
    """Sixty-four paths without an exit do not say that the mean of exits is known exactly."""
    alike = Estimate(value=1.0, se=se, se_error=0.0, n=64)
    assert not parse_goal(f"{kind}(x) < 1").conditions[0].is_met(alike)


REFUSED = {
    "": "an empty text",
    "se": "'('",
    "se(": "a name",
    "se(gap_rate": "')'",
    "se(gap_rate)": "'<'",
    "se(gap_rate) <": "a number",
    "se(gap_rate) > 0.1": "'<'",
    "se(gap_rate) < 0": "above 0",
    "se(gap_rate) < -1": "a number",
    "se(gap_rate) < 1e999": "finite",
    "se(gap_rate) < nan": "a number",
    "se(gap_rate) < inf": "a number",
    "se(gap_rate) < 1e-323%": "above 0",
    "se(gap_rate) < 0.1 or rse(gap_rate) < 1": "'and'",
    "se(gap_rate) < 0.1 and": "one of se",
    "se(gap_rate[region]) < 0.1": "'='",
    "se(gap_rate[region=]) < 0.1": "a value",
    "se(gap_rate[]) < 0.1": "a name",
    "rs(gap_rate) < 0.1": "did you mean 'rse'",
    "se(gap_rate) < 0.1 )": "'and'",
    "__import__('os')": "one of se",
    "se(" * 400: "at most",
    "se(gaprate) < 1": "did you mean 'gap_rate'",
    "se(deals_n[stage=A]) < 1": "one of region",
    "se(npv[region=AH]) < 1": "no dimension",
    "se(gap_rate[region=AN]) < 1": "one of SH, AH",
    "se(gap_rate[region=AH,region=SH]) < 1": "each dimension once",
    "se(gap_rate[region=AH,sector=chips]) < 1": "not counted together",
}


@pytest.mark.parametrize("text", REFUSED)
def test_nonsense_is_refused_in_words(text):
    with pytest.raises(ScenarioError) as error:
        checked_goal(text, CATALOGUE)
    assert REFUSED[text] in str(error.value)
    assert "--until" in str(error.value)


def test_every_unknown_name_is_told_at_once():
    text = "se(gaprate) < 1 and se(deals_n[region=XX]) < 1 and se(npv[x=y]) < 1"
    with pytest.raises(ScenarioError) as error:
        checked_goal(text, CATALOGUE)
    assert len(error.value.problems) == 3


PIECES = st.sampled_from(
    [*KINDS, "(", ")", "[", "]", "<", "<=", "=", ",", "%", "and", "gap_rate", "0.1", "AH", " "]
)


@given(st.one_of(st.text(max_size=60), st.lists(PIECES, max_size=14).map("".join)))
def test_no_text_breaks_it(text):
    """A goal comes back as itself, or the text is refused; nothing else happens."""
    try:
        goal = parse_goal(text)
    except ScenarioError:
        return
    assert all(0 < condition.limit < float("inf") for condition in goal.conditions)
    assert parse_goal(str(goal)) == goal


NAMES = st.text(string.ascii_letters + "_", min_size=1, max_size=12)
VALUES = st.text(string.ascii_letters + string.digits + "_.-:", min_size=1, max_size=8)


@given(
    st.sampled_from(KINDS),
    NAMES,
    st.lists(st.tuples(NAMES, VALUES), max_size=3),
    st.floats(min_value=1e-12, max_value=1e12),
)
def test_what_is_written_by_the_rules_is_read(kind, name, cell, limit):
    inside = ",".join(f"{key}={value}" for key, value in cell)
    text = f"{kind}({name}{f'[{inside}]' if cell else ''}) < {limit!r}"
    if len(text) > LONGEST:
        return
    (found,) = parse_goal(text).conditions
    assert found == (kind, name, tuple(cell), limit)
