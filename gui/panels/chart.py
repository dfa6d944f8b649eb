"""The loss over training steps: every value kept, read exactly under the pointer."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyqtgraph as pg
from PyQt6.QtCore import QPointF, Qt
from PyQt6.QtGui import QColor
from PyQt6.QtWidgets import QCheckBox, QHBoxLayout, QLabel, QSizePolicy, QStackedWidget, QVBoxLayout, QWidget

from gui import theme
from gui.numbers import exact, format_number
from gui.session import Session

FEW, SMOOTH = 60, 2000  # points drawn as dots; points of a line worth smoothing
EMPTY = "No training step is finished yet.\nEnd finishes this one, Ctrl+F5 trains at full speed."


class StepAxis(pg.AxisItem):
    """An axis of whole numbers."""

    def tickSpacing(self, low: float, high: float, size: float) -> list[tuple[float, float]]:
        """Distances of ticks, none below 1."""
        found = {max(1.0, float(round(spacing))): offset for spacing, offset in super().tickSpacing(low, high, size)}
        return list(found.items())


class LossChart(QWidget):
    """The loss curve, with a line where the run stands."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.session = session
        self.plot = pg.PlotWidget(axisItems={"bottom": StepAxis("bottom")})
        self.empty = QLabel(EMPTY)
        self.empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.pages = QStackedWidget()
        self.pages.addWidget(self.empty)
        self.pages.addWidget(self.plot)
        self.plot.setAccessibleName("Loss over training steps")
        self.reading = QLabel()
        self.reading.setAccessibleName("Loss under the pointer")
        self.reading.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.log = QCheckBox("log")
        self.log.setAccessibleName("Logarithmic loss axis")
        self.log.setToolTip("Logarithmic loss axis")
        self.log.toggled.connect(self._set_log)
        self.log.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self._lay_out()
        self._prepare()
        self._drawn: tuple[Any, ...] = ()

    def _lay_out(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 4, 2)
        column.setSpacing(0)
        row = QHBoxLayout()
        row.setContentsMargins(10, 2, 6, 0)
        row.addWidget(self.reading, 1)
        row.addWidget(self.log)
        column.addLayout(row)
        column.addWidget(self.pages, 1)

    def _prepare(self) -> None:
        item = self.plot.getPlotItem()
        item.setMenuEnabled(False)
        item.hideButtons()
        item.setLabel("bottom", "training step")
        item.getAxis("left").enableAutoSIPrefix(False)
        item.getAxis("bottom").enableAutoSIPrefix(False)
        item.setDownsampling(auto=True, mode="peak")
        item.setClipToView(True)
        self.curve = item.plot()
        self.here = pg.InfiniteLine(angle=90, movable=False)
        item.addItem(self.here, ignoreBounds=True)
        self.plot.scene().sigMouseMoved.connect(self._hover)
        self.restyle()

    def restyle(self) -> None:
        """Take the theme's colours."""
        t = theme.current()
        self.plot.setBackground(t.panel)
        for side in ("left", "bottom"):
            axis = self.plot.getPlotItem().getAxis(side)
            axis.setPen(QColor(t.line))
            axis.setTextPen(QColor(t.muted))
            axis.setTickFont(theme.text_font(8.5))
        self.plot.getPlotItem().getAxis("bottom").label.setFont(theme.text_font(8.5))
        self.curve.setPen(pg.mkPen(t.accent, width=1))
        self.curve.setSymbolBrush(QColor(t.accent))
        self.curve.setSymbolPen(None)
        self.here.setPen(pg.mkPen(t.muted, style=Qt.PenStyle.DashLine))
        self.plot.getPlotItem().showGrid(x=False, y=True, alpha=0.25)

    def _set_log(self, on: bool) -> None:
        self.plot.setLogMode(y=on)
        self._drawn = ()
        self.refresh()

    def refresh(self) -> None:
        """Follow the session; draws only what has changed."""
        losses = self.session.losses
        now = (losses, len(losses), self.session.moment.position // len(self.session.steps))
        if now == self._drawn:
            return
        self._drawn = now
        self.pages.setCurrentIndex(int(len(losses) > 0))
        self._draw(losses.array)
        self.here.setPos(now[2])
        self._read(now[2] - 1 if now[2] else None)

    def _draw(self, losses: np.ndarray) -> None:
        drawable = np.isfinite(losses) & (losses > 0 if self.log.isChecked() else True)
        few = len(losses) <= FEW and bool(drawable.all())
        steps, shown = np.arange(1.0, len(losses) + 1), np.where(drawable, losses, np.nan)
        if not drawable.any():
            steps = shown = np.empty(0)
        smooth = len(losses) <= SMOOTH
        self.curve.setData(steps, shown, connect="finite", symbol="o" if few else None, symbolSize=5, antialias=smooth)
        if len(losses) < 2:
            self.plot.setXRange(0, max(len(losses) + 1, 10), padding=0)
        else:
            self.plot.enableAutoRange()

    def _read(self, place: int | None) -> None:
        losses = self.session.losses.array
        if place is None or not 0 <= place < len(losses):
            self.reading.setText("")
            return
        value = losses[place]
        self.reading.setText(f"loss of training step {place + 1:,}: <b>{format_number(value, 6)}</b>")
        self.reading.setToolTip(exact(float(value)))

    def _hover(self, where: QPointF) -> None:
        box = self.plot.getPlotItem().vb
        if len(self.session.losses) and box.sceneBoundingRect().contains(where):
            self._read(min(max(round(box.mapSceneToView(where).x()), 1), len(self.session.losses)) - 1)
