"""Notes of numbers, questions of plans and reasons in Chinese, by their English texts."""

from __future__ import annotations

import re
from functools import cache

from finmodel.variables import Language, labels

SECTIONS = "note_of_"
"""What the sections of the catalogue that hold such texts begin with."""
_IS_CHINESE = re.compile(r"[\u4e00-\u9fff]")
_IS_ENGLISH = re.compile(r"[A-Za-z]")


def note_words(text: object, language: Language) -> str:
    """Return a text of a scenario, a plan or a table of evidence in a language.

    Parameters
    ----------
    text : object
        To the letter of the file; files are in English.
    language : {'en', 'zh'}

    Returns
    -------
    str
        In Chinese the text of the catalogue. One that it lacks, as of a scenario of somebody's own,
        stays as written, and is said to be English unless it has Chinese in it.
    """
    written = str(text)
    if language == "en":
        return written
    known = _chinese().get(written)
    if known is not None:
        return known
    if _IS_CHINESE.search(written) or not _IS_ENGLISH.search(written):
        return written
    return labels()["note_word"]["as_written"][language].format(note=written)


@cache
def _chinese() -> dict[str, str]:
    """Return the Chinese texts by the English ones."""
    return {
        text["en"]: text["zh"]
        for section, texts in labels().items()
        if section.startswith(SECTIONS)
        for text in texts.values()
    }
