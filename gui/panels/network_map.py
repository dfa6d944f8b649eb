"""The network map: the layers, or the neurons of a small dense network; zoom, pan, click."""

from __future__ import annotations

from typing import Any

from PyQt6.QtCore import QEvent, QPointF, QRectF, Qt
from PyQt6.QtGui import QHelpEvent, QMouseEvent, QPainter, QPaintEvent, QResizeEvent, QTransform, QWheelEvent
from PyQt6.QtWidgets import QSizePolicy, QToolButton, QToolTip, QWidget

from gui import theme as themes
from gui.content import has_batch, label_letters
from gui.network import Layer, block_of, layer_types, layers_of, neuron_rows, strength
from gui.numbers import cell_label, format_number
from gui.panels.map_blocks import ARC, BlockPainter, Reading, block_places
from gui.panels.map_neurons import NeuronMap, NeuronPainter, Numbers

MARGIN = 10.0
DRAG = 4.0
SMALLEST, LARGEST, NATURAL = 0.45, 3.0, 1.25


class NetworkMap(QWidget):
    """The network at a glance, with the current layer lit.

    Args:
        session: What is debugged; clicks go to it.
        parent: The widget that holds it.
    """

    def __init__(self, session: Any, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.session = session
        self.layers: tuple[Layer, ...] = ()
        self.neurons: NeuronMap | None = None
        self.readings: dict[str, Reading] = {}
        self._places: dict[str, QRectF] = {}
        self._model: Any = None
        self._zoom, self._offset = 1.0, QPointF(0, 0)
        self._moved = False
        self._grab: tuple[QPointF, QPointF] | None = None
        self._hover: str | None = None
        self._lit = ""
        self.toggle = QToolButton(self)
        self.toggle.setText("Layers")
        self.toggle.setCheckable(True)
        self.toggle.setToolTip("Show layers instead of neurons")
        self.toggle.setAccessibleName("Show layers instead of neurons")
        self.toggle.clicked.connect(self._toggled)
        self.setMouseTracking(True)
        self.setMinimumSize(160, 160)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setAccessibleName("Network map")

    # ------------------------------------------------------------ showing

    def refresh(self) -> None:
        """Show the session's network and numbers."""
        session = self.session
        if session.stepper is None:
            return
        if session.model is not self._model:
            self._load()
        self.readings = {layer.name: self._reading(layer) for layer in self.layers}
        if self.neurons is not None:
            self.neurons.numbers = tuple(self._numbers(r) for r in self.neurons.rows)
        step = session.shown_step()
        lit = self._block_of(step)
        if lit != self._lit:
            self._lit = lit
            self._bring_into_view()
        self.update()

    def _load(self) -> None:
        """Another network: find its layers, forget zoom and pan."""
        session = self.session
        self._model = session.model
        self.layers = layers_of(session.listing, layer_types(session.model))
        rows = neuron_rows(session.listing, self.layers)
        self.neurons = NeuronMap(rows) if rows else None
        self._places = block_places(self.layers)
        self.toggle.setVisible(self.neurons is not None)
        self._moved, self._lit = False, ""
        self._fit()

    def _block_of(self, step: Any) -> str:
        """The block of a step: of backward steps outside of layers the loss's."""
        name = block_of(step)
        if name in self._places:
            return name
        return self.layers[-1].name if step.phase == "backward" and not step.layer else ""

    def _view(self, name: str | None) -> Any:
        known = name is not None and name in self.session.listing.values and self.session.computed(name)
        return self.session.view(name) if known else None

    def _reading(self, layer: Layer) -> Reading:
        session = self.session
        batch = has_batch(session.listing, layer.output)
        gradient = self._view(session.gradient_of(layer.output))
        return Reading(
            strength(self._view(layer.output), session.sample, batch), strength(gradient, session.sample, batch)
        )

    def _numbers(self, row: Any) -> Numbers:
        """Values of a row, or their gradients where the session shows those."""

        def shown(name: str | None) -> str | None:
            if name is None or self.session.show == "values":
                return name
            return self.session.gradient_of(name)

        names = (shown(row.block.output), shown(row.weight), shown(row.bias))
        values, weights, biases = (self._view(n) for n in names)
        return Numbers(names, None if values is None else values[self.session.sample], weights, biases)

    @property
    def shows_neurons(self) -> bool:
        """Whether neurons are shown rather than layers."""
        return self.neurons is not None and not self.toggle.isChecked()

    def _toggled(self) -> None:
        self._moved = False
        self._fit()
        self.update()

    # ------------------------------------------------------------ geometry

    def _bounds(self) -> QRectF:
        if self.neurons is not None and self.shows_neurons:
            return self.neurons.size()
        bounds = QRectF()
        for rect in self._places.values():
            bounds = bounds.united(rect)
        skips = any(self._by_name(p).level < layer.level - 1 for layer in self.layers for p in layer.before)
        return bounds.adjusted(0, 0, ARC if skips else 0, 0)

    def _by_name(self, name: str) -> Layer:
        return next(layer for layer in self.layers if layer.name == name)

    def _fit(self) -> None:
        """The whole width, at most a little larger than natural; from the top if it is too high."""
        if self.neurons is not None:
            self.neurons.stretch(self.width() - 2 * MARGIN, self.height() - 2 * MARGIN)
        bounds, room = self._bounds(), QRectF(self.rect()).adjusted(MARGIN, MARGIN, -MARGIN, -MARGIN)
        if bounds.isEmpty() or room.isEmpty():
            return
        high = room.height() / bounds.height()
        fit = min(room.width() / bounds.width(), high if self.shows_neurons else max(high, 0.8))
        self._zoom = min(max(fit, SMALLEST), NATURAL)
        x = room.left() + max(room.width() - bounds.width() * self._zoom, 0) / 2
        y = room.top() + max(room.height() - bounds.height() * self._zoom, 0) / 2
        self._offset = QPointF(x, y)
        self._bring_into_view()

    def _bring_into_view(self) -> None:
        """Move so that the current block shows; never against the user's own panning."""
        if self._moved or self.shows_neurons or self._lit not in self._places:
            return
        bounds, middle = self._bounds(), self._places[self._lit].center() * self._zoom
        width, wide = bounds.width() * self._zoom, self.width() - 2 * MARGIN
        if width > wide:
            self._offset.setX(MARGIN - min(max(middle.x() - wide / 2, 0), width - wide))
        height, high = bounds.height() * self._zoom, self.height() - 2 * MARGIN
        if height > high:
            self._offset.setY(MARGIN - min(max(middle.y() - high / 2, 0), height - high))

    def transform(self) -> QTransform:
        """From map coordinates to the widget's."""
        return QTransform().translate(self._offset.x(), self._offset.y()).scale(self._zoom, self._zoom)

    def on_map(self, point: QPointF) -> QPointF:
        """A point of the widget in map coordinates."""
        return self.transform().inverted()[0].map(point)

    def block_rect(self, name: str) -> QRectF:
        """A block in widget coordinates."""
        return self.transform().mapRect(self._places[name])

    def block_at(self, point: QPointF) -> str | None:
        """The block under a point of the widget."""
        place = self.on_map(point)
        return next((name for name, rect in self._places.items() if rect.contains(place)), None)

    # ------------------------------------------------------------ painting

    def paintEvent(self, event: QPaintEvent | None) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.fillRect(self.rect(), themes.current().colour("panel"))
        if self.layers and self.session.stepper is not None:
            painter.setTransform(self.transform())
            phase = self.session.shown_step().phase
            if self.neurons is not None and self.shows_neurons:
                chosen = self.session.selection
                hidden = chosen if chosen is not None and self.session.hides(*chosen) else None
                NeuronPainter(painter, self.neurons, self.session.sample, hidden).paint(self._lit, phase, chosen)
            else:
                BlockPainter(painter, self.layers, self._places).paint(self.readings, self._lit, phase, self._hover)
        painter.end()

    # ------------------------------------------------------------ mouse

    def event(self, event: QEvent | None) -> bool:
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            QToolTip.showText(event.globalPos(), self.tip(QPointF(event.pos())), self)
            return True
        return super().event(event)

    def tip(self, point: QPointF) -> str:
        """What is under a point."""
        if self.neurons is not None and self.shows_neurons:
            cell = self.neurons.cell_at(self.on_map(point), self.session.sample)
            value = self.session.number_at(*cell) if cell else None
            if cell is None:
                return ""
            label = cell_label(*cell, label_letters(self.session.listing, cell[0]))
            return f"{label} = {'not computed yet' if value is None else format_number(value)}"
        name = self.block_at(point)
        return "" if name is None else self.readings[name].text(self._by_name(name))

    def mousePressEvent(self, event: QMouseEvent | None) -> None:
        if event is None or event.button() != Qt.MouseButton.LeftButton:
            return
        self._grab = event.position(), QPointF(self._offset)
        self.click(event.position())

    def click(self, point: QPointF) -> None:
        """Select the number, or go to the layer, under a point."""
        if self.neurons is not None and self.shows_neurons:
            cell = self.neurons.cell_at(self.on_map(point), self.session.sample)
            if cell is not None:
                self.session.select(*cell)
            return
        name = self.block_at(point)
        if name is not None:
            self._go_to(self._by_name(name))

    def _go_to(self, layer: Layer) -> None:
        if layer.is_layer and any(s.layer == layer.name for s in self.session.steps):
            self.session.goto_layer(layer.name)
        elif self.session.computed(layer.output):
            shape = self.session.listing.values[layer.output].shape
            self.session.select(layer.output, (0,) * len(shape))

    def mouseMoveEvent(self, event: QMouseEvent | None) -> None:
        if event is None:
            return
        if self._grab is not None and event.buttons() & Qt.MouseButton.LeftButton:
            start, offset = self._grab
            if (event.position() - start).manhattanLength() > DRAG:
                self._offset, self._moved = offset + event.position() - start, True
                self.update()
            return
        hovered = None if self.shows_neurons else self.block_at(event.position())
        if hovered != self._hover:
            self._hover = hovered
            self.update()

    def mouseReleaseEvent(self, event: QMouseEvent | None) -> None:
        self._grab = None

    def mouseDoubleClickEvent(self, event: QMouseEvent | None) -> None:
        if event is not None and self.block_at(event.position()) is None:
            self._moved = False
            self._fit()
            self.update()

    def wheelEvent(self, event: QWheelEvent | None) -> None:
        if event is None:
            return
        at, place = event.position(), self.on_map(event.position())
        self._zoom = min(max(self._zoom * 1.15 ** (event.angleDelta().y() / 120), SMALLEST / 2), LARGEST)
        self._offset = at - place * self._zoom
        self._moved = True
        event.accept()
        self.update()

    def leaveEvent(self, event: QEvent | None) -> None:
        if self._hover is not None:
            self._hover = None
            self.update()

    def resizeEvent(self, event: QResizeEvent | None) -> None:
        size = self.toggle.sizeHint()
        self.toggle.move(self.width() - size.width() - 4, self.height() - size.height() - 4)
        if not self._moved:
            self._fit()
