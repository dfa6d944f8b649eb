"""The title of a dock: its name in the interface's type, and a button that makes it a window of its own."""

from __future__ import annotations

from PyQt6.QtCore import QSize, Qt
from PyQt6.QtWidgets import QDockWidget, QHBoxLayout, QSizePolicy, QStyle, QToolButton, QWidget

from gui import theme
from gui.panels.words import Plain


class DockTitle(QWidget):
    """A title bar; it is dragged like the one that docks come with.

    Args:
        dock: The dock.
    """

    def __init__(self, dock: QDockWidget) -> None:
        super().__init__(dock)
        self.name, self.float = Plain(dock.windowTitle(), self), QToolButton(self)
        self.name.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.float.setAccessibleName(f"{dock.windowTitle()}: a window of its own, or back")
        self.float.setToolTip("A window of its own, or back")
        self.float.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.float.setAutoRaise(True)
        self.float.clicked.connect(lambda _=False: dock.setFloating(not dock.isFloating()))
        row = QHBoxLayout(self)
        row.setContentsMargins(10, 2, 4, 2)
        row.addWidget(self.name, 1)
        row.addWidget(self.float)
        self.restyle()

    def restyle(self) -> None:
        """Take the theme's colours and size of type."""
        self.name.setFont(theme.text_font(9))
        self.name.setStyleSheet(f"color: {theme.current().muted}")
        style = self.style()
        if style is not None:
            self.float.setIcon(style.standardIcon(QStyle.StandardPixmap.SP_TitleBarNormalButton))
        self.float.setIconSize(QSize(theme.px(11), theme.px(11)))
