"""What the app is timed on: windows, and the networks in them."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

LARGE = """Input((28, 28))
Flatten()
Dense(512, activation="relu")
Dense(256, activation="relu")
Dense(10, activation="softmax")
compile(Adam(0.001), "sparse_categorical_crossentropy")"""
LENET = """Input((28, 28, 1))
Conv2D(6, 5, padding="same", activation="relu")
MaxPooling2D()
Conv2D(16, 5, activation="relu")
MaxPooling2D()
Flatten()
Dense(120, activation="relu")
Dense(84, activation="relu")
Dense(10, activation="softmax")
compile(SGD(0.01), "sparse_categorical_crossentropy")"""
WIDE = """Input((10_000,))
Dense(16, activation="relu")
Dense(10_000)
compile(SGD(0.01), "mse")"""
NARROW = (8, 16)  # rows and units of its hidden layer
Action = Callable[[int], object]


class Scene:
    """One window with a network at some place of its run.

    Args:
        app: The running Qt application.
        opened: What is looked at: a source, the name of a preset, or the path of a saved session.
        position: Where a source starts, in steps of the whole run.
        size: Of the window, in pixels.
    """

    def __init__(self, app: Any, opened: Any, position: int = 4, size: tuple[int, int] = (1280, 800)) -> None:
        from gui import storage
        from gui.session import Session
        from gui.window import MainWindow

        self.app, self.session = app, Session()
        if isinstance(opened, Path):
            storage.restore(self.session, opened)
        else:
            self.session.load(opened, 0, position)
        self.window = MainWindow(self.session)
        self.window.resize(*size)
        self.window.reset_layout()
        self.window.show()
        self.settle()
        gc.freeze()  # as the app does

    def settle(self, seconds: float = 0.0) -> None:
        """Let everything be drawn, and wait as the app does: asleep between events."""
        from PyQt6.QtCore import QEventLoop, QTimer

        self.app.processEvents()
        if seconds:
            loop = QEventLoop()
            QTimer.singleShot(round(1000 * seconds), loop.quit)
            loop.exec()

    def time(self, action: Action, count: int, warm: int = 3) -> list[float]:
        """Seconds of an action, from its begin until it is seen; the first ones are not counted."""
        seconds = []
        for k in range(count + warm):
            begun = time.perf_counter()
            action(k)
            self.app.processEvents()
            seconds.append(time.perf_counter() - begun)
        return seconds[warm:]

    def __enter__(self) -> Scene:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the window."""
        from PyQt6.QtCore import QEvent

        self.window.close()
        self.window.deleteLater()
        self.app.sendPostedEvents(None, QEvent.Type.DeferredDelete)
        gc.unfreeze()


def written(title: str, text: str, x: Any, y: Any, batch_size: int) -> Any:
    """The source of a network that is written as in the app."""
    from gui import blueprint
    from gui.source import Source

    return Source(title, lambda seed: blueprint.build(text, seed), x, y, batch_size=batch_size)


def digits() -> Any:
    """Pictures of digits of 28x28 pixels, and their classes."""
    from fastnn import presets

    return presets.get("softmax-regression").data()


def large_source() -> Any:
    """A dense network of 536,000 weights."""
    x, y = digits()
    return written("784-512-256-10", LARGE, x, y, 50)


def lenet_source() -> Any:
    """A small convolutional network that learns from one picture at a time."""
    x, y = digits()
    return written("LeNet", LENET, np.asarray(x)[..., None], y, 1)


def wide_source() -> Any:
    """A dense network whose sums have 10,000 terms, forward and backward."""
    x = np.random.default_rng(0).random((NARROW[0], 10_000), np.float32)
    return written("10,000-16-10,000", WIDE, x, x, NARROW[0])
