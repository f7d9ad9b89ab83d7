"""What is shipped is what the model gives."""

import pandas as pd
import pytest

from finmodel import store
from finmodel.datasets.root import published_root
from finmodel.report.refresh_published import make_again, published_commands
from finmodel.scenario import digest, load_scenario
from tests.conftest import ROOT, YRD

PUBLISHED = published_commands(published_root())
MOST_BYTES = 2_000_000


def ids(folder):
    return f"{folder.parent.name}/{folder.name[:6]}"


@pytest.mark.parametrize("folder", PUBLISHED, ids=ids)
def test_published_results_are_whole_small_and_without_paths_of_a_machine(folder):
    assert store.is_whole(folder)
    assert sum(path.stat().st_size for path in folder.iterdir()) < MOST_BYTES
    command = PUBLISHED[folder]
    assert "--out" in command
    assert not any(part.startswith("/") for part in command)
    assert str(ROOT) not in (folder / store.MANIFEST).read_text(encoding="utf-8")


def test_the_first_page_shows_the_shipped_baseline():
    runs = [folder for folder in PUBLISHED if folder.parent.name == "runs"]
    shown = {store.read_manifest(folder)["scenario_digest"] for folder in runs}
    assert digest(load_scenario(YRD)) in shown


@pytest.mark.slow
@pytest.mark.parametrize("folder", PUBLISHED, ids=ids)
def test_the_command_gives_the_published_tables_again(folder, tmp_path):
    made = make_again(folder, PUBLISHED[folder], tmp_path)
    names = sorted(path.stem for path in folder.glob("*.parquet"))
    assert names == sorted(path.stem for path in made.glob("*.parquet"))
    for name in names:
        pd.testing.assert_frame_equal(
            store.read_result(folder, name), store.read_result(made, name), obj=name
        )
