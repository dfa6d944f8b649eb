"""The stage's controls: values or gradients, which sample, which channel, numbers on or off."""

from __future__ import annotations

from typing import Any

import numpy as np
from PyQt6.QtCore import Qt, pyqtSignal
from PyQt6.QtGui import QAction, QActionGroup, QResizeEvent
from PyQt6.QtWidgets import QButtonGroup, QHBoxLayout, QMenu, QSizePolicy, QToolButton, QWidget

from gui import theme as themes
from gui.content import content_of
from gui.numbers import format_number
from gui.panels.flow import Flow
from gui.panels.words import Plain, tip_of
from gui.scaling import SCOPES

SAMPLE = "The sample of the batch that is shown (, and .), or the mean over all of them (B)"


class StageBar(Flow):
    """Values or gradients, sample, channel, numbers.

    Args:
        session: What the controls change.
        parent: The widget that holds it.
    """

    channels_chosen = pyqtSignal()

    def __init__(self, session: Any, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.session = session
        self._one_channel, self._last_channel = False, 0
        row = self.add_group()
        self.values = self._toggle("Values", "Show values (V)")
        self.gradients = self._toggle("Gradients", "Show the gradient of every value instead (V)")
        group = QButtonGroup(self)
        for button in (self.values, self.gradients):
            group.addButton(button)
            row.addWidget(button)
        self.values.clicked.connect(lambda: self._show("values"))
        self.gradients.clicked.connect(lambda: self._show("gradients"))
        row = self.add_group()
        self.sample = self._stepped(row, "sample", self._sample_by, SAMPLE)
        row = self.add_group()
        self.channel = self._stepped(row, "channel", self._channel_by, "One channel of pictures ([ and ])")
        self.channels = self.parts[-1]
        self.all_channels = self._toggle("All", "All channels of pictures as one mosaic")
        self.all_channels.clicked.connect(self._show_all)
        row.addWidget(self.all_channels)
        row = self.add_group()
        row.addWidget(self._colours())
        self.numbers = self._toggle("Numbers", "Numbers on cells (N)")
        self.numbers.clicked.connect(session.toggle_numbers)
        row.addWidget(self.numbers)

    def _colours(self) -> QToolButton:
        """The choice of limits of the colour bars."""
        self.colours, menu, group = QToolButton(self), QMenu(self), QActionGroup(self)
        self.colours.setText("Colours ▾")
        self.colours.setStyleSheet("QToolButton::menu-indicator { image: none; width: 0; }")
        self.colours.setToolTip("Limits of the colour bars")
        self.colours.setAccessibleName("Limits of the colour bars")
        self.colours.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.colours.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.scopes = {}
        for scope, text in zip(
            SCOPES, ("Limits of each tensor", "One limit for the layer", "Held while stepping"), strict=True
        ):
            action = QAction(text, self)
            action.setCheckable(True)
            action.triggered.connect(lambda _=False, scope=scope: self.session.set_scope(scope))
            group.addAction(action)
            menu.addAction(action)
            self.scopes[scope] = action
        menu.addSeparator()
        self.log = QAction("Gradients by their logarithms", self)
        self.log.setCheckable(True)
        self.log.triggered.connect(self.session.toggle_log)
        menu.addAction(self.log)
        self.colours.setMenu(menu)
        return self.colours

    def _toggle(self, text: str, tip: str) -> QToolButton:
        button = QToolButton(self)
        button.setText(text)
        button.setToolTip(tip_of(tip))
        button.setCheckable(True)
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        button.setAccessibleName(text)
        return button

    def _stepped(self, row: QHBoxLayout, noun: str, move: Any, tip: str) -> Plain:
        """A label between two arrows."""
        label = Plain(noun, self)
        label.setToolTip(tip_of(tip))
        label.setAccessibleName(noun)
        label.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)
        label.setMinimumWidth(1)  # a hidden bar is not told of a smaller window, and must not keep it large
        for arrow, by, word in ((Qt.ArrowType.LeftArrow, -1, "previous"), (Qt.ArrowType.RightArrow, 1, "next")):
            button = QToolButton(self)
            button.setArrowType(arrow)
            button.setToolTip(tip_of(f"{word} {noun}"))
            button.setAccessibleName(f"{word} {noun}")
            button.setAutoRepeat(True)
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            button.clicked.connect(lambda _=False, by=by: move(by))
            row.addWidget(button)
            if by < 0:
                row.addWidget(label)
        return label

    # ------------------------------------------------------------ telling the session

    def _show(self, show: str) -> None:
        if self.session.show != show:
            self.session.toggle_show()

    def _sample_by(self, by: int) -> None:
        self.session.set_sample(self.session.sample + by)

    def _channel_by(self, by: int) -> None:
        count = self._channels()
        self._one_channel = True
        self.session.set_channel(min(self.session.channel + by, count - 1) if count else 0)
        self.channels_chosen.emit()

    def _show_all(self) -> None:
        self._one_channel = not self.all_channels.isChecked()
        self.channels_chosen.emit()

    # ------------------------------------------------------------ what the session says

    def only_channel(self) -> int | None:
        """The only channel to show, or None for all of them."""
        return self.session.channel if self._one_channel else None

    def _channels(self) -> int:
        """The most channels that a picture of the step shown has; 0 without pictures."""
        step, values = self.session.shown_step(), self.session.listing.values
        shapes = [
            values[n].shape for n in (*step.inputs, *step.outputs) if values[n].role not in ("parameter", "state")
        ]
        return max((s[-1] for s in shapes if len(s) == 4), default=0)

    def refresh(self) -> None:
        """Show the session's state."""
        session = self.session
        if session.channel != self._last_channel:  # the keys choose a channel: show it alone
            self._one_channel, self._last_channel = True, session.channel
        self.values.setChecked(session.show == "values")
        self.gradients.setChecked(session.show == "gradients")
        self.numbers.setChecked(session.numbers)
        self.scopes[session.scaling.scope].setChecked(True)
        self.log.setChecked(session.scaling.log)
        count = self._channels()
        self.channel.setText(f"channel {session.channel}/{count}" if self._one_channel and count else "channel")
        self.all_channels.setChecked(not self._one_channel)
        self.channels.setVisible(count > 1)
        self.sample.setFont(themes.text_font(9))
        self.channel.setFont(themes.text_font(9))
        self._show_sample()

    def _show_sample(self) -> None:
        """Target and row, too, if everything then fits into one line."""
        full = self.sample_text()
        self.sample.setToolTip(tip_of(f"{full}\n{SAMPLE}"))
        first, *more = full.split(" · ")
        for text in (full, " · ".join([first, *more[1:]]), first):
            self.sample.setText(text)
            if self.sizeHint().width() <= self.width():
                return

    def resizeEvent(self, event: QResizeEvent | None) -> None:
        """Say more about the sample where there is room."""
        if self.session.stepper is not None and not themes.is_dressing():
            self._show_sample()
        super().resizeEvent(event)

    def sample_text(self) -> str:
        """Which sample is shown: its place in the batch, its row in the data, its target."""
        session, rows = self.session, self.session.moment.rows
        if session.batch_mean:
            return f"mean of {len(rows)}"
        text = f"sample {session.sample}/{len(rows)} · row {int(rows[session.sample])}"
        target = next(iter(session.listing.targets), None)
        if target is None or not session.computed(target):
            return text
        tile = content_of(session, target)
        cells = np.ravel(tile.data[session.sample]) if tile.batch and tile.data is not None else np.zeros(0)
        return f"{text} · target {target_text(cells)}" if cells.size else text


def target_text(cells: np.ndarray) -> str:
    """A target for people: the class of a one-hot row, else its first numbers."""
    if cells.size > 2 and np.count_nonzero(cells) == 1 and cells.max() == 1:
        return f"class {int(cells.argmax())}"
    shown = [format_number(v, 2) if v != round(float(v)) else format_number(int(v)) for v in cells[:3]]
    return ", ".join(shown) + (", …" if cells.size > 3 else "")
