"""Run B beside the pinned run A: what differs, tensor by tensor, and a picture of the selected difference."""

from __future__ import annotations

import html
import math
from typing import Any

from PyQt6.QtCore import QAbstractTableModel, QModelIndex, Qt
from PyQt6.QtGui import QPalette
from PyQt6.QtWidgets import QAbstractItemView, QHeaderView, QSplitter, QTableView, QVBoxLayout, QWidget

from gui import theme
from gui.content import content_of
from gui.numbers import exact, format_number
from gui.panels.tensor_view import TensorView
from gui.panels.words import Rich, tip_of
from gui.runs import Difference
from gui.session import Session

HEADS = ("Value", "|B − A|", "of |A|")
MOST = 200  # values compared at a time
NOTHING = "No run is pinned. Ctrl+P keeps the run as it is now, as A; then change something and go on as B."
AWAY = "Run A is too far from this position to be brought here."


class DifferenceModel(QAbstractTableModel):
    """A line for every value: its largest difference, absolute and relative."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[Difference] = []

    def show(self, found: list[Difference]) -> None:
        """Show other differences."""
        same = [d.name for d in found] == [d.name for d in self.found]
        if same:
            self.found = found
            self.dataChanged.emit(self.index(0, 1), self.index(len(found) - 1, 2))
            return
        self.beginResetModel()
        self.found = found
        self.endResetModel()

    def rowCount(self, parent: QModelIndex | None = None) -> int:
        """Number of values."""
        return len(self.found)

    def columnCount(self, parent: QModelIndex | None = None) -> int:
        """Name, absolute, relative."""
        return len(HEADS)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Heads of the columns."""
        if role == Qt.ItemDataRole.ToolTipRole and section:
            return ("", "largest |B − A|", "the same, of the largest |A|")[section]
        shown = role == Qt.ItemDataRole.DisplayRole and orientation == Qt.Orientation.Horizontal
        return HEADS[section] if shown else None

    def data(self, index: QModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """A cell's text, and in its tool tip the exact number."""
        line, column = self.found[index.row()], index.column()
        number = (0.0, line.largest, line.relative)[column]
        if role == Qt.ItemDataRole.DisplayRole:
            return line.name if column == 0 else self._words(number, column)
        if role == Qt.ItemDataRole.ToolTipRole:
            return tip_of(line.name) if column == 0 else exact(number)
        if role == Qt.ItemDataRole.TextAlignmentRole and column:
            return Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        return None

    @staticmethod
    def _words(number: float, column: int) -> str:
        if column == 1:
            return format_number(number, 4)
        return f"{number:.2%}" if number == 0 or 1e-4 <= number < 1e4 else format_number(100 * number, 1) + "%"


class ComparePanel(QWidget):
    """The table of differences, and below it the selected value's as a picture."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.session = session
        self.head = Rich(NOTHING)
        self.head.setWordWrap(True)
        self.head.setContentsMargins(8, 4, 8, 4)
        self.head.setAlignment(Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignLeft)
        self.table, self.model = QTableView(), DifferenceModel()
        self._prepare_table()
        self.picture = TensorView()
        self.picture.setAccessibleName("Difference of the selected value")
        self.picture.setMinimumHeight(80)
        self.picture.clicked.connect(session.select)
        self.setAutoFillBackground(True)
        self.setBackgroundRole(QPalette.ColorRole.Base)
        self.split = QSplitter(Qt.Orientation.Vertical)
        self.split.addWidget(self.table)
        self.split.addWidget(self.picture)
        self.split.setSizes([300, 240])
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.head)
        column.addWidget(self.split, 1)

    def _prepare_table(self) -> None:
        self.table.setModel(self.model)
        self.table.setAccessibleName("Differences between the runs")
        self.table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.table.setShowGrid(False)
        self.table.setWordWrap(False)
        self.table.clicked.connect(self._chosen)
        self.table.activated.connect(self._chosen)
        rows, columns = self.table.verticalHeader(), self.table.horizontalHeader()
        if rows is not None and columns is not None:
            rows.hide()
            rows.setDefaultSectionSize(theme.px(22))
            columns.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
            columns.setMinimumSectionSize(theme.px(56))
            for column in (1, 2):
                columns.setSectionResizeMode(column, QHeaderView.ResizeMode.ResizeToContents)

    def _chosen(self, index: QModelIndex) -> None:
        name = self.model.found[index.row()].name
        if self.session.selection is None or self.session.selection[0] != name:
            self.session.select(name, (0,) * len(self.session.listing.values[name].shape))

    def refresh(self) -> None:
        """Follow the session while the panel can be seen."""
        if not self.isVisible() or self.session.training:
            return
        found = self.differences()
        self.head.setText(self._head(found))
        self.model.show(found)
        self.split.setVisible(bool(found))
        if found:
            self._show_picture(found)

    def showEvent(self, event: Any) -> None:
        """Catch up with the session."""
        super().showEvent(event)
        self.refresh()

    def differences(self) -> list[Difference]:
        """The parameters, and what the shown step reads and writes."""
        s = self.session
        if s.pin is None:
            return []
        step = s.shown_step()
        parameters = [n for n, v in s.listing.values.items() if v.role == "parameter"]
        names = list(dict.fromkeys([*step.outputs, *step.inputs, *parameters]))[:MOST]
        return [d for d in map(s.difference, names) if d is not None]

    def _head(self, found: list[Difference]) -> str:
        if self.session.pin is None:
            return NOTHING
        if not found:
            return AWAY
        changed = f"<b>B</b>: {html.escape(self.session.changes)}"
        worst = max(found, key=lambda d: math.inf if math.isnan(d.largest) else d.largest)
        if worst.largest == 0:
            return f"{changed}.<br>No bit differs from <b>A</b> here."
        return f"{changed}.<br>Largest difference from <b>A</b> here: {html.escape(worst.name)}"

    def _show_picture(self, found: list[Difference]) -> None:
        chosen = self.session.selection[0] if self.session.selection else ""
        line = next((d for d in found if d.name == chosen), found[0])
        content = content_of(self.session, line.name, "B − A", line.array, sample=self.session.sample)
        self.picture.show_content(content)
        self.picture.set_numbers(self.session.numbers)
        self.picture.set_digits(self.session.digits)
