"""Studies with any numbers, in another form, cut off, or with names that would be markup."""

import json
import re
import shutil

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from finmodel import store
from finmodel.datasets.root import published_root
from tests.app.opening import open_page
from tests.app.seen import NO_NUMBER, SPOKEN, texts
from tests.app.test_any_broken import TRACES

SHIPPED = published_root()
SORTS = ("batches", "sensitivities", "allocations", "decompositions")
MAY_LACK = re.compile(r"(_se|_error|_low|_high|_q\d\d|^se|^low|^high|^q\d\d|_sd)$")
"""Columns of what is not known of one future, or of a number that nothing moves."""
ASKED = ("units", "numbers", "assumptions")
"""Tables of what a study was asked: never other than its plan allows."""
WHOLE = ("goals", "answer")
"""Tables whose numbers are all there where the verdict in the same row says so."""
EVIL = "![](http://evil.example/a.png) <script>alert(1)</script> [a](http://b) `x` $y$"
OURS = re.compile(r"\[[^\]\\]*\]\((?:assumptions\?[^)\s]*|https://[^)\s]*)\)|:material/\w+:")
LIVE = re.compile(r"(?<!\\)(?:\\\\)*[\[\]<>`$]")
FEW = settings(
    max_examples=3, database=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
LANGUAGES = st.sampled_from(("en", "zh"))


def shipped(sort):
    """Return the tables and the manifest of a published result, and the run it is shown with."""
    folder = next(path.parent for path in (SHIPPED / sort).glob(f"*/{store.MANIFEST}"))
    manifest = json.loads((folder / store.MANIFEST).read_text(encoding="utf-8"))
    return {path.stem: pd.read_parquet(path) for path in folder.glob("*.parquet")}, manifest


@pytest.fixture(autouse=True)
def _nothing_published(tmp_path, monkeypatch):
    monkeypatch.setattr("finmodel.ui.results.published_root", lambda: tmp_path / "none")


def keep(folder, sort, tables, manifest):
    """Store a result as a visitor's own; a decomposition with its run."""
    about = {key: item for key, item in manifest.items() if key not in ("files", "digest")}
    made = store.save_run(folder / sort, "ab" * 32, tables, about)
    if sort == "decompositions":
        run, its = shipped("runs")
        its |= {"scenario": manifest.get("scenario")}
        keep(folder, "runs", run, its)
    return made


def opened(sort, language, is_guarded=True, **query):
    page = "gap" if sort == "decompositions" else "studies"
    where = {} if page == "gap" else {"study": sort}
    return open_page(page, is_guarded=is_guarded, lang=language, **where, **query)


@st.composite
def numbers(draw, tables):
    """Draw tables with other numbers: much more, nothing, of the other sign, errors not known."""
    luck = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    factors = draw(st.lists(st.sampled_from((0.0, 1e-9, -1.0, 1.0, 3.7, 1e6)), min_size=1))
    found = {}
    for name, table in tables.items():
        found[name] = new = table.copy()
        if name in ASKED:
            continue
        for column in new.columns[new.dtypes == "float64"]:
            values = new[column].to_numpy(float, copy=True)
            values[np.isfinite(values)] *= luck.choice(factors, np.isfinite(values).sum())
            if MAY_LACK.search(column) and name not in WHOLE:
                values = np.abs(values) if column.endswith(("se", "error")) else values
                values[luck.random(len(new)) < 0.2] = np.nan
            new[column] = values
        for column in [name for name in new if name == "is_told"]:
            new[column] = luck.random(len(new)) < 0.5
    return found


@pytest.mark.parametrize("sort", SORTS)
def test_a_study_of_any_numbers_is_shown_without_one_that_is_none(root, sort):
    tables, manifest = shipped(sort)

    @FEW
    @given(numbers(tables), LANGUAGES)
    def one(found, language):
        keep(root(), sort, found, manifest)
        shown = opened(sort, language, is_guarded=False)
        assert not shown.exception
        assert not shown.error, [item.value for item in shown.error]
        for text in texts(shown):
            assert not NO_NUMBER.search(text.replace("None of", "").replace("none", "")), text

    one()


def with_evil(node, evil):
    """Return a manifest whose titles, labels, questions and notes are markup."""
    if isinstance(node, dict):
        return {
            key: evil
            if isinstance(item, str) and re.match(r"title|label|question|note", key)
            else with_evil(item, evil)
            for key, item in node.items()
        }
    return [with_evil(item, evil) for item in node] if isinstance(node, list) else node


@pytest.mark.parametrize("sort", SORTS)
def test_a_name_is_never_markup(root, sort):
    tables, manifest = shipped(sort)
    keep(root(), sort, tables, with_evil(manifest, EVIL))
    for language in ("en", "zh"):
        shown = opened(sort, language, is_guarded=False)
        assert not shown.exception
        for item in (item for kind in SPOKEN for item in getattr(shown, kind)):
            own = OURS.sub("", str(item.value))
            assert not LIVE.search(own), own
        said = [item.value for kind in SPOKEN for item in getattr(shown, kind)]
        assert sort == "decompositions" or any("evil" in text for text in said), "nothing is tried"


@pytest.mark.parametrize("sort", SORTS)
def test_a_study_in_another_form_or_cut_off_is_shown_or_told(root, sort):
    tables, manifest = shipped(sort)

    @FEW
    @given(LANGUAGES, st.data())
    def one(language, data):
        folder, found, about = root(), dict(tables), dict(manifest)
        odd = (None, 3, "x", [1], {"a": []}, [{"meta": 1}])
        if data.draw(st.booleans()):
            found.pop(data.draw(st.sampled_from(sorted(found))))
        name = data.draw(st.sampled_from(sorted(found)))
        found[name] = found[name].drop(columns=data.draw(st.sampled_from(list(found[name]))))
        about[data.draw(st.sampled_from(sorted(about)))] = data.draw(st.sampled_from(odd))
        made = keep(folder, sort, found, about)
        if data.draw(st.booleans()):
            file = data.draw(st.sampled_from(sorted(made.iterdir())))
            content = file.read_bytes()
            file.write_bytes(content[: int(data.draw(st.floats(0.0, 0.99)) * len(content))])
        shown = opened(sort, language)
        assert not shown.exception
        for item in [*shown.error, *shown.warning, *shown.info]:
            assert item.value.strip()
            assert not any(trace in item.value for trace in TRACES), item.value

    one()


@pytest.mark.parametrize("sort", SORTS)
def test_a_result_of_another_sort_in_its_folder_is_left_out_or_told(root, sort):
    """As when a folder is copied to where it does not belong."""
    folder = root()
    other = SORTS[(SORTS.index(sort) + 1) % len(SORTS)]
    shutil.copytree(SHIPPED / other, folder / sort)
    shown = opened(sort, "en")
    assert not shown.exception
    assert shown.code or shown.error or shown.info
