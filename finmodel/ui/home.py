"""Where visitors' results lie."""

from __future__ import annotations

import os
from pathlib import Path

HOME_VARIABLE = "FINMODEL_HOME"


def home() -> Path:
    """Return the folder in which `runs`, `comparisons` and the rest are: by default this one."""
    return Path(os.environ.get(HOME_VARIABLE) or ".")
