"""Goals that fail and what it is worth to know, in words."""

from __future__ import annotations

import math
from collections.abc import Mapping

import pandas as pd
from rich.table import Table

from finmodel.measure.headlines import units as headline_units
from finmodel.report.note_words import note_words
from finmodel.report.number_names import number_text
from finmodel.report.sensitivity import (
    Manifest,
    Row,
    Tables,
    figure,
    named_factor,
    outcome_name,
    plain,
    policy_name,
    words_of,
)
from finmodel.report.wording import Wording
from finmodel.scenario.sensitivity_plan import NET, goal_test
from finmodel.sensitivity.indices import Z95
from finmodel.variables import Language, labels

WORTH_SHOWN = 8


def goal_sentences(
    manifest: Manifest, tables: Tables, lang: Language = "en", wording: Wording | None = None
) -> list[str]:
    """Return what is known of each goal: how often it fails, where, and whether that holds up.

    With a wording money is in its unit and numbers have plain names.
    """
    if "goals" not in tables:
        return []
    words = words_of(lang)
    units = dict(zip(tables["numbers"]["name"], tables["numbers"]["unit"], strict=True))
    sentences = []
    for row in tables["goals"].to_dict("records"):
        policy = ""
        if row["policy"]:
            name = policy_name(manifest, row["policy"], lang)
            policy = words["of_policy"].format(policy=name)
        keys = {key: row[key] for key in ("fails", "n", "unsure")}
        goal = goal_text(row["text"], lang, wording)
        text = words["goal_fails"].format(policy=policy, text=goal, **keys) + words["stop"]
        event = words[row["event"]]
        if not row["is_searched"]:
            text += words["goal_rare"].format(event=event)
        else:
            text += _box_text(row, tables["boxes"], units, words, wording)
            auc = words["tree"].format(auc=row["tree_auc"], error=row["tree_auc_se"])
            text += words["stop"] + auc
        sentences.append(text + words["stop"].strip())
    return sentences


def goal_text(text: str, lang: Language, wording: Wording | None = None) -> str:
    """Return a goal with the name of its outcome, in the unit of that name."""
    test = goal_test(text)
    if test is None:
        return text
    unit = headline_units()[test.outcome.removeprefix(NET)]
    per = (wording or Wording(lang)).mcny_per_unit if unit == "mcny" else 1.0
    value = test.threshold / per
    shown = f"{100.0 * value:.10g}%" if unit == "share" else f"{value:.10g}"
    return f"{outcome_name(test.outcome, lang, wording)} {test.sign} {shown}"


def _box_text(
    row: Row,
    boxes: pd.DataFrame,
    units: Mapping[str, str],
    words: Mapping[str, str],
    wording: Wording | None,
) -> str:
    event = words[row["event"]]
    own = boxes[(boxes["goal"] == row["goal"]) & (boxes["method"] == "prim")]
    if own.empty:
        return words["no_limits"].format(event=event)
    held = row["density_held_out"]
    if not row["is_found"]:
        shown = "-" if math.isnan(held) else f"{held:.0%}"
        return words["box_chance"].format(
            density=row["density"],
            event=event,
            held=shown,
            base=row["base_rate"],
            p=row["p_chance"],
        )
    limits = words["and"].join(
        limit_text(item, units[item["name"]], words, wording) for item in own.to_dict("records")
    )
    return words["box"].format(
        limits=limits,
        density=row["density"],
        event=event,
        base=row["base_rate"],
        coverage=row["coverage"],
        held=held,
    )


def limit_text(
    row: Row, unit: str, words: Mapping[str, str], wording: Wording | None = None
) -> str:
    """Return the limits of one number in its unit; money in that of the wording."""
    name, ends = row["name"], (row["low"], row["high"])
    bare, (low, high) = plain(row["low"]), (f"{plain(end)} {unit}" for end in ends)
    if wording:
        name = named_factor(name, wording.language, wording)
        low, high = (number_text(end, unit, wording) for end in ends)
        bare = low
    if math.isinf(row["low"]):
        return words["below"].format(name=name, high=high)
    if math.isinf(row["high"]):
        return words["above"].format(name=name, low=low)
    return words["between"].format(name=name, low=bare, high=high)


def benefit_unit(
    manifest: Manifest, lang: Language, wording: Wording | None = None
) -> tuple[float, str]:
    """Return by what the benefit of a choice is multiplied to be shown, and what it counts.

    A plan says in its own words what it counts. Where they begin with million CNY, in both
    languages, it is money, and in the unit of the wording.
    """
    asked, millions = manifest["plan"]["information"], labels()["unit"]["mcny"]
    told = str(asked[f"unit_{lang}"])
    is_money = all(str(asked[f"unit_{it}"]).startswith(name) for it, name in millions.items())
    if wording is None or not is_money:
        return 1.0, told
    return 1.0 / wording.mcny_per_unit, wording.money_unit + told.removeprefix(millions[lang])


def objective_sentence(
    manifest: Manifest, lang: Language = "en", wording: Wording | None = None
) -> str:
    """Return what the benefit counts, and the plan's note on it."""
    asked = manifest["plan"]["information"]
    words, names, kinds = words_of(lang), labels()["headline"], headline_units()
    scale, unit = benefit_unit(manifest, lang, wording)
    weights = {
        # A million of money is as much less in a larger unit as what it is counted in.
        name: weight * (1.0 if kinds[name] == "mcny" else scale)
        for name, weight in asked["objective"].items()
    }
    terms = " + ".join(f"{plain(w)} × {names[name][lang]}" for name, w in weights.items())
    said = words["objective"].format(unit=unit, terms=terms)
    return f"{said} {note_words(asked['note'], lang)}"


def information_sentences(
    manifest: Manifest, tables: Tables, lang: Language = "en", wording: Wording | None = None
) -> list[str]:
    """Return what is best to choose, and what would be worth knowing first.

    With a wording money is in its unit and numbers have plain names.
    """
    if "choice" not in tables:
        return []
    words, row = words_of(lang), tables["choice"].iloc[0]
    scale, unit = benefit_unit(manifest, lang, wording)
    is_ahead = row["lead"] > Z95 * row["lead_se"]
    first = words["best" if is_ahead else "not_ahead"].format(
        best=policy_name(manifest, str(row["best"]), lang),
        lead=figure(scale * row["lead"]),
        error=figure(scale * Z95 * row["lead_se"]),
        unit=unit,
    )
    low, high = (figure(scale * row[end]) for end in ("worth_low", "worth_high"))
    whole = words["perfect"].format(low=low, high=high)
    told = tables["information"][tables["information"]["is_told"].astype(bool)]
    names = words["comma"].join(
        f"{named_factor(item['name'], lang, wording)} "
        f"({figure(scale * item['value'])}±{figure(scale * Z95 * item['value_se'])})"
        for item in told.to_dict("records")
    )
    last = words["worth"].format(names=names) if len(told) else words["worth_nothing"]
    answer = words["stop"].join([first, whole, last]) + words["stop"].strip()
    return [answer, objective_sentence(manifest, lang, wording)]


def options_view(manifest: Manifest, tables: Tables, lang: Language = "en") -> Table:
    """Return the options of a choice: benefit, and how often each is best."""
    words = words_of(lang)
    unit = manifest["plan"]["information"][f"unit_{lang}"]
    view = Table(title=words["choice"], title_justify="left", header_style="bold", padding=(0, 0))
    view.add_column(words["option"], overflow="fold")
    view.add_column(f"{words['benefit']}, {unit}", justify="right", overflow="fold")
    view.add_column(words["is_best"], justify="right", overflow="fold")
    for row in tables["options"].to_dict("records"):
        view.add_row(
            policy_name(manifest, row["option"], lang),
            f"{figure(row['mean'])}±{figure(Z95 * row['mean_se'])}",
            f"{100 * row['is_best']:.0f}",
        )
    return view


def information_view(tables: Tables, lang: Language = "en") -> Table:
    """Return what each number is worth to know, and what chance would make of it."""
    words = words_of(lang)
    view = Table(title_justify="left", header_style="bold", padding=(0, 0))
    view.add_column(words["factor"], overflow="fold")
    for key in ("worth_of", "by_chance"):
        view.add_column(words[key], justify="right", overflow="fold")
    for row in tables["information"].head(WORTH_SHOWN).to_dict("records"):
        view.add_row(
            row["name"],
            f"{figure(row['value'])}±{figure(Z95 * row['value_se'])}",
            figure(row["by_chance_q95"]),
            style=None if row["is_told"] else "dim",
        )
    return view
