"""How well the network does on its data now: confusion matrix, accuracy, and the samples it is worst at."""

from __future__ import annotations

import weakref
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PyQt6.QtCore import QPointF, QRectF, QSize, Qt, QTimer, pyqtSignal
from PyQt6.QtGui import QColor, QFontMetrics, QIcon, QImage, QMouseEvent, QPainter, QPaintEvent, QPixmap, QShowEvent
from PyQt6.QtWidgets import (
    QComboBox,
    QListWidget,
    QListWidgetItem,
    QSizePolicy,
    QSplitter,
    QVBoxLayout,
    QWidget,
)

from fastnn.engine.assessing import Assessment, assess
from gui import theme
from gui.numbers import format_number
from gui.panels.words import Plain, Rich, tip_of
from gui.session import Session

MOST_ROWS = 2000
COUNTING = "counting …"
MOST_CLASSES = 46
WORST = 30
DELAY = 150  # milliseconds of quiet before a new look
ROW = Qt.ItemDataRole.UserRole
THUMBNAIL = 32


class MetricsPanel(QWidget):
    """Confusion matrix and worst samples.

    Signals `chosen(row)` with the row number of the sample that was clicked.

    Args:
        session: Whose network is looked at.
    """

    chosen = pyqtSignal(int)

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.session = session
        self.found: Assessment | None = None
        self._key: object = None
        self.summary, self.output = Rich(COUNTING), QComboBox()
        self.output.hide()
        self.summary.setWordWrap(True)
        self.summary.setAccessibleName("Summary")
        self.output.setAccessibleName("Output")
        self.output.activated.connect(self._show)
        self.matrix = ConfusionMatrix()
        self.matrix.cell_clicked.connect(self.show_cell)
        self.worst = QListWidget()
        self.worst.setAccessibleName("Worst samples")
        self.worst.setIconSize(QSize(THUMBNAIL, THUMBNAIL))
        self.worst.itemClicked.connect(lambda item: self.chosen.emit(int(item.data(ROW))))
        self.worst.itemActivated.connect(lambda item: self.chosen.emit(int(item.data(ROW))))
        self.heading = Plain("Worst samples: a click brings one onto the stage")
        self.heading.setWordWrap(True)
        lower = QWidget()
        below = QVBoxLayout(lower)
        below.setContentsMargins(0, 0, 0, 0)
        below.addWidget(self.heading)
        below.addWidget(self.worst, 1)
        parts = QSplitter(Qt.Orientation.Vertical)
        parts.addWidget(self.matrix)
        parts.addWidget(lower)
        parts.setChildrenCollapsible(False)
        column = QVBoxLayout(self)
        column.setContentsMargins(8, 6, 8, 6)
        for widget in (self.summary, self.output):
            column.addWidget(widget)
        column.addWidget(parts, 1)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self.look)

    def showEvent(self, event: QShowEvent | None) -> None:
        """Look when it comes to sight."""
        super().showEvent(event)
        self.refresh()

    def refresh(self) -> None:
        """Look anew, once the session has come to rest; while hidden, never."""
        if self.isVisible() and not self.session.training and self._state() != self._key:
            self._timer.start(DELAY)

    def forget(self) -> None:
        """Show nothing of a run that was left: its rows are not those of the data there are now."""
        self.found = self._key = None
        self.worst.clear()
        self.matrix.show_counts(None)
        self.summary.setText(COUNTING)

    def _state(self) -> object:
        """What the numbers depend on: the run, and the position within it."""
        return weakref.ref(self.session.stepper), self.session.moment.position, len(self.session.losses)

    def rows(self) -> NDArray[np.int64]:
        """The rows looked at: all, or evenly chosen ones of many."""
        count = len(next(iter(self.session.stepper.data.values())))
        return np.unique(np.linspace(0, count - 1, min(count, MOST_ROWS)).round().astype(np.int64))

    def look(self) -> None:
        """Run the network on its data and show what comes of it."""
        if self.session.training:
            return
        self._key = self._state()
        self.found = assess(self.session.stepper, self.rows())
        names = list(self.found.outputs)
        if [self.output.itemText(k) for k in range(self.output.count())] != names:
            self.output.clear()
            self.output.addItems(names)
        self.output.setVisible(len(names) > 1)
        self._show()

    def _show(self) -> None:
        found = self.found
        if found is None:
            return
        output = max(self.output.currentIndex(), 0)
        confusion = found.confusion(output)
        fits = confusion is not None and len(confusion) <= MOST_CLASSES
        self.matrix.show_counts(confusion if fits else None)
        self.matrix.setVisible(fits)
        self.summary.setText(self._summary(found, confusion))
        self._list(found.worst(WORST), output)

    def _summary(self, found: Assessment, confusion: NDArray[np.int64] | None) -> str:
        total = len(next(iter(self.session.stepper.data.values())))
        count = (
            f"{len(found.rows):,} samples" if len(found.rows) == total else f"{len(found.rows):,} of {total:,} samples"
        )
        text = f"{count} · mean loss <b>{format_number(float(np.mean(found.losses)), 4)}</b>"
        if confusion is None:
            return f"{text} · no classes to count"
        right = int(np.trace(confusion))
        return f"{text} · accuracy <b>{100 * right / max(confusion.sum(), 1):.1f} %</b> ({right:,} right)"

    def show_cell(self, true: int, predicted: int) -> None:
        """List the samples of one cell of the matrix, the worst first."""
        found, output = self.found, max(self.output.currentIndex(), 0)
        classes = found.classes(output) if found is not None else None
        if found is None or classes is None:
            return
        order = found.worst(len(found.rows))
        here = order[(classes[0][order] == true) & (classes[1][order] == predicted)]
        self._list(here[:WORST], output, f"Class {true} taken for {predicted}: {len(here):,} samples, worst first")

    def _list(self, places: Sequence[int] | NDArray[np.int64], output: int, heading: str = "") -> None:
        found = self.found
        assert found is not None
        classes = found.classes(output)
        self.heading.setText(heading or "Worst samples: a click brings one onto the stage")
        self.worst.clear()
        for place in places:
            text = f"row {found.rows[place]:,} · loss {format_number(float(found.losses[place]), 4)}"
            if classes is not None:
                text += f"\ntrue {classes[0][place]}, predicted {classes[1][place]}"
            item = QListWidgetItem(text)
            item.setData(ROW, int(found.rows[place]))
            picture = self._thumbnail(int(found.rows[place]))
            if picture is not None:
                item.setIcon(picture)
            self.worst.addItem(item)

    def _thumbnail(self, row: int) -> QIcon | None:
        """The sample as a small grey picture, if it is one."""
        array = self.session.stepper.data[self.session.listing.inputs[0]][row]
        if array.ndim not in (2, 3) or (array.ndim == 3 and array.shape[2] not in (1, 3)) or min(array.shape[:2]) < 4:
            return None
        grey = np.asarray(array, np.float64).reshape(*array.shape[:2], -1).mean(2)
        span = float(np.ptp(grey)) or 1.0
        bytes_ = np.ascontiguousarray((grey - grey.min()) / span * 255, np.uint8)
        image = QImage(bytes_.tobytes(), grey.shape[1], grey.shape[0], grey.shape[1], QImage.Format.Format_Grayscale8)
        return QIcon(QPixmap.fromImage(image.copy()).scaled(THUMBNAIL, THUMBNAIL))


class ConfusionMatrix(QWidget):
    """Counts of true (rows) and predicted classes (columns); the darker, the more of its row.

    Signals `cell_clicked(true, predicted)`.
    """

    cell_clicked = pyqtSignal(int, int)

    def __init__(self) -> None:
        super().__init__()
        self.counts: NDArray[np.int64] | None = None
        self.setMinimumHeight(120)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setAccessibleName("Confusion matrix: true classes down, predicted ones to the right")

    def show_counts(self, counts: NDArray[np.int64] | None) -> None:
        """Show a matrix."""
        self.counts = counts
        words = "Rows: true class. Columns: predicted class. Click: list its samples."
        self.setToolTip(tip_of("" if counts is None else words))
        self.update()

    def cell_rect(self, true: int, predicted: int) -> QRectF:
        """Where a cell is."""
        n = 1 if self.counts is None else len(self.counts)
        left, top = theme.px(34), theme.px(34)
        side = min((self.width() - left - 4) / n, (self.height() - top - 4) / n, theme.px(64))
        return QRectF(left + predicted * side, top + true * side, side, side)

    def mousePressEvent(self, event: QMouseEvent | None) -> None:
        """Tell which cell was clicked."""
        if event is None or self.counts is None:
            return
        for true in range(len(self.counts)):
            for predicted in range(len(self.counts)):
                if self.cell_rect(true, predicted).contains(event.position()):
                    self.cell_clicked.emit(true, predicted)

    def paintEvent(self, event: QPaintEvent | None) -> None:
        """Draw counts, class numbers and the names of the axes."""
        if self.counts is None:
            return
        painter = QPainter(self)
        t, n = theme.current(), len(self.counts)
        first, last = self.cell_rect(0, 0), self.cell_rect(n - 1, n - 1)
        painter.setFont(theme.text_font(8))
        painter.setPen(t.colour("muted"))
        middle = Qt.AlignmentFlag.AlignCenter
        painter.drawText(QRectF(first.left(), 0, last.right() - first.left(), theme.px(16)), middle, "predicted")
        painter.save()
        painter.translate(QPointF(theme.px(8), (first.top() + last.bottom()) / 2))
        painter.rotate(-90)
        painter.drawText(QRectF(-100, -theme.px(8), 200, theme.px(16)), middle, "true")
        painter.restore()
        every = max(1, int(np.ceil(theme.px(16) / first.width())))
        for k in range(0, n, every):
            across, down = self.cell_rect(0, k), self.cell_rect(k, 0)
            painter.drawText(
                QRectF(across.left() - 20, theme.px(16), across.width() + 40, theme.px(16)), middle, str(k)
            )
            painter.drawText(QRectF(theme.px(16), down.top() - 20, theme.px(18), down.height() + 40), middle, str(k))
        self._cells(painter)

    def _cells(self, painter: QPainter) -> None:
        counts = self.counts
        assert counts is not None
        t = theme.current()
        shares = counts / np.maximum(counts.sum(1, keepdims=True), 1)
        metrics = QFontMetrics(painter.font())
        largest = metrics.horizontalAdvance(f"{counts.max():,}")
        for (true, predicted), count in np.ndenumerate(counts):
            cell = self.cell_rect(true, predicted)
            ground = theme.mix(t.panel, t.good if true == predicted else t.bad, 0.85 * float(shares[true, predicted]))
            painter.fillRect(cell.adjusted(0.5, 0.5, -0.5, -0.5), ground)
            if count and cell.width() > largest + 2 and cell.height() > metrics.height():
                painter.setPen(readable(ground))
                painter.drawText(cell, Qt.AlignmentFlag.AlignCenter, f"{count:,}")
        painter.setPen(t.colour("line"))
        painter.drawRect(self.cell_rect(0, 0).united(self.cell_rect(len(counts) - 1, len(counts) - 1)))


def readable(ground: QColor) -> QColor:
    """Black or white, whichever is seen better on a colour."""
    black, white = QColor("#000000"), QColor("#ffffff")
    return max((black, white), key=lambda pen: theme.contrast(pen, ground))
