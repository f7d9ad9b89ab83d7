"""What the pages look like: colours dark enough, and links that end where they should."""

import re
import tomllib

import pytest

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
    theme = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text(encoding="utf-8"))
    assert contrast(theme["theme"][name], SMALL_TEXT) >= ENOUGH


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
