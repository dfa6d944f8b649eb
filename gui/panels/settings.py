"""The settings: theme, size of type, motion, keys."""

from __future__ import annotations

from typing import Any

from PyQt6.QtCore import Qt
from PyQt6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFormLayout,
    QHBoxLayout,
    QPushButton,
    QSlider,
    QWidget,
)

from gui import theme
from gui.panels.words import Plain

WORDS = {"light": "Light", "dark": "Dark", "system": "As the desktop"}


class Settings(QDialog):
    """What can be set; every change is seen at once.

    Args:
        teaching: What carries the changes out; it has mode, moving, set_theme, set_scale, set_motion and edit_keys.
        parent: The window.
    """

    def __init__(self, teaching: Any, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.teaching = teaching
        self.setWindowTitle("Settings")
        self.theme, self.type_size, self.motion = QComboBox(), QSlider(Qt.Orientation.Horizontal), QCheckBox()
        self.theme.addItems([WORDS[mode] for mode in theme.MODES])
        self.theme.setCurrentIndex(theme.MODES.index(teaching.mode))
        self.theme.setAccessibleName("Theme")
        self.theme.activated.connect(lambda place: teaching.set_theme(theme.MODES[place]))
        self.type_size.setRange(round(100 * theme.SMALLEST), round(100 * theme.LARGEST))
        self.type_size.setSingleStep(10)
        self.type_size.setPageStep(20)
        self.type_size.setValue(round(100 * theme.scale()))
        self.type_size.setAccessibleName("Size of type in per cent")
        self.percent = Plain()
        self.type_size.valueChanged.connect(self._resized)
        self.type_size.sliderReleased.connect(self._apply_size)
        self.motion.setText("Nothing moves or fades")
        self.motion.setChecked(not teaching.moving)
        self.motion.toggled.connect(lambda still: teaching.set_motion(not still))
        keys = QPushButton("Change keys…")
        keys.clicked.connect(teaching.edit_keys)
        sized = QHBoxLayout()
        sized.addWidget(self.type_size, 1)
        sized.addWidget(self.percent)
        form = QFormLayout(self)
        form.setHorizontalSpacing(theme.px(10))
        form.addRow("Theme", self.theme)
        form.addRow("Size of type", sized)
        form.addRow("Reduced motion", self.motion)
        form.addRow("Keys", keys)
        close = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        close.rejected.connect(self.reject)
        form.addRow(close)
        self.resize(theme.dialog_size(460, 0).width(), self.sizeHint().height())
        self._resized()

    def _resized(self) -> None:
        self.percent.setText(f"{self.type_size.value()} %")
        if not self.type_size.isSliderDown():
            self._apply_size()

    def _apply_size(self) -> None:
        if abs(self.type_size.value() / 100 - theme.scale()) > 0.001:
            self.teaching.set_scale(self.type_size.value() / 100)
