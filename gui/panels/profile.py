"""The profile: how long each operation of a training step takes, as bars, and how near it is to the machine's peak."""

from __future__ import annotations

from PyQt6.QtCore import QModelIndex, QRect, QRectF, QSize, Qt
from PyQt6.QtGui import QFontMetrics, QPainter
from PyQt6.QtWidgets import (
    QComboBox,
    QHBoxLayout,
    QListWidget,
    QListWidgetItem,
    QPushButton,
    QSizePolicy,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QVBoxLayout,
    QWidget,
)

from fastnn.engine.peak import Peak
from fastnn.engine.profiling import ORDERS, Profile, Timing
from gui import theme
from gui.panels.background import Background
from gui.panels.words import Plain, Rich, tip_of
from gui.profiling import Measurement, duration, rates, summary, tip, title
from gui.session import Session

ROW, BAR, EDGE = 52, 7, 8
TIMING = Qt.ItemDataRole.UserRole
IDLE = "Measures how long each operation of this training step takes, on copies, while the window goes on."
LEGEND = "Bar: time. Its full part: the time that this machine would need at its peak. Click: look at the step."
LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
WORDS = {"run": "as run", "time": "slowest first"}


class ProfilePanel(QWidget):
    """Bars of time, one for each row of the plan; measured when asked to.

    Args:
        session: Whose training step is measured; a click looks at the step of a row.
    """

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.session = session
        self.found: Profile | None = None
        self._machine: Peak | None = None
        self._measurement: Measurement | None = None
        self._background = Background(self)
        self._background.done.connect(self._show_result)
        self.summary, self.legend = Rich(IDLE), Plain(LEGEND)
        for label, name in ((self.summary, "Summary of the profile"), (self.legend, "How to read the bars")):
            label.setWordWrap(True)
            label.setAccessibleName(name)
        self.button, self.order = QPushButton("Measure"), QComboBox()
        self.button.clicked.connect(self.press)
        self.order.setAccessibleName("Order of the operations")
        self.order.addItems([WORDS[by] for by in ORDERS])
        self.order.activated.connect(self._fill)
        self.rows = QListWidget()
        self.rows.setAccessibleName("Time of each operation")
        self.rows.setItemDelegate(RowPainter(self))
        self.rows.setUniformItemSizes(True)
        self.rows.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.rows.itemClicked.connect(self._look)
        self.rows.itemActivated.connect(self._look)
        self._compose()
        self.forget()

    def _compose(self) -> None:
        controls = QHBoxLayout()
        self.order.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Preferred)
        controls.addWidget(self.button)
        controls.addStretch(1)
        controls.addWidget(self.order)
        column = QVBoxLayout(self)
        column.setContentsMargins(8, 6, 8, 6)
        column.addWidget(self.summary)
        column.addLayout(controls)
        column.addWidget(self.rows, 1)
        column.addWidget(self.legend)

    # ------------------------------------------------------------ measuring

    @property
    def busy(self) -> bool:
        """Whether a measurement is under way."""
        return self._measurement is not None

    def press(self) -> None:
        """Measure, or stop measuring."""
        if self.busy:
            self.cancel("stopped")
        elif self.session.training:
            self.summary.setText("Training runs; pause it to measure.")
        else:
            self._measurement = Measurement(self.session, self._machine)
            self._background.ask(self._measurement.run)
            self._name_button()
            self.summary.setText("Measuring …")

    def cancel(self, why: str = "") -> None:
        """Measure no more, and want no answer."""
        if self._measurement is not None:
            self._measurement.stop()
            self._measurement = None
            self._background.forget()
            self._name_button()
            self.summary.setText(why or IDLE)

    def _show_result(self, result: Profile | str | None) -> None:
        self._measurement = None
        if isinstance(result, Profile):
            self.found, self._machine = result, result.machine
            self.summary.setText(summary(result))
            self._fill()
        else:
            self.summary.setText(result or "could not be measured")
        self._name_button()

    def _name_button(self) -> None:
        self.button.setText("Stop" if self.busy else "Measure again" if self.found is not None else "Measure")

    def forget(self) -> None:
        """Show nothing of a run that was left."""
        self.cancel()
        self.found = None
        self.summary.setText(IDLE)
        self._name_button()
        self._fill()

    # ------------------------------------------------------------ showing

    def _fill(self) -> None:
        self.rows.clear()
        self.legend.setVisible(self.found is not None)
        self.order.setVisible(self.found is not None)
        for timing in self.found.ordered(ORDERS[self.order.currentIndex()]) if self.found is not None else ():
            item = QListWidgetItem(f"{timing.line.layer}: {title(timing)}, {duration(timing.best)}, {rates(timing)}")
            item.setData(TIMING, timing)
            item.setToolTip(tip_of(tip(timing)))
            self.rows.addItem(item)

    def refresh(self) -> None:
        """The step shown is another one, or training has begun or ended."""
        if self.session.training:
            self.cancel("Training has begun; pause it to measure.")
        view = self.rows.viewport()
        if view is not None and self.isVisible():
            view.update()

    def restyle(self) -> None:
        """Rows of the theme's height."""
        self.rows.scheduleDelayedItemsLayout()

    def _look(self, item: QListWidgetItem) -> None:
        first = item.data(TIMING).line.steps[0]
        if first < len(self.session.steps):  # another batch may have a list of its own
            self.session.look(first)

    def longest(self) -> float:
        """Seconds of the longest bar."""
        return max((t.best for t in self.found.rows), default=0.0) if self.found is not None else 0.0


class RowPainter(QStyledItemDelegate):
    """Paints a row: layer and work, its time, the bar, and how fast that is."""

    def __init__(self, panel: ProfilePanel) -> None:
        super().__init__(panel)
        self.panel = panel

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex) -> QSize:
        """All rows are equally high."""
        return QSize(100, theme.px(ROW))

    def paint(self, painter: QPainter | None, option: QStyleOptionViewItem, index: QModelIndex) -> None:
        """Paint one row."""
        if painter is None:
            return
        timing: Timing = index.data(TIMING)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        t, rect = theme.current(), option.rect
        if self.panel.session.shown_index() in timing.line.steps:
            painter.fillRect(rect, t.tint("accent", 46 if t.dark else 34))
        inner = rect.adjusted(EDGE, 3, -EDGE, -3)
        half = (inner.height() - theme.px(BAR)) // 2
        self._head(painter, QRect(inner.left(), inner.top(), inner.width(), half), timing)
        self._bar(painter, QRectF(inner.left(), inner.top() + half, inner.width(), theme.px(BAR)), timing)
        self._foot(painter, QRect(inner.left(), inner.bottom() - half + 1, inner.width(), half), timing)
        painter.restore()

    def _head(self, painter: QPainter, rect: QRect, timing: Timing) -> None:
        t = theme.current()
        painter.setPen(t.colour("text"))
        rect = self._right(painter, rect, duration(timing.best), 9.5)
        layer = timing.line.layer or timing.line.phase
        painter.setFont(theme.text_font(9, bold=True))
        metrics = QFontMetrics(painter.font())
        short = metrics.elidedText(layer, Qt.TextElideMode.ElideRight, rect.width() // 2)
        painter.drawText(rect, LEFT, short)
        rect.setLeft(rect.left() + metrics.horizontalAdvance(short) + 6)
        self._left(painter, rect, title(timing))

    def _foot(self, painter: QPainter, rect: QRect, timing: Timing) -> None:
        painter.setPen(theme.current().colour("muted"))
        rect = self._right(painter, rect, f"{timing.share:.1%}", 9)
        self._left(painter, rect, rates(timing))

    def _right(self, painter: QPainter, rect: QRect, text: str, size: float) -> QRect:
        """Draw text at the right; returns the room that it leaves."""
        painter.setFont(theme.tabular(theme.text_font(size)))
        painter.drawText(rect, RIGHT, text)
        return rect.adjusted(0, 0, -QFontMetrics(painter.font()).horizontalAdvance(text) - 8, 0)

    def _left(self, painter: QPainter, rect: QRect, text: str) -> None:
        painter.setFont(theme.text_font(9))
        short = QFontMetrics(painter.font()).elidedText(text, Qt.TextElideMode.ElideRight, rect.width())
        painter.drawText(rect, LEFT, short)

    def _bar(self, painter: QPainter, rect: QRectF, timing: Timing) -> None:
        t, longest = theme.current(), self.panel.longest()
        width = rect.width() * timing.best / longest if longest else 0.0
        painter.fillRect(rect, t.tint("muted", 40))
        painter.fillRect(QRectF(rect.left(), rect.top(), width, rect.height()), t.tint(timing.line.phase, 110))
        full = QRectF(rect.left(), rect.top(), width * min(timing.peak, 1.0), rect.height())
        painter.fillRect(full, t.colour(timing.line.phase))
