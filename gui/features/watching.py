"""Looking closely: stepping into a number, and the watch list that keeps numbers in sight."""

from __future__ import annotations

from typing import Any

from PyQt6.QtCore import Qt

from gui import grains
from gui.handlers import Handler
from gui.numbers import cell_label, count_label
from gui.panels.watch_list import WatchList

RIGHT = Qt.DockWidgetArea.RightDockWidgetArea


class Watching:
    """The watch list of one window.

    Args:
        window: The window.
    """

    def __init__(self, window: Any) -> None:
        self.window, self.session = window, window.session
        self._leave: Any = None

    def handlers(self) -> dict[str, Handler]:
        """What its actions do."""
        return {"step_into": self.step_into, "watch": self.pin, "watches": self.toggle}

    def compose(self) -> None:
        """Put the list into the window, out of sight until something is pinned."""
        self.list = WatchList(self.session)
        self.dock = self.window.add_panel("Watch list", "watches", self.list, RIGHT)
        self.dock.visibilityChanged.connect(self._seen)
        self._leave = self.session.subscribe(self._changed)

    def close(self) -> None:
        """Hear no more of the session."""
        if self._leave is not None:
            self._leave()

    def _changed(self, topic: str) -> None:
        if topic in ("loaded", "position", "training", "view", "selection", "watches"):
            self.list.refresh()

    def _seen(self, seen: bool) -> None:
        self.window.actions_by_name["watches"].setChecked(not self.dock.isHidden())

    def step_into(self) -> None:
        """Go inside the selected number: term by term."""
        self.window.player.stop()
        self.window.attempt(self._step_into)

    def _step_into(self) -> None:
        count, cell = grains.step_into(self.session), self.session.selection
        key = self.window.actions_by_name["forward_term"].shortcut().toString()
        self.window.say(f"inside {cell_label(*cell)}: {count_label(count, 'move')}; {key} goes on to the next one")

    def pin(self) -> None:
        """Pin the selected number, or unpin it."""
        cell = self.session.selection
        if cell is None:
            self.window.say("select a number to pin it")
            return
        self.session.toggle_watch(*cell)
        if self.session.is_watched(*cell) and self.dock.isHidden():
            self._show()

    def toggle(self) -> None:
        """Show or hide the list."""
        if self.dock.isHidden():
            self._show()
        else:
            self.dock.hide()

    def _show(self) -> None:
        """The list below the card, where it is wide enough."""
        explain = self.window.docks["explain"]
        self.dock.show()
        if not self.dock.isFloating() and self.window.dockWidgetArea(self.dock) == RIGHT:
            self.window.splitDockWidget(explain, self.dock, Qt.Orientation.Vertical)
            heights = [int(self.window.height() * share) for share in (0.6, 0.2)]
            self.window.resizeDocks([explain, self.dock], heights, Qt.Orientation.Vertical)
