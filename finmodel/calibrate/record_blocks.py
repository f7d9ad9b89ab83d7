"""Estimates from records as blocks: those that no scenario has, and sector multiples."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from finmodel.calibrate.estimates import Block, Estimate
from finmodel.calibrate.records import RecordEstimates
from finmodel.calibrate.sizes import SizeLaw


def record_blocks(estimates: RecordEstimates) -> tuple[Block, ...]:
    """Return what records say as blocks of numbers no scenario has: curves, hazards, spreads."""
    blocks = []
    for stage, curve in estimates.curves.items():
        is_seen = np.isfinite(curve.share)
        rows = np.flatnonzero(is_seen)
        items = tuple(
            Estimate(
                key=f"extra.graduation.{stage}.{curve.months[i]:.0f}m",
                value=float(curve.share[i]),
                standard_error=float(curve.standard_error[i]),
                unit="share",
                n=curve.n,
                method="Kaplan-Meier, over imputations",
            )
            for i in rows
        )
        blocks.append(Block(f"graduation {stage}", items, curve.covariance[np.ix_(rows, rows)]))
    for cause, fit in estimates.hazards.items():
        items = tuple(
            Estimate(
                key=f"extra.hazard.{cause}.{name}",
                value=float(value),
                standard_error=float(error),
                unit="ln per quarter" if ":q" in name else "ln ratio",
                n=round(fit.n_events),
                method="complementary log-log GLM, clustered by firm, over imputations",
            )
            for name, value, error in zip(fit.names, fit.params, fit.standard_error, strict=True)
        )
        blocks.append(Block(f"hazard {cause}", items, fit.covariance, fit.calibration))
    law = estimates.sizes.get("stages")
    if law is not None:
        blocks.append(_spread_block(law))
    return tuple(blocks)


def _spread_block(law: SizeLaw) -> Block:
    """Return the spread of each stage's round sizes; a scenario has one for all."""
    rows = [i for i, name in enumerate(law.names) if name.startswith("ln sd:")]
    sd = np.exp(law.params[rows])
    covariance = law.covariance[np.ix_(rows, rows)] * np.outer(sd, sd)
    items = tuple(
        Estimate(
            key=f"extra.size_log_sd.{law.names[i].removeprefix('ln sd:')}",
            value=float(value),
            standard_error=float(np.sqrt(covariance[place, place])),
            unit="ln",
            n=law.n[law.names[i].removeprefix("ln sd:")],
            method="log-normal likelihood, intervals as intervals, clustered by firm",
        )
        for place, (i, value) in enumerate(zip(rows, sd, strict=True))
    )
    return Block("spread of sizes by stage", items, covariance)


def sector_multiples(
    law: SizeLaw, names: Sequence[str], base: Mapping[str, tuple[float, float]], reference: str
) -> tuple[Block, dict[str, float]]:
    """Return round sizes of sectors against the stage median, at the level of the base.

    Parameters
    ----------
    law : SizeLaw
        With sector effects.
    names : sequence of str
        Of the effects; `other` has no counterpart and is left out.
    base : Mapping of str to (float, float)
        `birth_share` and `ask_multiple` of each sector of the scenario.
    reference : str
        Sector without an effect of its own.

    Returns
    -------
    Block
    dict of float
        By dotted key.

    Notes
    -----
    Effects say how sectors differ, not their level, which is in the medians of stages. The level is
    set so that the mean log multiple over these sectors, by births, stays that of the base.
    """
    kept = [name for name in (reference, *names) if name in base]
    if len(kept) < 2:
        return Block("sector multiples", (), np.zeros((0, 0))), {}
    places = [law.names.index(name) if name in law.names else -1 for name in kept]
    effect = np.array([law.params[p] if p >= 0 else 0.0 for p in places])
    own = np.zeros((len(kept), len(kept)))
    for i, p in enumerate(places):
        for j, q in enumerate(places):
            own[i, j] = law.covariance[p, q] if p >= 0 and q >= 0 else 0.0
    share = np.array([base[name][0] for name in kept])
    share = share / share.sum()
    level = float(share @ np.log([base[name][1] for name in kept]))
    turn = np.eye(len(kept)) - np.outer(np.ones(len(kept)), share)
    multiple = np.exp(turn @ effect + level)
    covariance = turn @ own @ turn.T * np.outer(multiple, multiple)
    items = tuple(
        Estimate(
            key=f"sectors.{name}.ask_multiple",
            value=float(multiple[i]),
            standard_error=float(np.sqrt(max(0.0, covariance[i, i]))),
            unit="x",
            n=sum(law.n.values()),
            method="log-normal likelihood of round sizes, clustered by firm",
            note="Categories of the records are mapped to sectors by deals/sector_words; the "
            "mean over these sectors stays that of the base.",
        )
        for i, name in enumerate(kept)
    )
    return Block("sector multiples", items, covariance), {item.key: item.value for item in items}
