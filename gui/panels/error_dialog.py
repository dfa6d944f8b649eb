"""What the user sees of an error in the program: what failed, what is safe, and the details to pass on."""

from __future__ import annotations

import html
import platform
import traceback
from types import TracebackType

from PyQt6.QtCore import Qt
from PyQt6.QtWidgets import QApplication, QMessageBox, QPushButton, QWidget

from fastnn import __version__

SAFE = "Your session is kept in {}. It can be opened again with File › Open a session."
UNKEPT = "The session could not be kept. File › Save the session may still work."


def details_of(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> str:
    """An error for those who mend it: versions, and where it came from."""
    where = "".join(traceback.format_exception(kind, error, trace))
    return f"fastnn {__version__}, Python {platform.python_version()}, {platform.platform()}\n\n{where}"


class ErrorDialog(QMessageBox):
    """A box that does not block; the same error again only counts.

    Args:
        what: The error in one line.
        details: Everything known about it.
        kept: Where the session was kept; empty if it was not.
        parent: The window.
    """

    def __init__(self, what: str, details: str, kept: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.what, self.details, self.times = what, details, 1
        self.setIcon(QMessageBox.Icon.Critical)
        self.setWindowTitle("Something went wrong")
        self.setTextFormat(Qt.TextFormat.RichText)
        self.setText("<b>An action failed because of an error in the program.</b>")
        safe = SAFE.format(html.escape(kept)) if kept else UNKEPT
        self.setInformativeText(f"{html.escape(what)}<br><br>{safe}")
        self.setDetailedText(details)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.copy = QPushButton("Copy the details")
        self.copy.setAccessibleName("Copy the details")
        self.addButton(self.copy, QMessageBox.ButtonRole.ActionRole)
        self.copy.clicked.disconnect()  # it does not close the box
        self.copy.clicked.connect(self._copy)
        self.addButton(QMessageBox.StandardButton.Close)

    def _copy(self) -> None:
        board = QApplication.clipboard()
        if board is not None:
            board.setText(self.details)

    def again(self) -> None:
        """Count the same error once more."""
        self.times += 1
        self.setText(f"<b>An action failed because of an error in the program, {self.times} times.</b>")


class ErrorReporter:
    """Shows one box at a time for a window.

    Args:
        parent: The window.
    """

    def __init__(self, parent: QWidget) -> None:
        self.parent = parent
        self.box: ErrorDialog | None = None

    def report(self, kind: type[BaseException], error: BaseException, trace: TracebackType | None, kept: str) -> None:
        """Show an error, or count it if a box is open."""
        what = f"{kind.__name__}: {error}"
        if self.box is not None:
            self.box.again()
            return
        self.box = ErrorDialog(what, details_of(kind, error, trace), kept, self.parent)
        self.box.finished.connect(self._closed)
        self.box.open()

    def _closed(self) -> None:
        self.box = None
