"""The selected neuron with its strongest edges: what comes in on the left, what goes out on the right, bias above."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from PyQt6.QtCore import QPointF, QRectF, Qt
from PyQt6.QtGui import QColor, QMouseEvent, QPainter, QPainterPath, QPaintEvent, QPen
from PyQt6.QtWidgets import QCheckBox, QScrollArea, QVBoxLayout, QWidget

from gui import theme as themes
from gui.colours import Scale
from gui.fans import STRONGEST, Cell, Edge, Fan, fan_of, has_neurons
from gui.numbers import cell_label, count_label, format_number
from gui.panels import painting
from gui.panels.words import Plain, tip_of

LINE, HEAD, RADIUS, NAME = 17.0, 24.0, 26.0, 150.0
EVERYTHING = 100_000


class FanPage(QWidget):
    """A page of the workbench: one neuron among many.

    Args:
        session: What is selected; clicks select.
    """

    def __init__(self, session: Any) -> None:
        super().__init__()
        self.session = session
        self.fan: Fan | None = None
        self._known: tuple[Any, bool] = (None, False)
        self.words, self.all, self.picture = Plain(parent=self), QCheckBox("show all", self), FanPicture(self)
        self.all.setToolTip(tip_of(f"All edges instead of the strongest {STRONGEST}"))
        self.all.toggled.connect(self.refresh)
        scroll = QScrollArea(self)
        scroll.setAccessibleName("Picture of the edges, scrolling")
        scroll.setWidgetResizable(True)
        scroll.setWidget(self.picture)
        bar = scroll.verticalScrollBar()
        if bar is not None:
            bar.valueChanged.connect(self.picture.update)
        column = QVBoxLayout(self)
        column.setContentsMargins(10, 4, 10, 2)
        column.addWidget(self.words)
        column.addWidget(self.all)
        column.addWidget(scroll, 1)
        self.setAccessibleName("Neuron: its strongest edges")

    def suits(self) -> bool:
        """Whether there is a dense layer."""
        listing = self.session.listing
        if self._known[0] is not listing:
            self._known = listing, has_neurons(listing)
        return self._known[1]

    def refresh(self) -> None:
        """Show the selected neuron."""
        self.fan = fan_of(self.session, EVERYTHING if self.all.isChecked() else STRONGEST, self._neuron())
        self.words.setFont(themes.text_font(9.5, bold=True))
        self.words.setText(self.text())
        self.picture.show_fan(self.fan, self.session)

    def _neuron(self) -> Cell | None:
        """The selected neuron; the one shown while one of its weights is selected."""
        chosen = self.session.selection
        if self.fan is None:
            return chosen
        weights = [e.weight for e in (*self.fan.ins, *self.fan.outs)]
        weights += [self.fan.bias[0]] if self.fan.bias is not None else []
        return self.fan.neuron if chosen in weights else chosen

    def refresh_marks(self) -> None:
        """The pointer has moved: nothing to do."""

    def text(self) -> str:
        """Which neuron, and how much of its edges is shown."""
        if self.fan is None:
            return "Select a neuron of a dense layer: on the stage, or on the map"
        name, index = self.fan.neuron
        value = self.session.number_at(name, index)
        shown = "" if value is None else f" = {format_number(value)}"
        sides = (self.fan.ins, self.fan.all_ins, "in"), (self.fan.outs, self.fan.all_outs, "out")
        parts = [f"{len(edges)} of {count_label(total, 'edge')} {way}" for edges, total, way in sides if total]
        parts += [f"bias {format_number(self.fan.bias[1])}"] if self.fan.bias is not None else []
        return f"{cell_label(name, index, ('n', 'i'))}{shown}   {', '.join(parts)}"


class FanPicture(QWidget):
    """The picture of a fan; a click on a number selects it."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.fan: Fan | None = None
        self.session: Any = None
        self.setAccessibleName("Edges of the selected neuron")

    def show_fan(self, fan: Fan | None, session: Any) -> None:
        """Show another one."""
        self.fan, self.session = fan, session
        lines = max(len(fan.ins), len(fan.outs), 6) if fan else 6
        self.setMinimumSize(520, int(HEAD + lines * LINE + 8))
        self.update()

    def rows(self, edges: Sequence[Edge], right: bool) -> list[QRectF]:
        """Where the edges' numbers are written."""
        left = self.width() - NAME - 8 if right else 8.0
        top = max(self.middle() - len(edges) * LINE / 2, HEAD)
        return [QRectF(left, top + k * LINE, NAME, LINE) for k in range(len(edges))]

    def middle(self) -> float:
        """The middle of what can be seen: the neuron stays there while its edges are scrolled."""
        seen = self.visibleRegion().boundingRect()
        return seen.center().y() + 0.5 if seen.height() else self.height() / 2

    def paintEvent(self, event: QPaintEvent | None) -> None:
        """Paint it."""
        if self.fan is None:
            return
        painter, theme = QPainter(self), themes.current()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        centre = QPointF(self.width() / 2, self.middle())
        painter.setFont(themes.text_font(8.5))
        for edges, right, title in (
            (self.fan.ins, False, "comes in:  x · w"),
            (self.fan.outs, True, "goes out:  w"),
        ):
            if edges:
                self._side(painter, theme, edges, right, centre)
                painter.setPen(theme.colour("muted"))
                left = self.width() - NAME - 8 if right else 8.0
                painter.drawText(QRectF(left, 2, NAME, 18), painting.LEFT, title)
        painter.setPen(QPen(theme.colour("accent"), 3))
        painter.setBrush(theme.colour("raised"))
        painter.drawEllipse(centre, RADIUS, RADIUS)
        value = self.session.number_at(*self.fan.neuron)
        painter.setPen(theme.colour("text"))
        box = QRectF(centre.x() - RADIUS, centre.y() - 8, 2 * RADIUS, 16)
        painter.drawText(box, painting.CENTRE, "?" if value is None else format_number(value, 3))
        if self.fan.bias is not None:
            painter.setPen(theme.colour("muted"))
            painter.drawLine(centre + QPointF(0, -RADIUS), centre + QPointF(0, -RADIUS - 8))
            painter.setPen(theme.colour("text"))
            painter.drawText(self.bias_box(), painting.CENTRE, f"+ b  {format_number(self.fan.bias[1])}")
        painter.end()

    def bias_box(self) -> QRectF:
        """Where the bias is written: above the neuron."""
        return QRectF(self.width() / 2 - NAME / 2, self.middle() - RADIUS - 8 - LINE, NAME, LINE)

    def _side(
        self, painter: QPainter, theme: themes.Theme, edges: Sequence[Edge], right: bool, centre: QPointF
    ) -> None:
        strengths = np.nan_to_num(np.array([e.product for e in edges]), posinf=0, neginf=0)
        top = max(float(np.abs(strengths).max()), 1e-30)
        table = theme.table(True)[
            Scale(-1.0, 1.0).positions(np.sign(strengths) * np.maximum(abs(strengths) / top, 0.4))
        ]
        for edge, part, colour, row in zip(edges, strengths / top, table, self.rows(edges, right), strict=True):
            end = QPointF(row.left() - 4 if right else row.right() + 4, row.center().y())
            start = centre + QPointF(RADIUS if right else -RADIUS, 0)
            bend = (end.x() - start.x()) * 0.5
            path = QPainterPath(start)
            path.cubicTo(start + QPointF(bend, 0), end - QPointF(bend, 0), end)
            painter.setPen(QPen(QColor(*colour.tolist()), 0.8 + 3.0 * abs(float(part))))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawPath(path)
            painter.setPen(theme.colour("muted"))
            painter.drawText(row, painting.LEFT, f"{edge.neuron[0].rsplit('.', 1)[-1]}[{edge.neuron[1][1]}]")
            painter.setPen(theme.colour("text"))
            painter.drawText(row, painting.RIGHT, format_number(edge.product))

    def mousePressEvent(self, event: QMouseEvent | None) -> None:
        """Select the weight whose number is clicked, or the neuron whose name is."""
        if event is None or self.fan is None:
            return
        if self.fan.bias is not None and self.bias_box().contains(event.position()):
            self.session.select(*self.fan.bias[0])
            return
        for edges, right in ((self.fan.ins, False), (self.fan.outs, True)):
            for edge, row in zip(edges, self.rows(edges, right), strict=True):
                if row.contains(event.position()):
                    name = event.position().x() < row.left() + NAME * 0.55
                    self.session.select(*(edge.neuron if name else edge.weight))
                    return
