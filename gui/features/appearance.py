"""Theme, size of type, motion, keys: what the user chooses once and finds again."""

from __future__ import annotations

from typing import Any

from PyQt6.QtCore import QObject, Qt
from PyQt6.QtWidgets import QApplication

from gui import theme
from gui.handlers import Handler
from gui.keymap import Keymap
from gui.panels.actions import put_keys
from gui.panels.key_sheet import KeyEditor, KeySheet
from gui.panels.settings import Settings

STEP = 0.1  # of the size of type
WIDEN = 0.35  # power of the change of type by which docks grow


class Appearance(QObject):
    """How the window looks, and its keys.

    Args:
        window: The window; its settings keep what is chosen, if it has any.
    """

    def __init__(self, window: Any) -> None:
        super().__init__(window)
        self.window, self.settings = window, window.settings
        self.mode = theme.current().name
        self.moving = self._kept("moving", "yes") != "no"
        self.keymap = Keymap.loads(self._kept("keys", "{}"))
        hints = QApplication.styleHints()
        if hints is not None:
            hints.colorSchemeChanged.connect(self._desktop_changed)

    def handlers(self) -> dict[str, Handler]:
        """What its actions do."""
        return {
            "theme": lambda: self.set_theme("light" if theme.current().dark else "dark"),
            "larger": lambda: self.set_scale(theme.scale() + STEP),
            "smaller": lambda: self.set_scale(theme.scale() - STEP),
            "normal_size": lambda: self.set_scale(1.0),
            "settings": lambda: self._show(Settings(self, self.window)),
            "keys": lambda: self._show(KeySheet(self.keymap, self.put_keys, self.window)),
        }

    def _show(self, dialog: Any) -> None:
        dialog.exec()
        dialog.deleteLater()

    def _kept(self, name: str, default: str) -> str:
        return str(self.settings.value(name, default)) if self.settings is not None else default

    def _keep(self, name: str, value: object) -> None:
        if self.settings is not None:
            self.settings.setValue(name, value)

    def restore(self) -> None:
        """Put on what was chosen last time; the theme is on already."""
        if self.settings is None:
            return
        self.mode = self._kept("theme", "system")
        try:
            size = float(self._kept("type", "1"))
        except ValueError:
            size = 1.0
        theme.set_motion(self.moving)
        if size != theme.scale():
            self.set_scale(size)

    def set_theme(self, mode: str) -> None:
        """Light, dark, or as the desktop."""
        self.mode = mode
        self._keep("theme", mode)
        self.window.set_theme(mode)

    def _desktop_changed(self) -> None:
        if self.mode == "system":
            self.window.set_theme("system")

    def set_scale(self, size: float) -> None:
        """Make type larger or smaller everywhere."""
        app = QApplication.instance()
        if isinstance(app, QApplication):
            before, size = theme.scale(), theme.set_scale(app, size)
            self._keep("type", size)
            self.window.set_theme(theme.current().name)
            self._widen((size / before) ** WIDEN)
            self.window.say(f"type at {100 * size:.0f} %")

    def _widen(self, factor: float) -> None:
        """Docks at the sides grow a little with type."""
        docks = [d for name in ("network", "explain") if (d := self.window.docks[name]).isVisible()]
        widths = [round(dock.width() * factor) for dock in docks]
        self.window.resizeDocks(docks, widths, Qt.Orientation.Horizontal)

    def set_motion(self, moving: bool) -> None:
        """Whether menus and tips may fade."""
        self.moving = moving
        self._keep("moving", "yes" if moving else "no")
        theme.set_motion(moving)

    def put_keys(self) -> None:
        """Use the keys as they are now, and keep them."""
        put_keys(self.window.actions_by_name, self.keymap)
        self._keep("keys", self.keymap.dumps())

    def edit_keys(self) -> None:
        """Open the dialog that changes keys."""
        self._show(KeyEditor(self.keymap, self.put_keys, self.window))

    def close(self) -> None:
        """Hear no more of the desktop."""
        hints = QApplication.styleHints()
        if hints is not None:
            hints.colorSchemeChanged.disconnect(self._desktop_changed)
