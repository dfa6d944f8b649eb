"""The profile of a training step, in a dock."""

from __future__ import annotations

from typing import Any

from PyQt6.QtCore import Qt

from gui.handlers import Handler
from gui.panels.profile import ProfilePanel


class Profiling:
    """The profile of one window.

    Args:
        window: The window.
    """

    def __init__(self, window: Any) -> None:
        self.window, self.session = window, window.session
        self._leave: Any = None

    def handlers(self) -> dict[str, Handler]:
        """What its actions do."""
        return {"profile": self.toggle}

    def compose(self) -> None:
        """Put the panel into the window, out of sight."""
        self.panel = ProfilePanel(self.session)
        self.dock = self.window.add_panel("Profile", "profile", self.panel, Qt.DockWidgetArea.RightDockWidgetArea)
        self.dock.visibilityChanged.connect(self._seen)
        self._leave = self.session.subscribe(self._changed)

    def close(self) -> None:
        """Hear no more of the session, and measure no more."""
        self.panel.cancel()
        if self._leave is not None:
            self._leave()

    def _changed(self, topic: str) -> None:
        if topic == "loaded":
            self.panel.forget()
        elif topic in ("position", "selection", "training"):
            self.panel.refresh()

    def _seen(self, seen: bool) -> None:
        self.window.actions_by_name["profile"].setChecked(not self.dock.isHidden())

    def toggle(self) -> None:
        """Show the profile, measured at once, or hide it."""
        hidden = self.dock.isHidden()
        self.dock.setVisible(hidden)
        if hidden:
            self.window.tabifyDockWidget(self.window.docks["explain"], self.dock)
            self.dock.raise_()
            if self.panel.found is None and not self.panel.busy:
                self.panel.press()
