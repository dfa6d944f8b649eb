"""The tape: one tick per operation, over the loss curve and on its axis of training steps."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from PyQt6.QtCore import QPointF, QRectF, Qt, pyqtSignal
from PyQt6.QtGui import QMouseEvent, QPainter, QPaintEvent, QPen, QPolygonF, QWheelEvent
from PyQt6.QtWidgets import QSizePolicy, QWidget

from gui import theme
from gui.panels.listing import line_of
from gui.panels.words import tip_of
from gui.session import Session

EDGE = 8
NARROWEST = 1.5  # pixels of an operation that is painted on its own
LEGIBLE = 3.0  # pixels that an operation needs on the axis to be told from its neighbours
TOP, BOTTOM, RULER, HEIGHT = 9, 22, 30, 36  # of ticks; where the ruler begins; of the whole


@dataclass(frozen=True)
class Axis:
    """Training steps across a widget: step k begins at k, and its loss is drawn at k + 1, where it ends.

    Args:
        left: Pixel of the axis' left end.
        right: Pixel of its right end.
        low: What stands at the left end.
        high: What stands at the right end.
    """

    left: float
    right: float
    low: float
    high: float

    @property
    def unit(self) -> float:
        """Pixels of one training step."""
        return (self.right - self.left) / (self.high - self.low)

    def pixel(self, x: float) -> float:
        """Where a place of the axis lies."""
        return self.left + (x - self.low) * self.unit

    def place(self, pixel: float) -> float:
        """What lies at a pixel."""
        return self.low + (pixel - self.left) / self.unit


@dataclass(frozen=True)
class Ticks:
    """Where the operations of training steps are drawn.

    Args:
        axis: The axis of the curve below; None while there is none.
        width: Width of the tape.
        shown: The training step shown.
        done: Operations of it that are done.
        count: Operations of a training step.
    """

    axis: Axis | None
    width: float
    shown: int
    done: int
    count: int

    @property
    def legible(self) -> bool:
        """Whether operations can be told from each other on the axis, and the place of the run is on it."""
        if self.axis is None or self.axis.unit < LEGIBLE * self.count:
            return False
        return self.axis.low <= self.shown + self.done / self.count <= self.axis.high

    @property
    def bottom(self) -> int:
        """Where ticks end: where operations are drawn out, a ruler is below them."""
        return BOTTOM if self.axis is not None and not self.legible else RULER

    def ends(self) -> tuple[float, float]:
        """Left and right pixel of the training step shown: its place on the axis, or the whole width."""
        if self.axis is None:
            return EDGE, max(self.width - EDGE, EDGE + 1)
        if self.legible:
            return self.axis.pixel(self.shown), self.axis.pixel(self.shown + 1)
        return self.axis.left, self.axis.right

    def tick(self, index: int, ends: tuple[float, float] | None = None) -> QRectF:
        """Where an operation is drawn, of the training step shown or of one between other ends."""
        left, right = ends or self.ends()
        width = (right - left) / max(self.count, 1)
        return QRectF(left + index * width, TOP, width, self.bottom - TOP)


class Tape(QWidget):
    """One tick per operation, coloured by phase, breakpoints as dots; a click runs to it.

    While operations are wide enough on the axis of the curve below, those of all its training steps lie there.
    Otherwise the training step shown is drawn out over the whole width, with lines to its place on the axis.
    Signal `zoomed(factor, place)` asks for another part of the axis.

    Args:
        session: What is shown.
        axis: Gives the axis of the curve below, in this widget's pixels; None while there is none.
        travel: Called with the position that a click asks for.
    """

    zoomed = pyqtSignal(float, float)

    def __init__(
        self,
        session: Session,
        axis: Callable[[QWidget], Axis | None] | None = None,
        travel: Callable[[int], Any] | None = None,
    ) -> None:
        super().__init__()
        self.session, self.travel = session, travel or session.goto
        self._axis = axis or (lambda widget: None)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setFixedHeight(HEIGHT)
        self.setMouseTracking(True)
        self.setAccessibleName("Tape of the training step")

    def refresh(self) -> None:
        """Follow the session."""
        self.update()

    # ------------------------------------------------------------ places

    def axis(self) -> Axis | None:
        """The axis of the curve below, or None."""
        found = self._axis(self)
        return found if found is not None and found.high > found.low and found.right > found.left else None

    def ticks(self) -> Ticks:
        """Where operations are drawn now."""
        moment = self.session.moment
        return Ticks(self.axis(), self.width(), moment.shown, moment.done, len(moment.steps))

    def position_at(self, x: float, y: float) -> int | None:
        """The position that a point stands for: behind an operation, or where a training step begins."""
        ticks, moment, count = self.ticks(), self.session.moment, len(self.session.steps)
        if ticks.axis is not None and (ticks.legible or y >= RULER):
            place = ticks.axis.place(x)
            step = int(place // 1)
            if not ticks.legible:
                return moment.start_of(max(round(place), 0))
            if step < 0 or (step != moment.shown and not moment.alike):
                return None
            return moment.start_of(step) + min(int((place - step) * count), count - 1) + 1
        left, right = ticks.ends()
        return moment.start + min(max(int((x - left) / max(right - left, 1) * count), 0), count - 1) + 1

    # ------------------------------------------------------------ painting

    def paintEvent(self, event: QPaintEvent | None) -> None:
        """Paint ticks, cursor, breakpoints and the ruler."""
        painter, ticks = QPainter(self), self.ticks()
        axis = ticks.axis
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if axis is not None and ticks.legible:
            painter.setClipRect(QRectF(axis.left, 0, axis.right - axis.left + 1, self.height()))
            for step in self._visible(axis):
                self._step(painter, ticks, (axis.pixel(step), axis.pixel(step + 1)), step)
        else:
            self._step(painter, ticks, ticks.ends(), ticks.shown)
            if axis is not None:
                self._ruler(painter, axis)
        self._cursor(painter, ticks)
        painter.end()

    def _visible(self, axis: Axis) -> list[int]:
        """Training steps on the axis whose operations are known: all, or where lists differ the one shown."""
        moment = self.session.moment
        if not moment.alike:
            return [moment.shown]
        return list(range(max(int(axis.low), 0), int(axis.high) + 1))

    def _step(self, painter: QPainter, ticks: Ticks, ends: tuple[float, float], step: int) -> None:
        session, t = self.session, theme.current()
        done = ticks.done if step == ticks.shown else ticks.count * (step < ticks.shown)
        first = ticks.tick(0, ends)
        gap = 1.0 if first.width() > 5 else 0.0
        for begin, end in self._runs(done, first.width() < NARROWEST):
            box = QRectF(first.left() + begin * first.width(), TOP, (end - begin) * first.width(), first.height())
            phase = session.steps[begin].phase
            painter.fillRect(box.adjusted(gap, 0, -gap, 0), t.colour(phase) if begin < done else t.tint(phase, 76))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(t.colour("bad"))
        for i in session.breakpoints:
            painter.drawEllipse(QPointF(first.left() + (i + 0.5) * first.width(), 5), 3, 3)
        if step == ticks.shown:
            painter.setPen(QPen(t.colour("text"), 1.5))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            box = first.translated(session.shown_index() * first.width(), 0)
            painter.drawRect(box.adjusted(gap / 2, -2, -gap / 2, 2))

    def _runs(self, done: int, together: bool) -> list[tuple[int, int]]:
        """Operations that are painted as one: each alone, or where they are narrow all of a phase that are done."""
        steps = self.session.steps
        if not together:
            return [(i, i + 1) for i in range(len(steps))]
        cuts = [i for i in range(1, len(steps)) if i == done or steps[i].phase != steps[i - 1].phase]
        return list(pairwise([0, *cuts, len(steps)]))

    def _ruler(self, painter: QPainter, axis: Axis) -> None:
        """The training steps done on the axis, the one shown, and lines from it to its operations."""
        t, shown = theme.current(), self.session.moment.shown
        left, right = (min(max(axis.pixel(x), axis.left), axis.right) for x in (shown, shown + 1))
        painter.fillRect(QRectF(axis.left, RULER, axis.right - axis.left, HEIGHT - RULER), t.colour("raised"))
        start = max(axis.pixel(0), axis.left)
        painter.fillRect(QRectF(start, RULER, max(left - start, 0), HEIGHT - RULER), t.colour("line"))
        painter.fillRect(QRectF(left, RULER, max(right - left, 2), HEIGHT - RULER), t.colour("accent"))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(t.tint("accent", 38))
        corners = (axis.left, BOTTOM), (axis.right, BOTTOM), (max(right, left + 2), RULER), (left, RULER)
        painter.drawPolygon(QPolygonF([QPointF(x, y) for x, y in corners]))

    def _cursor(self, painter: QPainter, ticks: Ticks) -> None:
        x = ticks.tick(ticks.done).left()
        painter.setPen(QPen(theme.current().colour("accent"), 2))
        painter.drawLine(QPointF(x, 3), QPointF(x, RULER if ticks.bottom == RULER else BOTTOM + 2))

    # ------------------------------------------------------------ mouse

    def mousePressEvent(self, event: QMouseEvent | None) -> None:
        """Go to what is clicked on."""
        position = None if event is None else self.position_at(event.position().x(), event.position().y())
        if position is not None and not self.session.training:
            self.travel(position)

    def mouseMoveEvent(self, event: QMouseEvent | None) -> None:
        """Say what is under the pointer."""
        position = None if event is None else self.position_at(event.position().x(), event.position().y())
        self.setToolTip(tip_of("" if position is None else self.words(position)))

    def wheelEvent(self, event: QWheelEvent | None) -> None:
        """Zoom the axis at the pointer."""
        axis = self.axis()
        if event is not None and axis is not None:
            self.zoomed.emit(1.25 ** (event.angleDelta().y() / 120), axis.place(event.position().x()))
            event.accept()

    def words(self, position: int) -> str:
        """What lies before a position: an operation, or the end of a training step."""
        moment = self.session.moment
        step = moment.step_at(max(position - 1, 0))
        index = position - moment.start_of(step) - 1
        where = f"training step {step + 1:,}"
        if position <= 0:
            return "the start of the run"
        return (
            f"{where}, {index + 1}: {line_of(self.session.steps[index])}" if index < len(self.session.steps) else where
        )
