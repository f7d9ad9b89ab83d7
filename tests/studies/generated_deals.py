"""Deal records of a known law: competing risks in continuous time, labels and amounts with holes.

Nothing of finmodel makes these records, so that what is estimated from them can be held against
the truth. Hazards are constant within bands of time since the round, and multiplied by effects of
sector and cohort. Firms have a size of their own that all their amounts share.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from finmodel.datasets.deal_records import DealBook, ReadReport

STAGES = ("angel", "A", "B", "C")
BANDS = (0, 4, 8)
QUARTER = 365.25 / 4.0
AS_OF = pd.Timestamp("2013-10-01")


@dataclass(frozen=True)
class Truth:
    """The law; hazards are per quarter, by stage and band."""

    graduation: tuple = ((0.05, 0.08, 0.03), (0.04, 0.09, 0.05), (0.035, 0.08, 0.06))
    sale: tuple = ((0.010, 0.014, 0.018), (0.012, 0.016, 0.02), (0.014, 0.018, 0.022))
    closure: float = 0.02
    further_round: float = 0.06
    sector_graduation: float = -0.4
    sector_sale: float = 0.5
    late_graduation: float = -0.25
    late_sale: float = 0.3
    size: tuple = (0.7, 3.0, 4.1, 4.9)
    size_sector: float = 0.35
    size_log_sd: tuple = (1.1, 0.9, 0.9, 0.8)
    firm_log_sd: float = 0.6
    unlabelled: float = 0.25
    undisclosed: float = 0.1
    interval: float = 0.15
    entry: tuple = (0.45, 0.37, 0.18)


def generate(seed, n_firms=2500, truth=None, *, observed_from=None):
    """Return a deal book; firms that ended before `observed_from` were never noticed."""
    truth = truth or Truth()
    rng = np.random.default_rng(seed)
    start = pd.Timestamp("2007-01-01")
    window = (AS_OF - start).days
    rounds, exits, firms = [], [], []
    for number in range(n_firms):
        name = f"f{number}"
        is_other = rng.random() < 0.4
        born = rng.random() * window * 0.9
        is_late = (start + pd.Timedelta(days=born)).year >= 2010
        effect = truth.size_sector * is_other + truth.firm_log_sd * rng.standard_normal()
        own, end = _life(rng, truth, born, window, is_other, is_late)
        ended = None if end is None else start + pd.Timedelta(days=end[0])
        if observed_from is not None and ended is not None and ended < observed_from:
            continue
        firms.append((name, "other" if is_other else "base"))
        for day, stage, is_further in own:
            rounds.append((name, day, stage, _amount(rng, truth, stage, effect, is_further)))
        if end is not None:
            exits.append((name, *end))
    return _book(rng, truth, start, firms, rounds, exits)


def _life(rng, truth, day, window, is_other, is_late):
    """Return rounds (day, stage, is_further) and the end (day, route), None if still there."""
    stage = int(rng.choice(len(truth.entry), p=truth.entry))
    own = [(day, stage, False)]
    last = len(truth.graduation)
    while True:
        up = np.exp(truth.sector_graduation * is_other + truth.late_graduation * is_late)
        out = np.exp(truth.sector_sale * is_other + truth.late_sale * is_late)
        spent = 0.0
        moved = False
        while day < window:
            band = int(np.searchsorted(BANDS, spent / QUARTER, side="right") - 1)
            ends = BANDS[band + 1] * QUARTER if band + 1 < len(BANDS) else np.inf
            rates = np.array(
                [
                    truth.graduation[stage][band] * up if stage < last else 0.0,
                    truth.sale[min(stage, last - 1)][band] * out,
                    truth.closure,
                    truth.further_round,
                ]
            )
            wait = rng.exponential(QUARTER / rates.sum())
            if spent + wait >= ends:
                day, spent = day + ends - spent, ends
                continue
            day, spent = day + wait, spent + wait
            if day >= window:
                break
            event = rng.choice(4, p=rates / rates.sum())
            if event == 0:
                stage += 1
                own.append((day, stage, False))
                moved = True
                break
            if event == 3:
                own.append((day, stage, True))
                continue
            return own, (day, "mna" if event == 1 else "write_off")
        if not moved:
            return own, None


def _amount(rng, truth, stage, effect, is_further):
    noise = np.sqrt(truth.size_log_sd[stage] ** 2 - truth.firm_log_sd**2)
    half = np.log(0.5) if is_further else 0.0
    return truth.size[stage] + half + effect + noise * rng.standard_normal()


def _book(rng, truth, start, firms, rounds, exits):
    log = np.array([amount for *_, amount in rounds])
    n = len(rounds)
    is_hidden = rng.random(n) < truth.undisclosed
    is_interval = ~is_hidden & (rng.random(n) < truth.interval)
    base = np.log(truth.unlabelled / (1.0 - truth.unlabelled))
    # A label is missing more often where the amount is small: at random given what is recorded.
    odds = base - np.where(is_hidden, 0.0, 0.2 * (log - 2.5))
    is_plain = rng.random(n) >= 1.0 / (1.0 + np.exp(-odds))
    step = np.log(10.0) / 2.0
    low = np.where(is_interval, np.floor(log / step) * step, log)
    high = np.where(is_interval, low + step, log)
    amount = np.exp(0.5 * (low + high))
    hidden = np.where(is_hidden, np.nan, 1.0)
    frame = pd.DataFrame(
        {
            "firm": [name for name, *_ in rounds],
            "date": _dates(start, [day for _, day, *_ in rounds]),
            "stage": [
                STAGES[k] if plain else ""
                for (_, _, k, _), plain in zip(rounds, is_plain, strict=True)
            ],
            "kind": "equity",
            "amount_mcny": amount * hidden,
            "low_mcny": np.exp(low) * hidden,
            "high_mcny": np.exp(high) * hidden,
            "currency": "CNY",
            "file": "generated",
            "row": np.arange(n),
        }
    ).sort_values(["firm", "date"], kind="stable", ignore_index=True)
    names, sectors = [name for name, _ in firms], [sector for _, sector in firms]
    return DealBook(
        firms=pd.DataFrame(
            {
                "firm": names,
                "name": names,
                "country": "",
                "region": "",
                "sector": sectors,
                "founded": pd.NaT,
                "status": "",
            }
        ),
        rounds=frame,
        investments=pd.DataFrame(columns=["firm", "date", "stage", "investor", "investor_region"]),
        exits=pd.DataFrame(
            {
                "firm": [name for name, *_ in exits],
                "date": _dates(start, [day for _, day, _ in exits]),
                "route": [route for *_, route in exits],
                "value_mcny": np.nan,
            }
        ),
        as_of=AS_OF,
        price_year=2022,
        report=ReadReport(pd.DataFrame(), pd.DataFrame()),
    )


def _dates(start, days):
    return start + pd.to_timedelta(np.floor(np.array(days, dtype=float)), unit="D")
