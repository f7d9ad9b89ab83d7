"""Reports as pages that stand for themselves: no script, no request to another host."""

from __future__ import annotations

from pathlib import Path

import jinja2

TEMPLATES = Path(__file__).with_name("templates")


def render(template: str, **values: object) -> str:
    """Return a page from a template; texts are escaped.

    Parameters
    ----------
    template : str
        File of `templates`; it extends ``page.html``, which has head and style.
    values : object
        Every name that the template has; one that is missing is an error.
    """
    loader = jinja2.FileSystemLoader(TEMPLATES)
    environment = jinja2.Environment(
        loader=loader, autoescape=True, undefined=jinja2.StrictUndefined
    )
    return environment.get_template(template).render(**values)
