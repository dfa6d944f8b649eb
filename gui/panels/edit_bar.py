"""The selected number and the learning rate as fields: typed, nudged with the arrow keys, or dragged by their names."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from PyQt6.QtCore import QRect, QSize, Qt
from PyQt6.QtGui import QFocusEvent, QKeyEvent, QMouseEvent, QPalette, QWheelEvent
from PyQt6.QtWidgets import QHBoxLayout, QLineEdit, QSizePolicy, QWidget

from gui import theme as themes
from gui.content import label_letters
from gui.editing import RATE, change_cell, dragged, is_editable, number_in, updated_since
from gui.numbers import cell_label, exact, minus
from gui.panels.flow import Flow
from gui.panels.words import Plain, tip_of

Cell = tuple[str, tuple[int, ...]]
Do = Callable[[Callable[[], object]], None]
Say = Callable[[str], None]
LEAST = 36  # pixels that are left of a name
NUDGE = 4.0  # pixels of a drag that one press of an arrow key stands for


class NumberField(QWidget):
    """One number of the run with its name: type it, drag the name, or press the arrow keys.

    Args:
        session: What is changed.
        do: Carries a change out; errors become messages, training pauses for it.
        say: Shows a message.
        width: Width of the field for typing.
        parent: The widget that holds it.
    """

    def __init__(self, session: Any, do: Do, say: Say, width: int, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.session, self.do, self.say, self._name = session, do, say, ""
        self.cell: Cell | None = None
        self.label = DragLabel(self.drag, self)
        self.entry = Entry(self.commit, self.nudge, self.refresh, self)
        self._width = width
        self.restyle()
        self._start: float | None = None
        row = QHBoxLayout(self)
        row.setContentsMargins(8, 2, 8, 4)
        row.setSpacing(5)
        row.addWidget(self.label)
        row.addWidget(self.entry)

    def restyle(self) -> None:
        """The field grows with type."""
        self.entry.setFixedWidth(themes.px(self._width))

    def show_cell(self, cell: Cell | None, name: str, editable: bool, why: str = "", short: str = "") -> None:
        """Show another number, or the present value of the same one; a short name is for little room."""
        moved = cell != self.cell
        self.cell, self._name = cell, name
        self.label.show_text(name, editable, short)
        self.label.setToolTip(tip_of(f"{name}: drag to the left or right to change it" if editable else why))
        self.entry.setToolTip(
            tip_of("Type a number and press Enter; arrow keys change it a little" if editable else why)
        )
        self.entry.setReadOnly(not editable)
        self.entry.setEnabled(editable)
        self.entry.setAccessibleName(f"Value of {name}")
        if moved or not self.entry.isModified():
            self.refresh()

    def refresh(self) -> None:
        """Write the present value into the field."""
        value = self._value()
        self.entry.setText("" if value is None else minus(exact(value)))
        self.entry.setCursorPosition(0)
        self.entry.setModified(False)

    def _value(self) -> Any:
        return self.session.number_at(*self.cell) if self.cell is not None else None

    def commit(self) -> None:
        """Put the typed number into the run."""
        text, cell = self.entry.text(), self.cell
        if cell is None or not self.entry.isModified():
            return
        self.do(lambda: change_cell(self.session, cell, number_in(text, self.session.listing.values[cell[0]].dtype)))
        self.refresh()
        typed, value = text.replace("−", "-"), self._value()
        if self.session.can_undo and value is not None and updated_since(self.session, cell):
            self.say(
                f"{self._name} = {typed} from the start of this training step; its update made {exact(value)} of it"
            )

    def nudge(self, steps: int) -> None:
        """A little more or less."""
        value = self._value()
        if self.cell is not None and value is not None and self.entry.isEnabled():
            self._move(float(value), NUDGE * 3 * steps, again=False)

    def drag(self, pixels: float, begins: bool) -> None:
        """Follow a drag of as many pixels since it began."""
        if begins or self._start is None:
            value = self._value()
            self._start = None if value is None else float(value)
            self._dragging = False
        if self._start is not None and pixels:
            self._move(self._start, pixels, again=self._dragging)
            self._dragging = True

    def _move(self, start: float, pixels: float, again: bool) -> None:
        cell = self.cell
        assert cell is not None
        self.do(lambda: change_cell(self.session, cell, dragged(self.session, cell, start, pixels), again))
        self.refresh()


class Entry(QLineEdit):
    """A field for one number."""

    def __init__(
        self, commit: Callable[[], None], nudge: Callable[[int], None], restore: Callable[[], None], parent: QWidget
    ) -> None:
        super().__init__(parent)
        self._commit, self._nudge, self._restore = commit, nudge, restore
        self.setAlignment(Qt.AlignmentFlag.AlignRight)
        self.returnPressed.connect(commit)

    def keyPressEvent(self, event: QKeyEvent | None) -> None:
        """Arrow keys change the number, Escape restores it."""
        if event is None:
            return
        if event.key() in (Qt.Key.Key_Up, Qt.Key.Key_Down):
            self._nudge(1 if event.key() == Qt.Key.Key_Up else -1)
        elif event.key() == Qt.Key.Key_Escape:
            self._restore()
            self.clearFocus()
        else:
            super().keyPressEvent(event)

    def wheelEvent(self, event: QWheelEvent | None) -> None:
        """The wheel changes the number while the field has the focus."""
        if event is not None and self.hasFocus():
            self._nudge(1 if event.angleDelta().y() > 0 else -1)
            event.accept()

    def focusOutEvent(self, event: QFocusEvent | None) -> None:
        """What was typed and not confirmed is forgotten."""
        if self.isModified():
            self._restore()
        super().focusOutEvent(event)


class DragLabel(Plain):
    """A name that is dragged sideways to change its number."""

    def __init__(self, drag: Callable[[float, bool], None], parent: QWidget) -> None:
        super().__init__(parent=parent)
        self._drag, self._text, self._short, self._editable = drag, "", "", False
        self._from: float | None = None
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)

    def show_text(self, text: str, editable: bool, short: str = "") -> None:
        """Show a name, the short one where there is little room."""
        if text != self._text:
            self.updateGeometry()
        self._text, self._short, self._editable = text, short or text, editable
        self.setCursor(Qt.CursorShape.SizeHorCursor if editable else Qt.CursorShape.ArrowCursor)
        self.setForegroundRole(QPalette.ColorRole.WindowText if editable else QPalette.ColorRole.PlaceholderText)
        self._elide()

    def _elide(self) -> None:
        metrics, room = self.fontMetrics(), max(self.width(), themes.px(LEAST))
        text = self._text if metrics.horizontalAdvance(self._text) <= room else self._short
        self.setText(metrics.elidedText(text, Qt.TextElideMode.ElideMiddle, room))

    def sizeHint(self) -> QSize:
        """Room for the whole name."""
        return QSize(self.fontMetrics().horizontalAdvance(self._text) + 6, super().sizeHint().height())

    def minimumSizeHint(self) -> QSize:
        """A name may be shortened."""
        return QSize(themes.px(LEAST), super().minimumSizeHint().height())

    def resizeEvent(self, event: Any) -> None:
        """Shorten the name as needed."""
        self._elide()

    def mousePressEvent(self, event: QMouseEvent | None) -> None:
        """Begin a drag."""
        if event is not None and event.button() == Qt.MouseButton.LeftButton and self._editable:
            self._from = event.position().x()
            self._drag(0.0, True)

    def mouseMoveEvent(self, event: QMouseEvent | None) -> None:
        """Follow it."""
        if event is not None and self._from is not None:
            self._drag(event.position().x() - self._from, False)

    def mouseReleaseEvent(self, event: QMouseEvent | None) -> None:
        """End it."""
        self._from = None


class EditBar(Flow):
    """The selected number on the left, the learning rate on the right.

    Args:
        session: What is changed.
        do: Carries a change out.
        say: Shows a message.
        parent: The widget that holds it.
    """

    def __init__(self, session: Any, do: Do, say: Say, parent: QWidget | None = None) -> None:
        super().__init__(parent, 10)
        self.session = session
        self.number, self.rate = NumberField(session, do, say, 104, self), NumberField(session, do, say, 76, self)
        self.setAccessibleName("Edit numbers")
        self.add(self.number)
        self.add(self.rate)

    def places(self, width: int) -> list[QRect]:
        """Both in one line, with shorter names if need be; below each other only where that is not enough."""
        number, rate = self.number, self.rate
        least = rate.minimumSizeHint().width()
        if rate.isHidden() or number.minimumSizeHint().width() + self.space + least > width:
            return super().places(width)
        left = min(number.sizeHint().width(), width - self.space - least)
        right = min(rate.sizeHint().width(), width - self.space - left)
        height = max(number.sizeHint().height(), rate.sizeHint().height())
        return [QRect(0, 0, left, height), QRect(width - right, 0, right, height)]

    def refresh(self) -> None:
        """Show the session's selection and rate."""
        if self.session.stepper is None:
            return
        self.setFont(themes.text_font(9))
        self._refresh_number()
        rate = next((n for n, v in self.session.listing.values.items() if n.endswith(RATE) and v.role == "state"), None)
        self.rate.setVisible(rate is not None)
        if rate is not None:
            self.rate.show_cell((rate, ()), "learning rate", True, short="rate")

    def _refresh_number(self) -> None:
        cell = self.session.selection
        if cell is None or cell[0] not in self.session.listing.values:
            self.number.show_cell(None, "", False)
            return
        label = cell_label(cell[0], cell[1], label_letters(self.session.listing, cell[0]))
        why = "It is computed: change a weight, an input or a target that it comes from"
        self.number.show_cell(cell, label, is_editable(self.session, cell), why, cell_label(*cell))

    def edit(self) -> bool:
        """Put the cursor into the field of the selected number; False if it cannot be changed."""
        if not self.number.entry.isEnabled():
            return False
        self.number.entry.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.number.entry.selectAll()
        return True
