"""Tables of an allocation in words, for the terminal and for the page."""

from __future__ import annotations

import math
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from finmodel.report.allocation_charts import allocation_charts
from finmodel.report.allocation_words import Tables, Teller, allocation_sentences, cautions
from finmodel.report.fund_plan import rows_by
from finmodel.report.pages import render
from finmodel.report.wording import Wording, names_of
from finmodel.store import Manifest
from finmodel.units import MCNY_PER_BN
from finmodel.variables import Language

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


def allocation_parts(
    tables: Tables, manifest: Manifest, lang: Language, wording: Wording | None = None
) -> list[Part]:
    """Return the tables of an allocation in words; with plain names if there is a wording."""
    teller = Teller(tables, manifest, lang, wording)
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
                f"{teller.name(str(row['split']))}: {teller.free(str(row['limit']))}",
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
    return Part(words["frontier"].format(risk=teller.frontier_risk()), head, rows)


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
    wording = Wording(lang, "bn", names_of(manifest, lang))
    teller = Teller(tables, manifest, lang, wording)
    return render(
        "allocation.html",
        lang=lang,
        words=teller.words,
        title=manifest[f"title_{lang}"],
        sentences=allocation_sentences(tables, manifest, lang, wording),
        cautions=cautions(tables, manifest, lang, wording),
        charts=allocation_charts(teller),
        parts=allocation_parts(tables, manifest, lang, wording),
        command=command_text(manifest["command"]),
        version=manifest["version"],
        seed=manifest["seed"],
    )
