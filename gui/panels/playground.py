"""The playground: points painted in the plane, the boundary that the network draws, and what every neuron says."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from PyQt6.QtCore import Qt
from PyQt6.QtWidgets import (
    QButtonGroup,
    QComboBox,
    QHBoxLayout,
    QLineEdit,
    QPushButton,
    QScrollArea,
    QSpinBox,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from gui import playground
from gui import theme as themes
from gui.colours import CLASSES
from gui.numbers import format_number
from gui.panels.edit_bar import Do
from gui.panels.plane_view import NeuronPlanes, PlaneView
from gui.panels.words import Plain, tip_of
from gui.playground import Points, Score, Survey, points_from, renewed, suits
from gui.source import Source

LOOK, ERASE = -1, -2
ERASER = 12.0  # pixels


class Playground(QWidget):
    """A page of the workbench, for networks that take points of the plane.

    Args:
        session: What is debugged.
        do: Carries a change of the run out.
        load: Debugs another source.
    """

    def __init__(self, session: Any, do: Do, load: Callable[[Source], None]) -> None:
        super().__init__()
        self.session, self.do, self.load = session, do, load
        self.plane, self.neurons = PlaneView(self), NeuronPlanes(self)
        self.tool = LOOK
        self._points: tuple[Source, Points] | None = None
        self._survey: tuple[Any, Survey, Score] | None = None
        self._frame: tuple[Any, Any] = (None, None)
        self.setAccessibleName("Playground")
        self._compose()
        self.plane.painted.connect(self._click)
        self.plane.erased.connect(self.erase)
        self.plane.pointed.connect(self._hover)
        self.neurons.chosen.connect(self._choose)
        self.neurons.pointed.connect(self._enlarge)

    # ------------------------------------------------------------ composing

    def _compose(self) -> None:
        scroll = QScrollArea(self)
        scroll.setWidgetResizable(True)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setWidget(self.neurons)
        scroll.setAccessibleName("Planes of all neurons, scrolling")
        scroll.setMinimumWidth(170)
        middle = QHBoxLayout()
        middle.addWidget(self.plane, 3)
        middle.addWidget(scroll, 2)
        column = QVBoxLayout(self)
        column.setContentsMargins(10, 4, 10, 2)
        column.setSpacing(4)
        column.addLayout(self._network_row())
        column.addLayout(self._point_row())
        column.addLayout(middle, 1)

    def _network_row(self) -> QHBoxLayout:
        self.data, self.activation = QComboBox(self), QComboBox(self)
        self.data.addItems(playground.SETS)
        self.data.setCurrentText("moons")
        self.activation.addItems(playground.ACTIVATIONS)
        self.hidden = QLineEdit("8 8", self)
        self.hidden.setFixedWidth(70)
        self.make = QPushButton("Make", self)
        self.make.clicked.connect(self.begin)
        self.hidden.returnPressed.connect(self.begin)
        row = QHBoxLayout()
        row.setSpacing(6)
        for word, widget, tip in (
            ("points", self.data, "A set of points to begin with"),
            ("hidden layers", self.hidden, "Neurons of every hidden layer, such as 8 8; empty for none"),
            ("activation", self.activation, "What the hidden neurons do"),
        ):
            row.addWidget(Plain(word, self))
            row.addWidget(widget)
            widget.setToolTip(tip_of(tip))
            widget.setAccessibleName(word)
        self.make.setToolTip("Begin with this network and these points")
        row.addWidget(self.make)
        row.addStretch(1)
        return row

    def _point_row(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(6)
        self.tools = QButtonGroup(self)
        self._tool_row = row
        for tool, text, tip in (
            (LOOK, "Look", "Click a point to see it on the stage"),
            (ERASE, "Erase", "Take points away (the right mouse button does, too)"),
        ):
            self._add_tool(tool, text, tip)
        row.addStretch(1)
        row.addWidget(Plain("held out for testing", self))
        self.held = QSpinBox(self)
        self.held.setRange(0, 80)
        self.held.setSingleStep(10)
        self.held.setSuffix(" %")
        self.held.setButtonSymbols(QSpinBox.ButtonSymbols.NoButtons)
        self.held.setAccessibleName("Part held out for testing")
        self.held.setToolTip("The part of the points that the network does not learn from; they are drawn hollow")
        self.held.editingFinished.connect(self.split)
        row.addWidget(self.held)
        self.words = Plain(parent=self)
        self.words.setAccessibleName("Accuracy")
        row.addWidget(self.words)
        return row

    def _add_tool(self, tool: int, text: str, tip: str, place: int = -1) -> QToolButton:
        button = QToolButton(self)
        button.setText(text)
        button.setToolTip(tip_of(tip))
        button.setAccessibleName(text)
        button.setCheckable(True)
        button.setChecked(tool == self.tool)
        button.clicked.connect(lambda: self.take(tool))
        self.tools.addButton(button, tool)
        self._tool_row.insertWidget(self._tool_row.count() if place < 0 else place, button)
        return button

    def _offer_classes(self, count: int) -> None:
        """A button for every class."""
        known = [b for b in self.tools.buttons() if self.tools.id(b) >= 0]
        for button in known[count:]:
            self.tools.removeButton(button)
            button.deleteLater()
        for kind in range(len(known), count):
            shape = "●■▲◆"[kind % 4]
            button = self._add_tool(kind, f"{shape} {kind}", f"Paint points of class {kind}", 1 + kind)
            button.setStyleSheet(f"color: {CLASSES[kind % len(CLASSES)]}; font-weight: bold;")

    # ------------------------------------------------------------ showing

    def suits(self) -> bool:
        """Whether the network takes points of the plane; of another run's nothing is kept."""
        if self._survey is not None and self._survey[0] is not self.session.stepper:
            self._survey = None
        return suits(self.session)

    @property
    def points(self) -> Points:
        """The points of the session, held-out ones included."""
        source = self.session.source
        if self._points is None or self._points[0] is not source:
            self._points = source, points_from(source)
        return self._points[1]

    def refresh(self) -> None:
        """Show what the network says now."""
        if self.session.stepper is None or not self.suits():
            return
        points, stepper = self.points, self.session.stepper
        if self._survey is None or self._survey[0] is not stepper:
            self._survey = stepper, Survey(stepper), Score(stepper, len(points.x))
        if self._frame[0] is not self.session.title:
            self._frame = self.session.title, playground.bounds(points.x)
        plane = self._survey[1].plane(*self._frame[1])
        self._offer_classes(len(points.labels))
        self.plane.show_plane(plane, points, self._caption(), self._chosen(points))
        self.refresh_marks()
        train, test = self._survey[2](points)
        held = "" if np.isnan(test) else f", test {test:.0%}"
        self.words.setText(f"right: {train:.0%}{held}")
        self.words.setFont(themes.text_font(9, bold=True))
        if not self.held.hasFocus():
            self.held.setValue(round(100 * float(points.held.mean())))

    def _caption(self) -> str:
        losses = self.session.losses.array
        return f"step {len(losses)}, loss {format_number(losses[-1])}" if len(losses) else "no training step yet"

    def _chosen(self, points: Points) -> int:
        """The point that the stage shows."""
        row = int(self.session.moment.rows[self.session.sample])
        return int(np.flatnonzero(~points.held)[row])

    def refresh_marks(self) -> None:
        """Show the selection."""
        if self.plane.plane is None:
            return
        name, index = self.session.selection or ("", ())
        self.neurons.show_neurons(self.plane.plane.neurons, (name, index[-1]) if index else None)

    # ------------------------------------------------------------ doing

    def take(self, tool: int) -> None:
        """Look, erase, or paint a class."""
        self.tool = tool
        self.plane.tool_paints = tool != LOOK
        self.plane.setCursor(Qt.CursorShape.ArrowCursor if tool == LOOK else Qt.CursorShape.CrossCursor)

    def open(self) -> None:
        """Begin, unless the network is one to play with already."""
        if not self.suits():
            self.begin()

    def begin(self) -> None:
        """Make the network and the points that the controls ask for."""

        def make() -> None:
            wanted = playground.widths(self.hidden.text())
            self.load(playground.own_source(self.data.currentText(), wanted, self.activation.currentText()))

        self.do(make)

    def split(self) -> None:
        """Hold points out as the field says; it is left, and heard, when the network is another one already."""
        part = self.held.value() / 100
        if self.suits() and round(100 * float(self.points.held.mean())) != self.held.value():
            self._put(self.points.split(part))

    def _click(self, x: float, y: float) -> None:
        if self.tool == LOOK:
            self._look_at(x, y)
        elif self.tool == ERASE:
            self.erase(x, y)
        else:
            self._put(self.points.painted((x, y), self.tool))

    def erase(self, x: float, y: float) -> None:
        """Take away the points near a place."""
        fewer = self.points.erased((x, y), self.plane.reach(ERASER))
        if fewer is not self.points and len(fewer.x) < len(self.points.x):
            self._put(fewer)

    def _put(self, points: Points) -> None:
        self.do(lambda: self.session.replace_source(renewed(self.session.source, points)))

    def _look_at(self, x: float, y: float) -> None:
        """The nearest point that is in the batch becomes the sample of the stage."""
        rows = self.session.moment.rows
        learned = self.points.train[0][rows]
        away = np.hypot(*(learned - np.array([x, y])).T)
        if away.min() <= self.plane.reach(ERASER):
            self.session.set_sample(int(away.argmin()))

    def _hover(self, x: float, y: float) -> None:
        self.plane.setToolTip(tip_of(f"({format_number(x, 3)}, {format_number(y, 3)})"))

    def _choose(self, name: str, unit: int) -> None:
        self.session.select(name, (self.session.sample, unit))

    def _enlarge(self, place: int) -> None:
        if place < 0 or place >= len(self.neurons.neurons):
            self.plane.show_only("", None)
        else:
            name, unit, values = self.neurons.neurons[place]
            self.plane.show_only(f"{name}, neuron {unit}", values)
