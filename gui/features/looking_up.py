"""Finding one's way: the palette, and what the About box says."""

from __future__ import annotations

import platform
from functools import partial
from typing import Any

from PyQt6.QtCore import PYQT_VERSION_STR, QT_VERSION_STR, Qt
from PyQt6.QtWidgets import QMessageBox

import fastnn
from fastnn import presets
from gui import lesson
from gui.features.learning import Learning
from gui.features.performance import FrameTimes
from gui.finding import Entry
from gui.handlers import Handler
from gui.panels.palette import Palette
from gui.panels.words import message
from gui.shortcuts import ACTIONS


class LookingUp:
    """Palette and About box of a window.

    Args:
        window: The window.
        learning: Begins lessons.
        frames: How long changes take to be shown.
    """

    def __init__(self, window: Any, learning: Learning, frames: FrameTimes) -> None:
        self.window, self.learning, self.frames = window, learning, frames

    def handlers(self) -> dict[str, Handler]:
        """What its actions do."""
        return {"palette": self.find, "about": self.about}

    def entries(self) -> list[Entry]:
        """Everything that the palette offers: actions, networks, lessons."""
        actions, keymap = self.window.actions_by_name, self.window.features.keymap
        made = [Entry(a.text, actions[a.name].trigger, " or ".join(keymap[a.name]), a.name) for a in ACTIONS]
        load, begin = self.window.load, self.learning.begin
        made += [Entry(presets.get(n).title, partial(load, n), "network") for n in presets.names()]
        return made + [Entry(lesson.find(n).title, partial(begin, n), "lesson") for n in lesson.names()]

    def find(self) -> None:
        """Open the palette, and do what is chosen."""
        palette = Palette(self.entries(), self.window)
        palette.exec()
        chosen = palette.chosen
        palette.deleteLater()
        if chosen is not None:
            chosen.run()

    def about(self) -> None:
        """Show versions, and how fast the window has been."""
        box = message(QMessageBox.Icon.NoIcon, "About fastnn", "", self.window)
        box.setTextFormat(Qt.TextFormat.RichText)
        box.setText(self.words())
        box.exec()
        box.deleteLater()

    def words(self) -> str:
        """What the About box says."""
        half, most = (1000 * self.frames.percentile(p) for p in (50, 95))
        return (
            f"<b>fastnn {fastnn.__version__}</b><p>A debugger for neural networks that is also fast.</p>"
            f"<p>Python {platform.python_version()}, Qt {QT_VERSION_STR}, PyQt {PYQT_VERSION_STR}</p>"
            f"<p>{len(self.frames.seconds)} changes shown: half within {half:.1f} ms, 95 % within {most:.1f} ms."
            "</p><p>Nothing that you do here is sent anywhere.</p>"
        )
