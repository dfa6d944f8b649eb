"""One tensor as a heat map: numbers when they fit, colour bar, crosshair, selection, operand cells, zoom and pan."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PyQt6.QtCore import QEvent, QPointF, QRectF, QSize, QSizeF, Qt, pyqtSignal
from PyQt6.QtGui import QColor, QHelpEvent, QImage, QMouseEvent, QPainter, QPaintEvent, QPen, QResizeEvent, QWheelEvent
from PyQt6.QtWidgets import QSizePolicy, QToolTip, QWidget

from gui import theme as themes
from gui.arrangement import Arrangement, arrange
from gui.colours import Scale, non_finite_marks, scale_for, shrink
from gui.content import Content
from gui.numbers import cell_label, decimals_for, exact, format_number, shape_label
from gui.panels import painting

Index = tuple[int, ...]
HEADER = 34
FOOTER = 28
MARGIN = 6
MAX_CELL = QSize(64, 40)
MAX_SQUARE = 44.0


@dataclass(frozen=True)
class ViewPort:
    """Zoom, and the part of the picture that is at the centre (0..1 along x and y)."""

    zoom: float = 1.0
    x: float = 0.5
    y: float = 0.5


class TensorView(QWidget):
    """A tensor as a heat map.

    Args:
        parent: The widget that holds it.
    """

    hovered = pyqtSignal(str, object)
    clicked = pyqtSignal(str, object)
    activated = pyqtSignal(str, object)
    moved = pyqtSignal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.content = Content("", ())
        self.numbers = True
        self.selected: Index | None = None
        self.view_port = ViewPort()
        self._operands: NDArray[np.int64] | None = None
        self._consumers: NDArray[np.int64] | None = None
        self._winner: Index | None = None
        self._hover: tuple[int, int] | None = None
        self._grab: tuple[QPointF, ViewPort] | None = None
        self._picture: NDArray[np.generic] | None = None
        self._image: QImage | None = None
        self._painted_numbers = 0
        self._arrangement = Arrangement(())
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(60, HEADER + 20)

    # ------------------------------------------------------------ what is shown

    def show_content(self, content: Content) -> None:
        """Show a tensor; same content, no repaint."""
        if content.shape != self.content.shape:
            self.view_port = ViewPort()
            self._hover = None
        self.content = content
        self.setAccessibleName(f"{content.title} {content.name} {shape_label(content.shape, content.letters)}")
        self._rearrange()

    def mark(
        self,
        selected: Index | None = None,
        operands: NDArray[np.int64] | None = None,
        consumers: NDArray[np.int64] | None = None,
        winner: Index | None = None,
    ) -> None:
        """Mark cells: the selected one, those it depends on, those that depend on it, and a window's winner."""
        self.selected, self._operands, self._consumers, self._winner = selected, operands, consumers, winner
        self.update()

    def set_numbers(self, on: bool) -> None:
        """Switch the numbers on cells on or off."""
        if on != self.numbers:
            self.numbers = on
            self.update()

    def set_view_port(self, view_port: ViewPort) -> None:
        """Zoom and pan; used to link views of the same shape."""
        if view_port != self.view_port:
            self.view_port = view_port
            self.update()

    @property
    def arrangement(self) -> Arrangement:
        """Where cells are drawn."""
        return self._arrangement

    @property
    def scale(self) -> Scale:
        """Limits of the colour bar."""
        data = self.content.data
        return self._scale if data is not None else Scale(0.0, 0.0)

    def picture(self) -> NDArray[np.generic] | None:
        """The values as drawn, (rows, columns); None if nothing is computed."""
        return self._picture

    def painted_numbers(self) -> int:
        """How many numbers the last repaint wrote."""
        return self._painted_numbers

    def _rearrange(self) -> None:
        c, room = self.content, self._room()
        aspect = room.width() / max(room.height(), 1.0)
        self._arrangement = arrange(c.shape, c.weight, c.batch, c.sample, c.channel, aspect)
        self._picture = self._image = None
        if c.data is not None:
            self._picture = self._arrangement.image(c.data)
            self._scale = c.scale or scale_for(c.data)
            self._decimals = decimals_for(c.data)
        self.update()

    # ------------------------------------------------------------ geometry

    @property
    def single(self) -> bool:
        """Whether there is only one number: it is written large, without colours."""
        return math.prod(self.content.shape) == 1

    def _frame(self) -> int:
        """Height of what is not the picture."""
        return HEADER + MARGIN + (0 if self.single else FOOTER)

    def _room(self) -> QRectF:
        return QRectF(MARGIN, HEADER, max(self.width() - 2 * MARGIN, 8), max(self.height() - self._frame(), 8))

    def _cell(self) -> tuple[float, float]:
        """Width and height of a cell at zoom 1."""
        return cell_in(self._arrangement, self._room().width(), self._room().height())

    def height_for(self, width: int, most: int) -> int:
        """The height that shows the content best in a column of that width, at most `most`."""
        if self.single:
            return self._frame() + 26
        c, room = self.content, QSizeF(width - 2 * MARGIN, max(most - self._frame(), 8))
        arrangement = arrange(c.shape, c.weight, c.batch, c.sample, c.channel, room.width() / room.height())
        rows = max(arrangement.size[0], 1)
        _, h = cell_in(arrangement, room.width(), 1e9 if arrangement.square else rows * 24.0)
        return min(self._frame() + math.ceil(rows * h) + 2, most)

    def image_rect(self) -> QRectF:
        """The whole picture in widget coordinates, zoom and pan included."""
        rows, columns = self._arrangement.size
        w, h = self._cell()
        view, room = self.view_port, self._room()
        if self.single:
            return QRectF(room.left(), room.top(), min(room.width(), 130), min(room.height(), 24))
        width, height = columns * w * view.zoom, rows * h * view.zoom
        if view.zoom == 1:
            return QRectF(room.left(), room.top(), width, height)
        left = room.left() + min(room.width(), columns * w) / 2 - view.x * width
        top = room.top() + min(room.height(), rows * h) / 2 - view.y * height
        return QRectF(left, top, width, height)

    def visible_rect(self) -> QRectF:
        """The part of the widget where the picture may be drawn."""
        rows, columns = self._arrangement.size
        w, h = self._cell()
        room = self._room()
        if self.single:
            return self.image_rect()
        return QRectF(room.left(), room.top(), min(room.width(), columns * w), min(room.height(), rows * h))

    def cell_size(self) -> tuple[float, float]:
        """Width and height of a cell now, in pixels."""
        if self.single:
            return self.image_rect().width(), self.image_rect().height()
        w, h = self._cell()
        return w * self.view_port.zoom, h * self.view_port.zoom

    def cell_rect(self, row: int, column: int) -> QRectF:
        """A cell of the picture in widget coordinates."""
        whole, (w, h) = self.image_rect(), self.cell_size()
        return QRectF(whole.left() + column * w, whole.top() + row * h, w, h)

    def index_rect(self, index: Index) -> QRectF | None:
        """A tensor's cell in widget coordinates; None if it is not shown."""
        place = self._arrangement.place(index)
        return self.cell_rect(*place) if place is not None else None

    def place_at(self, point: QPointF) -> tuple[int, int] | None:
        """Row and column under a point; None outside and in gaps."""
        if not self.visible_rect().contains(point):
            return None
        whole, (w, h) = self.image_rect(), self.cell_size()
        row, column = int((point.y() - whole.top()) // h), int((point.x() - whole.left()) // w)
        return (row, column) if self._arrangement.index(row, column) is not None else None

    def index_at(self, point: QPointF) -> Index | None:
        """The tensor's index under a point; None outside and in gaps."""
        place = self.place_at(point)
        return None if place is None else self._arrangement.index(*place)

    def _visible_cells(self) -> tuple[range, range]:
        """Rows and columns that are at least partly visible."""
        whole, seen, (w, h) = self.image_rect(), self.visible_rect(), self.cell_size()
        rows, columns = self._arrangement.size
        first_row, first_column = int((seen.top() - whole.top()) // h), int((seen.left() - whole.left()) // w)
        last_row = int(np.ceil((seen.bottom() - whole.top()) / h - 1e-6))
        last_column = int(np.ceil((seen.right() - whole.left()) / w - 1e-6))
        return range(max(first_row, 0), min(last_row, rows)), range(max(first_column, 0), min(last_column, columns))

    # ------------------------------------------------------------ painting

    def paintEvent(self, event: QPaintEvent | None) -> None:
        painter = QPainter(self)
        theme = themes.current()
        self._painted_numbers = 0
        self._paint_header(painter, theme)
        if self._picture is None:
            painter.setFont(themes.text_font(8.5))
            painting.draw_missing(painter, self._missing_rect(), theme, self.content.missing)
        elif self._picture.size == 0:
            painting.draw_missing(painter, self._missing_rect(), theme, "empty")
        else:
            self._paint_picture(painter, theme, self._picture)
        painter.end()

    def _missing_rect(self) -> QRectF:
        seen = self.visible_rect()
        return QRectF(seen.left(), seen.top(), max(seen.width(), 60), max(seen.height(), 24)) & self._room()

    def _paint_header(self, painter: QPainter, theme: themes.Theme) -> None:
        c = self.content
        role = "backward" if c.role == "gradient" else "update" if c.weight else "forward"
        painter.fillRect(QRectF(MARGIN, 4, 3, HEADER - 9), theme.colour(role))
        left, width = MARGIN + 8.0, self.width() - 2 * MARGIN - 8.0
        painter.setFont(themes.text_font(9.5, bold=True))
        painter.setPen(theme.colour("text"))
        metrics = painter.fontMetrics()
        painter.drawText(QRectF(left, 2, width, 15), painting.LEFT, c.title)
        used = metrics.horizontalAdvance(c.title) + 7 if c.title else 0
        painter.setFont(themes.text_font(8.5))
        painter.setPen(theme.colour("muted"))
        metrics = painter.fontMetrics()
        middle = Qt.TextElideMode.ElideMiddle
        name = metrics.elidedText(c.name, middle, int(width - used)) if c.name != c.title else ""
        painter.drawText(QRectF(left + used, 2, width - used, 15), painting.LEFT, name)
        shape = metrics.elidedText(self.shape_text(), Qt.TextElideMode.ElideRight, int(width))
        painter.drawText(QRectF(left, 17, width, 14), painting.LEFT, shape)

    def shape_text(self) -> str:
        """Shape with axis letters, and which sample is shown."""
        c = self.content
        text = shape_label(c.shape, c.letters)
        held = dict(self._arrangement.fixed)
        if c.batch and 0 in held and c.shape[0] > 1:
            text = text.replace(f"n {c.shape[0]}", f"n={held[0]} of {c.shape[0]}", 1)
        factor = self._shrink_factor()
        return f"{text}   1 px = {factor}×{factor}" if factor > 1 else text

    def _shrink_factor(self) -> int:
        w, h = self.cell_size()
        return max(int(1 / max(min(w, h), 1e-6)), 1) if min(w, h) < 0.75 else 1

    def _paint_picture(self, painter: QPainter, theme: themes.Theme, picture: NDArray[np.generic]) -> None:
        painter.save()
        seen = self.visible_rect()
        painter.setClipRect(seen.adjusted(-2, -2, 2, 2))
        if self.single:
            self._paint_single(painter, theme, picture)
            painter.restore()
            return
        painter.drawImage(self.image_rect(), self._heat(theme, picture))
        self._paint_grid(painter, theme)
        self._paint_non_finite(painter, theme, picture)
        if self.numbers:
            self._paint_numbers(painter, theme, picture)
        self._paint_marks(painter, theme)
        self._paint_crosshair(painter, theme)
        painter.restore()
        width = max(min(seen.width(), 220.0), min(130.0, self._room().width()))
        bar = QRectF(seen.left(), seen.bottom() + 5, width, FOOTER)
        painting.draw_colour_bar(painter, bar, self._scale, theme, themes.text_font(8))

    def _paint_single(self, painter: QPainter, theme: themes.Theme, picture: NDArray[np.generic]) -> None:
        value = picture.reshape(-1)[0]
        rect, place = self.cell_rect(0, 0), QRectF(self._room().topLeft(), QSizeF(self._room().width(), 24))
        painter.setFont(themes.text_font(10.5, bold=True))
        text = format_number(value, max(self._decimals, 4))
        place.setWidth(min(place.width(), painter.fontMetrics().horizontalAdvance(text) + 20.0))
        painter.setClipRect(place.united(rect).adjusted(-3, -3, 3, 3))
        painter.setPen(QPen(theme.colour("bad" if not np.isfinite(value) else "line"), 1))
        painter.setBrush(theme.colour("raised"))
        painter.drawRoundedRect(place, 4, 4)
        painter.setPen(theme.colour("bad" if not np.isfinite(value) else "text"))
        painter.drawText(place, painting.CENTRE, text)
        self._painted_numbers = 1
        marked = self._operands is not None and len(self._operands) > 0
        if self.selected is not None or marked:
            self._paint_box(painter, theme, place, "accent" if self.selected is not None else "operand")

    def _heat(self, theme: themes.Theme, picture: NDArray[np.generic]) -> QImage:
        key = (theme.name, self._shrink_factor())
        if self._image is None or self._image_key != key:
            gaps = self._arrangement.gaps if key[1] == 1 else None
            small = shrink(picture, key[1])
            self._image, self._image_key = painting.heat_image(small, self._scale, theme, gaps), key
        return self._image

    def _paint_grid(self, painter: QPainter, theme: themes.Theme) -> None:
        w, h = self.cell_size()
        if min(w, h) < 10:
            return
        painter.setPen(QPen(theme.colour("panel"), 1))
        whole = self.image_rect()
        rows, columns = self._visible_cells()
        for row in [*rows, rows.stop]:
            y = whole.top() + row * h
            painter.drawLine(QPointF(whole.left(), y), QPointF(whole.right(), y))
        for column in [*columns, columns.stop]:
            x = whole.left() + column * w
            painter.drawLine(QPointF(x, whole.top()), QPointF(x, whole.bottom()))

    def _paint_non_finite(self, painter: QPainter, theme: themes.Theme, picture: NDArray[np.generic]) -> None:
        for row, column, text in non_finite_marks(picture):
            rect = self.cell_rect(row, column)
            if not rect.intersects(self.visible_rect()):
                continue
            painter.fillRect(rect, theme.colour("panel"))
            painting.hatch(painter, rect, theme.colour("bad"))
            if rect.width() >= 26 and rect.height() >= 11:
                painter.setFont(themes.text_font(7.5, bold=True))
                painter.setPen(theme.colour("text"))
                middle = rect.height() / 2 - 7
                painter.fillRect(rect.adjusted(2, middle, -2, -middle), theme.colour("panel"))
                painter.drawText(rect, painting.CENTRE, text)

    def _paint_numbers(self, painter: QPainter, theme: themes.Theme, picture: NDArray[np.generic]) -> None:
        w, h = self.cell_size()
        rows, columns = self._visible_cells()
        if w < painting.MIN_CELL or h < 11 or len(rows) * len(columns) > painting.MAX_NUMBERS:
            return
        cells = [
            (self.cell_rect(row, column), picture[row, column])
            for row in rows
            for column in columns
            if self._arrangement.index(row, column) is not None and np.isfinite(picture[row, column])
        ]
        painting.draw_numbers(painter, cells, self._scale, theme, self._decimals, themes.text_font(9))
        self._painted_numbers = len(cells)

    def _paint_marks(self, painter: QPainter, theme: themes.Theme) -> None:
        for indices, role in ((self._consumers, "consumer"), (self._operands, "operand")):
            if indices is not None and len(indices):
                self._paint_outline(painter, theme, indices, role)
        for index, role in ((self._winner, "operand"), (self.selected, "accent")):
            rect = self.index_rect(index) if index is not None else None
            if rect is not None:
                self._paint_box(painter, theme, rect, role)

    def _paint_outline(self, painter: QPainter, theme: themes.Theme, indices: NDArray[np.int64], role: str) -> None:
        if indices.shape[-1] != len(self.content.shape):
            return
        mask = np.zeros(self._arrangement.size, np.bool_)
        places = self._arrangement.places(indices)
        mask[places[:, 0], places[:, 1]] = True
        w, h = self.cell_size()
        lines = painting.outline(mask, self.image_rect().topLeft(), w, h)
        wide = 2.0 if min(w, h) >= 5 else 1.2
        for colour, width in ((theme.colour("panel"), wide + 1.6), (theme.colour(role), wide)):
            painter.setPen(QPen(colour, width))
            painter.drawLines(lines)  # type: ignore[call-overload]

    def _paint_box(self, painter: QPainter, theme: themes.Theme, rect: QRectF, role: str) -> None:
        small = 3 - min(rect.width(), rect.height(), 6.0) / 2
        box = rect.adjusted(-small, -small, small, small)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        for colour, width in ((theme.colour("panel"), 4.5), (theme.colour(role), 2.5)):
            painter.setPen(QPen(colour, width))
            painter.drawRect(box)

    def _paint_crosshair(self, painter: QPainter, theme: themes.Theme) -> None:
        if self._hover is None:
            return
        rect, seen = self.cell_rect(*self._hover), self.visible_rect()
        colour = QColor(theme.text)
        colour.setAlpha(110)
        painter.setPen(QPen(colour, 1))
        centre = rect.center()
        painter.drawLine(QPointF(seen.left(), centre.y()), QPointF(rect.left(), centre.y()))
        painter.drawLine(QPointF(rect.right(), centre.y()), QPointF(seen.right(), centre.y()))
        painter.drawLine(QPointF(centre.x(), seen.top()), QPointF(centre.x(), rect.top()))
        painter.drawLine(QPointF(centre.x(), rect.bottom()), QPointF(centre.x(), seen.bottom()))
        painter.setPen(QPen(QColor(theme.text), 1.5))
        painter.drawRect(rect)

    # ------------------------------------------------------------ mouse

    def hover_text(self, index: Index) -> str:
        """The tool tip of a cell: its label, its value for reading, and the exact one."""
        label = cell_label(self.content.name, index, self.content.letters)
        if self.content.data is None:
            return f"{label}: {self.content.missing}"
        value = self.content.data[index]
        return f"{label} = {format_number(value)}\nexact: {exact(value)}"

    def event(self, event: QEvent | None) -> bool:
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            index = self.index_at(QPointF(event.pos()))
            QToolTip.showText(event.globalPos(), self.hover_text(index) if index is not None else "", self)
            return True
        return super().event(event)

    def mouseMoveEvent(self, event: QMouseEvent | None) -> None:
        if event is None:
            return
        if self._grab is not None and event.buttons() & Qt.MouseButton.LeftButton:
            self._pan(event.position())
            return
        place = self.place_at(event.position())
        if place != self._hover:
            self._hover = place
            self.update()
            self.hovered.emit(self.content.name, None if place is None else self._arrangement.index(*place))

    def leaveEvent(self, event: QEvent | None) -> None:
        if self._hover is not None:
            self._hover = None
            self.update()
            self.hovered.emit(self.content.name, None)

    def mousePressEvent(self, event: QMouseEvent | None) -> None:
        if event is None:
            return
        index = self.index_at(event.position())
        if event.button() == Qt.MouseButton.LeftButton:
            self._grab = (event.position(), self.view_port)
            if index is not None:
                self.clicked.emit(self.content.name, index)

    def mouseReleaseEvent(self, event: QMouseEvent | None) -> None:
        self._grab = None

    def mouseDoubleClickEvent(self, event: QMouseEvent | None) -> None:
        index = None if event is None else self.index_at(event.position())
        if index is not None:
            self.activated.emit(self.content.name, index)

    def wheelEvent(self, event: QWheelEvent | None) -> None:
        if event is None or not self.visible_rect().contains(event.position()):
            return super().wheelEvent(event)
        self.zoom_at(event.position(), 1.25 ** (event.angleDelta().y() / 120))
        event.accept()
        return None

    def zoom_at(self, point: QPointF, factor: float) -> None:
        """Zoom so that the cell under a point stays there."""
        zoom = min(max(self.view_port.zoom * factor, 1.0), 64.0)
        whole, seen = self.image_rect(), self.visible_rect()
        x = (point.x() - whole.left()) / max(whole.width(), 1e-9)
        y = (point.y() - whole.top()) / max(whole.height(), 1e-9)
        w, h = self._cell()
        rows, columns = self._arrangement.size
        width, height = columns * w * zoom, rows * h * zoom
        centre = seen.center()
        self._move(ViewPort(zoom, x + (centre.x() - point.x()) / width, y + (centre.y() - point.y()) / height))

    def _pan(self, point: QPointF) -> None:
        if self._grab is None:
            return
        start, view = self._grab
        whole = self.image_rect()
        delta = point - start
        self._move(replace(view, x=view.x - delta.x() / whole.width(), y=view.y - delta.y() / whole.height()))

    def _move(self, view: ViewPort) -> None:
        half = 0.5 / view.zoom
        held = ViewPort(view.zoom, min(max(view.x, half), 1 - half), min(max(view.y, half), 1 - half))
        if held != self.view_port:
            self.set_view_port(held)
            self.moved.emit(held)

    def reset_zoom(self) -> None:
        """Show the whole tensor again."""
        self._move(ViewPort())

    def resizeEvent(self, event: QResizeEvent | None) -> None:
        self._rearrange()

    def changeEvent(self, event: QEvent | None) -> None:
        if event is not None and event.type() in (QEvent.Type.PaletteChange, QEvent.Type.StyleChange):
            self._image = None
        super().changeEvent(event)

    _scale: Scale
    _decimals: int
    _image_key: tuple[str, int] | Any = None


def cell_in(arrangement: Arrangement, width: float, height: float) -> tuple[float, float]:
    """Width and height of a cell of a picture that fits into a room."""
    rows, columns = (max(n, 1) for n in arrangement.size)
    w, h = width / columns, height / rows
    if arrangement.square:
        side = min(w, h, MAX_SQUARE)
        return side, side
    if w >= painting.MIN_CELL and h >= 14:
        return min(w, MAX_CELL.width()), min(h, MAX_CELL.height(), w)
    return min(w, 3 * h), min(h, 3 * w)
