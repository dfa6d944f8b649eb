"""The network map: the layers, or the neurons of a small dense network; zoom, pan, click."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from PyQt6.QtCore import QEvent, QPointF, QRectF, Qt
from PyQt6.QtGui import QHelpEvent, QMouseEvent, QPainter, QPaintEvent, QPixmap, QResizeEvent, QTransform, QWheelEvent
from PyQt6.QtWidgets import QSizePolicy, QToolButton, QToolTip, QWidget

from gui import theme as themes
from gui.content import has_batch, is_gradient, label_letters, limits_of
from gui.network import Layer, neuron_rows, strength
from gui.numbers import cell_label, format_number
from gui.panels.block_map import BlockMap
from gui.panels.map_blocks import BlockPainter, Reading
from gui.panels.map_neurons import NeuronMap, NeuronPainter, Numbers
from gui.panels.map_overview import Overview
from gui.panels.words import tip_of

MARGIN = 10.0
DRAG = 4.0
SMALLEST, LARGEST, NATURAL = 0.7, 3.0, 1.25  # type of 70 % is still read
SMALLEST_NEURONS = 0.45


class NetworkMap(QWidget):
    """The network at a glance, with the current layer lit.

    Args:
        session: What is debugged; clicks go to it.
        parent: The widget that holds it.
    """

    def __init__(self, session: Any, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.session = session
        self.blocks: BlockMap | None = None
        self.neurons: NeuronMap | None = None
        self.readings: dict[str, Reading] = {}
        self._model: Any = None
        self._zoom, self._offset = 1.0, QPointF(0, 0)
        self._moved = False
        self._grab: tuple[QPointF, QPointF] | None = None
        self._hover: str | None = None
        self._lit = ""
        self._painted: tuple[Any, QPixmap] | None = None
        self.toggle = QToolButton(self)
        self.toggle.setText("Layers")
        self.toggle.setCheckable(True)
        self.toggle.setToolTip("Show layers instead of neurons")
        self.toggle.setAccessibleName("Show layers instead of neurons")
        self.toggle.clicked.connect(self._toggled)
        self.fold = QToolButton(self)
        self.fold.setText("Fold")
        self.fold.setCheckable(True)
        self.fold.setToolTip("Fold repeated blocks and inner models into one block each; click one to open it")
        self.fold.setAccessibleName("Fold blocks")
        self.fold.clicked.connect(self._fold_all)
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
        lit = self.blocks.block_of(session.listing, session.shown_index()) if self.blocks else ""
        if lit != self._lit:
            self._lit = lit
            self._bring_into_view()
        self.update()

    def _load(self) -> None:
        """Another network: find its layers, forget zoom and pan."""
        session = self.session
        self._model = session.model
        self.blocks = BlockMap(session.listing, session.model)
        rows = neuron_rows(session.listing, self.blocks.all)
        self.neurons = NeuronMap(rows) if rows else None
        self.toggle.setVisible(self.neurons is not None)
        self.fold.setChecked(bool(self.blocks.closed))
        self._moved, self._lit = False, ""
        self._show_fold()
        self._fit()

    @property
    def layers(self) -> tuple[Layer, ...]:
        """The blocks shown, or behind the neurons shown."""
        return self.blocks.layers if self.blocks else ()

    def _show_fold(self) -> None:
        self.fold.setVisible(self.blocks is not None and bool(self.blocks.groups) and not self.shows_neurons)

    def _fold_all(self) -> None:
        if self.blocks is not None:
            self.blocks.fold_all(self.fold.isChecked())
            self._folded()

    def _folded(self) -> None:
        self._moved, self._lit = False, ""
        self._fit()
        self.refresh()

    def _view(self, name: str | None) -> Any:
        known = name is not None and name in self.session.listing.values and self.session.computed(name)
        return self.session.view(name) if known else None

    def _reading(self, layer: Layer) -> Reading:
        session = self.session
        batch = has_batch(session.listing, layer.output)
        gradient = self._view(session.gradient_of(layer.output))
        return Reading(
            strength(self._view(layer.output), session.sample, batch),
            strength(gradient, session.sample, batch),
            self._moments(layer),
        )

    def _moments(self, layer: Layer) -> tuple[float, ...]:
        """How large a recurrence's hidden values of the sample are, moment by moment."""
        values = self._view(layer.sequence or None)
        return () if values is None else tuple(np.abs(values[self.session.sample]).mean(-1).tolist())

    def _numbers(self, row: Any) -> Numbers:
        """Values of a row, or their gradients where the session shows those."""

        def shown(name: str | None) -> str | None:
            if name is None or self.session.show == "values":
                return name
            return self.session.gradient_of(name)

        names = (shown(row.block.output), shown(row.weight), shown(row.bias))
        values, weights, biases = (self._view(n) for n in names)
        if names[0] is None or values is None:
            return Numbers(names, None, weights, biases)
        listing = self.session.listing
        role = "gradient" if is_gradient(names[0]) else listing.values[names[0]].role
        row = values[self.session.sample]
        return Numbers(names, row, weights, biases, limits_of(listing, names[0], role, row))

    @property
    def shows_neurons(self) -> bool:
        """Whether neurons are shown rather than layers."""
        return self.neurons is not None and not self.toggle.isChecked()

    def _toggled(self) -> None:
        self._moved = False
        self._show_fold()
        self._fit()
        self.update()

    # ------------------------------------------------------------ geometry

    def _bounds(self) -> QRectF:
        if self.neurons is not None and self.shows_neurons:
            return self.neurons.size()
        return self.blocks.bounds() if self.blocks is not None else QRectF()

    def _room(self) -> QRectF:
        """Where the whole network is put: above the buttons."""
        taken = [b.height() + 2 for b in (self.toggle, self.fold) if not b.isHidden()] if self.shows_neurons else []
        return QRectF(self.rect()).adjusted(MARGIN, MARGIN, -MARGIN, -max(MARGIN, *taken, 0))

    def _fit(self) -> None:
        """The whole width, at most a little larger than natural; from the top if it is too high."""
        room = self._room()
        if self.neurons is not None:
            self.neurons.stretch(room.width(), room.height())
        bounds = self._bounds()
        if bounds.isEmpty() or room.isEmpty():
            return
        self._zoom = self._zoom_in(room, bounds)
        if not self.shows_neurons and self.overview().needed:
            room.setRight(room.right() - self.overview().box.width() - 4)
            self._zoom = self._zoom_in(room, bounds)
        shift = bounds.topLeft() * self._zoom
        x = room.left() + max(room.width() - bounds.width() * self._zoom, 0) / 2
        y = room.top() + max(room.height() - bounds.height() * self._zoom, 0) / 2
        self._offset = QPointF(x, y) - shift
        self._bring_into_view()

    def _zoom_in(self, room: QRectF, bounds: QRectF) -> float:
        high, type_size = room.height() / bounds.height(), themes.scale()
        fit = min(room.width() / bounds.width(), high if self.shows_neurons else max(high, 0.8 * type_size))
        return min(max(fit, SMALLEST_NEURONS if self.shows_neurons else SMALLEST * type_size), NATURAL * type_size)

    def _bring_into_view(self) -> None:
        """Move so that the current block shows; never against the user's own panning."""
        if self._moved or self.shows_neurons or self.blocks is None or self._lit not in self.blocks.places:
            return
        bounds, middle = self._bounds(), self.blocks.places[self._lit].center() * self._zoom
        left, top = bounds.left() * self._zoom, bounds.top() * self._zoom
        width, wide = bounds.width() * self._zoom, self.width() - 2 * MARGIN
        if width > wide:
            self._offset.setX(MARGIN - left - min(max(middle.x() - left - wide / 2, 0), width - wide))
        height, high = bounds.height() * self._zoom, self.height() - 2 * MARGIN
        if height > high:
            self._offset.setY(MARGIN - top - min(max(middle.y() - top - high / 2, 0), height - high))

    def transform(self) -> QTransform:
        """From map coordinates to the widget's."""
        return QTransform().translate(self._offset.x(), self._offset.y()).scale(self._zoom, self._zoom)

    def on_map(self, point: QPointF) -> QPointF:
        """A point of the widget in map coordinates."""
        return self.transform().inverted()[0].map(point)

    def block_rect(self, name: str) -> QRectF:
        """A block in widget coordinates."""
        assert self.blocks is not None
        return self.transform().mapRect(self.blocks.places[name])

    def block_at(self, point: QPointF) -> str | None:
        """The block under a point of the widget."""
        return self.blocks.block_at(self.on_map(point)) if self.blocks is not None else None

    def overview(self) -> Overview:
        """The whole network in a corner, while it is larger than the view."""
        seen = self.transform().inverted()[0].mapRect(QRectF(self.rect()))
        return Overview(self._bounds(), seen, QRectF(self.rect()))

    # ------------------------------------------------------------ painting

    def paintEvent(self, event: QPaintEvent | None) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.fillRect(self.rect(), themes.current().colour("panel"))
        if self.layers and self.session.stepper is not None:
            phase = self.session.shown_step().phase
            if self.neurons is not None and self.shows_neurons:
                chosen = self.session.selection
                hidden = chosen if chosen is not None and self.session.hides(*chosen) else None
                brush = NeuronPainter(painter, self.neurons, self.session.sample, hidden)
                painter.drawPixmap(0, 0, self._still(brush.edges_key(chosen), self._paint_edges, hidden))
                painter.setTransform(self.transform())
                brush.neurons(self._lit, phase, chosen)
            elif self.blocks is not None:
                painter.drawPixmap(0, 0, self._still((self.blocks.layers, self._hover), self._paint_blocks))
                painter.setTransform(self.transform())
                BlockPainter(painter, self.layers, self.blocks.places).now(self.readings, self._lit, phase)
                painter.resetTransform()
                places = self.blocks.places.items()
                self.overview().paint(painter, ((rect, name == self._lit) for name, rect in places), phase)
        painter.end()

    def _still(self, content: tuple[Any, ...], paint: Callable[..., None], *rest: Any) -> QPixmap:
        """What does not change from step to step; painted anew only where its content or the look is another."""
        look = themes.current().name, themes.scale(), self.devicePixelRatioF()
        key = (look, self.size(), self._zoom, QPointF(self._offset), content)
        if self._painted is None or self._painted[0] != key:
            picture = QPixmap(self.size() * look[-1])
            picture.setDevicePixelRatio(look[-1])
            picture.fill(themes.current().colour("panel"))
            painter = QPainter(picture)
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setTransform(self.transform())
            paint(painter, *rest)
            painter.end()
            self._painted = key, picture
        return self._painted[1]

    def _paint_blocks(self, painter: QPainter) -> None:
        assert self.blocks is not None
        brush = BlockPainter(painter, self.blocks.layers, self.blocks.places)
        brush.frames(self.blocks.groups)
        brush.still(self._hover)

    def _paint_edges(self, painter: QPainter, hidden: tuple[str, Any] | None) -> None:
        assert self.neurons is not None
        NeuronPainter(painter, self.neurons, self.session.sample, hidden).edges(self.session.selection)

    # ------------------------------------------------------------ mouse

    def event(self, event: QEvent | None) -> bool:
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            QToolTip.showText(event.globalPos(), tip_of(self.tip(QPointF(event.pos()))), self)
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
        if name is None or self.blocks is None:
            return ""
        block = self.blocks[name]
        return self.readings[name].text(block) + ("\nclick to open it" if block.members else "")

    def mousePressEvent(self, event: QMouseEvent | None) -> None:
        if event is None or event.button() != Qt.MouseButton.LeftButton:
            return
        self._grab = event.position(), QPointF(self._offset)
        overview = self.overview()
        if not self.shows_neurons and overview.contains(event.position()):
            self._centre_on(overview.to_map(event.position()))
        else:
            self.click(event.position())

    def _centre_on(self, place: QPointF) -> None:
        self._offset = QRectF(self.rect()).center() - place * self._zoom
        self._grab, self._moved = None, True
        self.update()

    def click(self, point: QPointF) -> None:
        """Select the number, or go to the layer, under a point."""
        if self.neurons is not None and self.shows_neurons:
            cell = self.neurons.cell_at(self.on_map(point), self.session.sample)
            if cell is not None:
                self.session.select(*cell)
            return
        if self.blocks is not None:
            self._click_block(self.blocks, self.on_map(point))

    def _click_block(self, blocks: BlockMap, place: QPointF) -> None:
        """Open or fold a group, select a moment, or go to a layer."""
        group, name = blocks.group_at(place), blocks.block_at(place)
        moment = blocks.moment_at(place, self._count_of_moments(name))
        if group is not None:
            blocks.fold(group)
            self.fold.setChecked(bool(blocks.closed))
            self._folded()
        elif moment is not None:
            self.session.select(blocks[moment[0]].sequence, (self.session.sample, moment[1], 0))
        elif name is not None:
            self._go_to(blocks[name])

    def _count_of_moments(self, name: str | None) -> int:
        sequence = self.blocks[name].sequence if self.blocks is not None and name is not None else ""
        return int(self.session.listing.values[sequence].shape[1]) if sequence else 0

    def _go_to(self, layer: Layer) -> None:
        if layer.layer and any(s.layer == layer.layer for s in self.session.steps):
            self.session.goto_layer(layer.layer)
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
        self.restyle()

    def restyle(self) -> None:
        """Other type: buttons and network take other room."""
        ground = themes.current().raised
        for button in (self.toggle, self.fold):
            button.setStyleSheet(f"QToolButton {{ background: {ground}; }}")
            size = button.sizeHint()
            button.resize(size)
            button.move(self.width() - size.width() - 4, self.height() - size.height() - 4)
        if self.neurons is not None:
            self.fold.move(self.toggle.x() - self.fold.width() - 4, self.toggle.y())
        if not self._moved:
            self._fit()
