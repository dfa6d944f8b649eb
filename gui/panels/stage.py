"""The stage: operands, the operation, results; one step of the list in full view."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from PyQt6.QtCore import QRect, pyqtSignal
from PyQt6.QtGui import QPalette, QResizeEvent
from PyQt6.QtWidgets import QSizePolicy, QVBoxLayout, QWidget

from gui import theme as themes
from gui.content import Content, Scene, base_name, dependence, scene_of
from gui.panels import stacking
from gui.panels.cells import attach
from gui.panels.op_block import OpBlock
from gui.panels.scrolling import scrolled
from gui.panels.stage_bar import StageBar
from gui.panels.tensor_geometry import ViewPort
from gui.panels.tensor_view import TensorView

MIDDLE, MOST = 176, 0.4  # width of the operation in pixels, and in parts of the stage


class StageView(QWidget):
    """Inputs, operation and outputs of the step that the session shows.

    Signal `asked(action)` when a tensor's menu asks for what others do, such as "export".

    Args:
        session: What to show; clicks and the pointer are told to it.
        parent: The widget that holds it.
    """

    asked = pyqtSignal(str)

    def __init__(self, session: Any, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.session = session
        self.bar = StageBar(session, self)
        self.canvas = Canvas(session, self)
        self.bar.channels_chosen.connect(self.refresh)
        self.canvas.asked.connect(self.asked)
        self.scene: Scene | None = None
        self.setAutoFillBackground(True)
        self.setBackgroundRole(QPalette.ColorRole.Base)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(4, 2, 4, 4)
        layout.setSpacing(2)
        layout.addWidget(self.bar)
        layout.addWidget(scrolled(self.canvas), 1)
        self.setAccessibleName("Stage: operands, operation and results of the step shown")

    def refresh(self) -> None:
        """Show what the session shows now."""
        if self.session.stepper is None:
            return
        self.bar.refresh()
        self.scene = scene_of(self.session, self.bar.only_channel())
        self.canvas.show_scene(self.scene)

    def refresh_marks(self) -> None:
        """Show other marks on the same numbers: selection or pointer have moved, nothing else."""
        if self.scene is None or self.scene.step is not self.session.shown_step():
            self.refresh()
            return
        marks, consumers, winners = dependence(self.session)
        self.scene = replace(self.scene, marks=marks, consumers=consumers, winners=winners)
        self.canvas.mark(self.scene)

    def views(self) -> list[TensorView]:
        """The tensor views on the stage: operands, then results."""
        return self.canvas.views()


class Canvas(QWidget):
    """Lays tensor views left and right of the operation; views are kept from step to step.

    Signal `asked(action)` when a tensor's menu asks for what others do.
    """

    asked = pyqtSignal(str)

    def __init__(self, session: Any, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.session = session
        self.block = OpBlock(self)
        self._left: list[TensorView] = []
        self._right: list[TensorView] = []
        self._counts = (0, 0)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.restyle()

    def restyle(self) -> None:
        """Larger type takes more room."""
        self.setMinimumSize(360, themes.px(270))

    def views(self) -> list[TensorView]:
        """The views in use: operands, then results."""
        return self._left[: self._counts[0]] + self._right[: self._counts[1]]

    def show_scene(self, scene: Scene) -> None:
        """Show a step."""
        self._counts = (len(scene.operands), len(scene.results))
        self._provide(self._left, self._counts[0])
        for view in self._left:
            view.set_align_right(True)
        self._provide(self._right, self._counts[1])
        for view, content in zip(self.views(), (*scene.operands, *scene.results), strict=True):
            view.set_numbers(self.session.numbers)
            view.set_digits(self.session.digits)
            view.show_content(content)
        self.arrange()
        self.mark(scene)

    def mark(self, scene: Scene) -> None:
        """Mark the selected cell, what it depends on and what depends on it."""
        selected = self.session.selection
        for view in self.views():
            name = self._marked_as(view.content.name, scene)
            index = selected[1] if selected and selected[0] == name and self._own(view, scene) else None
            view.mark(index, scene.marks.get(name), scene.consumers.get(name), scene.winners.get(name))
        self.block.show_scene(self.session, scene)

    def _marked_as(self, name: str, scene: Scene) -> str:
        """The value whose marks a view bears: where gradients stand in for values, those of the value."""
        step = scene.step
        if self.session.show == "gradients" and name not in step.inputs + step.outputs:
            return base_name(name)
        return name

    def _own(self, view: TensorView, scene: Scene) -> bool:
        """Whether a selection belongs to this view: of an update's old and new cells to the new ones."""
        twice = [v for v in self.views() if v.content.name == view.content.name]
        return len(twice) < 2 or view in (self._right if scene.done else self._left)

    def _provide(self, views: list[TensorView], count: int) -> None:
        while len(views) < count:
            view = TensorView(self)
            attach(view, self.session, self.asked.emit)
            view.moved.connect(lambda port, view=view: self._link(view, port))
            views.append(view)
        for k, view in enumerate(views):
            view.setVisible(k < count)

    def _link(self, moved: TensorView, port: ViewPort) -> None:
        for view in self.views():
            if view is not moved and view.content.shape == moved.content.shape:
                view.set_view_port(port)

    def arrange(self) -> None:
        """Give every view its place."""
        width, height = self.width(), self.height()
        middle = min(themes.px(MIDDLE), int(width * MOST))
        sides = self._left[: self._counts[0]], self._right[: self._counts[1]]
        lines = [len(stacking.pair([view.single for view in side])) for side in sides]
        left = int((width - middle) * stacking.part(*lines))
        self.block.setGeometry(left, 0, middle, height)
        self._stack(sides[0], QRect(0, 0, left, height))
        self._stack(sides[1], QRect(left + middle, 0, width - middle - left, height))

    def _stack(self, views: Sequence[TensorView], room: QRect) -> None:
        single = [v.single for v in views]
        columns = stacking.columns_for(len(stacking.pair(single)), room.width(), room.height())
        wanted = [v.height_for(room.width() // columns, room.height()) for v in views]
        for view, rect in zip(views, stacking.place(wanted, room, single) if views else (), strict=True):
            view.setGeometry(rect)

    def resizeEvent(self, event: QResizeEvent | None) -> None:
        self.arrange()

    def contents(self) -> list[Content]:
        """What the views show."""
        return [view.content for view in self.views()]
