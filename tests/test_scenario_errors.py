"""Bad scenarios: each refused with its place, the value given and what is allowed."""

import copy
import tomllib

import pytest
import tomli_w

from finmodel.errors import ScenarioError
from finmodel.scenario import load_scenario
from tests.conftest import PLAIN, YRD

BASE = tomllib.loads(PLAIN.read_text(encoding="utf-8"))
DELETE = object()


def q(value, unit="share", **more):
    return {"value": value, "unit": unit, "source": "assumption", "grade": "assumed", **more}


def dist(**fields):
    return q(fields)


# dotted key -> new value; then the parts the message must hold.
EDITS = {
    "unknown section": ({"markets": {"x": 1}}, ["markets", "unknown key", "did you mean 'market'"]),
    "unknown key": (
        {"firms.patience_quarter": q(4, "quarters")},
        ["firms.patience_quarter", "did you mean 'patience_quarters'"],
    ),
    "unknown stage key": (
        {"stages.A.milestone_rate": q(1, "per year")},
        ["stages.A.milestone_rate", "did you mean 'milestone_rate_pa'"],
    ),
    "unknown part of a number": (
        {"firms.quality_sd": {**q(1.0, "sd"), "sources": "x"}},
        ["firms.quality_sd.sources", "did you mean 'source'"],
    ),
    "missing section": ({"viability": DELETE}, ["viability", "a value is required"]),
    "missing key": ({"market.discouragement": DELETE}, ["market.discouragement", "required"]),
    "missing source": (
        {"firms.quality_sd": {"value": 1.0, "unit": "sd", "grade": "assumed"}},
        ["firms.quality_sd.source", "required"],
    ),
    "missing grade": (
        {"firms.quality_sd": {"value": 1.0, "unit": "sd", "source": "assumption"}},
        ["firms.quality_sd.grade", "required"],
    ),
    "missing unit": (
        {"firms.quality_sd": {"value": 1.0, "source": "assumption", "grade": "assumed"}},
        ["firms.quality_sd.unit", "required"],
    ),
    "empty source": ({"firms.quality_sd": q(1.0, "sd", source="")}, ["firms.quality_sd.source"]),
    "wrong unit": (
        {"capital.total_mcny_pa": q(460.0, "bn/year")},
        ["capital.total_mcny_pa.unit", "bn/year", "mcny/year"],
    ),
    "per cent for share": (
        {"market.min_close_share": q(60.0)},
        ["market.min_close_share.value", "60", "(0, 1] share"],
    ),
    "below range": ({"market.discouragement": q(-0.1)}, ["-0.1", "[0, 1] share"]),
    "above range": ({"market.discouragement": q(1.1)}, ["1.1", "[0, 1] share"]),
    "open bound": ({"firms.patience_quarters": q(0.0, "quarters")}, ["got 0;", "(0, 40] quarters"]),
    "negative capital": ({"capital.total_mcny_pa": q(-1.0, "mcny/year")}, ["got -1;", "mcny/year"]),
    "infinite": ({"capital.total_mcny_pa": q(float("inf"), "mcny/year")}, ["capital.total", "inf"]),
    "nan": ({"firms.quality_mean": q(float("nan"), "sd")}, ["firms.quality_mean", "nan"]),
    "text for a number": ({"firms.quality_sd": q("one", "sd")}, ["firms.quality_sd", "'one'"]),
    "quoted number": ({"firms.quality_sd": q("1.0", "sd")}, ["firms.quality_sd", "'1.0'"]),
    "true for a number": ({"firms.quality_sd": q(True, "sd")}, ["firms.quality_sd", "True"]),
    "bare true": ({"firms.quality_sd": True}, ["firms.quality_sd", "True", "[0, 3] sd"]),
    "bare text": ({"firms.quality_sd": "one"}, ["firms.quality_sd", "'one'", "[0, 3] sd"]),
    "list for a number": ({"firms.quality_sd": [1.0]}, ["firms.quality_sd", "[0, 3] sd"]),
    "bad grade": (
        {"firms.quality_sd": q(1.0, "sd", grade="guess")},
        ["firms.quality_sd.grade", "'guess'", "'assumed'"],
    ),
    "misspelt grade": (
        {"firms.quality_sd": q(1.0, "sd", grade="offical")},
        ["'offical'", "did you mean 'official'"],
    ),
    "unknown source": (
        {"firms.quality_sd": q(1.0, "sd", source="S_KOBO", grade="commercial")},
        ["firms.quality_sd.source", "'S_KOBO'", "did you mean 'S_KOBU'"],
    ),
    "second source unknown": (
        {"firms.quality_sd": q(1.0, "sd", source="S086;nobody", grade="commercial")},
        ["'nobody'", "data/sources.csv"],
    ),
    "assumption with a better grade": (
        {"firms.quality_sd": q(1.0, "sd", grade="official")},
        ["firms.quality_sd.grade", "'official'", "'assumed' for an assumption"],
    ),
    "half participating": (
        {"terms.participating": q(0.5, "yes or no")},
        ["terms.participating.value", "got 0.5;", "whole number in [0, 1] yes or no"],
    ),
    "too many meetings": (
        {"market.meetings_pp": q(8.5, "meetings/quarter")},
        ["market.meetings_pp", "got 8.5;", "number in [0, 8] meetings/quarter"],
    ),
    "uniform upside down": (
        {"market.discouragement": dist(dist="uniform", low=0.5, high=0.2)},
        ["market.discouragement", "low < high"],
    ),
    "triangular out of order": (
        {"market.discouragement": dist(dist="triangular", low=0.1, mode=0.6, high=0.5)},
        ["market.discouragement", "low <= mode <= high"],
    ),
    "normal without spread": (
        {"market.discouragement": dist(dist="normal", mean=0.3, sd=0.0, low=0, high=1)},
        ["market.discouragement", "greater than 0"],
    ),
    "normal without bounds": (
        {"market.discouragement": dist(dist="normal", mean=0.3, sd=0.1)},
        ["market.discouragement", "low", "required"],
    ),
    "normal far outside its bounds": (
        {"market.discouragement": dist(dist="normal", mean=99, sd=0.1, low=0, high=1)},
        ["market.discouragement", "one millionth"],
    ),
    "lognormal of nothing": (
        {"market.discouragement": dist(dist="lognormal", median=0, log_sd=1, low=0.1, high=1)},
        ["market.discouragement", "greater than 0"],
    ),
    "discrete without a weight": (
        {"market.discouragement": dist(dist="discrete", values=[0.1, 0.2], weights=[1.0])},
        ["market.discouragement", "as many weights as values"],
    ),
    "discrete of no weight": (
        {"market.discouragement": dist(dist="discrete", values=[0.1, 0.2], weights=[0, 0])},
        ["market.discouragement", "positive, finite sum"],
    ),
    "discrete out of order": (
        {"market.discouragement": dist(dist="discrete", values=[0.2, 0.1], weights=[1, 1])},
        ["market.discouragement", "rising order"],
    ),
    "unknown distribution": (
        {"market.discouragement": dist(dist="gauss", mean=0.3)},
        ["market.discouragement", "uniform", "triangular"],
    ),
    "unknown key of a distribution": (
        {"market.discouragement": dist(dist="uniform", low=0.1, high=0.2, mid=0.15)},
        ["market.discouragement", "'mid'"],
    ),
    "belief beyond the range": (
        {"market.discouragement": dist(dist="uniform", low=0.5, high=1.5)},
        ["market.discouragement", "1.5", "[0, 1] share"],
    ),
    "weights without end": (
        {"market.discouragement": dist(dist="discrete", values=[0.1, 0.2], weights=[1e308, 1e308])},
        ["market.discouragement", "positive, finite sum"],
    ),
    "no distribution named": (
        {"market.discouragement": q({"low": 0.1, "high": 0.2})},
        ["market.discouragement.value", "no dist", "uniform, triangular"],
    ),
    "misspelt distribution": (
        {"market.discouragement": dist(dist="unifrom", low=0.1, high=0.2)},
        ["'unifrom'", "did you mean 'uniform'"],
    ),
    "misspelt part of a distribution": (
        {"market.discouragement": dist(dist="uniform", low=0.1, hihg=0.2)},
        ["value.hihg", "dist, low, high", "did you mean 'high'"],
    ),
    "text in a distribution": (
        {"market.discouragement": dist(dist="uniform", low="0.1", high=0.2)},
        ["market.discouragement.value.low", "'0.1'", "a number"],
    ),
    "somewhere between yes and no": (
        {"terms.participating": q({"dist": "uniform", "low": 0, "high": 1}, "yes or no")},
        ["terms.participating.value", "'uniform'", "discrete distribution of whole numbers"],
    ),
    "a number beyond all numbers": (
        {"births.total_pa": q(10**400, "firms/year")},
        ["births.total_pa.value", "firms/year"],
    ),
    "a belief that breaks a sum": (
        {
            "capital.region_index": {
                "SH": q({"dist": "uniform", "low": 0, "high": 1}),
                **{region: q(0.9) for region in ("JS", "ZJ", "AH")},
            }
        },
        ["capital.region_index", "sum 3.2", "beliefs at median"],
    ),
    "assumption hidden behind a source": (
        {"firms.quality_sd": q(1.0, "sd", source="assumption; S086", grade="official")},
        ["firms.quality_sd.grade", "'official'"],
    ),
    "year in other digits": (
        {"births.region_index": {"gdp:²": q(1.0)}},
        ["births.region_index", "'gdp:²'", "indicator:year"],
    ),
    "stage without a name": (
        {"stages": {**BASE["stages"], "": BASE["stages"]["A"]}},
        ["''", "letters"],
    ),
    "years in quotes": ({"run.years": "8"}, ["run.years", "'8'", "a whole number"]),
    "true paths": ({"run.paths": True}, ["run.paths", "True", "a whole number"]),
    "hard tech one": ({"sectors.aerospace.is_hard_tech": 1}, ["is_hard_tech", "true or false"]),
    "number for a table": ({"market": 5}, ["market", "got 5", "a table"]),
    "unknown region": (
        {"geography.regions": ["SH", "JX1"]},
        ["geography.regions", "'JX1'", "'JX'"],
    ),
    "region in small letters": ({"geography.regions": ["sh"]}, ["'sh'", "did you mean 'SH'"]),
    "region not modelled": ({"geography.regions": ["SH", "HK"]}, ["geography.regions", "'HK'"]),
    "region twice": (
        {"geography.regions": ["SH", "JS", "ZJ", "AH", "SH"]},
        ["geography.regions", "SH twice", "each region once"],
    ),
    "no region": ({"geography.regions": []}, ["geography.regions", "at least 1"]),
    "entry shares": (
        {"stages.A.entry_share": q(0.9)},
        ["stages.*.entry_share", "sum 1.45", "sum to 1"],
    ),
    "sector shares": (
        {"sectors.aerospace.birth_share": q(0.5)},
        ["sectors.*.birth_share", "sum to 1"],
    ),
    "fund shares": ({"funds.angel_group.capital_share": q(0.5)}, ["funds.*.capital_share", "sum"]),
    "region shares": (
        {"capital.region_index": {"SH": q(0.5), "JS": q(0.2), "ZJ": q(0.1), "AH": q(0.1)}},
        ["capital.region_index", "sum 0.9"],
    ),
    "share for some regions": (
        {"capital.region_index": {"SH": q(0.5), "JS": q(0.5)}},
        ["capital.region_index", "no share for AH", "no share for ZJ"],
    ),
    "share for another region": (
        {
            "capital.region_index": {
                "SH": q(0.5),
                "JS": q(0.2),
                "ZJ": q(0.2),
                "AH": q(0),
                "GD": q(0.1),
            }
        },
        ["capital.region_index", "'GD'", "a region of geography.regions"],
    ),
    "unknown indicator": (
        {"births.region_index": {"gpd:2022": q(1.0)}},
        ["births.region_index", "'gpd'", "did you mean 'gdp'"],
    ),
    "year without data": (
        {"births.region_index": {"gdp:1950": q(1.0)}},
        ["births.region_index", "year 1950", "2022"],
    ),
    "indicator without a year": (
        {"births.region_index": {"gdp": q(1.0)}},
        ["births.region_index", "'gdp'", "indicator:year"],
    ),
    "indicator not known everywhere": (
        {"births.region_index": {"population:2023": q(1.0)}},
        ["births.region_index", "no value for ZJ, AH"],
    ),
    "two stages at once": ({"stages.B.order": 2}, ["stages.*.order", "2 twice"]),
    "order not whole": ({"stages.B.order": 2.5}, ["stages.B.order", "2.5"]),
    "no stages": ({"stages": {}}, ["stages", "at least 1"]),
    "no paths": ({"run.paths": 0}, ["run.paths", "got 0", "greater than or equal to 1"]),
    "negative seed": ({"run.seed": -1}, ["run.seed", "got -1"]),
    "years of history": ({"run.years": 100}, ["run.years", "100", "40"]),
    "no scale": ({"run.scale": 0.0}, ["run.scale", "greater than 0"]),
    "future schema": ({"schema_version": 3}, ["schema_version", "got 3", "than or equal to 2"]),
    "past schema": ({"schema_version": 1}, ["schema_version", "got 1", "than or equal to 2"]),
    "no schema": ({"schema_version": DELETE}, ["schema_version", "required"]),
    "name with blanks": ({"meta.name": "my scenario"}, ["meta.name", "'my scenario'"]),
    "empty title": ({"meta.title_zh": ""}, ["meta.title_zh"]),
    "hard tech maybe": ({"sectors.aerospace.is_hard_tech": "maybe"}, ["is_hard_tech", "'maybe'"]),
}


def edited(edits):
    tree = copy.deepcopy(BASE)
    for key, value in edits.items():
        *path, last = key.split(".")
        node = tree
        for part in path:
            node = node[part]
        if value is DELETE:
            del node[last]
        else:
            node[last] = value
    return tree


def refused(path, *changes):
    with pytest.raises(ScenarioError) as error:
        load_scenario(path, changes)
    assert error.value.problems
    return str(error.value)


@pytest.mark.parametrize("case", EDITS)
def test_a_bad_scenario_is_refused_in_words(case, tmp_path):
    edits, parts = EDITS[case]
    file = tmp_path / "bad.toml"
    file.write_text(tomli_w.dumps(edited(edits)), encoding="utf-8")
    text = refused(file)
    assert all(part in text for part in [str(file), *parts]), text


FILES = {
    "missing": (None, ["no such file", "a TOML file"]),
    "not TOML": (b"a = = 1", ["valid TOML"]),
    "key twice": (b"a = 1\na = 2", ["valid TOML"]),
    "latin-1": ("title = 'é'".encode("latin-1"), ["0xe9", "UTF-8"]),
    "zip": (b"PK\x03\x04\xff", ["UTF-8"]),
    "empty": (b"", ["meta", "a value is required"]),
    "nested without end": (b"a = " + b"[" * 5000 + b"]" * 5000, ["valid TOML"]),
    "digits without end": (b"a = " + b"1" * 5000, ["valid TOML"]),
    "name too long": (b'extends = "' + b"x" * 300 + b'.toml"', ["xxx", "a readable file"]),
    "huge": (b"#" * 2_000_001, ["2000001 bytes", "at most"]),
    "extends a number": (b"extends = 3", ["extends", "3", "the name of one scenario file"]),
    "extends nothing": (b'extends = "nowhere.toml"', ["nowhere.toml", "no such file"]),
    "extends itself": (b'extends = "bad.toml"', ["extends", "one level only"]),
}


@pytest.mark.parametrize("case", FILES)
def test_a_bad_file_is_refused_in_words(case, tmp_path):
    content, parts = FILES[case]
    file = tmp_path / "bad.toml"
    if content is not None:
        file.write_bytes(content)
    text = refused(file)
    assert all(part in text for part in parts), text


def test_a_folder_is_not_a_scenario(tmp_path):
    assert "not a file" in refused(tmp_path)


def test_a_byte_order_mark_is_no_fault(tmp_path):
    file = tmp_path / "bom.toml"
    file.write_bytes(b"\xef\xbb\xbf" + YRD.read_bytes())
    assert load_scenario(file) == load_scenario(YRD)


def test_a_misspelt_file_is_guessed(tmp_path):
    (tmp_path / "baseline.toml").write_text("")
    assert "did you mean 'baseline.toml'" in refused(tmp_path / "basline.toml")


@pytest.mark.parametrize(
    ("change", "parts"),
    [
        ("firms.patience", ["--set firms.patience", "key.to.number=value"]),
        ("=3", ["key.to.number=value"]),
        ("firm.patience_quarters=3", ["firm", "did you mean 'firms'"]),
        ("firms.patience_quarter=3", ["did you mean 'patience_quarters'"]),
        ("firms.patience_quarters=three", ["firms.patience_quarters", "'three'"]),
        ("firms.patience_quarters=99", ["99", "(0, 40] quarters"]),
        ("run.paths=1.5", ["run.paths", "1.5"]),
        ("stages.A.order.x=1", ["--set", "stages.A.order", "a single value"]),
        ("run.seed=" + "[" * 5000, ["--set run.seed", "a whole number"]),
        ("market.discouragement=1\nrun=3", ["key.to.number=value"]),
        ("environment.stress.halt.quarters=4", ["environment.stress.halt", "(no entries)"]),
        ("stages.AA=1", ["stages.AA", "one of A, B, C"]),
    ],
)
def test_a_bad_change_is_refused_in_words(change, parts):
    text = refused(YRD, change)
    assert all(part in text for part in parts), text


def test_all_problems_come_at_once(tmp_path):
    file = tmp_path / "bad.toml"
    edits = {
        "firms.quality_sd": q(9.0, "sd"),
        "market.discouragement": DELETE,
        "run.paths": 0,
        "markets": {},
        "stages.A.dilution": q(0.2, "percent"),
    }
    file.write_text(tomli_w.dumps(edited(edits)), encoding="utf-8")
    text = refused(file, "nonsense")
    assert "6 problem(s)" in text
    for part in ("quality_sd", "discouragement", "run.paths", "markets", "dilution", "nonsense"):
        assert part in text


def test_a_child_changes_what_it_names_and_keeps_the_rest(tmp_path):
    (tmp_path / "parent.toml").write_bytes(YRD.read_bytes())
    child = tmp_path / "child.toml"
    child.write_text('extends = "parent.toml"\n[firms]\npatience_quarters = 6\n')
    scenario, parent = load_scenario(child), load_scenario(YRD)
    assert scenario.firms.patience_quarters.centre == 6
    assert scenario.firms.patience_quarters.source == "user"
    assert scenario.market == parent.market
    grandchild = tmp_path / "grandchild.toml"
    grandchild.write_text('extends = "child.toml"\n')
    assert "one level only" in refused(grandchild)
