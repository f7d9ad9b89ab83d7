"""Make the results of `published` again, each by the command that its manifest holds.

Run ``python -m finmodel.report.refresh_published`` after something that changes results. A result
that comes out the same stays; one that does not takes the place of the old one.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from finmodel import store
from finmodel.datasets.root import published_root


def published_commands(root: Path) -> dict[Path, list[str]]:
    """Return the command of every published result, after `finmodel`, by its folder.

    Parameters
    ----------
    root : Path
        The folder `published`.
    """
    manifests = sorted(root.glob(f"*/*/{store.MANIFEST}"))
    return {path.parent: store.read_manifest(path.parent)["command"][1:] for path in manifests}


def make_again(folder: Path, command: list[str], out: Path) -> Path:
    """Give the command of a published result, with another folder to store in.

    Returns
    -------
    Path
        Of the new result.

    Raises
    ------
    CalledProcessError
        If the command fails.
    """
    place = command.index("--out") + 1
    asked = [*command[:place], str(out / folder.parent.name), *command[place + 1 :]]
    subprocess.run(
        [sys.executable, "-m", "finmodel", *asked],
        cwd=published_root().parent,
        check=True,
        stdout=subprocess.DEVNULL,
    )
    made = sorted((out / folder.parent.name).glob(f"[!.]*/{store.MANIFEST}"))
    return max(made, key=lambda path: path.stat().st_mtime).parent


def main() -> None:
    """Make all of them again, in place."""
    root = published_root()
    for folder, command in published_commands(root).items():
        with tempfile.TemporaryDirectory(dir=root.parent) as out:
            made = make_again(folder, command, Path(out))
            if made.name != folder.name:
                relabelled = store.read_manifest(made) | {"command": ["finmodel", *command]}
                tables = {p.stem: store.read_result(made, p.stem) for p in made.glob("*.parquet")}
                store.save_run(folder.parent, relabelled.pop("digest"), tables, relabelled)
                shutil.rmtree(folder)


if __name__ == "__main__":
    main()
