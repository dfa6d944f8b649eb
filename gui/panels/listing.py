"""The listing: the step list as a debugger shows a program, breakpoints in its margin."""

from __future__ import annotations

from typing import Any

from PyQt6.QtCore import QAbstractListModel, QModelIndex, QPointF, QRect, QSize, Qt
from PyQt6.QtGui import QColor, QFontMetrics, QMouseEvent, QPainter, QPolygonF, QResizeEvent
from PyQt6.QtWidgets import (
    QAbstractItemView,
    QListView,
    QStyledItemDelegate,
    QStyleOptionViewItem,
)

from fastnn.engine.graph import Step
from gui import theme
from gui.panels.words import tip_of
from gui.session import Session

MARGIN = 22
ROW = 21
CONTEXT = 2
MIDDLE = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
TextRole = Qt.ItemDataRole.DisplayRole


def line_of(step: Step, short: bool = False) -> str:
    """A step as a line of a program; the short form leaves out the layer's own name before its values."""
    outputs, inputs = (
        ", ".join(_own(n, step.layer) if short else n for n in names) for names in (step.outputs, step.inputs)
    )
    return f"{outputs} = {'∂' if step.backward else ''}{step.op.name}({inputs})"


def _own(name: str, layer: str) -> str:
    prefix = f"{layer}."
    return name[len(prefix) :] if layer and name.startswith(prefix) else name


class StepModel(QAbstractListModel):
    """The steps of one training step, a line each."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.session = session
        self.lines: tuple[str, ...] = ()

    def reload(self) -> None:
        """Take the session's step list."""
        self.beginResetModel()
        self.lines = tuple(line_of(step, short=True) for step in self.session.steps)
        self.endResetModel()

    def rowCount(self, parent: QModelIndex | None = None) -> int:
        """Number of steps."""
        return len(self.lines)

    def data(self, index: QModelIndex, role: int = TextRole) -> Any:
        """Text, tool tip, and what a screen reader says."""
        if not index.isValid():
            return None
        step = self.session.steps[index.row()]
        if role == TextRole:
            return self.lines[index.row()]
        if role == Qt.ItemDataRole.ToolTipRole:
            return tip_of(f"{line_of(step)}\n{step.formula}\nclick: look at it · double-click: run to here")
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return f"{step.phase}, {step.layer}: {line_of(step)}"
        return None


class LinePainter(QStyledItemDelegate):
    """Paints a line: breakpoint, arrow of the next step, number, phase, layer, text."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.session = session

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex) -> QSize:
        """All lines are equally high."""
        return QSize(100, theme.px(ROW))

    def paint(self, painter: QPainter | None, option: QStyleOptionViewItem, index: QModelIndex) -> None:
        """Paint one line."""
        if painter is None:
            return
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        self._background(painter, option.rect, index.row())
        self._margin(painter, option.rect, index.row())
        self._text(painter, option.rect, index.row(), str(index.data(TextRole)))
        painter.restore()

    def _background(self, painter: QPainter, rect: QRect, row: int) -> None:
        t = theme.current()
        painter.fillRect(QRect(rect.left(), rect.top(), MARGIN, rect.height()), t.colour("raised"))
        if row == self.session.shown_index():
            painter.fillRect(rect, t.tint("accent", 46 if t.dark else 34))

    def _margin(self, painter: QPainter, rect: QRect, row: int) -> None:
        t, y = theme.current(), rect.center().y() + 0.5
        painter.setPen(Qt.PenStyle.NoPen)
        if row in self.session.breakpoints:
            painter.setBrush(t.colour("bad"))
            painter.drawEllipse(QPointF(rect.left() + 8, y), 5, 5)
        if row == self.session.done:
            painter.setBrush(t.colour("accent"))
            x = rect.left() + 12
            painter.drawPolygon(QPolygonF([QPointF(x, y - 5), QPointF(x, y + 5), QPointF(x + 8, y)]))

    def _text(self, painter: QPainter, rect: QRect, row: int, text: str) -> None:
        t, step = theme.current(), self.session.steps[row]
        painter.setFont(theme.formula_font(9))
        metrics = QFontMetrics(painter.font())
        digits = metrics.horizontalAdvance("0") * len(str(len(self.session.steps)))
        x = rect.left() + MARGIN + 6
        line = QRect(x, rect.top(), digits, rect.height())
        painter.setPen(t.colour("muted"))
        painter.drawText(line, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, str(row + 1))
        painter.fillRect(QRect(line.right() + 7, rect.top(), 4, rect.height()), t.colour(step.phase))
        label = self._phase_label(row)
        taken = self._draw_label(painter, rect, label, t.colour(step.phase)) if label else 0
        space = QRect(line.right() + 19, rect.top(), rect.right() - line.right() - 23 - taken, rect.height())
        colour = t.colour("text" if row < self.session.done else "muted")
        if step.layer:
            space.setLeft(space.left() + self._draw_layer(painter, space, step.layer, colour))
        painter.setPen(colour)
        short = metrics.elidedText(text, Qt.TextElideMode.ElideRight, space.width())
        painter.drawText(space, MIDDLE, short)

    def _draw_layer(self, painter: QPainter, space: QRect, layer: str, colour: QColor) -> int:
        painter.save()
        painter.setFont(theme.text_font(9, bold=True))
        painter.setPen(colour)
        width = QFontMetrics(painter.font()).horizontalAdvance(layer) + 8
        painter.drawText(space, MIDDLE, layer)
        painter.restore()
        return width

    def _phase_label(self, row: int) -> str:
        steps = self.session.steps
        first = row == 0 or steps[row - 1].phase != steps[row].phase
        return steps[row].phase if first else ""

    def _draw_label(self, painter: QPainter, rect: QRect, label: str, colour: QColor) -> int:
        painter.save()
        painter.setFont(theme.text_font(8.5, bold=True))
        width = QFontMetrics(painter.font()).horizontalAdvance(label) + 12
        painter.setPen(colour)
        painter.drawText(rect.adjusted(0, 0, -8, 0), Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, label)
        painter.restore()
        return width


class ListingView(QListView):
    """The listing. Click: look at a step. Double-click: run to it. Click in the margin: breakpoint."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.session = session
        self.steps = StepModel(session)
        self.painter = LinePainter(session)
        self.setModel(self.steps)
        self.setItemDelegate(self.painter)
        self.setUniformItemSizes(True)
        self.setSelectionMode(QAbstractItemView.SelectionMode.NoSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setAccessibleName("Step list")
        self._listing: Any = None
        self._painted: tuple[Any, ...] = ()

    def sizeHint(self) -> QSize:
        """Wide enough for a line, high enough for ten."""
        return QSize(520, 10 * ROW)

    def refresh(self) -> None:
        """Follow the session."""
        if self.session.listing is not self._listing:
            self._listing = self.session.listing
            self.steps.reload()
            self._painted = ()
        self._bring_into_view()
        self._repaint()

    def _bring_into_view(self) -> None:
        """Show the current line, with some lines before and after it unless it has just been clicked on."""
        view, row, last = self.viewport(), self.session.shown_index(), self.steps.rowCount() - 1
        context = CONTEXT if self.session.looked is None else 0
        for near in (max(row - context, 0), min(row + context, last), row):
            if view is not None and not view.rect().contains(self.row_rect(near)):  # a line in sight would be repainted
                self.scrollTo(self.steps.index(near), QAbstractItemView.ScrollHint.EnsureVisible)

    def restyle(self) -> None:
        """Lines of the theme's height."""
        self.scheduleDelayedItemsLayout()

    def resizeEvent(self, event: QResizeEvent | None) -> None:
        """Keep the current line in view."""
        super().resizeEvent(event)
        self._bring_into_view()

    def _repaint(self) -> None:
        """Paint anew what looks otherwise: lines between the old place and the new one."""
        view, session = self.viewport(), self.session
        before, self._painted = self._painted, (session.done, session.shown_index(), frozenset(session.breakpoints))
        if view is None or before == self._painted:
            return
        if not before or before[2] != self._painted[2]:
            view.update()
            return
        changed = {
            *range(*sorted((before[0], session.done))),
            before[0],
            session.done,
            before[1],
            session.shown_index(),
        }
        for row in changed:
            view.update(self.row_rect(row))

    def mousePressEvent(self, event: QMouseEvent | None) -> None:
        """Breakpoint or look."""
        if event is None or event.button() != Qt.MouseButton.LeftButton:
            return
        row = self.indexAt(event.pos()).row()
        if row < 0:
            return
        if event.position().x() < MARGIN:
            self.session.toggle_breakpoint(row)
        else:
            self.setCurrentIndex(self.steps.index(row))
            self.session.look(row)

    def mouseDoubleClickEvent(self, event: QMouseEvent | None) -> None:
        """Run to a step."""
        if event is None or event.button() != Qt.MouseButton.LeftButton:
            return
        row = self.indexAt(event.pos()).row()
        if row >= 0 and event.position().x() >= MARGIN and not self.session.training:
            self.session.run_to_index(row)

    def row_rect(self, row: int) -> QRect:
        """Where a line is drawn."""
        return self.visualRect(self.steps.index(row))
