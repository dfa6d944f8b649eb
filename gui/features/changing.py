"""Changing the run by hand: numbers, points, pictures; undo and redo."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from PyQt6.QtWidgets import QMessageBox

from gui.handlers import Handler
from gui.panels.code_page import CodePage
from gui.panels.drawing_board import DrawingBoard
from gui.panels.fan_page import FanPage
from gui.panels.playground import Playground
from gui.panels.tensor_window import TensorWindow
from gui.panels.towers_page import TowersPage
from gui.panels.workbench import Workbench


class Changing:
    """The workbench of one window, and what its actions do.

    Args:
        window: The window; its stage need not be there yet.
    """

    def __init__(self, window: Any) -> None:
        self.window, self.session = window, window.session

    def bench(self) -> Workbench:
        """The middle of the window: stage, playground, drawing board, neuron, edit bar."""
        self.workbench = Workbench(self.session, self.window.stage, self.change, self.window.say)
        self.playground = Playground(self.session, self.change, self.window.load)
        self.drawing_board, self.fan = DrawingBoard(self.session, self.change), FanPage(self.session)
        self.code, self.towers = CodePage(self.session, self.change), TowersPage(self.session)
        for page in (self.window.stage, self.code, self.towers):
            page.asked.connect(lambda name: self.window.actions_by_name[name].trigger())
        self.workbench.add("Playground", self.playground)
        self.workbench.add("Draw", self.drawing_board)
        self.workbench.add("Neuron", self.fan)
        self.workbench.add("Autoencoder", self.code)
        self.workbench.add("Towers", self.towers)
        return self.workbench

    def handlers(self) -> dict[str, Handler]:
        """What its actions do."""
        return {
            "undo": lambda: self.change(self.session.undo),
            "redo": lambda: self.change(self.session.redo),
            "edit": self.edit,
            "stage": lambda: self.workbench.bring(self.window.stage),
            "playground": self.play,
            "draw": self.draw,
            "neuron": lambda: self.workbench.bring(self.fan),
            "code": lambda: self.workbench.bring(self.code),
            "towers": lambda: self.workbench.bring(self.towers),
            "table": self.show_table,
        }

    def change(self, work: Callable[[], object]) -> None:
        """Change the run; training pauses for it, and goes on."""
        training = self.session.training and not self.window.travelling
        self.window.player.stop()
        self.window.walker.stay()
        self.window.trainer.pause(wait=True)
        self.window.attempt(work)
        if training:
            self.window.trainer.begin()

    def edit(self) -> None:
        """Put the cursor into the field of the selected number."""
        if not self.workbench.edit_bar.edit():
            self.window.say("it is computed: change a weight, an input or a target that it comes from")

    def show_table(self) -> None:
        """All numbers of the selected tensor, and how often which occur, in a window of its own."""
        cell = self.session.selection
        if cell is None or cell[0] not in self.session.listing.values:
            return
        name, index = cell
        opened = (w for w in self.window.findChildren(TensorWindow) if w.name == name and w.isVisible())
        table = next(opened, None) or TensorWindow(self.session, name, self.window)
        table.show_cell(index)
        table.show()
        table.raise_()

    def close(self) -> None:
        """Close the windows beside this one: they hear of the session."""
        for table in self.window.findChildren(TensorWindow):
            table.close()

    def play(self) -> None:
        """Bring the playground to the front; with a network of its own if this one does not suit."""
        if self.playground.suits() or not self._is_under_way() or self._may_end():
            self.playground.open()
            self.workbench.bring(self.playground)

    def _is_under_way(self) -> bool:
        """Whether there is a run to lose: training steps done, or changes made."""
        return bool(len(self.session.losses) or self.session.can_undo)

    def _may_end(self) -> bool:
        """Ask whether the run may end."""
        text = "The playground needs a network of two inputs, and begins with one of its own: this run ends."
        yes, no = QMessageBox.StandardButton.Yes, QMessageBox.StandardButton.No
        return QMessageBox.question(self.window, "Playground", text + " Go on?", yes | no, no) == yes

    def draw(self) -> None:
        """Bring the drawing board to the front."""
        if self.drawing_board.suits():
            self.workbench.bring(self.drawing_board)
        else:
            self.window.say("expected a network that takes one grey picture of 6 to 64 pixels a side")
