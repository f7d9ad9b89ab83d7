"""Every output variable, declared once: what it counts, its unit, how it adds up.

A column of a result table is a variable with a suffix: `_n` for a count, `_mcny` for
million CNY at constant prices, then `_se` for its Monte Carlo standard error or `_q05`,
`_q50`, `_q95` for quantiles over paths. Labels stand in `labels.toml`.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

Language = Literal["en", "zh"]
Quantity = Literal["flow", "stock", "ratio"]
Aggregation = Literal["sum", "ratio of sums", "mean"]


@dataclass(frozen=True, slots=True)
class Variable:
    """One output variable.

    Attributes
    ----------
    name : str
        Without suffix; also the key of its labels.
    entity : str
        What is counted.
    quantity : {'flow', 'stock', 'ratio'}
        A flow is per year.
    units : tuple of str
        Units it comes in: `n`, `mcny`, or one of its own.
    aggregation : {'sum', 'ratio of sums', 'mean'}
        How cells combine.
    """

    name: str
    entity: str
    quantity: Quantity
    units: tuple[str, ...]
    aggregation: Aggregation = "sum"


_BOTH = ("n", "mcny")
_NEEDS = (
    "ask",
    "funded",
    "shortfall",
    "rejected",
    "refused",
    "discouraged",
    "carried",
    "withdrawn",
    "viable_ask",
    "gap",
    "persistent",
    "late",
)
_RATES = ("gap_rate", "gap_rate_strict", "gap_rate_loose", "gap_rate_social")
_FIRM_FLOWS = (
    "births",
    "milestones",
    "failures",
    "closures",
    "ipo",
    "mna",
    "transfer",
    "buyback",
)
_FUND_FLOWS = (
    "commitments",
    "called",
    "invested",
    "fees",
    "received",
    "to_lps",
    "carry",
)

_TAIL_NUMBERS = (
    "n_paths",
    "n_exits",
    "mean",
    "se",
    "se_ratio",
    "max_share",
    "top1_share",
    "hill",
    "hill_k",
    "paths_needed",
    "is_enough",
)
_CONVERGENCE = (
    "value",
    "law_ratio",
    "se_error",
    "half_width95",
    "rse",
    "batch_ratio",
    "batch_p",
    "paths_half",
)
_FATES = ("alive", "exited", "failed", "closed")
_HURDLES = ("market", "market_strict", "market_loose", "social")
_STATIC = ("static_gap", "static_gap_low", "static_gap_high")
_MULTIPLES = ("dpi", "rvpi", "tvpi")
_FUND_RATIOS = {
    "paid_in_share": "share",
    "gross_moic": "x",
    "ks_pme": "x",
    "j_depth_share": "share",
    "exposure_share": "share",
    "loss_in_losing_deals_share": "share",
    "loss_share": "share",
}
_FUND_RATES = ("net_irr_pa", "gross_irr_pa", "direct_alpha_pa", "irr_pa")
_FUND_SPREAD = ("fund_dpi", "fund_tvpi", "tvpi_top_quartile")
_FUND_SHARES = (
    "not_ended_share",
    "net_irr_defined_share",
    "net_irr_several_share",
    "p_loss",
    "value_at_risk_share",
    "expected_shortfall_share",
)

VARIABLES: dict[str, Variable] = {
    item.name: item
    for item in (
        *(Variable(name, "need", "flow", _BOTH) for name in _NEEDS),
        *(Variable(name, "need", "ratio", _BOTH, "ratio of sums") for name in _RATES),
        Variable("late_quarters", "need", "ratio", ("quarters",), "ratio of sums"),
        Variable("deals", "round", "flow", _BOTH),
        Variable("first_rounds", "round", "flow", ("n",)),
        Variable("bridges", "round", "flow", ("n",)),
        *(Variable(name, "firm", "flow", ("n",)) for name in _FIRM_FLOWS),
        Variable("priced_rounds", "round", "flow", ("n",)),
        Variable("down_rounds", "round", "flow", ("n",)),
        Variable("exit_value", "firm", "flow", ("mcny",)),
        Variable("proceeds", "firm", "flow", ("mcny",)),
        Variable("written_off", "firm", "flow", ("mcny",)),
        *(Variable(name, "fund", "flow", ("mcny",)) for name in _FUND_FLOWS),
        Variable("funds_raised", "fund", "flow", ("n",)),
        Variable("nav", "fund", "stock", ("mcny",)),
        Variable("uncalled", "fund", "stock", ("mcny",)),
        Variable("funds", "fund", "stock", ("n",)),
        Variable("active", "firm", "stock", ("n",)),
        Variable("share", "round", "ratio", ("share",), "ratio of sums"),
        Variable("quarters_between", "round", "ratio", ("quarters",), "ratio of sums"),
        Variable("firms", "firm", "stock", ("n",)),
        Variable("exits", "firm", "flow", ("n",)),
        Variable("born", "firm", "flow", ("n",)),
        *(Variable(name, "firm", "ratio", ("share",), "ratio of sums") for name in _FATES),
        *(Variable(name, "exit", "ratio", ("ratio",), "mean") for name in _TAIL_NUMBERS),
        *(Variable(name, "path", "ratio", ("ratio",), "mean") for name in _CONVERGENCE),
        Variable("capital_needed", "firm", "flow", ("mcny",)),
        Variable("ratio", "firm", "ratio", ("x",), "ratio of sums"),
        *(Variable(f"hurdle_{test}", "firm", "ratio", ("sd",), "mean") for test in _HURDLES),
        Variable("commitment", "fund", "stock", ("mcny",)),
        Variable("paid_in", "fund", "stock", ("mcny",)),
        *(Variable(name, "fund", "ratio", ("x",), "ratio of sums") for name in _MULTIPLES),
        *(Variable(n, "fund", "ratio", (u,), "ratio of sums") for n, u in _FUND_RATIOS.items()),
        *(Variable(name, "fund", "ratio", ("per year",), "mean") for name in _FUND_RATES),
        *(Variable(name, "fund", "ratio", ("x",), "mean") for name in _FUND_SPREAD),
        Variable("fund_net_irr_pa", "fund", "ratio", ("per year",), "mean"),
        *(Variable(name, "fund", "ratio", ("share",), "mean") for name in _FUND_SHARES),
        Variable("years_to_dpi_1", "fund", "ratio", ("years",), "mean"),
        Variable("age_years", "fund", "ratio", ("years",), "mean"),
        Variable("clawback", "fund", "flow", ("mcny",)),
        Variable("n_funds", "fund", "stock", ("n",)),
        *(Variable(name, "party", "flow", ("mcny",)) for name in ("paid", "got", "given")),
        Variable("lp_share", "fund", "ratio", ("share",), "mean"),
        Variable("amount", "firm", "flow", ("mcny",)),
        Variable("post_money", "firm", "stock", ("mcny",)),
        Variable("rounds", "round", "flow", ("n",)),
        Variable("mcny", "round", "flow", ("mcny",)),
        *(Variable(name, "need", "flow", ("mcny",)) for name in _STATIC),
        Variable("static_ratio", "need", "ratio", ("x",), "ratio of sums"),
        Variable("indicator", "region", "ratio", ("ratio",), "mean"),
        Variable("index_value", "region", "ratio", ("index",), "mean"),
    )
}

DIMENSIONS = (
    "region",
    "stage",
    "sector",
    "year",
    "months",
    "fund_region",
    "firm_region",
    "fund_type",
    "holder",
    "group",
    "age",
    "measure",
    "route",
    "rate",
    "quality",
    "verdict",
    "path",
    "fund",
    "focus",
    "vintage",
    "firm",
    "quarter",
    "event",
    "formula",
    "reason",
    "series",
    "edition",
    "component",
    "base",
    "source_id",
    "lps",
    "state",
    "is_over",
    "net_irr_status",
    "gross_irr_status",
    "policy",
    "programme",
    "party",
)

_STATISTIC = re.compile(r"_(se|q\d\d)$")
_LP_SHARE = re.compile(r"^lp_\w+_share$")
_UNIT = re.compile(r"_(n|mcny)(?=$|_)")


def variable_of(column: str) -> Variable:
    """Return the variable a result column belongs to.

    Raises
    ------
    KeyError
        If the column is not declared.
    """
    if column in VARIABLES:
        return VARIABLES[column]
    bare = _LP_SHARE.sub("lp_share", _STATISTIC.sub("", column))
    return VARIABLES[bare if bare in VARIABLES else _UNIT.sub("", bare)]


@cache
def labels() -> dict[str, dict[str, dict[str, str]]]:
    """Return the catalogue of labels by section, key and language.

    It stands in `labels.toml` and, for the app and the terminal, in the files `labels_*.toml`
    beside it; no section is in two.
    """
    catalogue: dict[str, dict[str, dict[str, str]]] = {}
    for path in sorted(Path(__file__).parent.glob("labels*.toml")):
        part = tomllib.loads(path.read_text(encoding="utf-8"))
        assert not catalogue.keys() & part.keys(), f"{path.name} repeats a section"
        catalogue |= part
    return catalogue


def label(key: str, language: Language = "en") -> str:
    """Return the label of a dimension or of a result column."""
    terms = labels()["term"]
    if key in terms:
        return terms[key][language]
    return labels()["variable"][variable_of(key).name][language]


Layer = Literal["monte carlo", "chance", "ignorance", "value"]

_LAYERS: tuple[tuple[re.Pattern[str], Layer], ...] = (
    (re.compile(r"(^|_)ignorance_|^share_above_zero$"), "ignorance"),
    (re.compile(r"^chance_|(_|^)q\d\d$"), "chance"),
    (re.compile(r"(^|_)se(_|$)|^monte_carlo_|^half_width95$|^rse$"), "monte carlo"),
)


def layer_of(column: str) -> Layer:
    """Return what a column of a result says of uncertainty, by its name alone.

    Parameters
    ----------
    column : str

    Returns
    -------
    {'monte carlo', 'chance', 'ignorance', 'value'}
        Error that more paths and draws shrink: `se`, `_se`, `monte_carlo_`, `half_width95`, `rse`.
        Spread over paths: `_q05` and the like, `chance_`. Inputs not known: `ignorance_` (with
        its own error, `ignorance_q05_se`), `share_above_zero`. Anything else is a value.
    """
    for pattern, layer in _LAYERS:
        if pattern.search(column):
            return layer
    return "value"
