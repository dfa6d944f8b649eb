"""The gradient check: analytic and numeric derivatives side by side, one number after the other."""

from __future__ import annotations

from collections.abc import Iterator

from PyQt6.QtCore import Qt, QTimer
from PyQt6.QtGui import QColor
from PyQt6.QtWidgets import (
    QAbstractItemView,
    QDialog,
    QHeaderView,
    QPushButton,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from fastnn.engine.slopes import TOLERANCE, Slope, Slopes
from gui import theme as themes
from gui.content import base_name
from gui.numbers import cell_label, format_number
from gui.panels.words import Plain, tip_of
from gui.session import Session

HEAD = ("weight", "analytic", "numeric", "relative\nerror", "")
KINK = "near a kink: the slopes on its two sides differ"
CELLS = 4  # of each parameter


class GradientCheck(QDialog):
    """Checks sampled weights, and the selected number if it has a gradient; the window stays alive meanwhile.

    Args:
        session: What is checked, at its position.
        parent: The window.
    """

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Gradient check")
        self.session = session
        self.rows: list[Slope] = []
        self.table = QTableWidget(0, len(HEAD), self)
        self.table.setAccessibleName("Analytic and numeric gradients")
        self.table.setHorizontalHeaderLabels(list(HEAD))
        self.table.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        self.table.setWordWrap(False)
        self.table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.table.cellActivated.connect(self._select)
        self.table.cellDoubleClicked.connect(self._select)
        header, numbers = self.table.horizontalHeader(), self.table.verticalHeader()
        if header is not None and numbers is not None:
            header.setMinimumSectionSize(themes.px(24))
            header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
            header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
            numbers.hide()
        self.verdict = Plain("", self)
        self.verdict.setWordWrap(True)
        self.again = QPushButton("Check again", self)
        self.again.clicked.connect(self.begin)
        layout = QVBoxLayout(self)
        for widget in (self._intro(), self.table, self.verdict, self.again):
            layout.addWidget(widget)
        self.resize(themes.dialog_size(620, 460))
        self._left: Iterator[Slope] = iter(())
        self._timer = QTimer(self)
        self._timer.timeout.connect(self._one)
        self.begin()

    def _intro(self) -> Plain:
        label = Plain(
            "The engine's gradient beside the slope of the loss, (L(w+h) − L(w−h)) / 2h, computed in float64 on the "
            f"same batch. They agree if they differ by less than {TOLERANCE:g} of the tensor's largest gradient.",
            self,
        )
        label.setWordWrap(True)
        return label

    def begin(self) -> None:
        """Check once more."""
        self.rows.clear()
        self.table.setRowCount(0)
        self._left = self._slopes()
        self._timer.start(0)
        self._say()

    def _slopes(self) -> Iterator[Slope]:
        slopes = Slopes(self.session.stepper)
        cell = self.session.selection
        if cell is not None and self.session.gradient_of(base_name(cell[0])) is not None:
            yield slopes.of(base_name(cell[0]), cell[1])
        yield from slopes.sample(CELLS)

    def _one(self) -> None:
        if self.session.training:
            self._stop("Training runs; pause, then check again.")
            return
        if not self.isVisible():
            self._stop("")
            return
        try:
            slope = next(self._left, None)
        except Exception as error:  # whatever is wrong with the step must not close the window
            self._stop(f"{type(error).__name__}: {error}")
            return
        if slope is None:
            self._timer.stop()
            self._say()
        else:
            self.rows.append(slope)
            self._add(slope)

    def _stop(self, text: str) -> None:
        self._timer.stop()
        self._left = iter(())
        self.verdict.setText(text)

    @property
    def running(self) -> bool:
        """Whether numbers are still to come."""
        return self._timer.isActive()

    def _add(self, slope: Slope) -> None:
        row = self.table.rowCount()
        self.table.insertRow(row)
        remark = "kink" if slope.kink else "" if slope.holds else "differs"
        texts = (
            cell_label(slope.name, slope.index),
            format_number(slope.analytic, 6),
            format_number(slope.numeric, 6),
            format_number(slope.error, 2),
            remark,
        )
        theme = themes.current()
        colour = QColor(theme.bad if not slope.holds else theme.muted if slope.kink else theme.text)
        for column, text in enumerate(texts):
            item = QTableWidgetItem(text)
            item.setForeground(colour)
            item.setToolTip(tip_of(KINK if slope.kink and column == 4 else text))
            if 0 < column < 4:
                item.setTextAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
            self.table.setItem(row, column, item)
        self._say()

    def _say(self) -> None:
        bad = [s for s in self.rows if not s.holds]
        kinks = sum(s.kink for s in self.rows)
        worst = max((s.error for s in self.rows if not s.kink), default=0.0)
        said = f"{len(self.rows)} numbers, largest relative error {format_number(worst, 2)}"
        said += f", {kinks} near a kink" if kinks else ""
        said += f"; {len(bad)} DIFFER" if bad else "; all agree" if self.rows and not self.running else ""
        theme = themes.current()
        self.verdict.setStyleSheet(f"color: {theme.bad if bad else theme.good if self.rows else theme.muted}")
        self.verdict.setText(said + (" …" if self.running else ""))

    def _select(self, row: int, _: int) -> None:
        slope = self.rows[row]
        gradient = self.session.gradient_of(slope.name)
        known = gradient is not None and self.session.computed(gradient)
        self.session.select(str(gradient) if known else slope.name, slope.index)
