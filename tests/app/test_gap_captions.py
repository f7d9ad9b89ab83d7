"""Charts and captions of the gap explorer and of flows, for every state in both languages."""

import math

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from finmodel.report import gap_rows as rows_of
from finmodel.report.captions import flows as flow_captions
from finmodel.report.captions import gap_parts as captions
from finmodel.report.charts import flows as flow_charts
from finmodel.report.charts import gap as charts
from finmodel.report.charts import why as why_charts
from finmodel.report.flow_rows import Crossing, flow_rows
from finmodel.report.wording import Wording
from tests.app.test_gap_rows import table

LANGUAGES = ["en", "zh"]
WORDS = [Wording("en"), Wording("zh", "yi")]


def rows(*groups):
    """Return rows of gap by groups of (name, need, gap, gap error, rate error)."""
    return pd.DataFrame(
        [
            {
                "code": name,
                "name": name,
                "need": need,
                "need_se": error,
                "gap": gap,
                "gap_se": error,
                "low": gap - 3 * error,
                "high": gap + 3 * error,
                "rate": gap / need,
                "rate_se": rate_error,
            }
            for name, need, gap, error, rate_error in groups
        ],
        columns=[
            *("code", "name", "need", "need_se", "gap", "gap_se"),
            *("low", "high", "rate", "rate_se"),
        ],
    )


FAR = rows(("A", 10.0, 5.0, 0.1, 0.01), ("B", 10.0, 1.0, 0.1, 0.01))
NEAR = rows(("A", 10.0, 5.0, 0.5, 0.05), ("B", 10.0, 4.9, 0.5, 0.05))
ONE = rows(("A", 10.0, 5.0, 0.1, 0.01))
NONE = rows()
PLAIN = FAR.assign(gap_se=math.nan, low=math.nan, high=math.nan, rate_se=math.nan)
STATES = [FAR, NEAR, ONE, NONE, PLAIN]


@pytest.mark.parametrize("words", WORDS, ids=LANGUAGES)
@pytest.mark.parametrize("state", range(len(STATES)))
@pytest.mark.parametrize("side", ["mcny", "n"])
def test_every_state_has_a_chart_and_a_caption(words, state, side):
    found = STATES[state]
    for said in (
        captions.by_dimension(found, side, words),
        captions.over_years(found, side, words),
    ):
        assert said
        assert "nan" not in said
        assert "{" not in said
    for draw in (charts.need_bars, charts.gap_fan):
        spec = draw(found, side, words, "title", "alternative").to_dict()
        assert spec["description"] == "alternative"


def test_a_difference_is_told_only_beyond_two_errors():
    words = Wording()
    told, untold = (captions.by_dimension(found, "n", words) for found in (FAR, NEAR))
    assert "simulation error does not explain" in told
    assert "not told from" not in told
    assert "A has most unfunded (not told from B)" in untold
    assert "simulation error could explain" in untold
    assert "not told from zero" in captions.over_years(NEAR, "n", words)
    assert "a change of −4.0 needs" in captions.over_years(FAR, "n", words)


def test_what_is_not_kept_is_said_not_guessed():
    for said in (captions.by_dimension, captions.over_years):
        assert "no range and no error" in said(PLAIN, "n", Wording())
    spec = charts.need_bars(PLAIN, "n", Wording(), "t", "a").to_dict()
    assert not [layer for layer in spec["layer"] if layer["mark"]["type"] == "rule"]
    fan = charts.gap_fan(PLAIN, "n", Wording(), "t", "a").to_dict()
    assert not [layer for layer in fan["layer"] if layer["mark"]["type"] == "area"]


def parts(**values):
    """Return rows of a decomposition: part = (value, error)."""
    frame = pd.DataFrame(
        [(part, value, error) for part, (value, error) in values.items()],
        columns=["part", "gap_mcny", "gap_mcny_se"],
    )
    whole = values["gap"][0] or math.nan
    frame["gap_share_mcny"] = frame["gap_mcny"] / whole
    frame["gap_share_mcny_se"] = frame["gap_mcny_se"] / abs(whole)
    return frame


TOLD = parts(scarcity=(50e3, 2e3), search=(10e3, 1e3), remainder=(0.0, 0.0), gap=(60e3, 2e3))
OPEN = parts(scarcity=(30e3, 9e3), search=(29e3, 9e3), distance=(1e3, 2e3), gap=(60e3, 2e3))
DOWN = parts(scarcity=(90e3, 2e3), distance=(-30e3, 1e3), gap=(60e3, 2e3))
UNKNOWN = parts(scarcity=(50e3, math.nan), search=(10e3, math.nan), gap=(60e3, math.nan))
NO_GAP = parts(scarcity=(0.0, 0.0), search=(0.0, 0.0), gap=(0.0, 0.0))


@pytest.mark.parametrize(
    ("frame", "expected"),
    [
        (TOLD, "Scarcity of capital is the largest part: 50 bn CNY of 60 bn CNY (83%)"),
        (TOLD, "Every friction is told from zero"),
        (OPEN, "not told from Search as the largest"),
        (OPEN, "Not told from zero in 40 futures: Distance and borders"),
        (DOWN, "Holding the gap down: Distance and borders"),
        (UNKNOWN, "With 40 futures errors are not known"),
        (NO_GAP, "nothing to split"),
    ],
)
def test_parts_in_words(frame, expected):
    found = rows_of.why_rows(frame, "mcny", Wording())
    assert expected in captions.why(found, 40, "mcny", Wording())


@pytest.mark.parametrize("words", WORDS, ids=LANGUAGES)
@pytest.mark.parametrize("frame", [TOLD, OPEN, DOWN, UNKNOWN, NO_GAP, TOLD.iloc[:0]])
def test_parts_as_bars(words, frame):
    found = rows_of.why_rows(frame, "mcny", words)
    said = captions.why(found, 40, "mcny", words)
    assert "nan" not in said
    spec = why_charts.why_bars(found, "mcny", words, "t", said).to_dict()
    low, high = spec["layer"][0]["encoding"]["x"]["scale"]["domain"]
    assert low <= 0.0 < high
    if frame is DOWN:
        assert low < -30.0


@pytest.mark.parametrize("words", WORDS, ids=LANGUAGES)
@pytest.mark.parametrize("region", ["all", "JS", "XX"])
def test_formulas_fates_and_funnel_of_the_published_run(words, region):
    found = rows_of.formula_rows(table("static_gap"), region, words)
    said = captions.formulas(found, words)
    assert "nan" not in said
    why_charts.formula_bars(found, words, "t", said).to_dict()
    stage = table("gap_region_stage")
    own = stage[stage["region"] == region] if region != "all" else table("gap_stage")
    funnel = rows_of.funnel_rows(own, words)
    charts.stage_funnel(funnel, words, "t", captions.funnel(funnel, words)).to_dict()
    source = table("gap_total" if region == "all" else "gap_region")
    for side in ("mcny", "n"):
        fates = rows_of.fate_rows(source, region, side, words)
        for quarters in (4.4, math.nan):
            said = captions.fates(fates, quarters, 0.1, side, words)
            assert "nan" not in said
        charts.fate_bars(fates, side, words, "t", said).to_dict()


def by_stage(**shares):
    """Return parts by stage: stage = ((part, share, error), ...)."""
    return pd.DataFrame(
        [(stage, *row) for stage, own in shares.items() for row in own],
        columns=["stage", "part", "gap_share_n", "gap_share_n_se"],
    )


@pytest.mark.parametrize("words", WORDS, ids=LANGUAGES)
def test_the_largest_part_of_a_stage_is_named_where_it_is_told(words):
    found = rows_of.why_stage_rows(
        by_stage(
            lab=(("search", 0.8, 0.02), ("scarcity", 0.2, 0.02), ("distance", -0.01, 0.02)),
            A=(("search", 0.5, 0.1), ("scarcity", 0.5, 0.1), ("gap", 1.0, 0.0)),
            B=(("search", math.nan, math.nan), ("gap", math.nan, math.nan)),
        ),
        "n",
        words,
    )
    assert found["words"].tolist() == ["80%", "20%", "(−1%)", "50%", "50%"]
    said = captions.why_by_stage(found, "n", words)
    if words.language == "en":
        assert "Search at lab; not told at A." in said
    why_charts.why_by_stage(found, words, "t", said).to_dict()
    nothing = captions.why_by_stage(found.iloc[:0], "n", words)
    assert nothing == words.text("gap_page", "why_none")
    why_charts.why_by_stage(found.iloc[:0], words, "t", nothing).to_dict()


def test_a_formula_that_sees_no_gap_is_said_so():
    found = rows_of.formula_rows(table("static_gap"), "SH", Wording())
    assert "Benchmark ratio sees no gap" in captions.formulas(found, Wording())
    near = found.assign(value=found["value"].iloc[0], ratio=1.0)
    assert "not told from it" in captions.formulas(near, Wording())


def flows_of(values, error=0.01):
    """Return a table of flows from a square of money."""
    names = [f"R{i}" for i in range(len(values))]
    return pd.DataFrame(
        [
            ("all", a, b, 1000.0 * values[i][j], 1000.0 * error)
            for i, a in enumerate(names)
            for j, b in enumerate(names)
        ],
        columns=["fund_type", "fund_region", "firm_region", "mcny", "mcny_se"],
    )


@pytest.mark.parametrize(
    ("values", "error", "expected"),
    [
        ([[8, 2], [1, 9]], 0.01, "85% of 20.0 bn CNY a year stays"),
        ([[8, 2], [1, 9]], 0.01, "R0 to R1, 2.00 bn CNY. It is told from the second, R1 to R0"),
        ([[8, 2], [1, 9]], 1.0, "It is not told from the second"),
        ([[8, 2], [1, 9]], 0.01, "Most at home: R1 keeps 90%"),
        ([[8, 0], [0, 9]], 0.01, "All of 17.0 bn CNY a year stays"),
        ([[8]], 0.01, "All of 8.00 bn CNY a year stays"),
        ([[0, 0], [0, 0]], 0.0, "pay nothing"),
    ],
)
def test_flows_in_words(values, error, expected):
    found = flow_rows(flows_of(values, error), "all", Wording())
    assert expected in flow_captions.heat(found, Wording())
    for words in WORDS:
        assert "nan" not in flow_captions.heat(found, words)
        flow_charts.flow_heat_map(found, words, "t", "a").to_dict()


def test_a_move_of_the_index_is_told_only_beyond_two_errors():
    def said(change, error):
        found = Crossing(2022, 0.3, 0.01, 2029, 0.31, 0.01, change, error)
        return flow_captions.moved(found, Wording())

    assert "does not explain" in said(3.0, 1.0)
    assert "told from zero" in said(1.0, 1.0)
    assert "cannot be told" in said(3.0, math.nan)
    assert flow_captions.moved(None, Wording()) == ""


@given(
    st.integers(1, 7).flatmap(
        lambda n: st.lists(
            st.lists(st.floats(0.0, 1e4), min_size=n, max_size=n), min_size=n, max_size=n
        )
    )
)
@settings(max_examples=15)
def test_any_flows_can_be_drawn(values):
    found = flow_rows(flows_of(values), "all", Wording())
    assert "nan" not in flow_captions.heat(found, Wording())
    spec = flow_charts.flow_sankey(found, Wording())["series"][0]
    names = [node["name"] for node in spec["data"]]
    assert len(names) == len(set(names))
    assert len(spec["links"]) <= 25
    assert {end for link in spec["links"] for end in (link["source"], link["target"])} == set(names)
    assert flow_captions.sankey(found, Wording("zh"))


def test_small_flows_left_out_of_the_picture_are_told():
    values = [[10.0 + i + j for j in range(6)] for i in range(6)]
    found = flow_rows(flows_of(values), "all", Wording())
    assert "The 25 largest flows carry 7" in flow_captions.sankey(found, Wording())


def test_many_provinces_have_no_words_on_tiles():
    values = [[1.0 + i * j for j in range(20)] for i in range(20)]
    found = flow_rows(flows_of(values), "all", Wording())
    spec = flow_charts.flow_heat_map(found, Wording(), "t", "a").to_dict()
    assert [layer["mark"]["type"] for layer in spec["layer"]] == ["rect", "rect"]
