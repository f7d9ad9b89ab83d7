"""Charts and captions of a fund: every state, both languages, numbers by hand."""

import math

import hypothesis
import numpy as np
import pandas as pd
import pytest
from hypothesis import strategies as st

from finmodel.report import views_fund as views
from finmodel.report.captions import fund as captions
from finmodel.report.charts import fund as charts
from finmodel.report.wording import Wording

BOTH = pytest.mark.parametrize(
    "words", [Wording("en", "bn"), Wording("zh", "yi")], ids=["en", "zh"]
)


def years(*middle):
    rows = [
        {"year": k + 1, "measure": "net", "q05": q - 0.3, "q25": q - 0.1, "q50": q}
        | {"q75": q + 0.1, "q95": q + 0.3}
        for k, q in enumerate(middle)
    ]
    return pd.DataFrame(rows, columns=["year", "measure", "q05", "q25", "q50", "q75", "q95"])


def gains(deals, *parts, se=1.0):
    names = ["deals", "fees", "carry", "lp:a"][: 1 + len(parts)]
    frame = pd.DataFrame({"measure": names, "value": [deals, *parts], "se": se})
    return frame.assign(q05=frame["value"] - 1, q50=frame["value"], q95=frame["value"] + 1)


def test_the_fan_starts_at_nothing_in_per_cent():
    rows = charts.fan_rows(years(-0.5, 0.25))
    assert list(rows["year"]) == [0, 1, 2]
    assert list(rows["q50"]) == [0.0, -50.0, 25.0]


def test_captions_of_the_curve_say_when_it_turns():
    said = captions.j_curve(years(-0.5, -0.7, -0.1, 0.2), Wording())
    assert "deepest in year 2, at −70% of the commitment, and ahead from year 4" in said
    assert "In any year 1 in 10 futures falls outside" in said
    assert "never gets ahead" in captions.j_curve(years(-0.5, -0.4), Wording())
    assert captions.j_curve(years(), Wording()) == "No year of this fund is stored."


@BOTH
@pytest.mark.parametrize("middle", [(), (-0.5,), (-0.5, 0.2), (0.1, 0.2)])
def test_every_curve_can_be_drawn(words, middle):
    caption = captions.j_curve(years(*middle), words)
    spec = charts.j_curve_fan(years(*middle), words, caption).to_dict()
    assert caption in spec["description"]
    assert len(views.fan_view(years(*middle), words)) == len(middle) + 1


@hypothesis.given(st.lists(st.floats(0.0, 200.0), min_size=1, max_size=50))
@hypothesis.settings(max_examples=60)
def test_dots_stand_on_their_side_and_none_is_lost(values):
    rows = charts.dot_rows(pd.Series(values))
    assert len(rows) == len(values)
    assert not rows.duplicated(["column", "height"]).any()
    assert ((rows["column"] < 1.0) == rows["is_below"]).all()
    assert rows["is_below"].sum() == sum(value < 1.0 for value in values)


def test_dots_are_counted_in_words():
    dpi = pd.Series([0.5] * 12 + [2.0] * 38)
    said = captions.dots(dpi, Wording(), None, 0.02)
    assert said.startswith("12 of 50 futures return less than was paid in; the middle one 2.00")
    assert "± 2 points" in said
    later = captions.dots(dpi, Wording(), 7)
    assert "end of year 7, 12 of 50 futures have not yet" in later
    assert "error" not in later
    assert "12个" in captions.dots(dpi, Wording("zh"), None)
    assert captions.dots(pd.Series([math.nan]), Wording(), 1).startswith("No future has paid")


@BOTH
@pytest.mark.parametrize("values", [[], [math.nan], [0.0], [1.0], [0.2, 30.0], [0.999999, 1.0]])
def test_every_set_of_dots_can_be_drawn(words, values):
    dpi = pd.Series(values, dtype=float)
    caption = captions.dots(dpi, words, 3)
    spec = charts.quantile_dots(dpi, words, "title", caption).to_dict()
    assert caption in spec["description"]
    assert len(views.dots_view(dpi, words)) == dpi.notna().sum()


def test_the_waterfall_ends_where_the_gains_are_given_out():
    words = Wording("en", "mcny", paths=100_000)
    rows = charts.waterfall_rows(gains(100.0, 20.0, 30.0, 50.0), words)
    assert list(rows["start"]) == [0.0, 100.0, 80.0, 50.0]
    assert list(rows["end"]) == [100.0, 80.0, 50.0, 0.0]
    assert list(rows["kind"]) == ["whole", "manager", "manager", "lp"]
    assert np.allclose(rows["high"] - rows["low"], 2 * 2.5758, atol=1e-3)


def test_captions_of_gains_tell_share_loss_and_what_is_not_told():
    words = Wording("en", "mcny")
    said = captions.gains(gains(100.0, 20.0, 30.0, 50.0), words)
    assert "Of 100 million CNY that deals gain, 50 million CNY (50%) stays with LPs" in said
    assert "not told from zero" not in said
    lost = captions.gains(gains(-40.0, 20.0, 0.0, -60.0), words)
    assert "Deals gain −40 million CNY on the mean of all futures, and LPs −60" in lost
    assert "not told from zero" in captions.gains(gains(1.0, 2.0, 0.0, -1.0, se=3.0), words)
    assert "not told from zero" in captions.gains(gains(9.0, 1.0, 0.0, 8.0, se=math.nan), words)


@BOTH
@pytest.mark.parametrize("parts", [(100.0, 20.0, 30.0, 50.0), (-40.0, 20.0, 0.0, -60.0), (0.0,)])
def test_every_waterfall_can_be_drawn(words, parts):
    table = views.ordered_gains(gains(*parts))
    names = views.gain_names(table, {"a": "State"}, words)
    caption = captions.gains(table, words)
    spec = charts.gains_waterfall(table, names, words, caption).to_dict()
    assert caption in spec["description"]
    assert len(views.gains_view(table, names, words)) == len(parts)


def record(*places):
    frame = pd.DataFrame({"place": list(places)})
    frame = frame.assign(stage="all", measure="dpi", actual=1.0, mean=1.0, q05=0.5, q95=2.0)
    return frame.assign(percentile=[math.nan if not place else 0.01 for place in places])


def test_a_record_is_told_by_what_chance_would_leave_out():
    words = Wording()
    rows = views.actual_rows(record("below_nine_in_ten", "within_middle_half", ""), words)
    assert len(rows) == 2
    said = captions.actuals(rows, words)
    assert "1 of 2 figures lie outside nine in ten of the plan's futures: DPI of LPs" in said
    assert "about 0.2 would by chance" in said
    inside = views.actual_rows(record("within_middle_half"), words)
    assert "All 1 figures lie within" in captions.actuals(inside, words)
    assert captions.actuals(views.actual_rows(record(""), words), words).startswith("No figure")


@BOTH
@pytest.mark.parametrize("places", [("",), ("above_nine_in_ten",), ("within_middle_half",) * 2])
def test_every_record_can_be_drawn(words, places):
    rows = views.actual_rows(record(*places), words)
    caption = captions.actuals(rows, words)
    assert caption in charts.actuals_strip(rows, words, caption).to_dict()["description"]
    assert len(views.actuals_view(rows, words)) == len(rows)
