"""An allocation in sentences: what was found, against what, and what to beware of."""

from __future__ import annotations

import math
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import pandas as pd

from finmodel.report.fund_plan import rows_by
from finmodel.report.number_names import code_name, joined_unit, number_part, plain_figure, quoted
from finmodel.report.wording import Wording, is_told
from finmodel.scenario.allocation_plan import BUDGET, UNSPENT, programme_name
from finmodel.store import Manifest
from finmodel.units import QUARTERS_PER_YEAR
from finmodel.variables import Language, labels

FEWEST_VEHICLES = 3.0
"""Vehicles below which whether there is one decides what a cell does."""
LEAST_SHOWN = 5e-4
"""Share below which a cell is not named: it would be shown as none."""
Tables = Mapping[str, pd.DataFrame]


def number_text(value: float, se: float) -> str:
    """Return a number with its error to one digit, two if that is a 1; ``-`` if undefined."""
    if math.isnan(value):
        return "-"
    digits = 1 if 1.0 <= abs(value) < 10.0 else 2 if abs(value) < 1.0 else 0
    if not math.isnan(se):
        if se <= 1e-9 * abs(value):
            return no_powers(f"{value:,.4g}")
        power = math.floor(math.log10(se))
        digits = max(0, -power + (1 if se < 2.0 * 10.0**power else 0))
    text = f"{value:,.{digits}f}"
    text = text.lstrip("-") if not text.strip("-0.,") else text  # no negative zero
    return text if math.isnan(se) else f"{text}±{se:,.{digits}f}"


def no_powers(text: str) -> str:
    """Return a text of a number with the same digits, not in powers of ten."""
    return f"{Decimal(text.replace(',', '')):,f}" if "e" in text else text


class Teller:
    """Words, names and numbers of one allocation in one language.

    Parameters
    ----------
    tables : mapping of DataFrame
        Stored tables.
    manifest : dict
    lang : {'en', 'zh'}
    wording : Wording, optional
        Of the same language: unit of money, and plain names of numbers and regions; else bn CNY
        and names as the plan has them.
    """

    def __init__(
        self, tables: Tables, manifest: Manifest, lang: Language, wording: Wording | None = None
    ) -> None:
        self.tables, self.manifest, self.lang = tables, manifest, lang
        self.wording, self.is_plain = wording or Wording(lang), wording is not None
        self.words = {key: texts[lang] for key, texts in labels()["allocation"].items()}
        self.plan: dict[str, Any] = manifest["plan"]
        worth = tables["worth"]
        self.comma = self.wording.text("extreme", "comma")
        self.winners = [str(name) for name in worth.loc[worth["is_winner"], "split"]]
        self.rules = [str(name) for name in worth.loc[~worth["is_winner"], "split"]]

    def name(self, key: str) -> str:
        """Return the name of a split or a future."""
        return self.words.get(key.replace(" ", "_"), key)

    def shares(self, split: str) -> list[float]:
        """Return the shares of a split, in thousandths, in the order of cells."""
        table = self.tables["splits"]
        return [round(1000.0 * share) for share in table.loc[table["split"] == split, "share"]]

    def is_moved(self, split: str) -> bool:
        """Return whether a rule itself breaks a limit, so that the nearest allowed stands in."""
        table = self.tables["splits"]
        return bool(table.loc[table["split"] == split, "is_moved"].any())

    def cell(self, name: str) -> str:
        """Return the name of a cell."""
        if ":" not in name:
            is_region = self.name(name) == name
            return self.region(name) if is_region else self.name(name)
        slot, sector, region = self.parts(name)
        label = f"label_{self.lang}"
        named = [self.plan["slots"][slot][label]] if len(self.plan["slots"]) > 1 else []
        if sector:
            named.append(self.manifest["scenario"]["sectors"][sector][label])
        return " ".join([*named, self.region(region)])

    def region(self, code: str) -> str:
        """Return the name of a region, or its code where names are as the plan has them."""
        return code_name("regions", code, self.wording) if self.is_plain else code

    def free(self, name: str) -> str:
        """Return a name that the plan gives, of a question or a limit."""
        return name.replace("_", " ") if self.is_plain else name

    def vary(self, name: str) -> str:
        """Return what a question varies."""
        if name in self.words:
            return self.words[name].format(unit=self.wording.money_unit)
        if not self.is_plain:
            return name
        called = quoted(number_part(name, self.wording), self.wording)
        return self.wording.text("number_word", "apart", name=called, dotted=name)

    def parts(self, cell: str) -> tuple[str, str, str]:
        """Return the slot, the sector, empty without sectors, and the region of a cell."""
        *named, region = cell.split(":")
        slots = list(self.plan["slots"])
        slot = named.pop(0) if len(slots) > 1 else slots[0]
        # Allocations stored by an earlier version name no sectors.
        sector = named.pop(0) if self.plan.get("sectors") else ""
        return slot, sector, region

    def measure(self, name: str) -> str:
        """Return the name of a measure."""
        return self.words.get(name) or labels()["headline"][name][self.lang]

    @property
    def objective(self) -> dict[str, float]:
        """Weights of measures, those that count."""
        weights = {name: float(item["value"]) for name, item in self.plan["objective"].items()}
        return {name: weight for name, weight in weights.items() if weight != 0.0}

    @property
    def own(self) -> str:
        """The measure that the objective is, empty if it is a weighted set."""
        only = list(self.objective.items())
        return only[0][0] if len(only) == 1 and only[0][1] == 1.0 else ""

    def objective_text(self) -> str:
        """Return the objective in words."""
        if self.own:
            return self.with_unit(self.own)
        if not self.is_plain:
            return " + ".join(f"{w:g} x {self.measure(n)}" for n, w in self.objective.items())
        return " + ".join(
            f"{plain_figure(w / self.scale_of(n))} × {self.with_unit(n)}"
            for n, w in self.objective.items()
        )

    def with_unit(self, measure: str) -> str:
        """Return the name of a measure with its unit."""
        name, unit = self.measure(measure), self.unit(measure)
        return self.wording.text("number_word", "apart", name=name, dotted=unit)

    def unit(self, measure: str) -> str:
        """Return the unit of a measure, with its period."""
        is_money = measure.endswith("_mcny")
        period = "all_years" if measure.startswith("public_") else "a_year"
        unit = self.wording.money_unit if is_money else labels()["batch"]["needs"][self.lang]
        if not measure:
            return self.words["points"]
        return self.wording.text("number_word", period, unit=unit)

    def amount(self, value: float, se: float, measure: str | None = None) -> str:
        """Return a number with its error in the unit shown. By default of the objective."""
        name = self.own if measure is None else measure
        scale = self.scale_of(name)
        return number_text(value * scale, se * scale)

    def said(self, value: float, se: float) -> str:
        """Return a number of the objective in a sentence: with its unit if names are plain."""
        text = self.amount(value, se)
        if not self.is_plain or not self.own.endswith("_mcny"):
            return text
        return joined_unit(text, self.wording.money_unit, self.wording)

    def is_told(self, value: float, se: float, paths: str) -> bool:
        """Return whether a change is told from zero, by the rule of all pages.

        Parameters
        ----------
        value, se : float
            A change that is the same on every path (`se` of 0) is told.
        paths : {'paths', 'fresh_paths'}
            How many, as the plan's run names them.
        """
        if se == 0.0:
            return value != 0.0
        return is_told(value, se, int(self.plan.get("run", {}).get(paths, 0)))

    def direction(self, value: float, se: float, paths: str) -> str:
        """Return which way the objective goes and how far; a gap closes or widens.

        Parameters are those of :meth:`is_told`.
        """
        if math.isnan(value) or value == 0.0:
            return self.words["stays"] if value == 0.0 else self.said(value, se)
        way = "up" if value > 0.0 else "down"
        key = f"gap_{way}" if self.own.startswith("gap_closed") else f"objective_{way}"
        text = self.words[key].format(size=self.said(abs(value), se))
        return text if self.is_told(value, se, paths) else text + self.words["open_way"]

    def scale_of(self, measure: str) -> float:
        """Return what turns a measure into the unit shown; a weighted set has no name."""
        return 1.0 / self.wording.mcny_per_unit if measure.endswith("_mcny") else 1.0

    def frontier_risk(self) -> str:
        """Return in words against which risk the frontier is drawn."""
        asked = self.plan["frontier"]
        return self.words[asked["kind"]].format(
            tail=f"{1.0 - asked['level']:.0%}",
            threshold=self.plain(asked["threshold"], asked["measure"]),
            measure=self.measure(asked["measure"]),
        )

    def plain(self, value: float, measure: str) -> str:
        """Return a number without error."""
        shown = value * self.scale_of(measure)
        return no_powers(f"{shown:,.3g}")


def allocation_sentences(
    tables: Tables, manifest: Manifest, lang: Language, wording: Wording | None = None
) -> list[str]:
    """Return what was found, the verdict against the equal split, and what to beware of."""
    teller = Teller(tables, manifest, lang, wording)
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
                fresh=teller.direction(row["fresh"], row["fresh_se"], "fresh_paths"),
                in_sample=teller.direction(row["in_sample"], row["in_sample_se"], "paths"),
            )
        )
        said.append(
            words["optimism"].format(
                before=teller.said(row["lead_in_sample"], row["lead_in_sample_se"]),
                after=teller.said(row["lead_fresh"], row["lead_fresh_se"]),
                optimism=teller.said(row["lead_optimism"], row["lead_optimism_se"]),
            )
        )
        said += _broken_limits(teller, winner)
        own = contrasts[contrasts["split"] == winner]
        said.append(_against_equal(teller, own))
        if (own["verdict"] == "within noise").all():
            said.append(words["all_noise"])
    if not any(
        teller.is_told(row["fresh"], row["fresh_se"], "fresh_paths") for row in worth.values()
    ):
        said.append(words["no_effect"])
    return said + _answers(teller)


def cautions(
    tables: Tables, manifest: Manifest, lang: Language, wording: Wording | None = None
) -> list[str]:
    """Return what a reader must know before believing the numbers."""
    teller = Teller(tables, manifest, lang, wording)
    words, plan = teller.words, teller.plan
    run, said = plan["run"], [words["rules"]]
    splits = tables["splits"]
    few = splits[(splits["vehicles_n"] < FEWEST_VEHICLES) & (splits["share"] > 1e-6)]
    if len(few):
        cells = teller.comma.join(teller.cell(str(name)) for name in few["cell"].unique())
        said.append(
            words["lumpy"].format(
                cells=cells, least=f"{FEWEST_VEHICLES:.0f}", scale=f"{run['scale']:g}"
            )
        )
    if run["scale"] < 1.0 and (plan["risks"] or plan["frontier"] or plan["questions"]):
        said.append(words["scale"].format(scale=f"{run['scale']:g}"))
    said += [words["horizon"].format(called=called_share(teller)), words["gap_note"]]
    if "gap_weighted" in teller.rules:
        said.append(words["by_gap"].format(first=run["first_paths"]))
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


def called_share(teller: Teller) -> str:
    """Return the part of the first winner's money that was called."""
    measures = teller.tables["measures"]
    own = measures[measures["split"] == teller.winners[0]]
    called = float(own.loc[own["measure"] == "public_outlay_mcny", "change"].iloc[0])
    given = teller.tables["splits"]
    given = given[(given["split"] == teller.winners[0]) & (given["cell"] != UNSPENT)]
    programmes = teller.manifest["scenario"]["programmes"]
    money = 0.0
    for row in given.to_dict("records"):
        slot, sector, _ = teller.parts(str(row["cell"]))
        programme = programmes[programme_name(slot, sector)]
        money += row["budget_mcny_pa"] * programme["quarters"]["value"] / QUARTERS_PER_YEAR
    return f"{called / money:.0%}" if money > 0.0 else "-"


def _winner_sentence(teller: Teller, winner: str) -> str:
    own = teller.tables["splits"]
    own = own[(own["split"] == winner) & (own["share"] >= LEAST_SHOWN)].sort_values(
        "share", ascending=False, kind="stable"
    )
    shares = teller.comma.join(
        f"{teller.cell(str(row['cell']))} {row['share']:.1%}" for row in own.to_dict("records")
    )
    budget = teller.manifest["budget_mcny_pa"] / teller.wording.mcny_per_unit
    return teller.words["winner"].format(
        name=teller.name(winner),
        shares=shares,
        budget=no_powers(f"{budget:,g}"),
        unit=teller.wording.money_unit,
    )


def _against_equal(teller: Teller, own: pd.DataFrame) -> str:
    row = own[own["against"] == "equal"].to_dict("records")[0]
    if row["se"] == 0.0 and row["difference"] == 0.0:
        # An objective that nothing moves makes any two splits worth the same.
        is_equal = teller.shares(str(row["split"])) == teller.shares("equal")
        return teller.words["same" if is_equal else "no_difference"]
    key = {"better": "beats", "worse": "loses", "within noise": "beats_not"}[str(row["verdict"])]
    text = teller.words[key].format(
        difference=teller.said(row["difference"], row["se"]),
        low=teller.said(row["low"], math.nan),
        high=teller.said(row["high"], math.nan),
        n=len(own),
        paths=f"{min(row['paths_to_tell'], 999_999):,.0f}",
    )
    return f"{text} {teller.words['equal_moved']}" if teller.is_moved("equal") else text


def _answers(teller: Teller) -> list[str]:
    said = []
    for row in teller.tables["answers"].to_dict("records"):
        measure, vary = str(row["measure"]), str(row["vary"])

        text = teller.words[f"answer_{row['status']}"].format(
            question=teller.free(str(row["question"])),
            vary=teller.vary(vary),
            answer=_level(teller, row["answer"], vary),
            low=_level(teller, row["answer_low"], vary),
            high=_level(teller, row["answer_high"], vary),
            measure=teller.measure(measure),
            goal=joined_unit(
                teller.plain(row["goal"], measure), teller.unit(measure), teller.wording
            ),
            probability=f"{row['probability']:.0%}",
            most=f"{row['chance_most']:.0%}",
        )
        said.append(text if row["is_monotone"] else f"{text} {teller.words['answer_turns']}")
    return said


def _level(teller: Teller, value: float, vary: str) -> str:
    """Return a budget in the unit of money, another clause in its own unit."""
    if math.isnan(value):
        return teller.words["outside"]
    if vary == BUDGET:
        budget = value / teller.wording.mcny_per_unit
        return no_powers(f"{budget:,.3g}")
    return f"{value:,.0f}" if value == int(value) else f"{value:,.4g}"


def _broken_limits(teller: Teller, winner: str) -> list[str]:
    """Return which limits on risk a winner breaks, or may break, on other luck."""
    table, said = teller.tables["risks"], []
    own = table[(table["split"] == winner) & (table["verdict"] != "kept")]
    for verdict, rows in own.groupby("verdict"):
        names = teller.comma.join(
            f"{teller.free(str(row['limit']))} ({teller.name(str(row['future']))})"
            for row in rows.to_dict("records")
        )
        said.append(teller.words[f"limits_{verdict}"].format(limits=names))
    return said
