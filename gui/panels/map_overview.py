"""The overview in a corner of a large network's map: the whole network, and the part that is in view."""

from __future__ import annotations

from collections.abc import Iterable

from PyQt6.QtCore import QPointF, QRectF, Qt
from PyQt6.QtGui import QPainter, QPen

from gui import theme as themes

HIGH, WIDE = 110.0, 64.0
MUCH = 1.6  # times as large as the view


class Overview:
    """Places of the overview; it is there while the network is much larger than its view.

    Args:
        bounds: The whole map.
        seen: The part in view, in map coordinates.
        view: The widget's rectangle.
    """

    def __init__(self, bounds: QRectF, seen: QRectF, view: QRectF) -> None:
        self.bounds, self.seen = bounds, seen
        large = bounds.width() > MUCH * seen.width() or bounds.height() > MUCH * seen.height()
        self.needed = not bounds.isEmpty() and large
        scale = min(WIDE / max(bounds.width(), 1), HIGH / max(bounds.height(), 1))
        self.scale = scale
        width, height = bounds.width() * scale, bounds.height() * scale
        self.box = QRectF(view.right() - width - 14, view.top() + 6, width + 8, height + 8)

    def contains(self, point: QPointF) -> bool:
        """Whether a point of the widget is on it."""
        return self.needed and self.box.contains(point)

    def to_map(self, point: QPointF) -> QPointF:
        """A point of the overview on the map."""
        inner = point - self.box.topLeft() - QPointF(4, 4)
        return inner / self.scale + self.bounds.topLeft()

    def _small(self, rect: QRectF) -> QRectF:
        corner = (rect.topLeft() - self.bounds.topLeft()) * self.scale + self.box.topLeft() + QPointF(4, 4)
        return QRectF(corner.x(), corner.y(), max(rect.width() * self.scale, 1.5), max(rect.height() * self.scale, 1.0))

    def paint(self, painter: QPainter, blocks: Iterable[tuple[QRectF, bool]], phase: str) -> None:
        """Paint it, the current block in the colour of the phase."""
        if not self.needed:
            return
        theme = themes.current()
        painter.setPen(QPen(theme.colour("line"), 1))
        painter.setBrush(theme.tint("panel", 225))
        painter.drawRoundedRect(self.box, 4, 4)
        for rect, lit in blocks:
            painter.fillRect(self._small(rect), theme.colour(phase if lit else "muted"))
        painter.setPen(QPen(theme.colour("accent"), 1.4))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRect(self._small(self.seen.intersected(self.bounds)))
