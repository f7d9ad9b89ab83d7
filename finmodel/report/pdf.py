"""A page as PDF, by WeasyPrint; or what is missing for it."""

from __future__ import annotations

import ctypes
import importlib.util
import shutil
import subprocess
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Literal

from finmodel.errors import FinmodelError
from finmodel.variables import Language, labels

Missing = Literal["no_weasyprint", "no_pango", "no_font"]
PANGO = (
    *("libpango-1.0.so.0", "libpango-1.0.dylib", "libpango-1.0-0.dll"),
    *("libpango-1.0-0", "pango-1.0-0", "pango-1.0"),
)
"""What the library is called on each system."""
FONT_FOLDERS = (
    *("/usr/share/fonts", "/usr/local/share/fonts", "/System/Library/Fonts", "/Library/Fonts"),
    *("C:/Windows/Fonts", "~/.fonts", "~/.local/share/fonts", "~/Library/Fonts"),
)
CHINESE_FONTS = (
    *("cjk", "notosanssc", "notoserifsc", "sourcehan", "wqy", "pingfang", "heiti", "msyh"),
    *("simhei", "simsun", "songti", "ukai", "uming", "droidsansfallback"),
)
"""Parts of names of files of fonts that have Chinese characters."""


class PdfError(FinmodelError):
    """A PDF cannot be made here; the message says what is missing."""


def missing_for_pdf(language: Language) -> Missing | None:
    """Return what a PDF in a language lacks on this machine; None if nothing."""
    if importlib.util.find_spec("weasyprint") is None:
        return "no_weasyprint"
    if not _has_pango():
        return "no_pango"
    return "no_font" if language == "zh" and not has_chinese_font() else None


def missing_text(missing: Missing, language: Language) -> str:
    """Return in words what is missing and what to do."""
    return labels()["download"][missing][language]


def pdf_of(html: str, language: Language) -> bytes:
    """Return a page as PDF; nothing is fetched for it.

    Parameters
    ----------
    html : str
        A page that stands for itself.
    language : {'en', 'zh'}
        Of its text.

    Raises
    ------
    PdfError
        If WeasyPrint, Pango or, for Chinese, a font is missing.
    """
    missing = missing_for_pdf(language)
    if missing is None:
        with suppress(OSError):  # a library that Pango itself needs
            from weasyprint import HTML
            from weasyprint.urls import URLFetcher

            fetcher = URLFetcher(allowed_protocols=("data",))
            return bytes(HTML(string=html, url_fetcher=fetcher).write_pdf(pdf_tags=True))
        missing = "no_pango"
    raise PdfError(missing_text(missing, language))


@cache
def _has_pango() -> bool:
    for name in PANGO:
        with suppress(OSError):
            ctypes.CDLL(name)
            return True
    return False


@cache
def has_chinese_font() -> bool:
    """Return whether a font with Chinese characters is installed, as far as can be told."""
    lister = shutil.which("fc-list")
    if lister is not None:
        with suppress(OSError, subprocess.TimeoutExpired):
            done = subprocess.run(
                [lister, ":lang=zh", "family"], capture_output=True, timeout=30, check=False
            )
            if done.returncode == 0:
                return bool(done.stdout.strip())
    for folder in FONT_FOLDERS:
        for path in Path(folder).expanduser().rglob("*.[to]t[cf]"):
            if any(part in path.name.lower().replace("-", "") for part in CHINESE_FONTS):
                return True
    return False
