"""Random keys and clicks on everything: no exception, no widget or thread left over, no memory lost."""

import ctypes
import gc
import random
import sys
import threading

import pytest
from PyQt6.QtCore import QEvent, QPoint, QPointF, Qt, QTimer
from PyQt6.QtGui import QKeySequence, QPixmapCache, QWheelEvent
from PyQt6.QtTest import QTest
from PyQt6.QtWidgets import QApplication, QDialog, QMenu, QWidget

from gui import theme
from gui.shortcuts import ACTIONS

KEYS = [key for action in ACTIONS if action.name != "quit" for key in action.keys]
LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789.,-+[]"
NETWORKS = ("xor", "worked-example", "digits-mlp")
BUTTONS = (Qt.MouseButton.LeftButton, Qt.MouseButton.LeftButton, Qt.MouseButton.RightButton)


class Monkey:
    """Presses and clicks at random, always in the same way for the same seed."""

    def __init__(self, window, seed):
        self.window, self.random, self.errors = window, random.Random(seed), []
        self.timer = QTimer(window)  # what opens, and waits for an answer, is closed again
        self.timer.timeout.connect(self.dismiss)
        self.timer.start(3)

    def dismiss(self):
        waiting = QApplication.activePopupWidget() or QApplication.activeModalWidget()
        if isinstance(waiting, (QMenu, QDialog)):
            waiting.close()
        elif waiting is not None:
            waiting.hide()

    def act(self):
        action = self.random.choice(
            (self.key, self.key, self.letter, self.click, self.click, self.double, self.drag, self.wheel)
        )
        action()
        QApplication.processEvents()

    def key(self):
        sequence = QKeySequence(self.random.choice(KEYS))
        if sequence.count():
            combination = sequence[0]
            QTest.keyClick(self.window, combination.key(), combination.keyboardModifiers())

    def letter(self):
        QTest.keyClicks(QApplication.focusWidget() or self.window, self.random.choice(LETTERS))

    def place(self):
        """A visible widget of the window, and a point of it."""
        shown = [
            w for w in (self.window, *self.window.findChildren(QWidget)) if w.isVisible() and w.width() and w.height()
        ]
        widget = self.random.choice(shown)
        return widget, QPoint(self.random.randrange(widget.width()), self.random.randrange(widget.height()))

    def click(self):
        widget, at = self.place()
        QTest.mouseClick(widget, self.random.choice(BUTTONS), pos=at)

    def double(self):
        widget, at = self.place()
        QTest.mouseDClick(widget, Qt.MouseButton.LeftButton, pos=at)

    def drag(self):
        widget, at = self.place()
        QTest.mousePress(widget, Qt.MouseButton.LeftButton, pos=at)
        QTest.mouseMove(widget, at + QPoint(self.random.randint(-80, 80), self.random.randint(-80, 80)))
        QTest.mouseRelease(widget, Qt.MouseButton.LeftButton, pos=at)

    def wheel(self):
        widget, at = self.place()
        turn = QPoint(0, self.random.choice((-120, 120)))
        where, nothing = QPointF(at), Qt.MouseButton.NoButton
        far = QPointF(widget.mapToGlobal(at))
        event = QWheelEvent(
            where, far, QPoint(), turn, nothing, Qt.KeyboardModifier.NoModifier, Qt.ScrollPhase.NoScrollPhase, False
        )
        QApplication.sendEvent(widget, event)


def rest(window, qtbot, name="xor"):
    """A quiet window on a fresh network, the windows beside it closed, all that was thrown away gone."""
    for beside in QApplication.topLevelWidgets():
        if beside is not window and beside.parent() is window and beside.isVisible():
            beside.close()
    window.player.stop()
    window.trainer.pause(wait=True)
    if window.features.presenting.on:
        window.features.presenting.toggle()
    window.features.learning.end()
    window.load(name)
    window.features.appearance.set_scale(1.0)
    qtbot.wait(100)
    QPixmapCache.clear()  # it may hold ten megabytes
    QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    gc.collect()


def resident():
    """Memory of this process that is in use, in bytes; what was freed is given back first."""
    if sys.platform.startswith("linux"):
        ctypes.CDLL("libc.so.6").malloc_trim(0)
    with open("/proc/self/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * 4096


def no_dialogs(monkeypatch):
    """File dialogs answer at once that nothing was chosen."""
    for name in ("getOpenFileName", "getSaveFileName", "getExistingDirectory"):
        empty = "" if name == "getExistingDirectory" else ("", "")
        monkeypatch.setattr(f"PyQt6.QtWidgets.QFileDialog.{name}", lambda *_, empty=empty, **__: empty)


@pytest.fixture(autouse=True)
def as_before(qapp):
    """Theme and size of type as other tests expect them."""
    yield
    theme.set_scale(qapp, 1.0)
    theme.apply(qapp, "light")


def test_a_hundred_random_keys_and_clicks_do_no_harm(open_window, qtbot, monkeypatch):
    no_dialogs(monkeypatch)
    window = open_window("worked-example", position=3)
    monkey = Monkey(window, 1)
    for _ in range(100):
        monkey.act()
    rest(window, qtbot)
    assert window.isVisible()
    assert window.session.source.name == "xor"


@pytest.mark.full
@pytest.mark.parametrize("seed", [7, 8, 9])
def test_ten_thousand_random_keys_and_clicks_leave_nothing_behind(open_window, qtbot, monkeypatch, seed):
    no_dialogs(monkeypatch)
    window = open_window("xor", position=3)
    monkey = Monkey(window, seed)
    levels = []  # of memory once every network has been used; what is freed is not given back at once
    for k in range(8):
        window.load(NETWORKS[k % len(NETWORKS)])
        for _ in range(500):
            monkey.act()
        rest(window, qtbot)
        levels.append(resident())
    widgets, threads = len(QApplication.allWidgets()), threading.active_count()
    for k in range(6000):
        if k % 500 == 0:
            window.load(NETWORKS[k // 500 % len(NETWORKS)])
        monkey.act()
    ends = []
    for _ in range(3):
        rest(window, qtbot)
        ends.append(resident())
    assert window.isVisible()
    assert not window.trainer.isRunning()
    assert threading.active_count() <= threads
    assert len(QApplication.allWidgets()) <= widgets * 1.1
    assert min(ends) < 1.1 * max(levels)
