"""Chinese pages have notes, questions and populations in Chinese, and English ones in English."""

import pytest

from finmodel.ui.packed import pack
from finmodel.ui.policy import Policy, presets
from tests.app.opening import open_page
from tests.app.seen import ENGLISH

HEAD = {"en": "Note", "zh": "说明"}
pytestmark = pytest.mark.usefixtures("home")


def is_english(text):
    return bool(ENGLISH.search(text)) or "英文" in text


def column(page, *heads):
    """Return the texts of columns of the first table that has them."""
    for item in page.dataframe:
        if set(heads) <= set(item.value):
            return [str(text) for head in heads for text in item.value[head]]
    raise AssertionError(heads)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_number_has_its_note_in_the_language(language):
    page = open_page("assumptions", lang=language, number="stages.lab.entry_share")
    assert not page.exception
    notes = column(page, HEAD[language])
    assert len(notes) > 300
    assert any(map(is_english, notes)) == (language == "en")
    said = {"en": "Stage at which a firm first needs", "zh": "企业首次需要创投资金的阶段"}
    assert any(said[language] in item.value for item in page.text)
    assert not any("英文" in item.value for item in page.caption)


@pytest.mark.parametrize("search", ["惯例存续期", "Usual term with extensions"])
def test_notes_are_found_in_either_language(search):
    page = open_page("assumptions", lang="zh", search=search)
    assert len(column(page, HEAD["zh"])) >= 5


@pytest.mark.parametrize("policy", presets())
def test_every_clause_of_the_lab_has_its_note_in_chinese(policy):
    page = open_page("guidance", lang="zh", mode="manager", plan=pack(Policy(policy)))
    assert not page.exception
    notes = [item.proto.help for item in page.number_input if item.proto.help]
    assert len(notes) >= 5
    assert [note for note in notes if is_english(note)] == []


@pytest.mark.parametrize("study", ["batches", "sensitivities", "allocations"])
def test_every_study_says_its_question_in_chinese(study):
    page = open_page("studies", lang="zh", study=study)
    assert not page.exception
    asked = [item.value for item in page.markdown if item.value.startswith("### ")]
    assert asked
    assert all(text.endswith("？") and not is_english(text) for text in asked)


@pytest.mark.parametrize("part", ["test", "elsewhere", "fit", "context"])
def test_every_figure_of_the_evidence_is_told_in_chinese(part):
    page = open_page("validation", lang="zh", part=part)
    assert not page.exception
    texts = column(page, HEAD["zh"], "统计范围", "证据误差依据")
    assert [text for text in texts if is_english(text)] == []
