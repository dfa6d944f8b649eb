"""A frame around what is talked about; for the tour and in presentations everything else is dimmed too."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PyQt6.QtCore import QEvent, QObject, QRect, QRectF, Qt
from PyQt6.QtGui import QColor, QPainter, QPainterPath, QPaintEvent, QPen
from PyQt6.QtWidgets import QWidget

from gui import theme

Rects = Callable[[], Sequence[QRect]]


class Spotlight(QWidget):
    """Lies over its parent and lets all clicks through.

    Args:
        parent: What it lies over.
    """

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.setAttribute(Qt.WidgetAttribute.WA_NoSystemBackground)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.darkness = 0
        self._rects: Rects = list
        self._spared: Rects = list
        parent.installEventFilter(self)
        self.hide()

    def show_on(self, rects: Rects, darkness: int = 0, spared: Rects = list) -> None:
        """Frame what a function gives in the parent's coordinates; it is asked whenever this is painted.

        Args:
            rects: Gives what is framed.
            darkness: How dark all the rest becomes, from 0 to 255.
            spared: Gives what is neither framed nor darker.
        """
        self._rects, self.darkness, self._spared = rects, darkness, spared
        self.follow()
        self.show()

    def clear(self) -> None:
        """Frame nothing."""
        self._rects = list
        self.hide()

    def rects(self) -> list[QRect]:
        """What is framed now."""
        return [rect for rect in self._rects() if not rect.isEmpty()]

    def follow(self) -> None:
        """Lie over the whole parent, above its other children."""
        parent = self.parentWidget()
        if parent is not None:
            self.setGeometry(parent.rect())
        self.raise_()
        self.update()

    def eventFilter(self, watched: QObject | None, event: QEvent | None) -> bool:
        """Follow the parent's size."""
        if event is not None and event.type() in (QEvent.Type.Resize, QEvent.Type.LayoutRequest) and self.isVisible():
            self.follow()
        return False

    def paintEvent(self, event: QPaintEvent | None) -> None:
        """Draw the frames."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        framed = [QRectF(rect).adjusted(-1, -1, 1, 1) for rect in self.rects()]
        if self.darkness and framed:
            dark = QPainterPath()
            dark.addRect(QRectF(self.rect()))
            for rect in [*framed, *map(QRectF, self._spared())]:
                hole = QPainterPath()
                hole.addRoundedRect(rect, 6, 6)
                dark = dark.subtracted(hole)
            painter.fillPath(dark, QColor(0, 0, 0, self.darkness))
        painter.setPen(QPen(theme.current().colour("accent"), 2))
        for rect in framed:
            painter.drawRoundedRect(rect, 6, 6)
