"""Goes through a lesson with the keys and the mouse of an X server: real events, as a person's would be.

Run by tests/gui/test_real_events.py in a process of its own, under a virtual display. Prints "done" at the end.
"""

import ctypes
import ctypes.util
import sys

from PyQt6.QtCore import QPoint, QTimer
from PyQt6.QtWidgets import QApplication, QDialog

from gui import lesson, theme
from gui.session import Session
from gui.window import MainWindow

LESSON = "04-backprop-by-hand"
KEYSYMS = {
    "Control": 0xFFE3,
    "Page_Down": 0xFF56,
    "Return": 0xFF0D,
    "Right": 0xFF53,
    "BackSpace": 0xFF08,
    "Escape": 0xFF1B,
}


class Keyboard:
    """Keys and buttons of the X server, by its XTEST extension."""

    def __init__(self):
        self.x, self.test = (ctypes.CDLL(ctypes.util.find_library(name)) for name in ("X11", "Xtst"))
        self.x.XOpenDisplay.restype = ctypes.c_void_p
        self.x.XKeysymToKeycode.argtypes = (ctypes.c_void_p, ctypes.c_ulong)
        self.x.XSetInputFocus.argtypes = (ctypes.c_void_p, ctypes.c_ulong, ctypes.c_int, ctypes.c_ulong)
        self.x.XFlush.argtypes = (ctypes.c_void_p,)
        self.test.XTestFakeKeyEvent.argtypes = (ctypes.c_void_p, ctypes.c_uint, ctypes.c_int, ctypes.c_ulong)
        self.test.XTestFakeButtonEvent.argtypes = (ctypes.c_void_p, ctypes.c_uint, ctypes.c_int, ctypes.c_ulong)
        self.test.XTestFakeMotionEvent.argtypes = (
            ctypes.c_void_p,
            ctypes.c_int,
            ctypes.c_int,
            ctypes.c_int,
            ctypes.c_ulong,
        )
        self.display = self.x.XOpenDisplay(None)

    def focus(self, window):
        self.x.XSetInputFocus(self.display, int(window.winId()), 1, 0)
        self.x.XFlush(self.display)

    def _key(self, name, down):
        symbol = KEYSYMS.get(name) or ord(name)
        self.test.XTestFakeKeyEvent(self.display, self.x.XKeysymToKeycode(self.display, symbol), int(down), 0)

    def press(self, *names):
        for name in names:
            self._key(name, True)
        for name in reversed(names):
            self._key(name, False)
        self.x.XFlush(self.display)

    def click(self, widget, at=None):
        place = widget.mapToGlobal(at if at is not None else widget.rect().center())
        self.test.XTestFakeMotionEvent(self.display, -1, place.x(), place.y(), 0)
        for down in (1, 0):
            self.test.XTestFakeButtonEvent(self.display, 1, down, 0)
        self.x.XFlush(self.display)


def wait(ready, what, seconds=20.0):
    """Let events arrive until something holds."""
    loop_end = [False]
    QTimer.singleShot(int(1000 * seconds), lambda: loop_end.__setitem__(0, True))
    while not ready():
        QApplication.processEvents()
        if loop_end[0]:
            sys.exit(f"waited in vain until {what}")


def main():
    app = QApplication(sys.argv[:1])
    theme.apply(app, "light")
    session = Session()
    session.load("worked-example", position=0)
    window = MainWindow(session)
    window.resize(1280, 800)
    window.show()
    window.move(0, 0)
    keyboard, learning = Keyboard(), window.features.learning
    wait(lambda: window.windowHandle().isExposed(), "the window is seen")
    keyboard.focus(window)
    wait(window.isActiveWindow, "the window has the focus")
    learning.begin(LESSON)
    stages = lesson.find(LESSON).stages
    for stage in stages:
        said = f" {stage.number} of "
        wait(lambda said=said: said in learning.bar.heading.text(), f"step {stage.number} is shown")
        wait(lambda: "On the way" not in learning.bar.words.text(), f"step {stage.number} is reached")
        if "ask" in stage.keys:
            keyboard.click(learning.bar.field)
            wait(learning.bar.field.hasFocus, "the field has the focus")
            keyboard.press("0")
            keyboard.press("Return")
            wait(lambda: "Not yet" in learning.bar.verdict.text(), "a wrong answer is refused")
            keyboard.press("BackSpace")
            for letter in f"{lesson.answer(session, stage):.6f}":
                keyboard.press(letter)
            keyboard.press("Return")
            wait(lambda: learning.bar.verdict.text() == "Right.", "the right answer is taken")
        elif "select" in stage.keys and stage.list("target") == ["stage"]:
            view = next(v for v in window.stage.views() if v.isVisible() and v.content.data is not None)
            cell = view.index_rect(tuple(0 for _ in view.content.shape))
            keyboard.click(view, cell.center().toPoint())
            wait(lambda view=view: session.selection[0] == view.content.name, "a click selects a cell")
        if stage.number % 2:
            keyboard.click(learning.bar.next)
        else:
            keyboard.press("Control", "Page_Down")
    wait(lambda: learning.lesson is None, "the lesson ends")
    before = session.moment.position
    keyboard.click(window.listing, QPoint(200, 8))
    wait(window.listing.hasFocus, "the step list has the focus")
    keyboard.press("Right")
    wait(lambda: session.moment.position == before + 1, "the key steps again")
    for name in ("table", "gradient_check", "conditions"):
        before, escape = session.moment.position, QTimer()
        escape.timeout.connect(lambda: isinstance(app.activeWindow(), QDialog) and keyboard.press("Escape"))
        escape.start(100)  # the last one has an event loop of its own
        window.actions_by_name[name].trigger()
        wait(lambda: not any(d.isVisible() for d in window.findChildren(QDialog)), f"{name} is closed")
        wait(window.isActiveWindow, f"the window has the keys again after {name}")
        escape.stop()
        keyboard.press("Right")
        wait(lambda before=before: session.moment.position == before + 1, f"the key steps after {name}")
    window.close()
    print("done")


if __name__ == "__main__":
    main()
