"""Sentences of the memo: of gaps by stage, of what policies change, of what is not known."""

from __future__ import annotations

import math
from collections.abc import Mapping

import pandas as pd

from finmodel.report.captions.extremes import rivals
from finmodel.report.captions.gap import Number
from finmodel.report.captions.policy import verdict
from finmodel.report.views_policy import chance
from finmodel.report.wording import Wording

FUNDED = "funded_viable_n"


def by_stage(table: pd.DataFrame, words: Wording) -> str:
    """Return what the gap by stage shows; empty if no stage has viable needs.

    Parameters
    ----------
    table : DataFrame
        Table `gap_stage`.
    words : Wording
    """
    known = table[table["gap_rate_mcny"].notna()].sort_values("gap_mcny")
    if known.empty:
        return ""
    least, most = known.iloc[0], known.iloc[-1]
    texts: dict[str, object] = {
        "most": words.name(most["stage"]),
        "gap_most": words.money(most["gap_mcny"], most["gap_mcny_se"]),
        "key": words.text("memo", "key"),
    }
    if len(known) == 1:
        return words.text("memo", "stage_one", **texts)
    error = math.hypot(most["gap_mcny_se"], least["gap_mcny_se"])
    told = "told" if words.is_told(most["gap_mcny"] - least["gap_mcny"], error) else "untold"
    near = [
        rivals(known, place, "gap_mcny", "stage", words) if told == "told" else ""
        for place in (len(known) - 1, 0)
    ]
    return words.text(
        "memo",
        "stage",
        least=words.name(least["stage"]),
        gap_least=words.money(least["gap_mcny"], least["gap_mcny_se"]),
        open_most=near[0],
        open_least=near[1],
        told=words.text("memo", told),
        **texts,
    )


def policy_answer(
    policy: str, outcomes: pd.DataFrame, effects: pd.DataFrame, words: Wording
) -> str:
    """Return what a policy does to needs funded and to the gap, and what would have come anyway.

    The two outcomes lead in the order of the app's page of the same result.

    Parameters
    ----------
    policy : str
    outcomes, effects : DataFrame
        Tables of a comparison.
    words : Wording
        With the policies' names.
    """
    row = outcome_row(outcomes, policy)
    change, error = float(row["change"]), float(row["change_se"])
    size = words.money(change, error, has_error=True)
    if math.isnan(change):
        key = "unknown"
    elif change == 0.0:
        key = "same"
    elif not words.is_told(change, error):
        key = "not_told"
    else:
        key = "falls" if change < 0.0 else "rises"
        size = words.money(abs(change), error, has_error=True)
    said = [words.text("memo", key, policy=words.name(policy), size=size)]
    if has_outcome(outcomes, policy, FUNDED):
        said.insert(0, verdict(outcomes, policy, FUNDED, words.name(policy), words, words.paths))
    count = component_rows(effects, policy, "all")["effect_n"]
    joint = " " if words.language == "en" else ""
    if not count["gross"] > 0.0:
        return joint.join(said)
    share = (count["deadweight"] + count["substitution"]) / count["gross"]
    anyway = words.text(
        "memo", "anyway", gross=words.number(count["gross"]), share=f"{100 * share:.0f}%"
    )
    return joint.join([*said, anyway])


def two_counts(
    policy: str, outcomes: pd.DataFrame, effects: pd.DataFrame, words: Wording
) -> list[str]:
    """Return why needs funded and financings added are two numbers; nothing without either.

    Parameters are those of :func:`policy_answer`.
    """
    net = _row(component_rows(effects, policy, "viable_hard_tech"), "net")
    if not has_outcome(outcomes, policy, FUNDED) or math.isnan(net["effect_n"]):
        return []
    row = outcome_row(outcomes, policy, FUNDED)
    needs = words.with_error(float(row["change"]), float(row["change_se"]))
    added = words.with_error(net["effect_n"], net["effect_n_se"])
    if needs == added:
        return []
    return [words.text("memo", "two_counts", policy=words.name(policy), needs=needs, net=added)]


def has_outcome(outcomes: pd.DataFrame, policy: str, outcome: str) -> bool:
    """Return whether a comparison has an outcome of a policy in all regions."""
    own = outcomes[(outcomes["policy"] == policy) & (outcomes["region"] == "all")]
    return bool((own["outcome"] == outcome).any())


def outcome_row(outcomes: pd.DataFrame, policy: str, outcome: str = "gap_mcny") -> pd.Series[float]:
    """Return the row of an outcome of a policy in all regions."""
    is_row = (outcomes["policy"] == policy) & (outcomes["region"] == "all")
    return outcomes[is_row & (outcomes["outcome"] == outcome)].iloc[0]


def component_rows(effects: pd.DataFrame, policy: str, group: str) -> pd.DataFrame:
    """Return the chain from gross to net of a policy, by component."""
    own = effects[(effects["policy"] == policy) & (effects["group"] == group)]
    return own.set_index("component")


def _row(frame: pd.DataFrame, name: str) -> dict[str, float]:
    """Return the numbers of the row of a name."""
    numbers = frame.select_dtypes("number")
    return {str(key): float(value) for key, value in numbers[numbers.index == name].iloc[0].items()}


def policy_numbers(
    policy: str, outcomes: pd.DataFrame, effects: pd.DataFrame, public: pd.DataFrame, words: Wording
) -> list[Number]:
    """Return what changes, and what public money is called, returned, held and worth, with ranges.

    Parameters
    ----------
    policy : str
    outcomes, effects, public : DataFrame
        Tables of a comparison.
    words : Wording
    """
    net = _row(component_rows(effects, policy, "viable_hard_tech"), "net")
    state = public[public["policy"] == policy].set_index("measure")
    cost = _row(state, "public_cost_mcny")
    has_levers = _row(state, "lever_cost_mcny")["value"] != 0.0
    loss = _row(state, "p_loss")

    def ranged(span: str) -> str:
        return words.text("overview", "range", span=span)

    def money(row: Mapping[str, float]) -> tuple[str, str]:
        if math.isnan(row["value"]):
            return "–", words.text("memo", "not_known")
        if row["value"] == 0.0 and not row["se"] > 0.0:
            return words.money(0.0), words.text("memo", "no_money")
        span = ranged(words.money_span(row["q05"], row["q95"]))
        return words.money(row["value"], row["se"], has_error=True), span

    shown = []
    if has_outcome(outcomes, policy, FUNDED):
        row = outcome_row(outcomes, policy, FUNDED)
        size = words.with_error(row["change"], row["change_se"])
        span = words.span(row["chance_q05"], row["chance_q95"])
        shown.append(Number(words.text("memo", "n_funded"), size, ranged(span)))
    gap = outcome_row(outcomes, policy)
    shown += [
        Number(
            words.text("memo", "n_gap"),
            words.money(gap["change"], gap["change_se"], has_error=True),
            ranged(words.money_span(gap["chance_q05"], gap["chance_q95"])),
        ),
        Number(
            words.text("memo", "n_net"),
            words.with_error(net["effect_n"], net["effect_n_se"]),
            ranged(words.span(net["effect_n_q05"], net["effect_n_q95"])),
        ),
        Number(words.text("memo", "n_cost" if has_levers else "n_called"), *money(cost)),
    ]
    if cost["value"] > 0.0:
        shown += [
            Number(words.text("memo", "n_returned"), *money(_row(state, "returned_mcny"))),
            Number(words.text("memo", "n_held"), *money(_row(state, "nav_mcny"))),
        ]
    worth = money(_row(state, "net_present_value_mcny"))
    shown.append(Number(words.text("memo", "n_value"), *worth))
    if math.isfinite(loss["value"]):
        size = chance(loss["value"], loss["se"], words.paths, words)
        shown.append(Number(words.text("memo", "n_loss"), size, words.text("memo", "at_marks")))
    return shown


def policies_change(rows: pd.DataFrame, words: Wording) -> str:
    """Return how many policies change the gap clearly; rows have `value` and `se`."""
    told = sum(words.is_told(v, e) for v, e in zip(rows["value"], rows["se"], strict=True))
    return words.text("memo", "change", told=told, n=len(rows), key=words.text("memo", "key"))


def regions_change(policy: str, rows: pd.DataFrame, words: Wording) -> str:
    """Return in how many provinces the gap falls or rises clearly."""
    pairs = list(zip(rows["value"], rows["se"], strict=True))
    falls = sum(words.is_told(v, e) and v < 0.0 for v, e in pairs)
    rises = sum(words.is_told(v, e) and v > 0.0 for v, e in pairs)
    return words.text(
        "memo",
        "region",
        policy=words.name(policy),
        falls=falls,
        rises=rises,
        rest=len(pairs) - falls - rises,
        n=len(pairs),
        key=words.text("memo", "key"),
    )


def chain(policy: str, rows: pd.DataFrame, words: Wording) -> str:
    """Return what is left of supported financings as additional; rows by component."""
    gross, net = _row(rows, "gross"), _row(rows, "net")
    told = "from_zero" if words.is_told(net["effect_n"], net["effect_n_se"]) else "not_from_zero"
    return words.text(
        "memo",
        "chain",
        policy=words.name(policy),
        gross=words.number(gross["effect_n"], gross["effect_n_se"]),
        net=words.with_error(net["effect_n"], net["effect_n_se"]),
        told=words.text("memo", told),
        key=words.text("memo", "key"),
    )
