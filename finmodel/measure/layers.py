"""Who pays into a programme's vehicles and who gets what firms give: treasury, LPs, managers.

Of the programmes whose vehicles hold shares (funds of funds, direct, co-investment), over the
reported years, in which they begin. With what was called, ``C = I + F`` (into firms, and fees),

    treasury + private LPs: paid = C
    treasury + private LPs + managers: got = proceeds of firms + F,  nav = NAV at marks.

The treasury gets its part of what LPs get less gains given up and cover for private losses (so a
year may be negative); private LPs get theirs, gains given up to them and that cover; managers get
fees, carry net of clawback, and gains given up to them, and pay nothing in. `nav` is what each
would get if every vehicle were settled at its marks at the end. Flows are yearly, at the same
point of each year: paths keep no quarters of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import pandas as pd

from finmodel.fund.irr import Rates, irr_batch
from finmodel.fund.metrics import quotient
from finmodel.fund.risk import Estimate, loss_probability, tail_risk
from finmodel.market import columns as col
from finmodel.market.result import RunResult
from finmodel.measure.fund_plan import TAIL_LEVEL
from finmodel.measure.monte_carlo import mean_se, quantile_columns, ratio_se
from finmodel.measure.public_flows import flows_by_programme
from finmodel.world.arrays import GRANT, GUARANTEE, FloatArray

TREASURY, PRIVATE_LPS, MANAGERS, FIRMS = "treasury", "private_lps", "managers", "firms"
PARTIES = (TREASURY, PRIVATE_LPS, MANAGERS)
LEVELS = (0.05, 0.25, 0.5, 0.75, 0.95)
EVERY = "all"


class Party(NamedTuple):
    """Money of one party: `paid` and `got` by path and year (P, Y), `nav` at the end (P,)."""

    paid: FloatArray
    got: FloatArray
    nav: FloatArray


def parties_of(flows: FloatArray) -> dict[str, Party]:
    """Return what each party paid and got, and `firms`: what went into them and came back.

    Parameters
    ----------
    flows : ndarray of shape (P, Y, N_FUND_COLUMNS), million CNY
        Of the vehicles of some programmes.
    """
    called, public = flows[..., col.CALLED_M], flows[..., col.PUBLIC_CALLED_M]
    kept, gains = flows[..., col.PUBLIC_BACK_M], flows[..., col.TO_MANAGER_M]
    private = flows[..., col.TO_LPS_M] - kept - gains
    earned = flows[..., col.FEES_M] + flows[..., col.CARRY_M] + gains
    public_nav, private_nav = flows[:, -1, col.PUBLIC_NAV_S], flows[:, -1, col.PRIVATE_NAV_S]
    nav = flows[:, -1, col.NAV_S]
    return {
        TREASURY: Party(public, kept, public_nav),
        PRIVATE_LPS: Party(called - public, private, private_nav),
        MANAGERS: Party(np.zeros_like(called), earned, nav - public_nav - private_nav),
        FIRMS: Party(flows[..., col.INVESTED_M], flows[..., col.RECEIVED_M], nav),
    }


def programme_layer_table(arms: Mapping[str, RunResult]) -> pd.DataFrame:
    """Return who paid and got what of each policy's programmes, and how paths differ.

    Returns
    -------
    DataFrame
        One row a policy, programme (`all` first) and party (`treasury`, `private_lps`,
        `managers`; `firms` is gross: invested, proceeds, NAV): means over paths of `paid_mcny`,
        `got_mcny`, of managers as `fees_mcny`, `carry_mcny` and `given_mcny`, and `nav_mcny`
        with `_se`; `dpi` and `tvpi` (ratios of means) with `_se`; quantiles of the TVPI of
        paths; `irr_pa` of the mean flows; `p_loss`, `value_at_risk_share` and
        `expected_shortfall_share` of a yuan paid in, over paths, with `_se`. NaN where nothing
        is paid in.
    """
    rows: list[dict[str, object]] = []
    for policy, run in arms.items():
        for programme, flows in _by_programme(run).items():
            for name, party in parties_of(flows).items():
                head = {"policy": policy, "programme": programme, "party": name}
                rows.append(head | _summary(party) | _split(flows, name))
    return pd.DataFrame(rows)


def layer_path_table(arms: Mapping[str, RunResult]) -> pd.DataFrame:
    """Return the same by path.

    Returns
    -------
    DataFrame
        One row a policy, programme (`all` first), party and path: `paid_mcny`, `got_mcny`,
        `nav_mcny`, `dpi`, `tvpi`, and `irr_pa` of the yearly flows (NaN if there is none).
    """
    frames = []
    for policy, run in arms.items():
        for programme, flows in _by_programme(run).items():
            for name, party in parties_of(flows).items():
                paid, got = party.paid.sum(axis=1), party.got.sum(axis=1)
                columns = {
                    "policy": policy,
                    "programme": programme,
                    "party": name,
                    "path": np.arange(len(paid)),
                    "paid_mcny": paid,
                    "got_mcny": got,
                    "nav_mcny": party.nav,
                    "dpi": quotient(got, paid),
                    "tvpi": quotient(got + party.nav, paid),
                    "irr_pa": _rates(party.paid, party.got, party.nav).rate,
                }
                frames.append(pd.DataFrame(columns))
    return pd.concat(frames, ignore_index=True)


def layer_tables(arms: Mapping[str, RunResult]) -> dict[str, pd.DataFrame]:
    """Return both tables by their stored names; none if no policy has vehicles with shares."""
    if not any(_by_programme(run) for run in arms.values()):
        return {}
    return {
        "programme_layers": programme_layer_table(arms),
        "programme_layers_path": layer_path_table(arms),
    }


def _by_programme(run: RunResult) -> dict[str, FloatArray]:
    """Return flows (P, Y, columns) of all programmes with shares together, then of each."""
    if not run.world.programmes:
        return {}
    flows = flows_by_programme(run)
    has_shares = ~np.isin(run.world.arrays.programmes["vehicle"], (GRANT, GUARANTEE))
    places = np.flatnonzero(has_shares)
    if not len(places):
        return {}
    each = {run.world.programmes[g]: flows[:, :, g] for g in places}
    return {EVERY: flows[:, :, places].sum(axis=2), **each}


def _rates(paid: FloatArray, got: FloatArray, nav: FloatArray) -> Rates:
    net = got - paid
    net[..., -1] += nav
    return irr_batch(net, np.arange(net.shape[-1], dtype=np.float64))


def _summary(party: Party) -> dict[str, object]:
    paid, got = party.paid.sum(axis=1), party.got.sum(axis=1)
    multiple = quotient(got + party.nav, paid)
    tail = tail_risk(multiple, TAIL_LEVEL)
    estimates = {
        "paid_mcny": Estimate(*mean_se(paid)),
        "got_mcny": Estimate(*mean_se(got)),
        "nav_mcny": Estimate(*mean_se(party.nav)),
        "dpi": Estimate(*ratio_se(got, paid)),
        "tvpi": Estimate(*ratio_se(got + party.nav, paid)),
        "p_loss": loss_probability(multiple),
        "value_at_risk_share": tail.value_at_risk,
        "expected_shortfall_share": tail.shortfall,
    }
    row: dict[str, object] = {}
    for name, estimate in estimates.items():
        row |= {name: float(estimate.value), f"{name}_se": float(estimate.error)}
    for level, value in zip(LEVELS, quantile_columns(multiple, LEVELS), strict=True):
        row[f"tvpi_q{round(100 * level):02d}"] = float(value)
    mean = [item.mean(axis=0) for item in (party.paid, party.got, party.nav)]
    has_paid = bool(paid.any())
    row["irr_pa"] = float(_rates(*mean).rate) if has_paid else np.nan
    return row


def _split(flows: FloatArray, party: str) -> dict[str, object]:
    """Return what managers earn by kind; NaN for others."""
    columns = {"fees": col.FEES_M, "carry": col.CARRY_M, "given": col.TO_MANAGER_M}
    total = flows.sum(axis=1)
    row: dict[str, object] = {}
    for name, column in columns.items():
        mean, error = mean_se(total[:, column])
        is_manager = party == MANAGERS
        row[f"{name}_mcny"] = float(mean) if is_manager else np.nan
        row[f"{name}_mcny_se"] = float(error) if is_manager else np.nan
    return row
