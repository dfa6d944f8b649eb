"""The line below the card in which a prediction is typed."""

from __future__ import annotations

from PyQt6.QtCore import Qt
from PyQt6.QtWidgets import QGridLayout, QLineEdit, QPushButton, QSizePolicy, QWidget

from gui import theme as themes
from gui.numbers import format_number
from gui.panels.words import Plain
from gui.predicting import Answer, Predictor

SAID = {
    "right": "Right.",
    "rounded": "Right as far as it goes: half a point.",
    "wrong": "Not yet. Try again, or ask for a hint.",
    "shown": "Shown: no points.",
}


class PredictBar(QWidget):
    """Question, answer, verdict, hints and score.

    Args:
        predictor: What judges.
        parent: The widget that holds it.
    """

    def __init__(self, predictor: Predictor, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.predictor = predictor
        self.question, self.verdict, self.hints, self.score = (self._label() for _ in range(4))
        self.score.setAlignment(Qt.AlignmentFlag.AlignRight)
        self.answer = QLineEdit(self)
        self.answer.setAccessibleName("Predicted number")
        self.answer.setPlaceholderText("your number")
        self.answer.returnPressed.connect(self.check)
        self.button = self._button("Check", self.check)
        self.more = self._button("Hint", predictor.hint)
        self.show_it = self._button("Show", self.reveal)
        self._last: Answer | None = None
        self._lay_out()
        self.hide()

    def _label(self) -> Plain:
        label = Plain(parent=self)
        label.setWordWrap(True)
        label.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        return label

    def _button(self, text: str, action: object) -> QPushButton:
        button = QPushButton(text, self)
        button.setAccessibleName(text)
        button.clicked.connect(lambda: action())  # type: ignore[operator]
        return button

    def _lay_out(self) -> None:
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 4, 4, 4)
        grid.addWidget(self.question, 0, 0, 1, 4)
        for column, widget in enumerate((self.answer, self.button, self.more, self.show_it)):
            grid.addWidget(widget, 1, column)
        grid.addWidget(self.hints, 2, 0, 1, 4)
        grid.addWidget(self.verdict, 3, 0, 1, 3)
        grid.addWidget(self.score, 3, 3)

    def refresh(self) -> None:
        """Show what is asked for now."""
        p = self.predictor
        self.setVisible(p.on)
        if not p.on:
            return
        p.follow()
        asked = p.cell is not None
        self.question.setText(p.question if asked else "Step forward: the next number is yours to predict.")
        self.hints.setText("\n".join(p.hints))
        self.hints.setVisible(bool(p.hints))
        for widget in (self.answer, self.button, self.show_it):
            widget.setEnabled(asked)
        self.more.setEnabled(asked and p.given < p.most_hints)
        points, count = p.score
        self.score.setText(f"{format_number(points, 1) if points else '0'} of {count}")

    def check(self) -> None:
        """Judge what was typed."""
        try:
            self._say(self.predictor.answer(self.answer.text()))
        except ValueError as error:
            self._put(str(error), "bad")

    def reveal(self) -> None:
        """Give up."""
        found = self.predictor.reveal()
        if found is not None:
            self._say(found)

    def _say(self, answer: Answer) -> None:
        self._put(SAID[answer.verdict], "good" if answer.points else "bad")
        if answer.verdict != "wrong":
            self.answer.clear()
        self.answer.setFocus()
        self.refresh()

    def _put(self, text: str, role: str) -> None:
        self.verdict.setStyleSheet(f"color: {getattr(themes.current(), role)}")
        self.verdict.setText(text)
