"""A visitor's folder of its own for each test."""

import pytest

from finmodel.ui.home import HOME_VARIABLE


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv(HOME_VARIABLE, str(tmp_path))
    return tmp_path
