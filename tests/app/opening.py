"""Opening one page of the app as a link does; its other pages are not drawn."""

from streamlit.testing.v1 import AppTest


def _script(name):
    import importlib

    from finmodel.ui.main import _shown
    from finmodel.ui.state import controls

    page = importlib.import_module(f"finmodel.ui.pages.{name}").page
    _shown(page, controls())()


def open_page(name, **query):
    """Return a page by the name of its module, drawn with words for its errors."""
    test = AppTest.from_function(_script, args=(name,), default_timeout=60)
    for key, value in query.items():
        test.query_params[key] = value
    return test.run()
