"""One tensor as a heat map: numbers when they fit, colour bar, crosshair, selection, operand cells, zoom and pan."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PyQt6.QtCore import QEvent, QPointF, QRectF, Qt, pyqtSignal
from PyQt6.QtGui import (
    QContextMenuEvent,
    QGuiApplication,
    QHelpEvent,
    QImage,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QResizeEvent,
    QWheelEvent,
)
from PyQt6.QtWidgets import QMenu, QSizePolicy, QToolTip, QWidget

from fastnn.engine.edits import EDITABLE
from gui import theme as themes
from gui.arrangement import Arrangement
from gui.colours import Scale, scale_for
from gui.content import Content
from gui.numbers import cell_label, decimals_for, exact, format_number, shape_label
from gui.panels import tensor_geometry
from gui.panels.tensor_geometry import HEADER, Geometry, ViewPort, geometry_of
from gui.panels.tensor_paint import Marks, Picture, TensorPainter, heat_image
from gui.panels.words import tip_of

Index = tuple[int, ...]
DRAG = 4.0


class TensorView(QWidget):
    """A tensor as a heat map.

    Signals `hovered(name, index or None)`, `clicked(name, index)`, `activated(name, index)` on a double click, and
    `moved(view_port)` when the user zooms or pans, and `asked(what)` when the menu is asked for something.

    Args:
        parent: The widget that holds it.
    """

    hovered = pyqtSignal(str, object)
    clicked = pyqtSignal(str, object)
    activated = pyqtSignal(str, object)
    moved = pyqtSignal(object)
    asked = pyqtSignal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.content = Content("", ())
        self.numbers = True
        self.marks = Marks()
        self.view_port = ViewPort()
        self.is_pinned: Callable[[str, Index], bool] = lambda name, index: False
        self._digits, self._align_right = 0, False
        self._grab: tuple[QPointF, ViewPort] | None = None
        self._drawn: Picture | None = None
        self._image: tuple[Any, QImage] | None = None
        self._geometry: Geometry | None = None
        self._painted_numbers = 0
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(60, HEADER + 20)

    # ------------------------------------------------------------ what is shown

    def show_content(self, content: Content) -> None:
        """Show a tensor."""
        if content.shape != self.content.shape:
            self.view_port = ViewPort()
            self.marks.hover = None
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
        self.marks = Marks(selected, operands, consumers, winner, self.marks.hover)
        self.update()

    def set_numbers(self, on: bool) -> None:
        """Switch the numbers on cells on or off."""
        if on != self.numbers:
            self.numbers = on
            self.update()

    def set_digits(self, digits: int) -> None:
        """Write at least as many decimals where they fit."""
        self._digits = digits

    def set_align_right(self, on: bool) -> None:
        """Put the picture at the right end of the room instead of the left one."""
        self._align_right = on

    def set_view_port(self, view_port: ViewPort) -> None:
        """Zoom and pan; used to link views of the same shape."""
        if view_port != self.view_port:
            self.view_port = view_port
            self._geometry = None
            self.update()

    def reset_zoom(self) -> None:
        """Show the whole tensor again."""
        self._move(ViewPort())

    def height_for(self, width: float, most: float) -> int:
        """The height that shows the content best in a column of that width, at most `most`."""
        return tensor_geometry.height_for(self.content, width, most)

    def _rearrange(self) -> None:
        self._geometry = self._drawn = self._image = None
        self.update()

    @property
    def _picture(self) -> Picture | None:
        """The values as drawn: made when asked for, since a view may change its size after its content."""
        data = self.content.data
        if data is None:
            return None
        if self._drawn is None:
            least = decimals_for(data)
            decimals = max(least - 3, min(least, 1)), max(least, self._digits if least else 0)
            self._drawn = Picture(self.arrangement.image(data), self.content.scale or scale_for(data), decimals)
        return self._drawn

    # ------------------------------------------------------------ what others may ask

    @property
    def geometry_now(self) -> Geometry:
        """Where everything is."""
        if self._geometry is None:
            self._geometry = geometry_of(self.content, self.width(), self.height(), self._align_right, self.view_port)
        return self._geometry

    @property
    def arrangement(self) -> Arrangement:
        """Where cells are in the picture."""
        return self.geometry_now.arrangement

    @property
    def scale(self) -> Scale:
        """Limits of the colour bar."""
        picture = self._picture
        return picture.scale if picture else Scale(0.0, 0.0)

    @property
    def selected(self) -> Index | None:
        """The selected cell, if it is one of this tensor."""
        return self.marks.selected

    @property
    def single(self) -> bool:
        """Whether there is only one number."""
        return math.prod(self.content.shape) == 1

    def picture(self) -> NDArray[np.generic] | None:
        """The values as drawn, (rows, columns); None if nothing is computed."""
        picture = self._picture
        return picture.values if picture else None

    def painted_numbers(self) -> int:
        """How many numbers the last repaint wrote."""
        return self._painted_numbers

    def index_rect(self, index: Index) -> QRectF | None:
        """A tensor's cell in widget coordinates; None if it is not shown."""
        return self.geometry_now.index_rect(index)

    def index_at(self, point: QPointF) -> Index | None:
        """The tensor's index under a point; None outside and in gaps."""
        place = self.geometry_now.place_at(point)
        return None if place is None else self.arrangement.index(*place)

    def hover_text(self, index: Index) -> str:
        """The tool tip of a cell: its label, its value for reading, and the exact one."""
        label = cell_label(self.content.name, index, self.content.letters)
        if self.content.data is None:
            return f"{label}: {self.content.missing}"
        if index == self.content.hidden:
            return f"{label} = ?"
        value = self.content.data[index]
        if self.content.mean:
            label = f"{label}, mean over the batch"
        return f"{label} = {format_number(value)}\nexact: {exact(value)}"

    # ------------------------------------------------------------ painting

    def paintEvent(self, event: QPaintEvent | None) -> None:
        painter = QPainter(self)
        self._painted_numbers = 0
        brush = TensorPainter(painter, self.content, self.geometry_now, self.width())
        brush.header()
        picture = self._picture
        if picture is None:
            brush.missing(self.content.missing)
        elif picture.values.size == 0:
            brush.missing("empty")
        elif self.single:
            brush.single(picture, self.marks)
            self._painted_numbers = 1
        else:
            self._painted_numbers = brush.picture(picture, self._heat(picture), self.marks, self.numbers)
        painter.end()

    def _heat(self, picture: Picture) -> QImage:
        key = (themes.current().name, self.geometry_now.shrink)
        if self._image is None or self._image[0] != key:
            self._image = key, heat_image(picture, self.geometry_now)
        return self._image[1]

    # ------------------------------------------------------------ mouse

    def event(self, event: QEvent | None) -> bool:
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            index = self.index_at(QPointF(event.pos()))
            words = self.hover_text(index) if index is not None else ""
            QToolTip.showText(event.globalPos(), tip_of(words), self)
            return True
        return super().event(event)

    def mouseMoveEvent(self, event: QMouseEvent | None) -> None:
        if event is None:
            return
        if self._grab is not None and event.buttons() & Qt.MouseButton.LeftButton:
            start, port = self._grab
            delta = event.position() - start
            if port.zoom > 1 and delta.manhattanLength() > DRAG:
                self._move(self.geometry_now.panned(port, delta))
            return
        self._hover(self.geometry_now.place_at(event.position()))

    def leaveEvent(self, event: QEvent | None) -> None:
        self._hover(None)

    def _hover(self, place: tuple[int, int] | None) -> None:
        if place != self.marks.hover:
            self.marks = replace(self.marks, hover=place)
            self.update()
            self.hovered.emit(self.content.name, None if place is None else self.arrangement.index(*place))

    def mousePressEvent(self, event: QMouseEvent | None) -> None:
        if event is None or event.button() != Qt.MouseButton.LeftButton:
            return
        self._grab = (event.position(), self.view_port)
        index = self.index_at(event.position())
        if index is not None:
            self.clicked.emit(self.content.name, index)

    def mouseReleaseEvent(self, event: QMouseEvent | None) -> None:
        self._grab = None

    def mouseDoubleClickEvent(self, event: QMouseEvent | None) -> None:
        index = None if event is None else self.index_at(event.position())
        if index is not None:
            self.activated.emit(self.content.name, index)

    def wheelEvent(self, event: QWheelEvent | None) -> None:
        if event is not None and self.geometry_now.seen.contains(event.position()):
            self._move(self.geometry_now.zoomed(event.position(), 1.25 ** (event.angleDelta().y() / 120)))
            event.accept()
        else:
            super().wheelEvent(event)

    def contextMenuEvent(self, event: QContextMenuEvent | None) -> None:
        if event is not None:
            self.menu(self.index_at(QPointF(event.pos()))).popup(event.globalPos())

    def menu(self, index: Index | None) -> QMenu:
        """What can be done with a cell, or with the whole picture."""
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        if index is not None and self.content.data is not None and index != self.content.hidden:
            text = exact(self.content.data[index])
            menu.addAction("Explain", lambda: self.clicked.emit(self.content.name, index))
            for what, words in self._offers(self.is_pinned(self.content.name, index)):
                menu.addAction(words, lambda what=what: self._ask(index, what))
            menu.addAction(f"Copy {text}", lambda: copy(text))
            label = cell_label(self.content.name, index)
            menu.addAction(f"Copy {label}", lambda: copy(label))
        whole = menu.addAction("Show the whole tensor", self.reset_zoom)
        if whole is not None:
            whole.setEnabled(self.view_port != ViewPort())
        return menu

    def _offers(self, pinned: bool) -> list[tuple[str, str]]:
        """What may be asked for about a cell: (action, words); nothing where nobody listens."""
        if not self.receivers(self.asked):
            return []
        edit = [("edit", "Edit…")] if self.content.role in EDITABLE else []
        made = [("step_into", "Step into it"), ("breakpoint", "Stop before it is computed")]
        made = made if self.content.role not in EDITABLE else []
        pin = [("watch", "Unpin from the watch list" if pinned else "Pin to the watch list")]
        return [*edit, *pin, *made, ("table", "Numbers and histogram…"), ("export", "Export…")]

    def _ask(self, index: Index, what: str) -> None:
        self.clicked.emit(self.content.name, index)
        self.asked.emit(what)

    def _move(self, port: ViewPort) -> None:
        if port != self.view_port:
            self.set_view_port(port)
            self.moved.emit(port)

    def resizeEvent(self, event: QResizeEvent | None) -> None:
        self._rearrange()

    def changeEvent(self, event: QEvent | None) -> None:
        if event is not None and event.type() in (QEvent.Type.PaletteChange, QEvent.Type.StyleChange):
            self._image = self._geometry = None
        super().changeEvent(event)


def copy(text: str) -> None:
    """Put a text on the clipboard."""
    clipboard = QGuiApplication.clipboard()
    if clipboard is not None:
        clipboard.setText(text)
