"""Policy levers in scenarios: bad ones are refused in words, ready ones ask a question."""

import pytest

from finmodel.scenario import load_scenario
from finmodel.scenario.walk import quantities
from finmodel.world import build_world
from tests.conftest import ROOT, YRD
from tests.test_levers import assert_same_bits
from tests.test_scenario_errors import refused

SCENARIOS = sorted((ROOT / "scenarios").glob("lever_*.toml"))

BAD = {
    "levers.corridor.members.ZH=0.5": ["corridor.members", "'ZH'", "a region code"],
    "levers.corridor.members.zj=0.5": ["corridor.members", "did you mean 'ZJ'"],
    "levers.corridor.members.ZJ=1.5": ["corridor.members.ZJ", "got 1.5;", "[0, 1] share"],
    "levers.incentives.tax_relief.Zj=0.1": ["incentives.tax_relief", "did you mean 'ZJ'"],
    "levers.incentives.tax_relief.ZJ=1": ["incentives.tax_relief.ZJ", "got 1;", "[0, 0.9] share"],
    "levers.actors.market.presence.sh=1": ["actors.market.presence", "did you mean 'SH'"],
    "levers.actors.markets.presence.SH=1": ["actors.markets", "did you mean 'market'"],
    "levers.intermediaries.source_presence.js=1": ["source_presence", "did you mean 'JS'"],
    'levers.intermediaries.source_stages=["lab", "angle"]': ["'angle'", "did you mean 'angel'"],
    'levers.intermediaries.end_stages=["pre-ipo"]': ["'pre-ipo'", "did you mean 'pre_ipo'"],
    'levers.barriers.knowledge="rd_intensty:2022"': ["knowledge", "did you mean 'rd_intensity'"],
    'levers.barriers.knowledge="rd_intensity"': ["'indicator:year'", "did you mean 'rd_int"],
    'levers.barriers.knowledge="rd_intensity:1950"': ["knowledge", "year 1950", "2022"],
    "levers.barriers.border_relief=1.2": ["barriers.border_relief", "got 1.2;", "[0, 1] share"],
    "levers.barriers.border_releif=1": ["border_releif", "did you mean 'border_relief'"],
    "levers.clusters.complementarity=9": ["clusters.complementarity", "[-3, 3] ln per point"],
    "lever.corridor.tax_relief=0.1": ["lever", "did you mean 'levers'"],
}


@pytest.mark.parametrize("change", BAD)
def test_a_bad_lever_is_refused_in_words(change):
    text = refused(YRD, change)
    assert all(part in text for part in ["1 problem(s)", *BAD[change]]), text


def test_actors_cannot_bring_more_meetings_than_there_is_room_for():
    fits = ["levers.actors.finance.presence.SH=1", "levers.actors.finance.meeting_gain=1.4"]
    assert load_scenario(YRD, fits)
    text = refused(YRD, fits[0], "levers.actors.finance.meeting_gain=1.5")
    assert "levers.actors: got 12.5 meetings a quarter" in text
    assert "at most 12" in text
    text = refused(YRD, *fits, "intermediaries.presence.SH=0.5")
    assert "1 problem(s)" in text
    assert "got 13.25 meetings" in text


@pytest.mark.parametrize("file", SCENARIOS, ids=lambda path: path.stem)
def test_a_lever_scenario_asks_a_question_and_moves_levers_alone(file):
    scenario, baseline = load_scenario(file), load_scenario(YRD)
    assert scenario.meta.name == file.stem
    assert scenario.meta.question.endswith((".", "?"))
    plain = dict(quantities(baseline))
    moved = {name: item for name, item in quantities(scenario) if plain.get(name) != item}
    assert moved
    for name, item in moved.items():
        assert name.startswith(("levers.", "clusters.strength.", "intermediaries.presence.")), name
        assert item.grade == "assumed"
        assert item.note
    with pytest.raises(AssertionError):
        assert_same_bits(build_world(scenario).arrays, build_world(baseline).arrays)


def test_every_lever_has_a_scenario():
    assert [path.stem.removeprefix("lever_") for path in SCENARIOS] == [
        "actors",
        "barriers",
        "clusters",
        "g60",
        "incentives",
        "intermediaries",
        "technology_across",
    ]
