"""What comes and goes in the main window: it is named, and the keys go to a dialog and back again."""

from __future__ import annotations

from PyQt6.QtCore import QChildEvent, QEvent, QObject, QTimer
from PyQt6.QtWidgets import QApplication, QDialog, QMainWindow, QTabBar, QWidget


class Children(QObject):
    """Names tab bars that Qt makes; activates dialogs when they come and the window when they go.

    Most window managers activate windows themselves, but not all, and there may be none.

    Args:
        window: The main window.
        home: Has the focus if what had it before is out of sight.
    """

    def __init__(self, window: QMainWindow, home: QWidget) -> None:
        super().__init__(window)
        self.window, self.home = window, home
        window.installEventFilter(self)

    def eventFilter(self, watched: QObject | None, event: QEvent | None) -> bool:
        """A child of the window is ready; or a dialog comes, or goes."""
        if isinstance(event, QChildEvent) and event.type() == QEvent.Type.ChildPolished and watched is self.window:
            self._meet(event.child())
        elif isinstance(watched, QDialog) and event is not None and not event.spontaneous():
            if event.type() == QEvent.Type.Show:
                watched.activateWindow()
            elif event.type() == QEvent.Type.Hide:
                QTimer.singleShot(0, self.come_home)
        return False

    def _meet(self, child: QObject | None) -> None:
        if isinstance(child, QTabBar):
            child.setAccessibleName("Panels")
        elif isinstance(child, QDialog):
            child.installEventFilter(self)

    def come_home(self) -> None:
        """Give the keys back to the window, unless another one of the app has them."""
        if QApplication.activeWindow() not in (None, self.window) or not self.window.isVisible():
            return
        self.window.activateWindow()
        before = self.window.focusWidget()
        if before is None or not before.isVisible():
            self.home.setFocus()
