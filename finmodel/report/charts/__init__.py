"""Charts as pure functions: tables in, an Altair chart out, for pages, memos and files alike."""

from finmodel.report.charts.theme import png_of, svg_of

__all__ = ["png_of", "svg_of"]
