"""Draws the README's pictures: python .ci/pictures.py [FOLDER]. Needs no display.

Every picture is a window on a network at some place of its run; what it shows is what the engine computes now.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
sys.path.insert(0, str(Path(__file__).parents[1]))

from PyQt6.QtCore import QEvent
from PyQt6.QtWidgets import QApplication

from gui import lesson, theme
from gui.__main__ import middle_of_backward, quieten
from gui.session import Session
from gui.window import MainWindow

SIZE = (1280, 800)


def settle(app: QApplication, window: MainWindow) -> None:
    """Until nothing trains, and all is drawn."""
    stop = time.monotonic() + 60
    while window.session.training and time.monotonic() < stop:
        app.processEvents()
    for _ in range(10):
        app.processEvents()


def worked_example(window: MainWindow) -> None:
    """Backpropagation by hand, in the middle of its backward pass."""
    window.session.load("worked-example", 0, 1)
    window.session.goto(middle_of_backward(window.session))


def convolution(window: MainWindow) -> None:
    """One number of a feature map, with its patch and its kernel."""
    session = window.session
    session.load("digits-cnn", 0, 0)
    session.goto(60 * len(session.steps) + 1)
    session.select("conv1.conv2d", (0, 3, 3, 0))


def lstm(window: MainWindow) -> None:
    """The gates of an LSTM through time."""
    session = window.session
    session.load(lesson.find("09-lstm").source(), 0)
    session.goto(lesson.position(session, "step 100, after forward lstm.lstm"))
    session.select("lstm.lstm.c", (0, 1, 0))


def two_runs(window: MainWindow) -> None:
    """One run pinned, another with another seed over it."""
    session = window.session
    session.load("digits-mlp", 0, 0)
    session.goto(150 * len(session.steps))
    window.actions_by_name["pin"].trigger()
    session.reset(new_seed=True)
    session.goto(120 * len(session.steps) + 3)


PICTURES: dict[str, tuple[str, Callable[[MainWindow], None]]] = {
    "worked-example": ("light", worked_example),
    "digits-cnn": ("dark", convolution),
    "lstm": ("light", lstm),
    "two-runs": ("light", two_runs),
}


def main(folder: Path) -> None:
    """Draw all pictures."""
    folder.mkdir(parents=True, exist_ok=True)
    quieten()
    app = QApplication(sys.argv[:1])
    for name, (mode, prepare) in PICTURES.items():
        theme.apply(app, mode)
        session = Session()
        session.load("worked-example")
        window = MainWindow(session)
        window.resize(*SIZE)
        window.reset_layout()
        window.show()
        prepare(window)
        settle(app, window)
        window.statusBar().clearMessage()
        settle(app, window)
        window.grab().save(str(folder / f"{name}.png"))
        window.close()
        window.deleteLater()
        app.sendPostedEvents(None, QEvent.Type.DeferredDelete)
        print(folder / f"{name}.png")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parents[1] / "gui" / "pictures")
