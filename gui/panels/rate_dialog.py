"""The search for a learning rate, drawn while it runs."""

from __future__ import annotations

import time

import numpy as np
import pyqtgraph as pg
from PyQt6.QtCore import Qt, QTimer
from PyQt6.QtGui import QColor
from PyQt6.QtWidgets import QDialog, QDialogButtonBox, QPushButton, QVBoxLayout, QWidget

from fastnn.engine.rate_search import RateSearch
from gui import theme
from gui.panels.words import Plain, Rich

SLICE = 0.02  # seconds of search between two pictures
INTRO = (
    "A copy of the run is trained with a learning rate that grows from step to step. Where the loss falls most steeply "
    "is a good rate to begin with; where it rises again the rate is too large."
)


class RateDialog(QDialog):
    """Loss against learning rate; accepting it means to use the rate found.

    Args:
        search: The search, not yet begun.
        parent: The window.
    """

    def __init__(self, search: RateSearch, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.search = search
        self.setWindowTitle("Find a learning rate")
        self.resize(theme.dialog_size(560, 420))
        intro = Plain(INTRO)
        intro.setWordWrap(True)
        self.plot = pg.PlotWidget()
        self.plot.setAccessibleName("Loss against learning rate")
        self.found = Rich("searching…")
        self.use = QPushButton("Use it from here on")
        self.use.setEnabled(False)
        self.use.setDefault(True)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.addButton(self.use, QDialogButtonBox.ButtonRole.AcceptRole)
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        column = QVBoxLayout(self)
        column.addWidget(intro)
        column.addWidget(self.plot, 1)
        column.addWidget(self.found)
        column.addWidget(buttons)
        self._prepare()
        self._timer = QTimer(self)
        self._timer.timeout.connect(self._go_on)
        self._timer.start(0)
        self.finished.connect(self._timer.stop)

    def _prepare(self) -> None:
        t, item = theme.current(), self.plot.getPlotItem()
        item.setMenuEnabled(False)
        item.hideButtons()
        item.setLogMode(x=True, y=False)
        item.setLabel("bottom", "learning rate")
        item.setLabel("left", "loss")
        self.plot.setBackground(t.panel)
        for side in ("left", "bottom"):
            axis = item.getAxis(side)
            axis.enableAutoSIPrefix(False)
            axis.setPen(QColor(t.line))
            axis.setTextPen(QColor(t.muted))
        self.raw = item.plot(pen=pg.mkPen(t.line, width=1))
        self.smooth = item.plot(pen=pg.mkPen(t.accent, width=2))
        self.mark = pg.InfiniteLine(angle=90, pen=pg.mkPen(t.good, width=1.5, style=Qt.PenStyle.DashLine))
        self.mark.hide()
        item.addItem(self.mark, ignoreBounds=True)

    def _go_on(self) -> None:
        stop, more = time.monotonic() + SLICE, True
        while more and time.monotonic() < stop:
            more = self.search.step()
        self._draw()
        if not more:
            self._timer.stop()
            self._say()

    def _draw(self) -> None:
        rates, losses = np.array(self.search.rates), np.array(self.search.losses)
        seen = np.isfinite(losses) & (losses <= 1.2 * losses[0] + 1e-12)  # the explosion would flatten all the rest
        self.raw.setData(rates[seen], losses[seen])
        calm = np.isfinite(self.search.smooth) & (self.search.smooth <= 1.2 * losses[0] + 1e-12)
        self.smooth.setData(rates[calm], self.search.smooth[calm])

    def _say(self) -> None:
        rate = self.search.suggestion
        self.use.setEnabled(rate is not None)
        if rate is None:
            self.found.setText("The loss falls at no rate.")
            return
        self.found.setText(f"The loss falls most steeply at a learning rate of <b>{rate:.3g}</b>.")
        self.mark.setPos(float(np.log10(rate)))
        self.mark.show()
