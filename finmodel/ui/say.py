"""The one way from a text to a page: nothing in it can fetch, link or run, nor its tables.

Names, titles, questions and errors may come from files or links of others. Streamlit reads
Markdown: an image in a name would make every visitor's browser ask another host for it. So links,
images, code, mathematics and tags lose their meaning here, while emphasis and headings stay. Tables
have a button of their own to save them, so their texts cannot begin a formula.
"""

from __future__ import annotations

import re
from typing import Any

import pandas as pd
import streamlit as st

from finmodel.report.exports import safe_table

_ACTIVE = re.compile(r"([\[\]<>`$\\]|:(?=[a-z_/+-]+(?:\[|:)))")

_ADDRESS = re.compile(r"(?<=http:)(?=//)|(?<=https:)(?=//)|(?<=www)(?=\.)|(?<=@)(?=\S)", re.I)
"""Places in bare addresses, of pages and of mail, that browsers would be sent to."""
NO_BREAK = "\u2060"
"""A word joiner: it is not seen, and after it no address is one."""


def harmless(text: object, *, has_addresses: bool = False) -> str:
    """Return a text in which Markdown makes no link, image, code, mathematics, icon or tag.

    Parameters
    ----------
    text : object
    has_addresses : bool
        Whether bare addresses stay links: of a text of ours alone.
    """
    plain = _ACTIVE.sub(r"\\\1", str(text))
    return plain if has_addresses else _ADDRESS.sub(NO_BREAK, plain)


def header(text: object) -> None:
    """Draw a heading."""
    st.header(harmless(text))


def subheader(text: object) -> None:
    """Draw a smaller heading."""
    st.subheader(harmless(text))


def markdown(text: object, *, has_addresses: bool = False) -> None:
    """Draw a text with emphasis, headings or lists; of a text of ours addresses may be links."""
    st.markdown(harmless(text, has_addresses=has_addresses))


def caption(text: object, *, icon: str = "", link: tuple[str, str] | None = None) -> None:
    """Draw a small text, with an icon and a link of our own, its words and its address."""
    before = f":material/{icon}: " if icon else ""
    after = f" [{harmless(link[0])}]({link[1]})" if link else ""
    st.caption(f"{before}{harmless(text)}{after}")


def info(text: object) -> None:
    """Draw a notice."""
    st.info(harmless(text))


def success(text: object) -> None:
    """Draw what went well."""
    st.success(harmless(text))


def warning(text: object) -> None:
    """Draw what should be known."""
    st.warning(harmless(text))


def error(text: object) -> None:
    """Draw what went wrong."""
    st.error(harmless(text))


def table(frame: pd.DataFrame, **options: Any) -> Any:
    """Draw a table without its index, whose own download holds no formula."""
    return st.dataframe(safe_table(frame), hide_index=True, **options)


def wrapped(frame: pd.DataFrame) -> None:
    """Draw a small table whose cells wrap, so that a phone shows them whole; texts do nothing."""
    texts = safe_table(frame)
    plain = texts.map(lambda cell: harmless(cell) if isinstance(cell, str) else cell)
    st.table(plain.set_index(plain.columns[0]))
