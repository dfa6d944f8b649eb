"""The network map of a small dense network: neurons as circles with their values, weights as edges."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PyQt6.QtCore import QLineF, QPointF, QRectF, Qt
from PyQt6.QtGui import QColor, QPainter, QPen

from gui import theme as themes
from gui.colours import Scale, scale_for
from gui.network import Row
from gui.numbers import format_cell
from gui.panels import painting

Index = tuple[int, ...]
RADIUS = 21.0
ACROSS, DOWN = 92.0, 62.0
NEAR, FAR = 76.0, 190.0  # distance of rows
TOP_ROOM = 42.0
LEFT_ROOM = 14.0
FEW_EDGES = 12


@dataclass(frozen=True)
class Numbers:
    """What is written on a row of neurons and the edges that lead to it.

    Args:
        names: Names of the values behind neurons, weights and biases.
        values: One number per neuron; None while not computed.
        weights: (before, this); None for the input or while not computed.
        biases: One number per neuron, or None.
        scale: Limits of the neurons' colours.
    """

    names: tuple[str | None, str | None, str | None]
    values: NDArray[np.generic] | None = None
    weights: NDArray[np.generic] | None = None
    biases: NDArray[np.generic] | None = None
    scale: Scale = field(default=Scale(0.0, 0.0))


@dataclass
class NeuronMap:
    """Places of neurons in map coordinates, and which number is where.

    Args:
        rows: The rows of neurons.
        numbers: What is written on each.
        sideways: Whether rows follow each other to the right instead of downwards.
        apart: Distance of rows.
    """

    rows: Sequence[Row]
    numbers: Sequence[Numbers] = field(default_factory=tuple)
    sideways: bool = False
    apart: float = 122.0

    def most(self) -> int:
        """Neurons of the longest row."""
        return max(r.count for r in self.rows)

    def centre(self, row: int, unit: int) -> QPointF:
        """The middle of a neuron's circle."""
        step = DOWN if self.sideways else ACROSS
        along = ((self.most() - self.rows[row].count) / 2 + unit + 0.5) * step
        if self.sideways:
            return QPointF(LEFT_ROOM + 24 + row * self.apart, TOP_ROOM - 12 + along)
        return QPointF(LEFT_ROOM + along, TOP_ROOM + row * self.apart)

    def size(self) -> QRectF:
        """The whole map."""
        way = (len(self.rows) - 1) * self.apart
        if self.sideways:
            return QRectF(0, 0, 2 * (LEFT_ROOM + 24) + way, TOP_ROOM - 12 + self.most() * DOWN)
        return QRectF(0, 0, 2 * LEFT_ROOM + self.most() * ACROSS, TOP_ROOM + way + 44)

    def stretch(self, width: float, height: float) -> None:
        """Choose direction and distance of rows that fill a room of that shape best."""
        fits = {}
        for self.sideways in (True, False):
            self.apart = self._nearest()
            fits[self.sideways] = min(width / self.size().width(), height / self.size().height())
        self.sideways = fits[True] > fits[False] and self.most() > 2
        size, ways = self.size(), max(len(self.rows) - 1, 1)
        long, wide = (width, height) if self.sideways else (height, width)
        fixed, across = (size.width(), size.height()) if self.sideways else (size.height(), size.width())
        room = long / max(wide, 1.0) * across - (fixed - ways * self.apart)
        self.apart = min(max(room / ways, self._nearest()), FAR)

    def _nearest(self) -> float:
        """The least distance of rows: downwards there must be room for names and biases."""
        return NEAR if self.sideways else NEAR + 44

    def neuron_at(self, point: QPointF) -> tuple[int, int] | None:
        """Row and unit under a point."""
        for r, row in enumerate(self.rows):
            for u in range(row.count):
                if QLineF(self.centre(r, u), point).length() <= RADIUS:
                    return r, u
        return None

    def edge_at(self, point: QPointF) -> tuple[int, int, int] | None:
        """Row, unit before and unit of the edge within 6 of a point, nearest first."""
        best: tuple[float, tuple[int, int, int]] | None = None
        for r in range(1, len(self.rows)):
            for i in range(self.rows[r - 1].count):
                for j in range(self.rows[r].count):
                    away = distance(point, QLineF(self.centre(r - 1, i), self.centre(r, j)))
                    if away <= 6 and (best is None or away < best[0]):
                        best = away, (r, i, j)
        return best[1] if best else None

    def bias_rect(self, row: int, unit: int) -> QRectF:
        """Where a neuron's bias is written."""
        centre = self.centre(row, unit)
        return QRectF(centre.x() - 34, centre.y() + RADIUS + 2, 68, 14)

    def cell_at(self, point: QPointF, sample: int) -> tuple[str, Index] | None:
        """The value and index of what is drawn under a point."""
        neuron = self.neuron_at(point)
        if neuron is not None:
            name = self.numbers[neuron[0]].names[0]
            return None if name is None else (name, (sample, neuron[1]))
        for r, row in enumerate(self.rows):
            for u in range(row.count if row.bias else 0):
                if self.bias_rect(r, u).contains(point):
                    bias = self.numbers[r].names[2]
                    return None if bias is None else (bias, (u,))
        edge = self.edge_at(point)
        weight = self.numbers[edge[0]].names[1] if edge else None
        return None if edge is None or weight is None else (weight, (edge[1], edge[2]))


def distance(point: QPointF, line: QLineF) -> float:
    """Distance of a point from a segment."""
    dx, dy = line.dx(), line.dy()
    length = dx * dx + dy * dy
    t = 0.0 if length == 0 else ((point.x() - line.x1()) * dx + (point.y() - line.y1()) * dy) / length
    return QLineF(point, line.pointAt(min(max(t, 0.0), 1.0))).length()


def shares(weights: NDArray[Any] | None, shape: Index) -> NDArray[np.float64]:
    """Weights as parts of the largest magnitude, -1 to 1; 0 for those that are not known or not finite.

    Example:
        >>> shares(np.array([[2.0, -4.0], [np.nan, 0.0]]), (2, 2)).tolist()
        [[0.5, -1.0], [0.0, 0.0]]
    """
    if weights is None:
        return np.zeros(shape)
    high = scale_for(weights).high
    parts = np.asarray(weights, np.float64) / high if high else np.zeros(shape)
    return np.where(np.isfinite(parts), parts, 0.0)


def free_place(line: QLineF, width: float, taken: Sequence[QRectF]) -> QRectF | None:
    """Where on an edge a label of that width lies over no other one; None if there is no such place."""
    box = QRectF(0, 0, width, 14)
    for part in (0.5, 0.38, 0.62, 0.44, 0.56, 0.34, 0.3, 0.66, 0.7):
        box.moveCenter(line.pointAt(part))
        if not any(box.intersects(other) for other in taken):
            return box
    return None


class NeuronPainter:
    """Paints neurons and edges in map coordinates; of a cell that is to be predicted neither number nor colour."""

    def __init__(
        self, painter: QPainter, neurons: NeuronMap, sample: int, hidden: tuple[str, Index] | None = None
    ) -> None:
        self.painter, self.map, self.sample, self.hidden = painter, neurons, sample, hidden
        self.theme = themes.current()

    def edges_key(self, selected: tuple[str, Index] | None) -> tuple[Any, ...]:
        """What the picture of the edges depends on."""
        numbers, count = self.map.numbers, len(self.map.rows)
        weights = tuple((n.names[1], None if n.weights is None else n.weights.tobytes()) for n in numbers)
        chosen = selected if selected and any(selected[0] == name for name, _ in weights) else None
        fans = tuple(self._fans(r, selected) for r in range(1, count))
        return weights, fans, chosen, self.hidden

    def edges(self, selected: tuple[str, Index] | None) -> None:
        """Edges and their weights."""
        for r in range(1, len(self.map.rows)):
            self._edges(r, selected)

    def neurons(self, current: str, phase: str, selected: tuple[str, Index] | None) -> None:
        """Neurons, biases, names of layers."""
        for r, row in enumerate(self.map.rows):
            self._neurons(r, row, row.block.name == current, phase, selected)

    def _colours(self, values: NDArray[Any], scale: Scale) -> NDArray[np.uint8]:
        """Red, green and blue of every value."""
        return self.theme.table(scale.signed)[scale.positions(values)]

    def _fans(self, r: int, selected: tuple[str, Index] | None) -> tuple[int, int] | None:
        """Which neuron's edges stand out among many: (row, unit) of the selected one, if it is beside these edges."""
        if self.map.rows[r - 1].count * self.map.rows[r].count <= FEW_EDGES or selected is None:
            return None
        near = ((row, self.map.numbers[row].names[0]) for row in (r - 1, r))
        return next(((row, selected[1][-1]) for row, name in near if selected[0] == name), None)

    def _edges(self, r: int, selected: tuple[str, Index] | None) -> None:
        numbers, p = self.map.numbers[r], self.painter
        before, here = self.map.rows[r - 1].count, self.map.rows[r].count
        weights = numbers.weights
        parts = shares(weights, (before, here))
        colours = self._colours(np.sign(parts) * np.maximum(np.abs(parts), 0.45), Scale(-1.0, 1.0))
        chosen, fan = None, self._fans(r, selected)
        for i in range(before):
            for j in range(here):
                line = QLineF(self.map.centre(r - 1, i), self.map.centre(r, j))
                if self.hidden == (numbers.names[1], (i, j)):
                    parts[i, j] = 0.0
                colour = QColor(*colours[i, j].tolist()) if parts[i, j] else QColor(self.theme.line)
                if fan is not None and fan not in ((r - 1, i), (r, j)):
                    colour.setAlpha(40)
                p.setPen(QPen(colour, 1.0 + 3.0 * abs(float(parts[i, j]))))
                p.drawLine(line)
                if selected == (numbers.names[1], (i, j)):
                    chosen = line
        if chosen is not None:
            p.setPen(QPen(self.theme.colour("accent"), 2, Qt.PenStyle.DashLine))
            p.drawLine(chosen)
        if weights is not None and before * here <= FEW_EDGES and self.map.apart > NEAR + 26:
            self._weights(r, weights, selected)

    def _weights(self, r: int, weights: NDArray[np.generic], selected: tuple[str, Index] | None) -> None:
        """The weights' numbers, on their edges near the neuron that they leave."""
        self.painter.setFont(themes.fixed_font(8))
        metrics = self.painter.fontMetrics()
        taken = [] if self.map.sideways else [self._name_place(r)[1]]
        taken += [self.map.bias_rect(r - 1, i).adjusted(10, -1, -10, 1) for i in range(weights.shape[0])]
        for i in range(weights.shape[0]):
            for j in range(weights.shape[1]):
                hidden = self.hidden == (self.map.numbers[r].names[1], (i, j))
                text = "?" if hidden else format_cell(weights[i, j], 3)
                line = QLineF(self.map.centre(r - 1, i), self.map.centre(r, j))
                box = free_place(line, metrics.horizontalAdvance(text) + 6.0, taken)
                if box is None:
                    continue
                taken.append(box)
                chosen = selected == (self.map.numbers[r].names[1], (i, j))
                self._label(box, text, "accent" if chosen else "text")

    def _label(self, box: QRectF, text: str, role: str, where: Qt.AlignmentFlag = painting.CENTRE) -> None:
        """Text on a ground that hides the edges behind it."""
        self.painter.setPen(Qt.PenStyle.NoPen)
        self.painter.setBrush(self.theme.colour("panel"))
        self.painter.drawRoundedRect(box, 3, 3)
        self.painter.setPen(self.theme.colour(role))
        self.painter.drawText(box, where, text)

    def _neurons(self, r: int, row: Row, lit: bool, phase: str, selected: tuple[str, Index] | None) -> None:
        numbers, p, t = self.map.numbers[r], self.painter, self.theme
        scale = numbers.scale
        values = np.full(row.count, np.nan) if numbers.values is None else np.asarray(numbers.values, np.float64)
        colours, light = self._colours(values, scale), painting.ink(scale, t)[scale.positions(values)]
        for u in range(row.count):
            centre = self.map.centre(r, u)
            hidden = (numbers.names[0], (self.sample, u)) == self.hidden
            value = None if numbers.values is None or hidden else float(numbers.values[u])
            known = value is not None and np.isfinite(value)
            p.setBrush(QColor(*colours[u].tolist()) if known else t.colour("panel"))
            chosen = selected == (numbers.names[0], (self.sample, u))
            role = "accent" if chosen else phase if lit else "muted"
            p.setPen(QPen(t.colour(role), 3.0 if chosen or lit else 1.2))
            p.drawEllipse(centre, RADIUS, RADIUS)
            p.setFont(themes.fixed_font(8))
            dark = bool(light[u]) if known else t.dark
            p.setPen(QColor("#ffffff" if dark else "#14171a"))
            text = "?" if value is None else format_cell(value, 3)
            p.drawText(QRectF(centre.x() - RADIUS, centre.y() - 8, 2 * RADIUS, 16), painting.CENTRE, text)
            if numbers.biases is not None:
                self._bias(r, u, float(numbers.biases[u]), selected == (numbers.names[2], (u,)))
        self._name(r, lit, phase)

    def _bias(self, r: int, u: int, value: float, chosen: bool) -> None:
        self.painter.setFont(themes.fixed_font(8))
        hidden = self.hidden == (self.map.numbers[r].names[2], (u,))
        text, box = f"b {'?' if hidden else format_cell(value, 3)}", self.map.bias_rect(r, u)
        spare = (box.width() - self.painter.fontMetrics().horizontalAdvance(text) - 6) / 2
        self._label(box.adjusted(spare, 0, -spare, 0), text, "accent" if chosen else "muted")

    def _name(self, r: int, lit: bool, phase: str) -> None:
        self.painter.setFont(themes.fixed_font(8.5, bold=lit))
        text, place = self._name_place(r)
        self._label(place, text, phase if lit else "muted", painting.LEFT)

    def _name_place(self, r: int) -> tuple[str, QRectF]:
        """What a row is called, and where that is written."""
        block, metrics = self.map.rows[r].block, self.painter.fontMetrics()
        width, cut = int(self.map.size().width()) - 8, Qt.TextElideMode.ElideRight
        if self.map.sideways:
            text = metrics.elidedText(block.title, cut, int(self.map.apart) - 8)
            place = QRectF(0, 2, metrics.horizontalAdvance(text) + 6.0, 15)
            place.moveLeft(self.map.centre(r, 0).x() - place.width() / 2)
            return text, place
        text = metrics.elidedText(f"{block.title} · {block.type}", cut, width)
        return text, QRectF(4, self.map.centre(r, 0).y() - RADIUS - 21, metrics.horizontalAdvance(text) + 5.0, 15)
