"""What the pages look like: colours dark enough, and links that end where they should."""

import re
import tomllib

import altair as alt
import pandas as pd
import pytest

from finmodel.report.charts import theme
from finmodel.variables import labels
from tests.conftest import ROOT

SMALL_TEXT = 0.6
"""Streamlit draws captions, and links in them, at this part of their colour's weight."""
ENOUGH = 4.5
"""WCAG 2.2, success criterion 1.4.3, level AA."""


def contrast(colour, weight=1.0):
    """Contrast of a colour with white, as WCAG 2.2 defines it."""
    light = []
    for at in (1, 3, 5):
        part = (weight * int(colour[at : at + 2], 16) + 255 * (1 - weight)) / 255
        light.append(part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4)
    return 1.05 / (0.2126 * light[0] + 0.7152 * light[1] + 0.0722 * light[2] + 0.05)


def test_contrast_is_that_of_the_standard():
    assert contrast("#000000") == pytest.approx(21.0)
    assert contrast("#FFFFFF") == pytest.approx(1.0)
    assert contrast("#777777") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("name", ["textColor", "linkColor"])
def test_small_text_and_links_in_it_can_be_read(name):
    config = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text(encoding="utf-8"))
    assert contrast(config["theme"][name], SMALL_TEXT) >= ENOUGH


GRAPHIC = 3.0
"""The same, success criterion 1.4.11: of what is drawn."""
NO_DATA = {"#f7f7f7", "#9aa4ab", "#eceff1"}
"""Of tiles outside the scenario, and of grids."""


def test_colours_of_charts_can_be_told_from_white():
    for colour in (theme.INK, theme.GREY):  # texts
        assert contrast(colour) >= ENOUGH
    assert contrast(theme.GREY) / contrast("#f7f7f7") >= ENOUGH, "codes of other provinces"
    for colour in (*theme.CATEGORIES, theme.GAIN, theme.LOSS):
        assert contrast(colour) >= GRAPHIC
    for kind in (theme.CONFIG.bar, theme.CONFIG.area):  # pale, sky and orange have an outline
        assert contrast(kind.stroke) >= GRAPHIC
        assert kind.strokeWidth > 0.0


def test_charts_have_no_colours_of_their_own():
    for path in sorted((ROOT / "finmodel" / "report" / "charts").glob("*.py")):
        found = set(re.findall(r"#[0-9a-fA-F]{6}", path.read_text(encoding="utf-8")))
        assert path.name == "theme.py" or found <= NO_DATA, path.name


def test_text_on_the_colours_of_a_scale_can_be_read():
    """As Vega draws them, between the two ends of the scale."""
    rows = pd.DataFrame({"at": [n / 100 for n in range(101)]})
    scale = alt.Scale(domain=[0.0, 1.0], range=list(theme.SEQUENCE))
    colour = alt.Color("at:Q", scale=scale, legend=None)
    chart = alt.Chart(rows).mark_rect().encode(x=alt.X("at:O", axis=None), color=colour)
    drawn = re.findall(r'fill="(#[0-9a-f]{6}|rgb\([^)]+\))"', theme.svg_of(chart))
    assert len(drawn) == len(rows)
    for at, found in zip(rows["at"], drawn, strict=True):
        parts = [float(part) for part in re.findall(r"[\d.]+", found)]
        tone = found if found[0] == "#" else "#" + "".join(f"{round(p):02x}" for p in parts)
        on_white = contrast(tone)
        is_white = at >= theme.LIGHT_TEXT_SHARE
        assert (on_white if is_white else contrast(theme.BLACK) / on_white) >= ENOUGH, (at, tone)


def test_an_address_in_a_text_ends_before_other_marks():
    """Markdown takes all up to the next space for the address, Chinese marks too."""
    found = 0
    for section in labels().values():
        for texts in section.values():
            for text in texts.values() if isinstance(texts, dict) else ():
                for address in re.findall(r"https?://\S+", str(text)):
                    found += 1
                    assert address.isascii(), text
    assert found >= 6
