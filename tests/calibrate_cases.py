"""Small spells for the tests of calibration."""

import numpy as np
import pandas as pd

from finmodel.calibrate.spells import Spells


def spells_of(event, end, *, entry=None, stage=None, firm=None, horizon=20.0, start=None):
    """Return spells with these ends, all at stage A of their own firm."""
    n = len(event)
    number = np.arange(n) if firm is None else np.asarray(firm)
    firms = pd.DataFrame(
        {
            "firm": [f"f{i}" for i in range(int(number.max()) + 1)],
            "region": "",
            "sector": "",
            "first_year": 2008,
            "status": "",
        }
    )
    codes = np.asarray(event)
    return Spells(
        stages=("angel", "A", "B", "C"),
        firm=number,
        stage=np.ones(n, dtype=np.int64) if stage is None else np.asarray(stage),
        start=np.full(n, 14_000) if start is None else np.asarray(start),
        entry=np.zeros(n) if entry is None else np.asarray(entry, dtype=float),
        end=np.asarray(end, dtype=float),
        horizon=np.full(n, horizon, dtype=float),
        event=codes,
        to_stage=np.where(codes == 1, 2, -1),
        firms=firms,
        notes={},
    )
