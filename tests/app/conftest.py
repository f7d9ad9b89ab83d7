"""A visitor's folder of its own for each test, and no process kept ready for runs nobody starts."""

import pytest

from finmodel.ui.home import HOME_VARIABLE
from finmodel.ui.spare import SPARE_VARIABLE


@pytest.fixture(autouse=True)
def _no_spare(monkeypatch):
    monkeypatch.setenv(SPARE_VARIABLE, "0")


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv(HOME_VARIABLE, str(tmp_path))
    return tmp_path


@pytest.fixture
def root(tmp_path_factory):
    """Return a maker of folders for a visitor's results, a new one each time."""
    with pytest.MonkeyPatch.context() as patch:

        def make():
            folder = tmp_path_factory.mktemp("home")
            patch.setenv(HOME_VARIABLE, str(folder))
            return folder

        yield make
