"""The bar that a lesson speaks from: title, words, a question, back and next."""

from __future__ import annotations

from collections.abc import Callable

from PyQt6.QtCore import Qt, pyqtSignal
from PyQt6.QtGui import QResizeEvent
from PyQt6.QtWidgets import (
    QHBoxLayout,
    QLineEdit,
    QProgressBar,
    QPushButton,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from gui import theme
from gui.lesson import Lesson, Stage
from gui.panels.words import Plain, Rich

WIDEST, BUTTONS = 1000, 230  # widths of words and buttons in pixels at normal size
HEIGHT, ASKING = 62, 36  # the least height, and that of a question


class LessonBar(QWidget):
    """Shows one step of a lesson.

    Signals `moved(by)` for back (-1) and next (1), `answered(text)` and `ended()`.
    """

    moved = pyqtSignal(int)
    answered = pyqtSignal(str)
    ended = pyqtSignal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.heading, self.words, self.verdict = Plain(), Rich(), Plain()
        self.words.setWordWrap(True)
        self.words.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.words.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.words.setAccessibleName("What the lesson says")
        self.verdict.setWordWrap(True)
        self.progress = QProgressBar()
        self.progress.setTextVisible(False)
        self.progress.setAccessibleName("Place in the lesson")
        self.back = self._button("Back", lambda: self.moved.emit(-1))
        self.next = self._button("Next", lambda: self.moved.emit(1))
        self.end = self._button("End", self.ended.emit)
        self.field = QLineEdit()
        self.field.setPlaceholderText("your number")
        self.field.setAccessibleName("Your answer")
        self.field.returnPressed.connect(lambda: self.answered.emit(self.field.text()))
        self.check = self._button("Check", lambda: self.answered.emit(self.field.text()))
        self._lay_out()
        self.restyle()

    def _button(self, text: str, clicked: Callable[[], object]) -> QPushButton:
        button = QPushButton(text)
        button.setAccessibleName(f"{text}: lesson")
        button.clicked.connect(lambda _=False: clicked())
        return button

    def _lay_out(self) -> None:
        self.question = QWidget()
        asking = QHBoxLayout(self.question)
        asking.setContentsMargins(0, 0, 0, 0)
        asking.addWidget(self.field)
        asking.addWidget(self.check)
        asking.addWidget(self.verdict, 1)
        said = QVBoxLayout()
        said.setSpacing(4)
        said.addWidget(self.heading)
        said.addWidget(self.words, 1)
        said.addWidget(self.question)
        moves_box = QWidget()
        moves = QVBoxLayout(moves_box)
        moves.setContentsMargins(0, 0, 0, 0)
        moves.setSpacing(4)
        moves.addWidget(self.progress)
        turn = QHBoxLayout()
        turn.addWidget(self.back)
        turn.addWidget(self.next)
        turn.addWidget(self.end)
        moves.addLayout(turn)
        moves.addStretch(1)
        row = QHBoxLayout(self)
        row.setContentsMargins(12, 6, 12, 6)
        row.setSpacing(16)
        row.addLayout(said, 1)
        row.addWidget(moves_box, 0, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignTop)

    def restyle(self) -> None:
        """Take the theme's fonts and colours."""
        self.heading.setFont(theme.text_font(11, bold=True))
        self.words.setFont(theme.text_font(11))
        self.words.setMaximumWidth(theme.px(WIDEST))
        self.words.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Minimum)
        self.field.setFixedWidth(theme.px(130))
        self.progress.setFixedHeight(theme.px(6))
        t = theme.current()
        self.progress.setStyleSheet(
            f"QProgressBar {{ background: {t.line}; border: 0; border-radius: 3px; }}"
            f"QProgressBar::chunk {{ background: {t.accent}; border-radius: 3px; }}"
        )
        self.next.setStyleSheet(f"background: {t.accent}; color: {t.on_accent}; border: 0; padding: 4px 12px;")
        self._set_height()

    def _set_height(self) -> None:
        """As high as the words need, and a question if there is one."""
        asking = 0 if self.question.isHidden() else theme.px(ASKING)
        width = min(self.width() - theme.px(BUTTONS), theme.px(WIDEST))
        words = self.words.heightForWidth(max(width, theme.px(BUTTONS)))
        self.setFixedHeight(max(self.heading.sizeHint().height() + words + asking + 20, theme.px(HEIGHT)))

    def resizeEvent(self, event: QResizeEvent | None) -> None:
        """Other widths need other heights."""
        super().resizeEvent(event)
        self._set_height()

    def show_step(self, lesson: Lesson, stage: Stage, words: str) -> None:
        """Show a step; its words are HTML."""
        title = stage.keys.get("title", "")
        count = len(lesson.stages)
        self.heading.setText(f"{lesson.title} · {stage.number} of {count}" + (f" · {title}" if title else ""))
        self.words.setText(words)
        self.progress.setRange(0, count)
        self.progress.setValue(stage.number)
        self.back.setEnabled(stage.number > 1)
        self.next.setText("Next" if stage.number < count else "Done")
        asked = stage.keys.get("ask", "")
        self.question.setVisible(bool(asked))
        self.field.clear()
        self.judge(asked)
        self._set_height()

    def judge(self, text: str, right: bool | None = None) -> None:
        """Show the question, or what has come of an answer."""
        t = theme.current()
        self.verdict.setText(text)
        self.verdict.setStyleSheet(f"color: {t.text if right is None else t.good if right else t.bad}")
