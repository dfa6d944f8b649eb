"""Explaining beyond the card: gradient check, predictions, worked sheets."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from PyQt6.QtWidgets import QFileDialog

from fastnn.errors import FastnnError
from gui import worksheet
from gui.exporting import write
from gui.handlers import Handler
from gui.panels.gradient_check import GradientCheck
from gui.panels.words import Document
from gui.predicting import Predictor

SHEETS = "HTML (*.html);;Markdown (*.md);;PDF (*.pdf)"


class Explaining:
    """Gradient check, predictions and worked sheets of one window.

    Args:
        window: The window.
    """

    def __init__(self, window: Any) -> None:
        self.window, self.session = window, window.session
        self.predictor = self.session.predictor = Predictor(self.session)
        self.check: GradientCheck | None = None

    def handlers(self) -> dict[str, Handler]:
        """What its actions do."""
        return {
            "sort_terms": self.session.toggle_order,
            "gradient_check": self.check_gradients,
            "predict": self.predict,
            "export_score": self.export_score,
            "worksheet": self.export_sheet,
        }

    def check_gradients(self) -> None:
        """Open the gradient check."""
        if self.session.training:
            self.window.say("pause the training to check gradients")
            return
        if self.check is not None:
            self.check.close()
            self.check.deleteLater()
        self.check = GradientCheck(self.session, self.window)
        self.check.show()

    def predict(self) -> None:
        """Begin or end predicting."""
        self.predictor.toggle()
        self.window.actions_by_name["predict"].setChecked(self.predictor.on)
        if self.predictor.on:
            self.window.docks["explain"].show()

    def export_score(self) -> None:
        """Write all answers as a table."""
        path = self._ask("Export the score", "score.csv", "Table (*.csv)")
        if path:
            self._attempt(path, lambda: write(Path(path), self.predictor.csv().encode()))

    def export_sheet(self) -> None:
        """Write the training step shown as a worked sheet."""
        path = self._ask("Export a worked sheet", "worksheet.html", SHEETS)
        if path:
            self._attempt(path, lambda: self.write_sheet(Path(path)))

    def _ask(self, title: str, name: str, kinds: str) -> str:
        path, _ = QFileDialog.getSaveFileName(self.window, title, name, kinds)
        return path

    def _attempt(self, path: str, work: Any) -> None:
        try:
            work()
            self.window.say(f"wrote {path}")
        except (FastnnError, OSError, ValueError) as error:
            self.window.say(str(error))

    def write_sheet(self, path: Path) -> None:
        """Write the worked sheet as HTML, Markdown or PDF, by the file's ending.

        Raises:
            FastnnError: while training runs.
            OSError: if the file cannot be written.
        """
        parts = worksheet.blocks(self.session)
        title, subtitle = self.session.title, worksheet.subtitle_of(self.session)
        if path.suffix.lower() == ".md":
            write(path, worksheet.as_markdown(title, subtitle, parts).encode())
        elif path.suffix.lower() == ".pdf":
            write(path, pdf(worksheet.as_html(title, subtitle, parts)))
        else:
            write(path, worksheet.as_html(title, subtitle, parts).encode())

    def close(self) -> None:
        """Let go."""
        if self.check is not None:
            self.check.close()
        self.session.predictor = None


def pdf(html: str) -> bytes:
    """A sheet as a PDF file."""
    from PyQt6.QtCore import QBuffer, QByteArray, QIODevice
    from PyQt6.QtGui import QPdfWriter

    content = QByteArray()
    buffer = QBuffer(content)
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    document = Document()
    document.setHtml(html)
    document.print(QPdfWriter(buffer))
    buffer.close()
    return bytes(content.data())
