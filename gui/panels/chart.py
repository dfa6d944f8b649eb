"""Charts over training steps: every value kept, read exactly under the pointer; the cursor is dragged through time."""

from __future__ import annotations

import html
from collections.abc import Callable
from typing import Any

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PyQt6.QtCore import QPointF, Qt, QTimer, pyqtSignal
from PyQt6.QtGui import QColor
from PyQt6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QGraphicsItem,
    QHBoxLayout,
    QSizePolicy,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from gui import theme
from gui.history import CHARTS, LOSS
from gui.numbers import exact, format_number
from gui.panels.legend import Legend
from gui.panels.tape import LEGIBLE, Axis
from gui.panels.words import Plain, Rich, tip_of
from gui.session import Session

FEW, SMOOTH = 60, 2000  # points drawn as dots; points of a line worth smoothing
FEWEST = 10  # training steps on the axis
MANY = 8  # series that are named and coloured; further ones are grey
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#b58900", "#56b4e9", "#8a6d3b", "#7f7f7f")  # Okabe and Ito
LIVELY = ("#56b4e9", "#e69f00", "#2fbf8f", "#e39ac5", "#f0e442", "#8fd0ff", "#c9a66b", "#b0b0b0")  # the same on dark
EMPTY = "No training step is finished yet.\nEnd finishes this one, Ctrl+F5 trains at full speed."
LACKING = "Nothing to show: this network has no {}."
LACKS = {"accuracy": "accuracy among its metrics", "dead units": "activation such as relu"}
KEPT = QGraphicsItem.CacheMode.DeviceCoordinateCache
Line = tuple[str, NDArray[Any], NDArray[Any]]
Points = tuple[NDArray[Any], NDArray[Any]]


class ValueAxis(pg.AxisItem):
    """An axis that keeps what it draws as lines and texts: to play a recorded picture takes ten times as long."""

    picture: Any  # set to None by whatever changes the axis

    def paint(self, painter: Any, option: Any, widget: Any) -> None:
        if self.picture is None:
            self.picture = self.generateDrawSpecs(painter)
        if self.picture is not None:
            self.drawPicture(painter, *self.picture)


class StepAxis(ValueAxis):
    """An axis of whole numbers."""

    def tickSpacing(self, low: float, high: float, size: float) -> list[tuple[float, float]]:
        """Distances of ticks, none below 1."""
        found = {max(1.0, float(round(spacing))): offset for spacing, offset in super().tickSpacing(low, high, size)}
        return list(found.items())


class TrainingChart(QWidget):
    """The loss and what else is measured, with a cursor where the run stands.

    Signal `ruled()` when the axis of training steps has changed.

    Args:
        session: What it shows.
        travel: Called with the position that a click, or the cursor when it is dragged, asks for.
    """

    ruled = pyqtSignal()

    def __init__(self, session: Session, travel: Callable[[int], None] | None = None) -> None:
        super().__init__()
        self.session, self.travel = session, travel or session.goto
        self.plot = pg.PlotWidget(axisItems={"left": ValueAxis("left"), "bottom": StepAxis("bottom")})
        self.empty = Plain(EMPTY)
        self.empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.empty.setWordWrap(True)
        self.empty.setMinimumSize(1, 1)  # in a low window its words may be cut; the chart itself may not be
        self.pages = QStackedWidget()
        self.pages.addWidget(self.empty)
        self.pages.addWidget(self.plot)
        self.plot.setAccessibleName("Chart over training steps")
        self.choice = QComboBox()
        self.choice.addItems([name.capitalize() for name in (LOSS, *CHARTS)])
        self.choice.setAccessibleName("Chart")
        self.choice.setToolTip("What is drawn over training steps")
        self.choice.activated.connect(self._choose)
        self.reading = Rich()
        self.reading.setAccessibleName("Value under the pointer")
        self.reading.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.log = QCheckBox("log")
        self.log.setAccessibleName("Logarithmic axis")
        self.log.setToolTip("Logarithmic axis of values")
        self.log.toggled.connect(self._set_log)
        self.log.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.curves: list[Any] = []
        self._looks: list[dict[str, Any]] = []
        self._numbers = np.empty(0)  # of training steps
        self._drawn: tuple[Any, ...] = ()
        self._shown: list[Line] = []
        self._asked: int | None = None
        self._held = False  # the user has chosen a part of the axis
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self._go)
        self._lay_out()
        self._prepare()

    def _lay_out(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 4, 2)
        column.setSpacing(0)
        row = QHBoxLayout()
        row.setContentsMargins(6, 2, 6, 0)
        row.setSpacing(8)
        row.addWidget(self.choice)
        row.addWidget(self.reading, 1)
        row.addWidget(self.log)
        column.addLayout(row)
        column.addWidget(self.pages, 1)

    def _prepare(self) -> None:
        item = self.plot.getPlotItem()
        item.setMenuEnabled(False)
        item.ctrlMenu.setParent(self, item.ctrlMenu.windowFlags())  # pyqtgraph makes it all the same: it ends with us
        item.hideButtons()
        for side in ("left", "bottom"):
            item.getAxis(side).enableAutoSIPrefix(False)
            item.getAxis(side).setCacheMode(KEPT)  # its texts take longer to draw than all lines
        item.setDownsampling(auto=True, mode="peak")
        item.setClipToView(True)
        self.legend = Legend(item)
        self.here = pg.InfiniteLine(angle=90, movable=True)
        self.here.setCursor(Qt.CursorShape.SizeHorCursor)
        self.here.sigDragged.connect(lambda line: self._ask(line.value()))
        item.addItem(self.here, ignoreBounds=True)
        item.vb.sigXRangeChanged.connect(lambda *_: self.ruled.emit())
        item.vb.sigRangeChangedManually.connect(lambda *_: self._hold())
        item.vb.sigResized.connect(self._resized)
        self.plot.scene().sigMouseMoved.connect(self._hover)
        self.plot.scene().sigMouseClicked.connect(self._click)
        self.restyle()

    def _resized(self, *_: object) -> None:
        self._settle()
        self._read(self.session.moment.step_at(self.session.moment.position))
        self.ruled.emit()

    def _settle(self) -> None:
        """Let the legend keep out of the lines' way."""
        if self.legend.isVisible():
            points = (self._points(x, y) for _, x, y in self._shown[: 2 * MANY])
            self.legend.settle([(x, np.log10(y) if self.log.isChecked() else y) for x, y in points])

    def restyle(self) -> None:
        """Take the theme's colours."""
        t = theme.current()
        self.plot.setBackground(t.panel)
        for side in ("left", "bottom"):
            axis = self.plot.getPlotItem().getAxis(side)
            axis.setPen(QColor(t.line))
            axis.setTextPen(QColor(t.muted))
            axis.setTickFont(theme.text_font(8.5))
        ground = QColor(t.panel)
        ground.setAlpha(215)
        self.legend.setBrush(ground)
        self.legend.setLabelTextSize(f"{min(8 * theme.scale(), 11):.0f}pt")
        self.legend.setLabelTextColor(QColor(t.text))
        self.here.setPen(pg.mkPen(t.muted, width=1.5, style=Qt.PenStyle.DashLine))
        self.here.setHoverPen(pg.mkPen(t.accent, width=3))
        self.plot.getPlotItem().showGrid(x=False, y=True, alpha=0.25)
        self._drawn, self._looks = (), []

    def axis_of(self, widget: QWidget) -> Axis | None:
        """The axis of training steps as another widget of the window sees it; None while nothing is drawn."""
        if not self.pages.currentIndex() or not self.plot.isVisible():
            return None
        box = self.plot.getPlotItem().vb
        rect, (low, high) = box.sceneBoundingRect(), box.viewRange()[0]
        away = widget.mapFromGlobal(self.plot.mapToGlobal(QPointF(0, 0))).x()
        left, right = (self.plot.viewportTransform().map(corner).x() for corner in (rect.topLeft(), rect.topRight()))
        return Axis(left + away, right + away, low, high)

    def zoom(self, factor: float, place: float) -> None:
        """Show a smaller part of the axis (a factor above 1) or a larger one; what is at `place` stays there."""
        self.plot.getPlotItem().vb.scaleBy(x=1 / factor, center=QPointF(place, 0.0))
        self._hold()

    def _hold(self) -> None:
        """Keep the part of the axis that the user has chosen, until it is all of it again."""
        low, high = self.plot.getPlotItem().vb.viewRange()[0]
        self._held = low > 0 or high < len(self.session.losses)
        self._drawn = ()
        self.refresh()

    # ------------------------------------------------------------ drawing

    @property
    def chart(self) -> str:
        """What is drawn."""
        return (LOSS, *CHARTS)[self.choice.currentIndex()]

    def show_chart(self, name: str) -> None:
        """Draw something else: the loss, or one of `CHARTS`."""
        self.choice.setCurrentIndex((LOSS, *CHARTS).index(name))
        self.refresh()

    def _choose(self, place: int) -> None:
        self.refresh()

    def _set_log(self, on: bool) -> None:
        self.plot.setLogMode(y=on)
        self._drawn = ()
        self.refresh()

    def refresh(self) -> None:
        """Follow the session; draws only what has changed."""
        s = self.session
        done = s.moment.step_at(s.moment.position)
        now = (self.chart, s.losses, len(s.losses), len(s.history), s.pin, (s.moment.shown, self._here(done)))
        if now == self._drawn:
            return
        self._held = self._held and (not self._drawn or self._drawn[1] is s.losses)
        only_moved = self._drawn[:-1] == now[:-1]
        self._drawn = now
        if not only_moved:
            self._shown = lines = self.lines()
            self.pages.setCurrentIndex(int(bool(lines)))
            self.empty.setText(LACKING.format(LACKS[self.chart]) if len(s.losses) and self.chart in LACKS else EMPTY)
            self._draw(lines)
        self._show_all()
        if not only_moved:
            self._settle()
        self.here.setPos(self._here(done))
        self._read(done)

    def _here(self, done: int) -> float:
        """Where the run stands: between two training steps where the tape shows their operations on the axis."""
        s, axis = self.session, self.axis_of(self)
        if axis is None or axis.unit < LEGIBLE * len(s.steps):
            return float(done)
        return s.moment.shown + s.done / len(s.steps)

    def lines(self) -> list[Line]:
        """Name, training steps and values of every line; that of a pinned run comes first."""
        pin, own = self.session.pin, self._lines_of(self.session.losses.array, self.session.history)
        if pin is None:
            return own
        named = len(own) > 1
        pinned = [(f"A {name if named else 'pinned'}", x, y) for name, x, y in self._lines_of(pin.losses, pin.history)]
        return pinned + [(f"B {name}" if named else f"B {self.session.changes}", x, y) for name, x, y in own]

    def _lines_of(self, losses: NDArray[np.float64], history: Any) -> list[Line]:
        own = [(LOSS, self._steps_to(len(losses)), losses)] if self.chart == LOSS and len(losses) else []
        return own + [
            (name or self.chart, *series.arrays) for name, series in history.of(self.chart).items() if len(series)
        ]

    def _steps_to(self, count: int) -> NDArray[Any]:
        """1, 2, … count; made anew only when there are twice as many."""
        if count > len(self._numbers):
            self._numbers = np.arange(1.0, 2 * count + 1)
        return self._numbers[:count]

    def _draw(self, lines: list[Line]) -> None:
        """Draw lines; where only their points have changed, the curves that are there take them."""
        looks = [self._look(place, name, y, len(lines)) for place, (name, _, y) in enumerate(lines)]
        points = [self._points(x, y) for _, x, y in lines]
        if looks == self._looks:
            for curve, (x, y) in zip(self.curves, points, strict=True):
                curve.setData(x, y)
        else:
            self._make_curves(points, looks)
        self.plot.getPlotItem().vb.enableAutoRange(y=True)

    def _make_curves(self, points: list[Points], looks: list[dict[str, Any]]) -> None:
        item = self.plot.getPlotItem()
        for curve in self.curves:
            item.removeItem(curve)
        self.legend.clear()
        self.curves = [item.plot(*xy, **look) for xy, look in zip(points, looks, strict=True)]
        self.legend.setVisible(len(looks) > 1)
        self._looks = looks

    def _show_all(self) -> None:
        """All training steps on the axis, the one shown among them, unless the user has chosen a part of it."""
        last = max((float(x[-1]) for _, x, _ in self._shown if len(x)), default=0.0)
        end = max(last, self.session.moment.shown + 1.0, FEWEST)
        if not self._held and self.plot.getPlotItem().vb.viewRange()[0] != [0.0, end]:
            self.plot.setXRange(0.0, end, padding=0)

    def _drawable(self, y: NDArray[Any]) -> NDArray[np.bool_]:
        return np.isfinite(y) & (y > 0) if self.log.isChecked() else np.isfinite(y)

    def _points(self, x: NDArray[Any], y: NDArray[Any]) -> Points:
        """What of a line can be drawn: numbers, on a logarithmic axis positive ones."""
        drawable = self._drawable(y)
        if drawable.all():
            return x, y
        return (x, np.where(drawable, y, np.nan)) if drawable.any() else (np.empty(0), np.empty(0))

    def _look(self, place: int, name: str, y: NDArray[Any], count: int) -> dict[str, Any]:
        """How a line is drawn."""
        few = len(y) <= FEW and bool(self._drawable(y).all())
        colour, style = self._pen(place, name, count)
        return {
            "connect": "finite", "name": name if count > 1 and place < 2 * MANY else None,
            "antialias": len(y) <= SMOOTH, "pen": pg.mkPen(colour, width=1, style=style),
            "symbol": "o" if few else None, "symbolSize": 5, "symbolBrush": colour, "symbolPen": None,
        }  # fmt: skip

    def _pen(self, place: int, name: str, count: int) -> tuple[QColor, Qt.PenStyle]:
        """Own lines by colour; those of a pinned run in the same colours, dashed."""
        t, pinned = theme.current(), self._is_pinned(name)
        style = Qt.PenStyle.DashLine if pinned else Qt.PenStyle.SolidLine
        own = count // 2 if self.session.pin is not None else count
        if own <= 1:
            return QColor(t.consumer if pinned else t.accent), style
        if name in (self.chart, f"A {self.chart}", f"B {self.chart}"):
            return QColor(t.accent), style
        colours = LIVELY if t.dark else COLOURS
        return QColor(colours[min(place % max(own, 1), MANY - 1)]), style

    # ------------------------------------------------------------ reading

    def _read(self, step: float) -> None:
        """Say what the lines hold at a training step, in full in the tool tip."""
        shown = [line for line in self._shown[: 2 * MANY] if len(line[1])]
        own = next((x for name, x, _ in shown if not self._is_pinned(name)), None)
        here = None if own is None else self._place(own, step)
        if own is None or here is None:
            self.reading.setText("")
            return
        at, parts, whole = int(own[here]), [], []
        for name, x, y in shown:
            place = self._place(x, step)
            if place is None:
                continue
            short = name.split()[0] if self.session.pin is not None and len(self._shown) == 2 else name
            label = "" if name == self.chart else f"{short} " if x[place] == at else f"{short} at {int(x[place]):,} "
            parts.append(f"{html.escape(label)}<b>{format_number(y[place], 4 if len(shown) > 1 else 6)}</b>")
            whole.append(f"{name} of training step {int(x[place]):,}: {exact(float(y[place]))}")
        self.reading.setToolTip(tip_of("\n".join(whole)))
        self._say(f"step {at:,}: ", parts)

    def _say(self, step: str, parts: list[str]) -> None:
        """As many values as there is room for; the first alone before the step's number goes."""
        for count in (3, 2, 1):
            more = " …" if len(parts) > count else ""
            if self._fits(step + " · ".join(parts[:count]) + more):
                return
        if not self._fits(parts[0]):
            self.reading.setText("")

    def _fits(self, text: str) -> bool:
        self.reading.setText(text)
        return self.reading.sizeHint().width() <= self.reading.width()

    def _is_pinned(self, name: str) -> bool:
        return self.session.pin is not None and name.startswith("A ")

    @staticmethod
    def _place(x: NDArray[Any], step: float) -> int | None:
        """The value nearest to a training step; none before the first."""
        if step < 1:
            return None
        place = min(int(np.searchsorted(x, step)), len(x) - 1)
        return place - 1 if place and abs(x[place - 1] - step) < abs(x[place] - step) else place

    def _hover(self, where: QPointF) -> None:
        box = self.plot.getPlotItem().vb
        if len(self.session.losses) and box.sceneBoundingRect().contains(where):
            self._read(max(round(box.mapSceneToView(where).x()), 1))

    # ------------------------------------------------------------ travelling

    def _click(self, event: Any) -> None:
        box = self.plot.getPlotItem().vb
        if event.button() == Qt.MouseButton.LeftButton and box.sceneBoundingRect().contains(event.scenePos()):
            self._ask(box.mapSceneToView(event.scenePos()).x())

    def _ask(self, step: float) -> None:
        """Travel to a training step as soon as the window has caught up; of many requests the last one counts."""
        self._asked = min(max(round(step), 0), len(self.session.losses))
        self.here.setPos(self._asked)
        if not self._timer.isActive():
            self._timer.start(0)

    def _go(self) -> None:
        asked, self._asked = self._asked, None
        if asked is not None:
            self.travel(self.session.moment.start_of(asked))
