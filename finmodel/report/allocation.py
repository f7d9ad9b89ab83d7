"""An allocation in words and tables: one text for the terminal and for the page."""

from __future__ import annotations

import math
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd
from rich.table import Table

from finmodel.report.fund_plan import rows_by
from finmodel.report.terminal import with_error
from finmodel.report.validation import render
from finmodel.store import Manifest
from finmodel.units import MCNY_PER_BN
from finmodel.variables import Language, labels

FEWEST_VEHICLES = 3.0
"""Vehicles below which whether there is one decides what a cell does."""
SHOWN = (
    "gap_closed_mcny",
    "funded_viable_n",
    "funded_viable_mcny",
    "exits_n",
    "private_invested_mcny",
    "public_outlay_mcny",
    "public_npv_mcny",
)
"""Measures beside the objective."""
Tables = Mapping[str, pd.DataFrame]


@dataclass(frozen=True)
class Part:
    """A table in words.

    Attributes
    ----------
    heading : str
    head : list of str
        The first column is text, the others are numbers.
    rows : list of list of str
    note : str
    """

    heading: str
    head: list[str]
    rows: list[list[str]]
    note: str = ""


class Teller:
    """Words, names and numbers of one allocation in one language.

    Parameters
    ----------
    tables : mapping of DataFrame
        Stored tables.
    manifest : dict
    lang : {'en', 'zh'}
    """

    def __init__(self, tables: Tables, manifest: Manifest, lang: Language) -> None:
        self.tables, self.manifest, self.lang = tables, manifest, lang
        self.words = {key: texts[lang] for key, texts in labels()["allocation"].items()}
        self.plan: dict[str, Any] = manifest["plan"]
        worth = tables["worth"]
        self.winners = [str(name) for name in worth.loc[worth["is_winner"], "split"]]
        self.rules = [str(name) for name in worth.loc[~worth["is_winner"], "split"]]

    def name(self, key: str) -> str:
        """Return the name of a split or a future."""
        return self.words.get(key.replace(" ", "_"), key)

    def cell(self, name: str) -> str:
        """Return the name of a cell."""
        slot, colon, region = name.partition(":")
        if not colon:
            return self.name(name)
        return f"{self.plan['slots'][slot][f'label_{self.lang}']} {region}"

    def measure(self, name: str) -> str:
        """Return the name of a measure."""
        return self.words.get(name) or labels()["headline"][name][self.lang]

    @property
    def objective(self) -> dict[str, float]:
        """Weights of measures."""
        return {name: float(item["value"]) for name, item in self.plan["objective"].items()}

    @property
    def own(self) -> str:
        """The measure that the objective is, empty if it is a weighted set."""
        only = list(self.objective.items())
        return only[0][0] if len(only) == 1 and only[0][1] == 1.0 else ""

    def objective_text(self) -> str:
        """Return the objective in words."""
        if self.own:
            return f"{self.measure(self.own)} ({self.unit(self.own)})"
        return " + ".join(f"{w:g} x {self.measure(n)}" for n, w in self.objective.items())

    def unit(self, measure: str) -> str:
        """Return the unit of a measure, with its period."""
        is_money = measure.endswith("_mcny")
        period = "all_years" if measure.startswith("public_") else "a_year"
        unit = labels()["batch"]["bn" if is_money else "needs"][self.lang] if measure else ""
        return f"{unit} {self.words[period]}" if measure else self.words["points"]

    def amount(self, value: float, se: float, measure: str | None = None) -> str:
        """Return a number with its error; money in billions. By default of the objective."""
        name = self.own if measure is None else measure
        scale = 1.0 / MCNY_PER_BN if name.endswith("_mcny") else 1.0
        if math.isnan(se) and not math.isnan(value):
            return f"{value * scale:,.2g}" if abs(value * scale) < 10.0 else f"{value * scale:,.0f}"
        return with_error(value, se, scale=scale)

    def plain(self, value: float, measure: str) -> str:
        """Return a number without error."""
        return f"{value / MCNY_PER_BN:,.3g}" if measure.endswith("_mcny") else f"{value:,.3g}"


def allocation_sentences(tables: Tables, manifest: Manifest, lang: Language) -> list[str]:
    """Return what was found, the verdict against the equal split, and what to beware of."""
    teller = Teller(tables, manifest, lang)
    words, said = teller.words, []
    worth = rows_by(tables["worth"], "split")
    contrasts = tables["contrasts"]
    for winner in teller.winners:
        row = worth[winner]
        said.append(_winner_sentence(teller, winner))
        if not row["is_within_limits"]:
            said.append(words["not_within"])
        said.append(
            words["fresh"].format(
                objective=teller.objective_text(),
                fresh=teller.amount(row["fresh"], row["fresh_se"]),
                in_sample=teller.amount(row["in_sample"], row["in_sample_se"]),
            )
        )
        said.append(
            words["optimism"].format(
                before=teller.amount(row["lead_in_sample"], row["lead_in_sample_se"]),
                after=teller.amount(row["lead_fresh"], row["lead_fresh_se"]),
                optimism=teller.amount(row["lead_optimism"], row["lead_optimism_se"]),
            )
        )
        own = contrasts[contrasts["split"] == winner]
        said.append(_against_equal(teller, own))
        if (own["verdict"] == "within noise").all():
            said.append(words["all_noise"])
    if all(abs(row["fresh"]) < 2.0 * row["fresh_se"] for row in worth.values()):
        said.append(words["no_effect"])
    return said + _answers(teller)


def cautions(tables: Tables, manifest: Manifest, lang: Language) -> list[str]:
    """Return what a reader must know before believing the numbers."""
    teller = Teller(tables, manifest, lang)
    words, plan = teller.words, teller.plan
    run, said = plan["run"], []
    splits = tables["splits"]
    few = splits[(splits["vehicles_n"] < FEWEST_VEHICLES) & (splits["share"] > 1e-6)]
    if len(few):
        cells = ", ".join(teller.cell(str(name)) for name in few["cell"].unique())
        said.append(
            words["lumpy"].format(
                cells=cells, least=f"{FEWEST_VEHICLES:.0f}", scale=f"{run['scale']:g}"
            )
        )
    if run["scale"] < 1.0 and (plan["risks"] or plan["frontier"] or plan["questions"]):
        said.append(words["scale"].format(scale=f"{run['scale']:g}"))
    said += [words["horizon"], words["gap_note"]]
    said.append(
        words["sizes"].format(
            paths=run["paths"],
            first=run["first_paths"],
            fresh=run["fresh_paths"],
            tried=len(tables["tried"]),
            scale=f"{run['scale']:g}",
        )
    )
    return said


def _winner_sentence(teller: Teller, winner: str) -> str:
    own = teller.tables["splits"]
    own = own[own["split"] == winner].sort_values("share", ascending=False, kind="stable")
    shares = ", ".join(
        f"{teller.cell(str(row['cell']))} {row['share']:.1%}" for row in own.to_dict("records")
    )
    budget = f"{teller.manifest['budget_mcny_pa'] / MCNY_PER_BN:g}"
    return teller.words["winner"].format(name=teller.name(winner), shares=shares, budget=budget)


def _against_equal(teller: Teller, own: pd.DataFrame) -> str:
    row = own[own["against"] == "equal"].to_dict("records")[0]
    if row["se"] == 0.0 and row["difference"] == 0.0:
        return teller.words["same"]
    key = {"better": "beats", "worse": "loses", "within noise": "beats_not"}[str(row["verdict"])]
    return teller.words[key].format(
        difference=teller.amount(row["difference"], row["se"]),
        low=teller.amount(row["low"], math.nan),
        high=teller.amount(row["high"], math.nan),
        n=len(own),
        paths=f"{min(row['paths_to_tell'], 999_999):,.0f}",
    )


def _answers(teller: Teller) -> list[str]:
    said = []
    for row in teller.tables["answers"].to_dict("records"):
        measure, vary = str(row["measure"]), str(row["vary"])

        text = teller.words[f"answer_{row['status']}"].format(
            question=row["question"],
            vary=vary,
            answer=_level(teller, row["answer"]),
            low=_level(teller, row["answer_low"]),
            high=_level(teller, row["answer_high"]),
            measure=teller.measure(measure),
            goal=f"{teller.plain(row['goal'], measure)} {teller.unit(measure)}",
            probability=f"{row['probability']:.0%}",
            most=f"{row['chance_most']:.0%}",
        )
        said.append(text if row["is_monotone"] else f"{text} {teller.words['answer_turns']}")
    return said


def _level(teller: Teller, value: float) -> str:
    return teller.words["outside"] if math.isnan(value) else f"{value:,.4g}"


def allocation_parts(tables: Tables, manifest: Manifest, lang: Language) -> list[Part]:
    """Return the tables of an allocation in words."""
    teller = Teller(tables, manifest, lang)
    makers = (_splits, _worth, _measures, _marginal, _futures, _limits, _frontier)
    return [part for maker in makers if (part := maker(teller)) is not None]


def _splits(teller: Teller) -> Part:
    table = teller.tables["splits"]
    cells = list(dict.fromkeys(table["cell"]))
    rows = []
    for name in [*teller.winners, *teller.rules]:
        own = table[table["split"] == name].set_index("cell")
        star = "*" if own["is_moved"].any() else ""
        rows.append([teller.name(name) + star, *(f"{own['share'][c]:.1%}" for c in cells)])
    note = f"* {teller.words['moved']}" if table["is_moved"].any() else ""
    head = [teller.words["split"], *(teller.cell(str(cell)) for cell in cells)]
    return Part(teller.words["splits"], head, rows, note)


def _worth(teller: Teller) -> Part:
    words, rows = teller.words, []
    worth = rows_by(teller.tables["worth"], "split")
    contrasts = teller.tables["contrasts"]
    first = rows_by(contrasts[contrasts["split"] == teller.winners[0]], "against")
    for name in [*teller.winners, *teller.rules]:
        row = worth[name]
        cells = [teller.name(name), teller.amount(row["fresh"], row["fresh_se"])]
        if name in first:
            other = first[name]
            low, high = (teller.amount(other[end], math.nan) for end in ("low", "high"))
            cells += [
                teller.amount(other["difference"], other["se"]),
                f"{low} / {high}",
                teller.name(str(other["verdict"])),
            ]
        rows.append([*cells, *[""] * (5 - len(cells))])
    head = [words[key] for key in ("split", "change", "lead", "interval", "verdict")]
    return Part(f"{words['worth']}: {teller.objective_text()}", head, rows)


def _measures(teller: Teller) -> Part:
    table = teller.tables["measures"]
    names = [teller.winners[0], *teller.rules]
    shown = [name for name in dict.fromkeys([*teller.objective, *SHOWN]) if name != teller.own]
    rows = []
    for measure in shown:
        own = rows_by(table[table["measure"] == measure], "split")
        cells = [teller.amount(own[n]["change"], own[n]["change_se"], measure) for n in names]
        rows.append([f"{teller.measure(measure)}, {teller.unit(measure)}", *cells])
    return Part(teller.words["measures"], ["", *(teller.name(n) for n in names)], rows)


def _marginal(teller: Teller) -> Part:
    words, rows = teller.words, []
    table = teller.tables["marginal"]
    slopes = []
    for cell, group in table.groupby("cell", sort=False):
        own: Any = group.reset_index(drop=True)
        here = int(own["is_here"].to_numpy().argmax())
        pairs = [
            (own["per_bn_to_next"][at], own["per_bn_to_next_se"][at]) for at in (0, here - 1, here)
        ]
        slopes.append(pairs[-1])
        held = f"{own['budget_mcny_pa'][here] / MCNY_PER_BN:.2f}"
        rows.append([teller.cell(str(cell)), held, *(teller.amount(*pair) for pair in pairs)])
    keys = ("cell", "first_money", "last_money", "next_money")
    head = [words["cell"], "bn", *(words[key] for key in keys[1:])]
    # Bonferroni over pairs of cells, errors taken as independent: an upper bound of them here.
    n_pairs = max(len(slopes) * (len(slopes) - 1) // 2, 1)
    least = 2.0 if n_pairs == 1 else 2.6 if n_pairs <= 6 else 3.2
    differs = any(abs(a[0] - b[0]) > least * math.hypot(a[1], b[1]) for a in slopes for b in slopes)
    note = words["marginal_note"] + ("" if differs else f" {words['marginal_noise']}")
    return Part(words["marginal"], head, rows, note)


def _futures(teller: Teller) -> Part | None:
    table = teller.tables["futures"]
    names = list(dict.fromkeys(table["future"]))
    if len(names) < 2:
        return None
    rows = []
    for split in [*teller.winners, *teller.rules]:
        own = rows_by(table[table["split"] == split], "future")
        cells = []
        for name in names:
            value = teller.amount(own[name]["value"], own[name]["se"])
            cells.append(f"{value} / {teller.amount(own[name]['regret'], math.nan)}")
        rows.append([teller.name(split), *cells])
    head = [teller.words["split"], *(teller.name(str(name)) for name in names)]
    return Part(teller.words["futures"], head, rows)


def _limits(teller: Teller) -> Part | None:
    table, words = teller.tables["risks"], teller.words
    if table.empty:
        return None
    rows = []
    for row in table.to_dict("records"):
        about = teller.plan["risks"][row["limit"]]
        measure = str(about["measure"]) if about["kind"] == "cvar" else ""
        rows.append(
            [
                f"{teller.name(str(row['split']))}: {row['limit']}",
                teller.name(str(row["future"])),
                teller.amount(row["most"], math.nan, measure),
                teller.amount(row["in_sample"], math.nan, measure),
                teller.amount(row["value"], row["se"], measure),
                teller.name(str(row["verdict"])),
            ]
        )
    head = [words[key] for key in ("limit", "future", "most", "in_sample", "risk", "verdict")]
    return Part(words["limits"], [*head[:-1], ""], rows)


def _frontier(teller: Teller) -> Part | None:
    table, words, asked = teller.tables["frontier"], teller.words, teller.plan["frontier"]
    if asked is None or table.empty:
        return None
    is_tail = asked["kind"] == "cvar"
    risk = words[asked["kind"]].format(
        tail=f"{1.0 - asked['level']:.0%}",
        threshold=teller.plain(asked["threshold"], asked["measure"]),
        measure=teller.measure(asked["measure"]),
    )
    cells = [name for name in table.columns if str(name).startswith("share_")]
    rows = []
    for row in table.to_dict("records"):
        behind = "behind" if row["is_clearly_behind"] else "not_efficient"
        rows.append(
            [
                words["efficient" if row["is_efficient"] else behind],
                teller.amount(row["risk"], row["risk_se"], asked["measure"] if is_tail else ""),
                teller.amount(row["value"], row["value_se"]),
                *(f"{row[name]:.0%}" for name in cells),
            ]
        )
    names = [teller.cell(str(name).removeprefix("share_")) for name in cells]
    head = ["", words["risk"], words["objective"], *names]
    return Part(words["frontier"].format(risk=risk), head, rows)


def part_view(part: Part) -> Table:
    """Return a part for the terminal."""
    view = Table(
        title=part.heading,
        title_justify="left",
        header_style="bold",
        padding=(0, 0),
        caption=part.note or None,
        caption_justify="left",
    )
    view.add_column(part.head[0], overflow="fold")
    for name in part.head[1:]:
        view.add_column(name, justify="right", overflow="fold")  # never cut a number
    for row in part.rows:
        view.add_row(*row)
    return view


def command_text(command: Sequence[str]) -> str:
    """Return a command as one may type it."""
    return shlex.join(command)


def allocation_page(tables: Tables, manifest: Manifest, lang: Language) -> str:
    """Return the page of an allocation as HTML that asks for nothing else.

    Parameters
    ----------
    tables : mapping of DataFrame
        Stored tables.
    manifest : dict
        Of the same result.
    lang : {'en', 'zh'}
    """
    teller = Teller(tables, manifest, lang)
    return render(
        "allocation.html",
        lang=lang,
        words=teller.words,
        title=manifest[f"title_{lang}"],
        sentences=allocation_sentences(tables, manifest, lang),
        cautions=cautions(tables, manifest, lang),
        parts=allocation_parts(tables, manifest, lang),
        command=command_text(manifest["command"]),
        version=manifest["version"],
        seed=manifest["seed"],
    )
