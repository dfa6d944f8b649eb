"""One tensor in a window of its own: all its numbers as a table, and how often which occur."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PyQt6.QtCore import QAbstractTableModel, QModelIndex, QPointF, QRectF, Qt
from PyQt6.QtGui import QMouseEvent, QPainter, QPaintEvent, QPen
from PyQt6.QtWidgets import QDialog, QTableView, QTabWidget, QVBoxLayout, QWidget

from gui import theme as themes
from gui.content import label_letters
from gui.histogram import Histogram, histogram
from gui.numbers import count_label, exact, format_number, shape_label
from gui.panels import painting
from gui.panels.background import Background
from gui.panels.words import Plain

SMALL = 200_000  # numbers counted at once, without a thread
NO_INDEX = QModelIndex()


class TensorTable(QAbstractTableModel):
    """A tensor as a table that is read where it is looked at: the last axis to the right, all others downwards."""

    def __init__(self, letters: tuple[str, ...] = ()) -> None:
        super().__init__()
        self.letters = letters
        self.data_shown: NDArray[Any] | None = None

    def show_data(self, data: NDArray[Any] | None) -> None:
        """Show other numbers."""
        if data is None or self.data_shown is None or data.shape != self.data_shown.shape:
            self.beginResetModel()
            self.data_shown = data
            self.endResetModel()
        else:
            self.data_shown = data
            self.dataChanged.emit(self.index(0, 0), self.index(self.rowCount() - 1, self.columnCount() - 1))

    def rowCount(self, parent: QModelIndex = NO_INDEX) -> int:
        """All axes but the last."""
        if self.data_shown is None or parent.isValid():
            return 0
        return int(np.prod(self.data_shown.shape[:-1], dtype=np.int64))

    def columnCount(self, parent: QModelIndex = NO_INDEX) -> int:
        """The last axis."""
        if self.data_shown is None or parent.isValid():
            return 0
        return self.data_shown.shape[-1] if self.data_shown.ndim else 1

    def place(self, row: int, column: int) -> tuple[int, ...]:
        """The tensor's index at a place of the table."""
        assert self.data_shown is not None
        if not self.data_shown.ndim:
            return ()
        leading = np.unravel_index(row, self.data_shown.shape[:-1]) if self.data_shown.ndim > 1 else ()
        return (*(int(i) for i in leading), column)

    def row_of(self, index: tuple[int, ...]) -> int:
        """The row that holds a cell."""
        assert self.data_shown is not None
        if len(index) < 2:
            return 0
        return int(np.ravel_multi_index(index[:-1], self.data_shown.shape[:-1]))

    def data(self, index: QModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """A number for reading; the exact one as a tip."""
        if self.data_shown is None or not index.isValid():
            return None
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        if role not in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.ToolTipRole):
            return None
        value = self.data_shown[self.place(index.row(), index.column())]
        return exact(value) if role == Qt.ItemDataRole.ToolTipRole else format_number(value, 5)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """The NumPy index."""
        if role != Qt.ItemDataRole.DisplayRole or self.data_shown is None:
            return None
        if orientation == Qt.Orientation.Horizontal:
            return f"{self.letters[-1]} {section}" if self.letters else str(section)
        return ", ".join(map(str, self.place(section, 0)[:-1])) or "0"


class HistogramView(QWidget):
    """Bars of exact counts; the pointer reads a bar."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.counted: Histogram | None = None
        self._under = -1
        self.setMouseTracking(True)
        self.setMinimumSize(320, 200)
        self.setAccessibleName("How often which numbers occur")

    def show_counts(self, counted: Histogram | None) -> None:
        """Show other counts; None while they are being counted."""
        self.counted = counted
        self.update()

    def words(self) -> str:
        """What the bar under the pointer says, or what is out of the common."""
        h = self.counted
        if h is None:
            return "counting …"
        if 0 <= self._under < len(h.counts):
            low, high = (format_number(e) for e in h.edges[self._under : self._under + 2])
            return f"{low} to {high}: {count_label(int(h.counts[self._under]), 'number')}"
        total = count_label(int(h.counts.sum()) + h.nans + h.infinite, "number")
        rest = f", {h.nans:,} NaN, {h.infinite:,} infinite" if h.nans or h.infinite else ""
        return f"{total}, {h.zeros:,} exactly 0{rest}"

    def bars(self) -> QRectF:
        """Where the bars are."""
        return QRectF(self.rect()).adjusted(12, 26, -12, -24)

    def paintEvent(self, event: QPaintEvent | None) -> None:
        """Paint them."""
        painter, theme, box = QPainter(self), themes.current(), self.bars()
        painter.fillRect(self.rect(), theme.colour("panel"))
        painter.setFont(themes.text_font(9))
        painter.setPen(theme.colour("text"))
        painter.drawText(QRectF(box.left(), 4, box.width(), 18), painting.LEFT, self.words())
        h = self.counted
        if h is not None:
            top, width = max(int(h.counts.max()), 1), box.width() / len(h.counts)
            for k, count in enumerate(h.counts):
                height = box.height() * int(count) / top
                bar = QRectF(box.left() + k * width, box.bottom() - height, max(width - 1, 1), height)
                painter.fillRect(bar, theme.colour("accent" if k == self._under else "forward"))
            painter.setPen(QPen(theme.colour("line"), 1))
            painter.drawLine(box.bottomLeft(), box.bottomRight())
            painter.setPen(theme.colour("muted"))
            foot = QRectF(box.left(), box.bottom() + 3, box.width(), 16)
            painter.drawText(foot, painting.LEFT, format_number(h.edges[0]))
            painter.drawText(foot, painting.RIGHT, format_number(h.edges[-1]))
            if h.edges[0] < 0 < h.edges[-1]:
                x = box.left() + box.width() * float(-h.edges[0] / (h.edges[-1] - h.edges[0]))
                painter.drawLine(QPointF(x, box.top()), QPointF(x, box.bottom()))
                painter.drawText(QRectF(x - 10, foot.top(), 20, 16), painting.CENTRE, "0")
        painter.end()

    def mouseMoveEvent(self, event: QMouseEvent | None) -> None:
        """Read the bar under the pointer."""
        if event is not None and self.counted is not None:
            part = (event.position().x() - self.bars().left()) / max(self.bars().width(), 1)
            self._under = int(np.floor(part * len(self.counted.counts)))
            self.update()

    def leaveEvent(self, event: Any) -> None:
        """Read none."""
        self._under = -1
        self.update()


class TensorWindow(QDialog):
    """A tensor that stays in line with the session: table and histogram.

    Args:
        session: The session.
        name: The value's name.
        parent: The window.
    """

    def __init__(self, session: Any, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.session, self.name = session, name
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(name)
        self.resize(themes.dialog_size(680, 460))
        self.words, self.tabs, self.table = Plain(parent=self), QTabWidget(self), QTableView(self)
        self.model, self.counts, self.worker = (
            TensorTable(label_letters(session.listing, name)), HistogramView(self), Background(self)
        )  # fmt: skip
        self.table.setModel(self.model)
        self.table.setAccessibleName("Numbers")
        for tabs in (self.tabs, self.tabs.tabBar()):
            if tabs is not None:
                tabs.setAccessibleName("Numbers or histogram")
        self.table.clicked.connect(self._select)
        self.tabs.addTab(self.table, "Numbers")
        self.tabs.addTab(self.counts, "Histogram")
        self.worker.done.connect(self.counts.show_counts)
        column = QVBoxLayout(self)
        column.addWidget(self.words)
        column.addWidget(self.tabs, 1)
        self._leave: Callable[[], None] | None = session.subscribe(self._hear)
        self.refresh()

    def show_cell(self, index: tuple[int, ...]) -> None:
        """Bring a cell into sight."""
        if index and self.model.data_shown is not None:
            self.table.setCurrentIndex(self.model.index(self.model.row_of(index), index[-1]))

    def _hear(self, topic: str) -> None:
        if topic == "loaded" and self.name not in self.session.listing.values:
            self.close()
        elif topic in ("position", "loaded", "training"):
            self.refresh()

    def refresh(self) -> None:
        """Show the numbers of now."""
        session, name = self.session, self.name
        if name not in session.listing.values:
            return
        data = session.view(name) if session.computed(name) else None
        shape = shape_label(session.listing.values[name].shape, label_letters(session.listing, name))
        self.words.setText(f"{name}   {shape}" + ("" if data is not None else "   not computed yet"))
        self.model.show_data(data)
        if data is None:
            self.worker.forget()
            self.counts.show_counts(None)
        elif data.size <= SMALL:
            self.worker.forget()
            self.counts.show_counts(histogram(data))
        else:
            copy = np.array(data)
            self.worker.ask(lambda: histogram(copy))

    def _select(self, cell: QModelIndex) -> None:
        self.session.select(self.name, self.model.place(cell.row(), cell.column()))

    def done(self, result: int) -> None:
        """Hear no more of the session; closing and Escape lead here."""
        if self._leave is not None:
            self._leave()
            self._leave = None
        self.worker.forget()
        super().done(result)
