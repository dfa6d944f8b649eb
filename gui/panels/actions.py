"""Qt actions made from the table of shortcuts; a held key never queues up moves, and a lesson can lock some."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from PyQt6.QtCore import QEvent, QObject, Qt, QTimer, pyqtSignal
from PyQt6.QtGui import QAction, QKeyEvent, QKeySequence
from PyQt6.QtWidgets import QAbstractButton, QApplication, QComboBox, QMainWindow

from gui.keymap import Keymap
from gui.panels.words import tip_of
from gui.shortcuts import ACTIONS, Action

Handlers = Mapping[str, Callable[[], object]]
PRESSING = (Qt.Key.Key_Space, Qt.Key.Key_Return, Qt.Key.Key_Enter)


class Repeater(QObject):
    """Runs handlers: at once for a key pressed, and for a held key once the window has caught up.

    A held key sends presses faster than a step may take; those that arrive meanwhile are merged into one. Signals
    `refused(text)` for an action that is locked.
    """

    refused = pyqtSignal(str)

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self.locked: frozenset[str] = frozenset()
        self._held = False
        self._waiting: Callable[[], object] | None = None
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

    def run(self, action: Action, handler: Callable[[], object]) -> None:
        """Run a handler now, or soon if its key is held; Qt itself keeps held keys from actions that do not repeat."""
        held, self._held = self._held, False
        if action.name in self.locked:
            self.refused.emit(action.text)
        elif not (held and action.repeats):
            handler()
        elif self._waiting is None:
            self._waiting = handler
            self._timer.start(0)

    def _catch_up(self) -> None:
        handler, self._waiting = self._waiting, None
        if handler is not None:
            handler()


def make_actions(
    window: QMainWindow, handlers: Handlers, keymap: Keymap, repeater: Repeater | None = None
) -> dict[str, QAction]:
    """An action for every row of the table, with its keys, on the window."""
    runs = repeater or Repeater(window)
    made = {}
    for row in ACTIONS:
        action = QAction(row.text, window)
        action.setObjectName(row.name)
        action.setAutoRepeat(row.repeats)
        action.setCheckable(row.checkable)
        action.triggered.connect(lambda _=False, row=row: runs.run(row, handlers[row.name]))
        window.addAction(action)
        made[row.name] = action
    put_keys(made, keymap)
    return made


def put_keys(actions: Mapping[str, QAction], keymap: Keymap) -> None:
    """Give all actions their keys, and name the first one in the tip."""
    for row in ACTIONS:
        keys = keymap[row.name]
        actions[row.name].setShortcuts([QKeySequence(key) for key in keys])
        actions[row.name].setToolTip(tip_of(f"{row.text}  ({keys[0]})" if keys else row.text))
