"""Painting of one tensor: header, heat map, grid, numbers, marks, crosshair, colour bar."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PyQt6.QtCore import QPointF, QRectF, QSize, Qt
from PyQt6.QtGui import QImage, QPainter, QPen

from gui import theme as themes
from gui.colours import Scale, non_finite_marks, shrink
from gui.content import Content
from gui.numbers import format_number
from gui.panels import painting
from gui.panels.tensor_geometry import (
    BAR,
    FOOTER,
    HEADER,
    LINE_OF_HEADER,
    MARGIN,
    Geometry,
    has_column_indices,
    shape_text,
)

Index = tuple[int, ...]
Cells = NDArray[np.int64]


@dataclass
class Marks:
    """Cells that are marked.

    Args:
        selected: The selected cell.
        operands: Cells that the selected number depends on.
        consumers: Cells that depend on it.
        winner: The cell that a window chose.
        hover: Row and column of the picture under the pointer.
    """

    selected: Index | None = None
    operands: Cells | None = None
    consumers: Cells | None = None
    winner: Index | None = None
    hover: tuple[int, int] | None = None


@dataclass
class Picture:
    """The values as drawn.

    Args:
        values: (rows, columns).
        scale: Limits of the colour bar.
        decimals: Fewest and most decimals of numbers on cells.
    """

    values: NDArray[Any]
    scale: Scale
    decimals: tuple[int, int]


class TensorPainter:
    """Paints one tensor view, once.

    Args:
        painter: Where to.
        content: What.
        geometry: Its places.
        width: Width of the view.
    """

    def __init__(self, painter: QPainter, content: Content, geometry: Geometry, width: float) -> None:
        self.painter, self.content, self.geometry, self.width = painter, content, geometry, width
        self.theme = themes.current()

    def header(self) -> None:
        """Title, name, shape."""
        c, g = self.content, self.geometry
        phase = "backward" if c.role == "gradient" else "update" if c.weight else "forward"
        name = "×".join(map(str, c.shape)) if g.low else "" if c.name == c.title else c.name
        shape = "" if g.low else shape_text(c, g.arrangement, g.shrink)
        look = self.theme.name, themes.scale(), self.painter.device().devicePixelRatio()  # type: ignore[union-attr]
        image = header_image((c.title, name, shape), phase, self.width - g.edge - MARGIN, look)
        self.painter.drawImage(QPointF(g.edge, 0), image)

    def missing(self, text: str) -> None:
        """A frame where the picture will be."""
        self.painter.setFont(themes.text_font(8.5))
        seen = self.geometry.seen
        rect = QRectF(seen.left(), seen.top(), max(seen.width(), 130), max(seen.height(), 24)) & self.geometry.room
        painting.draw_missing(self.painter, rect, self.theme, text)

    def single(self, picture: Picture, marks: Marks) -> None:
        """One number, written large."""
        p, room, value = self.painter, self.geometry.room, picture.values.reshape(-1)[0]
        p.setFont(themes.text_font(10.5, bold=True))
        hidden = self.content.hidden is not None
        text = "?" if hidden else format_number(value, max(picture.decimals[1], 4))
        width = min(room.width(), p.fontMetrics().horizontalAdvance(text) + 20.0)
        box = QRectF(room.left(), room.top(), width, themes.px(24))
        finite = bool(np.isfinite(value))
        p.setPen(QPen(self.theme.colour("line" if finite else "bad"), 1))
        p.setBrush(self.theme.colour("raised"))
        p.drawRoundedRect(box, 4, 4)
        p.setPen(self.theme.colour("text" if finite else "bad"))
        p.drawText(box, painting.CENTRE, text)
        if marks.selected is not None:
            self._box(box, "accent")
        elif marks.operands is not None and len(marks.operands):
            self._box(box, "operand")

    def picture(self, picture: Picture, image: QImage, marks: Marks, numbers: bool) -> int:
        """Heat map with all that lies on it; returns how many numbers were written."""
        p, seen = self.painter, self.geometry.seen
        p.save()
        p.setClipRect(seen.adjusted(-2, -2, 2, 2))
        p.drawImage(self.geometry.whole, image)
        self._grid()
        self._frames()
        self._non_finite(picture)
        self._beyond_scale(picture)
        self._hidden()
        written = self._numbers(picture) if numbers else 0
        self._marks(marks)
        self._crosshair(marks)
        p.restore()
        self._indices()
        self._colour_bar(picture.scale)
        return written

    def _hidden(self) -> None:
        """A question mark on the cell that is to be predicted."""
        rect = None if self.content.hidden is None else self.geometry.index_rect(self.content.hidden)
        if rect is None:
            return
        self.painter.fillRect(rect, self.theme.colour("panel"))
        painting.hatch(self.painter, rect, self.theme.tint("hatch", 70))
        if min(rect.width(), rect.height()) >= 9:
            self.painter.setFont(themes.text_font(9, bold=True))
            self.painter.setPen(self.theme.colour("text"))
            self.painter.drawText(rect, painting.WHOLE, "?")

    def _colour_bar(self, scale: Scale) -> None:
        seen, room = self.geometry.seen, self.geometry.room
        width = max(min(seen.width(), themes.px(220)), min(themes.px(BAR), room.width()))
        bar = QRectF(seen.left(), seen.bottom() + 5, width, themes.px(FOOTER))
        if bar.bottom() - 6 > self.painter.window().bottom():  # of a low view: its numbers would be cut
            return
        painting.draw_colour_bar(self.painter, bar, scale, self.theme, themes.text_font(8))

    def _grid(self) -> None:
        (w, h), whole = self.geometry.size, self.geometry.whole
        if min(w, h) < 10:
            return
        self.painter.setPen(QPen(self.theme.colour("panel"), 1))
        rows, columns = self.geometry.visible
        for row in [*rows, rows.stop]:
            y = whole.top() + row * h
            self.painter.drawLine(QPointF(whole.left(), y), QPointF(whole.right(), y))
        for column in [*columns, columns.stop]:
            x = whole.left() + column * w
            self.painter.drawLine(QPointF(x, whole.top()), QPointF(x, whole.bottom()))

    def _frames(self) -> None:
        """A fine frame around every tile, so that pictures end somewhere even where they are zero."""
        a, (w, h), p = self.geometry.arrangement, self.geometry.size, self.painter
        high, wide = a.tile[0] * h, a.tile[1] * w
        if a.square and (min(high, wide) < 9 or not a.gap):
            return
        p.setPen(QPen(self.theme.colour("line"), 1))
        p.setBrush(Qt.BrushStyle.NoBrush)
        if not a.gap:
            p.drawRect(self.geometry.whole)
            return
        shown = int(np.prod([a.shape[axis] for axis in (a.down, a.right) if axis is not None]))
        for k in range(shown):
            down, right = divmod(k, a.tiles[1])
            corner = self.geometry.rect(down * (a.tile[0] + a.gap), right * (a.tile[1] + a.gap)).topLeft()
            box = QRectF(corner.x(), corner.y(), wide, high)
            if box.intersects(self.geometry.seen):
                p.drawRect(box)

    def _indices(self) -> None:
        """Indices left of the rows (of a wrapped row: where each line starts) and above the columns."""
        g, a, p = self.geometry, self.geometry.arrangement, self.painter
        if a.square:
            return
        font = themes.text_font(8)
        font.setPixelSize(9)
        p.setFont(font)
        p.setPen(self.theme.colour("muted"))
        (rows, columns), (w, h) = g.visible, g.size
        for row in rows[:: max(math.ceil(11 / h), 1)] if a.size[0] > 1 else ():
            middle = g.rect(row, columns.start).center().y()
            p.drawText(
                QRectF(g.edge, middle - 6, g.seen.left() - g.edge - 4, 12), painting.RIGHT, str(row * (a.wrap or 1))
            )
        for column in columns[:: max(math.ceil(20 / w), 1)] if has_column_indices(a) and not g.low else ():
            middle = g.rect(rows.start, column).center().x()
            p.drawText(QRectF(middle - 14, g.seen.top() - 12, 28, 11), painting.CENTRE, str(column))

    def _non_finite(self, picture: Picture) -> None:
        for row, column, text in non_finite_marks(picture.values):
            rect = self.geometry.rect(row, column)
            if not rect.intersects(self.geometry.seen):
                continue
            self.painter.fillRect(rect, self.theme.colour("panel"))
            painting.hatch(self.painter, rect, self.theme.colour("bad"))
            if rect.width() >= 26 and rect.height() >= 11:
                self.painter.setFont(themes.text_font(7.5, bold=True))
                middle = rect.height() / 2 - 7
                self.painter.fillRect(rect.adjusted(2, middle, -2, -middle), self.theme.colour("panel"))
                self.painter.setPen(self.theme.colour("text"))
                self.painter.drawText(rect, painting.CENTRE, text)

    def _beyond_scale(self, picture: Picture) -> None:
        """A corner on every finite cell that the colour bar does not reach."""
        values, scale = picture.values, picture.scale
        if scale.high <= scale.low or min(self.geometry.size) < 6:
            return
        slack = 1e-6 * (scale.high - scale.low)
        with np.errstate(invalid="ignore"):
            beyond = np.isfinite(values) & ((values > scale.high + slack) | (values < scale.low - slack))
        self.painter.setPen(Qt.PenStyle.NoPen)
        self.painter.setBrush(self.theme.colour("text"))
        for row, column in np.argwhere(beyond)[:400]:
            rect = self.geometry.rect(int(row), int(column))
            corner = rect.topRight()
            self.painter.drawPolygon(corner, corner - QPointF(5, 0), corner + QPointF(0, 5))

    def _numbers(self, picture: Picture) -> int:
        (w, h), (rows, columns) = self.geometry.size, self.geometry.visible
        if w < painting.MIN_CELL or h < 11 or len(rows) * len(columns) > painting.MAX_NUMBERS:
            return 0
        a, values = self.geometry.arrangement, picture.values
        cells = [
            (self.geometry.rect(row, column), values[row, column])
            for row in rows
            for column in columns
            if np.isfinite(values[row, column]) and a.index(row, column) not in (None, self.content.hidden)
        ]
        return painting.draw_numbers(
            self.painter, cells, picture.scale, self.theme, picture.decimals, themes.text_font(9)
        )

    def _marks(self, marks: Marks) -> None:
        for indices, role in ((marks.consumers, "consumer"), (marks.operands, "operand")):
            if indices is not None and len(indices) and indices.shape[-1] == len(self.content.shape):
                self._outline(indices, role)
        for index, role in ((marks.winner, "operand"), (marks.selected, "accent")):
            rect = self.geometry.index_rect(index) if index is not None else None
            if rect is not None:
                self._box(rect, role)

    def _outline(self, indices: Cells, role: str) -> None:
        g = self.geometry
        places = g.arrangement.places(indices)
        if not len(places):
            return
        corner = places.min(0)  # of a large tensor only the part that is marked is looked at
        mask = np.zeros(places.max(0) - corner + 1, np.bool_)
        mask[tuple((places - corner).T)] = True
        lines = painting.outline(mask, g.rect(*corner.tolist()).topLeft(), *g.size)
        wide = 2.0 if min(g.size) >= 5 else 1.2
        for colour, width in (("panel", wide + 1.6), (role, wide)):
            self.painter.setPen(QPen(self.theme.colour(colour), width))
            self.painter.drawLines(lines)  # type: ignore[call-overload]

    def _box(self, rect: QRectF, role: str) -> None:
        small = 3 - min(rect.width(), rect.height(), 6.0) / 2
        box = rect.adjusted(-small, -small, small, small)
        self.painter.setBrush(Qt.BrushStyle.NoBrush)
        for colour, width in (("panel", 4.5), (role, 2.5)):
            self.painter.setPen(QPen(self.theme.colour(colour), width))
            self.painter.drawRect(box)

    def _crosshair(self, marks: Marks) -> None:
        if marks.hover is None:
            return
        rect, seen = self.geometry.rect(*marks.hover), self.geometry.seen
        self.painter.setPen(QPen(self.theme.tint("text", 110), 1))
        centre = rect.center()
        self.painter.drawLine(QPointF(seen.left(), centre.y()), QPointF(rect.left(), centre.y()))
        self.painter.drawLine(QPointF(rect.right(), centre.y()), QPointF(seen.right(), centre.y()))
        self.painter.drawLine(QPointF(centre.x(), seen.top()), QPointF(centre.x(), rect.top()))
        self.painter.drawLine(QPointF(centre.x(), rect.bottom()), QPointF(centre.x(), seen.bottom()))
        self.painter.setBrush(Qt.BrushStyle.NoBrush)
        self.painter.setPen(QPen(self.theme.colour("text"), 1.5))
        self.painter.drawRect(rect)


@lru_cache(maxsize=256)
def header_image(texts: tuple[str, str, str], phase: str, width: float, look: tuple[str, float, float]) -> QImage:
    """Title, name and shape beside a bar in the phase's colour: the same in every training step."""
    (title, name, shape), theme, line = texts, themes.current(), themes.px(LINE_OF_HEADER)
    image = QImage(QSize(int(width), themes.px(HEADER)) * look[-1], QImage.Format.Format_RGB32)
    image.setDevicePixelRatio(look[-1])
    image.fill(theme.colour("panel"))
    p, room = QPainter(image), width - 14.0
    p.fillRect(QRectF(0, 4, 3, themes.px(HEADER) - 9 - line * (not shape)), theme.colour(phase))
    p.setFont(themes.text_font(9.5, bold=True))
    p.setPen(theme.colour("text"))
    title = p.fontMetrics().elidedText(title, Qt.TextElideMode.ElideRight, int(room))
    p.drawText(QRectF(8, 2, room, line), painting.LEFT, title)
    used = p.fontMetrics().horizontalAdvance(title) + 7 if title else 0
    p.setFont(themes.text_font(8.5))
    p.setPen(theme.colour("muted"))
    name = p.fontMetrics().elidedText(name, Qt.TextElideMode.ElideMiddle, int(room - used))
    p.drawText(QRectF(8 + used, 2, room - used, line), painting.LEFT, name)
    shape = p.fontMetrics().elidedText(shape, Qt.TextElideMode.ElideRight, int(room))
    p.drawText(QRectF(8, 2 + line, room, themes.px(14)), painting.LEFT, shape)
    p.end()
    return image


def heat_image(picture: Picture, geometry: Geometry) -> QImage:
    """The heat map, reduced to what the pixels can show."""
    gaps = geometry.arrangement.gaps if geometry.shrink == (1, 1) else None
    small = shrink(picture.values, *geometry.shrink)
    return painting.heat_image(small, picture.scale, themes.current(), gaps)
