"""The command palette: type a few letters of what you want."""

from __future__ import annotations

from collections.abc import Sequence

from PyQt6.QtCore import QEvent, QObject, QSize, Qt
from PyQt6.QtGui import QKeyEvent, QPainter
from PyQt6.QtWidgets import (
    QDialog,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QVBoxLayout,
    QWidget,
)

from gui import theme
from gui.finding import Entry, best

HINT = Qt.ItemDataRole.UserRole
MOVES = (Qt.Key.Key_Up, Qt.Key.Key_Down, Qt.Key.Key_PageUp, Qt.Key.Key_PageDown)


class Hinted(QStyledItemDelegate):
    """A line with its key at the right."""

    def paint(self, painter: QPainter | None, option: QStyleOptionViewItem, index: object) -> None:
        """Draw the line."""
        super().paint(painter, option, index)  # type: ignore[arg-type]
        if painter is not None:
            chosen = bool(option.state & QStyle.StateFlag.State_Selected)
            painter.setPen(theme.current().colour("on_accent" if chosen else "muted"))
            room = option.rect.adjusted(0, 0, -8, 0)
            painter.drawText(room, int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter), index.data(HINT))  # type: ignore[attr-defined]

    def sizeHint(self, option: QStyleOptionViewItem, index: object) -> QSize:
        """A little more height than text needs."""
        return super().sizeHint(option, index) + QSize(0, 6)  # type: ignore[arg-type]


class Palette(QDialog):
    """A field and what answers to it; Enter does the first or chosen line, Escape nothing.

    Args:
        entries: Everything that can be done.
        parent: The window, over whose top it appears.
    """

    def __init__(self, entries: Sequence[Entry], parent: QWidget | None = None) -> None:
        super().__init__(parent, Qt.WindowType.Popup | Qt.WindowType.FramelessWindowHint)
        self.entries, self.found = list(entries), list(entries)
        self.chosen: Entry | None = None
        self.setWindowTitle("Find an action")
        self.field, self.list = QLineEdit(), QListWidget()
        self.field.setPlaceholderText("Find an action, a network, a lesson")
        self.field.setAccessibleName("Find an action")
        self.field.setFont(theme.text_font(12))
        self.list.setAccessibleName("What was found")
        self.list.setItemDelegate(Hinted(self.list))
        self.list.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.field.textChanged.connect(self.search)
        self.field.returnPressed.connect(self.take)
        self.field.installEventFilter(self)
        self.list.itemClicked.connect(lambda _: self.take())
        column = QVBoxLayout(self)
        column.setContentsMargins(8, 8, 8, 8)
        column.addWidget(self.field)
        column.addWidget(self.list)
        self.search("")
        self._place(parent)

    def _place(self, parent: QWidget | None) -> None:
        size = theme.dialog_size(620, 460)
        if parent is not None:
            size = size.boundedTo(parent.size() - QSize(40, 80))
            corner = parent.mapToGlobal(parent.rect().topLeft())
            self.move(corner.x() + (parent.width() - size.width()) // 2, corner.y() + 60)
        self.resize(size)

    def search(self, query: str) -> None:
        """Show what answers to a query."""
        self.found = best(query, self.entries)
        self.list.clear()
        for entry in self.found:
            item = QListWidgetItem(entry.text)
            item.setData(HINT, entry.hint)
            self.list.addItem(item)
        self.list.setCurrentRow(0)

    def take(self) -> None:
        """Close, and remember what was chosen."""
        row = self.list.currentRow()
        if 0 <= row < len(self.found):
            self.chosen = self.found[row]
            self.accept()

    def eventFilter(self, watched: QObject | None, event: QEvent | None) -> bool:
        """Arrow keys move in the list while the field keeps the focus."""
        if isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress and event.key() in MOVES:
            self.list.keyPressEvent(event)
            return True
        return super().eventFilter(watched, event)
