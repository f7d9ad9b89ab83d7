"""Tables of an allocation on a narrow terminal: every column, every number whole."""

from __future__ import annotations

import io

import pytest
from rich.cells import cell_len
from rich.console import Console

from finmodel.report.allocation import Part
from finmodel.report.allocation_view import part_views


def wide(n_cells, *, numbers="{}.{}%", heads="Head{} Biomedicine SH"):
    head = ["Split", *(heads.format(n) for n in range(n_cells)), "Not spent"]
    row = [numbers.format(10 + n, n % 10) for n in range(n_cells + 1)]
    return Part("Shares of the budget", head, [["Best in expectation*", *row]] * 2, "* moved")


def shown(part, width, lang="en"):
    out = io.StringIO()
    console = Console(file=out, width=width)
    for view in part_views(part, width, lang):
        console.print(view)
    return out.getvalue()


def words_of(text):
    """Words of a table, without the frame."""
    return text.translate(str.maketrans("┃│┡╇┩┏┳┓┗┻┛━─└┴┘├┼┤", " " * 19)).split()


@pytest.mark.parametrize("width", [60, 80, 100, 120, 140])
@pytest.mark.parametrize("n_cells", [3, 12, 24])
def test_no_column_and_no_digit_is_lost(n_cells, width):
    part = wide(n_cells)
    text = shown(part, width)
    assert max(cell_len(line) for line in text.splitlines()) <= width
    words = words_of(text)
    for number in part.rows[0][1:]:
        assert words.count(number) == 2, number
    for n in range(n_cells):
        assert words.count(f"Head{n}") == 1
    assert "Not spent" in text or {"Not", "spent"} <= set(words)
    assert text.count("moved") == 1


def test_a_table_that_fits_is_one():
    assert len(part_views(wide(3), 120, "en")) == 1
    assert "continued" not in shown(wide(3), 120)


def test_further_parts_say_so_and_repeat_the_first_column():
    text = shown(wide(24), 80)
    assert len(part_views(wide(24), 80, "en")) > 1
    assert text.count("(continued)") == len(part_views(wide(24), 80, "en")) - 1
    assert text.replace("\n", " ").count("Best in") >= 2 * len(part_views(wide(24), 80, "en"))
    assert "（续）" in shown(wide(24), 80, "zh")


def test_wide_chinese_heads_and_long_words_are_folded_not_dropped():
    text = shown(wide(12, heads="集成电路与半导体设备{} 上海"), 80, "zh")
    assert max(cell_len(line) for line in text.splitlines()) <= 80
    assert text.count("上海") == 12
    assert all(f"{10 + n}.{n % 10}%" in words_of(text) for n in range(13))


def test_a_number_wider_than_the_terminal_is_folded():
    text = shown(wide(1, numbers="1" * 70 + "{}{}"), 40)
    assert max(cell_len(line) for line in text.splitlines()) <= 40
    assert text.count("1") >= 4 * 70
