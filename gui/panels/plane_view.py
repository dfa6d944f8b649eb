"""The plane with its points, and small planes of what every hidden neuron says."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PyQt6.QtCore import QEvent, QPointF, QRectF, Qt, pyqtSignal
from PyQt6.QtGui import QColor, QImage, QMouseEvent, QPainter, QPaintEvent, QPen, QPolygonF
from PyQt6.QtWidgets import QSizePolicy, QWidget

from gui import theme as themes
from gui.colours import CLASSES, class_image, scale_for
from gui.numbers import format_number
from gui.panels import painting
from gui.playground import Plane, Points

RADIUS = 4.5
FOOT = 20.0  # below a plane, for words
SMALL, GAP, HEAD = 62.0, 8.0, 18.0


def rgb_image(pixels: NDArray[np.uint8]) -> QImage:
    """A picture from (rows, columns, 3)."""
    data = np.ascontiguousarray(pixels).tobytes()  # QImage does not hold it: it must live until the copy
    rows, columns = pixels.shape[:2]
    return QImage(data, columns, rows, columns * 3, QImage.Format.Format_RGB888).copy()


def marker(painter: QPainter, kind: int, at: QPointF, held: bool, theme: themes.Theme) -> None:
    """A point of a class: colour and shape of its own; hollow if it is held out."""
    colour = QColor(CLASSES[kind % len(CLASSES)])
    painter.setPen(QPen(colour if held else QColor("#ffffff"), 2.0 if held else 1.0))
    painter.setBrush(theme.colour("panel") if held else colour)
    r = RADIUS
    if kind % 4 == 0:
        painter.drawEllipse(at, r, r)
    elif kind % 4 == 1:
        painter.drawRect(QRectF(at.x() - r + 0.5, at.y() - r + 0.5, 2 * r - 1, 2 * r - 1))
    elif kind % 4 == 2:
        painter.drawPolygon(QPolygonF([at + QPointF(0, -r - 1), at + QPointF(r + 1, r), at + QPointF(-r - 1, r)]))
    else:
        corners = (QPointF(0, -r - 1), QPointF(r + 1, 0), QPointF(0, r + 1), QPointF(-r - 1, 0))
        painter.drawPolygon(QPolygonF([at + c for c in corners]))


class PlaneView(QWidget):
    """The large plane: what the network says, its boundary, the points.

    Signals `painted(x, y)` and `erased(x, y)` while a button is held down on it, `pointed(x, y)` for the pointer.
    """

    painted = pyqtSignal(float, float)
    erased = pyqtSignal(float, float)
    pointed = pyqtSignal(float, float)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.plane: Plane | None = None
        self.points: Points | None = None
        self.caption, self.chosen, self.tool_paints = "", -1, False
        self._only: tuple[str, NDArray[Any]] | None = None
        self._last: QPointF | None = None
        self.setMouseTracking(True)
        self.setMinimumSize(220, 220)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setAccessibleName("Plane: what the network says, and the points")

    def show_plane(self, plane: Plane, points: Points, caption: str, chosen: int) -> None:
        """Show the network's answers, the points, a line of words, and which point is the sample of the stage."""
        self.plane, self.points, self.caption, self.chosen = plane, points, caption, chosen
        self.update()

    def show_only(self, name: str, values: NDArray[Any] | None) -> None:
        """Show one neuron large, or with None the network's answer again."""
        self._only = None if values is None else (name, values)
        self.update()

    # ------------------------------------------------------------ places

    def square(self) -> QRectF:
        """Where the plane is drawn."""
        side = max(min(self.width() - 16.0, self.height() - FOOT - 10.0), 10.0)
        return QRectF((self.width() - side) / 2, (self.height() - FOOT - side) / 2, side, side)

    def to_widget(self, place: Sequence[float]) -> QPointF:
        """A point of the plane in the widget."""
        assert self.plane is not None
        box, (x0, y0), (x1, y1) = self.square(), self.plane.low, self.plane.high
        across, up = (place[0] - x0) / (x1 - x0), (place[1] - y0) / (y1 - y0)
        return QPointF(box.left() + float(across) * box.width(), box.bottom() - float(up) * box.height())

    def to_plane(self, point: QPointF) -> tuple[float, float]:
        """A point of the widget in the plane."""
        assert self.plane is not None
        box, (x0, y0), (x1, y1) = self.square(), self.plane.low, self.plane.high
        across, up = (point.x() - box.left()) / box.width(), (box.bottom() - point.y()) / box.height()
        return x0 + across * (x1 - x0), y0 + up * (y1 - y0)

    def reach(self, pixels: float) -> float:
        """A distance of the widget in the plane."""
        assert self.plane is not None
        return pixels / self.square().width() * (self.plane.high[0] - self.plane.low[0])

    # ------------------------------------------------------------ painting

    def paintEvent(self, event: QPaintEvent | None) -> None:
        """Paint everything."""
        if self.plane is None or self.points is None:
            return
        painter, theme, box = QPainter(self), themes.current(), self.square()
        painter.setRenderHints(QPainter.RenderHint.Antialiasing | QPainter.RenderHint.SmoothPixmapTransform)
        painter.save()
        painter.setClipRect(box)
        painter.drawImage(box, self._image(theme))
        if self._only is None:
            self._boundary(painter, theme, box)
        for k, (place, kind) in enumerate(zip(self.points.x, self.points.classes, strict=True)):
            marker(painter, int(kind), self.to_widget(place), bool(self.points.held[k]), theme)
        if 0 <= self.chosen < len(self.points.x):
            painter.setPen(QPen(theme.colour("accent"), 2.4))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawEllipse(self.to_widget(self.points.x[self.chosen]), RADIUS + 4, RADIUS + 4)
        painter.restore()
        painter.setPen(QPen(theme.colour("line"), 1))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRect(box)
        self._words(painter, theme, box)
        painter.end()

    def _image(self, theme: themes.Theme) -> QImage:
        assert self.plane is not None
        if self._only is not None:
            return painting.heat_image(self._only[1], scale_for(self._only[1]), theme, None)
        ground = QColor(theme.panel)
        return rgb_image(class_image(self.plane.output, (ground.red(), ground.green(), ground.blue())))

    def _boundary(self, painter: QPainter, theme: themes.Theme, box: QRectF) -> None:
        """Lines between cells of different classes."""
        assert self.plane is not None
        painter.setPen(QPen(theme.colour("text"), 1.6))
        decision = self.plane.fine_decision()
        cell = box.width() / len(decision)
        for kind in np.unique(decision)[1:]:
            lines = painting.outline(decision == kind, box.topLeft(), cell, cell)
            painter.drawLines(lines)  # type: ignore[call-overload]

    def _words(self, painter: QPainter, theme: themes.Theme, box: QRectF) -> None:
        assert self.plane is not None
        painter.setFont(themes.text_font(8.5))
        painter.setPen(theme.colour("muted"))
        foot = QRectF(box.left(), box.bottom() + 2, box.width(), FOOT - 2)
        (x0, _), (x1, _) = self.plane.low, self.plane.high
        painter.drawText(foot, painting.LEFT, format_number(x0, 2))
        painter.drawText(foot, painting.RIGHT, format_number(x1, 2))
        painter.setPen(theme.colour("text"))
        painter.drawText(foot, painting.CENTRE, self._only[0] if self._only else self.caption)

    # ------------------------------------------------------------ mouse

    def mousePressEvent(self, event: QMouseEvent | None) -> None:
        """Begin to paint or erase."""
        self._last = None
        self._stroke(event)

    def mouseMoveEvent(self, event: QMouseEvent | None) -> None:
        """Go on, or tell where the pointer is."""
        if event is None or self.plane is None:
            return
        self.pointed.emit(*self.to_plane(event.position()))
        if self.tool_paints or event.buttons() & Qt.MouseButton.RightButton:
            self._stroke(event)

    def _stroke(self, event: QMouseEvent | None) -> None:
        """One point for every 12 pixels."""
        if event is None or self.plane is None or not self.square().contains(event.position()):
            return
        if self._last is not None and (event.position() - self._last).manhattanLength() < 12:
            return
        signal = {Qt.MouseButton.LeftButton: self.painted, Qt.MouseButton.RightButton: self.erased}
        held = next((b for b in signal if event.buttons() & b), None)
        if held is not None:
            self._last = event.position()
            signal[held].emit(*self.to_plane(event.position()))


class NeuronPlanes(QWidget):
    """A small plane for every hidden neuron, a line of them for every layer.

    Signals `chosen(name, unit)` for a click, `pointed(index or -1)` for the pointer.
    """

    chosen = pyqtSignal(str, int)
    pointed = pyqtSignal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.neurons: Sequence[tuple[str, int, NDArray[Any]]] = ()
        self.selected: tuple[str, int] | None = None
        self._under = -1
        self.setMouseTracking(True)
        self.setMinimumWidth(int(2 * (SMALL + GAP)))
        self.setAccessibleName("What every hidden neuron says over the plane")

    def show_neurons(self, neurons: Sequence[tuple[str, int, NDArray[Any]]], selected: tuple[str, int] | None) -> None:
        """Show them; the selected one has a frame."""
        self.neurons, self.selected = neurons, selected
        self.setMinimumHeight(int(max((r.bottom() for r in self.places()), default=0) + GAP))
        self.update()

    def places(self) -> list[QRectF]:
        """Where they are, in order."""
        per_line = max(int((self.width() - GAP) // (SMALL + GAP)), 1)
        found, y, last, column = [], -SMALL - GAP, None, 0
        for name, _, _ in self.neurons:
            if name != last or column == per_line:
                y += SMALL + GAP + (HEAD if name != last else 0)
                column, last = 0, name
            found.append(QRectF(GAP + column * (SMALL + GAP), y + GAP / 2, SMALL, SMALL))
            column += 1
        return found

    def paintEvent(self, event: QPaintEvent | None) -> None:
        """Paint them."""
        painter, theme, last = QPainter(self), themes.current(), ""
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        for k, (box, (name, unit, values)) in enumerate(zip(self.places(), self.neurons, strict=True)):
            if name != last:
                painter.setFont(themes.text_font(8.5))
                painter.setPen(theme.colour("muted"))
                line = QRectF(box.left(), box.top() - HEAD, self.width() - box.left(), HEAD)
                painter.drawText(line, painting.LEFT, painter.fontMetrics().elidedText(
                    name, Qt.TextElideMode.ElideMiddle, int(line.width())))  # fmt: skip
                last = name
            painter.drawImage(box, painting.heat_image(values, scale_for(values), theme, None))
            chosen = self.selected == (name, unit)
            role = "accent" if chosen else "text" if k == self._under else "line"
            painter.setPen(QPen(theme.colour(role), 2.4 if chosen else 1.2))
            painter.drawRect(box)
        painter.end()

    def _at(self, point: QPointF) -> int:
        return next((k for k, box in enumerate(self.places()) if box.contains(point)), -1)

    def mouseMoveEvent(self, event: QMouseEvent | None) -> None:
        """Tell which one is under the pointer."""
        self._point(-1 if event is None else self._at(event.position()))

    def leaveEvent(self, event: QEvent | None) -> None:
        """None is."""
        self._point(-1)

    def _point(self, under: int) -> None:
        if under != self._under:
            self._under = under
            self.pointed.emit(under)
            self.update()

    def mousePressEvent(self, event: QMouseEvent | None) -> None:
        """Choose one."""
        place = -1 if event is None else self._at(event.position())
        if place >= 0:
            self.chosen.emit(self.neurons[place][0], self.neurons[place][1])
