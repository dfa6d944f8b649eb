"""Presentation: large type, nothing but stage and explanation, a light on what the selected number is made of."""

from __future__ import annotations

from typing import Any

from PyQt6.QtCore import QObject, QPoint, QRect, Qt
from PyQt6.QtGui import QKeySequence, QShortcut

from gui import theme
from gui.handlers import Handler
from gui.panels.spotlight import Spotlight

SIZE = 1.5  # of type, at least
DARKNESS = 60  # of 255, around what is lit
KEPT = ("explain", "lesson")  # docks that stay as they are


class Presenting(QObject):
    """The presentation mode of one window.

    Args:
        window: The window.
    """

    def __init__(self, window: Any) -> None:
        super().__init__(window)
        self.window, self.session = window, window.session
        self.on = False
        self._before: tuple[Any, float, bool] = (None, 1.0, False)

    def handlers(self) -> dict[str, Handler]:
        """What its actions do."""
        return {"present": self.toggle}

    def compose(self) -> None:
        """Prepare the light; Escape leaves the presentation."""
        self.light = Spotlight(self.window.stage.canvas)
        self.leave = QShortcut(QKeySequence(Qt.Key.Key_Escape), self.window, self.toggle)
        self.leave.setEnabled(False)
        self._unsubscribe = self.session.subscribe(
            lambda topic: self.light.follow() if self.on and topic != "progress" else None
        )

    def close(self) -> None:
        """Hear no more of the session."""
        self._unsubscribe()

    def toggle(self) -> None:
        """Begin, or return to how everything was."""
        self.on = not self.on
        self.leave.setEnabled(self.on)
        self.window.actions_by_name["present"].setChecked(self.on)
        if self.on:
            self._begin()
        else:
            self._return()

    def _begin(self) -> None:
        window = self.window
        self._before = (window.saveState(), theme.scale(), window.isFullScreen())
        for name, dock in window.docks.items():
            dock.setVisible(name == "explain" or (name in KEPT and dock.isVisible()))
        self._chrome(False)
        window.features.appearance.set_scale(max(theme.scale(), SIZE))
        window.showFullScreen()
        window.stage.setFocus()  # what had the focus may be hidden
        window.resizeDocks([window.docks["explain"]], [int(window.width() * 0.34)], Qt.Orientation.Horizontal)
        self.light.show_on(self.operands, DARKNESS)

    def _return(self) -> None:
        state, size, full = self._before
        self.light.clear()
        self._chrome(True)
        if not full:
            self.window.showNormal()
        self.window.features.appearance.set_scale(size)
        self.window.restoreState(state)

    def _chrome(self, visible: bool) -> None:
        bench = self.window.workbench
        for part in (self.window.menuBar(), self.window.statusBar(), bench.edit_bar, bench.stage.bar):
            if part is not None:
                part.setVisible(visible)

    def operands(self) -> list[QRect]:
        """Where the cells are that the selected number is made of, and the number itself, on the stage."""
        stage = self.window.stage
        if stage.scene is None:
            return []
        found = []
        for view in stage.views():
            corner = view.mapTo(stage.canvas, QPoint(0, 0))
            lit = self._lit(view, stage.scene.marks.get(view.content.name, ()))
            found += [rect.translated(corner) for rect in lit if not rect.isEmpty()]
        return found

    def _lit(self, view: Any, marked: Any) -> list[QRect]:
        """The parts of a tensor view that hold the cells to be lit, one in every tile."""
        chosen, a = self.session.selection, view.arrangement
        cells = [tuple(int(i) for i in index) for index in marked]
        cells += [chosen[1]] if chosen is not None and view.content.name == chosen[0] else []
        tiles: dict[tuple[int, ...], QRect] = {}
        for index in cells:
            rect = view.index_rect(index)
            tile = tuple(i for axis, i in enumerate(index) if axis not in (a.row, a.column)) if a.square else ()
            if rect is not None:
                tiles[tile] = tiles.get(tile, QRect()).united(rect.toAlignedRect())
        return [rect.intersected(view.rect()) for rect in tiles.values()]
