"""Bad investors, frictions, clusters, terms and shocks: each refused in words, all at once."""

import re
import tomllib

import pytest
import tomli_w

from finmodel.scenario import load_scenario, parameters
from tests.conftest import PLAIN, ROOT
from tests.test_scenario_errors import BASE, DELETE, dist, edited, q, refused

STRESS = {
    "start_quarter": q(0, "quarters"),
    "quarters": q(4, "quarters"),
    "market_shift": q(-0.5, "ln"),
    "ipo_multiple": q(0.0, "x"),
    "sale_multiple": q(0.5, "x"),
    "pace_multiple": q(0.5, "x"),
    "lp_multiple": {"private": q(0.5, "x")},
}


def stress(**changes):
    return {"environment.stress": {"halt": {**STRESS, **changes}}}


def pairs(*names):
    return {"friction.pairs": {name: q(2.0, "x") for name in names}}


def strength(*names):
    return {"clusters.strength": {name: q(1.0, "points") for name in names}}


# dotted key -> new value; then the parts the message must hold, of one problem unless it says.
EDITS = {
    "unknown class of LPs": (
        {"funds.angel_group.lp_mix": {"privat": q(1.0)}},
        ["funds.angel_group.lp_mix", "'privat'", "private, corporate, state", "mean 'private'"],
    ),
    "LPs that do not add up": (
        {"funds.angel_group.lp_mix": {"private": q(0.5), "state": q(0.3)}},
        ["funds.angel_group.lp_mix", "sum 0.8", "shares that sum to 1"],
    ),
    "LPs that add up to more": (
        {"funds.angel_group.lp_mix": {"private": q(0.7), "state": q(0.7)}},
        ["funds.angel_group.lp_mix", "sum 1.4"],
    ),
    "LPs believed not to add up": (
        {
            "funds.angel_group.lp_mix": {
                "private": dist(dist="uniform", low=0.5, high=0.9),
                "state": q(0.5),
            }
        },
        ["funds.angel_group.lp_mix", "sum 1.2", "beliefs at median"],
    ),
    "no LPs of a fund": ({"funds.angel_group.lp_mix": {}}, ["funds.angel_group.lp_mix", "least 1"]),
    "a negative part": (
        {"funds.angel_group.lp_mix": {"private": q(1.5), "state": q(-0.5)}},
        ["2 problem(s)", "lp_mix.private.value: got 1.5;", "lp_mix.state.value: got -0.5;"],
    ),
    "no class of LPs": ({"lps": {}}, ["lps", "at least 1 entries"]),
    "seven classes of LPs": (
        {"lps": {**BASE["lps"], **{f"more_{n}": BASE["lps"]["state"] for n in range(4)}}},
        ["lps", "at most 6 entries"],
    ),
    "a class with a blank in its name": (
        {"lps": {**BASE["lps"], "state owned": BASE["lps"]["state"]}},
        ["lps", "'state owned'", "letters, digits and underscores"],
    ),
    "a class without a Chinese name": ({"lps.state.label_zh": ""}, ["lps.state.label_zh"]),
    "unknown key of a class": (
        {"lps.state.cycle_load": q(1.0, "ln per ln")},
        ["lps.state.cycle_load", "did you mean 'cycle_loading'"],
    ),
    "term before the end of investment": (
        {
            "funds.angel_group.term_years": q(3.9, "years"),
            "funds.angel_group.investment_years": q(4.0, "years"),
        },
        ["funds.angel_group.term_years", "got 3.9;", "at least investment_years, 4"],
    ),
    "term believed too short": (
        {"funds.angel_group.term_years": q({"dist": "uniform", "low": 0.5, "high": 1.5}, "years")},
        ["funds.angel_group.term_years", "got 1;", "at least investment_years"],
    ),
    "ticket above concentration": (
        {
            "funds.angel_group.ticket_share": q(0.5),
            "funds.angel_group.concentration_share": q(0.2),
        },
        ["funds.angel_group.ticket_share", "got 0.5;", "at most concentration_share, 0.2"],
    ),
    "fees of all the money": (
        {
            "funds.angel_group.fee_pa": q(0.1, "per year"),
            "funds.angel_group.fee_after_share": q(1.0),
            "funds.angel_group.term_years": q(10.0, "years"),
        },
        ["funds.angel_group.fee_pa", "fees of 100% over its life", "below 100 %"],
    ),
    "fees after the investment period count": (
        {
            "funds.angel_group.fee_pa": q(0.1, "per year"),
            "funds.angel_group.fee_after_share": q(0.5),
            "funds.angel_group.investment_years": q(4.0, "years"),
            "funds.angel_group.term_years": q(29.1, "years"),
        },
        ["funds.angel_group.fee_pa", "fees of 165% over its life"],
    ),
    "mandate for an unknown stage": (
        {"funds.angel_group.mandate": {"angle": q(1.0)}},
        ["funds.angel_group.mandate", "'angle'", "did you mean 'angel'"],
    ),
    "mandate for a sector": (
        {"funds.angel_group.mandate": {"angel": q(0.5), "biomedicine": q(0.5)}},
        ["funds.angel_group.mandate", "'biomedicine'", "one of lab, angel, A, B, C, pre_ipo"],
    ),
    "empty mandate": ({"funds.angel_group.mandate": {}}, ["funds.angel_group.mandate", "least 1"]),
    "mandate of nothing": (
        {"funds.angel_group.mandate": {"angel": q(0.0), "A": q(0.0)}},
        ["funds.angel_group.mandate", "all weights 0", "at least one stage above 0"],
    ),
    "mandate above one": (
        {"funds.angel_group.mandate": {"angel": q(1.5)}},
        ["funds.angel_group.mandate.angel", "got 1.5;", "[0, 1] share"],
    ),
    "no funds": ({"funds": {}}, ["funds", "at least 1 entries"]),
    "pair without an arrow": (
        pairs("SH-JS"),
        ["friction.pairs", "'SH-JS'", "'XX>YY', from fund region to firm region"],
    ),
    "pair of a region with itself": (pairs("SH>SH"), ["friction.pairs", "'SH>SH'", "'XX>YY'"]),
    "pair from an unknown region": (
        pairs("JX1>SH"),
        ["friction.pairs.'JX1>SH'", "got 'JX1'; allowed: a region code (did you mean 'JX'?)"],
    ),
    "pair in small letters": (
        pairs("js>sh"),
        ["2 problem(s)", "'js'", "did you mean 'JS'", "'sh'", "did you mean 'SH'"],
    ),
    "pair of three": (pairs("SH>JS>ZJ"), ["friction.pairs.'SH>JS>ZJ'", "got 'JS>ZJ'"]),
    "pair with blanks": (pairs("SH > JS"), ["2 problem(s)", "'SH '", "' JS'", "mean 'JS'"]),
    "pair too close": (
        {"friction.pairs": {"JS>SH": q(51.0, "x")}},
        ["friction.pairs.JS>SH.value", "got 51;", "[0, 50] x"],
    ),
    "pair from an unknown source": (
        {"friction.pairs": {"JS>SH": q(2.0, "x", source="S10", grade="academic")}},
        ["friction.pairs.JS>SH.source", "'S10'", "data/sources.csv"],
    ),
    "intermediaries nowhere": (
        {"intermediaries.presence": {"sh": q(0.5)}},
        ["intermediaries.presence", "'sh'", "a region code", "did you mean 'SH'"],
    ),
    "more than all intermediaries": (
        {"intermediaries.presence": {"SH": q(1.5)}},
        ["intermediaries.presence.SH.value", "got 1.5;", "[0, 1] share"],
    ),
    "cluster without a slash": (
        strength("SH_biomedicine"),
        ["clusters.strength", "'SH_biomedicine'", "'REGION/sector'"],
    ),
    "cluster in an unknown region": (
        strength("HS/biomedicine"),
        ["clusters.strength.'HS/biomedicine'", "got 'HS'", "a region code"],
    ),
    "cluster in small letters": (strength("zj/aerospace"), ["got 'zj'", "did you mean 'ZJ'"]),
    "cluster of an unknown sector": (
        strength("SH/biomedecine"),
        ["clusters.strength.'SH/biomedecine'", "'biomedecine'", "did you mean 'biomedicine'"],
    ),
    "cluster of no sector": (strength("SH/"), ["clusters.strength.'SH/'", "got ''"]),
    "cluster of two sectors": (strength("SH/aerospace/biomedicine"), ["'aerospace/biomedicine'"]),
    "cluster wrong on both sides": (
        strength("Shanghai/chips"),
        ["2 problem(s)", "got 'Shanghai'", "got 'chips'", "integrated_circuits"],
    ),
    "shock to an unknown class of LPs": (
        stress(lp_multiple={"corparate": q(0.5, "x")}),
        ["environment.stress.halt.lp_multiple", "'corparate'", "did you mean 'corporate'"],
    ),
    "shock in the middle of a quarter": (
        stress(start_quarter=q(0.5, "quarters")),
        ["environment.stress.halt.start_quarter.value", "0.5", "whole number in [-80, 160]"],
    ),
    "shock some time": (
        stress(start_quarter=q({"dist": "uniform", "low": 0, "high": 8}, "quarters")),
        ["stress.halt.start_quarter", "'uniform'", "discrete distribution of whole numbers"],
    ),
    "shock that lasts a negative time": (
        stress(quarters=q(-1, "quarters")),
        ["environment.stress.halt.quarters.value", "got -1;", "whole number in [0, 200]"],
    ),
    "shock that turns hazards around": (
        stress(ipo_multiple=q(-0.1, "x")),
        ["environment.stress.halt.ipo_multiple", "got -0.1;", "[0, 10] x"],
    ),
    "unknown key of a shock": (
        stress(ipo_multiples=q(0.1, "x")),
        ["environment.stress.halt.ipo_multiples", "did you mean 'ipo_multiple'"],
    ),
    "half a shock": (
        {"environment.stress": {"halt": {k: v for k, v in STRESS.items() if k != "quarters"}}},
        ["environment.stress.halt.quarters", "a value is required here"],
    ),
    "no list of shocks": ({"environment.stress": DELETE}, ["environment.stress", "required"]),
    "misspelt process": (
        {"environment.process": "regime"},
        ["environment.process", "got 'regime'", "'ar1' or 'regimes'", "did you mean 'regimes'"],
    ),
    "process in capitals": ({"environment.process": "AR(1)"}, ["environment.process", "'ar1'"]),
    "process by number": ({"environment.process": 1}, ["environment.process", "got 1;", "'ar1'"]),
    "bad times without end": (
        {"environment.rise_pp": q(0.0, "per quarter")},
        ["environment.rise_pp.value", "got 0;", "(0, 1] per quarter"],
    ),
    "a window shut for ever": (
        {"environment.window_open_pp": q(0.0, "per quarter")},
        ["environment.window_open_pp.value", "got 0;", "(0, 1] per quarter"],
    ),
    "a factor without rest": (
        {"environment.market_persistence_pp": q(1.0, "per quarter")},
        ["environment.market_persistence_pp.value", "got 1;", "[0, 0.999] per quarter"],
    ),
    "preferences that may take part": (
        {"terms.participating": q(0.5, "yes or no")},
        ["terms.participating.value", "got 0.5;", "whole number in [0, 1] yes or no"],
    ),
    "preferences that truly take part": (
        {"terms.participating": True},
        ["terms.participating", "got True;", "whole number in [0, 1] yes or no"],
    ),
    "a firm sold whole in a round": (
        {"stages.A.dilution": q(1.0)},
        ["stages.A.dilution.value", "got 1;", "(0, 0.95] share"],
    ),
    "unknown indicator for capital": (
        {"capital.region_index": {"gpd:2022": q(1.0)}},
        ["capital.region_index", "'gpd'", "did you mean 'gdp'"],
    ),
    "year without data for capital": (
        {"capital.region_index": {"gdp:1950": q(1.0)}},
        ["capital.region_index.'gdp:1950'", "year 1950", "2022"],
    ),
    "regions and indicators mixed": (
        {"capital.region_index": {"SH": q(0.5), "gdp:2022": q(0.5)}},
        ["4 problem(s)", "no share for AH", "no share for ZJ", "'gdp:2022'", "geography.regions"],
    ),
    "weights of indicators": (
        {"capital.region_index": {"gdp:2022": q(0.5)}},
        ["capital.region_index", "sum 0.5", "sum to 1"],
    ),
}


@pytest.mark.parametrize("case", EDITS)
def test_bad_money_is_refused_in_words(case, tmp_path):
    edits, parts = EDITS[case]
    file = tmp_path / "bad.toml"
    file.write_text(tomli_w.dumps(edited(edits)), encoding="utf-8")
    text = refused(file)
    if not parts[0].endswith("problem(s)"):
        parts = ["1 problem(s)", *parts]
    assert all(part in text for part in [str(file), *parts]), text


def test_problems_across_fields_come_at_once(tmp_path):
    file = tmp_path / "bad.toml"
    edits = {
        "funds.angel_group.lp_mix": {"private": q(0.5), "stat": q(0.4)},
        "funds.corporate_vc.mandate": {"angel": q(0.0)},
        "funds.corporate_vc.term_years": q(1.0, "years"),
        "funds.state_owned.ticket_share": q(0.9),
        "intermediaries.presence": {"XX": q(0.5)},
        "capital.region_index": {"SH": q(1.0)},
        "stages.A.entry_share": q(0.1),
        **pairs("SH>XX", "SH"),
        **strength("SH/chips", "SH"),
        **stress(lp_multiple={"nobody": q(0.5, "x")}),
    }
    file.write_text(tomli_w.dumps(edited(edits)), encoding="utf-8")
    text = refused(file)
    assert "15 problem(s)" in text, text
    assert len(re.findall(r"^  - .*: got .*; allowed: ", text, re.MULTILINE)) == 15


def programme():
    """A programme with every clause stated."""
    folder = ROOT / "scenarios"
    neutral = tomllib.loads((folder / "clauses" / "neutral.toml").read_text(encoding="utf-8"))
    policy = tomllib.loads((folder / "policy_pro_rata.toml").read_text(encoding="utf-8"))
    own = policy["programmes"]["joint_fund"]
    return {**neutral, **{key: item for key, item in own.items() if key != "clauses"}}


def sweep(side):
    """Every number of the schema just outside its range, by dotted name; and what is allowed."""
    keys = {"presence": "SH", "strength": "SH/biomedicine", "lp_multiple": "private"}
    keys |= {"stress": "halt", "pairs": "JS>SH", "mandate": "A", "region_share": "SH"}
    keys |= {"programmes": "joint_fund", "cost_mcny_pa": "barriers", "loss_tolerance_class": "A"}
    keys |= {"sector_mandate": "biomedicine"}
    keys |= dict.fromkeys(("members", "tax_relief", "source_presence", "end_presence"), "SH")
    edits, allowed = {**stress(), "intermediaries.presence": {}, "clusters.strength": {}}, {}
    edits["programmes"] = {"joint_fund": programme()}
    for row in parameters().to_dict("records"):
        found = re.search(r"in ([\[(])(\S+), (\S+)\] ", row["allowed"])
        low, high = float(found[2]), float(found[3])
        value = {"floor": low if found[1] == "(" else low - 1, "ceiling": high * 1.01 + 1}[side]
        name, node = "", edited(edits)
        for part in row["name"].split("."):
            if part == "*":
                table = name.rpartition(".")[2]
                part = keys.get(table) or next(iter(node))  # noqa: PLW2901
            node = node.get(part, {})
            name = f"{name}.{part}" if name else part
        edits[name], allowed[name] = q(value, row["unit"]), row["allowed"]
    return edits, allowed


@pytest.mark.parametrize("side", ["floor", "ceiling"])
def test_every_number_has_a_floor_and_a_ceiling(side, tmp_path):
    file = tmp_path / "bad.toml"
    edits, allowed = sweep(side)
    file.write_text(tomli_w.dumps(edited(edits)), encoding="utf-8")
    text = refused(file)
    assert len(allowed) > 110
    assert f"{len(allowed)} problem(s)" in text
    for name, words in allowed.items():
        assert f"{file}: {name}.value: got {edits[name]['value']:g}; allowed: {words}" in text


GOOD = {
    "fractional meetings": ("market.meetings_pp=2.5",),
    "uncertain meetings": ('market.meetings_pp={dist="uniform", low=2, high=5}',),
    "term equal to the investment period": (
        "funds.angel_group.term_years=4.5",
        "funds.angel_group.investment_years=4.5",
    ),
    "ticket equal to concentration": (
        "funds.angel_group.ticket_share=0.3",
        "funds.angel_group.concentration_share=0.3",
    ),
    "a pair of regions outside the scenario": ("friction.pairs.BJ>SC=1.5",),
    "a new entry where names are free": (
        "intermediaries.presence.SH=0.5",
        "clusters.strength.SH/biomedicine=-1",
        "clusters.strength.BJ/aerospace=2",
    ),
    "a whole shock": (
        "environment.stress={halt={start_quarter=-4, quarters=8, market_shift=-1, "
        "ipo_multiple=0, sale_multiple=1, pace_multiple=1, lp_multiple={}}}",
        "environment.process=regimes",
    ),
}


@pytest.mark.parametrize("case", GOOD)
def test_what_is_allowed_is_not_refused(case):
    assert load_scenario(PLAIN, GOOD[case]) != load_scenario(PLAIN)


@pytest.mark.parametrize(
    ("change", "parts"),
    [
        ("funds.angel_group.lp_mix.stat=0.2", ["lp_mix", "'stat'", "did you mean 'state'"]),
        ("friction.pairs.SH=2", ["friction.pairs", "'SH'", "'XX>YY'"]),
        ("friction.pairs.JS>SH=-1", ["--set friction.pairs.JS>SH.value", "got -1;", "[0, 50] x"]),
        ("clusters.strengths.SH/aerospace=1", ["clusters.strengths", "did you mean 'strength'"]),
        ("environment.process=regime", ["--set environment.process", "did you mean 'regimes'"]),
        ("terms.participating=maybe", ["--set terms.participating", "'maybe'", "[0, 1]"]),
    ],
)
def test_a_bad_change_of_the_money_side_is_refused_in_words(change, parts):
    text = refused(PLAIN, change)
    assert all(part in text for part in parts), text


def test_a_child_replaces_a_table_of_shares_whole_and_adds_to_other_tables(tmp_path):
    (tmp_path / "parent.toml").write_bytes(PLAIN.read_bytes())
    child = tmp_path / "child.toml"
    child.write_text(
        'extends = "parent.toml"\n'
        "[funds.angel_group]\nlp_mix = { state = 1.0 }\nmandate = { lab = 1.0 }\n"
        '[friction.pairs]\n"SH>JS" = 3.0\n'
    )
    scenario, parent = load_scenario(child), load_scenario(PLAIN)
    assert set(scenario.funds["angel_group"].lp_mix) == {"state"}
    assert set(scenario.funds["angel_group"].mandate) == {"lab"}
    assert scenario.funds["angel_group"].fee_pa == parent.funds["angel_group"].fee_pa
    assert set(scenario.friction.pairs) == {*parent.friction.pairs, "SH>JS"}
