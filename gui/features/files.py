"""Opening what is one's own, and writing what is seen."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from PyQt6.QtCore import Qt
from PyQt6.QtGui import QImage
from PyQt6.QtWidgets import QApplication, QFileDialog, QMessageBox, QWidget

from fastnn.errors import FastnnError
from fastnn.exchange.scripts import step_script
from gui.content import label_letters
from gui.exporting import write, write_tensor
from gui.handlers import Handler
from gui.opening import MODELS, from_files, from_script
from gui.panels.export_dialog import ExportDialog
from gui.panels.network_editor import NetworkEditor
from gui.panels.pictures import gif, picture_of, write_picture
from gui.panels.words import message
from gui.source import Source

OPENED = f"Models and scripts ({' '.join(f'*{ending}' for ending in (*MODELS, '.py'))})"
DATA = "Data (*.npz *.csv *.tsv *.txt)"
FAILURES = (FastnnError, ValueError, OSError, ImportError, MemoryError)


class Files:
    """Own data and networks, saved models, scripts; pictures, tensors, scripts.

    Args:
        window: The window.
    """

    def __init__(self, window: Any) -> None:
        self.window = window
        self.written = ""  # the network that was last written, to go on from

    def handlers(self) -> dict[str, Handler]:
        """What its actions do."""
        return {"own_network": self.edit_network, "open_model": self.browse, "export": self.export}

    def attempt(self, what: str, work: Callable[[], object]) -> bool:
        """Do something with files; whether it went well. What failed is said in a box that does not block."""
        QApplication.setOverrideCursor(Qt.CursorShape.WaitCursor)
        try:
            work()
            return True
        except FAILURES as error:
            self.complain(what, f"{error}" or type(error).__name__)
            return False
        finally:
            QApplication.restoreOverrideCursor()

    def complain(self, what: str, why: str) -> None:
        """Say what failed and why."""
        why = re.sub(r"^\[Errno \d+\] ", "", why)  # numbers that say nothing to people
        box = message(QMessageBox.Icon.Warning, what, why, self.window)
        box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        box.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        box.open()

    # ------------------------------------------------------------ opening

    def edit_network(self) -> None:
        """Write a network for data of one's own."""
        editor = NetworkEditor(self.written, None, self.window)
        if editor.exec() and editor.source is not None:
            self.written = editor.edit.toPlainText()
            self.load(editor.source)
        editor.deleteLater()

    def load(self, source: Source) -> bool:
        """Debug another source; the present one stays if that fails."""
        self.window.player.stop()
        self.window.trainer.pause(wait=True)
        return self.attempt("Cannot step through this", lambda: self.window.session.load(source))

    def browse(self) -> None:
        """Ask for a model or a script, and for a model's data."""
        path, _ = QFileDialog.getOpenFileName(self.window, "Open a saved model or a script", "", OPENED)
        if not path:
            return
        data = ""
        if Path(path).suffix.lower() in MODELS:
            data, _ = QFileDialog.getOpenFileName(self.window, f"Data for {Path(path).name}", "", DATA)
            if not data:
                return
        self.open(path, data)

    def open(self, path: str, data: str = "") -> bool:
        """Open a model with its data, or a script, which is run up to its first `fit`."""
        found: list[Source] = []

        def read() -> None:
            found.append(from_script(path) if Path(path).suffix.lower() == ".py" else from_files(path, data))

        return self.attempt(f"Cannot open {Path(path).name}", read) and self.load(found[0])

    # ------------------------------------------------------------ exporting

    def panels(self) -> dict[str, QWidget]:
        """What can be written as a picture, by name."""
        docks = {dock.windowTitle(): dock.widget() for dock in self.window.docks.values() if dock.isVisible()}
        return {"Stage": self.window.stage, "Whole window": self.window, **docks}

    def tensors(self) -> list[str]:
        """Values that can be seen now, the selected one first."""
        session = self.window.session
        names = [name for name in session.listing.values if session.computed(name)]
        chosen = session.selection[0] if session.selection else ""
        return sorted(names, key=lambda name: name != chosen)

    def export(self) -> None:
        """Ask what to write, and where, and write it."""
        if self.window.session.training:
            self.window.say("pause the training to export")
            return
        dialog = ExportDialog(list(self.panels()), self.tensors(), self.window)
        if dialog.exec() and dialog.path:
            chosen = dialog.panel.currentText(), dialog.tensor.currentText(), dialog.steps.value()
            self.write(dialog.kind, dialog.path, *chosen)
        dialog.deleteLater()

    def write(self, kind: str, path: str, panel: str = "Stage", tensor: str = "", steps: int = 20) -> bool:
        """Write a picture, a tensor, a script or a gif."""
        session = self.window.session
        writers: dict[str, Callable[[], object]] = {
            "picture": lambda: write_picture(path, self.panels()[panel], session.title),
            "tensor": lambda: write_tensor(path, session.view(tensor), label_letters(session.listing, tensor)),
            "script": lambda: write(path, step_script(session.stepper, session.title)),
            "gif": lambda: write(path, gif(self.film(self.panels()[panel], steps))),
        }
        done = self.attempt(f"Cannot write {Path(path).name}", writers[kind])
        if done:
            self.window.say(f"written: {path}")
        return done

    def film(self, panel: QWidget, steps: int) -> Iterator[QImage]:
        """Pictures of a panel over the next steps; the run comes back to where it was."""
        session = self.window.session
        here = session.moment.position
        try:
            for position in range(here, here + steps):
                session.goto(position)
                yield picture_of(panel, 1)
        finally:
            session.goto(here)
