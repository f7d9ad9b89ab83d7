"""Rows of studies as charts and readers want them: sensitivity, allocations."""

from __future__ import annotations

import math
from collections.abc import Mapping

import pandas as pd

from finmodel.report.allocation_words import Teller
from finmodel.report.charts.studies import BARS_SHOWN, Z95
from finmodel.report.number_names import number_names, number_text, shown_unit
from finmodel.report.sensitivity import OTHERS, factor_name
from finmodel.report.wording import Wording

Tables = Mapping[str, pd.DataFrame]


def outcome_scale(unit: str, wording: Wording, outcome: str = "") -> tuple[float, str]:
    """Return by what an outcome of a sensitivity study is multiplied, and its unit."""
    if unit == "mcny":
        own = wording.money_unit_of(outcome) if outcome else wording.money_unit
        return 1.0 / wording.mcny_per_unit, own
    if unit == "share":
        return 100.0, wording.text("studies_batch", "percent")
    return 1.0, wording.text("studies_batch", "needs" if unit == "n" else "times")


def tornado_rows(tables: Tables, policy: str, outcome: str, wording: Wording) -> pd.DataFrame:
    """Return swings of a conclusion in its unit, largest first; those of nothing are left out.

    Returns
    -------
    DataFrame
        As of table `tornado`, with `name` in plain words, `dotted`, `low_text` and `high_text`
        (values of the number with their unit), and `low` and `high` in `unit_shown`; `is_told` is
        by the rule of all pages, for the paths of the wording.
    """
    tornado = tables["tornado"]
    rows = tornado[(tornado["policy"] == policy) & (tornado["outcome"] == outcome)]
    rows = rows[rows["swing"].abs() > 0.0]
    rows = rows.sort_values("swing", key=abs, ascending=False, kind="stable").head(BARS_SHOWN)
    if rows.empty:
        return rows
    scale, _ = outcome_scale(str(rows["unit"].iloc[0]), wording)
    shown = rows.reset_index(drop=True).copy()
    for column in ("centre", "at_low", "at_high", "swing", "swing_se"):
        shown[column] = shown[column] * scale
    told = [wording.is_told(*pair) for pair in zip(rows["swing"], rows["swing_se"], strict=True)]
    shown["is_told"] = told
    return _named(shown, units_of(tables), wording)


def units_of(tables: Tables) -> dict[str, str]:
    """Return the unit of each number that a sensitivity study varies, as the scenario has it."""
    numbers = tables.get("numbers", pd.DataFrame(columns=["name", "unit"]))
    return dict(zip(numbers["name"].astype(str), numbers["unit"].astype(str), strict=True))


def _named(rows: pd.DataFrame, units: Mapping[str, str], wording: Wording) -> pd.DataFrame:
    """Return rows of numbers with plain names, and values in the unit that is shown."""
    dotted = rows["name"].astype(str)
    names = number_names(dotted, wording)
    own = [units.get(name, "") for name in dotted]
    shown = rows.assign(name=[names[name] for name in dotted], dotted=dotted)
    for end in ("low", "high"):
        pairs = zip(rows[end], own, strict=True)
        shown[f"{end}_text"] = [number_text(value, unit, wording) for value, unit in pairs]
        pairs = zip(rows[end], own, strict=True)
        shown[end] = [value * shown_unit(unit, wording)[0] for value, unit in pairs]
    shown["unit_shown"] = [shown_unit(unit, wording)[1] for unit in own]
    return shown


def numbers_view(numbers: pd.DataFrame, wording: Wording) -> pd.DataFrame:
    """Return the numbers that a study varies: plain name, dotted name, range of belief, grade.

    Parameters
    ----------
    numbers : DataFrame
        Table `numbers` of a sensitivity study.
    wording : Wording
    """
    units = dict(zip(numbers["name"].astype(str), numbers["unit"].astype(str), strict=True))
    rows = _named(numbers.assign(low=numbers["q05"], high=numbers["q95"]), units, wording)

    def head(section: str, key: str) -> str:
        return wording.text(section, key)

    return pd.DataFrame(
        {
            head("number_word", "name"): rows["name"],
            head("number_word", "low"): rows["low_text"],
            head("number_word", "high"): rows["high_text"],
            head("workbook", "grade"): [wording.text("grade", str(g)) for g in rows["grade"]],
            head("number_word", "dotted"): rows["dotted"],
        }
    )


def tornado_view(rows: pd.DataFrame, unit: str, wording: Wording, what: str) -> pd.DataFrame:
    """Return rows of :func:`tornado_rows` with headings.

    Parameters
    ----------
    rows : DataFrame
    unit : str
        Of the conclusion.
    wording : Wording
    what : str
        The conclusion is called.
    """
    heads = {
        "name": "factor",
        "low": "low",
        "high": "high",
        "unit_shown": "unit",
        "at_low": "at_low",
        "at_high": "at_high",
        "swing": "change",
        "error": "error",
    }
    shown = rows.assign(error=Z95 * rows["swing_se"])[[*heads, "dotted"]]
    names = {key: wording.text("studies_sensitivity", head) for key, head in heads.items()}
    for key in ("at_low", "at_high", "swing", "error"):
        head = wording.text("extreme", "unit", name=names[key], unit=unit)
        names[key] = wording.text("studies_batch", "of", what=what, head=head)
    names["dotted"] = wording.text("number_word", "dotted")
    return shown.round(4).rename(columns=names)


def index_rows(indices: pd.DataFrame, policy: str, outcome: str, wording: Wording) -> pd.DataFrame:
    """Return total and first-order shares of variance of a conclusion in per cent.

    Returns
    -------
    DataFrame
        `name`, `factor` (plain), `dotted`, `kind` (`total` or `first`), `value`, `low`, `high`,
        `is_told`, `luck_share`; totals largest first, each with its first-order share under it.
    """
    own = indices[(indices["policy"] == policy) & (indices["outcome"] == outcome)]
    own = own.sort_values("total", ascending=False, kind="stable")
    called = number_names(own["factor"], wording)
    rows = []
    for row in own.to_dict("records"):
        for kind in ("total", "first"):
            dotted = str(row["factor"])
            name = factor_name(dotted, wording.language, wording)
            name = name if dotted == OTHERS else called[dotted]
            low, high = 100.0 * row[f"{kind}_low"], 100.0 * row[f"{kind}_high"]
            rows.append(
                {
                    "name": f"{name} · {wording.text('studies_sensitivity', kind)}",
                    "factor": name,
                    "dotted": "" if dotted == OTHERS else dotted,
                    "kind": kind,
                    "value": 100.0 * row[kind],
                    "low": low,
                    "high": high,
                    "is_told": bool(row["is_told"]) and low > 0.0,
                    "luck_share": row["luck_share"],
                }
            )
    frame = pd.DataFrame(rows)
    return frame[frame["value"].notna()].reset_index(drop=True) if len(frame) else frame


def split_rows(teller: Teller) -> pd.DataFrame:
    """Return shares of the budget of winners and presets: `split`, `cell`, `percent`, `key`."""
    table = teller.tables["splits"]
    order = [*teller.winners, *teller.rules]
    parts = [table[table["split"] == name] for name in order]
    rows = pd.concat(parts, ignore_index=True)
    return pd.DataFrame(
        {
            "split": [teller.name(str(name)) for name in rows["split"]],
            "cell": [teller.cell(str(name)) for name in rows["cell"]],
            "percent": (100.0 * rows["share"]).round(1),
            "key": rows["split"].astype(str),
        }
    )


def lead_rows(teller: Teller, winner: str) -> pd.DataFrame:
    """Return a winner's lead over each preset with its joint interval; money in the teller's unit.

    Returns
    -------
    DataFrame
        `name`, `value`, `low`, `high`, `is_told`, `verdict` as stored.
    """
    table = teller.tables["contrasts"]
    rows = table[table["split"] == winner]
    scale = teller.scale_of(teller.own)
    return pd.DataFrame(
        {
            "name": [teller.name(str(name)) for name in rows["against"]],
            "value": rows["difference"].to_numpy() * scale,
            "low": rows["low"].to_numpy() * scale,
            "high": rows["high"].to_numpy() * scale,
            "is_told": (rows["verdict"].astype(str) != "within noise").to_numpy(bool),
            "verdict": rows["verdict"].astype(str).to_numpy(),
        }
    )


def frontier_rows(teller: Teller, wording: Wording) -> pd.DataFrame:
    """Return splits of the frontier with 95 % intervals, money in the teller's unit, or none."""
    table, asked = teller.tables["frontier"], teller.plan.get("frontier")
    if not asked or table.empty:
        return pd.DataFrame()
    worth = teller.scale_of(teller.own)
    scale = teller.scale_of(str(asked["measure"])) if asked["kind"] == "cvar" else 1.0
    value, risk = table["value"] * worth, table["risk"] * scale
    half, wide = Z95 * table["value_se"] * worth, Z95 * table["risk_se"] * scale
    kinds = [
        "efficient" if good else "behind" if bad else "within"
        for good, bad in zip(table["is_efficient"], table["is_clearly_behind"], strict=True)
    ]
    return pd.DataFrame(
        {
            "value": value,
            "low": value - half,
            "high": value + half,
            "risk": risk,
            "risk_low": risk - wide,
            "risk_high": risk + wide,
            "kind": [wording.text("studies_chart", kind) for kind in kinds],
            "is_behind": [kind == "behind" for kind in kinds],
        }
    )


def frontier_view(rows: pd.DataFrame, teller: Teller, wording: Wording) -> pd.DataFrame:
    """Return rows of :func:`frontier_rows` with headings."""
    worth, risk = teller.objective_text(), risk_title(teller)
    heads = {"value": worth, "risk": risk, "kind": wording.text("studies_allocation", "standing")}
    for key, what in (("low", worth), ("high", worth), ("risk_low", risk), ("risk_high", risk)):
        end = key.removeprefix("risk_")
        heads[key] = f"{what}: {wording.text('studies_batch', end)}"
    return rows[list(heads)].round(4).rename(columns=heads)


def risk_title(teller: Teller) -> str:
    """Return what the risk of a frontier is, with its unit."""
    asked = teller.plan["frontier"]
    measure = str(asked["measure"])
    threshold = asked.get("threshold", math.nan)
    return teller.words[asked["kind"]].format(
        tail=f"{1.0 - asked['level']:.0%}",
        threshold=teller.plain(threshold, measure) if threshold is not None else "–",
        measure=teller.with_unit(measure),
    )
