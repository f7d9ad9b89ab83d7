"""Opening one page of the app as a link does; its other pages are not drawn."""

from streamlit.testing.v1 import AppTest


def _script(name, is_guarded):
    import importlib

    from finmodel.ui.main import _guarded, _shown
    from finmodel.ui.state import controls

    page, view = importlib.import_module(f"finmodel.ui.pages.{name}").page, controls()
    shown = _shown(page, view)
    (_guarded(shown, view) if is_guarded else shown)()


def open_page(name, is_guarded=False, **query):
    """Return a page by the name of its module, drawn with words for its errors.

    A fault of the program is an exception, unless it is guarded as the frame of the app does.
    """
    test = AppTest.from_function(_script, args=(name, is_guarded), default_timeout=60)
    for key, value in query.items():
        test.query_params[key] = value
    return test.run()
