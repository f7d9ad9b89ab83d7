"""What was tested, in money: the budget of each programme, by province and by stage."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from finmodel.report.result import Result
from finmodel.report.wording import Wording
from finmodel.scenario import Quantity


@dataclass(frozen=True)
class Money:
    """A programme's money in words.

    Attributes
    ----------
    heading : str
        Policy and programme.
    total : str
        Budget a year and how long it lasts.
    places : str
        By province, largest first; those with nothing are left out.
    stages : str
        Weights by stage.
    """

    heading: str
    total: str
    places: str
    stages: str


def money_tested(result: Result, words: Wording) -> list[Money]:
    """Return the money of every programme of a comparison's policies.

    Budgets and shares are those that the result was made with. Where a number is a belief, its
    median is what a run without draws plays.

    Parameters
    ----------
    result : Result
    words : Wording
        With the names of the result.

    Returns
    -------
    list of Money
        Empty for a run, and for scenarios stored in a form that has no such numbers.
    """
    found = result.manifest.get("scenarios")
    scenarios = found if isinstance(found, list) else []
    try:
        return [
            _money(scenario, programme, words)
            for scenario in scenarios[1:]
            for programme in scenario["programmes"].values()
        ]
    except (KeyError, TypeError, AttributeError, ValueError):
        return []


def _money(scenario: Mapping[str, Any], programme: Mapping[str, Any], words: Wording) -> Money:
    policy, own = (
        scenario["meta"][f"title_{words.language}"],
        programme[f"label_{words.language}"],
    )
    budget = _centre(programme["budget_mcny_pa"])
    shares = {region: _centre(share) for region, share in programme["region_share"].items()}
    weights = {stage: _centre(weight) for stage, weight in programme["mandate"].items()}
    quarters, comma = _centre(programme["quarters"]), words.text("memo_money", "comma")
    return Money(
        heading=policy if own == policy else f"{policy} · {own}",
        total=words.text(
            "memo_money", "total", money=words.money(budget), years=f"{quarters / 4.0:.4g}"
        ),
        places=words.text(
            "memo_money",
            "places",
            places=comma.join(
                words.text(
                    "memo_money",
                    "place",
                    name=words.name(region),
                    money=words.money(share * budget),
                    share=f"{100 * share:.4g}%",
                )
                for region, share in sorted(shares.items(), key=lambda item: -item[1])
                if share > 0.0
            ),
        ),
        stages=words.text(
            "memo_money",
            "stages",
            stages=comma.join(
                f"{words.name(stage)} {100 * weight:.4g}%"
                for stage, weight in weights.items()
                if weight > 0.0
            ),
        ),
    )


def _centre(number: object) -> float:
    """Return a stored number, or the median of a belief."""
    return Quantity.model_validate(number).centre
