"""The drawing board: a picture drawn with the mouse, and what the network says to it, stroke by stroke."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from PyQt6.QtCore import QPointF, QRectF, Qt, pyqtSignal
from PyQt6.QtGui import QMouseEvent, QPainter, QPaintEvent, QPen
from PyQt6.QtWidgets import QHBoxLayout, QPushButton, QSizePolicy, QVBoxLayout, QWidget

from gui import drawing
from gui import theme as themes
from gui.colours import Scale, scale_for
from gui.drawing import Drawing, Reader
from gui.numbers import format_number
from gui.panels import painting
from gui.panels.edit_bar import Do
from gui.panels.words import Plain, tip_of


class Sheet(QWidget):
    """The paper; signal `drawn()` after every stroke."""

    drawn = pyqtSignal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.drawing = Drawing(28, 28)
        self._last: tuple[float, float] | None = None
        self.setCursor(Qt.CursorShape.CrossCursor)
        self.setMinimumSize(180, 180)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setAccessibleName("Paper: draw with the left mouse button, erase with the right one")

    def paper(self) -> QRectF:
        """Where the pixels are."""
        cell = min((self.width() - 8) / self.drawing.columns, (self.height() - 8) / self.drawing.rows)
        width, height = cell * self.drawing.columns, cell * self.drawing.rows
        return QRectF((self.width() - width) / 2, (self.height() - height) / 2, width, height)

    def place(self, point: QPointF) -> tuple[float, float]:
        """Row and column under a point, in pixels."""
        paper = self.paper()
        row = (point.y() - paper.top()) / paper.height() * self.drawing.rows
        return row, (point.x() - paper.left()) / paper.width() * self.drawing.columns

    def paintEvent(self, event: QPaintEvent | None) -> None:
        """Paint the ink."""
        painter, theme = QPainter(self), themes.current()
        image = painting.heat_image(self.drawing.ink, Scale(0.0, 1.0, False), theme, None)
        painter.drawImage(self.paper(), image)
        painter.setPen(QPen(theme.colour("line"), 1))
        painter.drawRect(self.paper())
        if not self.drawing.ink.any():
            painter.setPen(Qt.GlobalColor.white)
            painter.setFont(themes.text_font(10))
            painter.drawText(self.paper(), painting.CENTRE, "draw here")
        painter.end()

    def mousePressEvent(self, event: QMouseEvent | None) -> None:
        """Put the pen down."""
        if event is not None:
            self._last = self.place(event.position())
            self._stroke(event)

    def mouseMoveEvent(self, event: QMouseEvent | None) -> None:
        """Move it."""
        if event is not None and self._last is not None and event.buttons() != Qt.MouseButton.NoButton:
            self._stroke(event)

    def mouseReleaseEvent(self, event: QMouseEvent | None) -> None:
        """Lift it."""
        self._last = None

    def _stroke(self, event: QMouseEvent) -> None:
        here = self.place(event.position())
        self.drawing.stroke(self._last or here, here, bool(event.buttons() & Qt.MouseButton.RightButton))
        self._last = here
        self.update()
        self.drawn.emit()


class Answer(QWidget):
    """What the network says: a bar for every number, or a picture."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.said: NDArray[Any] | None = None
        self.setMinimumSize(150, 180)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)

    def show_answer(self, said: NDArray[Any]) -> None:
        """Show it."""
        self.said = said
        self.setAccessibleName(f"Answer: {self.words()}")
        self.update()

    def words(self) -> str:
        """The answer in a few words."""
        if self.said is None or self.said.ndim != 1 or not 1 < self.said.size <= drawing.MOST_BARS:
            return ""
        best = int(self.said.argmax())
        return f"{best}, with {format_number(self.said[best], 3)}"

    def paintEvent(self, event: QPaintEvent | None) -> None:
        """Paint it."""
        if self.said is None:
            return
        painter, theme = QPainter(self), themes.current()
        if self.said.ndim == 1 and self.said.size <= drawing.MOST_BARS:
            self._bars(painter, theme, self.said)
        else:
            self._picture(painter, theme, self.said)
        painter.end()

    def _bars(self, painter: QPainter, theme: themes.Theme, said: NDArray[Any]) -> None:
        line = min((self.height() - 20) / max(said.size, 1), 32.0)
        top, best = (self.height() - line * said.size) / 2, int(said.argmax())
        most = max(float(np.nan_to_num(np.abs(said)).max()), 1e-9)
        width = self.width() - 110.0
        for k, value in enumerate(said):
            y = top + k * line
            role = "accent" if k == best else "muted"
            painter.setFont(themes.text_font(10, bold=k == best))
            painter.setPen(theme.colour("text"))
            painter.drawText(QRectF(4, y, 24, line), painting.RIGHT, str(k))
            painter.fillRect(QRectF(36, y + line * 0.2, width, line * 0.6), theme.colour("raised"))
            part = min(abs(float(value)) / max(most, 1.0), 1.0) if np.isfinite(value) else 0.0
            painter.fillRect(QRectF(36, y + line * 0.2, width * part, line * 0.6), theme.colour(role))
            painter.setFont(themes.text_font(9))
            painter.drawText(QRectF(width + 40, y, 66, line), painting.LEFT, format_number(value, 3))

    def _picture(self, painter: QPainter, theme: themes.Theme, said: NDArray[Any]) -> None:
        image = said.reshape(said.shape[0], -1) if said.ndim != 1 else said.reshape(1, -1)
        cell = min((self.width() - 8) / image.shape[1], (self.height() - 8) / image.shape[0])
        box = QRectF(4, 4, cell * image.shape[1], cell * image.shape[0])
        box.moveCenter(QRectF(self.rect()).center())
        painter.drawImage(box, painting.heat_image(image, scale_for(image, bool((image < 0).any())), theme, None))


class DrawingBoard(QWidget):
    """A page of the workbench, for networks that take grey pictures.

    Args:
        session: What is debugged.
        do: Carries a change of the run out.
    """

    def __init__(self, session: Any, do: Do) -> None:
        super().__init__()
        self.session, self.do = session, do
        self.sheet, self.answer, self.words = Sheet(self), Answer(self), Plain(parent=self)
        self._reader: tuple[Any, Reader] | None = None
        self.sheet.drawn.connect(self.read)
        self.words.setAlignment(Qt.AlignmentFlag.AlignCenter)
        buttons = QHBoxLayout()
        for text, tip, action in (
            ("Clear", "A new sheet", self.clear),
            ("Take the sample", "Begin with the sample that the stage shows", self.take),
            ("Put on the stage", "Make the drawing the sample that the stage shows; undo brings it back", self.put),
        ):
            button = QPushButton(text, self)
            button.setToolTip(tip_of(tip))
            button.clicked.connect(action)
            buttons.addWidget(button)
        buttons.addStretch(1)
        middle = QHBoxLayout()
        middle.addWidget(self.sheet, 3)
        middle.addWidget(self.answer, 2)
        column = QVBoxLayout(self)
        column.addLayout(buttons)
        column.addLayout(middle, 1)
        column.addWidget(self.words)
        self.setAccessibleName("Drawing board")

    def suits(self) -> bool:
        """Whether the network takes grey pictures; of another run's nothing is kept."""
        if self._reader is not None and self._reader[0] is not self.session.stepper:
            self._reader = None
        return drawing.side_of(self.session) is not None

    def refresh(self) -> None:
        """Show what the network says now."""
        side = drawing.side_of(self.session) if self.session.stepper is not None else None
        if side is None:
            return
        if (self.sheet.drawing.rows, self.sheet.drawing.columns) != side:
            self.sheet.drawing = Drawing(*side)
        self.read()

    def refresh_marks(self) -> None:
        """The pointer has moved: nothing to do."""

    def read(self) -> None:
        """Ask the network."""
        stepper = self.session.stepper
        if self._reader is None or self._reader[0] is not stepper:
            self._reader = stepper, Reader(stepper)
        self.answer.show_answer(self._reader[1](drawing.picture_of(self.session, self.sheet.drawing)))
        self.words.setFont(themes.text_font(11, bold=True))
        said = self.answer.words() if self.sheet.drawing.ink.any() else ""
        self.words.setText(f"The network says {said}" if said else "")
        self.sheet.update()

    def clear(self) -> None:
        """A new sheet."""
        self.sheet.drawing.clear()
        self.read()

    def take(self) -> None:
        """Begin with the sample that the stage shows."""
        picture = self.session.view(self.session.listing.inputs[0])[self.session.sample]
        self.sheet.drawing.take(picture, drawing.brightest(self.session))
        self.read()

    def put(self) -> None:
        """Make the drawing the sample that the stage shows."""
        self.do(lambda: drawing.put_into_run(self.session, self.sheet.drawing))
