"""Panels that scroll where the window is too small for them."""

from __future__ import annotations

from PyQt6.QtCore import QEvent, QObject, Qt
from PyQt6.QtWidgets import QFrame, QGridLayout, QScrollArea, QWidget

LEAST = 120, 60  # pixels that are left of a panel in the smallest window


class Room(QScrollArea):
    """Scroll bars that come when a panel's least size does not fit."""

    def __init__(self, widget: QWidget) -> None:
        super().__init__()
        self._settling = False
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setWidgetResizable(True)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setMinimumSize(*LEAST)
        self.setWidget(widget)

    def eventFilter(self, watched: QObject | None, event: QEvent | None) -> bool:
        """Fit the panel once: without end a bar would come and go where the panel's height depends on its width."""
        if self._settling:
            return False
        self._settling = True
        try:
            return super().eventFilter(watched, event)
        finally:
            self._settling = False


def scrolled(widget: QWidget) -> Room:
    """A panel in a room of its own."""
    return Room(widget)


def scrolling_grid(page: QWidget, least: int) -> tuple[QScrollArea, QGridLayout]:
    """A part of a page that scrolls, at least so many pixels high, and the grid for what is in it."""
    box = QWidget(page)
    grid = QGridLayout(box)
    grid.setContentsMargins(0, 0, 4, 0)
    scroll = QScrollArea(page)
    scroll.setWidgetResizable(True)
    scroll.setWidget(box)
    scroll.setMinimumHeight(least)
    scroll.setAccessibleName("Part of the page that scrolls")
    return scroll, grid
