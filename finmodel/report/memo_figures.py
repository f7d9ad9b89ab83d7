"""Charts of the memo, each with its caption."""

from __future__ import annotations

import pandas as pd

from finmodel.measure.effects import SIGNS
from finmodel.report.captions import gap as gap_words
from finmodel.report.captions import memo as captions
from finmodel.report.charts.grid import province_grid
from finmodel.report.charts.intervals import interval_chart
from finmodel.report.charts.theme import AnyChart
from finmodel.report.result import Result
from finmodel.report.wording import Wording

Captioned = list[tuple[AnyChart, str]]
GROUP = "viable_hard_tech"


def run_figures(result: Result, words: Wording) -> Captioned:
    """Return the gap by province and by stage; what has no need is left out."""
    figures: Captioned = []
    regions = result.tables["gap_region"]
    if regions["gap_rate_mcny"].notna().any():
        caption = gap_words.by_region(regions, words)
        figures.append((province_grid(regions, words, caption), caption))
    stages = result.tables["gap_stage"]
    caption = captions.by_stage(stages, words)
    if caption:
        chart = interval_chart(
            gap_rows(stages, "stage", words),
            reach=words.reach,
            title=words.text("memo", "stage_title", unit=words.money_unit),
            axis=words.text("memo", "stage_axis", unit=words.money_unit),
            alt_text=caption,
        )
        figures.append((chart, caption))
    return figures


def gap_rows(table: pd.DataFrame, dimension: str, words: Wording) -> pd.DataFrame:
    """Return the gap by a dimension as rows of an interval chart, in the unit of money."""
    per = words.mcny_per_unit
    own = table[table["gap_rate_mcny"].notna()]
    return pd.DataFrame(
        {
            "label": [words.name(code) for code in own[dimension]],
            "value": own["gap_mcny"] / per,
            "se": own["gap_mcny_se"] / per,
            "low": own["gap_mcny_q05"] / per,
            "high": own["gap_mcny_q95"] / per,
        }
    ).reset_index(drop=True)


def comparison_figures(result: Result, policies: list[str], words: Wording) -> Captioned:
    """Return what each policy changes: of the gap, by province, from gross to net."""
    outcomes, effects = result.tables["outcomes"], result.tables["effects"]
    axis = words.text("memo", "stage_axis", unit=words.money_unit)
    whole = outcomes[outcomes["region"] == "all"]
    rows = change_rows(whole, "policy", words)
    figures: Captioned = []
    if rows["value"].notna().any():
        caption = captions.policies_change(rows, words)
        title = words.text("memo", "change_title", unit=words.money_unit)
        figures.append(
            (
                interval_chart(rows, reach=words.reach, title=title, axis=axis, alt_text=caption),
                caption,
            )
        )
    for policy in policies:
        own = outcomes[(outcomes["policy"] == policy) & (outcomes["region"] != "all")]
        rows = change_rows(own, "region", words)
        if rows["value"].notna().any():
            caption = captions.regions_change(policy, rows, words)
            title = words.text(
                "memo", "region_title", policy=words.name(policy), unit=words.money_unit
            )
            chart = interval_chart(
                rows, reach=words.reach, title=title, axis=axis, alt_text=caption
            )
            figures.append((chart, caption))
        chain = captions.component_rows(effects, policy, GROUP)
        if float(chain["effect_n"]["gross"]) > 0.0:
            caption = captions.chain(policy, chain, words)
            chart = interval_chart(
                chain_rows(chain, words),
                reach=words.reach,
                title=words.text("memo", "chain_title", policy=words.name(policy)),
                axis=words.text("memo", "chain_axis"),
                alt_text=caption,
            )
            figures.append((chart, caption))
    return figures


def change_rows(outcomes: pd.DataFrame, dimension: str, words: Wording) -> pd.DataFrame:
    """Return the change of the gap by a dimension as rows of an interval chart."""
    per = words.mcny_per_unit
    own = outcomes[outcomes["outcome"] == "gap_mcny"]
    return pd.DataFrame(
        {
            "label": [words.name(code) for code in own[dimension]],
            "value": own["change"] / per,
            "se": own["change_se"] / per,
            "low": own["chance_q05"] / per,
            "high": own["chance_q95"] / per,
        }
    ).reset_index(drop=True)


def chain_rows(chain: pd.DataFrame, words: Wording) -> pd.DataFrame:
    """Return the parts from gross to net, signed, as rows of an interval chart; zeros left out."""
    rows = []
    for name in (*SIGNS, "net"):
        row, sign = chain.loc[name], SIGNS.get(name, 1)
        if row["effect_n"] == 0.0 and name != "net":
            continue
        ends = sorted((sign * row["effect_n_q05"], sign * row["effect_n_q95"]))
        rows.append(
            {
                "label": words.text("effect", name),
                "value": sign * row["effect_n"],
                "se": row["effect_n_se"],
                "low": ends[0],
                "high": ends[1],
            }
        )
    return pd.DataFrame(rows)
