"""Qt actions made from the table of shortcuts; a held key never queues up moves."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from PyQt6.QtCore import QEvent, QObject, Qt, QTimer
from PyQt6.QtGui import QAction, QKeyEvent, QKeySequence
from PyQt6.QtWidgets import QAbstractButton, QApplication, QComboBox, QMainWindow

from gui.shortcuts import ACTIONS, Action

Handlers = Mapping[str, Callable[[], None]]
PRESSING = (Qt.Key.Key_Space, Qt.Key.Key_Return, Qt.Key.Key_Enter)


class Repeater(QObject):
    """Runs handlers: at once for a key pressed, and for a held key once the window has caught up.

    A held key sends presses faster than a step may take; those that arrive meanwhile are merged into one.
    """

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._held = False
        self._waiting: Callable[[], None] | None = None
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self._catch_up)
        parent.installEventFilter(self)

    def eventFilter(self, watched: QObject | None, event: QEvent | None) -> bool:
        """Note whether a key is held; leave Space and Enter to a focused button."""
        if isinstance(event, QKeyEvent) and event.type() == QEvent.Type.ShortcutOverride:
            self._held = event.isAutoRepeat()
            if event.key() in PRESSING and isinstance(QApplication.focusWidget(), (QAbstractButton, QComboBox)):
                event.accept()
                return True
        return False

    def run(self, action: Action, handler: Callable[[], None]) -> None:
        """Run a handler now, or soon if its key is held; Qt itself keeps held keys from actions that do not repeat."""
        held, self._held = self._held, False
        if not (held and action.repeats):
            handler()
        elif self._waiting is None:
            self._waiting = handler
            self._timer.start(0)

    def _catch_up(self) -> None:
        handler, self._waiting = self._waiting, None
        if handler is not None:
            handler()


def make_actions(window: QMainWindow, handlers: Handlers) -> dict[str, QAction]:
    """An action for every row of the table that has a handler, with its keys, on the window."""
    repeater = Repeater(window)
    made = {}
    for row in ACTIONS:
        action = QAction(row.text, window)
        action.setObjectName(row.name)
        action.setShortcuts([QKeySequence(key) for key in row.keys])
        action.setAutoRepeat(row.repeats)
        action.setCheckable(row.checkable)
        action.setToolTip(tip(row))
        action.triggered.connect(lambda _=False, row=row: repeater.run(row, handlers[row.name]))
        window.addAction(action)
        made[row.name] = action
    return made


def tip(row: Action) -> str:
    """The tool tip of an action: what it does, and its key."""
    return f"{row.text}  ({row.keys[0]})" if row.keys else row.text
