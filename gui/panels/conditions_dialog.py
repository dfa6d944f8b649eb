"""The dialog of conditions: what runs stop at besides operations."""

from __future__ import annotations

import math
from dataclasses import Field, fields
from typing import Any

from PyQt6.QtCore import Qt
from PyQt6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QDoubleSpinBox,
    QGridLayout,
    QHBoxLayout,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from fastnn.engine.conditions import KINDS, Condition
from fastnn.engine.steplist import StepList
from gui import theme
from gui.panels.flow import Flow
from gui.panels.words import Plain, tip_of
from gui.session import Session

WORDS = {"above": "above", "below": "below", "layer": "in", "factor": "by a factor of", "least": "at least"}
WORDS |= {"row": "row", "number": "number"}
SHARES = ("ZeroShare", "Accuracy")  # their numbers go from 0 to 1
EVERY = "all layers"
NO_LIMIT = 1e300


class Number(QDoubleSpinBox):
    """A number of any size, written as short as it can be; the largest stands for no limit."""

    def __init__(self, value: float, least: float, most: float) -> None:
        super().__init__()
        self.setDecimals(0 if isinstance(value, int) else 9)
        self.setRange(least, most)
        self.setValue(min(value, most))
        self.setStepType(QDoubleSpinBox.StepType.AdaptiveDecimalStepType)
        self.setMinimumWidth(92)

    def textFromValue(self, value: float) -> str:
        """The number without needless zeros."""
        return "no limit" if value == NO_LIMIT else f"{value:.10g}"


class ConditionRow:
    """One kind of condition: a box to tick, and a field for every setting.

    Args:
        kind: The kind.
        given: The condition that is set, if one of this kind is.
        listing: The network's step list.
    """

    def __init__(self, kind: type[Condition], given: Condition | None, listing: StepList) -> None:
        self.kind, self.missing = kind, kind().missing(listing)
        self.box = QCheckBox(kind.title)
        self.box.setAccessibleName(kind.title)
        self.box.setChecked(given is not None)
        self.box.setToolTip(tip_of((kind.__doc__ or "").split("\n")[0]))
        self.box.setEnabled(not self.missing)
        shown = given or kind()
        layers = list(dict.fromkeys(v.layer for v in listing.values.values() if v.role == "parameter"))
        self.settings = {f.name: self._field(f, getattr(shown, f.name), layers) for f in fields(kind)}
        for name, widget in self.settings.items():
            widget.setAccessibleName(f"{kind.title}: {WORDS[name]}")
            widget.setEnabled(self.box.isChecked())
            self.box.toggled.connect(widget.setEnabled)

    def _field(self, field: Field[Any], value: Any, layers: list[str]) -> QWidget:
        if isinstance(value, str):
            choice = QComboBox()
            choice.addItems([EVERY, *layers])
            choice.setCurrentText(value or EVERY)
            return choice
        if isinstance(value, int):
            return Number(value, 0 if field.name == "row" else 1, 2**31 - 1)
        return Number(value, 0, 1.0 if self.kind.__name__ in SHARES else NO_LIMIT)

    def condition(self) -> Condition | None:
        """The condition as it is set now; None if it is not ticked."""
        return self.kind(**{n: self._value(w) for n, w in self.settings.items()}) if self.box.isChecked() else None

    @staticmethod
    def _value(widget: Any) -> Any:
        if isinstance(widget, QComboBox):
            return "" if widget.currentText() == EVERY else widget.currentText()
        value = widget.value()
        return int(value) if widget.decimals() == 0 else math.inf if value == NO_LIMIT else value


class ConditionsDialog(QDialog):
    """Choose conditions; clear breakpoints on operations.

    Args:
        session: Whose conditions.
        parent: The window.
    """

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.session = session
        self.setWindowTitle("Breakpoints on conditions")
        given = {type(c).__name__: c for c in session.conditions}
        self.rows = [ConditionRow(kind, given.get(name), session.listing) for name, kind in KINDS.items()]
        self.refused = Plain()
        self.refused.setWordWrap(True)
        self.refused.hide()
        column = QVBoxLayout(self)
        column.setSpacing(10)
        intro = Plain(
            "Running, playing and training stop right behind the operation that makes one of these true. "
            "Going to a step, and back in time, never stops."
        )
        intro.setWordWrap(True)
        column.addWidget(intro)
        column.addLayout(self._grid())
        column.addWidget(self.refused)
        column.addLayout(self._foot())
        width = theme.dialog_size(620, 0).width()
        self.resize(width, column.totalHeightForWidth(width))

    def _grid(self) -> QGridLayout:
        grid = QGridLayout()
        grid.setHorizontalSpacing(16)
        grid.setVerticalSpacing(8)
        for line, row in enumerate(self.rows):
            grid.addWidget(row.box, line, 0)
            grid.addWidget(self._needs(row) if row.missing else self._fields(row), line, 1)
        grid.setColumnStretch(1, 1)
        return grid

    def _needs(self, row: ConditionRow) -> Plain:
        needs = Plain(f"needs {row.missing}")
        needs.setWordWrap(True)
        needs.setEnabled(False)
        return needs

    def _fields(self, row: ConditionRow) -> Flow:
        flow = Flow(space=10, apart=False)
        for name, widget in row.settings.items():
            group = flow.add_group()
            group.setSpacing(10)
            group.addWidget(Plain(WORDS[name]))
            group.addWidget(widget)
        return flow

    def _foot(self) -> QHBoxLayout:
        count = len(self.session.breakpoints)
        self.clear = QPushButton(f"Clear {count} breakpoint{'s' if count != 1 else ''} on operations")
        self.clear.setVisible(count > 0)
        self.clear.setAutoDefault(False)
        self.clear.clicked.connect(self._clear)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel)
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        foot = QHBoxLayout()
        foot.addWidget(self.clear)
        foot.addStretch(1)
        foot.addWidget(buttons, alignment=Qt.AlignmentFlag.AlignRight)
        return foot

    def _clear(self) -> None:
        self.session.clear_breakpoints()
        self.clear.setEnabled(False)

    def accept(self) -> None:
        """Take the conditions over, if the network can have them."""
        chosen = [c for c in (row.condition() for row in self.rows) if c is not None]
        try:
            self.session.set_conditions(chosen)
        except ValueError as error:
            self.refused.setText(str(error))
            self.refused.show()
            return
        super().accept()
