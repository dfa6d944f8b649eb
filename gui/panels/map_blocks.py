"""The network map as blocks: one per layer, with shape, parameters, and how large activations and gradients are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from PyQt6.QtCore import QPointF, QRectF, Qt
from PyQt6.QtGui import QPainter, QPainterPath, QPen, QPolygonF

from gui import theme as themes
from gui.network import Layer
from gui.numbers import count_label, format_number
from gui.panels import painting

WIDTH, HEIGHT = 188.0, 60.0
STRIP = 20.0  # of the moments of a recurrence
MOST_MOMENTS = 64
DOWN, ACROSS = 20.0, 14.0
ARC = 16.0
LABEL = 25.0  # of the word before a bar
FOLD = 15.0  # of a group's name, above its blocks


@dataclass(frozen=True)
class Reading:
    """How large the numbers of a block are.

    Args:
        activation: Mean magnitude of its output; None while not computed.
        gradient: Mean magnitude of the loss's gradient with respect to it; None while not computed.
        moments: Mean magnitudes of a recurrence's hidden values, one for each moment.
    """

    activation: float | None = None
    gradient: float | None = None
    moments: Sequence[float] = ()

    def text(self, layer: Layer) -> str:
        """The tool tip of a block."""
        shape = " × ".join(map(str, layer.shape)) or "one number"
        lines = [f"{layer.title}: {layer.type}", f"gives {shape}, {count_label(layer.parameters, 'parameter')}"]
        for word, value in (("mean |activation|", self.activation), ("mean |gradient|", self.gradient)):
            lines.append(f"{word} {'not computed yet' if value is None else format_number(value)}")
        return "\n".join(lines)


def block_places(layers: Sequence[Layer]) -> dict[str, QRectF]:
    """Rectangles of blocks: one line per level, branches side by side; a recurrence has room for its moments."""
    levels: dict[int, list[Layer]] = {}
    for layer in layers:
        levels.setdefault(layer.level, []).append(layer)
    widest = max(map(len, levels.values()), default=1)
    full = widest * WIDTH + (widest - 1) * ACROSS
    places, top = {}, 0.0
    for level in sorted(levels):
        here = levels[level]
        left = (full - len(here) * WIDTH - (len(here) - 1) * ACROSS) / 2
        for k, layer in enumerate(here):
            height = HEIGHT + (STRIP if layer.sequence else 0.0)
            places[layer.name] = QRectF(left + k * (WIDTH + ACROSS), top, WIDTH, height)
        top += max(places[layer.name].height() for layer in here) + DOWN
    return places


def bars_in(block: QRectF) -> tuple[QRectF, QRectF]:
    """Where a block says how large its activations and gradients are."""
    half, top = (block.width() - 25) / 2, block.top() + 41
    return QRectF(block.left() + 9, top, half, 12), QRectF(block.left() + 17 + half, top, half, 12)


def moment_rects(block: QRectF, count: int) -> list[QRectF]:
    """The cells of a recurrence's moments in its block, the first on the left."""
    shown = min(count, MOST_MOMENTS)
    width = (block.width() - 17) / max(shown, 1)
    return [QRectF(block.left() + 9 + k * width, block.top() + HEIGHT - 2, width, STRIP - 6) for k in range(shown)]


def group_frames(groups: Mapping[str, Sequence[str]], places: Mapping[str, QRectF]) -> dict[str, QRectF]:
    """Frames around the blocks of groups that are open."""
    found = {}
    for name, members in groups.items():
        if all(m in places for m in members):
            rect = QRectF()
            for member in members:
                rect = rect.united(places[member])
            found[name] = rect.adjusted(-6, -FOLD, 6, 6)
    return found


class BlockPainter:
    """Paints the blocks in map coordinates."""

    def __init__(self, painter: QPainter, layers: Sequence[Layer], places: dict[str, QRectF]) -> None:
        self.painter, self.layers, self.places = painter, layers, places
        self.theme = themes.current()

    def still(self, hovered: str | None) -> None:
        """What stays from step to step: arrows and links, then blocks, none of them lit."""
        for layer in self.layers:
            for parent in layer.before:
                self._edge(self.places[parent], self.places[layer.name])
        self._links()
        for layer in self.layers:
            self._block(layer, "muted" if layer.name == hovered else "line")

    def now(self, readings: dict[str, Reading], current: str, phase: str) -> None:
        """What changes, over it: the current block in the colour of the phase, and how large numbers are."""
        tops = self._tops(readings)
        for layer in self.layers:
            reading = readings.get(layer.name, Reading())
            if layer.name == current:
                self._block(layer, phase, lit=True)
            self._bars(layer, reading, tops)
            if layer.sequence:
                self._moments(layer, reading)

    def _links(self) -> None:
        """Dashes between blocks that share their weights."""
        first: dict[tuple[str, ...], QRectF] = {}
        self.painter.setPen(QPen(self.theme.colour("update"), 2.0, Qt.PenStyle.DotLine))
        for layer in self.layers:
            box = self.places[layer.name]
            if layer.weights and layer.weights in first and first[layer.weights].top() == box.top():
                y = box.center().y()
                self.painter.drawLine(QPointF(first[layer.weights].right(), y), QPointF(box.left(), y))
            first[layer.weights] = box

    def frames(self, groups: Mapping[str, Sequence[str]]) -> None:
        """A frame around the blocks of every open group, with its name."""
        for name, rect in group_frames(groups, self.places).items():
            self.painter.setPen(QPen(self.theme.colour("muted"), 1.0, Qt.PenStyle.DashLine))
            self.painter.setBrush(Qt.BrushStyle.NoBrush)
            self.painter.drawRoundedRect(rect, 7, 7)
            self.painter.setFont(themes.fixed_font(8))
            self.painter.setPen(self.theme.colour("muted"))
            title = QRectF(rect.left() + 6, rect.top(), rect.width() - 12, FOLD)
            self.painter.drawText(title, painting.RIGHT, f"{name.rsplit('/', 1)[-1]}  −")

    def _moments(self, layer: Layer, reading: Reading) -> None:
        """The moments of a recurrence, unrolled: the stronger the hidden values, the darker."""
        count, p = max(len(reading.moments), layer.shape[0] if len(layer.shape) > 1 else 1), self.painter
        top = max(reading.moments, default=0.0)
        for k, rect in enumerate(moment_rects(self.places[layer.name], count)):
            p.setPen(QPen(self.theme.colour("line"), 0.8))
            part = reading.moments[k] / top if k < len(reading.moments) and top > 0 else 0.0
            p.setBrush(themes.mix(self.theme.panel, self.theme.phases["forward"], part))
            p.drawRect(rect)

    def _tops(self, readings: dict[str, Reading]) -> tuple[float, float]:
        act = max((r.activation or 0.0 for r in readings.values()), default=0.0)
        return act, max((r.gradient or 0.0 for r in readings.values()), default=0.0)

    def _edge(self, start: QRectF, end: QRectF) -> None:
        p = self.painter
        p.setPen(QPen(self.theme.colour("muted"), 1.4))
        p.setBrush(Qt.BrushStyle.NoBrush)
        tip = QPointF(end.center().x(), end.top())
        skips = end.top() - start.bottom() > DOWN + 1 and abs(end.center().x() - start.center().x()) < 1
        path = QPainterPath()
        if skips:  # an arc around the blocks in between
            path.moveTo(start.right(), start.center().y())
            out = start.right() + ARC
            path.cubicTo(out, start.center().y(), out, end.center().y(), end.right(), end.center().y())
        elif abs(tip.x() - start.center().x()) > 1 and end.top() - start.bottom() > DOWN + 1:
            foot, bend = QPointF(start.center().x(), start.bottom()), (end.top() - start.bottom()) * 0.6
            path.moveTo(foot)
            path.cubicTo(foot + QPointF(0, bend), tip - QPointF(0, bend), tip)
        else:
            path.moveTo(start.center().x(), start.bottom())
            path.lineTo(tip)
        p.drawPath(path)
        p.setBrush(self.theme.colour("muted"))
        p.setPen(Qt.PenStyle.NoPen)
        if not skips:
            p.drawPolygon(QPolygonF([tip, tip + QPointF(-4, -6), tip + QPointF(4, -6)]))

    def _block(self, layer: Layer, role: str, lit: bool = False) -> None:
        """A block's frame in the colour of a role, and its texts."""
        p, t, box = self.painter, self.theme, self.places[layer.name]
        p.setPen(QPen(t.colour(role), 2.4 if lit else 1.2))
        p.setBrush(themes.mix(t.phases[role], t.panel, 0.84) if lit else t.colour("raised"))
        if layer.members:  # a pile of blocks
            p.drawRoundedRect(box.translated(4, 4), 5, 5)
        p.drawRoundedRect(box, 5, 5)
        text = box.adjusted(9, 5, -8, 0)
        p.setPen(t.colour("text"))
        p.setFont(themes.fixed_font(9, bold=True))
        elide, metrics = Qt.TextElideMode.ElideRight, p.fontMetrics()
        title = metrics.elidedText(layer.title, elide, int(text.width() * 0.62))
        used = metrics.horizontalAdvance(title) + 6
        p.drawText(QRectF(text.left(), text.top(), text.width(), 15), painting.LEFT, title)
        p.setFont(themes.fixed_font(8))
        p.setPen(t.colour("muted"))
        kind = p.fontMetrics().elidedText(layer.type, elide, int(text.width() - used))
        p.drawText(QRectF(text.left(), text.top(), text.width(), 15), painting.RIGHT, kind)
        second = QRectF(text.left(), text.top() + 16, text.width(), 14)
        shape = " × ".join(map(str, layer.shape)) or "one number"
        p.drawText(second, painting.LEFT, shape)
        if layer.parameters:
            room = second.width() - p.fontMetrics().horizontalAdvance(f"{shape}  ")
            p.drawText(second, painting.RIGHT, self._parameters(layer.parameters, room))
        font = themes.fixed_font(8)
        font.setPixelSize(10)
        p.setFont(font)
        p.setPen(t.colour("muted"))
        for bar, word in zip(bars_in(box), ("act", "grad"), strict=True):
            p.drawText(QRectF(bar.left(), bar.top(), LABEL, bar.height()), painting.LEFT, word)

    def _parameters(self, count: int, room: float) -> str:
        """How many parameters, in as many letters as there is room for."""
        texts = (count_label(count, "param"), f"{count / 1e3:,.0f} k", f"{count / 1e6:.1f} M")
        return next((t for t in texts if self.painter.fontMetrics().horizontalAdvance(t) <= room), "")

    def _bars(self, layer: Layer, reading: Reading, tops: tuple[float, float]) -> None:
        activation, gradient = bars_in(self.places[layer.name])
        self._bar(activation, reading.activation, tops[0], "forward")
        self._bar(gradient, reading.gradient, tops[1], "backward")

    def _bar(self, box: QRectF, value: float | None, top: float, role: str) -> None:
        p, t = self.painter, self.theme
        track = QRectF(box.left() + LABEL, box.center().y() - 3, box.width() - LABEL, 6)
        p.setPen(Qt.PenStyle.NoPen)
        p.setBrush(t.colour("line"))
        p.drawRoundedRect(track, 3, 3)
        if value is not None and value > 0 and top > 0:
            part = min(max(value / top, 0.02), 1.0)
            p.setBrush(t.colour(role))
            p.drawRoundedRect(QRectF(track.left(), track.top(), track.width() * part, 6), 3, 3)
        elif value is None:
            p.setBrush(t.colour("raised"))
            p.drawRoundedRect(track.adjusted(1, 1, -1, -1), 2, 2)
