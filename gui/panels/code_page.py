"""The autoencoder page: input, output and difference side by side, and a slider for every number of the code."""

from __future__ import annotations

from typing import Any

from PyQt6.QtCore import Qt, pyqtSignal
from PyQt6.QtWidgets import QHBoxLayout, QPushButton, QSlider, QVBoxLayout, QWidget

from fastnn.engine.reconstructing import Reconstruction, reconstruction
from gui import theme as themes
from gui.numbers import format_number
from gui.panels.cells import attach
from gui.panels.edit_bar import Do
from gui.panels.scrolling import scrolling_grid
from gui.panels.tensor_geometry import ViewPort
from gui.panels.tensor_view import TensorView
from gui.panels.words import Plain, tip_of
from gui.reconstructing import CodeCell, Picture, picture_of

TICKS = 200
LOWEST = 150  # pixels that pictures are high, at least


class CodePage(QWidget):
    """A page of the workbench, for networks that give back what they are given.

    Signal `asked(action)` when a tensor's menu asks for what others do, such as "export".

    Args:
        session: What is debugged.
        do: Carries a change out; errors become messages.
    """

    asked = pyqtSignal(str)

    def __init__(self, session: Any, do: Do) -> None:
        super().__init__()
        self.session, self.do = session, do
        self._known: tuple[Any, Reconstruction | None] = (None, None)
        self.picture: Picture | None = None
        self.views = [TensorView(self) for _ in range(3)]
        for view in self.views:
            view.moved.connect(self._link)
        for view in self.views[:2]:
            attach(view, session, self.asked.emit)
        self.views[2].clicked.connect(self._select)
        self.views[2].hovered.connect(self._hover)
        self.words = Plain(parent=self)
        self.words.setWordWrap(True)
        self.own = QPushButton("The run's own code", self)
        self.own.setToolTip("End the experiment: the code as the encoder made it")
        self.own.clicked.connect(lambda: self.do(self.session.try_nothing))
        self.sliders: list[CodeSlider] = []
        self._compose()
        self.setAccessibleName("Autoencoder: input, output, difference, and the code")

    def _compose(self) -> None:
        pictures, head = QHBoxLayout(), QHBoxLayout()
        for view in self.views:
            view.setMinimumHeight(themes.px(LOWEST))
            pictures.addWidget(view, 1)
        head.addWidget(self.words, 1)
        head.addWidget(self.own)
        scroll, self.grid = scrolling_grid(self, themes.px(LOWEST) // 2)
        column = QVBoxLayout(self)
        column.setContentsMargins(10, 4, 10, 2)
        column.addLayout(pictures, 3)
        column.addLayout(head)
        column.addWidget(scroll, 2)

    # ------------------------------------------------------------ showing

    def parts(self) -> Reconstruction | None:
        """Input, code and output; None for networks of another kind."""
        listing = self.session.listing
        if self._known[0] is not listing:
            self._known = listing, reconstruction(listing)
        return self._known[1]

    def suits(self) -> bool:
        """Whether it is an autoencoder."""
        return self.parts() is not None

    def refresh(self) -> None:
        """Show the sample and what is tried."""
        parts = self.parts()
        if parts is None:
            return
        self.picture = picture_of(self.session, parts)
        for view, content in zip(self.views, self.picture.tiles, strict=True):
            view.set_numbers(self.session.numbers)
            view.show_content(content)
        self.words.setFont(themes.text_font(9.5, bold=bool(self.picture.tried)))
        self.words.setText(self.picture.words)
        self.own.setEnabled(bool(self.picture.tried))
        self._show_sliders(self.picture.cells)
        self.refresh_marks()

    def _show_sliders(self, cells: tuple[CodeCell, ...]) -> None:
        while len(self.sliders) < len(cells):
            slider, place = CodeSlider(self._try, self.grid.parentWidget()), len(self.sliders)
            self.grid.addWidget(slider, place // 2, place % 2)
            self.sliders.append(slider)
        for k, slider in enumerate(self.sliders):
            slider.setVisible(k < len(cells))
            if k < len(cells):
                slider.show_cell(cells[k], not self.session.training)

    def refresh_marks(self) -> None:
        """Mark the selected cell where it is shown."""
        for view in self.views:
            cell = self.session.selection
            view.mark(cell[1] if cell is not None and cell[0] == view.content.name else None)

    # ------------------------------------------------------------ doing

    def _try(self, index: tuple[int, ...], value: float, again: bool) -> None:
        if self.picture is not None:
            name = self.picture.code
            self.do(lambda: self.session.try_value(name, index, value, again))

    def _select(self, name: str, index: tuple[int, ...]) -> None:
        """Of the difference: the same cell of the output."""
        parts = self.parts()
        if parts is not None:
            self.session.select(parts.made, (self.session.sample, *index[1:]))

    def _hover(self, name: str, index: object) -> None:
        parts = self.parts()
        if parts is not None and isinstance(index, tuple):
            self.session.hover(parts.made, (self.session.sample, *index[1:]))
        else:
            self.session.hover(None)

    def _link(self, port: ViewPort) -> None:
        for view in self.views:
            view.set_view_port(port)


class CodeSlider(QWidget):
    """One number of the code: its place, a slider, its value; what is tried is marked.

    Args:
        tell: Called with index, value, and whether a drag goes on.
        parent: The widget that holds it.
    """

    def __init__(self, tell: Any, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.tell, self.cell = tell, CodeCell((), 0.0, 0.0, 0.0, 1.0)
        self.name, self.value = Plain(parent=self), Plain(parent=self)
        self.slider = QSlider(Qt.Orientation.Horizontal, self)
        self.slider.setRange(0, TICKS)
        self.slider.sliderPressed.connect(self._press)
        self.slider.valueChanged.connect(self._move)
        self.value.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self._dragged = False
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self.name)
        row.addWidget(self.slider, 1)
        row.addWidget(self.value)

    def show_cell(self, cell: CodeCell, enabled: bool) -> None:
        """Show a number."""
        self.cell = cell
        place, tried = ", ".join(map(str, cell.index[1:])), cell.value != cell.own
        self.name.setText(f"code[{place}]")
        self.value.setText(format_number(cell.value))
        own = f"the run's own number is {format_number(cell.own)}; drag, or the arrow keys up and down"
        for widget in (self.name, self.value):
            widget.setFont(themes.text_font(9, bold=tried))
            widget.setToolTip(tip_of(own))
        self.value.setMinimumWidth(self.value.fontMetrics().horizontalAdvance("−00.0000 "))
        self.slider.setAccessibleName(f"Number {place} of the code")
        self.slider.setToolTip(tip_of(own))
        self.slider.setEnabled(enabled)
        if not self.slider.isSliderDown():
            self.slider.blockSignals(True)
            self.slider.setValue(self._tick(cell.value))
            self.slider.blockSignals(False)

    def _tick(self, value: float) -> int:
        share = (value - self.cell.low) / (self.cell.high - self.cell.low)
        return round(min(max(share, 0.0), 1.0) * TICKS) if share == share else 0

    def _press(self) -> None:
        self._dragged = False

    def _move(self, tick: int) -> None:
        again, self._dragged = self._dragged, self.slider.isSliderDown()
        low, high = self.cell.low, self.cell.high
        self.tell(self.cell.index, low + (high - low) * tick / TICKS, again and self._dragged)
