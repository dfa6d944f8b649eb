"""The choice of a lesson."""

from __future__ import annotations

from collections.abc import Sequence

from PyQt6.QtCore import Qt
from PyQt6.QtWidgets import QDialog, QDialogButtonBox, QFileDialog, QListWidget, QListWidgetItem, QVBoxLayout, QWidget

from gui import theme
from gui.lesson import Lesson

NAME = Qt.ItemDataRole.UserRole


class LessonChooser(QDialog):
    """All lessons with a line about each; a lesson file of one's own can be opened too.

    Args:
        lessons: The lessons.
        parent: The window.
    """

    def __init__(self, lessons: Sequence[Lesson], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Lessons")
        self.chosen = ""
        self.list = QListWidget()
        self.list.setAccessibleName("Lessons")
        self.list.setWordWrap(True)
        self.list.setSpacing(3)
        for number, lesson in enumerate(lessons, 1):
            item = QListWidgetItem(f"{number}. {lesson.title}\n{lesson.about}")
            item.setData(NAME, lesson.name)
            self.list.addItem(item)
        self.list.setCurrentRow(0)
        self.list.itemActivated.connect(lambda _: self.take())
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        start = buttons.addButton("Start", QDialogButtonBox.ButtonRole.AcceptRole)
        other = buttons.addButton("Open a file…", QDialogButtonBox.ButtonRole.ActionRole)
        if start is not None and other is not None:
            start.clicked.connect(self.take)
            other.clicked.connect(self.browse)
        buttons.rejected.connect(self.reject)
        column = QVBoxLayout(self)
        column.addWidget(self.list)
        column.addWidget(buttons)
        self.resize(theme.dialog_size(560, 560))

    def take(self) -> None:
        """Close with the lesson chosen."""
        item = self.list.currentItem()
        if item is not None:
            self.chosen = str(item.data(NAME))
            self.accept()

    def browse(self) -> None:
        """Close with a lesson file chosen."""
        path, _ = QFileDialog.getOpenFileName(self, "Open a lesson", "", "Lessons (*.txt)")
        if path:
            self.chosen = path
            self.accept()
