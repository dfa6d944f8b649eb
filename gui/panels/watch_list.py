"""The watch list: pinned numbers, what they are now, how they have changed, and their gradients."""

from __future__ import annotations

from typing import Any

from PyQt6.QtCore import QAbstractTableModel, QModelIndex, Qt
from PyQt6.QtGui import QContextMenuEvent, QKeyEvent
from PyQt6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QMenu,
    QStackedWidget,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from gui import theme
from gui.content import label_letters
from gui.numbers import cell_label, exact, format_number
from gui.panels.words import Plain, tip_of
from gui.session import Session
from gui.watching import Watch

HEADS = ("Number", "is", "change", "gradient")
TIPS = ("a click selects it, Delete unpins it", "now", "since the last other position", "of the loss by it")
MOST = 5  # decimals; the tool tip has all of them
EMPTY = "Nothing is pinned. Select a number and press W, or choose “Pin to the watch list” in its menu."


class WatchModel(QAbstractTableModel):
    """A line for every pinned number."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.session = session
        self.lines: list[Watch] = []

    def show(self, lines: list[Watch]) -> None:
        """Show other numbers, or other values of the same ones."""
        if len(lines) == len(self.lines):
            self.lines = lines
            if lines:
                self.dataChanged.emit(self.index(0, 0), self.index(len(lines) - 1, len(HEADS) - 1))
            return
        self.beginResetModel()
        self.lines = lines
        self.endResetModel()

    def rowCount(self, parent: QModelIndex | None = None) -> int:
        """How many are pinned."""
        return len(self.lines)

    def columnCount(self, parent: QModelIndex | None = None) -> int:
        """Name, value, change, gradient."""
        return len(HEADS)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Heads of the columns."""
        if orientation != Qt.Orientation.Horizontal:
            return None
        if role == Qt.ItemDataRole.ToolTipRole:
            return TIPS[section]
        return HEADS[section] if role == Qt.ItemDataRole.DisplayRole else None

    def data(self, index: QModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """A cell's text, and in its tool tip the exact number."""
        line, column = self.lines[index.row()], index.column()
        if role == Qt.ItemDataRole.DisplayRole:
            return self.label(line) if column == 0 else self._words(line, column)
        if role == Qt.ItemDataRole.ToolTipRole:
            number = (None, line.value, None, line.gradient)[column]
            return tip_of(f"{self.label(line)}; {TIPS[0]}") if column == 0 else "" if number is None else exact(number)
        if role == Qt.ItemDataRole.TextAlignmentRole and column:
            return Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        return None

    def label(self, line: Watch) -> str:
        """A pinned number's name and index."""
        return cell_label(line.name, line.index, label_letters(self.session.listing, line.name))

    def _words(self, line: Watch, column: int) -> str:
        digits = min(self.session.digits, MOST)
        if column == 1:
            return "…" if line.value is None else format_number(line.value, digits)
        if column == 3:
            return "" if line.gradient is None else format_number(line.gradient, digits)
        if line.value is None or line.before is None:
            return ""
        return format_number(float(line.value) - float(line.before), digits)


class WatchList(QWidget):
    """The list, or a word on how to fill it.

    Args:
        session: Whose numbers are pinned.
    """

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.session = session
        self.table, self.model = Table(self), WatchModel(session)
        self.table.setModel(self.model)
        self.table.setAccessibleName("Watch list")
        self.table.clicked.connect(self.choose)
        self.table.activated.connect(self.choose)
        self._prepare()
        empty = Plain(EMPTY)
        empty.setWordWrap(True)
        empty.setMargin(8)
        empty.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.pages = QStackedWidget(self)
        self.pages.addWidget(empty)
        self.pages.addWidget(self.table)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.pages)

    def _prepare(self) -> None:
        self.table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.table.setShowGrid(False)
        self.table.setWordWrap(False)
        rows, columns = self.table.verticalHeader(), self.table.horizontalHeader()
        if rows is not None and columns is not None:
            rows.hide()
            rows.setDefaultSectionSize(theme.px(22))
            columns.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
            columns.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
            columns.setMinimumSectionSize(theme.px(40))
        self.table.setTextElideMode(Qt.TextElideMode.ElideMiddle)

    def refresh(self) -> None:
        """Follow the session while the list can be seen."""
        if self.session.stepper is None or not self.isVisible():
            return
        self.model.show(self.session.watches())
        self.pages.setCurrentIndex(int(bool(self.model.lines)))

    def showEvent(self, event: Any) -> None:
        """Catch up with the session."""
        super().showEvent(event)
        self.refresh()

    def choose(self, index: QModelIndex) -> None:
        """Select the number of a line."""
        line = self.model.lines[index.row()]
        self.session.select(line.name, line.index)

    def unpin(self, row: int) -> None:
        """Take a number off the list."""
        if 0 <= row < len(self.model.lines):
            line = self.model.lines[row]
            self.session.toggle_watch(line.name, line.index)


class Table(QTableView):
    """The table of a watch list; Delete and the menu take a line off.

    Args:
        owner: The list.
    """

    def __init__(self, owner: WatchList) -> None:
        super().__init__(owner)
        self.owner = owner

    def keyPressEvent(self, event: QKeyEvent | None) -> None:
        """Delete unpins."""
        if event is not None and event.key() in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace):
            self.owner.unpin(self.currentIndex().row())
        else:
            super().keyPressEvent(event)

    def contextMenuEvent(self, event: QContextMenuEvent | None) -> None:
        """Offer to unpin."""
        row = -1 if event is None else self.rowAt(event.pos().y())
        if event is not None and row >= 0:
            menu = QMenu(self)
            menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
            menu.addAction("Unpin", lambda: self.owner.unpin(row))
            menu.popup(event.globalPos())
