"""The chance of a loss of public money says what it counts, with its error, never as zero."""

import pandas as pd
import pytest

from finmodel.report.captions import policy as captions
from finmodel.report.views_policy import chance, risk_view
from finmodel.report.wording import Wording

EN, ZH = Wording("en"), Wording("zh", "yi")


def public(value, error, **more):
    rows = {"outlay_mcny": 47e3, "returned_mcny": 24e3, "nav_mcny": 35e3, "public_raised_mcny": 9e4}
    made = [("a", name, sum_, 100.0, 1e3, 2e3, 3e3) for name, sum_ in (rows | more).items()]
    made.append(("a", "p_loss", value, error, *[float("nan")] * 3))
    return pd.DataFrame(made, columns=["policy", "measure", "value", "se", "q05", "q50", "q95"])


@pytest.mark.parametrize(
    ("value", "error", "words", "said"),
    [
        (0.08, 0.04, EN, "8% ± 4%"),
        (0.0, 0.0, EN, "none of 6 futures"),
        (0.0, 0.0, ZH, "6个模拟未来中均未出现"),
        (1.0, 0.0, EN, "all of 6 futures"),
        (1.0, 0.0, ZH, "6个模拟未来中均出现"),
    ],
)
def test_table_and_caption_give_one_chance(value, error, words, said):
    assert chance(value, error, 6, words) == said
    table = risk_view(public(value, error), "a", words, 6)
    name = words.text("public", "p_loss")
    assert said in list(table[table.iloc[:, 0] == name].iloc[0])
    assert said in captions.money(public(value, error), "a", 6, words)


@pytest.mark.parametrize(
    ("words", "marks", "dpi"),
    [(EN, "at their marks", "Cash alone returned"), (ZH, "按估值", "现金收回")],
)
def test_the_chance_says_that_unsold_holdings_count(words, marks, dpi):
    assert marks in words.text("public", "p_loss")
    assert marks in words.text("public", "loss_mcny")
    said = captions.money(public(0.08, 0.04), "a", 48, words)
    assert marks[-5:] in said
    assert dpi not in said
    more = public(0.08, 0.04, dpi=0.51, tvpi_if_sold=1.04)
    assert dpi in captions.money(more, "a", 48, words)


def test_what_was_placed_is_not_said_to_be_part_of_the_budget():
    shown = list(risk_view(public(0.08, 0.04), "a", EN).iloc[:, 0])
    assert "Placed: public money committed, granted or guaranteed" in shown
