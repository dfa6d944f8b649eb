"""Words on the screen. Names come from files of unknown origin, and Qt takes what looks like HTML for HTML: a layer
called `<img src=…>` would make it read any file. So text is shown letter for letter, unless a `Rich` is asked for.
"""

from __future__ import annotations

import html
from typing import Any

from PyQt6.QtCore import QByteArray, Qt, QUrl
from PyQt6.QtGui import QImage, QTextDocument
from PyQt6.QtWidgets import QLabel, QMessageBox, QTextBrowser, QWidget


class Plain(QLabel):
    """A label that shows its text letter for letter.

    Args:
        text: The text.
        parent: The widget that holds it.
    """

    form = Qt.TextFormat.PlainText

    def __init__(self, text: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setTextFormat(self.form)
        self.setText(text)


class Rich(Plain):
    """A label of HTML that this program writes; every name in it goes through `html.escape`."""

    form = Qt.TextFormat.RichText


def tip_of(text: str) -> str:
    """A text as a tool tip shows it letter for letter; of tool tips Qt can be told in no other way.

    Example:
        >>> tip_of("h = 3"), tip_of("<b>h</b>")
        ('h = 3', '<qt>&lt;b&gt;h&lt;/b&gt;</qt>')
    """
    return rich_tip(html.escape(text).replace("\n", "<br>")) if "<" in text or "&" in text else text


def rich_tip(text: str) -> str:
    """A tool tip of HTML that this program writes; every name in it goes through `html.escape`."""
    return f"<qt>{text}</qt>"


def message(icon: QMessageBox.Icon, title: str, text: str, parent: QWidget | None = None) -> QMessageBox:
    """A message box that shows its text letter for letter, with an OK."""
    box = QMessageBox(icon, title, "", QMessageBox.StandardButton.Ok, parent)
    box.setTextFormat(Qt.TextFormat.PlainText)
    box.setText(text)
    return box


def nothing(kind: int) -> Any:
    """A picture or another resource that is not there; for None Qt would look for a file."""
    return QImage() if kind == QTextDocument.ResourceType.ImageResource.value else QByteArray()


class Page(QTextBrowser):
    """HTML that this program writes; it reads no files, whatever is in it."""

    def loadResource(self, kind: int, name: QUrl) -> Any:
        """Nothing."""
        return nothing(kind)


class Document(QTextDocument):
    """The same to be printed."""

    def loadResource(self, kind: int, name: QUrl) -> Any:
        """Nothing."""
        return nothing(kind)
