"""What a visitor reads on a page, and what must never stand there."""

import re

NO_NUMBER = re.compile(r"\b(nan|inf|none|null|<NA>)\b", re.IGNORECASE)
KEY = re.compile(r"(?<![\w./=*\-{])[a-z]+(?:_[a-z0-9]+)+(?![\w./=*}])")
"""A name of code where a word should be; dotted names of numbers are told on purpose."""
ENGLISH = re.compile(r"(?:\b[A-Za-z][a-z']+\b[ ,]*){5,}")
"""Five English words in a row on a Chinese page."""
SPOKEN = ("title", "header", "subheader", "markdown", "caption", "info", "warning", "error")
NAMED = ("selectbox", "number_input", "button", "multiselect", "text_input", "expander", "metric")


def texts(page):
    """Return every text and label of a page that the program has made, code left out."""
    said = [str(item.value) for kind in SPOKEN for item in getattr(page, kind)]
    said += [str(item.label) for kind in NAMED for item in getattr(page, kind)]
    said += [str(item.value) for item in page.metric]
    said += [str(option) for item in page.selectbox for option in item.options]
    said += [str(name) for item in page.dataframe for name in item.value.columns]
    return [re.sub(r"`[^`]*`|\]\([^)]*\)", "", text) for text in said]


def check(page, language):
    """A page is whole: no exception, no error, no empty caption, no key, no missing number."""
    assert not page.exception, page.exception
    assert not page.error, [item.value for item in page.error]
    assert all(item.value.strip() for item in page.caption)
    for text in texts(page):
        assert not NO_NUMBER.search(text.replace("None of", "").replace("none", "")), text
        assert not KEY.search(text), (KEY.search(text), text)
        if language == "zh":
            assert not ENGLISH.search(text), text
