"""Tables of one fund as readers see them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from finmodel.report.charts.fund import fan_rows, is_lp
from finmodel.report.wording import Wording
from finmodel.scenario.fund_plan_schema import FundPlan
from finmodel.variables import labels


def plan_sentences(plan: FundPlan, wording: Wording) -> list[str]:
    """Return the plan of a fund in numbers: terms, its LPs, and sub-funds if it has some."""
    fund, terms = plan.fund, plan.waterfall
    hurdle = terms.hurdle.centre
    said = [
        wording.text(
            "my_fund_plan",
            "said",
            commitment=wording.money(fund.commitment_mcny.centre),
            term=f"{fund.term_years.centre:g}",
            extension=f"{fund.extension_years.centre:g}",
            invest=f"{fund.investment_years.centre:g}",
            deals=f"{plan.portfolio.deals.centre:g}",
            fee=wording.share(plan.fees[0].rate_pa.centre),
            carry=wording.share(terms.tiers[-1].carry_share.centre),
            hurdle=wording.share(hurdle) if terms.hurdle_kind == "rate" else f"{hurdle:g}x",
        )
    ]
    names = lp_names(plan, wording)
    shares = {key: wording.share(item.commitment_share.centre) for key, item in plan.lps.items()}
    said.append(
        wording.text("my_fund_plan", "end").join(
            wording.text("my_fund_plan", "lp", name=names[key], share=shares[key])
            for key in plan.lps
        )
    )
    upper = plan.fund_of_funds
    if upper is not None:
        said.append(
            wording.text(
                "my_fund_plan",
                "nest",
                n=f"{upper.sub_funds.centre:g}",
                years=f"{upper.commitment_years.centre:g}",
                share=next(iter(shares.values())),
            )
        )
    return said


def lp_names(plan: FundPlan, wording: Wording) -> dict[str, str]:
    """Return the names of a plan's classes of LPs."""
    is_zh = wording.language == "zh"
    return {key: item.label_zh if is_zh else item.label_en for key, item in plan.lps.items()}


def numbers_view(assumptions: pd.DataFrame, wording: Wording) -> pd.DataFrame:
    """Return every number of a plan with its unit, grade and source; table `assumptions`."""
    grades = {grade: wording.text("my_fund_plan", grade) for grade in labels_of_grades()}
    columns = {
        "name": "item",
        "value": "value",
        "unit": "unit",
        "grade": "grade",
        "source": "source",
    }
    shown = assumptions.assign(grade=assumptions["grade"].map(lambda g: grades.get(str(g), str(g))))
    heads = {key: wording.text("my_fund_plan", head) for key, head in columns.items()}
    return shown[list(columns)].rename(columns=heads)


def labels_of_grades() -> tuple[str, ...]:
    """Return the grades of numbers that have a name."""
    return ("assumed", "academic", "commercial", "official")


def fan_view(years: pd.DataFrame, wording: Wording) -> pd.DataFrame:
    """Return the J-curve as a table, per cent of the commitment."""
    rows = fan_rows(years).round(1)
    unit = wording.text("my_fund_curve", "axis")
    heads = {"year": wording.text("my_fund_curve", "year")}
    names = {"q05": "5", "q25": "25", "q50": "50", "q75": "75", "q95": "95"}
    heads |= {key: f"{level}% · {unit}" for key, level in names.items()}
    return rows.rename(columns=heads)


def dots_view(dpi: pd.Series[float], wording: Wording, year: str = "") -> pd.DataFrame:
    """Return futures, worst first; by the end of a year, or of the fund."""
    key = "dpi_year" if year else "dpi"
    values = dpi.dropna().sort_values().round(3).reset_index(drop=True)
    return pd.DataFrame(
        {
            wording.text("my_fund_dots", "future"): range(1, len(values) + 1),
            wording.text("my_fund_dots", key, year=year): values,
        }
    )


def ordered_gains(gains: pd.DataFrame) -> pd.DataFrame:
    """Return gains of deals, then what managers and others take, then what LPs keep."""
    parts = gains["measure"].astype(str)
    place = parts.map(lambda part: 0 if part == "deals" else 2 if is_lp(part) else 1)
    ordered = gains.iloc[place.to_numpy().argsort(kind="stable")]
    return ordered.reset_index(drop=True)


def gain_names(gains: pd.DataFrame, lps: Mapping[str, str], wording: Wording) -> list[str]:
    """Return the names of the rows of a table of gains.

    Parameters
    ----------
    gains : DataFrame
    lps : mapping
        Names of the plan's classes of LPs; one without a name is shown by its key.
    wording : Wording
    """
    names = []
    for part in gains["measure"].astype(str):
        kind, colon, lp = part.partition(":")
        names.append(lps.get(lp, lp) if colon else wording.text("my_fund_gains", kind))
    return names


def gains_view(gains: pd.DataFrame, names: list[str], wording: Wording) -> pd.DataFrame:
    """Return who keeps what as a table, money in the unit."""
    per, unit = wording.mcny_per_unit, wording.money_unit
    columns = {"value": "mean", "se": "error", "q05": "q05", "q95": "q95"}
    table = {wording.text("my_fund_gains", "part"): names}
    table |= {
        wording.text("my_fund_gains", head, unit=unit): list((gains[column] / per).round(4))
        for column, head in columns.items()
    }
    return pd.DataFrame(table)


def actual_rows(actuals: pd.DataFrame, wording: Wording) -> pd.DataFrame:
    """Return the figures of the whole fund that have a place among the plan's futures.

    Parameters
    ----------
    actuals : DataFrame
        Table `actuals`.

    Returns
    -------
    DataFrame
        `name`, `short` (without unit), `percent`, `is_out` (outside nine in ten), `shown`, and
        `actual`, `mean`, `q05`, `q95` as stored.
    """
    words = labels()["fund_actuals"]
    rows = actuals[(actuals["stage"] == "all") & (actuals["place"].astype(str) != "")]
    rows = rows[rows["percentile"].notna()]
    return pd.DataFrame(
        {
            "name": [words[str(name)][wording.language] for name in rows["measure"]],
            "short": [_short(words[str(name)][wording.language]) for name in rows["measure"]],
            "percent": 100.0 * rows["percentile"].to_numpy(),
            "is_out": rows["place"].astype(str).str.endswith("nine_in_ten").to_numpy(bool),
            "shown": [
                f"{wording.number(a)} ({wording.span(low, high)})"
                for a, low, high in zip(rows["actual"], rows["q05"], rows["q95"], strict=True)
            ],
            **{key: rows[key].to_numpy() for key in ("actual", "mean", "q05", "q95")},
        }
    )


def _short(name: str) -> str:
    """Return a name without its unit and what is added to it."""
    return name.split(":")[0].split(", mcny")[0].split("（")[0]


def actuals_view(rows: pd.DataFrame, wording: Wording) -> pd.DataFrame:
    """Return the rows of :func:`actual_rows` with headings; money in million CNY, as named."""
    heads = {
        "name": "measure",
        "actual": "actual",
        "mean": "plan",
        "q05": "low",
        "q95": "high",
        "percent": "below",
    }
    shown = rows[list(heads)].round(3)
    return shown.rename(
        columns={key: wording.text("my_fund_actual", head) for key, head in heads.items()}
    )


def holdings_view(holdings: pd.DataFrame, wording: Wording) -> pd.DataFrame:
    """Return positions one by one; table `holdings`."""
    per, unit = wording.mcny_per_unit, wording.money_unit
    rounds, over = labels()["round"], wording.text("my_fund_actual", "over")

    def stage(row: Mapping[Any, Any]) -> str:
        name = str(row["last_stage"])
        return over if row["is_over"] else rounds.get(name, {}).get(wording.language, name)

    def head(key: str) -> str:
        return wording.text("my_fund_actual", key, unit=unit)

    return pd.DataFrame(
        {
            head("firm"): holdings["firm"].astype(str),
            head("stage"): [stage(row) for row in holdings.to_dict("records")],
            head("cost"): (holdings["cost_mcny"] / per).round(4),
            head("proceeds"): (holdings["proceeds_mcny"] / per).round(4),
            head("nav"): (holdings["nav_mcny"] / per).round(4),
            head("multiple"): holdings["multiple"].round(2),
            head("p_loss"): (100.0 * holdings["p_loss"]).round(0),
        }
    )
