"""Windows for tests: no settings are read or written, and no window outlives its test."""

import gc

import pytest

pytest.importorskip("PyQt6", reason="PyQt6 is not installed")
pytest.importorskip("pytestqt", reason="pytest-qt is not installed")

from PyQt6.QtCore import QEvent
from PyQt6.QtWidgets import QApplication

from gui import theme
from gui.session import Session
from gui.window import MainWindow


def delete_now():
    """Delete what was asked to be deleted later, then what PyQt lets go of with it: functions connected to signals."""
    QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    QApplication.processEvents()
    QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)


def in_light(app):
    """The light theme, put on only if another one is: a style sheet is read and spread anew every time."""
    if theme.current() is not theme.LIGHT or app.styleSheet() != theme.style_sheet(theme.LIGHT):
        theme.apply(app, "light")


@pytest.fixture(autouse=True)
def nothing_is_left():
    """No widget outlives its test: a new style sheet visits all that there are."""
    yield
    if QApplication.instance() is None or not QApplication.allWidgets():
        return
    for window in (w for w in QApplication.topLevelWidgets() if isinstance(w, MainWindow)):
        window.close()
        window.deleteLater()
    delete_now()
    gc.collect()
    assert not QApplication.allWidgets()


@pytest.fixture
def session():
    """A session at the start of the worked example."""
    made = Session()
    made.load("worked-example", seed=0, position=0)
    return made


@pytest.fixture
def show_window(qtbot, qapp):
    """A function that shows a window on a session; all are gone when the test ends."""
    in_light(qapp)
    windows = []

    def show_it(session, size=(1280, 800)):
        window = MainWindow(session)
        window.resize(*size)
        window.reset_layout()
        window.show()
        qtbot.waitExposed(window)
        qapp.setActiveWindow(window) if hasattr(qapp, "setActiveWindow") else None
        windows.append(window)
        return window

    yield show_it
    for window in windows:
        window.close()
        window.deleteLater()
    delete_now()


@pytest.fixture
def open_window(show_window):
    """A function that opens a window on a preset."""

    def open_it(name="worked-example", position=1, size=(1280, 800)):
        made = Session()
        made.load(name, seed=0, position=position)
        return show_window(made, size)

    return open_it
