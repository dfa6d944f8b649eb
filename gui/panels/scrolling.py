"""Panels that scroll where the window is too small for them."""

from __future__ import annotations

from PyQt6.QtCore import Qt
from PyQt6.QtWidgets import QFrame, QScrollArea, QWidget

LEAST = 120, 60  # pixels that are left of a panel in the smallest window


def scrolled(widget: QWidget) -> QScrollArea:
    """A panel with scroll bars that come when its least size does not fit."""
    area = QScrollArea()
    area.setFrameShape(QFrame.Shape.NoFrame)
    area.setWidgetResizable(True)
    area.setWidget(widget)
    area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    area.setMinimumSize(*LEAST)
    return area
