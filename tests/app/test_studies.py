"""The page of studies: each sort, published, missing and broken, in both languages."""

import shutil

import pytest

from finmodel.datasets.root import published_root
from finmodel.report.wording import Wording
from tests.app.opening import open_page

SORTS = ("batches", "sensitivities", "allocations")


def page(**query):
    return open_page("studies", **query)


@pytest.mark.parametrize("sort", SORTS)
@pytest.mark.parametrize(("lang", "mode"), [("en", "manager"), ("zh", "reader")])
def test_each_sort_is_shown(home, sort, lang, mode):
    shown = page(study=sort, lang=lang, mode=mode)
    assert not shown.exception
    assert not shown.error
    assert len(shown.caption) >= 3


@pytest.mark.parametrize(
    "query",
    [
        {"study": "x"},
        {"batch_measure": "x", "batch_scenario": "../y"},
        {"study": "sensitivities", "sens_conclusion": "a|b"},
        {"study": "allocations", "result_allocations": "../../x"},
    ],
)
def test_an_address_that_names_nothing_gives_the_default(home, query):
    assert not page(**query).exception


def test_every_measure_and_conclusion_can_be_chosen(home):
    shown = page(study="batches")
    box = next(item for item in shown.selectbox if item.key == "batch_measure")
    box.select(box.options[-1] if box.options[-1] in box.options else None)
    for measure in ("gap_rate_mcny", "public_npv_mcny"):
        assert not page(study="batches", batch_measure=measure, unit="yi").exception
    for outcome in ("|gap_rate_mcny", "pro_rata|net_public_npv_mcny"):
        shown = page(study="sensitivities", sens_conclusion=outcome)
        assert not shown.exception
        chosen = next(item for item in shown.selectbox if item.key == "sens_conclusion")
        assert chosen.value == outcome


@pytest.mark.parametrize("sort", SORTS)
@pytest.mark.parametrize(("lang", "unit"), [("en", "mcny"), ("zh", "yi")])
def test_a_study_speaks_in_the_unit_chosen_and_in_plain_names(home, sort, lang, unit):
    shown = page(study=sort, lang=lang, unit=unit, sens_conclusion="|gap_mcny")
    assert not shown.exception
    words = Wording(lang, unit)
    said = [item.value for item in [*shown.markdown, *shown.caption]]
    heads = [str(head) for item in shown.dataframe for head in item.value]
    assert any(words.money_unit in text for text in said)
    assert any(words.money_unit in head for head in heads)
    for other in ("bn CNY", "十亿元"):
        assert not any(other in text for text in [*said, *heads])
    named = words.text("number_word", "dotted" if sort != "batches" else "set")
    assert named in heads or sort == "allocations"
    # A dotted name stands in a batch's line on what the plans set, beside the plain one.
    assert not any("programmes." in item.value for item in shown.markdown)


@pytest.mark.parametrize("sort", SORTS)
def test_without_any_result_it_gives_the_command(home, monkeypatch, sort):
    monkeypatch.setattr("finmodel.ui.results.published_root", lambda: home / "none")
    shown = page(study=sort)
    assert not shown.exception
    assert "finmodel" in shown.code[0].value


@pytest.mark.parametrize("sort", SORTS)
def test_a_broken_result_is_told_in_words(home, monkeypatch, sort):
    shutil.copytree(published_root() / sort, home / sort)
    folder = next((home / sort).glob("[!.]*"))
    needed = {"batches": "results", "sensitivities": "outcomes", "allocations": "splits"}[sort]
    (folder / f"{needed}.parquet").write_bytes(b"no parquet")
    monkeypatch.setattr("finmodel.ui.results.published_root", lambda: home / "none")
    shown = page(study=sort)
    assert not shown.exception
    assert "is damaged" in shown.error[0].value
