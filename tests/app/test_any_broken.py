"""What is broken, foreign or hostile: results, saved programmes, addresses; words, no traceback."""

import json
import shutil

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from finmodel import store
from finmodel.ui.home import HOME_VARIABLE
from tests.app.opening import open_page
from tests.app.test_any_scenario import ALIKE, PAGES, VIEWS, made
from tests.conftest import YRD

FOLDERS = {"run": "runs", "comparison": "comparisons", "plan": "funds"}
TRACES = ("Traceback", ".py", "Error(", "KeyError", 'File "')
PLAIN = ([], YRD.parent / "policy_pro_rata.toml", [], [], 2, 1)
FEW = settings(max_examples=5, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A folder of results that are whole, and their names."""
    root = tmp_path_factory.mktemp("whole")
    return root, made(PLAIN, root)


@pytest.fixture
def copy(whole, tmp_path_factory):
    """Return a maker of copies of it that may be broken."""

    def make():
        root = tmp_path_factory.mktemp("copy") / "home"
        shutil.copytree(whole[0], root)
        return root, whole[1]

    return make


def opened(root, page, view=("reader", "en"), **query):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(HOME_VARIABLE, str(root))
        patch.setattr("finmodel.ui.results.published_root", lambda: root / "none")
        shown = open_page(page, is_guarded=True, mode=view[0], lang=view[1], **query)
    assert not shown.exception
    for item in [*shown.error, *shown.warning, *shown.info]:
        assert item.value.strip()
        assert not any(trace in item.value for trace in TRACES), item.value
    return shown


@FEW
@given(st.sampled_from(sorted(PAGES)), st.sampled_from(VIEWS), st.floats(0.0, 0.99), st.data())
def test_a_file_that_is_cut_off_is_told(copy, page, view, part, data):
    root, names = copy()
    choice = PAGES[page]
    folder = root / FOLDERS[choice] / names[choice]
    file = data.draw(st.sampled_from(sorted(path.name for path in folder.iterdir())))
    content = (folder / file).read_bytes()
    (folder / file).write_bytes(content[: int(part * len(content))])
    shown = opened(root, page, view, **{choice: names[choice]})
    is_editor = (page, view[0]) == ("guidance", "manager")
    assert shown.error or shown.code or is_editor, "a broken result is shown, or nothing is said"


@FEW
@given(st.sampled_from(sorted(PAGES)), st.sampled_from(VIEWS), st.data())
def test_a_result_in_another_form_is_shown_or_told(copy, page, view, data):
    """Columns, tables and entries that another version does not have."""
    root, names = copy()
    choice = PAGES[page]
    folder = root / FOLDERS[choice] / names[choice]
    manifest = json.loads((folder / store.MANIFEST).read_text(encoding="utf-8"))
    tables = {path.stem: pd.read_parquet(path) for path in folder.glob("*.parquet")}
    tables.pop(data.draw(st.sampled_from(sorted(tables))))
    name = data.draw(st.sampled_from(sorted(tables)))
    tables[name] = tables[name].drop(columns=data.draw(st.sampled_from(list(tables[name]))))
    lost = data.draw(st.lists(st.sampled_from(sorted(manifest)), max_size=4, unique=True))
    for key in lost:
        manifest.pop(key)
    odd = data.draw(st.sampled_from(("scenario", "scenarios", "grades", "policies", "command")))
    manifest[odd] = data.draw(st.sampled_from((None, 3, "x", [1], {"a": []}, [{"meta": 1}])))
    shutil.rmtree(folder)
    made_anew = store.save_run(folder.parent, "ab" * 32, tables, manifest)
    opened(root, page, view, **{choice: made_anew.name})


@FEW
@given(st.binary(max_size=300) | st.sampled_from((b"{}", b"[]", b"[[[", b'["policy_none", {}]')))
def test_a_saved_programme_that_is_broken_is_told_when_it_is_opened(tmp_path_factory, content):
    root = tmp_path_factory.mktemp("home")
    (root / "saved").mkdir()
    for name in ("a", "b"):
        (root / "saved" / f"{name}.json").write_bytes(content)
    shown = opened(root, "guidance", ("manager", "en"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(HOME_VARIABLE, str(root))
        shown.selectbox(key="lab_open").set_value("a").run()
        shown.button(key="lab_open_now").click().run()
    assert not shown.exception
    assert shown.error
    opened(root, "compare", ("manager", "zh"))


HOSTILE = st.one_of(
    st.text(max_size=60),
    st.sampled_from(("../../etc/passwd", "<script>alert(1)</script>", "=cmd|' /C calc'!A0")),
    st.just("x" * 5000),
)
NAMES = ("lang", "unit", "mode", "run", "comparison", "plan", "policies", "policy", "outcome")
NAMES += ("region", "side", "stage", "investor", "study", "search", "grade", "number", "part")


@settings(max_examples=6)
@given(st.sampled_from([*PAGES, *ALIKE]), st.dictionaries(st.sampled_from(NAMES), HOSTILE))
def test_an_address_may_hold_anything(page, query):
    shown = open_page(page, **query)
    assert not shown.exception
    assert not any(trace in item.value for item in shown.error for trace in TRACES)
