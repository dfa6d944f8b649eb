"""Where a tensor view's picture lies: room, cell size, zoom, and which cell is under a point."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from PyQt6.QtCore import QPointF, QRectF, QSizeF
from PyQt6.QtGui import QFontMetricsF

from gui import theme as themes
from gui.arrangement import Arrangement, arrange
from gui.content import Content
from gui.numbers import shape_label
from gui.panels.painting import MAX_NUMBERS, MIN_CELL

Index = tuple[int, ...]
HEADER, LINE_OF_HEADER = 34, 15  # two lines; a low view has one
FOOTER = 28
MARGIN = 6
COLUMN_INDEX = 12
MAX_CELL = QSizeF(112, 44)
MAX_SQUARE = 44.0
SINGLE = QSizeF(130, 24)
BAR = 150.0
LINE = 28.0  # of a row of numbers
LEGIBLE = 5.0  # side of the smallest cell of a kernel that is worth showing
WIDE_CELL, LOW_CELL = 42.0, 14.0  # of numbers that are easily read


@dataclass(frozen=True)
class ViewPort:
    """Zoom, and the part of the picture that is at the centre (0..1 along x and y)."""

    zoom: float = 1.0
    x: float = 0.5
    y: float = 0.5


@dataclass(frozen=True)
class Geometry:
    """Places of a tensor view in its own coordinates.

    Args:
        arrangement: Where cells are in the picture.
        edge: Left end of header and indices.
        room: Where the picture may be drawn.
        cell: Width and height of a cell at zoom 1.
        port: Zoom and pan.
        single: Whether there is only one number.
        low: Whether the header is one line and columns have no indices, for want of height.
    """

    arrangement: Arrangement
    edge: float
    room: QRectF
    cell: tuple[float, float]
    port: ViewPort
    single: bool
    low: bool = False

    @cached_property
    def size(self) -> tuple[float, float]:
        """Width and height of a cell now."""
        return self.cell[0] * self.port.zoom, self.cell[1] * self.port.zoom

    @cached_property
    def seen(self) -> QRectF:
        """The part of the view where the picture shows."""
        rows, columns = self.arrangement.size
        width, height = columns * self.cell[0], rows * self.cell[1]
        return QRectF(self.room.left(), self.room.top(), min(self.room.width(), width), min(self.room.height(), height))

    @cached_property
    def whole(self) -> QRectF:
        """The whole picture, zoom and pan included."""
        rows, columns = self.arrangement.size
        width, height = columns * self.size[0], rows * self.size[1]
        if self.port.zoom == 1:
            return QRectF(self.room.left(), self.room.top(), width, height)
        centre = self.seen.center()
        return QRectF(centre.x() - self.port.x * width, centre.y() - self.port.y * height, width, height)

    def rect(self, row: int, column: int) -> QRectF:
        """A cell of the picture."""
        w, h = self.size
        return QRectF(self.whole.left() + column * w, self.whole.top() + row * h, w, h)

    def index_rect(self, index: Index) -> QRectF | None:
        """A tensor's cell; None if it is not shown."""
        place = self.arrangement.place(index)
        return self.rect(*place) if place is not None else None

    def place_at(self, point: QPointF) -> tuple[int, int] | None:
        """Row and column under a point; None outside and in gaps."""
        if not self.seen.contains(point):
            return None
        w, h = self.size
        row, column = int((point.y() - self.whole.top()) // h), int((point.x() - self.whole.left()) // w)
        return (row, column) if self.arrangement.index(row, column) is not None else None

    @cached_property
    def visible(self) -> tuple[range, range]:
        """Rows and columns that are at least partly visible."""
        (w, h), (rows, columns) = self.size, self.arrangement.size
        top, left = self.seen.top() - self.whole.top(), self.seen.left() - self.whole.left()
        last_row = math.ceil((top + self.seen.height()) / h - 1e-6)
        last_column = math.ceil((left + self.seen.width()) / w - 1e-6)
        row_range = range(max(int(top // h), 0), min(last_row, rows))
        return row_range, range(max(int(left // w), 0), min(last_column, columns))

    @cached_property
    def shrink(self) -> tuple[int, int]:
        """Rows and columns of the tensor that share a pixel."""
        w, h = self.size
        down, across = (max(int(1 / max(side, 1e-6)), 1) if side < 0.75 else 1 for side in (h, w))
        return down, across

    def zoomed(self, point: QPointF, factor: float) -> ViewPort:
        """The view port after zooming so that the cell under a point stays there."""
        zoom = min(max(self.port.zoom * factor, 1.0), 64.0)
        x = (point.x() - self.whole.left()) / max(self.whole.width(), 1e-9)
        y = (point.y() - self.whole.top()) / max(self.whole.height(), 1e-9)
        ratio, centre = zoom / self.port.zoom, self.seen.center()
        width, height = self.whole.width() * ratio, self.whole.height() * ratio
        return held(ViewPort(zoom, x + (centre.x() - point.x()) / width, y + (centre.y() - point.y()) / height))

    def panned(self, start: ViewPort, delta: QPointF) -> ViewPort:
        """The view port after dragging the picture."""
        x, y = start.x - delta.x() / self.whole.width(), start.y - delta.y() / self.whole.height()
        return held(ViewPort(start.zoom, x, y))


def held(port: ViewPort) -> ViewPort:
    """A view port kept inside the picture."""
    half = 0.5 / port.zoom
    return ViewPort(port.zoom, min(max(port.x, half), 1 - half), min(max(port.y, half), 1 - half))


def geometry_of(content: Content, width: float, height: float, align_right: bool, port: ViewPort) -> Geometry:
    """The places of a content in a view of that size."""
    single = math.prod(content.shape) == 1
    low = not single and height < row_height()
    header, footer = themes.px(HEADER - LINE_OF_HEADER * low), 0 if single else themes.px(FOOTER)
    inner = QSizeF(max(width - 2 * MARGIN, 8), max(height - header - MARGIN - footer, 8))
    a = arranged(content, inner.width(), inner.height())
    gutter, top = gutters(a, single)
    top = 0 if low else top
    room = QRectF(MARGIN + gutter, header + top, max(inner.width() - gutter, 8), max(inner.height() - top, 8))
    cell = (
        (themes.px(SINGLE.width()), themes.px(SINGLE.height())) if single else cell_in(a, room.width(), room.height())
    )
    if align_right:
        block = max(a.size[1] * cell[0], 0 if single else themes.px(BAR), header_width(content) - gutter)
        room.setLeft(max(room.right() - block, room.left()))
    return Geometry(a, room.left() - gutter, room, cell, port, single, low)


def row_height() -> float:
    """The height of a view of one row of numbers; one that has less is low."""
    return themes.px(HEADER + FOOTER) + MARGIN + COLUMN_INDEX + min(themes.px(LINE), LINE)


def arranged(content: Content, width: float, height: float) -> Arrangement:
    """The arrangement of a content in a room of that size."""
    if content.side and len(content.shape) == 2:
        return Arrangement(content.shape, ((0, content.sample),), right=1, wrap=content.side, square=True)
    c, columns = content, max(int((width - 20) // WIDE_CELL), 1)
    lines = math.ceil(c.shape[-1] / columns) if c.shape else 1
    readable = lines * LOW_CELL <= height and lines * columns <= MAX_NUMBERS
    aspect, columns = width / max(height, 1.0), columns if readable else 0
    a = arrange(c.shape, c.weight, c.batch, c.sample, c.channel, aspect, columns, alone=c.mean, picture=c.picture)
    if c.hold is not None and a.square and cell_in(a, width, height)[0] < LEGIBLE:
        a = arrange(c.shape, c.weight, c.batch, c.sample, c.channel, aspect, columns, c.hold)
    return a


def gutters(arrangement: Arrangement, single: bool) -> tuple[int, int]:
    """Width and height of the room for indices left of and above a picture."""
    if arrangement.square or single:
        return 0, 0
    last = (arrangement.size[0] - 1) * (arrangement.wrap or 1)
    return (6 + 6 * len(str(last)) if last else 0), COLUMN_INDEX if has_column_indices(arrangement) else 0


def has_column_indices(arrangement: Arrangement) -> bool:
    """Whether indices are written above columns: not where a row goes on in the next line."""
    return not arrangement.wrap or arrangement.tiles[0] == 1


def cell_in(arrangement: Arrangement, width: float, height: float) -> tuple[float, float]:
    """Width and height of a cell of a picture that fits into a room."""
    rows, columns = (max(n, 1) for n in arrangement.size)
    w, h = width / columns, height / rows
    if arrangement.square:
        side = min(w, h, themes.px(MAX_SQUARE))
        return side, side
    if w >= MIN_CELL and h >= 14:
        return min(w, themes.px(MAX_CELL.width())), min(h, themes.px(MAX_CELL.height()), w)
    return min(w, max(3 * h, 180 / columns)), min(h, max(3 * w, 60 / rows))


def height_for(content: Content, width: float, most: float) -> int:
    """The height that shows a content best in a column of that width, at most `most`."""
    if math.prod(content.shape) == 1:
        return themes.px(HEADER + 26) + MARGIN
    frame = themes.px(HEADER + FOOTER) + MARGIN
    a = arranged(content, width - 2 * MARGIN, max(most - frame, 8))
    gutter, top = gutters(a, False)
    room = width - 2 * MARGIN - gutter
    if a.wrap and not a.square:
        lines = min(math.ceil(a.tiles[0] * a.tiles[1] / max(room // 44, 1)), a.tiles[0])
        wanted, top = float(lines * themes.px(LINE)), COLUMN_INDEX if lines == 1 else top
    else:
        wanted = a.size[0] * cell_in(a, room, 1e9 if a.square else a.size[0] * 34.0)[1]
    return int(min(frame + top + np.ceil(wanted) + 2, most))


def header_width(content: Content) -> float:
    """Width of the longer line of the header."""
    bold, plain = QFontMetricsF(themes.text_font(9.5, bold=True)), QFontMetricsF(themes.text_font(8.5))
    name = 7 + plain.horizontalAdvance(content.name) if content.name != content.title else 0
    lines = bold.horizontalAdvance(content.title) + name, plain.horizontalAdvance(shape_text(content))
    return max(lines) + 10


def shape_text(content: Content, arrangement: Arrangement | None = None, shrink: tuple[int, int] = (1, 1)) -> str:
    """Shape with axis letters, which sample is shown, and how many cells share a pixel."""
    c = content
    text = shape_label(c.shape, c.letters)
    fixed = dict(arrangement.fixed) if arrangement is not None else {0: c.sample} if c.batch else {}
    for axis, letter in enumerate(c.letters):
        if axis in fixed and c.shape[axis] > 1 and (c.batch or c.weight):
            at = min(fixed[axis], c.shape[axis] - 1)
            said = f"mean over {letter} {c.shape[axis]}" if c.mean and not axis else f"{letter}={at} of {c.shape[axis]}"
            text = text.replace(f"{letter} {c.shape[axis]}", said, 1)
    return f"{text}   1 px = {shrink[0]}×{shrink[1]}" if shrink != (1, 1) else text
